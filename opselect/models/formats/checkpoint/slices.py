"""Slices: the parts that a partitioned variable is stored in, and the whole that they make.

Source: ``framework/tensor_slice.cc``, ``util/tensor_slice_set.cc``, ``util/saved_tensor_slice_util.cc``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from opselect.models.formats.array_shapes import ArrayError, shape_text
from opselect.models.formats.checkpoint.ordered_code import encode_number, encode_signed, encode_string
from opselect.models.formats.wire import LENGTH, VARINT, Buffer, WireError, fields, signed64, tag

MAX_SLICES = 10_000
"""Slices of one variable. A variable is cut into as many as there are parameter servers."""

_ALL = -1
_EXTENT, _START, _LENGTH = tag(1, LENGTH), tag(1, VARINT), tag(2, VARINT)


@dataclass(frozen=True, slots=True)
class TensorSlice:
    """The part of a tensor from a start, of a length in elements, in each dimension; a length of -1 takes all."""

    extents: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        return ":".join("-" if length == _ALL else f"{start},{length}" for start, length in self.extents)

    def key(self, name: bytes) -> bytes:
        """The key that a table keeps the slice of a variable under (``EncodeTensorNameSlice``)."""
        numbers = b"".join(encode_signed(number) for extent in self.extents for number in extent)
        return encode_number(0) + encode_string(name) + encode_number(len(self.extents)) + numbers

    def region(self, dims: tuple[int, ...]) -> tuple[slice, ...]:
        """The slice as NumPy means it; ArrayError where a tensor of the shape has no such part."""
        if len(self.extents) != len(dims):
            raise ArrayError(f"of shape {shape_text(dims)} has a slice {self} of {len(self.extents)} dimensions")
        return tuple(self._regions(dims))

    def _regions(self, dims: tuple[int, ...]) -> Iterator[slice]:
        for (start, length), dim in zip(self.extents, dims, strict=True):
            if length == _ALL and start == 0:
                yield slice(0, dim)
            elif start < 0 or length <= 0 or start + length > dim:
                raise ArrayError(f"of shape {shape_text(dims)} has a slice {self} outside of it")
            else:
                yield slice(start, start + length)

    def dims(self, dims: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the slice of a tensor of a shape."""
        return tuple(part.stop - part.start for part in self.region(dims))


def parse_slice(buffer: Buffer, start: int, end: int) -> TensorSlice:
    """The slice of a ``TensorSliceProto`` (``framework/tensor_slice.proto``)."""
    extents: list[tuple[int, int]] = []
    for field, a, b in fields(buffer, start, end):
        if field != _EXTENT:
            continue
        first, length = 0, _ALL
        for inner, value, _ in fields(buffer, a, b):
            if inner == _START:
                first = signed64(value)
            elif inner == _LENGTH:
                length = signed64(value)
        extents.append((first, length))
        if len(extents) > 254:
            raise WireError(start, "a slice has more dimensions than any tensor")
    return TensorSlice(tuple(extents))


def parse_spec(text: str) -> tuple[tuple[int, ...], TensorSlice] | None:
    """The shape of a variable and the slice that a restore op's ``shape_and_slices`` names, such as ``8 4 0,4:-``.

    None for the empty text, which means the whole variable. Raises ArrayError for any other text
    (``ParseShapeAndSlice``).
    """
    if not text:
        return None
    *shape, extents = text.split(" ")
    try:
        dims = tuple(int(size) for size in shape)
        parsed = TensorSlice(tuple(_extent(extent) for extent in extents.split(":")))
    except ValueError:
        raise ArrayError(f"is said to be the slice {text!r}, which is none") from None
    parsed.region(dims)
    return dims, parsed


def _extent(text: str) -> tuple[int, int]:
    if text == "-":
        return 0, _ALL
    start, length = text.split(",")
    return int(start), int(length)


def check_tiling(dims: tuple[int, ...], slices: Sequence[TensorSlice]) -> None:
    """Whether slices make the whole tensor, each element once; ArrayError where they overlap or leave some out."""
    if len(slices) > MAX_SLICES:
        raise ArrayError(f"is cut into {len(slices):,} slices; {MAX_SLICES:,} are the most that are read")
    regions = [part.region(dims) for part in slices]
    starts = np.array([[one.start for one in region] for region in regions], np.int64).reshape(len(regions), len(dims))
    stops = np.array([[one.stop for one in region] for region in regions], np.int64).reshape(len(regions), len(dims))
    for number in range(len(regions) - 1):
        before = (starts[number] < stops[number + 1 :]) & (starts[number + 1 :] < stops[number])
        overlapping = np.flatnonzero(before.all(axis=1))
        if len(overlapping):
            other = slices[number + 1 + int(overlapping[0])]
            raise ArrayError(f"has slices that overlap: {slices[number]} and {other}")
    covered = sum(math.prod(part.dims(dims)) for part in slices)
    if covered != math.prod(dims):
        missing = math.prod(dims) - covered
        raise ArrayError(f"of shape {shape_text(dims)} lacks slices: {missing:,} elements are in none of {len(slices)}")
