"""References to tensors and nodes, as the inputs of nodes spell them: read, asked and written here only.

Nodes keep their inputs as their file spells them, since a graph that is written again keeps each spelling; whoever
asks more of one than its node makes a :class:`Reference` of it.

Sources: ``ParseTensorName`` of ``graph/tensor_id.cc``, ``NodeDef.input`` of ``framework/node_def.proto``,
``FunctionDef.node_def`` of ``framework/function.proto``.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from opselect.models.graph.model import Node

Endpoint: TypeAlias = tuple[str, int]
"""A node, or an argument of a function, and which of its outputs."""

_CONTROL = "^"
_DIGITS = 9
BEYOND_OUTPUTS = 10**_DIGITS
"""The index of an output that no node has: what an index of more than nine digits counts as."""


class Reference(NamedTuple):
    """What an input of a node names.

    ``reference = [ "^" ] node [ ":" index | ":" output [ ":" index ] ]``

    ``n`` and ``n:0`` are the first output of the node ``n``, ``n:1`` its second; ``^n`` is no tensor: it waits for the
    node. In the body of a function ``n`` is an argument and ``n:out:1`` the second tensor of the output ``out`` that
    the definition of the node's op names. A tuple, because one is made for each input of a graph.
    """

    node: str
    position: int = 0
    output: str = ""
    is_control: bool = False

    @classmethod
    def parse(cls, text: str) -> Reference:
        """The reference that a text spells; what follows a colon and is no number counts as the name of an output."""
        is_control = text.startswith(_CONTROL)
        if ":" not in text:  # nearly all are spelled so; made without a call, as graphs have hundreds of thousands
            return tuple.__new__(cls, (text[1:] if is_control else text, 0, "", is_control))
        node, _, rest = text[is_control:].partition(":")
        output, _, number = rest.rpartition(":")
        if number.isascii() and number.isdecimal():
            return cls(node, int(number) if len(number) <= _DIGITS else BEYOND_OUTPUTS, output, is_control)
        return cls(node, 0, rest, is_control)

    def __str__(self) -> str:
        """The shortest text that spells it: ``n`` for the first output of a graph's node."""
        control = _CONTROL if self.is_control else ""
        if self.output:
            return f"{control}{self.node}:{self.output}:{self.position}"
        return f"{control}{self.node}:{self.position}" if self.position else f"{control}{self.node}"

    @property
    def endpoint(self) -> Endpoint:
        """The node and the position: in a graph that is the tensor."""
        return self.node, self.position


def input_node(reference: str) -> str:
    """The node (or function argument) that an input names: ``n`` of ``n``, ``n:1``, ``^n`` and ``n:out:0``."""
    return reference.removeprefix(_CONTROL).partition(":")[0]


def is_control(reference: str) -> bool:
    """Whether an input carries no data and only waits for its node."""
    return reference.startswith(_CONTROL)


def endpoint(reference: str) -> Endpoint:
    """Node and output of an input in a graph: ``("n", 1)`` of ``n:1``, ``("n", 0)`` of ``n``."""
    return Reference.parse(reference).endpoint


def waits_for(node: str) -> str:
    """The input that waits for a node: ``^n`` of ``n``."""
    return _CONTROL + node


def of_node(reference: str, node: str) -> str:
    """The same output of another node, spelled as before: ``m:0`` of ``n:0`` and ``m``, ``^m`` of ``^n`` and ``m``."""
    control = _CONTROL if is_control(reference) else ""
    _, colon, rest = reference.partition(":")
    return f"{control}{node}{colon}{rest}"


def canonical(reference: str) -> str:
    """The one spelling of an input in a graph: ``n:0`` of ``n``; a control input stays as it is.

    As ``CanonicalInputName`` of ``tools/graph_transforms/transform_utils.cc``.
    """
    return reference if is_control(reference) or ":" in reference else f"{reference}:0"


def is_tensor_name(text: str) -> bool:
    """Whether a text names a tensor of a graph: ``n``, or ``n:1`` with an index of at most nine digits."""
    _, colon, number = text.partition(":")
    return not colon or (number.isascii() and number.isdecimal() and len(number) <= _DIGITS)


def output_index(reference: str) -> int | None:
    """Which output an input of a graph asks for; None for a control input and for what is no number."""
    if not is_tensor_name(reference.removesuffix(":")):
        return None
    found = Reference.parse(reference)
    return None if found.is_control else found.position


def data_inputs(node: Node) -> tuple[str, ...]:
    """The inputs that carry data, in order."""
    if not any(map(is_control, node.inputs)):
        return node.inputs
    return tuple(reference for reference in node.inputs if not is_control(reference))


def control_inputs(node: Node) -> tuple[str, ...]:
    """The inputs that only wait for other nodes, with their ``^``, in order."""
    return tuple(reference for reference in node.inputs if is_control(reference))


def awaited(node: Node) -> tuple[str, ...]:
    """The names of the nodes that a node waits for without taking data from them, in order."""
    return tuple(map(input_node, control_inputs(node)))
