"""``obfuscate_names``: short names in the place of telling ones.

Source: ``tools/graph_transforms/obfuscate_names.cc``.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from opselect.models.graph import Graph, Node, input_node
from opselect.models.graph.references import of_node
from opselect.rewriting import Context, Transform
from opselect.rewriting.colocation import rename_colocations

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def obfuscate_names(graph: Graph, context: Context) -> Graph:
    """The graph with every node but inputs and outputs called by a number."""
    references = (*context.inputs, *context.outputs)
    kept = set(references) if context.gtt else {input_node(reference) for reference in references}
    fresh = (name for name in map(_in_digits, count()) if name not in kept)
    names = {node.name: node.name if node.name in kept else next(fresh) for node in graph.nodes}
    return replace(graph, nodes=tuple(_renamed(node, names, context) for node in graph.nodes))


def _in_digits(number: int) -> str:
    """``0``, ``1`` … ``Z``, ``10`` …"""
    text = ""
    while number or not text:
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text


def _renamed(node: Node, names: dict[str, str], context: Context) -> Node:
    inputs = []
    for reference in node.inputs:
        name = input_node(reference)
        if name not in names:
            raise context.error(f"has an input {reference!r}, which does not exist", node=node.name)
        inputs.append(of_node(reference, names[name]))
    renamed = replace(node, name=names[node.name], inputs=tuple(inputs))
    return renamed if context.gtt else rename_colocations(renamed, names)


TRANSFORM = Transform(
    "obfuscate_names",
    "Gives all nodes but inputs and outputs short names that say nothing.",
    obfuscate_names,
)
