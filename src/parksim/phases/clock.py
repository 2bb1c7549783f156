"""A clock for the phases: how long each takes, and by how much it raises the memory of the process."""

from __future__ import annotations

import time
from collections.abc import Iterator  # noqa: TC003  (a decorated function's annotation)
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from parksim.model import ParkModel


class Phase(Protocol):
    """A module of :mod:`parksim.phases`."""

    __name__: str

    def play(self, model: ParkModel) -> None:
        """Play the phase."""


@dataclass
class Clock:
    """What was measured, by name of the phase.

    Attributes
    ----------
    seconds : dict of str to list of float
        Time of every month.
    memory_mb : dict of str to float
        Megabytes by which the phase raised the largest memory the process had had.
    people : list of int
        Employees at the end of each phase that ended a month.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    memory_mb: dict[str, float] = field(default_factory=dict)
    people: list[int] = field(default_factory=list)

    def play(self, phase: Phase, model: ParkModel) -> None:
        """Play a phase and measure it."""
        name = phase.__name__.rsplit(".", 1)[-1]
        before, start = peak_mb(), time.perf_counter()
        phase.play(model)
        self.seconds.setdefault(name, []).append(time.perf_counter() - start)
        self.memory_mb[name] = self.memory_mb.get(name, 0.0) + peak_mb() - before
        if name == "measure":
            self.people.append(len(model.employees))

    @property
    def employee_months(self) -> int:
        """Months lived by employees while it ran."""
        return sum(self.people)


_clock: ContextVar[Clock | None] = ContextVar("clock", default=None)


def running() -> Clock | None:
    """Return the clock that is running, if any."""
    return _clock.get()


@contextmanager
def clocked() -> Iterator[Clock]:
    """Measure the phases of every model that is played meanwhile, burn-in excepted."""
    clock = Clock()
    token = _clock.set(clock)
    try:
        yield clock
    finally:
        _clock.reset(token)


def peak_mb() -> float:
    """Return the largest memory that this process has had, in MB; 0 where the system does not tell (Windows)."""
    try:
        import resource  # noqa: PLC0415  (not on Windows)
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
