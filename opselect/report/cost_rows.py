"""What an audit tells, each kind of it made once: several parts of a page show the same."""

from __future__ import annotations

from functools import cached_property

from opselect.audit.audited import Audit, By, Row, kernel_name
from opselect.binaries.records import RegisteredKernel


class CostRows:
    """An audit whose rows are remembered."""

    def __init__(self, audit: Audit) -> None:
        self.audit = audit
        self._rows: dict[By, tuple[Row, ...]] = {}

    @cached_property
    def kernels(self) -> dict[str, list[RegisteredKernel]]:
        """The kernels by the names of their rows; those of one name differ in their constraints, or stand in several
        binaries.
        """
        found: dict[str, list[RegisteredKernel]] = {}
        for kernel in self.audit.kernels:
            found.setdefault(kernel_name(kernel), []).append(kernel)
        return found

    @cached_property
    def unattributed(self) -> dict[str, int]:
        """As :meth:`opselect.audit.audited.Audit.unattributed`."""
        return self.audit.unattributed()

    def by(self, by: By) -> tuple[Row, ...]:
        """As :meth:`opselect.audit.audited.Audit.rows`."""
        if by not in self._rows:
            self._rows[by] = self.audit.rows(by)
        return self._rows[by]
