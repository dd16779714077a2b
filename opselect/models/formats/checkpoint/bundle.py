"""Checkpoints of version 2, the TensorBundle: ``PREFIX.index`` and ``PREFIX.data-NNNNN-of-MMMMM``.

Source: ``util/tensor_bundle/tensor_bundle.cc``, ``protobuf/tensor_bundle.proto``, ``c/checkpoint_reader.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError, Place
from opselect.models.formats.array_shapes import ArrayError, count_elements, shape_text
from opselect.models.formats.attr_values import AttrReader
from opselect.models.formats.checkpoint.checksums import Checksum, checksum_of, unmasked
from opselect.models.formats.checkpoint.slices import TensorSlice, check_tiling, parse_slice
from opselect.models.formats.checkpoint.strings import read_strings
from opselect.models.formats.checkpoint.table import DAMAGED, KEY_BYTES_RATIO, Table, TableEntry
from opselect.models.formats.checkpoint.variable import (
    StoredVariable,
    check_versions,
    key_of,
    parse_dims,
    refusal,
    text_of,
)
from opselect.models.formats.numpy_types import Array, from_bits, load, numpy_type
from opselect.models.formats.wire import FIXED32, LENGTH, VARINT, Span, WireError, fields, signed32, signed64, tag
from opselect.models.graph.values import StoredBytes
from opselect.models.storage import MemoryBytes, SizedSource, is_file, place_in, source_of, with_suffix

_NUM_SHARDS, _ENDIANNESS, _HEADER_VERSION = tag(1, VARINT), tag(2, VARINT), tag(3, LENGTH)
_DTYPE, _SHAPE, _SHARD, _OFFSET = tag(1, VARINT), tag(2, LENGTH), tag(3, VARINT), tag(4, VARINT)
_SIZE, _CRC, _SLICES = tag(5, VARINT), tag(6, FIXED32), tag(7, LENGTH)
_LITTLE, _BIG = 0, 1
_MISSING = "Copy it beside the index: a checkpoint is all files that begin with its prefix."


@dataclass(frozen=True, slots=True)
class _Header:
    """A ``BundleHeaderProto``."""

    num_shards: int
    big_endian: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """A ``BundleEntryProto``: a tensor in a data file, or one that is stored in ``slices``. ``crc`` is masked."""

    data_type: DataType
    dims: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc: int
    slices: tuple[TensorSlice, ...]


class Bundle:
    """The checkpoint of a prefix. Its index is read at once; a data file only when a variable of it is."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._path = with_suffix(prefix, ".index")
        source = source_of(self._path)
        entries = Table(source).entries()
        header = next(entries, None)
        if header is None or header.key:
            raise InputError(self._path, "is no index of a checkpoint: its header is missing", DAMAGED)
        self._header = _parsed(header, _header)
        self._parts = {entry.key: _parsed(entry, _part) for entry in entries}
        slices = self._slice_keys(source.size)
        self.variables: Mapping[str, StoredVariable] = {
            text_of(key): StoredVariable(part.data_type, part.dims)
            for key, part in self._parts.items()
            if key not in slices
        }
        self._shards: dict[int, SizedSource] = {}

    def read(self, name: str) -> Array:
        """The value of a variable, checked against its checksum; InputError where it cannot be read."""
        part = self._parts[key_of(name)]
        return self._assembled(name, part) if part.slices else self._value(name, part)

    def stored(self, name: str, part: TensorSlice | None = None) -> StoredBytes | None:
        """Where the value, or one of its slices, is, checked; None where it is not stored as it would be in memory."""
        whole = self._parts[key_of(name)]
        if part is not None:
            return self._stored_slice(name, whole, part)
        return None if whole.slices else self._stored(name, whole)

    def _stored_slice(self, name: str, whole: _Part, part: TensorSlice) -> StoredBytes | None:
        try:
            region = part.region(whole.dims)
            same = next((one for one in whole.slices if one.region(whole.dims) == region), None)
            return None if same is None else self._stored(name, self._piece(name, whole, same))
        except ArrayError as error:
            raise self._refusal(name, error) from None

    def _stored(self, name: str, part: _Part) -> StoredBytes | None:
        """Strings, variants and bytes in another order are not stored as they would be in memory."""
        if part.data_type in (DataType.DT_STRING, DataType.DT_VARIANT):
            return None
        source = self._checked(name, part)
        if self._header.big_endian and numpy_type(part.data_type).itemsize > 1:
            return None
        self._compare(name, part, source, checksum_of(source, part.offset, part.size))
        return StoredBytes(source, part.offset, part.size)

    def _slice_keys(self, index_size: int) -> frozenset[bytes]:
        """The keys of slices, which are no variables of their own."""
        sliced = [(key, part.slices) for key, part in self._parts.items() if part.slices]
        if sum(len(key) * len(slices) for key, slices in sliced) > KEY_BYTES_RATIO * index_size:
            raise InputError(self._path, "names more slices than it could hold", DAMAGED)
        return frozenset(one.key(key) for key, slices in sliced for one in slices)

    def _assembled(self, name: str, part: _Part) -> Array:
        """A partitioned variable, put together once it is certain that the data files have all of it."""
        try:
            check_tiling(part.dims, part.slices)
            item_size = numpy_type(part.data_type).itemsize
            size = count_elements(part.dims, item_size) * (1 if part.data_type is DataType.DT_STRING else item_size)
            pieces = [(one, self._piece(name, part, one)) for one in part.slices]
            held = sum(self._shard(name, shard).size for shard in {piece.shard for _, piece in pieces})
            if size > held:
                raise ArrayError(f"takes {size:,} bytes, but its data files have only {held:,}")
        except ArrayError as error:
            raise self._refusal(name, error) from None
        whole = np.empty(part.dims, numpy_type(part.data_type))
        for one, piece in pieces:
            whole[one.region(part.dims)] = self._value(name, piece)
        return whole

    def _piece(self, name: str, part: _Part, one: TensorSlice) -> _Part:
        """The entry of a slice, which has the type of the variable and the shape of the slice."""
        piece = self._parts.get(one.key(key_of(name)))
        if piece is None:
            raise ArrayError(f"lacks its slice {one}")
        if (piece.data_type, piece.dims, piece.slices) != (part.data_type, one.dims(part.dims), ()):
            shape = shape_text(piece.dims)
            raise ArrayError(f"has a slice {one} of type {piece.data_type} and shape {shape}, which do not fit")
        self._checked(name, piece)
        return piece

    def _value(self, name: str, part: _Part) -> Array:
        source = self._checked(name, part)
        try:
            if part.data_type is DataType.DT_STRING:
                count = count_elements(part.dims, 1)
                strings, crc = read_strings(source, part.offset, part.size, count, big_endian=self._header.big_endian)
                self._compare(name, part, source, crc)
                return strings.reshape(part.dims)
            checksum = Checksum()
            raw = load(source, part.offset, part.size, checksum.add)
            self._compare(name, part, source, checksum.value)
            return from_bits(raw, part.data_type, big_endian=self._header.big_endian).reshape(part.dims)
        except ArrayError as error:
            raise refusal(place_in(source, part.offset), name, error) from None

    def _checked(self, name: str, part: _Part) -> SizedSource:
        """The data file of a tensor; InputError where the index says of it what cannot be."""
        try:
            item_size = numpy_type(part.data_type).itemsize
            size = count_elements(part.dims, item_size) * item_size
            if part.data_type is not DataType.DT_STRING and part.size != size:
                shape = shape_text(part.dims)
                raise ArrayError(f"of type {part.data_type} and shape {shape} takes {size:,} bytes, not {part.size:,}")
        except ArrayError as error:
            raise self._refusal(name, error) from None
        source = self._shard(name, part.shard)
        if part.offset < 0 or part.size < 0 or part.offset + part.size > source.size:
            place = place_in(source, max(part.offset, 0))
            problem = f"is said to be {part.size:,} bytes at byte {part.offset:,} of a file of {source.size:,}"
            raise refusal(place, name, problem)
        return source

    def _shard(self, name: str, shard: int) -> SizedSource:
        source = self._shards.get(shard)
        if source is None:
            if not 0 <= shard < self._header.num_shards:
                problem = f"is said to be in shard {shard:,} of {self._header.num_shards:,}"
                raise refusal(Place(self._path), name, problem)
            path = with_suffix(self._prefix, f".data-{shard:05d}-of-{self._header.num_shards:05d}")
            if not is_file(path):
                raise InputError(path, f"is missing: variable {name!r} is in it", _MISSING)
            source = self._shards[shard] = source_of(path)
        return source

    def _compare(self, name: str, part: _Part, source: SizedSource, actual: int) -> None:
        stated = unmasked(part.crc)
        if actual != stated:
            problem = f"has a wrong checksum: its {part.size:,} bytes here give {actual:#010x}, not {stated:#010x}"
            raise refusal(place_in(source, part.offset), name, problem)

    def _refusal(self, name: str, error: ArrayError) -> InputError:
        return refusal(Place(self._path), name, error)


