"""A body as graph passes look at it: who feeds whom, which types flow, what is constant."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kernel_index.datatypes import DataType
from opselect.models.graph import Body, Node, NodeAttr, TensorRef
from opselect.models.graph.op_definitions import OpDefinitions, Types
from opselect.models.graph.op_families import CONTROL_FLOW, FED
from opselect.models.graph.references import Reference, data_inputs, input_node, is_control
from opselect.requirements.runtime.constants import Content, content_of

_NEVER_CONSTANT = CONTROL_FLOW | FED | {"FakeParam"}
"""Ops that constant folding leaves alone (``IsConstantFoldable`` in ``common_runtime/constant_folding.cc``)."""


@dataclass(frozen=True, slots=True)
class DataEdge:
    """A data input: ``consumer`` reads output ``port`` as its ``index``-th. None stands for a function's output."""

    consumer: Node | None
    index: int
    port: int


class BodyView:
    """The nodes of one body with what joins them.

    Only what a rewrite can tell without inferring shapes is here, so a rewrite that needs shapes counts wherever they
    might fit. Calls of library functions are nodes like others.
    """

    def __init__(self, body: Body, definitions: OpDefinitions) -> None:
        self.body = body
        self.definitions = definitions
        self.function = body.function.name if body.function is not None else ""
        self.nodes: Sequence[Node] = tuple(called.node for called in body.nodes)
        self._by_name = {node.name: node for node in self.nodes}
        self._by_op: dict[str, list[Node]] = {}
        for node in self.nodes:
            self._by_op.setdefault(node.op, []).append(node)
        self._endpoints: dict[str, tuple[str, int]] = {}
        self._uses: dict[str, list[DataEdge]] = {}
        self._controlling: set[str] = set()
        self._collect_uses()
        self._constants: frozenset[str] | None = None
        self._contents: dict[str, Content] = {}

    def _collect_uses(self) -> None:
        for node in self.nodes:
            for index, reference in enumerate(node.inputs):
                if is_control(reference):
                    self._controlling.add(input_node(reference))
                else:
                    name, port = self.tensor(reference)
                    self._uses.setdefault(name, []).append(DataEdge(node, index, port))
        returns = self.body.function.returns.values() if self.body.function is not None else ()
        for reference in returns:
            name, port = self.tensor(reference)
            self._uses.setdefault(name, []).append(DataEdge(None, 0, port))

    def tensor(self, reference: str) -> tuple[str, int]:
        """The node and the number of the output that an input names: ``n``, ``n:1``, in functions ``n:out:0``."""
        endpoint = self._endpoints.get(reference)
        if endpoint is None:
            endpoint = self._endpoints[reference] = self._endpoint(Reference.parse(reference))
        return endpoint

    def _endpoint(self, found: Reference) -> tuple[str, int]:
        if not found.output:
            return found.endpoint
        node = self._by_name.get(found.node)
        position = self.definitions.position(node, found) if node is not None else None
        return found.node, found.position if position is None else position

    def node(self, name: str) -> Node | None:
        """The node of this name, None for a function's argument."""
        return self._by_name.get(name)

    def named(self, *ops: str) -> Iterator[Node]:
        """The nodes of these ops, one op after the other."""
        for op in ops:
            yield from self._by_op.get(op, ())

    def input(self, node: Node, index: int = 0) -> Node | None:
        """The node that feeds a data input, None for a function's argument and for an input that is not there."""
        if index >= len(node.inputs) or is_control(node.inputs[index]):
            return None
        return self._by_name.get(input_node(node.inputs[index]))

    def data_inputs(self, node: Node) -> tuple[str, ...]:
        """What the node reads, as the file spells it, control inputs left out."""
        return data_inputs(node)

    def uses(self, node: Node) -> Sequence[DataEdge]:
        """Who reads the outputs of a node."""
        return self._uses.get(node.name, ())

    def readers_behind(self, uses: Iterable[DataEdge], passing: Container[str]) -> Iterator[Node | None]:
        """Who reads tensors, for each time, when the nodes are gone that only pass them on; None for a function's end.

        ``passing`` are the ops of those; each of their outputs is the input of the same number.
        """
        waiting = list(uses)
        passed: set[tuple[str, int]] = set()
        while waiting:
            use = waiting.pop()
            if use.consumer is None or use.consumer.op not in passing:
                yield use.consumer
            elif (output := (use.consumer.name, use.index)) not in passed:
                passed.add(output)
                waiting += (each for each in self.uses(use.consumer) if each.port == use.index)

    def used_once(self, node: Node) -> bool:
        """Whether at most one input reads the node, so that a pass may change it in place."""
        return len(self.uses(node)) <= 1

    def has_controls(self, node: Node) -> bool:
        """Whether control edges come in or go out."""
        return node.name in self._controlling or any(map(is_control, node.inputs))

    def type(self, node: Node, attr: str = "T") -> DataType | None:
        """The type in an attr of a node, its default where it is left out; None where nothing tells it."""
        return _type(self.definitions.attr(node, attr))

    def own_types(self, node: Node) -> dict[str, NodeAttr]:
        """The attrs of a node that are types."""
        return {name: value for name, value in node.attrs.items() if isinstance(value, DataType)}

    def types(self, node: Node, attr: str) -> tuple[DataType, ...]:
        """The types in a ``list(type)`` attr that are known."""
        return tuple(item for item in _types(self.definitions.attr(node, attr)) if item is not None)

    def output_types(self, node: Node) -> Types:
        """The types of all outputs in order; empty where not even their number is known."""
        return self.definitions.output_types(node) or ()

    def input_type(self, node: Node, index: int) -> DataType | None:
        """The type of what a data input reads, None where nothing tells it."""
        reference = node.inputs[index]
        name, port = self.tensor(reference)
        source = self._by_name.get(name)
        if source is None:
            return self._argument_type(name)
        types = self.output_types(source)
        return types[port] if port < len(types) else None

    def _argument_type(self, name: str) -> DataType | None:
        for argument in self.body.function.inputs if self.body.function is not None else ():
            if argument.name == name:
                return argument.type or _type(self.body.binding.get(argument.type_attr))
        return None

    def changes_inputs(self, node: Node) -> bool:
        """Whether the op writes to what it reads: a reference, or an op that says it works in place."""
        definition = self.definitions.op(node.op)
        inputs = definition.inputs if definition is not None else ()
        return "inplace" in node.op.lower() or any(arg.type_text.startswith("Ref(") for arg in inputs)

    def is_constant(self, node: Node | None) -> bool:
        """Whether the node is a Const, or an op without side effects that reads nothing but constants, or nothing."""
        if self._constants is None:
            self._constants = frozenset(self._find_constants())
        return node is not None and node.name in self._constants

    def content(self, node: Node) -> Content:
        """What the first bytes of a Const tell, as :func:`content_of` reads them; its file is read once."""
        if node.name not in self._contents:
            tensor = node.attrs.get("value") if node.op == "Const" else None
            data_type = _type(node.attrs.get("dtype")) or DataType.DT_INVALID
            self._contents[node.name] = content_of(tensor, data_type) if isinstance(tensor, TensorRef) else Content()
        return self._contents[node.name]

    def _find_constants(self) -> Iterator[str]:
        """Kahn's algorithm from the nodes without inputs on, so that deep chains need no stack."""
        waiting: dict[str, int] = {}
        ready = list(self._by_op.get("Const", ()))
        ready += (node for node in self.nodes if not self.data_inputs(node) and self.is_foldable(node))
        for node in ready:
            yield node.name
            for use in self.uses(node):
                consumer = use.consumer
                if consumer is None or not self.is_foldable(consumer):
                    continue
                left = waiting.get(consumer.name, len(self.data_inputs(consumer))) - 1
                waiting[consumer.name] = left
                if not left:
                    ready.append(consumer)

    def is_foldable(self, node: Node) -> bool:
        """Whether the op has no side effects, so that a session evaluates it where all that it reads is constant."""
        definition = self.definitions.op(node.op)
        if definition is None or definition.stateful or node.op in _NEVER_CONSTANT or node.op == "Const":
            return False
        return node.op not in self.definitions.functions


def known(**attrs: NodeAttr | None) -> dict[str, NodeAttr]:
    """Attrs without those that are None: types that nothing tells."""
    return {name: value for name, value in attrs.items() if value is not None}


def _type(value: NodeAttr | None) -> DataType | None:
    return value if isinstance(value, DataType) else None


def _types(value: NodeAttr | None) -> tuple[DataType | None, ...]:
    return tuple(_type(item) for item in value) if isinstance(value, tuple) else ()
