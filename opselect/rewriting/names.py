"""Names of tensors and nodes in the inputs of nodes, and edits of them.

Source: ``NodeNamePartsFromInput``, ``CanonicalInputName`` and ``RenameNodeInputs`` of
``tools/graph_transforms/transform_utils.cc``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from opselect.models.graph import Node, input_node

EVERY_OUTPUT = ":*"
"""Behind a name: whichever of the node's outputs."""


def parts(reference: str) -> tuple[str, str, str]:
    """``("^", "n", "")`` of ``^n``, ``("", "n", ":1")`` of ``n:1``."""
    control = "^" if reference.startswith("^") else ""
    name, colon, output = reference.removeprefix("^").partition(":")
    return control, name, colon + output


def canonical(reference: str) -> str:
    """The one spelling of an input: ``n:0`` of ``n``; a control input stays as it is."""
    return reference if reference.startswith("^") or ":" in reference else f"{reference}:0"


def output_index(reference: str) -> int | None:
    """Which output an input asks for; None for a control input and for what is no number."""
    control, _, output = parts(reference)
    number = output[1:] or "0"
    return int(number) if not control and number.isascii() and number.isdecimal() and len(number) < 10 else None


def is_control(reference: str) -> bool:
    """Whether an input carries no data."""
    return reference.startswith("^")


def data_inputs(node: Node) -> tuple[str, ...]:
    """The inputs that carry data, in order."""
    return tuple(reference for reference in node.inputs if not is_control(reference))


def control_inputs(node: Node) -> tuple[str, ...]:
    """The inputs that only order execution, with their ``^``."""
    return tuple(reference for reference in node.inputs if is_control(reference))


def consumers(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    """Name of a node → the nodes that have it as an input, once for each time they do, in the order of the graph."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        for reference in node.inputs:
            found.setdefault(input_node(reference), []).append(node)
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
            control, _, output = parts(reference)
            if source.endswith(EVERY_OUTPUT):
                reference = f"{control}{target}{output}"
                break
            if canonical(source) == canonical(reference):
                reference = target
                break
        if reference == before:
            break
    return reference
