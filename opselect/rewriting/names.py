"""Who consumes which node, and other names in the inputs of nodes.

Source: ``RenameNodeInputs`` of ``tools/graph_transforms/transform_utils.cc``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from opselect.models.graph import Node
from opselect.models.graph.references import canonical, input_node, of_node

EVERY_OUTPUT = ":*"
"""Behind a name: whichever of the node's outputs."""


def consumers(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    """Name of a node → the nodes that have it as an input, once for each time they do, in the order of the graph."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        for reference in node.inputs:
            found.setdefault(input_node(reference), []).append(node)
    return found


def unused_nodes(
    nodes: Sequence[Node], maybe: Iterable[str], required: Collection[str], *, deep: bool = True
) -> set[str]:
    """The names of ``maybe`` that nothing reads or waits for, and with ``deep`` also of what only these need.

    Nodes of ``required`` are not among the latter.
    """
    by_name = {node.name: node for node in nodes}
    uses = Counter(input_node(reference) for node in nodes for reference in node.inputs)
    waiting = [name for name in maybe if name in by_name and not uses[name]]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        for source in map(input_node, by_name[name].inputs if deep else ()):
            uses[source] -= 1
            if not uses[source] and source not in required:
                waiting.append(source)
    return found


def rename_inputs(
    nodes: Iterable[Node], renames: Mapping[str, str], ignored: Collection[str] = frozenset()
) -> tuple[Node, ...]:
    """The nodes with other inputs: ``old`` or ``old:1`` → a whole new reference, ``old:*`` → another node's name.

    Renames are followed to their end; nodes in ``ignored`` keep their inputs. Raises ValueError where renames go in a
    circle.
    """
    by_node: dict[str, list[tuple[str, str]]] = {}
    for source, target in renames.items():
        by_node.setdefault(input_node(source), []).append((source, target))
    return tuple(
        node
        if node.name in ignored or not any(input_node(reference) in by_node for reference in node.inputs)
        else replace(node, inputs=tuple(_renamed(reference, by_node) for reference in node.inputs))
        for node in nodes
    )


def _renamed(reference: str, by_node: Mapping[str, list[tuple[str, str]]]) -> str:
    visited: set[str] = set()
    while (name := input_node(reference)) in by_node:
        if name in visited:
            raise ValueError(f"the renames of {name!r} go in a circle")
        visited.add(name)
        before = reference
        for source, target in by_node[name]:
            if source.endswith(EVERY_OUTPUT):
                reference = of_node(reference, target)
                break
            if canonical(source) == canonical(reference):
                reference = target
                break
        if reference == before:
            break
    return reference
