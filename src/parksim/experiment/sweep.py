"""A sweep: an experiment file played into a store, stopped and resumed at will, extended, and checked."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parksim.cores import usable_cores
from parksim.errors import ParksimError, ScenarioError
from parksim.experiment import design, statistics
from parksim.experiment.cluster import cluster as connected
from parksim.experiment.plan import Plan, Tally, conduct
from parksim.experiment.runner import outcomes
from parksim.experiment.work import Job, Member, Task, model_version, work
from parksim.scenario.read import load
from parksim.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor
    from pathlib import Path

    import pandas as pd

    from parksim.experiment.design import Dimension, Experiment
    from parksim.experiment.work import Play
    from parksim.scenario.schema import Scenario

FEWEST = 8
"""Replications before an interval may stop a sweep: with fewer it is narrow by chance too often."""
MOST_RUNS = 100_000
"""Budget of a sequential sweep, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a sweep would take, from one task played as a probe.

    Attributes
    ----------
    points, replications, runs, stored : int
        Design points, replications, runs in all, and runs that the store holds already.
    run_s, run_bytes : float
        Wall time and stored bytes of a run.
    hours, megabytes : float
        Of what is still to be played, on the workers asked for.
    """

    points: int
    replications: int
    runs: int
    stored: int
    run_s: float
    run_bytes: float
    hours: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Width:
    """How wide the 95 % interval of a paired difference is at the worst design point.

    Attributes
    ----------
    indicator : str
        Which.
    wanted, reached : float
        From end to end.
    replications : int
        With so many.
    """

    indicator: str
    wanted: float
    reached: float
    replications: int

    @property
    def narrow(self) -> bool:
        """Whether it is as narrow as wanted."""
        return self.reached <= self.wanted


@dataclass(frozen=True, slots=True)
class Reproduced:
    """A stored run played again.

    Attributes
    ----------
    same : bool
        Whether every number agrees to the bit.
    differences : dict of str to tuple of float
        Headline indicators that do not: stored and new value.
    version, now : str
        Model version then and now.
    machine, here : str
        Where it was played then and now.
    """

    same: bool
    differences: dict[str, tuple[float, float]]
    version: str
    now: str
    machine: str
    here: str


class Sweep:
    """An experiment, ready to be played into a store.

    Parameters
    ----------
    file : str, Path or Experiment
        An experiment file, the name of one in the library, or what such a file says.
    months : int, optional
        Instead of the file's.
    play : callable, optional
        Instead of :func:`parksim.experiment.run.run`.

    Raises
    ------
    ScenarioError
        Listing every fault of the file, with line and field.

    Examples
    --------
    ``Sweep("experiments/iot-town-levers.yaml").run("sqlite:///runs.db", workers=2)``, then
    ``Store("sqlite:///runs.db").indicators("iot-town-levers", "commute_mean_min")``.
    """

    def __init__(
        self, file: str | Path | Experiment, *, months: int | None = None, play: Play | None = None
    ) -> None:
        experiment, found = (file, None) if isinstance(file, design.Experiment) else design.read(file)
        self.experiment: Experiment = experiment
        self.play = play
        self.scenarios: list[Scenario] = []
        for number, name in enumerate(experiment.scenarios):
            self.scenarios.append(load(design.beside(found.file if found else None, name)))
            if self.scenarios[-1].name in [scenario.name for scenario in self.scenarios[:-1]]:
                message = f"two scenarios are named '{self.scenarios[-1].name}'"
                raise ScenarioError([design.problem(found, f"scenarios.{number}", message)])
        self.resolved = design.resolve(experiment, self.scenarios, found)
        spec = experiment.model_dump(
            mode="json", exclude={"replications", "title", "title_zh", "summary", "summary_zh", "indicators"}
        )
        self.plan = Plan(
            name=experiment.name,
            spec=spec,
            scenarios=tuple((scenario, Member.of(scenario)) for scenario in self.scenarios),
            points=self.resolved.points,
            seed=experiment.seed,
            months=months or experiment.months,
            fixed=experiment.fixed,
            drawn=self.resolved.drawn,
            events=experiment.events,
        )

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Axes of the design."""
        return self.resolved.dimensions

    def run(
        self,
        store: Store | str | Path = "sqlite:///runs.db",
        *,
        workers: int | None = None,
        reps: int | None = None,
        limit: int | None = None,
        until: Mapping[str, float] | None = None,
        max_runs: int | None = None,
        retry: bool = False,
        cluster: str | None = None,
        executor: Executor | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Tally:
        """Play what the store does not hold yet.

        Parameters
        ----------
        store : Store, str or Path
            Where to.
        workers : int, optional
            Processes on this machine; by default one a usable core.
        reps : int, optional
            Replications instead of the file's; more than before extends a sweep.
        limit : int, optional
            About so many runs and no more, for a smoke test.
        until : mapping of str to float, optional
            Go on beyond the replications until, at every design point and for every alternative, the 95 %
            interval of these indicators' paired difference is no wider than this from end to end.
        max_runs : int, optional
            Budget of runs in all for `until`.
        retry : bool
            Play failed runs again.
        cluster : str, optional
            ``tcp://…`` or ``local:4``: play on a Dask cluster.
        executor : concurrent.futures.Executor, optional
            Play there, `workers` tasks at a time.
        progress : callable, optional
            ``progress(runs_done, runs_in_all)``.

        Returns
        -------
        Tally
            Counts.
        """
        where = store if isinstance(store, Store) else Store(store)
        wanted = reps or self.experiment.replications
        with ExitStack() as stack:
            if cluster is not None:
                executor, workers = stack.enter_context(connected(cluster))
            options: dict[str, Any] = {
                "workers": workers or usable_cores(),
                "executor": executor,
                "retry": retry,
                "progress": progress,
                "play": self.play,
            }
            if not until:
                return conduct(self.plan, where, range(wanted), limit=limit, **options)
            most = max((max_runs or MOST_RUNS) // max(self.plan.size(1), 1), 1)
            self._comparable(until)
            reached = min(max(wanted, FEWEST), most)
            tally = conduct(self.plan, where, range(reached), **options)
            while reached < most and (more := self._more(where, tally.experiment, until, reached)):
                before, reached = reached, min(reached + more, most)
                step = conduct(self.plan, where, range(before, reached), **options)
                tally.planned += step.planned
                tally.known += step.known
                tally.played += step.played
                tally.failed += step.failed
            return tally

    def widths(self, store: Store, until: Mapping[str, float]) -> list[Width]:
        """Return how wide the paired intervals are at the worst design point, as far as a store goes."""
        out = []
        for indicator, wanted in until.items():
            frames = self.differences(store, indicator)
            reached, count = 0.0, 0
            for frame in frames.values():
                count = max(count, frame.shape[1])
                for _, row in frame.iterrows():
                    e = statistics.estimate(row)
                    reached = max(reached, math.inf if math.isnan(e.low) else e.high - e.low)
            out.append(Width(indicator, wanted, reached, count))
        return out

    def differences(
        self, store: Store, indicator: str, experiment: int | None = None
    ) -> dict[str, pd.DataFrame]:
        """Return paired differences to the baseline, see :func:`paired_differences`."""
        return paired_differences(store, experiment or self.experiment.name, indicator)

    def forecast(
        self, store: Store | str | Path | None = None, *, workers: int | None = None, reps: int | None = None
    ) -> Forecast:
        """Say how many runs there are and what they will take, by playing one task; nothing is stored.

        Parameters
        ----------
        store, workers, reps
            As for :meth:`run`; a store that exists is asked what it holds.
        """
        wanted = reps or self.experiment.replications
        keys: dict[str, Task] = {}
        for task, cells in self.plan.tasks(range(wanted)):
            for cell in cells:
                keys.setdefault(cell.key, task)
        stored = 0
        if store is not None:
            stored = len((store if isinstance(store, Store) else Store(store)).known(keys))
        task, _ = next(self.plan.tasks(range(1)))
        found = work(task, self.play)
        failed = [outcome for outcome in found if outcome.failed]
        if failed:
            raise ParksimError(f"the probe failed:\n{failed[0].traceback}")
        run_s = sum(outcome.wall_s for outcome in found) / len(found)
        size = sum(
            600
            + 25 * len(o.indicators or {})
            + (len(o.packed.data) if o.packed else 0)
            + len(o.events or b"")
            for o in found
        ) / len(found)
        left = len(keys) - stored
        return Forecast(
            points=len(self.plan.points),
            replications=wanted,
            runs=len(keys),
            stored=stored,
            run_s=run_s,
            run_bytes=size,
            hours=run_s * left / (workers or usable_cores()) / 3600,
            megabytes=size * left / 1e6,
        )

    def _comparable(self, until: Mapping[str, float]) -> None:
        if len(self.scenarios) < 2:
            raise ParksimError("a wanted width is about differences: the experiment needs two scenarios")
        for name, width in until.items():
            if not width > 0:
                raise ParksimError(f"width {name}={width:g}: should be above 0")

    def _more(self, store: Store, experiment: int, until: Mapping[str, float], reached: int) -> int:
        """Return how many replications to add: what the worst point needs, at most doubling what there is."""
        needed = 0
        for indicator, width in until.items():
            for frame in self.differences(store, indicator, experiment).values():
                for _, row in frame.iterrows():
                    more = statistics.further_replications(row, width / 2)
                    needed = max(needed, reached if more is None else more)
        return min(needed, reached)


def paired_differences(store: Store, experiment: str | int, indicator: str) -> dict[str, pd.DataFrame]:
    """Return paired differences to an experiment's baseline.

    Parameters
    ----------
    store : Store
        Where the runs are.
    experiment : str or int
        Name or number.
    indicator : str
        Which.

    Returns
    -------
    dict of str to DataFrame
        For each alternative a row a design point and a column a replication; nan where one is missing.
    """
    frame = store.indicators(experiment, indicator)
    names = list(dict.fromkeys(frame["scenario"]))
    wide = {
        name: part.pivot(index="point", columns="replication", values="value")  # noqa: PD010
        for name, part in frame.groupby("scenario", sort=False)
    }
    return {name: wide[name] - wide[names[0]] for name in names[1:]}


def retry_failed(
    store: Store,
    experiment: str | int | None = None,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    play: Play | None = None,
) -> tuple[int, int]:
    """Play the failed runs of a store again, from what the store says of them.

    Parameters
    ----------
    store : Store
        Which.
    experiment : str or int, optional
        Only this one's.
    workers, progress, play
        As for :meth:`Sweep.run`.

    Returns
    -------
    tuple of int
        Runs played again, and of these failed again.

    Raises
    ------
    ParksimError
        If another version of the model played them: it would not be the same run.
    """
    found = store.runs(experiment, failed=True)
    keys = list(dict.fromkeys(found.loc[found["version"] == model_version(), "run"]))
    if len(found) and not keys:
        raise ParksimError(
            f"the failed runs were played by model version {found['version'].iloc[-1]}, this is "
            f"{model_version()}: run the sweep again instead"
        )
    number = int(store.experiments()["id"].iloc[-1]) if keys else 0
    jobs: dict[str, tuple[Task, Job]] = {}
    for key in keys:
        run = store.run(key)
        job = Job(key, Member.of(run.scenario), run.changes)
        jobs[key] = (Task(run.seed, run.months, (job,), run.events), job)
    done = failed = 0
    for batch in outcomes([task for task, _ in jobs.values()], workers=workers, play=play):
        store.record(number, [(*jobs[outcome.key], outcome) for outcome in batch], [])
        done += len(batch)
        failed += sum(outcome.failed for outcome in batch)
        if progress is not None:
            progress(done, len(keys))
    return done, failed


def reproduce(store: Store, key: str, *, play: Play | None = None) -> Reproduced:
    """Play a stored run again and say whether it agrees to the bit.

    Parameters
    ----------
    store : Store
        Where it is.
    key : str
        Its address, or a beginning of it that only one run has.
    play : callable, optional
        Instead of :func:`parksim.experiment.run.run`.

    Raises
    ------
    ParksimError
        If it failed then, or fails now.
    """
    run = store.run(key)
    if run.status != "done":
        raise ParksimError(f"run {run.key} failed; there is nothing to agree with:\n{run.traceback}")
    job = Job(run.key, Member.of(run.scenario), run.changes)
    again = work(Task(run.seed, run.months, (job,), run.events), play)[0]
    if again.indicators is None:
        raise ParksimError(f"run {run.key} fails now:\n{again.traceback}")
    then = store.outcome(run.key).indicators or {}
    differences = {
        name: (then.get(name, math.nan), again.indicators.get(name, math.nan))
        for name in dict.fromkeys([*then, *again.indicators])
    }
    return Reproduced(
        same=again.digest == run.digest,
        differences={
            name: (a, b)
            for name, (a, b) in differences.items()
            if a != b and not (math.isnan(a) and math.isnan(b))
        },
        version=run.version,
        now=model_version(),
        machine=run.machine,
        here=again.machine,
    )
