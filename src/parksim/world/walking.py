"""Shortest walking times between places on a grid of cells with buildings, fences, gates and slow ground.

The rule
--------
A walker steps from the centre of a cell to the centre of one of its eight neighbours. A step takes its length
(``cell_m``, or √2 times that on the diagonal) times the mean slowness of the two cells, at the walking speed.

* Only passable cells are stepped on.
* A fence on the edge between two cells stops the step; a gate is an edge without a fence.
* Nobody cuts a corner: a diagonal step needs the two cells beside it passable, and no fence on any of the
  four edges which meet at the corner it passes.
* A *place* is a set of cells. Inside a place every way takes 0 minutes. From an impassable cell of a place (a
  building) one steps straight, never diagonally, across an edge without fence onto passable ground; a
  passable cell of a place is itself ground.
* A party wall has no door: adjoining buildings are joined by the ground around them, and nobody walks through
  a third building. Places that share a cell are 0 minutes apart.

The method
----------
Times are whole ticks of 2⁻³⁰ minutes (56 ns): sums of integers do not depend on their order, so walking is
exactly symmetric, and one fence or gate elsewhere changes no bit. Each step is rounded to a tick once, which
over a thousand steps adds up to less than 10⁻⁶ minutes.

All places are searched at once, one row of the grid at a time: times pass from a row to the next as one
vector operation over sources and columns, and along a row as a running minimum of ``time − distance from the
row's end``, in both directions. Only rows of sources that have just improved are passed on, up and down in
turn, until nothing improves; what remains is the shortest time by Bellman's condition [1]_. Each source sees
only the window of the grid that the limit can reach.

References
----------
.. [1] Bellman, R. (1958). On a routing problem. Quarterly of Applied Mathematics 16(1), 87–90.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    Bools: TypeAlias = NDArray[np.bool_]
    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.int64]
    Place: TypeAlias = NDArray[np.integer] | Sequence[int]

TICKS_PER_MIN = 2.0**30
NEVER = 2**47  # ticks, 91 days: a closed edge, an unreached cell
MOST_COLUMNS = 2**14  # a row of closed edges must sum to less than 2⁶²
LIMIT_SLACK_MIN = 1e-6  # a walk of exactly the limit counts, whatever the rounding to ticks
BLOCK = 2**15  # sources × columns worked on at once: stays in the second-level cache
FRAME = 2**24  # sources × rows × columns held at once: 128 MB


class WalkError(ParksimError):
    """A ground, place or limit that walking times cannot be computed for."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What one walks on: a grid of square cells, with fences on the edges between them.

    The arrays are copied and made read-only, so what is derived from them is computed once.

    Attributes
    ----------
    cell_m : float
        Side of a cell, m.
    passable : ndarray of bool, shape (rows, cols)
        Whether the cell may be walked through; false for buildings and water.
    slowness : ndarray of float, shape (rows, cols)
        Time per metre as a multiple of normal walking: 1 is normal, 2 twice as slow. At least 0.2. On an
        impassable cell it counts for the half step in or out of a building.
    wall_east : ndarray of bool, shape (rows, cols)
        Whether a fence without a gate stands between ``(r, c)`` and ``(r, c + 1)``; the last column is
        ignored.
    wall_south : ndarray of bool, shape (rows, cols)
        The same between ``(r, c)`` and ``(r + 1, c)``; the last row is ignored.
    speed_kmh : float
        Normal walking speed, km/h, from 1 to 8.

    Raises
    ------
    WalkError
        If shapes disagree, the cell size is not positive, a slowness is below 0.2 or not finite, the speed is
        outside 1–8 km/h, or the grid is empty or more than 16 384 columns wide.
    """

    cell_m: float
    passable: Bools
    slowness: Floats
    wall_east: Bools
    wall_south: Bools
    speed_kmh: float = 4.5

    def __post_init__(self) -> None:
        for name, dtype in (
            ("passable", np.bool_),
            ("slowness", np.float64),
            ("wall_east", np.bool_),
            ("wall_south", np.bool_),
        ):
            array = np.array(getattr(self, name), dtype=dtype, order="C")
            if array.ndim != 2 or array.size == 0:
                raise WalkError(f"{name} has shape {array.shape}; expected (rows, cols), both at least 1")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        for name in ("slowness", "wall_east", "wall_south"):
            if getattr(self, name).shape != self.passable.shape:
                raise WalkError(
                    f"{name} has shape {getattr(self, name).shape}, but passable has {self.passable.shape}"
                )
        if self.shape[1] > MOST_COLUMNS:
            raise WalkError(f"the ground is {self.shape[1]} columns wide; at most {MOST_COLUMNS} are allowed")
        if not (math.isfinite(self.cell_m) and self.cell_m > 0):
            raise WalkError(f"cell_m is {self.cell_m}; it must be a positive number of metres")
        if not 1 <= self.speed_kmh <= 8:
            raise WalkError(f"speed_kmh is {self.speed_kmh}; walking speed must lie in 1–8 km/h")
        wrong = ~(np.isfinite(self.slowness) & (self.slowness >= 0.2))
        if wrong.any():
            row, col = np.argwhere(wrong)[0]
            raise WalkError(
                f"slowness is {self.slowness[row, col]} at cell ({row}, {col}); it must be finite and ≥ 0.2"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        rows, cols = self.passable.shape
        return rows, cols

    @property
    def tick_per_cell(self) -> float:
        """Ticks to walk the side of one cell at normal slowness."""
        return self.cell_m * 60 / (1000 * self.speed_kmh) * TICKS_PER_MIN

    def same_walks(self, other: Ground) -> bool:
        """Say whether every walk takes the same time on `other`, by comparing all they are made of.

        Parameters
        ----------
        other : Ground
            Another ground.

        Returns
        -------
        bool
            True if size, speed, cells and fences are equal.
        """
        return self is other or (
            (self.cell_m, self.speed_kmh) == (other.cell_m, other.speed_kmh)
            and np.array_equal(self.passable, other.passable)
            and np.array_equal(self.slowness, other.slowness)
            and np.array_equal(self.wall_east[:, :-1], other.wall_east[:, :-1])
            and np.array_equal(self.wall_south[:-1], other.wall_south[:-1])
        )

    @cached_property
    def _steps(self) -> _Steps:
        """Ticks of every step of the rule, NEVER where it is closed; computed once."""
        passable, slowness = self.passable, self.slowness
        open_east = passable[:, :-1] & passable[:, 1:] & ~self.wall_east[:, :-1]
        open_south = passable[:-1] & passable[1:] & ~self.wall_south[:-1]
        # The four edges that meet where 2 × 2 cells meet; all open implies that all four cells are passable.
        open_corner = open_east[:-1] & open_east[1:] & open_south[:, :-1] & open_south[:, 1:]

        def ticks(one: Floats, other: Floats, is_open: Bools, length: float) -> Ints:
            cost = np.rint(np.minimum((one + other) * (self.tick_per_cell * length / 2), NEVER))
            return np.where(is_open, cost, NEVER).astype(np.int64)

        east = np.full(self.shape, NEVER, dtype=np.int64)
        south, south_east, south_west = east.copy(), east.copy(), east.copy()
        east[:, :-1] = ticks(slowness[:, :-1], slowness[:, 1:], open_east, 1.0)
        south[:-1] = ticks(slowness[:-1], slowness[1:], open_south, 1.0)
        south_east[:-1, :-1] = ticks(slowness[:-1, :-1], slowness[1:, 1:], open_corner, math.sqrt(2))
        south_west[:-1, 1:] = ticks(slowness[:-1, 1:], slowness[1:, :-1], open_corner, math.sqrt(2))
        least = min(int(step.min()) for step in (east, south, south_east, south_west))
        along = np.zeros_like(east)
        np.cumsum(east[:, :-1], axis=1, out=along[:, 1:])
        return _Steps(along.ravel(), south.ravel(), south_east.ravel(), south_west.ravel(), max(least, 1))


class _Steps(NamedTuple):
    """Ticks of steps, flat over cells."""

    along: Ints  # from the first cell of the row to this one, straight along the row
    south: Ints  # to (r + 1, c)
    south_east: Ints  # to (r + 1, c + 1)
    south_west: Ints  # to (r + 1, c - 1)
    least: int  # the cheapest step anywhere


class _Doors(NamedTuple):
    """Where places touch the ground, sorted by place."""

    place: Ints  # index of the place
    cell: Ints  # a passable cell
    ticks: Ints  # from the place to that cell


class _Frames(NamedTuple):
    """Ticks from some sources to the cells of each one's window."""

    source: Ints  # [n] index of the source
    row: Ints  # [n] first row of its window
    col: Ints  # [n] first column
    ticks: Ints  # [height, n, width]; the limit plus one where unreached


