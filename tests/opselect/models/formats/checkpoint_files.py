"""Checkpoints for tests, written byte by byte: whole ones, and ones that no program would write."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cramjam
import google_crc32c
import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.checkpoint.table import MAGIC
from opselect.models.formats.numpy_types import Array
from tests.opselect.graph_text import field, varint

FIXTURES = Path(__file__).parents[4] / "fixtures" / "checkpoints"

TYPES = {
    "f4": DataType.DT_FLOAT,
    "f8": DataType.DT_DOUBLE,
    "i2": DataType.DT_INT16,
    "i4": DataType.DT_INT32,
    "i8": DataType.DT_INT64,
    "u1": DataType.DT_UINT8,
    "b1": DataType.DT_BOOL,
    "c8": DataType.DT_COMPLEX64,
    "O": DataType.DT_STRING,
}
"""TensorFlow's type of a NumPy type, without its byte order."""


def masked_crc(data: bytes) -> bytes:
    """The checksum as files hold it."""
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFF_FFFF)


def number(field_number: int, value: int) -> bytes:
    """A varint field."""
    return varint(field_number << 3) + varint(value % 2**64)


def shape(*dims: int) -> bytes:
    """A ``TensorShapeProto``."""
    return b"".join(field(2, number(1, dim)) for dim in dims)


def extents(*pairs: tuple[int, int] | None) -> bytes:
    """A ``TensorSliceProto``; None for a whole dimension."""
    return b"".join(field(1, b"" if pair is None else number(1, pair[0]) + number(2, pair[1])) for pair in pairs)


def block(entries: Sequence[tuple[bytes, bytes]], interval: int = 16) -> bytes:
    """A block without its trailer."""
    out = bytearray()
    restarts = []
    last = b""
    for index, (key, value) in enumerate(entries):
        shared = 0
        if index % interval == 0:
            restarts.append(len(out))
        else:
            shared = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], zip(last, key, strict=False))))
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    return bytes(out) + struct.pack(f"<{len(restarts)}I", *restarts) + struct.pack("<I", len(restarts))


def sealed(content: bytes, kind: int = 0) -> bytes:
    """A block with its trailer."""
    return content + bytes([kind]) + masked_crc(content + bytes([kind]))


def footer(index_offset: int, index_size: int, meta_offset: int = 0, meta_size: int = 0) -> bytes:
    handles = varint(meta_offset) + varint(meta_size) + varint(index_offset) + varint(index_size)
    return handles.ljust(40, b"\0") + MAGIC


def table(entries: Iterable[tuple[bytes, bytes]], *, per_block: int = 1000, snappy: bool = False) -> bytes:
    """A table of entries in the order of their keys."""
    pairs = list(entries)
    groups = [pairs[start : start + per_block] for start in range(0, len(pairs), per_block)]
    return table_of_blocks([(group[-1][0], block(group)) for group in groups], snappy=snappy)


def table_of_blocks(blocks: Iterable[tuple[bytes, bytes]], *, snappy: bool = False) -> bytes:
    """A table of blocks, each with the key that the index block has for it."""
    out = bytearray()
    index = []
    for key, content in blocks:
        stored = bytes(cramjam.snappy.compress_raw(content)) if snappy else content
        index.append((key, varint(len(out)) + varint(len(stored))))
        out += sealed(stored, int(snappy))
    meta = len(out)
    out += sealed(block([]))
    start = len(out)
    out += sealed(block(index, 1))
    return bytes(out) + footer(start, len(out) - start - 5, meta, start - meta - 5)


HEADER = number(1, 1) + field(3, number(1, 1))
"""A ``BundleHeaderProto``: one data file, little-endian, version 1."""


@dataclass(frozen=True)
class Stored:
    """A ``BundleEntryProto``."""

    data_type: int = DataType.DT_FLOAT
    dims: tuple[int, ...] = ()
    shard: int = 0
    offset: int = 0
    size: int = 4
    crc: bytes = bytes(4)
    slices: tuple[bytes, ...] = ()

    def encoded(self) -> bytes:
        place = number(3, self.shard) + number(4, self.offset) + number(5, self.size)
        checksum = b"\x35" + self.crc
        slices = b"".join(field(7, one) for one in self.slices)
        return number(1, self.data_type) + field(2, shape(*self.dims)) + place + checksum + slices


def write_bundle(
    prefix: Path, tensors: Mapping[str, Array], *, big_endian: bool = False, snappy: bool = False, per_block: int = 1000
) -> None:
    """A checkpoint of version 2 in one data file."""
    data = bytearray()
    entries = [(b"", number(1, 1) + number(2, int(big_endian)) + field(3, number(1, 1)))]
    for name, tensor in sorted(tensors.items()):
        stored, crc = encoded(tensor, big_endian=big_endian)
        part = Stored(TYPES[tensor.dtype.str[1:]], tensor.shape, 0, len(data), len(stored), crc)
        entries.append((name.encode(), part.encoded()))
        data += stored
    prefix.with_name(prefix.name + ".index").write_bytes(table(entries, per_block=per_block, snappy=snappy))
    prefix.with_name(prefix.name + ".data-00000-of-00001").write_bytes(data)


def encoded(tensor: Array, *, big_endian: bool = False) -> tuple[bytes, bytes]:
    """The bytes of a tensor in a data file, and its checksum."""
    order = ">" if big_endian else "<"
    if tensor.dtype != np.object_:
        data = tensor.astype(tensor.dtype.newbyteorder("big" if big_endian else "little")).tobytes()
        return data, masked_crc(data)
    strings: list[bytes] = tensor.ravel().tolist()
    numbers = b"".join(struct.pack(f"{order}I", len(string)) for string in strings)
    checksum = struct.pack(f"{order}I", *struct.unpack("<I", masked_crc(numbers)))
    data = b"".join(varint(len(string)) for string in strings) + checksum + b"".join(strings)
    return data, masked_crc(numbers + checksum + b"".join(strings))


def write_parts(prefix: Path, parts: Mapping[bytes, Stored], data: bytes = b"", header: bytes = HEADER) -> None:
    """A checkpoint of version 2 whose index says whatever it is told to."""
    entries = [(b"", header), *sorted((key, part.encoded()) for key, part in parts.items())]
    prefix.with_name(prefix.name + ".index").write_bytes(table(entries))
    prefix.with_name(prefix.name + ".data-00000-of-00001").write_bytes(data)


def strings_of(*items: bytes) -> Array:
    """An array of strings."""
    array = np.empty(len(items), np.object_)
    array[:] = items
    return array
