"""Walking times: statements about parks, checked by pencil, by laws and by a slow search by the rule."""

import heapq
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parksim.errors import ParksimError
from parksim.world import walking
from parksim.world.walking import Ground, WalkError, Walks, field, floor_minutes, minutes_between

CELL_MIN = 20 / 75  # 20 m at 4.5 km/h = 75 m/min


def open_ground(rows=9, cols=9, **changes):
    nothing = np.zeros((rows, cols), dtype=bool)
    given = {
        "cell_m": 20.0,
        "passable": ~nothing,
        "slowness": np.ones((rows, cols)),
        "wall_east": nothing,
        "wall_south": nothing,
    }
    return Ground(**(given | changes))


def walk(ground, one, other, **kwargs):
    """Minutes between two cells, or two lists of cells, given as (row, col)."""
    places = []
    for place in (one, other):
        cells = np.atleast_2d(place)
        places.append([cells[:, 0] * ground.shape[1] + cells[:, 1]])
    return float(minutes_between(ground, *places, **kwargs)[0, 0])


def block(ground, rows, cols):
    """The cells of a rectangle, as (row, col)."""
    return [(row, col) for row in range(*rows) for col in range(*cols)]


def with_building(ground, cells):
    passable = ground.passable.copy()
    for cell in cells:
        passable[cell] = False
    return replace(ground, passable=passable)


# --- the oracle: Dijkstra over (row, col), written from the rule ---


def may_cross(ground, one, other):
    """Whether no fence stands between two cells side by side."""
    (r, c), (s, _) = sorted((one, other))
    return not (ground.wall_east[r, c] if r == s else ground.wall_south[r, c])


def step_minutes(ground, one, other):
    metres = math.dist(one, other) * ground.cell_m
    slowness = (ground.slowness[one] + ground.slowness[other]) / 2
    return metres * slowness / (ground.speed_kmh * 1000 / 60)


def may_step(ground, one, other):
    """Whether one can walk from a cell to one of its eight neighbours."""
    rows, cols = ground.passable.shape
    for r, c in (one, other):
        if not (0 <= r < rows and 0 <= c < cols and ground.passable[r, c]):
            return False
    if one[0] == other[0] or one[1] == other[1]:
        return may_cross(ground, one, other)
    return all(
        ground.passable[beside] and may_cross(ground, one, beside) and may_cross(ground, beside, other)
        for beside in ((one[0], other[1]), (other[0], one[1]))
    )


def ways_out(ground, place):
    """Passable cells a place opens onto, with the minutes to each."""
    rows, cols = ground.passable.shape
    for r, c in place:
        if ground.passable[r, c]:
            yield (r, c), 0.0
            continue
        for s, d in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
            inside = 0 <= s < rows and 0 <= d < cols
            if inside and ground.passable[s, d] and may_cross(ground, (r, c), (s, d)):
                yield (s, d), step_minutes(ground, (r, c), (s, d))


def slow_times(ground, place):
    """Minutes from a place to every passable cell that can be reached."""
    queue = [(minutes, cell) for cell, minutes in ways_out(ground, place)]
    heapq.heapify(queue)
    times = {}
    while queue:
        minutes, (r, c) = heapq.heappop(queue)
        if (r, c) in times:
            continue
        times[r, c] = minutes
        for s in (r - 1, r, r + 1):
            for d in (c - 1, c, c + 1):
                if (s, d) != (r, c) and may_step(ground, (r, c), (s, d)):
                    heapq.heappush(queue, (minutes + step_minutes(ground, (r, c), (s, d)), (s, d)))
    return times


def slow_minutes(ground, places, limit=math.inf):
    answer = np.full((len(places), len(places)), np.inf)
    for i, one in enumerate(places):
        times = slow_times(ground, one)
        for j, other in enumerate(places):
            if set(one) & set(other):
                answer[i, j] = 0.0
                continue
            ways = [times[cell] + minutes for cell, minutes in ways_out(ground, other) if cell in times]
            answer[i, j] = min(ways, default=math.inf)
    answer[answer > limit] = np.inf
    return answer


