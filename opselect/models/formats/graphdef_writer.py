"""Graph → ``GraphDef`` message, maps sorted, so that equal graphs are equal bytes.

Source of the field numbers: ``framework/{graph,node_def,function,op_def,attr_value,versions}.proto``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.formats.well_formed import check_stored
from opselect.models.formats.wire_writer import MessageWriter, varint
from opselect.models.graph.model import FunctionArg, FunctionDefinition, Graph, Node, Versions
from opselect.models.graph.values import (
    AttrPlaceholder,
    BytesRef,
    FunctionRef,
    NodeAttr,
    NodeAttrItem,
    Shape,
    TensorRef,
)
from opselect.models.storage import JoinedBytes, piece_size, write_pieces

MAX_BYTES = (1 << 31) - 1
"""A protobuf message cannot be larger, and TensorFlow reads a graph as one message."""


def write_graph(graph: Graph, path: str, *, text: bool = False) -> int:
    """Writes the graph as a GraphDef and returns its size in bytes; the file appears whole or not at all.

    Tensors that are stored in files are copied from there; as ``text`` they pass through memory. Raises InputError for
    a graph that is too large for a GraphDef, naming its largest nodes, for a stored tensor or function that no protobuf
    reader takes, and where the file cannot be written.
    """
    check_stored(graph)
    message = encode_graph(graph)
    if message.size > MAX_BYTES:
        raise InputError(
            path,
            f"the graph takes {message.size:,} bytes, and a GraphDef at most {MAX_BYTES:,}",
            f"Nothing was written. The largest nodes are {_largest(graph)}.",
        )
    pieces = [_text(message)] if text else message.pieces
    write_pieces(pieces, path)
    return sum(map(piece_size, pieces))


def _text(message: MessageWriter) -> bytes:
    # Protobuf is slow to import, and most graphs are written in binary.
    from opselect.models.formats.text import decode_text

    encoded = JoinedBytes(tuple(message.pieces)).read(0, message.size)
    return decode_text(encoded, "GraphDef").encode()


def encode_graph(graph: Graph) -> MessageWriter:
    """The graph as a ``GraphDef``, in pieces."""
    message = MessageWriter()
    for node in graph.nodes:
        message.message(1, encode_node(node))
    if graph.functions or graph.gradients:
        message.message(2, _library(graph))
    if graph.versions != Versions():
        message.message(4, _versions(graph.versions))
    return message


def encode_node(node: Node) -> MessageWriter:
    """A ``NodeDef``."""
    message = MessageWriter()
    message.text(1, node.name)
    message.text(2, node.op)
    for reference in node.inputs:
        message.text(3, reference)
    if node.device:
        message.text(4, node.device)
    _attr_map(message, 5, node.attrs)
    return message


def _attr_map(message: MessageWriter, field: int, attrs: Mapping[str, NodeAttr]) -> None:
    for name in sorted(attrs):
        entry = MessageWriter()
        entry.text(1, name)
        entry.message(2, encode_attr(attrs[name]))
        message.message(field, entry)


def encode_attr(value: NodeAttr) -> MessageWriter:
    """An ``AttrValue``."""
    message = MessageWriter()
    if isinstance(value, tuple):
        message.message(1, _list(value))
    else:
        _item(message, value, _FIELDS)
    return message


# The field of each kind of value in AttrValue, and in its ListValue.
_FIELDS = {"s": 2, "i": 3, "f": 4, "b": 5, "type": 6, "shape": 7, "tensor": 8, "func": 10}
_LIST_FIELDS = {**_FIELDS, "func": 9}
_PLACEHOLDER = 9
_PACKED: Mapping[str, Callable[[NodeAttrItem], bytes]] = {
    kind: lambda item: varint(int(item))  # type: ignore[arg-type]  # the kind says that it is a number
    for kind in ("i", "b", "type")
}


def _kind(item: NodeAttrItem) -> str:
    # The order matters: DataType is an int, and so is bool.
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (DataType, "type"),
        (bool, "b"),
        (int, "i"),
        (float, "f"),
        ((str, BytesRef), "s"),
        (Shape, "shape"),
        (TensorRef, "tensor"),
        (FunctionRef, "func"),
    )
    return next(kind for types, kind in kinds if isinstance(item, types))


def _list(items: Sequence[NodeAttrItem]) -> MessageWriter:
    message = MessageWriter()
    # A broken graph may mix kinds: each goes to its own field, and the reader gives them in this order.
    for kind, group in itertools.groupby(sorted(items, key=_list_field), key=_kind):
        if kind in _PACKED:
            message.data(_LIST_FIELDS[kind], b"".join(map(_PACKED[kind], group)))
        else:
            for item in group:
                _item(message, item, _LIST_FIELDS)
    return message


def _list_field(item: NodeAttrItem) -> int:
    return _LIST_FIELDS[_kind(item)]


def _item(message: MessageWriter, item: NodeAttrItem, numbers: Mapping[str, int]) -> None:
    if isinstance(item, AttrPlaceholder):
        message.text(_PLACEHOLDER, item.name)
        return
    field = numbers[_kind(item)]
    if isinstance(item, str):
        message.text(field, item)
    elif isinstance(item, float):
        message.real(field, item)
    elif isinstance(item, int):
        message.number(field, item)
    elif isinstance(item, Shape):
        message.message(field, encode_shape(item))
    elif isinstance(item, FunctionRef):
        message.message(field, _function_ref(item))
    else:
        message.data(field, item)


def encode_shape(shape: Shape) -> MessageWriter:
    """A ``TensorShapeProto``."""
    message = MessageWriter()
    if shape.dims is None:
        message.number(3, 1)
    for size in shape.dims or ():
        dim = MessageWriter()
        if size:
            dim.number(1, size)
        message.message(2, dim)
    return message


def _function_ref(function: FunctionRef) -> MessageWriter:
    message = MessageWriter()
    message.text(1, function.name)
    _attr_map(message, 2, function.attrs)
    return message


def _library(graph: Graph) -> MessageWriter:
    library = MessageWriter()
    for function in graph.functions:
        if function.encoded is not None:
            library.data(1, function.encoded)
        else:
            library.message(1, _function(function))
    for name in sorted(graph.gradients):
        gradient = MessageWriter()
        gradient.text(1, name)
        gradient.text(2, graph.gradients[name])
        library.message(2, gradient)
    return library


def _function(function: FunctionDefinition) -> MessageWriter:
    message = MessageWriter()
    message.message(1, _signature(function))
    for node in function.nodes:
        message.message(3, encode_node(node))
    _string_map(message, 4, function.returns)
    _attr_map(message, 5, function.attrs)
    _string_map(message, 6, function.control_returns)
    for position in sorted(function.arg_attrs):
        entry, value = MessageWriter(), MessageWriter()
        entry.number(1, position)
        _attr_map(value, 1, function.arg_attrs[position])
        entry.message(2, value)
        message.message(7, entry)
    return message


def _string_map(message: MessageWriter, field: int, strings: Mapping[str, str]) -> None:
    for key in sorted(strings):
        entry = MessageWriter()
        entry.text(1, key)
        entry.text(2, strings[key])
        message.message(field, entry)


def _signature(function: FunctionDefinition) -> MessageWriter:
    message = MessageWriter()
    message.text(1, function.name)
    for field, arguments in ((2, function.inputs), (3, function.outputs)):
        for argument in arguments:
            message.message(field, _argument(argument))
    for name, attr_type in function.attr_types.items():
        attr = MessageWriter()
        attr.text(1, name)
        attr.text(2, attr_type)
        if name in function.attr_defaults:
            attr.message(3, encode_attr(function.attr_defaults[name]))
        message.message(4, attr)
    if function.stateful:
        message.number(17, 1)
    for name in sorted(function.control_returns):
        message.text(20, name)
    return message


def _argument(argument: FunctionArg) -> MessageWriter:
    message = MessageWriter()
    message.text(1, argument.name)
    if argument.type is not None:
        message.number(3, argument.type)
    for field, attr in ((4, argument.type_attr), (5, argument.number_attr), (6, argument.type_list_attr)):
        if attr:
            message.text(field, attr)
    if argument.is_ref:
        message.number(16, 1)
    return message


def _versions(versions: Versions) -> MessageWriter:
    message = MessageWriter()
    if versions.producer:
        message.number(1, versions.producer)
    if versions.min_consumer:
        message.number(2, versions.min_consumer)
    if versions.bad_consumers:
        message.data(3, b"".join(map(varint, versions.bad_consumers)))
    return message


def _largest(graph: Graph) -> str:
    sizes = {node.name: encode_node(node).size for node in graph.nodes}
    largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:3]
    return ", ".join(f"{name!r} ({sizes[name]:,} bytes)" for name in largest)
