"""Small graphs around any op of a release that it takes, and the same with one thing wrong or odd about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random

from kernel_index.datatypes import DataType
from kernel_index.index import KernelIndex
from kernel_index.records import AttrDefinition, OpDefinition
from opselect.models.graph import FunctionRef, Graph, Node, NodeAttr, NodeAttrItem, Shape, TensorRef, Versions
from opselect.models.graph.op_definitions import signature_of
from opselect.models.storage import MemoryBytes
from opselect.requirements.loading.signatures import REF, flat, types_by_argument
from opselect.requirements.loading.values import default_of

FLOAT = DataType.DT_FLOAT
_TYPES = (FLOAT, DataType.DT_INT32, DataType.DT_STRING, DataType.DT_BOOL, DataType.DT_INT64, DataType.DT_HALF)
_SCALAR = b"\x08\x01\x12\x00\x2a\x04\x00\x00\x80\x3f"  # a TensorProto: the float 1 without dimensions

NODE = "n"
"""The node that is about the op; what feeds it comes before it."""


def random_graph(random: Random, definition: OpDefinition) -> Graph | None:
    """A graph with a node of the op, fed by placeholders and variables; None where its inputs cannot be told."""
    attrs: dict[str, NodeAttr] = {}
    for attr in definition.attrs:
        if not attr.has_default or random.random() < 0.4:
            attrs[attr.name] = _value(random, attr)

    def value(name: str) -> NodeAttr | None:
        attr = definition.attr(name)
        return attrs.get(name, default_of(attr) if attr is not None else None)

    expected = types_by_argument(signature_of(definition).inputs, value)
    if expected is None or "" in flat(expected):
        return None
    sources = [_source(f"i{number}", name) for number, name in enumerate(flat(expected))]
    node = Node(NODE, definition.name, tuple(source.name for source in sources), attrs=attrs)
    return Graph((*sources, node), versions=Versions(random.choice((21, 27, 134, 1575))))


def _source(name: str, type_name: str) -> Node:
    dtype = DataType[type_name.removesuffix(REF)]
    if type_name.endswith(REF):
        return Node(name, "VariableV2", attrs={"dtype": dtype, "shape": Shape((1,))})
    return Node(name, "Placeholder", attrs={"dtype": dtype})


def _value(random: Random, attr: AttrDefinition) -> NodeAttr:
    """A value that the definition admits."""
    element = attr.type.removeprefix("list(").removesuffix(")")
    allowed = attr.allowed
    makers: Mapping[str, Callable[[], NodeAttrItem]] = {
        "type": lambda: random.choice(allowed or _TYPES),
        "int": lambda: max(attr.minimum or 0, random.randrange(4)) if element == attr.type else random.randrange(1, 4),
        "float": lambda: random.choice((0.0, 0.5, 1.0)),
        "bool": lambda: random.random() < 0.5,
        "string": lambda: random.choice(allowed or ("", "x")),
        "shape": lambda: random.choice((Shape(()), Shape((2, -1)), Shape())),
        "tensor": lambda: TensorRef(MemoryBytes(_SCALAR), 0, len(_SCALAR)),
        "func": lambda: FunctionRef("f"),
    }
    if element == attr.type:
        return makers[element]()
    length = max(attr.minimum or 0, random.randrange(1, 5))
    return tuple(makers[element]() for _ in range(length))


Mutation = Callable[[Random, Graph], Graph]


def mutations(index: KernelIndex, ops: Sequence[str] = ()) -> Mapping[str, Mutation]:
    """What may be done to a graph of the index's release, by name; ``ops`` are those that its library has."""
    return {
        "nothing": _nothing,
        "attr added": partial(_add_attr, index),
        "attr removed": _remove_attr,
        "attr changed": _change_attr,
        "input dropped": _drop_input,
        "input added": _add_input,
        "input retyped": _retype_input,
        "output that is not there": _wrong_port,
        "versions": _change_versions,
        "another op": partial(_change_op, ops),
    }


def _nothing(_: Random, graph: Graph) -> Graph:
    return graph


def _with_node(graph: Graph, node: Node) -> Graph:
    return replace(graph, nodes=(*graph.nodes[:-1], node))


def _any_value(random: Random) -> NodeAttr:
    scalar: NodeAttrItem = random.choice((FLOAT, DataType.DT_STRING, 0, -1, 7, True, 0.5, "", "x", "SAME", Shape((1,))))
    return random.choice([scalar, (), (scalar,), FunctionRef("f")])


def _add_attr(index: KernelIndex, random: Random, graph: Graph) -> Graph:
    node = graph.nodes[-1]
    definition = index.op_definition(node.op)
    known = [attr.name for attr in definition.attrs] if definition is not None else []
    name = random.choice(("_private", "half_pixel_centers", "T", "N", *known))
    return _with_node(graph, replace(node, attrs={**node.attrs, name: _any_value(random)}))


def _remove_attr(random: Random, graph: Graph) -> Graph:
    node = graph.nodes[-1]
    if not node.attrs:
        return graph
    gone = random.choice(sorted(node.attrs))
    return _with_node(graph, replace(node, attrs={name: v for name, v in node.attrs.items() if name != gone}))


def _change_attr(random: Random, graph: Graph) -> Graph:
    node = graph.nodes[-1]
    if not node.attrs:
        return graph
    name = random.choice(sorted(node.attrs))
    return _with_node(graph, replace(node, attrs={**node.attrs, name: _any_value(random)}))


def _drop_input(random: Random, graph: Graph) -> Graph:
    node = graph.nodes[-1]
    if not node.inputs:
        return graph
    at = random.randrange(len(node.inputs))
    return _with_node(graph, replace(node, inputs=node.inputs[:at] + node.inputs[at + 1 :]))


def _add_input(random: Random, graph: Graph) -> Graph:
    node = graph.nodes[-1]
    more = Node("more", "Placeholder", attrs={"dtype": random.choice(_TYPES)})
    at = random.randrange(len(node.inputs) + 1)
    changed = replace(node, inputs=(*node.inputs[:at], "more", *node.inputs[at:]))
    return replace(graph, nodes=(*graph.nodes[:-1], more, changed))


def _retype_input(random: Random, graph: Graph) -> Graph:
    if len(graph.nodes) == 1:
        return graph
    at = random.randrange(len(graph.nodes) - 1)
    type_name = random.choice(_TYPES).name + random.choice(("", REF))
    return replace(graph, nodes=(*graph.nodes[:at], _source(graph.nodes[at].name, type_name), *graph.nodes[at + 1 :]))


def _wrong_port(random: Random, graph: Graph) -> Graph:
    node = graph.nodes[-1]
    if not node.inputs:
        return graph
    at = random.randrange(len(node.inputs))
    inputs = (*node.inputs[:at], f"{node.inputs[at]}:{random.choice((0, 1, 7))}", *node.inputs[at + 1 :])
    return _with_node(graph, replace(node, inputs=inputs))


def _change_versions(random: Random, graph: Graph) -> Graph:
    numbers = (0, 8, 9, 27, 134, 1575, 9999)
    bad = tuple(random.choice(numbers) for _ in range(random.randrange(3)))
    return replace(graph, versions=Versions(random.choice(numbers), random.choice((0, 0, *numbers)), bad))


_OF_LATER_RELEASES = ("AddV2", "FusedBatchNormV3", "LeakyRelu", "SelectV2", "Nonsense")


def _change_op(ops: Sequence[str], random: Random, graph: Graph) -> Graph:
    return _with_node(graph, replace(graph.nodes[-1], op=random.choice((*ops, *_OF_LATER_RELEASES))))
