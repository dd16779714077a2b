"""``fold_constants``: what follows from constants alone is computed now.

Source: ``tools/graph_transforms/fold_constants_lib.cc``, ``common_runtime/constant_folding.cc``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from opselect.models.formats.tensor_writer import encode_tensor
from opselect.models.graph import Graph, Node, input_node, reach, without_uncalled_functions
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.models.graph.op_families import CONTROL_FLOW, PLACEHOLDER_WITH_DEFAULT
from opselect.models.graph.references import canonical, data_inputs, endpoint, is_control, waits_for
from opselect.rewriting import Argument, Context, Transform
from opselect.rewriting.evaluation.frames import import_order
from opselect.rewriting.evaluation.known import Known, Stored, find_known, size_of

MAX_CONSTANT_BYTES = 10 << 20
"""Larger results stay computed when the graph runs, unless an argument says otherwise."""
_MAY_BE_FED = frozenset({"Placeholder", PLACEHOLDER_WITH_DEFAULT})
_NEVER_FOLDED = CONTROL_FLOW | {"ControlTrigger"}
_LARGEST = "max_constant_size_in_bytes"
_RECORDED_SHAPES = "_output_shapes"


def fold_constants(graph: Graph, context: Context) -> Graph:
    """What the outputs need, the inputs given, with constants in the place of nodes that always compute the same.

    Nodes come as TensorFlow imports them, each after its inputs, then new constants, named ``<node>/_N__cf__M``, then
    the inputs. An output that is constant becomes a Const of its own name. Of the control inputs of nodes, those from
    constant nodes are replaced by what those wait for themselves, so that no weight is kept for nothing; NoOps stay.
    Functions that nothing calls any more go.
    With ``gtt`` both are left as the Graph Transform Tool leaves them, and what TensorFlow
    only approximates is folded, too. A node that cannot be evaluated stays, and a note says why.
    """
    fed = _fed(graph, context)
    nodes = _needed(graph, fed, context)
    outputs = {input_node(reference) for reference in context.outputs}
    excluded_ops, excluded_nodes = set(context.all("exclude_op")), set(context.all("exclude_node"))
    known = find_known(
        nodes,
        fed,
        outputs,
        lambda node: node.op not in excluded_ops and node.name not in excluded_nodes,
        recorded_shapes=not context.flag("clear_output_shapes", True),
        approximations=context.gtt,
    )
    ops = context.ops()
    functions = {function.name for function in graph.functions}
    for node in nodes:
        if node.name in known.refused and node.op not in functions and _could_be_constant(node, ops):
            context.note(f"node {node.name!r} stays as it is: it {known.refused[node.name]}")
    folding = _Folding(nodes, known, fed, context)
    folded = replace(graph, nodes=_reached(folding.nodes(outputs), fed, outputs))
    return folded if context.gtt else without_uncalled_functions(folded, context.path)


def _could_be_constant(node: Node, ops: OpDefinitions) -> bool:
    """Whether a node always computes the same of the same inputs, for all that is known of its op."""
    definition = ops.op(node.op)
    if definition is None:
        return True
    held = (output.type_text in ("resource", "variant") for output in definition.outputs)
    return not definition.stateful and node.op not in _NEVER_FOLDED and not any(held)


def _fed(graph: Graph, context: Context) -> frozenset[str]:
    """The nodes that the program feeds; TransformError where one is no Placeholder or is fetched, too."""
    fed = frozenset(map(input_node, context.inputs))
    if not context.outputs:
        raise context.error("fold_constants needs to know the outputs", "Name them: --outputs=softmax.")
    for node in graph.nodes:
        if node.name in fed and node.op not in _MAY_BE_FED:
            raise context.error(
                f"is an input, but a {node.op}; fold_constants takes a Placeholder or PlaceholderWithDefault there",
                "Put strip_unused_nodes before fold_constants: it makes Placeholders of inputs.",
                node=node.name,
            )
    both = {canonical(reference) for reference in context.inputs} & {canonical(each) for each in context.outputs}
    if both:
        raise context.error("is both fed and fetched", node=input_node(min(both)))
    return fed


def _needed(graph: Graph, fed: frozenset[str], context: Context) -> tuple[Node, ...]:
    """What contributes to the outputs, the inputs as Placeholders."""
    reached = {node.name for node in reach(graph, sorted(fed), context.outputs, context.path).nodes} | fed
    ordered = tuple(import_order(graph.nodes))
    if len(ordered) < len(graph.nodes):
        # By identity: of two nodes of one name, one may be in order.
        done = set(map(id, ordered))
        left = [node.name for node in graph.nodes if id(node) not in done]
        raise context.error(f"is one of {len(left)} nodes that wait for each other", node=min(left))
    return tuple(_placeholder(node) if node.name in fed else node for node in ordered if node.name in reached)


def _placeholder(node: Node) -> Node:
    """A fed node takes nothing from the graph, and waits for nothing in it."""
    return replace(node, op="Placeholder", inputs=())


class _Folding:
    def __init__(self, nodes: tuple[Node, ...], known: Known, fed: frozenset[str], context: Context) -> None:
        self._nodes = nodes
        self._by_name = {node.name: node for node in nodes}
        self._known = known
        self._fed = fed
        self._gtt = context.gtt
        self._context = context
        self._largest = context.whole(_LARGEST, MAX_CONSTANT_BYTES)
        self._names = set(self._by_name)

    def nodes(self, outputs: set[str]) -> tuple[Node, ...]:
        """All nodes, the old ones with constants as inputs, and the new constants after them."""
        own = {} if self._gtt else self._constant_outputs(outputs)
        wanted = sorted(each for each in self._wanted() if each[0] not in own)
        renames = self._stored_elsewhere(wanted)
        folded = self._folded(each for each in wanted if each not in renames)
        renames |= {reference: node.name for reference, node in folded.items()}
        kept = tuple(own.get(node.name) or self._rewired(node, renames) for node in self._nodes)
        return kept + tuple(folded.values())

    def _constant_outputs(self, outputs: set[str]) -> dict[str, Node]:
        """The outputs that are constant and fit into a Const of their name."""
        asked = {name for name in outputs if name in self._known.constant and self._by_name[name].op != "Const"}
        return {
            name: self._constant(name, (name, 0), self._by_name[name].device)
            for name in sorted(asked)
            if len(self._known.values[name]) == 1 and self._fits((name, 0))
        }

    def _wanted(self) -> set[tuple[str, int]]:
        """The tensors that are computed, constant, and read by a node that is not."""
        read = {
            endpoint(reference)
            for node in self._nodes
            if node.name not in self._known.constant
            for reference in data_inputs(node)
        }
        return {each for each in read if each[0] in self._known.constant and self._by_name[each[0]].op != "Const"}

    def _stored_elsewhere(self, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """The tensors too large for a constant of their own that a Const has already: they can be read there."""
        if self._gtt or self._context.all(_LARGEST):
            return {}
        return {
            each: value.name
            for each in wanted
            for value in self._known.values[each[0]][each[1] : each[1] + 1]
            if isinstance(value, Stored)
            and size_of(value) > self._largest
            and self._known.waits[value.name] == self._known.waits[each[0]]
        }

    def _folded(self, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Node]:
        """A new constant for each tensor that is not too large, numbered in this order."""
        folded: dict[tuple[str, int], Node] = {}
        for each in wanted:
            if self._fits(each):
                folded[each] = self._constant(self._new_name(each[0], len(folded)), each)
        return folded

    def _fits(self, each: tuple[str, int]) -> bool:
        name, index = each
        values = self._known.values[name]
        if index >= len(values):
            return False
        size = size_of(values[index])
        if size > self._largest:
            self._context.note(
                f"node {name!r} stays as it is: its result takes {size:,} bytes, more than {self._largest:,}"
            )
        return size <= self._largest

    def _constant(self, name: str, each: tuple[str, int], device: str = "") -> Node:
        value = self._known.values[each[0]][each[1]]
        ref = value.ref if isinstance(value, Stored) else encode_tensor(value.array, value.type)
        waits = tuple(map(waits_for, sorted(self._known.waits[each[0]])))
        return Node(name, "Const", waits, device, {"dtype": value.type, "value": ref})

    def _new_name(self, name: str, number: int) -> str:
        new = f"{name}/_{number}__cf__{number}"
        while new in self._names:
            number += 1
            new = f"{name}/_{number}__cf__{number}"
        self._names.add(new)
        return new

    def _rewired(self, node: Node, renames: Mapping[tuple[str, int], str]) -> Node:
        inputs: list[str] = []
        for reference in node.inputs:
            name, index = endpoint(reference)
            if is_control(reference):
                inputs += self._waited_for(name)
            elif (name, index) in renames:
                inputs.append(renames[name, index])
            elif name in self._fed:
                inputs.append(canonical(reference))
            else:
                inputs.append(reference)
        data = [reference for reference in inputs if not is_control(reference)]
        controls = sorted({reference for reference in inputs if is_control(reference)})
        attrs = node.attrs
        if _RECORDED_SHAPES in attrs and node.name not in self._fed:
            attrs = {name: value for name, value in attrs.items() if name != _RECORDED_SHAPES}
        return replace(node, inputs=(*data, *controls), attrs=attrs)

    def _waited_for(self, name: str) -> Iterable[str]:
        """What a node shall wait for that waited for this one: a constant is there at once."""
        if self._gtt or name not in self._known.constant or self._by_name[name].op == "NoOp":
            return (waits_for(name),)
        return map(waits_for, self._known.waits[name])


def _reached(nodes: tuple[Node, ...], fed: frozenset[str], outputs: set[str]) -> tuple[Node, ...]:
    """Of the nodes those that the outputs need, and after them the inputs."""
    by_name = {node.name: node for node in nodes}
    needed = set(outputs)
    waiting = list(outputs)
    while waiting:
        for name in map(input_node, by_name[waiting.pop()].inputs):
            if name not in needed:
                needed.add(name)
                waiting.append(name)
    kept = tuple(node for node in nodes if node.name in needed and node.name not in fed)
    return kept + tuple(node for node in nodes if node.name in fed)


TRANSFORM = Transform(
    "fold_constants",
    "Computes now what follows from constants alone; removes what the outputs do not need.",
    fold_constants,
    (
        Argument("clear_output_shapes", "false believes what _output_shapes says of nodes; true by default"),
        Argument("exclude_op", "an op that is not folded", repeated=True),
        Argument("exclude_node", "a node that is not folded", repeated=True),
        Argument(_LARGEST, f"larger results are not folded; {MAX_CONSTANT_BYTES} by default"),
    ),
)
