"""How the caller follows the work while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol


class Watch(Protocol):
    """What a program does with news of work that it waits for.

    All methods are called in the thread of the caller. Warnings and notes are in the result of the work too; here they
    come as they arise, and before an error.
    """

    def progress(self, task: str, done: int, total: int) -> None:
        """``done`` of ``total`` parts of a task, such as ``Scanning``, are done."""

    def warning(self, sentence: str) -> None:
        """Something that the user should know, and that is no error."""

    def note(self, sentence: str) -> None:
        """What was found out or done on the way."""


class _Nobody:
    """Passes everything over."""

    def progress(self, task: str, done: int, total: int) -> None:
        pass

    def warning(self, sentence: str) -> None:
        pass

    def note(self, sentence: str) -> None:
        pass


NOBODY: Watch = _Nobody()


class RecordingWatch:
    """Passes everything on, and remembers the sentences for the result, each once and in the order in which they came.

    So that a result holds all sentences, whoever watched.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._warnings: dict[str, None] = {}
        self._notes: dict[str, None] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self._warnings)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    def progress(self, task: str, done: int, total: int) -> None:
        self._watch.progress(task, done, total)

    def warning(self, sentence: str) -> None:
        self._warnings[sentence] = None
        self._watch.warning(sentence)

    def note(self, sentence: str) -> None:
        self._notes[sentence] = None
        self._watch.note(sentence)


def progress_of(watch: Watch, task: str) -> Callable[[int, int], None]:
    """What the library below calls with the parts that are done, and all of them."""
    return partial(watch.progress, task)
