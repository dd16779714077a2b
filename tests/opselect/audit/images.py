"""Made-up images for tests: sections, functions and symbols in a few words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from opselect.binaries.image import (
    Functions,
    Image,
    Machine,
    Pointers,
    Region,
    Section,
    SectionKind,
    SymbolKind,
    Symbols,
)


def section(name: str, offset: int, size: int, address: int = 0, kind: SectionKind = SectionKind.DATA) -> Section:
    """A section that is loaded where it has an address."""
    return Section(name, kind, offset, size, address, size if address else 0, bool(address), False)


def symbols(*rows: tuple[str, int, int, SymbolKind, int], files: tuple[str, ...] = ()) -> Symbols:
    """Symbols by name, address, size, kind, and number of the file that they are local to (-1: they are global)."""
    ordered = sorted(rows, key=lambda row: (row[1], row[2]))
    text = b"\0" + b"".join(row[0].encode() + b"\0" for row in ordered)
    lengths = [len(row[0].encode()) + 1 for row in ordered]
    return Symbols(
        np.array([row[1] for row in ordered], np.uint64),
        np.array([row[2] for row in ordered], np.uint64),
        np.array([row[3] for row in ordered], np.uint8),
        np.array([row[4] >= 0 for row in ordered], bool),
        np.array([row[4] for row in ordered], np.int32),
        files,
        np.cumsum([1, *lengths])[:-1].astype(np.int64),
        np.frombuffer(text, np.uint8),
    )


def image(
    content: bytes,
    sections: Sequence[Section],
    *,
    functions: Sequence[tuple[int, int]] = (),
    named: Symbols | None = None,
    pointers: Pointers | None = None,
    machine: Machine = Machine.X86_64,
    members: tuple[str, ...] = (),
) -> Image:
    """An image whose regions are its loaded sections."""
    array = np.frombuffer(content, np.uint8)
    spans = np.array(functions, np.uint64).reshape(-1, 2)
    return Image(
        name="made-up",
        machine=machine,
        bits=64,
        big_endian=False,
        content=array,
        sections=tuple(sections),
        segments=(),
        regions=tuple(
            Region(part.address, array[part.offset : part.offset + part.size])
            for part in sorted(sections, key=lambda part: part.address)
            if part.loaded and part.size
        ),
        symbols=Symbols.none() if named is None else named,
        functions=Functions(spans[:, 0], spans[:, 1]),
        pointers=Pointers.none() if pointers is None else pointers,
        initialisers=(),
        members=members,
    )
