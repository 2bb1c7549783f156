"""What people find when they go somewhere: doors, queues, and the visits that come to nothing."""

from __future__ import annotations

import copy
import math
from itertools import pairwise

import numpy as np
import pytest

from parksim import catchments
from parksim.model import ParkModel
from parksim.people import bits_of, visits_wanted
from parksim.phases import measure, services
from parksim.scenario.categories import CATEGORIES, CIRCLE_PRESETS, DAYPARTS, WEEKEND
from parksim.scenario.read import check, load
from parksim.scenario.schema import Intervention
from parksim.world.queues import peak_wait, served_share

NAMES = list(CATEGORIES)
TINY = load("tiny-park")
OPEN_CANTEEN = {
    "amenities.alpha-canteen.access": "everyone",
    "amenities.alpha-canteen.price": 0,
    "circles": {"life_15": {"minutes": 15, "categories": ["canteen"]}},
}


def column(category):
    return NAMES.index(category)


def headline(model):
    return measure.services(model, np.flatnonzero(model.posts.filled))


def with_kindergarten(**changes):
    place = {
        "name": "nursery",
        "category": "kindergarten",
        "intake": "anytime",
        "cell": (0, 0),
        "capacity": 3,
        **changes,
    }
    return TINY.with_(
        {
            "population.household": {"single": 0, "couple": 0, "kindergarten": 1, "school": 0},
            "needs": {"kindergarten": {"share": 1}},
            "amenities": [place],
        }
    )


