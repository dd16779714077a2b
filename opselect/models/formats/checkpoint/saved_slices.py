"""Checkpoints of version 1: a table of ``SavedTensorSlices`` in one file, or in shards ``PREFIX-NNNNN-of-MMMMM``.

Source: ``util/tensor_slice_{reader,writer}.{h,cc}``, ``util/saved_tensor_slice.proto``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError, Place
from opselect.models.formats.array_shapes import ArrayError, count_elements, shape_text
from opselect.models.formats.attr_values import AttrReader
from opselect.models.formats.checkpoint.slices import TensorSlice, check_tiling, parse_slice
from opselect.models.formats.checkpoint.table import DAMAGED, Table, TableEntry
from opselect.models.formats.checkpoint.variable import (
    StoredVariable,
    check_versions,
    key_of,
    parse_dims,
    refusal,
    text_of,
)
from opselect.models.formats.numpy_types import Array, numpy_type
from opselect.models.formats.tensors import stored_values
from opselect.models.formats.wire import LENGTH, VARINT, Span, WireError, fields, merged_fields, tag
from opselect.models.graph.values import StoredBytes, TensorRef
from opselect.models.storage import MemoryBytes, Pages, place_in, source_of

_META, _DATA = tag(1, LENGTH), tag(2, LENGTH)
_META_TENSOR, _META_VERSIONS = tag(1, LENGTH), tag(2, LENGTH)
_NAME, _SHAPE, _TYPE, _SLICE = tag(1, LENGTH), tag(2, LENGTH), tag(3, VARINT), tag(4, LENGTH)
_SLICE_TENSOR = tag(3, LENGTH)


@dataclass(frozen=True, slots=True)
class _Saved:
    """A variable, and its slices with the number of the file that holds each."""

    data_type: DataType
    dims: tuple[int, ...]
    slices: list[tuple[TensorSlice, int]]


_Listed: TypeAlias = tuple[bytes, DataType, tuple[int, ...], list[TensorSlice]]
"""Name, type, shape and slices of a variable of a file."""


class SavedSlices:
    """The checkpoint in some files. What they hold is read at once, the values when they are asked for."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = tuple(paths)
        self._tables = [Table(source_of(path)) for path in self._paths]
        saved: dict[bytes, _Saved] = {}
        for number, path in enumerate(self._paths):
            for name, data_type, dims, slices in self._listed(number, path):
                known = saved.setdefault(name, _Saved(data_type, dims, []))
                if (known.data_type, known.dims) != (data_type, dims):
                    other = f"{known.data_type} {shape_text(known.dims)}"
                    problem = f"is {data_type} {shape_text(dims)} here and {other} in another shard"
                    raise refusal(Place(path), text_of(name), problem)
                known.slices.extend((one, number) for one in slices)
        self._saved = {text_of(name): saved[name] for name in sorted(saved)}
        self.variables: Mapping[str, StoredVariable] = {
            name: StoredVariable(one.data_type, one.dims) for name, one in self._saved.items()
        }

    def read(self, name: str) -> Array:
        """The value of a variable; InputError where it cannot be read."""
        saved = self._saved[name]
        try:
            check_tiling(saved.dims, [one for one, _ in saved.slices])
            dtype = numpy_type(saved.data_type)
            count_elements(saved.dims, dtype.itemsize)
        except ArrayError as error:
            raise refusal(Place(self._paths[0]), name, error) from None
        found = [self._found(name, saved, one, number) for one, number in saved.slices]
        whole = np.empty(saved.dims, dtype)
        for (one, _), entry in zip(saved.slices, found, strict=True):
            whole[one.region(saved.dims)] = _values(name, saved, one, entry)
        return whole

    def stored(self, name: str, part: TensorSlice | None = None) -> StoredBytes | None:
        """None: values of this format are fields of a message, most of them numbers of varying length."""
        return None

    def _found(self, name: str, saved: _Saved, one: TensorSlice, number: int) -> TableEntry:
        """The entry of a slice, long enough for its elements, of which each takes a byte and more."""
        entry = self._tables[number].find(one.key(key_of(name)))
        if entry is None:
            raise refusal(Place(self._paths[number]), name, f"lacks its slice {one}")
        count = math.prod(one.dims(saved.dims))
        if count > entry.length:
            problem = f"has {count:,} elements in its slice {one}, but only {entry.length:,} bytes of them"
            raise refusal(place_in(entry.source, entry.offset), name, problem)
        return entry

    def _listed(self, number: int, path: str) -> Iterator[_Listed]:
        """The variables that a file says it has slices of."""
        entry = self._tables[number].find(b"")
        if entry is None:
            raise InputError(path, "is no checkpoint: the list of its variables is missing", DAMAGED)
        value = entry.value
        try:
            for field, a, b in fields(value, 0, len(value)):
                if field == _META:
                    yield from _meta(value, a, b)
        except WireError as error:
            place = place_in(entry.source, entry.offset + error.offset)
            raise InputError(place, f"the list of variables is broken: {error.problem}", DAMAGED) from None
        except ArrayError as error:
            raise InputError(place_in(entry.source, entry.offset), str(error), DAMAGED) from None


def _meta(value: bytes, start: int, end: int) -> Iterator[_Listed]:
    """The variables of a ``SavedTensorSliceMeta``."""
    reader = AttrReader(value, MemoryBytes(b""))
    for field, a, b in fields(value, start, end):
        if field == _META_VERSIONS:
            check_versions(value, a, b)
        if field != _META_TENSOR:
            continue
        name = b""
        data_type = DataType.DT_INVALID
        shape: list[Span] = []
        slices: list[TensorSlice] = []
        try:
            for inner, c, d in fields(value, a, b):
                if inner == _NAME:
                    name = value[c:d]
                elif inner == _SHAPE:
                    shape.append((c, d))
                elif inner == _TYPE:
                    data_type = reader.data_type(c, d)
                elif inner == _SLICE:
                    slices.append(parse_slice(value, c, d))
            dims = parse_dims(reader, shape)
        except ArrayError as error:
            raise ArrayError(f"variable {text_of(name)!r} {error}") from None
        yield name, data_type, dims, slices


def _values(name: str, saved: _Saved, one: TensorSlice, entry: TableEntry) -> Array:
    """The elements of a slice: as many values as it has, none of them left out."""
    dims = one.dims(saved.dims)
    count = math.prod(dims)
    try:
        values = stored_values(_tensor(entry), saved.data_type, count + 1)
        if len(values) != count:
            raise ArrayError(f"has {count:,} elements in its slice {one}, but the file holds another number of values")
    except WireError as error:
        raise refusal(place_in(entry.source, error.offset), name, f"is broken: {error.problem}") from None
    except ArrayError as error:
        raise refusal(place_in(entry.source, entry.offset), name, error) from None
    return values.reshape(dims)


def _tensor(entry: TableEntry) -> TensorRef:
    """The ``TensorProto`` in the ``SavedTensorSlices`` that an entry holds."""
    pages = Pages(entry.source, entry.offset + entry.length)
    data = [(a, b) for field, a, b in fields(pages, entry.offset, len(pages)) if field == _DATA]
    tensor = [(a, b) for field, a, b in merged_fields(pages, data) if field == _SLICE_TENSOR]
    if not tensor:
        raise ArrayError("has no values")
    return AttrReader(pages, entry.source).tensor(tensor)
