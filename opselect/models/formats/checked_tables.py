"""FlatBuffers tables whose every place is held against the bounds of the file.

The generated classes of the schema package read whatever an offset leads to, and FlatBuffers' own package for Python
has no verifier. They do so through the few methods of ``flatbuffers.table.Table``, which the class here replaces. How
the bytes are laid out: the chapter on internals of the FlatBuffers documentation.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from struct import Struct, unpack_from
from typing import Any, NamedTuple

from flatbuffers.table import Table

from opselect.models.formats.wire import WireError

MAX_TABLES = 1_000_000
"""Where FlatBuffers' own verifier for C++ stops by default, and so TensorFlow Lite (``flatbuffers/verifier.h``)."""
MAX_READS_OF_ABYTE = 4
"""Strings and lists may be shared, but not without end: maximum ratio of what is read to the size of the file."""
_FREE_READS = 1 << 16

_OFFSET = Struct("<I")
_BACKWARDS = Struct("<i")
_SLOT = Struct("<H")
BYTE = Struct("<B")


@contextmanager
def inside(where: str) -> Iterator[None]:
    """Says of a WireError in the block in what of the file it is."""
    try:
        yield
    except WireError as error:
        raise WireError(error.offset, f"{where}: {error.problem}") from None


class NumberList(NamedTuple):
    """A list of numbers that is not loaded: place of the first, how many, and the form of each."""

    start: int
    length: int
    form: Struct


class CheckedFile:
    """A file of tables. Whatever points out of it, and whatever is read too often, is a WireError.

    The tables may be a part of the file, ``start`` up to ``end``: then nothing outside of it is read. Places are those
    in the file in any case.
    """

    def __init__(self, buffer: bytes | mmap.mmap, start: int = 0, end: int | None = None) -> None:
        self.buffer = buffer
        self.start = start
        self.end = len(buffer) if end is None else end
        self.size = self.end - start
        self._tables = 0
        self._bytes_left = self.size * MAX_READS_OF_ABYTE + _FREE_READS
        self._strings: dict[int, str] = {}

    def number(self, form: Struct, position: int) -> Any:
        """The number at a position."""
        self.check(position, form.size, "a number")
        return form.unpack_from(self.buffer, position)[0]

    def check(self, start: int, size: int, what: str) -> None:
        """Raises WireError where ``size`` bytes at ``start`` are not all in the file."""
        if start < self.start or start + size > self.end:
            raise WireError(max(start, 0), f"{what} of {size:,} bytes is not all in the file of {self.size:,}")

    def target(self, position: int) -> int:
        """Where the offset at a position leads."""
        distance: int = self.number(_OFFSET, position)
        if distance < _OFFSET.size or position + distance + _OFFSET.size > self.end:
            raise WireError(position, f"an offset of {distance:,} leads out of the file of {self.size:,} bytes")
        return position + distance

    def span(self, position: int, form: Struct) -> NumberList:
        """The vector that the offset at a position leads to."""
        start = self.target(position)
        length: int = self.number(_OFFSET, start)
        if start + _OFFSET.size + length * form.size > self.end:
            raise WireError(start, f"a list of {length:,} elements does not fit into the file of {self.size:,} bytes")
        return NumberList(start + _OFFSET.size, length, form)

    def text(self, position: int) -> str:
        """The string that the offset at a position leads to; what is not UTF-8 in it is spelled as escapes."""
        start = self.target(position)
        known = self._strings.get(start)
        if known is None:
            span = self.span(position, BYTE)
            known = self._strings[start] = self.load(span).decode("utf-8", "backslashreplace")
        return known

    def load(self, span: NumberList) -> bytes:
        """A copy of the bytes of a vector."""
        self._bytes_left -= span.length * span.form.size
        if self._bytes_left < 0:
            raise WireError(
                span.start, f"the lists in this file add up to more than {MAX_READS_OF_ABYTE} times its size"
            )
        return self.buffer[span.start : span.start + span.length * span.form.size]

    def numbers(self, span: NumberList | int) -> tuple[int, ...]:
        """The numbers of a list field, as its ``…AsNumpy`` accessor gives it: 0 where the field is missing."""
        if isinstance(span, int):
            return ()
        return unpack_from(f"<{span.length}{span.form.format[-1]}", self.load(span))

    def tables(self, read: Callable[[int], Any], length: int) -> list[Any]:
        """All tables of a list field, from its accessor and its ``…Length``."""
        if length * _OFFSET.size > self.size or self._tables + length > MAX_TABLES:
            raise WireError(0, f"a list of {length:,} tables is more than a model has")
        return [self.table(read(index)) for index in range(length)]

    def table(self, generated: Any) -> Any:
        """The object of a generated class, which from now on reads through checks."""
        generated._tab = self.at(generated._tab.Pos)
        return generated

    def at(self, position: int) -> CheckedTable:
        """The table at a position."""
        self._tables += 1
        if self._tables > MAX_TABLES:
            raise WireError(position, f"more than {MAX_TABLES:,} tables are more than a model has")
        return CheckedTable(self, position)


class CheckedTable(Table):  # type: ignore[misc]  # flatbuffers is published without types
    """What ``flatbuffers.table.Table`` offers to generated classes; a vector of numbers is a Span and no array.

    An array would keep the memory map of the file open.
    """

    __slots__ = ("_end", "_file", "_vtable", "_vtable_end")

    def __init__(self, file: CheckedFile, position: int) -> None:
        vtable = position - file.number(_BACKWARDS, position)
        vtable_size = file.number(_SLOT, vtable)
        table_size = file.number(_SLOT, vtable + _SLOT.size)
        if vtable_size < 2 * _SLOT.size:
            raise WireError(vtable, "the list of a table's fields is too short")
        file.check(vtable, vtable_size, "the list of a table's fields")
        file.check(position, table_size, "a table")
        super().__init__(file.buffer, position)
        self._file = file
        self._vtable = vtable
        self._vtable_end = vtable_size
        self._end = table_size

    def Offset(self, vtableOffset: int) -> int:  # noqa: N802, N803 # as in the class that is replaced
        if vtableOffset + _SLOT.size > self._vtable_end:
            return 0
        place = self._vtable + vtableOffset
        offset: int = self._file.number(_SLOT, place)
        if offset >= max(self._end, 1):
            raise WireError(place, f"a field is said to be at byte {offset:,} of a table of {self._end:,}")
        return offset

    def Indirect(self, off: int) -> int:  # noqa: N802
        return self._file.target(off)

    def String(self, off: int) -> str:  # noqa: N802
        return self._file.text(off)

    def VectorLen(self, off: int) -> int:  # noqa: N802
        return self._file.span(self.Pos + off, BYTE).length

    def Vector(self, off: int) -> int:  # noqa: N802
        return self._file.span(self.Pos + off, BYTE).start

    def Union(self, t2: Table, off: int) -> None:  # noqa: N802
        t2.Pos = self._file.target(self.Pos + off)
        t2.Bytes = self._file.buffer

    def Get(self, flags: Any, off: int) -> Any:  # noqa: N802
        return flags.py_type(self._file.number(flags.packer_type, off))

    def GetVectorAsNumpy(self, flags: Any, off: int) -> NumberList:  # noqa: N802
        return self._file.span(self.Pos + off, flags.packer_type)
