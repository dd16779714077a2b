"""What a reduced build of ONNX Runtime is told to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TypeEntry:
    """The types that an operator is needed with, as C++ names: ``float``, ``int64_t``, ``std::string``, ``MLFloat16``.

    ``inputs`` and ``outputs`` are by position; one that is not there is not restricted. ``custom`` has the types of
    several arguments together, for the operators whose kernels are registered so (OneHot).
    """

    inputs: Mapping[int, frozenset[str]] = field(default_factory=dict)
    outputs: Mapping[int, frozenset[str]] = field(default_factory=dict)
    custom: frozenset[tuple[str, ...]] = frozenset()


@dataclass(frozen=True, slots=True)
class RequiredOperators:
    """The operators that a build must have, and the types that it must have them with.

    ``operators`` has the names of each domain (``ai.onnx`` for ONNX itself) and opset. ``types`` restricts operators of
    a domain, in whatever opset; one without an entry is needed with all types. ``allowed_types`` restricts all
    operators at once, None where nothing does; then there are no entries in ``types``. ``all_operators`` is a build of
    every operator there is, and then none are named.
    """

    operators: Mapping[tuple[str, int], frozenset[str]]
    types: Mapping[tuple[str, str], TypeEntry] = field(default_factory=dict)
    allowed_types: frozenset[str] | None = None
    all_operators: bool = False
