"""What constants hold, where a rewrite asks for certain values."""

from __future__ import annotations

from opselect.graph import Node, TensorRef
from opselect.runtime.body_view import BodyView
from opselect.runtime.constants import filling_value


def filled_with(view: BodyView, node: Node | None, value: float) -> bool:
    """Whether a node is a constant whose elements all have a value, as far as its first bytes tell."""
    return _filling(view, node) == value


def _filling(view: BodyView, node: Node | None) -> float | None:
    for _ in view.nodes:
        if node is None or node.op != "Identity":
            break
        node = view.input(node)
    tensor = node.attrs.get("value") if node is not None and node.op == "Const" else None
    return filling_value(tensor) if isinstance(tensor, TensorRef) else None
