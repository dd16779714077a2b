"""Processes that help, and that end with the command that started them."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial


@contextmanager
def helpers(jobs: int, method: str, start: Callable[[], None] | None = None) -> Iterator[ProcessPoolExecutor]:
    """So many processes, started by ``method``, each of which calls ``start`` first.

    Ctrl-C reaches them as well, but it is who started them that ends them: they ignore it, and where the block is left
    by an exception they are ended at once, whatever they do.
    """
    others = multiprocessing.active_children()
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context(method), partial(_start, start))
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
    if start is not None:
        start()
