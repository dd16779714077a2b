"""The bytes of a model without those of its weights, which may be nearly all that a file holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from opselect.models.formats.wire import FIXED32, FIXED64, LENGTH, VARINT, Buffer, fields, tag
from opselect.models.formats.wire_writer import varint

_Rewrite: TypeAlias = Callable[[Buffer, int, int], bytes]
"""The bytes that stand for those of a message, of which start and end are given."""

_TENSOR_TYPE, _TENSOR_NAME = tag(2, VARINT), tag(8, LENGTH)
_SPARSE_VALUES = tag(1, LENGTH)
_INITIALIZER, _SPARSE_INITIALIZER = tag(5, LENGTH), tag(15, LENGTH)
_NODE, _ATTRIBUTE = tag(1, LENGTH), tag(5, LENGTH)
_TENSOR, _SUBGRAPH, _SUBGRAPHS = tag(5, LENGTH), tag(6, LENGTH), tag(11, LENGTH)
_GRAPH, _TRAINING = tag(7, LENGTH), tag(20, LENGTH)
"""Source: ``onnx/onnx.proto``, the fields of TensorProto, SparseTensorProto, GraphProto, NodeProto, AttributeProto and
ModelProto.
"""

_LARGE = 1 << 16
"""Bytes from which on it is worth looking for weights in a node; there may be very many nodes."""


def without_weights(buffer: Buffer) -> bytes:
    """A ModelProto whose initializers of the main graph have names and types and nothing else, without graphs for
    training. The same is done to large nodes: to constants, and to the initializers of their graphs.

    Raises WireError, of that part of the model which it looks into.
    """
    return _model(buffer, 0, len(buffer))


def _model(buffer: Buffer, start: int, end: int) -> bytes:
    return b"".join(_rewritten(buffer, start, end, {_GRAPH: _graph, _TRAINING: None}))


def _graph(buffer: Buffer, start: int, end: int) -> bytes:
    rewrites = {_NODE: _node, _INITIALIZER: _tensor, _SPARSE_INITIALIZER: _sparse}
    return b"".join(_rewritten(buffer, start, end, rewrites))


def _node(buffer: Buffer, start: int, end: int) -> bytes:
    if end - start < _LARGE:
        return bytes(buffer[start:end])
    return b"".join(_rewritten(buffer, start, end, {_ATTRIBUTE: _attribute}))


def _attribute(buffer: Buffer, start: int, end: int) -> bytes:
    if end - start < _LARGE:
        return bytes(buffer[start:end])
    return b"".join(_rewritten(buffer, start, end, {_TENSOR: _tensor, _SUBGRAPH: _graph, _SUBGRAPHS: _graph}))


def _sparse(buffer: Buffer, start: int, end: int) -> bytes:
    values = [(a, b) for key, a, b in fields(buffer, start, end) if key == _SPARSE_VALUES]
    return b"".join(_field(_SPARSE_VALUES, _tensor(buffer, a, b)) for a, b in values)


def _tensor(buffer: Buffer, start: int, end: int) -> bytes:
    kept = []
    for key, a, b in fields(buffer, start, end):
        if key == _TENSOR_TYPE:
            kept.append(varint(key) + varint(a))
        elif key == _TENSOR_NAME:
            kept.append(_field(key, buffer[a:b]))
    return b"".join(kept)


def _rewritten(buffer: Buffer, start: int, end: int, rewrites: Mapping[int, _Rewrite | None]) -> Iterator[bytes]:
    """The fields of a message; those with a rewrite are replaced, and those with None left out."""
    for key, a, b in fields(buffer, start, end):
        if key in rewrites:
            rewrite = rewrites[key]
            if rewrite is not None:
                yield _field(key, rewrite(buffer, a, b))
        elif key & 7 == VARINT:
            yield varint(key) + varint(a)
        elif key & 7 in (FIXED32, FIXED64):
            yield varint(key) + buffer[a:b]
        else:
            yield _field(key, buffer[a:b])


def _field(key: int, content: bytes) -> bytes:
    return varint(key) + varint(len(content)) + content
