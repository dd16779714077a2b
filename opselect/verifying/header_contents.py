"""Builds with selective registration: a header says which ops and kernel classes are registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import CPU, DEFAULT
from kernel_index.near_names import near_names
from kernel_index.profiles import release_number
from kernel_index.records import KernelRegistration, OpDefinition
from opselect.build_lists.header.record import SelectiveHeader, compiles_with
from opselect.findings import Finding
from opselect.findings.mends import Mend
from opselect.requirements.ops_list import Pair


@dataclass(frozen=True, slots=True)
class HeaderContents:
    """A build with ``SELECTIVE_REGISTRATION`` and a header, whose files all are compiled.

    System kernels and system ops are registered whatever the header says (``REGISTER_SYSTEM_KERNEL_BUILDER`` of
    ``framework/op_kernel.h``, ``REGISTER_SYSTEM_OP`` of ``framework/op.h``); the latter are those whose kernels are
    system kernels. ``remake`` is how to write the header again; ``spelled`` says of which
    releases its classes are, where the build's is not one of them, and is asked only where a class is missing.
    """

    name: str
    header: SelectiveHeader
    index: KernelIndex
    remake: Mend
    spelled: Callable[[], str] = str
    _known: dict[tuple[str, str], bool] = field(default_factory=dict, compare=False)

    def has_kernel(self, registration: KernelRegistration) -> bool:
        """Whether the header registers a kernel: its class and its op."""
        if registration.system or self._is_message:
            return True
        return self._names_op(registration.op) and self._names_class(registration.kernel_class)

    def has_op(self, definition: OpDefinition) -> bool:
        """Whether the header registers an op."""
        return self._is_message or self._names_op(definition.name) or self._is_system(definition.name)

    @property
    def _is_message(self) -> bool:
        """Whether there is no header at all, of which nothing more need be said."""
        return self.header.error is not None and not (self.header.ops or self.header.classes)

    def _names_op(self, op: str) -> bool:
        key = ("op", op)
        if key not in self._known:
            self._known[key] = self.header.has_op(op)
        return self._known[key]

    def _names_class(self, text: str) -> bool:
        key = ("class", text)
        if key not in self._known:
            self._known[key] = self.header.has_class(text)
        return self._known[key]

    def _is_system(self, op: str) -> bool:
        return any(r.system for r in self.index.registrations(op) if r.device in (CPU, DEFAULT))

    def without_kernel(self, registration: KernelRegistration) -> Finding:
        """The header lacks the op or the class."""
        if not self._names_op(registration.op):
            return self._without(registration.op)
        text = registration.kernel_class
        close = near_names(text, tuple(dict.fromkeys(self.header.classes or ())), at_most=1)
        has = f"; it has {close[0]}" if close else ""
        reason = f"{self.name}: it registers the op and not the class {text}{has}"
        return Finding("OPS122", reason, topic=self.spelled(), places=(registration.location,), mends=(self.remake,))

    def without_op(self, definition: OpDefinition) -> Finding:
        """The header lacks the op."""
        return self._without(definition.name)

    def _without(self, op: str) -> Finding:
        close = near_names(op, self.header.ops or (), at_most=1)
        has = f"; it has {close[0]}" if close else ""
        return Finding("OPS123", f"{self.name}: it does not register the op{has}", mends=(self.remake,))

    def unusable(self) -> Finding | None:
        """Why no compiler takes the header; None where one does."""
        why = self.header.error
        if why is None and not compiles_with(self.header.generation, release_number(self.index.release)):
            why = (
                f"it is as 0.12 and 1.0 write it: to TensorFlow {self.index.release} it decides nothing while compiling"
            )
        return None if why is None else Finding("OPS124", f"{self.name}: {why}", mends=(self.remake,))


def header_of_pairs(pairs: tuple[Pair, ...]) -> SelectiveHeader:
    """The header that a build has which is made of an ops list: what it names, without default ops.

    Source: ``tflite_flex_cc_library`` of ``lite/delegates/flex/build_def.bzl``, which passes ``--default_ops=""``.
    """
    ops = tuple(sorted({op for op, _ in pairs}))
    classes = tuple(kernel_class for _, kernel_class in pairs if kernel_class is not None)
    return SelectiveHeader("1.3", ops, classes, gradient="SymbolicGradient" in ops)
