"""Two or more scenarios with the same people and the same luck, and what differs between them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from parksim.cores import usable_cores
from parksim.errors import ParksimError, nearest
from parksim.experiment import breakeven, payback, statistics
from parksim.experiment.plan import Plan, conduct
from parksim.experiment.runner import outcomes
from parksim.experiment.work import Cell, Member, model_version
from parksim.packing import unpack_frame, unpack_groups, unpack_series
from parksim.scenario.schema import PAYERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from matplotlib.axes import Axes

    from parksim.experiment.breakeven import BreakEven, Ratio
    from parksim.experiment.decompose import Decomposition
    from parksim.experiment.explain import Explanation
    from parksim.experiment.statistics import Estimate, Paired
    from parksim.experiment.work import Outcome, Play
    from parksim.indicators import Indicator
    from parksim.scenario.schema import Scenario
    from parksim.store import Store


PLACES = ("building=", "amenity=", "block=")
"""How groups begin that are places: they have maps, not rows in tables of gainers and losers."""


@dataclass(frozen=True)
class Comparison:
    """Runs of several scenarios, replication by replication, and the paired differences to the first one.

    Attributes
    ----------
    scenarios : tuple of Scenario
        The first is the baseline.
    reps, seed, months : int
        Replication r (from 0) is played with the seed
        :func:`parksim.experiment.work.replication_seed` ``(seed, r)`` in every scenario.
    values : DataFrame
        Columns ``scenario, replication, seed, indicator, value``; nan is "not available".
    outcomes_ : list of tuple
        (scenario, replication, seed, outcome) of every run, failed ones included.
    futures : DataFrame
        The uncertain parameters drawn: a row a replication, a column a path.
    version : str
        Of the model that played, see :func:`parksim.experiment.work.model_version`.
    """

    scenarios: tuple[Scenario, ...]
    reps: int
    seed: int
    months: int
    values: pd.DataFrame = field(repr=False)
    outcomes_: list[tuple[str, int, int, Outcome]] = field(repr=False)
    futures: pd.DataFrame = field(repr=False)
    version: str = field(default_factory=model_version)

    @property
    def names(self) -> list[str]:
        """Names of the scenarios, the baseline first."""
        return [scenario.name for scenario in self.scenarios]

    @property
    def baseline(self) -> str:
        """Name of the scenario that the others are compared with."""
        return self.scenarios[0].name

    @property
    def indicators(self) -> list[str]:
        """Names of the indicators, in the order of the runs."""
        return [str(name) for name in self.values["indicator"].unique()]

    @property
    def failed(self) -> dict[tuple[str, int], str]:
        """Traceback by (scenario, replication) of the runs that failed; their pairs are left out."""
        return {(name, r): outcome.traceback for name, r, _, outcome in self.outcomes_ if outcome.failed}

    @cached_property
    def groups(self) -> pd.DataFrame:
        """Indicators by group: columns ``scenario, replication, seed, indicator, group, n, value``."""
        return self._frames(lambda outcome: None if outcome.packed is None else unpack_groups(outcome.packed))

    @cached_property
    def series(self) -> pd.DataFrame:
        """Indicators by month: columns ``scenario, replication, seed, month, indicator, value``."""

        def long(outcome: Outcome) -> pd.DataFrame | None:
            if outcome.packed is None:
                return None
            wide = unpack_series(outcome.packed)
            return wide.reset_index().melt(id_vars="month", var_name="indicator")

        return self._frames(long)

    @cached_property
    def by_month(self) -> list[str]:
        """Names of the indicators that are kept month by month."""
        packed = [outcome.packed for _, _, _, outcome in self.outcomes_ if outcome.packed is not None]
        return [str(name) for name in unpack_series(packed[0]).columns] if packed else []

    def monthly(self, indicator: str, scenario: str | None = None) -> pd.DataFrame:
        """Return one indicator of one scenario (by default the baseline): a row a month, a column a replication.

        Raises
        ------
        ParksimError
            If the indicator is not kept by month, or there is no such scenario.
        """
        if indicator not in self.by_month:
            raise ParksimError(f"'{indicator}' is not kept by month{nearest(indicator, self.by_month)}")
        self._known(self.indicators[0], scenario)
        columns = {
            replication: unpack_series(outcome.packed)[indicator]
            for name, replication, _, outcome in self.outcomes_
            if name == (scenario or self.baseline) and outcome.packed is not None
        }
        return pd.DataFrame(columns).rename_axis(index="month", columns="replication")

    @cached_property
    def events(self) -> pd.DataFrame:
        """Event logs, where they were asked for: columns ``scenario, replication, seed`` and the log's."""
        return self._frames(lambda outcome: None if outcome.events is None else unpack_frame(outcome.events))

    def of(self, indicator: str, scenario: str | None = None) -> pd.Series:
        """Return one indicator of one scenario (by default the baseline): a value a replication.

        Raises
        ------
        ParksimError
            If there is no such indicator or scenario.
        """
        self._known(indicator, scenario)
        column = (scenario or self.baseline, indicator)
        if column not in self._wide.columns:
            return pd.Series(math.nan, index=self._wide.index, name=indicator)
        return self._wide[column].rename(indicator)

    def estimate(self, indicator: str, scenario: str | None = None) -> Estimate:
        """Return the mean of an indicator in a scenario, with its interval."""
        return statistics.estimate(self.of(indicator, scenario))

    def difference(self, indicator: str, scenario: str | None = None) -> Paired:
        """Return the paired difference of a scenario (by default the second) to the baseline."""
        about = self.about(indicator)
        return statistics.paired(
            self.of(indicator),
            self.of(indicator, scenario or self.names[1]),
            better=about.better,
            threshold=about.threshold,
            unit=about.unit,
        )

    def further(self, indicator: str, half_width: float, scenario: str | None = None) -> int | None:
        """Return how many more replications would make the paired interval plus or minus `half_width`."""
        differences = self.of(indicator, scenario or self.names[1]) - self.of(indicator)
        return statistics.further_replications(differences, half_width)

    def flips(self, indicator: str, scenario: str | None = None) -> pd.DataFrame:
        """Return the drawn assumptions on which a difference depends, and where each would turn its sign.

        Returns
        -------
        DataFrame
            As :func:`parksim.experiment.flips.turning`; empty where parameters were held.
        """
        from parksim.experiment.flips import turning  # noqa: PLC0415  (loads scipy.stats)

        return turning(self.of(indicator, scenario or self.names[1]) - self.of(indicator), self.futures)

    def about(self, indicator: str) -> Indicator:
        """Return unit, better side and relevance threshold of an indicator, in its unit."""
        from parksim.indicators import describe  # noqa: PLC0415  (imports the model)

        about = describe(indicator)
        if not about.relative:
            return about
        base = abs(self.estimate(indicator).mean)
        return replace(about, threshold=about.threshold * base if math.isfinite(base) else 0.0)

    def table(self) -> pd.DataFrame:
        """Return a row an indicator: unit, every scenario's mean, and the paired differences.

        Returns
        -------
        DataFrame
            Index ``indicator``; columns ``unit``, one a scenario, then ``difference``, ``low``, ``high``
            (95 % interval), ``range90_low``, ``range90_high``, ``sign_share``, ``n`` and ``verdict``; with
            several alternatives these names end in the alternative's, as ``difference (tower)``.
        """
        rows = []
        for indicator in self.indicators:
            row: dict[str, Any] = {"indicator": indicator, "unit": self.about(indicator).unit}
            row |= {name: self.estimate(indicator, name).mean for name in self.names}
            for name in self.names[1:]:
                end = f" ({name})" if len(self.names) > 2 else ""
                d = self.difference(indicator, name)
                cells = {
                    "difference": d.mean,
                    "low": d.low,
                    "high": d.high,
                    "range90_low": d.range90[0],
                    "range90_high": d.range90[1],
                    "sign_share": d.sign_share,
                    "n": d.n,
                    "verdict": d.verdict,
                }
                row |= {key + end: cell for key, cell in cells.items()}
            rows.append(row)
        table = pd.DataFrame(rows).set_index("indicator")
        table.attrs["units"] = table["unit"].to_dict()
        return table

    def break_even(self, scenario: str | None = None) -> BreakEven:
        """Say how strong services or ties would have to keep people for an alternative to pay.

        See :mod:`parksim.experiment.breakeven`, where :func:`~parksim.experiment.breakeven.played` says it from
        extra runs.
        """
        self._known(self.indicators[0], scenario)
        return breakeven.break_even(self, scenario)

    def cost_per_retained_employee(self, scenario: str | None = None) -> Ratio:
        """Return the discounted cost difference by the difference in employees retained, with its interval."""
        self._known(self.indicators[0], scenario)
        return breakeven.cost_per_retained_employee(self, scenario)

    def explain(self, employee: int, replication: int = 0, scenario: str | None = None) -> Explanation:
        """Tell one person's life in the baseline and in an alternative, and which term parted the two.

        Parameters
        ----------
        employee : int
            Identity; :func:`parksim.experiment.explain.most_changed` lists some worth a look.
        replication : int
            Which; its two runs are played again.
        scenario : str, optional
            Which alternative; by default the second scenario.
        """
        from parksim.experiment.explain import explain  # noqa: PLC0415  (imports the model)

        if not 0 <= replication < self.reps:
            raise ParksimError(f"replication {replication}: this comparison has 0 to {self.reps - 1}")
        base, other = self._pair(scenario)
        setting: dict[str, Any] = {"seed": self.seed, "months": self.months, "fixed": self._fixed}
        return explain(base, other, employee, replication=replication, **setting)

    def decompose(
        self, indicator: str = "commute_mean_min", scenario: str | None = None, **options: Any
    ) -> Decomposition:
        """Say how much of a difference comes from which mechanism of the layout; the parts add up to it.

        Parameters
        ----------
        indicator : str
            Which difference.
        scenario : str, optional
            Which alternative; by default the second scenario.
        **options
            ``orders``, ``workers``, ``executor``, ``progress`` or ``play`` of
            :func:`parksim.experiment.decompose.decompose`, which plays every mixture of the two layouts in this
            comparison's replications.
        """
        from parksim.experiment.decompose import decompose  # noqa: PLC0415  (it plays; most comparisons don't)

        self._known(indicator, scenario)
        base, other = self._pair(scenario)
        setting: dict[str, Any] = {"reps": self.reps, "seed": self.seed, "months": self.months}
        return decompose(base, other, indicator, **setting, fixed=self._fixed, **options)

    def group_table(self, indicator: str, scenario: str | None = None) -> pd.DataFrame:
        """Return the paired differences of one indicator by group, with verdicts corrected for looking often.

        Parameters
        ----------
        indicator : str
            Which.
        scenario : str, optional
            Which alternative; by default the second scenario.

        Returns
        -------
        DataFrame
            Index ``group``; columns ``n_people`` (mean size in the baseline), both scenarios' means,
            ``difference``, ``low``, ``high`` (95 %, each on its own), ``n`` and ``verdict`` (by Holm's
            correction over all rows). Buildings and amenities are left out: they have maps.
        """
        self._known(indicator, scenario)
        other, about = scenario or self.names[1], self.about(indicator)
        here = self.groups[self.groups["indicator"] == indicator]
        here = here[~here["group"].str.startswith(PLACES)]
        wide = here.pivot(index="replication", columns=["group", "scenario"], values="value")  # noqa: PD010
        sizes = here[here["scenario"] == self.baseline].groupby("group", sort=False)["n"].mean()
        rule: dict[str, Any] = {"better": about.better, "threshold": about.threshold, "unit": about.unit}
        found: dict[str, tuple[pd.Series, pd.Series, Paired]] = {}
        for group in here["group"].unique():
            both = [wide[group].get(name, pd.Series(math.nan, wide.index)) for name in (self.baseline, other)]
            found[group] = (*both, statistics.paired(*both, **rule))
        verdicts = statistics.corrected([pair for _, _, pair in found.values()], **rule)
        rows = [
            {
                "group": group,
                "n_people": sizes.get(group, math.nan),
                self.baseline: base.mean(),
                other: alternative.mean(),
                "difference": pair.mean,
                "low": pair.low,
                "high": pair.high,
                "n": pair.n,
                "verdict": word,
            }
            for (group, (base, alternative, pair)), word in zip(found.items(), verdicts, strict=True)
        ]
        columns = ["group", "n_people", self.baseline, other, "difference", "low", "high", "n", "verdict"]
        table = pd.DataFrame(rows, columns=columns).set_index("group")
        table.attrs["units"] = {indicator: about.unit}
        return table

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON holds it (``--json FILE``); what is not available is None."""
        return {
            "baseline": self.baseline,
            "replications": self.reps,
            "seed": self.seed,
            "months": self.months,
            "indicators": {name: self._indicator_dict(name) for name in self.indicators},
            "break_even": {name: self.break_even(name).to_dict() for name in self.names[1:]},
            "cost_per_retained_employee": {
                name: breakeven.plain(self.cost_per_retained_employee(name)) for name in self.names[1:]
            },
            "payback_years": {
                name: {payer: payback.payback(self, payer, name).to_dict() for payer in PAYERS}
                for name in self.names[1:]
            },
        }

    def plot(self, indicator: str, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the paired differences of an indicator; takes and returns a matplotlib axes."""
        from parksim.report.figures import paired_plot  # noqa: PLC0415  (imports matplotlib)

        axes: Axes = paired_plot(self, indicator, ax=ax, **options)
        return axes

    def _repr_html_(self) -> str:
        html: str = self.table().to_html(float_format="{:.4g}".format)
        return html

    # --- parts ----------------------------------------------------------------------------------

    @cached_property
    def _wide(self) -> pd.DataFrame:
        """A row a replication, a column a (scenario, indicator)."""
        wide = self.values.pivot(  # noqa: PD010  (strict: two values of one run would be an error)
            index="replication", columns=["scenario", "indicator"], values="value"
        )
        return wide.reindex(range(self.reps))

    @property
    def _fixed(self) -> bool:
        """Whether no parameter was drawn."""
        return not self.futures.shape[1]

    def _pair(self, scenario: str | None) -> tuple[Scenario, Scenario]:
        """Return the baseline and an alternative."""
        if scenario is not None:
            self._known(self.indicators[0], scenario)
        return self.scenarios[0], self.scenarios[self.names.index(scenario or self.names[1])]

    def _known(self, indicator: str, scenario: str | None) -> None:
        if scenario is not None and scenario not in self.names:
            raise ParksimError(f"no scenario '{scenario}' in this comparison{nearest(scenario, self.names)}")
        if indicator not in self.indicators:
            raise ParksimError(f"no indicator '{indicator}'{nearest(indicator, self.indicators)}")

    def _indicator_dict(self, indicator: str) -> dict[str, Any]:
        about = self.about(indicator)
        f = statistics.finite
        scenarios, differences = {}, {}
        for name in self.names:
            e = self.estimate(indicator, name)
            scenarios[name] = {"mean": f(e.mean), "ci95": [f(e.low), f(e.high)], "n": e.n}
        for name in self.names[1:]:
            d = self.difference(indicator, name)
            differences[name] = {
                "mean": f(d.mean),
                "ci95": [f(d.low), f(d.high)],
                "range90": [f(d.range90[0]), f(d.range90[1])],
                "sign_share": f(d.sign_share),
                "variance_reduction": f(d.variance_reduction),
                "verdict": d.verdict,
                "n": d.n,
            }
        text = {"unit": about.unit, "better": about.better}
        return {**text, "scenarios": scenarios, "differences": differences}

    def _frames(self, read: Callable[[Outcome], pd.DataFrame | None]) -> pd.DataFrame:
        frames = []
        for name, replication, seed, outcome in self.outcomes_:
            frame = read(outcome)
            if frame is not None:
                frame.insert(0, "scenario", name)
                frame.insert(1, "replication", replication)
                frame.insert(2, "seed", seed)
                frames.append(frame)
        if not frames:
            return pd.DataFrame(columns=["scenario", "replication", "seed"])
        return pd.concat(frames, ignore_index=True)


