"""What follows from the constants and shapes of a graph, as TensorFlow's own inference has it."""

from __future__ import annotations

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.graph import Node, NodeAttr, Shape
from opselect.rewriting.evaluation.known import Known, find_known, size_of
from tests.opselect.rewriting.transforms.graphs import const, node

INT32 = DataType.DT_INT32
UNKNOWN = Shape()


def shape(*dims: int) -> Shape:
    return Shape(dims)


def x(*dims: int) -> Node:
    return node("x", "Placeholder", shape=shape(*dims))


def shapes_of(*nodes: Node) -> tuple[Shape, ...]:
    """The shapes of the last node's outputs."""
    return find_known(nodes).shapes[nodes[-1].name]


def ints(name: str, *values: int) -> Node:
    return const(name, values, INT32)


def image(*dims: int) -> Node:
    return node("x", "Placeholder", shape=shape(*dims))


CONV: dict[str, NodeAttr] = {"strides": (1, 2, 2, 1), "padding": "SAME"}
POOL: dict[str, NodeAttr] = {"ksize": (1, 2, 2, 1), "strides": (1, 2, 2, 1), "padding": "VALID"}
FILTERS = const("w", np.zeros((3, 3, 3, 2)))
EDGES = const("p", [[0, 0], [1, 1]], INT32)
UNCHANGED_OPS = ("Relu", "Softmax", "Identity", "Cast", "Enter", "CheckNumerics")


