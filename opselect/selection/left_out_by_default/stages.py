"""Where the nodes of a graph stand: in front of the model, in it, or after it for training's sake."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from opselect.criteria import Stage, criterion_of_op
from opselect.criteria.training import in_gradient_scope
from opselect.models.graph import FunctionRef, Graph, Node, input_node
from opselect.models.graph.references import is_control

_VARIABLES = frozenset({"variables", "variable-reads", "variable-changes"})
_FILLS_TABLE = frozenset(
    {
        "InitializeTable",
        "InitializeTableFromDataset",
        "InitializeTableFromTextFile",
        "InitializeTableFromTextFileV2",
        "InitializeTableV2",
        "LookupTableImport",
        "LookupTableImportV2",
        "LookupTableInsert",
        "LookupTableInsertV2",
    }
)


class Stages:
    """The nodes of a graph by their stage (:data:`opselect.criteria.Stage`); functions count where they are called.

    A node stands after the model (``result``) where its op does, where its name lies in the scope of a gradient, or
    where it calls a function that holds such an op. Changes of a variable do not tell: models for inference count and
    keep state, too.
    """

    def __init__(self, graph: Graph) -> None:
        self.nodes = {node.name: node for node in graph.nodes}
        self.consumers: dict[str, list[str]] = {name: [] for name in self.nodes}
        for node in graph.nodes:
            for source in dict.fromkeys(map(input_node, node.inputs)):
                self.consumers.setdefault(source, []).append(node.name)
        self._bodies = {function.name: function.nodes for function in graph.functions}
        self._ops_of_function: dict[str, frozenset[str]] = {}
        self._stage = {node.name: self._stage_of(node) for node in graph.nodes}

    def names(self, stage: Stage) -> frozenset[str]:
        """The nodes of a stage."""
        return frozenset(name for name, found in self._stage.items() if found == stage)

    def with_ops(self, ops: Container[str]) -> frozenset[str]:
        """The nodes that have one of some ops themselves."""
        return frozenset(node.name for node in self.nodes.values() if node.op in ops)

    def ops_of(self, name: str) -> frozenset[str]:
        """The op of a node and those of the functions that it calls, directly or not."""
        return self._ops(self.nodes[name])

    def variables(self) -> frozenset[str]:
        """The nodes that hold variables."""
        return frozenset(node.name for node in self.nodes.values() if _key(node.op) == "variables")

    def fillers(self, reached: Container[str]) -> tuple[str, ...]:
        """The nodes that fill a lookup table which is among ``reached``: a program runs them before the model."""
        return tuple(
            node.name
            for node in self.nodes.values()
            if not _FILLS_TABLE.isdisjoint(self._ops(node))
            and any(input_node(r) in reached and "Table" in self.nodes[input_node(r)].op for r in node.inputs)
        )

    def downstream_of(self, names: Iterable[str]) -> frozenset[str]:
        """``names`` and what is computed from them, along data edges."""
        found = set(names)
        waiting = list(found)
        while waiting:
            source = waiting.pop()
            for name in self.consumers[source]:
                if name not in found and any(_is_data(r, source) for r in self.nodes[name].inputs):
                    found.add(name)
                    waiting.append(name)
        return frozenset(found)

    def _stage_of(self, node: Node) -> Stage:
        if in_gradient_scope(node.name):
            return "result"
        stage = _op_stage(node.op)
        if stage:
            return stage
        return "result" if any(_op_stage(op) == "result" for op in self._ops(node)) else ""

    def _ops(self, node: Node) -> frozenset[str]:
        """A node's op and those of the functions that it calls, directly or not."""
        return frozenset({node.op}).union(*(self._function_ops(name) for name in _called(node, self._bodies)))

    def _function_ops(self, name: str) -> frozenset[str]:
        if name not in self._ops_of_function:
            found: set[str] = set()
            seen = {name}
            waiting = [name]
            while waiting:
                for node in self._bodies[waiting.pop()]:
                    found.add(node.op)
                    called = set(_called(node, self._bodies)) - seen
                    seen |= called
                    waiting.extend(called)
            self._ops_of_function[name] = frozenset(found)
        return self._ops_of_function[name]


def is_variable_op(op: str) -> bool:
    """Whether an op holds, reads or changes a variable."""
    return _key(op) in _VARIABLES


def _op_stage(op: str) -> Stage:
    criterion = criterion_of_op(op)
    return "" if criterion is None or criterion.key in _VARIABLES else criterion.stage


def _key(op: str) -> str:
    criterion = criterion_of_op(op)
    return "" if criterion is None else criterion.key


def _called(node: Node, functions: Container[str]) -> Iterator[str]:
    if node.op in functions:
        yield node.op
    for value in node.attrs.values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, FunctionRef) and item.name in functions:
                yield item.name


def _is_data(reference: str, source: str) -> bool:
    return not is_control(reference) and input_node(reference) == source
