"""Following the instructions of a function: registers, memory, and the calls that are made; the same on all machines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from opselect.binaries.code.values import STACK, Call, Imported, Loaded, Memory, Place, Value
from opselect.binaries.image import Image

_MAX_CODE = 1 << 22
"""No initialiser of 2.21 has more than 300 kB of code; what is longer is read up to here."""


class State:
    """What is known at an instruction. ``saved`` has what is known where somebody jumps to, by address."""

    def __init__(self, flow: Flow, initial: dict[str, Value]) -> None:
        self.flow = flow
        self.registers: dict[str, Value] = initial
        self.memory = Memory(flow.image.pointer_size)
        self.calls: list[Call] = []
        self.saved: dict[int, dict[str, Value]] = {}
        self._lost = False

    def load(self, place: Value, size: int) -> Value:
        """What stands at an address."""
        if isinstance(place, Place):
            return self.memory.load(place, size)
        if isinstance(place, int):
            return self.flow.constant(place, size)
        if isinstance(place, Imported):
            return Loaded(place.name)
        return None

    def save(self, target: int) -> None:
        """Notes what is known for an address further on that somebody jumps to."""
        if target not in self.saved and not self._lost:
            self.saved[target] = dict(self.registers)

    def lose(self) -> None:
        """Behind a jump that is always taken nothing is known but the registers that functions keep."""
        self._lost = True

    def resume(self, address: int) -> None:
        """Goes on at an address that somebody jumps to."""
        known = self.saved.pop(address)
        if self._lost:
            self.registers = known
            self._lost = False
            return
        # The call before may be one that does not return: what only the jump knows is taken from there.
        for name, value in known.items():
            if self.registers.get(name) is None:
                self.registers[name] = value

    def move_stack(self, amount: int) -> None:
        """Moves the pointer to the top of the stack."""
        top = self.registers.get(self.flow.stack_pointer)
        if isinstance(top, Place):
            self.registers[self.flow.stack_pointer] = Place(top.base, top.offset + amount)

    def call(self, address: int, after: int, target: int | str | None) -> None:
        """Notes a call; what it may change is not known any more."""
        arguments = self.flow.arguments(self)
        number = len(self.calls) + 1
        self.calls.append(Call(number, address, after, target, arguments, self.memory))
        self.memory.calls = number
        if len(arguments) > 1 and isinstance(arguments[0], Place) and isinstance(arguments[1], int):
            self.memory.texts.setdefault(arguments[0], []).append((number, arguments[1]))
        registers = self.registers
        for name in self.flow.scratch:
            registers[name] = None
        registers[self.flow.result] = Place(number, 0)


class Flow(ABC):
    """How the code of one machine is followed.

    ``argument_names`` are the registers of arguments in their order, ``scratch`` those that a call may change,
    ``result`` that of its result.
    """

    def __init__(
        self, image: Image, argument_names: Sequence[str], scratch: Sequence[str], result: str, stack_pointer: str
    ) -> None:
        self.image = image
        self.argument_names = tuple(argument_names)
        self.scratch = tuple(scratch)
        self.result = result
        self.stack_pointer = stack_pointer
        self._constants: dict[tuple[int, int], Value] = {}

    @abstractmethod
    def step(self, state: State, code: bytes, start: int, end: int) -> None:
        """Follows the instructions of a function."""

    def calls(self, start: int, end: int, given: Sequence[Value] = ()) -> list[Call]:
        """The calls of the function from ``start`` to ``end`` in the order of its code, with ``given`` as arguments."""
        initial: dict[str, Value] = dict(zip(self.argument_names, given, strict=False))
        initial[self.stack_pointer] = Place(STACK, 0)
        state = State(self, initial)
        self.step(state, self.image.bytes_at(start, min(end - start, _MAX_CODE)), start, end)
        return state.calls

    def arguments(self, state: State) -> tuple[Value, ...]:
        """What is known of the arguments of a call."""
        return tuple(state.registers.get(name) for name in self.argument_names)

    def constant(self, address: int, size: int) -> Value:
        """What stands at an address of the image, as far as it cannot change when the program runs."""
        key = address, size
        if key not in self._constants:
            self._constants[key] = self._constant(address, size)
        return self._constants[key]

    def _constant(self, address: int, size: int) -> Value:
        image = self.image
        if size == image.pointer_size:
            number = image.pointers.number(address)
            if number is not None:
                name = int(image.pointers.imports[number])
                return int(image.pointers.values[number]) if name < 0 else Imported(image.pointers.import_names[name])
        if size > 8:
            found = image.bytes_at(address, size)
            return found if len(found) == size else None
        return image.integer(address, size)
