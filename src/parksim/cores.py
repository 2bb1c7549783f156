"""All cores for one large run: people are looked at in stretches, by threads where there are several cores.

The work is the same and in the same stretches however many cores there are, so results do not depend on them;
numpy and compiled loops let threads run side by side. In a sweep each run has one core: there the runs go side
by side.
"""

from __future__ import annotations

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
Rows = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

AT_ONCE = 65_536  # people: what is worked out for them fits the cache, and threads seldom wait for each other
VARIABLE = "PARKSIM_CORES"
"""Environment variable with the number of cores that a run may use."""
_MOST = 4  # more threads would mostly wait for the interpreter's lock

_here = threading.local()


def usable_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores() -> int:
    """Return how many cores a run may use: what :data:`VARIABLE` says, else all that there are, four at most."""
    told = os.environ.get(VARIABLE, "")
    return max(1, int(told)) if told.isdigit() else min(usable_cores(), _MOST)


@contextmanager
def playing() -> Iterator[None]:
    """Make ready for playing months, and undo it in the end.

    Linear algebra keeps to one thread: on small matrices threads that wait for each other cost more than they do.
    And what was there before is left alone by the collector of garbage, which would go through it again and again.
    """
    gc.freeze()
    try:
        with threadpool_limits(1, "blas"):
            yield
    finally:
        gc.unfreeze()


def each(do: Callable[[slice], T], people: int, at_once: int | None = None) -> list[T]:
    """Do something for stretches of so many people and return what comes of it, in their order.

    Parameters
    ----------
    do : callable
        Takes a slice of positions. It must change nothing that another stretch reads.
    people : int
        How many there are.
    at_once : int, optional
        People in a stretch; :data:`AT_ONCE` by default, fewer where each is much work.
    """
    at_once = at_once or AT_ONCE
    stretches = [slice(at, min(at + at_once, people)) for at in range(0, people, at_once)]
    if len(stretches) < 2 or _alone():
        return [do(stretch) for stretch in stretches]
    return list(_threads(os.getpid()).map(do, stretches))


def together(people: int, *tasks: Callable[[], T]) -> list[T]:
    """Do things that have nothing to do with each other side by side, if there are many people to do them for."""
    if people < AT_ONCE or _alone():
        return [task() for task in tasks]
    return [task.result() for task in [_threads(os.getpid()).submit(task) for task in tasks]]


def _alone() -> bool:
    return cores() == 1 or getattr(_here, "busy", False)


def those(holds: Callable[[Rows], Bools], rows: Rows) -> Rows:
    """Return those of `rows` of whom something holds, asked stretch by stretch as in :func:`each`."""
    found = each(lambda now: rows[now][holds(rows[now])], len(rows))
    return np.concatenate(found) if found else rows


@cache
def _threads(process: int) -> ThreadPoolExecutor:  # noqa: ARG001  (a forked process has none of its parent's)
    return ThreadPoolExecutor(cores(), "parksim", initializer=_begin)


def _begin() -> None:
    _here.busy = True  # what a thread does for its stretch it does alone
