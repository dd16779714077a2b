"""Small graphs with variables, and what freezing makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kernel_index.datatypes import DataType
from opselect import open_checkpoint
from opselect.models.formats.checkpoint import Checkpoint
from opselect.models.formats.numpy_types import Array
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph import FunctionArg, FunctionDefinition, FunctionRef, Graph, Node, NodeAttr, Shape, TensorRef
from opselect.rewriting.freezing import Frozen, Job, freeze
from tests.opselect.models.formats.checkpoint_files import write_bundle

FLOAT = DataType.DT_FLOAT
INT = DataType.DT_INT32
RESOURCE = DataType.DT_RESOURCE
W = np.arange(6, dtype=np.float32).reshape(2, 3)


def node(name: str, op: str, *inputs: str, **attrs: NodeAttr) -> Node:
    """A node with these attrs and no others."""
    return Node(name, op, inputs, attrs=attrs)


def variable(name: str, *dims: int, dtype: DataType = FLOAT, **attrs: NodeAttr) -> Node:
    """A variable that is a reference."""
    return node(name, "VariableV2", dtype=dtype, shape=Shape(dims), **attrs)


def handle(name: str, *dims: int, dtype: DataType = FLOAT, **attrs: NodeAttr) -> Node:
    """A variable that is a resource."""
    return node(name, "VarHandleOp", dtype=dtype, shape=Shape(dims), **{"shared_name": name, **attrs})


def read(name: str, source: str, dtype: DataType = FLOAT, *control: str) -> Node:
    """What reads a resource."""
    return node(name, "ReadVariableOp", source, *control, dtype=dtype)


def function(
    name: str, arguments: Mapping[str, DataType], results: Mapping[str, tuple[DataType, str]], *nodes: Node
) -> FunctionDefinition:
    """A function; ``results`` has the type of each and what it is."""
    return FunctionDefinition(
        name,
        tuple(FunctionArg(argument, dtype) for argument, dtype in arguments.items()),
        tuple(FunctionArg(result, dtype) for result, (dtype, _) in results.items()),
        nodes,
        {result: value for result, (_, value) in results.items()},
    )


def call(name: str, called: str, *inputs: str, takes: tuple[DataType, ...], gives: tuple[DataType, ...]) -> Node:
    """A call of a function."""
    return node(name, "StatefulPartitionedCall", *inputs, f=FunctionRef(called), Tin=takes, Tout=gives)


def graph(*nodes: Node, functions: tuple[FunctionDefinition, ...] = ()) -> Graph:
    """A graph of these nodes."""
    return Graph(nodes, functions)


def checkpoint(folder: Path, **tensors: Array) -> Checkpoint:
    """A checkpoint with these tensors; in names ``__`` stands for a slash."""
    write_bundle(folder / "ckpt", {name.replace("__", "/"): tensor for name, tensor in tensors.items()})
    return open_checkpoint(folder / "ckpt")


def frozen(before: Graph, values: Checkpoint | None, *outputs: str, **fields: Any) -> Frozen:
    """The graph, frozen for its outputs."""
    return freeze(Job(before, outputs, "graph.pb", **fields), values)


def by_name(after: Graph | FunctionDefinition) -> dict[str, Node]:
    """The nodes by name; no name may occur twice."""
    found = {each.name: each for each in after.nodes}
    assert len(found) == len(after.nodes)
    return found


def value(found: Node) -> Array:
    """What a Const holds."""
    tensor = found.attrs["value"]
    assert found.op == "Const"
    assert isinstance(tensor, TensorRef)
    return read_tensor(tensor)
