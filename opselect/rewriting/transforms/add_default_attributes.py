"""``add_default_attributes``: attrs that nodes leave out.

Source: ``tools/graph_transforms/add_default_attributes.cc`` and ``AddDefaultsToNodeDef`` of
``framework/node_def_util.cc``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kernel_index import shipped
from kernel_index.index import KernelIndex
from opselect.models.formats.attr_text import default_of
from opselect.models.graph import Graph, Node, NodeAttr
from opselect.rewriting import Argument, Context, Transform

_RELEASE = "1.15"
"""The last release of the line that the Graph Transform Tool belongs to: older graphs get what it gives them."""


def add_default_attributes(graph: Graph, context: Context) -> Graph:
    """The graph with every attr that a release's op definitions have a default for and a node leaves out."""
    release = context.text("tensorflow", "" if context.index is not None else _RELEASE)
    index = shipped.index_of(release) if release or context.index is None else context.index
    functions = {function.name: function.attr_defaults for function in graph.functions}
    known: dict[str, Mapping[str, NodeAttr]] = {}
    nodes = []
    for node in graph.nodes:
        if node.op not in known:
            known[node.op] = functions[node.op] if node.op in functions else _defaults(node, index, context)
        nodes.append(replace(node, attrs={**known[node.op], **node.attrs}))
    return replace(graph, nodes=tuple(nodes))


def _defaults(node: Node, index: KernelIndex, context: Context) -> Mapping[str, NodeAttr]:
    definition = index.op_definition(node.op)
    if definition is None:
        raise context.error(
            f"TensorFlow {index.release} has no op {node.op!r}",
            "Name a release that has: add_default_attributes(tensorflow=2.14).",
            node=node.name,
        )
    return {attr.name: value for attr in definition.attrs if (value := default_of(attr)) is not None}


TRANSFORM = Transform(
    "add_default_attributes",
    "Adds the attrs that nodes leave out, with their default.",
    add_default_attributes,
    (
        Argument(
            "tensorflow",
            f"the release whose op definitions count; without it the one of --tensorflow, or else {_RELEASE}",
        ),
    ),
    gtt_keeps_versions=True,
)
