"""Who reads many models: this process, processes beside it, or a dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kernel_index import __version__
from kernel_index.errors import OpselectError

if TYPE_CHECKING:
    from concurrent.futures import Executor

MANY = 64
"""From so many models on, processes save more time than it takes to start them."""

CONNECT_SECONDS = 10
"""So long a scheduler has to answer."""


@dataclass(frozen=True, slots=True)
class Workers:
    """An executor, None for this process, and how many calls it runs at the same time."""

    executor: Executor | None = None
    number: int = 1


@contextmanager
def open_workers(models: int, *, jobs: int | None, dask: str, executor: Executor | None = None) -> Iterator[Workers]:
    """Workers for so many models: the cluster at ``dask``, ``jobs`` processes, or as many of them as it is worth.

    An ``executor`` of the caller is taken as it is, and goes on when the block is left. When that is by an error or
    Ctrl-C, processes that were started here are ended at once. Raises OpselectError where there is no cluster or its
    workers fail.
    """
    if executor is not None:
        import os

        yield Workers(executor, os.cpu_count() or 1)
        return
    if dask:
        with _cluster(dask) as workers:
            yield workers
        return
    if jobs is None:
        import os

        jobs = (os.cpu_count() or 1) if models >= MANY else 1
    jobs = min(jobs, models)
    if jobs > 1:
        with _processes(jobs) as executor:
            yield Workers(executor, jobs)
    else:
        yield Workers()


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    import multiprocessing

    from kernel_index.processes import helpers

    # The progress bar runs in a thread, and a plain fork of a process with threads may inherit a lock that nobody
    # opens. The fork server has none, and starts workers as fast as a fork does.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    with helpers(jobs, method) as pool:
        yield pool


@contextmanager
def _cluster(address: str) -> Iterator[Workers]:
    from concurrent.futures import CancelledError

    try:
        import distributed
    except ImportError:
        raise OpselectError("--dask needs dask.distributed\n  Install it: pip install 'opselect[dask]'") from None
    with _connected(distributed, address) as client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise OpselectError(f"the dask cluster at {address} has no workers\n  Start some: dask worker {address}")
        _check_versions(client, address)
        try:
            yield Workers(client.get_executor(pure=False), threads)
        except distributed.KilledWorker as error:
            raise OpselectError(
                f"a worker of the dask cluster at {address} died, most likely for want of memory: {error}\n"
                "  Give workers more memory or fewer threads; without --dask, --jobs 1 shows which model it is."
            ) from None
        except CancelledError:
            raise OpselectError(f"the dask cluster at {address} gave up, or the connection to it broke") from None


def _check_versions(client: Any, address: str) -> None:
    """A scheduler or worker without opselect would break down over the first chunk, and nothing would ever answer."""
    advice = f"Install opselect {__version__} where its scheduler and its workers run."
    try:
        versions = {client.run_on_scheduler(_version), *client.run(_version).values()}
    except Exception as error:  # whatever they raise, as dask wraps it
        raise OpselectError(f"the dask cluster at {address} cannot run opselect: {error}\n  {advice}") from None
    if versions != {__version__}:
        raise OpselectError(f"the dask cluster at {address} has opselect {', '.join(sorted(versions))}\n  {advice}")


def _version() -> str:
    return __version__


@contextmanager
def _connected(distributed: Any, address: str) -> Iterator[Any]:
    try:
        # A client that is made with an address it cannot understand hangs when Python ends.
        distributed.comm.resolve_address(address)
        client = distributed.Client(address, set_as_default=False, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise OpselectError(
            f"there is no dask scheduler at {address}: {error}\n"
            "  The address is printed when the scheduler starts, such as tcp://10.0.0.1:8786."
        ) from None
    with client:
        yield client
