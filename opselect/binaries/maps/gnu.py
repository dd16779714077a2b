"""Maps of GNU ld and gold.

Output sections begin in the first column, what they are made of behind one blank: name, address, size and object.
A name of more than 15 characters has a line of its own, and the rest follows on the next. Lines with an address alone
are symbols. Sections that were left out stand in front, without address; in maps of gold those that were folded too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from opselect.binaries.maps.records import Line, MapBuilder

_NAME = re.compile(rb" ?(\S+)")
_REST = re.compile(rb"\s+0x([0-9a-f]{1,16})\s+0x([0-9a-f]{1,16})(?: (\S.*))?")
_SYMBOL = b"                0x"
_DROPPED = b"Discarded input sections"
_PLACED = (b"Linker script and memory map", b"Memory map")
_OTHER = (b"Memory Configuration", b"Cross Reference Table", b"Archive member", b"Allocating common symbols")
_HEADINGS = (_DROPPED, *_PLACED, *_OTHER)
_NO_SECTIONS = (b"*fill*", b"**", b"*(", b"LOAD", b"OUTPUT(", b"START", b"END")


class _Name(NamedTuple):
    at: int
    text: bytes
    is_output: bool


def read_gnu(lines: Iterator[Line], builder: MapBuilder) -> None:
    """Reads a map of GNU ld or gold."""
    part, reads = b"", False
    name: _Name | None = None
    for at, line in lines:
        if name is None and (not line or line.startswith(_SYMBOL)):
            continue
        if line.startswith(_HEADINGS):
            part, name = line, None
            reads = line.startswith((_DROPPED, *_PLACED))
            continue
        if not reads:
            continue
        start = 0
        if name is None or not line.startswith(b"  "):
            found = _NAME.match(line)
            if found is None or line.startswith(b"  ") or found.group(1).startswith(_NO_SECTIONS):
                name = None
                continue
            name = _Name(at + found.start(1), found.group(1), found.start(1) == 0)
            start = found.end()
            if start == len(line):
                continue  # the rest is on the next line
        rest = _REST.match(line, start)
        if rest is not None:
            _note(
                builder, name, int(rest.group(1), 16), int(rest.group(2), 16), rest.group(3), part.startswith(_DROPPED)
            )
        name = None


def _note(builder: MapBuilder, name: _Name, address: int, size: int, file: bytes | None, dropped: bool) -> None:
    if dropped:
        if file is not None and size and name.text != b".group":  # the list of members of a group has no bytes
            builder.drop(size, builder.file(file), name.at, len(name.text))
    elif name.is_output:
        builder.output(name.text, address, size)
    elif file is not None and size and builder.outputs:
        builder.place(address, size, builder.file(file), name.at, len(name.text))
