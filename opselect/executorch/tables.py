"""Tables of FlatBuffers by the numbers of their fields, each place checked."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from opselect.models.formats.checked_tables import BYTE, CheckedFile, CheckedTable
from opselect.models.formats.wire import WireError

INT = Struct("<i")
SIGNED_BYTE = Struct("<b")
_OFFSET = Struct("<I")
_FIRST_SLOT = 4
_SLOT_SIZE = 2


class FieldsOf:
    """A table. Its fields have numbers in the order of the schema; a union has two, first that of its kind.

    All methods raise WireError for what leads out of the file.
    """

    __slots__ = ("_file", "_table")

    def __init__(self, file: CheckedFile, position: int) -> None:
        self._file = file
        self._table: CheckedTable = file.at(position)

    @property
    def position(self) -> int:
        """The byte at which the table begins."""
        place: int = self._table.Pos
        return place

    def _place(self, field: int) -> int | None:
        offset = self._table.Offset(_FIRST_SLOT + _SLOT_SIZE * field)
        return self.position + offset if offset else None

    def number(self, field: int, form: Struct = INT) -> int:
        """A number, 0 where the field is missing: none of those that are read has another default."""
        place = self._place(field)
        return 0 if place is None else int(self._file.number(form, place))

    def text(self, field: int) -> str | None:
        """A string, None where it is missing."""
        place = self._place(field)
        return None if place is None else self._file.text(place)

    def numbers(self, field: int, form: Struct = INT) -> tuple[int, ...] | None:
        """A list of numbers, None where it is missing."""
        place = self._place(field)
        return None if place is None else self._file.numbers(self._file.span(place, form))

    def bytes_at(self, field: int) -> tuple[int, int] | None:
        """Where the bytes of a list begin and end, which are not read; None where it is missing."""
        place = self._place(field)
        if place is None:
            return None
        span = self._file.span(place, BYTE)
        return span.start, span.start + span.length

    def tables(self, field: int) -> TableList:
        """A list of tables, empty where it is missing."""
        place = self._place(field)
        if place is None:
            return TableList(self._file, 0, 0)
        span = self._file.span(place, _OFFSET)
        return TableList(self._file, span.start, span.length)

    def union(self, field: int) -> tuple[int, FieldsOf]:
        """The kind of a union and the table in it. Raises WireError where there is none."""
        kind = self.number(field, BYTE)
        place = self._place(field + 1)
        if kind == 0 or place is None:
            raise WireError(self.position, "what it is about is missing")
        return kind, FieldsOf(self._file, self._file.target(place))


class TableList:
    """A list of tables, of which only those are read that somebody asks for."""

    __slots__ = ("_file", "_length", "_start")

    def __init__(self, file: CheckedFile, start: int, length: int) -> None:
        self._file = file
        self._start = start
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[FieldsOf]:
        return (self[index] for index in range(self._length))

    def __getitem__(self, index: int) -> FieldsOf:
        return FieldsOf(self._file, self._file.target(self._start + _OFFSET.size * index))
