"""Where to put things: p-median, maximal coverage, set cover and p-centre, solved to proven optimality.

Every function answers with the sites, who goes where, and how far from proven the answer is. Sums of costs
are bounded by Lagrangian duals, which fix most sites and pairs; what is left goes to HiGHS
(`scipy.optimize.milp`). Nothing here is drawn at random: the same input has the same answer, unless a time
limit cuts the search.
"""

from __future__ import annotations

import operator
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

__all__ = ["Siting", "SitingError", "max_coverage", "p_center", "p_median", "set_cover"]

_TINY = 1e-9
_DUAL_STEPS = 1500
_MAX_PAIRS = 600_000
_OPTIMAL, _INFEASIBLE = 0, 2


class SitingError(ParksimError, ValueError):
    """A siting problem that is ill-posed or that no choice of sites can satisfy."""


@dataclass(frozen=True, slots=True, eq=False)
class Siting:
    r"""An answer to a siting problem.

    Attributes
    ----------
    sites : tuple of int
        Open sites, existing ones included, as column indices in rising order.
    objective : float
        What the function called minimises or maximises.
    assignment : ndarray of int64, shape (n,)
        Site that serves each demand, -1 where none does.
    gap : float
        \|objective - bound\| / \|objective\|; 0 when the answer is proven to be the best.
    bound : float
        Value that no choice of sites can better.
    """

    sites: tuple[int, ...]
    objective: float
    assignment: IntArray
    gap: float
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class _Rules:
    """Which sets of sites may be open."""

    existing: IntArray
    allowed: BoolArray
    most: int
    exact: bool  # exactly `most` sites, or at most so many
    capacities: FloatArray | None
    prices: FloatArray | None  # of new sites; 0 for existing ones
    budget: float
    deadline: float

    def left(self) -> float:
        return max(self.deadline - time.perf_counter(), 0.05)

    def cost(self, sites: IntArray) -> float:
        return 0.0 if self.prices is None else float(self.prices[sites].sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    sites: IntArray
    value: float
    bound: float
    assignment: IntArray | None = None


# ---- the four problems


def p_median(
    cost: ArrayLike,
    weights: ArrayLike,
    p: int,
    *,
    existing: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    capacities: ArrayLike | None = None,
    site_costs: ArrayLike | None = None,
    budget: float | None = None,
    time_limit: float = 60.0,
) -> Siting:
    r"""Open p sites so that the weighted cost of reaching the nearest is least.

    .. math:: \min \sum_{ij} w_i c_{ij} x_{ij},\quad \sum_j x_{ij} = 1,\ x_{ij} \le y_j,\ \sum_j y_j = p

    (Hakimi 1964; ReVelle & Swain 1970). Uncapacitated problems are solved in the radius form of Cornuéjols,
    Nemhauser & Wolsey (1980; Elloumi 2010) after Lagrangian reduction (Beasley 1993), started from fast
    interchange (Teitz & Bart 1968; Whitaker 1983; Resende & Werneck 2007).

    Parameters
    ----------
    cost : array_like, shape (n, m)
        Cost (minutes, metres) c[i, j] ≥ 0 from demand i to site j; `inf` where there is no way.
    weights : array_like, shape (n,)
        People w ≥ 0 at each demand. One of weight 0 counts for nothing and goes to the nearest open site.
    p : int
        Number of open sites **in all, existing ones included**: exactly p, but with a budget at most p.
    existing : iterable of int
        Columns that are open whatever happens.
    forbidden : iterable of int
        Columns that stay closed.
    capacities : array_like, shape (m,), optional
        Weight each site can take, ≥ 0. Each demand is then served whole by one site, not always the nearest.
    site_costs : array_like, shape (m,), optional
        Price ≥ 0 of opening each site; existing sites are paid for. Needs `budget`.
    budget : float, optional
        Most that may be spent on new sites.
    time_limit : float, default 60
        Seconds after which the best answer so far is returned with its gap. Metric costs up to 200 x 200
        need far less; random costs, capacities with less than a tenth to spare and larger problems
        may use it up.

    Returns
    -------
    Siting
        `objective` is the weighted cost.

    Raises
    ------
    SitingError
        If an argument is ill-formed (the message names it), or no p sites can serve every demand.
    """
    costs = _costs(cost)
    demand = _vector("weights", weights, costs.shape[0])
    rules = _rules(costs.shape[1], p, existing, forbidden, capacities, site_costs, budget, time_limit)
    _refuse_unreachable(costs, demand > 0, rules, "reaches no site that may be open")
    _refuse_overflow(demand, np.isfinite(costs), rules)
    rows = np.flatnonzero(demand > 0)
    found = _least_sum(costs[rows], demand[rows], rules)
    return _report(costs, demand, rows, found)


def max_coverage(
    cost: ArrayLike,
    weights: ArrayLike,
    p: int,
    radius: float,
    *,
    existing: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    capacities: ArrayLike | None = None,
    site_costs: ArrayLike | None = None,
    budget: float | None = None,
    time_limit: float = 60.0,
) -> Siting:
    r"""Open p sites so that the weight within `radius` of one is greatest.

    .. math:: \max \sum_i w_i z_i,\quad z_i \le \sum_{j: c_{ij} \le r} y_j,\ \sum_j y_j = p

    (Church & ReVelle 1974). It is solved as the p-median of what stays uncovered (Church & ReVelle 1976).

    Parameters
    ----------
    cost, weights, p : array_like, array_like, int
        As for `p_median`; p counts existing sites.
    radius : float
        Greatest cost that is covered, its edge included, ≥ 0.
    existing, forbidden, capacities, site_costs, budget, time_limit
        As for `p_median`. With capacities a demand is covered if one site within the radius takes it whole.

    Returns
    -------
    Siting
        `objective` is the weight covered; a demand that is not covered is assigned to -1.

    Raises
    ------
    SitingError
        If an argument is ill-formed; the message names it.
    """
    costs = _costs(cost)
    demand = _vector("weights", weights, costs.shape[0])
    rules = _rules(costs.shape[1], p, existing, forbidden, capacities, site_costs, budget, time_limit)
    near = costs <= _radius(radius)
    rows = np.flatnonzero((demand > 0) & (near & rules.allowed).any(axis=1))
    total = float(demand[rows].sum())
    missed = np.where(near[rows], 0.0, np.inf if rules.capacities is not None else 1.0)
    found = _least_sum(missed, demand[rows], rules, slack=demand[rows])
    covered = _report(np.where(near, costs, np.inf), demand, rows, found)
    objective = float(demand[covered.assignment >= 0].sum())
    bound = objective if found.value <= found.bound else max(total - found.bound, objective)
    return Siting(covered.sites, objective, covered.assignment, _gap(objective, bound), bound)


def set_cover(
    cost: ArrayLike,
    radius: float,
    *,
    weights: ArrayLike | None = None,
    existing: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    capacities: ArrayLike | None = None,
    site_costs: ArrayLike | None = None,
    budget: float | None = None,
    time_limit: float = 60.0,
) -> Siting:
    r"""Cover every demand within `radius` with the fewest open sites.

    .. math:: \min \sum_j y_j,\quad \sum_{j: c_{ij} \le r} y_j \ge 1 \text{ for every } i

    (Toregas, Swain, ReVelle & Bergman 1971).

    Parameters
    ----------
    cost : array_like, shape (n, m)
        As for `p_median`.
    radius : float
        Greatest cost that is covered, its edge included, ≥ 0.
    weights : array_like, shape (n,), optional
        What each demand takes of a capacity; 1 where not given. Without capacities it has no effect.
    existing, forbidden, capacities, site_costs, budget, time_limit
        As for `p_median`.

    Returns
    -------
    Siting
        `objective` is the number of open sites, existing ones included.

    Raises
    ------
    SitingError
        If an argument is ill-formed, a demand lies within the radius of no site that may be open (the message
        names it), or capacities or the budget do not suffice.
    """
    costs = _costs(cost)
    n, m = costs.shape
    demand = np.ones(n) if weights is None else _vector("weights", weights, n)
    rules = _rules(m, None, existing, forbidden, capacities, site_costs, budget, time_limit)
    reach = costs <= _radius(radius)
    _refuse_unreachable(
        np.where(reach, costs, np.inf),
        np.ones(n, bool),
        rules,
        f"is within {radius:g} of no site that may be open",
    )
    _refuse_overflow(demand, reach, rules)
    found = _cover(reach, demand, rules)
    if found is None:
        raise SitingError(
            f"no sites within the rules cover every demand within radius {radius:g}{_why(rules)}"
        )
    masked = np.where(reach, costs, np.inf)
    assignment = found.assignment if found.assignment is not None else _nearest(masked, found.sites)
    return Siting(
        tuple(found.sites.tolist()), found.value, assignment, _gap(found.value, found.bound), found.bound
    )


def p_center(
    cost: ArrayLike,
    p: int,
    *,
    weights: ArrayLike | None = None,
    existing: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    capacities: ArrayLike | None = None,
    site_costs: ArrayLike | None = None,
    budget: float | None = None,
    time_limit: float = 60.0,
) -> Siting:
    r"""Open p sites so that the farthest demand has the least cost.

    .. math:: \min_{|Y| = p} \max_i \min_{j \in Y} c_{ij}

    (Hakimi 1964), by bisection over the distinct costs, each step a set cover (Minieka 1970).

    Parameters
    ----------
    cost : array_like, shape (n, m)
        As for `p_median`.
    p : int
        As for `p_median`; it counts existing sites.
    weights : array_like, shape (n,), optional
        What each demand takes of a capacity; 1 where not given. It does not weigh the costs.
    existing, forbidden, capacities, site_costs, budget, time_limit
        As for `p_median`.

    Returns
    -------
    Siting
        `objective` is the radius: the greatest cost from a demand to its site.

    Raises
    ------
    SitingError
        As for `p_median`.
    """
    costs = _costs(cost)
    n, m = costs.shape
    existing, forbidden = tuple(existing), tuple(forbidden)
    demand = np.ones(n) if weights is None else _vector("weights", weights, n)
    rules = _rules(m, p, existing, forbidden, capacities, site_costs, budget, time_limit)
    _refuse_unreachable(costs, np.ones(n, bool), rules, "reaches no site that may be open")
    _refuse_overflow(demand, np.isfinite(costs), rules)
    everyone = np.arange(n)

    def radius_of(answer: _Answer) -> float:
        seats = _nearest(costs, answer.sites) if answer.assignment is None else answer.assignment
        return float(costs[everyone, seats].max(initial=0.0))

    best = _cover(np.isfinite(costs), demand, rules, enough=True)
    if best is None:
        raise SitingError(f"no {p} sites within the rules reach every demand{_why(rules)}")
    radius, floor = radius_of(best), 0.0
    if capacities is not None:  # without capacities the radius can only be less
        floor = p_center(
            cost,
            p,
            existing=existing,
            forbidden=forbidden,
            site_costs=site_costs,
            budget=budget,
            time_limit=time_limit / 4,
        ).bound
    levels = np.unique(costs[:, rules.allowed])
    low = int(np.searchsorted(levels, costs[:, rules.allowed].min(axis=1).max(initial=0.0))) if n else 0
    low = max(low, int(np.searchsorted(levels, floor)))
    high = int(np.searchsorted(levels, radius)) if n else 0
    while low < high:
        middle = (low + high) // 2
        try:
            found = _cover(costs <= levels[middle], demand, rules, enough=True)
        except _UndecidedError:
            break
        if found is None:
            low = middle + 1
        else:
            best, radius = found, radius_of(found)
            high = int(np.searchsorted(levels, radius))
    bound = float(levels[low]) if n else 0.0
    sites = best.sites
    if rules.exact:
        sites = _filled(np.where(np.isfinite(costs), costs, 0.0), sites, rules)
    assignment = _nearest(costs, sites) if best.assignment is None else best.assignment
    radius = float(costs[everyone, assignment].max(initial=0.0))
    bound = min(bound, radius)
    return Siting(tuple(sites.tolist()), radius, assignment, _gap(radius, bound), bound)


# ---- reading the arguments


def _costs(cost: ArrayLike) -> FloatArray:
    costs = np.asarray(cost, dtype=np.float64)
    if costs.ndim != 2 or costs.shape[1] == 0:
        raise SitingError(f"cost has shape {costs.shape}: must be demands x sites, with a site at least")
    bad = ~(costs >= 0)
    if bad.any():
        i, j = (int(k) for k in np.argwhere(bad)[0])
        raise SitingError(f"cost[{i}, {j}] = {costs[i, j]:g}: must be ≥ 0, or inf where there is no way")
    return costs


def _vector(name: str, values: ArrayLike, size: int) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,):
        raise SitingError(f"{name} has shape {array.shape}: must be ({size},)")
    bad = ~(array >= 0)
    if name != "capacities":
        bad |= np.isinf(array)
    if bad.any():
        k = int(np.argmax(bad))
        raise SitingError(f"{name}[{k}] = {array[k]:g}: must be a number ≥ 0")
    return array