def minutes_between(
    ground: Ground,
    sources: Sequence[Place],
    targets: Sequence[Place],
    *,
    limit_min: float = math.inf,
) -> Floats:
    """Shortest walking time from every source to every target.

    Walking is symmetric to the last bit: exchanging sources and targets transposes the answer. The rule is
    the module's; the time grows with the smaller number of places.

    Parameters
    ----------
    ground : Ground
        What one walks on.
    sources, targets : sequence of arrays of int
        Each place as its flat cell indices, ``row * cols + col``: the cells of a building (for an amenity
        inside a building: that building's cells), or one cell in the open.
    limit_min : float
        Longest walk of interest, min. A shorter limit is faster.

    Returns
    -------
    ndarray of float, shape (len(sources), len(targets))
        Minutes; ``inf`` where unreachable, or farther than the limit.

    Raises
    ------
    WalkError
        If a place is empty or names a cell outside the grid, or the limit is negative or not a number.
    """
    if len(targets) < len(sources):
        return np.ascontiguousarray(minutes_between(ground, targets, sources, limit_min=limit_min).T)
    limit = _limit_ticks(limit_min)
    source_cells, target_cells = _members(ground, sources), _members(ground, targets)
    into = _doors(ground, *target_cells)
    best = np.full((len(sources), len(targets)), NEVER, dtype=np.int64)
    if into.cell.size:
        row, col = np.divmod(into.cell, ground.shape[1])
        for frames in _search(ground, _doors(ground, *source_cells), limit):
            height, _, width = frames.ticks.shape
            for lane, source in enumerate(frames.source):
                down, right = row - frames.row[lane], col - frames.col[lane]
                seen = np.flatnonzero((down >= 0) & (down < height) & (right >= 0) & (right < width))
                if seen.size:
                    place = into.place[seen]
                    first = np.flatnonzero(np.diff(place, prepend=-1))
                    ticks = frames.ticks[down[seen], lane, right[seen]] + into.ticks[seen]
                    best[source, place[first]] = np.minimum.reduceat(ticks, first)
    minutes = np.where(best > limit, np.inf, best / TICKS_PER_MIN)
    minutes[_sharing(source_cells, target_cells)] = 0.0
    return minutes


