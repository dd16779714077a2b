"""What constants hold, where a rewrite asks for certain values."""

from __future__ import annotations

from opselect.models.graph import Node
from opselect.requirements.runtime.body_view import BodyView


def filled_with(view: BodyView, node: Node | None, value: float) -> bool:
    """Whether a node is a constant whose elements all have a value, as far as its first bytes tell."""
    for _ in view.nodes:
        if node is None or node.op != "Identity":
            break
        node = view.input(node)
    return node is not None and view.filling(node) == value
