"""Requests, the chain that answers them, who is elected, and what a council spends: mechanisms on tiny parks."""

import pickle

import numpy as np
import pytest

import parksim as ps
from parksim.errors import ScenarioError
from parksim.governance import budget, council
from parksim.governance.chain import answer_delay
from parksim.governance.register import DAYS_IN_MONTH
from parksim.interventions import kinds
from parksim.model import ParkModel
from parksim.scenario.schema import Intervention

OFFICER = {"name": "officer", "each": "building", "capacity_month": 50, "delay_days": 10, "awareness": 1.0}
TABLE = {"name": "table", "capacity_month": 50, "delay_days": 20}
BENCHES = [
    {"name": "staff", "side": "employees", "seats": 2},
    {"name": "firms", "side": "employers", "seats": 1},
]
CORNER = {"name": "corner", "category": "cafe", "capacity": 6, "cost_cny": 10_000, "cost_cny_year": 20_000}


def with_chain(*levels, name="tiny-park", **more):
    """The tiny park or community with a chain and nothing else to ask; `more` is of the governance."""
    changes = {"chain": list(levels), **more}
    park = ps.load(name)
    gone = [{"name": channel.name, "remove": True} for channel in park.governance.channels]
    return park.with_(
        {"governance.channels": gone, "governance": changes, "parameters.governance.least_requests": 2}
    )


def measured(model, name):
    return model.measured[-1].get(name)


# --- the chain -----------------------------------------------------------------------------------


def test_days_of_a_chain_follow_from_its_levels():
    chain = with_chain({**OFFICER, "solves": 0.25}, {**TABLE, "solves": 1}).governance
    assert answer_delay(chain) == pytest.approx(10 + 0.75 * 20)
    assert answer_delay(ps.load("tiny-park").governance) == 20
    assert answer_delay(with_chain(name="tiny-park").governance) == np.inf


def test_requests_take_the_days_of_the_levels_they_climb():
    scenario = with_chain({**OFFICER, "solves": 0.25}, {**TABLE, "solves": 1})
    model = ParkModel(scenario, seed=1).run(24)
    assert measured(model, "requests_answered_share") == 1
    assert measured(model, "request_days") == pytest.approx(answer_delay(scenario.governance), rel=0.2)


def test_an_officer_in_every_building_hears_no_more_than_his_own():
    chain = with_chain({**OFFICER, "capacity_month": 1, "solves": 1})
    model = ParkModel(chain, seed=1)
    buildings = len({b.name for b in model.place.buildings if b.workplace})
    for _ in range(6):
        model.step()
        answers = model.community.answered + sum(n for _, n, _ in model.community.late)
        assert 0 < answers <= buildings


def test_what_a_level_may_not_decide_it_passes_on():
    chain = with_chain({**OFFICER, "solves": 1, "categories": ["gym"]})
    model = ParkModel(chain, seed=1).run(6)
    waiting = model.register.table(model)
    assert set(waiting["level"]) == {"agenda"}
    assert "gym" not in set(waiting["category"])


def test_a_request_waits_until_a_place_opens_and_is_then_answered():
    park = with_chain({**OFFICER, "solves": 0})
    cafe = {"name": "late-cafe", "category": "cafe", "block": "west", "capacity": 20}
    opens = {"kind": "add_amenity", "name": "open-cafe", "month": 7, "amenity": cafe}
    model = ParkModel(park.with_({"interventions": [opens]}), seed=1).run(6)
    before = model.register.table(model)
    wait = before[(before["category"] == "cafe") & before["building"].str.startswith("west")]
    assert len(wait)
    assert model.measured[-1]["requests_answered_share"] == 0
    model.step()
    after = model.register.table(model)
    still = set(zip(after["identity"], after["category"], strict=True))
    people = set(model.employees.identity.tolist())
    assert not any((who, "cafe") in still for who in wait["identity"] if who in people)
    waited = {month: days / count for month, count, days in model.community.late}
    assert set(waited) >= {
        m for who, m in zip(wait["identity"], wait["asked"], strict=True) if who in people and m > -5
    }
    officer = [days - (7 - month) * DAYS_IN_MONTH for month, days in waited.items()]
    assert 0 < min(officer) <= max(officer) < 50  # mean 10
    assert measured(model, "requests_answered_share") > 0


