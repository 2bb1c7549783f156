"""From home to the park: where people live, what reaches them, and roads that a pencil can drive."""

from itertools import pairwise

import numpy as np
import pytest

from parksim import load
from parksim.chance import Chance
from parksim.homes import choose_zone, zone_codes, zone_utility
from parksim.model import ParkModel
from parksim.world.city import BICYCLE, BUS, METRO, SHUTTLE, WALK
from parksim.world.place import Place

TINY = load("tiny-park")


def place_of(scenario):
    return Place(scenario, scenario.layout)


# --- what reaches whom ---------------------------------------------------------------------------


def test_a_bus_ride_is_access_half_a_headway_the_ride_and_the_walk():
    ways = place_of(TINY).journeys
    p = TINY.parameters.travel
    west, east = 0, 1
    for zone, ride in enumerate((20, 40)):
        assert ways.fixed[BUS, zone, west] == pytest.approx(p.bus_access_min + 10 / 2 + 5, abs=1e-6)
        assert ways.fixed[BUS, zone, east] == pytest.approx(p.bus_access_min + 10 / 2 + 8, abs=1e-6)
        assert (ways.stretch[BUS, zone] == ride).all()


def test_a_metro_ride_grows_with_distance_and_the_way_to_the_station_does_not():
    metro = {"name": "station", "kind": "metro", "cell": [3, 0], "headway_min": 4}
    town = TINY.with_(
        {"gateways": [metro], "city.zones.North.metro_min": 30, "city.zones.North.station_km": 0.6}
    )
    ways, p = place_of(town).journeys, town.parameters.travel
    feeder = min(0.6 / p.walk_kmh * 60, p.station_feeder_wait_min + 0.6 / p.station_feeder_kmh * 60)
    assert ways.stretch[METRO, 0, 0] == 30
    assert ways.fixed[METRO, 0, 0] == pytest.approx(feeder + 2 + 5)
    assert np.isinf(ways.fixed[METRO, 1]).all()  # South has no station
    assert np.isinf(ways.fixed[SHUTTLE]).all()


def test_opening_a_fence_never_lengthens_anybodys_walk():
    park = load("iot-town-park")
    before = place_of(park)
    for fence in park.map.fences:
        after = place_of(park.with_({f"map.fences.{fence.name}.open": True}))
        assert (after.gateway_walk <= before.gateway_walk).all()
        for mode in (WALK, BICYCLE, BUS, METRO):
            total = [w.journeys.fixed[mode] + w.journeys.stretch[mode] for w in (before, after)]
            assert (total[1] <= total[0] + 1e-9).all()


# --- roads ---------------------------------------------------------------------------------------


def test_a_drive_in_the_tiny_park_equals_pencil_and_paper():
    """Seven cells of 100 m to the west block's road cell, four to the east one's; 500 m of yard each."""
    p = TINY.parameters.travel
    drive = place_of(TINY).streets.drive(np.zeros((2, 4)))
    yard = 0.5 / p.driveway_kmh * 60
    for building, cells in ((0, 7), (1, 4)):
        road = cells * 0.1 / p.park_road_kmh * 60
        minutes = p.entrance_min + road + yard + p.parking_search_min
        assert drive.minutes[:, building] == pytest.approx(minutes, abs=1e-6)


def test_main_roads_are_faster_by_their_speed():
    p = TINY.parameters.travel
    main = TINY.with_({"map.legend": {"=": {"use": "road", "road": "main"}}})
    slow, fast = (place_of(s).streets.drive(np.zeros((2, 4))).minutes[0, 0] for s in (TINY, main))
    assert slow - fast == pytest.approx(0.7 * 60 * (1 / p.park_road_kmh - 1 / p.main_road_kmh), abs=1e-6)


def test_a_fence_across_the_road_closes_it_and_a_gate_opens_it():
    fence = {"name": "barrier", "cells": [0, 0, 5, 3]}  # between the fourth column and the fifth
    gate = {"name": "barrier-gate", "fence": "barrier", "cell": [3, 3], "side": "E"}
    shut = place_of(TINY.with_({"map.fences": [fence]})).streets
    let = place_of(TINY.with_({"map.fences": [fence], "map.gates": [gate]})).streets
    assert np.isinf(shut.drive(np.zeros((2, 4))).minutes[:, 0]).all()
    assert not shut.reached[0]
    assert let.drive(np.zeros((2, 4))).minutes[:, 0] == pytest.approx(10.6, abs=1e-6)


def test_homes_in_the_east_drive_in_from_the_east():
    west = {"name": "west-road", "kind": "road", "cell": [3, 0], "capacity": 600}
    town = TINY.with_({"gateways": [west], "city.zones.North.lies": "E", "city.zones.South.lies": "W"})
    streets = place_of(town).streets
    flow = {}
    for zone in range(2):
        cars = np.zeros((2, 4))
        cars[zone, :2] = 10
        flow[zone] = dict(zip(streets.entrances, streets.drive(cars).entrance_flow, strict=True))
    assert flow[0]["east-road"] > flow[1]["east-road"]
    assert flow[1]["west-road"] > flow[0]["west-road"]


