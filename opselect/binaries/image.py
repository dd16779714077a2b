"""A binary as everything else sees it: bytes at addresses, sections, symbols, functions and pointers.

Shared objects and executables have their addresses from the linker. Objects, alone or many in an archive, have none:
their readers lay the sections out one behind the other and apply the relocations, so that an archive is read as if it
were linked whole.
"""

from __future__ import annotations

import enum
import mmap
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Addresses = NDArray[np.uint64]
"""Addresses in the image, sorted where nothing else is said; shape (n,)."""
Bytes = NDArray[np.uint8]
_ADDRESSES = 1 << 64


class Machine(enum.Enum):
    """For which processor the code is; the values are the names that packages for Android use, where they have any."""

    X86_64 = "x86_64"
    X86 = "x86"
    AARCH64 = "arm64-v8a"
    ARM = "armeabi-v7a"
    OTHER = "other"


class SectionKind(enum.Enum):
    """What a section holds, as far as its bytes are counted differently."""

    CODE = "code"
    DATA = "data"
    ZERO = "zero"
    """Takes memory and no byte of the file."""
    SYMBOLS = "symbols"
    DEBUG = "debug"
    OTHER = "other"
    """Not loaded, and neither symbols nor debug information: comments, notes, relocations of objects."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section: ``size`` bytes of the file at ``offset``, ``memory_size`` in memory at ``address`` where it is loaded.

    ``member`` is the number of the object in its archive that it belongs to, 0 where the file is no archive.
    """

    name: str
    kind: SectionKind
    offset: int
    size: int
    address: int
    memory_size: int
    loaded: bool
    writable: bool
    member: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the file that is mapped into memory, in bytes; ``alignment`` as the header states it."""

    address: int
    memory_size: int
    offset: int
    size: int
    alignment: int
    executable: bool
    writable: bool


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes of memory that the file gives: ``content`` from ``address`` on."""

    address: int
    content: Bytes

    @property
    def end(self) -> int:
        return self.address + len(self.content)


class SymbolKind(enum.IntEnum):
    """What a symbol stands for."""

    OTHER = 0
    OBJECT = 1
    FUNCTION = 2


@dataclass(frozen=True, slots=True)
class Symbols:
    """The symbols that stand for a place in the image, as columns of shape (n,), sorted by address, then size.

    ``files`` are numbers of ``file_names``: the source file whose block of local symbols has it, or -1. ``name_at`` are
    offsets of the NUL-terminated names in ``text``, which is the bytes of the file and not a copy.
    """

    addresses: Addresses
    sizes: NDArray[np.uint64]
    kinds: NDArray[np.uint8]
    local: NDArray[np.bool_]
    files: NDArray[np.int32]
    file_names: tuple[str, ...]
    name_at: NDArray[np.int64]
    text: Bytes

    def __len__(self) -> int:
        return len(self.addresses)

    def name(self, number: int) -> str:
        """The name of a symbol, as the linker has it (mangled)."""
        return text_at(self.text, int(self.name_at[number]))

    def at(self, address: int) -> range:
        """The numbers of the symbols of an address."""
        if not 0 <= address < _ADDRESSES:
            return range(0)
        key = np.uint64(address)
        first, last = np.searchsorted(self.addresses, key, "left"), np.searchsorted(self.addresses, key, "right")
        return range(int(first), int(last))

    @staticmethod
    def none() -> Symbols:
        """No symbol, as in a stripped binary."""
        return Symbols(
            np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.uint8), np.empty(0, np.bool_),
            np.empty(0, np.int32), (), np.empty(0, np.int64), np.empty(0, np.uint8),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Functions:
    """Where functions begin and end (the end is behind them), sorted; they do not overlap. Shape (n,) each."""

    starts: Addresses
    ends: Addresses

    def __len__(self) -> int:
        return len(self.starts)

    def containing(self, address: int) -> int | None:
        """The number of the function that has an address."""
        if not 0 <= address < _ADDRESSES:
            return None
        number = int(np.searchsorted(self.starts, np.uint64(address), "right")) - 1
        return number if number >= 0 and address < int(self.ends[number]) else None

    def starting(self, address: int) -> int | None:
        """The number of the function that starts at an address."""
        if not 0 <= address < _ADDRESSES:
            return None
        number = int(np.searchsorted(self.starts, np.uint64(address)))
        return number if number < len(self.starts) and int(self.starts[number]) == address else None


@dataclass(frozen=True, slots=True)
class Pointers:
    """What the loader writes into memory: at ``places`` (sorted) stand the addresses ``values``.

    ``imports`` are numbers of ``import_names`` where the value is a symbol of another library, else -1.
    """

    places: Addresses
    values: Addresses
    imports: NDArray[np.int32]
    import_names: tuple[str, ...]

    def number(self, place: int) -> int | None:
        """The number of the pointer at a place."""
        if not 0 <= place < _ADDRESSES:
            return None
        number = int(np.searchsorted(self.places, np.uint64(place)))
        return number if number < len(self.places) and int(self.places[number]) == place else None

    @staticmethod
    def none() -> Pointers:
        """No pointer, as in an executable that is linked for one address."""
        return Pointers(np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.int32), ())


