"""Builds ``.pte`` files of what a test says of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers

TENSOR, TENSOR_LIST, OPTIONAL_LIST = 5, 10, 11
KERNEL, DELEGATE, MOVE, JUMP, FREE = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Value:
    """A value: of ``kind`` Null unless it says otherwise. Items are those of a list, None stands for no list.

    Without ``content`` only the kind of the union is written.
    """

    kind: int = 1
    dtype: int = 6
    order: tuple[int, ...] | None = ()
    items: tuple[int, ...] | None = ()
    content: bool = True


def tensor(dtype: int, *order: int) -> Value:
    return Value(TENSOR, dtype, order)


def tensors(*items: int, optional: bool = False) -> Value:
    return Value(OPTIONAL_LIST if optional else TENSOR_LIST, items=items)


@dataclass(frozen=True)
class Call:
    """An instruction: operator or delegate ``index``, and the values that it is called with."""

    index: int = 0
    args: tuple[int, ...] | None = ()
    kind: int = KERNEL


@dataclass(frozen=True)
class Plan:
    """A method. Names of operators are split at the last dot."""

    operators: Sequence[str | tuple[str | None, str | None]] = ()
    values: Sequence[Value] = ()
    calls: Sequence[Call] = ()
    delegates: Sequence[str | None] = ()
    name: str | None = "forward"


@dataclass
class _Writer:
    builder: Any = field(default_factory=lambda: flatbuffers.Builder(0))

    def table(self, *fields: tuple[int, str, int]) -> int:
        """A table of fields: number, kind (``offset`` or a kind of number) and value."""
        self.builder.StartObject(max((number for number, *_ in fields), default=0) + 1)
        for number, kind, value in fields:
            if kind == "offset":
                self.builder.PrependUOffsetTRelativeSlot(number, value, 0)
            else:
                self.builder.Prepend(getattr(flatbuffers.number_types, f"{kind}Flags"), value)
                self.builder.Slot(number)
        return int(self.builder.EndObject())

    def offsets(self, offsets: Sequence[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for each in reversed(offsets):
            self.builder.PrependUOffsetTRelative(each)
        return int(self.builder.EndVector())

    def ints(self, numbers: Sequence[int]) -> int:
        self.builder.StartVector(4, len(numbers), 4)
        for each in reversed(numbers):
            self.builder.PrependInt32(each)
        return int(self.builder.EndVector())

    def text(self, text: str | None, number: int) -> list[tuple[int, str, int]]:
        return [] if text is None else [(number, "offset", int(self.builder.CreateString(text)))]

    def value(self, value: Value) -> int:
        inner: list[tuple[int, str, int]] = []
        if value.kind == TENSOR:
            order = (
                [] if value.order is None else [(3, "offset", int(self.builder.CreateByteVector(bytes(value.order))))]
            )
            inner = [(0, "Int8", value.dtype), *order]
        elif value.kind in (TENSOR_LIST, OPTIONAL_LIST):
            inner = [] if value.items is None else [(0, "offset", self.ints(value.items))]
        content = [(1, "offset", self.table(*inner))] if value.content else []
        return self.table((0, "Uint8", value.kind), *content)

    def call(self, call: Call) -> int:
        args = [] if call.args is None else [(1, "offset", self.ints(call.args))]
        return self.table((0, "Uint8", call.kind), (1, "offset", self.table((0, "Int32", call.index), *args)))

    def operator(self, each: str | tuple[str | None, str | None]) -> int:
        name, overload = each if isinstance(each, tuple) else (*each.split("."), "")[:2]
        return self.table(*self.text(name, 0), *self.text(overload, 1))

    def plan(self, plan: Plan) -> int:
        values = self.offsets([self.value(each) for each in plan.values])
        chain = self.table((2, "offset", self.offsets([self.call(each) for each in plan.calls])))
        operators = self.offsets([self.operator(each) for each in plan.operators])
        delegates = self.offsets([self.table(*self.text(each, 0)) for each in plan.delegates])
        lists = ((2, values), (5, self.offsets([chain])), (6, operators), (7, delegates))
        return self.table(*self.text(plan.name, 0), *((number, "offset", each) for number, each in lists))

    def finished(self, root: int, identifier: bytes) -> bytes:
        self.builder.Finish(root, file_identifier=identifier)
        return bytes(self.builder.Output())


def pte_bytes(*plans: Plan) -> bytes:
    """A program of some methods."""
    writer = _Writer()
    table = writer.table((1, "offset", writer.offsets([writer.plan(plan) for plan in plans])))
    return writer.finished(table, b"ET12")


def calling(operator: str, *values: Value, args: tuple[int, ...] | None = None) -> bytes:
    """A program that calls one operator once, by default with all values."""
    return pte_bytes(Plan((operator,), values, (Call(0, tuple(range(len(values))) if args is None else args),)))


def bundled(program: bytes | None) -> bytes:
    """A bundled program of no test cases."""
    writer = _Writer()
    inside = [] if program is None else [(2, "offset", int(writer.builder.CreateByteVector(program)))]
    return writer.finished(writer.table(*inside), b"BP08")


def with_header(
    program: bytes, segments: bytes = b"", *, size: int | None = None, length: int = 32, base: int | None = None
) -> bytes:
    """A program with an extended header behind the identifier, and segments behind that."""
    (root,) = struct.unpack_from("<I", program)
    moved = struct.pack("<I", root + 32) + program[4:8]
    whole = len(program) + 32
    base = whole if base is None and segments else base or 0
    header = struct.pack("<4sIQQQ", b"eh00", length, whole if size is None else size, base, len(segments))
    return moved + header + program[8:] + segments
