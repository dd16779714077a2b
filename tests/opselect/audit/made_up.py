"""Binaries that nobody built: kernels, and costs as a test says them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kernel_index.datatypes import DataType
from kernel_index.records import Constraint
from opselect.audit.audited import Audit, AuditedBinary, By, Linked, groups_of
from opselect.binaries.records import CompiledDefinition, KnownFrom, RegisteredKernel, Registrations, Undecoded


def kernel(
    op: str,
    dtype: DataType | None = DataType.DT_FLOAT,
    *,
    file: str = "",
    kernel_class: str = "",
    device: str = "CPU",
    label: str = "",
) -> RegisteredKernel:
    """A kernel of an op for one type, in the file that is named after it."""
    return RegisteredKernel(
        op=op,
        device=device,
        label=label,
        priority=0,
        constraints=() if dtype is None else (Constraint("T", (dtype,)),),
        host_memory_args=(),
        kernel_class=kernel_class or f"{op}Op<{dtype.name if dtype else device}>",
        file=file or f"{op.lower()}_op.cc",
        known_from=KnownFrom.CODE,
        place=0,
        function=0,
        first=0,
        end=0,
        factory=None,
    )


def definition(op: str, *attrs: str) -> CompiledDefinition:
    """The definition of an op of one input and one output."""
    return CompiledDefinition(op, ("x: T",), ("y: T",), attrs or ("T: type",), "ops.cc", KnownFrom.CODE, 0, 0, 0, 0)


def undecoded(file: str = "", kernel_class: str = "") -> Undecoded:
    """A call that could not be read."""
    return Undecoded(0x1000, 0x1000, "RegisterSome", file, kernel_class, "the name of the op is a variable")


@dataclass(frozen=True)
class MadeUpCosts:
    """Each kernel owns so many bytes, and as many again go with each; what is left of the size is of .text.

    A definition owns nothing, and nothing goes with it.
    """

    registrations: Registrations
    own: tuple[int, ...]
    size: int
    symbols: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    linked: Linked = "by function"

    def owned(self, by: By) -> Mapping[str, int]:
        if by == "section":
            return {".text": self.size}
        found: dict[str, int] = dict(self.symbols if by == "symbol" else self.files if by == "file" else {})
        if by == "kernel":
            found = {str(number): count for number, count in enumerate(self.own)}
        elif by != "symbol":
            for name, numbers in groups_of(self.registrations, by).items():
                found[name] = found.get(name, 0) + sum(map(self._own, numbers))
        found[""] = self.size - sum(found.values())
        return found

    def owned_together(self, bys: Sequence[By]) -> Mapping[tuple[str, ...], int]:
        found: dict[tuple[str, ...], int] = {}
        for number, kernel in enumerate(self.registrations.kernels):
            dtype = next((str(value) for each in kernel.constraints for value in each.allowed), "")
            its: dict[By, str] = {"op": kernel.op, "kernel": str(number), "file": kernel.file, "dtype": dtype}
            names = tuple(".text" if by == "section" else its[by] for by in bys)
            found[names] = found.get(names, 0) + self._own(number)
        rest = tuple(".text" if by == "section" else "" for by in bys)
        return found | {rest: self.size - sum(found.values())}

    def unattributed(self) -> Mapping[str, int]:
        return {".text": self.size - sum(self.own)}

    def retained(self, groups: Sequence[Sequence[int]]) -> Sequence[int]:
        return [sum(2 * self._own(number) for number in set(group)) for group in groups]

    def shared(self) -> Mapping[tuple[str, ...], int]:
        return {}

    def _own(self, number: int) -> int:
        return self.own[number] if number < len(self.own) else 0


def binary(
    *kernels: RegisteredKernel,
    name: str = "libmade.so",
    own: Sequence[int] = (),
    size: int = 10_000,
    definitions: Sequence[CompiledDefinition] = (),
    undecoded: Sequence[Undecoded] = (),
    files: Mapping[str, int] | None = None,
) -> AuditedBinary:
    """A binary with these kernels, each of a hundred bytes where nothing else is said."""
    registrations = Registrations(kernels, tuple(definitions), tuple(undecoded))
    costs = MadeUpCosts(registrations, tuple(own) or (100,) * len(kernels), size, files=files or {})
    return AuditedBinary(name, size, "arm64-v8a", registrations, costs)


def audit(*kernels: RegisteredKernel, name: str = "libmade.so", own: Sequence[int] = (), size: int = 10_000) -> Audit:
    """The audit of one such binary."""
    return Audit((binary(*kernels, name=name, own=own, size=size),))
