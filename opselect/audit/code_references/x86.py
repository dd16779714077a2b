"""What x86 code refers to, without decoding it instruction by instruction.

Whatever looks like an instruction with a distance or an address in it is taken, wherever it begins; what it would mean
has to be the start of a function or data. Source: Intel's manual, volume 2, "Instruction Format" and appendix A.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from opselect.audit.code_references.referents import CodeReferences, Referents
from opselect.binaries.image import Addresses, Bytes, unmapped

_CHUNK = 1 << 20
_LOOK_BEHIND, _LOOK_AHEAD = 6, 12


def _sizes(one: tuple[int, ...], four: tuple[int, ...], none: tuple[int, ...]) -> NDArray[np.int8]:
    """To each opcode the bytes behind its operand, -1 where it has no operand in memory that code uses."""
    found = np.full(256, -1, np.int8)
    found[list(none)], found[list(one)], found[list(four)] = 0, 1, 4
    return found


_ARITHMETIC = tuple(base + form for base in range(0, 0x40, 8) for form in range(4))
_PLAIN = _sizes(
    one=(0x6B, 0x80, 0x83, 0xC0, 0xC1, 0xC6),
    four=(0x69, 0x81, 0xC7),
    none=(
        *_ARITHMETIC, 0x63, *range(0x84, 0x8C), 0x8D, 0x8F, *range(0xD0, 0xD4), *range(0xD8, 0xE0), 0xF6, 0xF7, 0xFE,
        0xFF,
    ),
)  # fmt: skip
_AFTER_0F = _sizes(
    one=(0x70, 0x71, 0x72, 0x73, 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6),
    four=(),
    none=(
        0x0D, *range(0x10, 0x19), 0x1F, *range(0x28, 0x30), *range(0x40, 0x70), *range(0x74, 0x80), *range(0x90, 0xA0),
        0xA3, 0xA5, 0xAB, 0xAD, 0xAE, 0xAF, *range(0xB0, 0xBA), *range(0xBB, 0xC2), 0xC3, 0xC7, *range(0xD0, 0x100),
    ),
)  # fmt: skip


def references(code: Bytes, address: int, targets: Referents) -> list[CodeReferences]:
    """The references of 64-bit code that stands at an address: distances from the instruction's end."""
    found = []
    for start in range(0, len(code), _CHUNK):
        low, high = max(start - _LOOK_BEHIND, 0), min(start + _CHUNK + _LOOK_AHEAD, len(code))
        chunk = code[low:high]
        at, end = _with_distances(chunk)
        kept = (at >= start - low) & (at < start - low + _CHUNK)
        found.append(_resolved(chunk, address + low, at[kept], end[kept], targets))
        found.append(_short_jumps(chunk[: start - low + _CHUNK], address + low, targets))
        unmapped(chunk)
    return found


def references_to_fixed_addresses(code: Bytes, address: int, targets: Referents) -> list[CodeReferences]:
    """The references of code that is linked for one address: any four bytes that are one."""
    found = []
    for start in range(0, len(code) - 3, _CHUNK):
        chunk = code[start : start + _CHUNK + 3]
        values = _words(chunk, "<u4").astype(np.int64)
        at = np.flatnonzero((values >= targets.lowest) & (values < targets.highest))
        meant = values[at]
        known = targets.known(meant)
        found.append(_found(address + start, at[known], meant[known]))
    return found


def references_of_32_bit_code(code: Bytes, address: int, targets: Referents, table: int) -> list[CodeReferences]:
    """The references of 32-bit code: calls and jumps, and distances from the global offset table at ``table``."""
    found = []
    for start in range(0, len(code), _CHUNK):
        low, high = max(start - _LOOK_BEHIND, 0), min(start + _CHUNK + _LOOK_AHEAD, len(code))
        chunk = code[low:high]
        at, end = _branches(chunk)
        kept = (at >= start - low) & (at < start - low + _CHUNK)
        found.append(_resolved(chunk, address + low, at[kept], end[kept], targets))
        found.append(_short_jumps(chunk[: start - low + _CHUNK], address + low, targets))
        # A base register and a distance of four bytes; ESP is no base of data.
        form, opcode = chunk[1:-4], chunk[:-5]
        based = np.flatnonzero(((form & 0xC0) == 0x80) & ((form & 7) != 4) & (_PLAIN[opcode] >= 0)) + 2
        based = based[(based >= start - low) & (based < start - low + _CHUNK)]
        meant = _words(chunk, "<i4")[based].astype(np.int64) + table
        known = targets.known(meant)
        found.append(_found(address + low, based[known], meant[known]))
    return found