def _radius(radius: float) -> float:
    if not radius >= 0 or radius == np.inf:
        raise SitingError(f"radius = {radius}: must be finite and ≥ 0")
    return radius


def _columns(name: str, columns: Iterable[int], m: int) -> IntArray:
    chosen = []
    for column in columns:
        index = operator.index(column)
        if not 0 <= index < m:
            raise SitingError(f"{name}: site {index} is not one of the {m} columns of cost, 0 … {m - 1}")
        chosen.append(index)
    return np.array(sorted(set(chosen)), dtype=np.int64)


def _rules(
    m: int,
    p: int | None,
    existing: Iterable[int],
    forbidden: Iterable[int],
    capacities: ArrayLike | None,
    site_costs: ArrayLike | None,
    budget: float | None,
    time_limit: float,
) -> _Rules:
    """Check and gather what the four problems have in common; `p` is None where the number is free."""
    opened, closed = _columns("existing", existing, m), _columns("forbidden", forbidden, m)
    both = np.intersect1d(opened, closed)
    if both.size:
        raise SitingError(f"site {both[0]} is both existing and forbidden")
    allowed = np.ones(m, dtype=bool)
    allowed[closed] = False
    usable = int(allowed.sum())
    if p is None:
        most = usable
    else:
        most = operator.index(p)
        if most < 1:
            raise SitingError(f"p = {most}: at least one site must be open")
        if most > m:
            raise SitingError(f"p = {most}: there are only {m} sites")
        if most > usable:
            raise SitingError(f"p = {most}: only {usable} of {m} sites are not forbidden")
        if most < opened.size:
            raise SitingError(f"p = {most} counts existing sites, of which there are {opened.size}")
    if (site_costs is None) != (budget is None):
        raise SitingError(
            f"site_costs and budget = {budget} go together: give both or neither, "
            "since prices bind only through a budget"
        )
    prices, limit = None, np.inf
    if site_costs is not None and budget is not None:
        prices, limit = _vector("site_costs", site_costs, m).copy(), float(budget)
        prices[opened] = 0.0
        if not limit >= 0:
            raise SitingError(f"budget = {budget}: must be ≥ 0")
        if opened.size == 0 and p is not None and prices[allowed].min() > limit:
            raise SitingError(
                f"budget = {limit:g} does not pay for any site; the cheapest costs {prices[allowed].min():g}"
            )
    if not time_limit > 0:
        raise SitingError(f"time_limit = {time_limit}: must be > 0 seconds")
    return _Rules(
        opened,
        allowed,
        most,
        p is not None and prices is None,
        None if capacities is None else _vector("capacities", capacities, m),
        prices,
        limit,
        time.perf_counter() + time_limit,
    )


