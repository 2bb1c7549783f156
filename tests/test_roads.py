"""Statements about roads: where drivers go, what it costs them, and what is refused."""

from __future__ import annotations

import doctest
import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from parksim.errors import ParksimError
from parksim.world import roads as module
from parksim.world.roads import Network, RoadError, assign

COLUMNS = ["init", "term", "capacity", "free_flow_time", "b", "power"]


def roads(*rows, **more):
    return pd.DataFrame(rows, columns=COLUMNS).assign(**more)


def trips(*rows):
    return pd.DataFrame(rows, columns=["origin", "destination", "trips"])


def town(seed, side=4, zones=5, crowd=40.0):
    """A grid town with streets of every kind, and trips between some corners."""
    rng = np.random.default_rng(seed)
    at = {(i, j): f"{i}.{j}" for i in range(side) for j in range(side)}
    ends = [
        (at[i, j], at[i + di, j + dj])
        for i, j in at
        for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0))
        if (i + di, j + dj) in at
    ]
    rows = [
        (
            a,
            b,
            rng.uniform(20, 200),
            float(rng.integers(0, 5)),
            rng.choice([0, 0.15, 1]),
            rng.choice([0, 0.5, 1, 4]),
        )
        for a, b in ends
    ]
    places = rng.choice(list(at.values()), zones, replace=False).tolist()
    pairs = [(a, b, rng.exponential(crowd)) for a in places for b in places]
    return roads(*rows), trips(*pairs)


# --- oracles that share nothing with the solver ----------------------------------------------------


def minutes_on(link, flow):
    """Delay of one link, written out once more."""
    volume = flow + getattr(link, "background", 0.0)
    if link.b == 0 or link.power == 0:
        return link.free_flow_time * (1 + link.b)
    return link.free_flow_time * (1 + link.b * (volume / link.capacity) ** link.power)


def every_route(links, origin, destination, no_through=()):
    """All routes without a loop, as tuples of link positions, by walking everywhere."""
    found = []

    def walk(node, seen, taken):
        if node == destination:
            found.append(tuple(taken))
            return
        if node in no_through and node != origin:
            return
        for k, link in enumerate(links.itertuples()):
            if link.init == node and link.term not in seen:
                walk(link.term, seen | {link.term}, [*taken, k])

    walk(origin, {origin}, [])
    return found


def leaving(links, flow, node):
    return flow[(links["init"] == node).to_numpy()].sum() - flow[(links["term"] == node).to_numpy()].sum()


# --- worked by pencil ------------------------------------------------------------------------------


def test_two_roads_share_trips_so_that_both_take_equally_long():
    # 10 (1 + x/10) = 15 (1 + y/15) with x + y = 25: 10 + x = 15 + y, so x = 15, y = 10, and both take 25.
    both = roads(("home", "work", 10, 10, 1, 1), ("home", "work", 15, 15, 1, 1))
    answer = assign(both, trips(("home", "work", 25)), gap=1e-12)
    np.testing.assert_allclose(answer.flow, [15, 10], rtol=1e-9)
    np.testing.assert_allclose(answer.time, [25, 25], rtol=1e-9)
    np.testing.assert_allclose(answer.minutes, [25], rtol=1e-9)
    assert answer.total_time == pytest.approx(625)
    assert answer.objective == pytest.approx((10 * 15 + 15**2 / 2) + (15 * 10 + 10**2 / 2))
    assert answer.converged
    assert answer.gap <= 1e-12


def test_a_detour_that_is_too_long_stays_empty():
    both = roads(("home", "work", 10, 10, 1, 1), ("home", "work", 15, 40, 1, 1))
    answer = assign(both, trips(("home", "work", 25)))
    assert answer.flow.tolist() == [25, 0]
    assert answer.minutes.tolist() == [35]


def test_a_new_road_can_make_everybody_slower():
    """Braess (1968): 10 x and 50 + x around, 10 + x across; six drivers need 83 without it and 92 with it."""
    tiny = 1e-6  # tiny (1 + x / (tiny / 10)) = tiny + 10 x
    around = roads(
        ("s", "a", tiny / 10, tiny, 1, 1),
        ("a", "t", 50, 50, 1, 1),
        ("s", "b", 50, 50, 1, 1),
        ("b", "t", tiny / 10, tiny, 1, 1),
    )
    across = pd.concat([around, roads(("a", "b", 10, 10, 1, 1))], ignore_index=True)
    six = trips(("s", "t", 6))
    assert assign(around, six, gap=1e-10).minutes[0] == pytest.approx(83, abs=1e-4)
    slower = assign(across, six, gap=1e-10)
    assert slower.minutes[0] == pytest.approx(92, abs=1e-4)
    np.testing.assert_allclose(slower.flow, [4, 2, 2, 4, 2], atol=1e-4)


