"""What holds of a graph after every step of a rewriting, whatever the step does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from opselect.models.graph import Graph, Node, graph_problems, input_node
from opselect.models.graph.op_definitions import OpDefinitions, Types
from opselect.models.graph.references import data_inputs, output_index
from opselect.rewriting.context import Context, TransformError

_NOTHING_WRITTEN = "Nothing was written."


@dataclass(frozen=True, slots=True)
class TypeProblem:
    """An input whose type is not what the node's op takes; ``kind`` says the same without any name."""

    node: str
    text: str
    kind: tuple[object, ...]


def type_problems(graph: Graph, ops: OpDefinitions) -> tuple[TypeProblem, ...]:
    """Where the op definitions say that an input does not fit its node, in file order.

    A node whose op they do not have, a custom op or a function, is taken as it is.
    """
    outputs = {node.name: ops.output_types(node) for node in graph.nodes}
    return tuple(problem for node in graph.nodes for problem in _node_problems(node, ops, outputs))


def _node_problems(node: Node, ops: OpDefinitions, outputs: dict[str, Types | None]) -> Iterator[TypeProblem]:
    wanted = ops.input_types(node)
    if wanted is None:
        return
    references = data_inputs(node)
    if len(wanted) != len(references):
        text = f"{node.op} takes {len(wanted)} inputs, but it has {len(references)}"
        yield TypeProblem(node.name, text, (node.op, len(wanted), len(references)))
        return
    for position, (reference, takes) in enumerate(zip(references, wanted, strict=True)):
        given = outputs.get(input_node(reference))
        index = output_index(reference)
        if given is None or index is None:
            continue
        if index >= len(given):
            text = f"its input {reference!r} does not exist: that node has {len(given)} outputs"
            yield TypeProblem(node.name, text, (node.op, position, index, len(given)))
        elif takes is not None and given[index] not in (None, takes):
            text = f"its input {reference!r} is {given[index]}, but {node.op} takes {takes} there"
            yield TypeProblem(node.name, text, (node.op, position, takes, given[index]))


class Guard:
    """Refuses the graph that a step made where it is broken, or lost what the program feeds or fetches."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._ops = context.ops()
        self._checked: tuple[Graph, tuple[TypeProblem, ...]] | None = None

    def check(self, step: str, before: Graph, after: Graph) -> None:
        """Raises TransformError, the node named where there is one, for what the step named ``step`` did wrong.

        Names occur once, inputs exist, and there is no cycle; fed and fetched nodes are there; connected tensors agree
        in type. What was wrong with types before is none of the step's business. With ``gtt`` the types are not looked
        at and outputs may be lost: the Graph Transform Tool sees neither.
        """
        problems = graph_problems(after)
        if problems:
            when = "before and after" if problems[0] in graph_problems(before) else "after"
            raise self._context.error(f"{when} {step} {problems[0]}", _NOTHING_WRITTEN)
        if self._context.gtt or after is before:
            return
        self._check_entries(step, before, after)
        self._check_types(step, before, after)

    def _check_entries(self, step: str, before: Graph, after: Graph) -> None:
        there = {node.name for node in after.nodes}
        lost = {node.name for node in before.nodes} - there
        for kind, references in (("fed", self._context.inputs), ("fetched", self._context.outputs)):
            for reference in references:
                name = input_node(reference)
                if name in lost:
                    raise self._context.error(f"is {kind}, but {step} removes it", _NOTHING_WRITTEN, node=name)

    def _check_types(self, step: str, before: Graph, after: Graph) -> None:
        if self._checked is None or self._checked[0] is not before:
            self._checked = before, type_problems(before, self._ops)
        old = self._checked[1]
        new = type_problems(after, self._ops)
        error = _introduced(old, new)
        if error is not None:
            raise self._error(step, error)
        self._checked = after, new

    def _error(self, step: str, problem: TypeProblem) -> TransformError:
        return self._context.error(f"after {step} {problem.text}", _NOTHING_WRITTEN, node=problem.node)


def _introduced(old: tuple[TypeProblem, ...], new: tuple[TypeProblem, ...]) -> TypeProblem | None:
    """The first problem that is new: a step may rename nodes, so a kind must occur more often than before, too."""
    known = {(problem.node, problem.text) for problem in old}
    more = Counter(problem.kind for problem in new) - Counter(problem.kind for problem in old)
    return next((each for each in new if more[each.kind] and (each.node, each.text) not in known), None)