def random_park(seed, rows=None, cols=None, fence_share=None):
    """Ground with buildings, water, fences and slow roads; places: buildings, parts of them, open cells."""
    rng = np.random.default_rng(seed)
    rows = rows or int(rng.integers(1, 17))
    cols = cols or int(rng.integers(1, 17))
    fences = rng.choice([0.0, 0.1, 0.3, 0.5]) if fence_share is None else fence_share
    passable = rng.random((rows, cols)) > rng.choice([0.0, 0.05, 0.2])
    slowness = rng.choice([1.0, 1.0, 2.0, 0.5, 1.3, 0.2], size=(rows, cols))
    places = []
    for _ in range(4):
        r, c = int(rng.integers(rows)), int(rng.integers(cols))
        height, width = rng.integers(1, 5, size=2)
        passable[r : r + height, c : c + width] = False
        places.append(
            [(s, d) for s in range(r, min(r + height, rows)) for d in range(c, min(c + width, cols))]
        )
    places += [[(int(rng.integers(rows)), int(rng.integers(cols)))] for _ in range(4)]
    places.append([(int(rng.integers(rows)), int(rng.integers(cols))) for _ in range(3)])
    ground = Ground(
        cell_m=float(rng.choice([5.0, 20.0, 33.3])),
        passable=passable,
        slowness=slowness,
        wall_east=rng.random((rows, cols)) < fences,
        wall_south=rng.random((rows, cols)) < fences,
        speed_kmh=float(rng.choice([3.0, 4.5, 8.0])),
    )
    return ground, places


def flat(ground, places):
    return [np.array([r * ground.shape[1] + c for r, c in place]) for place in places]


# --- with pencil and paper ---


def test_a_straight_walk_takes_its_length_at_walking_speed():
    assert walk(open_ground(), (0, 0), (0, 8)) == pytest.approx(8 * CELL_MIN)
    assert walk(open_ground(), (8, 3), (0, 3)) == pytest.approx(8 * CELL_MIN)
    assert walk(open_ground(cell_m=100, speed_kmh=6), (0, 0), (0, 1)) == pytest.approx(1.0)


def test_a_diagonal_is_root_two_times_as_long():
    assert walk(open_ground(), (1, 1), (6, 6)) == pytest.approx(5 * math.sqrt(2) * CELL_MIN)
    assert walk(open_ground(), (6, 1), (1, 6)) == pytest.approx(5 * math.sqrt(2) * CELL_MIN)
    assert walk(open_ground(), (0, 0), (3, 8)) == pytest.approx((5 + 3 * math.sqrt(2)) * CELL_MIN)


def test_crossing_a_main_road_costs_its_slowness():
    slowness = np.ones((9, 9))
    slowness[:, 4] = 3
    # Into the road and out of it: two steps at the mean of 1 and 3.
    assert walk(open_ground(slowness=slowness), (2, 0), (2, 8)) == pytest.approx((6 + 2 * 2) * CELL_MIN)


def test_one_walks_along_the_pavement_rather_than_on_the_road():
    slowness = np.ones((9, 9))
    slowness[4] = 2
    along = walk(open_ground(slowness=slowness), (4, 0), (4, 8))
    assert along == pytest.approx((2 * 1.5 * math.sqrt(2) + 6) * CELL_MIN)


def test_from_a_building_one_leaves_by_the_nearest_side():
    ground = open_ground()
    building = block(ground, (2, 5), (2, 5))
    ground = with_building(ground, building)
    assert walk(ground, building, (3, 8)) == pytest.approx(4 * CELL_MIN)
    assert walk(ground, building, (0, 3)) == pytest.approx(2 * CELL_MIN)
    # Nobody leaves through a building's corner: first one cell straight, then the diagonal.
    assert walk(ground, building, (1, 1)) == pytest.approx(2 * CELL_MIN)
    assert walk(ground, building, (0, 0)) == pytest.approx((2 + math.sqrt(2)) * CELL_MIN)


def test_inside_a_building_no_time_passes_even_for_an_amenity_in_it():
    building = block(None, (2, 7), (2, 7))
    ground = with_building(open_ground(), building)
    assert walk(ground, building, building) == 0
    assert walk(ground, building, (4, 4)) == 0
    assert walk(ground, (4, 4), (4, 4)) == 0


def test_adjoining_buildings_are_joined_by_the_ground_around_them():
    left, right = block(None, (2, 4), (2, 4)), block(None, (2, 4), (4, 6))
    ground = with_building(open_ground(), left + right)
    assert walk(ground, left, right) == pytest.approx(3 * CELL_MIN)


