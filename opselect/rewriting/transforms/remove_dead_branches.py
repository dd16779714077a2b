"""``remove_dead_branches``: of conditionals whose predicate is known, only the side that is taken.

The Graph Transform Tool has no such transform; the runtime's optimizer has. Source: ``RemoveDeadBranches`` of
``core/grappler/optimizers/loop_optimizer.cc``; what is dead: ``PropagateOutputs`` of ``common_runtime/executor.cc``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.formats.tensor_writer import encode_tensor
from opselect.models.graph import Graph, Node, NodeAttr, input_node, without_uncalled_functions
from opselect.models.graph.op_families import NEXT_ITERATIONS
from opselect.models.graph.references import control_inputs, data_inputs, endpoint, is_control, waits_for
from opselect.rewriting import Context, Transform
from opselect.rewriting.evaluation.frames import FrameError, frames_of, import_order
from opselect.rewriting.evaluation.known import find_known
from opselect.rewriting.taken_branches import with_taken_branches

_Tensor = tuple[str, int]


def remove_dead_branches(graph: Graph, context: Context) -> Graph:
    """The graph without Switches whose predicate follows from constants, and without what they never let run.

    A PlaceholderWithDefault that is not fed counts as its default. What a Switch lets through is read in front of it,
    and a Merge with one input left is that input; one that is fetched, or waits for others, becomes an Identity.
    Switches in loops stay, as do those that are fetched themselves. What a conditional inside of another one decides by
    may only be known when the outer one is gone, so this goes on until nothing changes. Of conditionals that call
    functions what the taken one does is left, and functions that nothing calls then go. TransformError for an output
    that never runs, and for a node that enters or leaves a loop as no program can.
    """
    before = graph
    while (cut := with_taken_branches(_cut(graph, context), context)) is not graph:
        graph = cut
    return graph if graph is before else without_uncalled_functions(graph, context.path)


def _cut(graph: Graph, context: Context) -> Graph:
    if not any(node.op == "Switch" for node in graph.nodes):
        return graph
    try:
        branches = _Branches(graph, context)
    except FrameError as error:
        raise context.error(str(error), "No release of TensorFlow runs this graph.", node=error.node) from None
    if not branches.taken or branches.is_unclear:
        return graph
    for name in map(input_node, context.outputs):
        if name in branches.dead:
            raise context.error("is on the side of a conditional that is never taken", "Fetch another.", node=name)
    return branches.result()


class _Branches:
    """Which nodes and tensors are dead, and what is read in the place of Switches and Merges.

    ``taken`` tells whether there is a Switch whose predicate is known; ``dead`` are nodes that never run. It
    ``is_unclear`` what to make of it where a program or a node asks a Merge which of its inputs came and that changes,
    and where a program feeds a node that would never run.
    """

    def __init__(self, graph: Graph, context: Context) -> None:
        self._graph = graph
        self._fed = frozenset(map(input_node, context.inputs))
        fetched = {endpoint(reference) for reference in context.outputs}
        self._fetched_choices = {name for name, output in fetched if output == 1}
        self._fetched = {name for name, _ in fetched}
        self._read = {endpoint(reference) for node in graph.nodes for reference in data_inputs(node)}
        self.taken = False
        self.is_unclear = False
        self.dead: set[str] = set()
        self._dead_sides: set[_Tensor] = set()
        self._gone: dict[str, str] = {}
        self._instead: dict[_Tensor, str] = {}
        self._made: dict[str, tuple[Node, ...]] = {}
        ordered = tuple(import_order(graph.nodes))
        self._by_name = {node.name: node for node in ordered}
        self._values = find_known(graph.nodes, self._fed, approximations=False).values
        frames = frames_of(ordered)
        for node in ordered:
            if node.name in self._fed:
                self.is_unclear |= any(map(self._is_dead, node.inputs))
            else:
                self._visit(node, in_loop=bool(frames[node.name]))

    def result(self) -> Graph:
        """The graph with only what may run."""
        nodes = [
            self._rewired(each)
            for node in self._graph.nodes
            if node.name not in self.dead
            for each in self._made.get(node.name, () if node.name in self._gone else (node,))
        ]
        return replace(self._graph, nodes=tuple(nodes))

    def _visit(self, node: Node, *, in_loop: bool) -> None:
        """Takes in a node, all whose inputs have been visited."""
        if node.op == "Merge":
            self._visit_merge(node)
        elif any(map(self._is_dead, node.inputs)):
            self.dead.add(node.name)
        elif node.op == "Switch" and not in_loop and node.name not in self._fetched:
            self._visit_switch(node)
        elif node.op == "Identity" and any(endpoint(data) in self._instead for data in data_inputs(node)[:1]):
            # It did no more than carry what a Switch let through.
            self._stand_in(node, 0, node.inputs[0])

    def _visit_switch(self, node: Node) -> None:
        inputs = data_inputs(node)
        if len(inputs) != 2:  # no release loads it
            return
        data, predicate = inputs
        name, output = endpoint(predicate)
        values = self._values.get(name, ())
        if output >= len(values):
            return
        side = int(bool(values[output].array))
        self.taken = True
        self._dead_sides.add((node.name, 1 - side))
        self._stand_in(node, side, data)

    def _visit_merge(self, node: Node) -> None:
        inputs = data_inputs(node)
        # What a loop brings back runs only if something entered it.
        entering = [reference for reference in inputs if self._op(reference) not in NEXT_ITERATIONS]
        alive = tuple(reference for reference in inputs if not self._is_dead(reference))
        if inputs and all(map(self._is_dead, entering)):
            self.dead.add(node.name)
        elif len(alive) == 1:
            self._stand_in(node, 0, alive[0])
            if (node.name, 1) in self._read:
                choice = np.array(inputs.index(alive[0]), np.int32)
                constant = Node(self._new_name(f"{node.name}/value_index"), "Const", (), node.device, _constant(choice))
                self._instead[node.name, 1] = constant.name
                self._made[node.name] = (*self._made.get(node.name, ()), constant)
            self.is_unclear |= node.name in self._fetched_choices
        elif len(alive) < len(inputs):
            controls = tuple(reference for reference in control_inputs(node) if not self._is_dead(reference))
            kept = replace(node, inputs=(*alive, *controls), attrs={**node.attrs, "N": len(alive)})
            self._made[node.name] = (kept,)
            self.is_unclear |= (node.name, 1) in self._read or node.name in self._fetched_choices

    def _stand_in(self, node: Node, output: int, data: str) -> None:
        """Has an output of a node read as ``data``; where others wait for the node or fetch it, by an Identity."""
        controls = tuple(reference for reference in control_inputs(node) if not self._is_dead(reference))
        if controls or node.name in self._fetched:
            types = {name: value for name, value in node.attrs.items() if name == "T"}
            identity = Node(node.name, "Identity", (data, *controls), node.device, types)
            self._made[node.name] = (identity,)
            if output:
                self._instead[node.name, output] = node.name
        else:
            self._gone[node.name] = data
            self._instead[node.name, output] = data

    def _op(self, reference: str) -> str:
        node = self._by_name.get(input_node(reference))
        return "" if node is None else node.op

    def _is_dead(self, reference: str) -> bool:
        if input_node(reference) in self.dead:
            return True
        return not is_control(reference) and endpoint(reference) in self._dead_sides

    def _rewired(self, node: Node) -> Node:
        data = tuple(map(self._live, data_inputs(node)))
        controls = tuple(dict.fromkeys(map(self._live, control_inputs(node))))
        return node if (*data, *controls) == node.inputs else replace(node, inputs=(*data, *controls))

    def _live(self, reference: str) -> str:
        """What is there to be read, or waited for, in the place of an input."""
        if is_control(reference):
            name = input_node(reference)
            while name in self._gone:
                name = input_node(self._gone[name])
            return waits_for(name)
        while (there := self._instead.get(endpoint(reference), reference)) != reference:
            reference = there
        return reference

    def _new_name(self, wanted: str) -> str:
        name, number = wanted, 0
        while name in self._by_name:
            number += 1
            name = f"{wanted}_{number}"
        return name


def _constant(array: Array) -> dict[str, NodeAttr]:
    return {"dtype": DataType.DT_INT32, "value": encode_tensor(array, DataType.DT_INT32)}


TRANSFORM = Transform(
    "remove_dead_branches",
    "Keeps, of conditionals whose predicate is constant, only the side that is taken.",
    remove_dead_branches,
)
