"""A model file → Graph, whatever form the file has."""

from __future__ import annotations

import os

from kernel_index.errors import InputError, Place
from opselect.formats.graphdef import GraphDefError, parse_graphdef
from opselect.formats.recognize import (
    WHAT_IS_READ,
    is_text,
    recognize_binary,
    recognize_directory,
)
from opselect.formats.wire import Buffer
from opselect.graph.model import Graph
from opselect.storage import MemoryBytes, OpenFile, list_folder, open_file

_DAMAGED = "The file is damaged: copy or export it again."
_CUT_SHORT = "The file is cut short, perhaps by a copy or download that stopped: get it again."


def read_graph(path: str | os.PathLike[str]) -> Graph:
    """The graph of a GraphDef file, binary or text, told apart by content.

    A binary file is read through a memory map: of its tensors only places and sizes are noted, so a graph of 500 MB
    costs little more than one without weights. Raises InputError for whatever is no readable GraphDef. The graph is
    as the file has it; :func:`opselect.graph.check_graph` says whether it makes sense.
    """
    name = os.fspath(path)
    names = list_folder(name)
    if names is not None:
        raise _directory_error(name, frozenset(names))
    with open_file(name) as file:
        if is_text(file.buffer):
            return _parse_text(file.buffer[:], name)
        return _parse_binary(file)


def _parse_binary(file: OpenFile) -> Graph:
    buffer = file.buffer
    kind = recognize_binary(buffer)
    if kind is not None:
        raise InputError(file.path, f"is no GraphDef, it looks like {kind.what}", kind.advice)
    try:
        graph = parse_graphdef(buffer, 0, len(buffer), file.source)
    except GraphDefError as error:
        place = Place(file.path, byte=error.offset)
        cut_short = error.end == len(buffer)
        if not error.nodes_read and not (cut_short and _begins_with_node(buffer)):
            raise InputError(place, f"is no GraphDef: {error.problem}", WHAT_IS_READ) from None
        if cut_short:
            done = f"the graph is truncated after {error.nodes_read:,} nodes"
            raise InputError(place, f"{done}: {error.problem}", _CUT_SHORT) from None
        raise InputError(place, error.problem, _DAMAGED) from None
    return _with_nodes(graph, file.path)


def _parse_text(data: bytes, path: str) -> Graph:
    from opselect.formats.graphdef_text import encode_text_graphdef  # protobuf takes longer to load than most graphs

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Place(path, byte=error.start), "the text is not valid UTF-8", WHAT_IS_READ) from None
    encoded = encode_text_graphdef(text, path)
    try:
        graph = parse_graphdef(encoded, 0, len(encoded), MemoryBytes(encoded, path))
    except GraphDefError as error:
        raise InputError(path, error.problem, WHAT_IS_READ) from None
    return _with_nodes(graph, path)


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


def _directory_error(path: str, names: frozenset[str]) -> InputError:
    kind = recognize_directory(names)
    if kind is None:
        return InputError(path, "is a folder", WHAT_IS_READ)
    return InputError(path, f"is a folder, it looks like {kind.what}", kind.advice)