def test_traffic_that_is_always_there_takes_up_room_but_is_not_counted():
    # 10 (1 + (x + 5)/10) = 15 + x against 15 + y: half of 20 each.
    both = roads(("home", "work", 10, 10, 1, 1), ("home", "work", 15, 15, 1, 1), background=[5.0, 0.0])
    answer = assign(both, trips(("home", "work", 20)), gap=1e-12)
    np.testing.assert_allclose(answer.flow, [10, 10], rtol=1e-9)
    np.testing.assert_allclose(answer.time, [25, 25], rtol=1e-9)
    assert answer.total_time == pytest.approx(500)
    assert answer.objective == pytest.approx(2 * (15 * 10 + 10**2 / 2))


# --- what equilibrium means ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_used_routes_are_equally_fast_and_no_unused_one_is_faster(seed):
    links, demand = town(seed, side=3, zones=4)
    answer = assign(links, demand, gap=1e-11)
    assert answer.converged
    time = np.array(
        [minutes_on(link, flow) for link, flow in zip(links.itertuples(), answer.flow, strict=True)]
    )
    np.testing.assert_allclose(answer.time, time, rtol=1e-12)
    for row, minutes in zip(demand.itertuples(), answer.minutes, strict=True):
        if row.origin == row.destination:
            assert minutes == 0
            continue
        fastest = min(sum(time[list(route)]) for route in every_route(links, row.origin, row.destination))
        assert minutes == pytest.approx(fastest, rel=1e-9)
    for k, pair in enumerate(answer.routes.pairs):
        route = answer.routes.link[answer.routes.start[k] : answer.routes.start[k + 1]]
        fastest = min(sum(time[list(other)]) for other in every_route(links, *pair))
        wanted = demand.query("origin == @pair[0] and destination == @pair[1]")["trips"].sum()
        wasted = answer.routes.share[k] * wanted * (time[route].sum() - fastest)
        assert wasted <= 1e-9 * answer.total_time


@pytest.mark.parametrize("seed", range(6))
def test_no_trip_is_lost_on_the_way(seed):
    links, demand = town(seed, side=6, zones=8)
    answer = assign(links, demand)
    moving = demand[demand["origin"] != demand["destination"]]
    for node in pd.unique(links["init"]):
        starts = moving.loc[moving["origin"] == node, "trips"].sum()
        ends = moving.loc[moving["destination"] == node, "trips"].sum()
        assert leaving(links, answer.flow, node) == pytest.approx(
            starts - ends, abs=1e-9 * moving["trips"].sum()
        )
    assert (answer.flow >= 0).all()
    assert answer.total_time == pytest.approx(moving["trips"] @ answer.minutes[moving.index], rel=1e-5)


def test_the_objective_is_as_low_as_a_general_optimiser_finds():
    rng = np.random.default_rng(3)
    ends = [("a", "b"), ("a", "c"), ("b", "c"), ("c", "b"), ("b", "d"), ("c", "d"), ("a", "d")]
    links = roads(
        *(
            (*e, rng.uniform(5, 15), rng.uniform(1, 5), 0.8, p)
            for e, p in zip(ends, itertools.cycle([1, 2, 4]))
        )
    )
    demand = trips(("a", "d", 30), ("b", "d", 12), ("c", "b", 9))
    every = [
        (k, route) for k, row in enumerate(demand.itertuples()) for route in every_route(links, *row[1:3])
    ]
    use = np.zeros((len(links), len(every)))
    own = np.zeros((len(demand), len(every)))
    for j, (k, route) in enumerate(every):
        use[list(route), j] = 1
        own[k, j] = 1
    c, t, b, p = (links[name].to_numpy(dtype=float) for name in COLUMNS[2:])

    def beckmann(h):
        v = use @ h
        return np.sum(t * v + t * b * c / (p + 1) * (v / c) ** (p + 1))

    def slope(h):
        return use.T @ (t * (1 + b * (use @ h / c) ** p))

    wanted = demand["trips"].to_numpy(dtype=float)
    best = minimize(
        beckmann,
        own.T @ (wanted / own.sum(axis=1)),
        jac=slope,
        method="SLSQP",
        bounds=[(0, None)] * len(every),
        constraints=LinearConstraint(own, wanted, wanted),
        options={"ftol": 1e-13, "maxiter": 500},
    )
    answer = assign(links, demand, gap=1e-11)
    assert best.success
    assert answer.objective == pytest.approx(best.fun, rel=1e-8)
    assert answer.objective <= best.fun * (1 + 1e-10)
    np.testing.assert_allclose(answer.flow, use @ best.x, atol=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    capacity=st.floats(5, 500),
    wider=st.floats(1, 10),
    b=st.floats(0, 2),
    power=st.floats(0, 6),
    cars=st.floats(0, 1000),
)
def test_a_wider_entrance_never_takes_longer(capacity, wider, b, power, cars):
    def mean(room):
        links = roads(
            ("town", "gate", room, 2, b, power),
            ("gate", "plant", 300, 3, 0.15, 4),
            ("town", "plant", 80, 9, 0.15, 4),
        )
        return assign(links, trips(("town", "plant", cars)), gap=1e-10).minutes[0]

    assert mean(capacity * wider) <= mean(capacity) * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), crowd=st.floats(0.1, 2000))