def _refuse_unreachable(costs: FloatArray, must: BoolArray, rules: _Rules, what: str) -> None:
    alone = must & ~np.isfinite(costs[:, rules.allowed]).any(axis=1)
    if alone.any():
        names = np.flatnonzero(alone)
        more = f" (and {names.size - 1} more)" if names.size > 1 else ""
        raise SitingError(f"demand {names[0]} {what}{more}")


def _refuse_overflow(demand: FloatArray, reach: BoolArray, rules: _Rules) -> None:
    if rules.capacities is None:
        return
    room = np.where(rules.allowed, rules.capacities, 0.0)
    largest = np.where(reach, room, 0.0).max(axis=1, initial=0.0)
    if (demand > largest + _TINY).any():
        i = int(np.argmax(demand > largest + _TINY))
        raise SitingError(
            f"demand {i} of weight {demand[i]:g} exceeds every capacity in its reach ({largest[i]:g})"
        )
    new = np.setdiff1d(np.flatnonzero(rules.allowed), rules.existing)
    spare = np.sort(room[new])[::-1][: rules.most - rules.existing.size]
    total = float(room[rules.existing].sum() + spare.sum())
    if demand.sum() > total * (1 + _TINY):
        raise SitingError(
            f"capacities of the largest {rules.most} sites add up to {total:g}: "
            f"less than the demand of {demand.sum():g}"
        )


