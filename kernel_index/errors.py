"""The one family of errors that users see.

Every error carries what the user needs as fields and prints one message that says what to do next. The family
lives here, at the bottom of the layers, so that both packages raise the same kind.
"""

from __future__ import annotations

from dataclasses import dataclass


class OpselectError(Exception):
    """Bad usage or unreadable input: the command line prints the message and exits with 2."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an input a problem is: a line of a text file, a byte of a binary one, or only the file."""

    path: str
    line: int | None = None
    byte: int | None = None

    def __str__(self) -> str:
        if self.line is not None:
            return f"{self.path}:{self.line}"
        if self.byte is not None:
            return f"{self.path}: byte {self.byte}"
        return self.path


class InputError(OpselectError):
    """An input file cannot be used; ``place`` says where, ``problem`` what, ``advice`` what to do next."""

    def __init__(self, place: Place | str, problem: str, advice: str = "") -> None:
        self.place = place if isinstance(place, Place) else Place(place)
        self.problem = problem
        self.advice = advice
        super().__init__(str(self.place), problem, advice)

    def __str__(self) -> str:
        text = f"{self.place}: {self.problem}"
        return f"{text}\n  {self.advice}" if self.advice else text


class SourceTreeError(InputError):
    """A folder is no TensorFlow checkout, or one whose layout is not understood."""


class IndexFileError(InputError):
    """An index file is damaged, foreign, or of another schema version."""


class PreprocessorError(InputError):
    """A source file cannot be preprocessed (an expansion that never ends, an unterminated conditional)."""