def compare(
    scenarios: Sequence[Scenario | str],
    *,
    reps: int = 8,
    seed: int = 1,
    months: int = 36,
    workers: int | None = None,
    fixed: bool = False,
    events: bool = False,
    store: Store | str | Path | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    play: Play | None = None,
) -> Comparison:
    """Play scenarios with the same people and the same luck and compare them with the first.

    Parameters
    ----------
    scenarios : sequence of Scenario or str
        Scenarios, or names or files of scenarios; the first is the baseline.
    reps : int
        Replications. Each draws a seed, and with it the uncertain parameters of the scenarios.
    seed : int
        Seed of the comparison, from which the replications' seeds follow.
    months : int
        Length of a run.
    workers : int, optional
        Processes; by default one a usable core.
    fixed : bool
        Hold the uncertain parameters at the scenarios' values.
    events : bool
        Keep every run's event log too.
    store : Store, str or Path, optional
        Where to keep the runs; what it holds already is not played again. By default nowhere.
    executor : concurrent.futures.Executor, optional
        Where to play instead of in local processes.
    progress : callable, optional
        ``progress(runs_done, runs_in_all)``.
    play : callable, optional
        Instead of :func:`parksim.experiment.run.run`.

    Returns
    -------
    Comparison

    Raises
    ------
    ParksimError
        If there are not two scenarios with different names, or if not one replication could be played.
    """
    known = members_of(scenarios)
    if reps < 1:
        raise ParksimError(f"replications {reps}: at least one is needed")
    name = " vs ".join(member.name for _, member in known)
    spec = {"kind": "comparison", "fixed": fixed}
    plan = Plan(name, spec, tuple(known), ({},), seed, months, fixed=fixed, events=events)
    options: dict[str, Any] = {
        "workers": min(workers or usable_cores(), reps),
        "executor": executor,
        "play": play,
    }
    if store is None:
        found = _in_memory(plan, reps, progress, options)
    else:
        from parksim.store import Store  # noqa: PLC0415  (most comparisons need no database)

        where = store if isinstance(store, Store) else Store(store)
        conduct(plan, where, range(reps), progress=progress, **options)
        found = [(cell, where.outcome(cell.key)) for _, cells in plan.tasks(range(reps)) for cell in cells]
    return _assembled(plan, reps, found)


