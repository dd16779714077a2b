"""Does a graph still hold what only training needs?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from opselect.graph.model import Node

_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("optimizer steps", re.compile(r"(Resource)?(Sparse)?Apply[A-Z]\w*")),
    ("checkpoint saving", re.compile(r"(Save|Restore)(V2|Slices?)?|MergeV2Checkpoints|ShardedFilename")),
    ("variables that are not frozen", re.compile(r"Variable(V2)?|VarHandleOp|TemporaryVariable")),
    ("input queues", re.compile(r"\w*Queue(V2)?|Queue(Enqueue|Dequeue)\w*|Barrier\w*|Stage")),
    ("file readers", re.compile(r"\w+Reader(V2)?|Reader(Read|NumRecords|NumWork)\w*")),
    ("summaries", re.compile(r"(Scalar|Histogram|Image|Audio|Tensor|Merge|Write\w*)Summary(V2)?|SummaryWriter")),
)
_GRADIENT_NAME = re.compile(r"(^|/)(gradients(_\d+)?|gradient_tape)/")
_GRADIENTS = "gradients"


def training_signs(nodes: Iterable[Node]) -> tuple[str, ...]:
    """What about the nodes speaks of training, each with a node as example: ``gradients (for example 'gradients/x')``.

    Empty for a graph that is ready for inference.
    """
    examples: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for node in nodes:
        kind = kinds.get(node.op)
        if kind is None:
            kind = next((name for name, pattern in _SIGNS if pattern.fullmatch(node.op)), "")
            kinds[node.op] = kind
        if kind:
            examples.setdefault(kind, f"{node.name!r}, op {node.op}")
        elif _GRADIENT_NAME.search(node.name):
            examples.setdefault(_GRADIENTS, repr(node.name))
    order = [_GRADIENTS, *(name for name, _ in _SIGNS)]
    return tuple(f"{kind} ({examples[kind]})" for kind in order if kind in examples)


def training_warning(nodes: Iterable[Node], path: str) -> str:
    """Why the graph at ``path`` looks like a training graph, and what to do; empty if it does not."""
    signs = training_signs(nodes)
    if not signs:
        return ""
    return (
        f"{path} looks like a training graph: it has {', '.join(signs)}. Everything in it counts as needed. "
        "Name what the program fetches with --outputs, or pass a frozen, stripped graph."
    )