def _why(rules: _Rules) -> str:
    binding = [
        text
        for text, on in (
            ("their number", rules.exact),
            ("capacities", rules.capacities is not None),
            (f"budget = {rules.budget:g}", rules.prices is not None),
        )
        if on
    ]
    return f" (binding: {', '.join(binding)})" if binding else ""


# ---- reporting


def _nearest(costs: FloatArray, sites: IntArray) -> IntArray:
    """Give the open site of least cost to each demand, -1 where there is no way."""
    if costs.shape[0] == 0:
        return np.zeros(0, dtype=np.int64)
    reach = costs[:, sites]
    best = reach.argmin(axis=1)
    return np.where(np.isfinite(reach[np.arange(len(best)), best]), sites[best], -1).astype(np.int64)


def _gap(objective: float, bound: float) -> float:
    difference = abs(objective - bound)
    return 0.0 if difference <= _TINY * abs(objective) else difference / max(abs(objective), 1e-300)


def _report(costs: FloatArray, demand: FloatArray, rows: IntArray, found: _Answer) -> Siting:
    assignment = _nearest(costs, found.sites)
    if found.assignment is not None:
        assignment[rows] = found.assignment
    served = np.flatnonzero((assignment >= 0) & (demand > 0))
    objective = float(demand[served] @ costs[served, assignment[served]])
    bound = objective if found.value <= found.bound else min(found.bound, objective)
    return Siting(tuple(found.sites.tolist()), objective, assignment, _gap(objective, bound), bound)


# ---- sums of costs: p-median and, as the p-median of what stays uncovered, coverage


def _least_sum(
    costs: FloatArray, demand: FloatArray, rules: _Rules, slack: FloatArray | None = None
) -> _Answer:
    """Minimise Σ w c; `slack` is the price of leaving a demand unserved, used with capacities only."""
    far = ~np.isfinite(costs)
    reach = np.where(far, 0.0, costs) * demand[:, None]
    # A pair without a way costs more than any answer that needs none.
    blocked = float(reach.max(axis=1, initial=0.0).sum() + 1.0 + (0.0 if slack is None else slack.sum()))
    weighed = np.where(far, blocked, reach)
    if rules.capacities is not None:
        return _capacitated(weighed, far, demand, rules, slack)
    starts: list[IntArray] = []
    if far.any():
        feasible = _cover(~far, demand, rules, enough=True)
        if feasible is None:
            raise SitingError(f"no {rules.most} sites within the rules reach every demand{_why(rules)}")
        starts.append(_filled(weighed, feasible.sites, rules))
    starts += _starts(weighed, rules)
    tried = [_interchange(weighed, start, rules) for start in starts]
    sites, value = tried[int(np.argmin([reached for _, reached in tried]))]
    if value <= 0:
        return _Answer(sites, 0.0, 0.0)
    grain = _grain(weighed, ~far)
    bound, price, gain, sites, value = _dual(weighed, sites, value, rules)
    better = value * (1 - _TINY) - 0.999 * grain  # an answer that is not below this is no better
    if bound < better:
        sites, value = _shaken(weighed, sites, value, rules)
        better = value * (1 - _TINY) - 0.999 * grain
    if bound >= better:
        return _Answer(sites, value, value)
    closed, forced, useless = _reduce(weighed, price, gain, bound, better, rules)
    return _radius_form(weighed, far | useless, closed, forced, _Answer(sites, value, bound), grain, rules)


