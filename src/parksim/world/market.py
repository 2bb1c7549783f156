"""Where people go and how long they queue there: shares by desk place, and the waits that agree with them.

Everything is worked out for desk places (units) and **pairs** of a daypart and an amenity open in it; nobody
is looked at one by one. Pairs that compete for the same visitors form a **group**: one daypart, one category,
and one part of the park from which people reach them. Groups know nothing of each other. A unit and a pair that
its people can reach and may use make a **link**: what depends on both is kept for links alone, since in a large
park most places are out of most people's reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.scenario.categories import CATEGORIES, DAYPARTS, WEEKEND

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from parksim.scenario.schema import Scenario
    from parksim.world.place import Place

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

MAX_ROUNDS = 60
CONVERGED_MIN = 0.05


DAY, NIGHT, OFF = range(3)
"""Kinds of day: at work, at work on night shift, and off at home."""


@lru_cache(maxsize=1)
def parts() -> Floats:
    """Return the share of a day's visits in each daypart, float array [kind of day, daypart, category].

    On night shift what others do at lunch and after work falls in the night; a day off is one daypart.
    """
    order = list(DAYPARTS)
    day = np.array([[c.dayparts.get(d, 0.0) for c in CATEGORIES.values()] for d in order])
    night, off = day.copy(), np.zeros_like(day)
    for moved in ("lunch", "after_work"):
        night[order.index("night")] += night[order.index(moved)]
        night[order.index(moved)] = 0.0
    off[WEEKEND] = [c.weekend > 0 for c in CATEGORIES.values()]
    return np.stack([day, night, off])


@dataclass(frozen=True, slots=True)
class Settled:
    """Waits and visits that agree with each other.

    Attributes
    ----------
    wait : float array [pair]
        Expected minutes in the queue, at most the visitors' patience.
    share : float array [link]
        Share of the visits wanted at a unit, in the pair's daypart and category, that go there.
    staff, load : float arrays [pair]
        Visits a day by employees, and with outsiders.
    residual_min : float
        Largest group's mean over visits of the difference between the wait assumed and the one that follows.
    rounds : int
        Times the waits were worked out.
    """

    wait: Floats
    share: Floats
    staff: Floats
    load: Floats
    residual_min: float
    rounds: int


class Runs:
    """Stretches of equal keys in an array of rising keys, and sums over them.

    Attributes
    ----------
    key : int array [run]
        The key of each stretch.
    at : int array [link]
        Stretch that each entry belongs to.
    """

    def __init__(self, keys: Ints) -> None:
        self._start = np.flatnonzero(np.diff(keys, prepend=-1))
        self.key = keys[self._start]
        self.at = np.repeat(np.arange(len(self._start)), np.diff(self._start, append=len(keys)))

    def sums(self, values: Floats) -> Floats:
        """Sum over each stretch."""
        return np.add.reduceat(values, self._start) if len(self._start) else np.zeros(0)


class Market:
    """What a layout offers in the dayparts of a day, ready for the month's choices.

    Attributes
    ----------
    daypart, amenity, category, group : int arrays [pair]
    group_daypart, group_category : int arrays [group]
    unit, pair : int arrays [link]
        Links stand in the order of units, and of pairs within a unit.
    pull : float array [link]
        Attraction before waiting: exp of the utility of walk, price and quality, times the part of the
        daypart in which the place is open.
    walk : float array [link]
        Minutes.
    within_reach : pair of int arrays
        Unit and amenity wherever there is a link, in the order of units, then of categories.
    forgo : float array [group]
        Attraction of going without.
    hours, rate, servers, patience, outside : float arrays [pair]
        Hours open in the daypart, visits an hour one server can take, servers, longest wait, visits a day by
        outsiders.
    """

    def __init__(self, place: Place, scenario: Scenario) -> None:
        p, amenities, kinds = scenario.parameters.services, place.amenities, list(CATEGORIES.values())
        queued = np.array([not kind.allotted for kind in kinds])
        homes = any(a.category == "flats" and a.outside is None for a in amenities)
        lived = np.array([True, _somebody_rotates(scenario), homes])
        used = parts()[lived].sum(axis=0) > 0
        open_ = (place.open_hours > 0) & (used & queued)[:, place.category]
        length = np.array([end - start for start, end in DAYPARTS.values()])
        reach = place.usable & (place.walk <= p.reach_min)
        part_of_park = self._connected(reach, place.category)
        daypart, amenity = np.nonzero(open_)
        order = np.lexsort((amenity, part_of_park[amenity], place.category[amenity], daypart))
        self.daypart, self.amenity = daypart[order], amenity[order]
        self.category = place.category[self.amenity]
        key = (self.daypart * len(kinds) + self.category) * (len(amenities) + 1) + part_of_park[self.amenity]
        _, self.start, self.group = np.unique(key, return_index=True, return_inverse=True)
        self.group_daypart, self.group_category = self.daypart[self.start], self.category[self.start]
        self._pair_cell = self.daypart * len(kinds) + self.category
        self.shape = (len(DAYPARTS), len(kinds))

        def column(values: list[float]) -> Floats:
            return np.array(values, dtype=np.float64)[self.amenity] if values else np.empty(0)

        self.hours = place.open_hours[self.daypart, self.amenity]
        self.servers = place.capacity[self.amenity]
        self.service_min = column(
            [a.service_min or CATEGORIES[a.category].service_min or 1.0 for a in amenities]
        )
        usual = {name: kind.patience_min for name, kind in CATEGORIES.items()}
        changed = {name: need.patience_min for name, need in scenario.needs.items()}
        usual |= {name: own for name, own in changed.items() if own is not None}
        self.patience = column([usual[a.category] for a in amenities])
        outsiders = column([a.outsiders if a.access == "everyone" else 0.0 for a in amenities])
        theirs = parts()[DAY] + parts()[OFF]  # at the hours that others keep
        self.outside = outsiders * theirs[self.daypart, self.category]
        fixed = column([p.price_weight * a.price + a.quality for a in amenities])
        self.unit, self.pair = np.nonzero(reach[:, self.amenity])
        self.walk = place.walk[self.unit, self.amenity[self.pair]]
        open_share = (self.hours / length[self.daypart])[self.pair]
        self.pull = np.exp(p.walk_weight * self.walk + fixed[self.pair]) * open_share
        self._units = len(place.walk)
        self._runs = Runs(self.unit * len(self.start) + self.group[self.pair])
        self._begins = np.searchsorted(self.unit, np.arange(self._units + 1))
        self._cell = self.unit * (self.shape[0] * self.shape[1]) + self._pair_cell[self.pair]
        self._cells = Runs(self._cell)
        self._place = self.unit * len(amenities) + self.amenity[self.pair]
        self._run_unit, self._run_group = np.divmod(self._runs.key, max(len(self.start), 1))
        self.forgo = np.exp(p.forgo * np.array([kind.worth for kind in kinds])[self.group_category])
        self._wait_weight = p.wait_weight
        place_unit, place_amenity = np.divmod(np.unique(self._place), max(len(amenities), 1))
        order = np.lexsort((place_amenity, place.category[place_amenity], place_unit))
        self.within_reach = place_unit[order], place_amenity[order]
        self._within: dict[tuple[float, tuple[str, ...]], tuple[Ints, Runs]] = {}
        self._last: tuple[Floats, Floats, Settled] | None = None

    @property
    def rounds(self) -> int:
        """How often the waits had to be worked out the last time, 0 before the first."""
        return self._last[2].rounds if self._last is not None else 0

    @staticmethod
    def _connected(reach: npt.NDArray[np.bool_], category: Ints) -> Ints:
        """Label the parts of the park that share visitors, by category, [amenity]."""
        from scipy.sparse.csgraph import connected_components  # noqa: PLC0415  (scipy is slow to import)

        shared = (reach.T.astype(np.float32) @ reach.astype(np.float32) > 0) & (
            category[:, None] == category[None, :]
        )
        return np.asarray(connected_components(shared, directed=False)[1], dtype=np.intp)

    # --- sums -----------------------------------------------------------------------------------

    def by_group(self, values: Floats) -> Floats:
        """Sum ``values[pair]`` over the pairs of each group."""
        return np.add.reduceat(values, self.start) if self.group.size else np.zeros(0)

    def by_daypart(self, values: Floats, cells: Runs | None = None) -> Floats:
        """Sum ``values[link]``, of all links or of those that :meth:`within` gave, to [daypart, unit, category]."""
        cells = cells or self._cells
        out = np.zeros((self._units, *self.shape))
        out.reshape(-1)[cells.key] = cells.sums(values)
        return np.moveaxis(out, 1, 0)

    def by_amenity(self, values: Floats, amenities: int) -> Floats:
        """Sum ``values[link]`` to [unit, amenity]."""
        sums = np.bincount(self._place, values, self._units * amenities).astype(np.float64)
        return sums.reshape(self._units, amenities)

    def by_pair(self, values: Floats) -> Floats:
        """Sum ``values[link]`` over the units that reach each pair."""
        return np.asarray(np.bincount(self.pair, values, len(self.group)), dtype=np.float64)

    def dense(self, values: Floats, pairs: Ints | None = None) -> Floats:
        """Write ``values[link]`` out as a table [unit, pair] (of these pairs only), 0 where there is no link."""
        pairs = np.arange(len(self.group)) if pairs is None else pairs
        column = np.full(len(self.group), -1)
        column[pairs] = np.arange(len(pairs))
        there = np.flatnonzero(column[self.pair] >= 0)
        out = np.zeros((self._units, len(pairs)))
        out[self.unit[there], column[self.pair[there]]] = values[there]
        return out

    def across(self, weight: csr_array, values: Floats) -> Floats:
        """Sum ``values[link]`` over all units at the same pair, each unit weighed for each other, [link].

        Parameters
        ----------
        weight : sparse array [unit, unit]
            Of the other unit (column) for a unit; few but the diagonal's are expected.
        values : float array [link]
        """
        out = np.asarray(weight.diagonal()[self.unit] * values)
        entries = weight.tocoo()
        for a, b, share in zip(
            entries.row.tolist(), entries.col.tolist(), entries.data.tolist(), strict=True
        ):
            if a != b:
                here, there = slice(*self._begins[a : a + 2]), slice(*self._begins[b : b + 2])
                at = np.searchsorted(self.pair[here], self.pair[there])
                same = np.append(self.pair[here], -1)[at] == self.pair[there]
                out[here][at[same]] += share * values[there][same]
        return out

    def wanted(self, by_group: Floats) -> Floats:
        """Gather what units want, [unit, group], for each link."""
        return np.asarray(by_group[self._run_unit, self._run_group][self._runs.at])

    def at(self, values: Floats) -> Floats:
        """Gather the pairs out of an array [daypart, amenity]."""
        return np.asarray(values[self.daypart, self.amenity])

    def spread(self, values: Floats, amenities: int) -> Floats:
        """Write the pairs into an array [daypart, amenity] of zeros."""
        out = np.zeros((len(DAYPARTS), amenities))
        out[self.daypart, self.amenity] = values
        return out

    def within(self, minutes: float, categories: tuple[str, ...]) -> tuple[Ints, Runs]:
        """Return the links to places of these categories at most so many minutes away on foot, and their cells."""
        known = self._within.get((minutes, categories))
        if known is None:
            mine = np.array([name in categories for name in CATEGORIES])
            links = np.flatnonzero((self.walk <= minutes) & mine[self.category][self.pair])
            known = self._within[minutes, categories] = links, Runs(self._cell[links])
        return known

    # --- choice and queues ----------------------------------------------------------------------

    def shares(self, wait: Floats) -> Floats:
        """Return the share of each unit's visits that goes to each pair at these waits, [link]."""
        drawn = self.pull * np.exp(self._wait_weight * wait)[self.pair]
        choice = self._runs.sums(drawn) + self.forgo[self._run_group]
        return np.asarray(drawn / choice[self._runs.at])

    def law(self, load: Floats, at: Ints) -> tuple[Floats, Floats]:
        """Mean minutes in the queue of these pairs if so many came in a day, however impatient, and their slope."""
        from parksim.world.queues import peak_wait_and_slope  # noqa: PLC0415  (loads scipy)

        hours = self.hours[at]
        wait, slope = peak_wait_and_slope(
            load / hours, 60 / self.service_min[at], self.servers[at], 60 * hours
        )
        return wait, slope / hours

    def kept(self, load: Floats) -> Floats:
        """Share of those who come to each pair that do not give up or are turned away."""
        from parksim.world.queues import served_share  # noqa: PLC0415  (loads scipy)

        rate = 60 / self.service_min
        return np.asarray(served_share(load / self.hours, rate, self.servers, 60 * self.hours, self.patience))

    def full(self, load: Floats) -> Floats:
        """Share of those who come to each pair whom it could not serve before it closes if they waited."""
        most = self.servers * 60 / self.service_min * self.hours
        return np.maximum(0.0, 1 - most / np.maximum(load, 1e-300))

    def settle(self, daily: Floats, wait: Floats) -> Settled:
        """Find waits and visits that agree, group by group.

        Newton's method on wait - W(load(wait)) in each group, with the derivatives that the logit and the
        law of the queue give. From the first step that does not lessen a group's difference, the group goes on by
        pseudo-transient continuation (Kelley & Keyes 1998): with a drag that falls as the difference does. A
        group is left as it is once the mean over its visits of the difference is at most
        :data:`CONVERGED_MIN`, so what is nearly right (last month's waits) is not touched.

        Parameters
        ----------
        daily : float array [unit, group]
            Visits a day wanted.
        wait : float array [pair]
            Where to begin.

        Returns
        -------
        Settled
        """
        if self._last is not None:
            daily_before, wait_before, settled = self._last
            if np.array_equal(daily, daily_before) and np.array_equal(wait, wait_before):
                return settled
        begun, wait = wait, wait.copy()
        fresh = np.zeros_like(wait)
        residual, drag = np.full(len(self.start), np.inf), np.zeros(len(self.start))
        todo = np.arange(len(wait))
        wanted = self.wanted(daily)
        for rounds in range(1, MAX_ROUNDS + 1):
            share = self.shares(wait)
            flow = wanted * share
            staff = self.by_pair(flow)
            load = staff + self.outside
            fresh[todo], steep = self.law(load[todo], todo)
            away = np.abs(np.minimum(fresh, self.patience) - wait) * load
            before, residual = residual, self.by_group(away) / np.maximum(self.by_group(load), 1e-12)
            on = (residual > CONVERGED_MIN)[self.group[todo]]
            if not on.any() or rounds == MAX_ROUNDS:
                break
            todo, slope = todo[on], steep[on]
            drag = self._drag(drag, before, residual)
            heavy = drag[self.group[todo]] > 0
            aim = np.where(heavy, np.minimum(fresh, self.patience)[todo], fresh[todo])
            step = self._newton(todo, aim - wait[todo], slope, flow, share, drag)
            # three digits will do: a group's waits depend on its own visitors alone, nothing needs hiding
            wait[todo] = np.round(np.clip(wait[todo] + step, 0.0, self.patience[todo]), 3)
        settled = Settled(wait, share, staff, load, float(residual.max(initial=0.0)), rounds)
        self._last = (daily, begun, settled)
        return settled

    @staticmethod
    def _drag(drag: Floats, before: Floats, residual: Floats) -> Floats:
        """Say how much each group is held back: not at all while Newton's steps are good."""
        fell = np.divide(
            residual, before, out=np.zeros_like(residual), where=np.isfinite(before) & (before > 0)
        )
        later = drag * np.maximum(fell, 0.25) * np.where(fell > 1, 2.0, 1.0)
        return np.where(drag > 0, np.clip(later, 1e-6, 50.0), np.where(fell > 0.7, 4.0, 0.0))

    def _newton(
        self, todo: Ints, gap: Floats, slope: Floats, flow: Floats, share: Floats, drag: Floats
    ) -> Floats:
        """Solve (1 + drag - dW/dwait) step = gap in each group that is not done."""
        step = np.empty_like(gap)
        flow, share = self.dense(flow, todo), self.dense(share, todo)
        edges = np.flatnonzero(np.diff(self.group[todo], prepend=-1, append=-1))
        for first, end in pairwise(edges.tolist()):
            here = flow[:, first:end]
            falls = -self._wait_weight * (np.diag(here.sum(axis=0)) - here.T @ share[:, first:end])
            ahead = 1 + drag[self.group[todo[first]]]
            matrix: Floats = np.eye(end - first) * ahead + slope[first:end, None] * falls
            step[first:end] = np.linalg.solve(matrix, gap[first:end])
        return step


def _somebody_rotates(scenario: Scenario) -> bool:
    population = scenario.population
    return population.rotating_shift_share > 0 or any(
        share > 0 for share in population.rotating_by_sector.values()
    )
