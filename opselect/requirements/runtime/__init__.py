"""What the runtime adds to a model: session ops, what becomes of control flow, and what optimizers may insert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kernel_index.index import KernelIndex
from kernel_index.profiles import release_number
from opselect.models.graph import Expansion, FunctionDefinition
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.requirements.runtime.additions import KINDS, Addition, Kind, Origin
from opselect.requirements.runtime.body_view import BodyView
from opselect.requirements.runtime.by_release import may_differ
from opselect.requirements.runtime.control_flow import (
    LOWERED,
    LOWERING_ATTR,
    asks_for_lowering,
    graph_passes,
    is_lowered,
    lowered_ops,
    lowering,
    lowering_source,
)
from opselect.requirements.runtime.rewrites import replaced, rewritten_ops
from opselect.requirements.runtime.session_ops import INDISPENSABLE, SESSION_OPS, ops_to_run


def runtime_additions(
    expansion: Expansion, functions: Sequence[FunctionDefinition], index: KernelIndex, *, optimized: bool = True
) -> Iterator[Addition]:
    """What the runtime of the index's release makes of the nodes that run, body by body.

    Without ``optimized`` ops that only optimizers insert are not looked for. Ops of a session that every model needs
    (:data:`SESSION_OPS`) are not among them.
    """
    if optimized:
        # To load the rules takes as long as to read a small model.
        from opselect.requirements.runtime.inserted import inserted_ops
    release = release_number(index.release)
    definitions = OpDefinitions(index, functions)
    passes = graph_passes(expansion, release)
    for number, body in enumerate(expansion.bodies):
        view = BodyView(body, definitions)
        if True in passes[number]:
            yield from rewritten_ops(view, release, in_graph=not number)
        for node in view.nodes:
            if is_lowered(node, release):
                if passes[number] == {True}:
                    yield replaced(view, node, lowering_source(node))
                origin = lowering(node, passes[number], release)
                yield from lowered_ops(view, node, release, origin, fetchable=not number)
        if optimized:
            yield from inserted_ops(view, release)


__all__ = [
    "INDISPENSABLE",
    "KINDS",
    "LOWERED",
    "LOWERING_ATTR",
    "SESSION_OPS",
    "Addition",
    "Kind",
    "Origin",
    "asks_for_lowering",
    "graph_passes",
    "may_differ",
    "ops_to_run",
    "runtime_additions",
]