def field(ground: Ground, place: Place, *, limit_min: float = math.inf) -> Floats:
    """Map the walking time from every cell to one place.

    Parameters
    ----------
    ground : Ground
        What one walks on.
    place : array of int
        Flat cell indices of the place.
    limit_min : float
        Longest walk of interest, min.

    Returns
    -------
    ndarray of float, shape (rows, cols)
        Minutes; 0 on the place's own cells, ``inf`` on other impassable cells and where unreachable or
        farther than the limit.

    Raises
    ------
    WalkError
        As `minutes_between`.
    """
    limit = _limit_ticks(limit_min)
    cells = _members(ground, [place])
    minutes = np.full(ground.shape, np.inf)
    for frames in _search(ground, _doors(ground, *cells), limit):
        ticks = frames.ticks[:, 0]
        window = np.s_[frames.row[0] :, frames.col[0] :]
        minutes[window][: ticks.shape[0], : ticks.shape[1]] = np.where(
            ticks > limit, np.inf, ticks / TICKS_PER_MIN
        )
    minutes.flat[cells[1]] = 0.0
    return minutes


class Walks:
    """Walking times between all places of a park, kept until the map changes.

    Parameters
    ----------
    ground : Ground
        What one walks on.
    places : sequence of arrays of int
        Flat cell indices of each place.
    limit_min : float
        Longest walk of interest, min.

    Attributes
    ----------
    ground : Ground
        As given.
    places : tuple of ndarray of int
        Each place's cells, sorted, each once.
    limit_min : float
        As given.
    minutes : ndarray of float, shape (len(places), len(places))
        Symmetric, read-only, 0 on the diagonal; ``inf`` where unreachable or farther than the limit.

    Raises
    ------
    WalkError
        As `minutes_between`.
    """

    def __init__(self, ground: Ground, places: Sequence[Place], *, limit_min: float = math.inf) -> None:
        self.ground = ground
        self.places = _distinct(ground, places)
        self.limit_min = limit_min
        self.minutes = minutes_between(ground, self.places, self.places, limit_min=limit_min)
        self.minutes.setflags(write=False)

    def after(self, ground: Ground, places: Sequence[Place] | None = None) -> Walks:
        """Follow a change of the map or the places; the times equal those computed anew.

        On unchanged ground only the walks of new or altered places are searched, and what already holds is
        returned as it is. Changed ground is searched again: 100 × 100 cells with 210 places take about a
        tenth of a second.

        Parameters
        ----------
        ground : Ground
            The ground now.
        places : sequence of arrays of int, optional
            The places now, in any order; as before if left out.

        Returns
        -------
        Walks
            `self` if nothing has changed.

        Raises
        ------
        WalkError
            As `minutes_between`.
        """
        now = self.places if places is None else _distinct(ground, places)
        if not self.ground.same_walks(ground):
            return Walks(ground, now, limit_min=self.limit_min)
        before, after = ([cells.tobytes() for cells in places] for places in (self.places, now))
        if before == after:
            return self
        known = {cells: index for index, cells in enumerate(before)}
        was = np.array([known.get(cells, -1) for cells in after], dtype=np.int64)
        new = np.flatnonzero(was < 0)
        minutes = self.minutes[np.ix_(was, was)] if self.places else np.empty((len(now), len(now)))
        if new.size:
            found = minutes_between(ground, [now[index] for index in new], now, limit_min=self.limit_min)
            minutes[new], minutes[:, new] = found, found.T
        minutes.setflags(write=False)
        walks = Walks(self.ground, (), limit_min=self.limit_min)
        walks.places, walks.minutes = now, minutes
        return walks