def test_who_leaves_takes_the_request_along_unanswered():
    model = ParkModel(with_chain({**OFFICER, "solves": 0}), seed=1).run(9)
    assert set(model.register.open["identity"].tolist()) <= set(model.employees.identity.tolist()) | _gone(
        model
    )
    assert measured(model, "requests_answered_share") == 0


def _gone(model):
    """Those who left after community life of this month."""
    return {
        int(who)
        for month, kind, people, *_ in model.events
        if kind == "leave" and month == model.month
        for who in people
    }


def test_long_walks_and_places_not_obtained_make_requests():
    park = ps.load("tiny-park")
    silent = {"parameters.community.request_per_unserved": 0.0}
    walks = ParkModel(park.with_({**silent, "parameters.community.request_per_long_walk": 0.02}), seed=1).run(
        3
    )
    nothing = ParkModel(
        park.with_({**silent, "parameters.community.request_per_long_walk": 0.0}), seed=1
    ).run(3)
    assert sum(n for n, *_ in walks.memory.requests) > 0
    assert sum(n for n, *_ in nothing.memory.requests) == 0


# --- an organ that does nothing ------------------------------------------------------------------


def test_organs_that_answer_nothing_raise_nothing():
    """Trust and taking part are to the bit what they are with nobody to ask, whoever was elected."""
    nobody = with_chain(events_month=2)
    deaf = {"capacity_month": 0}
    idle = with_chain(
        {**OFFICER, **deaf}, {**TABLE, **deaf}, kind="council", seats=3, benches=BENCHES, events_month=2
    )
    useless = with_chain({**OFFICER, "solves": 0}, kind="council", seats=3, benches=BENCHES, events_month=2)
    alone = ParkModel(nobody, seed=2).run(14)
    for organs in (idle, useless):
        model = ParkModel(organs, seed=2).run(14)
        assert len(model.council.members) == 3
        assert (model.posts.trust == alone.posts.trust).all()
        assert (model.posts.took_part == alone.posts.took_part).all()
        assert measured(model, "participation_share") == measured(alone, "participation_share")
        assert measured(model, "requests_answered_share") == 0


def test_answers_raise_trust_and_trust_raises_taking_part():
    helpful, deaf = (with_chain({**OFFICER, "solves": share}, events_month=2) for share in (1, 0))
    one, other = (ParkModel(each, seed=2).run(18) for each in (helpful, deaf))
    assert one.posts.trust[one.posts.filled].mean() > other.posts.trust[other.posts.filled].mean() + 0.1
    assert measured(one, "participation_share") > measured(other, "participation_share")


# --- elections -----------------------------------------------------------------------------------


def elected(name="tiny-community", **more):
    return with_chain({**OFFICER, "solves": 0.2}, name=name, kind="council", **more)


def test_each_side_elects_its_own_and_only_who_may_stand():
    benches = [
        {"name": "young", "side": "employees", "seats": 2, "max_age": 30},
        {"name": "low", "side": "employees", "seats": 2, "wage_bands": ["low"]},
        {"name": "firms", "side": "employers", "seats": 2},
    ]
    model = ParkModel(elected(seats=6, benches=benches), seed=1).run(1)
    sits = council.table(model).set_index("bench")
    assert sits.groupby(level=0).size().to_dict() == {"young": 2, "low": 2, "firms": 2}
    assert (sits.loc["young", "age"] < 31).all()
    assert set(sits.loc["low", "wage_band"]) == {"low"}
    assert set(sits.loc["firms", "identity"]) <= set(model.enterprises.identity.tolist())
    assert sits["identity"].is_unique


