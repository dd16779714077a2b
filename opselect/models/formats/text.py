"""Models in protobuf's text format. The one place of model reading that loads protobuf."""

from __future__ import annotations

from google.protobuf import text_format
from google.protobuf.message import DecodeError, EncodeError

from kernel_index.errors import InputError, Place
from opselect.models.formats.recognize import WHAT_IS_READ
from opselect.models.formats.text_limits import check_memory, in_pieces
from opselect.models.proto import message_class, pool


def encode_text(text: str, path: str, message: str) -> bytes:
    """The text's message, such as ``GraphDef``, in wire format, so that both forms are read by one reader.

    Fields that our schema lacks are left out: newer releases write them, and kernels do not depend on them. Raises
    InputError with line and column, and MemoryError where there is too little memory for it.
    """
    given = text
    text = in_pieces(given)
    check_memory(text)
    parsed = message_class(message)()
    try:
        text_format.Parse(text, parsed, allow_unknown_field=True, descriptor_pool=pool())
        encoded = parsed.SerializeToString(deterministic=True)
    except text_format.ParseError as error:
        line = error.GetLine()
        column = error.GetColumn() if text is given else None
        reason = str(error).removeprefix(f"{line}:{error.GetColumn()} : ")
        where = f" (column {column})" if column else ""
        raise InputError(Place(path, line=line), f"is no {message} in text{where}: {reason}", WHAT_IS_READ) from None
    except (RecursionError, EncodeError):
        raise InputError(path, "the text is nested deeper than any graph", WHAT_IS_READ) from None
    except ValueError as error:
        raise InputError(path, f"is no {message} in text: {error}", WHAT_IS_READ) from None
    if not encoded:
        raise InputError(path, "this text holds no graph", WHAT_IS_READ)
    return encoded


def decode_text(encoded: bytes, message: str) -> str:
    """A message in wire format as text, as protobuf prints it; InputError for bytes that protobuf does not take."""
    try:
        parsed = message_class(message).FromString(encoded)
    except DecodeError as error:
        raise InputError(
            "the graph", f"cannot be written as text: {error}", "TensorFlow cannot read this graph either."
        ) from None
    return text_format.MessageToString(parsed, descriptor_pool=pool())
