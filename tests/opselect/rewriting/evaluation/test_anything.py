"""Whatever a file says of nodes and constants, it is computed or refused, and never a defect."""

from __future__ import annotations

import contextlib

import ml_dtypes
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.formats.tensor_writer import encode_tensor
from opselect.models.graph import Graph, Node, NodeAttr, Shape
from opselect.rewriting import Context
from opselect.rewriting.evaluation import KERNELS, EvaluationError, evaluate
from opselect.rewriting.evaluation.inference import RULES
from opselect.rewriting.evaluation.kernel import data_type_of
from opselect.rewriting.transforms.fold_constants import fold_constants

DTYPES = [
    *(np.float32, np.float64, np.float16, ml_dtypes.bfloat16, np.complex64),
    *(np.int32, np.int64, np.int8, np.uint8, np.bool_, object),
]
NUMBERS = [0, 1, -1, 2, 3, -7, 0.5, 1e9]
STRINGS = [b"", b"a", b"12", b"x y"]
NAMES = [
    *("axis", "keep_dims", "num", "num_split", "squeeze_dims", "begin_mask", "shrink_axis_mask", "new_axis_mask"),
    *("ellipsis_mask", "block_size", "strides", "padding", "ksize", "data_format", "dilations", "explicit_paddings"),
    *("depth_radius", "DstT", "T", "out_type", "type", "mode", "equation", "width", "precision", "fill", "batch_dims"),
    *("seq_dim", "batch_dim", "num_bits", "min", "max", "separator", "shape", "is_training", "num_partitions"),
    *("align", "boundaries", "little_endian", "narrow_range", "validate_indices"),
]
VALUES: list[NodeAttr] = [
    *(0, 1, -1, 3, 1 << 40, True, False, 0.5, "SAME", "VALID", "EXPLICIT", "NCHW", "MIN_FIRST", "SCALED", "", "0"),
    *("ij,jk->ik", "...a->a", "->", (1, 1, 1, 1), (1, 2, 2, 1), (0,), (), (1, -1), tuple(range(8))),
    *("LEFT_RIGHT", (0.5, -1.0), (0.0, 1.0, 1.0)),
    *(DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_STRING, DataType.DT_VARIANT, DataType.DT_QUINT8),
    *(Shape((2, -1)), Shape()),
]
ATTRS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=8)
CONTROL_OPS = ["Merge", "Enter", "NextIteration", "Switch", "Exit", "NoOp"]


@st.composite
def arrays(draw: st.DrawFn) -> Array:
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    if dtype.kind == "O":
        return random.choice(np.array(STRINGS, object), shape)
    with np.errstate(all="ignore"):
        return random.choice(np.array(NUMBERS), shape).astype(dtype)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(KERNELS)), st.lists(arrays(), max_size=5), ATTRS)
def test_any_node_is_evaluated_or_refused(op: str, inputs: list[Array], attrs: dict[str, NodeAttr]) -> None:
    with contextlib.suppress(EvaluationError):
        evaluate(Node("n", op, attrs=attrs), inputs)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_graph_is_folded(data: st.DataObject) -> None:
    nodes = [Node("p", "Placeholder", attrs={"shape": data.draw(st.sampled_from([Shape(), Shape((2, -1))]))})]
    for number, array in enumerate(data.draw(st.lists(arrays(), min_size=2, max_size=3))):
        data_type = data_type_of(array)
        attrs: dict[str, NodeAttr] = {"dtype": data_type, "value": encode_tensor(array, data_type)}
        nodes.append(Node(f"c{number}", "Const", attrs=attrs))
    ops = st.sampled_from(sorted({*KERNELS, *RULES, *CONTROL_OPS}))
    for number in range(6):
        inputs = data.draw(st.lists(st.sampled_from([node.name for node in nodes]), max_size=4))
        marks = data.draw(st.lists(st.sampled_from(["", "", ":1"]), min_size=len(inputs), max_size=len(inputs)))
        references = tuple(name + mark for name, mark in zip(inputs, marks, strict=True))
        nodes.append(Node(f"n{number}", data.draw(ops), references, attrs=data.draw(ATTRS)))
    nodes.append(Node("out", "AddN", tuple(f"n{number}" for number in range(6))))
    folded = fold_constants(Graph(tuple(nodes)), Context(inputs=("p",), outputs=("out",)))
    assert {"p", "out"} <= {node.name for node in folded.nodes}