# --- every visit ends somehow --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny-park", "tiny-community", "iot-town-community"])
def test_every_visit_wanted_is_served_refused_given_up_or_not_attempted(name):
    model = ParkModel(load(name), seed=3).run(2)
    account = services.account(model)
    assert account[list(services.OUTCOMES)].sum(axis=1).to_numpy() == pytest.approx(account["demanded"])
    assert (account >= -1e-9).all().all()
    by_amenity = services.account_by_amenity(model)
    parts = by_amenity[["served", "refused", "gave_up"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(by_amenity["asked"].to_numpy())
    assert by_amenity.groupby("category")["served"].sum().to_numpy() == pytest.approx(
        account["served"].loc[sorted(by_amenity["category"].unique())].to_numpy()
    )


def test_demand_is_what_single_people_want():
    model = ParkModel(load("iot-town-park"), seed=3)
    visits = visits_wanted(model.spec.needs)
    people = model.posts.needs[model.posts.filled]
    wanted = [visits[c] * np.count_nonzero(people >> np.uint32(c) & np.uint32(1)) for c in range(len(NAMES))]
    assert model.services.demanded == pytest.approx(np.array(wanted))


def test_what_places_serve_is_what_people_remember():
    model = ParkModel(load("iot-town-community"), seed=3)
    account = services.account(model)
    queued = [n for n, c in CATEGORIES.items() if not c.allotted]
    lost = account.loc[queued, ["refused", "gave_up", "not_attempted"]].to_numpy().sum()
    assert model.posts.unserved[model.posts.filled].sum(dtype=float) == pytest.approx(lost, rel=1e-4)


# --- waits and demand ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny-park", "iot-town-park", "iot-town-community"])
def test_waits_and_demand_agree(name):
    model = ParkModel(load(name), seed=3).run(3)
    state, place, spec = model.services, model.place, model.spec
    p = spec.parameters.services
    assert state.residual_min <= 0.05
    needing = np.zeros((len(place.unit_building), len(NAMES)))
    # the demand of the last month is kept; work the loads out again place by place, in plain Python
    visits = visits_wanted(spec.needs)
    needing = state.demand / np.where(visits > 0, visits, 1)
    for d, (daypart, (start, end)) in enumerate(DAYPARTS.items()):
        for category in ("canteen", "convenience", "clinic"):
            c = column(category)
            part = CATEGORIES[category].dayparts.get(daypart, 0.0)
            there = [j for j, a in enumerate(place.amenities) if a.category == category]
            there = [j for j in there if place.open_hours[d, j] > 0]
            if not part or not there:
                continue
            load_day = dict.fromkeys(there, 0.0)
            for unit in range(len(place.unit_building)):
                pull = {}
                for j in there:
                    a = place.amenities[j]
                    if place.usable[unit, j] and place.walk[unit, j] <= p.reach_min:
                        minutes = p.walk_weight * place.walk[unit, j] + p.wait_weight * state.wait[d, j]
                        open_share = place.open_hours[d, j] / (end - start)
                        pull[j] = math.exp(minutes + p.price_weight * a.price + a.quality) * open_share
                total = sum(pull.values()) + math.exp(p.forgo * CATEGORIES[category].worth)
                day = needing[unit, c] * visits[c] * part / p.days_per_month
                for j, x in pull.items():
                    load_day[j] += day * x / total
            gap = weight = 0.0
            for j in there:
                a = place.amenities[j]
                come = load_day[j] + (a.outsiders * part if a.access == "everyone" else 0.0)
                assert come == pytest.approx(state.load[d, j], rel=1e-3, abs=1e-6)
                minutes_each = a.service_min or CATEGORIES[category].service_min
                hours = place.open_hours[d, j]
                wait = float(peak_wait(come / hours, 60 / minutes_each, a.capacity, 60 * hours))
                gap += come * abs(min(wait, CATEGORIES[category].patience_min) - state.wait[d, j])
                weight += come
            assert gap <= 0.051 * weight


@pytest.mark.parametrize("crowd", [0.5, 1.0, 3.0])
def test_the_search_finds_the_same_waits_from_anywhere(crowd):
    model = ParkModel(load("iot-town-community"), seed=3)
    market = model.place.market
    monthly, days = services.wanted(model), services.days_a_month(model)
    daily = crowd * monthly[market.group_daypart, :, market.group_category].T / days[market.group_daypart]
    found = [market.settle(daily, market.patience * share) for share in (0.0, 0.4, 1.0)]
    assert all(one.residual_min <= 0.05 for one in found)
    busy = found[0].load > 1
    for other in found[1:]:
        assert np.abs(other.wait - found[0].wait)[busy].max() < 0.3
        assert other.load == pytest.approx(found[0].load, rel=0.02, abs=0.5)


def test_an_unrelated_place_changes_no_wait():
    base = load("iot-town-park")
    kiosk = {"name": "far-library", "category": "library", "cell": (36, 2), "capacity": 9}
    one = ParkModel(base, seed=3)
    other = ParkModel(base.with_({"amenities": [kiosk]}), seed=3)
    same = [j for j, a in enumerate(base.amenities) if a.category != "library"]
    # not one bit: compared at the start, before anybody who reads may meet somebody there
    assert np.array_equal(one.services.load[:, same], other.services.load[:, same])
    assert np.array_equal(one.services.wait[:, same], other.services.wait[:, same])


def test_canteens_of_different_staff_do_not_feel_each_other():
    second = {
        "name": "east-canteen",
        "category": "canteen",
        "cell": (1, 4),
        "access": "staff",
        "owner": "east",
    }
    waits = []
    for seats in (1, 30):
        model = ParkModel(TINY.with_({"amenities": [{**second, "capacity": seats}]}), seed=3)
        waits.append(model.services.wait[:, 0])
        assert model.services.load[:, -1].sum() > 0
    assert np.array_equal(*waits)


# --- capacity, access, hours ---------------------------------------------------------------------


def test_a_bigger_canteen_never_lowers_what_is_served():
    served, waits = [], []
    for seats in (1, 2, 3, 5, 8, 13, 40):
        model = ParkModel(TINY.with_({**OPEN_CANTEEN, "amenities.alpha-canteen.capacity": seats}), seed=3)
        served.append(headline(model)["served_life_15"])
        waits.append(model.services.wait.max())
    assert np.all(np.diff(served) >= -1e-4)
    assert served[-1] > served[0] + 0.1
    assert np.all(np.diff(waits) <= 0.06)


def test_a_canteen_for_own_staff_keeps_others_out_and_sharing_lets_them_in():
    kept = ParkModel(TINY, seed=3)
    c = column("canteen")
    west = kept.place.unit_anchor == 0
    east = kept.place.unit_building == [b.block for b in kept.place.buildings].index("east")
    assert (kept.services.served[east, c] == 0).all()
    assert (kept.services.served[west, c] > 0).all()
    shared = Intervention(
        kind="change_amenity", name="share", month=1, target="alpha-canteen", set={"access": "everyone"}
    )
    kept.change_layout(shared)
    kept.step()
    assert (kept.services.served[east, c] > 0).all()


def test_whoever_eats_among_own_colleagues_meets_nobody_new():
    model = ParkModel(TINY, seed=3)
    west = model.place.unit_of[[b.block for b in model.place.buildings].index("west"), 0]
    c = column("canteen")
    assert model.services.served[west, c] > 0.5
    assert model.services.met[west, c] == pytest.approx(0)  # alpha's canteen is for alpha's staff


def test_nights_find_closed_doors():
    shifts = {"population.rotating_shift_share": 1}
    closed = ParkModel(TINY.with_(shifts), seed=3)
    c, unit = column("canteen"), closed.posts.unit[np.flatnonzero(closed.posts.filled)[0]]
    west = closed.place.usable[:, 0]
    assert closed.services.served_rotating[west, c] == pytest.approx(
        2 / 3 * closed.services.served[west, c], abs=1e-5
    )
    always = {"amenities.alpha-canteen.opens": 0, "amenities.alpha-canteen.closes": 24}
    open_ = ParkModel(TINY.with_({**shifts, **always}), seed=3)
    night = list(DAYPARTS).index("night")
    assert open_.services.load[night, 0] > 0
    assert closed.services.load[night, 0] == 0
    assert open_.services.served_rotating[unit, c] >= closed.services.served_rotating[unit, c]


def test_days_off_start_at_home():
    model = ParkModel(load("tiny-community"), seed=3)
    flats = next(j for j, a in enumerate(model.layout.amenities) if a.category == "flats")
    everybody = np.flatnonzero(model.posts.filled)
    model.posts.flat[everybody] = -1
    model.posts.flat[everybody[:3]] = flats
    services.play(model)
    off = services.wanted(model)[WEEKEND]
    home = [b.block for b in model.place.buildings].index("dormitory")
    visits, weekend = visits_wanted(model.spec.needs), [k.weekend for k in CATEGORIES.values()]
    needs = model.posts.needs[everybody[:3]]
    expected = [
        visits[c] * weekend[c] * np.count_nonzero(needs >> np.uint32(c) & np.uint32(1))
        for c in range(len(NAMES))
    ]
    assert off[home] == pytest.approx(np.array(expected))
    assert off.sum() == pytest.approx(sum(expected))
    assert services.account(model)["demanded"].sum() == pytest.approx(model.services.demand.sum())


# --- who is remembered ---------------------------------------------------------------------------


def test_a_refused_visitor_is_remembered_with_who_where_and_what():
    model = ParkModel(TINY.with_({**OPEN_CANTEEN, "amenities.alpha-canteen.capacity": 1}), seed=3)
    visits = services.sample_visits(model)
    turned = visits[(visits["category"] == "canteen") & visits["outcome"].isin(["refused", "gave_up"])]
    assert len(turned)
    assert set(turned["amenity"]) == {"alpha-canteen"}
    rows = np.flatnonzero(np.isin(model.posts.identity, turned["identity"].to_numpy(dtype=np.uint64)))
    assert (model.posts.unserved[rows] > 0).all()
    assert (model.posts.served[rows] < 1).all()
    assert (turned.loc[turned["outcome"] == "gave_up", "wait"] == CATEGORIES["canteen"].patience_min).all()
    unmet = services.unmet(model)[:, column("canteen")].sum()
    assert unmet == pytest.approx(services.account(model).loc["canteen"].iloc[2:].sum(), rel=1e-4)


def test_single_visits_add_up_to_the_place_level_shares():
    model = ParkModel(load("iot-town-community"), seed=3)
    visits, account = services.sample_visits(model), services.account(model)
    count = visits.groupby(["category", "outcome"]).size().unstack(fill_value=0)
    for category in ("canteen", "cafe", "gym", "clinic", "pharmacy"):
        total = count.loc[category].sum()
        assert total == pytest.approx(account.loc[category, "demanded"], rel=0.04)
        for outcome in services.OUTCOMES:
            share = account.loc[category, outcome] / account.loc[category, "demanded"]
            assert count.loc[category].get(outcome, 0) / total == pytest.approx(share, abs=0.03)
    at_once = visits.dropna(subset="wait")
    assert (at_once["wait"] >= 0).all()
    assert 0 < visits.attrs["truncated_share"] < 0.1


def test_visits_of_one_person_do_not_depend_on_who_else_is_asked_for():
    model = ParkModel(load("tiny-community"), seed=3)
    rows = np.flatnonzero(model.posts.filled)
    everybody = services.sample_visits(model)
    one = services.sample_visits(model, rows[[7]])
    same = everybody[everybody["identity"] == model.posts.identity[rows[7]]].reset_index(drop=True)
    assert len(one)
    assert one.equals(same)


def test_single_visits_have_at_most_eight_candidates():
    shops = [
        {"name": f"shop-{k}", "category": "convenience", "cell": (5, k % 8), "floor": 1, "capacity": 2}
        for k in range(12)
    ]
    model = ParkModel(TINY.with_({"amenities": shops, "needs.convenience.visits": 60}), seed=3)
    visits = services.sample_visits(model)
    visits = visits[(visits["category"] == "convenience") & (visits["amenity"] != "")]
    desk = dict(zip(model.posts.identity, model.posts.unit, strict=True))
    visits = visits.assign(unit=[desk[i] for i in visits["identity"]])
    assert visits.groupby(["unit", "daypart"])["amenity"].nunique().max() <= services.CANDIDATES
    assert visits.attrs == {} or visits.attrs["truncated_share"] > 0


# --- places that are allotted --------------------------------------------------------------------


def test_kindergarten_places_never_exceed_capacity():
    model = ParkModel(with_kindergarten(), seed=3)
    for _ in range(8):
        model.step()
        held = model.posts.kindergarten[model.posts.filled] >= 0
        assert 1 <= held.sum() <= 3  # who left since the places were given out leaves one free
        services.allot(model)
        assert np.count_nonzero(model.posts.kindergarten[model.posts.filled] >= 0) == 3
        wanting = catchments.demand_by_unit(model, "kindergarten").sum()
        assert headline(model)["placed_share_kindergarten"] == pytest.approx(3 / wanting)
    account = services.account(model).loc["kindergarten"]
    assert account["refused"] > 0
    assert account["demanded"] == pytest.approx(account.iloc[1:].sum())


def test_the_lottery_does_not_depend_on_the_order_of_rows():
    model = ParkModel(with_kindergarten(), seed=3)
    model.posts.kindergarten[:] = -1
    turned = copy.deepcopy(model)
    for name in turned.posts.columns:
        values = getattr(turned.posts, name)
        values[:] = values[::-1].copy()
    winners = []
    for one in (model, turned):
        services.allot(one)
        winners.append(set(one.posts.identity[one.posts.filled & (one.posts.kindergarten >= 0)].tolist()))
    assert len(winners[0]) == 3
    assert winners[0] == winners[1]


def test_who_finds_the_nearest_kindergarten_full_asks_at_the_next():
    two = with_kindergarten(cell=(0, 0), capacity=2).with_(
        {
            "amenities": [
                {
                    "name": "far",
                    "category": "kindergarten",
                    "cell": (5, 7),
                    "capacity": 4,
                    "intake": "anytime",
                }
            ]
        }
    )
    model = ParkModel(two, seed=3)
    assert sorted(np.bincount(model.posts.kindergarten[model.posts.filled] + 1).tolist()[-2:]) == [2, 4]


def test_free_places_of_a_kindergarten_are_given_away_in_september():
    yearly = with_kindergarten().with_({"amenities.nursery.intake": "yearly"})
    model = ParkModel(yearly, seed=3)
    model.posts.kindergarten[:] = -1
    held = [np.count_nonzero(model.run(1).posts.kindergarten >= 0) for _ in range(9)]
    assert held[:8] == [0] * 8  # month 1 is January
    assert held[8] == 3


def test_who_waits_longest_comes_first_and_a_lottery_forgets_it():
    model = ParkModel(with_kindergarten(), seed=3)
    model.posts.kindergarten[:] = -1
    waiting = np.flatnonzero(model.posts.filled & ((model.posts.needs & bits_of(("kindergarten",))) != 0))
    patient = waiting[-3:]
    model.posts.kindergarten_wait[waiting] = -2
    model.posts.kindergarten_wait[patient] = -20
    by_lot = copy.deepcopy(model)
    services.allot(model)
    assert set(np.flatnonzero(model.posts.kindergarten >= 0)) == set(patient)
    by_lot._lay_out(with_kindergarten().with_({"amenities.nursery.priority": "lottery"}).layout)
    services.allot(by_lot)
    assert set(np.flatnonzero(by_lot.posts.kindergarten >= 0)) != set(patient)


def test_a_shared_kindergarten_takes_its_owners_staff_first():
    model = ParkModel(with_kindergarten(owner="alpha", operator="enterprise"), seed=3)
    holders = np.flatnonzero(model.posts.filled & (model.posts.kindergarten >= 0))
    assert (model.place.unit_anchor[model.posts.unit[holders]] == 0).all()


def test_a_kindergarten_that_shrinks_lets_children_go():
    model = ParkModel(with_kindergarten(), seed=3)
    model.change_layout(
        Intervention(kind="change_amenity", name="cut", month=1, target="nursery", set={"capacity": 1})
    )
    model.step()
    assert np.count_nonzero(model.posts.kindergarten[model.posts.filled] >= 0) == 1


# --- coverage beside what is served --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "five", "ten", "west", "east"),
    [("tiny-park", 1 / 6, 1 / 2, 1 / 3, 0), ("tiny-community", 5 / 6, 1, 1, 2 / 3)],
)
def test_coverage_of_the_tiny_parks_is_what_a_pencil_says(name, five, ten, west, east):
    model = ParkModel(load(name).with_({"start.burn_in_months": 0}), seed=3)  # everybody still there
    blocks = [b.block for b in model.place.buildings]
    assert np.count_nonzero(model.posts.filled) == 40
    shown = headline(model)
    assert shown["coverage_daily_5"] == pytest.approx(five)
    assert shown["coverage_daily_10"] == pytest.approx(ten)
    by_building = catchments.building_coverage(model, "daily_5")
    assert by_building[blocks.index("west")] == pytest.approx(west)
    assert by_building[blocks.index("east")] == pytest.approx(east)
    assert np.isnan(by_building[blocks.index("dormitory")])


def test_maps_and_indicators_tell_the_same():
    model = ParkModel(load("iot-town-community"), seed=3).run(1)
    model.memory.requests.clear()
    shown, table = headline(model), catchments.gap(model)
    for circle in model.layout.circles:
        assert table.loc[(circle, ""), "coverage"] == pytest.approx(shown[f"coverage_{circle}"])
        assert table.loc[(circle, ""), "served"] == pytest.approx(shown[f"served_{circle}"], abs=0.01)
        served = catchments.building_served(model, circle)
        assert np.nanmax(served) <= 1
        assert np.nanmin(served) >= 0
    queued = table[~table.index.get_level_values(1).isin(["kindergarten", "after_school"])]
    assert (queued["gap"] > -0.02).all()  # what is far counts for neither


def test_every_preset_of_circles_can_be_asked_for():
    model = ParkModel(load("tiny-community"), seed=3)
    for preset, circles in CIRCLE_PRESETS.items():
        assert list(catchments.gap(model, preset).index.unique(0)) == list(circles)
        for name in circles:
            assert catchments.building_coverage(model, name).shape == (len(model.place.buildings),)
    with pytest.raises(catchments.CatchmentError, match="no circle 'life_51'"):
        catchments.building_served(model, "life_51")


def test_more_time_never_means_fewer_served():
    model = ParkModel(load("iot-town-park"), seed=3)
    every = tuple(n for n, c in CATEGORIES.items() if not c.allotted)
    shares = [services.served_within(model, minutes, every) for minutes in (2, 5, 10, 15, 30, 120)]
    assert all((after >= before - 1e-6).all() for before, after in pairwise(shares))
    assert shares[-1] == pytest.approx(model.services.served, abs=1e-5)


def test_who_gives_up_follows_the_queueing_law():
    model = ParkModel(TINY.with_({**OPEN_CANTEEN, "amenities.alpha-canteen.capacity": 2}), seed=3)
    lunch, hours = list(DAYPARTS).index("lunch"), 1.5
    come = model.services.load[lunch, 0]
    share = float(served_share(come / hours, 60 / 22, 2, 60 * hours, CATEGORIES["canteen"].patience_min))
    lost = model.services.refused[lunch, 0] + model.services.gave_up[lunch, 0]
    assert lost / model.services.asked[lunch, 0] == pytest.approx(1 - share)
    most = 2 * 60 / 22 * hours
    assert model.services.refused[lunch, 0] / model.services.asked[lunch, 0] == pytest.approx(
        min(max(0, 1 - most / come), 1 - share)
    )


def test_access_shares_what_there_is_among_all_who_reach_it():
    model = ParkModel(with_kindergarten(), seed=3)
    for method in ("two_step", "enhanced_two_step", "three_step"):
        access = catchments.accessibility(model, "kindergarten", method=method)
        wanting = catchments.demand_by_unit(model, "kindergarten")
        people = np.bincount(model.place.unit_building, weights=wanting, minlength=access.size)
        some = people > 0
        assert (access[some] * people[some]).sum() == pytest.approx(3)  # three places, nobody else
    with pytest.raises(catchments.CatchmentError, match="did you mean 'canteen'"):
        catchments.accessibility(model, "cantine")


# --- layouts that change -------------------------------------------------------------------------


def test_places_open_move_and_close_by_name():
    c = column("cafe")
    cafe = {"name": "new-cafe", "category": "cafe", "cell": (5, 7), "capacity": 10}
    plan = [
        {"kind": "add_amenity", "name": "open", "month": 1, "amenity": cafe},
        {
            "kind": "move_amenity",
            "name": "move",
            "month": 2,
            "target": "new-cafe",
            "set": {"block": "pavilion"},
        },
        {"kind": "close_amenity", "name": "close", "month": 3, "target": "new-cafe"},
    ]
    model = ParkModel(TINY.with_({"interventions": plan}), seed=3)
    assert (model.services.served[:, c] == 0).all()
    model.step()
    far = model.place.walk[:, -1].copy()
    assert (model.services.served[:, c] > 0).any()
    model.step()
    assert (model.place.walk[:, -1] < far).any()
    model.step()
    assert "new-cafe" not in [a.name for a in model.layout.amenities]
    assert (model.services.served[:, c] == 0).all()


def test_a_move_to_nowhere_is_a_fault():
    from parksim.errors import ScenarioError

    move = {
        "kind": "move_amenity",
        "name": "move",
        "month": 2,
        "target": "corner-shop",
        "set": {"cell": (3, 3)},
    }
    with pytest.raises(ScenarioError, match="no amenity can stand there"):
        TINY.with_({"interventions": [move]})


def test_a_pickled_model_goes_on_as_if_nothing_had_been():
    import pickle

    one = ParkModel(load("tiny-community"), seed=3).run(2)
    other = pickle.loads(pickle.dumps(one))
    for model in (one, other):
        model.run(2)
    assert np.array_equal(one.services.wait, other.services.wait)
    assert np.array_equal(one.services.met, other.services.met)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("amenities: [{name: alpha-canteen, capacity: 0}]", "capacity"),
        ("amenities: [{name: alpha-canteen, capacity: -3}]", "capacity"),
        ("amenities: [{name: alpha-canteen, opens: 14, closes: 11}]", "before they start"),
        ("amenities: [{name: alpha-canteen, owner: null}]", "nobody may use it"),
        ("amenities: [{name: alpha-canteen, owner: beta}]", "no block or anchor enterprise 'beta'"),
        ("circles: {daily_5: {minutes: 5, categories: [cantine]}}", "did you mean 'canteen'"),
        ("circles: iot-village", "unknown preset"),
        ("amenities: [{name: alpha-canteen, service_min: 0}]", "service_min"),
    ],
)
def test_bad_places_are_told_before_anything_is_played(tmp_path, text, told):
    file = tmp_path / "bad.yaml"
    file.write_text(f"parksim: 1\nextends: tiny-park\nname: bad\ntitle: Bad\n{text}\n", encoding="utf-8")
    problems = check(str(file))
    assert problems
    assert any(told in str(problem) for problem in problems), problems
