"""Does a graph still hold what only training needs?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from opselect.criteria import CRITERIA, criterion, criterion_of_op
from opselect.models.graph.model import Node

_GRADIENT_NAME = re.compile(r"(^|/)(gradients(_\d+)?|gradient_tape)/")
_GRADIENTS = criterion("gradients").title


def in_gradient_scope(name: str) -> bool:
    """Whether a node's name lies in a scope that ``tf.gradients`` or a gradient tape made."""
    return _GRADIENT_NAME.search(name) is not None


def training_signs(nodes: Iterable[Node]) -> tuple[str, ...]:
    """What about the nodes speaks of training, each with a node as example: ``gradients (for example 'gradients/x')``.

    Ops that fall under a criterion of training (:data:`opselect.criteria.CRITERIA`) do, and names that gradients
    have. Empty for a graph that is ready for inference.
    """
    examples: dict[str, str] = {}
    for node in nodes:
        found = criterion_of_op(node.op)
        if found is not None and found.is_training:
            examples.setdefault(found.title, f"{node.name!r}, op {node.op}")
        elif in_gradient_scope(node.name):
            examples.setdefault(_GRADIENTS, repr(node.name))
    return tuple(f"{c.title} ({examples[c.title]})" for c in CRITERIA if c.title in examples)


def training_warning(nodes: Iterable[Node], path: str, *, is_whole: bool = True) -> str:
    """Why the graph at ``path`` looks like a training graph, and what to do; empty if it does not.

    What is not whole are the TensorFlow ops of a TensorFlow Lite model. Nothing can be cut off there, and its converter
    was told of each signature: one that trains or saves is meant, unless the wrong ones were named.
    """
    signs = training_signs(nodes)
    if not signs:
        return ""
    if not is_whole:
        return (
            f"{path} holds what only training on the device needs: {', '.join(signs)}. Everything in it counts as "
            "needed. If the program never trains, convert the model again with the signatures that it runs."
        )
    return (
        f"{path} looks like a training graph: it has {', '.join(signs)}. Everything in it counts as needed. "
        "Name what the program fetches with --outputs, or pass a frozen, stripped graph."
    )
