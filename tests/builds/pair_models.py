"""Small models for programs of the fixture runtime: sound ones, and each kind of what a program can refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fixtures.build_models.make_models import BOOL, DOUBLE, FLOAT, HALF, INT32, INT64, UINT8, Nodes
from kernel_index.datatypes import DataType
from opselect.models.formats.graphdef_writer import write_graph
from opselect.models.graph.model import Graph, Node, Versions
from opselect.models.graph.values import NodeAttr

GRAPH_VERSION = 134
"""Of the fixture runtime (``core/public/version.h``): it writes and reads graphs of this version."""

_BINARY = ("Add", "AddV2", "Mul", "Sub", "RealDiv", "Maximum")


def _one(op: str, dtype: DataType, *inputs: str, **attrs: NodeAttr) -> Graph:
    """Placeholders ``x`` and, for an op of two operands, ``z``, and a node ``y`` of the op."""
    g = Nodes()
    g.placeholder("x", dtype, 2, 2)
    if not inputs:
        inputs = ("x", g.placeholder("z", dtype, 2, 2)) if op in (*_BINARY, "MatMul") else ("x",)
    g.add("y", op, *inputs, **{"T": dtype, **attrs})
    return _graph(g)


def _graph(g: Nodes, producer: int = GRAPH_VERSION) -> Graph:
    return Graph(tuple(g.nodes), versions=Versions(producer))


def _changed(graph: Graph, name: str = "y", without: str = "", **fields: Any) -> Graph:
    """The graph with another node of that name: other fields, or without an attr."""
    node = next(node for node in graph.nodes if node.name == name)
    attrs = {attr: value for attr, value in node.attrs.items() if attr != without}
    changed = replace(node, **{"attrs": attrs, **fields})
    return replace(graph, nodes=tuple(changed if node.name == name else node for node in graph.nodes))


def _matmul(**fields: Any) -> Graph:
    return _changed(_one("MatMul", FLOAT), **fields)


def _scan(op: str, dtype: DataType) -> Graph:
    g = Nodes()
    g.placeholder("x", dtype, 2, 2)
    g.add("y", op, "x", g.int("axis", 1), T=dtype)
    return _graph(g)


def _scan_of_longs_along_long_axis() -> Graph:
    g = Nodes()
    g.placeholder("x", FLOAT, 2, 2)
    g.const("axis", np.array(1, np.int64), INT64)
    g.add("y", "Cumsum", "x", "axis", T=FLOAT, Tidx=INT64)
    return _graph(g)


def _mixed() -> Graph:
    """A few types in one graph, as the builds with a header keep them."""
    g = Nodes()
    x = g.placeholder("x", FLOAT, 2, 2)
    doubled = g.add("doubled", "AddV2", x, x, T=FLOAT)
    halves = g.add("halves", "Mul", *[g.placeholder(name, HALF, 3) for name in ("h", "i")], T=HALF)
    g.add("longs", "Maximum", *[g.placeholder(name, INT64, 3) for name in ("l", "m")], T=INT64)
    g.add("same", "Identity", halves, T=HALF)
    g.add("flat", "Reshape", doubled, g.ints("shape", 4), T=FLOAT)
    return _graph(g)


def _concat(count: int, named: int) -> Graph:
    g = Nodes()
    g.placeholder("x", FLOAT, 2, 2)
    g.add("y", "ConcatV2", *["x"] * count, g.int("axis", 0), N=named, T=FLOAT)
    return _graph(g)


def _convolution(**attrs: NodeAttr) -> Graph:
    g = Nodes()
    g.placeholder("x", FLOAT, 1, 4, 4, 2)
    g.add("y", "Conv2D", "x", g.weights("filter", 3, 3, 2, 2), T=FLOAT, strides=(1, 1, 1, 1), padding="SAME")
    return _changed(_graph(g), attrs={**g.nodes[-1].attrs, **attrs})


def _normalized(producer: int) -> Graph:
    g = Nodes()
    x = g.placeholder("x", FLOAT, 1, 2, 2, 3)
    sizes = [g.placeholder(name, FLOAT, 3) for name in ("mean", "variance", "beta", "gamma")]
    attrs: Mapping[str, NodeAttr] = {"variance_epsilon": 0.01, "scale_after_normalization": True}
    g.add("y", "BatchNormWithGlobalNormalization", x, *sizes, T=FLOAT, **attrs)
    return _graph(g, producer)


def _with_node(graph: Graph, *nodes: Node) -> Graph:
    return replace(graph, nodes=(*graph.nodes, *nodes))


def _versions(**versions: Any) -> Graph:
    known = replace(Versions(GRAPH_VERSION), **versions)
    return replace(_one("Identity", FLOAT), versions=known)


def _pinned(device: str) -> Graph:
    return _changed(_one("Relu", FLOAT), device=device)


def _cycle() -> Graph:
    graph = _one("AddV2", FLOAT)
    return _with_node(_changed(graph, inputs=("x", "back")), Node("back", "Identity", ("y",), attrs={"T": FLOAT}))


def _cast(source: DataType, target: DataType) -> Graph:
    g = Nodes()
    g.add("y", "Cast", g.placeholder("x", source, 2, 2), SrcT=source, DstT=target)
    return _graph(g)


SOUND: Mapping[str, Callable[[], Graph]] = {
    **{f"{op.lower()}_float": partial(_one, op, FLOAT) for op in (*_BINARY, "Relu", "Sigmoid", "Softmax")},
    "add_int32": lambda: _one("Add", INT32),
    "add_int64": lambda: _one("AddV2", INT64),
    "add_uint8": lambda: _one("AddV2", UINT8),
    "mul_half": lambda: _one("Mul", HALF),
    "mul_uint8": lambda: _one("Mul", UINT8),
    "maximum_int64": lambda: _one("Maximum", INT64),
    "relu_int64": lambda: _one("Relu", INT64),
    "sigmoid_double": lambda: _one("Sigmoid", DOUBLE),
    "matmul_float": _matmul,
    "matmul_double": lambda: _one("MatMul", DOUBLE),
    "cast_to_bool": lambda: _cast(INT32, BOOL),
    "cumsum_float": lambda: _scan("Cumsum", FLOAT),
    "cumsum_half": lambda: _scan("Cumsum", HALF),
    "cumsum_int64_axis": _scan_of_longs_along_long_axis,
    "cumprod_float": lambda: _scan("Cumprod", FLOAT),
    "mixed": _mixed,
    "concat": lambda: _concat(2, 2),
    "convolution": _convolution,
    "old_norm": lambda: _normalized(8),
    "private_attr": lambda: _matmul(attrs={"T": FLOAT, "_grappler": True}),
    "pinned_to_cpu": lambda: _pinned("/job:localhost/replica:0/task:0/device:CPU:0"),
    "beside_a_node": lambda: _matmul(attrs={"T": FLOAT, "_class": ("loc:@x",)}),
    "pinned_to_cpu_shortly": lambda: _pinned("/cpu:0"),
    "good_versions": lambda: _versions(min_consumer=GRAPH_VERSION, bad_consumers=(21, GRAPH_VERSION - 1)),
    "newer_producer": lambda: _versions(producer=2000),
}
"""Models with nothing wrong about them: whether they run is a matter of the kernels and definitions of a program."""

FAULTY: Mapping[str, Callable[[], Graph]] = {
    # ops
    "unknown_op": lambda: _one("Blend", FLOAT),
    "later_op": lambda: _changed(
        _one("Identity", FLOAT), op="Einsum", attrs={"T": FLOAT, "N": 1, "equation": "ij->ji"}
    ),
    "without_any_kernel": lambda: _one("Digamma", FLOAT),
    "without_any_kernel_unreached": lambda: _with_node(
        _one("Relu", FLOAT), Node("aside", "Digamma", ("x",), attrs={"T": FLOAT})
    ),
    "labelled": lambda: _matmul(attrs={"T": FLOAT, "_kernel": "eigen"}),
    # versions
    "removed_op": lambda: _normalized(GRAPH_VERSION),
    "removed_op_at_first": lambda: _normalized(9),
    "min_consumer": lambda: _versions(min_consumer=GRAPH_VERSION + 1),
    "bad_consumer": lambda: _versions(bad_consumers=(21, GRAPH_VERSION)),
    # attrs
    "unknown_attr_default": lambda: _matmul(attrs={"T": FLOAT, "grad_a": False}),
    "unknown_attr_value": lambda: _matmul(attrs={"T": FLOAT, "grad_a": True}),
    "missing_attr": lambda: _matmul(without="T"),
    "attr_kind": lambda: _matmul(attrs={"T": FLOAT, "transpose_a": 1}),
    "attr_not_allowed": lambda: _convolution(padding="FULL"),
    "attr_list_for_one": lambda: _convolution(strides=1),
    "type_not_allowed": lambda: _one("Softmax", INT32),
    "attr_below_minimum": lambda: _concat(1, 1),
    # inputs
    "too_few_inputs": lambda: _matmul(inputs=("x",)),
    "too_many_inputs": lambda: _matmul(inputs=("x", "z", "z")),
    "fewer_than_named": lambda: _concat(2, 3),
    "input_type": lambda: _changed(_one("AddV2", FLOAT), name="z", attrs={"dtype": INT32}),
    "no_such_output": lambda: _matmul(inputs=("x", "z:1")),
    "no_such_node": lambda: _matmul(inputs=("x", "w")),
    "no_such_control_node": lambda: _matmul(inputs=("x", "z", "^w")),
    "control_before_data": lambda: _matmul(inputs=("^x", "x", "z")),
    "control_of_an_output": lambda: _matmul(inputs=("x", "z", "^x:0")),
    "name_with_a_blank": lambda: _with_node(_matmul(), Node("a b", "NoOp")),
    "name_of_the_runtime": lambda: _with_node(_matmul(), Node("_a", "NoOp")),
    "two_of_a_name": lambda: _with_node(_matmul(), Node("y", "NoOp")),
    "cycle": _cycle,
    # devices
    "pinned_to_gpu": lambda: _pinned("/gpu:0"),
    "pinned_to_gpu_fully": lambda: _pinned("/job:localhost/replica:0/task:0/device:GPU:0"),
    "pinned_to_worker": lambda: _pinned("/job:worker/task:0"),
    "pinned_to_second_cpu": lambda: _pinned("/device:CPU:1"),
    "pinned_in_small_letters": lambda: _pinned("/device:cpu:0"),
    "beside_no_node": lambda: _matmul(attrs={"T": FLOAT, "_class": ("loc:@w",)}),
    "pinned_to_nothing": lambda: _pinned("nowhere"),
}
"""Models that no program of the fixture runtime runs."""


def write_models(folder: Path) -> Mapping[str, Path]:
    """Every model as a binary GraphDef in the folder, by name."""
    paths = {}
    for name, make in {**SOUND, **FAULTY}.items():
        paths[name] = folder / f"{name}.pb"
        write_graph(make(), str(paths[name]))
    return paths
