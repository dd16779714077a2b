"""What nodes take and give, by the op definitions of one TensorFlow and the functions of a graph.

Everybody who asks for the inputs or outputs of an op asks here; which TensorFlow counts, whoever makes
:class:`OpDefinitions` says.

Sources: ``InOutTypesForNode`` and ``NameRangesForNode`` of ``framework/node_def_util.cc``, ``FinalizeInputOrOutput`` of
``framework/op_def_builder.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kernel_index.datatypes import DataType, from_spec
from kernel_index.index import KernelIndex
from kernel_index.records import ArgDefinition, OpDefinition
from opselect.models.graph.model import FunctionArg, FunctionDefinition, Node
from opselect.models.graph.references import Reference, data_inputs
from opselect.models.graph.values import NodeAttr

MAX_TENSORS = 10_000
"""Maximum number of tensors of one input or output of an op; a file may say otherwise, and nothing is known then."""

Types: TypeAlias = tuple[DataType | None, ...]
"""Types of tensors by position; None for one that nothing tells."""
Lookup: TypeAlias = Callable[[str], NodeAttr | None]
"""The value of an attr, its default where the node lacks it; None where nothing tells it."""


@dataclass(frozen=True, slots=True)
class OpSignature:
    """What an op or a function takes and gives; an op's inputs and outputs are described as a function's are."""

    inputs: tuple[FunctionArg, ...]
    outputs: tuple[FunctionArg, ...]

    @property
    def counting_attrs(self) -> frozenset[str]:
        """The attrs that say how many tensors an input or output is, and the empty name where one is one tensor."""
        return frozenset(arg.number_attr for arg in (*self.inputs, *self.outputs))


@dataclass(frozen=True, slots=True)
class NodeArgument:
    """An input or output of a node: the types of its tensors, the first of which is at ``start``."""

    name: str
    start: int
    types: Types
    is_ref: bool = False

    @property
    def stop(self) -> int:
        """The position after its last tensor."""
        return self.start + len(self.types)


def signature_of(op: OpDefinition | FunctionDefinition) -> OpSignature:
    """The signature of an op or of a function."""
    if isinstance(op, FunctionDefinition):
        return OpSignature(op.inputs, op.outputs)
    return OpSignature(_arguments(op.inputs, op), _arguments(op.outputs, op))


def types_of(arg: FunctionArg, attr: Lookup) -> Types | None:
    """The types of the tensors of an input or output; None where nothing tells how many there are."""
    if arg.type_list_attr:
        value = attr(arg.type_list_attr)
        return tuple(map(_type, value)) if isinstance(value, tuple) and len(value) <= MAX_TENSORS else None
    data_type = arg.type if arg.type is not None else _type(attr(arg.type_attr))
    if not arg.number_attr:
        return (data_type,)
    number = attr(arg.number_attr)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MAX_TENSORS:
        return None
    return (data_type,) * number


class OpDefinitions:
    """The ops of ``index`` and the functions of a graph by name; a function hides an op of its name."""

    def __init__(self, index: KernelIndex, functions: Iterable[FunctionDefinition] = ()) -> None:
        self.index = index
        self.functions: Mapping[str, FunctionDefinition] = {function.name: function for function in functions}
        self._ops: dict[str, OpDefinition | None] = {}
        self._signatures: dict[str, OpSignature | None] = {}

    def op(self, name: str) -> OpDefinition | None:
        """The definition of an op, None where the TensorFlow has none: a custom op, or a function."""
        if name not in self._ops:
            self._ops[name] = self.index.op_definition(name)
        return self._ops[name]

    def signature(self, op: str) -> OpSignature | None:
        """What an op or a function takes and gives, None where nobody knows it."""
        if op not in self._signatures:
            definition = self.functions.get(op) or self.op(op)
            self._signatures[op] = None if definition is None else signature_of(definition)
        return self._signatures[op]

    def may_run(self, node: Node) -> bool:
        """Whether the release has the node's op, and the node as many data inputs as any of that op.

        Arguments of several tensors count for none: an attr of the node may say so.
        """
        signature = self.signature(node.op)
        if signature is None:
            return False
        single = sum(not (arg.number_attr or arg.type_list_attr) for arg in signature.inputs)
        return len(data_inputs(node)) >= single

    def attr(self, node: Node, name: str) -> NodeAttr | None:
        """A node's attr, else the default of its op or function; None where there is neither."""
        value = node.attrs.get(name)
        if value is not None:
            return value
        function = self.functions.get(node.op)
        if function is not None:
            return function.attr_defaults.get(name)
        definition = self.op(node.op)
        attr = definition.attr(name) if definition is not None else None
        return attr.default if attr is not None else None

    def inputs(self, node: Node) -> tuple[NodeArgument, ...] | None:
        """The inputs of a node by name, control inputs aside; None where not even their number is known."""
        signature = self.signature(node.op)
        return None if signature is None else self._located(signature.inputs, node)

    def outputs(self, node: Node) -> tuple[NodeArgument, ...] | None:
        """The outputs of a node by name; None where not even their number is known."""
        signature = self.signature(node.op)
        return None if signature is None else self._located(signature.outputs, node)

    def input_types(self, node: Node) -> Types | None:
        """The types of the data inputs; None where not even their number is known."""
        return _flat(self.inputs(node))

    def output_types(self, node: Node) -> Types | None:
        """The types of the outputs; None where not even their number is known."""
        return _flat(self.outputs(node))

    def position(self, node: Node, reference: Reference) -> int | None:
        """Which of all outputs of a node a reference to it means: the fourth (3), say, for ``n:out:1``.

        None for an output that the node has not, or where the number of those before is not known.
        """
        if not reference.output:
            return reference.position
        for output in self.outputs(node) or ():
            if output.name == reference.output:
                position = output.start + reference.position
                return position if position < output.stop else None
        return None

    def _located(self, args: Sequence[FunctionArg], node: Node) -> tuple[NodeArgument, ...] | None:
        found = []
        start = 0
        for arg in args:
            types = types_of(arg, lambda name: self.attr(node, name))
            if types is None:
                return None
            found.append(NodeArgument(arg.name, start, types, arg.is_ref))
            start += len(types)
        return tuple(found)


def _flat(arguments: tuple[NodeArgument, ...] | None) -> Types | None:
    return None if arguments is None else tuple(each for argument in arguments for each in argument.types)


def _arguments(args: Sequence[ArgDefinition], definition: OpDefinition) -> tuple[FunctionArg, ...]:
    """``argument = [ "Ref(" ] [ number attr "*" ] ( type | type attr | type list attr ) [ ")" ]``"""
    found = []
    for arg in args:
        number, _, spec = arg.type_text.removeprefix("Ref(").removesuffix(")").rpartition("*")
        spec = spec.strip()
        data_type = from_spec(spec)
        attr = definition.attr(spec)
        is_list = attr is not None and attr.type == "list(type)"
        found.append(
            FunctionArg(
                arg.name,
                data_type,
                type_attr="" if data_type is not None or is_list else spec,
                number_attr=number.strip(),
                type_list_attr=spec if data_type is None and is_list else "",
                is_ref=arg.type_text.startswith("Ref("),
            )
        )
    return tuple(found)


def _type(value: NodeAttr | None) -> DataType | None:
    return value if isinstance(value, DataType) else None
