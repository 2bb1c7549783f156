"""Orders of the same measures: which are possible, what the money allows, and who is dropped in the race."""

from __future__ import annotations

import itertools
import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

sys.path.append(str(Path(__file__).parent))

from fake_play import FakeRun

import parksim as ps
from parksim.chance import named_uniform
from parksim.errors import ParksimError
from parksim.experiment.orders import orders_of
from parksim.experiment.race import compare_orders, p_better

CAFE = {"name": "cafe", "category": "cafe", "block": "pavilion", "capacity": 12, "capex_cny": 500.0}
WEST = {"kind": "open_fence", "name": "west", "month": 1, "target": "west-fence", "cost_cny": 100.0}
EAST = {"kind": "open_fence", "name": "east", "month": 3, "target": "east-fence", "cost_cny": 100.0}
OPEN = {"kind": "add_amenity", "name": "open-cafe", "month": 5, "build_months": 2, "amenity": CAFE}
GROW = {"kind": "change_amenity", "name": "grow-cafe", "month": 9, "target": "cafe", "set": {"capacity": 20}}


@pytest.fixture(autouse=True)
def version(monkeypatch):
    from parksim.experiment import work

    monkeypatch.setattr(work, "model_version", lambda: "pinned")


def park(*measures):
    return ps.load("tiny-park").with_({"interventions": list(measures)})


def timetable(order):
    return {item.name: (item.month, item.build_months) for item in order.scenario.interventions}


def play(scenario, seed, months, *, events=False):
    """People are served from the month in which a measure opens; the café does most, and luck is shared."""
    worth = {"west": 0.05, "east": 0.1, "open-cafe": 0.3, "grow-cafe": 0.01}
    luck = named_uniform(seed, "luck")
    index = pd.RangeIndex(1, months + 1, name="month")
    served = [
        0.2 * luck
        + 0.001 * named_uniform(seed, f"{scenario.content_hash} {m}")
        + sum(worth[i.name] for i in scenario.interventions if m >= i.month + i.build_months)
        for m in index
    ]
    series = pd.DataFrame({"visits_served": served, "turnover_annual": served}, index=index)
    groups = pd.DataFrame(
        [("stayed_share_cohort", "wage_band=low", 10.0, served[-1]), ("wait_min", "amenity=cafe", 1.0, 2.0)],
        columns=["indicator", "group", "n", "value"],
    )
    values = {name: float(series[name].mean()) for name in series}
    return FakeRun(scenario, seed, months, values, series, groups, pd.DataFrame())


def play_or_fail(scenario, seed, months, *, events=False):
    if next(i.month for i in scenario.interventions if i.name == "west") == 3:
        raise RuntimeError("the fence fell on somebody")
    return play(scenario, seed, months)


# --- orders and timetables -----------------------------------------------------------------------


def test_the_first_order_is_the_plan_as_written():
    plan = orders_of(park(WEST, EAST, OPEN))
    assert plan.orders[0].names == ("west", "east", "open-cafe")
    assert plan.orders[0].scenario.content_hash == plan.scenario.content_hash


def test_three_measures_have_six_orders_and_each_takes_the_slots_of_its_place():
    plan = orders_of(park(WEST, EAST, OPEN), budget=False)
    assert plan.possible == len(plan.orders) == 6
    assert {o.names for o in plan.orders} == set(itertools.permutations(("west", "east", "open-cafe")))
    slots = [(1, 0), (3, 0), (5, 2)]
    assert all([timetable(o)[name] for name in o.names] == slots for o in plan.orders)


def test_a_place_cannot_be_changed_before_it_is_there():
    plan = orders_of(park(WEST, OPEN, GROW), budget=False)
    assert len(plan.orders) == 3
    assert set(plan.infeasible) == {
        names
        for names in itertools.permutations(("west", "open-cafe", "grow-cafe"))
        if names.index("grow-cafe") < names.index("open-cafe")
    }
    assert all("cafe" in why for why in plan.infeasible.values())


def test_what_is_dear_waits_for_its_money_and_the_rest_behind_it():
    plan = orders_of(park(WEST, EAST, OPEN))
    months = {o.names: o.months for o in plan.orders}
    assert months["east", "west", "open-cafe"] == (1, 3, 5)
    assert months["open-cafe", "west", "east"] == (5, 5, 5)  # 500 of 700 CNY are there in month 5 only
    assert months["west", "open-cafe", "east"] == (1, 5, 5)


def test_no_order_spends_before_the_money_comes():
    plan = orders_of(park(WEST, {**EAST, "cost_cny": 400.0}, OPEN, {**GROW, "cost_cny": 50.0}))

    def spent(order, month):
        cost = {m.name: m.cost_cny for m in plan.measures}
        return sum(cost[n] for n, m in zip(order.names, order.months, strict=True) if m <= month)

    for order, month in itertools.product(plan.orders, (1, 3, 5, 9)):
        assert spent(order, month) <= spent(plan.orders[0], month)