# --- fences, gates, buildings ---


def fenced(gate_row=None):
    """A fence from north to south between columns 4 and 5, with a gate at one row."""
    wall = np.zeros((9, 9), dtype=bool)
    wall[:, 4] = True
    if gate_row is not None:
        wall[gate_row, 4] = False
    return open_ground(wall_east=wall)


def test_a_fence_lengthens_the_walk():
    assert walk(fenced(gate_row=8), (0, 4), (0, 5)) == pytest.approx(
        # Along the fence to the gate, straight through it, and back: no corner of the fence is cut.
        (8 + 1 + 8) * CELL_MIN
    )
    assert walk(open_ground(), (0, 4), (0, 5)) == pytest.approx(CELL_MIN)


def test_a_closed_fence_cannot_be_passed():
    ground = fenced()
    assert walk(ground, (0, 0), (0, 8)) == math.inf
    assert walk(ground, (0, 0), (8, 4)) < math.inf


def test_a_gate_in_front_of_the_door_makes_the_walk_straight():
    assert walk(fenced(gate_row=3), (3, 0), (3, 8)) == pytest.approx(8 * CELL_MIN)


def test_nobody_cuts_the_corner_of_a_wall():
    wall = np.zeros((3, 3), dtype=bool)
    for row, col in ((0, 0), (1, 0)):
        wall = np.zeros((3, 3), dtype=bool)
        wall[row, col] = True  # one piece of fence, ending where the diagonal would pass
        assert walk(open_ground(3, 3, wall_east=wall), (0, 0), (1, 1)) == pytest.approx(2 * CELL_MIN)
        assert walk(open_ground(3, 3, wall_east=wall), (1, 0), (0, 1)) == pytest.approx(2 * CELL_MIN)
    for row, col in ((0, 0), (0, 1)):
        wall = np.zeros((3, 3), dtype=bool)
        wall[row, col] = True
        assert walk(open_ground(3, 3, wall_south=wall), (0, 0), (1, 1)) == pytest.approx(2 * CELL_MIN)


def test_nobody_cuts_the_corner_of_a_building():
    ground = with_building(open_ground(), [(4, 4)])
    assert walk(ground, (3, 4), (4, 5)) == pytest.approx(2 * CELL_MIN)
    assert walk(ground, (3, 3), (5, 5)) == pytest.approx((2 + 2 * 1) * CELL_MIN)


def test_nobody_slips_between_two_buildings_that_touch_at_a_corner():
    ground = with_building(open_ground(2, 2), [(0, 1), (1, 0)])
    assert walk(ground, (0, 0), (1, 1)) == math.inf


def test_nobody_walks_through_a_building():
    across = with_building(open_ground(), block(None, (0, 9), (4, 5)))
    assert walk(across, (4, 0), (4, 8)) == math.inf
    # Its own people leave it on both sides.
    building = block(None, (0, 9), (4, 5))
    assert walk(across, building, (4, 0)) == walk(across, building, (4, 8)) == pytest.approx(4 * CELL_MIN)


def test_a_building_fenced_in_is_left_only_through_its_gate():
    building = [(4, 4)]
    wall_east, wall_south = np.zeros((9, 9), dtype=bool), np.zeros((9, 9), dtype=bool)
    wall_east[4, 3] = wall_east[4, 4] = wall_south[3, 4] = wall_south[4, 4] = True
    closed = with_building(open_ground(wall_east=wall_east, wall_south=wall_south), building)
    assert walk(closed, building, (0, 0)) == math.inf
    wall_south[3, 4] = False
    north = with_building(open_ground(wall_east=wall_east, wall_south=wall_south), building)
    assert walk(north, building, (3, 4)) == pytest.approx(CELL_MIN)


def test_a_walk_of_exactly_the_limit_counts_and_a_longer_one_does_not():
    ground = open_ground(1, 100)
    assert walk(ground, (0, 0), (0, 75), limit_min=20) == pytest.approx(20)
    assert walk(ground, (0, 0), (0, 76), limit_min=20) == math.inf
    assert walk(ground, (0, 0), (0, 0), limit_min=0) == 0


