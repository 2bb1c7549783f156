"""Orders of the same measures on paper: permuted timetables under one budget.

They are played by :mod:`parksim.experiment.race`.

A **measure** is an intervention of the scenario, or a named group of them. The plan as written gives the
**slots**: the months of decision, and where every measure is a single intervention also the months of works. An
order says which measure takes the first slot, which the second, and so on. Money comes as in the plan as written:
a measure that comes before its money waits for the next slot that can pay it, and what follows waits behind it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import permutations
from typing import TYPE_CHECKING, Literal

from parksim.chance import named_uniform
from parksim.errors import ParksimError, nearest
from parksim.interventions.renew_block import plan
from parksim.scenario.renewal import RENEWAL, build_cost_cny, schedule
from parksim.scenario.schema import Scenario
from parksim.scenario.verify import Site, interventions_make_sense

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parksim.scenario.schema import Intervention

By = Literal["each", "month"]

AFTERWARDS = 12
"""Months that a run goes on after the last opening, where no length is given."""
EXHAUSTIVE = 5
"""Up to so many measures every order is looked at; beyond, orders are sampled."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Interventions that are moved together.

    Attributes
    ----------
    name : str
    items : tuple of Intervention
        As they stand in the scenario.
    """

    name: str
    items: tuple[Intervention, ...]

    @property
    def month(self) -> int:
        """Month of the first decision."""
        return min(item.month for item in self.items)

    @property
    def cost_cny(self) -> float:
        """What it costs to make, CNY: works and the places it opens, without running costs."""
        return sum(i.cost_cny + (i.amenity.capex_cny if i.amenity else 0.0) for i in self.items)


@dataclass(frozen=True, slots=True)
class Order:
    """One order of the measures, with its timetable.

    Attributes
    ----------
    names : tuple of str
        Measures, the first to be decided first.
    months : tuple of int
        Month in which each of them is decided.
    scenario : Scenario
        The scenario with these months.
    """

    names: tuple[str, ...]
    months: tuple[int, ...]
    scenario: Scenario = field(repr=False)

    def __str__(self) -> str:
        return " > ".join(self.names)

    @property
    def last_opening(self) -> int:
        """Month in which the last works are over."""
        p = self.scenario.parameters.renewal
        return max(
            schedule(plan(item), p)[1] if item.kind == RENEWAL else item.month + item.build_months
            for item in self.scenario.interventions
        )


@dataclass(frozen=True)
class Orders:
    """The orders of a scenario's measures that can be played.

    Attributes
    ----------
    scenario : Scenario
    measures : tuple of Measure
        In the order as written.
    orders : tuple of Order
        Those with a timetable of their own, the order as written first.
    infeasible : dict of tuple of str to str
        Orders left out because a measure acts on what is not there yet, and why.
    same : dict of tuple of str to int
        Orders left out because waiting for money gives them the timetable of another one, and its number.
    possible : int
        Orders in all, looked at or not.
    exhaustive : bool
        Whether all of them were looked at.
    """

    scenario: Scenario
    measures: tuple[Measure, ...]
    orders: tuple[Order, ...] = field(repr=False)
    infeasible: dict[tuple[str, ...], str] = field(repr=False)
    same: dict[tuple[str, ...], int] = field(repr=False)
    possible: int
    exhaustive: bool

    def length(self, months: int | None = None) -> int:
        """Return how long runs are: so many months, or :data:`AFTERWARDS` after the last opening of any order.

        Raises
        ------
        ParksimError
            If a run would end before the last opening.
        """
        last = max(order.last_opening for order in self.orders)
        if months is not None and months < last:
            raise ParksimError(f"months is {months}: in some order the last opening is in month {last}")
        return months or last + AFTERWARDS

    @property
    def looked_at(self) -> int:
        """Orders that were tried out on paper."""
        return len(self.orders) + len(self.infeasible) + len(self.same)

    def runs(self, reps: int) -> int:
        """Return the number of runs if no order is dropped."""
        return len(self.orders) * reps


def orders_of(
    scenario: Scenario | str,
    *,
    by: By | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    sample: int = 60,
    budget: bool = True,
    seed: int = 1,
) -> Orders:
    """Write down the orders in which a scenario's measures can be done; nothing is played.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or its name or file.
    by : {'each', 'month'}, optional
        What a measure is: each intervention, or what is decided in one month. By default each, where these are
        at most :data:`EXHAUSTIVE`, else by month.
    groups : mapping of str to sequence of str, optional
        Instead: measures by name, with the names of their interventions or patterns (``open-*``); what is in
        none keeps its month.
    sample : int
        Orders looked at where there are more than :data:`EXHAUSTIVE` measures.
    budget : bool
        Whether money comes as in the plan as written. False: every measure takes its slot, whatever it costs.
    seed : int
        Decides which orders are sampled.

    Returns
    -------
    Orders

    Raises
    ------
    ParksimError
        If there are fewer than two measures, or a name or pattern matches nothing or twice.
    """
    if isinstance(scenario, str):
        from parksim.scenario.read import load  # noqa: PLC0415  (not needed for Scenario objects)

        scenario = load(scenario)
    if sample < 1:
        raise ParksimError(f"sample {sample}: at least one order is needed")
    measures = _measures(scenario, by, groups)
    if len(measures) < 2:
        raise ParksimError(
            f"'{scenario.name}' has {len(measures)} measures: an order takes at least two interventions"
        )
    exhaustive = len(measures) <= EXHAUSTIVE
    every = permutations(measures) if exhaustive else _sampled(measures, sample, seed)
    found: list[Order] = []
    infeasible: dict[tuple[str, ...], str] = {}
    same: dict[tuple[str, ...], int] = {}
    known: dict[str, int | str] = {}
    for one in every:
        order = _timetable(scenario, measures, one, budget=budget)
        content = order.scenario.content_hash
        if content not in known:
            fault = next(interventions_make_sense(Site(order.scenario)), None)
            known[content] = len(found) if fault is None else ": ".join(fault)
            if fault is None:
                found.append(order)
                continue
        twin = known[content]
        if isinstance(twin, str):
            infeasible[order.names] = twin
        else:
            same[order.names] = twin
    if not found or found[0].names != tuple(m.name for m in measures):
        first = next(iter(infeasible.values()), "")
        raise ParksimError(f"'{scenario.name}' cannot be done as it is written: {first}")
    possible = math.factorial(len(measures))
    return Orders(scenario, measures, tuple(found), infeasible, same, possible, exhaustive)


def _measures(
    scenario: Scenario, by: By | None, groups: Mapping[str, Sequence[str]] | None
) -> tuple[Measure, ...]:
    items = scenario.interventions
    if by not in ("each", "month", None):
        raise ParksimError(f"by is '{by}'{nearest(by, ('each', 'month'))}")
    if groups:
        found = [
            Measure(name, tuple(i for i in items if any(fnmatchcase(i.name, p) for p in patterns)))
            for name, patterns in groups.items()
        ]
        for name, patterns in groups.items():
            for pattern in patterns:
                if not any(fnmatchcase(item.name, pattern) for item in items):
                    near = nearest(pattern, [item.name for item in items])
                    raise ParksimError(f"group '{name}': no intervention is named '{pattern}'{near}")
        for item in items:
            mine = [one.name for one in found if item in one.items]
            if len(mine) > 1:
                raise ParksimError(f"'{item.name}' is in two groups: {', '.join(mine)}")
        if empty := [one.name for one in found if not one.items]:
            raise ParksimError(f"group '{empty[0]}' has no interventions")
    elif by == "each" or (by is None and len(items) <= EXHAUSTIVE):
        found = [Measure(item.name, (item,)) for item in items]
    else:
        months = sorted({item.month for item in items})
        found = [Measure(f"month-{m}", tuple(i for i in items if i.month == m)) for m in months]
    return tuple(sorted(found, key=lambda one: one.month))


def _sampled(measures: tuple[Measure, ...], sample: int, seed: int) -> Iterator[tuple[Measure, ...]]:
    """Yield different orders: the one as written, then others by luck that belongs to (seed, number, name)."""
    seen = {tuple(one.name for one in measures)}
    yield measures
    for k in range(20 * sample):
        if len(seen) >= sample:
            return
        luck = {one.name: named_uniform(seed, f"order {k} {one.name}") for one in measures}
        order = tuple(sorted(measures, key=lambda one: luck[one.name]))
        names = tuple(one.name for one in order)
        if names not in seen:
            seen.add(names)
            yield order


def _timetable(
    scenario: Scenario, measures: tuple[Measure, ...], order: tuple[Measure, ...], *, budget: bool
) -> Order:
    """Give the measures of an order their months; `measures` as written are the slots."""
    slots = [one.month for one in measures]
    cost = {one.name: one.cost_cny + _renewals(scenario, one) for one in measures}
    money = [sum(cost[m.name] for m in measures if m.month <= month) for month in slots]
    single = all(len(one.items) == 1 and one.items[0].kind != RENEWAL for one in measures)
    at, spent, months = 0, 0.0, []
    moved: dict[str, Intervention] = {}
    for k, one in enumerate(order):
        at, spent = max(at, k), spent + cost[one.name]
        while budget and at < len(slots) - 1 and spent > money[at] * (1 + 1e-9):
            at += 1
        months.append(slots[at])
        for item in one.items:
            works = measures[k].items[0].build_months if single else item.build_months
            changes = {"month": slots[at] + item.month - one.month, "build_months": works}
            moved[item.name] = item.model_copy(update=changes)
    interventions = tuple(moved.get(item.name, item) for item in scenario.interventions)
    # constructed, not copied: a copy would carry the scenario's content_hash
    values = {name: getattr(scenario, name) for name in Scenario.model_fields}
    changed = Scenario.model_construct(**{**values, "interventions": interventions})
    return Order(tuple(one.name for one in order), tuple(months), changed)


def _renewals(scenario: Scenario, one: Measure) -> float:
    """Return what the blocks that a measure renews cost to build, CNY."""
    p, layout = scenario.parameters.renewal, scenario.layout
    return sum(build_cost_cny(layout, plan(item), p) for item in one.items if item.kind == RENEWAL)
