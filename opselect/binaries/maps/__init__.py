"""Linker maps: from which object a linker took what, where it put it, and what it dropped.

Of GNU ld and gold (``-Map``), lld (``-Map``, ``--print-map``) and the linkers of Apple (``-map``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from kernel_index.errors import InputError
from opselect.binaries.maps.gnu import read_gnu
from opselect.binaries.maps.ld64 import read_ld64
from opselect.binaries.maps.lld import read_lld
from opselect.binaries.maps.records import Line, Linker, LinkerMap, MapBuilder, MapRows, OutputSection
from opselect.binaries.maps.same_binary import why_other_binary

__all__ = ["Linker", "LinkerMap", "MapRows", "OutputSection", "read_map", "why_other_binary"]

_LONGEST_LINE = 1 << 20
_LINES_BEFORE = 2000
"""Lines in front of the map within which it must begin: ``--print-map`` writes among other messages."""
_MARKS: tuple[tuple[re.Pattern[bytes], Linker], ...] = (
    (re.compile(rb"# Path: "), Linker.LD64),
    (re.compile(rb"\s*(VMA\s+LMA|Address)\s+Size\s+Align\s+Out\s+In\s+Symbol\s*$"), Linker.LLD),
    (re.compile(rb"(Memory map|Archive member included because of file)"), Linker.GOLD),
    (re.compile(rb"(Archive member included|Linker script and memory map|Memory Configuration)"), Linker.GNU),
)
_READERS: dict[Linker, Callable[[Iterator[Line], MapBuilder], None]] = {
    Linker.GNU: read_gnu,
    Linker.GOLD: read_gnu,
    Linker.LLD: read_lld,
    Linker.LD64: read_ld64,
}


def read_map(path: Path) -> LinkerMap:
    """Reads a linker map, line by line: maps of big libraries have hundreds of megabytes.

    Raises InputError for a file that cannot be read or is no map of these linkers.
    """
    try:
        linker = _linker_of(path)
        if linker is None:
            raise InputError(str(path), "is no linker map of GNU ld, gold, lld or ld64")
        builder = MapBuilder(str(path), linker)
        _READERS[linker](_lines(path), builder)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror or error}") from None
    found = builder.finished()
    if not len(found.rows):
        raise InputError(str(path), f"is a linker map of {linker.value} that places nothing: it may be cut")
    return found


def _linker_of(path: Path) -> Linker | None:
    discarding = False
    for _, line in _first(_lines(path), _LINES_BEFORE):
        for mark, linker in _MARKS:
            if mark.match(line):
                return linker
        discarding |= line.startswith(b"Discarded input sections")
    return Linker.GNU if discarding else None


def _first(lines: Iterator[Line], count: int) -> Iterator[Line]:
    for _, line in zip(range(count), lines, strict=False):
        yield line


def _lines(path: Path) -> Iterator[Line]:
    """The lines with the offsets where they begin, without their ends; what is beyond a megabyte is cut."""
    with path.open("rb") as file:
        at = 0
        while line := file.readline(_LONGEST_LINE):
            yield at, line.rstrip(b"\r\n")
            at += len(line)
