"""TensorFlow's own rule for picking the kernel of a node, on index records.

Source: ``FindKernelRegistration`` of ``framework/op_kernel.cc`` and ``KernelAttrsMatch`` of
``framework/kernel_def_util.cc`` (``AttrsMatch`` of ``op_kernel.cc`` up to 1.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar, AttrValue, Constraint, KernelRegistration

CPU = "CPU"
DEFAULT = "DEFAULT"
"""The device of kernels that run wherever no kernel for the very device is registered (since 1.15)."""


@dataclass(frozen=True, slots=True)
class Found:
    """The kernel that TensorFlow picks."""

    registration: KernelRegistration


@dataclass(frozen=True, slots=True)
class NotFound:
    """No kernel: ``considered`` are those of the op, device and label whose constraints turned the node down."""

    considered: tuple[KernelRegistration, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several kernels at the same priority admit the node, which TensorFlow refuses to decide."""

    registrations: tuple[KernelRegistration, ...]


@dataclass(frozen=True, slots=True)
class BadAttr:
    """A kernel constrains an attr that the node lacks, or has with another kind of value."""

    registration: KernelRegistration
    attr: str
    problem: str


Outcome = Found | NotFound | Ambiguous | BadAttr


def find_kernel(
    registrations: Iterable[KernelRegistration], attrs: Mapping[str, AttrValue], *, label: str = "", device: str = CPU
) -> Outcome:
    """The kernel that TensorFlow picks for a node of one op.

    ``registrations`` are those of the op in one build, ``attrs`` the node's with defaults filled in, ``label`` its
    ``_kernel`` attr. Kernels for ``device`` come first; where none fits, those for ``DEFAULT``. Highest priority wins
    among the former; of the latter only one may fit, whatever its priority. Two that tie below the winner do not
    count as ambiguous here (in TensorFlow that depends on the order of registration).
    """
    candidates = [r for r in registrations if r.label == label]
    considered: list[KernelRegistration] = []
    for tried in dict.fromkeys((device, DEFAULT)):
        admitting: list[KernelRegistration] = []
        for registration in candidates:
            if registration.device != tried:
                continue
            verdict = admits(registration, attrs)
            if isinstance(verdict, BadAttr):
                return verdict
            (admitting if verdict else considered).append(registration)
        if admitting:
            return _winner(admitting, by_priority=tried != DEFAULT)
    return NotFound(tuple(considered))


def _winner(admitting: Sequence[KernelRegistration], *, by_priority: bool) -> Found | Ambiguous:
    if by_priority:
        highest = max(registration.priority for registration in admitting)
        admitting = [registration for registration in admitting if registration.priority == highest]
    return Found(admitting[0]) if len(admitting) == 1 else Ambiguous(tuple(admitting))


def admits(registration: KernelRegistration, attrs: Mapping[str, AttrValue]) -> bool | BadAttr:
    """Whether every constraint of a kernel admits the node's attr: of a list of types, each element."""
    for constraint in registration.constraints:
        if constraint.attr not in attrs:
            return BadAttr(registration, constraint.attr, "the node has no such attr and the op no default for it")
        verdict = _constraint_admits(constraint, attrs[constraint.attr])
        if isinstance(verdict, str):
            return BadAttr(registration, constraint.attr, verdict)
        if not verdict:
            return False
    return True


def _constraint_admits(constraint: Constraint, value: AttrValue) -> bool | str:
    """True or False, or the problem in words."""
    if not constraint.allowed:
        return "the kernel's constraint has no values"
    kind = _kind(constraint.allowed[0])
    if kind == "type" and isinstance(value, tuple):
        if all(_kind(item) == "type" for item in value):
            return all(item in constraint.allowed for item in value)
    elif not isinstance(value, tuple) and _kind(value) == kind:
        return value in constraint.allowed
    return f"the kernel wants a value of kind {kind}, the node has {value_text(value)}"


def _kind(value: AttrScalar) -> str:
    # The order matters: DataType is an int, and so is bool.
    for kind, python_type in (("type", DataType), ("bool", bool), ("int", int), ("float", float)):
        if isinstance(value, python_type):
            return kind
    return "string"


def value_text(value: AttrValue) -> str:
    """An attr value as messages have it: ``DT_FLOAT``, ``[DT_FLOAT, DT_INT32]``, ``"NHWC"``, ``true``, ``3``."""
    if isinstance(value, tuple):
        return f"[{', '.join(value_text(item) for item in value)}]"
    if isinstance(value, DataType):
        return value.name
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
