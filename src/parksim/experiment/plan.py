"""What is to be played: scenarios × design points × replications, as tasks that share their luck."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from parksim.chance import named_uniform
from parksim.errors import ParksimError
from parksim.experiment.design import aimed
from parksim.experiment.futures import uncertain
from parksim.experiment.runner import outcomes
from parksim.experiment.work import FAILED, Cell, Job, Member, Task, replication_seed, run_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from parksim.experiment.futures import Uncertain
    from parksim.experiment.work import Outcome, Play
    from parksim.scenario.schema import Scenario
    from parksim.store.store import Store

_AT_ONCE = 100
"""Tasks that are looked up in the store together, and runs that are written together at most."""
KEEP_S = 0.25
"""Seconds of finished short runs that are written together; a longer run is written when it is finished."""


@dataclass(frozen=True)
class Plan:
    """An experiment ready to be played.

    Attributes
    ----------
    name : str
        Name under which the store keeps it.
    spec : mapping
        What makes it this experiment and no other, as JSON.
    scenarios : tuple of (Scenario, Member)
        The baseline first.
    points : tuple of dict
        Design points: value by path.
    seed, months : int
        As in :func:`parksim.experiment.comparison.compare`.
    fixed : bool
        Whether uncertain parameters stay at the scenarios' values, save those of `drawn`.
    drawn : tuple of Uncertain
        What the experiment has drawn in each replication besides.
    events : bool
        Whether runs keep their event logs.
    """

    name: str
    spec: Mapping[str, Any]
    scenarios: tuple[tuple[Scenario, Member], ...]
    points: tuple[dict[str, Any], ...]
    seed: int
    months: int
    fixed: bool = False
    drawn: tuple[Uncertain, ...] = ()
    events: bool = False

    def size(self, replications: int) -> int:
        """Return the number of runs, those counted twice that two design points share."""
        return len(self.scenarios) * len(self.points) * replications

    def futures(self, replication: int) -> dict[str, Any]:
        """Return the uncertain parameters of a replication, over all scenarios."""
        seed = replication_seed(self.seed, replication)
        return {p: v for at in range(len(self.scenarios)) for p, v in self._drawn(at, seed).items()}

    def tasks(self, replications: Iterable[int]) -> Iterator[tuple[Task, list[Cell]]]:
        """Yield one task a replication and design point, with the place of each of its jobs.

        Replications come one after the other, each through all points: a sweep stopped in the middle is
        balanced.
        """
        for replication in replications:
            seed = replication_seed(self.seed, replication)
            futures = [self._drawn(at, seed) for at in range(len(self.scenarios))]
            for number, settings in enumerate(self.points):
                jobs, cells = [], []
                for at, (_, member) in enumerate(self.scenarios):
                    changes = futures[at] | self._concerning(at, settings)
                    key = run_key(member, changes, seed, self.months, events=self.events)
                    jobs.append(Job(key, member, changes))
                    cells.append(Cell(number, replication, at, seed, key))
                yield Task(seed, self.months, tuple(jobs), self.events), cells

    def _drawn(self, at: int, seed: int) -> dict[str, Any]:
        found = {} if self.fixed else {u.path: u.at(named_uniform(seed, u.path)) for u in self._uncertain[at]}
        mine = {number.path: number.at(named_uniform(seed, number.path)) for number in self.drawn}
        return found | self._concerning(at, mine)

    def _concerning(self, at: int, settings: Mapping[str, Any]) -> dict[str, Any]:
        aims = self._aims[at]
        return {aims[path]: value for path, value in settings.items() if path in aims}

    @cached_property
    def _uncertain(self) -> list[list[Uncertain]]:
        return [uncertain(scenario) for scenario, _ in self.scenarios]

    @cached_property
    def _aims(self) -> list[dict[str, str]]:
        """For each scenario, what the paths of levers and uncertainties change in it."""
        named = dict.fromkeys(path for point in self.points for path in point)
        every = [*named, *(number.path for number in self.drawn)]
        return [
            {path: at for path in every if (at := aimed(path, scenario)) is not None}
            for scenario, _ in self.scenarios
        ]


@dataclass
class Tally:
    """How far a plan has come.

    Attributes
    ----------
    experiment : int
        Its number in the store.
    planned, known, played, failed : int
        Runs in all; found in the store; played now; failed among those played now.
    """

    experiment: int
    planned: int
    known: int = 0
    played: int = 0
    failed: int = 0
    pending: dict[str, list[Cell]] = field(default_factory=dict, repr=False)

    @property
    def done(self) -> int:
        """Runs that are in the store."""
        return self.known + self.played


def conduct(
    plan: Plan,
    store: Store,
    replications: Sequence[int],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    limit: int | None = None,
    retry: bool = False,
    progress: Callable[[int, int], None] | None = None,
    play: Play | None = None,
) -> Tally:
    """Play what the store does not hold yet, and write it there as it comes.

    It can be stopped at any moment, by whatever means, and started again: what the store holds is not played
    again. A run that fails is kept with its traceback, and the others go on.

    Parameters
    ----------
    plan : Plan
        What.
    store : Store
        Where to.
    replications : sequence of int
        Which replications.
    workers, executor, play
        As for :func:`parksim.experiment.runner.outcomes`.
    limit : int, optional
        Look at no more than about so many runs.
    retry : bool
        Play failed runs again.
    progress : callable, optional
        ``progress(runs_done, runs_in_all)``.

    Returns
    -------
    Tally
        Counts.
    """
    number = store.begin(
        plan.name, plan.spec, plan.seed, plan.months, [member for _, member in plan.scenarios]
    )
    store.add_points(number, dict(enumerate(plan.points)))
    tally = Tally(number, plan.size(len(replications)))
    wanted = plan.tasks(replications)
    if limit is not None:
        tasks = -(-limit // len(plan.scenarios))
        wanted = islice(wanted, tasks)
        tally.planned = min(tally.planned, tasks * len(plan.scenarios))
    tell = progress or (lambda _done, _all: None)
    tell(0, tally.planned)
    jobs: dict[str, tuple[Task, Job]] = {}
    tasks_to_play = _new(wanted, store, tally, jobs, retry=retry, tell=tell)
    finished: list[Outcome] = []

    def keep() -> None:
        batch, finished[:] = finished[:], []  # a store that gives up is not asked again on the way out
        _keep(store, tally, jobs, batch)
        tell(tally.done, tally.planned)

    kept = time.monotonic()
    with closing(outcomes(tasks_to_play, workers=workers, executor=executor, play=play)) as coming:
        try:
            for batch in coming:
                finished += batch
                if time.monotonic() - kept > KEEP_S or len(finished) >= _AT_ONCE:
                    keep()
                    kept = time.monotonic()
        except BaseException:  # Ctrl-C, a lost cluster: what is finished is kept all the same
            keep()
            raise
        keep()
    return tally


def _new(
    wanted: Iterator[tuple[Task, list[Cell]]],
    store: Store,
    tally: Tally,
    jobs: dict[str, tuple[Task, Job]],
    *,
    retry: bool,
    tell: Callable[[int, int], None],
) -> Iterator[Task]:
    """Yield what is neither stored nor under way; enter what is stored into the experiment."""
    while chunk := list(islice(wanted, _AT_ONCE)):
        known = store.known(cell.key for _, cells in chunk for cell in cells)
        stored, fresh = [], []
        for task, cells in chunk:
            mine = []
            for job, cell in zip(task.jobs, cells, strict=True):
                status = known.get(job.key)
                if job.key in tally.pending:
                    tally.pending[job.key].append(cell)
                elif status is not None and not (retry and status == FAILED):
                    stored.append(cell)
                else:
                    tally.pending[job.key] = [cell]
                    jobs[job.key] = (task, job)
                    mine.append(job)
            if mine:
                fresh.append(Task(task.seed, task.months, tuple(mine), task.events))
        store.link(tally.experiment, stored)
        tally.known += len(stored)
        tell(tally.done, tally.planned)
        yield from fresh


def _keep(store: Store, tally: Tally, jobs: dict[str, tuple[Task, Job]], batch: Sequence[Outcome]) -> None:
    results, cells = [], []
    for outcome in batch:
        if outcome.key not in jobs:
            raise ParksimError(f"a worker answered with a run nobody asked for ({outcome.key})")
        results.append((*jobs[outcome.key], outcome))
        cells += tally.pending[outcome.key]
    if results:
        store.record(tally.experiment, results, cells)
    for outcome in batch:
        del jobs[outcome.key]
        tally.played += len(tally.pending.pop(outcome.key))
        tally.failed += outcome.failed
