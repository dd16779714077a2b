"""``GraphDef`` messages → Graph, straight off the wire: only node headers are read, tensors stay where they are.

Source of the field numbers: ``framework/{graph,node_def,function,op_def,versions}.proto``.
"""

from __future__ import annotations

from collections.abc import Sequence

from opselect.models.formats.attr_values import AttrReader
from opselect.models.formats.wire import (
    LENGTH,
    VARINT,
    Buffer,
    Span,
    WireError,
    fields,
    merged_fields,
    read_varint,
    signed32,
    tag,
)
from opselect.models.graph.model import FunctionArg, FunctionDefinition, Graph, Node, Versions
from opselect.models.graph.values import ByteSource, NodeAttr, StoredBytes

_GRAPH_NODE, _GRAPH_LIBRARY = tag(1, LENGTH), tag(2, LENGTH)
_GRAPH_OLD_VERSION, _GRAPH_VERSIONS = tag(3, VARINT), tag(4, LENGTH)
_NODE_NAME, _NODE_OP, _NODE_INPUT = tag(1, LENGTH), tag(2, LENGTH), tag(3, LENGTH)
_NODE_DEVICE, _NODE_ATTR = tag(4, LENGTH), tag(5, LENGTH)
_LIBRARY_FUNCTION, _LIBRARY_GRADIENT = tag(1, LENGTH), tag(2, LENGTH)
_PRODUCER, _MIN_CONSUMER, _BAD_CONSUMER = tag(1, VARINT), tag(2, VARINT), tag(3, VARINT)
_BAD_CONSUMERS_PACKED = tag(3, LENGTH)
_FUNCTION_SIGNATURE, _FUNCTION_NODE, _FUNCTION_RET = tag(1, LENGTH), tag(3, LENGTH), tag(4, LENGTH)
_FUNCTION_ATTR, _FUNCTION_CONTROL_RET, _FUNCTION_ARG_ATTR = tag(5, LENGTH), tag(6, LENGTH), tag(7, LENGTH)
_OP_NAME, _OP_INPUT, _OP_OUTPUT, _OP_ATTR = tag(1, LENGTH), tag(2, LENGTH), tag(3, LENGTH), tag(4, LENGTH)
_OP_STATEFUL = tag(17, VARINT)
_ARG_ATTR_POSITION, _ARG_ATTR_VALUE, _ARG_ATTR_ENTRY = tag(1, VARINT), tag(2, LENGTH), tag(1, LENGTH)
_ARG_NAME, _ARG_TYPE, _ARG_TYPE_ATTR = tag(1, LENGTH), tag(3, VARINT), tag(4, LENGTH)
_ARG_NUMBER_ATTR, _ARG_TYPE_LIST_ATTR, _ARG_IS_REF = tag(5, LENGTH), tag(6, LENGTH), tag(16, VARINT)
_ATTR_NAME, _ATTR_TYPE, _ATTR_DEFAULT = tag(1, LENGTH), tag(2, LENGTH), tag(3, LENGTH)
_FIRST, _SECOND = tag(1, LENGTH), tag(2, LENGTH)


class GraphDefError(WireError):
    """A GraphDef is broken; ``nodes_read`` says how many nodes were fine before."""

    def __init__(self, error: WireError, nodes_read: int) -> None:
        super().__init__(error.offset, error.problem, error.end)
        self.nodes_read = nodes_read


def parse_graphdef(buffer: Buffer, spans: Sequence[Span], source: ByteSource) -> Graph:
    """The graph whose pieces stand there in a buffer; its tensors refer to ``source`` by their offset in the buffer.

    Raises GraphDefError with the byte and, where it is inside a node, that node's name.
    """
    reader = _GraphDefReader(buffer, source)
    try:
        reader.graph(spans)
        versions = reader.versions()
    except WireError as error:
        raise GraphDefError(error, len(reader.nodes)) from None
    return Graph(tuple(reader.nodes), tuple(reader.functions), reader.gradients, versions)


