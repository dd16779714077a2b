"""Signals that end a program, held back while it does what must be done whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, final

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
"""Windows has not all of them."""


@final
class Uninterrupted:
    """While the block runs, Ctrl-C and what else tells the process to end wait; they take effect where it is left.

    Only handlers that are functions of Python are put off: what ends the process at once, ends it at once. In other
    threads than the main one there is nothing to do, since handlers run in that one.
    """

    def __init__(self) -> None:
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._waiting: list[int] = []

    def __enter__(self) -> Uninterrupted:
        if threading.current_thread() is threading.main_thread():
            try:
                for name in _NAMES:
                    self._hold(getattr(signal, name, None))
            except BaseException:
                # What came before its handler was put off, ends the program here: nothing was begun.
                self._restore()
                raise
        return self

    def _hold(self, number: int | None) -> None:
        handler = signal.getsignal(number) if number is not None else None
        if number is not None and callable(handler):
            self._before[number] = handler
            signal.signal(number, self._put_off)

    def _put_off(self, number: int, frame: FrameType | None) -> None:
        self._waiting.append(number)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __exit__(self, *_: object) -> None:
        self._restore()
        if self._waiting:
            number = self._waiting[0]
            self._before[number](number, None)
