"""What nodes take and give, as the op definitions of shipped indexes tell.

Source: ``InOutTypesForNode`` of ``framework/node_def_util.cc`` and the specs of ``framework/op_def_builder.cc``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TypeAlias

from kernel_index import shipped
from kernel_index.datatypes import DataType, from_spec
from kernel_index.index import KernelIndex
from kernel_index.records import ArgDefinition, OpDefinition
from opselect.models.graph import Node

Types: TypeAlias = tuple[DataType | None, ...]
"""The types of a node's inputs or outputs, by position; None for one that the node does not tell."""

MAX_ARGUMENTS = 100_000
"""No node has more inputs or outputs; a file may say otherwise."""


@functools.cache
def definitions(release: str = "") -> KernelIndex:
    """The shipped index of a release, the newest one by default; OpselectError lists those there are."""
    return shipped.index_of(release or shipped.releases()[-1])


def op_definition(op: str) -> OpDefinition | None:
    """The definition of an op in the newest shipped release, None for a custom op or a function."""
    return definitions().op_definition(op)


def input_types(node: Node) -> Types | None:
    """The types of the data inputs; None where not even their number is known."""
    definition = op_definition(node.op)
    return None if definition is None else _types(definition.inputs, node, definition)


def output_types(node: Node) -> Types | None:
    """The types of the outputs; None where not even their number is known."""
    definition = op_definition(node.op)
    return None if definition is None else _types(definition.outputs, node, definition)


def first_output(node: Node, argument: str) -> int | None:
    """The position of the first output that belongs to an output of the op definition; None where that is not known."""
    definition = op_definition(node.op)
    names = [output.name for output in definition.outputs] if definition is not None else []
    if definition is None or argument not in names:
        return None
    before = _types(definition.outputs[: names.index(argument)], node, definition)
    return None if before is None else len(before)


def _types(arguments: Iterable[ArgDefinition], node: Node, definition: OpDefinition) -> Types | None:
    found: list[DataType | None] = []
    for argument in arguments:
        types = _argument_types(argument.type_text, node, definition)
        if types is None:
            return None
        found += types
        if len(found) > MAX_ARGUMENTS:
            return None
    return tuple(found)


def _argument_types(text: str, node: Node, definition: OpDefinition) -> Types | None:
    """``type = [ "Ref(" ] [ number attr, " * " ] ( data type | attr ) [ ")" ]``"""
    spec = text.removeprefix("Ref(").removesuffix(")")
    number, star, word = spec.rpartition(" * ")
    types = _word_types(word, node, definition)
    if not star or types is None:
        return types
    count = _attr(number, node, definition)
    if not isinstance(count, int) or not 0 <= count <= MAX_ARGUMENTS:
        return None
    return types * count


def _word_types(word: str, node: Node, definition: OpDefinition) -> Types | None:
    fixed = from_spec(word)
    if fixed is not None:
        return (fixed,)
    value = _attr(word, node, definition)
    if isinstance(value, DataType):
        return (value,)
    if isinstance(value, tuple):
        return tuple(item if isinstance(item, DataType) else None for item in value)
    attr = definition.attr(word)
    return (None,) if attr is not None and attr.type == "type" else None


def _attr(name: str, node: Node, definition: OpDefinition) -> object:
    if name in node.attrs:
        return node.attrs[name]
    attr = definition.attr(name)
    return None if attr is None else attr.default
