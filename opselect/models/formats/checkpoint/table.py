"""The sorted table that both formats of checkpoints are made of: keys in order, each with a value.

A table is blocks, after each its compression and its checksum; an index block of the last keys and the places of the
blocks; and a footer that says where the index block is. Source: ``lib/io/{format,block,table}.cc``.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass

import cramjam

from kernel_index.errors import InputError
from opselect.models.formats.checkpoint.checksums import checksum_of, unmasked
from opselect.models.formats.numpy_types import CHUNK
from opselect.models.formats.wire import Buffer, WireError, read_varint
from opselect.models.graph.values import ByteSource
from opselect.models.storage import MemoryBytes, Pages, SizedSource, place_in

MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
"""The last eight bytes of every table."""

DAMAGED = "The checkpoint is damaged: copy its files again, or save it again."
_FOOTER = 48
_TRAILER = 5
_UNCOMPRESSED, _SNAPPY = 0, 1
_SNAPPY_RATIO = 32
"""Snappy's densest element gives 64 bytes for 3, so no block grows more than this."""
KEY_BYTES_RATIO = 64
"""Keys are written in full every 16 entries, so all of them together take at most 16 times the size of the file."""


@dataclass(frozen=True, slots=True)
class Block:
    """The entries of a block are ``buffer[start:end]``; byte 0 of the buffer is byte ``base`` of ``source``."""

    buffer: Buffer
    start: int
    end: int
    source: ByteSource
    base: int


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A key and its value, which stays where it is until it is asked for."""

    key: bytes
    block: Block
    start: int
    end: int

    @property
    def value(self) -> bytes:
        return self.block.buffer[self.start : self.end]

    @property
    def source(self) -> ByteSource:
        """What holds the value: the file, or what a compressed block of it unpacks to."""
        return self.block.source

    @property
    def offset(self) -> int:
        """The first byte of the value in ``source``."""
        return self.block.base + self.start

    @property
    def length(self) -> int:
        """The size of the value in bytes."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class _Handle:
    """Where a block is in the file."""

    offset: int
    size: int