_Parsed = TypeVar("_Parsed")


def _parsed(entry: TableEntry, parse: Callable[[bytes], _Parsed]) -> _Parsed:
    """What an entry of the index says; InputError with its place where that is nothing."""
    subject = f"variable {text_of(entry.key)!r}" if entry.key else "the header"
    try:
        return parse(entry.value)
    except WireError as error:
        place = place_in(entry.source, entry.offset + error.offset)
        raise InputError(place, f"{subject} is broken: {error.problem}", DAMAGED) from None
    except ArrayError as error:
        raise InputError(place_in(entry.source, entry.offset), f"{subject} {error}", DAMAGED) from None


def _header(value: bytes) -> _Header:
    num_shards = endianness = 0
    for field, a, b in fields(value, 0, len(value)):
        if field == _NUM_SHARDS:
            num_shards = signed32(a)
        elif field == _ENDIANNESS:
            endianness = signed32(a)
        elif field == _HEADER_VERSION:
            check_versions(value, a, b)
    if num_shards < 1 or endianness not in (_LITTLE, _BIG):
        raise ArrayError(f"says that there are {num_shards:,} data files, of byte order {endianness}")
    return _Header(num_shards, endianness == _BIG)


def _part(value: bytes) -> _Part:
    reader = AttrReader(value, MemoryBytes(b""))
    data_type = DataType.DT_INVALID
    shape: list[Span] = []
    shard = offset = size = crc = 0
    slices: list[TensorSlice] = []
    for field, a, b in fields(value, 0, len(value)):
        if field == _DTYPE:
            data_type = reader.data_type(a, b)
        elif field == _SHAPE:
            shape.append((a, b))
        elif field == _SHARD:
            shard = signed32(a)
        elif field == _OFFSET:
            offset = signed64(a)
        elif field == _SIZE:
            size = signed64(a)
        elif field == _CRC:
            crc = int.from_bytes(value[a:b], "little")
        elif field == _SLICES:
            slices.append(parse_slice(value, a, b))
    return _Part(data_type, parse_dims(reader, shape), shard, offset, size, crc, tuple(slices))
