"""GraphDef in protobuf's text format. The one place of model reading that loads protobuf."""

from __future__ import annotations

from google.protobuf import text_format
from google.protobuf.message import EncodeError

from kernel_index.errors import InputError, Place
from opselect.formats.recognize import WHAT_IS_READ, recognize_text
from opselect.proto import message_class


def encode_text_graphdef(text: str, path: str) -> bytes:
    """The text's GraphDef in wire format, so that both forms are read by one reader.

    Fields that our schema lacks are left out: newer releases write them, and kernels do not depend on them. Raises
    InputError with line and column.
    """
    message = message_class("GraphDef")()
    try:
        text_format.Parse(text, message, allow_unknown_field=True)
        encoded = message.SerializeToString(deterministic=True)
    except text_format.ParseError as error:
        line = error.GetLine()
        column = error.GetColumn()
        reason = str(error).removeprefix(f"{line}:{column} : ")
        where = f" (column {column})" if column else ""
        raise _no_graph(Place(path, line=line), text, f"is no GraphDef in text{where}: {reason}") from None
    except (RecursionError, EncodeError):
        raise _no_graph(Place(path), text, "the text is nested deeper than any graph") from None
    except ValueError as error:
        raise _no_graph(Place(path), text, f"is no GraphDef in text: {error}") from None
    if not encoded:
        raise _no_graph(Place(path), text, "this text holds no graph")
    return encoded


def _no_graph(place: Place, text: str, problem: str) -> InputError:
    kind = recognize_text(text)
    if kind is not None:
        return InputError(place.path, f"is no GraphDef, it looks like {kind.what}", kind.advice)
    return InputError(place, problem, WHAT_IS_READ)