class Table:
    """A table of which only the blocks that are asked for are read; each is checked against its checksum.

    Raises InputError, with the byte, for whatever is no table or a damaged one.
    """

    def __init__(self, source: SizedSource) -> None:
        self._source = source
        self._verified: set[_Handle] = set()
        self._last: tuple[_Handle, Block] | None = None
        if source.size < _FOOTER:
            raise InputError(place_in(source, 0), f"is no checkpoint: it has only {source.size:,} bytes", DAMAGED)
        self._end = source.size - _FOOTER
        footer = source.read(self._end, _FOOTER)
        if not footer.endswith(MAGIC):
            problem = "is no checkpoint, or one that is cut short: the mark at its end is missing"
            raise InputError(place_in(source, self._end), problem, DAMAGED)
        try:
            _, position = self._handle(footer, 0, _FOOTER, self._end)
            handle, _ = self._handle(footer, position, _FOOTER, self._end)
        except WireError as error:
            raise self._refusal(self._end + error.offset, error.problem) from None
        self._keys: list[bytes] = []
        self._handles: list[_Handle] = []
        self._read_index(handle)

    def entries(self) -> Iterator[TableEntry]:
        """All entries in the order of their keys."""
        previous: bytes | None = None
        for handle in self._handles:
            for entry in self._entries(handle):
                if previous is not None and entry.key <= previous:
                    raise self._refusal(handle.offset, "the keys of a block are not in order")
                previous = entry.key
                yield entry

    def find(self, key: bytes) -> TableEntry | None:
        """The entry of a key; only the one block that can hold it is read."""
        number = bisect.bisect_left(self._keys, key)
        if number == len(self._keys):
            return None
        return next((entry for entry in self._entries(self._handles[number]) if entry.key == key), None)

    def _read_index(self, handle: _Handle) -> None:
        read_to = 0
        for entry in self._entries(handle):
            try:
                place, _ = self._handle(entry.value, 0, entry.length, entry.offset)
            except WireError as error:
                raise self._refusal(entry.offset + error.offset, error.problem) from None
            if place.offset < read_to:
                raise self._refusal(entry.offset, f"the block at byte {place.offset:,} begins inside another one")
            if self._keys and entry.key <= self._keys[-1]:
                raise self._refusal(entry.offset, "the keys of the index block are not in order")
            read_to = place.offset + place.size
            self._keys.append(entry.key)
            self._handles.append(place)

    def _handle(self, buffer: bytes, position: int, end: int, base: int) -> tuple[_Handle, int]:
        """The block handle at a position of a buffer that stands at byte ``base``, and the position after it."""
        offset, position = read_varint(buffer, position, end)
        size, position = read_varint(buffer, position, end)
        if offset + size + _TRAILER > self._end:
            problem = f"a block of {size:,} bytes at byte {offset:,} is said to be in a file of {self._source.size:,}"
            raise self._refusal(base, problem)
        return _Handle(offset, size), position

    def _entries(self, handle: _Handle) -> Iterator[TableEntry]:
        block = self._block(handle)
        try:
            yield from _walk(block)
        except WireError as error:
            raise InputError(place_in(block.source, block.base + error.offset), error.problem, DAMAGED) from None

    def _block(self, handle: _Handle) -> Block:
        """The block of a handle, unpacked. A long one that is not packed stays in the file, page by page."""
        if self._last is not None and self._last[0] == handle:
            return self._last[1]
        source, offset, size = self._source, handle.offset, handle.size
        whole = source.read(offset, size + _TRAILER) if size <= CHUNK else b""
        trailer = whole[size:] or source.read(offset + size, _TRAILER)
        if handle not in self._verified:
            checked = MemoryBytes(whole) if whole else source
            actual = checksum_of(checked, 0 if whole else offset, size + 1)
            stated = unmasked(int.from_bytes(trailer[1:], "little"))
            if actual != stated:
                problem = f"the checksum of the block of {size:,} bytes here is {actual:#010x}, not {stated:#010x}"
                raise self._refusal(offset, problem)
            self._verified.add(handle)
        if trailer[0] == _SNAPPY:
            data = self._unpacked(whole[:size] or source.read(offset, size), offset)
            block = _without_restarts(data, 0, len(data), MemoryBytes(data, place_in(source, 0).path), 0)
        elif trailer[0] != _UNCOMPRESSED:
            raise self._refusal(offset + size, f"a block is compressed in a way ({trailer[0]}) that no release knows")
        elif whole:
            block = _without_restarts(whole, 0, size, source, offset)
        else:
            block = _without_restarts(Pages(source, offset + size), offset, offset + size, source, 0)
        self._last = handle, block
        return block

    def _unpacked(self, packed: bytes, offset: int) -> bytes:
        try:
            size = cramjam.snappy.decompress_raw_len(packed)
            if size > _SNAPPY_RATIO * len(packed):
                raise self._refusal(offset, f"a block of {len(packed):,} bytes is said to unpack to {size:,}")
            return bytes(cramjam.snappy.decompress_raw(packed))
        except cramjam.DecompressionError as error:
            raise self._refusal(offset, f"a Snappy block cannot be unpacked: {error}") from None

    def _refusal(self, offset: int, problem: str) -> InputError:
        return InputError(place_in(self._source, offset), problem, DAMAGED)


def _without_restarts(buffer: Buffer, start: int, end: int, source: ByteSource, base: int) -> Block:
    """The block without the list at its end of the entries whose keys are written in full.

    Looking a key up by it would save nothing: the block was read as a whole for its checksum.
    """
    place = place_in(source, base + start)
    if end - start < 4:
        raise InputError(place, f"a block of {end - start} bytes is too short for its end", DAMAGED)
    restarts = int.from_bytes(buffer[end - 4 : end], "little")
    if restarts > (end - start) // 4 - 1:
        raise InputError(place, f"a block of {end - start:,} bytes is said to have {restarts:,} restarts", DAMAGED)
    return Block(buffer, start, end - 4 * (restarts + 1) if restarts else start, source, base)


def _walk(block: Block) -> Iterator[TableEntry]:
    """``entry = shared, rest, size: varint; key[shared:]; value``, where a key shares its beginning with the last."""
    buffer, position, end = block.buffer, block.start, block.end
    budget = (1 << 12) + KEY_BYTES_RATIO * (end - position)
    key = b""
    while position < end:
        start = position
        shared, position = read_varint(buffer, position, end)
        rest, position = read_varint(buffer, position, end)
        size, position = read_varint(buffer, position, end)
        if shared > len(key):
            raise WireError(start, f"a key shares {shared:,} bytes with one that has {len(key):,}")
        if position + rest + size > end:
            left = end - position
            raise WireError(start, f"a key of {rest:,} bytes and a value of {size:,} are said to be in {left:,} bytes")
        budget -= shared + rest
        if budget < 0:
            raise WireError(start, "the keys are longer than any program writes them")
        key = key[:shared] + buffer[position : position + rest]
        position += rest
        yield TableEntry(key, block, position, position + size)
        position += size
