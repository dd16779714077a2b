"""What a checkpoint says of a variable, whichever format it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError, Place
from opselect.models.formats.array_shapes import ArrayError, count_elements
from opselect.models.formats.attr_values import AttrReader
from opselect.models.formats.checkpoint.slices import TensorSlice
from opselect.models.formats.checkpoint.table import DAMAGED
from opselect.models.formats.numpy_types import Array
from opselect.models.formats.wire import LENGTH, VARINT, Buffer, Span, WireError, fields, read_varint, signed32, tag
from opselect.models.graph.values import StoredBytes

_VERSION = 1
"""Of both formats (``public/version.h``, ``util/tensor_bundle/tensor_bundle.cc``)."""
_MIN_CONSUMER, _BAD_CONSUMER, _BAD_CONSUMERS_PACKED = tag(2, VARINT), tag(3, VARINT), tag(3, LENGTH)


@dataclass(frozen=True, slots=True)
class StoredVariable:
    """The type and shape of a variable."""

    data_type: DataType
    dims: tuple[int, ...]


class VariableReader(Protocol):
    """A format of checkpoints."""

    @property
    def variables(self) -> Mapping[str, StoredVariable]:
        """All variables, in the order of their names."""

    def read(self, name: str) -> Array:
        """The value of a variable."""

    def stored(self, name: str, part: TensorSlice | None = None) -> StoredBytes | None:
        """Where the value, or a slice of it, is, if it is stored as it would be in memory."""


def text_of(name: bytes) -> str:
    """A variable's name; bytes that are no UTF-8 become surrogate escapes."""
    return name.decode("utf-8", "surrogateescape")


def key_of(name: str) -> bytes:
    """The bytes of a variable's name."""
    return name.encode("utf-8", "surrogateescape")


def refusal(place: Place, name: str, problem: ArrayError | str) -> InputError:
    """The error for a variable that cannot be read."""
    advice = problem.advice if isinstance(problem, ArrayError) else ""
    return InputError(place, f"variable {name!r} {problem}", advice or DAMAGED)


def parse_dims(reader: AttrReader, spans: Sequence[Span]) -> tuple[int, ...]:
    """The shape of a variable; ArrayError for one that is not fully known or too large."""
    dims = reader.shape(spans).dims
    count_elements(dims, 1)
    return dims or ()


def check_versions(buffer: Buffer, start: int, end: int) -> None:
    """Whether a ``VersionDef`` admits this reader (``framework/versions.cc``); WireError if not."""
    for field, a, b in fields(buffer, start, end):
        if field == _MIN_CONSUMER and signed32(a) > _VERSION:
            raise WireError(start, f"the checkpoint is of a newer format: it asks for version {signed32(a)}")
        bad = [signed32(a)] if field == _BAD_CONSUMER else []
        while field == _BAD_CONSUMERS_PACKED and a < b:
            number, a = read_varint(buffer, a, b)
            bad.append(signed32(number))
        if _VERSION in bad:
            raise WireError(start, f"the checkpoint says that readers of version {_VERSION} get it wrong")