def test_orders_that_waiting_makes_equal_are_played_once():
    plan = orders_of(park({**WEST, "month": 5}, {**EAST, "month": 5}))
    assert len(plan.orders) == 1
    assert plan.same == {("east", "west"): 0}
    assert plan.runs(8) == 8


def test_a_group_moves_together_and_keeps_its_steps_and_works():
    plan = orders_of(
        park(WEST, EAST, OPEN), groups={"fences": ["west", "east"], "cafe": ["open-*"]}, budget=False
    )
    assert [o.names for o in plan.orders] == [("fences", "cafe"), ("cafe", "fences")]
    assert timetable(plan.orders[1]) == {"open-cafe": (1, 2), "west": (5, 0), "east": (7, 0)}


def test_what_is_in_no_group_keeps_its_month():
    plan = orders_of(park(WEST, EAST, OPEN), groups={"a": ["west"], "b": ["east"]}, budget=False)
    assert all(timetable(order)["open-cafe"] == (5, 2) for order in plan.orders)


def test_what_is_decided_in_a_month_can_be_one_measure():
    plan = orders_of(park(WEST, {**EAST, "month": 1}, OPEN), by="month", budget=False)
    assert [m.name for m in plan.measures] == ["month-1", "month-5"]


def test_beyond_five_measures_orders_are_sampled_and_the_seed_says_which():
    many = [
        {**OPEN, "name": f"open-{k}", "month": k, "amenity": {**CAFE, "name": f"cafe-{k}"}}
        for k in range(1, 7)
    ]
    drawn = [orders_of(park(*many), by="each", sample=10, seed=s) for s in (1, 1, 2)]
    names = [[o.names for o in plan.orders] for plan in drawn]
    assert not drawn[0].exhaustive
    assert drawn[0].possible == math.factorial(6)
    assert len(set(names[0])) == drawn[0].looked_at == 10
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"groups": {"a": ["wets"], "b": ["east"]}}, "group 'a': no intervention is named 'wets'"),
        ({"groups": {"a": ["*"], "b": ["east"]}}, "'east' is in two groups: a, b"),
        ({"groups": {"a": ["*"]}}, "at least two"),
        ({"by": "year"}, "by is 'year'"),
        ({"sample": 0}, "sample 0"),
    ],
)
def test_bad_measures_are_named(options, said):
    with pytest.raises(ParksimError, match=said.replace("*", r"\*")):
        orders_of(park(WEST, EAST, OPEN), **options)


# --- the race ------------------------------------------------------------------------------------


def test_the_test_of_the_race_is_the_paired_t_test():
    worse, better = np.random.default_rng(1).normal(size=(2, 9)) + np.array([[0.0], [1.0]])
    expected = stats.ttest_rel(better, worse, alternative="greater").pvalue
    assert p_better(better - worse) == pytest.approx(expected)
    assert p_better(np.array([1.0, np.nan])) == 1
    assert p_better(np.zeros(5)) == 1


def race(*measures, **options):
    wanted = {"reps": 8, "workers": 1, "play": play, "budget": False, "fixed": True} | options
    return compare_orders(park(*(measures or (WEST, EAST, OPEN))), **wanted)


def test_the_order_that_opens_the_best_first_wins_and_clear_losers_stop():
    found = race()
    assert found.plan.orders[found.best].names == ("open-cafe", "east", "west")
    assert found.best not in found.dropped
    assert found.dropped
    played = found.table()["n"]
    assert all(played[k] == after for k, after in found.dropped.items() if k)
    assert found.runs == played.sum() < found.plan.runs(8)


def test_the_plan_as_written_is_played_to_the_end_even_where_it_loses():
    found = race()
    assert 0 in found.dropped
    assert found.table()["n"][0] == 8


def test_the_best_is_seldom_dropped_among_orders_that_are_alike():
    races = [race(WEST, {**EAST, "name": "west2"}, play=play_alike, seed=s, risk=0.2) for s in range(40)]
    wrong = [one for one in races if one.dropped]
    assert (
        len(wrong) <= 24
    )  # either of two may look worse, each with a risk of at most 0.2: 16 of 40 expected
    assert all(one.runs == one.plan.runs(8) for one in races if not one.dropped)


def play_alike(scenario, seed, months, *, events=False):
    luck = named_uniform(seed, f"{scenario.content_hash}")
    series = pd.DataFrame(
        {"visits_served": [luck] * months}, index=pd.RangeIndex(1, months + 1, name="month")
    )
    groups = pd.DataFrame({"indicator": [], "group": [], "n": [], "value": []})
    return FakeRun(scenario, seed, months, {"visits_served": luck}, series, groups, pd.DataFrame())


