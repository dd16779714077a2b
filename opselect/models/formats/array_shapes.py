"""Which shapes an array can have, without NumPy."""

from __future__ import annotations

import math

MAX_RANK = 32
"""Dimensions that an array has in every version of NumPy; TensorFlow itself allows 254."""


class ArrayError(Exception):
    """What a file says of a tensor cannot be an array; the message completes "the tensor …".

    ``advice`` is empty where the file must be damaged.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.advice = advice


def count_elements(dims: tuple[int, ...] | None, item_size: int) -> int:
    """How many elements a shape has; nothing is allocated.

    Raises ArrayError for what no array of elements of ``item_size`` bytes can have: no rank, a dimension below zero,
    too many dimensions, or 2^63 bytes and more.
    """
    if dims is None or any(dim < 0 for dim in dims):
        raise ArrayError(f"has the shape {shape_text(dims)}, which is not fully known")
    if len(dims) > MAX_RANK:
        raise ArrayError(f"has {len(dims):,} dimensions; {MAX_RANK} are the most that an array can have")
    # NumPy refuses an array without elements, too, where the other dimensions alone would overflow.
    if math.prod(dim for dim in dims if dim) * item_size >= 1 << 63:
        raise ArrayError(f"has the shape {shape_text(dims)}, which no memory can hold")
    return math.prod(dims)


def shape_text(dims: tuple[int, ...] | None) -> str:
    """A shape for messages: ``[3, 4]``, or ``[?]`` for no rank."""
    if dims is None:
        return "[?]"
    shown = [f"{dim:,}".replace(",", "") for dim in dims[:8]]
    return f"[{', '.join(shown)}{', …' if len(dims) > 8 else ''}]"
