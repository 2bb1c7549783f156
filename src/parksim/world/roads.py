"""Roads: which way trips go and how long they take when every driver takes the fastest route."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from parksim.errors import ParksimError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_NEWER = 1e-13  # a route is new when it beats every known one by more than rounding (relative)
_ROUNDS = 8  # shifts of trips among known routes before routes are searched again
_AIM = 0.05  # known routes are balanced to this share of the gap last seen over all routes
_PASSES = 3  # times a shift is solved again because routes would fall below no trips
_STEPS = 100  # conjugate gradient steps of one solution, at most
_STEP_AIM = 0.01  # conjugate gradient stops at this share of the first residual
_HURRY = 0.25  # where delay does not grow with flow, a shift asks for 1/0.25 = 4 times the pair's trips
_BOLD, _WARY, _CARE = 1e-7, 0.1, 4.0  # damping: least, first after a failed shift, factor from shift to shift
_TRIES = 6  # shifts tried with more and more damping
_WORTH = 0.5  # part of a shift that is worth taking; less means that delay bends too much for it
_GENTLE = 1e-12  # volume/capacity below which the endless slope of a power under 1 is cut off
_TINY = 1e-300  # keeps 0/0 from routes that differ in nothing
_ENDLESS = 1e100  # minutes; beyond it squares of times would overflow
_STALL = 12  # searches without a smaller gap after which to stop: rounding is the limit


class RoadError(ParksimError):
    """Links or demand that cannot be assigned; the text names the row and the value at fault."""


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Routes in use and how each pair divides over them: all that a warm start needs, as plain data.

    Links are known by name, so routes outlive a network whose links were widened, added or taken away:
    a route that no longer exists is forgotten.

    Attributes
    ----------
    links : tuple of (init, term, int)
        Name of each link: its two nodes, and its number among links with the same two.
    ends : tuple of (origin, destination)
        The pairs that travel.
    pair : ndarray of int, shape (routes,)
        Position in `ends` of the pair that each route serves.
    start : ndarray of int, shape (routes + 1,)
        Route ``r`` takes ``link[start[r]:start[r + 1]]``, in the order driven.
    link : ndarray of int
        Positions in `links`.
    share : ndarray of float, shape (routes,)
        Share of the pair's trips on the route.
    """

    links: tuple[tuple[Hashable, Hashable, int], ...]
    ends: tuple[tuple[Hashable, Hashable], ...]
    pair: Ints
    start: Ints
    link: Ints
    share: Floats

    @property
    def pairs(self) -> tuple[tuple[Hashable, Hashable], ...]:
        """Origin and destination that each route serves."""
        return tuple(self.ends[k] for k in self.pair.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Flows and times when nobody can save time by another route.

    Attributes
    ----------
    flow : ndarray of float, shape (links,)
        Trips on each link, in the order of the links given; background flow is not counted.
    time : ndarray of float, shape (links,)
        Time to pass each link at that flow and its background, in the unit of ``free_flow_time``.
    minutes : ndarray of float, shape (demand rows,)
        Time of the fastest route for each demand row, in the order given; 0 from a node to itself, infinite
        for a row of 0 trips whose destination cannot be reached.
    gap : float
        Relative gap reached: share of `total_time` saved if each trip took the route fastest at these times.
    objective : float
        Beckmann's sum over links of the integral of time from flow 0 to `flow`; least at equilibrium.
    total_time : float
        Sum of ``flow * time``: what all trips take together.
    converged : bool
        Whether `gap` is at or below the gap asked for.
    iterations : int
        Searches for faster routes made.
    message : str
        How it ended, in words.
    routes : Routes
        Routes in use: the warm start of a later assignment.
    """

    flow: Floats
    time: Floats
    minutes: Floats
    gap: float
    objective: float
    total_time: float
    converged: bool
    iterations: int
    message: str
    routes: Routes = field(repr=False)


def assign(
    links: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    gap: float = 1e-6,
    no_through: Iterable[Hashable] = (),
    warm: Assignment | Routes | None = None,
    max_iterations: int = 200,
) -> Assignment:
    """Assign trips to roads so that the routes a pair uses are equally fast and no other is faster.

    Parameters
    ----------
    links : DataFrame
        One row a link, see `Network`.
    demand : DataFrame
        One row a pair, see `Network.assign`.
    gap : float
        Relative gap to reach, see `Assignment`.
    no_through : iterable of node labels
        Nodes where trips start and end but which none passes through (centroids).
    warm : Assignment or Routes, optional
        An earlier answer to start from.
    max_iterations : int
        Searches for faster routes before giving up.

    Returns
    -------
    Assignment
        Flows, times and how near to equilibrium they are; look at ``converged``.

    Raises
    ------
    RoadError
        For links or demand that cannot be assigned.

    Notes
    -----
    Delay is the Bureau of Public Roads' (1964),
    ``free_flow_time * (1 + b * ((background + flow) / capacity) ** power)``; the rule is Wardrop's first
    principle (1952), a static user equilibrium, which holds where Beckmann's objective (1956) is least.
    Routes are added as they turn out faster; trips shift among known routes by damped Newton steps on what
    each loses against its pair's fullest (gradient projection, Jayakrishnan et al. 1994, with all of the
    Hessian).

    No random number is drawn and no threaded kernel called: the same input gives the same bits.

    Examples
    --------
    Two equal lanes share a hundred cars:

    >>> lane = {"init": "gate", "term": "plant", "capacity": 50, "free_flow_time": 2, "b": 1, "power": 4}
    >>> trips = pd.DataFrame({"origin": ["gate"], "destination": ["plant"], "trips": [100]})
    >>> answer = assign(pd.DataFrame([lane, lane]), trips)
    >>> answer.flow.round(6).tolist(), answer.minutes.round(6).tolist()
    ([50.0, 50.0], [4.0])
    """
    return Network(links, no_through).assign(demand, gap=gap, warm=warm, max_iterations=max_iterations)


class Network:
    """Roads checked and indexed once, to be assigned many times; never changed by it.

    Parameters
    ----------
    links : DataFrame
        One row a directed link: ``init`` and ``term`` (node labels, any hashable), ``capacity`` (trips per
        period, above 0, may be infinite), ``free_flow_time`` (minutes, ≥ 0), ``b`` and ``power`` (≥ 0);
        optionally ``background`` (≥ 0), flow that is always there and takes up capacity. Parallel links are
        allowed.
    no_through : iterable of node labels
        Nodes where trips start and end but which none passes through (centroids).

    Raises
    ------
    RoadError
        For a missing column, a value out of range or not a number, an unknown ``no_through`` node.
    """

    def __init__(self, links: pd.DataFrame, no_through: Iterable[Hashable] = ()) -> None:
        _need("links", links, ("init", "term", "capacity", "free_flow_time", "b", "power"))
        init, term = _labels("links", links, "init"), _labels("links", links, "term")
        self._delay = _Delay(
            capacity=_numbers("links", links, "capacity"),
            free=_numbers("links", links, "free_flow_time"),
            b=_numbers("links", links, "b"),
            power=_numbers("links", links, "power"),
            background=_numbers("links", links, "background")
            if "background" in links
            else np.zeros(len(links)),
        )
        self._graph = _Graph.of(init, term, no_through)
        twins: Counter[tuple[Hashable, Hashable]] = Counter()
        names = []
        for ends in zip(init, term, strict=True):
            names.append((*ends, twins[ends]))
            twins[ends] += 1
        self._names = tuple(names)

    def trips(self, demand: pd.DataFrame) -> Trips:
        """Read demand once, to be assigned many times with other numbers of trips.

        Parameters
        ----------
        demand : DataFrame
            As :meth:`assign` takes it.

        Returns
        -------
        Trips

        Raises
        ------
        RoadError
            For a missing column, a value out of range or not a number, an unknown node, a destination that
            trips cannot reach, trips so many that times overflow.
        """
        everyone = Trips.of(demand, self._graph)
        tree = self._graph.search(self._delay.time(np.zeros(len(self._names))), everyone.origins)
        stuck = np.flatnonzero(~np.isfinite(tree.minutes(everyone)) & (everyone.trips > 0))
        if len(stuck):
            asking = (everyone.row == stuck[0]) & (_numbers("demand", demand, "trips") > 0)
            row = int(np.argmax(asking))
            start, end = everyone.names[stuck[0]]
            raise RoadError(
                f"{_row('demand', demand, row)}: no road leads from {start!r} to {end!r}, "
                f"where trips is {_value(demand, 'trips', row)}"
            )
        return everyone

    def assign(
        self,
        demand: pd.DataFrame | Trips,
        *,
        gap: float = 1e-6,
        warm: Assignment | Routes | None = None,
        max_iterations: int = 200,
    ) -> Assignment:
        """Assign trips to these roads, see `parksim.world.roads.assign`.

        Parameters
        ----------
        demand : DataFrame or Trips
            One row a pair: ``origin`` and ``destination`` (node labels) and ``trips`` (per period, ≥ 0). A
            pair may stand on several rows. Trips from a node to itself take no time and no road. Or the same
            read before, which saves the reading.
        gap : float
            Relative gap to reach, see `Assignment`.
        warm : Assignment or Routes, optional
            An earlier answer to start from, of these roads or others; it saves time and keeps the answer.
        max_iterations : int
            Searches for faster routes before giving up.

        Returns
        -------
        Assignment
            Flows, times and how near to equilibrium they are; look at ``converged``.

        Raises
        ------
        RoadError
            For a missing column, a value out of range or not a number, an unknown node, a destination that
            trips cannot reach, trips so many that times overflow, a `gap` below 0 or no iterations.
        """
        if not gap >= 0:
            raise RoadError(f"gap is {gap!r}; it must be 0 or above")
        if max_iterations < 1:
            raise RoadError(f"max_iterations is {max_iterations!r}; it must be 1 or above")
        everyone = demand if isinstance(demand, Trips) else self.trips(demand)
        most = self._delay.worst(float(np.sum(everyone.trips)))
        if not (fine := most < _ENDLESS).all():
            init, term, _ = self._names[int(np.argmin(fine))]
            raise RoadError(
                f"links: from {init!r} to {term!r} time overflows if all {np.sum(everyone.trips):g} trips "
                "take it: capacity is too small or power too large"
            )

        pairs = everyone.travelling()
        routes = self._recall(pairs, warm)
        missing = np.flatnonzero(np.bincount(routes.pair, minlength=len(pairs.trips)) == 0)
        if len(missing):
            tree = self._graph.search(self._delay.time(np.zeros(len(self._names))), pairs.origins)
            routes.add(missing, *self._graph.trace(tree, pairs, missing), pairs.trips[missing])

        iterations, least, since = 0, np.inf, 0
        while True:
            flow = routes.flow()
            time = self._delay.time(flow)
            tree = self._graph.search(time, pairs.origins)
            cost = routes.use @ time
            taken = float(np.sum(routes.trips * cost))
            # Summed as differences: what is saved would drown in the rounding of two large totals.
            fastest = tree.minutes(pairs)
            saved = float(np.sum(np.maximum(cost - fastest[routes.pair], 0) * routes.trips))
            reached = saved / taken if taken > 0 else 0.0
            least, since = (reached, 0) if reached < least else (least, since + 1)
            if reached <= gap or iterations >= max_iterations or since >= _STALL:
                break
            iterations += 1
            routes.keep(routes.trips > 0)
            cost = routes.use @ time
            better = np.flatnonzero(fastest < routes.cheapest(cost) * (1 - _NEWER))
            routes.add(better, *self._graph.trace(tree, pairs, better), np.zeros(len(better)))
            _balance(routes, pairs.trips, self._delay, max(_AIM * reached, 0.25 * gap))

        converged = reached <= gap
        if converged:
            message = f"relative gap {reached:.2g} reached in {iterations} iterations"
        elif since >= _STALL:
            message = f"not converged: gap {reached:.2g} is above {gap:.2g} and no longer shrinks"
        else:
            message = f"not converged: gap {reached:.2g} is above {gap:.2g} after {iterations} iterations"
        if pairs is not everyone:
            tree = self._graph.search(time, everyone.origins)
        times = np.append(tree.minutes(everyone), 0.0)
        return Assignment(
            flow=flow,
            time=time,
            minutes=times[everyone.row],
            gap=reached,
            objective=float(np.sum(self._delay.integral(flow))),
            total_time=float(np.sum(flow * time)),
            converged=converged,
            iterations=iterations,
            message=message,
            routes=self._remember(pairs, routes),
        )

    def _remember(self, pairs: Trips, routes: _Loading) -> Routes:
        routes.keep(routes.trips > 0)
        return Routes(
            links=self._names,
            ends=pairs.names,
            pair=routes.pair.copy(),
            start=routes.use.indptr.astype(np.int64),
            link=routes.use.indices.astype(np.int64),
            share=routes.trips / pairs.trips[routes.pair],
        )

    def _recall(self, pairs: Trips, warm: Assignment | Routes | None) -> _Loading:
        """Load the routes of an earlier answer that can still be driven by pairs that still travel."""
        routes = _Loading.empty(len(self._names))
        if isinstance(warm, Assignment):
            warm = warm.routes
        if warm is None or not len(warm.share) or not len(pairs.trips):
            return routes
        pair, link, start, share = warm.pair, warm.link, warm.start, warm.share
        if warm.links is not self._names or warm.ends != pairs.names:
            pair, link, start, share = self._still_driven(pairs, warm)
        routes.add(pair, start, link, share)
        total = np.bincount(routes.pair, weights=routes.trips, minlength=len(pairs.trips))
        routes.trips *= pairs.trips[routes.pair] / total[routes.pair]
        return routes

    def _still_driven(self, pairs: Trips, warm: Routes) -> tuple[Ints, Ints, Ints, Floats]:
        """Return pair, links, start and share of the routes that these roads still have, for pairs that travel."""
        pair = warm.pair
        if warm.ends != pairs.names:
            number = {name: k for k, name in enumerate(pairs.names)}
            pair = np.array([number.get(name, -1) for name in warm.ends], dtype=np.int64)[pair]
        link, start = warm.link, warm.start
        if warm.links != self._names:
            position = {name: k for k, name in enumerate(self._names)}
            link = np.array([position.get(name, -1) for name in warm.links], dtype=np.int64)[link]
        fine = (pair >= 0) & (np.minimum.reduceat(link, start[:-1]) >= 0)
        # One unbroken chain from origin to destination; a node closed to through traffic breaks it.
        tail, head = self._graph.tail[link], self._graph.head[link]
        broken = np.append(head[:-1] != tail[1:], False)
        broken[start[1:] - 1] = False
        fine &= ~np.logical_or.reduceat(broken, start[:-1])
        fine &= (tail[start[:-1]] == pairs.leave[pair]) & (head[start[1:] - 1] == pairs.reach[pair])
        lengths = np.diff(start)[fine]
        return (
            pair[fine],
            link[np.repeat(fine, np.diff(start))],
            np.append(0, np.cumsum(lengths)),
            warm.share[fine],
        )


@dataclass(frozen=True, slots=True)
class _Delay:
    """Time on links as it grows with flow; all arrays of shape (links,)."""

    capacity: Floats
    free: Floats
    b: Floats
    power: Floats
    background: Floats

    def time(self, flow: Floats) -> Floats:
        crowding = (self.background + flow) / self.capacity
        return self.free * (1 + self.b * crowding**self.power)

    def worst(self, trips: float) -> Floats:
        """Time if all trips took the same link; may overflow to infinity."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.time(np.full(len(self.free), trips))

    def slope(self, flow: Floats) -> Floats:
        """Growth of time by one more trip."""
        crowding = (self.background + flow) / self.capacity
        crowding = np.where(self.power < 1, np.maximum(crowding, _GENTLE), crowding)
        steep = self.power * crowding ** np.where(self.power > 0, self.power - 1, 0)
        return self.free * self.b * steep / self.capacity

    def integral(self, flow: Floats) -> Floats:
        return self._area(self.background + flow) - self._area(self.background)

    def _area(self, volume: Floats) -> Floats:
        return self.free * volume * (1 + self.b * (volume / self.capacity) ** self.power / (self.power + 1))


