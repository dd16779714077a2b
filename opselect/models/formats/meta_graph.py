"""``MetaGraphDef`` messages → MetaGraph, straight off the wire, the graph as :mod:`graphdef` reads it.

Source of the field numbers: ``protobuf/meta_graph.proto`` and ``protobuf/saved_model.proto``; of what a loader runs
first: ``cc/saved_model/loader_util.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from opselect.models.formats.attr_values import AttrReader
from opselect.models.formats.graphdef import GraphDefError, parse_graphdef
from opselect.models.formats.saver_def import parse_saver
from opselect.models.formats.wire import LENGTH, VARINT, Buffer, WireError, fields, tag
from opselect.models.graph.meta_graph import MetaGraph, Signature, TensorInfo
from opselect.models.graph.model import Graph
from opselect.models.graph.references import input_node
from opselect.models.graph.values import ByteSource

INIT_SIGNATURE = "__saved_model_init_op"
"""The signature under which 2.x keeps what a loader runs first."""
INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")
"""The collections under which 1.x keeps it, the one that counts first."""
MAX_COMPOSITE_NESTING = 30

_SAVED_MODEL_META_GRAPH = tag(2, LENGTH)
_META_INFO, _GRAPH_DEF, _SAVER, _COLLECTION, _SIGNATURE, _ASSET = (tag(field, LENGTH) for field in range(1, 7))
_INFO_TAG, _INFO_TENSORFLOW, _INFO_STRIPPED = tag(4, LENGTH), tag(5, LENGTH), tag(7, VARINT)
_KEY, _VALUE = tag(1, LENGTH), tag(2, LENGTH)
_NODE_LIST, _ANY_LIST, _LIST_VALUE = tag(1, LENGTH), tag(5, LENGTH), tag(1, LENGTH)
_ANY_TYPE, _ANY_CONTENT = tag(1, LENGTH), tag(2, LENGTH)
_ASSET_FILE_NAME = tag(2, LENGTH)
_SIGNATURE_INPUT, _SIGNATURE_OUTPUT, _SIGNATURE_METHOD = (tag(field, LENGTH) for field in (1, 2, 3))
_TENSOR_NAME, _TENSOR_DTYPE, _TENSOR_SHAPE = tag(1, LENGTH), tag(2, VARINT), tag(3, LENGTH)
_COO_SPARSE, _COMPOSITE, _COMPONENT = tag(4, LENGTH), tag(5, LENGTH), tag(2, LENGTH)
_COO_PARTS = {tag(1, LENGTH): "values", tag(2, LENGTH): "indices", tag(3, LENGTH): "dense_shape"}

_T = TypeVar("_T")


def parse_meta_graph(buffer: Buffer, start: int, end: int, source: ByteSource) -> MetaGraph:
    """The MetaGraphDef in ``buffer[start:end]``; its tensors refer to ``source`` by their offset in the buffer.

    Raises GraphDefError with the byte, and the node's, signature's or collection's name where it is inside one.
    """
    return _MetaGraphReader(buffer, source).read(start, end)


def meta_graph_ranges(buffer: Buffer, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the meta graphs of a ``SavedModel`` message stand; WireError where it is broken."""
    for field, a, b in fields(buffer, start, end):
        if field == _SAVED_MODEL_META_GRAPH:
            yield a, b


def read_tags(buffer: Buffer, start: int, end: int) -> tuple[str, ...]:
    """The tags of a MetaGraphDef, sorted, nothing else of it read; WireError where it is broken."""
    found: list[str] = []
    for field, a, b in fields(buffer, start, end):
        if field == _META_INFO:
            found.extend(
                buffer[c:d].decode("utf-8", "replace") for inner, c, d in fields(buffer, a, b) if inner == _INFO_TAG
            )
    return tuple(sorted(found))