def floor_minutes(
    floor: ArrayLike,
    *,
    lift_capacity_persons_per_5min: ArrayLike,
    population: ArrayLike,
    peak_share: float = 0.12,
    peak_min: float = 15.0,
    interval_min: float = 0.5,
    stairs_min_per_floor: float = 0.35,
    ride_min_per_floor: float = 0.08,
) -> Floats:
    """Time between the entrance of a building and a floor in the morning peak.

    Up to two floors are climbed. Above, one takes the lift, or the stairs where these are quicker (with no
    lift, always). With ``load = peak_share · population / lift_capacity`` ::

        wait = interval · (0.4 + max(0, 1.44 · min(load, 1) − 0.77)²) + max(0, load − 1) · peak / 2
        lift = wait + floor · ride_min_per_floor

    The first term is Barney's curve of the average waiting time over car load [1]_, with handling capacity
    reached when cars are 80 % full, as CIBSE Guide D defines it [2]_ (1.8 · 0.8 = 1.44). The second is the
    mean delay of a queue which everybody joins during a peak faster than the lifts carry them (a fluid
    queue).

    Parameters
    ----------
    floor : array_like of int or float, shape (n,)
        Floors above the entrance; 0 is the entrance.
    lift_capacity_persons_per_5min : array_like of float, broadcastable with `floor`
        Up-peak handling capacity of the building's lifts, persons in 5 min; 0 without lifts.
    population : array_like of float, broadcastable with `floor`
        Persons in the building who come by lift.
    peak_share : float
        Share of the population arriving in the busiest 5 min. Lifts of offices are designed for 0.11–0.15
        [2]_.
    peak_min : float
        How long arrivals keep that pace, min. Assumption.
    interval_min : float
        Time between lifts leaving the entrance, min; 0.5 is a good office's [2]_.
    stairs_min_per_floor : float
        Assumption: 0.35 min, a storey of 4 m climbed at 0.19 m/s.
    ride_min_per_floor : float
        Assumption: 0.08 min (about 5 s), stops included.

    Returns
    -------
    ndarray of float, shape (n,)
        Minutes, one way.

    Raises
    ------
    WalkError
        If a floor, capacity, population or parameter is negative or not finite.

    References
    ----------
    .. [1] Barney, G. C. and dos Santos, S. M. (1985). Elevator Traffic Analysis, Design and Control.
       Peregrinus.
    .. [2] CIBSE Guide D: Transportation systems in buildings. Chartered Institution of Building Services
       Engineers.
    """
    given = {
        "floor": floor,
        "lift_capacity_persons_per_5min": lift_capacity_persons_per_5min,
        "population": population,
        "peak_share": peak_share,
        "peak_min": peak_min,
        "interval_min": interval_min,
        "stairs_min_per_floor": stairs_min_per_floor,
        "ride_min_per_floor": ride_min_per_floor,
    }
    for name, value in given.items():
        array = np.asarray(value, dtype=np.float64)
        wrong = ~(np.isfinite(array) & (array >= 0))
        if wrong.any():
            raise WalkError(f"{name} has {array[wrong].flat[0]}; it must be finite and not negative")
    floors = np.asarray(floor, dtype=np.float64)
    capacity = np.asarray(lift_capacity_persons_per_5min, dtype=np.float64)
    arrivals = peak_share * np.asarray(population, dtype=np.float64)
    with np.errstate(over="ignore"):  # next to no lifts: the load is endless, and one climbs
        load = arrivals / np.where(capacity > 0, capacity, 1.0)
        queue = np.maximum(0.0, load - 1) * peak_min / 2
    crowded = np.maximum(0.0, 1.44 * np.minimum(load, 1.0) - 0.77)
    wait = interval_min * (0.4 + crowded**2) + queue
    stairs = stairs_min_per_floor * floors
    lift = np.where(capacity > 0, wait + ride_min_per_floor * floors, np.inf)
    return np.asarray(np.where(floors <= 2, stairs, np.minimum(stairs, lift)), dtype=np.float64)