def test_a_seat_that_falls_vacant_is_filled_and_a_term_ends():
    model = ParkModel(elected(seats=3, benches=BENCHES, term_months=10), seed=1).run(1)
    leaves = np.flatnonzero(model.posts.identity == model.council.members["identity"][0])
    model.leave(leaves, np.zeros(1, dtype=np.int8))
    model.run(1)
    assert len(model.council.members) == 3
    assert model.council.elected == 1
    assert model.run(9).council.elected == 11


def test_nobody_without_trust_stands_or_votes():
    model = ParkModel(elected(seats=3, benches=BENCHES), seed=1)
    model.posts.trust[:] = 0
    council.play(model)
    assert len(model.council.members) == 0
    assert set(model.council.turnout.values()) == {0.0}


def sit(model, block):
    """Let three employees of a block be the committee."""
    mine = [b.block == block for b in model.place.buildings]
    here = np.array(mine)[model.place.unit_building[model.posts.unit]] & model.posts.filled
    rows = np.flatnonzero(here)[:3]
    seats = np.zeros(3, dtype=council.SEAT)
    seats["row"], seats["identity"] = rows, model.posts.identity[rows]
    model.council.members, model.council.benches = seats, model.layout.governance.benches


@pytest.fixture(scope="module")
def asked():
    """A tiny park with fences, requests from both blocks on the agenda, a room offered in each."""
    rooms = [{"name": f"room-{block}", "block": block, "m2": 60} for block in ("west", "east")]
    scenario = elected(
        "tiny-park",
        seats=3,
        benches=BENCHES,
        budget_cny_year=1.0,
        projects=[CORNER],
        offers=rooms,
        hours=[7, 22],
    )
    near = {"parameters.governance.constituency": 1.0, "circles.daily_5.minutes": 2}
    return ParkModel(scenario.with_(near), seed=1).run(10)


@pytest.mark.parametrize("block", ["west", "east"])
def test_a_new_place_goes_where_those_work_who_have_the_seats(asked, block):
    model = pickle.loads(pickle.dumps(asked))
    sit(model, block)
    corner = next(o for o in budget.options(model, budget.agenda(model)) if o.kind == "place")
    building = model.place.unit_building[np.flatnonzero(corner.reaches)]
    assert {model.place.buildings[b].block for b in building} == {block}
    assert corner.offer == f"room-{block}"


def test_where_seats_are_as_people_work_every_request_weighs_the_same(asked):
    model = pickle.loads(pickle.dumps(asked))
    model.council.members = model.council.members[:0]
    assert (council.weights(model) == 1).all()
    sit(model, "west")
    west, east = (
        model.offices.block[[b.block for b in model.place.buildings].index(x)] for x in ("west", "east")
    )
    weight = council.weights(model)
    assert weight[west] == pytest.approx(2, rel=0.1)
    assert weight[east] == pytest.approx(0.01)


def test_the_site_is_the_one_most_requests_are_near(asked):
    """By hand: try every room."""
    model = pickle.loads(pickle.dumps(asked))
    model.council.members = model.council.members[:0]
    need = budget.agenda(model)
    cafe = budget.NAMES.index("cafe")
    radius = 2.0  # the shortest circle that promises a café
    near = {}
    for offer in model.layout.governance.offers:
        k = model.place.drawn.park.building_in(offer.block)
        near[offer.name] = need[model.place.walk_to_floor(k, 1) <= radius, cafe].sum()
    found = next(o for o in budget.options(model, need) if o.kind == "place")
    assert near[found.offer] == max(near.values())


# --- budget --------------------------------------------------------------------------------------

SPENDING = {"budget_cny_year": 120_000, "meets_months": 1, "projects": [CORNER], "hours": [6, 23]}


