"""Multiplications that go into weights, and those that must not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.graph import Graph, Node
from opselect.rewriting import Context, TransformError
from opselect.rewriting.transforms.fold_batch_norms import fold_batch_norms
from tests.opselect.rewriting.transforms.graphs import by_name, const, graph, node, ops, values

WEIGHTS = np.arange(1, 13, dtype=np.float32).reshape(1, 2, 2, 3)
SCALE = np.array([2, 3, 5], np.float32)
CONV = node("conv", "Conv2D", "x", "w", strides=(1, 1, 1, 1), padding="SAME")


def scaled(conv: Node = CONV, weights: object = WEIGHTS, scale: object = SCALE, *more: Node) -> Graph:
    mul = node("mul", "Mul", conv.name, "s")
    return graph(node("x", "Placeholder"), const("w", weights), conv, const("s", scale), mul, more)


def test_a_scaled_convolution_becomes_one_with_scaled_weights() -> None:
    folded = fold_batch_norms(scaled(), Context(outputs=("mul",)))
    assert ops(folded) == {"x": "Placeholder", "w": "Const", "mul": "Conv2D"}
    assert by_name(folded)["mul"].attrs == CONV.attrs
    assert by_name(folded)["mul"].inputs == ("x", "w")
    np.testing.assert_array_equal(values(folded, "w"), WEIGHTS * SCALE)


def test_depthwise_convolutions_have_channels_in_two_dimensions() -> None:
    conv = node("conv", "DepthwiseConv2dNative", "x", "w")
    scale = np.arange(1, 7, dtype=np.float32)
    folded = fold_batch_norms(scaled(conv, scale=scale), Context())
    np.testing.assert_array_equal(values(folded, "w").reshape(2, 6), WEIGHTS.reshape(2, 6) * scale)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("gtt", [False, True])
def test_matrix_products_are_scaled_along_their_columns(transposed: bool, gtt: bool) -> None:
    weights = np.arange(9, dtype=np.float32).reshape(3, 3)
    folded = fold_batch_norms(
        scaled(node("conv", "MatMul", "x", "w", transpose_b=transposed), weights), Context(gtt=gtt)
    )
    expected = (weights.T * SCALE).T if transposed else weights * SCALE
    np.testing.assert_array_equal(values(folded, "w"), expected)


@pytest.mark.parametrize("scale", [np.float32(4), [4], [[[[4]]]], [[[[2, 3, 5]]]]], ids=str)
def test_a_scale_of_any_shape_that_says_one_value_a_channel_is_folded(scale: object) -> None:
    folded = fold_batch_norms(scaled(scale=scale), Context())
    np.testing.assert_array_equal(values(folded, "w"), WEIGHTS * np.asarray(scale, np.float32).reshape(-1))


def test_gtt_fails_on_a_scale_that_is_no_vector_of_channels() -> None:
    with pytest.raises(TransformError, match="node 'conv': is scaled by a constant of shape \\[\\]"):
        fold_batch_norms(scaled(scale=4), Context(gtt=True))


def test_channels_first_are_scaled_by_channel_and_not_by_column() -> None:
    conv = node("conv", "Conv2D", "x", "w", data_format="NCHW")
    notes: list[str] = []
    assert fold_batch_norms(scaled(conv), Context(note=notes.append)) == scaled(conv)
    assert fold_batch_norms(scaled(conv), Context(gtt=True)) == scaled(conv)
    assert notes == ["'mul' stays a Mul: 's' is not one value for each channel"]
    folded = fold_batch_norms(scaled(conv, scale=SCALE.reshape(3, 1, 1)), Context())
    np.testing.assert_array_equal(values(folded, "w"), WEIGHTS * SCALE)


@pytest.mark.parametrize("used", ["conv", "w", "s", "^conv"])
def test_what_others_use_stays(used: str) -> None:
    before = scaled(CONV, WEIGHTS, SCALE, node("other", "Identity", used))
    assert fold_batch_norms(before, Context()) == before


@pytest.mark.parametrize("used", ["conv", "conv:0", "w", "s"])
def test_what_the_program_uses_stays(used: str) -> None:
    notes: list[str] = []
    assert fold_batch_norms(scaled(), Context(outputs=("mul", used), note=notes.append)) == scaled()
    assert fold_batch_norms(scaled(), Context(inputs=(used,))) == scaled()
    assert fold_batch_norms(scaled(), Context(outputs=("mul", used), gtt=True)) == scaled()
    assert notes == (["'mul' stays a Mul: the program uses 'conv', which would be renamed"] if "conv" in used else [])


def test_double_is_folded_and_what_would_lose_bits_is_not() -> None:
    double = DataType.DT_DOUBLE
    before = graph(const("w", WEIGHTS, double), CONV, const("s", SCALE, double), node("mul", "Mul", "conv", "s"))
    assert values(fold_batch_norms(before, Context()), "w").dtype == np.float64
    assert values(fold_batch_norms(before, Context(gtt=True)), "w").dtype == np.float64
    mixed = graph(const("w", WEIGHTS), CONV, const("s", SCALE, double), node("mul", "Mul", "conv", "s"))
    assert fold_batch_norms(mixed, Context()) == mixed


def test_a_broadcast_that_widens_the_output_stays() -> None:
    before = scaled(scale=np.ones((4, 1, 1, 3)))
    assert fold_batch_norms(before, Context()) == before
    before = scaled(scale=np.ones((1, 1, 1, 1, 3)))
    assert fold_batch_norms(before, Context()) == before


def test_what_the_multiplication_waited_for_the_convolution_waits_for() -> None:
    before = graph(node("x", "Placeholder"), node("c", "NoOp"), const("w", WEIGHTS), CONV, const("s", SCALE))
    before = graph(before.nodes, node("mul", "Mul", "conv", "s", "^c"))
    assert by_name(fold_batch_norms(before, Context()))["mul"].inputs == ("x", "w", "^c")
    assert by_name(fold_batch_norms(before, Context(gtt=True)))["mul"].inputs == ("x", "w")


def test_constants_in_a_loop_stay_in_it() -> None:
    inside = [replace(each, inputs=("^x",), device="/cpu:0") if each.op == "Const" else each for each in scaled().nodes]
    weights = by_name(fold_batch_norms(graph(inside), Context()))["w"]
    assert (weights.inputs, weights.device) == (("^x",), "/cpu:0")
    original = by_name(fold_batch_norms(graph(inside), Context(gtt=True)))["w"]
    assert (original.inputs, original.device) == ((), "")


def test_weights_of_an_impossible_rank_are_an_error() -> None:
    with pytest.raises(TransformError, match="node 'conv': Conv2D takes weights with 4 dimensions, these have 1"):
        fold_batch_norms(scaled(weights=SCALE), Context())