def test_any_town_however_crowded_comes_to_rest(seed, crowd):
    answer = assign(*town(seed, side=5, zones=6, crowd=crowd), gap=1e-8)
    assert answer.converged, answer.message


# --- roads of every kind ---------------------------------------------------------------------------


def test_nobody_drives_through_a_centroid():
    links = roads(("a", "z", 10, 1, 1, 1), ("z", "b", 10, 1, 1, 1), ("a", "b", 10, 9, 0, 0))
    through = assign(links, trips(("a", "b", 4)))
    around = assign(links, trips(("a", "b", 4), ("a", "z", 1), ("z", "b", 2)), no_through=["z"])
    assert through.flow.tolist() == [4, 4, 0]
    assert around.flow.tolist() == [1, 2, 4]
    np.testing.assert_allclose(around.minutes, [9, 1.1, 1.2])


@pytest.mark.parametrize("seed", range(8))
def test_with_centroids_closed_no_open_route_is_faster(seed):
    links, demand = town(seed, side=3, zones=5)
    closed = sorted(set(demand["origin"]))[:1]
    answer = assign(links, demand, gap=1e-10, no_through=closed)
    for k, (origin, destination) in enumerate(answer.routes.pairs):
        route = answer.routes.link[answer.routes.start[k] : answer.routes.start[k + 1]]
        assert not set(links["term"].iloc[route[:-1]]) & set(closed)
        assert links["init"].iloc[route[0]] == origin
        assert links["term"].iloc[route[-1]] == destination
    for row, minutes in zip(demand.itertuples(), answer.minutes, strict=True):
        if row.origin != row.destination:
            routes = every_route(links, row.origin, row.destination, closed)
            assert minutes == pytest.approx(min(answer.time[list(r)].sum() for r in routes))


def test_times_that_do_not_grow_are_taken_as_they_are():
    links = roads(
        ("a", "b", 1, 5, 0, 4), ("a", "c", 1, 1, 1, 0), ("c", "b", 1, 0, 1, 4), ("a", "b", np.inf, 5, 1, 4)
    )
    answer = assign(links, trips(("a", "b", 100)), gap=1e-9)
    assert answer.flow.tolist() == [0, 100, 100, 0]
    assert answer.time.tolist() == [5, 2, 0, 5]
    assert answer.minutes.tolist() == [2]


def test_roads_that_take_no_time_are_roads():
    links = roads(("a", "b", 10, 0, 1, 4), ("b", "c", 10, 0, 1, 4), ("c", "a", 10, 0, 1, 4))
    answer = assign(links, trips(("a", "c", 7), ("c", "b", 3)))
    assert answer.converged
    assert answer.flow.tolist() == [10, 7, 3]
    assert answer.minutes.tolist() == [0, 0]


def test_three_lanes_side_by_side_are_three_lanes():
    lane = ("a", "b", 10, 6, 1, 4)
    answer = assign(roads(lane, lane, lane), trips(("a", "b", 30)), gap=1e-12)
    np.testing.assert_allclose(answer.flow, [10, 10, 10], rtol=1e-6)
    np.testing.assert_allclose(answer.minutes, [12], rtol=1e-6)


