"""Orders of the same measures raced in pairs: clear losers are dropped, beginnings in common are played once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import stdtr

from parksim.cores import usable_cores
from parksim.errors import ParksimError, nearest
from parksim.experiment import statistics
from parksim.experiment.branches import alike_first, months_played
from parksim.experiment.orders import Orders, orders_of
from parksim.experiment.plan import Plan
from parksim.experiment.runner import outcomes
from parksim.experiment.work import Member, Task, replication_seed
from parksim.packing import unpack_groups, unpack_series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from parksim.experiment.orders import By
    from parksim.experiment.work import Outcome, Play
    from parksim.scenario.schema import Scenario

AS_WRITTEN = 0
"""Number of the order that the scenario's own months make; all others are compared with it."""
_PLACES = ("building=", "amenity=", "block=")


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
        Runs that came to an end.
    months_played : int
        Months played for them; beginnings that orders have in common are played once in each replication.
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
    months_played: int
    values: pd.DataFrame = field(repr=False)
    outcomes_: dict[tuple[int, int], Outcome] = field(repr=False)

    @property
    def failed(self) -> dict[tuple[int, int], str]:
        """Traceback by (order, replication) of the runs that failed; their pairs are left out."""
        return {key: outcome.traceback for key, outcome in self.outcomes_.items() if outcome.failed}

    @property
    def months_saved(self) -> int:
        """Months that were not played again because orders begin alike."""
        return self.runs * self.months - self.months_played

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
            "months_played": self.months_played,
            "months_saved": self.months_saved,
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
    length = plan.length(months)
    contenders = tuple((order.scenario, Member.of(order.scenario)) for order in plan.orders)
    experiment = Plan("", {}, contenders, ({},), seed, length, fixed=fixed)
    options: dict[str, Any] = {"workers": workers or usable_cores(), "executor": executor, "play": play}
    looks = [k for k in range(least, reps) if (k - least) % 2 == 0]
    level = risk / max((len(contenders) - 1) * len(looks), 1)
    racing, dropped = set(range(len(contenders))), dict[int, int]()
    done: dict[tuple[int, int], Outcome] = {}
    totals: dict[tuple[int, int], pd.Series] = {}
    start = months_done = 0
    for end in [*looks, reps]:
        playing = racing | {AS_WRITTEN}
        in_all = len(done) + len(playing) * (reps - start)
        tasks, place = _tasks(experiment, range(start, end), playing, options["workers"])
        months_done += sum(_months(task, shared=play is None) for task in tasks)
        for key, outcome in _played(tasks, place, options):
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
        plan,
        tuple(indicators),
        reps,
        seed,
        length,
        dropped,
        len(done),
        months_done,
        _tidy(totals, seed),
        done,
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


def _tasks(
    plan: Plan, replications: range, playing: set[int], workers: int
) -> tuple[list[Task], dict[str, tuple[int, int]]]:
    """Return some orders in some replications as tasks, and the (order, replication) of each run.

    Orders that begin alike are neighbours, and a replication is cut only where workers would have nothing to do.
    """
    share = max(1, -(-workers // max(len(replications), 1)))
    turn = alike_first([scenario for scenario, _ in plan.scenarios])
    tasks: list[Task] = []
    place: dict[str, tuple[int, int]] = {}
    for task, cells in plan.tasks(replications):
        both = {cell.position: (job, cell) for job, cell in zip(task.jobs, cells, strict=True)}
        both = {k: both[k] for k in turn if k in playing}
        place |= {cell.key: (cell.position, cell.replication) for _, cell in both.values()}
        jobs = [job for job, _ in both.values()]
        size = -(-len(jobs) // share)
        tasks += [
            Task(task.seed, task.months, tuple(jobs[k : k + size]), together=True)
            for k in range(0, len(jobs), size)
        ]
    return tasks, place


def _months(task: Task, *, shared: bool) -> int:
    """Return the months that a task plays."""
    if not shared:
        return len(task.jobs) * task.months
    return months_played((job.member.scenario for job in task.jobs), task.months)


def _played(
    tasks: list[Task], place: Mapping[str, tuple[int, int]], options: Mapping[str, Any]
) -> Iterator[tuple[tuple[int, int], Outcome]]:
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