def _limit_ticks(limit_min: float) -> int:
    if not limit_min >= 0:
        raise WalkError(f"limit_min is {limit_min}; it must be a number of minutes, not negative")
    return int(min((limit_min + LIMIT_SLACK_MIN) * TICKS_PER_MIN, NEVER - 1))


def _members(ground: Ground, places: Sequence[Place]) -> tuple[Ints, Ints]:
    """Place and cell of every member, in order of places; checked."""
    arrays = [np.asarray(place).reshape(-1) for place in places]
    for index, cells in enumerate(arrays):
        if cells.size == 0:
            raise WalkError(f"place {index} has no cells")
        if not np.issubdtype(cells.dtype, np.integer):
            raise WalkError(f"place {index} has cells of type {cells.dtype}; expected flat cell indices")
    owner = np.repeat(np.arange(len(arrays)), [cells.size for cells in arrays])
    cell = np.concatenate([np.empty(0, dtype=np.int64), *arrays]).astype(np.int64)
    size = ground.passable.size
    outside = (cell < 0) | (cell >= size)
    if outside.any():
        at = int(np.argmax(outside))
        raise WalkError(f"place {owner[at]} names cell {cell[at]}; the ground has cells 0–{size - 1}")
    return owner, cell


def _distinct(ground: Ground, places: Sequence[Place]) -> tuple[Ints, ...]:
    """Each place's cells, sorted and each once, so that equal places have equal bytes."""
    _members(ground, places)
    return tuple(np.unique(np.asarray(place, dtype=np.int64)) for place in places)