def from_store(store: Store, experiment: str | int | None = None) -> Comparison:
    """Return a comparison that a store keeps, with the numbers it was written with; nothing is played.

    Parameters
    ----------
    store : Store
    experiment : str or int, optional
        Name (the newest of that name) or number; by default the newest comparison of the store.

    Raises
    ------
    ParksimError
        If the store has no such comparison, or it is a sweep over several design points.
    """
    listed = store.experiments()
    specs = {int(number): json.loads(store.spec(int(number))[0]) for number in listed["id"]}
    if experiment is None:
        known = [number for number, spec in specs.items() if spec.get("kind") == "comparison"]
        if not known:
            raise ParksimError(f"{store.shown}: no comparison in this store")
        experiment = known[-1]
    runs = store.runs(experiment)
    if runs.empty:
        raise ParksimError(f"{store.shown}: no run of '{experiment}' has been played")
    if (points := len(set(runs["point"]))) > 1:
        raise ParksimError(f"'{experiment}' is a sweep over {points} design points, not a comparison")
    _, scenarios = store.spec(experiment)
    position = {scenario.name: k for k, scenario in enumerate(scenarios)}
    found = [
        (
            Cell(0, int(r["replication"]), position[r["scenario"]], int(r["seed"]), r["run"]),
            store.outcome(r["run"]),
        )
        for r in runs.to_dict("records")
    ]
    about = listed[listed["experiment" if isinstance(experiment, str) else "id"] == experiment].iloc[-1]
    reps = int(runs["replication"].max()) + 1
    drawn = store.parameters(experiment).droplevel("point")
    return _put_together(
        tuple(scenarios),
        reps,
        (int(about["seed"]), int(about["months"])),
        found,
        drawn.reindex(pd.RangeIndex(reps, name="replication")),
        str(runs["version"].iloc[0]),
    )