@pytest.fixture(scope="module")
def spent():
    offers = [
        {"name": "canteen", "amenity": "alpha-canteen", "cost_cny": 3_000, "cost_cny_year": 6_000},
        {"name": "room", "block": "east", "m2": 60},
    ]
    return ParkModel(with_chain({**OFFICER, "solves": 0}, **SPENDING, offers=offers), seed=1).run(18)


def test_no_more_is_spent_than_the_budget_and_all_of_it_is_booked(spent):
    state = spent.council
    assert len(state.decisions) > 1
    once = sum(d.cost_cny for d in state.decisions)
    yearly = sum(d.cost_cny_year for d in state.decisions)
    assert spent.books == {"government": [once, yearly]}
    assert yearly <= 120_000
    run = sum(d.cost_cny_year * (18 - d.month) / 12 for d in state.decisions)
    assert state.cash == pytest.approx(18 * 10_000 - once - run)
    assert state.cash >= 0


def test_the_canteen_that_was_offered_serves_everyone_and_what_was_built_stands(spent):
    assert {d.kind for d in spent.council.decisions} >= {"offer", "place"}
    assert next(a for a in spent.layout.amenities if a.name == "alpha-canteen").access == "everyone"
    built = [d.place for d in spent.council.decisions if d.kind == "place" and d.opens <= spent.month]
    assert set(built) <= {a.name for a in spent.layout.amenities}
    assert spent.memory.requests[0][1] + spent.memory.requests[1][1] > 0, "nobody was answered by a place"


def test_without_a_budget_nothing_is_built():
    model = ParkModel(with_chain({**OFFICER, "solves": 0}, **{**SPENDING, "budget_cny_year": 0}), seed=1).run(
        8
    )
    assert model.council.decisions == []
    assert model.books == {}
    assert len(model.register.open)


def test_the_council_is_the_same_after_a_pause(spent):
    whole, halted = pickle.loads(pickle.dumps(spent)), pickle.loads(pickle.dumps(spent)).run(2)
    whole.run(2)
    assert (whole.register.open == halted.register.open).all()
    assert whole.council.decisions == halted.council.decisions


# --- set, and set wrong --------------------------------------------------------------------------


def test_set_governance_can_set_all_of_it():
    wanted = with_chain(
        {**OFFICER, "solves": 0.5}, kind="council", seats=3, benches=BENCHES, **SPENDING
    ).governance
    given = {name: value for name, value in wanted.model_dump(mode="json").items() if value is not None}
    step = {"kind": "set_governance", "name": "council", "month": 2, "set": given}
    model = ParkModel(ps.load("tiny-park").with_({"interventions": [step]}), seed=1)
    assert model.layout.governance != wanted
    model.run(3)
    assert model.layout.governance == wanted
    assert len(model.council.members) == 3
    assert "benches = staff, firms" in kinds()["set_governance"].summary(Intervention.model_validate(step))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seats": 5, "benches": BENCHES}, "the benches have 3 seats, 'seats' says 5"),
        ({"budget_cny_year": 1e5, "chain": []}, "a budget needs a 'chain'"),
        ({"offers": [{"name": "x", "amenity": "alpha-cantine"}]}, "did you mean 'alpha-canteen'"),
        ({"offers": [{"name": "x", "block": "west", "floor": 9}]}, "floor 9 of a building with"),
        ({"offers": [{"name": "x", "cell": [0, 0]}]}, "no building"),
        ({"projects": [{**CORNER, "category": "caffe"}]}, "did you mean 'cafe'"),
        ({"chain": [{**OFFICER, "organ": "station"}]}, "an organ that is not there"),
    ],
)
def test_what_does_not_fit_is_named(changes, says):
    with pytest.raises(ScenarioError, match=says.replace("(", r"\(")):
        ps.load("tiny-park").with_({"governance": changes})
    step = Intervention(kind="set_governance", name="m", month=1, set=changes)
    assert says in str(kinds()["set_governance"].problem(ps.load("tiny-park").layout, step))
