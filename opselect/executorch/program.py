"""``.pte`` programs and bundled ones → which operators their methods call with which tensors.

Source of the tables: ``schema/program.fbs`` and ``devtools/bundled_program/schema/bundled_program_schema.fbs``. What
the keys of a call are: ``codegen/tools/selective_build.cpp``. What the runtime takes for no program
(``runtime/executor/program.cpp``, ``method.cpp``) is an error here, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct

from kernel_index.errors import InputError, Place, reading
from opselect.executorch.kernel_keys import DTYPES, WITHOUT_TENSORS, is_whole
from opselect.executorch.selected import is_operator_name
from opselect.executorch.tables import SIGNED_BYTE, FieldsOf, TableList
from opselect.models.formats.checked_tables import BYTE, CheckedFile, inside
from opselect.models.formats.wire import Buffer, WireError
from opselect.models.storage import OpenFile

_PROGRAM, _BUNDLED = b"ET12", b"BP08"
_DAMAGED = "The file is damaged or cut short: copy, download or export it again."

_HEADER = Struct("<4sIQQQ")
_HEADER_AT, _HEADER_MAGIC = 8, b"eh00"
_HEADER_SIZES = (24, 32)
"""Of the extended header without and with the size of the segments (``schema/extended_header.cpp``)."""

MAX_DIMENSIONS = 16
"""Of a tensor (``runtime/core/exec_aten/util/tensor_dimension_limit.h``)."""

_KERNEL_CALL, _DELEGATE_CALL, _LAST_CALL = 1, 2, 5
_DOUBLE, _TENSOR, _TENSOR_LIST, _OPTIONAL_TENSOR_LIST, _LAST_VALUE = 4, 5, 10, 11, 11
_NO_TENSOR = -1
"""Kinds of the unions InstructionArguments and KernelTypes, and what stands for None in a list of tensors."""


@dataclass(frozen=True, slots=True)
class ExecutorchProgram:
    """What the methods of a program need, together.

    ``operators`` are those of their tables, ``keys`` the kernel keys of the calls, by operator. ``backends`` are the
    delegates that run parts of it. ``mixed_lists`` are operators that are called with a list of tensors of several
    dtypes, of which no other argument has all: ``selective_build.cpp`` notes the first tensor of a list alone, and so
    forgets dtypes that the kernel has to go through. Here a key more names each of them. ``fractions`` are operators
    that are called with tensors of whole numbers and a number with a fraction, which kernels promote to ``Float``.
    """

    methods: tuple[str, ...]
    operators: frozenset[str]
    keys: Mapping[str, frozenset[str]]
    backends: frozenset[str]
    mixed_lists: frozenset[str]
    fractions: frozenset[str]


def is_program(buffer: Buffer) -> bool:
    """Whether a file is a program or a bundled one: the identifier follows the offset of the root table."""
    return buffer[4:8] in (_PROGRAM, _BUNDLED)


def read_program(file: OpenFile) -> ExecutorchProgram:
    """The program in an open file; of weights and other segments nothing is read.

    Raises InputError, with the byte and the method where they are known, for what is no program or a damaged one.
    """
    if not is_program(file.buffer):
        identifier = bytes(file.buffer[4:8])
        other = f": it has {identifier.decode()}" if identifier[:2] == b"ET" and identifier.isalnum() else ""
        raise InputError(file.path, f"is no ExecuTorch program{other}", "Such a file has ET12 at byte 4.")
    try:
        with reading(file.path):
            return _parsed(file)
    except WireError as error:
        raise InputError(Place(file.path, byte=error.offset), error.problem, _DAMAGED) from None


def _parsed(file: OpenFile) -> ExecutorchProgram:
    start, end = 0, len(file.buffer)
    if file.buffer[4:8] == _BUNDLED:
        bundle = CheckedFile(file.buffer)
        inside = FieldsOf(bundle, bundle.target(0)).bytes_at(2)
        if inside is None or file.buffer[inside[0] + 4 : min(inside[0] + 8, inside[1])] != _PROGRAM:
            raise WireError(inside[0] if inside else 0, "no program is in the bundled program")
        start, end = inside
    end = _end_of_tables(file.buffer, start, end)
    tables = CheckedFile(file.buffer, start, end)
    root = FieldsOf(tables, tables.target(start))
    return _together([_Method(number, plan).read() for number, plan in enumerate(root.tables(1))], start)


def _end_of_tables(buffer: Buffer, start: int, end: int) -> int:
    """Where the tables end and segments begin, by the extended header if there is one."""
    place = start + _HEADER_AT
    if buffer[place : min(place + 4, end)] != _HEADER_MAGIC:
        return end
    if place + _HEADER.size > end:
        raise WireError(place, "the header is cut off")
    _, length, size, segments, segment_bytes = _HEADER.unpack(buffer[place : place + _HEADER.size])
    if length < _HEADER_SIZES[0]:
        raise WireError(place, f"the header has {length:,} bytes, and {_HEADER_SIZES[0]} are the least")
    if length < _HEADER_SIZES[1]:
        segment_bytes = 0
    needed = max(size, segments + segment_bytes if segments else 0)
    if needed > end - start:
        raise WireError(place, f"the program has {end - start:,} bytes, and {needed:,} by its header")
    if size < _HEADER_AT + length:
        raise WireError(place, f"the program has {size:,} bytes by its header, which do not even hold that")
    return start + int(size)


def _together(methods: list[ExecutorchProgram], place: int) -> ExecutorchProgram:
    if not methods:
        raise WireError(place, "the program has no methods")
    keys: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for method in methods:
        for name, some in method.keys.items():
            keys[name] |= some
    return ExecutorchProgram(
        tuple(name for method in methods for name in method.methods),
        frozenset[str]().union(*(method.operators for method in methods)),
        dict(keys),
        frozenset[str]().union(*(method.backends for method in methods)),
        frozenset[str]().union(*(method.mixed_lists for method in methods)),
        frozenset[str]().union(*(method.fractions for method in methods)),
    )


class _Method:
    """One walk over an execution plan."""

    def __init__(self, number: int, plan: FieldsOf) -> None:
        self._plan = plan
        self._name = f"method {number}"
        self._values = plan.tables(2)
        self._metas: dict[int, tuple[str, ...]] = {}
        self._operators: tuple[str, ...] = ()
        self._backends: tuple[str, ...] = ()
        self._keys: defaultdict[str, set[str]] = defaultdict(set)
        self._mixed: set[str] = set()
        self._doubles: set[int] = set()
        self._fractions: set[str] = set()

    def read(self) -> ExecutorchProgram:
        """What the method needs."""
        with inside(self._name):
            name = self._plan.text(0)
        if name is not None:
            self._name = f"method {name!r}"
        with inside(self._name):
            self._operators = tuple(_operator_name(number, each) for number, each in enumerate(self._plan.tables(6)))
            self._backends = tuple(_backend_name(number, each) for number, each in enumerate(self._plan.tables(7)))
            for chain in self._plan.tables(5):
                self._read_chain(chain.tables(2))
        return ExecutorchProgram(
            (name or "",),
            frozenset(self._operators),
            {op: frozenset(keys) for op, keys in self._keys.items()},
            frozenset(self._backends),
            frozenset(self._mixed),
            frozenset(self._fractions),
        )

    def _read_chain(self, instructions: TableList) -> None:
        for number in range(len(instructions)):
            with inside(f"instruction {number:,}"):
                kind, call = instructions[number].union(0)
                if kind > _LAST_CALL:
                    raise WireError(call.position, f"there is no instruction of kind {kind}")
                if kind == _DELEGATE_CALL:
                    _at(self._backends, call.number(0), "delegate", call)
                elif kind == _KERNEL_CALL:
                    self._read_call(_at(self._operators, call.number(0), "operator", call), call)

    def _read_call(self, operator: str, call: FieldsOf) -> None:
        with inside(operator):
            values = call.numbers(1) or ()
            metas = [self._meta(number, call) for number in values]
        first = [choices[0] for choices in metas if choices]
        keys = self._keys[operator]
        key = "v1/" + "|".join(first) if first else WITHOUT_TENSORS
        keys.add(key)
        if not self._doubles.isdisjoint(values) and is_whole(key):
            self._fractions.add(operator)
        named = {meta.partition(";")[0] for meta in first}
        for place, choices in enumerate(choices for choices in metas if choices):
            for other in choices[1:]:
                if other.partition(";")[0] not in named:
                    keys.add("v1/" + "|".join((*first[:place], other, *first[place + 1 :])))
                    self._mixed.add(operator)

    def _meta(self, number: int, user: FieldsOf) -> tuple[str, ...]:
        """What a key says of a value: of a tensor one thing, of other values nothing.

        Of a list of tensors it is what is said of the first, and behind it of the first of each other dtype.
        """
        known = self._metas.get(number)
        if known is None:
            kind, value = self._value(number, user)
            if kind == _TENSOR:
                known = (_tensor_meta(number, value),)
            elif kind in (_TENSOR_LIST, _OPTIONAL_TENSOR_LIST):
                known = self._list_meta(value, optional=kind == _OPTIONAL_TENSOR_LIST)
            else:
                known = ()
                if kind == _DOUBLE:
                    self._doubles.add(number)
            self._metas[number] = known
        return known

    def _list_meta(self, value: FieldsOf, *, optional: bool) -> tuple[str, ...]:
        by_dtype: dict[str, str] = {}
        for number in value.numbers(0) or ():
            if optional and number == _NO_TENSOR:
                continue
            known = self._metas.get(number)
            if known is None:
                kind, tensor = self._value(number, value)
                if kind != _TENSOR and not optional:
                    raise WireError(tensor.position, f"value {number:,} stands in a list of tensors and is none")
                if kind in (_TENSOR_LIST, _OPTIONAL_TENSOR_LIST):
                    raise WireError(tensor.position, f"value {number:,} is a list in a list of tensors")
                known = self._metas[number] = (_tensor_meta(number, tensor),) if kind == _TENSOR else ()
            for meta in known:
                by_dtype.setdefault(meta.partition(";")[0], meta)
        return tuple(by_dtype.values())

    def _value(self, number: int, user: FieldsOf) -> tuple[int, FieldsOf]:
        if not 0 <= number < len(self._values):
            raise WireError(user.position, f"value {number:,} is asked for, and there are {len(self._values):,}")
        with inside(f"value {number:,}"):
            kind, value = self._values[number].union(0)
        if kind > _LAST_VALUE:
            raise WireError(value.position, f"value {number:,} is of kind {kind}, which there is not")
        return kind, value


def _at(names: tuple[str, ...], number: int, what: str, user: FieldsOf) -> str:
    if not 0 <= number < len(names):
        raise WireError(user.position, f"{what} {number:,} is called, and there are {len(names):,}")
    return names[number]


def _operator_name(number: int, operator: FieldsOf) -> str:
    with inside(f"operator {number:,}"):
        name, overload = operator.text(0), operator.text(1)
        full = f"{name}.{overload}" if overload else name or ""
        if not is_operator_name(full):
            raise WireError(operator.position, f"{full!r} is no name of an operator")
    return full


def _backend_name(number: int, delegate: FieldsOf) -> str:
    with inside(f"delegate {number:,}"):
        name = delegate.text(0)
        if not name:
            raise WireError(delegate.position, "the backend has no name")
    return name


def _tensor_meta(number: int, tensor: FieldsOf) -> str:
    """``dtype;dimension,dimension…`` of a tensor."""
    dtype = tensor.number(0, SIGNED_BYTE)
    if not 0 <= dtype < len(DTYPES):
        raise WireError(tensor.position, f"value {number:,} has a dtype {dtype}, and there are {len(DTYPES)}")
    order = tensor.numbers(3, BYTE)
    if order is None:
        raise WireError(tensor.position, f"value {number:,} is a tensor without an order of its dimensions")
    if len(order) > MAX_DIMENSIONS:
        raise WireError(
            tensor.position, f"value {number:,} has {len(order):,} dimensions, and {MAX_DIMENSIONS} are the most"
        )
    return f"{dtype};{','.join(map(str, order))}"
