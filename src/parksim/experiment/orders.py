"""Which order of the same measures helps whom, and when: permuted timetables under one budget, raced in pairs.

A **measure** is an intervention of the scenario, or a named group of them. The plan as written gives the
**slots**: the months of decision, and where every measure is a single intervention also the months of works. An
order says which measure takes the first slot, which the second, and so on. Money comes as in the plan as written:
a measure that comes before its money waits for the next slot that can pay it, and what follows waits behind it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy.special import stdtr

from parksim.chance import named_uniform
from parksim.errors import ParksimError, nearest
from parksim.experiment import statistics
from parksim.experiment.plan import Plan
from parksim.experiment.runner import outcomes, usable_cores
from parksim.experiment.work import Member, Task, replication_seed
from parksim.packing import unpack_groups, unpack_series
from parksim.scenario.schema import Scenario
from parksim.scenario.verify import Site, interventions_make_sense

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from parksim.experiment.work import Outcome, Play
    from parksim.scenario.schema import Intervention

By = Literal["each", "month"]

EXHAUSTIVE = 5
"""Up to so many measures every order is looked at; beyond, orders are sampled."""
AFTERWARDS = 12
"""Months that a run goes on after the last opening, where no length is given."""
AS_WRITTEN = 0
"""Number of the order that the scenario's own months make; all others are compared with it."""
_PLACES = ("building=", "amenity=")


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
        return max(item.month + item.build_months for item in self.scenario.interventions)


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
    money = [sum(m.cost_cny for m in measures if m.month <= month) for month in slots]
    single = all(len(one.items) == 1 for one in measures)
    at, spent, months = 0, 0.0, []
    moved: dict[str, Intervention] = {}
    for k, one in enumerate(order):
        at, spent = max(at, k), spent + one.cost_cny
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


