"""Which nodes a program that runs the model is likely to fetch."""

from __future__ import annotations

from kernel_index.index import KernelIndex
from opselect.models.graph import Graph, Node
from opselect.models.graph.conditionals import one_sided
from opselect.models.graph.op_families import FED, NEVER_FETCHED
from opselect.models.graph.references import awaited
from opselect.selection.left_out_by_default.stages import Stages, is_variable_op


def likely_outputs(stages: Stages, index: KernelIndex) -> tuple[str, ...]:
    """The nodes that the model's results come from, in the order of the file.

    ``summarize_graph`` takes every node that nothing consumes. Here it must also be computed from an input and from
    the variables, as far as there are any, and have no part in training; and where no such node is left, a node counts
    that only training consumes, as the logits of a model that was saved with its loss. What comes out of a Switch and
    not through a Merge runs on one side of a conditional only, and is nothing to fetch where there is anything else.
    """
    training = stages.downstream_of(stages.names("result"))
    in_front = stages.names("input")
    from_inputs = stages.downstream_of(stages.with_ops(FED) | in_front)
    variables = stages.variables()
    model = from_inputs & stages.downstream_of(variables) if variables else from_inputs
    apart = training | in_front
    fetched = [
        node for node in stages.nodes.values() if node.name not in apart and _may_be_fetched(node, index, training)
    ]
    not_always = one_sided(stages.nodes.values())
    fetched = [node for node in fetched if node.name not in not_always] or fetched
    ends = [node.name for node in fetched if not stages.consumers[node.name]]
    in_training = [node.name for node in fetched if training.issuperset(stages.consumers[node.name])]
    for names, computed in ((ends, model), (in_training, model), (ends, from_inputs), (ends, stages.nodes.keys())):
        found = tuple(name for name in names if name in computed)
        if found:
            return found
    return ()


def likely_outputs_of(graph: Graph, index: KernelIndex) -> tuple[str, ...]:
    """The same for a graph whose stages are not known yet."""
    return likely_outputs(Stages(graph), index)


def _may_be_fetched(node: Node, index: KernelIndex, training: frozenset[str]) -> bool:
    if node.op in NEVER_FETCHED or is_variable_op(node.op) or training.intersection(awaited(node)):
        return False
    definition = index.op_definition(node.op)
    return definition is None or bool(definition.outputs)