def test_who_is_better_in_one_thing_and_worse_in_another_is_no_loser():
    found = race(indicators=("visits_served", "turnover_annual"))  # the fake's turnover grows with service
    assert not found.dropped


def test_a_difference_over_the_run_is_the_mean_of_the_months():
    found = race()
    months, k = found.by_month(), found.best
    mine = months[months["order"] == k]
    assert found.difference("visits_served", k).mean == pytest.approx(mine["difference"].mean())
    assert mine["difference"].max() > 0.2  # while the café of the plan as written is not there yet
    assert mine["difference"].iloc[-1] == pytest.approx(0, abs=0.002)  # in the end everything is open in both


def test_groups_are_people_not_places():
    found = race().by_group("stayed_share_cohort")
    assert set(found["group"]) == {"wage_band=low"}
    assert (found.loc[found["order"] == 0, "verdict"] == "as written").all()


def test_the_race_is_the_same_for_any_number_of_workers():
    town = park(WEST, {**EAST, "month": 2}).with_({"start.burn_in_months": 0})
    one, two = (compare_orders(town, reps=4, least=2, risk=0.9, months=2, workers=w) for w in (1, 2))
    assert one.dropped
    assert one.dropped == two.dropped
    pd.testing.assert_frame_equal(one.values, two.values)
    pd.testing.assert_frame_equal(one.table(), two.table())
    pd.testing.assert_frame_equal(one.groups, two.groups)


def test_failed_runs_leave_their_pairs_out():
    found = race(play=play_or_fail)
    assert found.failed
    assert found.table()["verdict (visits_served)"].isin(["n/a"]).any()
    assert found.plan.orders[found.best].names[0] != "west" or found.best == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"months": 4}, "last opening is in month 7"),
        ({"indicators": ["jobs_per_home"]}, "no better side"),
        ({"indicators": ["visits_srved"]}, "visits_served"),
        ({"least": 1}, "least 1"),
        ({"risk": 0.0}, "risk 0"),
        ({"reps": 0}, "replications 0"),
    ],
)
def test_bad_races_are_named(options, said):
    with pytest.raises(ParksimError, match=said):
        race(**options)


def test_real_people_are_served_sooner_where_the_cafe_opens_first():
    town = park({**WEST, "cost_cny": 0}, {**OPEN, "month": 6, "build_months": 0})
    found = compare_orders(
        town.with_({"start.burn_in_months": 1}), reps=2, months=7, workers=1, budget=False, fixed=True
    )
    assert [o.names for o in found.plan.orders][found.best] == ("open-cafe", "west")
    early = found.by_month().query("order == 1 and month == 1")["difference"]
    assert early.item() > 0


# --- the command ---------------------------------------------------------------------------------


def test_the_command_prints_the_number_of_runs_first(tmp_path):
    from typer.testing import CliRunner

    from parksim.cli import app

    file = tmp_path / "plan.yaml"
    file.write_text(
        "parksim: 1\nextends: tiny-park\nname: plan\ntitle: Plan\nstart: {burn_in_months: 1}\ninterventions:\n"
        + "".join(f"  - {json.dumps(each)}\n" for each in (WEST, EAST)),
        encoding="utf-8",
    )
    call = CliRunner().invoke
    dry = call(app, ["transition", str(file), "--dry-run", "--reps", "3"])
    assert dry.output.splitlines()[1] == "6 runs at most: 2 orders x 3 replications"
    told = call(app, ["transition", str(file), "--reps", "2", "--months", "4", "--workers", "1",
                      "--out", str(tmp_path / "out"), "--lang", "zh"])  # fmt: skip
    assert told.exit_code == 0, told.output
    assert told.output.index("至多4次运行") < told.output.index("west > east")
    assert set(re.findall("[A-Za-z]{3,}", told.stdout)) <= {"west", "east", "Plan", "North", "South"}
    assert {f.name for f in (tmp_path / "out").iterdir()} == {"orders.csv", "months.csv", "groups.csv"}
    said = call(app, ["transition", str(file), "--reps", "2", "--months", "4", "--workers", "1", "--json"])
    assert json.loads(said.stdout)["runs"] == 4


def test_a_plan_with_one_timetable_is_played_alone():
    found = compare_orders(
        park({**WEST, "month": 5}, {**EAST, "month": 5}), reps=3, workers=1, play=play, fixed=True
    )
    assert found.table()["sequence"].tolist() == ["west > east"]
    assert (found.best, found.runs, found.dropped) == (0, 3, {})
    assert len(found.by_group("stayed_share_cohort")) == 1
