"""Roads: who drives which way when every driver takes the fastest route (static user equilibrium)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_LINK_NUMBERS = ("capacity", "free_flow_time", "b", "power")
_NEW_ROUTE = 1e-13  # a route is new when it beats every known one by more than rounding, relative
_INNER_ROUNDS = 8  # flow shifts among known routes before routes are searched again
_INNER_AIM = 0.05  # known routes are balanced to this share of the gap last seen on all routes
_STEPS_MAX = 200  # conjugate gradient steps a flow shift may take
_STEP_AIM = 0.03  # conjugate gradient stops at this share of the first residual
_REACH = 4.0  # where delay hardly grows with flow, a shift asks for at most this many times the demand
_DAMPING = 1e-7  # share of a route's own curvature added, so that overlapping routes stay solvable
_GENTLEST = 1e-3  # volume/capacity below which the slope of a power under 1 is no longer believed


class RoadError(ParksimError):
    """Links or demand that cannot be assigned; the text names the row and the value at fault."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes in use and how each pair divides over them: all that a warm start needs, as plain data.

    Links are known by name, so routes outlive a network whose links were widened, added or taken away:
    a route that no longer exists is forgotten.

    Attributes
    ----------
    links : tuple of (init, term, int)
        Name of each link: its two nodes, and its number among links with the same two.
    pairs : tuple of (origin, destination)
        Pair that each route serves.
    start : ndarray of int, shape (routes + 1,)
        Route ``r`` takes ``link[start[r]:start[r + 1]]``, in the order driven.
    link : ndarray of int
        Positions in `links`.
    share : ndarray of float, shape (routes,)
        Share of the pair's trips on the route.
    """

    links: tuple[tuple[Hashable, Hashable, int], ...]
    pairs: tuple[tuple[Hashable, Hashable], ...]
    start: Ints
    link: Ints
    share: Floats


@dataclass(frozen=True, slots=True)
class Assignment:
    """Flows and times when nobody can save time by another route.

    Attributes
    ----------
    flow : ndarray of float, shape (links,)
        Trips on each link, in the order of the links given; background flow is not counted.
    time : ndarray of float, shape (links,)
        Time to pass each link at that flow and its background, in the unit of ``free_flow_time``.
    minutes : ndarray of float, shape (demand rows,)
        Equilibrium time of each demand row, in the order given; 0 from a node to itself, infinite for a row of
        0 trips whose destination cannot be reached.
    gap : float
        Relative gap reached: share of `total_time` saved if each trip took the route fastest at these times.
    objective : float
        Beckmann's sum over links of the integral of time from flow 0 to `flow`; least at equilibrium.
    total_time : float
        Sum of ``flow * time``: time all trips take together.
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
    """Assign trips to roads so that every used route of a pair is equally fast and none is faster.

    Parameters
    ----------
    links : DataFrame
        One row a link, see `Network`.
    demand : DataFrame
        One row a pair, see `Network.assign`.
    gap : float
        Relative gap to reach, see `Assignment.gap`.
    no_through : iterable of node labels
        Nodes where trips start and end but which none passes through (centroids).
    warm : Assignment or Routes, optional
        An earlier answer to start from.
    max_iterations : int
        Searches for faster routes before giving up.

    Returns
    -------
    Assignment
        Flows, times and how near to equilibrium they are.

    Raises
    ------
    RoadError
        For links or demand that cannot be assigned.

    Notes
    -----
    The rule is Wardrop's first principle (1952), the programme Beckmann's (1956), the delay the Bureau of Public
    Roads' (1964): ``time = free_flow_time * (1 + b * (volume / capacity) ** power)``.

    Examples
    --------
    Two equal lanes share a hundred cars:

    >>> import pandas as pd
    >>> lane = {"init": "gate", "term": "plant", "capacity": 50, "free_flow_time": 2, "b": 1, "power": 4}
    >>> trips = pd.DataFrame({"origin": ["gate"], "destination": ["plant"], "trips": [100]})
    >>> answer = assign(pd.DataFrame([lane, lane]), trips)
    >>> answer.flow.round(6).tolist(), answer.minutes.round(6).tolist()
    ([50.0, 50.0], [4.0])
    """
    return Network(links, no_through).assign(demand, gap=gap, warm=warm, max_iterations=max_iterations)


class Network:
    """Roads checked and indexed once, to be assigned many times.

    Parameters
    ----------
    links : DataFrame
        One row a directed link: ``init`` and ``term`` (node labels, any hashable), ``capacity`` (trips per period,
        above 0, may be infinite), ``free_flow_time`` (minutes, ≥ 0), ``b`` and ``power`` (≥ 0); optionally
        ``background`` (≥ 0), flow that is always there and takes up capacity. Parallel links are allowed.
    no_through : iterable of node labels
        Nodes where trips start and end but which none passes through (centroids).

    Raises
    ------
    RoadError
        For a missing column, a value out of range or not a number, an unknown ``no_through`` node.
    """

    def __init__(self, links: pd.DataFrame, no_through: Iterable[Hashable] = ()) -> None:
        _need_columns("links", links, ("init", "term", *_LINK_NUMBERS))
        init, term = _labels("links", links, "init"), _labels("links", links, "term")
        numbers = {name: _numbers("links", links, name) for name in _LINK_NUMBERS}
        _forbid("links", links, "capacity", numbers["capacity"] <= 0, "must be above 0")
        self._capacity = numbers["capacity"]
        self._free, self._b, self._power = (numbers[name] for name in _LINK_NUMBERS[1:])
        if "background" in links:
            self._background = _numbers("links", links, "background")
        else:
            self._background = np.zeros(len(links))

        self._node = {label: k for k, label in enumerate(dict.fromkeys([*init, *term]))}
        closed = list(no_through)
        for label in closed:
            if label not in self._node:
                raise RoadError(f"no_through: node {label!r} is on no link")
        # A centroid becomes two nodes, one that trips leave and one that they reach: nothing leads through.
        self._leave = dict(self._node)
        for label in dict.fromkeys(closed):
            self._leave[label] = len(self._node) + len(self._leave.keys() & set()) + self._extra(label)
        raise NotImplementedError
