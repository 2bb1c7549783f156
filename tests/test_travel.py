"""The way to the desk: pencil and paper where a pencil can follow, and the right people moved elsewhere."""

import pickle
from itertools import pairwise

import numpy as np
import pytest

from parksim import load
from parksim.errors import ScenarioError
from parksim.model import ParkModel
from parksim.phases import measure, travel
from parksim.scenario.schema import MODES
from parksim.world.place import Place

TINY = load("tiny-park")
BUS, SHUTTLE, CAR = (MODES.index(mode) for mode in ("bus", "shuttle", "car"))
EVERYBODY_DRIVES = {
    "population.car_share": {"low": 1, "middle": 1, "high": 1},
    "parameters.travel.asc_car": 1.2,
}


def people(model):
    """Rows of everybody who travelled, with home zone and building."""
    posts = model.posts
    rows = np.flatnonzero(posts.filled & (posts.mode >= 0))
    return rows, posts.zone[rows], model.place.unit_building[posts.unit[rows]]


# --- pencil and paper ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "walk"), [("tiny-park", (5, 8)), ("tiny-community", (2, 5))])
def test_the_commute_of_the_tiny_scenarios_equals_pencil_and_paper(name, walk):
    """6 min to the stop, half a headway of 10, 20 or 40 min in the bus, the walk; desks at street level."""
    model = ParkModel(load(name).with_({"start.burn_in_months": 0}), seed=3)
    posts = model.posts
    rows, zone, building = people(model)
    by_bus = posts.flat[rows] < 0
    assert (posts.mode[rows][by_bus] == BUS).all()
    expected = 6 + 5 + np.array([20, 40])[zone[by_bus]] + np.array(walk)[building[by_bus]]
    np.testing.assert_allclose(posts.commute_min[rows][by_bus], expected, atol=0.006)


def test_riders_without_a_seat_wait_for_half_the_time_the_queue_needs():
    waits = travel.wait_for_seat(np.array([30.0, 40.0, 60.0, 80.0]), np.array([40.0, 40.0, 40.0, np.inf]))
    assert waits == pytest.approx([0, 0, 15, 0])  # 60 for 40 seats an hour: the last waits half an hour


def test_fuller_buildings_wait_longer_for_the_lift():
    place = ParkModel(load("iot-town-park").with_({"start.burn_in_months": 0})).place
    heads = [np.full(len(place.buildings), n) for n in (0.0, 200.0, 500.0, 2000.0)]
    up = [place.peak_minutes_up(n) for n in heads]
    assert all((fuller >= emptier).all() for emptier, fuller in pairwise(up))
    high = np.array([b.floors >= 8 for b in place.buildings])
    assert (up[-1][high, 8] > up[0][high, 8]).any()
    assert (up[0][:, 1] == 0).all()  # the ground floor


def test_one_parent_takes_the_child_and_a_place_in_the_park_is_a_detour_on_foot():
    model = ParkModel(load("iot-town-community").with_({"start.burn_in_months": 0}), seed=1)
    model.run(2)
    posts, p = model.posts, model.spec.parameters.travel
    rows, _, building = people(model)
    extra = travel.school_run(model, rows, building)
    needs = measure.bits_of(("kindergarten", "school"))
    assert ((extra > 0) == ((posts.needs[rows] & needs) != 0)).all()
    near_home = (posts.needs[rows] & needs != 0) & (posts.kindergarten[rows] < 0) & (posts.school[rows] < 0)
    assert extra[near_home] == pytest.approx(p.school_run_min + p.drop_off_min)
    inside = [a.name for a in model.place.amenities].index("kindergarten-hikvision")
    held = posts.kindergarten[rows] == inside
    detour = model.place.school_detour[building[held], inside]
    assert extra[held] == pytest.approx(detour + p.drop_off_min)


# --- choices -------------------------------------------------------------------------------------


