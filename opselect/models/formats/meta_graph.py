"""``MetaGraphDef`` messages → MetaGraph, straight off the wire, the graph as :mod:`graphdef` reads it.

Source of the field numbers: ``protobuf/meta_graph.proto`` and ``protobuf/saved_model.proto``; of what a loader runs
first: ``cc/saved_model/loader_util.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from opselect.models.formats.attr_values import AttrReader
from opselect.models.formats.graphdef import GraphDefError, parse_graphdef
from opselect.models.formats.saver_def import parse_saver
from opselect.models.formats.wire import LENGTH, VARINT, Buffer, Span, WireError, fields, merged_fields, tag
from opselect.models.graph.meta_graph import MetaGraph, Signature, TensorInfo
from opselect.models.graph.model import Graph
from opselect.models.graph.references import input_node
from opselect.models.graph.values import ByteSource

INIT_SIGNATURE = "__saved_model_init_op"
"""The signature under which 2.x keeps what a loader runs first; no program calls it, so it is none of a MetaGraph."""
INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")
"""The collections under which 1.x keeps it, the one that counts first."""
MAX_COMPOSITE_NESTING = 30

_SAVED_MODEL_META_GRAPH = tag(2, LENGTH)
_META_INFO, _GRAPH_DEF, _SAVER, _COLLECTION, _SIGNATURE, _ASSET = (tag(field, LENGTH) for field in range(1, 7))
_INFO_TAG, _INFO_TENSORFLOW, _INFO_STRIPPED = tag(4, LENGTH), tag(5, LENGTH), tag(7, VARINT)
_KEY, _VALUE = tag(1, LENGTH), tag(2, LENGTH)
_COLLECTION_LISTS = _NODE_LIST, _, _, _, _ANY_LIST = tuple(tag(field, LENGTH) for field in range(1, 6))
_LIST_VALUE = tag(1, LENGTH)
_ANY_TYPE, _ANY_CONTENT = tag(1, LENGTH), tag(2, LENGTH)
_ASSET_FILE_NAME = tag(2, LENGTH)
_SIGNATURE_INPUT, _SIGNATURE_OUTPUT, _SIGNATURE_METHOD = (tag(field, LENGTH) for field in (1, 2, 3))
_TENSOR_NAME, _TENSOR_DTYPE, _TENSOR_SHAPE = tag(1, LENGTH), tag(2, VARINT), tag(3, LENGTH)
_COO_SPARSE, _COMPOSITE, _COMPONENT = tag(4, LENGTH), tag(5, LENGTH), tag(2, LENGTH)
_COO_PARTS = {tag(1, LENGTH): "values", tag(2, LENGTH): "indices", tag(3, LENGTH): "dense_shape"}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Collection:
    """What a ``CollectionDef`` lists: names of nodes, None where it lists something else, or asset files."""

    nodes: tuple[str, ...] | None = None
    assets: tuple[Span, ...] = ()


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
    """One pass over a MetaGraphDef. What occurs twice is merged, as :func:`merged_fields` explains."""

    def __init__(self, buffer: Buffer, source: ByteSource) -> None:
        self._buffer = buffer
        self._source = source
        self._attrs = AttrReader(buffer, source)
        self._tags: list[str] = []
        self._tensorflow = ""
        self._signatures: dict[str, Signature] = {}
        self._collections: dict[str, _Collection] = {}
        self._stripped = False

    def read(self, start: int, end: int) -> MetaGraph:
        graph: list[Span] = []
        saver: list[Span] = []
        assets: list[Span] = []
        try:
            for field, a, b in fields(self._buffer, start, end):
                if field == _GRAPH_DEF:
                    graph.append((a, b))
                elif field == _META_INFO:
                    self._meta_info(a, b)
                elif field == _SIGNATURE:
                    key, signature = self._entry(a, b, self._signature)
                    self._signatures[key] = signature
                elif field == _COLLECTION:
                    key, collection = self._entry(a, b, self._collection)
                    self._collections[key] = collection
                elif field == _ASSET:
                    assets.append((a, b))
                elif field == _SAVER:
                    saver.append((a, b))
            restore_op = parse_saver(self._buffer, saver)
            for collection in self._collections.values():
                assets.extend(collection.assets)
            asset_names = {self._asset(a, b) for a, b in assets}
        except WireError as error:
            raise GraphDefError(error, len(self._graph(graph).nodes)) from None
        return MetaGraph(
            self._graph(graph),
            tuple(sorted(self._tags)),
            {key: each for key, each in sorted(self._signatures.items()) if key != INIT_SIGNATURE},
            self._initializers(),
            tuple(sorted(filter(None, asset_names))),
            self._tensorflow,
            self._node_lists(),
            restore_op,
            self._stripped,
        )

    def _graph(self, spans: Sequence[Span]) -> Graph:
        return parse_graphdef(self._buffer, spans, self._source)

    def _node_lists(self) -> dict[str, tuple[str, ...]]:
        lists = {key: collection.nodes for key, collection in sorted(self._collections.items())}
        return {key: nodes for key, nodes in lists.items() if nodes is not None}

    def _initializers(self) -> tuple[str, ...]:
        signature = self._signatures.get(INIT_SIGNATURE)
        if signature is not None:
            return tuple(input_node(info.name) for info in signature.outputs.values() if info.name)
        lists = self._node_lists()
        return next((lists[key] for key in INIT_COLLECTIONS if key in lists), ())

    def _meta_info(self, start: int, end: int) -> None:
        for field, a, b in fields(self._buffer, start, end):
            if field == _INFO_TAG:
                self._tags.append(self._attrs.name(a, b))
            elif field == _INFO_TENSORFLOW:
                self._tensorflow = self._attrs.name(a, b)
            elif field == _INFO_STRIPPED:
                self._stripped = a != 0

    def _entry(self, start: int, end: int, read: Callable[[Sequence[Span]], _T]) -> tuple[str, _T]:
        """Key and value of a map's entry, an empty value where there is none. An error inside names the key."""
        key = ""
        value: list[Span] = []
        try:
            for field, a, b in fields(self._buffer, start, end):
                if field == _KEY:
                    key = self._attrs.name(a, b)
                elif field == _VALUE:
                    value.append((a, b))
            return key, read(value)
        except WireError as error:
            raise WireError(error.offset, f"{key!r}: {error.problem}" if key else error.problem, error.end) from None

    def _collection(self, spans: Sequence[Span]) -> _Collection:
        """Of its lists, each of another kind, the last one counts."""
        kind = 0
        nodes: list[str] = []
        assets: list[Span] = []
        for field, a, b in merged_fields(self._buffer, spans):
            if field not in _COLLECTION_LISTS:
                continue
            if field != kind:
                kind, nodes, assets = field, [], []
            for inner, c, d in fields(self._buffer, a, b):
                if inner == _LIST_VALUE and kind == _NODE_LIST:
                    nodes.append(self._attrs.name(c, d))
                elif inner == _LIST_VALUE and kind == _ANY_LIST:
                    assets.extend(self._any(c, d))
        return _Collection(tuple(nodes) if kind == _NODE_LIST else None, tuple(assets))

    def _any(self, start: int, end: int) -> Sequence[Span]:
        """Where the ``AssetFileDef`` stands that an ``Any`` holds; nothing where it holds something else."""
        url = ""
        content = (start, start)
        for field, a, b in fields(self._buffer, start, end):
            if field == _ANY_TYPE:
                url = self._attrs.name(a, b)
            elif field == _ANY_CONTENT:
                content = a, b
        return [content] if url.rpartition("/")[2] == "tensorflow.AssetFileDef" else []

    def _asset(self, start: int, end: int) -> str:
        name = ""
        for field, a, b in fields(self._buffer, start, end):
            if field == _ASSET_FILE_NAME:
                name = self._attrs.name(a, b)
        return name

    def _signature(self, spans: Sequence[Span]) -> Signature:
        inputs: dict[str, TensorInfo] = {}
        outputs: dict[str, TensorInfo] = {}
        method = ""
        for field, a, b in merged_fields(self._buffer, spans):
            if field in (_SIGNATURE_INPUT, _SIGNATURE_OUTPUT):
                key, info = self._entry(a, b, self._tensor_info)
                (inputs if field == _SIGNATURE_INPUT else outputs)[key] = info
            elif field == _SIGNATURE_METHOD:
                method = self._attrs.name(a, b)
        return Signature(dict(sorted(inputs.items())), dict(sorted(outputs.items())), method)

    def _tensor_info(self, spans: Sequence[Span], depth: int = 0) -> TensorInfo:
        if depth > MAX_COMPOSITE_NESTING:
            raise WireError(spans[0][0], f"composite tensors are nested more than {MAX_COMPOSITE_NESTING} deep")
        dtype = None
        shape: list[Span] = []
        encoding = 0  # of name, sparse and composite tensor the last one counts
        name = ""
        pieces: list[Span] = []
        for field, a, b in merged_fields(self._buffer, spans):
            if field == _TENSOR_DTYPE:
                dtype = self._attrs.data_type(a, b) if a else None
            elif field == _TENSOR_SHAPE:
                shape.append((a, b))
            elif field in (_TENSOR_NAME, _COO_SPARSE, _COMPOSITE):
                if field != encoding:
                    self._components(encoding, pieces, depth)  # an error also where another encoding replaces it
                    encoding, name, pieces = field, "", []
                if field == _TENSOR_NAME:
                    name = self._attrs.name(a, b)
                else:
                    pieces.append((a, b))
        components = self._components(encoding, pieces, depth)
        return TensorInfo(name, dtype, self._attrs.shape(shape) if shape else None, components)

    def _components(self, encoding: int, spans: Sequence[Span], depth: int) -> dict[str, TensorInfo]:
        """The tensors that make up a sparse or composite one."""
        components: dict[str, TensorInfo] = {}
        sparse: dict[str, str] = {}
        for field, a, b in merged_fields(self._buffer, spans):
            if encoding == _COO_SPARSE and field in _COO_PARTS:
                sparse[_COO_PARTS[field]] = self._attrs.name(a, b)
            elif encoding == _COMPOSITE and field == _COMPONENT:
                components[str(len(components))] = self._tensor_info([(a, b)], depth + 1)
        return components | {part: TensorInfo(name) for part, name in sparse.items() if name}
