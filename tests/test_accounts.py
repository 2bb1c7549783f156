"""Who pays and what comes back: costs add up, returns are what people and firms pay, land is graded."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.append(str(Path(__file__).parent))

from fake_play import FakeRun

import parksim as ps
from parksim import small_firms, yields
from parksim.errors import ScenarioError
from parksim.experiment.comparison import compare
from parksim.experiment.payback import payback
from parksim.scenario.schema import PAYERS

RATE = 0.04
CAFE = {"name": "new-cafe", "category": "cafe", "block": "pavilion", "capacity": 12, "price": 20,
        "operator": "enterprise", "capex_cny": 500.0, "opex_cny_year": 60.0}  # fmt: skip
PLAN = [
    {"kind": "change_amenity", "name": "grow", "month": 3, "target": "alpha-canteen", "set": {"capacity": 40},
     "cost_cny": 1000.0, "cost_cny_year": 120.0, "payer": "operator"},
    {"kind": "add_amenity", "name": "open-cafe", "month": 2, "build_months": 2, "cost_cny": 70.0, "amenity": CAFE},
]  # fmt: skip


@pytest.fixture(scope="module")
def town():
    """A community with a timetable, played for six months."""
    return ps.ParkModel(ps.load("tiny-community").with_({"interventions": PLAN}), seed=3).run(6)


def worth(month_start, month_end):
    """What a steady flow of 1 a year between two months is worth in month 0."""
    return sum(
        1 / 1200 / (1 + RATE) ** ((month_start + (k + 0.5) / 100) / 12)
        for k in range(100 * (month_end - month_start))
    )


def test_costs_add_up_to_measures_places_and_governance(town):
    now, spec = town.measured[-1], town.spec
    old = {a.name: a for a in spec.before.amenities}
    made = sum(a.capex_cny for a in town.layout.amenities if a.name not in old)
    assert now["capex_cny"] == pytest.approx(made + 1000 + 70)
    assert now["capex_cny"] == pytest.approx(sum(now[f"capex_cny_{p}"] for p in PAYERS))
    runs = sum(a.opex_cny_year for a in town.layout.amenities) + town.layout.governance.opex_cny_year
    assert now["opex_cny_year"] == pytest.approx(runs + 120)
    usual = sum(a.opex_cny_year for a in spec.before.amenities) + spec.before.governance.opex_cny_year
    assert sum(now[f"opex_cny_year_{p}"] for p in PAYERS) == pytest.approx(now["opex_cny_year"] - usual)


def test_a_cost_is_discounted_from_the_month_in_which_it_falls_due(town):
    now = town.measured[-1]
    assert now["discounted_cost_operator"] == pytest.approx(
        1000 / 1.04 ** (2 / 12) + 120 * worth(2, 6), rel=1e-5
    )


def test_a_place_is_paid_for_once_and_stays_paid_when_it_is_closed():
    close = {"kind": "close_amenity", "name": "close-cafe", "month": 5, "target": "new-cafe"}
    months = (
        ps.ParkModel(ps.load("tiny-park").with_({"interventions": [PLAN[1], close]}), seed=3).run(6).measured
    )
    assert [m["capex_cny_employers"] for m in months] == [0, 0, 0, 500, 500, 500]
    assert [m["opex_cny_year_employers"] for m in months] == [0, 0, 0, 60, 0, 0]


def test_returns_are_what_firms_and_people_pay(town):
    now, p = town.measured[-1], town.spec.parameters
    firms = town.enterprises.to_pandas()
    firms = firms[firms["anchor"] < 0]
    assert now["office_rent_cny_year"] == pytest.approx(
        12 * (firms["rent"] * firms["size"]).sum() * p.enterprises.m2_per_worker
    )
    tax = now["tax_per_mu"] * now["land_mu"] * 1e4
    assert now["local_tax_cny_year"] == pytest.approx(p.economics.tax_local_share * tax)
    assert tax == pytest.approx(1e4 * 9 * len(town.employees), rel=0.02)
    flats = {a.name: a for a in town.layout.amenities if a.category == "flats"}
    lodgers = np.bincount(town.posts.flat[town.posts.flat >= 0], minlength=len(town.layout.amenities))
    rents = sum(
        a.price * (lodgers[k] + a.outsiders) for k, a in enumerate(town.layout.amenities) if a.name in flats
    )
    assert now["flat_rent_cny_year"] == pytest.approx(12 * rents)


def test_what_visitors_pay_is_what_places_take_in_where_nobody_comes_from_outside():
    town = ps.load("tiny-park").with_(
        {f"amenities.{a.name}.outsiders": 0 for a in ps.load("tiny-park").amenities}
    )
    model = ps.ParkModel(town, seed=2).run(1)
    from parksim.accounts import visits_paid

    earned, paid = visits_paid(model)
    away = sum(
        float((model.services.asked - model.services.refused - model.services.gave_up)[:, k].sum()) * a.price
        for k, a in enumerate(model.layout.amenities)
        if a.outside is not None and a.category != "flats"
    )
    assert paid > 0
    assert earned.sum() + away == pytest.approx(paid)


def test_returns_count_from_month_0_of_the_plain_park(town):
    before = ps.ParkModel(ps.load("tiny-park"), seed=3)
    assert before.memory.ledger.usual == town.memory.ledger.usual
    first = before.run(1).measured[-1]
    assert abs(first["returns_cny_year_government"]) < 0.1 * first["local_tax_cny_year"]


def test_a_net_cost_is_cost_less_returns(town):
    ledger, now = town.memory.ledger, town.measured[-1]
    for payer in PAYERS:
        assert now[f"net_cost_{payer}"] == ledger.cost[payer] - ledger.returns[payer]


# --- what success costs --------------------------------------------------------------------------


def test_a_small_firm_that_leaves_after_a_dearer_lease_is_counted_and_others_are_not():
    model = ps.ParkModel(ps.load("tiny-park"), seed=2)
    firms, small = model.firms, model.spec.parameters.economics.small_firm_posts
    dear, cheap = np.flatnonzero(firms.active & (firms.size <= small))[:2]
    firms.rent[dear] += 5
    firms.rent[cheap] -= 5
    assert small_firms.watch(model)["small_firm_exits"] == 0
    firms.active[[dear, cheap]] = False
    assert small_firms.watch(model)["small_firm_exits"] == 1
    assert small_firms.watch(model)["small_firm_exits"] == 0


def test_rents_that_rise_are_paid_by_employers_and_taken_in_by_the_operator():
    model = ps.ParkModel(ps.load("tiny-park"), seed=2)
    from parksim.accounts import returns, takings

    before = returns(model, takings(model), 0.0)
    model.firms.rent[model.firms.active & (model.firms.anchor < 0)] += 10
    after = returns(model, takings(model), 0.0)
    gain = after["operator"] - before["operator"]
    assert gain > 0
    assert after["employers"] - before["employers"] == pytest.approx(-gain)


# --- grades of land ------------------------------------------------------------------------------


def test_the_grade_is_the_lower_of_the_two():
    p = ps.load("tiny-park").parameters.economics
    output = np.array([500.0, 500.0, 250.0, 100.0, 0.0])
    tax = np.array([50.0, 10.0, 50.0, 15.0, 50.0])
    assert [yields.GRADES[k] for k in yields.grade(p, output, tax)] == ["a", "c", "b", "c", "d"]


def test_firms_are_graded_in_shares_and_the_same_firm_yields_more_in_a_tower():
    low = ps.load("tiny-park")
    tall = low.with_({f"map.legend.{k}.floors": 60 for k, s in low.map.legend.items() if s.use == "office"})
    a, b = (ps.ParkModel(s, seed=2).run(1).measured[-1] for s in (low, tall))
    for each in (a, b):
        assert sum(each[f"firms_grade_{k}"] for k in "abcd") == pytest.approx(1)
    assert b["firms_grade_d"] < a["firms_grade_d"]


def test_sectors_may_differ_in_what_a_worker_yields():
    park = ps.load("tiny-park")
    sector = next(iter(park.enterprises.sectors))
    richer = park.with_({"enterprises.tax_by_sector": {sector: 18.0}})
    a, b = (ps.ParkModel(s, seed=2).run(1).measured[-1] for s in (park, richer))
    assert b["tax_per_mu"] > a["tax_per_mu"]
    assert b["output_per_mu"] == a["output_per_mu"]
    with pytest.raises(ScenarioError, match="tax_by_sector: no sector"):
        park.with_({"enterprises.tax_by_sector": {"sofware": 18.0}})


# --- payback -------------------------------------------------------------------------------------


def played(once, gain, noise=0.0):
    def play(scenario, seed, months, **_):
        there = scenario.before is not None
        luck = noise * (seed % 101 - 50)
        values = {
            "capex_cny_operator": once * there,
            "opex_cny_year_operator": 0.0,
            "returns_cny_year_operator": (gain + luck) * there,
        }
        series = pd.DataFrame({k: [v] for k, v in values.items()}, index=pd.Index([1], name="month"))
        groups = pd.DataFrame({"indicator": [], "group": [], "n": [], "value": []})
        return FakeRun(scenario, seed, months, values, series, groups, pd.DataFrame())

    towns = [ps.load("tiny-park"), ps.load("tiny-community")]
    return compare(towns, reps=8, months=12, workers=1, fixed=True, play=play)


def test_money_is_back_when_the_discounted_gains_have_paid_for_it():
    found = payback(played(1e6, 2e5, noise=300.0), "operator")
    assert found.low < found.years < found.high
    gains = payback(played(1e6, 2e5), "operator").years
    t = np.arange(0, gains, 1e-4)
    assert np.sum(2e5 * 1.04**-t) * 1e-4 == pytest.approx(1e6, rel=1e-3)


@pytest.mark.parametrize(
    ("once", "gain", "noise", "reason"),
    [
        (0.0, 2e5, 0.0, "nothing_spent"),
        (1e6, -2e5, 0.0, "never"),
        (1e6, 3e4, 0.0, "never"),  # less than the interest on it
        (1e6, 100.0, 1e4, "open"),
    ],
)
def test_where_there_is_no_payback_the_reason_is_told(once, gain, noise, reason):
    found = payback(played(once, gain, noise), "operator")
    assert math.isnan(found.years)
    assert found.reason == reason
    assert payback(played(once, gain, noise), "users").reason == "old"


def test_what_show_says_of_the_land_is_what_the_first_month_measures():
    town = ps.load("iot-town-park")
    said = yields.told(town)
    mu = (
        sum(town.map.legend[k].use != "outside" for row in town.map.rows for k in row)
        * town.map.cell_m**2
        / 666.7
    )
    assert f"{mu:,.0f} mu, output {20_000 * 90 / mu:,.1f} and tax {20_000 * 9 / mu:,.1f}" in said
    assert "grade A" in said


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_tells_every_payer_one_off_running_returns_balance_and_payback(lang):
    from parksim.report.messages import Messages
    from parksim.report.paying import payer_table, payers

    def play(scenario, seed, months, **_):
        there, luck = scenario.before is not None, seed % 101 - 50
        values = {f"{kind}_{p}": 0.0 for p in PAYERS
                  for kind in ("capex_cny", "opex_cny_year", "returns_cny_year", "net_cost")}  # fmt: skip
        values |= {"capex_cny_operator": 1e6 * there, "returns_cny_year_operator": (2e5 + 300 * luck) * there}
        series = pd.DataFrame({k: [v] for k, v in values.items()}, index=pd.Index([1], name="month"))
        groups = pd.DataFrame({"indicator": [], "group": [], "n": [], "value": []})
        return FakeRun(scenario, seed, months, values, series, groups, pd.DataFrame())

    towns = [ps.load("tiny-park"), ps.load("tiny-community")]
    found, m = compare(towns, reps=8, months=12, workers=1, fixed=True, play=play), Messages(lang)
    head, rows = payer_table(found, m)
    assert len(head) == 6
    assert [row[0] for row in rows] == [m(f"payer.{p}") for p in PAYERS]
    assert rows[1][1] == m.number(1e6, "CNY", sign=True)
    assert "5.6" in rows[1][5] or "5.5" in rows[1][5]  # a million by 200,000 a year at 4 %
    assert m("payback_reason.nothing_spent") in rows[0][5]
    assert len(payers(found, m)) == 1  # nothing moves for the others
