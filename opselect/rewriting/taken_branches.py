"""Conditionals that call functions: where it is known which one runs, that one is left in the conditional's place.

Source: ``IfOp`` and ``CaseOp`` of ``kernels/functional_ops.cc``, ``ToBool`` there; inlining is that of
:mod:`opselect.rewriting.freezing.inline`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from kernel_index.errors import InputError
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import FunctionRef, Graph, Node, NodeAttr, input_node
from opselect.models.graph.references import data_inputs, endpoint
from opselect.rewriting.context import Context, ops_of
from opselect.rewriting.evaluation.known import find_known
from opselect.rewriting.freezing.inline import Inliner

_IFS = {"If": "StatefulPartitionedCall", "StatelessIf": "PartitionedCall"}
_CASES = {"Case": "StatefulPartitionedCall", "StatelessCase": "PartitionedCall"}
_CALLS = {**_IFS, **_CASES}
"""The op of a conditional → the op of the call that is left of it."""


def with_taken_branches(graph: Graph, context: Context) -> Graph:
    """The graph with what the taken function does in the place of each conditional with a constant predicate.

    A function that cannot be inlined is called. What a program feeds decides nothing, and a conditional that is fed
    stays. The same graph where there is no such conditional.
    """
    if not any(node.op in _CALLS for node in graph.nodes):
        return graph
    fed = frozenset(map(input_node, context.inputs))
    values = find_known(graph.nodes, fed, approximations=False).values
    calls: dict[str, Node] = {}
    for node in graph.nodes:
        if node.op in _CALLS and node.name not in fed:
            name, output = endpoint(data_inputs(node)[0])
            known = values.get(name, ())
            function = _taken(node, known[output].array) if output < len(known) else None
            if function is not None:
                calls[node.name] = _call(node, function)
    if not calls:
        return graph
    called = replace(graph, nodes=tuple(calls.get(node.name, node) for node in graph.nodes))
    return _inlined(called, calls, context)


def _inlined(graph: Graph, calls: Collection[str], context: Context) -> Graph:
    fetched = tuple(map(input_node, (*context.inputs, *context.outputs)))
    inliner = Inliner(ops_of(context.index, graph.functions), only=calls)
    try:
        return inliner.graph(graph, fetched, context.path)
    except RecursionError:
        raise InputError(context.path, "its functions call one another deeper than any model's", "") from None


def _taken(node: Node, predicate: Array) -> FunctionRef | None:
    """The function that runs."""
    if node.op in _IFS:
        named = node.attrs.get("then_branch" if _is_true(predicate) else "else_branch")
        return named if isinstance(named, FunctionRef) else None
    branches = node.attrs.get("branches")
    if not isinstance(branches, tuple) or not branches or predicate.ndim:
        return None
    index = int(predicate)
    named = branches[index if 0 <= index < len(branches) else -1]
    return named if isinstance(named, FunctionRef) else None


def _is_true(predicate: Array) -> bool:
    """What is no scalar is true where it is not empty, a string where it has a character."""
    return bool(predicate[()]) if predicate.ndim == 0 else predicate.size > 0


def _call(node: Node, function: FunctionRef) -> Node:
    attrs: Mapping[str, NodeAttr] = {
        key: node.attrs[key] for key in ("Tin", "Tout", "_output_shapes") if key in node.attrs
    }
    return replace(node, op=_CALLS[node.op], inputs=node.inputs[1:], attrs={**attrs, "f": function})
