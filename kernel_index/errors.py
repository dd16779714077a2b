"""The one family of errors that users see.

Every error carries what the user needs as fields and prints one message that says what to do next. The family
lives here, at the bottom of the layers, so that both packages raise the same kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from kernel_index.shown import MAX_SENTENCE, shortened, shown_path, without_secrets


class OpselectError(Exception):
    """Bad usage or unreadable input: the command line prints the message and exits with 2."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an input a problem is: a line of a text file, a byte of a binary one, or only the file.

    As text it is one line, shows no secret of a URL, and of an overlong name the beginning and the end.
    """

    path: str
    line: int | None = None
    byte: int | None = None

    def __str__(self) -> str:
        path = shortened(without_secrets(shown_path(self.path))).replace("\n", "\\n")
        if self.line is not None:
            return f"{path}:{self.line}"
        if self.byte is not None:
            return f"{path}: byte {self.byte}"
        return path


class InputError(OpselectError):
    """An input file cannot be used; ``place`` says where, ``problem`` what, ``advice`` what to do next.

    What is quoted of the input in problem and advice is shortened, and URLs in it lose their secrets. ``code`` is that
    of the page about it (``docs/findings``), empty where there is none.
    """

    code: ClassVar[str] = ""

    def __init__(self, place: Place | str, problem: str, advice: str = "") -> None:
        self.place = place if isinstance(place, Place) else Place(place)
        self.problem = shortened(without_secrets(problem))
        self.advice = shortened(without_secrets(advice), MAX_SENTENCE)
        super().__init__(str(self.place), self.problem, self.advice)

    def __str__(self) -> str:
        text = f"{self.place}: {self.problem}"
        return f"{text}\n  {self.advice}" if self.advice else text


class SourceTreeError(InputError):
    """A folder is no TensorFlow checkout, or one whose layout is not understood."""


class IndexFileError(InputError):
    """An index file is damaged, foreign, or of another schema version."""


class PreprocessorError(InputError):
    """A source file cannot be preprocessed (an expansion that never ends, an unterminated conditional)."""


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Names the input that is read in the block where memory does not suffice for it, or it is nested too deeply.

    Raises InputError in these cases.
    """
    try:
        yield
    except (MemoryError, SystemError):
        # SystemError: "error return without exception set", from libraries in C that were refused memory.
        raise InputError(path, "there is not enough memory to read it", "Close other programs, or pass less.") from None
    except RecursionError:
        raise InputError(path, "it is nested too deeply to be read") from None