def test_a_large_sample_travels_as_the_logit_says():
    town = load("iot-town-park").with_({"start.burn_in_months": 0, "parameters.home.distance_spread": 0})
    model = ParkModel(town, seed=5)
    posts, place, state, p = model.posts, model.place, model.travel, town.parameters.travel
    rows, zone, building = people(model)
    ways = place.journeys
    base = ways.fixed + ways.stretch + state.lost
    up = state.up[building, posts.floor[rows]] + travel.school_run(model, rows, building)
    minutes = base[:, zone, building] + up
    utility = np.array([getattr(p, f"asc_{mode}") for mode in MODES])[:, None] + p.time_weight * minutes
    utility += p.cost_weight * ways.cost[:, zone]
    utility[CAR] += p.cost_weight * state.parking[zone, building]
    open_to = {
        "walk": ways.km[zone] <= p.walk_range_km,
        "bicycle": ways.km[zone] <= p.bicycle_range_km,
        "ebike": (ways.km[zone] <= p.ebike_range_km) & posts.ebike[rows],
        "car": posts.car[rows],
    }
    for mode, whose in open_to.items():
        utility[MODES.index(mode)][~whose] = -np.inf
    odds = np.exp(utility)
    odds /= odds.sum(axis=0)
    for m in range(len(MODES)):
        sd = np.sqrt((odds[m] * (1 - odds[m])).sum())
        assert abs(np.count_nonzero(posts.mode[rows] == m) - odds[m].sum()) <= 4 * sd + 1e-9


def test_a_shuttle_moves_people_along_its_zones_only():
    line = {
        "name": "north-line",
        "kind": "shuttle",
        "cell": [3, 0],
        "headway_min": 10,
        "minutes": {"North": 12},
    }
    opened = TINY.with_({"interventions": [
        {"kind": "add_gateway", "name": "open-line", "month": 1, "gateway": line}]})  # fmt: skip
    before, after = (ParkModel(s, seed=1).run(1) for s in (TINY, opened))
    rows, zone, _ = people(before)
    was, now = before.posts.mode[rows], after.posts.mode[rows]
    moved = was != now
    assert moved.any()
    assert set(zone[moved]) == {0}
    assert set(now[moved]) == {SHUTTLE}
    assert (after.posts.commute_min[rows] <= before.posts.commute_min[rows]).all()
    in_file = TINY.with_({"gateways": [line]})  # one line in the file is the same place
    assert (Place(in_file, in_file.layout).journeys.fixed == after.place.journeys.fixed).all()


def test_a_metro_station_shortens_the_way_of_those_who_take_it():
    station = {"name": "line-7", "kind": "metro", "cell": [3, 3], "headway_min": 5, "minutes": {"South": 15}}
    opened = TINY.with_({"interventions": [
        {"kind": "add_gateway", "name": "open-line-7", "month": 1, "gateway": station}]})  # fmt: skip
    before, after = (ParkModel(s, seed=1).run(1) for s in (TINY, opened))
    rows, zone, _ = people(before)
    saved = before.posts.commute_min[rows] - after.posts.commute_min[rows]
    assert (saved[zone == 0] == 0).all()
    assert (saved[zone == 1] >= 0).all()
    assert saved[zone == 1].max() > 15


def test_few_seats_keep_a_shuttles_share_down():
    riders, waits = [], []
    for seats in (None, 20, 8, 3):
        line = {
            "name": "line",
            "kind": "shuttle",
            "cell": [3, 0],
            "minutes": {"North": 12, "South": 20},
            "seats": seats,
        }
        model = ParkModel(TINY.with_({"gateways": [line]}), seed=1)
        rows, _, _ = people(model)
        riders.append(np.count_nonzero(model.posts.mode[rows] == SHUTTLE))
        waits.append(model.travel.gate_delay.get("line", 0.0))
        assert model.travel.residual_min <= travel.CONVERGED_MIN
    assert waits[0] == 0
    assert waits == sorted(waits)
    assert waits[-1] > 5
    assert riders == sorted(riders, reverse=True)
    assert riders[-1] < riders[0]


# --- traffic -------------------------------------------------------------------------------------


def drivers_town(width):
    return ParkModel(TINY.with_({**EVERYBODY_DRIVES, "gateways.east-road.capacity": width}), seed=2)


def test_a_wider_entrance_never_lengthens_the_mean_drive():
    models = [drivers_town(width) for width in (4, 6, 10, 20, 600)]
    delay = [float(m.travel.car_delay[:, :2].mean()) for m in models]
    assert all(wide <= narrow + 0.06 for narrow, wide in pairwise(delay))
    assert delay[-1] < delay[0] - 1
    cars = [float(m.travel.entrance_flow.sum()) for m in models]
    assert cars == pytest.approx([cars[0]] * 5, rel=0.02)  # the only bus stands in the same queue


def test_buses_stand_in_the_queue_of_the_entrance_beside_their_stop():
    narrow, wide = drivers_town(4), drivers_town(600)
    lost = narrow.travel.gate_delay["bus-stop"]
    assert lost > 0.5
    assert wide.travel.gate_delay.get("bus-stop", 0) < 0.05
    by_bus = narrow.travel.minutes[BUS] - wide.travel.minutes[BUS]
    np.testing.assert_allclose(by_bus, lost - wide.travel.gate_delay.get("bus-stop", 0), atol=0.011)


