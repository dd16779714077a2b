"""Which tensor of a checkpoint each variable is restored from, as the restore ops of the graph itself say.

Source: ``python/training/saver.py``, ``python/checkpoint/functional_saver.py``, ``kernels/save_restore_v2_ops.cc``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.formats.array_shapes import ArrayError
from opselect.models.formats.checkpoint.slices import TensorSlice, parse_spec
from opselect.models.formats.checkpoint.variable import text_of
from opselect.models.formats.tensor_headers import tensor_header
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph import FunctionDefinition, FunctionRef, Graph, Node, TensorRef, input_node, reach
from opselect.models.graph.op_families import ASSIGNMENTS, PARTITIONED_CALLS
from opselect.models.graph.references import Reference, data_inputs
from opselect.rewriting.freezing.variables import is_variable, variable_of

_RESTORE_OPS = frozenset({"RestoreV2", "Restore", "RestoreSlice"})
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Source:
    """A tensor of a checkpoint, or a part of one: ``dims`` is then the shape of the whole."""

    key: str
    part: TensorSlice | None = None
    dims: tuple[int, ...] = ()


_Origin: TypeAlias = str | Source | None
"""What a value is: the variable of that name, a tensor of the checkpoint, or neither."""


def restored_from(graph: Graph, restore_op: str, path: str) -> Mapping[str, tuple[Source, ...]]:
    """Name of a variable → what the graph's restore ops assign to it, in the order of the file.

    With ``restore_op``, a node of the graph, only what that node runs counts. Functions are followed. Raises
    InputError for names and slices that are none; ``path`` is where the graph comes from.
    """
    known = any(node.name == restore_op for node in graph.nodes)
    nodes = reach(graph, (), (restore_op,), path).nodes if known else graph.nodes
    tracer = _Tracer(graph)
    try:
        tracer.visit(_Body(nodes, graph.nodes), 0)
    except ArrayError as error:
        raise InputError(path, f"a restore op is broken: a tensor {error}", "Export the graph again.") from None
    return {name: tuple(sources) for name, sources in tracer.found.items()}


class _Body:
    """Nodes that run, those that they may refer to, and what the arguments of the function around them are."""

    def __init__(
        self,
        running: Iterable[Node],
        nodes: Iterable[Node],
        function: str = "",
        arguments: Mapping[str, _Origin] = MappingProxyType({}),
    ) -> None:
        self.running = tuple(running)
        self.by_name = {node.name: node for node in nodes}
        self.function = function
        self.arguments = arguments
        self._read: dict[str, tuple[bytes, ...]] = {}

    def origin(self, reference: str) -> _Origin:
        """What a value is, back through Identity nodes."""
        for _ in self.by_name:
            name = input_node(reference)
            if name in self.arguments:
                return self.arguments[name]
            node = self.by_name.get(name)
            if node is None:
                return None
            if is_variable(node):
                return variable_of(node, self.function).name
            if node.op in _RESTORE_OPS:
                return self._restored(node, Reference.parse(reference).position)
            if node.op != "Identity" or not node.inputs:
                return None
            reference = node.inputs[0]
        return None

    def _restored(self, node: Node, output: int) -> _Origin:
        inputs = data_inputs(node)
        names = self._strings(inputs[1]) if len(inputs) > 1 else ()
        specs = self._strings(inputs[2]) if len(inputs) > 2 else ()
        if output >= len(names):
            return None
        spec = parse_spec(text_of(specs[output]) if output < len(specs) else "")
        return Source(text_of(names[output]), spec[1], spec[0]) if spec else Source(text_of(names[output]))

    def _strings(self, reference: str) -> tuple[bytes, ...]:
        name = input_node(reference)
        if name not in self._read:
            node = self.by_name.get(name)
            value = node.attrs.get("value") if node is not None and node.op == "Const" else None
            self._read[name] = ()
            if isinstance(value, TensorRef) and tensor_header(value)[0] is DataType.DT_STRING:
                self._read[name] = tuple(read_tensor(value).ravel())
        return self._read[name]


class _Tracer:
    def __init__(self, graph: Graph) -> None:
        self._functions = {function.name: function for function in graph.functions}
        self._visited: set[tuple[object, ...]] = set()
        self.found: dict[str, dict[Source, None]] = {}

    def visit(self, body: _Body, depth: int) -> None:
        for node in body.running:
            inputs = data_inputs(node)
            if node.op in ASSIGNMENTS and len(inputs) > 1:
                variable, value = body.origin(inputs[0]), body.origin(inputs[1])
                if isinstance(variable, str) and isinstance(value, Source):
                    self.found.setdefault(variable, {})[value] = None
                continue
            function = self._called(node)
            if function is not None and depth < _MAX_DEPTH:
                origins = map(body.origin, inputs)
                arguments = {arg.name: origin for arg, origin in zip(function.inputs, origins, strict=False)}
                call = (function.name, *arguments.values())
                if call not in self._visited and any(arguments.values()):
                    self._visited.add(call)
                    self.visit(_Body(function.nodes, function.nodes, function.name, arguments), depth + 1)

    def _called(self, node: Node) -> FunctionDefinition | None:
        function = node.attrs.get("f") if node.op in PARTITIONED_CALLS else None
        return self._functions.get(function.name if isinstance(function, FunctionRef) else node.op)
