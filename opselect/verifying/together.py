"""One build of which several files speak: its lists, and its header."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from kernel_index.records import KernelRegistration, OpDefinition
from opselect.findings import Finding, code_of
from opselect.selection.contents import BuildContents


@dataclass(frozen=True, slots=True)
class AllOf:
    """A build that has a kernel or an op only where each of its parts has it."""

    parts: tuple[BuildContents, ...]

    def has_kernel(self, registration: KernelRegistration) -> bool:
        """Whether all parts have the kernel."""
        return all(part.has_kernel(registration) for part in self.parts)

    def has_op(self, definition: OpDefinition) -> bool:
        """Whether all parts have the op."""
        return all(part.has_op(definition) for part in self.parts)

    def without_kernel(self, registration: KernelRegistration) -> Finding:
        """What the first part says that surely lacks the kernel, else the first of which nobody knows it."""
        return _surest(p.without_kernel(registration) for p in self.parts if not p.has_kernel(registration))

    def without_op(self, definition: OpDefinition) -> Finding:
        """What the first part says that surely lacks the op, else the first of which nobody knows it."""
        return _surest(p.without_op(definition) for p in self.parts if not p.has_op(definition))


def _surest(findings: Iterator[Finding]) -> Finding:
    first = next(findings)
    rest = itertools.chain([first], findings)
    return next((each for each in rest if not code_of(each.code).is_unknown), first)
