"""``SaverDef`` messages, in a MetaGraphDef or a file of their own: which node restores the variables of a graph.

Source of the field numbers: ``protobuf/saver.proto``.
"""

from __future__ import annotations

from collections.abc import Sequence

from kernel_index.errors import InputError, Place
from opselect.models.formats.recognize import is_text
from opselect.models.formats.wire import LENGTH, Buffer, Span, WireError, merged_fields, tag
from opselect.models.graph.references import input_node
from opselect.models.storage import open_file

_RESTORE_OP = tag(3, LENGTH)
_WHAT_IS_READ = "Pass the SaverDef of the graph, binary or text, or leave it out."


def parse_saver(buffer: Buffer, spans: Sequence[Span]) -> str:
    """The node that a saver runs to restore variables, empty where it names none; WireError where it is broken."""
    restore_op = ""
    for field, a, b in merged_fields(buffer, spans):
        if field == _RESTORE_OP:
            try:
                restore_op = buffer[a:b].decode()
            except UnicodeDecodeError as error:
                raise WireError(a + error.start, "a name is not valid UTF-8") from None
    return input_node(restore_op)


def read_saver(path: str) -> str:
    """The restore node of the SaverDef in a file, recognized by content.

    Raises InputError for what is no SaverDef and for one that names no such node.
    """
    with open_file(path) as file:
        try:
            if is_text(file.buffer):
                from opselect.models.formats.text import encode_text

                data = encode_text(file.buffer[:].decode(), path, "SaverDef")
                restore_op = parse_saver(data, [(0, len(data))])
            else:
                restore_op = parse_saver(file.buffer, [(0, len(file.buffer))])
        except WireError as error:
            raise InputError(
                Place(path, byte=error.offset), f"is no SaverDef: {error.problem}", _WHAT_IS_READ
            ) from None
        except UnicodeDecodeError as error:
            raise InputError(Place(path, byte=error.start), "the text is not valid UTF-8", _WHAT_IS_READ) from None
    if not restore_op:
        raise InputError(path, "is no SaverDef: it names no restore op", _WHAT_IS_READ)
    return restore_op
