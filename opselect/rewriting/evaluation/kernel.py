"""What a kernel of the evaluator is, and the registry of all of them.

A kernel is a pure function of a node's attrs and of arrays. It says in a line what it computes, for which data types,
what the types of its outputs are, and how near its results are to TensorFlow's.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from kernel_index.datatypes import DataType
from opselect.models.formats.array_shapes import ArrayError
from opselect.models.formats.numpy_types import Array, is_lacking, numpy_type
from opselect.models.graph import Node, NodeAttr, Shape

MAX_VALUE_BYTES = 1 << 28
"""The most that one output of one node may take, unless an input of the node takes more."""

MAX_LOOPED = 1 << 22
"""Maximum number of elements that are looked at one by one."""
MAX_BROADCAST_RANK = 5
"""TensorFlow's kernels of two inputs broadcast no more dimensions (``kernels/cwise_ops_common.h``)."""
MAX_OUTPUTS = 1 << 16
"""No node has more outputs; a file may say otherwise."""


class EvaluationError(Exception):
    """A node cannot be evaluated; the message completes "the node …"."""


class UndefinedResultError(EvaluationError):
    """TensorFlow computes something, but not the same on every processor."""


class Accuracy(enum.Enum):
    """How near the results of a kernel are to those of TensorFlow on an x86 CPU."""

    EXACT = "exact"
    ONE_ULP = "1 ulp"
    SUM = "sum"
    TWO_ULPS = "2 ulp"


Outputs: TypeAlias = str | DataType | tuple[str | DataType, ...]
"""The types of outputs: of each a type, or the attr that names it; one alone is that of all outputs."""

Result: TypeAlias = Array | Sequence[Array]
Compute: TypeAlias = Callable[..., Result]
_Compute = TypeVar("_Compute", bound=Compute)


@dataclass(frozen=True, slots=True)
class Kernel:
    """``compute`` takes a :class:`Call` and the inputs; ``types`` are those that the first input may have.

    Of the types in ``approximate`` TensorFlow's own function is an approximation that may be further away than the
    accuracy says; of those in ``vectorized`` only that of several numbers at once is.
    """

    op: str
    summary: str
    compute: Compute
    types: frozenset[DataType]
    outputs: Outputs
    accuracy: Accuracy
    approximate: frozenset[DataType]
    vectorized: frozenset[DataType]

    def approximates(self, data_type: DataType, count: int) -> bool:
        """Whether TensorFlow only approximates what this computes of a number of elements of a type."""
        return data_type in self.approximate or (count > 1 and data_type in self.vectorized)


KERNELS: dict[str, Kernel] = {}
"""Every kernel by op; :mod:`opselect.rewriting.evaluation.kernels` fills it."""

FLOAT = frozenset({DataType.DT_FLOAT})
DOUBLE = frozenset({DataType.DT_DOUBLE})
FLOATS = frozenset({DataType.DT_HALF, DataType.DT_BFLOAT16}) | FLOAT | DOUBLE
COMPLEX = frozenset({DataType.DT_COMPLEX64, DataType.DT_COMPLEX128})
SIGNED = frozenset({DataType.DT_INT8, DataType.DT_INT16, DataType.DT_INT32, DataType.DT_INT64})
UNSIGNED = frozenset({DataType.DT_UINT8, DataType.DT_UINT16, DataType.DT_UINT32, DataType.DT_UINT64})
INTEGERS = SIGNED | UNSIGNED
REALS = FLOATS | INTEGERS
NUMBERS = REALS | COMPLEX
BOOL = frozenset({DataType.DT_BOOL})
STRING = frozenset({DataType.DT_STRING})
PLAIN = NUMBERS | BOOL | STRING
QUANTIZED = frozenset(
    {DataType.DT_QINT8, DataType.DT_QUINT8, DataType.DT_QINT16, DataType.DT_QUINT16, DataType.DT_QINT32}
)
ANY = frozenset(DataType) - {DataType.DT_INVALID, DataType.DT_RESOURCE, DataType.DT_VARIANT}

