"""Processes that help, and that end with the command that started them."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from kernel_index.interruptions import Uninterrupted

if TYPE_CHECKING:
    from typing import ParamSpec

    P = ParamSpec("P")
T = TypeVar("T")


class _Helpers(ProcessPoolExecutor):
    """Starts processes where it is given work: none is half started when a signal ends this one."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with Uninterrupted():
            return super().submit(fn, *args, **kwargs)


@contextmanager
def helpers(jobs: int, method: str, start: Callable[[], None] | None = None) -> Iterator[ProcessPoolExecutor]:
    """So many processes, started by ``method``, each of which calls ``start`` first.

    Ctrl-C reaches them as well, but it is who started them that ends them: they ignore it, and where the block is left
    by an exception they are ended at once, whatever they do.
    """
    others = multiprocessing.active_children()
    pool = _Helpers(jobs, multiprocessing.get_context(method), partial(_start, start))
    try:
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            if process not in others:
                process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start(start: Callable[[], None] | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A process that was forked while signals were put off would put them off as long as it runs.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    if start is not None:
        start()