def _sharing(one: tuple[Ints, Ints], other: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Pairs of places with a cell in common."""
    order = np.argsort(other[1], kind="stable")
    cells = other[1][order]
    start = np.searchsorted(cells, one[1], side="left")
    count = np.searchsorted(cells, one[1], side="right") - start
    # Positions start, start + 1, … of each run of equal cells, runs one after another.
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(one[0], count), other[0][order[np.repeat(start, count) + within]]


def _doors(ground: Ground, owner: Ints, cell: Ints) -> _Doors:
    """Find the doors of places: their passable cells, and passable neighbours of their impassable ones."""
    rows, cols = ground.shape
    row, col = np.divmod(cell, cols)
    on_ground = ground.passable[row, col]
    place, at, ticks = [owner[on_ground]], [cell[on_ground]], [np.zeros(int(on_ground.sum()), dtype=np.int64)]
    owner, row, col = owner[~on_ground], row[~on_ground], col[~on_ground]
    for down, right, wall in (
        (0, 1, ground.wall_east),
        (0, -1, ground.wall_east),
        (1, 0, ground.wall_south),
        (-1, 0, ground.wall_south),
    ):
        r, c = row + down, col + right
        there = (r >= 0) & (r < rows) & (c >= 0) & (c < cols)
        there[there] = ground.passable[r[there], c[there]]
        # The fence of an edge is kept at its northern or western cell.
        there[there] = ~wall[np.minimum(row, r)[there], np.minimum(col, c)[there]]
        slowness = ground.slowness[row[there], col[there]] + ground.slowness[r[there], c[there]]
        place.append(owner[there])
        at.append(r[there] * cols + c[there])
        ticks.append(np.rint(np.minimum(slowness * (ground.tick_per_cell / 2), NEVER)).astype(np.int64))
    doors = _Doors(np.concatenate(place), np.concatenate(at), np.concatenate(ticks))
    order = np.lexsort((doors.ticks, doors.cell, doors.place))
    # A cell may be the door of two neighbouring cells of a place: the quicker one stands first.
    doors = _Doors(*(values[order] for values in doors))
    same = (np.diff(doors.place, prepend=-1) == 0) & (np.diff(doors.cell, prepend=-1) == 0)
    return _Doors(*(values[~same] for values in doors))


def _search(ground: Ground, doors: _Doors, limit: int) -> Iterator[_Frames]:
    """Search from all places with doors, as many at once as fit the cache; yield the times of each lot."""
    if doors.place.size == 0:
        return
    rows, cols = ground.shape
    reach = limit // ground._steps.least  # noqa: SLF001
    first = np.flatnonzero(np.diff(doors.place, prepend=-1))
    row, col = np.divmod(doors.cell, cols)
    north, south = np.minimum.reduceat(row, first), np.maximum.reduceat(row, first)
    west, east = np.minimum.reduceat(col, first), np.maximum.reduceat(col, first)
    height = min(rows, int((south - north).max()) + 1 + 2 * reach)
    width = min(cols, int((east - west).max()) + 1 + 2 * reach)
    row0 = np.clip(north - reach, 0, rows - height)
    col0 = np.clip(west - reach, 0, cols - width)
    at_once = max(1, min(BLOCK // width, FRAME // (height * width)))
    bounds = np.append(first, doors.place.size)
    for start in range(0, first.size, at_once):
        lot = slice(start, start + at_once)
        stop = min(start + at_once, first.size)
        own = slice(bounds[start], bounds[stop])
        lane = np.repeat(np.arange(stop - start), np.diff(bounds[start : stop + 1]))
        ticks = np.full((height, stop - start, width), limit + 1, dtype=np.int64)
        down, right = row[own] - row0[lot][lane], col[own] - col0[lot][lane]
        ticks[down, lane, right] = np.minimum(doors.ticks[own], limit + 1)
        _settle(ground, ticks, row0[lot], col0[lot], np.unique(np.stack((down, lane)), axis=1))
        yield _Frames(doors.place[first[lot]], row0[lot], col0[lot], ticks)


def _settle(ground: Ground, ticks: Ints, row0: Ints, col0: Ints, seeds: Ints) -> None:
    """Lower `ticks` in place to the shortest times from what it holds.

    Parameters
    ----------
    ground : Ground
        What one walks on.
    ticks : ndarray of int, shape (height, n, width)
        Times at the start; the limit plus one where unreached, which no time above the limit can lower.
    row0, col0 : ndarray of int, shape (n,)
        First cell of each source's window.
    seeds : ndarray of int, shape (2, k)
        Rows and sources which hold a time at the start.
    """
    height, n, width = ticks.shape
    cols = ground.shape[1]
    along, south, south_east, south_west, _ = ground._steps  # noqa: SLF001
    corner = row0 * cols + col0
    shared = bool((corner == corner[0]).all())  # one window: its weights serve all sources

    def cut(steps: Ints) -> Ints:
        return sliding_window_view(steps, width)

    along, south = cut(along), cut(south)
    south_east, south_west = cut(south_east), cut(south_west)

    def close(row: int, who: Ints, times: Ints) -> None:
        """Walk along the row in both directions, and keep what comes out."""
        base = along[corner[:1] + row * cols] if shared else along[corner[who] + row * cols]
        times -= base
        np.minimum.accumulate(times, axis=1, out=times)
        base = 2 * base
        times += base
        backward = times[:, ::-1]
        np.minimum.accumulate(backward, axis=1, out=backward)
        times -= base // 2
        ticks[row, who] = times

    # Which (row, source) has improved since it was last passed on southward and northward.
    waiting = {1: np.zeros((height, n), dtype=np.bool_), -1: np.zeros((height, n), dtype=np.bool_)}
    for row in np.unique(seeds[0]):
        who = seeds[1][seeds[0] == row]
        close(int(row), who, ticks[row, who])
        waiting[1][row, who] = waiting[-1][row, who] = True
    while waiting[1].any() or waiting[-1].any():
        for way, todo in waiting.items():
            todo[-1 if way == 1 else 0] = False
            for row in range(height - 1) if way == 1 else range(height - 1, 0, -1):
                who = np.flatnonzero(todo[row])
                if who.size == 0:
                    continue
                todo[row] = False
                upper = row if way == 1 else row - 1
                where = (corner[:1] if shared else corner[who]) + upper * cols
                times = ticks[row, who]
                found = times + south[where]
                # A diagonal is kept at its northern cell.
                if way == 1:
                    _lower(found[:, 1:], times[:, :-1] + south_east[where, :-1])
                    _lower(found[:, :-1], times[:, 1:] + south_west[where, 1:])
                else:
                    _lower(found[:, :-1], times[:, 1:] + south_east[where, :-1])
                    _lower(found[:, 1:], times[:, :-1] + south_west[where, 1:])
                held = ticks[row + way, who]
                better = (found < held).any(axis=1)
                if not better.any():
                    continue
                _lower(found, held)
                if not better.all():
                    who, found = who[better], found[better]
                close(row + way, who, found)
                waiting[1][row + way, who] = waiting[-1][row + way, who] = True


def _lower(times: Ints, other: Ints) -> None:
    np.minimum(times, other, out=times)