def test_a_labyrinth_is_walked_to_its_end():
    """Fences force every row to be walked from end to end."""
    wall = np.zeros((12, 12), dtype=bool)
    wall[:, :] = True
    wall[::2, -1] = wall[1::2, 0] = False
    ground = open_ground(12, 12, wall_south=wall)
    assert walk(ground, (0, 0), (11, 0)) == pytest.approx((12 * 11 + 11) * CELL_MIN)
    turned = open_ground(12, 12, wall_east=wall.T)
    assert walk(turned, (0, 0), (0, 11)) == pytest.approx((12 * 11 + 11) * CELL_MIN)


# --- against the slow search ---


@pytest.mark.parametrize("seed", range(60))
def test_times_are_those_of_a_slow_search_by_the_rule(seed):
    ground, places = random_park(seed)
    cells = flat(ground, places)
    expected = slow_minutes(ground, places)
    np.testing.assert_allclose(minutes_between(ground, cells, cells), expected, rtol=0, atol=1e-6)
    limit = float(np.random.default_rng(seed).uniform(0, 3))
    np.testing.assert_allclose(
        minutes_between(ground, cells, cells, limit_min=limit),
        np.where(expected > limit, np.inf, expected),
        rtol=0,
        atol=1e-6,
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_large_fenced_park_with_a_limit_agrees_with_the_slow_search(seed):
    ground, places = random_park(seed, rows=45, cols=60, fence_share=0.25)
    cells = flat(ground, places)
    limit = 10 * ground.cell_m / (ground.speed_kmh * 1000 / 60)
    np.testing.assert_allclose(
        minutes_between(ground, cells, cells, limit_min=limit),
        slow_minutes(ground, places, limit),
        rtol=0,
        atol=1e-6,
    )


@pytest.mark.parametrize("seed", range(20))
def test_the_map_of_one_place_shows_the_slow_search(seed):
    ground, places = random_park(seed)
    for place in places[3:5]:
        expected = np.full(ground.shape, np.inf)
        for cell, minutes in slow_times(ground, place).items():
            expected[cell] = minutes
        for cell in place:
            expected[cell] = 0
        got = field(ground, flat(ground, [place])[0])
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)
        near = field(ground, flat(ground, [place])[0], limit_min=0.5)
        np.testing.assert_allclose(near, np.where(expected > 0.5, np.inf, expected), rtol=0, atol=1e-6)


def test_searching_in_small_lots_changes_no_bit(monkeypatch):
    ground, places = random_park(3, rows=20, cols=20)
    cells = flat(ground, places)
    at_once = [minutes_between(ground, cells, cells, limit_min=limit) for limit in (1.0, math.inf)]
    monkeypatch.setattr(walking, "BLOCK", 1)
    one_by_one = [minutes_between(ground, cells, cells, limit_min=limit) for limit in (1.0, math.inf)]
    np.testing.assert_array_equal(at_once, one_by_one)


# --- laws ---

parks = st.integers(0, 2**32 - 1).map(random_park)
laws = settings(max_examples=60, deadline=None)


@given(park=parks)
@laws
def test_the_way_there_takes_as_long_as_the_way_back(park):
    ground, places = park
    cells = flat(ground, places)
    minutes = minutes_between(ground, cells, cells)
    np.testing.assert_array_equal(minutes, minutes.T)
    np.testing.assert_array_equal(np.diag(minutes), 0)
    np.testing.assert_array_equal(minutes_between(ground, cells, cells[:2]), minutes[:, :2])
    np.testing.assert_array_equal(minutes_between(ground, cells[:2], cells), minutes[:2])


@given(park=parks)
@laws
def test_a_detour_past_any_open_cell_is_never_shorter(park):
    ground, places = park
    open_cells = np.flatnonzero(ground.passable)[::3]
    cells = flat(ground, places)
    to_open = minutes_between(ground, cells, [[cell] for cell in open_cells])
    direct = minutes_between(ground, cells, cells)
    for via in to_open.T:
        assert (direct <= via[:, None] + via[None, :] + 1e-9).all()


@given(park=parks, data=st.data())
@laws
def test_a_gate_never_lengthens_any_walk(park, data):
    ground, places = park
    cells = flat(ground, places)
    before = minutes_between(ground, cells, cells)
    name = data.draw(st.sampled_from(["wall_east", "wall_south"]))
    wall = getattr(ground, name).copy()
    wall.flat[data.draw(st.integers(0, wall.size - 1))] = False
    assert (minutes_between(replace(ground, **{name: wall}), cells, cells) <= before).all()


