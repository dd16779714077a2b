"""What a kernel registration says, and the values that stand in it."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_index.datatypes import DataType

AttrScalar = DataType | str | int | float | bool
"""One value of an attr that kernels can constrain on or that an op definition gives as default."""

AttrValue = AttrScalar | tuple[AttrScalar, ...]
"""A value as node attrs have it; a tuple is a list-valued attr."""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a source tree: ``file`` from the root of the checkout, ``line`` counted from 1, 0 if not known."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Constraint:
    """The values a kernel admits for one attr, sorted and without duplicates.

    Source: ``KernelDef.AttrConstraint`` as ``TypeConstraint()`` and ``AttrConstraint()`` of
    ``framework/kernel_def_builder.cc`` fill it.
    """

    attr: str
    allowed: tuple[AttrScalar, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """The preprocessor condition that hides a registration from mobile builds.

    ``macro`` is one that it asks for, ``defined`` whether that would have to be defined or undefined for the
    registration to appear; ``text`` is the condition as the source has it. Where it compares the macro with a number,
    ``needs`` says what would have to hold (``VERSION >= 7``), and ``flags`` are compiler's arguments that fulfil it.
    """

    macro: str
    defined: bool
    text: str
    location: Location
    needs: str = ""
    flags: str = ""

    @property
    def arguments(self) -> str:
        """The compiler's arguments that fulfil it."""
        return self.flags or (f"-D{self.macro}" if self.defined else f"-U{self.macro}")


@dataclass(frozen=True, slots=True)
class KernelRegistration:
    """One kernel that a build registers.

    ``kernel_class`` is the macro argument stringified as the compiler does it, ``location`` the outermost macro
    call, ``profiles`` the names of the build profiles that have it, in the order of the index. ``system`` marks
    ``REGISTER_SYSTEM_KERNEL_BUILDER``, which selective registration never drops. A registration that no mobile
    profile has carries the ``condition`` that hides it there; one that no profile has at all is kept for its sake.
    ``unit`` is the source file to compile where the macro call stands in a header, else empty.
    """

    op: str
    device: str
    kernel_class: str
    location: Location
    profiles: tuple[str, ...]
    label: str = ""
    priority: int = 0
    constraints: tuple[Constraint, ...] = ()
    host_memory_args: tuple[str, ...] = ()
    system: bool = False
    condition: Condition | None = None
    unit: str = ""

    @property
    def source(self) -> str:
        """The source file that a build must compile to have this kernel."""
        return self.unit or self.location.file
