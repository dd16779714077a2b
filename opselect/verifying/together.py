"""One build of which several files speak: its lists, and its header."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_index.records import KernelRegistration, OpDefinition
from opselect.findings import Finding
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
        """What the first part says that lacks the kernel."""
        return next(p for p in self.parts if not p.has_kernel(registration)).without_kernel(registration)

    def without_op(self, definition: OpDefinition) -> Finding:
        """What the first part says that lacks the op."""
        return next(p for p in self.parts if not p.has_op(definition)).without_op(definition)
