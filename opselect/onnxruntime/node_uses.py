"""The operators that a model runs, each with the types of what it is given and returns.

Those of subgraphs and of the model's own functions are among them. ONNX Runtime puts the bodies of functions into the
graph where they are called, and looks their operators up in the opsets that the model imports
(``onnxruntime/core/graph/graph.cc``); so does this.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from kernel_index.errors import InputError
from opselect.onnxruntime.control_flow import body_inputs, node_outputs
from opselect.onnxruntime.inference import Types, output_types
from opselect.onnxruntime.models import (
    ONNX_DOMAIN,
    FunctionKey,
    OnnxModel,
    function_key,
    opsets_of,
    spelled,
)
from opselect.onnxruntime.value_types import ValueType, agreed, tensor_of, type_of

if TYPE_CHECKING:
    from onnx import AttributeProto, FunctionProto, GraphProto, NodeProto, ValueInfoProto

MAX_FOLLOWED = 200_000
"""Nodes of functions that are followed, once for each way that a function is called: a small file can ask for endlessly
many.
"""

_RENAME = "Names of operators and domains are letters, digits, dots and underscores."

RUNTIME_DOMAINS = ("ai.onnx", "com.microsoft", "com.ms.", "org.pytorch.aten")
"""How the domains begin whose operators ONNX Runtime may have kernels for, and then runs in place of a model's function
of that name (``onnxruntime/core/graph/constants.h``).
"""

_Scope: TypeAlias = "ChainMap[str, ValueType | None]"
_Attributes: TypeAlias = Mapping[str, "AttributeProto"]

_NAME = re.compile(r"[!-+\--:<-z|~]+")
"""Visible characters of ASCII but those that part names in a configuration: ``,``, ``;``, ``{`` and ``}``."""


@dataclass(frozen=True, slots=True)
class NodeUse:
    """An operator as a node has it. ``inputs`` and ``outputs`` are values by position: their names, empty for those
    left out, and types, None where they are not known. ``node`` names the node in messages.
    """

    domain: str
    opset: int
    op: str
    node: str
    inputs: tuple[tuple[str, ValueType | None], ...] = ()
    outputs: tuple[tuple[str, ValueType | None], ...] = ()


@dataclass(frozen=True, slots=True)
class _Context:
    """Where a node stands: ``whose`` text that is, the opsets to look operators up in, by the domains that are
    imported there, and the attributes of the call.
    """

    whose: str
    opsets: Mapping[str, int]
    attributes: _Attributes


def follow_nodes(model: OnnxModel, use: Callable[[NodeUse], None], *, typed: bool) -> Mapping[str, int]:
    """Calls ``use`` for every operator that a model runs; for one of a function, once for each way that it is called.

    Types are found if they are asked for. Returns the domains of operators that functions import and the model does
    not, with the opset that was taken, which is that of the function: ONNX Runtime takes the newest that it has.

    Raises InputError for a domain that is used and not imported, for names that no configuration can have, and for
    functions that call themselves.
    """
    walk = _Walk(model, use, typed=typed)
    walk.graph(model.graph, ChainMap(), (), _Context("the model", model.opsets, {}))
    return walk.not_imported


class _Walk:
    def __init__(self, model: OnnxModel, use: Callable[[NodeUse], None], *, typed: bool) -> None:
        self._model = model
        self._use = use
        self._typed = typed
        self._called: dict[object, Types] = {}
        self._open: list[FunctionKey] = []
        self._followed = 0
        self.not_imported: dict[str, int] = {}

    def graph(self, graph: GraphProto, around: _Scope, given: Types, context: _Context) -> Types:
        """Follows a graph and returns the types of its outputs. ``around`` are the values that it sees from outside,
        and ``given`` the types of its inputs as far as whoever runs it says.
        """
        values = around.new_child()
        if self._typed:
            _declare(values, (*graph.input, *graph.value_info, *graph.output))
            for value, value_type in zip(graph.input, given, strict=False):
                _say(values, value.name, value_type)
            # ONNX Runtime makes dense tensors of sparse ones.
            for tensor in (*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)):
                _say(values, tensor.name, tensor_of(tensor.data_type))
        self._nodes(graph.node, values, context)
        return [values.get(value.name) for value in graph.output]

    def _nodes(self, nodes: Iterable[NodeProto], values: _Scope, context: _Context) -> None:
        for place, written in enumerate(nodes):
            self._followed += bool(self._open)
            if self._followed > MAX_FOLLOWED:
                problem = f"its functions become more than {MAX_FOLLOWED:,} operators where they are called"
                raise InputError(
                    self._model.path, problem, "If that is meant, inline them first: onnx.inliner does it."
                )
            node = _with_attributes(written, context.attributes)
            key = function_key(node)
            op = key[1] if key[1].isprintable() else repr(key[1])
            where = f"{f'node {node.name!r}' if node.name else f'node {place}'} ({op}) of {context.whose}"
            inputs = tuple((name, values.get(name) if name else None) for name in node.input)
            types = self._node(node, key, where, inputs, values, context)
            if self._typed:
                for name, value_type in zip(node.output, types, strict=False):  # a call may want fewer than there are
                    _say(values, name, value_type)

    def _node(
        self,
        node: NodeProto,
        key: FunctionKey,
        where: str,
        inputs: tuple[tuple[str, ValueType | None], ...],
        values: _Scope,
        context: _Context,
    ) -> Types:
        """Follows a node and returns the types of its outputs."""
        domain, op, _ = key
        path = self._model.path
        if domain not in context.opsets:
            problem = f"{where} is of the domain {domain!r}, which {context.whose} does not import"
            raise InputError(path, problem, "So no version of it is known. Add the domain to opset_import.")
        types = [value_type for _, value_type in inputs]
        function = self._model.functions.get(key)
        found: Types = ()
        if function is not None:
            found = self._call(key, function, node, types)
            if not domain.startswith(RUNTIME_DOMAINS):
                return found
        for name in (domain, op):
            if not _NAME.fullmatch(name) or name.startswith(("#", "!")):
                raise InputError(path, f"{where} has a name that no configuration can have: {name!r}", _RENAME)
        opset = context.opsets[domain]
        if domain not in self._model.opsets:
            self.not_imported[domain] = opset
        given = body_inputs(op, opset, types) if domain == ONNX_DOMAIN else ()
        bodies = self._bodies(node, given, values, context)
        if self._typed and function is None:
            if bodies:
                found = node_outputs(op, bodies, len(node.output)) if domain == ONNX_DOMAIN else ()
            else:
                found = output_types(domain, opset, node, types)
        found = [*found[: len(node.output)], *[None] * (len(node.output) - len(found))]
        # What a model declares of a value counts, too: it may be all there is.
        outputs = tuple(
            (name, agreed(values.maps[0].get(name), each)) for name, each in zip(node.output, found, strict=True)
        )
        self._use(NodeUse(domain, opset, op, where, inputs, outputs))
        return found

    def _bodies(self, node: NodeProto, given: Types, values: _Scope, context: _Context) -> dict[str, Types]:
        """The types that the graphs of a node return, by the names of the attributes."""
        found: dict[str, Types] = {}
        for attribute in node.attribute:
            if attribute.HasField("g"):
                found[attribute.name] = self.graph(attribute.g, values, given, context)
            for each in attribute.graphs:
                found[attribute.name] = self.graph(each, values, (), context)
        return found

    def _call(self, key: FunctionKey, function: FunctionProto, node: NodeProto, inputs: Types) -> Types:
        """Follows a function that is called with inputs of some types, and returns the types of the call's outputs."""
        way = key, tuple(inputs), _values((*function.attribute_proto, *node.attribute))
        if way not in self._called:
            path = self._model.path
            if key in self._open:
                raise InputError(path, f"the function {spelled(key)} calls itself", "No runtime can run such a model.")
            whose = f"the function {spelled(key)}"
            attributes = {each.name: each for each in (*function.attribute_proto, *node.attribute)}
            imported = opsets_of(function.opset_import, path, whose)
            opsets = {domain: self._model.opsets.get(domain, opset) for domain, opset in imported.items()}
            values: _Scope = ChainMap(dict(zip(function.input, inputs, strict=False)))
            if self._typed:
                _declare(values, function.value_info)
            self._open.append(key)
            self._nodes(function.node, values, _Context(whose, opsets, attributes))
            self._open.pop()
            self._called[way] = [values.get(name) for name in function.output]
        return self._called[way]


