"""What an ``ops_to_register.h`` says, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal["0.12", "1.1", "1.2", "1.3"]
"""How the text of a header is laid out, by the first release that writes it so.

``0.12``: one string of classes, searched for ``","`` class ``","``. ``1.1``: an array of classes and constexpr
functions that compare them; ops by ``strcmp``. ``1.2``: the same below a line with the name of the script. ``1.3``: the
array first, ops compared by the same functions; so to this day.
"""

ERROR_MESSAGE = "Error reading graph!"
"""What TensorFlow's tool prints in place of a header, on stdout and with exit code 0, when it found no op at all."""


CONSTANTS_WANTED = (1, 1)
"""The first release that tests the class of a kernel in a ``constexpr`` (``core/framework/op_kernel.h``)."""


def compiles_with(form: Form, release: tuple[int, int]) -> bool:
    """Whether TensorFlow of a release compiles with a header of a form: ``strstr`` of the oldest is no constant."""
    return form != "0.12" or release < CONSTANTS_WANTED


@dataclass(frozen=True, slots=True)
class SelectiveHeader:
    """The ops and kernel classes that a header registers; ``None`` stands for all of them.

    ``ops`` and ``classes`` are in the order of the file, a class as often as it stands there. ``generation`` is the
    form of the text. A form that several releases share is called by the first: where all is registered, ``0.12`` and
    ``1.2`` stand for 1.1 and 1.3 too. ``script`` is who wrote it, by its first line; empty where it does not say.

    ``error`` is why no compiler takes the header, as a sentence: it is an error message of the tool (then there is
    neither an op nor a class), or text is around it that is no C++ (``foreign_lines``). What follows the foreign lines
    is read all the same.
    """

    generation: Form
    ops: tuple[str, ...] | None
    classes: tuple[str, ...] | None
    gradient: bool
    error: str | None = None
    foreign_lines: tuple[str, ...] = ()
    script: str = ""

    def has_op(self, name: str) -> bool:
        """Whether the header registers an op, as its own code decides: from form 1.3 on blanks do not count."""
        if self.ops is None:
            return True
        if self.generation != "1.3":
            return name in self.ops
        return _squeezed(name) in map(_squeezed, self.ops)

    def has_class(self, text: str) -> bool:
        """Whether the header registers the kernels whose class stands in their macro as ``text``.

        As its own code decides. In form 0.12 each blank counts, and a class is found inside the template arguments of
        another one too, where commas without blanks are around it. From then on no blank counts.
        """
        if self.classes is None:
            return True
        if self.generation == "0.12":
            return f",{text}," in f",{','.join(self.classes)},"
        return _squeezed(text) in map(_squeezed, self.classes)


def _squeezed(text: str) -> str:
    """The text as ``isequal`` of the header compares it: without blanks, tabs left alone."""
    return text.replace(" ", "")