@given(park=parks, data=st.data())
@laws
def test_a_slower_cell_never_shortens_any_walk(park, data):
    ground, places = park
    cells = flat(ground, places)
    slowness = ground.slowness.copy()
    slowness.flat[data.draw(st.integers(0, slowness.size - 1))] += 1
    slower = minutes_between(replace(ground, slowness=slowness), cells, cells)
    assert (slower >= minutes_between(ground, cells, cells)).all()


@given(park=parks, limit=st.floats(0, 5))
@laws
def test_a_limit_hides_long_walks_and_changes_no_other(park, limit):
    ground, places = park
    cells = flat(ground, places)
    everything = minutes_between(ground, cells, cells)
    near = minutes_between(ground, cells, cells, limit_min=limit)
    np.testing.assert_array_equal(near, np.where(everything > limit + 1e-6, np.inf, everything))


@given(park=parks, turns=st.integers(1, 3))
@laws
def test_turning_the_map_changes_no_walk(park, turns):
    """Rows and columns are searched differently, but mean the same."""
    ground, places = park
    mirrored = Ground(
        cell_m=ground.cell_m,
        passable=ground.passable.T,
        slowness=ground.slowness.T,
        wall_east=ground.wall_south.T,
        wall_south=ground.wall_east.T,
        speed_kmh=ground.speed_kmh,
    )
    cells = flat(ground, places)
    across = flat(mirrored, [[(c, r) for r, c in place] for place in places])
    np.testing.assert_array_equal(
        minutes_between(mirrored, across, across), minutes_between(ground, cells, cells)
    )


# --- keeping walks ---


def test_walks_are_kept_while_nothing_changes():
    ground, places = random_park(5)
    walks = Walks(ground, flat(ground, places))
    assert walks.after(ground) is walks
    assert walks.after(replace(ground), flat(ground, places)) is walks
    assert not walks.minutes.flags.writeable


def test_a_new_kiosk_and_a_closed_one_change_only_their_own_walks():
    ground, places = random_park(5, rows=14, cols=14)
    cells = flat(ground, places)
    walks = Walks(ground, cells, limit_min=3)
    now = [*cells[2:], cells[0], np.array([7]), np.array([90])]
    after = walks.after(ground, now)
    np.testing.assert_array_equal(after.minutes, minutes_between(ground, now, now, limit_min=3))
    assert len(after.places) == len(now)
    np.testing.assert_array_equal(after.after(ground, cells).minutes, walks.minutes)
    assert Walks(ground, []).after(ground, cells).minutes.shape == (len(cells), len(cells))


def test_a_changed_map_is_walked_anew():
    ground, places = random_park(6, rows=14, cols=14, fence_share=0.3)
    cells = flat(ground, places)
    opened = replace(ground, wall_east=np.zeros((14, 14), dtype=bool))
    after = Walks(ground, cells).after(opened)
    assert after.ground is opened
    np.testing.assert_array_equal(after.minutes, minutes_between(opened, cells, cells))


def test_a_ground_does_not_follow_the_arrays_it_was_made_from_and_travels_to_workers():
    wall = np.zeros((9, 9), dtype=bool)
    ground = open_ground(wall_east=wall)
    wall[:] = True
    assert walk(ground, (0, 0), (0, 8)) == pytest.approx(8 * CELL_MIN)
    with pytest.raises(ValueError, match="read-only"):
        ground.passable[0, 0] = False
    assert walk(pickle.loads(pickle.dumps(ground)), (0, 0), (0, 8)) == walk(ground, (0, 0), (0, 8))


# --- floors ---

TOWER = {"lift_capacity_persons_per_5min": 120.0, "population": 1000.0}


def test_two_floors_are_climbed():
    np.testing.assert_allclose(floor_minutes([0, 1, 2], **TOWER), [0, 0.35, 0.7])


def test_a_well_served_tower_waits_most_of_an_interval():
    # load 1: 0.5 · (0.4 + 0.67²) = 0.42445 min, then ten floors at 0.08
    np.testing.assert_allclose(floor_minutes([10], **TOWER), [0.42445 + 0.8])