def replayed(
    comparison: Comparison,
    changes: Mapping[str, Any],
    names: Sequence[str],
    *,
    reps: int,
    workers: int = 1,
    play: Play | None = None,
) -> Comparison:
    """Play scenarios of a comparison again with changed values, its first replications with their futures.

    Parameters
    ----------
    comparison : Comparison
    changes : mapping
        Value by path, as ``{"parameters.staying.services": -0.1}``, in every scenario.
    names : sequence of str
        Which scenarios, the baseline first.
    reps : int
        How many replications.
    workers, play
        As for :func:`compare`.
    """
    known = members_of([s for name in names for s in comparison.scenarios if s.name == name])
    fixed = not comparison.futures.shape[1]
    plan = Plan("", {}, tuple(known), (dict(changes),), comparison.seed, comparison.months, fixed=fixed)
    options: dict[str, Any] = {"workers": workers, "executor": None, "play": play}
    return _assembled(plan, reps, _in_memory(plan, reps, None, options))


def _in_memory(
    plan: Plan, reps: int, progress: Callable[[int, int], None] | None, options: Mapping[str, Any]
) -> list[tuple[Cell, Outcome]]:
    cells: dict[str, list[Cell]] = {}
    tasks = []
    for task, places in plan.tasks(range(reps)):
        jobs = {job.key: job for job in task.jobs}
        tasks.append(replace(task, jobs=tuple(jobs.values())))
        for cell in places:
            cells.setdefault(cell.key, []).append(cell)
    tell = progress or (lambda _done, _all: None)
    tell(0, plan.size(reps))
    found: list[tuple[Cell, Outcome]] = []
    for batch in outcomes(tasks, **options):
        found += [(cell, outcome) for outcome in batch for cell in cells[outcome.key]]
        tell(len(found), plan.size(reps))
    return found


