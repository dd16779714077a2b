"""Attrs that a file leaves out because they have their default, put back as an import puts them back.

Source: ``AddDefaultsToNodeDef`` of ``framework/node_def_util.cc``, ``strip_default_attrs`` of
``python/saved_model/builder_impl.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from kernel_index import shipped
from kernel_index.records import OpDefinition
from opselect.models.graph import FunctionDefinition, Graph, Node, NodeAttr, Shape, changed

_SHAPES = {"{}": Shape(()), "{ unknown_rank: true }": Shape()}


def with_defaults(graph: Graph, tensorflow: str) -> Graph:
    """The graph with the defaults that ops have in the release that wrote it, in all nodes of which they are known.

    ``tensorflow`` is a version such as ``2.14.1``; of releases that are not shipped the one before counts.
    """
    index = shipped.index_of(_release(tensorflow))
    known: dict[str, Mapping[str, NodeAttr]] = {}

    def filled(node: Node) -> Node:
        if node.op not in known:
            known[node.op] = _defaults(index.op_definition(node.op))
        missing = known[node.op].keys() - node.attrs.keys()
        return replace(node, attrs={**known[node.op], **node.attrs}) if missing else node

    def filled_function(function: FunctionDefinition) -> FunctionDefinition:
        nodes = tuple(map(filled, function.nodes))
        return changed(function, nodes=nodes) if nodes != function.nodes else function

    return replace(graph, nodes=tuple(map(filled, graph.nodes)), functions=tuple(map(filled_function, graph.functions)))


def _defaults(definition: OpDefinition | None) -> dict[str, NodeAttr]:
    found: dict[str, NodeAttr] = {}
    for attr in definition.attrs if definition is not None else ():
        if not attr.has_default:
            continue
        if attr.default is not None:
            found[attr.name] = attr.default
        elif attr.type == "shape" and attr.default_text in _SHAPES:
            found[attr.name] = _SHAPES[attr.default_text]
    return found


def _release(tensorflow: str) -> str:
    """The newest shipped release that is not newer than a version; the oldest one for versions before it."""
    wanted = _numbers(tensorflow)[:2]
    found = shipped.releases()
    return next((release for release in reversed(found) if _numbers(release)[:2] <= wanted), found[0])


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
