"""A checkpoint as a mapping of the names of its variables to their values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.array_shapes import ArrayError
from opselect.models.formats.checkpoint.bundle import Bundle
from opselect.models.formats.checkpoint.locate import locate
from opselect.models.formats.checkpoint.saved_slices import SavedSlices
from opselect.models.formats.checkpoint.slices import TensorSlice
from opselect.models.formats.checkpoint.variable import StoredVariable, VariableReader
from opselect.models.formats.numpy_types import Array, numpy_type
from opselect.models.graph.values import StoredBytes


class Checkpoint(Mapping[str, Array]):
    """The variables of a checkpoint by name, in the order of their names.

    A value is read, and checked against its checksum, each time it is asked for; the array is the caller's own. Strings
    are objects, each of them ``bytes``; ``bfloat16`` and types of less than 16 bits are those of ``ml_dtypes``;
    quantized types are the integers that they are stored as. Asking for a value raises InputError where it cannot be
    read, and KeyError for a name that the checkpoint does not have.

    :ivar prefix: what the names of the checkpoint's files begin with
    :ivar version: of the format: 2 is the TensorBundle, 1 what was before
    """

    def __init__(self, prefix: str, version: int, reader: VariableReader) -> None:
        self.prefix = prefix
        self.version = version
        self._reader = reader

    def __getitem__(self, name: str) -> Array:
        if name not in self._reader.variables:
            raise KeyError(name)
        return self._reader.read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._reader.variables)

    def __len__(self) -> int:
        return len(self._reader.variables)

    def __contains__(self, name: object) -> bool:
        return name in self._reader.variables

    def __repr__(self) -> str:
        return f"<checkpoint {self.prefix!r}, version {self.version}, {len(self):,} variables>"

    @cached_property
    def variables(self) -> Mapping[str, StoredVariable]:
        """TensorFlow's data type and the shape of each variable."""
        return MappingProxyType(dict(self._reader.variables))

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of each variable."""
        return MappingProxyType({name: variable.dims for name, variable in self._reader.variables.items()})

    @cached_property
    def dtypes(self) -> Mapping[str, np.dtype[Any]]:
        """The NumPy type of each variable; object for strings, and for variants, whose values cannot be read."""
        return MappingProxyType({name: _dtype(one.data_type) for name, one in self._reader.variables.items()})

    def stored(self, name: str, part: TensorSlice | None = None) -> StoredBytes | None:
        """Where a variable lies as it would lie in memory: its elements one after the other, little-endian.

        None where it does not: strings, variants, partitioned variables, big-endian checkpoints and all of version 1.
        With ``part`` only that slice of a partitioned variable; None where it is not one of the slices that the
        variable was saved in. The bytes were checked against their checksum, in one pass over that part of the file.
        Raises like asking for the value does.
        """
        if name not in self._reader.variables:
            raise KeyError(name)
        return self._reader.stored(name, part)


def open_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """The checkpoint at a path or URL, of which only the list of variables is read.

    The path is a prefix, as TensorFlow names checkpoints, or any of the checkpoint's files, or a folder: then it is the
    checkpoint that the folder's ``checkpoint`` file names as the latest. Raises InputError where there is none, with
    the prefixes that there are, and for one that is damaged.
    """
    located = locate(os.fspath(path))
    if located.files:
        return Checkpoint(located.prefix, 1, SavedSlices(located.files))
    return Checkpoint(located.prefix, 2, Bundle(located.prefix))


def _dtype(data_type: DataType) -> np.dtype[Any]:
    try:
        return numpy_type(data_type)
    except ArrayError:
        return np.dtype(np.object_)