def parse_nodedef(buffer: Buffer, start: int, end: int, source: ByteSource, *, needs_op: bool = True) -> Node:
    """The single node in ``buffer[start:end]``, which needs no name.

    Raises WireError with the byte where the bytes are no NodeDef.
    """
    return _GraphDefReader(buffer, source).node(start, end, needs_name=False, needs_op=needs_op)


class _GraphDefReader:
    """One pass over a GraphDef. What occurs twice is merged, as :func:`merged_fields` explains."""

    def __init__(self, buffer: Buffer, source: ByteSource) -> None:
        self._buffer = buffer
        self._source = source
        self._attrs = AttrReader(buffer, source)
        self.nodes: list[Node] = []
        self.functions: list[FunctionDefinition] = []
        self.gradients: dict[str, str] = {}
        self._versions: list[Span] = []
        self._old_version = 0

    def graph(self, spans: Sequence[Span]) -> None:
        for field, a, b in merged_fields(self._buffer, spans):
            if field == _GRAPH_NODE:
                self.nodes.append(self.node(a, b))
            elif field == _GRAPH_LIBRARY:
                self._library(a, b)
            elif field == _GRAPH_VERSIONS:
                self._versions.append((a, b))
            elif field == _GRAPH_OLD_VERSION:
                self._old_version = signed32(a)

    def node(self, start: int, end: int, *, needs_name: bool = True, needs_op: bool = True) -> Node:
        name = op = device = ""
        inputs: list[str] = []
        attrs: dict[str, NodeAttr] = {}
        try:
            for field, a, b in fields(self._buffer, start, end):
                if field == _NODE_INPUT:
                    inputs.append(self._attrs.name(a, b))
                elif field == _NODE_ATTR:
                    self._attrs.entry(a, b, attrs)
                elif field == _NODE_NAME:
                    name = self._attrs.name(a, b)
                elif field == _NODE_OP:
                    op = self._attrs.word(a, b)
                elif field == _NODE_DEVICE:
                    device = self._attrs.word(a, b)
            if needs_name and not name:
                raise WireError(start, "a node has no name")
            if needs_op and not op:
                raise WireError(start, "a node has no op")
        except WireError as error:
            where = f"node {name!r}: " if name else ""
            raise WireError(error.offset, where + error.problem, error.end) from None
        return Node(name, op, tuple(inputs), device, attrs)

    def versions(self) -> Versions:
        """Of a graph that says it the old way, the field ``version`` is its producer's."""
        producer = min_consumer = 0
        bad: list[int] = []
        for field, a, b in merged_fields(self._buffer, self._versions):
            if field == _PRODUCER:
                producer = signed32(a)
            elif field == _MIN_CONSUMER:
                min_consumer = signed32(a)
            elif field == _BAD_CONSUMER:
                bad.append(signed32(a))
            elif field == _BAD_CONSUMERS_PACKED:
                while a < b:
                    number, a = read_varint(self._buffer, a, b)
                    bad.append(signed32(number))
        return Versions(producer or self._old_version, min_consumer, tuple(bad))

    def _library(self, start: int, end: int) -> None:
        for field, a, b in fields(self._buffer, start, end):
            if field == _LIBRARY_FUNCTION:
                self.functions.append(self._function(a, b))
            elif field == _LIBRARY_GRADIENT:
                function, gradient = self._string_pair(a, b)
                self.gradients[function] = gradient

    def _string_pair(self, start: int, end: int) -> tuple[str, str]:
        first = second = ""
        for field, a, b in fields(self._buffer, start, end):
            if field == _FIRST:
                first = self._attrs.name(a, b)
            elif field == _SECOND:
                second = self._attrs.name(a, b)
        return first, second

    def _function(self, start: int, end: int) -> FunctionDefinition:
        name = ""
        inputs: list[FunctionArg] = []
        outputs: list[FunctionArg] = []
        nodes: list[Node] = []
        attr_types: dict[str, str] = {}
        attr_defaults: dict[str, NodeAttr] = {}
        attrs: dict[str, NodeAttr] = {}
        arg_attrs: dict[int, dict[str, NodeAttr]] = {}
        stateful = False
        returns: list[tuple[str, str]] = []
        control_returns: list[tuple[str, str]] = []
        try:
            for field, a, b in fields(self._buffer, start, end):
                if field == _FUNCTION_NODE:
                    nodes.append(self.node(a, b))
                elif field == _FUNCTION_RET:
                    returns.append(self._string_pair(a, b))
                elif field == _FUNCTION_CONTROL_RET:
                    control_returns.append(self._string_pair(a, b))
                elif field == _FUNCTION_ATTR:
                    self._attrs.entry(a, b, attrs)
                elif field == _FUNCTION_ARG_ATTR:
                    self._arg_attrs(a, b, arg_attrs)
                elif field == _FUNCTION_SIGNATURE:
                    for inner, c, d in fields(self._buffer, a, b):
                        if inner == _OP_NAME:
                            name = self._attrs.name(c, d)
                        elif inner == _OP_INPUT:
                            inputs.append(self._arg(c, d))
                        elif inner == _OP_OUTPUT:
                            outputs.append(self._arg(c, d))
                        elif inner == _OP_ATTR:
                            self._signature_attr(c, d, attr_types, attr_defaults)
                        elif inner == _OP_STATEFUL:
                            stateful = c != 0
            if not name:
                raise WireError(start, "a function has no name")
        except WireError as error:
            where = f"function {name!r}: " if name else ""
            raise WireError(error.offset, where + error.problem, error.end) from None
        return FunctionDefinition(
            name,
            tuple(inputs),
            tuple(outputs),
            tuple(nodes),
            dict(returns),
            dict(control_returns),
            attr_types,
            attr_defaults,
            attrs,
            arg_attrs,
            stateful,
            StoredBytes(self._source, start, end - start),
        )

    def _arg_attrs(self, start: int, end: int, arg_attrs: dict[int, dict[str, NodeAttr]]) -> None:
        """One entry of ``map<uint32, ArgAttrs>``."""
        position = 0
        found: dict[str, NodeAttr] = {}
        for field, a, b in fields(self._buffer, start, end):
            if field == _ARG_ATTR_POSITION:
                position = a & 0xFFFF_FFFF
            elif field == _ARG_ATTR_VALUE:
                for inner, c, d in fields(self._buffer, a, b):
                    if inner == _ARG_ATTR_ENTRY:
                        self._attrs.entry(c, d, found)
        arg_attrs[position] = found

    def _arg(self, start: int, end: int) -> FunctionArg:
        name = type_attr = number_attr = type_list_attr = ""
        data_type = None
        is_ref = False
        for field, a, b in fields(self._buffer, start, end):
            if field == _ARG_NAME:
                name = self._attrs.name(a, b)
            elif field == _ARG_TYPE:
                data_type = self._attrs.data_type(a, start) if a else None
            elif field == _ARG_TYPE_ATTR:
                type_attr = self._attrs.word(a, b)
            elif field == _ARG_NUMBER_ATTR:
                number_attr = self._attrs.word(a, b)
            elif field == _ARG_TYPE_LIST_ATTR:
                type_list_attr = self._attrs.word(a, b)
            elif field == _ARG_IS_REF:
                is_ref = a != 0
        return FunctionArg(name, data_type, type_attr, number_attr, type_list_attr, is_ref)

    def _signature_attr(
        self, start: int, end: int, attr_types: dict[str, str], attr_defaults: dict[str, NodeAttr]
    ) -> None:
        name = attr_type = ""
        default: list[Span] = []
        for field, a, b in fields(self._buffer, start, end):
            if field == _ATTR_NAME:
                name = self._attrs.word(a, b)
            elif field == _ATTR_TYPE:
                attr_type = self._attrs.word(a, b)
            elif field == _ATTR_DEFAULT:
                default.append((a, b))
        attr_types[name] = attr_type
        value = self._attrs.value(default)
        if value is not None:
            attr_defaults[name] = value