@dataclass(frozen=True, slots=True)
class Trips:
    """Demand as a network reads it (:meth:`Network.trips`): pairs in one fixed order, whatever that of the rows.

    Node ids are the graph's.
    """

    names: tuple[tuple[Hashable, Hashable], ...]
    leave: Ints
    reach: Ints
    trips: Floats
    origins: Ints  # distinct nodes left
    origin: Ints  # position of each pair's in `origins`
    row: Ints  # pair of each demand row; -1 from a node to itself

    @classmethod
    def of(cls, demand: pd.DataFrame, graph: _Graph) -> Trips:
        """Read and check the rows of demand, see :meth:`Network.trips`."""
        _need("demand", demand, ("origin", "destination", "trips"))
        ends = [_labels("demand", demand, name) for name in ("origin", "destination")]
        trips = _numbers("demand", demand, "trips")
        for name, labels in zip(("origin", "destination"), ends, strict=True):
            for k, label in enumerate(labels):
                if label not in graph.arrive:
                    hint = nearest(label, map(str, graph.arrive)) if len(graph.arrive) <= 50 else ""
                    raise RoadError(f"{_row('demand', demand, k)}: {name} {label!r} is on no link{hint}")
        leave = np.array([graph.depart[label] for label in ends[0]], dtype=np.int64)
        reach = np.array([graph.arrive[label] for label in ends[1]], dtype=np.int64)
        home = np.array([a == b for a, b in zip(*ends, strict=True)], dtype=np.bool_)
        away = np.flatnonzero(~home)
        key, first, pair = np.unique(
            leave[away] * graph.size + reach[away], return_index=True, return_inverse=True
        )
        row = np.full(len(demand), -1, dtype=np.int64)
        row[away] = pair
        origins, origin = np.unique(leave[away][first], return_inverse=True)
        return cls(
            names=tuple((ends[0][k], ends[1][k]) for k in away[first].tolist()),
            leave=leave[away][first],
            reach=reach[away][first],
            trips=np.bincount(pair, weights=trips[away], minlength=len(key)).astype(np.float64),
            origins=origins,
            origin=origin,
            row=row,
        )

    def anew(self, trips: Floats) -> Trips:
        """Return the same pairs with other numbers of trips, one for each row of the demand."""
        away = self.row >= 0
        count = np.bincount(self.row[away], weights=trips[away], minlength=len(self.names))
        return replace(self, trips=count.astype(np.float64))

    def travelling(self) -> Trips:
        """Return the pairs that have trips."""
        if (self.trips > 0).all():
            return self
        some = np.flatnonzero(self.trips > 0)
        origins, origin = np.unique(self.leave[some], return_inverse=True)
        names = tuple(self.names[k] for k in some.tolist())
        return Trips(
            names,
            self.leave[some],
            self.reach[some],
            self.trips[some],
            origins,
            origin,
            row=np.empty(0, np.int64),
        )


