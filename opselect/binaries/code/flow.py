"""Following the instructions of a function: registers, memory and calls, the same on all machines."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from operator import itemgetter

from opselect.binaries.code.jumps import Jumps
from opselect.binaries.code.targets import CallTargets
from opselect.binaries.code.values import STACK, CodeCall, Either, Imported, Loaded, Memory, Place, Value
from opselect.binaries.image import Image

_MAX_CODE = 1 << 22
"""No initialiser of 2.21 has more than 300 kB of code; what is longer is read up to here."""
_MOST_DEPTH = 6
_VARIABLES = re.compile(r"\.data(?!\.rel\b)(?:\..*)?|__data")
"""Sections of variables. What is written once, when the loader fills in addresses, has sections of other names."""


class State:
    """What is known at an instruction. ``saved`` has what is known where somebody jumps to, by address.

    ``back`` has the same of jumps back, and ``joined`` what a first pass noted so.

    ``place`` is the address of the instruction, on the machines that do not hand it on.
    """

    def __init__(
        self, flow: CodeFlow, initial: dict[str, Value], memory: Memory, calls: list[CodeCall], inlined: frozenset[int],
        around: tuple[Jumps, int] | None = None,
    ) -> None:  # fmt: skip
        self.flow = flow
        self.registers: dict[str, Value] = initial
        self.memory = memory
        self.calls = calls
        self.jumps = Jumps(around)
        self._inlined = inlined
        self.depth = 0
        self.place = 0
        self.saved: dict[int, dict[str, Value]] = {}
        self.back: dict[int, dict[str, Value]] = {}
        self.joined: Mapping[int, dict[str, Value]] = {}
        self.returned: Value = None
        self.writes = False
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

    def store(self, place: Value, size: int, value: Value) -> None:
        """Notes what memory holds from now on, and whether that is memory of others."""
        if isinstance(place, Place):
            self.memory.store(place, size, value)
        if not isinstance(place, Place) or place.base != STACK:
            self.writes = True

    def jump(self, address: int, target: int) -> None:
        """Notes a jump within the function, and for an address further on what is known there."""
        self.jumps.jump(address, target)
        if self._lost:
            return
        known = self.saved if target > address else self.back
        known[target] = _either(known[target], self.registers) if known.get(target) else dict(self.registers)

    def lose(self, address: int) -> None:
        """Behind a jump that is always taken nothing is known, until an address comes that somebody jumps to."""
        self.jumps.end(address)
        self._lost = True
        self.registers = {}

    def end(self, address: int) -> None:
        """Notes what a function returns at its end; behind that nothing is known, as behind a jump."""
        if not self._lost and self.returned is None:
            self.returned = self.registers.get(self.flow.result)
        self.lose(address)

    def choose(self, register: str, other: Value) -> None:
        """Gives a register the other value, or leaves the one that it has."""
        own = self.registers.get(register)
        self.registers[register] = Either(own, other) if isinstance(own, int) and isinstance(other, int) else None

    def resume(self, address: int) -> None:
        """Goes on at an address that somebody jumps to."""
        known = self.saved.pop(address)
        joined = self.joined.get(address)
        if self._lost:
            self.registers = _either(known, joined) if known and joined else known or dict(joined or {})
            self._lost = False
            return
        # The call before may be one that does not return: what only the jump knows is taken from there.
        for name, value in known.items():
            own = self.registers.get(name)
            if own is None or name == self.flow.stack_pointer:
                self.registers[name] = value
            elif own != value and value is not None:
                self.choose(name, value)
        if joined is not None:
            self.registers = _either(self.registers, joined)

    def move_stack(self, amount: int) -> None:
        """Moves the pointer to the top of the stack."""
        top = self.registers.get(self.flow.stack_pointer)
        if isinstance(top, Place):
            self.registers[self.flow.stack_pointer] = Place(top.base, top.offset + amount)

    def call(self, address: int, after: int, target: int | str | None, *, jump: bool = False) -> None:
        """Notes a call, or those of a function that is followed in its place; scratch registers are unknown then."""
        arguments = self.flow.arguments(self)
        goal = None if target is None else self.flow.targets.of(target)
        if isinstance(goal, int) and goal in self._inlined and self.depth < _MOST_DEPTH:
            self._inline(goal, arguments, address)
            number = self.memory.calls
        else:
            number = self.memory.calls + 1
            self.calls.append(CodeCall(number, address, after, goal, arguments, self.memory, jump, self.jumps))
            self.memory.calls = number
            if len(arguments) > 1 and isinstance(arguments[0], Place) and isinstance(arguments[1], int):
                self.memory.texts.setdefault(arguments[0], []).append((number, arguments[1]))
        registers = self.registers
        registers.update(self.flow.scratch)
        registers[self.flow.result] = Place(number, 0)

    def _inline(self, function: int, arguments: tuple[Value, ...], address: int) -> None:
        """Follows a called function in the place of the call."""
        # Its frame lies below everything that is known of this one.
        top = Place(-1 - len(self.calls), 0)
        state = self.flow.begin(arguments, top, self.memory, self.calls, self._inlined, (self.jumps, address))
        state.depth = self.depth + 1
        state.follow(function)

    def follow(self, function: int) -> None:
        """Follows the code of a function from its start to its end.

        On 32-bit ARM several functions can share an entry of the unwinder: then it may begin within what is known.
        """
        number = self.flow.image.functions.containing(function)
        if number is not None:
            end = int(self.flow.image.functions.ends[number])
            self.flow.step(self, self.flow.image.bytes_at(function, min(end - function, _MAX_CODE)), function, end)


def _either(first: Mapping[str, Value], second: Mapping[str, Value]) -> dict[str, Value]:
    """What is known where two ways meet: what both agree on, one of two numbers, or nothing.

    Of places that of the first way stays: a builder is where it was made, and error handling that several registrations
    share comes from all of them.
    """
    met: dict[str, Value] = {}
    for name, own in first.items():
        other = second.get(name)
        if own == other or isinstance(own, Place):
            met[name] = own
        elif isinstance(own, int) and isinstance(other, int):
            met[name] = Either(own, other)
        else:
            met[name] = None
    return met


class CodeFlow(ABC):
    """How the code of one machine is followed.

    ``argument_names`` are the registers of arguments in their order, ``scratch`` those that a call may change,
    ``result`` that of its result.
    """

    def __init__(
        self, image: Image, argument_names: Sequence[str], scratch: Sequence[str], result: str, stack_pointer: str
    ) -> None:
        self.image = image
        self.argument_names = tuple(argument_names)
        self.scratch: dict[str, Value] = dict.fromkeys(scratch)
        self.result = result
        self.stack_pointer = stack_pointer
        self.targets = CallTargets(image)
        self._constants: dict[tuple[int, int], Value] = {}
        self._changing = sorted(
            (section.address, section.address + section.memory_size)
            for section in image.sections
            if section.loaded and section.writable and _VARIABLES.fullmatch(section.name)
        )

    def may_change(self, address: int) -> bool:
        """Whether an address is that of a variable: what the file has there is no more than what it begins with."""
        at = bisect_right(self._changing, address, key=itemgetter(0)) - 1
        return at >= 0 and address < self._changing[at][1]

    @abstractmethod
    def step(self, state: State, code: bytes, start: int, end: int) -> None:
        """Follows the instructions of a function."""

    def calls(
        self, function: int, inlined: frozenset[int] = frozenset(), given: Sequence[Value] = ()
    ) -> list[CodeCall]:
        """The calls of a function in the order of its code, when it is given some arguments.

        In the place of calls of functions that are ``inlined`` stand the calls that those make.
        """
        state = self.begin(given, Place(STACK, 0), Memory(self.image.pointer_size), [], inlined)
        state.follow(function)
        if state.back:
            # Blocks out of the way jump back: what they know is known there only when they have been followed.
            first = state.back
            state = self.begin(given, Place(STACK, 0), Memory(self.image.pointer_size), [], inlined)
            state.joined, state.saved = first, {target: {} for target in first}
            state.follow(function)
        return state.calls

    def function_at(self, value: int) -> int:
        """The address of the function that a pointer points at."""
        return value

    def does_nothing(self, function: int) -> bool:
        """Whether a function makes no call and writes to no memory but its own."""
        state = self.begin((), Place(STACK, 0), Memory(self.image.pointer_size), [], frozenset())
        state.follow(function)
        return not state.calls and not state.writes

    def returned(self, function: int) -> Value:
        """What a function returns that makes no call, as far as that is always the same."""
        state = self.begin((), Place(STACK, 0), Memory(self.image.pointer_size), [], frozenset())
        state.follow(function)
        return state.returned if not state.calls else None

    def begin(
        self, arguments: Sequence[Value], top: Place, memory: Memory, calls: list[CodeCall], inlined: frozenset[int],
        around: tuple[Jumps, int] | None = None,
    ) -> State:  # fmt: skip
        """What is known where a function begins that is given some arguments; ``top`` is that of its stack."""
        registers, words = self.given(arguments, top)
        for place, value in words:
            memory.store(place, self.image.pointer_size, value)
        return State(self, registers | {self.stack_pointer: top}, memory, calls, inlined, around)

    def given(self, arguments: Sequence[Value], top: Place) -> tuple[dict[str, Value], list[tuple[Place, Value]]]:
        """Registers and words of the stack where a function finds its arguments."""
        return dict(zip(self.argument_names, arguments, strict=False)), []

    def arguments(self, state: State) -> tuple[Value, ...]:
        """What is known of the arguments of a call."""
        return tuple(map(state.registers.get, self.argument_names))

    def constant(self, address: int, size: int) -> Value:
        """What stands at an address of the image, as far as it cannot change when the program runs."""
        key = address, size
        if key not in self._constants:
            self._constants[key] = self._constant(address, size)
        return self._constants[key]

    def _constant(self, address: int, size: int) -> Value:
        image = self.image
        if address in image.stubs:
            return Loaded(image.stubs[address])
        if size == image.pointer_size:
            number = image.pointers.number(address)
            if number is not None:
                name, value = int(image.pointers.imports[number]), int(image.pointers.values[number])
                if name >= 0:
                    return Imported(image.pointers.import_names[name])
                return Imported(image.stubs[value]) if value in image.stubs else value
        if size > 8 and not self.may_change(address):
            found = image.bytes_at(address, size)
            return found if len(found) == size else None
        return None if self.may_change(address) else image.integer(address, size)