def members_of(scenarios: Iterable[Scenario | str]) -> list[tuple[Scenario, Member]]:
    """Return scenarios, loaded where a name or file was given, with what travels of them.

    Raises
    ------
    ParksimError
        If there are fewer than two, or two have one name.
    """
    from parksim.scenario.read import load  # noqa: PLC0415  (not needed for Scenario objects)

    loaded = [load(one) if isinstance(one, str) else one for one in scenarios]
    names = [one.name for one in loaded]
    if len(names) < 2:
        raise ParksimError("a comparison needs at least two scenarios, the baseline first")
    for name in names:
        if names.count(name) > 1:
            raise ParksimError(f"two scenarios are named '{name}': give one of them another name")
    return [(one, Member.of(one)) for one in loaded]


def _assembled(plan: Plan, reps: int, found: list[tuple[Cell, Outcome]]) -> Comparison:
    """Make a comparison of a plan's outcomes."""
    index = pd.RangeIndex(reps, name="replication")
    futures = pd.DataFrame([plan.futures(r) for r in range(reps)], index=index)
    scenarios = tuple(scenario for scenario, _ in plan.scenarios)
    return _put_together(scenarios, reps, (plan.seed, plan.months), found, futures, model_version())


def _put_together(
    scenarios: tuple[Scenario, ...],
    reps: int,
    seed_and_months: tuple[int, int],
    found: list[tuple[Cell, Outcome]],
    futures: pd.DataFrame,
    version: str,
) -> Comparison:
    """Make a comparison of outcomes, in an order that does not depend on who finished first."""
    found = sorted(found, key=lambda one: (one[0].replication, one[0].position))
    names = [scenario.name for scenario in scenarios]
    placed = [(names[cell.position], cell.replication, cell.seed, outcome) for cell, outcome in found]
    rows = [
        (name, replication, seed, indicator, value)
        for name, replication, seed, outcome in placed
        for indicator, value in (outcome.indicators or {}).items()
    ]
    if not rows:
        raise ParksimError(f"every run failed; the first says:\n{found[0][1].traceback}")
    values = pd.DataFrame(rows, columns=["scenario", "replication", "seed", "indicator", "value"])
    return Comparison(scenarios, reps, *seed_and_months, values, placed, futures, version)