@pytest.mark.parametrize("cars", [1.0, 60.0, 600.0])
def test_every_car_comes_through_one_entrance_and_into_one_car_park(cars):
    park = load("iot-town-park")
    streets = place_of(park).streets
    people = np.random.default_rng(1).uniform(
        0, 2 * cars / 1352, (len(park.city.zones), len(streets.reached))
    )
    people[:, ~streets.reached] = 0
    drive = streets.drive(people)
    assert drive.entrance_flow.sum() == pytest.approx(people.sum(), rel=1e-3)
    parked = sum(
        taken * lot.places * park.parameters.travel.peak_hour_share
        for taken, lot in zip(drive.taken, park.car_parks, strict=True)
    )
    assert parked <= people.sum() * (1 + 1e-3)
    assert (drive.minutes[:, streets.reached] > 0).all()


def test_a_wider_entrance_never_lengthens_the_drive():
    cars = np.full((2, 4), 40.0)
    minutes = [
        place_of(TINY.with_({"gateways.east-road.capacity": width})).streets.drive(cars).minutes.mean()
        for width in (50, 100, 200, 400, 800)
    ]
    assert all(wide <= narrow for narrow, wide in pairwise(minutes))
    assert minutes[-1] < minutes[0] - 1


# --- car parks -----------------------------------------------------------------------------------


def with_lots(near_places, **near):
    """West's people park at their block or at the far end of the road."""
    lots = [
        {"name": "near", "cell": [2, 0], "places": near_places, **near},
        {"name": "far", "cell": [4, 7], "places": 1000},
    ]
    return TINY.with_({"car_parks": lots, "parameters.travel.parking_reach_min": 15})


def to_west(scenario, cars):
    trips = np.zeros((2, 4))
    trips[:, 0] = cars / 2
    return place_of(scenario).streets.drive(trips)


def test_a_fuller_car_park_sends_people_to_a_longer_walk():
    drives = [to_west(with_lots(places), 60.0) for places in (400, 120, 60, 20)]
    far = [drive.taken[1] for drive in drives]
    assert far[0] == pytest.approx(0, abs=1e-5)
    assert far == sorted(far)
    assert far[-1] > 0.05
    minutes = [drive.minutes[0, 0] for drive in drives]
    assert minutes == sorted(minutes)


def test_a_dearer_car_park_is_emptier_and_what_people_pay_is_what_they_chose():
    cheap, dear = (to_west(with_lots(60, price=price), 40.0) for price in (0, 40))
    assert dear.taken[0] < cheap.taken[0]
    assert cheap.price[0, 0] == 0
    assert 0 <= dear.price[0, 0] <= 20


def test_a_staff_car_park_is_for_staff():
    own = to_west(with_lots(100, access="staff", owner="west"), 20.0)
    others = to_west(with_lots(100, access="staff", owner="east"), 20.0)
    assert own.taken[0] > 0.1
    assert others.taken[0] == pytest.approx(0, abs=1e-3)


# --- where people live ---------------------------------------------------------------------------


def test_a_large_sample_lives_where_the_logit_says():
    minutes = np.array([[30.0, 32.0], [45.0, 43.0]])
    n = 200_000
    ids = Chance(4).identities("person", np.arange(n, dtype=np.uint64))
    for tied in (False, True):
        utility = zone_utility(TINY, minutes, tied=tied)
        zone, best = choose_zone(
            Chance(4), ids, np.full(n, tied), np.ones(n, int), (utility, utility), zone_codes(TINY)
        )
        p = TINY.parameters.home
        slope = p.deterrence_tied if tied else p.deterrence_free
        weight = [
            0.5 * np.exp(slope * 32),
            0.5 * np.exp(slope * 43),
        ]
        share = weight[0] / sum(weight)
        assert np.mean(zone == 0) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / n))
        # the greatest of Gumbel errors is Gumbel around the logsum
        logsum = np.log(sum(np.exp(utility[:, 1])))
        assert best.mean() == pytest.approx(logsum + np.euler_gamma, abs=0.02)


def test_who_is_tied_lives_farther_out():
    model = ParkModel(load("iot-town-park").with_({"start.burn_in_months": 0}), seed=2)
    posts = model.posts
    rows = np.flatnonzero(posts.filled)
    expected = model.travel.expected.mean(axis=1)[posts.zone[rows]]
    assert expected[posts.tied[rows]].mean() > expected[~posts.tied[rows]].mean() + 5


def test_the_spread_of_distance_has_mean_one():
    model = ParkModel(load("iot-town-park").with_({"start.burn_in_months": 0}), seed=2)
    factor = model.posts.spread[model.posts.filled]
    assert factor.mean() == pytest.approx(1, abs=0.01)
    assert np.log(factor).std() == pytest.approx(model.spec.parameters.home.distance_spread, rel=0.03)
