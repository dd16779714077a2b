"""Bytes → messages of other schemas than ours, for rooms that do not know protobuf."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from opselect.models.formats.wire import WireError

_Message = TypeVar("_Message", bound=Message)


def parse_message(kind: type[_Message], data: bytes) -> _Message:
    """A message of a class that protoc made. Raises WireError where the bytes are none."""
    message = kind()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise WireError(0, str(error)) from None
    return message