_BY_NUMPY: Mapping[np.dtype[Any], DataType] = {
    numpy_type(data_type): data_type for data_type in sorted(ANY - QUANTIZED) if not is_lacking(data_type)
}


def kernel(
    op: str,
    summary: str,
    types: frozenset[DataType],
    *,
    outputs: Outputs = "T",
    accuracy: Accuracy = Accuracy.EXACT,
    approximate: frozenset[DataType] = frozenset(),
    vectorized: frozenset[DataType] = frozenset(),
) -> Callable[[_Compute], _Compute]:
    """Registers a function as the kernel of one op, or of several between ``|`` that compute the same."""

    def register(compute: _Compute) -> _Compute:
        for name in op.split("|"):
            if name in KERNELS:
                raise ValueError(f"{name} has two kernels")
            KERNELS[name] = Kernel(
                name, summary, compute, types, outputs, accuracy, approximate & types, vectorized & types
            )
        return compute

    return register


def data_type_of(array: Array) -> DataType:
    """The type whose elements an array holds; of plain integers never a quantized one."""
    found = _BY_NUMPY.get(array.dtype)
    if found is None:
        raise EvaluationError(f"has an input of {array.dtype}, which is no type of TensorFlow's")
    return found


# What op definitions have as defaults of the attrs that name types of outputs.
_TYPE_DEFAULTS = {
    "out_type": DataType.DT_INT32,
    "out_idx": DataType.DT_INT32,
    "output_type": DataType.DT_INT64,
    "Tout": DataType.DT_FLOAT,
}