def test_staying_where_one_is_costs_nothing():
    answer = assign(
        roads(("a", "b", 10, 6, 1, 4), ("a", "a", 1, 1, 1, 1)), trips(("a", "a", 50), ("b", "b", 5))
    )
    assert answer.flow.tolist() == [0, 0]
    assert answer.minutes.tolist() == [0, 0]
    assert answer.converged


def test_no_trips_at_all_is_an_empty_road():
    links = roads(("a", "b", 10, 6, 1, 4))
    nobody = assign(links, trips())
    assert (nobody.flow.tolist(), nobody.time.tolist(), nobody.minutes.tolist()) == ([0], [6], [])
    zero = assign(links, trips(("a", "b", 0), ("b", "a", 0)))
    assert zero.minutes.tolist() == [6, np.inf]
    assert zero.converged


def test_the_example_in_the_documentation_holds():
    assert doctest.testmod(module) == doctest.TestResults(failed=0, attempted=4)


def test_places_may_be_called_anything():
    links = roads((("cell", 1), 7, 10, 6, 1, 4), (7, "东门", 10, 6, 1, 4))
    answer = assign(links, trips((("cell", 1), "东门", 10)))
    np.testing.assert_allclose(answer.minutes, [24])


# --- repeatable, in any order, from any start ------------------------------------------------------


def test_the_same_question_gets_the_same_bits():
    links, demand = town(1, side=6, zones=8)
    first, second = assign(links, demand), assign(links, demand)
    assert first.flow.tobytes() == second.flow.tobytes()
    assert first.minutes.tobytes() == second.minutes.tobytes()
    assert first.routes.share.tobytes() == second.routes.share.tobytes()


def test_the_order_of_demand_rows_changes_nothing():
    links, demand = town(2, side=6, zones=8)
    order = np.random.default_rng(0).permutation(len(demand))
    plain, shuffled = assign(links, demand), assign(links, demand.iloc[order])
    np.testing.assert_allclose(shuffled.flow, plain.flow, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(shuffled.minutes, plain.minutes[order], rtol=1e-9)


def test_a_pair_on_two_rows_is_one_pair():
    links, demand = town(3)
    halves = pd.concat([demand.assign(trips=demand["trips"] / 2)] * 2, ignore_index=True)
    np.testing.assert_allclose(assign(links, halves).flow, assign(links, demand).flow, rtol=1e-9, atol=1e-9)


def test_last_months_answer_saves_time_and_keeps_the_answer():
    links, demand = town(4, side=6, zones=8)
    later = demand.assign(trips=demand["trips"] * np.linspace(0.9, 1.1, len(demand)))
    network = Network(links)
    january = network.assign(demand, gap=1e-10)
    cold = network.assign(later, gap=1e-10)
    for start in (january, january.routes, pickle.loads(pickle.dumps(january.routes))):
        warm = network.assign(later, gap=1e-10, warm=start)
        assert warm.iterations < cold.iterations
        assert warm.objective == pytest.approx(cold.objective, rel=1e-9)
        np.testing.assert_allclose(warm.minutes, cold.minutes, rtol=1e-6)
    assert network.assign(demand, gap=1e-10, warm=january).iterations == 0


def test_a_start_from_other_roads_and_other_pairs_keeps_the_answer():
    links, demand = town(5, side=5, zones=6)
    before = assign(links, demand)
    places = sorted(set(demand["origin"]))
    changed = links.drop(index=[4, 17, 30]).sample(frac=1, random_state=1)
    changed["capacity"] *= 1.5
    others = pd.concat([demand.iloc[::2], trips(("0.0", "4.4", 25), ("2.2", "4.4", 5))])
    cold = assign(changed, others, gap=1e-10, no_through=places[:1])
    warm = assign(changed, others, gap=1e-10, no_through=places[:1], warm=before)
    assert warm.converged
    assert warm.objective == pytest.approx(cold.objective, rel=1e-9)
    empty = assign(links, demand.assign(trips=0), warm=before)
    assert not empty.flow.any()
    assert assign(links, demand, warm=empty).converged


def test_an_answer_survives_pickling_and_a_network_is_not_worn_by_use():
    links, demand = town(6)
    network = Network(links)
    first = network.assign(demand)
    assert pickle.loads(pickle.dumps(first)).flow.tobytes() == first.flow.tobytes()
    assert pickle.loads(pickle.dumps(network)).assign(demand).flow.tobytes() == first.flow.tobytes()
    assert network.assign(demand).flow.tobytes() == first.flow.tobytes()


# --- what is refused, and how it is said -----------------------------------------------------------


def test_an_answer_that_is_not_there_yet_says_so():
    links, demand = town(7, side=6, zones=8, crowd=300)
    hasty = assign(links, demand, gap=1e-9, max_iterations=1)
    assert not hasty.converged
    assert hasty.gap > 1e-9
    assert hasty.iterations == 1
    assert "not converged" in hasty.message
    assert "1e-09" in hasty.message
    endless = assign(links, demand, gap=0)
    assert endless.converged or "no longer shrinks" in endless.message
    assert endless.gap < 1e-12


GOOD = ("a", "b", 10.0, 6.0, 1.0, 4.0)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("capacity", 0, "links row 1: capacity is 0.0; it must be above 0"),
        ("capacity", -3, "links row 1: capacity is -3.0"),
        ("capacity", np.nan, "links row 1: capacity is nan"),
        ("free_flow_time", -1, "links row 1: free_flow_time is -1.0; it must be a finite number, 0 or above"),
        ("free_flow_time", np.inf, "links row 1: free_flow_time is inf"),
        ("b", -0.15, "links row 1: b is -0.15"),
        ("power", -4, "links row 1: power is -4.0"),
        ("background", -2, "links row 1: background is -2.0"),
    ],
)
def test_a_link_that_cannot_be_is_named(column, value, says):
    links = roads(GOOD, GOOD, background=0.0)
    links.loc[1, column] = value
    with pytest.raises(RoadError) as refused:
        assign(links, trips(("a", "b", 1)))
    assert says in str(refused.value)
    assert isinstance(refused.value, ParksimError)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("a", "b", -1.0), "demand row 1: trips is -1.0"),
        (("a", "b", np.nan), "demand row 1: trips is nan"),
        (("a", "b", "many"), "demand row 1: trips is 'many'"),
        (("a", "q", 1.0), "demand row 1: destination 'q' is on no link; valid: a, b"),
        (("q", "b", 1.0), "demand row 1: origin 'q' is on no link"),
        ((None, "b", 1.0), "demand row 1: origin is None, which cannot name a node"),
        ((["a"], "b", 1.0), "demand row 1: origin is ['a'], which cannot name a node"),
        (("b", "a", 2.0), "demand row 1: no road leads from 'b' to 'a', where trips is 2.0"),
    ],
)
def test_demand_that_cannot_be_is_named(row, says):
    with pytest.raises(RoadError) as refused:
        assign(roads(GOOD), trips(("a", "b", 1.0), row))
    assert says in str(refused.value)