def _starts(weighed: FloatArray, rules: _Rules) -> list[IntArray]:
    """Greedy, and some sets spread over the columns, from which interchange may end elsewhere."""
    starts = [_filled(weighed, rules.existing, rules)]
    new = np.setdiff1d(np.flatnonzero(rules.allowed), rules.existing)
    count = rules.most - rules.existing.size
    if rules.prices is None and 0 < count < new.size:
        for shift in range(4):
            picks = (np.arange(count) * new.size // count + shift * new.size // (4 * count)) % new.size
            starts.append(np.sort(np.append(rules.existing, new[np.unique(picks)])))
    return [start for start in starts if not rules.exact or start.size == rules.most]


def _filled(weighed: FloatArray, sites: IntArray, rules: _Rules) -> IntArray:
    """Add the site that saves most (per price where sites cost) until no more may be opened."""
    chosen = list(sites)
    spent = rules.cost(np.asarray(chosen, dtype=np.int64))
    closed = rules.allowed.copy()
    closed[chosen] = False
    nearest = weighed[:, chosen].min(axis=1) if chosen else weighed.max(axis=1, initial=0.0)
    while len(chosen) < rules.most:
        can = closed if rules.prices is None else closed & (rules.prices <= rules.budget - spent)
        if not can.any():
            break
        saved = np.maximum(nearest[:, None] - weighed, 0.0).sum(axis=0)
        if rules.prices is not None:
            saved = saved / np.maximum(rules.prices, 1e-12 * max(rules.budget, 1e-12))
        best = int(np.argmax(np.where(can, saved, -1.0)))
        chosen.append(best)
        closed[best] = False
        spent += 0.0 if rules.prices is None else float(rules.prices[best])
        nearest = np.minimum(nearest, weighed[:, best])
    return np.array(sorted(chosen), dtype=np.int64)


def _interchange(weighed: FloatArray, sites: IntArray, rules: _Rules) -> tuple[IntArray, float]:
    """Swap the pair of sites that saves most until none saves: all pairs at once, in matrices.

    profit(out, in) = gain(in) - loss(out) + extra(out, in) (Resende & Werneck 2007).
    """
    n = weighed.shape[0]
    rows = np.arange(n)
    value = float(weighed[:, sites].min(axis=1).sum()) if n else 0.0
    fixed = np.isin(sites, rules.existing)
    while n and sites.size and not fixed.all():
        reach = weighed[:, sites]
        first = reach.argmin(axis=1)
        d1 = reach[rows, first]
        if sites.size > 1:
            reach[rows, first] = np.inf
            d2 = reach.min(axis=1)
        else:
            d2 = weighed.max(axis=1)
        serves = np.zeros((sites.size, n))
        serves[first, rows] = 1.0
        profit = serves @ np.maximum(d2[:, None] - np.maximum(weighed, d1[:, None]), 0.0)
        profit += np.maximum(d1[:, None] - weighed, 0.0).sum(axis=0)
        profit -= (serves @ (d2 - d1))[:, None]
        profit[:, ~rules.allowed] = -np.inf
        profit[:, sites] = -np.inf
        profit[fixed] = -np.inf
        if rules.prices is not None:
            spare = rules.budget - rules.cost(sites)
            profit[rules.prices[None, :] - rules.prices[sites][:, None] > spare] = -np.inf
        out, new = np.unravel_index(int(np.argmax(profit)), profit.shape)
        trial = np.sort(np.append(np.delete(sites, out), new))
        reached = float(weighed[:, trial].min(axis=1).sum())
        if not profit[out, new] > 0 or not reached < value * (1 - 1e-12):
            break
        sites, value = trial, reached
        fixed = np.isin(sites, rules.existing)
    return sites, value


def _shaken(weighed: FloatArray, sites: IntArray, value: float, rules: _Rules) -> tuple[IntArray, float]:
    """Exchange a quarter of the sites along a Weyl sequence and improve again, some dozens of times."""
    new = int(rules.allowed.sum()) - rules.existing.size
    movable = rules.most - rules.existing.size
    if not rules.exact or not 0 < movable < new:
        return sites, value
    count: int = min(max(2, movable // 4), movable, new - movable)
    stop = time.perf_counter() + 0.05 * rules.left()
    for turn in range(1, 81):
        mine = np.setdiff1d(sites, rules.existing)
        other = np.setdiff1d(np.flatnonzero(rules.allowed), sites)
        k = np.arange(turn * count, (turn + 1) * count)
        out = mine[np.unique((k * 0.6180339887498949 % 1 * mine.size).astype(np.int64))]
        into = other[np.unique((k * 0.7548776662466927 % 1 * other.size).astype(np.int64))]
        size = min(out.size, into.size)
        trial = np.sort(np.append(np.setdiff1d(sites, out[:size]), into[:size]))
        trial, reached = _interchange(weighed, trial, rules)
        if reached < value:
            sites, value = trial, reached
        if time.perf_counter() > stop:
            break
    return sites, value


def _dual(
    weighed: FloatArray, sites: IntArray, value: float, rules: _Rules
) -> tuple[float, FloatArray, FloatArray, IntArray, float]:
    """Raise the Lagrangian bound over prices u of being served, by subgradient steps.

    L(u) = Σ u_i + min over sets of Σ_j ρ_j, ρ_j = Σ_i min(0, w_i c_ij - u_i); a budget is left out, which
    keeps L a bound. Sets met on the way start an interchange.
    """
    near = np.sort(weighed[:, sites], axis=1)
    price = (near[:, 0] + near[:, min(1, sites.size - 1)]) / 2
    best, best_price = -np.inf, price
    best_gain = np.zeros(weighed.shape[1])
    scale, stall = 1.5, 0
    seen: set[bytes] = set()
    for step in range(_DUAL_STEPS):
        gain = np.minimum(weighed - price[:, None], 0.0).sum(axis=0)
        chosen = _cheapest(gain, rules)
        bound = float(price.sum() + gain[chosen].sum())
        if bound - best > _TINY * abs(bound):
            best, best_price, best_gain, stall = bound, price, gain, 0
            if step % 10 == 0 and rules.prices is None and chosen.tobytes() not in seen:
                seen.add(chosen.tobytes())
                trial, reached = _interchange(weighed, chosen, rules)
                if reached < value:
                    sites, value = trial, reached
        else:
            stall += 1
            if stall == 25:
                scale, stall, price = 0.6 * scale, 0, best_price
        slope = 1.0 - (weighed[:, chosen] < price[:, None]).sum(axis=1)
        size = float(slope @ slope)
        if size == 0 or best >= value * (1 - _TINY) or scale < 1e-4 or rules.left() <= 0.05:
            break
        price = price + scale * max(value - bound, 1e-12 * value) / size * slope
    return best, best_price, best_gain, sites, value


def _cheapest(gain: FloatArray, rules: _Rules) -> IntArray:
    """Existing sites and the most profitable others, p in all."""
    order = np.where(rules.allowed, gain, np.inf)
    order[rules.existing] = -np.inf
    return np.sort(np.argpartition(order, rules.most - 1)[: rules.most])


def _reduce(
    weighed: FloatArray, price: FloatArray, gain: FloatArray, bound: float, better: float, rules: _Rules
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Find sites that any answer below `better` keeps closed or opens, and pairs it does not use."""
    chosen = np.zeros(gain.size, dtype=bool)
    chosen[_cheapest(gain, rules)] = True
    free = chosen.copy()
    free[rules.existing] = False
    others = rules.allowed & ~chosen
    last = float(gain[free].max()) if free.any() else -np.inf
    following = float(gain[others].min()) if others.any() else 0.0
    extra = np.where(chosen, 0.0, gain - last) if free.any() else np.where(chosen, 0.0, np.inf)
    closed = ~rules.allowed | (bound + extra > better)
    forced = np.zeros(gain.size, dtype=bool)
    forced[rules.existing] = True
    if rules.exact and others.any():
        forced |= free & (bound - gain + following > better)
    elif rules.exact:
        forced |= free
    useless = bound + np.maximum(weighed - price[:, None], 0.0) + np.maximum(extra, 0.0) > better
    return closed & ~forced, forced, useless


def _highs(
    objective: FloatArray,
    rows: Sequence[tuple[Any, FloatArray | float, FloatArray | float]],
    lower: FloatArray,
    upper: FloatArray,
    integral: IntArray,
    limit: float,
    gap: float = 0.0,
) -> Any:
    """Call HiGHS until the relative gap is closed or the time is up."""
    return milp(
        objective,
        constraints=[LinearConstraint(matrix, low, high) for matrix, low, high in rows],
        bounds=Bounds(lower, upper),
        integrality=integral,
        options={"time_limit": limit, "mip_rel_gap": gap},
    )


def _site_rows(columns: IntArray, width: int, rules: _Rules) -> list[tuple[Any, float, float]]:
    """Constraints on the number and the price of open sites, which are the first variables."""
    k = columns.size
    count = sparse.csr_matrix((np.ones(k), (np.zeros(k, int), np.arange(k))), shape=(1, width))
    rows: list[tuple[Any, float, float]] = [
        (count, float(rules.most) if rules.exact else 0.0, float(rules.most))
    ]
    if rules.prices is not None:
        paid = sparse.csr_matrix((rules.prices[columns], (np.zeros(k, int), np.arange(k))), shape=(1, width))
        rows.append((paid, 0.0, rules.budget))
    return rows


def _radius_form(
    weighed: FloatArray,
    useless: BoolArray,
    closed: BoolArray,
    forced: BoolArray,
    known: _Answer,
    grain: float,
    rules: _Rules,
) -> _Answer:
    """Look for an answer better than `known` among the sites and pairs that are left.

    z_ik = 1 if demand i finds no open site within its k-th distinct cost; the cost of i is its least one plus
    the rises of all k with z_ik = 1.
    """
    columns = np.flatnonzero(~closed)
    keep = ~useless[:, columns]
    if not keep.any(axis=1).all():
        return _Answer(known.sites, known.value, known.value)  # some demand could only do worse
    if keep.sum() > _MAX_PAIRS:
        return known
    k = columns.size
    unit = known.value / max(weighed.shape[0], 1)
    better = known.value * (1 - _TINY) - 0.999 * grain
    heads: list[IntArray] = []
    tails: list[IntArray] = []
    data: list[FloatArray] = []
    low: list[float] = []
    rises: list[float] = []
    base, row, width = 0.0, 0, k
    for i in range(weighed.shape[0]):
        mine = np.flatnonzero(keep[i])
        levels, place = np.unique(weighed[i, columns[mine]], return_inverse=True)
        base += float(levels[0])
        last = levels.size - 1
        heads.append(row + place.astype(np.int64))
        tails.append(mine)
        data.append(np.ones(mine.size))
        if last:
            far = np.arange(last)
            heads += [row + far, row + 1 + far]
            tails += [width + far, width + far]
            data += [np.ones(last), -np.ones(last)]
            rises += np.diff(levels).tolist()
        low += [1.0] + [0.0] * last
        row += last + 1
        width += last
    objective = np.concatenate([np.zeros(k), np.array(rises) / unit])
    matrix = sparse.csr_matrix(
        (np.concatenate(data), (np.concatenate(heads), np.concatenate(tails))), shape=(row, width)
    )
    lower, upper = np.zeros(width), np.ones(width)
    lower[:k] = forced[columns]
    integral = np.zeros(width, dtype=np.int64)
    integral[:k] = 1
    # Only a better answer is of interest; the row lets HiGHS drop every branch without one.
    cutoff = (sparse.csr_matrix(objective[None, :]), -np.inf, (better - base) / unit)
    answer = _highs(
        objective,
        [(matrix, np.array(low), np.inf), *_site_rows(columns, width, rules), cutoff],
        lower,
        upper,
        integral,
        rules.left(),
        0.99 * grain / known.value,  # whole sums: a smaller gap holds no other answer
    )
    sites, value = known.sites, known.value
    if answer.x is not None:
        found = columns[answer.x[:k] > 0.5]
        if rules.prices is None or rules.cost(found) <= rules.budget * (1 + 1e-12):
            found, reached = _interchange(weighed, found, rules)
            if reached < value:
                sites, value = found, reached
    if answer.status in {_OPTIMAL, _INFEASIBLE}:
        return _Answer(sites, value, value)
    bound = known.bound
    if answer.mip_dual_bound is not None:
        bound = max(bound, min(base + unit * float(answer.mip_dual_bound), value))
    proven = bound >= value * (1 - _TINY) - 0.999 * grain
    return _Answer(sites, value, value if proven else bound)


def _grain(weighed: FloatArray, useful: BoolArray) -> float:
    """Whole costs give whole sums: a better answer is better by the greatest common divisor at least."""
    values = weighed[useful]
    if values.size == 0 or values.max() > 2**50 or (values != np.rint(values)).any():
        return 0.0
    return float(np.gcd.reduce(values.astype(np.int64)))


# ---- with capacities


def _capacitated(
    weighed: FloatArray, far: BoolArray, demand: FloatArray, rules: _Rules, slack: FloatArray | None
) -> _Answer:
    """Solve on the most promising sites first; with its value reduce and solve the whole."""
    n, m = weighed.shape
    idle = np.full(n, np.inf) if slack is None else slack
    heavy = demand[:, None] > (rules.capacities if rules.capacities is not None else np.inf)
    far = far | heavy | ~rules.allowed
    guess = (
        float(np.where(far, 0.0, weighed).max(axis=1, initial=0.0).sum())
        if slack is None
        else float(slack.sum())
    )
    rough = _interchange(weighed, _starts(weighed, rules)[0], rules)[1] if slack is None else 0.5 * guess
    bound, price, gain = _capacitated_dual(weighed, far, demand, idle, min(1.05 * rough, guess) or 1.0, rules)
    order = np.where(rules.allowed, gain, np.inf)
    order[rules.existing] = -np.inf
    kernel = np.sort(np.argsort(order, kind="stable")[: min(int(rules.allowed.sum()), rules.most + 8)])
    best: _Answer | None = None
    grain = _grain(weighed, ~far) if slack is None else 0.0
    useless, columns, better = far, np.flatnonzero(rules.allowed), np.inf
    if kernel.size < columns.size:
        near = ~far & (np.argsort(np.argsort(weighed, axis=1), axis=1) < max(10, 3 * m // rules.most))
        best, _ = _assign(weighed, near, kernel, demand, idle, rules, 0.3 * rules.left())
        # A good value prunes the whole: search again among the best sites and a few of the next.
        for _ in range(3):
            if best is None or bound >= best.value * (1 - _TINY) - 0.999 * grain:
                break
            better = best.value * (1 - _TINY)
            beside = np.unique(np.append(best.sites, kernel[np.argsort(gain[kernel])[: rules.most // 4]]))
            polished, _ = _assign(
                weighed, ~far & near, beside, demand, idle, rules, 0.08 * rules.left(), better
            )
            if polished is None:
                break
            best = polished
    if best is not None:
        if bound >= best.value * (1 - _TINY) - 0.999 * grain:
            return _Answer(best.sites, best.value, best.value, best.assignment)
        better = best.value * (1 - _TINY) - 0.999 * grain
        closed, _, waste = _reduce(weighed, price, gain, bound, better, rules)
        useless, columns = far | waste, np.flatnonzero(~closed)
    found, finished = _assign(weighed, ~useless, columns, demand, idle, rules, rules.left(), better)
    if found is None and best is None:
        fault = "exist" if finished else "were found within time_limit"
        raise SitingError(f"no {rules.most} sites {fault} that can take every demand{_why(rules)}")
    if found is not None and (best is None or found.value < best.value):
        best = _Answer(found.sites, found.value, found.bound, found.assignment)
    elif best is not None:  # nothing better is left, or not found
        low = best.value if finished else bound if found is None else found.bound
        best = _Answer(best.sites, best.value, low, best.assignment)
    assert best is not None  # for the type checker: the first test raises otherwise
    low = best.value if finished else min(max(bound, best.bound), best.value)
    return _Answer(best.sites, best.value, low, best.assignment)


def _capacitated_dual(
    weighed: FloatArray, far: BoolArray, demand: FloatArray, idle: FloatArray, target: float, rules: _Rules
) -> tuple[float, FloatArray, FloatArray]:
    """Bound as in `_dual`, each site filling its capacity with the best demands, the last one in part."""
    room = rules.capacities if rules.capacities is not None else np.full(weighed.shape[1], np.inf)
    n, m = weighed.shape
    price = np.minimum(np.sort(np.where(far, np.inf, weighed), axis=1)[:, : min(m, 3)].mean(axis=1), idle)
    price = np.where(np.isfinite(price), price, weighed.min(axis=1))
    best, best_price, best_gain = -np.inf, price, np.zeros(m)
    scale, stall = 1.0, 0
    columns = np.arange(m)
    rate = 1.0 / demand[:, None]
    started = time.perf_counter()
    for _ in range(_DUAL_STEPS // 2):
        profit = np.where(far, 0.0, np.maximum(price[:, None] - weighed, 0.0))
        order = np.argsort(-profit * rate, axis=0, kind="stable")
        load = demand[order]
        before = np.cumsum(load, axis=0) - load
        part = np.clip((room - before) / load, 0.0, 1.0)
        sorted_profit = profit[order, columns]
        gain = -(part * sorted_profit).sum(axis=0)
        chosen = _cheapest(gain, rules)
        unserved = idle < price
        bound = float(price.sum() + gain[chosen].sum() + (idle - price)[unserved].sum())
        if bound - best > _TINY * abs(bound):
            best, best_price, best_gain, stall = bound, price, gain, 0
        else:
            stall += 1
            if stall == 15:
                scale, stall, price = 0.6 * scale, 0, best_price
        served = np.zeros((n, m))
        served[order, columns] = np.where(sorted_profit > 0, part, 0.0)
        slope = 1.0 - served[:, chosen].sum(axis=1) - unserved
        size = float(slope @ slope)
        spent = time.perf_counter() - started
        if size < 1e-12 or scale < 1e-3 or spent > 0.25 * (spent + rules.left()):
            break
        price = price + scale * max(target - bound, 1e-3 * target) / size * slope
    return best, best_price, best_gain


def _assign(
    weighed: FloatArray,
    keep: BoolArray,
    columns: IntArray,
    demand: FloatArray,
    idle: FloatArray,
    rules: _Rules,
    limit: float,
    better: float = np.inf,
) -> tuple[_Answer | None, bool]:
    """Solve with one binary a pair, among the pairs kept; also say whether the search was finished."""
    n, k = weighed.shape[0], columns.size
    if rules.capacities is None:
        raise SitingError("capacities are missing")
    who, where = np.nonzero(keep[:, columns])
    pairs = who.size
    if pairs > _MAX_PAIRS:
        return None, False
    spare = np.flatnonzero(np.isfinite(idle))
    width = k + pairs + spare.size
    x = k + np.arange(pairs)
    worth = weighed[who, columns[where]]
    unit = float(max(np.median(worth) if pairs else 1.0, idle[spare].max(initial=0.0) / 100, 1e-9))
    objective = np.concatenate([np.zeros(k), worth / unit, idle[spare] / unit])
    once = sparse.csr_matrix(
        (
            np.ones(pairs + spare.size),
            (np.append(who, spare), np.append(x, k + pairs + np.arange(spare.size))),
        ),
        shape=(n, width),
    )
    line = np.arange(pairs)
    only_open = sparse.csr_matrix(
        (np.append(np.ones(pairs), -np.ones(pairs)), (np.append(line, line), np.append(x, where))),
        shape=(pairs, width),
    )
    room = np.minimum(rules.capacities[columns], demand.sum())
    fits = sparse.csr_matrix(
        (np.append(demand[who], -room), (np.append(where, np.arange(k)), np.append(x, np.arange(k)))),
        shape=(k, width),
    )
    lower, upper = np.zeros(width), np.ones(width)
    lower[:k] = np.isin(columns, rules.existing)
    answer = _highs(
        objective,
        [
            (once, 1.0, 1.0),
            (only_open, -np.inf, 0.0),
            (fits, -np.inf, 0.0),
            *_site_rows(columns, width, rules),
            (sparse.csr_matrix(objective[None, :]), -np.inf, better / unit),
        ],
        lower,
        upper,
        np.ones(width, dtype=np.int64),
        limit,
    )
    finished = answer.status in {_OPTIMAL, _INFEASIBLE}
    if answer.x is None:
        return None, finished
    sites = columns[answer.x[:k] > 0.5]
    taken = answer.x[x] > 0.5
    assignment = np.full(n, -1, dtype=np.int64)
    assignment[who[taken]] = columns[where[taken]]
    served = assignment >= 0
    value = float(weighed[served, assignment[served]].sum() + idle[~served].sum())
    bound = value if answer.status == _OPTIMAL else min(unit * float(answer.mip_dual_bound or 0.0), value)
    return _Answer(sites, value, bound, assignment), finished


# ---- covers


class _UndecidedError(SitingError):
    """The time was up before a cover was found or excluded."""


def _cover(reach: BoolArray, demand: FloatArray, rules: _Rules, *, enough: bool = False) -> _Answer | None:
    """Cover every demand with the fewest sites; None if impossible. `enough`: any number up to p will do."""
    columns = np.flatnonzero(rules.allowed)
    k, n = columns.size, reach.shape[0]
    assignment = None
    near = reach[:, columns]
    rows: list[tuple[Any, FloatArray | float, FloatArray | float]]
    width = k
    who = where = np.zeros(0, dtype=np.int64)
    if rules.capacities is None:
        rows = [(sparse.csr_matrix(near.astype(np.float64)), 1.0, np.inf)] if n else []
    else:
        who, where = np.nonzero(near)
        pairs, line = who.size, np.arange(who.size)
        width = k + pairs
        room = np.minimum(rules.capacities[columns], demand.sum())
        rows = [
            (sparse.csr_matrix((np.ones(pairs), (who, k + line)), shape=(n, width)), 1.0, 1.0),
            (
                sparse.csr_matrix(
                    (
                        np.append(np.ones(pairs), -np.ones(pairs)),
                        (np.append(line, line), np.append(k + line, where)),
                    ),
                    shape=(pairs, width),
                ),
                -np.inf,
                0.0,
            ),
            (
                sparse.csr_matrix(
                    (
                        np.append(demand[who], -room),
                        (np.append(where, np.arange(k)), np.append(k + line, np.arange(k))),
                    ),
                    shape=(k, width),
                ),
                -np.inf,
                0.0,
            ),
        ]
    lower = np.zeros(width)
    lower[:k] = np.isin(columns, rules.existing)
    objective = np.zeros(width)
    if rules.capacities is None or not enough:
        objective[:k] = 1.0
    limits = [(row, 0.0, high) for row, _, high in _site_rows(columns, width, rules)]
    answer = _highs(
        objective, [*rows, *limits], lower, np.ones(width), np.ones(width, dtype=np.int64), rules.left()
    )
    if answer.status == _INFEASIBLE:
        return None
    if answer.x is None:
        greedy = _greedy_cover(near, columns, rules)
        if greedy is None or (enough and greedy.size > rules.most):
            raise _UndecidedError("no cover was found or excluded within time_limit")
        return _Answer(greedy, float(greedy.size), float(max(rules.existing.size, 1)))
    sites = columns[answer.x[:k] > 0.5]
    if rules.capacities is not None:
        taken = answer.x[k:] > 0.5
        assignment = np.full(n, -1, dtype=np.int64)
        assignment[who[taken]] = columns[where[taken]]
    value = float(sites.size)
    bound = value if answer.status == _OPTIMAL else float(np.ceil((answer.mip_dual_bound or 0.0) - 1e-6))
    return _Answer(sites, value, min(bound, value), assignment)


def _greedy_cover(near: BoolArray, columns: IntArray, rules: _Rules) -> IntArray | None:
    """Open the site that covers most of the rest, again and again; None with capacities or a budget."""
    if rules.capacities is not None or rules.prices is not None:
        return None
    chosen = list(rules.existing)
    open_already = np.isin(columns, rules.existing)
    rest = ~near[:, open_already].any(axis=1)
    while rest.any():
        best = int(near[rest].sum(axis=0).argmax())
        chosen.append(columns[best])
        rest &= ~near[:, best]
    return np.array(sorted(chosen), dtype=np.int64)
