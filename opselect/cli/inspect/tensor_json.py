"""A tensor as JSON, in whatever kind of model it stands."""

from __future__ import annotations

from kernel_index.datatypes import DataType
from opselect.models.graph import Shape


def tensor_json(name: str, dtype: DataType | None, shape: Shape | None) -> dict[str, object]:
    """A tensor: its type by enum name, -1 for a dimension that is not known, null for what the file does not say."""
    return {
        "name": name,
        "dtype": dtype.name if dtype else None,
        "shape": None if shape is None or shape.dims is None else list(shape.dims),
    }
