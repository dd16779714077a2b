"""Pointers that the loader fills in as small programs say it: rebase and bind opcodes (LC_DYLD_INFO).

Source: mach-o/loader.h of Apple's cctools; the programs are run as dyld's MachOAnalyzer.cpp runs them. An instruction
stands for a whole run of pointers; runs are kept as columns and spread at once.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.image import Addresses
from opselect.binaries.macho.headers import MachFile

_MOST_INSTRUCTIONS = 4_000_000
"""Eight times as many as the largest library of TensorFlow has."""
_WORD = 1 << 64


@dataclass(frozen=True, slots=True)
class Bindings:
    """Pointers to symbols: at ``places`` stands the address of the symbol ``names[symbols]`` and an addend."""

    places: Addresses
    symbols: NDArray[np.int64]
    addends: NDArray[np.int64]
    names: tuple[bytes, ...]


class _Runs:
    """Runs of pointers as columns: which segment, where in it, how many pointers and how far apart they are."""

    def __init__(self, file: MachFile, what: str) -> None:
        self.file = file
        self.what = what
        self.segments, self.offsets, self.counts, self.steps = array("Q"), array("Q"), array("Q"), array("Q")

    def problem(self, text: str) -> InputError:
        return InputError(self.file.name, f"its {self.what} cannot be read: {text}")

    def segment(self, number: int) -> int:
        if number >= len(self.file.segments):
            raise self.problem(f"they name segment {number}, which there is not")
        return number

    def places(self) -> Addresses:
        """The places of all pointers, run by run; all of them lie within their segments."""
        size = self.file.pointer_size
        counts, steps = np.array(self.counts, np.uint64), np.array(self.steps, np.uint64)
        offsets, segments = np.array(self.offsets, np.uint64), np.array(self.segments, np.int64)
        room = np.array([max(segment.memory_size, segment.size) for segment in self.file.segments], np.uint64)[segments]
        inside = (room >= size) & (offsets <= room - np.uint64(size))
        # What is added to go on to the next run may be a way back, which is a number just below 2**64.
        several = inside & (counts > 1)
        most = (room[several] - np.uint64(size) - offsets[several]) // np.maximum(steps[several], np.uint64(1))
        inside[several] = (steps[several] > 0) & (counts[several] - np.uint64(1) <= most)
        if not inside.all():
            raise self.problem("they ask for pointers outside the segments")
        if sum(self.counts) > len(self.file.content) // size + 1:
            raise self.problem("they ask for more pointers than the file has room for")
        bases = np.array([segment.address for segment in self.file.segments], np.uint64)[segments]
        each = counts.astype(np.int64)
        within = np.arange(int(each.sum()), dtype=np.int64) - np.repeat(np.cumsum(each) - each, each)
        return np.repeat(bases + offsets, each) + within.astype(np.uint64) * np.repeat(steps, each)


class _Program:
    """The bytes of a program and its numbers."""

    def __init__(self, runs: _Runs, data: bytes) -> None:
        self.runs = runs
        self.data = data

    def number(self, at: int) -> tuple[int, int]:
        """The ULEB128 number at an offset, and the offset behind it."""
        if at < len(self.data) and self.data[at] < 0x80:
            return self.data[at], at + 1
        value = shift = 0
        while at < len(self.data) and shift < 70:
            byte = self.data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value % _WORD, at
            shift += 7
        raise self.runs.problem("a number in them is cut or too long")

    def signed(self, at: int) -> tuple[int, int]:
        """The SLEB128 number at an offset, and the offset behind it."""
        value, end = self.number(at)
        bits = 7 * (end - at)
        return (value - (1 << bits) if bits < 64 and value >> (bits - 1) else _signed(value)), end


def _signed(value: int) -> int:
    return value - _WORD if value >> 63 else value


def rebased_places(file: MachFile) -> Addresses:
    """Where the file has addresses that the loader moves with it, in no order.

    Raises InputError for programs that dyld would not run.
    """
    runs = _Runs(file, "rebase opcodes")
    program = _Program(runs, file.table("rebase opcodes").tobytes())
    data, word, number = program.data, file.pointer_size, program.number
    add_segment, add_offset = runs.segments.append, runs.offsets.append
    add_count, add_step = runs.counts.append, runs.steps.append
    segment, offset, at, executed = -1, 0, 0, 0
    while at < len(data):
        opcode, low = data[at] & 0xF0, data[at] & 0x0F
        at += 1
        executed += 1
        if executed > _MOST_INSTRUCTIONS:
            raise runs.problem("there are more of them than any linker writes")
        count, skip = 0, 0
        if opcode == 0x00:
            break
        if opcode == 0x10:  # the kind of pointer
            continue
        if opcode == 0x20:
            segment = runs.segment(low)
            offset, at = number(at)
        elif opcode == 0x30:
            skip, at = number(at)
            offset = (offset + skip) % _WORD
        elif opcode == 0x40:
            offset += low * word
        elif opcode == 0x50:
            count = low
        elif opcode == 0x60:
            count, at = number(at)
        elif opcode == 0x70:
            count = 1
            skip, at = number(at)
        elif opcode == 0x80:
            count, at = number(at)
            skip, at = number(at)
        else:
            raise runs.problem(f"there is none of number {opcode:#x}")
        if count and opcode >= 0x50:
            if segment < 0:
                raise runs.problem("they name no segment")
            step = (word + skip) % _WORD
            add_segment(segment)
            add_offset(offset)
            add_count(count)
            add_step(step)
            offset = (offset + count * step) % _WORD
    return runs.places()


def bindings(file: MachFile, table: str, known: Addresses) -> Bindings:
    """The pointers to symbols that one table of bind opcodes asks for, but for those at places that are known.

    ``table`` is its name in the file's tables; ``known`` is sorted.

    Raises InputError for programs that dyld would not run, and for those of the old form for arm64e.
    """
    runs = _Runs(file, table)
    program = _Program(runs, file.table(table).tobytes())
    data, word, number = program.data, file.pointer_size, program.number
    lazy = table == "lazy bind opcodes"
    add_segment, add_offset = runs.segments.append, runs.offsets.append
    add_count, add_step = runs.counts.append, runs.steps.append
    segment, offset, addend, at, executed = -1, 0, 0, 0, 0
    name = -1
    name_at, symbols, addends = array("Q"), array("Q"), array("q")
    while at < len(data):
        opcode, low = data[at] & 0xF0, data[at] & 0x0F
        at += 1
        executed += 1
        if executed > _MOST_INSTRUCTIONS:
            raise runs.problem("there are more of them than any linker writes")
        count, skip = 1, 0
        if opcode == 0x90:
            pass
        elif opcode == 0x40:
            end = data.find(b"\0", at)
            if end < 0:
                raise runs.problem("a name in them is cut")
            name = len(name_at)
            name_at.append(at)
            at = end + 1
            continue
        elif opcode == 0x70:
            segment = runs.segment(low)
            offset, at = number(at)
            continue
        elif opcode == 0x80:
            skip, at = number(at)
            offset = (offset + skip) % _WORD
            continue
        elif opcode == 0xA0:
            skip, at = number(at)
        elif opcode == 0xB0:
            skip = low * word
        elif opcode == 0xC0:
            count, at = number(at)
            skip, at = number(at)
        elif opcode == 0x60:
            addend, at = program.signed(at)
            continue
        elif opcode == 0x20:
            _, at = number(at)
            continue
        elif opcode in {0x10, 0x30, 0x50}:  # from which library, and the kind of pointer
            continue
        elif opcode == 0x00:
            if lazy:
                continue
            break
        elif opcode == 0xD0:
            raise runs.problem("they are threaded, as those of old files for arm64e are, which is not supported")
        else:
            raise runs.problem(f"there is none of number {opcode:#x}")
        if not count:
            continue
        if segment < 0 or name < 0:
            raise runs.problem("they name no segment or no symbol")
        step = (word + skip) % _WORD
        add_segment(segment)
        add_offset(offset)
        add_count(count)
        add_step(step)
        offset = (offset + count * step) % _WORD
        symbols.append(name)
        addends.append(addend)
    places, counts = runs.places(), np.array(runs.counts, np.int64)
    kept = ~is_among(places, known)
    read = np.repeat(np.array(symbols, np.int64), counts)[kept]
    numbers, names = _unique_names(data, name_at, read)
    return Bindings(places[kept], numbers, np.repeat(np.array(addends, np.int64), counts)[kept], names)


def is_among(values: Addresses, known: Addresses) -> NDArray[np.bool_]:
    """Which values are among sorted ones; NumPy's own way is many times slower on a million of them."""
    at = np.searchsorted(known, values)
    found = at < len(known)
    found[found] = known[at[found]] == values[found]
    return found


def _unique_names(
    data: bytes, name_at: array[int], read: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[bytes, ...]]:
    """The names that are used, each once; and for each use, given by the how many-th name read, its number in them."""
    names: dict[bytes, int] = {}
    numbers = np.zeros(len(name_at), np.int64)
    used = np.zeros(len(name_at), np.bool_)
    used[read] = True
    for number in np.flatnonzero(used).tolist():
        at = name_at[number]
        numbers[number] = names.setdefault(data[at : data.index(b"\0", at)], len(names))
    return numbers[read], tuple(names)
