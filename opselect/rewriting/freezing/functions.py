"""Graphs and functions with their variables as constants; a function is written once for each way it is called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from opselect.models.graph import (
    FunctionArg,
    FunctionDefinition,
    FunctionRef,
    Node,
    NodeAttr,
    Shape,
    TensorRef,
    changed,
    input_node,
)
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.models.graph.references import Endpoint, Reference
from opselect.rewriting.freezing.calls import FunctionCall, arguments, call_of, called, converted_call, results
from opselect.rewriting.freezing.conversion import RefusalError, convert
from opselect.rewriting.freezing.flow import Flow, FrozenValue, Values, value_at

SUFFIX = "_frozen"
"""Behind the name of a function that takes values where it took variables."""

Constants = Callable[[Node, str], "tuple[FrozenValue, TensorRef] | None"]
"""What a node of the graph, or of the function that is named, becomes if it is a variable that is frozen."""


@dataclass(slots=True)
class _Body:
    """The nodes of the graph or of a function, while they are converted.

    ``renamed`` maps a node to what its output was called in a function before, and is called now.
    """

    flow: Flow
    function: str
    names: set[str]
    nodes: list[Node] = field(default_factory=list)
    renamed: dict[str, tuple[str, str]] = field(default_factory=dict)

    def new_node(self, wanted: str) -> tuple[str, str]:
        """The name of a node that is added, and what refers to its output."""
        name = unused_name(wanted, self.names)
        self.names.add(name)
        return name, f"{name}:output:0" if self.function else name


class Converter:
    """Converts the nodes of one graph and the functions that they call.

    ``problems`` are what stands in the way, a sentence for each node; ``functions`` are all functions, the new ones
    after those of the graph.
    """

    def __init__(self, ops: OpDefinitions, constants: Constants) -> None:
        self.functions = dict(ops.functions)
        self.problems: list[str] = []
        self._constants = constants
        self._ops = ops
        self._outputs: dict[tuple[str, Values], Values] = {}
        self._names: dict[tuple[object, ...], str] = {}

    def convert(self, nodes: Iterable[Node]) -> tuple[Node, ...]:
        """The nodes of the graph, in their order."""
        nodes = tuple(nodes)
        return tuple(self._body(nodes, self._flow(nodes, {}, ""), "").nodes)

    def _flow(self, nodes: tuple[Node, ...], given: Mapping[Endpoint, FrozenValue], function: str) -> Flow:
        sources = dict(given)
        for node in nodes:
            constant = self._constants(node, function)
            if constant is not None:
                sources[node.name, 0] = constant[0]
        return Flow(nodes, sources, self._call_outputs, self._output_names)

    def _call_outputs(self, node: Node, inputs: Values) -> Values | None:
        call = call_of(node, len(inputs), self.functions, self._ops)
        if call is None:
            return None
        try:
            return results(call, call.inputs(inputs), self._returned(node, call, inputs))
        except RefusalError:  # reported with the node when the nodes are converted
            return ()

    def _returned(self, node: Node, call: FunctionCall, inputs: Values) -> list[Values]:
        if not call.results and call.functions:
            return []
        known = [self.functions[each.name] for each in called(node, call) if each.name in self.functions]
        return [self._function_outputs(function, arguments(call, function, call.inputs(inputs))) for function in known]

    def _function_outputs(self, function: FunctionDefinition, values: Values) -> Values:
        key = function.name, values
        if key not in self._outputs:
            self._outputs[key] = (None,) * len(function.outputs)  # what a function that calls itself gives
            flow = self._flow(function.nodes, _sources(function, values), function.name)
            self._outputs[key] = tuple(flow.value(function.returns[output.name]) for output in function.outputs)
        return self._outputs[key]

    def _output_names(self, node: Node) -> Mapping[str, int]:
        return {output.name: output.start for output in self._ops.outputs(node) or ()}

    def _body(self, nodes: tuple[Node, ...], flow: Flow, function: str) -> _Body:
        body = _Body(flow, function, {node.name for node in nodes})
        for node in nodes:
            body.nodes.extend(self._converted_or_refused(node, body))
        if body.renamed and function:
            body.nodes = [_with_new_outputs(node, body.renamed) for node in body.nodes]
        return body

    def _converted_or_refused(self, node: Node, body: _Body) -> tuple[Node, ...]:
        try:
            return self._converted(node, body)
        except RefusalError as refusal:
            where = f" of function {body.function!r}" if body.function else ""
            self.problems.append(f"node {node.name!r}{where} {refusal}")
            return ()

    def _converted(self, node: Node, body: _Body) -> tuple[Node, ...]:
        inputs = body.flow.inputs(node)
        constant = self._constants(node, body.function)
        if constant is not None:
            value, tensor = constant
            body.renamed[node.name] = ("resource" if not value.is_ref else "ref", "output")
            attrs: dict[str, NodeAttr] = {"dtype": value.dtype, "value": tensor}
            return (replace(node, op="Const", device="", attrs=attrs),)
        call = call_of(node, len(inputs), self.functions, self._ops)
        if call is not None:
            return (self._converted_call(node, call, inputs),)
        if not any(inputs):
            return (node,)
        converted = convert(node, inputs, self._ops, body.new_node)
        if converted.renamed is not None:
            body.renamed[node.name] = converted.renamed
        return converted.nodes

    def _converted_call(self, node: Node, call: FunctionCall, inputs: Values) -> Node:
        passed = call.inputs(inputs)
        before = next((value for value in inputs[: call.first] if value is not None and not value.is_ref), None)
        if before is not None:
            raise RefusalError(f"uses the variable {before.name!r} by op {node.op}, which needs a variable")
        outputs = results(call, passed, self._returned(node, call, inputs))

        def renamed(function: FunctionRef) -> FunctionRef:
            known = self.functions.get(function.name)
            if known is None:
                if any(passed):
                    raise RefusalError(f"calls the function {function.name!r}, which is not in the library")
                return function
            return replace(function, name=self._frozen(known, arguments(call, known, passed)))

        return converted_call(node, call, passed, outputs, renamed)

    def _frozen(self, function: FunctionDefinition, values: Values) -> str:
        """The name of the function for these arguments: a new one, unless nothing in it is to change."""
        values = tuple(replace(value, in_loop=False) if value and not value.is_ref else None for value in values)
        key = (function.name, *((value.dtype, value.dims) if value else None for value in values))
        if key not in self._names:
            taken = {*self.functions, *self._names.values()}
            self._names[key] = name = unused_name(f"{function.name}{SUFFIX}", taken)
            flow = self._flow(function.nodes, _sources(function, values), function.name)
            body = self._body(function.nodes, flow, function.name)
            if not any(values) and tuple(body.nodes) == function.nodes:
                self._names[key] = function.name
            else:
                self.functions[name] = _rewritten(function, name, values, body)
        return self._names[key]


def unused_name(wanted: str, taken: Collection[str]) -> str:
    """A name that is not taken: the one that is wanted, or that one with a number after it."""
    name, number = wanted, 0
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def _sources(function: FunctionDefinition, values: Values) -> dict[Endpoint, FrozenValue]:
    """What the arguments of a function are; a reference is taken as the value it refers to."""
    return {
        (argument.name, 0): value
        for argument, value in zip(function.inputs, values, strict=True)
        if value is not None and not value.is_ref
    }


def _rewritten(function: FunctionDefinition, name: str, values: Values, body: _Body) -> FunctionDefinition:
    returns = {key: _with_new_output(reference, body.renamed) for key, reference in function.returns.items()}
    outputs = [body.flow.value(function.returns[output.name]) for output in function.outputs]
    attrs = dict(function.attrs)
    shapes = attrs.get("_input_shapes")
    if isinstance(shapes, tuple):
        attrs["_input_shapes"] = tuple(
            Shape(value.dims) if (value := value_at(values, position)) else shape
            for position, shape in enumerate(shapes)
        )
    arg_attrs = {
        position: {
            key: value for key, value in found.items() if value_at(values, position) is None or key not in _STALE
        }
        for position, found in function.arg_attrs.items()
    }
    return changed(
        function,
        name=name,
        inputs=tuple(_typed(argument, value) for argument, value in zip(function.inputs, values, strict=True)),
        outputs=tuple(_typed(argument, value) for argument, value in zip(function.outputs, outputs, strict=True)),
        nodes=tuple(body.nodes),
        returns=returns,
        attrs=attrs,
        arg_attrs=arg_attrs,
    )


_STALE = frozenset({"_output_shapes", "_handle_dtypes", "_handle_shapes"})
"""Attrs of an argument that speak of a resource."""


def _typed(argument: FunctionArg, value: FrozenValue | None) -> FunctionArg:
    return argument if value is None else FunctionArg(argument.name, value.dtype)


def _with_new_outputs(node: Node, renamed: Mapping[str, tuple[str, str]]) -> Node:
    inputs = tuple(_with_new_output(reference, renamed) for reference in node.inputs)
    return node if inputs == node.inputs else replace(node, inputs=inputs)


def _with_new_output(reference: str, renamed: Mapping[str, tuple[str, str]]) -> str:
    before, now = renamed.get(input_node(reference), ("", ""))
    found = Reference.parse(reference)
    is_changed = before and found.output == before and not found.is_control
    return str(found._replace(output=now)) if is_changed else reference
