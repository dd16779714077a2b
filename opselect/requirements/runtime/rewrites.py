"""Ops that a pass of every build takes out of a graph, and what it always puts in."""

from __future__ import annotations

from collections.abc import Iterator

from kernel_index.datatypes import DataType
from opselect.models.graph import Node, NodeAttr, Shape
from opselect.models.graph.op_families import PARTITIONED_CALLS
from opselect.requirements.runtime.additions import Addition, Origin
from opselect.requirements.runtime.body_view import BodyView, known
from opselect.requirements.runtime.releases import Release, Span

_INT32 = DataType.DT_INT32

ACCUMULATE = "common_runtime/accumulate_n_optimizer.cc"
PARALLEL_CONCAT = "common_runtime/parallel_concat_optimizer.cc"
VARIABLE_READ = "common_runtime/resource_variable_read_optimizer.cc"
ISOLATION = "common_runtime/isolate_placer_inspection_required_ops_pass.cc"

ACCUMULATES = Span((1, 4))
PARALLEL_CONCATS = Span((1, 0))
UNSAFE_READS = Span((1, 1), (1, 3))
ISOLATED_CALLS = Span((1, 14))

_Part = tuple[str, dict[str, NodeAttr]]


def rewritten_ops(view: BodyView, release: Release, *, in_graph: bool) -> Iterator[Addition]:
    """What the passes before placement do to a body that they run over; ``in_graph`` tells that it is the graph itself.

    An op that they replace is there too, as ``replaced``. Up to 1.3 the graph's reads of resource variables that
    nothing else in it reads become unsafe ones.
    """
    for node in view.named("AccumulateNV2"):
        if release in ACCUMULATES:
            yield from _rewrite(view, node, _accumulate(view, node, release, in_graph), ACCUMULATE)
    for node in view.named("ParallelConcat"):
        yield from _rewrite(view, node, _parallel_concat(view, node), PARALLEL_CONCAT)
    for node in view.named("ReadVariableOp") if in_graph and release in UNSAFE_READS else ():
        if not view.uses(node):
            parts: list[_Part] = [("_UnsafeReadVariable", known(dtype=view.type(node, "dtype")))]
            yield from _rewrite(view, node, iter(parts), VARIABLE_READ)
    for node in view.named(*PARTITIONED_CALLS) if release in ISOLATED_CALLS else ():
        if DataType.DT_RESOURCE in view.types(node, "Tout"):
            yield from _isolation(view, node)


def replaced(view: BodyView, node: Node, source: str) -> Addition:
    """The node's own op, which no kernel runs."""
    origin = Origin("replaced", f"the runtime puts other ops in its place ({source})")
    return Addition(node.op, node.attrs, (node,), origin, view.function)


def _rewrite(view: BodyView, node: Node, parts: Iterator[_Part], source: str) -> Iterator[Addition]:
    yield replaced(view, node, source)
    origin = Origin("added", f"the runtime rewrites {node.op} into it ({source})")
    for op, attrs in parts:
        yield Addition(op, attrs, (node,), origin, view.function)


def _accumulate(view: BodyView, node: Node, release: Release, in_graph: bool) -> Iterator[_Part]:
    """A variable that is added to; from 1.14 on an AddN where the node is in a loop, or where a function may be."""
    data_type = view.type(node)
    typed = known(T=data_type)
    yield "TemporaryVariable", known(dtype=data_type)
    yield "Const", known(dtype=data_type)
    if release >= (1, 14) or (release >= (1, 8) and not _is_fully_defined(node.attrs.get("shape"))):
        yield "Shape", {**typed, "out_type": _INT32}
        yield "Fill", {**typed, "index_type": _INT32}
    for op in ("Assign", "AssignAdd", "DestroyTemporaryVariable"):
        yield op, typed
    if release >= (1, 14) and (not in_graph or any(view.named("Enter"))):
        yield "AddN", typed


def _is_fully_defined(shape: NodeAttr | None) -> bool:
    return isinstance(shape, Shape) and shape.dims is not None and min(shape.dims, default=0) >= 0


def _parallel_concat(view: BodyView, node: Node) -> Iterator[_Part]:
    data_type = view.type(node)
    yield "_ParallelConcatStart", known(dtype=data_type)
    yield "_ParallelConcatUpdate", known(T=data_type)
    yield "Identity", known(T=data_type)


def _isolation(view: BodyView, node: Node) -> Iterator[Addition]:
    """A call that returns resources gets an Identity at each input and output."""
    origin = Origin("added", f"the runtime puts it around a {node.op} that returns resources ({ISOLATION})")
    types = dict.fromkeys((*view.types(node, "Tin"), *view.types(node, "Tout")))
    for data_type in types:
        yield Addition("Identity", {"T": data_type}, (node,), origin, view.function)
