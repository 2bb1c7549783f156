"""People: synthesis meets its margins, hazards do what their sources say, nobody lives twice."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import parksim as ps
from parksim import synthesis
from parksim.errors import ParksimError
from parksim.people import HOUSEHOLDS, WAGE_BANDS, attributes
from parksim.phases import staying
from parksim.population import fit, hire_margins, joint
from parksim.scenario.parameters import StayingParameters


@pytest.fixture(scope="module")
def park():
    return ps.load("iot-town-park").with_(
        {
            "population.employees": 3000,
            "enterprises.count": 80,
            "start.burn_in_months": 3,
            "enterprises.anchors.hikvision-digital.employees": 400,
            "enterprises.anchors.focused-photonics-tech.employees": 200,
            "enterprises.anchors.heren-tech.employees": 100,
            "enterprises.anchors.xintu-tech.employees": 50,
        }
    )


def small(**changes):
    return ps.load("tiny-park").with_(changes) if changes else ps.load("tiny-park")


# --- synthesis -----------------------------------------------------------------------------------


def test_a_large_park_has_the_margins_of_its_scenario():
    scenario = ps.load("iot-town-park")
    model = ps.ParkModel(scenario.with_({"start.burn_in_months": 0}), seed=5)
    people, n = model.employees, len(model.employees)
    for column, margin in (
        ("wage_band", scenario.population.wage_band),
        ("household", scenario.population.household),
        ("education", scenario.population.education),
    ):
        for name, share in margin.items():
            seen = np.mean(getattr(people, column) == name)
            assert abs(seen - share) < 4 * np.sqrt(share * (1 - share) / n)


def test_the_better_schooled_are_better_paid_and_the_young_have_no_school_children():
    ages, cells = joint(ps.load("iot-town-park").population)
    well_paid = cells[..., WAGE_BANDS.index("high"), :].sum(axis=(0, 2)) / cells.sum(axis=(0, 2, 3))
    assert (np.diff(well_paid) > 0).all()
    youngest = cells[0].sum(axis=(0, 1)) / cells[0].sum()
    assert youngest[HOUSEHOLDS.index("school")] < 0.02
    assert len(ages) == cells.shape[0]


@given(
    st.lists(st.floats(0.05, 1), min_size=2, max_size=4), st.lists(st.floats(0.05, 1), min_size=2, max_size=4)
)
@settings(deadline=None, max_examples=40)
def test_fitting_meets_every_margin_and_keeps_odds_ratios(rows, columns):
    a, b = np.array(rows) / sum(rows), np.array(columns) / sum(columns)
    seed = 1 + np.arange(a.size * b.size, dtype=float).reshape(a.size, b.size)
    table = fit(seed, [a, b])
    assert table.sum(axis=1) == pytest.approx(a)
    assert table.sum(axis=0) == pytest.approx(b)
    odds = seed[0, 0] * seed[1, 1] / (seed[0, 1] * seed[1, 0])
    assert table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]) == pytest.approx(odds)


def test_margins_that_cannot_be_met_are_named():
    with pytest.raises(ParksimError, match="cannot be met"):
        fit(np.array([[1.0, 0.0], [0.0, 1.0]]), [np.array([0.5, 0.5]), np.array([0.9, 0.1])])


def test_those_who_are_hired_are_younger_than_those_who_are_there():
    scenario = ps.load("iot-town-park")
    hires = hire_margins(scenario.population, scenario.parameters.staying)
    assert hires.age["18-24"] > scenario.population.age["18-24"]
    assert sum(hires.age.values()) == pytest.approx(1)


def test_a_person_is_the_same_under_every_layout():
    park, town = (ps.ParkModel(ps.load(name), seed=4) for name in ("tiny-park", "tiny-community"))
    for column in ("identity", "age", "zone", "household", "since", "needs", "wage_band", "owner"):
        assert (getattr(park.employees, column) == getattr(town.employees, column)).all()


def test_another_replication_has_other_people():
    one, two = (
        attributes(
            ps.ParkModel(small(), seed=s).chance, np.arange(50, dtype=np.uint64), small().population, {}
        )["age"]
        for s in (1, 2)
    )
    assert (one != two).any()


# --- quitting ------------------------------------------------------------------------------------


def test_the_plain_park_quits_at_the_reference_rate_at_month_0(park):
    model = ps.ParkModel(park, seed=1)
    rows = np.flatnonzero(model.posts.filled)
    hazard = model.centre.scale * staying.product(staying.factors(model, rows, model.centre))
    assert hazard.mean() == pytest.approx(park.parameters.staying.quit_monthly, rel=1e-3)


def test_ten_more_minutes_raise_the_hazard_by_five_per_cent(park):
    model = ps.ParkModel(park, seed=1)
    rows = np.flatnonzero(model.posts.filled)
    before = staying.product(staying.factors(model, rows, model.centre))
    model.posts.commute_min[rows] += 10
    after = staying.product(staying.factors(model, rows, model.centre))
    assert after / before == pytest.approx(1.05, rel=1e-4)


@pytest.mark.parametrize(("column", "value"), [("served", 0.0), ("ties", 5)])
def test_services_and_ties_change_nothing_where_evidence_says_nil(park, column, value):
    model = ps.ParkModel(park, seed=1)
    rows = np.flatnonzero(model.posts.filled)
    before = staying.product(staying.factors(model, rows, model.centre))
    getattr(model.posts, column)[rows] = value
    assert (staying.product(staying.factors(model, rows, model.centre)) == before).all()


def test_offers_beat_the_underpaid_and_leave_the_average_alone():
    p = StayingParameters()
    z = np.random.default_rng(0).standard_normal(200_000)
    factor = staying.wage_factor(p, z, 1.0)
    assert factor.mean() == pytest.approx(1, abs=0.005)
    assert staying.wage_factor(p, np.array([-2.0]), 1.0) > 1 > staying.wage_factor(p, np.array([2.0]), 1.0)


def test_causes_follow_what_each_term_adds():
    p, n = StayingParameters(), 100_000
    rng = np.random.default_rng(1)
    ones = np.ones(n)
    terms = {"commute": 1.5 * ones, "services": ones, "wage": ones, "employer": ones}
    cause = staying.causes(p, terms, rng.random(n), rng.random(n))
    stayed_in_city = cause[cause != staying.LEFT_CITY]
    assert np.mean(cause == staying.LEFT_CITY) == pytest.approx(p.left_city_share, abs=0.005)
    assert np.mean(stayed_in_city == staying.COMMUTE) == pytest.approx(0.5 / 1.5, abs=0.006)
    assert not (cause == staying.SERVICES).any()


def test_constant_hazards_give_the_exponential_survival_curve(park):
    h = 0.03
    flat = {
        f"parameters.staying.{name}": 1.0
        for name in (
            "tenure_0_6",
            "tenure_7_12",
            "tenure_13_36",
            "tenure_37",
            "age_under_25",
            "age_25_34",
            "age_35_44",
            "age_45",
            "commute_per_10min",
            "firm_shrinking",
        )
    }
    scenario = park.with_(
        flat
        | {
            "parameters.staying.quit_monthly": h,
            "parameters.staying.wage_share": 0.0,
            "parameters.enterprises.growth_scale": 0.0,
            "parameters.enterprises.growth_mean": 0.0,
            "parameters.staying.retirement_age": 75,
        }
        | {f"parameters.enterprises.exit_year_{k}": 0.0 for k in ("1", "2", "3", "4_7", "8")}
    )
    run = ps.run(scenario, seed=2, months=18)
    n = len(run.cohort)
    curve = run.survival("employer").set_index("month")["survival"]
    for month in (6, 12, 18):
        expected = (1 - h) ** month
        assert abs(curve[month] - expected) < 3.5 * np.sqrt(expected * (1 - expected) / n)


def test_an_unserved_commute_coefficient_is_recovered_from_the_runs_own_events(park):
    # The estimator sees only who left and how long the way was; the truth is 1.05 set to a stronger 1.30.
    scenario = park.with_(
        {"parameters.staying.commute_per_10min": 1.10, "parameters.staying.quit_monthly": 0.05}
    )
    model = ps.ParkModel(scenario, seed=3)
    at_risk = left = None
    for _ in range(12):
        rows = np.flatnonzero(model.posts.filled)
        ids, minutes = model.posts.identity[rows].copy(), model.posts.commute_min[rows].copy()
        terms = staying.factors(model, rows, model.centre)
        others = staying.product({k: v for k, v in terms.items() if k != "commute"})
        model.step()
        quits = {
            i
            for month, kind, who, _, cause in model.events
            if month == model.month and kind == "leave"
            for i, c in zip(who, cause, strict=True)
            if c in staying.QUIT_CAUSES
        }
        gone = np.array([i in quits for i in ids])
        long = minutes > np.median(minutes)
        half = [np.array([gone[m].sum(), others[m].sum(), minutes[m] @ others[m]]) for m in (long, ~long)]
        left = half if left is None else [a + b for a, b in zip(left, half, strict=True)]
        at_risk = rows.size
    (d1, e1, m1), (d0, e0, m0) = left
    ratio = np.log((d1 / e1) / (d0 / e0)) / ((m1 / e1 - m0 / e0) / 10)
    error = np.sqrt(1 / d1 + 1 / d0) / ((m1 / e1 - m0 / e0) / 10)
    assert abs(ratio - np.log(1.10)) < 3 * error
    assert at_risk > 0


# --- homes ---------------------------------------------------------------------------------------


def test_nobody_occupies_two_flats_and_no_flat_is_let_twice():
    model = ps.ParkModel(ps.load("tiny-community"), seed=7)
    for _ in range(24):
        model.step()
        for j in model.place.flats:
            flats = model.place.amenities[j]
            assert np.count_nonzero(model.posts.flat == j) <= flats.capacity - flats.outsiders
    assert (model.posts.zone[model.posts.flat >= 0] == -1).all()
    assert not ((model.posts.flat >= 0) & (model.posts.flat_wish >= 0)).any()


def test_the_waiting_list_is_served_by_time_of_waiting():
    model = ps.ParkModel(ps.load("tiny-community").with_({"amenities.dormitory-flats.capacity": 1.0}), seed=7)
    from parksim import homes

    rows = np.flatnonzero(model.posts.filled)[:3]
    j = model.place.flats[0]
    model.posts.flat[:] = -1
    model.posts.flat_wish[:] = -1
    model.posts.flat_wish[rows] = j
    model.posts.flat_since[rows] = [-5, -9, -1]
    homes.let_flats(model)
    assert (model.posts.flat[rows] == [-1, j, -1]).all()


def test_only_the_eligible_rent():
    from parksim import homes

    model = ps.ParkModel(
        ps.load("tiny-community").with_({"amenities.dormitory-flats.wage_bands": ["low"]}), seed=1
    )
    rows = np.flatnonzero(model.posts.filled)
    ok = homes.may_rent(model, rows, model.place.amenities[model.place.flats[0]])
    assert (ok == (model.posts.wage_band[rows] == WAGE_BANDS.index("low"))).all()


# --- moving on within the park -------------------------------------------------------------------


@pytest.fixture(scope="module")
def moves(park):
    """What was known of everybody before the months in which they changed the employer, and after them."""
    model = ps.ParkModel(
        park.with_({"parameters.staying.quit_monthly": 0.05, "parameters.community.floor_tie": 0.5}), seed=2
    )
    seen = []
    for _ in range(4):
        before = model.employees.to_pandas().set_index("identity")
        model.step()
        after = model.employees.to_pandas().set_index("identity")
        both = before.join(after, lsuffix="_before", rsuffix="_after", how="inner")
        events = model.event_table().query("month == @model.month").set_index("identity")
        both["cause"] = events.query("kind == 'leave'")["detail"].reindex(both.index)
        both["moved_home"] = both.index.isin(events.query("kind == 'move_home'").index)
        seen.append(both[both["firm_before"] != both["firm_after"]])
    return pd.concat(seen)


def test_some_who_quit_go_to_another_firm_of_the_park_and_stay_who_they_are(moves):
    assert len(moves) > 20
    assert set(moves["cause"]) <= {"wage", "employer", "other"}
    assert (moves["since_after"] > moves["since_before"]).all()
    at_home = moves[~moves["moved_home"]]
    assert (at_home["zone_before"] == at_home["zone_after"]).all()
    assert (moves["trust_after"] > 0).all()
    assert (moves["ties_before"] > 0).any()


def test_who_goes_for_pay_goes_where_it_is_better(moves):
    pay = moves[moves["cause"] == "wage"]
    assert len(pay) > 5
    assert (pay["premium_after"] > pay["premium_before"]).all()
    rest = moves[moves["cause"] != "wage"]
    assert (rest["premium_after"] < rest["premium_before"]).any()


def test_where_people_go_does_not_change_how_many_quit(park):
    runs = []
    for share in (0.0, 1.0):
        model = ps.ParkModel(park.with_({"start.burn_in_months": 0}), seed=1)
        model.spec = model.spec.with_(
            {"parameters.hiring.seek_on_job": share, "parameters.staying.offers_in_park": 0.0}
        )
        model.step()
        runs.append(model)
    log = [m.event_table().query("kind == 'leave' and detail in ['wage', 'other', 'commute']") for m in runs]
    assert set(log[0]["identity"]) == set(log[1]["identity"])
    staying_on = [set(m.employees.identity) & set(e["identity"]) for m, e in zip(runs, log, strict=True)]
    assert not staying_on[0]
    assert staying_on[1]


def test_acquaintances_are_not_lost_by_changing_the_employer():
    from parksim.ties import Ties

    ties = Ties()
    ties.row, ties.identity = np.array([[0, 1], [1, 2]], np.int32), np.array([[10, 11], [11, 12]], np.uint64)
    ties.follow(np.array([1, 2]), np.array([5, 1]), 6)
    assert ties.row.tolist() == [[0, 5], [5, 1]]


def test_the_badly_paid_of_long_ago_have_left_before_month_0(park):
    # Oracle: play the same hazard, month by month, on people who were all hired at once.
    p = park.parameters.staying
    rng = np.random.default_rng(0)
    z = rng.standard_normal(400_000)
    worse = 1 - p.wage_share + p.wage_share * np.array([math.erfc(x / math.sqrt(2)) for x in z])
    mean, here = {}, np.ones(z.size, dtype=bool)
    for month in range(97):
        if month in (3, 24, 96):
            mean[month] = z[here].mean()
        shape = np.select([month < 6, month < 12, month < 36], [1.6, 1.3, 1.0], 0.6)
        here &= rng.random(z.size) >= p.quit_monthly * shape * worse
    tenure = np.repeat(list(mean), 100_000)
    model = ps.ParkModel(small(), seed=1)
    drawn = synthesis._premium_after(model, np.tile(z[:100_000], 3), tenure)
    for month, expected in mean.items():
        assert drawn[tenure == month].mean() == pytest.approx(expected, abs=0.012), month
    assert (np.diff(drawn[np.argsort(np.tile(z[:100_000], 3)[:100_000])]) >= 0).all()


# --- hiring and households -----------------------------------------------------------------------


def test_a_job_fair_quickens_the_search():
    from parksim.phases import hiring

    plain = ps.ParkModel(small(), seed=1)
    fairs = ps.ParkModel(small().with_({"labour.fairs_year": 12}), seed=1)
    rows = np.flatnonzero(plain.posts.firm >= 0)[:5]
    assert (hiring.fill_odds(fairs, rows) > hiring.fill_odds(plain, rows)).all()


def test_a_fair_a_month_and_two_large_ones_are_held_in_a_year():
    from parksim.phases import hiring

    model = ps.ParkModel(small().with_({"labour.fairs_year": 12, "labour.large_fairs_year": 2}), seed=1)
    p = model.spec.parameters.hiring
    help_ = []
    for month in range(1, 13):
        model.month = month
        help_.append(hiring._help(model))
    assert [h > 1 + p.fair_boost for h in help_].count(True) == 2
    assert sum(help_) == pytest.approx(12 * (1 + p.fair_boost) + 2 * p.large_fair_boost)


def test_vacancies_last_as_long_as_surveys_say(park):
    # Exponential search of mean d days, seen once a month: 1 / (1 - exp(-30.4 / d)) months.
    model = ps.ParkModel(park, seed=1).run(24)
    rate = np.mean([m["vacancy_rate"] for m in model.measured])
    separations = sum(np.size(e[2]) for e in model.events if e[1] == "leave") / 24
    odds = 1 - np.exp(-30.4 / 40)
    assert rate * 3000 == pytest.approx(separations * (1 / odds - 0.5), rel=0.6)


def test_working_at_home_two_days_spares_two_fifths_of_the_commutes_weight(park):
    usual, hybrid = (ps.ParkModel(s, seed=1) for s in (park, park.with_({"hybrid.days": 2.0})))
    rows = np.flatnonzero(usual.posts.filled)
    hybrid.posts.commute_min[rows] = usual.posts.commute_min[rows]
    a = staying.factors(usual, rows, usual.centre)["commute"]
    b = staying.factors(hybrid, rows, usual.centre)["commute"]
    minutes = usual.posts.commute_min[rows]
    assert b / a == pytest.approx(1.05 ** (-0.4 * minutes / 10), rel=1e-5)


def test_children_grow_out_of_kindergarten():
    model = ps.ParkModel(small().with_({"parameters.home.child_grows_year": 1.0}), seed=1)
    before = np.count_nonzero(model.employees.household == "kindergarten")
    model.run(24)
    kept = [m for m in model.employees.household if m == "kindergarten"]
    assert len(kept) <= before + 4


def test_who_works_at_home_two_days_takes_two_fifths_of_the_visits_and_cars_off_the_park(park):
    from parksim.phases import travel

    usual, hybrid = (ps.ParkModel(s, seed=1) for s in (park, park.with_({"hybrid.days": 2.0})))
    assert hybrid.services.demanded.sum() == pytest.approx(0.6 * usual.services.demanded.sum(), rel=0.02)
    assert travel.commuters(hybrid).sum() == pytest.approx(0.6 * travel.commuters(usual).sum(), rel=0.02)