def test_a_row_is_named_as_its_table_names_it():
    links = roads(GOOD, (*GOOD[:2], 0, *GOOD[3:])).set_axis(["main", "side"])
    with pytest.raises(RoadError, match="links row 'side': capacity is 0"):
        Network(links)


def test_a_way_only_through_a_centroid_is_no_way():
    links = roads(("a", "z", 10, 1, 1, 1), ("z", "b", 10, 1, 1, 1))
    with pytest.raises(RoadError, match="no road leads from 'a' to 'b'"):
        assign(links, trips(("a", "b", 1)), no_through=["z"])


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_of_links_is_named(column):
    with pytest.raises(RoadError, match=f"links: column '{column}' is missing"):
        Network(roads(GOOD).drop(columns=column))


@pytest.mark.parametrize("column", ["origin", "destination", "trips"])
def test_a_missing_column_of_demand_is_named(column):
    with pytest.raises(RoadError, match=f"demand: column '{column}' is missing"):
        assign(roads(GOOD), trips(("a", "b", 1)).drop(columns=column))


def test_settings_that_make_no_sense_are_refused():
    links, demand = roads(GOOD), trips(("a", "b", 1))
    with pytest.raises(RoadError, match="gap is -1"):
        assign(links, demand, gap=-1)
    with pytest.raises(RoadError, match="max_iterations is 0"):
        assign(links, demand, max_iterations=0)
    with pytest.raises(RoadError, match="no_through: node 'c' is on no link"):
        Network(links, no_through=["c"])
    with pytest.raises(RoadError, match="no_through is 'ab'"):
        Network(links, no_through="ab")
    with pytest.raises(RoadError, match="from 'a' to 'b' time overflows if all 1e\\+06 trips take it"):
        assign(roads(("a", "b", 1e-3, 6, 1, 40)), trips(("a", "b", 1e6)))
