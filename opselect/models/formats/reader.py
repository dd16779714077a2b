"""A file that holds one protobuf message, a GraphDef, MetaGraphDef or SavedModel → its graphs, binary or text."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_index.errors import InputError, Place
from opselect.models.formats.graphdef import GraphDefError, parse_graphdef
from opselect.models.formats.meta_graph import meta_graph_ranges, parse_meta_graph, read_tags
from opselect.models.formats.recognize import (
    GRAPH_DEF,
    META_GRAPH,
    SAVED_MODEL,
    WHAT_IS_READ,
    is_text,
    recognize_binary,
    recognize_text,
)
from opselect.models.formats.wire import Buffer, WireError
from opselect.models.graph.meta_graph import MetaGraph
from opselect.models.graph.model import Graph
from opselect.models.graph.values import ByteSource
from opselect.models.storage import MemoryBytes, OpenFile

_DAMAGED = "The file is damaged: copy or export it again."
_CUT_SHORT = "The file is cut short, perhaps by a copy or download that stopped: get it again."
FREEZE_FIRST = "`opselect freeze` makes a GraphDef of it."
_MESSAGES = {GRAPH_DEF: "GraphDef", META_GRAPH: "MetaGraphDef", SAVED_MODEL: "SavedModel"}


@dataclass(frozen=True, slots=True)
class Message:
    """A message in wire format: ``format`` says which, ``source`` reads parts of the buffer when it is closed."""

    path: str
    format: str
    buffer: Buffer
    source: ByteSource
    text: bool = False


def message_of(file: OpenFile, expected: str = "") -> Message:
    """The message in a file, recognized by content; text is encoded.

    Raises InputError for whatever is known to be something else than a message, or than the ``expected`` one.
    """
    if is_text(file.buffer):
        message = _encoded(file.buffer[:], file.path)
    else:
        kind = recognize_binary(file.buffer)
        found = kind.format if kind else expected or GRAPH_DEF
        if kind is not None and found not in _MESSAGES:
            problem = f"is no model that can be read as it is, it looks like {kind.what}"
            raise InputError(file.path, problem, kind.advice)
        message = Message(file.path, found, file.buffer, file.source)
    if expected and message.format != expected:
        raise InputError(file.path, f"is no {_MESSAGES[expected]}, it is a {_MESSAGES[message.format]}", WHAT_IS_READ)
    return message


def read_graphdef(message: Message) -> Graph:
    """The graph of a GraphDef; InputError for another message, and for one that is damaged or empty."""
    if message.format != GRAPH_DEF:
        raise InputError(message.path, f"is no GraphDef, it is a {_MESSAGES[message.format]}", FREEZE_FIRST)
    try:
        graph = parse_graphdef(message.buffer, [(0, len(message.buffer))], message.source)
    except GraphDefError as error:
        raise _broken(message, error) from None
    return _with_nodes(graph, message.path)


def read_meta_graphs(message: Message, tags: frozenset[str] | None = None) -> tuple[MetaGraph, ...]:
    """Every MetaGraph of a message, in the order of the file; a GraphDef is one without tags.

    With ``tags`` only the one that has just these, and nothing of the others is read. InputError as above.
    """
    if message.format == GRAPH_DEF:
        return (MetaGraph(read_graphdef(message)),)
    buffer = message.buffer
    try:
        ranges = [(0, len(buffer))]
        if message.format == SAVED_MODEL:
            ranges = list(meta_graph_ranges(buffer, 0, len(buffer)))
        if tags is not None:
            ranges = [(a, b) for a, b in ranges if set(read_tags(buffer, a, b)) == tags]
        found = tuple(parse_meta_graph(buffer, a, b, message.source) for a, b in ranges)
    except WireError as error:
        raise _broken(message, error) from None
    if not found and tags is None:
        raise InputError(message.path, "holds no MetaGraph", _DAMAGED)
    for meta_graph in found:
        _with_nodes(meta_graph.graph, message.path)
    return found


def tag_sets(message: Message) -> tuple[tuple[str, ...], ...]:
    """The tags of every MetaGraph of a message, nothing else of it read."""
    buffer = message.buffer
    try:
        if message.format == SAVED_MODEL:
            return tuple(read_tags(buffer, a, b) for a, b in meta_graph_ranges(buffer, 0, len(buffer)))
        return (read_tags(buffer, 0, len(buffer)),) if message.format == META_GRAPH else ((),)
    except WireError as error:
        raise _broken(message, error) from None


def _encoded(data: bytes, path: str) -> Message:
    from opselect.models.formats.text import encode_text  # protobuf takes longer to load than most graphs

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Place(path, byte=error.start), "the text is not valid UTF-8", WHAT_IS_READ) from None
    kind = recognize_text(text)
    if kind is not None and kind.format not in _MESSAGES:
        raise InputError(path, f"is no model that can be read as it is, it looks like {kind.what}", kind.advice)
    found = kind.format if kind else GRAPH_DEF
    encoded = encode_text(text, path, _MESSAGES[found])
    return Message(path, found, encoded, MemoryBytes(encoded, path), text=True)


def _broken(message: Message, error: WireError) -> InputError:
    name = _MESSAGES[message.format]
    if message.text:
        return InputError(message.path, error.problem, WHAT_IS_READ)
    place = Place(message.path, byte=error.offset)
    cut_short = error.end == len(message.buffer)
    nodes_read = error.nodes_read if isinstance(error, GraphDefError) else 0
    if message.format == GRAPH_DEF and not nodes_read and not (cut_short and _begins_with_node(message.buffer)):
        return InputError(place, f"is no GraphDef: {error.problem}", WHAT_IS_READ)
    if cut_short:
        done = f"the {name} is truncated after {nodes_read:,} nodes" if nodes_read else f"the {name} is truncated"
        return InputError(place, f"{done}: {error.problem}", _CUT_SHORT)
    return InputError(place, error.problem, _DAMAGED)


def _with_nodes(graph: Graph, path: str) -> Graph:
    if not graph.nodes and not graph.functions:
        raise InputError(path, "holds no nodes", WHAT_IS_READ)
    return graph


def _begins_with_node(buffer: Buffer) -> bool:
    """Whether the first bytes are those of a node, as far as one can tell when the rest of it is missing."""
    head = buffer[:16]
    if head[:1] != b"\n":
        return False
    rest = head[1:].lstrip(bytes(range(0x80, 0x100)))[1:]
    return rest[:1] in (b"\n", b"")