@dataclass(frozen=True, slots=True)
class KernelCall:
    """The attrs of the node that a kernel computes, read with the defaults of op definitions, and how much it may take.

    All readers raise EvaluationError for an attr of another kind.
    """

    attrs: Mapping[str, NodeAttr]
    limit: int = MAX_VALUE_BYTES

    def whole(self, name: str, default: int | None = None) -> int:
        """An ``int``."""
        value = self.attrs.get(name, default)
        if not isinstance(value, int) or isinstance(value, (bool, DataType)):
            raise self._broken(name, "a number")
        return value

    def real(self, name: str, default: float) -> float:
        """A ``float``."""
        value = self.attrs.get(name, default)
        if not isinstance(value, (int, float)):
            raise self._broken(name, "a number")
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """A ``bool``."""
        value = self.attrs.get(name, default)
        if not isinstance(value, bool):
            raise self._broken(name, "true or false")
        return value

    def text(self, name: str, default: str) -> str:
        """A ``string``; bytes that are no UTF-8 are surrogate escapes."""
        value = self.attrs.get(name, default)
        if not isinstance(value, str):
            raise self._broken(name, "text")
        return value

    def wholes(self, name: str, default: Sequence[int] = ()) -> tuple[int, ...]:
        """A ``list(int)``."""
        value = self.attrs.get(name, tuple(default))
        if not isinstance(value, tuple) or not all(isinstance(item, int) for item in value):
            raise self._broken(name, "a list of numbers")
        return tuple(int(item) for item in value if isinstance(item, int))

    def reals(self, name: str) -> tuple[float, ...]:
        """A ``list(float)``."""
        value = self.attrs.get(name, ())
        if not isinstance(value, tuple) or not all(isinstance(item, (int, float)) for item in value):
            raise self._broken(name, "a list of numbers")
        return tuple(float(item) for item in value if isinstance(item, (int, float)))

    def data_type(self, name: str) -> DataType:
        """A ``type``."""
        value = self.attrs.get(name, _TYPE_DEFAULTS.get(name))
        if not isinstance(value, DataType):
            raise self._broken(name, "a data type")
        return value

    def dtype(self, name: str) -> np.dtype[Any]:
        """The NumPy type of a ``type``."""
        try:
            return numpy_type(self.data_type(name))
        except ArrayError as error:
            raise EvaluationError(f"has an attr {name!r} that {error}") from None

    def shape(self, name: str) -> Shape:
        """A ``shape``, of unknown rank where the node has none."""
        value = self.attrs.get(name, Shape())
        if not isinstance(value, Shape):
            raise self._broken(name, "a shape")
        return value

    def count(self, name: str) -> int:
        """An ``int`` that is the number of outputs; EvaluationError for more than any node has."""
        value = self.whole(name)
        if not 0 < value <= MAX_OUTPUTS:
            raise EvaluationError(f"would have {value:,} outputs")
        return value

    def reserve(self, shape: Sequence[int], dtype: npt.DTypeLike) -> tuple[int, ...]:
        """The shape, of an array that is about to be made; EvaluationError where it is larger than may be."""
        dims = tuple(int(size) for size in shape)
        if any(size < 0 for size in dims):
            raise EvaluationError(f"would make an array of shape {list(dims)}")
        taken = math.prod(dims) * np.dtype(dtype).itemsize
        if taken > self.limit:
            raise EvaluationError(f"would make an array of {taken:,} bytes, more than {self.limit:,}")
        return dims

    def looped(self, *arrays: Array) -> None:
        """Says that a kernel looks at elements one by one; EvaluationError where there are too many for that."""
        if any(array.size > MAX_LOOPED for array in arrays):
            raise EvaluationError(f"has an input of more than {MAX_LOOPED:,} elements")

    def alike(self, *arrays: Array) -> None:
        """Says that a kernel takes arrays of one type; EvaluationError where they are of several."""
        types = {str(array.dtype): None for array in arrays}
        if len(types) > 1:
            raise EvaluationError(f"has inputs of {' and '.join(types)}")

    def broadcast(self, *arrays: Array) -> tuple[int, ...]:
        """The shape that arrays of one type have together; EvaluationError where they have none or it is too large."""
        self.alike(*arrays)
        try:
            shape = np.broadcast_shapes(*(array.shape for array in arrays))
        except ValueError:
            shapes = " and ".join(str(list(array.shape)) for array in arrays)
            raise EvaluationError(f"has inputs of shapes {shapes}, which do not go together") from None
        if len(arrays) == 2 and _broadcast_rank(arrays[0].shape, arrays[1].shape) > MAX_BROADCAST_RANK:
            raise EvaluationError(f"broadcasts more than {MAX_BROADCAST_RANK} dimensions that cannot be joined")
        return self.reserve(shape, max((array.dtype for array in arrays), key=lambda dtype: dtype.itemsize))

    def _broken(self, name: str, what: str) -> EvaluationError:
        return EvaluationError(f"has an attr {name!r} that is not {what}")


def _broadcast_rank(x: Sequence[int], y: Sequence[int]) -> int:
    """The rank of what two shapes are broadcast to, dimensions side by side joined where both are broadcast alike."""
    rank = max(len(x), len(y))
    pairs = zip((1,) * (rank - len(x)) + tuple(x), (1,) * (rank - len(y)) + tuple(y), strict=True)
    kinds = [(one == 1, other == 1) for one, other in pairs if (one, other) != (1, 1)]
    return sum(kind != before for kind, before in zip(kinds, [None, *kinds], strict=False))


def output_types(node: Node, outputs: Outputs, arrays: Sequence[Array]) -> tuple[DataType, ...]:
    """The type of each output of a node; where its attr is missing, that of the array."""
    found = []
    for position, array in enumerate(arrays):
        spec = outputs[min(position, len(outputs) - 1)] if isinstance(outputs, tuple) else outputs
        if isinstance(spec, DataType):
            found.append(spec)
            continue
        value = node.attrs.get(spec)
        if isinstance(value, tuple) and position < len(value):
            value = value[position]
        found.append(value if isinstance(value, DataType) else data_type_of(array))
    return tuple(found)
