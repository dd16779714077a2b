"""What a release says of its ops and of the graphs that it takes."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_index.records.registrations import AttrScalar, AttrValue, Location


@dataclass(frozen=True, slots=True)
class ArgDefinition:
    """An input or output of an op: ``type_text`` is what follows the name, such as ``N * T`` or ``Ref(float)``."""

    name: str
    type_text: str


@dataclass(frozen=True, slots=True)
class AttrDefinition:
    """An attr of an op: ``type`` as in ``OpDef.AttrDef`` (``type``, ``list(type)``, ``int``, ``func`` …).

    ``has_default`` tells a default of None (a shape or tensor that is not evaluated; ``default_text`` has its
    words) from no default. ``allowed`` is None where every value is; ``minimum`` likewise.
    """

    name: str
    type: str
    allowed: tuple[AttrScalar, ...] | None = None
    minimum: int | None = None
    has_default: bool = False
    default: AttrValue | None = None
    default_text: str = ""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """From which version of the graph format on an op is gone, and what TensorFlow says then.

    Source: ``OpDeprecation`` of ``framework/op_def.proto``; ``CheckOpDeprecation`` of ``framework/op_def_util.cc``.
    """

    version: int
    explanation: str


@dataclass(frozen=True, slots=True)
class GraphVersions:
    """The versions of the graph format that a release knows: its own, and the oldest producer that it takes.

    Source: ``TF_GRAPH_DEF_VERSION`` and ``TF_GRAPH_DEF_VERSION_MIN_PRODUCER`` of ``core/public/version.h``.
    """

    current: int
    min_producer: int = 0


@dataclass(frozen=True, slots=True)
class OpDefinition:
    """What ``REGISTER_OP`` declares: signature and attrs of an op.

    ``unit`` is the source file to compile where the macro call stands in a header, else empty.
    """

    name: str
    inputs: tuple[ArgDefinition, ...]
    outputs: tuple[ArgDefinition, ...]
    attrs: tuple[AttrDefinition, ...]
    location: Location
    stateful: bool = False
    deprecation: Deprecation | None = None
    unit: str = ""

    @property
    def source(self) -> str:
        """The source file that a build must compile to have the op."""
        return self.unit or self.location.file

    def attr(self, name: str) -> AttrDefinition | None:
        """The attr of that name, None where the op has none."""
        return next((a for a in self.attrs if a.name == name), None)
