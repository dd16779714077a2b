"""One node and the values of its inputs in, the values of its outputs out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.array_shapes import ArrayError
from opselect.models.formats.numpy_types import Array, numpy_type
from opselect.models.graph import Node
from opselect.rewriting.evaluation.kernel import (
    KERNELS,
    MAX_VALUE_BYTES,
    QUANTIZED,
    EvaluationError,
    Kernel,
    KernelCall,
    data_type_of,
    output_types,
)

_TYPE_ATTRS = ("T", "SrcT", "Tparams", "TI", "Tinput", "Tidx")


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor: its elements and their type, which for a quantized one the array does not tell."""

    array: Array
    type: DataType


def evaluate(node: Node, inputs: Sequence[Array], limit: int = MAX_VALUE_BYTES) -> tuple[Value, ...]:
    """The outputs of a node whose data inputs have these values; the arrays given stay as they are.

    Raises EvaluationError for an op without a kernel, for what TensorFlow's kernel refuses (a division by zero, an
    index out of range, shapes that do not go together), for a result that is not defined on every processor, and for
    an output of more than ``limit`` bytes and more than the largest input.
    """
    kernel = KERNELS.get(node.op)
    if kernel is None:
        raise EvaluationError(f"has the op {node.op}, which cannot be evaluated")
    _check_types(node, kernel, inputs)
    largest = max([limit, *map(_taken, inputs)])
    for array in inputs:
        # Without elements, too: kernels may look at every row.
        if math.prod(filter(None, array.shape)) * array.itemsize > largest:
            raise EvaluationError(f"has an input of shape {list(array.shape)} of {array.dtype}")
    call = KernelCall(node.attrs, largest)
    try:
        arrays = _computed(kernel, call, inputs)
        types = output_types(node, kernel.outputs, arrays)
        wanted = list(map(numpy_type, types))
    except MemoryError:
        raise EvaluationError("takes more memory than there is") from None
    except (ValueError, TypeError, IndexError, OverflowError, ArrayError, Warning) as error:
        # Whatever NumPy refuses in inputs that do not fit the op or each other; TensorFlow refuses it as well.
        raise EvaluationError(f"does not fit its inputs: {error}") from None
    for array, data_type, dtype in zip(arrays, types, wanted, strict=True):
        strings = array.dtype != np.object_ or all(isinstance(value, bytes) for value in array.ravel())
        if array.dtype != dtype or not strings:
            raise EvaluationError(f"gives {array.dtype}, where its attrs say {data_type}")
    return tuple(map(Value, arrays, types))


def _computed(kernel: Kernel, call: KernelCall, inputs: Sequence[Array]) -> tuple[Array, ...]:
    # NumPy warns where it drops part of a number, which no kernel means to.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        result = kernel.compute(call, *inputs)
    arrays = tuple(result) if isinstance(result, (list, tuple)) else (result,)
    # One string of an array is bytes, of which NumPy would make a type of its own.
    return tuple(np.asarray(array, object if isinstance(array, bytes) else None) for array in arrays)


def _taken(array: Array) -> int:
    """The bytes that an array has in memory: where one value stands for many elements, those of the one."""
    sizes = [size for size, stride in zip(array.shape, array.strides, strict=True) if stride]
    taken: int = math.prod(sizes) * array.itemsize
    return taken


def _check_types(node: Node, kernel: Kernel, inputs: Sequence[Array]) -> None:
    for name in _TYPE_ATTRS:
        named = node.attrs.get(name)
        if isinstance(named, DataType):
            if named in QUANTIZED and named not in kernel.types:
                raise EvaluationError(f"has no kernel for {named}")
            break
    if inputs:
        held = data_type_of(inputs[0])
        if held not in kernel.types and not QUANTIZED & kernel.types:
            raise EvaluationError(f"has no kernel for {held}")
