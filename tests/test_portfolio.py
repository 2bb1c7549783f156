"""One budget over several parks: the best set is exact, and its doubts are told."""

from __future__ import annotations

import itertools
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

sys.path.append(str(Path(__file__).parent))

from fake_play import FakeRun

import parksim as ps
from parksim.cli import app
from parksim.errors import ParksimError, ScenarioError
from parksim.experiment.knapsack import best_set, ranks
from parksim.experiment.portfolio import Portfolio
from parksim.experiment.work import replication_seed
from parksim.report.messages import Messages

HEAD = (
    "parksim: 1\nname: three\nbudget_cny: 10\npayers: [operator]\nobjectives: [{}]\nmonths: 12\ncandidates:\n"
)
ROW = "  - {{name: {name}, park: {park}, base: tiny-park, interventions: [{{kind: open_fence, name: west, "
ROW += "month: 1, target: west-fence, cost_cny: {cost}, payer: operator}}]}}\n"


def written(tmp_path, candidates, objective="employees_retained"):
    file = tmp_path / "three.yaml"
    rows = [ROW.format(name=name, park=park, cost=cost) for name, park, cost in candidates]
    file.write_text(HEAD.format(objective) + "".join(rows), encoding="utf-8")
    return file


# --- the best set --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_no_other_set_brings_more_for_the_budget(seed):
    luck = np.random.default_rng(seed)
    gain, cost = luck.normal(1, 2, 9), luck.uniform(-0.5, 5, 9)
    places = [f"park {k}" for k in luck.integers(0, 6, 9)]
    budget = luck.uniform(0, 12)
    taken = best_set(gain, cost, budget, places)
    best = max(
        sum(gain[k] for k in some)
        for size in range(10)
        for some in itertools.combinations(range(9), size)
        if sum(cost[k] for k in some) <= budget and len({places[k] for k in some}) == size
    )
    assert gain[taken].sum() == pytest.approx(best)
    assert cost[taken].sum() <= budget
    assert len({places[k] for k in np.flatnonzero(taken)}) == taken.sum()


def test_what_brings_nothing_is_not_taken_even_for_nothing():
    assert not best_set(np.array([0.0, -1.0]), np.array([0.0, -5.0]), 100.0, ["a", "b"]).any()


def test_ranks_are_by_gain_a_yuan_and_what_is_free_comes_first():
    gain, cost = np.array([4.0, 9.0, 1.0, -2.0, 0.0, 4.0]), np.array([2.0, 3.0, 0.0, 1.0, 0.0, 2.0])
    assert ranks(gain, cost).tolist() == [3, 2, 1, 5, 6, 3]


# --- how sure it is ------------------------------------------------------------------------------


def play(scenario, seed, months, **_):
    """`steady` brings 2, `moody` 9 in every second replication and -3 in the others, `dear` 3 for 11 CNY."""
    odd = [replication_seed(1, r) for r in range(8)].index(seed) % 2
    gain = {"steady": 2.0, "moody": 9.0 if odd else -3.0, "dear": 3.0}.get(scenario.name, 0.0)
    cost = sum(i.cost_cny for i in scenario.interventions)
    found = {"employees_retained": 100 + gain, "visits_served": 0.5 + gain / 100, "employees": 40.0,
             "discounted_cost_operator": cost}  # fmt: skip
    series = pd.DataFrame({k: [v] for k, v in found.items()}, index=pd.Index([1], name="month"))
    groups = pd.DataFrame({"indicator": [], "group": [], "n": [], "value": []})
    return FakeRun(scenario, seed, months, found, series, groups, pd.DataFrame())


THREE = [("steady", "a", 6), ("moody", "b", 7), ("dear", "c", 11)]


def test_what_depends_on_the_future_has_a_rank_that_says_so(tmp_path):
    found = Portfolio(written(tmp_path, THREE)).play(workers=1, play=play).table()
    assert found["gain"].to_dict() == pytest.approx({"moody": 3.0, "steady": 2.0, "dear": 3.0})
    assert found["taken"].to_dict() == {"moody": True, "steady": False, "dear": False}
    assert found.loc["moody", ["rank_future_low", "rank_future_high"]].tolist() == [1, 3]
    assert found.loc["steady", ["rank_future_low", "rank_future_high"]].tolist() == [1, 2]
    assert found["taken_future_share"].to_dict() == {"moody": 0.5, "steady": 0.5, "dear": 0}
    # moody beats steady in a draw where more than 5/12 of the replications are its good ones: 4 or more of 8
    assert found.loc["moody", "taken_share"] == pytest.approx(163 / 256, abs=0.07)
    assert found.loc["moody", "taken_share"] + found.loc["steady", "taken_share"] == 1


def test_packages_of_one_park_exclude_each_other(tmp_path):
    apart = [("steady", "a", 4), ("moody", "b", 3)]
    together = [("steady", "a", 4), ("moody", "a", 3)]
    for rows, count in ((apart, 2), (together, 1)):
        assert Portfolio(written(tmp_path, rows)).play(workers=1, play=play).table()["taken"].sum() == count


