"""The calls that make a registration, put together: a kernel from its name to the registrar, a definition likewise.

Source: ``KernelDefBuilder`` of ``framework/kernel_def_builder.cc``, ``REGISTER_KERNEL_BUILDER`` of
``framework/op_kernel.h`` and ``REGISTER_OP`` of ``framework/op.h``: what the macros write is straight-line code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar, Constraint
from opselect.binaries.code.values import Call, Imported, Loaded, Place, Value
from opselect.binaries.image import Image, is_text
from opselect.binaries.records import CompiledDefinition, KnownFrom, RegisteredKernel, Undecoded
from opselect.binaries.registrations.roles import ApiFunction, Role

_NO_OP = ("", "_no_register")
"""Names that selective registration gives to what it leaves out (``framework/kernel_def_builder.h``)."""
_DEVICES = {
    "DEVICE_DEFAULT": "DEFAULT",
    "DEVICE_CPU": "CPU",
    "DEVICE_GPU": "GPU",
    "DEVICE_TPU": "TPU",
    "DEVICE_TPU_SYSTEM": "TPU_SYSTEM",
}
"""The texts of the constants of ``framework/types.cc``, which another library of the program defines."""
_MAX_LIST = 64
_MAX_TEXT = 1 << 16


@dataclass(slots=True)
class _Pending:
    """A registration whose registrar has not been called yet."""

    op: str | None
    role: Role
    place: int
    device: str | None = None
    constraints: dict[str, tuple[AttrScalar, ...]] = field(default_factory=dict)
    host_memory_args: list[str] = field(default_factory=list)
    label: str = ""
    priority: int = 0
    unknown: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attrs: list[str] = field(default_factory=list)


class Assembler:
    """Makes records of the calls of one function after the other.

    ``role_of`` says what a called function does, ``is_code`` whether an address is a function's.
    """

    def __init__(
        self, image: Image, known_from: KnownFrom, role_of: Callable[[Call], ApiFunction | None],
        is_code: Callable[[int], bool],
    ) -> None:  # fmt: skip
        self._image = image
        self._known_from = known_from
        self._role_of = role_of
        self._is_code = is_code
        self.kernels: list[RegisteredKernel] = []
        self.definitions: list[CompiledDefinition] = []
        self.undecoded: list[Undecoded] = []

    def read(self, calls: Sequence[Call], function: int, name: str, file: str) -> None:
        """Reads the calls of a function, those of functions that it alone calls in their place."""
        pending: _Pending | None = None
        first = function
        for call in calls:
            api = self._role_of(call)
            if api is None:
                continue
            role = api.role
            if role in {Role.NAME, Role.OP}:
                first = self._left(pending, first, call, function, name, file)
                pending = _Pending(self._text(call, 1), role, call.place)
                if role is Role.OP and pending.op is None:
                    self.undecoded.append(Undecoded(call.place, function, name, file, "", "an op definition's name"))
            elif role is Role.REGISTRAR:
                self._register(pending, call, first, function, name, file)
                pending, first = None, call.after
            elif pending is not None:
                self._told(pending, api, call)
        self._left(pending, first, calls[-1] if calls else None, function, name, file)

    def _left(
        self, pending: _Pending | None, first: int, call: Call | None, function: int, name: str, file: str
    ) -> int:
        """Ends what stands before the next name: a definition, or a kernel that nothing registers."""
        if pending is None or call is None:
            return first
        if pending.role is Role.OP:
            if pending.op:
                self.definitions.append(
                    CompiledDefinition(
                        op=pending.op,
                        inputs=tuple(pending.inputs),
                        outputs=tuple(pending.outputs),
                        attrs=tuple(pending.attrs),
                        file=file,
                        known_from=self._known_from,
                        place=pending.place,
                        function=function,
                        first=first,
                        end=call.place,
                    )
                )
        elif pending.op not in _NO_OP:
            reason = f"no call registers what begins with op {pending.op}" if pending.op else "its op"
            self.undecoded.append(Undecoded(pending.place, function, name, file, "", reason))
        return call.place

    def _told(self, pending: _Pending, api: ApiFunction, call: Call) -> None:
        """Notes what a call says of the registration that it belongs to."""
        text = self._text(call, 1)
        role = api.role
        if role is Role.PRIORITY:
            value = call.arguments[1] if len(call.arguments) > 1 else None
            if isinstance(value, int):
                pending.priority = value - (1 << 32) if value & (1 << 31) else value
            else:
                pending.unknown.append("its priority")
        elif role is Role.BUILD:
            pass
        elif text is None or role is Role.OTHER:
            if pending.role is Role.NAME:
                pending.unknown.append(f"the text of a call that {role.value}")
        elif role is Role.DEVICE:
            pending.device = text
        elif role in {Role.TYPE, Role.TYPES, Role.ATTR}:
            allowed = self._allowed(api, call)
            if allowed is None:
                pending.unknown.append(f"what attr {text} may be")
            else:
                pending.constraints[text] = (*pending.constraints.get(text, ()), *allowed)
        elif role is Role.HOST_MEMORY:
            pending.host_memory_args.append(text)
        elif role is Role.LABEL:
            pending.label = text
        elif role is Role.OP_ATTR:
            pending.attrs.append(text)
        elif role is Role.OP_INPUT:
            pending.inputs.append(text)
        elif role is Role.OP_OUTPUT:
            pending.outputs.append(text)

    def _register(
        self, pending: _Pending | None, call: Call, first: int, function: int, name: str, file: str
    ) -> None:
        if call.arguments[1:2] == (0,) or (pending is None and 0 in call.arguments[:2]):
            return  # a kernel that selective registration leaves out
        kernel_class, factory = self._class_of(call), self._factory(call)
        reason = ""
        if pending is None or pending.role is Role.OP or pending.op is None:
            reason = "its op"
        elif pending.op in _NO_OP:
            return
        elif pending.device is None:
            reason = f"the device of a kernel of op {pending.op}"
        elif pending.unknown:
            reason = f"of a kernel of op {pending.op}: {pending.unknown[0]}"
        if reason or pending is None or pending.op is None or pending.device is None:
            self.undecoded.append(Undecoded(call.place, function, name, file, kernel_class or "", reason))
            return
        if kernel_class is None:
            reason = f"the class of a kernel of op {pending.op}"
            self.undecoded.append(Undecoded(call.place, function, name, file, "", reason))
            return
        constraints = tuple(
            Constraint(attr, _in_order(allowed)) for attr, allowed in sorted(pending.constraints.items())
        )
        self.kernels.append(
            RegisteredKernel(
                op=pending.op,
                device=pending.device,
                label=pending.label,
                priority=pending.priority,
                constraints=constraints,
                host_memory_args=tuple(pending.host_memory_args),
                kernel_class=kernel_class,
                file=file,
                known_from=self._known_from,
                place=call.place,
                function=function,
                first=first,
                end=call.after,
                factory=factory,
            )
        )

    def _class_of(self, call: Call) -> str | None:
        """The text of the class: two arguments that are its length and its beginning, or one that ends with NUL."""
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
        return next((text for text in map(self._plain_text, arguments[1:]) if text), None)

    def _sized_text(self, length: Value, start: Value) -> str | None:
        if not isinstance(length, int) or not isinstance(start, int) or not 0 < length < _MAX_TEXT:
            return None
        text = self._image.text(start, length + 1)
        return text if text is not None and len(text) == length else None

    def _plain_text(self, value: Value) -> str | None:
        return self._image.text(value, _MAX_TEXT) or None if isinstance(value, int) and value else None

    def _factory(self, call: Call) -> int | None:
        """The function that makes the kernel: an argument, or what an object holds that is an argument."""
        for argument in reversed(call.arguments):
            if isinstance(argument, int) and self._is_code(argument):
                return argument
        for argument in reversed(call.arguments[1:]):
            if isinstance(argument, Place):
                for word in call.memory.reachable(argument, call.number):
                    if isinstance(word, int) and self._is_code(word):
                        return word
        return None

    def _text(self, call: Call, at: int) -> str | None:
        """The text of an argument: a C string, a string object, or a constant of another library."""
        if at >= len(call.arguments):
            return None
        value = call.arguments[at]
        if isinstance(value, int):
            return self._image.text(value, _MAX_TEXT)
        if isinstance(value, Loaded | Imported):
            return next((text for name, text in _DEVICES.items() if value.name.endswith(f"{len(name)}{name}E")), None)
        if isinstance(value, Place):
            return self._string(call, value)
        return None

    def _string(self, call: Call, place: Place) -> str | None:
        """The text of a string object: made by a call of a C string, or word by word in place."""
        made_of = call.memory.made_of(place, call.number)
        if made_of is not None:
            text = self._image.text(made_of, _MAX_TEXT)
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

    def _allowed(self, api: ApiFunction, call: Call) -> tuple[AttrScalar, ...] | None:
        """The values that a constraint admits."""
        if api.dtype is not None:
            return (api.dtype,)
        value = call.arguments[2] if len(call.arguments) > 2 else None
        if api.role is Role.TYPE:
            return _types((value,)) if isinstance(value, int) else None
        if api.role is Role.TYPES:
            return self._type_list(call)
        if not isinstance(value, int):
            return None
        if api.value_type == "b":
            return (bool(value),)
        if api.value_type in {"l", "x", "i"}:
            return (value - (1 << 64) if value & (1 << 63) else value,)
        text = self._image.text(value, _MAX_TEXT)
        return None if text is None else (text,)

    def _type_list(self, call: Call) -> tuple[AttrScalar, ...] | None:
        """The types of a list: its beginning and its length are arguments, or words of an object that is one."""
        start, count = (*call.arguments[2:4], None, None)[:2]
        if isinstance(start, Place) and not isinstance(count, int):
            start, count = call.memory.pair(start, call.number)
        if not isinstance(count, int) or not 0 < count <= _MAX_LIST:
            return None
        if isinstance(start, int):
            found = self._image.bytes_at(start, 4 * count)
        elif isinstance(start, Place):
            found = call.memory.content(start, 4 * count, call.number)
        else:
            return None
        order = "big" if self._image.big_endian else "little"
        numbers = [int.from_bytes(found[at : at + 4], order) for at in range(0, len(found), 4)]
        return _types(numbers) if len(numbers) == count else None


def _printable(found: bytes, length: int) -> str | None:
    return found.decode("ascii") if len(found) == length and is_text(found) else None


def _types(numbers: Sequence[int]) -> tuple[AttrScalar, ...] | None:
    known = {dtype.value for dtype in DataType}
    return tuple(DataType(number) for number in numbers) if all(number in known for number in numbers) else None


def _in_order(allowed: Sequence[AttrScalar]) -> tuple[AttrScalar, ...]:
    return tuple(sorted(set(allowed), key=lambda value: (type(value).__name__, value)))
