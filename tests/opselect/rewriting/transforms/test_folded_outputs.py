"""What graphs compute before and after batch norms are folded, for each op, place and layout."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph, Node, NodeAttr
from opselect.rewriting import Context, parse_steps
from opselect.rewriting.transforms import apply_steps
from tests.interpreter import run
from tests.opselect.rewriting.transforms.graphs import const, graph, node, ops

FLOAT, INT32 = DataType.DT_FLOAT, DataType.DT_INT32
NORMS = ("BatchNormWithGlobalNormalization", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
RANDOM = np.random.default_rng(7)
IMAGE = RANDOM.standard_normal((4, 5, 6, 3)).astype(np.float32)
X = node("x", "Placeholder", dtype=FLOAT)


def conv(name: str, op: str, weights: str, channels_last: bool = True, source: str = "x") -> Node:
    layout = "NHWC" if channels_last else "NCHW"
    return node(name, op, source, weights, strides=(1, 1, 1, 1), padding="SAME", data_format=layout)


def filters(name: str, op: str = "Conv2D", multiplier: int = 2) -> Node:
    """Weights of three channels: of five more for each pixel, or of ``multiplier`` for each channel."""
    shape = (3, 2, 3, 5) if op == "Conv2D" else (3, 2, 3, multiplier)
    return const(name, RANDOM.standard_normal(shape))


def norm(op: str, source: str, channels: int, *waits: str, name: str = "out", **attrs: NodeAttr) -> tuple[Node, ...]:
    """A norm and its four parameters."""
    values = {key: RANDOM.standard_normal(channels) for key in ("mean", "beta", "gamma")}
    values["variance"] = RANDOM.uniform(0.1, 4, channels)
    constants = tuple(const(f"{name}_{key}", value) for key, value in values.items())
    if op == NORMS[0]:
        order, own = ("mean", "variance", "beta", "gamma"), {"variance_epsilon": 0.01, **attrs}
        own.setdefault("scale_after_normalization", True)
    else:
        order, own = ("gamma", "beta", "mean", "variance"), {"epsilon": 0.01, "is_training": False, **attrs}
    return *constants, node(name, op, source, *(f"{name}_{key}" for key in order), *waits, **own)


def transposes() -> tuple[Node, ...]:
    """The image with its channels first."""
    return const("order", [0, 3, 1, 2], INT32), node("first", "Transpose", "x", "order", Tperm=INT32)


def channels_of(op: str, multiplier: int = 2) -> int:
    return 5 if op == "Conv2D" else 3 * multiplier


def folded(
    before: Graph, text: str = "fold_old_batch_norms", outputs: tuple[str, ...] = ("out",), *, gtt: bool = False
) -> Graph:
    """The graph after the steps; it must compute what the graph before does."""
    inputs = {each.name: IMAGE for each in before.nodes if each.op == "Placeholder"}
    after = apply_steps(before, parse_steps(text), Context(inputs=tuple(inputs), outputs=outputs, gtt=gtt))
    check_equal(before, after, inputs, outputs)
    return after


def check_equal(before: Graph, after: Graph, feeds: Mapping[str, Array], outputs: tuple[str, ...]) -> None:
    for wanted, found in zip(run(before, feeds, outputs), run(after, feeds, outputs), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def has_norm(folded: Graph) -> bool:
    return bool(set(NORMS) & set(ops(folded).values()))


@pytest.mark.parametrize("op", NORMS)
@pytest.mark.parametrize("convolution", CONVOLUTIONS)
@pytest.mark.parametrize("multiplier", [1, 2])
def test_a_norm_behind_a_convolution(op: str, convolution: str, multiplier: int) -> None:
    channels = channels_of(convolution, multiplier)
    parts = filters("w", convolution, multiplier), conv("conv", convolution, "w")
    assert not has_norm(folded(graph(X, parts, norm(op, "conv", channels))))


@pytest.mark.parametrize("op", NORMS[1:])
def test_a_norm_behind_a_convolution_with_channels_first(op: str) -> None:
    convolution = conv("conv", "Conv2D", "w", channels_last=False, source="first")
    before = graph(X, transposes(), filters("w"), convolution, norm(op, "conv", 5, data_format="NCHW"))
    assert not has_norm(folded(before))


@pytest.mark.parametrize("op", NORMS)
@pytest.mark.parametrize("convolution", CONVOLUTIONS)
def test_a_norm_behind_batch_to_space(op: str, convolution: str) -> None:
    before = graph(
        X, filters("w", convolution), conv("conv", convolution, "w"), batch_to_space([2, 2], [[0, 1], [1, 0]]),
        norm(op, "back", channels_of(convolution)),
    )  # fmt: skip
    after = folded(before)
    assert not has_norm(after)
    assert ops(after)["out"] == "BatchToSpaceND"


def batch_to_space(block: list[int], crops: list[list[int]]) -> tuple[Node, ...]:
    back = node("back", "BatchToSpaceND", "conv", "block", "crops", Tblock_shape=INT32, Tcrops=INT32)
    return const("block", block, INT32), const("crops", crops, INT32), back


@pytest.mark.parametrize("op", NORMS)
@pytest.mark.parametrize("convolutions", [CONVOLUTIONS, CONVOLUTIONS[::-1], CONVOLUTIONS[:1] * 2])
@pytest.mark.parametrize("axis", [3, -1])
def test_a_norm_behind_a_concatenation_of_channels(op: str, convolutions: tuple[str, str], axis: int) -> None:
    first, second = convolutions
    before = graph(
        X, filters("v", first), filters("w", second), conv("a", first, "v"), conv("b", second, "w"),
        const("axis", axis, INT32), node("concat", "ConcatV2", "a", "b", "axis", N=2, Tidx=INT32),
        norm(op, "concat", channels_of(first) + channels_of(second)),
    )  # fmt: skip
    assert not has_norm(folded(before))
    assert has_norm(folded(before, gtt=True)) == (op in NORMS[2:])


@pytest.mark.parametrize("op", NORMS)
@pytest.mark.parametrize("axis", [0, 1, 2, -2, -4])
def test_a_norm_behind_another_concatenation(op: str, axis: int) -> None:
    before = graph(
        X, filters("v"), filters("w"), conv("a", "Conv2D", "v"), conv("b", "Conv2D", "w"),
        const("axis", axis, INT32), node("concat", "ConcatV2", "a", "b", "axis", N=2, Tidx=INT32),
        norm(op, "concat", 5),
    )  # fmt: skip
    assert not has_norm(folded(before))


@pytest.mark.parametrize("axis", [1, -3, 2, 0])
def test_a_norm_behind_a_concatenation_with_channels_first(axis: int) -> None:
    before = graph(
        X, transposes(), filters("v"), filters("w"),
        conv("a", "Conv2D", "v", channels_last=False, source="first"),
        conv("b", "Conv2D", "w", channels_last=False, source="first"),
        const("axis", axis, INT32), node("concat", "ConcatV2", "a", "b", "axis", N=2, Tidx=INT32),
        norm("FusedBatchNorm", "concat", 10 if axis in (1, -3) else 5, data_format="NCHW"),
    )  # fmt: skip
    assert not has_norm(folded(before))
    assert not has_norm(folded(before, gtt=True))


@pytest.mark.parametrize("op", NORMS)
def test_two_convolutions_with_the_same_weights_and_norms_with_the_same_parameters(op: str) -> None:
    *constants, out = norm(op, "a", 5)
    other = Node("other", op, ("b", *out.inputs[1:]), attrs=out.attrs)
    before = graph(X, filters("w"), conv("a", "Conv2D", "w"), conv("b", "Conv2D", "w"), constants, out, other)
    assert not has_norm(folded(before, outputs=("out", "other")))


def test_norms_behind_each_other_and_branches_of_one_input() -> None:
    before = graph(
        X, filters("v"), conv("a", "Conv2D", "v"), norm("FusedBatchNormV3", "a", 5, name="first"),
        const("w", RANDOM.standard_normal((1, 1, 5, 5))), conv("b", "Conv2D", "w", source="first"),
        norm("FusedBatchNormV3", "b", 5, name="out"),
        filters("u"), conv("c", "Conv2D", "u"), norm("FusedBatchNormV2", "c", 5, name="branch"),
    )  # fmt: skip
    assert not has_norm(folded(before, outputs=("out", "branch")))


def test_a_norm_behind_batch_to_space_over_the_channels_stays() -> None:
    image = np.concatenate([IMAGE, IMAGE])
    back = batch_to_space([2, 2, 2], [[0, 0], [0, 0], [2, 3]])
    before = graph(X, filters("w"), conv("conv", "Conv2D", "w"), back, norm(NORMS[1], "back", 5))
    notes: list[str] = []
    context = Context(inputs=("x",), outputs=("out",), note=notes.append)
    after = apply_steps(before, parse_steps("fold_old_batch_norms"), context)
    check_equal(before, after, {"x": image}, ("out",))
    assert after == before
    assert notes == ["'out' stays a FusedBatchNorm: 'back' moves channels"]
    original = apply_steps(before, parse_steps("fold_old_batch_norms"), Context(outputs=("out",), gtt=True))
    assert not has_norm(original)


def test_a_norm_behind_batch_to_space_that_leaves_the_channels_alone() -> None:
    back = batch_to_space([2, 2, 1], [[0, 0]] * 3)
    assert not has_norm(folded(graph(X, filters("w"), conv("conv", "Conv2D", "w"), back, norm(NORMS[1], "back", 5))))


@pytest.mark.parametrize("parameter", ["mean", "variance", "beta", "gamma"])
def test_a_norm_with_a_parameter_that_is_no_constant_stays(parameter: str) -> None:
    parts = filters("w"), conv("conv", "Conv2D", "w"), *norm("FusedBatchNorm", "conv", 5)
    hidden = [Node(f"{n.name}_value", n.op, attrs=n.attrs) if n.name == f"out_{parameter}" else n for n in parts]
    before = graph(X, hidden, node(f"out_{parameter}", "Abs", f"out_{parameter}_value"))
    assert folded(before) == before


@pytest.mark.parametrize("fetched", ["conv", "conv:0"])
def test_a_convolution_that_is_fetched_keeps_its_value(fetched: str) -> None:
    before = graph(X, filters("w"), conv("conv", "Conv2D", "w"), norm("FusedBatchNormV3", "conv", 5))
    assert folded(before, outputs=("out", fetched)) == before


def test_weights_that_are_fetched_keep_their_value() -> None:
    before = graph(X, filters("w"), conv("conv", "Conv2D", "w"), norm("FusedBatchNormV3", "conv", 5))
    assert not has_norm(folded(before, outputs=("out", "w")))


@pytest.mark.parametrize("op", NORMS)
def test_a_convolution_of_its_own_weights(op: str) -> None:
    weights = const("w", RANDOM.standard_normal((3, 3, 3, 3)))
    before = graph(weights, conv("conv", "Conv2D", "w", source="w"), norm(op, "conv", 3))
    assert not has_norm(folded(before))


def test_a_norm_that_waits_for_what_goes() -> None:
    parts = filters("w"), conv("conv", "Conv2D", "w"), *batch_to_space([2, 2], [[0, 0], [0, 0]])
    before = graph(X, parts, norm("FusedBatchNormV3", "back", 5, "^back", "^x"))
    after = folded(before)
    assert next(each for each in after.nodes if each.name == "out").inputs[3:] == ("^x",)


# fold_batch_norms: a Mul behind the op.


@pytest.mark.parametrize("op", [*CONVOLUTIONS, "MatMul", "MatMul transposed"])
@pytest.mark.parametrize("kind", ["vector", "one", "scalar"])
def test_a_scale_behind_an_op(op: str, kind: str) -> None:
    scaled = "MatMul" in op
    channels = 5 if scaled else channels_of(op)
    values = RANDOM.standard_normal({"vector": (channels,), "one": (1,), "scalar": ()}[kind])
    tail = const("scale", values), node("out", "Mul", "op", "scale")
    if scaled:
        transposed = op.endswith("transposed")
        weights = const("w", RANDOM.standard_normal((5, 3) if transposed else (3, 5)))
        rows = const("rows", [-1, 3], INT32), node("flat", "Reshape", "x", "rows", Tshape=INT32)
        before = graph(X, weights, rows, node("op", "MatMul", "flat", "w", transpose_b=transposed), tail)
    else:
        before = graph(X, filters("w", op), conv("op", op, "w"), tail)
    assert "Mul" not in ops(folded(before, "fold_batch_norms")).values()


def test_scales_behind_branches_of_one_input_and_behind_each_other() -> None:
    before = graph(
        X, filters("v"), conv("a", "Conv2D", "v"), const("s", RANDOM.standard_normal(5)),
        node("first", "Mul", "a", "s"),
        const("w", RANDOM.standard_normal((1, 1, 5, 5))), conv("b", "Conv2D", "w", source="first"),
        const("t", 2.0), node("out", "Mul", "b", "t"),
        filters("u"), conv("c", "Conv2D", "u"), const("r", 3.0), node("branch", "Mul", "c", "r"),
    )  # fmt: skip
    assert "Mul" not in ops(folded(before, "fold_batch_norms", outputs=("out", "branch"))).values()
    vectors = {"t": const("t", [2.0] * 5), "r": const("r", [3.0] * 5)}
    before = graph([vectors.get(each.name, each) for each in before.nodes])
    original = Context(inputs=("x",), outputs=("out", "branch"), gtt=True)
    assert "Mul" in ops(apply_steps(before, parse_steps("fold_batch_norms"), original)).values()


@pytest.mark.parametrize("source", ["w", "other"])
def test_weights_that_the_op_reads_as_its_input_too_stay(source: str) -> None:
    other = [node("other", "Relu", "w")] if source == "other" else []
    before = graph(
        const("w", RANDOM.standard_normal((4, 4))), other, const("s", RANDOM.standard_normal(4)),
        node("product", "MatMul", source, "w"), node("out", "Mul", "product", "s"),
    )  # fmt: skip
    assert folded(before, "fold_batch_norms") == before
    original = apply_steps(before, parse_steps("fold_batch_norms"), Context(outputs=("out",), gtt=True))
    assert ops(original)["out"] == "MatMul"


def test_a_multiplication_that_waits_for_what_goes() -> None:
    before = graph(
        X, node("z", "Placeholder"), filters("w"), conv("conv", "Conv2D", "w"),
        Node("s", "Const", ("^z",), attrs=const("s", RANDOM.standard_normal(5)).attrs),
        node("out", "Mul", "conv", "s", "^conv", "^x"),
    )  # fmt: skip
    after = folded(before, "fold_batch_norms")
    assert next(each for each in after.nodes if each.name == "out").inputs == ("x", "w", "^x", "^z")
