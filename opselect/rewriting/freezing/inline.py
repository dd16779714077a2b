"""Calls of functions, replaced by what is in the functions, with the names that TensorFlow's optimizer gives.

Source: ``grappler/optimizers/function_optimizer.cc``, ``common_runtime/inline_function_utils.cc``,
``common_runtime/graph_constructor.cc``.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kernel_index.datatypes import DataType
from opselect.models.graph import FunctionDefinition, FunctionRef, Graph, Node, changed, expand_functions, input_node
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.models.graph.op_families import ENTERS, PARTITIONED_CALLS, SWITCHES
from opselect.models.graph.references import Endpoint, awaited, data_inputs, endpoint, is_control, of_node, waits_for
from opselect.rewriting.freezing.flat import FlatBody, as_function_nodes, flat_body
from opselect.rewriting.freezing.inlinable import called_function, can_be_inlined

_ARGUMENT = "_Arg"
MAX_NODES = 300_000
"""Maximum number of nodes before the rest stays calls: functions that call others twice double with every level."""


@dataclass(slots=True)
class _Open:
    """A node that is being worked on; ``control`` names nodes. ``starts`` marks one that the runtime starts."""

    node: Node
    data: list[str]
    control: list[str]
    starts: bool = False

    def closed(self) -> Node:
        inputs = (*self.data, *map(waits_for, sorted(set(self.control))))
        return self.node if inputs == self.node.inputs else replace(self.node, inputs=inputs)


class Inliner:
    """Inlines calls in a graph and in the functions that it still calls then.

    A call stays where inlining it could lose a side effect, where its function calls itself, is marked not to be
    inlined, is bound by its callers, or has an op that is not known. With ``only`` nothing but the nodes of these names
    in the graph are inlined, and of these a call stays, too, where constants of its function would run on both sides of
    a conditional.
    """

    def __init__(self, ops: OpDefinitions, only: Collection[str] | None = None) -> None:
        self._ops = ops
        self._only = only
        self._functions = ops.functions
        self._bodies: dict[str, FlatBody | None] = {}
        self._calls: dict[str, tuple[str, ...]] = {}

    def graph(self, graph: Graph, fetched: Collection[str], path: str) -> Graph:
        """The graph with its calls inlined; nodes that are fetched keep their names."""
        body = _Body(self, fetched, ())
        body.add_all(graph.nodes)
        body.run()
        result = replace(graph, nodes=body.nodes())
        if self._only is not None:
            return result
        done: dict[str, FunctionDefinition] = {}
        while True:
            functions = tuple(done.get(function.name, function) for function in graph.functions)
            result = replace(result, functions=functions)
            waiting = [name for name in expand_functions(result, result.nodes, path).functions if name not in done]
            if not waiting:
                return result
            done.update((name, self._function(self._functions[name])) for name in waiting)

    def body_of(self, function: FunctionDefinition) -> FlatBody | None:
        """The body of a function, its nodes in the order in which a graph of them is made."""
        if function.name not in self._bodies:
            body = flat_body(function, self._ops)
            ordered = construction_order(body.nodes, body.arguments) if body is not None else ()
            self._bodies[function.name] = replace(body, nodes=ordered) if body is not None else None
        return self._bodies[function.name]

    def inlined_body(self, call: Node, has_control_outputs: bool) -> tuple[FunctionDefinition, FlatBody] | None:
        """The function that a node calls and its body, if it can be inlined."""
        if self._only is not None and call.name not in self._only:
            return None
        function = called_function(call, self._functions)
        body = self.body_of(function) if function is not None else None
        if function is None or body is None or self._calls_itself(function.name):
            return None
        admitted = can_be_inlined(call, function, body, has_control_outputs, self._ops)
        return (function, body) if admitted else None

    def runs_where_called(self, body: FlatBody, has_switches: bool) -> bool:
        """Whether what is in a body runs only where the call would, in a graph that may have conditionals."""
        return self._only is None or not has_switches or all(node.inputs for node in body.nodes)

    def is_call(self, node: Node) -> bool:
        """Whether a node calls a function as a whole."""
        return node.op in PARTITIONED_CALLS or node.op in self._functions

    def _calls_itself(self, name: str) -> bool:
        """Whether a function comes to call itself, perhaps through others."""
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            for called in self._called_by(waiting.pop()):
                if called == name:
                    return True
                if called not in seen:
                    seen.add(called)
                    waiting.append(called)
        return False

    def _called_by(self, name: str) -> tuple[str, ...]:
        """The functions that the body of one names."""
        if name not in self._calls:
            found: dict[str, None] = {}
            for node in self._functions[name].nodes:
                values = node.attrs.values()
                items = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
                named = [item.name for item in items if isinstance(item, FunctionRef)]
                found.update((each, None) for each in (node.op, *named) if each in self._functions)
            self._calls[name] = tuple(found)
        return self._calls[name]

    def _function(self, function: FunctionDefinition) -> FunctionDefinition:
        """The function with the calls in its body inlined."""
        flat = self.body_of(function) if any(map(self.is_call, function.nodes)) else None
        if flat is None:
            return function
        body = _Body(self, [input_node(reference) for reference in flat.returns], flat.control_returns)
        body.add_all([*(Node(name, _ARGUMENT) for name in flat.arguments), *flat.nodes])
        body.run()
        nodes, spelled = as_function_nodes(
            [node for node in body.nodes() if node.op != _ARGUMENT], flat.arguments, self._ops
        )
        returns = {
            output.name: spelled(reference) for output, reference in zip(function.outputs, flat.returns, strict=True)
        }
        return changed(function, nodes=nodes, returns=returns)


class _Body:
    """A graph in which calls are replaced one after the other, new nodes after the others."""

    def __init__(self, inliner: Inliner, fetched: Collection[str], targets: Collection[str]) -> None:
        self._inliner = inliner
        self._fetched = frozenset(fetched)
        self._targets = frozenset(targets)
        self._nodes: list[_Open | None] = []
        self._ops: dict[str, str] = {}
        self._has_loops = False
        self._has_switches = False
        self._outputs: dict[Endpoint, str] = {}
        self._control_outputs: dict[str, str] = {}
        self._waited_for: set[str] = set()
        self._count = 0

    def add_all(self, nodes: Sequence[Node]) -> None:
        """The graph as it is before; nodes without inputs are started by the runtime."""
        self._has_loops = any(node.op in ENTERS for node in nodes)
        self._has_switches = any(node.op in SWITCHES for node in nodes)
        for node in construction_order(nodes, ()):
            self._add(node, starts=not node.inputs)

    def run(self) -> None:
        """Inlines every call, also those that come with an inlined body."""
        number = 0
        while number < len(self._nodes) <= MAX_NODES:
            each = self._nodes[number]
            number += 1
            if each is not None and self._inliner.is_call(each.node):
                found = self._inliner.inlined_body(each.node, each.node.name in self._waited_for)
                if found is not None and self._inliner.runs_where_called(found[1], self._has_switches):
                    self._nodes[number - 1] = None
                    self._inline(each, *found)

    def nodes(self) -> tuple[Node, ...]:
        """All nodes that are there now."""
        left = [each for each in self._nodes if each is not None]
        for each in left:
            each.data = [self._resolved(reference) for reference in each.data]
            each.control = [self._control_outputs.get(name, name) for name in each.control]
        return tuple(each.closed() for each in left)

    def _add(self, node: Node, *, starts: bool = False) -> _Open:
        data, control = list(data_inputs(node)), list(awaited(node))
        self._waited_for.update(control)
        each = _Open(node, data, control, starts)
        self._nodes.append(each)
        self._ops[node.name] = node.op
        return each

    def _new_name(self, wanted: str) -> str:
        self._count += 1
        return f"{wanted}/_{self._count - 1}"

    def _resolved(self, reference: str) -> str:
        """What a data input is, where the node that it named has been inlined."""
        return self._outputs.get(endpoint(reference), reference)

    def _inline(self, call: _Open, function: FunctionDefinition, body: FlatBody) -> None:
        name, device = call.node.name, call.node.device
        data = [self._resolved(reference) for reference in call.data]
        before = self._waits_for(call, data)
        gate = ""
        if before is not None:
            gate = self._new_name(f"Func/{name}/input_control_node")
            self._add(Node(gate, "NoOp", tuple(map(waits_for, before)), device))
        after_gate = (waits_for(gate),) if gate else ()
        inside: dict[str, str] = {}
        for argument, reference in zip(function.inputs, data, strict=True):
            inside[argument.name] = self._identity(f"Func/{name}/input", reference, argument.type, after_gate)
        for node in body.nodes:
            inside[node.name] = f"{name}/{node.name}"
        for node in body.nodes:
            self._add(self._clone(node, name, device, inside, gate))
        returned = [
            self._identity(f"Func/{name}/output", _renamed(reference, inside), output.type)
            for output, reference in zip(function.outputs, body.returns, strict=True)
        ]
        self._finish(call, body, inside, returned, gate)

    def _waits_for(self, call: _Open, data: Sequence[str]) -> list[str] | None:
        """What the body of a call must wait for; None where it need not wait for anything."""
        control = [self._control_outputs.get(name, name) for name in call.control]
        if not control and (self._has_loops or DataType.DT_RESOURCE in _types(call.node)):
            # All inputs are there before anything in the body runs, as of one node; in a loop they bring its frame.
            names = dict.fromkeys(map(input_node, data))
            control = [name for name in names if self._ops[name] != "Placeholder"]
            self._waited_for.update(control)
        return control if control or call.starts else None

    def _identity(self, name: str, reference: str, dtype: DataType | None, control: tuple[str, ...] = ()) -> str:
        name = self._new_name(name)
        attrs = {"T": dtype} if dtype is not None else {}
        self._add(Node(name, "Identity", (reference, *control), attrs=attrs))
        return name

    def _clone(self, node: Node, prefix: str, device: str, inside: Mapping[str, str], gate: str) -> Node:
        inputs = tuple(_renamed(reference, inside) for reference in node.inputs)
        waits = any(map(is_control, inputs))
        if gate and (not inputs or (self._inliner.is_call(node) and not waits)):
            inputs = (*inputs, waits_for(gate))
        attrs = {key: value for key, value in node.attrs.items() if key != "_class"}
        if node.op in ENTERS and isinstance(frame := attrs.get("frame_name"), str):
            attrs["frame_name"] = f"{prefix}/{frame}"
        return replace(node, name=inside[node.name], inputs=inputs, attrs=attrs, device=node.device or device)

    def _finish(
        self, call: _Open, body: FlatBody, inside: Mapping[str, str], returned: Sequence[str], gate: str
    ) -> None:
        """Connects what used the call with what is in its place."""
        name = call.node.name
        fetched, target = name in self._fetched, name in self._targets
        for number, output in enumerate(returned):
            self._outputs[name, number] = output
        if name not in self._waited_for and not fetched and not target:
            return
        done = self._new_name(f"Func/{name}/output_control_node")
        last = [inside[each] for each in body.control_returns] if call.node.op in PARTITIONED_CALLS else list(returned)
        control = tuple(map(waits_for, last or ([gate] if gate else [])))
        self._add(Node(done, "NoOp", control, call.node.device))
        self._control_outputs[name] = done
        if fetched and returned:
            types = call.node.attrs.get("Tout", ())
            self._add(Node(name, "IdentityN", (*returned, waits_for(done)), call.node.device, {"T": types}))
        elif fetched or target:
            self._add(Node(name, "NoOp", (waits_for(done),), call.node.device))


def construction_order(nodes: Sequence[Node], known: Iterable[str]) -> tuple[Node, ...]:
    """The nodes in the order in which TensorFlow adds them to a graph: the first of those whose inputs are there.

    ``known`` are names that are there before. What is left on a cycle comes last, in its own order.
    """
    position = {node.name: number for number, node in enumerate(nodes)}
    there = frozenset(known)
    consumers: list[list[int]] = [[] for _ in nodes]
    waiting = []
    for number, node in enumerate(nodes):
        sources = [name for name in map(input_node, node.inputs) if name not in there and name in position]
        loops = node.op == "Merge" and any(nodes[position[name]].op == "NextIteration" for name in sources)
        control = sum(map(is_control, node.inputs))
        waiting.append(control + 1 if loops else len(sources))
        for name in sources:
            consumers[position[name]].append(number)
    ready = [number for number, count in enumerate(waiting) if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        number = heapq.heappop(ready)
        order.append(number)
        for consumer in consumers[number]:
            waiting[consumer] -= 1
            if not waiting[consumer]:
                heapq.heappush(ready, consumer)
    left = sorted(set(range(len(nodes))) - set(order))
    return tuple(nodes[number] for number in (*order, *left))


def _renamed(reference: str, names: Mapping[str, str]) -> str:
    name = input_node(reference)
    return of_node(reference, names.get(name, name))


def _types(call: Node) -> tuple[object, ...]:
    types = call.attrs.get("Tin", ())
    return types if isinstance(types, tuple) else ()
