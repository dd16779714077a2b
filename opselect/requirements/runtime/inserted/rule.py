"""A row of the list of inserted ops: which ops, in which releases, by whom, and the pattern that asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from kernel_index.datatypes import DataType
from opselect.models.graph import Node, NodeAttr
from opselect.requirements.runtime.body_view import known
from opselect.requirements.runtime.inserted.fillings import Filling
from opselect.requirements.runtime.inserted.forms import FormView
from opselect.requirements.runtime.releases import Release, Span

Runner = Literal["grappler", "session", "devices"]
"""Who runs a rewrite. ``grappler``: the graph optimizers. ``session``: passes of every build. ``devices``: the
partitioner, where nodes run on several devices."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """One op that a rewrite puts in: ``nodes`` are what it matched, the root first.

    ``inputs`` is what the op reads, so that other rewrites may match it; None where none looks for it. It stands in
    the ``place`` (:mod:`opselect.requirements.runtime.inserted.forms`), that of the root where none is given. A Const
    has a ``filling``. What is not ``listed`` is an op with types that the graph has anyway, or none at all: only other
    rewrites need to know of it.
    """

    op: str
    nodes: tuple[Node, ...]
    attrs: Mapping[str, NodeAttr] = field(default_factory=dict)
    inputs: tuple[str, ...] | None = None
    place: str = ""
    filling: Filling = None
    listed: bool = True


def typed(
    op: str,
    view: FormView,
    *nodes: Node,
    attr: str = "T",
    inputs: Iterable[str] | None = None,
    place: str = "",
    listed: bool = True,
    **attrs: NodeAttr | None,
) -> Insertion:
    """The op with the type of the first node in ``attr``."""
    types = known(**{attr: view.type(nodes[0])}, **attrs)
    return Insertion(op, nodes, types, None if inputs is None else tuple(inputs), place, listed=listed)


def int32_const(view: FormView, node: Node, *others: Node) -> Insertion:
    """A shape, an axis or the like for the op that takes the node's place."""
    return Insertion("Const", (node, *others), {"dtype": DataType.DT_INT32}, (), view.beside(node, "Const", ()))


def with_input(view: FormView, node: Node, index: int, reference: str) -> tuple[str, ...]:
    """The node's inputs with another one at ``index``."""
    inputs = list(view.inputs(node))
    inputs[index] = reference
    return tuple(inputs)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rewrite that may put ``ops`` into a graph.

    ``trigger`` says in words what ``find`` looks for: the nodes and attrs that the rewrite asks for, its conditions on
    shapes left out, since nothing here infers shapes. ``attrs`` says where the attrs come from by which kernels are
    chosen. ``source`` is the file below ``tensorflow/core``. ``only`` narrows the builds that do it, such as
    ``in builds with oneDNN``.
    """

    ops: tuple[str, ...]
    releases: Span
    source: str
    trigger: str
    attrs: str
    find: Callable[[FormView], Iterable[Insertion]]
    runner: Runner = "grappler"
    only: str = ""

    @property
    def mobile(self) -> bool:
        """Whether Android and iOS builds run it in a session."""
        return self.runner == "session"

    def why(self, release: Release) -> str:
        """Trigger, source and the builds that run it, as a sentence without full stop."""
        return f"{self.trigger} ({self.source}){self._where(release)}"

    def _where(self, release: Release) -> str:
        if self.runner == "session":
            return ""
        if self.runner == "devices":
            return "; only where nodes run on several devices"
        places = (self.only, grappler_builds(release))
        return f"; only {', '.join(filter(None, places))}"


GRAPPLER_BUILDS: tuple[tuple[Span, str], ...] = (
    (Span((1, 4), (1, 12)), "where grappler runs: Android and iOS builds compile it out"),
    (
        Span((1, 13), (1, 13)),
        "where grappler runs: Android and iOS builds have it in the bodies of PartitionedCall alone",
    ),
    (
        Span((1, 14), (2, 6)),
        "where grappler runs: Android builds compile it out, iOS builds have it in the bodies of PartitionedCall alone",
    ),
    (Span((2, 7)), "where grappler runs: Android and iOS builds compile it out"),
)
"""Which builds run grappler. Before 1.4 none does unless its ConfigProto asks for it.

Sources: ``IS_MOBILE_PLATFORM`` in ``common_runtime/graph_execution_state.cc``, ``__ANDROID__`` and from 2.7 on
``IS_MOBILE_PLATFORM`` in ``kernels/partitioned_function_ops.cc``, ``MetaOptimizerEnabled`` in
``grappler/optimizers/meta_optimizer.cc``. Raspberry Pi builds are no mobile platform to those macros.
"""


def grappler_builds(release: Release) -> str:
    """Where grappler of a release runs, in words."""
    return next((where for span, where in GRAPPLER_BUILDS if release in span), GRAPPLER_BUILDS[-1][1])
