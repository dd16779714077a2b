"""Lists of tensors that a loop fills and reads: TensorArrays of 1.x, TensorLists of 2.x.

Source: ``kernels/tensor_array_ops.cc``, ``kernels/list_kernels.{h,cc}``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.kernel import EvaluationError, KernelCall

MAX_ELEMENTS = 1 << 24
"""No list has more elements."""


@dataclass(eq=False)
class TensorArray:
    """What the handle and the flow of a TensorArray are here; every element is written once."""

    size: int
    dtype: np.dtype[Any]
    grows: bool = False
    elements: dict[int, Array] = field(default_factory=dict)

    def write(self, index: int, element: Array) -> None:
        """Puts in an element; EvaluationError for a place that there is not."""
        if not 0 <= index < (MAX_ELEMENTS if self.grows else self.size):
            raise EvaluationError(f"writes element {index} of {self.size}")
        self.size = max(self.size, index + 1)
        self.elements[index] = element

    def read(self, index: int) -> Array:
        """An element; EvaluationError for one that was not written."""
        if index not in self.elements:
            raise EvaluationError(f"reads element {index} of {self.size}, which was not written")
        return self.elements[index]


@dataclass(frozen=True, slots=True)
class TensorList:
    """A value like any other: whoever changes it makes a new one. None is an element that was never set."""

    dtype: np.dtype[Any]
    elements: tuple[Array | None, ...] = ()

    def element(self, index: int, shape: Array | None = None) -> Array:
        """An element, zeros of the shape where it was never set; EvaluationError for one that there is not."""
        if not 0 <= index < len(self.elements):
            raise EvaluationError(f"reads element {index} of {len(self.elements)}")
        found = self.elements[index]
        return self._zeros(shape) if found is None else found

    def stacked(self, shape: Array) -> Array:
        """All elements along a new first dimension."""
        known = next((element.shape for element in self.elements if element is not None), None)
        sizes = shape if known is None else np.array(known)
        parts = [self._zeros(sizes) if element is None else element for element in self.elements]
        return np.stack(parts) if parts else np.zeros((0, *np.maximum(shape.ravel(), 0).tolist()), self.dtype)

    def _zeros(self, shape: Array | None) -> Array:
        if shape is None or shape.ndim != 1 or (shape < 0).any():
            raise EvaluationError("reads an element that was never set, and whose shape is not known")
        return np.zeros(shape.tolist(), self.dtype)


Item: TypeAlias = "Array | TensorArray | TensorList"


def _array_of(handle: Item) -> TensorArray:
    if not isinstance(handle, TensorArray):
        raise EvaluationError("has no TensorArray as its first input")
    return handle


def _list_of(handle: Item) -> TensorList:
    if not isinstance(handle, TensorList):
        raise EvaluationError("has no TensorList as its first input")
    return handle


def _count(size: Array) -> int:
    if not 0 <= int(size) <= MAX_ELEMENTS:
        raise EvaluationError(f"makes a list of {int(size)} elements")
    return int(size)


def _make_array(call: KernelCall, size: Array) -> Sequence[Item]:
    made = TensorArray(_count(size), call.dtype("dtype"), call.flag("dynamic_size"))
    return made, made


def _write(_: KernelCall, handle: Item, index: Array, value: Array, flow: Item) -> Sequence[Item]:
    _array_of(handle).write(int(index), value)
    return (flow,)


def _read(_: KernelCall, handle: Item, index: Array, _flow: Item) -> Sequence[Item]:
    return (_array_of(handle).read(int(index)),)


def _size(_: KernelCall, handle: Item, _flow: Item) -> Sequence[Item]:
    return (np.array(_array_of(handle).size, np.int32),)


def _gather(call: KernelCall, handle: Item, indices: Array, _flow: Item) -> Sequence[Item]:
    array = _array_of(handle)
    parts = [array.read(int(index)) for index in indices]
    if parts:
        return (np.stack(parts),)
    dims = call.shape("element_shape").dims or ()
    return (np.zeros((0, *(max(size, 0) for size in dims)), array.dtype),)


def _scatter(_: KernelCall, handle: Item, indices: Array, values: Array, flow: Item) -> Sequence[Item]:
    for index, value in zip(indices, values, strict=True):
        _array_of(handle).write(int(index), np.asarray(value))
    return (flow,)


def _split(_: KernelCall, handle: Item, value: Array, lengths: Array, flow: Item) -> Sequence[Item]:
    for index, part in enumerate(np.split(value, np.cumsum(lengths)[:-1])):
        _array_of(handle).write(index, part)
    return (flow,)


def _concatenate(_: KernelCall, handle: Item, _flow: Item) -> Sequence[Item]:
    array = _array_of(handle)
    parts = [array.read(index) for index in range(array.size)]
    return np.concatenate(parts), np.array([len(part) for part in parts], np.int64)


def _close(_: KernelCall, _handle: Item) -> Sequence[Item]:
    return ()


def _reserve(call: KernelCall, _shape: Array, count: Array) -> Sequence[Item]:
    return (TensorList(call.dtype("element_dtype"), (None,) * _count(count)),)


def _empty(call: KernelCall, _shape: Array, _most: Array) -> Sequence[Item]:
    return (TensorList(call.dtype("element_dtype")),)


def _from_tensor(_: KernelCall, values: Array, _shape: Array) -> Sequence[Item]:
    return (TensorList(values.dtype, tuple(np.asarray(value) for value in values)),)


def _stack(_: KernelCall, handle: Item, shape: Array) -> Sequence[Item]:
    return (_list_of(handle).stacked(shape),)


def _get(_: KernelCall, handle: Item, index: Array, shape: Array) -> Sequence[Item]:
    return (_list_of(handle).element(int(index), shape),)


def _set(_: KernelCall, handle: Item, index: Array, value: Array) -> Sequence[Item]:
    made, at = _list_of(handle), int(index)
    if not 0 <= at < len(made.elements):
        raise EvaluationError(f"sets element {at} of {len(made.elements)}")
    return (TensorList(made.dtype, (*made.elements[:at], value, *made.elements[at + 1 :])),)


def _length(_: KernelCall, handle: Item) -> Sequence[Item]:
    return (np.array(len(_list_of(handle).elements), np.int32),)


def _push(_: KernelCall, handle: Item, value: Array) -> Sequence[Item]:
    return (TensorList(_list_of(handle).dtype, (*_list_of(handle).elements, value)),)


def _pop(_: KernelCall, handle: Item, shape: Array) -> Sequence[Item]:
    made = _list_of(handle)
    last = made.element(len(made.elements) - 1, shape)
    return TensorList(made.dtype, made.elements[:-1]), last


LIST_OPS: dict[str, Callable[..., Sequence[Item]]] = {
    "TensorArrayV3": _make_array,
    "TensorArrayWriteV3": _write,
    "TensorArrayReadV3": _read,
    "TensorArraySizeV3": _size,
    "TensorArrayGatherV3": _gather,
    "TensorArrayScatterV3": _scatter,
    "TensorArraySplitV3": _split,
    "TensorArrayConcatV3": _concatenate,
    "TensorArrayCloseV3": _close,
    "TensorListReserve": _reserve,
    "EmptyTensorList": _empty,
    "TensorListFromTensor": _from_tensor,
    "TensorListStack": _stack,
    "TensorListGetItem": _get,
    "TensorListSetItem": _set,
    "TensorListLength": _length,
    "TensorListPushBack": _push,
    "TensorListPopBack": _pop,
}
"""The ops, by name; each takes a :class:`Call` and the inputs, and gives the outputs."""
