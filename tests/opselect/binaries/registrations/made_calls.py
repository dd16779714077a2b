"""Calls as code makes them, written down: a program that only calls, with texts and numbers as arguments."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from opselect.binaries.code.machines import flow_of
from opselect.binaries.code.values import CodeCall, Memory, Place, Value
from opselect.binaries.image import Functions, Image, Machine, Pointers, Region, Symbols
from opselect.binaries.records import Registrations
from opselect.binaries.registrations.arguments import Arguments
from opselect.binaries.registrations.builders import Api, Assembler
from opselect.binaries.registrations.roles import role_by_name

TEXTS = 0x10000
FACTORY = 0x400
BUILDER = Place(0, -64)
"""Where builders are: on the stack."""


@dataclass
class Program:
    """Calls in the order in which they are made; texts become addresses of C strings."""

    calls: list[CodeCall] = field(default_factory=list)
    memory: Memory = field(default_factory=lambda: Memory(8))
    _texts: bytearray = field(default_factory=lambda: bytearray(1))

    def text(self, text: str) -> int:
        """The address of a C string."""
        address = TEXTS + len(self._texts)
        self._texts += text.encode() + b"\0"
        return address

    def call(self, target: str | int, *arguments: Value | str) -> Place:
        """Calls a function, by its name or its address; what it returns."""
        number = len(self.calls) + 1
        values = [self.text(value) if isinstance(value, str) else value for value in arguments]
        values += [None] * (6 - len(values))
        place = 0x1000 + 8 * number
        self.calls.append(CodeCall(number, place, place + 5, target, tuple(values), self.memory))
        self.memory.calls = number
        if isinstance(values[0], Place) and isinstance(values[1], int):
            self.memory.texts.setdefault(values[0], []).append((number, values[1]))
        return Place(number, 0)

    def arguments(self) -> Arguments:
        """What reads the arguments of these calls."""
        flow = flow_of(
            Image(
                name="made",
                machine=Machine.X86_64,
                bits=64,
                big_endian=False,
                content=np.empty(0, np.uint8),
                sections=(),
                segments=(),
                regions=(Region(TEXTS, np.frombuffer(bytes(self._texts), np.uint8)),),
                symbols=Symbols.none(),
                functions=Functions(np.array([FACTORY], np.uint64), np.array([FACTORY + 16], np.uint64)),
                pointers=Pointers.none(),
                initialisers=(),
            )
        )
        assert flow is not None
        return Arguments(flow)

    def read(self) -> Registrations:
        """What these calls register, by the names of what they call."""
        named = {call.target: role_by_name(call.target) for call in self.calls if isinstance(call.target, str)}
        api: Api = {target: role for target, role in named.items() if role is not None}
        assembler = Assembler(self.arguments(), api)
        assembler.read(self.calls, 0x1000, "_GLOBAL__sub_I_made.cc", "made.cc")
        return assembler.registrations()
