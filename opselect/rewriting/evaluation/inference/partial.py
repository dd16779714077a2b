"""Shapes of which not everything is known, and what follows from them.

Source: ``InferenceContext`` of ``framework/shape_inference.cc``. Where TensorFlow would refuse a graph, nothing is
known here: to infer a shape is to know more, never to check.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from opselect.models.graph import Shape

UNKNOWN = Shape()
"""A shape of which not even the rank is known."""
SCALAR = Shape(())
OPEN = -1
"""A size that is not known."""


def is_known(shape: Shape) -> bool:
    """Whether every size is known."""
    return shape.dims is not None and all(size >= 0 for size in shape.dims)


def merged(shapes: Iterable[Shape]) -> Shape:
    """What all shapes say of one tensor together; the first one's word where they contradict each other."""
    dims: list[int] | None = None
    for shape in shapes:
        if shape.dims is None:
            continue
        if dims is None:
            dims = list(shape.dims)
        elif len(dims) == len(shape.dims):
            dims = [b if a == OPEN else a for a, b in zip(dims, shape.dims, strict=True)]
    return UNKNOWN if dims is None else Shape(tuple(dims))


def either(shapes: Sequence[Shape]) -> Shape:
    """What holds of a tensor that has one of these shapes."""
    if not shapes or any(shape.dims is None or len(shape.dims) != len(shapes[0].dims or ()) for shape in shapes):
        return UNKNOWN
    columns = zip(*(shape.dims or () for shape in shapes), strict=True)
    return Shape(tuple(sizes[0] if len(set(sizes)) == 1 else OPEN for sizes in columns))


def broadcast(a: Shape, b: Shape) -> Shape:
    """The shape of what an op makes of two tensors that are broadcast (``BroadcastBinaryOpShapeFn``)."""
    if a.dims is None or b.dims is None:
        return UNKNOWN
    rank = max(len(a.dims), len(b.dims))
    left, right = ((1,) * (rank - len(dims)) + dims for dims in (a.dims, b.dims))
    return Shape(tuple(_broadcast_size(x, y) for x, y in zip(left, right, strict=True)))


def _broadcast_size(a: int, b: int) -> int:
    if OPEN in (a, b):
        known = max(a, b)
        return known if known > 1 else OPEN
    return b if a == 1 else a


def concatenated(shapes: Sequence[Shape], axis: int) -> Shape:
    """Tensors one after the other along an axis; -1 is the last one."""
    known = [shape.dims for shape in shapes if shape.dims is not None]
    if not known:
        return UNKNOWN
    rank = len(known[0])
    if not -rank <= axis < rank or any(len(dims) != rank for dims in known):
        return UNKNOWN
    axis %= rank
    others = merged(Shape((*dims[:axis], OPEN, *dims[axis + 1 :])) for dims in known)
    sizes = [OPEN if shape.dims is None else shape.dims[axis] for shape in shapes]
    return with_size(others, axis, OPEN if OPEN in sizes else sum(sizes))


def with_size(shape: Shape, axis: int, size: int) -> Shape:
    """The shape with another size along an axis that it has."""
    dims = shape.dims or ()
    return Shape((*dims[:axis], size, *dims[axis + 1 :]))


def reshaped(before: Shape, sizes: Shape) -> Shape:
    """The shape that Reshape gives; the one open size follows where the number of elements is known."""
    if sizes.dims is None or not is_known(before):
        return sizes
    open_axes = [axis for axis, size in enumerate(sizes.dims) if size == OPEN]
    rest = math.prod(size for size in sizes.dims if size != OPEN)
    if len(open_axes) != 1 or not rest:
        return sizes
    return with_size(sizes, open_axes[0], math.prod(before.dims or ()) // rest)
