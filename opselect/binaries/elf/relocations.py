"""What the loader writes into memory: relocations of shared objects and position-independent executables.

Source: the System V ABI, "Relocation"; RELR of the generic ABI; the packed form of Android's linker ("APS2",
bionic/linker/linker_reloc_iterators.h).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.elf.headers import ElfFile
from opselect.binaries.elf.symbols import ElfSymbolTable
from opselect.binaries.image import Bytes, Machine, Pointers

_RELATIVE, _SYMBOLIC = {
    Machine.X86_64: 8, Machine.X86: 8, Machine.AARCH64: 1027, Machine.ARM: 23,
}, {
    Machine.X86_64: (1, 6, 7), Machine.X86: (1, 6, 7), Machine.AARCH64: (257, 1025, 1026), Machine.ARM: (2, 21, 22),
}  # fmt: skip
_DT_RELA, _DT_RELASZ, _DT_REL, _DT_RELSZ = 7, 8, 17, 18
_DT_JMPREL, _DT_PLTRELSZ, _DT_PLTREL = 23, 2, 20
_DT_RELR, _DT_RELRSZ = (36, 0x6FFFE000), (35, 0x6FFFE001)
_MAX_PACKED = 1 << 22
"""Relocations that one packed table may have: TensorFlow has some hundred thousand."""
_MAPS_AT_ONCE = 1 << 15
_DT_PACKED = ((0x6000000F, 0x60000010, False), (0x60000011, 0x60000012, True))


@dataclass(frozen=True, slots=True)
class Relocations:
    """Relocations as columns of shape (n,); addends are None where they stand in place."""

    places: NDArray[np.uint64]
    types: NDArray[np.uint32]
    symbols: NDArray[np.uint32]
    addends: NDArray[np.int64] | None


def pointers_of(file: ElfFile, table: ElfSymbolTable | None) -> Pointers:
    """The pointers of an image, from every table of relocations that its dynamic entries name."""
    if file.machine is Machine.OTHER:
        return Pointers.none()
    parts = [_resolved(file, relocations, table) for relocations in _tables(file)]
    names: list[str] = []
    numbers: dict[int, int] = {}
    relative = _relr(file)
    places = [part[0] for part in parts] + [relative]
    values = [part[1] for part in parts] + [_in_place(file, relative)]
    imports = []
    for _, _, symbols in parts:
        column = np.full(len(symbols), -1, np.int32)
        for at in np.flatnonzero(symbols):
            number = int(symbols[at])
            if number not in numbers:
                numbers[number] = len(names)
                names.append(table.name(number) if table is not None else "")
            column[at] = numbers[number]
        imports.append(column)
    imports.append(np.full(len(relative), -1, np.int32))
    all_places, all_values, all_imports = np.concatenate(places), np.concatenate(values), np.concatenate(imports)
    order = np.argsort(all_places, kind="stable")
    return Pointers(all_places[order], all_values[order], all_imports[order], tuple(names))


def _resolved(
    file: ElfFile, relocations: Relocations, table: ElfSymbolTable | None
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint32]]:
    """Places, values, and the numbers of the symbols that other libraries give (0: none)."""
    relative = relocations.types == _RELATIVE[file.machine]
    symbolic = np.isin(relocations.types, _SYMBOLIC[file.machine])
    kept = relative | symbolic
    if table is None:
        kept = relative
    else:
        kept &= relative | (relocations.symbols < len(table))
    places, symbols = relocations.places[kept], relocations.symbols[kept]
    relative = relative[kept]
    addends = (
        relocations.addends[kept].astype(np.uint64) if relocations.addends is not None else _in_place(file, places)
    )
    if table is None:
        return places, addends, np.zeros(len(places), np.uint32)
    symbols = np.where(relative, 0, symbols)
    defined = table.defined[symbols]
    # A slot of the PLT that is filled in place has an address of its own there, which is no addend.
    added = np.where(relative | (relocations.addends is not None), addends, np.uint64(0))
    values = np.where(relative, addends, table.values[symbols] + added)
    outside = np.where(relative | defined, 0, symbols).astype(np.uint32)
    if file.bits == 32:
        values &= np.uint64(0xFFFFFFFF)
    return places, values, outside


def _tables(file: ElfFile) -> Iterator[Relocations]:
    entries = file.dynamic
    if _DT_RELA in entries:
        yield _plain(file, entries[_DT_RELA], entries.get(_DT_RELASZ, 0), with_addends=True)
    if _DT_REL in entries:
        yield _plain(file, entries[_DT_REL], entries.get(_DT_RELSZ, 0), with_addends=False)
    if _DT_JMPREL in entries:
        with_addends = entries.get(_DT_PLTREL, _DT_RELA) == _DT_RELA
        yield _plain(file, entries[_DT_JMPREL], entries.get(_DT_PLTRELSZ, 0), with_addends=with_addends)
    for start, size, with_addends in _DT_PACKED:
        if start in entries:
            yield _packed(file, file.at_address(entries[start], entries.get(size, 0)), with_addends)


def _plain(file: ElfFile, address: int, size: int, *, with_addends: bool) -> Relocations:
    word, signed = file.order + ("u8" if file.bits == 64 else "u4"), file.order + ("i8" if file.bits == 64 else "i4")
    fields = [("offset", word), ("info", word), *([("addend", signed)] if with_addends else [])]
    dtype = np.dtype(fields)
    found = file.at_address(address, size)
    rows = found[: len(found) // dtype.itemsize * dtype.itemsize].view(dtype)
    return _columns(file, rows["offset"], rows["info"], rows["addend"] if with_addends else None)


def _columns(
    file: ElfFile, offsets: NDArray[np.void], info: NDArray[np.void], addends: NDArray[np.void] | None
) -> Relocations:
    shift = 32 if file.bits == 64 else 8
    wide = info.astype(np.uint64)
    return Relocations(
        places=offsets.astype(np.uint64),
        types=(wide & np.uint64((1 << shift) - 1)).astype(np.uint32),
        symbols=(wide >> np.uint64(shift)).astype(np.uint32),
        addends=None if addends is None else addends.astype(np.int64),
    )


def _in_place(file: ElfFile, places: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """What the file has at places; zero where it has nothing."""
    size = file.bits // 8
    values = np.zeros(len(places), np.uint64)
    for segment in file.segments:
        inside = (places >= segment.address) & (places <= segment.address + max(segment.size - size, -1))
        if segment.size < size or not inside.any():
            continue
        at = (places[inside] - np.uint64(segment.address)).astype(np.int64) + segment.offset
        rows = file.content[at[:, None] + np.arange(size)]
        values[inside] = np.ascontiguousarray(rows).view(file.order + ("u8" if size == 8 else "u4"))[:, 0]
    return values


def _relr(file: ElfFile) -> NDArray[np.uint64]:
    """The places of relative relocations in RELR form: an even word is a place, an odd one a bitmap of the next.

    Raises InputError where they name more places than the file has words.
    """
    size = file.bits // 8
    for start, length in zip(_DT_RELR, _DT_RELRSZ, strict=True):
        if start in file.dynamic:
            found = file.at_address(file.dynamic[start], file.dynamic.get(length, 0))
            words = found[: len(found) // size * size].view(file.order + f"u{size}").astype(np.uint64)
            return _unfolded(file, words, size)
    return np.empty(0, np.uint64)


def _unfolded(file: ElfFile, words: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
    count = size * 8 - 1
    number = np.arange(len(words))
    is_place = (words & np.uint64(1)) == 0
    last = np.maximum.accumulate(np.where(is_place, number, -1))
    base = np.where(last >= 0, words[np.maximum(last, 0)] + np.uint64(size), np.uint64(0))
    base += (np.maximum(number - last - 1, 0) * count * size).astype(np.uint64)
    bits = np.arange(1, count + 1, dtype=np.uint64)
    parts = [words[is_place]]
    room = len(file.content) // size - len(parts[0])
    maps, bases = words[~is_place], base[~is_place]
    for begin in range(0, len(maps), _MAPS_AT_ONCE):
        row, column = np.nonzero((maps[begin : begin + _MAPS_AT_ONCE, None] >> bits) & np.uint64(1))
        parts.append(bases[begin + row] + (column * size).astype(np.uint64))
        room -= len(row)
        if room < 0:
            raise InputError(file.name, "its relative relocations name more places than the file has words")
    return np.concatenate(parts)


def _packed(file: ElfFile, found: Bytes, with_addends: bool) -> Relocations:
    """Relocations packed for Android: groups of deltas as signed LEB128 numbers behind "APS2".

    Raises InputError for numbers that are cut, and for more relocations than the bytes of the library can need.
    """
    problem = InputError(file.name, "its packed relocations cannot be read: they are cut or not of the form APS2")
    data = found.tobytes()
    if data[:4] != b"APS2":
        raise problem
    numbers = _signed_numbers(data[4:])
    try:
        count, offset = next(numbers), next(numbers)
        if not 0 <= count <= min(len(file.content), _MAX_PACKED):
            raise problem
        places: list[int] = []
        infos: list[int] = []
        addends: list[int] = []
        addend = 0
        while len(places) < count:
            size, flags = next(numbers), next(numbers)
            if not 0 < size <= count - len(places):
                raise problem
            grouped_by_info, by_offset, by_addend, has_addend = (flags & bit for bit in (1, 2, 4, 8))
            delta = next(numbers) if by_offset else 0
            info = next(numbers) if grouped_by_info else 0
            if not has_addend:
                addend = 0
            elif by_addend:
                addend += next(numbers)
            for _ in range(size):
                offset += delta if by_offset else next(numbers)
                infos.append(info if grouped_by_info else next(numbers))
                if has_addend and not by_addend:
                    addend += next(numbers)
                places.append(offset)
                addends.append(addend)
    except StopIteration:
        raise problem from None
    mask = (1 << 64) - 1
    return _columns(
        file,
        np.array([place & mask for place in places], np.uint64),
        np.array([info & mask for info in infos], np.uint64),
        np.array([((value + (1 << 63)) & mask) - (1 << 63) for value in addends], np.int64) if with_addends else None,
    )


def _signed_numbers(data: bytes) -> Iterator[int]:
    """LEB128 numbers up to the first that has more digits than 64 bits need."""
    value = shift = 0
    for byte in data:
        if shift > 63:
            return
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield value - (1 << shift) if byte & 0x40 else value
            value = shift = 0
