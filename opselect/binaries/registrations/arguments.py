"""What the arguments of a call say: texts, classes, factories, lists of types.

Source: ``framework/kernel_def_builder.h`` and ``framework/op_kernel.h`` for the arguments; for strings the layouts of
libstdc++ (old and new) and libc++.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar
from opselect.binaries.code.flow import CodeFlow
from opselect.binaries.code.values import CodeCall, Either, Imported, Loaded, Place, Value
from opselect.binaries.image import is_text
from opselect.binaries.registrations.roles import ApiFunction, ApiRole

OP_NAME = re.compile(r"_?[A-Z]\w*(?:>\w+)*")
"""Names of ops (``framework/op_def_util.cc``); those that begin with ``_`` are internal."""
NO_OP = ("", "_no_register")
"""Names that selective registration gives to what it leaves out (``framework/kernel_def_builder.h``)."""
_DEVICES = {
    "DEVICE_DEFAULT": "DEFAULT",
    "DEVICE_CPU": "CPU",
    "DEVICE_GPU": "GPU",
    "DEVICE_TPU": "TPU",
    "DEVICE_TPU_SYSTEM": "TPU_SYSTEM",
}
"""The texts of the constants of ``framework/types.cc``, which another library of the program defines."""
_KNOWN_TYPES = frozenset(dtype.value for dtype in DataType if dtype is not DataType.DT_INVALID)
_HEADERS = 0x200
"""Below stand the headers of a library that begins at address 0: what is smaller is a number and no address."""
_MAX_LIST = 64
_MAX_TEXT = 1 << 16


class Arguments:
    """Reads the arguments of the calls of an image."""

    def __init__(self, flow: CodeFlow) -> None:
        self._flow = flow
        self._image = flow.image
        self._texts: dict[int, str | None] = {}
        self._results: dict[int, Value] = {}
        self._functions: dict[int, bool] = {}
        self._initialisers = frozenset(flow.image.initialisers)

    def is_function(self, address: int) -> bool:
        """Whether a function begins at an address."""
        known = self._functions.get(address)
        if known is None:
            known = self._image.functions.starting(self._flow.function_at(address)) is not None
            self._functions[address] = known
        return known

    def is_initialiser(self, address: int) -> bool:
        """Whether the loader calls a function."""
        return address in self._initialisers

    def function(self, value: Value) -> int | None:
        """The function that a value is the address of."""
        return self._flow.function_at(value) if isinstance(value, int) and self.is_function(value) else None

    def class_of(self, call: CodeCall, made: Sequence[CodeCall] = ()) -> str | None:
        """The text of the class: two arguments that are its length and its beginning, or one that ends with NUL.

        ``made`` are the calls before, behind the end of the builder: the last of them may have made an object of it.
        """
        arguments = call.arguments
        for at in range(len(arguments) - 1):
            for length, start in ((arguments[at], arguments[at + 1]), (arguments[at + 1], arguments[at])):
                text = self._sized_text(length, start)
                if text is not None:
                    return text
        for argument in arguments:
            if isinstance(argument, Place):
                first, second = call.memory.pair(argument, call.number)
                text = self._sized_text(first, second) or self._sized_text(second, first)
                if text:
                    return text
        if any(isinstance(argument, Either) for argument in arguments[1:]):
            # The run decides which text it is; what else is told of arguments is left over from before.
            return None
        text = next((text for text in map(self.plain_text, arguments[1:]) if text), None)
        return text or next((text for before in reversed(made) if (text := self.text(before, 1))), None)

    def _sized_text(self, length: Value, start: Value) -> str | None:
        if not isinstance(length, int) or not isinstance(start, int) or not 0 < length < _MAX_TEXT:
            return None
        text = self._at(start)
        return text if text is not None and len(text) == length else None

    def plain_text(self, value: Value) -> str | None:
        return self._at(value) or None if isinstance(value, int) and value else None

    def factory(self, call: CodeCall, calls: Sequence[CodeCall]) -> int | None:
        """The function that makes the kernel: an argument, what a call returned, or what an object holds.

        ``calls`` are those of the function.
        """
        for argument in reversed(call.arguments):
            function = self.function(argument)
            if function is not None:
                return function
        for argument in reversed(call.arguments[1:]):
            if not isinstance(argument, Place):
                continue
            made = calls[argument.base - 1] if 0 < argument.base <= len(calls) else None
            if made is not None and isinstance(made.target, int) and not argument.offset:
                function = self.function(self._returned(made.target))
                if function is not None:
                    return function
            for word in call.memory.reachable(argument, call.number):
                function = self.function(word)
                if function is not None:
                    return function
        return None

    def _returned(self, function: int) -> Value:
        if function not in self._results:
            self._results[function] = self._flow.returned(function) if self.is_function(function) else None
        return self._results[function]

    def text(self, call: CodeCall, at: int) -> str | None:
        """The text of an argument: a C string, a string object, or a constant of another library."""
        if at >= len(call.arguments):
            return None
        value = call.arguments[at]
        if isinstance(value, int):
            return self._at(value)
        if isinstance(value, Loaded | Imported):
            return next((text for name, text in _DEVICES.items() if value.name.endswith(f"{len(name)}{name}E")), None)
        if isinstance(value, Place):
            return self.string(call, value)
        return None

    def op_name(self, call: CodeCall, at: int) -> str | None:
        """The name of an op that an argument is, also where the run decides if it is that or none."""
        value = call.arguments[at] if at < len(call.arguments) else None
        return self._either(value) if isinstance(value, Either) else self.text(call, at)

    def is_conditional(self, call: CodeCall, at: int) -> bool:
        """Whether the run decides if an argument is a name or none: so selective registration drops ops."""
        return isinstance(call.arguments[at], Either) and self.op_name(call, at) is not None

    def _either(self, value: Either) -> str | None:
        """The one of two texts that is a name, where the other is none."""
        texts = [self._at(address) for address in value]
        named = [text for text in texts if text not in NO_OP]
        return named[0] if len(named) == 1 and None not in texts else None

    def string(self, call: CodeCall, place: Place) -> str | None:
        """The text of a string object: made by a call of a C string, or word by word in place."""
        made_of = call.memory.made_of(place, call.number)
        if made_of is not None:
            text = self._at(made_of)
            if text is not None:
                return text
        start, length = call.memory.pair(place, call.number)
        if isinstance(length, int) and 0 <= length < _MAX_TEXT:
            if isinstance(start, Place):
                return _printable(call.memory.content(start, length, call.number), length)
            text = self._sized_text(length, start)
            if text is not None:
                return text
        # libc++ keeps a short string behind a byte that is twice its length.
        short = call.memory.content(place, 3 * self._image.pointer_size, call.number)
        return _printable(short[1 : 1 + short[0] // 2], short[0] // 2) if short and not short[0] & 1 else None

    def _at(self, address: int) -> str | None:
        if address < _HEADERS:
            return None
        if address not in self._texts:
            self._texts[address] = None if self._flow.may_change(address) else self._image.text(address, _MAX_TEXT)
        return self._texts[address]

    def dtype(self, value: Value) -> DataType | None:
        """The data type that a number stands for."""
        return DataType(value) if isinstance(value, int) and value in _KNOWN_TYPES else None

    def allowed(self, api: ApiFunction, call: CodeCall) -> tuple[AttrScalar, ...] | None:
        """The values that a constraint admits."""
        if api.dtype is not None:
            return (api.dtype,)
        value = call.arguments[2]
        if api.role is ApiRole.TYPE:
            return _types((value,)) if isinstance(value, int) else None
        if api.role is ApiRole.TYPES:
            numbers = self._integers(call, 4)
            return None if numbers is None else _types(numbers)
        if api.value_type.startswith("string") or (api.value_type == "PKc" and api.of_list):
            return self._strings(api, call)
        if api.of_list:
            size = {"b": 1, "i": 4}.get(api.value_type, 8)
            listed = self._integers(call, size)
            return None if listed is None else tuple(_value(api.value_type, number, size) for number in listed)
        if not isinstance(value, int):
            return None
        if api.value_type == "PKc":
            text = self._at(value)
            return None if text is None else (text,)
        return (_value(api.value_type, value, 8),)

    def _list(self, call: CodeCall) -> tuple[Value, int] | None:
        """Where a list begins, and its length: both are arguments, or words of an object that is one."""
        start, count = call.arguments[2:4]
        if isinstance(start, Place) and not isinstance(count, int):
            start, count = call.memory.pair(start, call.number)
        return (start, count) if isinstance(count, int) and 0 <= count <= _MAX_LIST else None

    def _integers(self, call: CodeCall, size: int) -> list[int] | None:
        """The unsigned numbers of a list, of so many bytes each."""
        start, count = self._list(call) or (None, 0)
        if isinstance(start, int):
            found = self._image.bytes_at(start, size * count)
        elif isinstance(start, Place):
            found = call.memory.content(start, size * count, call.number)
        else:
            return None
        order: Literal["big", "little"] = "big" if self._image.big_endian else "little"
        numbers = [int.from_bytes(found[at : at + size], order) for at in range(0, len(found), size)]
        return numbers if len(found) == size * count else None

    def _strings(self, api: ApiFunction, call: CodeCall) -> tuple[str, ...] | None:
        """The texts of one string object, or of a list of them, or of pointers to C strings."""
        start, count = self._list(call) or (None, 0) if api.of_list else (call.arguments[2], 1)
        words = {"string new": 2 + 16 // self._image.pointer_size, "string libc": 3}.get(api.value_type, 1)
        texts: list[str | None] = []
        for at in range(count):
            distance = at * words * self._image.pointer_size
            if isinstance(start, Place):
                place = Place(start.base, start.offset + distance)
                texts.append(self.string(call, place) if api.value_type != "PKc" else self._pointed(call, place))
            elif isinstance(start, int) and api.value_type == "PKc":
                pointer = self._flow.constant(start + distance, self._image.pointer_size)
                texts.append(self._at(pointer) if isinstance(pointer, int) else None)
            else:
                texts.append(None)
        known = tuple(text for text in texts if text is not None)
        return known if len(known) == len(texts) and texts else None

    def _pointed(self, call: CodeCall, place: Place) -> str | None:
        pointer = call.memory.load(place, self._image.pointer_size, call.number)
        return self._at(pointer) if isinstance(pointer, int) else None


def _value(kind: str, number: int, size: int) -> AttrScalar:
    """The value that a number stands for: a boolean or a signed integer."""
    if kind == "b":
        return bool(number & 1)
    return number - (1 << 8 * size) if number >> (8 * size - 1) else number


def _printable(found: bytes, length: int) -> str | None:
    return found.decode("ascii") if len(found) == length and is_text(found) else None


def _types(numbers: Sequence[int]) -> tuple[AttrScalar, ...] | None:
    return tuple(DataType(number) for number in numbers) if _KNOWN_TYPES.issuperset(numbers) else None