# --- the race ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Transition:
    """Orders of the same measures, played with the same people and the same luck.

    Attributes
    ----------
    plan : Orders
        Orders by number: 0 is the order as written.
    indicators : tuple of str
        Those that the orders were raced on; the first decides the ranks.
    reps, seed, months : int
    dropped : dict of int to int
        Replications after which an order was dropped as a clear loser. The order as written is played to the
        end even so, as all others are compared with it.
    runs : int
        Runs played.
    values : DataFrame
        Columns ``order, replication, seed, indicator, value``: the mean of the monthly series over the run.
    outcomes_ : dict of (order, replication) to Outcome
    """

    plan: Orders
    indicators: tuple[str, ...]
    reps: int
    seed: int
    months: int
    dropped: dict[int, int]
    runs: int
    values: pd.DataFrame = field(repr=False)
    outcomes_: dict[tuple[int, int], Outcome] = field(repr=False)

    @property
    def failed(self) -> dict[tuple[int, int], str]:
        """Traceback by (order, replication) of the runs that failed; their pairs are left out."""
        return {key: outcome.traceback for key, outcome in self.outcomes_.items() if outcome.failed}

    @property
    def best(self) -> int:
        """Number of the order that stands first in :meth:`table`."""
        return int(self.table().index[0])

    @cached_property
    def series(self) -> pd.DataFrame:
        """Indicators by month: columns ``order, replication, month, indicator, value``."""
        frames = [
            unpack_series(outcome.packed)
            .reset_index()
            .melt(id_vars="month", var_name="indicator")
            .assign(order=order, replication=replication)
            for (order, replication), outcome in self.outcomes_.items()
            if outcome.packed is not None
        ]
        return pd.concat(frames, ignore_index=True)[["order", "replication", "month", "indicator", "value"]]

    @cached_property
    def groups(self) -> pd.DataFrame:
        """Indicators by group at the end: columns ``order, replication, indicator, group, n, value``."""
        frames = [
            unpack_groups(outcome.packed).assign(order=order, replication=replication)
            for (order, replication), outcome in self.outcomes_.items()
            if outcome.packed is not None
        ]
        return pd.concat(frames, ignore_index=True)[
            ["order", "replication", "indicator", "group", "n", "value"]
        ]

    @cached_property
    def _wide(self) -> pd.DataFrame:
        wide = self.values.pivot(  # noqa: PD010  (strict: two values of one run would be an error)
            index="replication", columns=["indicator", "order"], values="value"
        )
        return wide.reindex(range(self.reps))

    def of(self, indicator: str, order: int) -> pd.Series:
        """Return the mean over the run of one indicator under one order: a value a replication."""
        if (indicator, order) not in self._wide.columns:
            return pd.Series(math.nan, index=self._wide.index)
        return self._wide[indicator, order]

    def difference(self, indicator: str, order: int) -> statistics.Paired:
        """Return the paired difference of an order to the order as written, over the run."""
        return statistics.paired(
            self.of(indicator, AS_WRITTEN), self.of(indicator, order), **_rule(indicator)
        )

    def table(self) -> pd.DataFrame:
        """Return a row an order: what its indicators are over the run, against the order as written.

        Returns
        -------
        DataFrame
            Index ``order``, the best first and dropped ones last; columns ``sequence``, ``n`` (replications
            played), ``dropped`` (replications after which it was dropped, 0: never), and for each indicator its
            name (mean), and ``difference``, ``low``, ``high``, ``verdict`` (corrected by Holm over the orders)
            followed by the indicator's name in brackets.
        """
        rows: list[dict[str, Any]] = [
            {
                "order": k,
                "sequence": str(order),
                "n": sum(1 for which, _ in self.outcomes_ if which == k),
                "dropped": self.dropped.get(k, 0),
            }
            for k, order in enumerate(self.plan.orders)
        ]
        for indicator in self.indicators:
            pairs = [self.difference(indicator, k) for k in range(1, len(rows))]
            words = ["as written", *statistics.corrected(pairs, **_rule(indicator))]
            spans = [(0.0, 0.0, 0.0), *((pair.mean, pair.low, pair.high) for pair in pairs)]
            for row, (mean, low, high), word in zip(rows, spans, words, strict=True):
                row[indicator] = statistics.estimate(self.of(indicator, row["order"])).mean
                row[f"difference ({indicator})"] = mean
                row[f"low ({indicator})"], row[f"high ({indicator})"] = low, high
                row[f"verdict ({indicator})"] = word
        first = self.indicators[0]
        side = _side(first)

        def rank(row: dict[str, Any]) -> tuple[bool, int, float, int]:
            gain = side * row[f"difference ({first})"]
            gone = row["dropped"]
            return gone > 0, -gone, -gain if math.isfinite(gain) else math.inf, row["order"]

        rows.sort(key=rank)
        return pd.DataFrame(rows).set_index("order")

    def by_month(self, indicator: str | None = None) -> pd.DataFrame:
        """Return when an order helps: an indicator month by month, and its paired difference.

        Returns
        -------
        DataFrame
            Columns ``order, month, value, difference, low, high, n``; the differences are to the order as
            written, with their 95 % intervals.
        """
        indicator = self._known(indicator)
        here = self.series[self.series["indicator"] == indicator]
        wide = here.pivot(index="replication", columns=["order", "month"], values="value")  # noqa: PD010
        rows = []
        for order, month in _keys(wide):
            base = wide.get((AS_WRITTEN, month), pd.Series(math.nan, wide.index))
            pair = statistics.paired(base, wide[order, month])
            rows.append((order, month, wide[order, month].mean(), pair.mean, pair.low, pair.high, pair.n))
        columns = ["order", "month", "value", "difference", "low", "high", "n"]
        return pd.DataFrame(rows, columns=columns).sort_values(["order", "month"], ignore_index=True)

    def by_group(self, indicator: str = "commute_mean_min_cohort") -> pd.DataFrame:
        """Return whom an order helps: an indicator by group at the end of the run.

        Parameters
        ----------
        indicator : str
            One that runs keep by group: ``commute_mean_min``, ``commute_mean_min_cohort``,
            ``stayed_share_cohort``, ``coverage_<circle>``.

        Returns
        -------
        DataFrame
            Columns ``order, group, n_people, value, difference, low, high, verdict``; the differences are to the
            order as written, the verdicts corrected by Holm over the whole table.

        Raises
        ------
        ParksimError
            If runs keep no such indicator by group.
        """
        if indicator not in (names := self.groups["indicator"].unique()):
            raise ParksimError(f"no indicator '{indicator}' by group{nearest(indicator, names)}")
        here = self.groups[self.groups["indicator"] == indicator]
        here = here[~here["group"].str.startswith(_PLACES)]
        sizes = here.groupby(["order", "group"])["n"].mean()
        wide = here.pivot(index="replication", columns=["order", "group"], values="value")  # noqa: PD010
        pairs = {
            (order, group): statistics.paired(
                wide.get((AS_WRITTEN, group), pd.Series(math.nan, wide.index)),
                wide[order, group],
                **_rule(indicator),
            )
            for order, group in _keys(wide)
        }
        looks = {key: pair for key, pair in pairs.items() if key[0] != AS_WRITTEN}
        words = dict(zip(looks, statistics.corrected([*looks.values()], **_rule(indicator)), strict=True))
        rows = [
            (order, group, sizes[order, group], wide[order, group].mean(), pair.mean, pair.low, pair.high,
             words.get((order, group), "as written"))
            for (order, group), pair in pairs.items()
        ]  # fmt: skip
        columns = ["order", "group", "n_people", "value", "difference", "low", "high", "verdict"]
        return pd.DataFrame(rows, columns=columns).sort_values(["order", "group"], ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the table and the counts as JSON holds them."""
        rows = [
            {str(k): statistics.finite(v) if isinstance(v, float) else v for k, v in row.items()}
            for row in self.table().reset_index().to_dict("records")
        ]
        return {
            "scenario": self.plan.scenario.name,
            "replications": self.reps,
            "seed": self.seed,
            "months": self.months,
            "runs": self.runs,
            "possible": self.plan.possible,
            "infeasible": {" > ".join(names): why for names, why in self.plan.infeasible.items()},
            "same": {" > ".join(names): number for names, number in self.plan.same.items()},
            "orders": rows,
        }

    def _known(self, indicator: str | None) -> str:
        name = indicator or self.indicators[0]
        if name not in (known := self.series["indicator"].unique()):
            raise ParksimError(f"no indicator '{name}' by month{nearest(name, known)}")
        return name

    def _repr_html_(self) -> str:
        html: str = self.table().to_html(float_format="{:.4g}".format)
        return html


def compare_orders(
    scenario: Scenario | str | Orders,
    *,
    by: By | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    sample: int = 60,
    budget: bool = True,
    indicators: Sequence[str] = ("visits_served",),
    reps: int = 8,
    least: int = 4,
    risk: float = 0.05,
    seed: int = 1,
    months: int | None = None,
    workers: int | None = None,
    fixed: bool = False,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    play: Play | None = None,
) -> Transition:
    r"""Play orders of the same measures with the same people and luck, and drop clear losers on the way.

    **The race.** Each raced indicator is accumulated to the mean of its monthly series over the run. After `least`
    replications, and after every second one from then on, an order is dropped if some one other order was better
    in *every* raced indicator, by one-sided paired t tests

    .. math:: t = \bar d\,\sqrt n / s_d > t_{n-1,\,1-\alpha}, \qquad \alpha = \text{risk} / ((m - 1)\,L)

    over the differences d of the n replications that both have played, with m orders and L looks. The best order is
    dropped with a probability of at most `risk`, whatever the number of orders and looks (Bonferroni; after Maron
    & Moore 1997, with t tests for their Hoeffding bounds). Orders that are alike are not told apart: they stay.

    Parameters
    ----------
    scenario : Scenario, str or Orders
        A scenario, its name or file, or what :func:`orders_of` made of it.
    by, groups, sample, budget
        As for :func:`orders_of`.
    indicators : sequence of str
        What to race on: indicators with a better side. The first decides the ranks.
    reps, seed, workers, fixed, executor, progress, play
        As for :func:`parksim.experiment.comparison.compare`. Numbers do not depend on the workers.
    least : int
        Replications before the first look, at least 2; with `least` ≥ `reps` nobody is dropped.
    risk : float
        Chance, at most, that the best order is dropped.
    months : int, optional
        Length of a run; by default :data:`AFTERWARDS` months after the last opening of any order.

    Returns
    -------
    Transition

    Raises
    ------
    ParksimError
        If an indicator has no better side, a run would end before the last opening, or every run failed.
    """
    plan = (
        scenario
        if isinstance(scenario, Orders)
        else orders_of(scenario, by=by, groups=groups, sample=sample, budget=budget, seed=seed)
    )
    _check(indicators, reps, least, risk)
    last = max(order.last_opening for order in plan.orders)
    if months is not None and months < last:
        raise ParksimError(f"months is {months}: in some order the last opening is in month {last}")
    length = months or last + AFTERWARDS
    contenders = tuple((order.scenario, Member.of(order.scenario)) for order in plan.orders)
    experiment = Plan("", {}, contenders, ({},), seed, length, fixed=fixed)
    options: dict[str, Any] = {"workers": workers or usable_cores(), "executor": executor, "play": play}
    looks = [k for k in range(least, reps) if (k - least) % 2 == 0]
    level = risk / max((len(contenders) - 1) * len(looks), 1)
    racing, dropped = set(range(len(contenders))), dict[int, int]()
    done: dict[tuple[int, int], Outcome] = {}
    totals: dict[tuple[int, int], pd.Series] = {}
    start = 0
    for end in [*looks, reps]:
        playing = racing | {AS_WRITTEN}
        in_all = len(done) + len(playing) * (reps - start)
        for key, outcome in _played(experiment, range(start, end), playing, options):
            done[key] = outcome
            if outcome.packed is not None:
                totals[key] = unpack_series(outcome.packed).mean()
            if progress is not None:
                progress(len(done), in_all)
        if end < reps:
            lost = _losers(totals, racing, tuple(indicators), end, level)
            dropped |= dict.fromkeys(sorted(lost), end)
            racing -= lost
        start = end
    if not totals:
        raise ParksimError(f"every run failed; the first says:\n{done[min(done)].traceback}")
    for name in indicators:
        if not any(name in one.index for one in totals.values()):
            known = next(iter(totals.values())).index
            raise ParksimError(f"'{name}' has no monthly series{nearest(name, known)}")
    done = dict(sorted(done.items()))
    return Transition(
        plan, tuple(indicators), reps, seed, length, dropped, len(done), _tidy(totals, seed), done
    )


def _check(indicators: Sequence[str], reps: int, least: int, risk: float) -> None:
    if not indicators:
        raise ParksimError("no indicator to race on")
    for name in indicators:
        if _rule(name)["better"] == "none":
            raise ParksimError(f"'{name}' has no better side: orders cannot be raced on it")
    if reps < 1:
        raise ParksimError(f"replications {reps}: at least one is needed")
    if least < 2:
        raise ParksimError(f"least {least}: a paired test takes at least two replications")
    if not 0 < risk < 1:
        raise ParksimError(f"risk {risk:g}: should be above 0 and below 1")


def _played(
    plan: Plan, replications: range, playing: set[int], options: Mapping[str, Any]
) -> Iterator[tuple[tuple[int, int], Outcome]]:
    """Play some orders in some replications; each task is cut so that every worker has something to do."""
    share = max(1, -(-options["workers"] // max(len(replications), 1)))
    tasks: list[Task] = []
    place: dict[str, tuple[int, int]] = {}
    for task, cells in plan.tasks(replications):
        both = [(j, c) for j, c in zip(task.jobs, cells, strict=True) if c.position in playing]
        place |= {cell.key: (cell.position, cell.replication) for _, cell in both}
        jobs = [job for job, _ in both]
        tasks += [Task(task.seed, task.months, tuple(part)) for k in range(share) if (part := jobs[k::share])]
    for batch in outcomes(tasks, **options):
        for outcome in batch:
            yield place[outcome.key], outcome


def _losers(
    totals: Mapping[tuple[int, int], pd.Series],
    racing: set[int],
    indicators: tuple[str, ...],
    reps: int,
    level: float,
) -> set[int]:
    """Return the orders that some one other order beats in every indicator."""
    order = sorted(racing)
    beaten: np.ndarray = np.ones((len(order), len(order)), dtype=np.bool_)
    for name in indicators:
        x = _side(name) * np.array(
            [
                [
                    float(totals[k, r].get(name, math.nan)) if (k, r) in totals else math.nan
                    for r in range(reps)
                ]
                for k in order
            ]
        )
        for i in range(len(order)):
            beaten[i] &= [p_better(other - x[i]) <= level for other in x]
    return {k for i, k in enumerate(order) if beaten[i].any()}


def p_better(differences: np.ndarray) -> float:
    """Return the one-sided p value of the paired t test against "not better", leaving out what is nan.

    Parameters
    ----------
    differences : float array
        Other minus this one, replication by replication, positive where the other is better.

    Returns
    -------
    float
        1 with fewer than two pairs.
    """
    d = differences[np.isfinite(differences)]
    if d.size < 2:
        return 1.0
    mean, error = float(d.mean()), float(d.std(ddof=1)) / math.sqrt(d.size)
    if error == 0:
        return 0.0 if mean > 0 else 1.0
    return float(stdtr(d.size - 1, -mean / error))


def _tidy(totals: Mapping[tuple[int, int], pd.Series], seed: int) -> pd.DataFrame:
    seeds = {replication: replication_seed(seed, replication) for _, replication in totals}
    rows = [
        (order, replication, seeds[replication], str(name), float(value))
        for (order, replication), one in sorted(totals.items(), key=lambda item: item[0])
        for name, value in one.items()
    ]
    return pd.DataFrame(rows, columns=["order", "replication", "seed", "indicator", "value"])


def _keys(wide: pd.DataFrame) -> list[tuple[int, Any]]:
    return [(int(order), other) for order, other in wide.columns.to_list()]  # type: ignore[str-unpack]


def _rule(indicator: str) -> dict[str, Any]:
    from parksim.indicators import describe  # noqa: PLC0415  (imports the model)

    about = describe(indicator)
    return {"better": about.better, "threshold": about.threshold, "unit": about.unit}


def _side(indicator: str) -> int:
    return 1 if _rule(indicator)["better"] == "higher" else -1
