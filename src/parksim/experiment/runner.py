"""A list of tasks becomes a stream of outcomes: in this process, in worker processes, or on a cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections import deque
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection
from typing import TYPE_CHECKING, Any

from parksim import cores
from parksim.errors import ParksimError
from parksim.experiment.work import failure, process_id, work

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Future
    from multiprocessing.context import BaseContext

    from parksim.experiment.work import Outcome, Play, Task

AHEAD = 3
"""Tasks handed out for each worker: enough to keep it busy while results are written, few enough to hold."""

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", cores.VARIABLE), "1"
)
_PRELOAD = ["parksim.experiment.work", "parksim.experiment.run"]
_DIED = (
    "The worker process that played this run died (killed, out of memory, or a crash in compiled code).\n"
    "It was tried again on its own, and died again."
)


def outcomes(
    tasks: Iterable[Task],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    play: Play | None = None,
) -> Generator[list[Outcome]]:
    """Play tasks and yield their outcomes as they come, a few tasks' at a time.

    The numbers do not depend on `workers`, the executor or the order of finishing: a run's luck is in its
    seed. Only a few tasks a worker are handed out ahead, so memory does not grow with the number of tasks.

    Parameters
    ----------
    tasks : iterable of Task
        Read lazily.
    workers : int
        Processes; 1 plays in this process. With an `executor`, how many tasks it plays at a time.
    executor : concurrent.futures.Executor, optional
        Anything with that interface, as Dask's ``client.get_executor()``; stays open.
    play : callable, optional
        Instead of :func:`parksim.experiment.run.run`; for other processes it must be importable.

    Yields
    ------
    list of Outcome
        At least one.

    Raises
    ------
    ParksimError
        If worker processes cannot start, or the cluster is gone.
    """
    if workers < 1:
        raise ParksimError(f"workers {workers}: at least one is needed")
    if executor is not None:
        yield from _through(_Borrowed(executor), tasks, workers, play)
    elif workers == 1:
        for task in tasks:
            if found := work(task, play):
                yield found
    else:
        with _local(workers, play) as pool:
            yield from _through(pool, tasks, workers, play)


class _Borrowed:
    """Somebody else's executor: it looks after its own workers."""

    def __init__(self, executor: Executor) -> None:
        self.submit = executor.submit

    def restart(self) -> None:
        raise ParksimError("the executor lost its workers; what has finished is kept: start again to go on")


class _Pool:
    """Worker processes of our own, replaced when one of them dies.

    They are forked from a server process that has imported the model once and has neither threads nor
    open databases; forking this process would copy both, and spawning would import mesa for each worker.
    """

    def __init__(self, workers: int, play: Play | None) -> None:
        self.workers = workers
        # without this a script would be run again in each worker, unless guarded by __name__ == "__main__"
        self.needs_main = getattr(play, "__module__", "") == "__main__"
        self.forks = "forkserver" in multiprocessing.get_all_start_methods()  # not on Windows
        self.context: BaseContext = multiprocessing.get_context("forkserver" if self.forks else "spawn")
        self.context.set_forkserver_preload(_PRELOAD)
        self.others = {child.pid for child in multiprocessing.active_children()}
        self._start()

    def _start(self) -> None:
        self.pool = ProcessPoolExecutor(self.workers, mp_context=self.context, initializer=_begin)
        try:
            with _environment(_ONE_THREAD):  # the first process started hands it on to all others
                self.submit(process_id).result()
        except BrokenProcessPool as error:
            raise ParksimError(
                "worker processes cannot start; in a script, put the call under  if __name__ == '__main__':  "
                "or use workers=1"
            ) from error

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        if self.needs_main:
            return self.pool.submit(function, *args)
        with _main_hidden():  # submitting is what starts processes
            return self.pool.submit(function, *args)

    def restart(self) -> None:
        self.pool.shutdown(wait=True, cancel_futures=True)
        self._start()

    def close(self, *, at_once: bool) -> None:
        if at_once:
            for child in multiprocessing.active_children():
                if child.pid not in self.others:
                    child.terminate()
        self.pool.shutdown(wait=not at_once, cancel_futures=True)


@contextmanager
def _local(workers: int, play: Play | None) -> Iterator[_Pool]:
    pool = _Pool(workers, play)
    finished = False
    try:
        yield pool
        finished = True
    finally:
        pool.close(at_once=not finished)


def _through(
    pool: _Pool | _Borrowed, tasks: Iterable[Task], workers: int, play: Play | None
) -> Iterator[list[Outcome]]:
    waiting = iter(tasks)
    flying: dict[Future[list[Outcome]], Task] = {}
    suspects: deque[Task] = deque()
    more = True
    while True:
        while more and len(flying) < AHEAD * workers:
            task = next(waiting, None)
            more = task is not None
            if task is not None and task.jobs:
                try:
                    flying[pool.submit(work, task, play)] = task
                except BrokenProcessPool:
                    suspects.append(task)
                    break
        if not flying and not suspects:
            return
        done = wait(flying, return_when=FIRST_COMPLETED).done if flying else set()
        finished: list[Outcome] = []
        for future in done:
            task = flying.pop(future)
            try:
                finished += future.result()
            except BrokenProcessPool:
                suspects.append(task)
            except CancelledError as error:
                raise ParksimError(
                    "the workers are gone; what has finished is kept: start again to go on"
                ) from error
            except Exception:  # noqa: BLE001  (such as a result that cannot travel)
                finished += [failure(job, traceback.format_exc()) for job in task.jobs]
        if finished:
            yield finished
        if suspects:
            suspects.extend(flying.values())
            flying.clear()
            pool.restart()
            yield from _one_by_one(pool, suspects, play)


def _one_by_one(pool: _Pool | _Borrowed, suspects: deque[Task], play: Play | None) -> Iterator[list[Outcome]]:
    """Play what was under way when a worker died, each alone: who kills his worker twice is at fault."""
    while suspects:
        task = suspects.popleft()
        try:
            yield pool.submit(work, task, play).result()
        except BrokenProcessPool:
            yield [failure(job, _DIED) for job in task.jobs]
            pool.restart()


def _begin() -> None:
    """Start a worker: Ctrl-C is the parent's business, and a worker dies with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()


def _die_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Hide which script is running, so that starting workers does not run it again."""
    main = sys.modules["__main__"].__dict__
    kept: dict[str, Any] = {name: main[name] for name in ("__spec__", "__file__") if name in main}
    main["__spec__"] = None
    main.pop("__file__", None)
    try:
        yield
    finally:
        main.pop("__spec__")
        main.update(kept)
