"""Small releases, their ops written as ``REGISTER_OP`` has them, and what they say to graphs written as text."""

from __future__ import annotations

from dataclasses import replace

from kernel_index.index import MemoryIndex
from kernel_index.records import BuildLists, Deprecation, GraphVersions, Location, OpDefinition, ScanResult
from kernel_index.scan.ops import argument_definition, attr_definition, finished
from opselect.models.graph import expand_functions
from opselect.requirements.loading import Loads, Verdict, collect_loads, judge
from opselect.requirements.loading.importing import unrunnable
from tests.opselect.graph_text import graph_of


def op(text: str, *, gone: int | None = None, explanation: str = "") -> OpDefinition:
    """``Name(input: T, other: N * T) -> (output: T) | T: type | N: int >= 2``; ``gone`` from a graph version on."""
    head, *attrs = (part.strip() for part in text.split("|"))
    taken, _, given = head.partition("->")
    name, _, taken = taken.strip().removesuffix(")").partition("(")
    inputs = [argument_definition(spec) for spec in taken.split(",") if spec.strip()]
    outputs = [argument_definition(spec) for spec in given.strip().strip("()").split(",") if spec.strip()]
    place = Location("tensorflow/core/ops/ops.cc", 1)
    definition = finished(name, inputs, outputs, [attr_definition(attr) for attr in attrs], place, stateful=False)
    return definition if gone is None else replace(definition, deprecation=Deprecation(gone, explanation))


PLACEHOLDER = op("Placeholder() -> output: dtype | dtype: type | shape: shape = { unknown_rank: true }")
VARIABLE = op("VariableV2() -> ref: Ref(dtype) | shape: shape | dtype: type | shared_name: string = ''")
RELU = op("Relu(x: T) -> y: T | T: {float, int32} = DT_FLOAT")


VERSIONS = GraphVersions(24)


def release(*ops: OpDefinition, version: str = "1.4.1", graph: GraphVersions | None = VERSIONS) -> MemoryIndex:
    """An index with these ops, Placeholder, VariableV2 and Relu."""
    own = {definition.name: definition for definition in (PLACEHOLDER, VARIABLE, RELU, *ops)}
    return MemoryIndex(ScanResult(version, ("android",), (), tuple(own.values()), BuildLists(), graph_versions=graph))


def loads_of(text: str, index: MemoryIndex, name: str = "m.pb") -> Loads:
    """The facts of a graph in protobuf's text format."""
    graph = graph_of(text)
    expansion = expand_functions(graph, graph.nodes, name)
    return collect_loads(graph, expansion, index, name, unrunnable(expansion))


def verdict(text: str, index: MemoryIndex) -> Verdict:
    """What a release says to the graph."""
    return judge(loads_of(text, index), index)


def refused(text: str, index: MemoryIndex) -> list[str]:
    """The reasons why a release refuses the graph."""
    return [each.reason for each in verdict(text, index).refused]
