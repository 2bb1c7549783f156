"""Shocks put things out of use, firms short of orders and hazards into buildings; then everything is as it was."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

import parksim as ps
from parksim.disturbance import MONTH_DAYS, clearing_days
from parksim.governance.chain import answer_delay
from parksim.phases.shocks import rounds_days
from parksim.scenario.library import find
from parksim.scenario.read import check
from parksim.world.city import BUS, CAR, WALK

sys.path.insert(0, str(Path(__file__).parent))
from test_twin import LIVELY, engine_events, in_lockstep, twin_events

EPIDEMIC = {"name": "wave", "type": "epidemic", "month": 3, "months": 2, "strength": 1.0}
FLOOD = {"name": "storm", "type": "flood", "month": 3, "months": 1, "where": ["east-road"]}
FALL = {"name": "slump", "type": "demand", "month": 3, "months": 6, "strength": 0.4}
FIRES = {"name": "fires", "type": "hazards", "month": 1, "months": 60, "strength": 3.0}
AT_ONCE = {"name": "property-management", "delay_days": 0.01}
QUICK = {"governance.channels": [AT_ONCE], "support.delay_days": 0}
OFFICERS = {"name": "building-officer", "each": "building", "capacity_month": 20, "delay_days": 3}


def struck(*shocks, name="tiny-park", **changes):
    return ps.load(name).with_({"shocks": list(shocks), **changes})


def months(scenario, count, seed=2):
    model = ps.ParkModel(scenario, seed=seed)
    for _ in range(count):
        yield model.run(1)


def same_but_shocks(layout):
    return layout.model_copy(update={"shocks": (), "interventions": ()})


# --- what each does, and that it passes ----------------------------------------------------------


def test_a_closed_park_serves_and_sees_nobody_and_is_the_old_one_afterwards():
    plain = ps.load("tiny-park")
    seen = [
        (m.services.load[:, 0].sum(), m.memory.pulse[-1]["present"], same_but_shocks(m.layout))
        for m in months(struck(EPIDEMIC, **QUICK), 6)
    ]
    assert [load > 0 for load, *_ in seen] == [True, True, False, False, True, True]
    assert [present for _, present, _ in seen] == [1, 1, 0, 0, 1, 1]
    quick = plain.with_(QUICK)
    assert seen[-1][2] == same_but_shocks(quick.layout)


def test_half_an_epidemic_halves_places_and_days_in_the_blocks_it_meets():
    half = {**EPIDEMIC, "strength": 0.5, "where": ["west"]}
    *_, model = months(struck(half), 3)
    canteen = model.layout.amenities[0]
    assert canteen.capacity == 20
    west = np.array([b.block == "west" for b in model.place.buildings])
    assert model.shocks.away.tolist() == np.where(west, 0.5, 0.0).tolist()


def test_places_open_again_when_they_are_cleared_and_no_earlier():
    slow, quick = struck(EPIDEMIC), struck(EPIDEMIC, **QUICK)
    p = slow.parameters.shocks
    assert clearing_days(slow.layout, p) == pytest.approx(20 + 5 * 2)  # property management, procedures
    assert clearing_days(quick.layout, p) == pytest.approx(0.01)
    late, soon = ([m.services.load[:, 0].sum() for m in months(s, 6)] for s in (slow, quick))
    assert late[:4] == soon[:4]
    assert late[4] < 0.2 * soon[4]  # 30 days of 30.4
    assert late[5] == pytest.approx(soon[5], rel=0.05)


def test_a_council_that_answers_nobody_changes_nothing():
    idle = {
        "governance.kind": "council",
        "governance.seats": 3,
        "governance.organs": ["council"],
        "governance.chain": [{**OFFICERS, "capacity_month": 0}],
    }
    for shock in (EPIDEMIC, FALL, FIRES):
        with_, without = (ps.ParkModel(struck(shock, **c), seed=3).run(8) for c in (idle, {}))
        assert with_.measured == without.measured


def test_a_flood_closes_the_road_to_cars_and_feet_and_recedes():
    cars = {"population.car_share": {"low": 1, "middle": 1, "high": 1}, **QUICK}
    path = {"name": "lane", "kind": "path", "cell": [0, 0]}
    *_, before, wet, after = months(struck(FLOOD, gateways=[path], **cars), 4)
    assert before is wet is after  # one model, month by month
    model = ps.ParkModel(struck(FLOOD, gateways=[path], **cars), seed=2).run(2)
    dry = model.place.journeys.fixed.copy()
    model.step()
    assert np.isinf(model.place.journeys.fixed[CAR]).all()
    assert model.layout.map.rows[3][7] != "="
    assert (model.place.journeys.fixed[WALK] >= dry[WALK]).all()
    assert np.isfinite(model.place.journeys.fixed[BUS]).all()
    model.step()
    assert (model.place.journeys.fixed == dry).all()


def test_what_planners_do_during_a_shock_stays_when_it_is_over():
    opening = {"kind": "open_fence", "name": "opening", "month": 4, "target": "west-fence"}
    shut = {"kind": "change_amenity", "name": "larger", "month": 4, "target": "alpha-canteen",
            "set": {"capacity": 60.0}}  # fmt: skip
    park = struck({**EPIDEMIC, "strength": 0.5}, {**FLOOD, "cells": [[3, 4]], "months": 2}, **QUICK)
    *_, model = months(park.with_({"interventions": [opening, shut]}), 6)
    assert model.layout.map.fences[0].open
    assert model.layout.amenities[0].capacity == 60
    assert model.layout.map.rows == park.map.rows


def test_a_model_taken_up_in_the_middle_of_a_shock_goes_on_as_if_nothing_had_been():
    whole = ps.ParkModel(struck(EPIDEMIC, FIRES), seed=4).run(3)
    taken_up = pickle.loads(pickle.dumps(whole)).run(5)
    assert whole.run(5).measured == taken_up.measured
    assert whole.layout == taken_up.layout


def test_orders_that_fall_cost_cash_and_posts_and_bring_the_posts_back():
    lively = {"parameters.enterprises.runway_spread": 0.0, "parameters.enterprises.runway_mean": 20}
    spared, hit = (
        ps.ParkModel(struck(*s, **lively), seed=2) for s in ((), ({**FALL, "where": ["software"]},))
    )
    software = hit.sector_index("software")
    for model in (spared, hit):
        model.run(3)
    lost = spared.firms.runway - hit.firms.runway
    assert lost[hit.firms.sector == software] == pytest.approx(
        0.4 * (1 - 0.4), rel=0.01
    )  # before relief is there
    assert lost[hit.firms.sector != software] == pytest.approx(0)
    assert hit.measured[-1]["output_per_mu"] < spared.measured[-1]["output_per_mu"]
    sizes = [hit.firms.size.sum()] + [hit.run(1).firms.size.sum() for _ in range(20)]
    assert min(sizes) < sizes[0]
    assert sizes[-1] == pytest.approx(spared.run(20).firms.size.sum(), abs=2)


# --- safety hazards ------------------------------------------------------------------------------


def test_rounds_are_those_of_who_comes_oftenest():
    def rounds(**level):
        chain = [{**OFFICERS, **level}]
        return rounds_days(ps.ParkModel(struck(FIRES, **{"governance.chain": chain}), seed=1)).tolist()

    buildings = len(ps.ParkModel(struck(FIRES), seed=1).place.buildings)
    assert rounds_days(ps.ParkModel(struck(FIRES), seed=1)).tolist() == [30.0] * buildings
    assert rounds() == [7.0] * buildings
    assert rounds(each="block") == [7.0] * buildings  # one building a block
    assert rounds(each="park") == [30.0] * buildings
    assert rounds(capacity_month=0) == [30.0] * buildings


def test_hazards_are_found_after_half_a_round_and_those_that_missed_them():
    def found(**changes):
        rare = {"parameters.shocks.accident_days": 900, **changes}
        model = ps.ParkModel(struck(FIRES, **rare), seed=5).run(60)
        late = [h.found - h.arose for h in model.shocks.hazards]
        assert model.measured[-1]["hazard_detection_days"] > 0
        return len(late), np.mean(late), {(h.building, h.arose) for h in model.shocks.hazards}

    n, days, which = found()
    m, officers, same = found(**{"governance.chain": [OFFICERS]})
    assert (n, which) == (m, same)  # the same hazards arise; they are only found sooner
    assert days == pytest.approx(30 * (0.5 + 1), rel=0.25)
    assert officers == pytest.approx(7 * (0.5 + 1), rel=0.25)


def test_an_accident_closes_the_building_for_its_days():
    wild = {"parameters.shocks.accident_days": 1, "parameters.shocks.property_rounds_days": 60, **QUICK}
    model = ps.ParkModel(struck(FIRES, **wild), seed=5)
    shut = 0.0
    for _ in range(12):
        model.step()
        shut += model.shocks.away.sum() * MONTH_DAYS
    accidents = [h for h in model.shocks.hazards if h.accident and h.closed_until < 12 * MONTH_DAYS]
    assert accidents
    assert shut >= 0.8 * 15 * len({(h.building, h.found) for h in accidents}) - 15


# --- indicators ----------------------------------------------------------------------------------


def test_recovery_takes_the_closure_and_the_clearing():
    quick, slow = (ps.run(struck(EPIDEMIC, **c), seed=2, months=8).indicators for c in (QUICK, {}))
    assert quick["recovery_months"] == 2
    assert slow["recovery_months"] == 3
    assert quick["recovered_share"] == slow["recovered_share"] == 1


def test_what_is_not_back_is_censored_and_said_so():
    run = ps.run(struck({**EPIDEMIC, "months": 9}), seed=2, months=6)
    assert run.indicators["recovery_months"] == 4  # months 3 to 6
    assert run.indicators["recovered_share"] == 0


def test_without_a_shock_there_is_nothing_to_recover_from():
    assert not {"recovery_months", "recovered_share", "hazard_detection_days"} & set(
        ps.run(ps.load("tiny-park"), seed=2, months=2).indicators
    )


def test_a_shock_on_the_timetable_is_the_same_shock():
    planned = {"kind": "shock", "name": "wave", "month": 3}
    planned["set"] = {key: value for key, value in EPIDEMIC.items() if key not in ("name", "month")}
    one = ps.ParkModel(struck(EPIDEMIC), seed=3).run(6)
    two = ps.ParkModel(ps.load("tiny-park").with_({"interventions": [planned]}), seed=3).run(6)
    assert [m.get("visits_served") for m in one.measured] == [m.get("visits_served") for m in two.measured]
    assert one.measured[-1] == two.measured[-1]


# --- the twin, and what a file may say -----------------------------------------------------------


def test_the_twin_tells_the_same_of_a_lively_park_under_every_shock():
    wave = {**EPIDEMIC, "strength": 0.6, "where": ["west"]}
    slump = {**FALL, "where": ["software"], "month": 2, "months": 4}
    town = struck(wave, slump, FIRES, {**FLOOD, "cells": [[3, 4]]}, name="tiny-community", **LIVELY)
    model, twin = in_lockstep(town, seed=3, months=8)
    assert engine_events(model) == twin_events(twin)


def test_the_clearing_follows_the_chain_of_answers():
    levels = [{**OFFICERS, "solves": 0.5}, {"name": "centre", "capacity_month": 50, "delay_days": 10}]
    town = ps.load("tiny-park").with_({"governance.chain": levels})
    assert answer_delay(town.governance) == pytest.approx(3 + 0.5 * 10)
    assert clearing_days(town.layout, town.parameters.shocks) == pytest.approx(8 + 10)


FAULTS = {
    "{name: s, type: epidemic, month: 3}": ("s", "needs 'strength'"),
    "{name: s, type: epidemic, month: 3, strength: 2}": ("s", "strength 2 is out of range"),
    "{name: s, type: epidemc, month: 3, strength: 1}": ("s.type", "did you mean 'epidemic'?"),
    "{name: s, type: epidemic, month: 0, strength: 1}": ("s.month", "allowed: 1 to 1200"),
    "{name: s, type: demand, month: 3, strength: 1, where: [softwar]}": (
        "s.where",
        "did you mean 'software'?",
    ),
    "{name: s, type: flood, month: 3, where: [est-road]}": ("s.where", "did you mean 'east-road'?"),
    "{name: s, type: flood, month: 3, cells: [[1, 1]]}": ("s.cells", "is office"),
    "{name: s, type: flood, month: 3, cells: [[9, 1]]}": ("s.cells", "off the map"),
    "{name: s, type: flood, month: 3}": ("s", "needs 'where' (gateways) or 'cells'"),
    "{name: s, type: hazards, month: 3, strength: 1, where: [nowhere]}": ("s.where", "there is no block"),
    "{name: s, type: flood, month: 3, where: [bus-stop, east-road]}": ("s", "a flood that cuts off"),
}


@pytest.mark.parametrize("item", FAULTS)
def test_a_shock_that_cannot_be_is_named_at_its_line(tmp_path, item):
    file = tmp_path / "plan.yaml"
    file.write_text(find("tiny-park").read_text("utf-8") + f"\nshocks:\n  - {item}\n", "utf-8")
    (problem,) = check(file)
    field, says = FAULTS[item]
    assert problem.field == f"shocks.{field}"
    assert says in problem.message
    assert problem.line == len(file.read_text("utf-8").splitlines())
