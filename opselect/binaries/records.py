"""What a binary registers, as records: kernels, op definitions, and what could not be decoded."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from kernel_index.records import Constraint


class KnownFrom(enum.Enum):
    """How a registration was read: with the names of symbols, or from code alone."""

    SYMBOLS = "symbols"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class RegisteredKernel:
    """One kernel that a binary registers when it starts.

    ``kernel_class`` is the text that the registration macro makes of its argument. ``file`` is the source file as far
    as the binary says it: a path, the last name of one, or empty. ``place`` is the address of the call that registers
    it, ``function`` that of the function around the call, ``factory`` that of the function that makes the kernel, and
    ``first`` the address where the code of this registration begins; it ends at ``end``. ``factory`` is None where the
    call does not say it.
    """

    op: str
    device: str
    label: str
    priority: int
    constraints: tuple[Constraint, ...]
    host_memory_args: tuple[str, ...]
    kernel_class: str
    file: str
    known_from: KnownFrom
    place: int
    function: int
    first: int
    end: int
    factory: int | None


@dataclass(frozen=True, slots=True)
class CompiledDefinition:
    """An op definition that is compiled in: the name, and what its builder is told, as the source has it.

    A text that is only made when the program runs, such as the attr of an enumeration's names, is empty.

    ``first`` to ``end`` is the code of this definition, ``function`` the function around it.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: tuple[str, ...]
    file: str
    known_from: KnownFrom
    place: int
    function: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Undecoded:
    """A call that registers something that could not be read: where it stands, and what is known of it.

    ``op`` is empty where that is not known.
    """

    place: int
    function: int
    function_name: str
    file: str
    kernel_class: str
    reason: str
    op: str = ""


@dataclass(frozen=True, slots=True)
class Registrations:
    """Everything that a binary registers, in the order of addresses.

    ``not_followed`` says why no code could be looked at, empty where it could.
    """

    kernels: tuple[RegisteredKernel, ...]
    definitions: tuple[CompiledDefinition, ...]
    undecoded: tuple[Undecoded, ...]
    not_followed: str = ""
