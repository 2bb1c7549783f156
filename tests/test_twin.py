"""The engine and a plain-Mesa twin tell the same events: its vectors say what loops over people say."""

import ast
import sys
from collections import Counter
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import plain_mesa
from benchmarks.plain_mesa import TIERS, Draws, Surroundings, slice_of, twin_of

from parksim.model import ParkModel
from parksim.population import HOUSEHOLDS, WAGE_BANDS
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.read import load

TINY = ("tiny-park", "tiny-community")
TOWN = ("iot-town-park", "iot-town-community", "iot-town-transition")
COUNCIL = {
    "kind": "council",
    "seats": 7,
    "organs": ["committee", "station"],
    "term_months": 9,
    "benches": [
        {"name": "young", "side": "employees", "seats": 2, "max_age": 35},
        {"name": "staff", "side": "employees", "seats": 3, "wage_bands": ["low", "middle"]},
        {"name": "firms", "side": "employers", "seats": 2},
    ],
    "chain": [
        {"name": "officer", "each": "building", "capacity_month": 3, "delay_days": 3, "awareness": 0.4,
         "solves": 0.4, "categories": ["canteen", "cafe", "convenience", "restaurant", "gym", "kindergarten"]},
        {"name": "grid", "each": "block", "capacity_month": 4, "delay_days": 5, "awareness": 0.2, "solves": 0.3},
        {"name": "committee", "organ": "committee", "capacity_month": 3, "delay_days": 9, "awareness": 0.2},
    ],
    "budget_cny_year": 900_000,
    "meets_months": 2,
    "projects": [
        {"name": "corner", "category": "canteen", "capacity": 10, "cost_cny": 20_000, "cost_cny_year": 30_000},
        {"name": "gym", "category": "gym", "capacity": 10, "cost_cny": 20_000, "cost_cny_year": 30_000},
    ],
    "offers": [{"name": "room", "cell": [2, 2], "m2": 90, "cost_cny_year": 9_000}],
    "hours": [7, 22],
}  # fmt: skip
LIVELY = {  # everything that is off by default or seldom happens, so that equality speaks about it
    "parameters.staying.services": -1.0,
    "parameters.staying.tie": 0.8,
    "parameters.staying.park_home": 0.7,
    "parameters.staying.quit_monthly": 0.05,
    "parameters.hiring.seek_in_park": 0.4,
    "parameters.hiring.seek_on_job": 0.6,
    "parameters.hiring.market_segments": 3,
    "parameters.home.flat_weight": 0.3,
    "parameters.travel.monthly_part": 0.3,
    "parameters.home.tenant_moves_year": 1.0,
    "parameters.home.form_couple_year": 0.28,
    "parameters.home.first_child_year": 0.4,
    "parameters.home.child_leaves_year": 0.5,
    "parameters.home.buy_home_year": 0.2,
    "parameters.staying.retirement_age": 50,
    "parameters.staying.offers_in_park": 0.5,
    "parameters.staying.hybrid_trial": 0.67,
    "parameters.community.joint_project": 1.0,
    "parameters.community.floor_tie": 0.3,
    "parameters.community.committee_tie": 2,
    "hybrid": {"days": 2, "share": 0.5},
    "labour": {"fairs_year": 5, "large_fairs_year": 2, "colleges": 3},
    "population.rotating_shift_share": 0.3,
    "parameters.enterprises.growth_scale": 0.2,
    "parameters.enterprises.growth_mean": 0.1,
    "parameters.enterprises.entry_year": 0.5,
    "parameters.enterprises.entrant_size": 6,
    "parameters.enterprises.exit_year_4_7": 0.2,
    "parameters.enterprises.exit_year_8": 0.2,
    "parameters.enterprises.runway_mean": 6,
    "parameters.enterprises.runway_persistence": 0.8,
    "parameters.enterprises.runway_spread": 7,
    "parameters.enterprises.runway_weight": 2.0,
    "parameters.enterprises.spinoff_year": 1.0,
    "parameters.enterprises.spinoff_parent_size": 5,
    "parameters.enterprises.spinoff_size": 3,
    "parameters.enterprises.spinoff_spillover": 0.3,
    "parameters.enterprises.rent_elasticity": 3.0,
    "parameters.ladder.little_giant_lost": 0.2,
    "parameters.ladder.quota_innovative": 200,
    "parameters.ladder.quota_srdi": 100,
    "parameters.ladder.step_innovative": 0.2,
    "parameters.ladder.step_srdi": 0.2,
    "enterprises.tiers": {"innovative": 0.2, "srdi": 0.2, "little_giant": 0.3, "champion": 0.1},
    "parameters.ladder.listing_start": 120,
    "support": {
        "delay_days": 9,
        "funds": [
            {"name": "seed", "cny_year": 700_000, "cny_firm": 300_000, "tiers": ["micro"]},
            {"name": "young", "cny_year": 5e5, "cny_firm": 2e5, "max_age_years": 3, "payer": "operator"},
        ],
        "credit": {"cny_year": 3e6, "research_share": 0.02, "months": 5},
        "listing": {"cny_stages": [3e5, 2e5, 4e5, 9e5]},
    },
    "parameters.governance.least_requests": 2,
    "parameters.governance.lapse_months": 6,
    "parameters.community.request_per_long_walk": 0.02,
}
SAME_OF_FIRMS = ("building", "anchor", "born", "posts_made", "shrank", "parent", "spun")
SAME_OF_FIRMS += ("tier", "high_tech", "listed", "listing")
CLOSE_OF_FIRMS = ("runway", "rent", "rd_share", "growth", "exposure")
FAMILIES = {
    "population.household": {"single": 0.2, "couple": 0.2, "kindergarten": 0.3, "school": 0.3},
    "population.owner_share": 0.3,
    "population.car_share": {"low": 0.3, "middle": 0.5, "high": 0.7},
    "population.ebike_share": {"low": 0.3, "middle": 0.5, "high": 0.7},
    "population.rotating_by_sector": {"software": 0.6},
    "parameters.home.distance_spread": 0.5,
    "enterprises.tech_sectors": ["software"],
}
VALLEYS = {
    "zoning": {
        "hub": "e-valley",
        "valleys": [
            {"name": "soft", "blocks": ["maker-yard", "street-labs"], "sectors": ["software"]},
            {"name": "things", "blocks": ["sensor-works", "incubator"], "sectors": ["iot", "electronics"]},
        ],
        "steering": 5,
        "to_others": 0.4,
    },
    "enterprises.partners": {"software": ["iot", "services"], "electronics": ["iot"]},
    "parameters.enterprises.partner_pull": 1.0,
    "parameters.community.partner_project": 1.0,
}
FLATS_FOR_SOME = {
    "amenities.dormitory-flats.capacity": 2,
    "amenities.dormitory-flats.wage_bands": ["low", "middle"],
    "amenities.dormitory-flats.max_age": 40,
}


