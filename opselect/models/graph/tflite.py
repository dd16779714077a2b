"""TensorFlow Lite models, free of FlatBuffers: subgraphs, operators, tensors, and the TensorFlow ops inside."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from kernel_index.datatypes import DataType
from opselect.models.graph.model import FunctionArg, FunctionDefinition, Graph, Node
from opselect.models.graph.values import FunctionRef, TensorRef
from opselect.models.storage.sources import MemoryBytes

FLEX_PREFIX = "Flex"
"""How the names of custom operators begin that run a TensorFlow op (``lite/util.h``)."""
NO_TENSOR = -1
"""Stands where an operator leaves out an optional input."""

_MAIN = "main"
_SCALAR_STRING = b"\x08\x07\x12\x00\x42\x00"
_KEY = TensorRef(MemoryBytes(_SCALAR_STRING, "key of a subgraph"), 0, len(_SCALAR_STRING))
"""A TensorProto with one string. Which subgraph that names decides nothing of what is needed."""
_DATA_TYPES: Mapping[str, DataType] = {
    "FLOAT32": DataType.DT_FLOAT,
    "FLOAT16": DataType.DT_HALF,
    "INT32": DataType.DT_INT32,
    "UINT8": DataType.DT_UINT8,
    "INT64": DataType.DT_INT64,
    "STRING": DataType.DT_STRING,
    "BOOL": DataType.DT_BOOL,
    "INT16": DataType.DT_INT16,
    "COMPLEX64": DataType.DT_COMPLEX64,
    "INT8": DataType.DT_INT8,
    "FLOAT64": DataType.DT_DOUBLE,
    "COMPLEX128": DataType.DT_COMPLEX128,
    "UINT64": DataType.DT_UINT64,
    "RESOURCE": DataType.DT_RESOURCE,
    "VARIANT": DataType.DT_VARIANT,
    "UINT32": DataType.DT_UINT32,
    "UINT16": DataType.DT_UINT16,
    "INT4": DataType.DT_INT4,
    "BFLOAT16": DataType.DT_BFLOAT16,
}


@dataclass(frozen=True, slots=True)
class StoredBuffer:
    """A buffer's bytes: ``size`` bytes at byte ``offset`` of the file; 0 and 0 for a buffer without data."""

    offset: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class TfliteTensor:
    """A tensor. ``type`` is the schema's name (``FLOAT32``), ``type 99`` for one that the schema package lacks.

    ``shape_signature`` is the shape with -1 for dimensions that are only known at run time; None where the file has
    none, because ``shape`` says it all. ``buffer`` numbers the model's buffers; 0 is always empty.
    """

    name: str
    type: str
    shape: tuple[int, ...] = ()
    shape_signature: tuple[int, ...] | None = None
    buffer: int = 0
    is_variable: bool = False

    @property
    def data_type(self) -> DataType | None:
        """TensorFlow's type for it (``GetTensorFlowDataType`` in ``lite/delegates/flex/util.cc``)."""
        return _DATA_TYPES.get(self.type)


FlexFault = Literal["empty", "format", "node_def", "other_op"]
"""What is wrong with the options of a ``Flex…`` operator: none are there, their format is no FlexBuffers, the NodeDef
cannot be read, or the options name another op than their NodeDef."""


@dataclass(frozen=True, slots=True)
class FlexProblem:
    """Why the Flex delegate cannot run an operator as it stands in the file, as a sentence; ``byte`` is where."""

    fault: FlexFault
    problem: str
    byte: int


@dataclass(frozen=True, slots=True)
class OperatorCode:
    """A row of the table of operators that a model has, whether one uses it or not.

    ``name`` is that of the schema for a built-in, ``builtin 250`` for one that the schema package lacks.
    """

    name: str
    version: int = 1
    is_custom: bool = False

    @property
    def is_flex(self) -> bool:
        """Whether the Flex delegate takes it (``IsFlexOp`` of ``lite/util.cc``)."""
        return self.is_custom and self.name.startswith(FLEX_PREFIX)


@dataclass(frozen=True, slots=True)
class TfliteOperator:
    """One operator, a built-in or a custom one; a built-in that the schema package lacks is named ``builtin 250``.

    ``inputs`` and ``outputs`` number the tensors of its subgraph. ``subgraphs`` are those that it runs: then and else
    of ``IF``, condition and body of ``WHILE``. ``node`` is the TensorFlow op that a ``Flex…`` operator runs; it is None
    where its options do not say, and ``problem`` is why.
    """

    name: str
    version: int = 1
    is_custom: bool = False
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    subgraphs: tuple[int, ...] = ()
    node: Node | None = None
    problem: FlexProblem | None = None

    @property
    def code(self) -> OperatorCode:
        """Its row of the table of operators."""
        return OperatorCode(self.name, self.version, self.is_custom)


