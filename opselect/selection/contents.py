"""What one build of a release has of its kernels and ops, as far as a selection asks."""

from __future__ import annotations

from typing import Protocol

from kernel_index.records import KernelRegistration, OpDefinition
from opselect.findings import Finding


class BuildContents(Protocol):
    """A build that does not have all that its release and profile could.

    The findings say why it does not, and what to change; who asks, and for which types, is for the caller to add.
    """

    def has_kernel(self, registration: KernelRegistration) -> bool:
        """Whether the build registers a kernel."""

    def has_op(self, definition: OpDefinition) -> bool:
        """Whether the build defines an op."""

    def without_kernel(self, registration: KernelRegistration) -> Finding:
        """Why the build does not register a kernel."""

    def without_op(self, definition: OpDefinition) -> Finding:
        """Why the build does not define an op."""
