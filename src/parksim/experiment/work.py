"""What a worker does: plays one replication of one design point, all scenarios of it with the same luck."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import time
import traceback
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parksim.chance import named_seed
from parksim.packing import Packed, digest, pack, pack_frame
from parksim.scenario.schema import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parksim.experiment.run import Run

    Play = Callable[..., Run]
    """Plays a scenario: ``play(scenario, seed, months)``, as :func:`parksim.experiment.run.run` does."""

DONE, FAILED = "done", "failed"
_NOT_THE_MODEL = {"cli", "report", "store", "experiment"}
_YET_THE_MODEL = {"experiment/run.py", "experiment/pooling.py"}


def replication_seed(seed: int, replication: int) -> int:
    """Return the seed of a replication (counted from 0) of an experiment with this `seed`.

    All scenarios and all design points of an experiment share it; other replications and other
    experiment seeds have others.
    """
    return named_seed(seed, f"replication {replication}")


@lru_cache(maxsize=1)
def model_version() -> str:
    """Return the release and a fingerprint of the sources that decide a run's numbers.

    A stored run is used again only where both agree, so a changed rule is never mixed with old results.
    """
    root = Path(__file__).parents[1]
    state = hashlib.blake2b(digest_size=6)
    for file in sorted(root.rglob("*.py")):
        part = file.relative_to(root)
        if part.parts[0] not in _NOT_THE_MODEL or part.as_posix() in _YET_THE_MODEL:
            state.update(part.as_posix().encode() + b"\0" + file.read_bytes())
    return f"{importlib.metadata.version('parksim')}+{state.hexdigest()}"


@lru_cache(maxsize=1)
def machine() -> str:
    """Say where a run was played, as far as it can matter for the last bit."""
    numpy = importlib.metadata.version("numpy")
    return f"{platform.node()} {platform.machine()} Python {platform.python_version()} numpy {numpy}"


@dataclass(frozen=True, slots=True)
class Member:
    """A scenario as it travels: its name, its content's address and its compressed resolved JSON."""

    name: str
    content_hash: str
    body: bytes = field(repr=False)

    @classmethod
    def of(cls, scenario: Scenario) -> Member:
        """Pack a scenario."""
        return cls(scenario.name, scenario.content_hash, zlib.compress(scenario.model_dump_json().encode()))

    @property
    def scenario(self) -> Scenario:
        """The scenario; unpacked once in each process."""
        return _unpacked(self.body)


@lru_cache(maxsize=32)
def _unpacked(body: bytes) -> Scenario:
    return Scenario.model_validate_json(zlib.decompress(body))


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be played: a member with changed values. Its seed and months stand in the task."""

    key: str
    member: Member
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """Runs that share their luck, for one worker to play one after the other.

    With `together` they differ in the months of their interventions alone, and months that begin alike are
    played once.
    """

    seed: int
    months: int
    jobs: tuple[Job, ...]
    events: bool = False
    together: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a run stands in an experiment: design point, replication and member (0: the baseline)."""

    point: int
    replication: int
    position: int
    seed: int
    key: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job.

    Attributes
    ----------
    key : str
        Address of the run, see :func:`run_key`.
    indicators : dict of str to float or None
        None: the run failed, and `traceback` says why.
    """

    key: str
    indicators: dict[str, float] | None
    packed: Packed | None
    events: bytes | None
    digest: str
    wall_s: float
    machine: str
    traceback: str = ""

    @property
    def failed(self) -> bool:
        """Whether there is no result."""
        return self.indicators is None

    @property
    def status(self) -> str:
        """``done`` or ``failed``."""
        return FAILED if self.failed else DONE


def run_key(
    member: Member, changes: Mapping[str, Any], seed: int, months: int, *, events: bool = False
) -> str:
    """Return the address of a run: equal for equal content, changes, seed, months and model version.

    A run that keeps its event log is another run than one that does not, with the same numbers.
    """
    what = [
        member.content_hash,
        dict(changes),
        seed,
        months,
        model_version(),
        *(["events"] if events else []),
    ]
    text = json.dumps(what, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def work(task: Task, play: Play | None = None) -> list[Outcome]:
    """Play the runs of a task; a run that fails is an outcome too.

    Parameters
    ----------
    task : Task
        What to play.
    play : callable, optional
        Instead of :func:`parksim.experiment.run.run`.

    Returns
    -------
    list of Outcome
        One a job, in their order.
    """
    if task.together and play is None:
        from parksim.experiment.branches import play_together  # noqa: PLC0415  (imports the model)

        return play_together(task)
    return [_play(task, job, play or _model()) for job in task.jobs]


def _model() -> Play:
    from parksim.experiment.run import run  # noqa: PLC0415  (imports mesa: about a second)

    return run


def failure(job: Job, text: str, wall_s: float = 0.0) -> Outcome:
    """Return the outcome of a job that came to nothing."""
    return Outcome(job.key, None, None, None, "", wall_s, machine(), text)


def _play(task: Task, job: Job, play: Play) -> Outcome:
    start = time.perf_counter()
    try:
        scenario = job.member.scenario
        if job.changes:
            scenario = scenario.with_(dict(job.changes))
        wish = {"events": True} if task.events else {}
        return finished(task, job, play(scenario, task.seed, task.months, **wish), start)
    except Exception:  # noqa: BLE001  (one run's fault must not stop the other thousand)
        return failure(job, traceback.format_exc(), time.perf_counter() - start)


def finished(task: Task, job: Job, run: Run, start: float) -> Outcome:
    """Return the outcome of a job that was played since `start`, by the performance counter."""
    indicators = {str(name): float(value) for name, value in run.indicators.items()}
    packed = pack(run.series, run.groups)
    events = pack_frame(run.events) if task.events else None
    return Outcome(
        key=job.key,
        indicators=indicators,
        packed=packed,
        events=events,
        digest=digest(indicators, packed),
        wall_s=time.perf_counter() - start,
        machine=machine(),
    )


def process_id() -> int:
    """Answer from a worker: whether it is there at all."""
    return os.getpid()
