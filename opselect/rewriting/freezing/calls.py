"""Nodes that call functions: which inputs go to which arguments, and which attrs say their types.

Source: ``ops/functional_ops.cc``, ``ops/dataset_ops.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from opselect.models.graph import FunctionDefinition, FunctionRef, Node, NodeAttr, Shape
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.rewriting.freezing.conversion import RefusalError
from opselect.rewriting.freezing.flow import Values, joined_values, value_at

_CAPTURED = "Targuments"
"""The attr with the types of what the function of a dataset op has captured; they are its last arguments."""


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """How a node calls functions.

    ``functions`` are the attrs that name them; without any the op itself is a function. The data inputs from
    ``first`` on, ``count`` of them, are the last arguments; ``types`` is the attr with the types of these inputs,
    ``results`` the one of the outputs. ``loop`` marks a While, whose outputs are what its body returns.
    """

    functions: tuple[str, ...]
    first: int
    count: int
    types: str = ""
    results: str = ""
    loop: bool = False

    def inputs(self, values: Values) -> Values:
        """The values that are arguments."""
        return values[self.first : self.first + self.count]


_CALLS: Mapping[str, tuple[tuple[str, ...], int, str, str]] = {
    "PartitionedCall": (("f",), 0, "Tin", "Tout"),
    "StatefulPartitionedCall": (("f",), 0, "Tin", "Tout"),
    "If": (("then_branch", "else_branch"), 1, "Tin", "Tout"),
    "StatelessIf": (("then_branch", "else_branch"), 1, "Tin", "Tout"),
    "Case": (("branches",), 1, "Tin", "Tout"),
    "StatelessCase": (("branches",), 1, "Tin", "Tout"),
    "While": (("body", "cond"), 0, "T", "T"),
    "StatelessWhile": (("body", "cond"), 0, "T", "T"),
}


def call_of(node: Node, inputs: int, functions: Collection[str], ops: OpDefinitions) -> FunctionCall | None:
    """How a node with ``inputs`` data inputs calls functions, None for one that calls none or in ways not known here.

    ``functions`` are the names of the library.
    """
    if node.op in functions:
        return FunctionCall((), 0, inputs)
    known = _CALLS.get(node.op)
    if known is not None:
        attrs, first, types, results = known
        return FunctionCall(attrs, first, inputs - first, types, results, loop="body" in attrs)
    captured = node.attrs.get(_CAPTURED)
    definition = ops.op(node.op) if isinstance(captured, tuple) else None
    if definition is None:
        return None
    named = tuple(attr.name for attr in definition.attrs if attr.type == "func")
    captures = {argument.name for argument in definition.inputs if argument.type_text == _CAPTURED}
    for argument in ops.inputs(node) or ():
        if argument.name in captures and len(named) == 1:
            return FunctionCall(named, argument.start, len(argument.types), _CAPTURED)
    return None


def called(node: Node, call: FunctionCall) -> tuple[FunctionRef, ...]:
    """The functions that a node calls."""
    if not call.functions:
        return (FunctionRef(node.op),)
    values = [node.attrs.get(name) for name in call.functions]
    items = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    return tuple(item for item in items if isinstance(item, FunctionRef))


def arguments(call: FunctionCall, function: FunctionDefinition, inputs: Values) -> Values:
    """The values of all arguments of a function. Raises RefusalError where it has not as many as are given."""
    missing = len(function.inputs) - len(inputs)
    if not any(inputs):
        return (None,) * len(function.inputs)
    if missing < 0 or (missing and call.types != _CAPTURED):
        raise RefusalError(f"calls the function {function.name!r} with {len(inputs)} inputs of {len(function.inputs)}")
    return (None,) * missing + inputs


def results(call: FunctionCall, inputs: Values, returned: list[Values]) -> Values:
    """The outputs of a call that are frozen variables, where its functions return these.

    Raises RefusalError where an output is a variable by one way and something else by another.
    """
    if call.loop:
        returned = [inputs, *returned[:1]]
    outputs = []
    for column in zip(*returned, strict=False):
        values = [value for value in column if value is not None]
        joined = joined_values(values)
        if values and (joined is None or len(values) < len(column)):
            raise RefusalError(
                f"gives the variable {values[0].name!r} or something else, which cannot both be constants"
            )
        outputs.append(joined)
    return tuple(outputs)


def converted_call(
    node: Node, call: FunctionCall, inputs: Values, outputs: Values, renamed: Callable[[FunctionRef], FunctionRef]
) -> Node:
    """The node that calls the converted functions, types and shapes as they are now."""
    if not call.functions:
        return replace(node, op=renamed(FunctionRef(node.op)).name)
    attrs: dict[str, NodeAttr] = dict(node.attrs)
    for name in call.functions:
        named = attrs.get(name)
        if isinstance(named, FunctionRef):
            attrs[name] = renamed(named)
        elif isinstance(named, tuple):
            attrs[name] = tuple(renamed(item) if isinstance(item, FunctionRef) else item for item in named)
    _put_types(attrs, call.types, inputs)
    _put_types(attrs, call.results, outputs)
    shapes = attrs.get("output_shapes")
    if isinstance(shapes, tuple) and any(outputs):
        attrs["output_shapes"] = tuple(
            Shape(value.dims) if (value := value_at(outputs, position)) else shape
            for position, shape in enumerate(shapes)
        )
    if any(outputs):
        attrs.pop("_output_shapes", None)
    return replace(node, attrs=attrs)


def _put_types(attrs: dict[str, NodeAttr], name: str, values: Values) -> None:
    types = attrs.get(name)
    if isinstance(types, tuple):
        attrs[name] = tuple(
            value.dtype if (value := value_at(values, position)) else dtype for position, dtype in enumerate(types)
        )
