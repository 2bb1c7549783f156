"""Renewal of a block: who leaves, what stands there afterwards, who comes back, what it costs, and nobody is lost."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.plain_mesa import twin_of

import parksim as ps
from parksim.experiment.orders import orders_of
from parksim.firms.displaced import BACK, ELSEWHERE, OUTSIDE
from parksim.interventions import kinds
from parksim.model import ParkModel
from parksim.scenario.read import check

INCUBATOR = {"use": "office", "floors": 2, "built": 0.05, "site": "Incubator", "office_rent": 60}
CAFE = {"name": "new-cafe", "category": "cafe", "block": "east", "capacity": 12, "price": 25}
PLAN = {
    "path": 3,
    "vacate_months": 2,
    "build_months": 3,
    "legend": {"N": INCUBATOR},
    "becomes": {"E": "N"},
    "amenities": [CAFE],
}
KIOSK = {"name": "south", "category": "convenience", "block": "east", "capacity": 4}


def measure(**changes):
    return {
        "kind": "renew_block",
        "name": "renew-east",
        "month": 2,
        "target": "east",
        "set": {**PLAN, **changes},
    }


def scenario(spare=True, changes=None, **plan):
    """The tiny park with a kiosk in block east, and some market floor elsewhere if `spare`."""
    park = ps.load("tiny-park")
    pavilion = {"map.legend.S.use": "office", "map.legend.S.floors": 1} if spare else {}
    park = park.with_({**pavilion, "parameters.renewal.rent_elasticity": 0.0, **(changes or {})})
    park = park.with_({"amenities": [KIOSK]})
    return park.with_({"interventions": [measure(**plan)]})


def played(months, seed=1, **kw):
    return ParkModel(scenario(**kw), seed=seed).run(months)


def floor_of(model, block):
    return sum(b.m2 for b in model.place.buildings if b.block == block)


def block_of_posts(model):
    held = model.posts.firm >= 0
    return np.array([b.block for b in model.place.buildings])[
        model.place.unit_building[model.posts.unit[held]]
    ]


def test_a_block_is_vacated_built_and_reopened_in_its_months():
    model = ParkModel(scenario(), seed=1)
    stages, floors, names = [], [], []
    for _ in range(8):
        model.step()
        stages += [r.stage for r in model.layout.renewals] or ["operating"]
        floors.append(round(floor_of(model, "east")))
        names.append({a.name for a in model.layout.amenities})
    assert stages == ["operating", *["vacating"] * 2, *["building"] * 3, *["reopened"] * 2]
    assert floors == [1000] * 3 + [0] * 3 + [4000] * 2
    assert ["south" in there for there in names] == [True] * 3 + [False] * 5
    assert ["new-cafe" in there for there in names] == [False] * 6 + [True] * 2
    assert "east" not in block_of_posts(ParkModel(scenario(), seed=1).run(4))


def test_a_building_site_is_walked_around_and_lets_no_floor():
    model = played(5)
    row, column = np.divmod(
        model.place.buildings[[b.block for b in model.place.buildings].index("east")].cells, 8
    )
    assert not model.place.drawn.park.walkable[row, column].any()
    assert model.offices.capacity[[b.block == "east" for b in model.place.buildings]].sum() == 0
    notice = played(2)
    assert not notice.offices.market[[b.block == "east" for b in notice.place.buildings]].any()


def test_firms_find_other_floor_while_there_is_some_and_leave_when_there_is_none():
    with_room, without = played(4).displaced.table, played(4, spare=False).displaced.table
    assert sorted(with_room.where) == [ELSEWHERE, OUTSIDE]  # the pavilion has floor for one of the two
    assert sorted(without.where) == [OUTSIDE, OUTSIDE]


def test_people_of_a_firm_that_moves_within_the_park_keep_their_posts():
    before, after = ParkModel(scenario(), seed=1).run(1), played(4)
    moved = after.displaced.table.identity[after.displaced.table.where == ELSEWHERE][0]
    log = after.event_table()
    assert {"firm_moves"} == set(log.kind[(log.enterprise == moved) & log.kind.str.startswith("firm_")])
    assert not ((log.enterprise == moved) & (log.kind == "leave") & (log.detail == "displaced")).any()
    row = int(np.flatnonzero(after.firms.identity == moved)[0])
    size = before.firms.size[before.firms.identity == moved][0]
    assert np.count_nonzero(after.posts.firm == row) == size
    assert set(block_of_posts(after)) == {"west", "pavilion"}


def test_people_of_a_firm_that_goes_leave_with_the_cause_displaced():
    model = played(4, spare=False)
    log = model.event_table()
    left = log[(log.kind == "leave") & (log.detail == "displaced")]
    assert set(left.enterprise) == set(model.displaced.table.identity)
    assert (log.detail[log.kind == "firm_exit"] == "displaced").all()


def test_moving_costs_cash():
    still = {"parameters.enterprises.runway_spread": 0, "parameters.renewal.move_cost_worker": 10_000}
    model = played(3, changes=still)
    moved = model.displaced.table.identity[model.displaced.table.where == ELSEWHERE]
    mine = np.isin(model.firms.identity, moved)
    assert model.firms.runway[mine].max() < model.firms.runway[model.firms.active & ~mine].min()


def test_a_rent_far_above_the_old_one_keeps_firms_away():
    dear = {"N": {**INCUBATOR, "office_rent": 180}}
    back = {
        elasticity: (played(7, spare=False, changes=indifferent(elasticity), legend=dear)).displaced.returned
        for elasticity in (0.0, -8.0)
    }
    assert back[0.0] > 0 == back[-8.0]


def indifferent(elasticity):
    return {"parameters.renewal.return_share": 1, "parameters.renewal.rent_elasticity": elasticity}


@pytest.mark.parametrize("returns", [0, 1])
def test_displaced_firms_are_back_elsewhere_or_gone_and_never_lost(returns):
    changes = {
        "parameters.renewal.return_share": returns,
        "parameters.enterprises.exit_year_8": 0.15,
        "parameters.enterprises.exit_year_4_7": 0.15,
    }
    where, told = [], []
    for seed in (1, 2):
        model = ParkModel(scenario(changes=changes), seed=seed)
        for _ in range(8):
            model.step()
            table = model.displaced.table
            here = np.isin(table.identity, model.firms.identity[model.firms.active])
            assert (here == np.isin(table.where, (ELSEWHERE, BACK))).all()
            assert np.unique(table.identity).size == len(table)
        assert not (table.where == OUTSIDE).any(), "whoever waited has decided"
        where += table.where.tolist()
        told += [(month["firms_displaced"], month["firms_returned"]) for month in model.measured]
    assert np.sum(told, axis=0).tolist() == [len(where), where.count(BACK)]
    assert (where.count(BACK) > 0) == bool(returns)


def test_a_firm_that_came_back_is_the_firm_that_left_with_posts_to_fill():
    model = played(7, spare=False, changes={"parameters.renewal.return_share": 1})
    table = model.displaced.table
    for k in np.flatnonzero(table.where == BACK):
        row = int(np.flatnonzero(model.firms.identity == table.identity[k])[0])
        assert (model.firms.born[row], model.firms.sector[row]) == (table.born[k], table.sector[k])
        mine = model.posts.firm == row
        assert np.count_nonzero(mine) == table.size[k] == model.firms.size[row]
        assert not model.posts.filled[mine].any()


@pytest.mark.parametrize("seed", range(3))
def test_people_are_conserved_and_sit_in_buildings_that_are_there(seed):
    lively = {"parameters.enterprises.growth_scale": 0.2, "parameters.enterprises.entry_year": 0.5}
    model = ParkModel(scenario(changes=lively), seed=seed)
    heads = int(model.posts.filled.sum())
    for _ in range(9):
        seen = len(model.events)
        model.step()
        moves = {
            kind: sum(e[2].size for e in model.events[seen:] if e[1] == kind) for kind in ("hire", "leave")
        }
        heads += moves["hire"] - moves["leave"]
        assert int(model.posts.filled.sum()) == heads
        held = model.posts.firm >= 0
        building = model.place.unit_building[model.posts.unit[held]]
        assert all(model.place.buildings[b].workplace and model.place.buildings[b].m2 > 0 for b in building)
        assert (model.posts.floor[held] <= model.offices.storeys[building]).all()
        active = model.firms.active
        assert (
            np.bincount(model.posts.firm[held], minlength=len(model.firms)) == model.firms.size * active
        ).all()


def test_the_cost_is_paid_by_path_in_equal_parts_until_the_block_reopens():
    model = ParkModel(scenario(cost_m2=1000), seed=1)
    paid = [dict(model.run(1).measured[-1]) for _ in range(8)]
    total = [month["capex_cny"] for month in paid]
    assert np.diff(total[:6]) == pytest.approx([4_000_000 / 5] * 5)
    assert total[7] == total[5] == pytest.approx(4_000_000)
    assert paid[7]["capex_cny_government"] == pytest.approx(0.2 * 4_000_000)
    whole = played(7, path=1, cost_m2=1000).measured[-1]
    assert whole["capex_cny_government"] == pytest.approx(4_000_000)


def test_the_leading_firm_arrives_in_the_block_and_takes_its_floor():
    leader = {"name": "leader", "employees": 60, "sector": "software", "ramp_months": 3}
    model = played(9, path=2, leader=leader)
    here = np.bincount(model.posts.firm[model.posts.firm >= 0])
    assert here.max() == 60
    assert np.count_nonzero(block_of_posts(model) == "east") >= 60


def test_land_floor_output_and_tax_are_told_before_during_and_after():
    run = ps.run(scenario(), seed=1, months=10)
    east = run.blocks[run.blocks.block == "east"].set_index("month")
    assert east.stage.tolist() == ["operating"] + ["vacating"] * 2 + ["building"] * 3 + ["reopened"] * 4
    assert east.output_per_mu[4:6].sum() == 0 < east.output_per_mu[1]
    assert east.land_mu[1] == pytest.approx(4 * 100**2 / 666.7)
    assert east.tax_per_mu[1] / east.output_per_mu[1] == pytest.approx(0.1)
    assert run.indicators["new_floor_m2"] == pytest.approx(4000)
    assert run.indicators["land_vacated_mu"] == pytest.approx(east.land_mu[1])
    told = run.groups[run.groups.indicator == "output_per_mu"].set_index("group")["value"]
    assert told["block=east before"] == pytest.approx(east.output_per_mu[1])
    assert told["block=east during"] == pytest.approx(east.output_per_mu.loc[2:6].mean())


def test_a_firm_that_did_not_come_back_counts_as_gone():
    model = played(13, spare=False, changes={"parameters.renewal.return_share": 0})
    stayed = model.measured[-1]["retention_enterprise_12m"]
    assert stayed == pytest.approx(1 / 3)  # alpha; the two others were displaced


def test_a_model_goes_on_the_same_after_pickling_in_every_stage():
    model = ParkModel(scenario(), seed=3)
    for months in (2, 2, 3):
        copy = pickle.loads(pickle.dumps(model.run(months)))
        assert copy.run(1).measured[-1] == model.run(1).measured[-1]
        assert copy.event_table().equals(model.event_table())
        assert copy.displaced.to_pandas().equals(model.displaced.to_pandas())


def test_a_park_that_is_vacated_as_a_whole_stands_empty_and_fills_again():
    west = {**measure(), "name": "renew-west", "target": "west"}
    west["set"] = {**PLAN, "legend": {"O": INCUBATOR}, "becomes": {"W": "O"}, "amenities": []}
    model = ParkModel(scenario(spare=False).with_({"interventions": [west]}), seed=1).run(4)
    assert not model.firms.active.any()
    assert model.run(1).measured[-1]["employees"] == 0
    model.run(4)
    assert model.displaced.table.where.tolist().count(OUTSIDE) == 0
    assert np.isfinite(model.measured[-1]["output_per_mu"])


def test_nothing_differs_before_the_notice():
    with_plan, without = (
        scenario(),
        scenario().with_({"interventions": [{"name": "renew-east", "remove": True}]}),
    )
    one, two = ps.run(with_plan, seed=3, months=2), ps.run(without, seed=3, months=2)
    common = list(two.series.columns)
    assert one.series.loc[1, common].equals(two.series.loc[1, common])


def test_a_member_that_stands_otherwise_from_month_0_seats_everybody_of_its_park():
    rows = ps.load("tiny-park").map.rows
    other = {
        "map.legend.S.use": "office",
        "map.legend.S.floors": 4,
        "map.legend.E.use": "housing",
        "map.rows": "\n".join(rows),
    }
    park = ps.load("tiny-park")
    town = park.with_(other)
    town = type(park).model_construct(
        **{n: getattr(town, n) for n in type(park).model_fields} | {"before": park.layout}
    )
    model = ParkModel(town, seed=1)
    assert set(block_of_posts(model)) == {"west", "pavilion"}
    assert int(model.posts.filled.sum()) == int(ParkModel(park, seed=1).posts.filled.sum())
    assert set(model.enterprises.building) == {"west-1", "pavilion-1"}
    model.run(2)


# --- bad input -----------------------------------------------------------------------------------


def said(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text("parksim: 1\nname: mine\ntitle: Mine\nextends: tiny-park\ninterventions:\n" + text)
    problems = check(file)
    assert len(problems) == 1, problems
    return f"{problems[0].line}: {problems[0].message}"


RENEW = (
    "  - {kind: renew_block, name: %s, month: %d, target: %s, "
    "set: {path: 3, legend: {N: {use: office}}, becomes: {E: N}%s}}\n"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RENEW % ("r", 2, "easst", ""), "6: there is no 'easst'; did you mean 'east'?"),
        (RENEW % ("r", 2, "east", ", pathh: 1"), "6: unknown key 'pathh'; did you mean 'path'?"),
        (
            (RENEW % ("r", 2, "east", "")).replace("path: 3", "path: 4"),
            "6: 4 is not among the choices; valid: 1, 2, 3",
        ),
        ((RENEW % ("r", 2, "east", "")).replace("E: N", "Q: N"), "block 'east' is not drawn with 'Q'"),
        (
            RENEW % ("r", 2, "east", ", build_months: 100, vacate_months: 60, cost_m2: -3"),
            "-3 is out of range; allowed: 0 to 100000 (CNY a square metre)",
        ),
        (
            RENEW % ("r", 1190, "east", ""),
            "it would reopen in month 1,214; the last month is 1,200",
        ),
        (
            RENEW % ("r", 2, "east", "") + (RENEW % ("s", 9, "east", "")).replace("N", "M"),
            "7: block 'east' is under renewal already, since month 2 ('r')",
        ),
        (
            RENEW % ("r", 2, "east", "")
            + "  - {kind: add_floor, name: f, month: 9, target: east, set: {floors: 3}}\n",
            "7: block 'east' is vacated from month 2, built from month 6 and reopens in month 26 ('r')",
        ),
        (
            RENEW % ("r", 2, "east", ", leader: {name: l, employees: 3, sector: software}"),
            "a leading firm belongs to path 2",
        ),
        (RENEW % ("r", 2, "east", ", rows: [NN]"), "give either 'becomes' or 'rows'"),
        (
            RENEW % ("r", 2, "east", ", amenities: [{name: gym, category: gym, block: north, capacity: 3}]"),
            "in month 26, amenities.gym.block: there is no block 'north'",
        ),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_named_with_its_line(tmp_path, text, message):
    assert message in said(tmp_path, text)


def test_a_file_begins_with_blocks_that_operate_or_stand_renewed(tmp_path):
    file = tmp_path / "mine.yaml"
    what = "  - {name: r, block: east, month: 1, path: 3, stage: %s, legend: {N: {use: office}}, becomes: {E: N}}\n"
    for stage, message in (
        ("building", "not 'building'"),
        ("reopened", "'N' is not in the legend of the map"),
    ):
        file.write_text("parksim: 1\nname: mine\ntitle: Mine\nextends: tiny-park\nrenewals:\n" + what % stage)
        assert [message in problem.message for problem in check(file)] == [True]


def test_a_block_can_be_drawn_anew_cell_by_cell():
    park, kind = ps.load("tiny-park"), kinds()["renew_block"]
    rows = ["NG", "NN"]
    plan = {"path": 1, "legend": {"N": {"use": "office"}, "G": {"use": "green"}}, "rows": rows}
    town = park.with_({"interventions": [{**measure(), "set": plan}]})
    assert kind.problem(park.layout, town.interventions[0]) is None
    model = ParkModel(town, seed=1).run(27)
    assert [row[4:6] for row in model.layout.map.rows[1:3]] == rows
    assert floor_of(model, "east") == pytest.approx(3 * 100**2 * 0.6)
    wrong = town.interventions[0].model_copy(update={"set": {**plan, "rows": ["NGN"]}})
    assert "has 2 of 2" in kind.problem(park.layout, wrong)


def test_the_twin_refuses_to_play_a_renewal():
    with pytest.raises(ValueError, match="renews a block"):
        twin_of(ParkModel(scenario(), seed=1))


def test_orders_of_renewals_count_what_they_cost_and_when_the_last_block_reopens():
    town = scenario().with_({"interventions": [measure(cost_m2=1000)]})
    spot = {
        "kind": "open_fence",
        "name": "open-west",
        "month": 1,
        "target": "west-fence",
        "cost_cny": 4_000_000,
    }
    plan = orders_of(town.with_({"interventions": [spot]}))
    assert {order.last_opening for order in plan.orders} == {7, 6}
    first = next(order for order in plan.orders if order.names[0] == "renew-east")
    assert first.months == (1, 2), "four millions are there in month 1, and as many again in month 2"