@dataclass(frozen=True, slots=True)
class Exports:
    """What other libraries may use, as columns of shape (n,), sorted by address.

    ``weak`` are those that every object that uses them brings along (inline functions, instances of templates): they
    are there because something here needs them. ``sizes`` are the bytes of the file that an entry takes with its name.
    """

    addresses: Addresses
    weak: NDArray[np.bool_]
    sizes: NDArray[np.int64]

    @staticmethod
    def none() -> Exports:
        """Nothing for others, as in most executables."""
        return Exports(np.empty(0, np.uint64), np.empty(0, np.bool_), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Image:
    """A binary in one address space.

    ``name`` is what messages call it: the path, and the member in parentheses where it stands in a package.
    ``content`` are the bytes of the file (of the member, unpacked). ``initialisers`` are the functions that the loader
    calls, in its order. ``thumb`` are the functions of 32-bit ARM in Thumb code, by address. ``members`` are the names
    of the objects of an archive, and ``not_read`` says what of it is not read and why: members that are no objects.
    ``stubs`` are the addresses that symbols defined nowhere in objects were given, with their names: a call of one of
    these is a call of that import. ``entry`` is where the program begins, None in libraries. ``strong`` are the places
    of global symbols that are defined once, sorted; None where the symbols are stripped.
    """

    name: str
    machine: Machine
    bits: int
    big_endian: bool
    content: Bytes
    sections: Sequence[Section]
    segments: tuple[Segment, ...]
    regions: tuple[Region, ...]
    symbols: Symbols
    functions: Functions
    pointers: Pointers
    initialisers: tuple[int, ...]
    thumb: frozenset[int] = frozenset()
    members: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()
    stubs: Mapping[int, str] = field(default_factory=dict, repr=False)
    exports: Exports = field(default_factory=Exports.none)
    entry: int | None = None
    strong: Addresses | None = None
    _region_starts: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_region_starts", tuple(region.address for region in self.regions))

    @property
    def pointer_size(self) -> int:
        """The bytes of an address: 8 or 4."""
        return self.bits // 8

    def region_of(self, address: int) -> Region | None:
        """The bytes of the file around an address."""
        number = bisect_right(self._region_starts, address) - 1
        if number < 0 or address >= self.regions[number].end:
            return None
        return self.regions[number]

    def bytes_at(self, address: int, count: int) -> bytes:
        """So many bytes from an address on; fewer where the file has no more, none where it has nothing there."""
        region = self.region_of(address)
        if region is None:
            return b""
        at = address - region.address
        return region.content[at : at + count].tobytes()

    def text(self, address: int, limit: int = 4096) -> str | None:
        """The NUL-terminated text at an address; None where there is none of printable ASCII within the limit."""
        size = min(128, limit)
        while True:
            found = self.bytes_at(address, size)
            end = found.find(b"\0")
            if end >= 0 or size == limit or len(found) < size or not is_text(found):
                break
            size = min(size * 8, limit)
        if end < 0 or not is_text(found[:end]):
            return None
        return found[:end].decode("ascii")

    def integer(self, address: int, size: int) -> int | None:
        """The unsigned integer of so many bytes that the file has at an address."""
        found = self.bytes_at(address, size)
        return int.from_bytes(found, "big" if self.big_endian else "little") if len(found) == size else None

    def pointer(self, place: int) -> int | None:
        """The address that stands at a place when the program runs; None where another library gives it."""
        number = self.pointers.number(place)
        if number is not None:
            return int(self.pointers.values[number]) if self.pointers.imports[number] < 0 else None
        return self.integer(place, self.pointer_size)

    def import_at(self, place: int) -> str | None:
        """The name of the symbol of another library whose address stands at a place when the program runs."""
        number = self.pointers.number(place)
        if number is None or self.pointers.imports[number] < 0:
            return None
        return self.pointers.import_names[int(self.pointers.imports[number])]

    def section_at(self, address: int) -> Section | None:
        """The loaded section of an address."""
        return next((s for s in self.sections if s.loaded and s.address <= address < s.address + s.memory_size), None)


def is_text(found: bytes) -> bool:
    """Whether bytes are printable ASCII without line breaks."""
    return found.isascii() and found.decode("ascii").isprintable()


def text_at(table: Bytes, offset: int) -> str:
    """The NUL-terminated name at an offset of a table of names; bytes that are no UTF-8 are escaped."""
    for size in (128, 4096, 1 << 20):
        found = table[offset : offset + size].tobytes()
        end = found.find(b"\0")
        if end >= 0 or len(found) < size:
            break
    return found[: end if end >= 0 else len(found)].decode("utf-8", "backslashreplace")


def merged_functions(starts: Sequence[Addresses], ends: Sequence[Addresses]) -> Functions:
    """Functions from several sources: of those that begin together the longest, cut where the next begins."""
    all_starts = np.concatenate([np.asarray(part, np.uint64) for part in starts] or [np.empty(0, np.uint64)])
    all_ends = np.concatenate([np.asarray(part, np.uint64) for part in ends] or [np.empty(0, np.uint64)])
    kept = all_ends > all_starts
    all_starts, all_ends = all_starts[kept], all_ends[kept]
    order = np.lexsort((all_ends, all_starts))
    all_starts, all_ends = all_starts[order], all_ends[order]
    if len(all_starts):
        last = np.append(all_starts[1:] != all_starts[:-1], True)
        all_starts, all_ends = all_starts[last], all_ends[last]
        all_ends[:-1] = np.minimum(all_ends[:-1], all_starts[1:])
    return Functions(all_starts, all_ends)


def unmapped(content: Bytes) -> None:
    """Lets the pages of a part of a mapped file go out of memory; they are read again when somebody looks at them."""
    base: object = content
    while not isinstance(base, mmap.mmap):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
        if base is None:
            return
    start = content.__array_interface__["data"][0] - np.frombuffer(base, np.uint8).__array_interface__["data"][0]
    first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
    count = (start + len(content)) // mmap.PAGESIZE * mmap.PAGESIZE - first
    if count > 0 and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED, first, count)