def in_lockstep(scenario, seed, months):
    """Play both, each with its own people, and compare what can be measured in every month."""
    model = ParkModel(scenario, seed=seed)
    twin = twin_of(model, Draws(seed))
    for month in range(1, months + 1):
        model.step()
        twin.around = Surroundings.of(model)
        twin.step()
        measured = twin.measure()
        ours = {name: model.measured[-1][name] for name in measured}
        assert measured == pytest.approx(ours, rel=1e-6), f"month {month}"
    return model, twin


def engine_events(model):
    table = model.event_table()
    return sorted(zip(*(table[column].tolist() for column in table.columns), strict=True))


def twin_events(twin):
    return sorted(astuple(event) for event in twin.events)


def engine_people(model):
    posts = model.posts
    names = [a.name for a in model.layout.amenities]
    held = ("kindergarten", "school", "after_school", "flat", "flat_wish")
    return {
        int(posts.identity[row]): (
            *(names[j] if (j := int(getattr(posts, column)[row])) >= 0 else None for column in held),
            HOUSEHOLDS[posts.household[row]],
            WAGE_BANDS[posts.wage_band[row]],
            sorted(name for bit, name in enumerate(CATEGORIES) if int(posts.needs[row]) >> bit & 1),
            bool(posts.owner[row]),
            bool(posts.rotating[row]),
            int(posts.ties[row]),
            int(posts.moves[row]),
            int(posts.took_part[row]),
            int(posts.since[row]),
            int(posts.post[row]),
            int(posts.floor[row]),
            model.place.buildings[model.place.unit_building[posts.unit[row]]].name,
            round(float(posts.trust[row]), 4),
            round(float(posts.age[row]), 2),
            float(posts.premium[row]),
        )
        for row in posts.filled.nonzero()[0]
    }