@pytest.mark.parametrize("op", UNCHANGED_OPS)
def test_many_ops_leave_a_shape_as_it_is(op: str) -> None:
    assert shapes_of(x(-1, 3), node("n", op, "x")) == (shape(-1, 3),)


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([x(-1, 3), const("c", [1, 2, 3]), node("n", "Add", "x", "c")], [shape(-1, 3)]),
        ([x(-1, 1), const("c", [[1, 2], [3, 4]]), node("n", "Add", "x", "c")], [shape(2, 2)]),
        ([x(-1, 3), ints("c", 2, -1), node("n", "Reshape", "x", "c")], [shape(2, -1)]),
        ([x(4, 3), ints("c", 2, -1), node("n", "Reshape", "x", "c")], [shape(2, 6)]),
        ([x(-1, 3), ints("c", 1, 0), node("n", "Transpose", "x", "c")], [shape(3, -1)]),
        ([x(-1, 3), const("c", 1, INT32), node("n", "ExpandDims", "x", "c")], [shape(-1, 1, 3)]),
        ([x(-1, 1), node("n", "Squeeze", "x", squeeze_dims=(1,))], [shape(-1)]),
        ([x(-1, 1), node("n", "Squeeze", "x")], [UNKNOWN]),
        ([x(-1, 3), node("n", "Pack", "x", "x", axis=1)], [shape(-1, 2, 3)]),
        ([x(2, 3), node("n", "Unpack", "x", num=2, axis=0)], [shape(3), shape(3)]),
        ([x(-1, 4), const("c", 1, INT32), node("n", "Split", "c", "x", num_split=2)], [shape(-1, 2)] * 2),
        ([x(-1, 4), const("c", 1, INT32), node("n", "ConcatV2", "x", "x", "c")], [shape(-1, 8)]),
        ([x(-1, 4), const("c", 0, INT32), node("n", "Concat", "c", "x", "x")], [shape(-1, 4)]),
        ([x(-1, 4), ints("c", 1), node("n", "Mean", "x", "c", keep_dims=True)], [shape(-1, 1)]),
        ([x(-1, 4), ints("c", 1), node("n", "Sum", "x", "c")], [shape(-1)]),
        ([x(-1, 4), node("y", "Placeholder"), node("n", "Sum", "x", "y", keep_dims=True)], [shape(-1, -1)]),
        ([x(-1, 4), const("c", 1, INT32), node("n", "ArgMax", "x", "c")], [shape(-1)]),
        ([x(-1, 4), const("w", np.zeros((4, 7))), node("n", "MatMul", "x", "w")], [shape(-1, 7)]),
        ([x(4, -1), const("w", np.zeros((4, 7))), node("n", "MatMul", "x", "w", transpose_a=True)], [shape(-1, 7)]),
        ([x(5, -1, 4), node("n", "BatchMatMulV2", "x", "x", adj_y=True)], [shape(5, -1, -1)]),
        ([x(-1, 2), const("p", [[0, 0], [1, 2]], INT32), node("n", "Pad", "x", "p")], [shape(-1, 5)]),
        ([x(-1, 2), ints("m", 1, 3), node("n", "Tile", "x", "m")], [shape(-1, 6)]),
        ([x(-1, 2), ints("b", 0, 1), ints("s", -1, 1), node("n", "Slice", "x", "b", "s")], [shape(-1, 1)]),
        ([x(6, 2), ints("i", 0, 1, 1), const("a", 0, INT32), node("n", "GatherV2", "x", "i", "a")], [shape(3, 2)]),
        ([x(-1), const("d", 9, INT32), const("o", 1), node("n", "OneHot", "x", "d", "o", "o")], [shape(-1, 9)]),
        ([x(-1, 5), const("k", 2, INT32), node("n", "TopKV2", "x", "k")], [shape(-1, 2)] * 2),
        ([x(2, 3), node("n", "Shape", "x")], [shape(2)]),
        ([x(2, -1), node("n", "Shape", "x")], [shape(2)]),
        ([x(-1, -1), node("n", "Unheard", "x")], []),
        ([image(1, 5, 5, 3), FILTERS, node("n", "Conv2D", "x", "w", **CONV)], [shape(1, 3, 3, 2)]),
        ([image(1, 5, 5, 3), FILTERS, node("n", "DepthwiseConv2dNative", "x", "w", **CONV)], [shape(1, 3, 3, 6)]),
        ([image(-1, 5, -1, 3), node("n", "MaxPool", "x", **POOL)], [shape(-1, 2, -1, 3)]),
        ([image(-1, 5, 5, 3), ints("s", 9, 8), node("n", "ResizeBilinear", "x", "s")], [shape(-1, 9, 8, 3)]),
        ([image(), ints("s", 9, 8), node("n", "ResizeBilinear", "x", "s")], [UNKNOWN]),
        ([node("x", "Unheard"), ints("s", 9, 8), node("n", "ResizeArea", "x", "s")], [shape(-1, 9, 8, -1)]),
        ([node("x", "Unheard"), node("n", "DecodeJpeg", "x", channels=3)], [shape(-1, -1, 3)]),
        ([node("x", "Unheard"), node("n", "DecodePng", "x")], [shape(-1, -1, -1)]),
        ([image(1, 4, 6, 3), ints("b", 2, 2), EDGES, node("n", "SpaceToBatchND", "x", "b", "p")], [shape(4, 2, 4, 3)]),
        ([image(4, 2, 4, 3), ints("b", 2, 2), EDGES, node("n", "BatchToSpaceND", "x", "b", "p")], [shape(1, 4, 6, 3)]),
    ],
    ids=lambda value: value[-1].op if value and isinstance(value[-1], Node) else "",
)  # fmt: skip
def test_shapes_follow_from_those_of_inputs(nodes: list[Node], expected: list[Shape]) -> None:
    assert shapes_of(*nodes) == tuple(expected)


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        ({}, shape(1, -1, 5)),
        ({"begin_mask": 1, "end_mask": 1}, shape(4, -1, 5)),
        ({"shrink_axis_mask": 1}, shape(-1, 5)),
        ({"new_axis_mask": 1}, shape(1, 4, -1, 5)),
        ({"ellipsis_mask": 1}, shape(4, -1, 5)),
    ],
)
def test_strided_slices_of_shapes(masks: dict[str, NodeAttr], expected: Shape) -> None:
    constants = [ints("b", 1), ints("e", 2), ints("s", 1)]
    assert shapes_of(x(4, -1, 5), *constants, node("n", "StridedSlice", "x", "b", "e", "s", **masks)) == (expected,)


def test_a_shape_put_together_from_what_is_known_and_what_is_not() -> None:
    """``tf.reshape(x, [tf.shape(x)[0], 12])``, as most models have it."""
    masks: dict[str, NodeAttr] = {"shrink_axis_mask": 1}
    nodes = [
        x(-1, 3, 4),
        node("shape", "Shape", "x"),
        *(ints(name, value) for name, value in (("b", 0), ("e", 1), ("s", 1))),
        node("batch", "StridedSlice", "shape", "b", "e", "s", **masks),
        const("twelve", 12, INT32),
        node("sizes", "Pack", "batch", "twelve"),
        node("n", "Reshape", "x", "sizes"),
    ]
    assert shapes_of(*nodes) == (shape(-1, 12),)
    assert shapes_of(x(5, 3, 4), *nodes[1:]) == (shape(5, 12),)