def test_where_arrivals_exceed_the_lifts_a_queue_grows():
    # load 2 for a quarter of an hour: 7.5 min of queue on average, so the tenth floor is climbed in 3.5 min
    crowded = floor_minutes([10, 40], lift_capacity_persons_per_5min=60, population=1000)
    np.testing.assert_allclose(crowded, [3.5, 7.5 + 0.42445 + 3.2])


def test_without_lifts_everybody_climbs():
    np.testing.assert_allclose(
        floor_minutes([3, 6], lift_capacity_persons_per_5min=0, population=50), [1.05, 2.1]
    )


@given(
    floors=st.lists(st.integers(0, 60), min_size=1, max_size=20),
    capacity=st.floats(0, 500),
    people=st.floats(0, 5000),
    more=st.floats(0, 500),
)
@laws
def test_more_lifts_or_fewer_people_never_lengthen_the_way_up(floors, capacity, people, more):
    now = floor_minutes(floors, lift_capacity_persons_per_5min=capacity, population=people)
    better = floor_minutes(floors, lift_capacity_persons_per_5min=capacity + more, population=people)
    busier = floor_minutes(floors, lift_capacity_persons_per_5min=capacity, population=people + more)
    assert (better <= now).all()
    assert (now <= busier).all()
    assert (now <= 0.35 * np.array(floors) + 1e-12).all()


def test_floors_of_many_buildings_are_taken_at_once():
    together = floor_minutes(
        [5, 9, 30], lift_capacity_persons_per_5min=[60, 0, 200], population=[400, 10, 1800]
    )
    alone = [
        floor_minutes(f, lift_capacity_persons_per_5min=c, population=p)
        for f, c, p in ((5, 60, 400), (9, 0, 10), (30, 200, 1800))
    ]
    np.testing.assert_array_equal(together, alone)


# --- errors ---


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell_m": 0.0}, "cell_m is 0.0"),
        ({"cell_m": math.nan}, "cell_m is nan"),
        ({"speed_kmh": 0.9}, "1–8 km/h"),
        ({"speed_kmh": 8.1}, "1–8 km/h"),
        ({"speed_kmh": math.nan}, "1–8 km/h"),
        ({"slowness": np.ones((9, 8))}, r"slowness has shape \(9, 8\), but passable has \(9, 9\)"),
        ({"wall_south": np.zeros((8, 9), dtype=bool)}, "wall_south has shape"),
        ({"wall_east": np.zeros(81, dtype=bool)}, r"wall_east has shape \(81,\)"),
        ({"slowness": np.full((9, 9), 0.19)}, r"slowness is 0.19 at cell \(0, 0\)"),
        ({"slowness": np.full((9, 9), np.nan)}, "slowness is nan"),
        ({"slowness": np.full((9, 9), np.inf)}, "slowness is inf"),
    ],
)
def test_a_ground_that_cannot_be_walked_is_refused(changes, message):
    with pytest.raises(WalkError, match=message):
        open_ground(**changes)


def test_a_ground_too_wide_is_refused():
    with pytest.raises(WalkError, match="16385 columns"):
        open_ground(1, 2**14 + 1)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ([81], "place 1 names cell 81; the ground has cells 0–80"),
        ([3, -1], "names cell -1"),
        ([], "place 1 has no cells"),
        ([1.5], "cells of type float64"),
    ],
)
def test_a_place_outside_the_ground_is_refused(place, message):
    for attempt in (
        lambda: minutes_between(open_ground(), [[0], place], [[0], [0], [0]]),
        lambda: Walks(open_ground(), [[0], place]),
    ):
        with pytest.raises(WalkError, match=message):
            attempt()


@pytest.mark.parametrize("limit", [-1.0, math.nan])
def test_a_limit_must_be_a_time(limit):
    with pytest.raises(WalkError, match="limit_min"):
        minutes_between(open_ground(), [[0]], [[1]], limit_min=limit)


def test_a_lift_with_negative_capacity_is_refused():
    with pytest.raises(WalkError, match="lift_capacity_persons_per_5min has -1"):
        floor_minutes([3], lift_capacity_persons_per_5min=-1, population=10)
    with pytest.raises(ParksimError, match="floor has -2"):
        floor_minutes([0, -2], **TOWER)


def test_no_places_have_no_walks():
    assert minutes_between(open_ground(), [], [[0]]).shape == (0, 1)
    assert minutes_between(open_ground(), [[0]], []).shape == (1, 0)
