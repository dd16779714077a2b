"""Convolutions with upsampled filters in the place of atrous ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.graph import Graph, Node, NodeAttr
from tests.interpreter import run
from tests.opselect.rewriting.transforms import graphs
from tests.opselect.rewriting.transforms.graphs import const, node, values
from tests.opselect.rewriting.transforms.run import transform

FLATTEN = "flatten_atrous_conv"
X = Node("x", "Placeholder", attrs={"dtype": DataType.DT_FLOAT})
FILTER = np.arange(1, 13, dtype=np.float32).reshape(3, 2, 1, 2)
SAME = ([[2, 2], [1, 2]], [[0, 0], [0, 0]])
"""What a filter of three rows and two columns, two rows and three columns apart, pads and crops."""


def atrous(
    name: str = "",
    source: str = "x",
    paddings: object = SAME[0],
    crops: object = SAME[1],
    blocks: tuple[list[int], list[int]] = ([2, 3], [2, 3]),
    weights: object = FILTER,
    op: str = "Conv2D",
    **attrs: NodeAttr,
) -> list[Node]:
    """SpaceToBatchND, a convolution and BatchToSpaceND; ``name`` is in front of all of theirs."""
    int32 = DataType.DT_INT32
    conv: dict[str, NodeAttr] = {"padding": "VALID", "strides": (1, 1, 1, 1), "data_format": "NHWC", **attrs}
    return [
        const(f"{name}b1", blocks[0], int32),
        const(f"{name}p", paddings, int32),
        const(f"{name}b2", blocks[1], int32),
        const(f"{name}c", crops, int32),
        const(f"{name}w", weights),
        node(f"{name}space", "SpaceToBatchND", source, f"{name}b1", f"{name}p", Tblock_shape=int32, Tpaddings=int32),
        node(f"{name}conv", op, f"{name}space", f"{name}w", **conv),
        node(f"{name}out", "BatchToSpaceND", f"{name}conv", f"{name}b2", f"{name}c", Tblock_shape=int32, Tcrops=int32),
    ]


def flat(graph: Graph, inputs: str = "x", outputs: str = "out", *, gtt: bool = False) -> tuple[Graph, list[str]]:
    done, notes = transform(FLATTEN, graph, inputs, outputs, gtt=gtt)
    return Graph(tuple(done.values())), notes


@pytest.mark.parametrize("op", ["Conv2D", "DepthwiseConv2dNative"])
def test_the_pixels_of_the_filter_are_drawn_apart(op: str) -> None:
    done, notes = flat(graphs.graph(X, atrous(op=op, use_cudnn_on_gpu=True)))
    assert notes == []
    assert graphs.ops(done) == {"x": "Placeholder", "w": "Const", "out": op}
    upsampled = values(done, "w")
    assert upsampled.shape == (5, 4, 1, 2)
    assert upsampled[::2, ::3].tolist() == FILTER.tolist()
    assert upsampled.sum() == FILTER.sum()
    out = graphs.by_name(done)["out"]
    assert out.inputs == ("x", "w")
    assert out.attrs == {
        "T": DataType.DT_FLOAT, "strides": (1, 1, 1, 1), "data_format": "NHWC", "padding": "SAME",
        "use_cudnn_on_gpu": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("paddings", "crops", "inner", "size", "padding"),
    [
        ([[2, 3], [1, 2]], [[0, 1], [0, 0]], "VALID", (9, 12), "SAME"),
        ([[0, 0], [0, 0]], [[0, 0], [0, 0]], "VALID", (8, 12), "VALID"),
        ([[0, 1], [0, 2]], [[0, 1], [0, 2]], "VALID", (9, 10), "VALID"),
        ([[0, 0], [1, 0]], [[0, 0], [0, 1]], "SAME", (8, 11), "SAME"),
    ],
)
def test_the_padding_is_what_the_three_do_together(
    paddings: object, crops: object, inner: str, size: tuple[int, int], padding: str
) -> None:
    before = graphs.graph(X, atrous(paddings=paddings, crops=crops, padding=inner))
    done, notes = flat(before)
    assert notes == []
    assert graphs.by_name(done)["out"].attrs["padding"] == padding
    fed = {"x": np.arange(np.prod(size), dtype=np.float32).reshape(1, *size, 1)}
    np.testing.assert_allclose(run(done, fed, ["out"])[0], run(before, fed, ["out"])[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"paddings": [[2, 2], [0, 0]]}, "its padding is neither SAME nor VALID"),
        ({"paddings": [[3, 2], [1, 2]]}, "its padding is neither SAME nor VALID"),
        ({"paddings": [[2, 2]]}, "its padding is not of two dimensions"),
        ({"blocks": ([2, 3], [3, 2])}, "BatchToSpaceND does not undo what SpaceToBatchND does"),
        ({"blocks": ([0, 3], [0, 3])}, "BatchToSpaceND does not undo what SpaceToBatchND does"),
        ({"blocks": ([2], [2])}, "BatchToSpaceND does not undo what SpaceToBatchND does"),
        ({"blocks": ([1 << 20, 1 << 20], [1 << 20, 1 << 20])}, "its filter would be larger than any constant"),
        ({"strides": (1, 2, 2, 1)}, "it has strides (1, 2, 2, 1)"),
        ({"dilations": (1, 2, 2, 1)}, "it has dilations (1, 2, 2, 1)"),
        ({"data_format": "NCHW"}, "it has data_format NCHW"),
        ({"padding": "EXPLICIT"}, "it has padding EXPLICIT"),
    ],
)
def test_one_that_no_flat_convolution_equals_stays(changes: dict[str, Any], reason: str) -> None:
    graph = graphs.graph(X, atrous(**changes))
    done, notes = flat(graph)
    assert done.nodes == graph.nodes
    assert notes == [f"'conv' stays an atrous convolution: {reason}"]


def test_a_filter_that_is_no_constant_stays() -> None:
    nodes = atrous()
    nodes[4] = node("w", "Identity", "v")
    done, notes = flat(graphs.graph(X, const("v", FILTER), nodes))
    assert len(done.nodes) == 10
    assert notes == ["'conv' stays an atrous convolution: 'w' is no constant; run fold_constants first"]


@pytest.mark.parametrize("name", ["space", "conv"])
def test_what_is_used_in_between_stays(name: str) -> None:
    graph = graphs.graph(X, atrous(), node("peek", "Relu", name))
    assert flat(graph)[1] == [f"'conv' stays an atrous convolution: {name!r} is used elsewhere"]
    assert flat(graphs.graph(X, atrous()), outputs=f"out {name}")[1] != []


def test_a_shared_filter_is_upsampled_once_for_each() -> None:
    graph = graphs.graph(X, atrous(), node("plain", "Conv2D", "x", "w", padding="SAME", strides=(1, 1, 1, 1)))
    done, _ = flat(graph, outputs="out plain")
    assert values(done, "w").tolist() == FILTER.tolist()
    assert values(done, "w_upsampled").shape == (5, 4, 1, 2)
    assert graphs.by_name(done)["out"].inputs == ("x", "w_upsampled")


def test_one_behind_another_is_flat_too_but_not_with_the_original() -> None:
    graph = graphs.graph(X, atrous(weights=FILTER), atrous("second/", "out"))
    assert list(graphs.ops(flat(graph, outputs="second/out")[0]).values()).count("Conv2D") == 2
    assert "SpaceToBatchND" not in graphs.ops(flat(graph, outputs="second/out")[0]).values()
    assert "SpaceToBatchND" in graphs.ops(flat(graph, outputs="second/out", gtt=True)[0]).values()


def test_what_the_three_waited_for_is_waited_for() -> None:
    nodes = [replace(each, inputs=(*each.inputs, "^go")) if "s" in each.name else each for each in atrous()]
    done, _ = flat(graphs.graph(X, Node("go", "NoOp"), nodes))
    assert graphs.by_name(done)["out"].inputs == ("x", "w", "^go")


def test_what_the_constants_waited_for_is_waited_for_and_what_goes_is_not() -> None:
    waits = {"out": ("^conv",), "b1": ("^go",), "w": ("^come",)}
    nodes = [replace(each, inputs=(*each.inputs, *waits.get(each.name, ()))) for each in atrous()]
    done, _ = flat(graphs.graph(X, Node("go", "NoOp"), Node("come", "NoOp"), nodes))
    assert graphs.by_name(done)["out"].inputs == ("x", "w", "^go")
    assert graphs.by_name(done)["w"].inputs == ("^come",)


def test_other_graphs_are_left_alone() -> None:
    graph = graphs.graph(X, node("out", "BatchToSpaceND", "x", "x", "x"))
    assert flat(graph) == (graph, [])
    graph = graphs.graph(X, node("out", "Relu", "x"))
    assert flat(graph) == (graph, [])