def test_a_shape_sliced_and_concatenated() -> None:
    nodes = [
        x(-1, 3, 4),
        node("shape", "Shape", "x"),
        *(ints(name, value) for name, value in (("b", 1), ("e", 3), ("s", 1))),
        node("inner", "StridedSlice", "shape", "b", "e", "s"),
        ints("one", 7),
        const("axis", 0, INT32),
        node("sizes", "ConcatV2", "one", "inner", "axis"),
        const("zero", 0),
        node("n", "Fill", "sizes", "zero"),
    ]
    assert shapes_of(*nodes) == (shape(7, 3, 4),)


def test_shapes_that_are_told_count_only_if_asked_for() -> None:
    told = node("x", "Unheard", _output_shapes=(shape(2, 3),))
    nodes = [told, node("n", "Relu", "x")]
    assert find_known(nodes).shapes["n"] == (UNKNOWN,)
    assert find_known(nodes, recorded_shapes=True).shapes["n"] == (shape(2, 3),)


def loop() -> list[Node]:
    return [
        const("zero", 0),
        node("enter", "Enter", "zero"),
        node("merge", "Merge", "enter", "next"),
        const("one", 1),
        node("add", "Add", "merge", "one"),
        node("next", "NextIteration", "add"),
    ]


def test_what_goes_round_a_loop_is_not_known() -> None:
    known = find_known(loop())
    assert known.shapes["merge"] == (UNKNOWN, shape())
    assert known.constant == {"zero", "one"}


def test_of_two_branches_holds_what_both_have() -> None:
    nodes = [
        node("merge", "Merge", "a", "b"),
        node("a", "Placeholder", shape=shape(2, 3)),
        node("b", "Placeholder", shape=shape(4, 3)),
    ]
    assert find_known(nodes).shapes["merge"][0] == shape(-1, 3)


def constants(*nodes: Node, fed: tuple[str, ...] = ()) -> Known:
    return find_known(nodes, fed)


def test_what_is_fed_is_not_constant() -> None:
    nodes = [const("c", 1), node("p", "PlaceholderWithDefault", "c"), node("n", "Neg", "p")]
    assert constants(*nodes).constant == {"c", "p", "n"}
    assert constants(*nodes, fed=("p",)).constant == {"c"}


def test_values_that_only_constants_consume_are_dropped() -> None:
    nodes = [const("c", [1, 2]), node("a", "Neg", "c"), node("b", "Neg", "a"), x(2), node("n", "Add", "x", "b")]
    known = constants(*nodes)
    assert known.constant == {"c", "a", "b"}
    assert known.values.keys() == {"b"}
    assert known.values["b"][0].array.tolist() == [1, 2]


def test_a_small_part_of_a_large_array_does_not_keep_it() -> None:
    big = const("c", np.zeros((1000, 2)))
    nodes = [big, ints("b", 0, 0), ints("s", 1, 1), node("n", "Slice", "c", "b", "s"), node("u", "Unheard", "n")]
    base = constants(*nodes).values["n"][0].array.base
    assert base is None or base.nbytes <= 8


def test_bytes_are_counted_as_tensorflow_does() -> None:
    nodes = [const("c", [[1, 2]]), node("n", "Neg", "c"), node("u", "Unheard", "n")]
    assert size_of(constants(*nodes).values["n"][0]) == 8


NONSENSE_OPS = (
    "Reshape",
    "Transpose",
    "Pad",
    "Conv2D",
    "MaxPool",
    "StridedSlice",
    "Split",
    "Unpack",
    "OneHot",
    "Gather",
)


@pytest.mark.parametrize("op", NONSENSE_OPS)
def test_nonsense_is_no_error(op: str) -> None:
    for inputs in ((), ("x",), ("x", "c"), ("c", "x"), ("x", "x", "x", "x")):
        find_known([x(2, 3), const("c", [[[1.5, -7]]]), node("n", op, *inputs)])


def test_deep_graphs_are_no_deep_recursion() -> None:
    nodes = [x(-1), node("s", "Shape", "x"), const("axis", 0, INT32), node("c0", "ConcatV2", "s", "s", "axis")]
    nodes += [node(f"c{i}", "ConcatV2", f"c{i - 1}", "s", "axis") for i in range(1, 2000)]
    assert find_known([*nodes, const("v", 1), node("n", "Fill", "c1999", "v")]).shapes["n"] == (UNKNOWN,)
