"""A transform on a graph, and what it noted."""

from __future__ import annotations

from opselect.models.graph import Graph, Node
from opselect.rewriting import Context, parse_steps
from opselect.rewriting.transforms import apply_steps


def transform(
    text: str, graph: Graph, inputs: str = "", outputs: str = "", *, gtt: bool = False
) -> tuple[dict[str, Node], list[str]]:
    """The nodes after the steps, by name in their order, and the notes; inputs and outputs between spaces."""
    notes: list[str] = []
    context = Context("m.pb", tuple(inputs.split()), tuple(outputs.split()), gtt=gtt, note=notes.append)
    done = apply_steps(graph, parse_steps(text), context)
    assert len({node.name for node in done.nodes}) == len(done.nodes)
    return {node.name: node for node in done.nodes}, notes


def after(text: str, graph: Graph, inputs: str = "", outputs: str = "", *, gtt: bool = False) -> dict[str, Node]:
    """The nodes after the steps, by name in their order."""
    return transform(text, graph, inputs, outputs, gtt=gtt)[0]
