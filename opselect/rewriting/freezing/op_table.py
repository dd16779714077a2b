"""What op definitions say of the inputs and outputs of a node: which positions belong to which argument.

Source: ``NameRangesForNode`` of ``framework/node_def_util.cc``.
"""

from __future__ import annotations

from collections.abc import Sequence

from kernel_index import shipped
from kernel_index.records import ArgDefinition, OpDefinition
from opselect.models.graph import Node

RELEASE = "2.14"
"""Ops are kept and added, hardly ever changed: the newest release knows those of all before."""


class OpTable:
    """The ops of a release that is shipped; its index is read when the first op is asked for."""

    def __init__(self, release: str = RELEASE) -> None:
        self._release = release

    def definition(self, op: str) -> OpDefinition | None:
        """The definition of an op, None for one that the release lacks: a custom op, or a function."""
        return shipped.index_of(self._release).op_definition(op)

    def takes_ref(self, node: Node, position: int) -> bool | None:
        """Whether the data input at a position must be a ref variable; None where nobody knows."""
        definition = self.definition(node.op)
        if definition is None:
            return None
        for argument, (start, stop) in argument_ranges(definition.inputs, definition, node):
            if start <= position < stop:
                return argument.type_text.startswith("Ref(")
        return None


def argument_ranges(
    arguments: Sequence[ArgDefinition], definition: OpDefinition, node: Node
) -> list[tuple[ArgDefinition, tuple[int, int]]]:
    """The positions that each argument takes, from the first to behind the last."""
    ranges = []
    start = 0
    for argument in arguments:
        stop = start + _count(argument, definition, node)
        ranges.append((argument, (start, stop)))
        start = stop
    return ranges


def _count(argument: ArgDefinition, definition: OpDefinition, node: Node) -> int:
    """``N * T`` are as many as the attr N says, a list(type) attr as many as it has types, others one."""
    number, star, _ = argument.type_text.partition("*")
    if star:
        value = node.attrs.get(number.strip(), 1)
        return value if isinstance(value, int) else 1
    attr = definition.attr(argument.type_text)
    if attr is not None and attr.type == "list(type)":
        types = node.attrs.get(attr.name, attr.default if attr.has_default else ())
        return len(types) if isinstance(types, tuple) else 1
    return 1