class _MetaGraphReader:
    """One pass over a MetaGraphDef."""

    def __init__(self, buffer: Buffer, source: ByteSource) -> None:
        self._buffer = buffer
        self._source = source
        self._attrs = AttrReader(buffer, source)
        self._tags: list[str] = []
        self._tensorflow = ""
        self._signatures: dict[str, Signature] = {}
        self._collections: dict[str, tuple[str, ...]] = {}
        self._assets: list[str] = []
        self._restore_op = ""
        self._stripped = False

    def read(self, start: int, end: int) -> MetaGraph:
        graph = Graph()
        try:
            for field, a, b in fields(self._buffer, start, end):
                if field == _GRAPH_DEF:
                    graph = parse_graphdef(self._buffer, a, b, self._source)
                elif field == _META_INFO:
                    self._meta_info(a, b)
                elif field == _SIGNATURE:
                    key, signature = self._entry(a, b, self._signature, Signature())
                    self._signatures[key] = signature
                elif field == _COLLECTION:
                    key, nodes = self._entry(a, b, self._collection, None)
                    if nodes is not None:
                        self._collections[key] = nodes
                elif field == _ASSET:
                    self._asset(a, b)
                elif field == _SAVER:
                    self._restore_op = parse_saver(self._buffer, a, b)
        except GraphDefError:
            raise
        except WireError as error:
            raise GraphDefError(error, len(graph.nodes)) from None
        return MetaGraph(
            graph,
            tuple(sorted(self._tags)),
            dict(sorted(self._signatures.items())),
            self._initializers(),
            tuple(sorted(dict.fromkeys(self._assets))),
            self._tensorflow,
            dict(sorted(self._collections.items())),
            self._restore_op,
            self._stripped,
        )

    def _initializers(self) -> tuple[str, ...]:
        signature = self._signatures.get(INIT_SIGNATURE)
        if signature is not None:
            return tuple(input_node(info.name) for info in signature.outputs.values() if info.name)
        return next((self._collections[key] for key in INIT_COLLECTIONS if key in self._collections), ())

    def _meta_info(self, start: int, end: int) -> None:
        for field, a, b in fields(self._buffer, start, end):
            if field == _INFO_TAG:
                self._tags.append(self._attrs.name(a, b))
            elif field == _INFO_TENSORFLOW:
                self._tensorflow = self._attrs.name(a, b)
            elif field == _INFO_STRIPPED:
                self._stripped = a != 0

    def _entry(self, start: int, end: int, read: Callable[[int, int], _T], empty: _T) -> tuple[str, _T]:
        """Key and value of a map's entry; ``empty`` where there is no value. An error inside names the key."""
        key = ""
        value = empty
        try:
            for field, a, b in fields(self._buffer, start, end):
                if field == _KEY:
                    key = self._attrs.name(a, b)
                elif field == _VALUE:
                    value = read(a, b)
        except WireError as error:
            raise WireError(error.offset, f"{key!r}: {error.problem}" if key else error.problem, error.end) from None
        return key, value

    def _collection(self, start: int, end: int) -> tuple[str, ...] | None:
        """The node names of a collection that lists nodes, else None; assets are noted on the way."""
        nodes: list[str] | None = None
        for field, a, b in fields(self._buffer, start, end):
            if field == _NODE_LIST:
                values = [self._attrs.name(c, d) for inner, c, d in fields(self._buffer, a, b) if inner == _LIST_VALUE]
                nodes = [*(nodes or ()), *values]
            elif field == _ANY_LIST:
                for inner, c, d in fields(self._buffer, a, b):
                    if inner == _LIST_VALUE:
                        self._any(c, d)
        return None if nodes is None else tuple(nodes)

    def _any(self, start: int, end: int) -> None:
        url = ""
        content = (start, start)
        for field, a, b in fields(self._buffer, start, end):
            if field == _ANY_TYPE:
                url = self._attrs.name(a, b)
            elif field == _ANY_CONTENT:
                content = a, b
        if url.rpartition("/")[2] == "tensorflow.AssetFileDef":
            self._asset(*content)

    def _asset(self, start: int, end: int) -> None:
        self._assets.extend(
            self._attrs.name(a, b) for field, a, b in fields(self._buffer, start, end) if field == _ASSET_FILE_NAME
        )

    def _signature(self, start: int, end: int) -> Signature:
        inputs: dict[str, TensorInfo] = {}
        outputs: dict[str, TensorInfo] = {}
        method = ""
        for field, a, b in fields(self._buffer, start, end):
            if field in (_SIGNATURE_INPUT, _SIGNATURE_OUTPUT):
                key, info = self._entry(a, b, self._tensor_info, TensorInfo(""))
                (inputs if field == _SIGNATURE_INPUT else outputs)[key] = info
            elif field == _SIGNATURE_METHOD:
                method = self._attrs.name(a, b)
        return Signature(dict(sorted(inputs.items())), dict(sorted(outputs.items())), method)

    def _tensor_info(self, start: int, end: int, depth: int = 0) -> TensorInfo:
        if depth > MAX_COMPOSITE_NESTING:
            raise WireError(start, f"composite tensors are nested more than {MAX_COMPOSITE_NESTING} deep")
        name = ""
        dtype = shape = None
        components: dict[str, TensorInfo] = {}
        for field, a, b in fields(self._buffer, start, end):
            if field == _TENSOR_NAME:
                name = self._attrs.name(a, b)
            elif field == _TENSOR_DTYPE and a:
                dtype = self._attrs.data_type(a, start)
            elif field == _TENSOR_SHAPE:
                shape = self._attrs.shape(a, b)
            elif field == _COO_SPARSE:
                for inner, c, d in fields(self._buffer, a, b):
                    if inner in _COO_PARTS:
                        components[_COO_PARTS[inner]] = TensorInfo(self._attrs.name(c, d))
            elif field == _COMPOSITE:
                for inner, c, d in fields(self._buffer, a, b):
                    if inner == _COMPONENT:
                        components[str(len(components))] = self._tensor_info(c, d, depth + 1)
        return TensorInfo(name, dtype, shape, components)