class _Tree(NamedTuple):
    """Fastest routes from some origins to everywhere."""

    minute: Floats  # (origins, nodes)
    before: NDArray[np.int32]  # (origins, nodes): last node before, on the fastest route
    fastest: Ints  # link that stands for each joined pair of nodes

    def minutes(self, pairs: Trips) -> Floats:
        return self.minute[pairs.origin, pairs.reach]


@dataclass(frozen=True, slots=True)
class _Graph:
    """Where links lead. A node closed to through trips is two: one where they arrive, one that they leave."""

    arrive: dict[Hashable, int]
    depart: dict[Hashable, int]
    size: int
    tail: Ints
    head: Ints
    order: Ints  # links sorted by tail and head, so that parallel ones are neighbours
    group: Ints  # joined pair of nodes of each, in that order
    first: Ints  # where each joined pair begins
    key: Ints  # tail * size + head of each joined pair
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]

    @classmethod
    def of(cls, init: list[Hashable], term: list[Hashable], no_through: Iterable[Hashable]) -> _Graph:
        arrive = {label: k for k, label in enumerate(dict.fromkeys([*init, *term]))}
        depart = dict(arrive)
        size = len(arrive)
        if isinstance(no_through, str):
            raise RoadError(f"no_through is {no_through!r}; it must be a collection of nodes")
        for label in dict.fromkeys(no_through):
            if label not in arrive:
                hint = nearest(label, map(str, arrive)) if len(arrive) <= 50 else ""
                raise RoadError(f"no_through: node {label!r} is on no link{hint}")
            depart[label] = size
            size += 1
        tail = np.array([depart[label] for label in init], dtype=np.int64)
        head = np.array([arrive[label] for label in term], dtype=np.int64)
        joined = tail * size + head
        order = np.argsort(joined, kind="stable")
        key, first, group = np.unique(joined[order], return_index=True, return_inverse=True)
        rows = np.bincount(key // max(size, 1), minlength=size)
        return cls(
            arrive=arrive,
            depart=depart,
            size=size,
            tail=tail,
            head=head,
            order=order,
            group=group,
            first=first,
            key=key,
            indptr=np.append(0, np.cumsum(rows)).astype(np.int32),
            indices=(key % max(size, 1)).astype(np.int32),
        )

    def search(self, time: Floats, origins: Ints) -> _Tree:
        """Find the fastest routes from `origins`; of parallel links the fastest, or the first, stands."""
        fastest = self.order
        if len(self.key) < len(self.order):  # a sparse matrix would add the times of parallel links
            fastest = self.order[np.lexsort((time[self.order], self.group))[self.first]]
        if not len(origins):
            return _Tree(np.empty((0, self.size)), np.empty((0, self.size), np.int32), fastest)
        roads = csr_array((time[fastest], self.indices, self.indptr), shape=(self.size, self.size))
        minute, before = dijkstra(roads, indices=origins, return_predecessors=True)
        return _Tree(minute, before, fastest)

    def trace(self, tree: _Tree, pairs: Trips, which: Ints) -> tuple[Ints, Ints]:
        """Return the routes of pairs `which` in a tree, as (start, link): all are walked back at once."""
        origin, leave = pairs.origin[which], pairs.leave[which]
        here = pairs.reach[which]
        going = np.arange(len(which))
        walked, walker = [], []
        while len(going):
            previous = tree.before[origin[going], here[going]].astype(np.int64)
            walked.append(tree.fastest[np.searchsorted(self.key, previous * self.size + here[going])])
            walker.append(going)
            here[going] = previous
            going = going[previous != leave[going]]
        if not walked:
            return np.zeros(1, np.int64), np.empty(0, np.int64)
        link, route = np.concatenate(walked)[::-1], np.concatenate(walker)[::-1]
        start = np.append(0, np.cumsum(np.bincount(route, minlength=len(which))))
        return start, link[np.argsort(route, kind="stable")]


@dataclass(slots=True)
class _Loading:
    """Known routes, sorted by pair, and the trips on each."""

    use: csr_array  # (routes, links): 1 where a route takes a link
    pair: Ints
    trips: Floats

    @classmethod
    def empty(cls, links: int) -> _Loading:
        return cls(csr_array((0, links), dtype=np.float64), np.empty(0, np.int64), np.empty(0))

    def add(self, pair: Ints, start: Ints, link: Ints, trips: Floats) -> None:
        if not len(pair):
            return
        known, width = self.use, self.use.shape[1]
        everyone, trips = np.append(self.pair, pair), np.append(self.trips, trips)
        links = np.append(known.indices, link)
        grown = csr_array(
            (np.ones(len(links)), links, np.append(known.indptr, known.indptr[-1] + start[1:])),
            shape=(len(everyone), width),
        )
        if (everyone[1:] < everyone[:-1]).any():
            order = np.argsort(everyone, kind="stable")
            grown, everyone, trips = grown[order], everyone[order], trips[order]
        self.use, self.pair, self.trips = grown, everyone, trips

    def keep(self, which: Flags) -> None:
        if not which.all():
            self.use, self.pair, self.trips = self.use[which], self.pair[which], self.trips[which]

    def flow(self) -> Floats:
        each = np.repeat(self.trips, np.diff(self.use.indptr))
        return np.bincount(self.use.indices, each, self.use.shape[1]).astype(np.float64)

    def cheapest(self, cost: Floats) -> Floats:
        return np.minimum.reduceat(cost, self._start()) if len(cost) else cost

    def fullest(self) -> Ints:
        """Return each pair's route with most trips, the first of equals."""
        most = np.flatnonzero(self.trips == np.maximum.reduceat(self.trips, self._start())[self.pair])
        first: Flags = np.append(True, np.diff(self.pair[most]) > 0)
        return most[first]

    def _start(self) -> Ints:
        return np.flatnonzero(np.append(True, np.diff(self.pair) > 0))


def _balance(routes: _Loading, demand: Floats, delay: _Delay, aim: float) -> None:
    """Shift trips among known routes until they differ by the relative gap `aim`, or some rounds are over."""
    main = np.empty(0, np.int64)
    caution = _BOLD
    flow = routes.flow()
    for _ in range(_ROUNDS):
        time = delay.time(flow)
        cost = routes.use @ time
        wasted = np.sum(routes.trips * (cost - routes.cheapest(cost)[routes.pair]))
        if wasted <= aim * np.sum(routes.trips * cost):
            return
        fullest = routes.fullest()
        if not np.array_equal(fullest, main):
            main = fullest
            other = np.flatnonzero(~np.isin(np.arange(len(routes.pair)), main))
            pair = routes.pair[other]
            turn = routes.use[other] - routes.use[main[pair]]  # links changed by leaving the main route
            turn.eliminate_zeros()
            back, changes = turn.T.tocsr(), abs(turn)
        if not len(other):
            return
        loss = turn @ time
        here = routes.trips[other]
        slope = delay.slope(flow)
        own = changes @ slope
        for _ in range(_TRIES):
            damping = caution * own + (_HURRY + caution) * np.abs(loss) / demand[pair] + _TINY
            shift = _newton(turn, back, slope, loss, here, own, damping)
            shift *= _fitting(shift, routes.trips[main], pair)
            moved = back @ shift
            if np.sum(moved * time) >= 0:  # not downhill: each route on its own is
                shift = np.maximum(-loss / (own + damping), -here)
                shift *= _fitting(shift, routes.trips[main], pair)
                moved = back @ shift
            part = _step(delay, flow, moved)
            if part > _WORTH:
                break
            caution = max(caution * _CARE, _WARY)
        if part == 1:
            caution = max(caution / _CARE, _BOLD)
        trips = here + part * shift
        trips[trips < 1e-15 * demand[pair]] = 0
        routes.trips[other] = trips
        routes.trips[main] = np.maximum(demand - np.bincount(pair, weights=trips, minlength=len(main)), 0)
        flow = routes.flow()


def _fitting(shift: Floats, room: Floats, pair: Ints) -> Floats:
    """Part of each route's shift that its pair's main route, with `room` trips, can give."""
    wanted = np.bincount(pair, weights=shift, minlength=len(room))
    fits = np.divide(room, wanted, out=np.ones_like(room), where=wanted > room)
    return fits[pair]


def _newton(
    turn: csr_array, back: csr_array, slope: Floats, loss: Floats, here: Floats, own: Floats, damping: Floats
) -> Floats:
    """Shift of trips to each route that would end all losses if delay were straight, keeping routes ≥ 0.

    Solves ``(turn diag(slope) turnᵀ + diag(damping)) shift = -loss`` by conjugate gradients for routes that
    stay in use; those that would fall below 0 are emptied and the rest is solved again.
    """
    free = (here > 0) | (loss < 0)
    shift = np.zeros(len(here))
    weight = 1 / (own + damping)
    for _ in range(_PASSES):
        residual = -loss - turn @ (slope * (back @ shift)) - damping * shift
        residual[~free] = 0
        scaled = weight * residual
        direction = scaled
        size = np.sum(residual * scaled)
        enough = _STEP_AIM**2 * np.sum(weight[free] * loss[free] ** 2)
        for _ in range(_STEPS):
            if size <= enough:
                break
            bent = turn @ (slope * (back @ direction)) + damping * direction
            bent[~free] = 0
            curvature = np.sum(direction * bent)
            if curvature <= 0:
                break
            length = size / curvature
            shift = shift + length * direction
            residual = residual - length * bent
            scaled = weight * residual
            size, previous = np.sum(residual * scaled), size
            direction = scaled + size / previous * direction
        below = free & (here + shift < 0)
        if not below.any():
            break
        free &= ~below
        shift[below] = -here[below]
    return np.maximum(shift, -here)


def _step(delay: _Delay, flow: Floats, moved: Floats) -> float:
    """Return the part of a shift, at most all, at which Beckmann's objective is least."""

    def rise(part: float) -> float:
        return float(np.sum(delay.time(np.maximum(flow + part * moved, 0)) * moved))

    low, high = 0.0, 1.0
    below, above = rise(0.0), rise(1.0)
    if above <= 0:
        return 1.0
    steepest = -below
    part = 1.0
    for _ in range(12):  # false position, halving the end that stays (Illinois)
        part = (low * above - high * below) / (above - below)
        now = rise(part)
        if abs(now) <= 0.02 * steepest:
            break
        if now > 0:
            high, above, below = part, now, below / 2
        else:
            low, below, above = part, now, above / 2
    return part


def _row(table: str, frame: pd.DataFrame, k: int) -> str:
    return f"{table} row {frame.index.tolist()[k]!r}"


def _value(frame: pd.DataFrame, column: str, k: int) -> str:
    return repr(frame[column].tolist()[k])


def _need(table: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    for name in columns:
        if name not in frame:
            raise RoadError(f"{table}: column {name!r} is missing{nearest(name, map(str, frame.columns))}")


def _labels(table: str, frame: pd.DataFrame, column: str) -> list[Hashable]:
    labels: list[Hashable] = frame[column].tolist()
    missing = frame[column].isna().to_numpy()
    for k, label in enumerate(labels):
        if missing[k] or not isinstance(label, Hashable):
            raise RoadError(f"{_row(table, frame, k)}: {column} is {label!r}, which cannot name a node")
    return labels


def _numbers(table: str, frame: pd.DataFrame, column: str) -> Floats:
    """Read a column of numbers ≥ 0; capacity must be above 0 and alone may be infinite."""
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if column == "capacity":
        fine, rule = values > 0, "above 0"
    else:
        fine, rule = (values >= 0) & np.isfinite(values), "a finite number, 0 or above"
    if not fine.all():
        k = int(np.argmin(fine))
        raise RoadError(f"{_row(table, frame, k)}: {column} is {_value(frame, column, k)}; it must be {rule}")
    return values
