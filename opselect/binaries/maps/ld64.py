"""Maps of the linkers of Apple: lists of object files, of sections and of symbols, each with the number of its file.

Source: ``-map`` of ld64, and of lld for Mach-O, which writes the same; before its release 15 without sizes of symbols,
which then reach to the next. Symbols that nothing uses follow at the end, with ``<<dead>>`` in place of an address.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from opselect.binaries.maps.records import Line, MapBuilder

_FILE = re.compile(rb"\[\s*(\d{1,9})\]\s+(.*)")
_SECTION = re.compile(rb"0x([0-9A-Fa-f]{1,16})\s+0x([0-9A-Fa-f]{1,16})\s+(\S+)\s+(\S+)")
_SYMBOL = re.compile(rb"0x([0-9A-Fa-f]{1,16})(?:\s+0x([0-9A-Fa-f]{1,16}))?\s+\[\s*(\d{1,9})\] ")
_DEAD = re.compile(rb"<<dead>>(?:\s+0x([0-9A-Fa-f]{1,16}))?\s+\[\s*(\d{1,9})\] ")
_Symbol = tuple[int, int, int, int]
"""Address, number of the file, place and length of the name."""


def read_ld64(lines: Iterator[Line], builder: MapBuilder) -> None:
    """Reads a map of ld64."""
    part = b""
    files: dict[int, int] = {}
    waiting: _Symbol | None = None
    for at, line in lines:
        if line.startswith(b"# ") and line.endswith(b":"):
            part = line
        elif line.startswith(b"#"):
            continue
        elif part == b"# Object files:" and (found := _FILE.match(line)):
            files[int(found.group(1))] = builder.file(found.group(2))
        elif part == b"# Sections:" and (found := _SECTION.match(line)):
            builder.output(found.group(3) + b"," + found.group(4), int(found.group(1), 16), int(found.group(2), 16))
        elif part == b"# Symbols:" and (found := _SYMBOL.match(line)):
            file = files.get(int(found.group(3)), -1)
            symbol = int(found.group(1), 16), file, at + found.end(), len(line) - found.end()
            _end(builder, waiting, symbol[0])
            waiting = None
            if file < 0:
                continue
            if found.group(2) is None:
                waiting = symbol
            else:
                _place(builder, symbol, int(found.group(2), 16))
        elif part == b"# Dead Stripped Symbols:" and (found := _DEAD.match(line)):
            file = files.get(int(found.group(2)), -1)
            if file >= 0:
                builder.drop(int(found.group(1) or b"0", 16), file, at + found.end(), len(line) - found.end())
    _end(builder, waiting, None)


def _end(builder: MapBuilder, waiting: _Symbol | None, following: int | None) -> None:
    """Places a symbol without size: up to the next symbol or the end of its section."""
    if waiting is None:
        return
    number = _section(builder, waiting[0])
    if number < 0:
        return
    end = builder.outputs[number].address + builder.outputs[number].size
    if following is not None and waiting[0] <= following < end:
        end = following
    _place(builder, waiting, end - waiting[0])


def _place(builder: MapBuilder, symbol: _Symbol, size: int) -> None:
    if size:
        builder.place(symbol[0], size, symbol[1], symbol[2], symbol[3], _section(builder, symbol[0]))


def _section(builder: MapBuilder, address: int) -> int:
    """The number of the section of an address; -1 where there is none. Maps list them by address."""
    number = bisect_right(builder.outputs, address, key=lambda output: output.address) - 1
    if number < 0 or address >= builder.outputs[number].address + builder.outputs[number].size:
        return -1
    return number
