"""What a linker map says, as columns."""

from __future__ import annotations

import enum
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.image import Addresses

Line = tuple[int, bytes]
"""A line of a map and the offset in the file where it begins."""


class Linker(enum.Enum):
    """The linker that wrote a map."""

    GNU = "GNU ld"
    GOLD = "gold"
    LLD = "lld"
    LD64 = "ld64"


@dataclass(frozen=True, slots=True)
class OutputSection:
    """A section of the binary, as the map has it; of Mach-O ``__TEXT,__text``."""

    name: str
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class MapRows:
    """What the linker took from objects: columns of shape (n,).

    ``files`` are numbers of the map's object files, ``outputs`` of its output sections (-1: none). The name of the
    input section (of the symbol, in maps of ld64) stands in the map at ``name_at`` with ``name_sizes`` bytes.
    """

    addresses: Addresses
    sizes: NDArray[np.int64]
    files: NDArray[np.int32]
    outputs: NDArray[np.int32]
    name_at: NDArray[np.int64]
    name_sizes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.addresses)


@dataclass(frozen=True, slots=True)
class LinkerMap:
    """A linker map: what was placed, and what was ``dropped`` (without address).

    ``names`` are the object files, members of archives as ``libx.a(y.o)``.
    """

    path: str
    linker: Linker
    names: tuple[str, ...]
    outputs: tuple[OutputSection, ...]
    rows: MapRows
    dropped: MapRows

    @property
    def starts(self) -> Addresses:
        """Where what was placed begins; what has no address in memory, as debug information, is left out."""
        return self.rows.addresses[self._in_memory]

    @property
    def ends(self) -> Addresses:
        """Where it ends."""
        return (self.rows.addresses + self.rows.sizes.astype(np.uint64))[self._in_memory]

    @property
    def units(self) -> NDArray[np.int32]:
        """The numbers of the object files."""
        return self.rows.files[self._in_memory]

    @property
    def _in_memory(self) -> NDArray[np.bool_]:
        """Sections of debug information all begin at 0; so does nothing that is loaded."""
        begins = np.array([output.address for output in self.outputs] + [0], np.uint64)
        loaded: NDArray[np.bool_] = (begins[self.rows.outputs] != 0) & (self.rows.sizes > 0)
        return loaded

    def name(self, rows: MapRows, number: int) -> str:
        """The name of the input section of a row, read from the map again."""
        with Path(self.path).open("rb") as file:
            file.seek(int(rows.name_at[number]))
            return file.read(int(rows.name_sizes[number])).decode("utf-8", "backslashreplace")


class _Rows:
    def __init__(self) -> None:
        self.addresses, self.sizes, self.name_at = array("Q"), array("q"), array("q")
        self.files, self.outputs, self.name_sizes = array("i"), array("i"), array("i")

    def finished(self) -> MapRows:
        return MapRows(
            np.array(self.addresses, np.uint64),
            np.array(self.sizes, np.int64),
            np.array(self.files, np.int32),
            np.array(self.outputs, np.int32),
            np.array(self.name_at, np.int64),
            np.array(self.name_sizes, np.int32),
        )


class MapBuilder:
    """Collects what the lines of a map say."""

    def __init__(self, path: str, linker: Linker) -> None:
        self._path, self._linker = path, linker
        self._numbers: dict[bytes, int] = {}
        self._placed, self._dropped = _Rows(), _Rows()
        self.outputs: list[OutputSection] = []

    def output(self, name: bytes, address: int, size: int) -> None:
        """Begins an output section: what is placed from now on is in it."""
        self.outputs.append(OutputSection(_text(name), address, size))

    def file(self, name: bytes) -> int:
        """The number of an object file."""
        return self._numbers.setdefault(name, len(self._numbers))

    def place(
        self, address: int, size: int, file: int, name_at: int, name_size: int, output: int | None = None
    ) -> None:
        """Notes something that was placed, in the last output section or in the one that is said."""
        number = len(self.outputs) - 1 if output is None else output
        self._add(self._placed, address, size, file, number, name_at, name_size)

    def drop(self, size: int, file: int, name_at: int, name_size: int) -> None:
        """Notes something that the linker left out."""
        self._add(self._dropped, 0, size, file, -1, name_at, name_size)

    @staticmethod
    def _add(rows: _Rows, address: int, size: int, file: int, output: int, name_at: int, name_size: int) -> None:
        if address >> 63 or size >> 62:
            return  # no address of a program
        rows.addresses.append(address)
        rows.sizes.append(size)
        rows.files.append(file)
        rows.outputs.append(output)
        rows.name_at.append(name_at)
        rows.name_sizes.append(name_size)

    def finished(self) -> LinkerMap:
        """The map."""
        names = tuple(_text(name) for name in self._numbers)
        return LinkerMap(
            self._path, self._linker, names, tuple(self.outputs), self._placed.finished(), self._dropped.finished()
        )


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