def _short_jumps(code: Bytes, address: int, targets: Referents) -> CodeReferences:
    """Jumps over up to 128 bytes to the start of a function, as in files of small functions."""
    at = np.flatnonzero(code[:-1] == 0xEB) + 1
    meant = code[at].view(np.int8) + at + 1 + address
    known = targets.is_start(meant)
    return _found(address, at[known], meant[known])


def _words(chunk: Bytes, kind: str) -> NDArray[np.int32]:
    """The four bytes from each byte on, without a copy; shape (n - 3,)."""
    words: NDArray[np.int32] = np.ndarray(max(len(chunk) - 3, 0), kind, buffer=chunk, strides=(1,))
    return words


def _branches(chunk: Bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where distances of calls and jumps stand, and where their instructions end."""
    usable = chunk[: len(chunk) - 4]
    short = np.flatnonzero((usable & 0xFE) == 0xE8) + 1
    wide = np.flatnonzero((usable[:-1] == 0x0F) & ((usable[1:] & 0xF0) == 0x80)) + 2
    at = np.concatenate((short, wide))
    return at, at + 4


def _with_distances(chunk: Bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where distances stand in a piece of code, and where their instructions end."""
    branch_at, branch_end = _branches(chunk)
    operand = np.flatnonzero((chunk[: len(chunk) - 4] & 0xC7) == 0x05)
    operand = operand[operand > 0]
    at, end = [branch_at], [branch_end]
    for chosen, behind in _readings(chunk, operand):
        at.append(operand[chosen] + 1)
        end.append(operand[chosen] + 5 + behind)
    return np.concatenate(at), np.concatenate(end)


def _readings(chunk: Bytes, operand: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int8]]]:
    """The ways to read what stands around ModRM bytes at ``operand``: which of them, and the bytes of constants behind.

    Bytes in front may be a prefix or the end of another instruction: then both ways are read.
    """
    opcode = chunk[operand - 1]
    before = [chunk[np.maximum(operand - back, 0)] for back in range(2, 6)]
    plain = np.flatnonzero(_PLAIN[opcode] >= 0)
    behind = _PLAIN[opcode[plain]]
    # A 16-bit constant behind the prefix of 16-bit operands.
    first, second = before[0][plain], before[1][plain]
    behind[(behind == 4) & ((first == 0x66) | ((second == 0x66) & ((first & 0xF0) == 0x40)))] = 2
    tested = ((opcode[plain] & 0xFE) == 0xF6) & ((chunk[operand[plain]] & 0x30) == 0)
    behind[tested] = np.where(opcode[plain][tested] == 0xF6, 1, 4)
    yield plain, behind
    of_0f = _AFTER_0F[opcode]
    two = np.flatnonzero((before[0] == 0x0F) & (of_0f >= 0))
    yield two, of_0f[two]
    three = np.flatnonzero((before[1] == 0x0F) & ((before[0] == 0x38) | (before[0] == 0x3A)))
    yield three, (before[0][three] == 0x3A).astype(np.int8)
    vector = np.flatnonzero(before[1] == 0xC5)
    yield vector, np.maximum(of_0f[vector], 0)
    for prefix, maps in ((before[2] == 0xC4, before[1] & 31), (before[3] == 0x62, before[2] & 7)):
        wide = np.flatnonzero(prefix & (maps >= 1) & (maps <= 6))
        constants = np.where(maps[wide] == 1, np.maximum(of_0f[wide], 0), maps[wide] == 3)
        yield wide, constants.astype(np.int8)


def _resolved(
    chunk: Bytes, address: int, at: NDArray[np.int64], end: NDArray[np.int64], targets: Referents
) -> CodeReferences:
    meant = _words(chunk, "<i4")[at].astype(np.int64) + end + address
    known = targets.known(meant)
    return _found(address, at[known], meant[known])


def _found(address: int, at: NDArray[np.int64], meant: NDArray[np.int64]) -> CodeReferences:
    order = np.argsort(at, kind="stable")
    places: Addresses = (at[order] + address).astype(np.uint64)
    return CodeReferences(places, meant[order].astype(np.uint64))
