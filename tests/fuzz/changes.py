"""What is done to a sound input: bytes, fields of messages, lines of text, always a little and by the same dice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from tests.opselect.graph_text import field as length_delimited
from tests.opselect.graph_text import varint

NUMBERS = (0, 1, 127, 128, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1)
"""Where lengths and counts go wrong."""

ACTING = (
    "\x1b]0;TITLE\x07", "\x1b[8;3;3t", "\x1bc", "\x07", "\x08", "\x00", "\x7f", "\x9b31m", "\x85", "\u202e", "\u2066",
    "\u200f", "\u2028",
)  # fmt: skip
"""What acts on a terminal, and is nothing that our own drawing prints."""

WORDS = (
    "", " ", "/", ":", "^", "^^a", "a", "x", "x:0", "x:1", "x:-1", "x:99999999999", "^x", "..", "../../up", "a b", "0",
    "-1", "loc:@x", "DT_FLOAT", "T", "value", "serve", "serving_default", "__saved_model_init_op", "{}", "{{ 7*7 }}",
    "%s", "\n", "\t", "n" * 5_000, "\u00fc\u4e2d", "https://me:secret@host/m?sig=secret",
)  # fmt: skip
"""Names that mean something, or nothing, to whoever reads them."""

_MAX_DEPTH = 40


def odd_word(choose: random.Random) -> str:
    """A name that acts, or an odd one, or both."""
    if choose.random() < 0.4:
        return choose.choice(WORDS)
    return choose.choice(WORDS) + choose.choice(ACTING) + choose.choice(("", "x", "31m"))


def changed_bytes(data: bytes, choose: random.Random) -> bytes:
    """Some bytes, a little different: bits flipped, a piece cut out, doubled, or replaced by an unusual number."""
    out = bytearray(data)
    for _ in range(choose.choice((1, 1, 1, 2, 5))):
        place = choose.randrange(len(out) + 1)
        length = choose.choice((1, 1, 2, 4, 20))
        kind = choose.randrange(6)
        if kind <= 1 and place < len(out):
            out[place] ^= 1 << choose.randrange(8)
        elif kind == 2:
            del out[place : place + length]
        elif kind == 3:
            out[place:place] = out[place : place + length]
        elif kind == 4:
            out[place : place + length] = choose.randbytes(length)
        else:
            out[place : place + choose.choice((0, 1))] = varint(choose.choice(NUMBERS))
    return bytes(out)


def cut(data: bytes, choose: random.Random) -> bytes:
    """The beginning of a file."""
    return data[: choose.randrange(len(data) + 1)]


def changed_text(data: bytes, choose: random.Random, tokens: Sequence[str]) -> bytes:
    """A text in which lines, words and ``tokens`` of its language are put in, taken out, doubled or swapped."""
    text = data
    for _ in range(choose.choice((1, 1, 2, 5))):
        at = choose.randrange(len(text) + 1)
        end = min(len(text), at + choose.choice((1, 1, 5, 40, 400)))
        kind = choose.randrange(8)
        if kind == 0:
            text = text[:at] + text[end:]
        elif kind == 1:
            text = text[:end] + text[at:]
        elif kind == 2:
            text = text[:at] + bytes([choose.randrange(256)]) + text[at + 1 :]
        elif kind in (3, 4):
            text = text[:at] + choose.choice(tokens).encode() + text[at:]
        elif kind == 5:
            text = text[:at] + odd_word(choose).encode() + text[at:]
        else:
            lines = text.splitlines(keepends=True)
            if len(lines) < 2:
                continue
            one, other = choose.randrange(len(lines)), choose.randrange(len(lines))
            if kind == 6:
                lines[one], lines[other] = lines[other], lines[one]
            else:
                lines.insert(one, lines[other])
            text = b"".join(lines)
    return text


Field = tuple[int, int, bytes]
"""Number, wire type, and the content: of a length-delimited field without its length."""


def fields_of(data: bytes) -> list[Field] | None:
    """The fields of a message in wire format; None where the bytes are none, or use groups."""
    found: list[Field] = []
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if at < 0 or key >> 3 == 0:
            return None
        kind = key & 7
        start = at
        if kind == 0:
            _, at = _varint(data, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        elif kind == 2:
            length, start = _varint(data, at)
            at = start + length if start >= 0 else -1
        else:
            return None
        if not 0 <= at <= len(data):
            return None
        found.append((key >> 3, kind, data[start:at]))
    return found


def message_of(fields: Sequence[Field]) -> bytes:
    """The message that has these fields, in their order."""
    return b"".join(
        length_delimited(number, content) if kind == 2 else varint(number << 3 | kind) + content
        for number, kind, content in fields
    )


def changed_message(data: bytes, descriptor: Any, choose: random.Random) -> bytes:
    """A message of the schema that is well formed, or nearly, and says something else.

    Somewhere inside a field goes, comes twice or in another order, gets another value, or becomes one of another kind.
    """
    for _ in range(choose.choice((1, 1, 1, 2, 4))):
        data = _changed_inside(data, descriptor, choose, 0)
    return data


def _changed_inside(data: bytes, descriptor: Any, choose: random.Random, depth: int) -> bytes:
    fields = fields_of(data)
    if not fields:
        return data + _new_field(descriptor, choose) if fields is not None else changed_bytes(data, choose)
    at = choose.randrange(len(fields))
    number, kind, content = fields[at]
    known = descriptor.fields_by_number.get(number)
    inner = known.message_type if known is not None else None
    if kind == 2 and inner is not None and depth < _MAX_DEPTH and choose.random() < 0.8:
        fields[at] = number, kind, _changed_inside(content, inner, choose, depth + 1)
        return message_of(fields)
    what = choose.randrange(8)
    if what == 0:
        del fields[at]
    elif what == 1:
        fields.insert(choose.randrange(len(fields) + 1), fields[at])
    elif what == 2:
        choose.shuffle(fields)
    elif what == 3:
        fields[at] = choose.choice(fields)
    elif what == 4:
        return message_of(fields) + _new_field(descriptor, choose)
    elif kind == 2:
        fields[at] = number, kind, _other_content(content, known, choose)
    else:
        fields[at] = number, 0, varint(choose.choice(NUMBERS))
    return message_of(fields)


def _other_content(content: bytes, known: Any, choose: random.Random) -> bytes:
    if known is not None and known.type == FieldDescriptor.TYPE_STRING and choose.random() < 0.9:
        return odd_word(choose).encode()
    return changed_bytes(content, choose)


def _new_field(descriptor: Any, choose: random.Random) -> bytes:
    """A field of the schema with a value that says little, or one that the schema lacks."""
    if not descriptor.fields or choose.random() < 0.1:
        return length_delimited(choose.choice((19, 777, 2**28)), b"unknown")
    known = choose.choice(list(descriptor.fields))
    if known.type in (FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        is_text = known.type == FieldDescriptor.TYPE_STRING
        return length_delimited(known.number, odd_word(choose).encode() if is_text else b"")
    return varint(known.number << 3) + varint(choose.choice(NUMBERS))


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends; -1 where it does not."""
    number = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return number, at
        shift += 7
    return 0, -1