@dataclass(frozen=True, slots=True)
class TfliteSubgraph:
    """A subgraph; the model's first one is what an interpreter runs, others are called or have signatures."""

    name: str
    inputs: tuple[TfliteTensor, ...] = ()
    outputs: tuple[TfliteTensor, ...] = ()
    operators: tuple[TfliteOperator, ...] = ()
    tensors: tuple[TfliteTensor, ...] = ()


@dataclass(frozen=True, slots=True)
class TfliteSignature:
    """A way to use the model: argument → tensor of the numbered subgraph."""

    name: str
    subgraph: int
    inputs: Mapping[str, TfliteTensor] = field(default_factory=dict, hash=False)
    outputs: Mapping[str, TfliteTensor] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class OperatorCount:
    """How often operators of one kind and version occur in all subgraphs together."""

    name: str
    version: int
    is_custom: bool
    count: int


@dataclass(frozen=True, slots=True)
class TfliteModel:
    """A ``.tflite`` file; ``version`` is that of the schema, ``metadata`` the names of what else is attached.

    ``operator_codes`` is the table of operators as it stands in the file. ``min_runtime_version`` is what the converter
    noted in the metadata of that name; empty where it did not.
    """

    version: int
    description: str
    subgraphs: tuple[TfliteSubgraph, ...]
    signatures: tuple[TfliteSignature, ...] = ()
    buffers: tuple[StoredBuffer, ...] = ()
    metadata: tuple[str, ...] = ()
    operator_codes: tuple[OperatorCode, ...] = ()
    min_runtime_version: str = ""

    @property
    def operators(self) -> Iterator[TfliteOperator]:
        """The operators of all subgraphs, in the order of the file."""
        return (operator for subgraph in self.subgraphs for operator in subgraph.operators)

    @property
    def operator_counts(self) -> tuple[OperatorCount, ...]:
        """Which operators the model has, sorted: built-ins first, then custom ones, by name and version."""
        counts = Counter((operator.is_custom, operator.name, operator.version) for operator in self.operators)
        return tuple(
            OperatorCount(name, version, custom, counts[custom, name, version])
            for custom, name, version in sorted(counts)
        )

    @property
    def parameter_count(self) -> int:
        """Elements of all constant tensors; a buffer that several tensors share counts once."""
        elements: dict[int, int] = {}
        for subgraph in self.subgraphs:
            for tensor in subgraph.tensors:
                if self.buffers[tensor.buffer].size:
                    elements[tensor.buffer] = max(elements.get(tensor.buffer, 0), math.prod(tensor.shape))
        return sum(elements.values())


def flex_graph(model: TfliteModel) -> Graph:
    """The TensorFlow ops that the model runs through the Flex delegate, without edges, names made unique.

    A subgraph that such an op calls as a function becomes a function whose body has what the delegate puts there: a
    Const, and a TfLiteSubgraphExecute that is left out because its kernel is the delegate's own: the Const stands for
    what it returns (``lite/delegates/flex/delegate_data.cc``). The ops in that subgraph stand in the graph itself,
    once.
    """
    placed = list(_flex_nodes(model))
    given = Counter(node.name for _, node in placed)
    taken: set[str] = set()
    nodes = []
    for place, node in placed:
        name = node.name
        if not name or name in taken:
            name = f"{node.name or node.op}/{place}"
            while name in given:
                name += "_"
        taken.add(name)
        nodes.append(replace(node, name=name))
    return Graph(tuple(nodes), tuple(_called_subgraphs(model, nodes)))


def _flex_nodes(model: TfliteModel) -> Iterator[tuple[str, Node]]:
    for number, subgraph in enumerate(model.subgraphs):
        for index, operator in enumerate(subgraph.operators):
            if operator.node is not None:
                yield f"subgraph_{number}/operator_{index}", replace(operator.node, inputs=())


def _called_subgraphs(model: TfliteModel, nodes: list[Node]) -> Iterator[FunctionDefinition]:
    called = {
        item.name
        for node in nodes
        for value in node.attrs.values()
        for item in (value if isinstance(value, tuple) else (value,))
        if isinstance(item, FunctionRef)
    }
    for subgraph in model.subgraphs:
        if subgraph.name in called and subgraph.name != _MAIN:
            called.discard(subgraph.name)
            yield FunctionDefinition(
                subgraph.name,
                tuple(FunctionArg(f"args_{i}", tensor.data_type) for i, tensor in enumerate(subgraph.inputs)),
                tuple(FunctionArg(f"res_{i}", tensor.data_type) for i, tensor in enumerate(subgraph.outputs)),
                (Node("SubgraphResourceKey", "Const", attrs={"dtype": DataType.DT_STRING, "value": _KEY}),),
                {f"res_{i}": "SubgraphResourceKey:output:0" for i, _ in enumerate(subgraph.outputs)},
            )