def test_cars_that_choose_to_come_pass_the_entrances():
    model = drivers_town(600)
    p = model.spec.parameters.travel
    rows, _, _ = people(model)
    driving = np.count_nonzero(model.posts.mode[rows] == CAR)
    expected = model.travel.entrance_flow.sum() * p.car_occupancy / p.peak_hour_share
    assert abs(driving - expected) <= 4 * np.sqrt(rows.size / 4)


@pytest.mark.parametrize(
    "changes",
    [{}, {"gateways.road-north.capacity": 200, "parameters.travel.main_road_capacity": 300}],
    ids=["as it is", "congested"],
)
def test_times_and_choices_agree_within_ten_rounds(changes):
    model = ParkModel(load("iot-town-park").with_({"start.burn_in_months": 2, **changes}), seed=1)
    for _ in range(3):
        model.step()
        assert model.travel.residual_min <= travel.CONVERGED_MIN
        assert 1 <= model.travel.rounds <= travel.MAX_ROUNDS


def test_a_model_put_away_and_taken_out_again_travels_to_the_same_bits():
    model = ParkModel(load("iot-town-park").with_({"start.burn_in_months": 1}), seed=1).run(1)
    again = pickle.loads(pickle.dumps(model))
    for each in (model, again):
        each.step()
    for column in ("mode", "commute_min", "km"):
        assert (getattr(model.posts, column) == getattr(again.posts, column)).all()
    assert (model.travel.car_delay == again.travel.car_delay).all()


# --- measured ------------------------------------------------------------------------------------


def test_the_maps_of_minutes_have_the_mean_of_all():
    model = ParkModel(load("iot-town-park").with_({"start.burn_in_months": 0}), seed=1).run(1)
    rows, zone, building = people(model)
    mean = model.posts.commute_min[rows].mean(dtype=float)
    for minutes, where in ((measure.building_minutes(model), building), (measure.zone_minutes(model), zone)):
        count = np.bincount(where, minlength=len(minutes))
        assert np.isnan(minutes[count == 0]).all()
        assert np.average(minutes[count > 0], weights=count[count > 0]) == pytest.approx(mean)


# --- parksim check -------------------------------------------------------------------------------


def fault(changes):
    with pytest.raises(ScenarioError) as caught:
        TINY.with_(changes)
    return str(caught.value)


def test_a_building_nobody_can_walk_to_is_named_with_its_cell_and_its_fence():
    said = fault({"map.gates": [{"name": "west-gate", "remove": True}]})
    assert "nobody can walk from a gateway to the office of block 'west' at cell [1, 1]" in said
    assert "fence 'west-fence' around it has no gate" in said
    assert "east" not in said


def test_a_road_that_leads_nowhere_is_named_with_its_cell():
    barrier = {"name": "barrier", "cells": [0, 7, 5, 7]}
    said = fault({"map.fences": [barrier]})
    assert "gateways.east-road.cell: its road at cell [3, 7] leads to no office, lab or factory" in said


def test_a_zone_without_a_way_is_named():
    said = fault({"gateways": [
        {"name": "east-road", "remove": True}, {"name": "bus-stop", "remove": True},
        {"name": "stop", "kind": "bus", "cell": [3, 0], "minutes": {"North": 20}},
    ], "amenities": [{"name": "corner-shop", "remove": True}]})  # fmt: skip
    assert "city.zones.South: no way leads from there to the park" in said
    assert "20 km is beyond" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gateways.east-road.cell": [0, 0]}, ["gateways.east-road.cell", "road cell", "[0, 0] is green"]),
        ({"gateways.bus-stop.headway_min": -5}, ["gateways.bus-stop.headway_min", "-5", "above 0"]),
        ({"gateways.east-road.seats": 40}, ["gateways.east-road.seats", "a road has no seats"]),
        ({"parameters.travel.walk_kmh": 30}, ["parameters.travel.walk_kmh", "30", "8"]),
        ({"parameters.travel.park_road_kmh": 300}, ["parameters.travel.park_road_kmh", "300", "60"]),
        (
            {"car_parks": [{"name": "p", "cell": [9, 9], "places": 5}]},
            ["car_parks.p.cell", "[9, 9] is off the map"],
        ),
        (
            {"car_parks": [{"name": "p", "block": "wst", "places": 5}]},
            ["car_parks.p.block", "did you mean 'west'"],
        ),
    ],
)
def test_what_cannot_be_is_named_with_its_place(changes, words):
    said = fault(changes)
    for word in words:
        assert word in said