def twin_people(twin):
    held = ("kindergarten", "school", "after_school")
    return {
        e.identity: (
            *(e.place.get(category) for category in held),
            e.flat,
            e.wish,
            e.household,
            e.wage_band,
            sorted(e.needs),
            e.owner,
            e.rotating,
            e.ties,
            e.moves,
            e.took_part,
            e.since,
            e.post.number,
            e.post.floor,
            twin.around.buildings[e.post.building].name,
            round(e.trust, 4),
            round(e.age, 2),
            e.premium,
        )
        for e in twin.employees
    }


def engine_firms(model):
    """Return what is known of each firm: first what is the same to the bit."""
    firms, posts, out = model.firms, model.posts, {}
    for row in firms.active.nonzero()[0]:
        unit = posts.unit[posts.firm == row]
        out[int(firms.identity[row])] = (
            Counter(model.place.unit_building[unit].tolist()),
            *(int(getattr(firms, name)[row]) for name in SAME_OF_FIRMS),
            list(model.spec.enterprises.sectors)[firms.sector[row]],
            *(float(getattr(firms, name)[row]) for name in CLOSE_OF_FIRMS),
        )
    return out


def twin_firms(twin):
    return {
        firm.identity: (
            Counter(post.building for post in firm.posts),
            *(int(getattr(firm, name)) for name in SAME_OF_FIRMS),
            firm.sector,
            *(firm.research if name == "rd_share" else getattr(firm, name) for name in CLOSE_OF_FIRMS),
        )
        for firm in twin.enterprises
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", TINY)
def test_the_tiny_scenarios_tell_the_same_events_for_two_years(name, seed):
    model, twin = in_lockstep(load(name), seed, 24)
    assert len(twin.events) > 20
    assert engine_events(model) == twin_events(twin)


def with_little_floor(scenario):
    """Build so little that firms need several buildings and newcomers are turned away."""
    legend = scenario.layout.map.legend
    less = {f"map.legend.{symbol}.built": drawn.built / 26 for symbol, drawn in legend.items()}
    return scenario.with_({**less, "parameters.enterprises.m2_per_worker": 80})


@pytest.fixture(scope="module")
def restless():
    """Families, cars and restless firms in the tiny park, and IoT Town in small, old, new and on the way."""
    towns = {name: slice_of(name, 240, 16, **LIVELY) for name in TOWN}
    towns["iot-town-park"] = with_little_floor(towns["iot-town-park"])
    towns["iot-town-community"] = towns["iot-town-community"].with_(VALLEYS)
    towns["iot-town-transition"] = towns["iot-town-transition"].with_({**VALLEYS, "zoning.to_others": 0.0})
    tiny = {name: load(name).with_({**LIVELY, **FAMILIES}) for name in TINY}
    tiny["tiny-community"] = tiny["tiny-community"].with_({**FLATS_FOR_SOME, "governance": COUNCIL})
    return {name: in_lockstep(scenario, 3, 13) for name, scenario in {**tiny, **towns}.items()}


@pytest.mark.parametrize("name", [*TINY, *TOWN])
def test_restless_people_and_firms_tell_the_same_events(restless, name):
    model, twin = restless[name]
    assert engine_events(model) == twin_events(twin)


def test_people_end_up_with_the_same_households_homes_places_and_trust(restless):
    for model, twin in restless.values():
        ours, theirs = engine_people(model), twin_people(twin)
        assert ours.keys() == theirs.keys()
        for identity, (*facts, trust, age, premium) in ours.items():
            *expected, their_trust, their_age, their_premium = theirs[identity]
            assert facts == expected
            assert (trust, age) == pytest.approx((their_trust, their_age), abs=0.02)
            assert premium == pytest.approx(their_premium, rel=1e-6)


def test_firms_end_up_with_the_same_floor_cash_rents_neighbours_and_tiers(restless):
    for model, twin in restless.values():
        ours, theirs = engine_firms(model), twin_firms(twin)
        assert ours.keys() == theirs.keys()
        for identity, facts in ours.items():
            exact, close = facts[: -len(CLOSE_OF_FIRMS)], facts[-len(CLOSE_OF_FIRMS) :]
            assert exact == theirs[identity][: -len(CLOSE_OF_FIRMS)]
            assert close == pytest.approx(theirs[identity][-len(CLOSE_OF_FIRMS) :], rel=1e-5, abs=1e-5)
        assert model.turned_away == twin.turned_away


def test_the_same_people_know_each_other(restless):
    for model, twin in restless.values():
        posts, ties = model.posts, model.ties
        here = (posts.identity[ties.row] == ties.identity).all(axis=1)  # who left this month goes next month
        ours = {tuple(pair) for pair in ties.identity[here].tolist()}
        assert ours == {(one.identity, other.identity) for one, other in twin.ties()}
        assert len(ours) == np.count_nonzero(here)
    assert any(twin.ties() for _, twin in restless.values())


def test_the_same_firms_begin_something_together(restless):
    for model, twin in restless.values():
        assert model.memory.projects[-1] == twin.projects
    assert any(twin.projects for _, twin in restless.values())


def test_firms_owe_and_payers_have_given_the_same(restless):
    for model, twin in restless.values():
        state = model.support
        ours = dict(
            zip(state.debtor.tolist(), zip(state.left.tolist(), state.instalment, strict=True), strict=True)
        )
        owing = {f.identity: (f.loan.left, f.loan.instalment) for f in twin.enterprises if f.loan is not None}
        active = set(model.enterprises.identity.tolist())
        assert {i: loan[0] for i, loan in ours.items() if i in active} == {
            i: n for i, (n, _) in owing.items()
        }
        assert all(ours[i][1] == pytest.approx(cny) for i, (_, cny) in owing.items())
        assert state.given == pytest.approx(twin.given)
        assert twin.support_cny > 0
    assert any(f.loan for _, twin in restless.values() for f in twin.enterprises), "nobody owes anything"
    assert any(f.listing for _, twin in restless.values() for f in twin.enterprises), "nobody goes public"


def test_requests_are_answered_alike(restless):
    for model, twin in restless.values():
        assert (model.community.requests, model.community.answered) == (twin.requests, twin.answered)
        assert sum(late for _, late, _ in model.community.late) == twin.late
    assert all(twin.requests for _, twin in restless.values())


def test_the_register_holds_the_same_requests(restless):
    for model, twin in restless.values():
        ours = model.register.table(model)
        assert sorted(
            zip(ours["identity"], ours["category"], ours["asked"], ours["level"], strict=True)
        ) == sorted(
            (r.author.identity, r.category, r.asked, [*twin.levels, "agenda"][r.level]) for r in twin.register
        )
    assert {r.level for _, twin in restless.values() for r in twin.register} >= {0, 3}


def test_the_same_people_and_firms_sit_on_the_committee(restless):
    acquainted = 0
    for model, twin in restless.values():
        members = model.council.members[["bench", "identity", "votes"]].tolist()
        assert sorted(members) == sorted((s.bench, s.member.identity, s.votes) for s in twin.committee)
        sitting = [s.member for s in twin.committee if s.post is not None and s.member.post is s.post]
        acquainted += sum(two.identity in one.friends for one in sitting for two in sitting)
    assert acquainted, "nobody got to know anybody on the committee"
    assert any(len(twin.committee) == 7 for _, twin in restless.values())


def test_the_comparison_speaks_about_every_rule(restless):
    events = [event for _, twin in restless.values() for event in twin.events]
    assert {e.kind for e in events} == {"leave", "hire", "move_home", "firm_exit", "firm_entry", "spin_off"}
    causes = {e.detail for e in events if e.kind == "leave"}
    assert causes >= {
        "commute",
        "services",
        "wage",
        "other",
        "left_city",
        "retired",
        "firm_closed",
        "laid_off",
    }
    gone = {e.identity for e in events if e.kind == "leave"}
    assert any(e.kind == "hire" and e.identity in gone for e in events), "nobody came back"
    people = [e for _, twin in restless.values() for e in twin.employees]
    hired = {(e.identity, e.month) for e in events if e.kind == "hire"}
    moved = {e.identity: e.detail for e in events if e.kind == "leave" and (e.identity, e.month) in hired}
    assert {"wage", "other"} <= set(moved.values()), "nobody changed the employer within the park"
    assert any(e.friends for e in people if e.identity in moved), "nobody took friends along"
    assert any(e.place for e in people if e.identity in moved), "no child kept its place"
    assert any(e.place for e in people), "nobody holds a place"
    assert any(e.took_part > 0 for e in people), "nobody took part"
    assert {e.mode for e in people} >= {"walk", "bicycle", "ebike", "bus", "metro", "car"}
    assert any(e.wish for e in people), "nobody waits for a flat"
    let = {e.identity: e.month for e in events if e.kind == "move_home" and e.detail == "flat"}
    assert any(let.get(e.identity, 0) > e.wish_since for e in people if e.flat), "nobody had to wait for one"
    assert {e.rotating for e in people} == {e.owner for e in people} == {True, False}
    assert {e.post.firm.home_days for e in people} == {0, 2}
    assert all(twin.households_changed for _, twin in restless.values())
    firms = [firm for _, twin in restless.values() for firm in twin.enterprises]
    elsewhere = {f.anchor >= 0 for f in firms for post in f.posts if post.building != f.building}
    assert elsewhere == {True, False}, "nobody rents nearby"
    assert any(twin.turned_away for _, twin in restless.values()), "everybody found floor"
    usual = {firm.rent - firm.model.around.buildings[firm.building].rent for firm in firms}
    assert min(usual) < -1 < 1 < max(usual), "rents stay what they were"
    assert {firm.tier for firm in firms} == set(range(len(TIERS)))
    assert any(firm.tier for firm in firms if firm.born > 0), "no newcomer climbed"
    assert any(twin.demoted for _, twin in restless.values()), "no giant fell back"
    assert min(firm.runway for firm in firms) == 0 < max(firm.exposure for firm in firms)


def test_a_comparison_with_other_luck_would_fail():
    model = ParkModel(load("tiny-park"), seed=1)
    twin = twin_of(model, Draws(2))
    for _ in range(6):
        model.step()
        twin.around = Surroundings.of(model)
        twin.step()
    assert engine_events(model) != twin_events(twin)


def test_the_tutorials_own_random_numbers_play_the_same_rules():
    model = ParkModel(load("tiny-community"), seed=1)
    twin = twin_of(model)
    for _ in range(12):
        model.step()
        twin.around = Surroundings.of(model)
        twin.step()
    assert {e.kind for e in twin.events} == {"leave", "hire", "move_home"}
    assert len({e.identity for e in twin.employees}) == len(twin.employees)


def test_the_twin_shares_no_rule_with_the_engine():
    tree = ast.parse(Path(plain_mesa.__file__).read_text(encoding="utf-8"))
    imported = {n.module for n in tree.body if isinstance(n, ast.ImportFrom)}
    assert {m for m in imported if m.startswith("parksim")} == {"parksim.scenario.categories"}


def test_a_twin_is_born_at_month_0():
    model = ParkModel(load("tiny-park"), seed=1)
    model.step()
    with pytest.raises(ValueError, match="month 1"):
        twin_of(model)
