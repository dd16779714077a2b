"""Which kernels, ops and files of a binary models use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from opselect.audit.audited import Audit
from opselect.binaries.records import RegisteredKernel

if TYPE_CHECKING:
    from opselect.usecases.audit_models import ModelsAudit

NEEDED, UNUSED = "needed", "unused"


class Uses:
    """What models pick of the kernels of an audit; without models every answer is empty."""

    def __init__(self, audit: Audit, models: ModelsAudit | None) -> None:
        self.given = models is not None
        self._models = {} if models is None else {_key(each.kernel): each.models for each in models.needed}
        self._by_op = models.needed_by if models is not None else {}
        self._having: dict[str, set[str]] = {}
        for kernel in audit.kernels if self.given else ():
            state = self.of_kernel(kernel)
            self._having.setdefault(f"op {kernel.op}", set()).add(state)
            self._having.setdefault(f"file {kernel.file}", set()).add(state)

    def of_kernel(self, kernel: RegisteredKernel) -> str:
        """``needed`` or ``unused``; a kernel that several binaries register is the same in all of them."""
        if not self.given:
            return ""
        return NEEDED if _key(kernel) in self._models else UNUSED

    def of_kernels(self, kernels: Iterable[RegisteredKernel]) -> str:
        """``needed`` where one of them is."""
        states = {self.of_kernel(each) for each in kernels}
        return NEEDED if NEEDED in states else max(states, default="")

    def of_op(self, op: str) -> str:
        """``needed`` where a kernel of the op is; empty where it has none."""
        return self._state(f"op {op}")

    def of_file(self, file: str) -> str:
        """``needed`` where a kernel of the file is; empty where it has none."""
        return self._state(f"file {file}")

    def models_of_op(self, op: str) -> tuple[str, ...]:
        """Who needs an op, as the JSON has it: models, or the runtime."""
        return self._by_op.get(op, ())

    def models_of(self, kernels: Iterable[RegisteredKernel]) -> tuple[str, ...]:
        """The models that pick one of the kernels."""
        return tuple(sorted({model for each in kernels for model in self._models.get(_key(each), ())}))

    def _state(self, key: str) -> str:
        states = self._having.get(key, set())
        return NEEDED if NEEDED in states else max(states, default="")


def _key(kernel: RegisteredKernel) -> object:
    """What makes a kernel the same in several binaries: all but where it stands there."""
    return (
        kernel.op,
        kernel.device,
        kernel.label,
        kernel.priority,
        kernel.constraints,
        kernel.host_memory_args,
        kernel.kernel_class,
        kernel.file,
    )
