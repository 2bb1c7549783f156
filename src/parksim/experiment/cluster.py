"""Many machines: a Dask cluster behind the interface of concurrent.futures."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

PATIENCE_S = 60


@contextmanager
def cluster(where: str) -> Iterator[tuple[Executor, int]]:
    """Connect to a Dask cluster, or start one on this machine.

    Parameters
    ----------
    where : str
        ``tcp://scheduler:8786``, or ``local:4`` for a scheduler and four worker processes here.

    Yields
    ------
    executor, workers : concurrent.futures.Executor, int
        What to hand tasks to, and how many it plays at a time.

    Raises
    ------
    ParksimError
        If Dask is not installed, the address makes no sense, or nobody answers there.
    """
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415  (a second, and an extra)
    except ImportError as error:
        raise ParksimError("for clusters, pip install 'parksim[cluster]'") from error
    with ExitStack() as stack:
        address = where
        if where.startswith("local:"):
            count = where.removeprefix("local:")
            if not count.isdigit() or int(count) < 1:
                raise ParksimError(f"cluster '{where}': give the number of worker processes, as local:4")
            address = stack.enter_context(
                LocalCluster(int(count), threads_per_worker=1, processes=True, dashboard_address=None)
            )
        try:
            client = stack.enter_context(Client(address, timeout=PATIENCE_S))
        except (OSError, ValueError) as error:
            raise ParksimError(f"cluster '{where}': nobody answers there ({error})") from error
        workers = sum(client.nthreads().values())
        if not workers:
            raise ParksimError(
                f"cluster '{where}': the scheduler has no workers yet; start some and try again"
            )
        yield client.get_executor(pure=False), workers
