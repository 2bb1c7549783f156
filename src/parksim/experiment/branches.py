"""Timetables that begin alike are played together until they part: one past, pickled where it branches."""

from __future__ import annotations

import pickle
import time
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parksim.experiment.run import told
from parksim.experiment.work import failure, finished

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parksim.experiment.work import Job, Outcome, Task
    from parksim.linked import LinkedParks
    from parksim.scenario.schema import Scenario


@dataclass(frozen=True, slots=True)
class _Branch:
    """What is still to be played: these jobs, from the end of this month on.

    Attributes
    ----------
    month : int
    jobs : list of (Job, Scenario)
    past : bytes
        The pickled model at the end of `month`; empty in month 0, which a model begins with.
    residual_min : float
        Largest residual of a fixed point so far.
    """

    month: int
    jobs: list[tuple[Job, Scenario]]
    past: bytes
    residual_min: float


def play_together(task: Task) -> list[Outcome]:
    """Play scenarios that differ in the months of their interventions alone, sharing what they have in common.

    Every outcome is bit by bit what the scenario gives when played alone. No more pasts are kept at a time than
    there are months in which timetables part on the way from month 0 to the end of one of them.

    Parameters
    ----------
    task : Task
        Its jobs in any order.

    Returns
    -------
    list of Outcome
        One a job, in their order; a month that fails is the failure of all who would have played it.
    """
    found: dict[str, Outcome] = {}
    jobs = [(job, job.member.scenario.with_(dict(job.changes)) if job.changes else job.member.scenario)
            for job in task.jobs]  # fmt: skip
    waiting = [_Branch(0, jobs, b"", 0.0)] if jobs else []
    while waiting:
        branch = waiting.pop()
        start = time.perf_counter()
        at = branch.jobs
        try:
            model, residual = _resumed(branch, task.seed)
            month = branch.month
            while month < task.months:
                at, *others = parts(at, month + 1)
                if others:
                    past = pickle.dumps(model, protocol=5)
                    waiting += [_Branch(month, other, past, residual) for other in others]
                    model.go_on_as(at[0][1])
                model.step()
                month += 1
                residual = max(residual, model.residual_min)
            run = told(model, residual, time.perf_counter() - start, events=task.events)
            for job, scenario in at:
                found[job.key] = finished(task, job, replace(run, scenario=scenario), start)
        except Exception:  # noqa: BLE001  (one timetable's fault must not stop the others)
            text = traceback.format_exc()
            found |= {job.key: failure(job, text, time.perf_counter() - start) for job, _ in at}
    return [found[job.key] for job in task.jobs]


def parts(jobs: list[tuple[Job, Scenario]], month: int) -> list[list[tuple[Job, Scenario]]]:
    """Divide jobs by what they decide in a month, in the order of their first member; the largest part first."""
    by: dict[tuple[str, ...], list[tuple[Job, Scenario]]] = {}
    for job, scenario in jobs:
        by.setdefault(_due(scenario, month), []).append((job, scenario))
    return sorted(by.values(), key=len, reverse=True)


def months_played(scenarios: Iterable[Scenario], months: int) -> int:
    """Return the months that are played when these scenarios are played together; nothing is played."""
    sharing, played = [list(scenarios)], 0
    for month in range(1, months + 1):
        apart: list[list[Scenario]] = []
        for those in sharing:
            by: dict[tuple[str, ...], list[Scenario]] = {}
            for scenario in those:
                by.setdefault(_due(scenario, month), []).append(scenario)
            apart += by.values()
        sharing = apart
        played += len(sharing)
    return played


def alike_first(scenarios: Sequence[Scenario]) -> list[int]:
    """Return the positions of scenarios in an order in which neighbours share the longest beginnings."""

    def timetable(scenario: Scenario) -> list[tuple[int, str]]:
        return sorted((item.month, item.model_dump_json()) for item in scenario.interventions)

    return sorted(range(len(scenarios)), key=lambda k: (timetable(scenarios[k]), k))


def _due(scenario: Scenario, month: int) -> tuple[str, ...]:
    """Return what a scenario decides in a month, in the order in which it is carried out."""
    return tuple(item.model_dump_json() for item in scenario.interventions if item.month == month)


def _resumed(branch: _Branch, seed: int) -> tuple[LinkedParks, float]:
    """Return the model of a branch at the end of its month, and the largest residual so far."""
    scenario = branch.jobs[0][1]
    if not branch.past:
        from parksim.linked import LinkedParks  # noqa: PLC0415  (imports Mesa, which takes about a second)

        model = LinkedParks(scenario, seed=seed)
        return model, model.residual_min
    model = pickle.loads(branch.past)  # noqa: S301  (made by this process)
    model.go_on_as(scenario)
    return model, branch.residual_min