def _values(attributes: Iterable[AttributeProto]) -> tuple[bytes, ...]:
    """Attributes as one value: later ones replace those of the same name."""
    return tuple(sorted(each.SerializeToString() for each in {each.name: each for each in attributes}.values()))


def _declare(values: _Scope, declared: Iterable[ValueInfoProto]) -> None:
    for value in declared:
        _say(values, value.name, type_of(value.type))


def _say(values: _Scope, name: str, value_type: ValueType | None) -> None:
    """Notes a type of a value of the innermost graph, beside what was said of it before."""
    values[name] = agreed(values.maps[0].get(name), value_type)


def _with_attributes(node: NodeProto, attributes: _Attributes) -> NodeProto:
    """A node of a function with the attributes that it takes from the call; those that the call lacks, it lacks."""
    if not any(each.ref_attr_name for each in node.attribute):
        return node
    own = type(node)()
    own.CopyFrom(node)
    del own.attribute[:]
    for each in node.attribute:
        if each.ref_attr_name in attributes:
            own.attribute.add().CopyFrom(attributes[each.ref_attr_name])
            own.attribute[-1].MergeFrom(each)  # which has the name, and no value
            own.attribute[-1].ClearField("ref_attr_name")
        elif not each.ref_attr_name:
            own.attribute.add().CopyFrom(each)
    return own