def test_a_share_counts_for_every_employee_and_a_worse_one_is_a_loss(tmp_path):
    served = Portfolio(written(tmp_path, THREE, "visits_served")).play(workers=1, play=play)
    assert served.gains("visits_served")["steady"].tolist() == pytest.approx([0.02 * 40] * 8)


def test_one_replication_says_nothing_of_doubt(tmp_path):
    found = Portfolio(written(tmp_path, THREE)).play(reps=1, workers=1, play=play).table()
    assert found["taken_share"].isna().all()
    assert found["taken"].any()


def test_a_park_is_played_once_for_all_its_packages(tmp_path):
    plan = Portfolio(written(tmp_path, THREE))
    assert plan.runs(8) == (1 + 3) * 8
    seen = []

    def counted(scenario, seed, months, **_):
        seen.append(scenario.name)
        return play(scenario, seed, months)

    plan.play(reps=2, workers=1, play=counted)
    assert sorted(seen) == sorted(2 * ["tiny-park", "steady", "moody", "dear"])


def test_who_never_finishes_is_named(tmp_path):
    def falls(scenario, seed, months, **_):
        if scenario.name == "dear":
            raise RuntimeError("the roof fell in")
        return play(scenario, seed, months)

    found = Portfolio(written(tmp_path, THREE)).play(workers=1, play=falls)
    with pytest.raises(ParksimError, match=r"'dear'.*(?s:.*)the roof fell in"):
        found.table()


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("budget_cny: 10", "budget_cny: -1", "three.yaml:3: budget_cny: -1 is out of range; allowed: 0 or more (CNY)"),
        ("budget_cny: 10", "budgt_cny: 10", "unknown key 'budgt_cny'; did you mean 'budget_cny'?"),
        ("[operator]", "[oprator]", "three.yaml:4: payers.0: no payer 'oprator'; did you mean 'operator'?"),
        ("employees_retained", "employees_retaind", "three.yaml:5: objectives.0: no indicator 'employees_retaind'"),
        ("employees_retained", "jobs_per_home", "has no better side: nothing can be ranked by it"),
        ("base: tiny-park", "base: tiny-prk", "three.yaml:8: candidates.steady.base: tiny-prk: no scenario"),
        ("target: west-fence", "target: wst-fence", "three.yaml:8: candidates.steady.interventions.west"),
        ("name: moody", "name: steady", "the name 'steady' is used twice"),
        ("interventions: [", "scenario: tiny-community, interventions: [", "give either 'scenario' or"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named_with_its_line(tmp_path, was, now, said):
    file = written(tmp_path, THREE)
    file.write_text(file.read_text(encoding="utf-8").replace(was, now, 1), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        Portfolio(file)
    assert said in str(caught.value)


def test_a_package_must_be_of_the_family_of_its_park(tmp_path):
    file = written(tmp_path, [])
    file.write_text(
        file.read_text(encoding="utf-8") + "  - {name: odd, base: tiny-park, scenario: iot-town-park}\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError, match="is of the family 'iot-town'"):
        Portfolio(file)


def test_a_package_of_measures_shares_its_past_with_the_park():
    plan = Portfolio(str(Path(__file__).parents[1] / "experiments" / "tiny-portfolio.yaml"))
    for one in plan.candidates:
        assert one.scenario.plain.content_hash == one.base.plain.content_hash


# --- the command ---------------------------------------------------------------------------------


def test_the_command_prints_the_number_of_runs_first_and_goes_on_from_a_store(tmp_path):
    file = written(tmp_path, THREE[:1], "visits_served")
    file.write_text(file.read_text(encoding="utf-8").replace("months: 12", "months: 2"), encoding="utf-8")
    call, store = CliRunner().invoke, f"sqlite:///{tmp_path / 'runs.db'}"
    rest = ["--reps", "2", "--workers", "1", "--store", store]
    dry = call(app, ["portfolio", str(file), "--reps", "2", "--dry-run"])
    assert dry.output.splitlines() == [
        "4 runs of 2 months: (1 parks as they are + 1 candidates) x 2 replications"
    ]
    told = call(app, ["portfolio", str(file), *rest, "--out", str(tmp_path / "ranked.csv")])
    assert told.exit_code == 0, told.output
    assert "Best set by visits_served" in told.output
    chinese = call(app, ["portfolio", str(file), *rest, "--lang", "zh"]).stdout
    assert "按“{}”的最优组合：".format(Messages("zh").indicator("visits_served")) in chinese
    assert set(re.findall("[A-Za-z]{3,}", chinese)) <= {"steady", "tiny", "park"}
    assert pd.read_csv(tmp_path / "ranked.csv")["candidate"].tolist() == ["steady"]
    again = json.loads(call(app, ["portfolio", str(file), *rest, "--json"]).stdout)
    assert again["objectives"]["visits_served"]["candidates"][0]["candidate"] == "steady"
    assert len(ps.Store(store).runs()) == 4
