"""Batch normalisation that goes into convolutions, and where it must not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph, Node, NodeAttr
from opselect.rewriting import Context, TransformError
from opselect.rewriting.transforms.fold_old_batch_norms import fold_old_batch_norms
from tests.opselect.rewriting.transforms.graphs import by_name, const, graph, node, ops, values

WEIGHTS = np.arange(1, 13, dtype=np.float32).reshape(1, 2, 2, 3)
MEAN, VARIANCE = np.array([1, 2, 3], np.float32), np.array([4, 9, 16], np.float32)
BETA, GAMMA = np.array([0.5, 0, -1], np.float32), np.array([2, 3, 5], np.float32)
EPSILON = np.float32(0.25)
FACTOR = np.float32(1) / np.sqrt(VARIANCE + EPSILON) * GAMMA
OFFSET = -MEAN * FACTOR + BETA

CONV = node("conv", "Conv2D", "x", "w")
PARAMETERS = (const("mean", MEAN), const("variance", VARIANCE), const("beta", BETA), const("gamma", GAMMA))


def fused(before: str, op: str = "FusedBatchNorm", name: str = "bn", **attrs: NodeAttr) -> Node:
    return node(
        name, op, before, "gamma", "beta", "mean", "variance", epsilon=float(EPSILON), is_training=False, **attrs
    )  # fmt: skip


def normalised(norm: Node, *more: Node, conv: Node = CONV, weights: object = WEIGHTS) -> Graph:
    return graph(node("x", "Placeholder"), const("w", weights), conv, PARAMETERS, norm, more)


def check_folded(folded: Graph, name: str = "bn", weights: str = "w") -> None:
    nodes = by_name(folded)
    assert nodes[name].op == "BiasAdd"
    conv, bias = nodes[name].inputs[:2]
    np.testing.assert_array_equal(values(folded, weights), WEIGHTS * FACTOR)
    np.testing.assert_array_equal(values(folded, bias), OFFSET)
    assert nodes[conv].inputs[1] == weights


@pytest.mark.parametrize("op", ["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"])
def test_a_fused_norm_becomes_a_bias(op: str) -> None:
    folded = fold_old_batch_norms(normalised(fused("conv", op)), Context(outputs=("bn",)))
    assert ops(folded) == {
        "x": "Placeholder", "w": "Const", "conv": "Conv2D", "conv_bn_offset": "Const", "bn": "BiasAdd",
    }  # fmt: skip
    check_folded(folded)


def test_the_oldest_norm_has_its_inputs_in_another_order() -> None:
    old = node(
        "bn", "BatchNormWithGlobalNormalization", "conv", "mean", "variance", "beta", "gamma",
        variance_epsilon=float(EPSILON), scale_after_normalization=True,
    )  # fmt: skip
    check_folded(fold_old_batch_norms(normalised(old), Context()))
    unscaled = replace(old, attrs={**old.attrs, "scale_after_normalization": False})
    folded = fold_old_batch_norms(normalised(unscaled), Context())
    np.testing.assert_array_equal(values(folded, "w"), WEIGHTS * (np.float32(1) / np.sqrt(VARIANCE + EPSILON)))


def test_gtt_knows_the_first_version_only() -> None:
    before = normalised(fused("conv", "FusedBatchNormV3"))
    assert fold_old_batch_norms(before, Context(gtt=True)) == before


def test_behind_batch_to_space() -> None:
    int32 = DataType.DT_INT32
    more = (const("block", [2, 2], int32), const("crops", [[0, 0], [0, 0]], int32))
    batch_to_space = node("b2s", "BatchToSpaceND", "conv", "block", "crops")
    folded = fold_old_batch_norms(normalised(fused("b2s"), *more, batch_to_space), Context())
    nodes = by_name(folded)
    assert nodes["bn"].op == "BatchToSpaceND"
    assert nodes["bn"].inputs == ("conv/biasadd", "block", "crops")
    assert "b2s" not in nodes
    check_folded(folded, "conv/biasadd")


def concatenated(axis: int, second: Node, weights: Array) -> Graph:
    parts = (const("axis", axis, DataType.DT_INT32), const("w2", weights), second)
    concat = node("concat", "ConcatV2", "conv", "conv2", "axis", N=2)
    return normalised(fused("concat"), *parts, concat)


@pytest.mark.parametrize("axis", [3, -1])
@pytest.mark.parametrize("gtt", [False, True])
def test_behind_a_concatenation_of_channels_each_convolution_gets_its_part(axis: int, gtt: bool) -> None:
    second = node("conv2", "Conv2D", "x", "w2")
    before = concatenated(axis, second, WEIGHTS[..., :1])
    before = replace(before, nodes=(*before.nodes[:1], const("w", WEIGHTS[..., :2]), *before.nodes[2:]))
    folded = fold_old_batch_norms(before, Context(gtt=gtt))
    assert "x" in by_name(folded)
    assert by_name(folded)["bn"].inputs == ("concat_bn_in0", "concat_bn_in1", "axis")
    np.testing.assert_array_equal(values(folded, "w"), WEIGHTS[..., :2] * FACTOR[:2])
    np.testing.assert_array_equal(values(folded, "w2"), WEIGHTS[..., :1] * FACTOR[2:])
    np.testing.assert_array_equal(values(folded, "conv_bn_offset"), OFFSET[:2])
    np.testing.assert_array_equal(values(folded, "conv2_bn_offset"), OFFSET[2:])


def test_behind_any_other_concatenation_both_are_scaled_alike() -> None:
    folded = fold_old_batch_norms(concatenated(1, node("conv2", "Conv2D", "x", "w2"), WEIGHTS), Context())
    for name in ("w", "w2"):
        np.testing.assert_array_equal(values(folded, name), WEIGHTS * FACTOR)


def test_a_convolution_concatenated_with_itself_stays() -> None:
    before = concatenated(1, node("other", "Conv2D", "x", "w2"), WEIGHTS)
    before = replace(
        before,
        nodes=tuple(
            replace(each, inputs=("conv", "conv", "axis")) if each.name == "concat" else each for each in before.nodes
        ),
    )
    assert fold_old_batch_norms(before, Context()) == before


@pytest.mark.parametrize("gtt", [False, True])
def test_two_norms_with_the_same_parameters_are_both_folded(gtt: bool) -> None:
    second = (const("w2", WEIGHTS), node("conv2", "Conv2D", "x", "w2"), fused("conv2", name="bn2"))
    folded = fold_old_batch_norms(normalised(fused("conv"), *second), Context(gtt=gtt))
    check_folded(folded)
    check_folded(folded, "bn2", "w2")
    assert not {"mean", "variance", "beta", "gamma"} & ops(folded).keys()


@pytest.mark.parametrize(("gtt", "copies"), [(False, 1), (True, 3)])
def test_weights_that_convolutions_with_equal_norms_share_are_scaled_once(gtt: bool, copies: int) -> None:
    more = [
        each
        for n in (2, 3)
        for each in (
            node(f"conv{n}", "Conv2D", "x", "w"),
            const(f"gamma{n}", GAMMA),
            replace(fused("x", name=f"bn{n}"), inputs=(f"conv{n}", f"gamma{n}", "beta", "mean", "variance")),
        )
    ]
    folded = fold_old_batch_norms(normalised(fused("conv"), *more), Context(gtt=gtt))
    own = {by_name(folded)[conv].inputs[1] for conv in ("conv", "conv2", "conv3")}
    assert len(own) == copies
    for name in own:
        np.testing.assert_array_equal(values(folded, name), WEIGHTS * FACTOR)
    assert sum(each.op == "Const" for each in folded.nodes) == copies + 3


def test_weights_that_convolutions_with_other_norms_share_are_scaled_for_each() -> None:
    second = (
        node("conv2", "Conv2D", "x", "w"),
        const("other", GAMMA * 2),
        replace(fused("conv2", name="bn2"), inputs=("conv2", "other", "beta", "mean", "variance")),
    )
    folded = fold_old_batch_norms(normalised(fused("conv"), *second), Context())
    weights = [by_name(folded)[conv].inputs[1] for conv in ("conv", "conv2")]
    np.testing.assert_array_equal(values(folded, weights[0]), WEIGHTS * FACTOR)
    np.testing.assert_array_equal(values(folded, weights[1]), WEIGHTS * (FACTOR * 2))


def test_weights_of_another_op_are_scaled_along_its_own_channels() -> None:
    weights = np.arange(1, 13, dtype=np.float32).reshape(2, 2, 3, 1)
    both = (node("conv2", "DepthwiseConv2dNative", "x", "w"), fused("conv2", name="bn2"))
    one = [const(name, vector[:1]) for name, vector in (("m", MEAN), ("v", VARIANCE), ("b", BETA), ("g", GAMMA))]
    first = replace(fused("conv"), inputs=("conv", "g", "b", "m", "v"))
    folded = fold_old_batch_norms(normalised(first, *one, *both, weights=weights), Context())
    np.testing.assert_array_equal(values(folded, by_name(folded)["conv"].inputs[1]), weights * FACTOR[:1])
    np.testing.assert_array_equal(
        values(folded, by_name(folded)["conv2"].inputs[1]), weights * FACTOR.reshape(1, 1, 3, 1)
    )


def test_weights_that_others_use_stay_as_they_are_for_them() -> None:
    folded = fold_old_batch_norms(normalised(fused("conv"), node("other", "Identity", "w")), Context())
    np.testing.assert_array_equal(values(folded, "w"), WEIGHTS)
    check_folded(folded, weights="conv_bn_weights")
    fetched = fold_old_batch_norms(normalised(fused("conv")), Context(outputs=("bn", "w")))
    np.testing.assert_array_equal(values(fetched, "w"), WEIGHTS)


STAYS = [
    (fused("conv"), (node("other", "Identity", "conv"),), "others use 'conv', which would change"),
    (fused("conv"), (node("other", "Identity", "bn:1"),), "another output than its first is used"),
    (replace(fused("conv"), attrs={}), (), "it normalises by the statistics of its batch (is_training)"),
    (fused("conv", data_format="NCHW"), (), "'conv' has another data_format"),
]


@pytest.mark.parametrize(("norm", "more", "reason"), STAYS, ids=[reason for _, _, reason in STAYS])
def test_a_norm_that_cannot_be_folded_stays_and_says_why(norm: Node, more: tuple[Node, ...], reason: str) -> None:
    notes: list[str] = []
    before = normalised(norm, *more)
    assert fold_old_batch_norms(before, Context(note=notes.append)) == before
    assert notes == [f"'bn' stays a FusedBatchNorm: {reason}"]


def test_the_original_takes_no_notice_of_training() -> None:
    training = fused("conv")
    training = replace(training, attrs={**training.attrs, "is_training": True})
    check_folded(fold_old_batch_norms(normalised(training), Context(gtt=True)))


@pytest.mark.parametrize("kind", ["others use 'conv'", "another data_format"])
def test_the_original_is_not_followed_where_it_is_wrong(kind: str) -> None:
    more = (node("other", "Identity", "conv"),) if "others" in kind else ()
    before = normalised(fused("conv") if more else fused("conv", data_format="NCHW"), *more)
    notes: list[str] = []
    assert fold_old_batch_norms(before, Context(gtt=True, note=notes.append)) == before
    assert kind in notes[0]


def test_constants_in_a_loop_stay_in_it() -> None:
    before = normalised(fused("conv"))
    inside = tuple(
        replace(each, inputs=("^x",), device="/cpu:0") if each.op == "Const" else each for each in before.nodes
    )
    nodes = by_name(fold_old_batch_norms(replace(before, nodes=inside), Context()))
    assert [(nodes[name].inputs, nodes[name].device) for name in ("w", "conv_bn_offset")] == [
        (("^x",), "/cpu:0"), (("^x",), ""),
    ]  # fmt: skip
    original = by_name(fold_old_batch_norms(replace(before, nodes=inside), Context(gtt=True)))
    assert {original[name].inputs for name in ("w", "conv_bn_offset")} == {()}


def test_what_the_norm_waited_for_is_waited_for_but_not_with_the_original() -> None:
    norm = fused("conv")
    before = normalised(replace(norm, inputs=(*norm.inputs, "^x")))
    for gtt, waits in ((False, ("^x",)), (True, ())):
        bias = by_name(fold_old_batch_norms(before, Context(gtt=gtt)))["bn"]
        assert bias.inputs == ("conv", "conv_bn_offset", *waits)


@pytest.mark.parametrize("gtt", [False, True])
@pytest.mark.parametrize("outputs", [("bn", "conv"), ("bn:1",)])
def test_what_the_program_fetches_keeps_its_value(outputs: tuple[str, ...], gtt: bool) -> None:
    context = Context(outputs=outputs, gtt=gtt)
    assert fold_old_batch_norms(normalised(fused("conv")), context) == normalised(fused("conv"))


def test_parameters_that_do_not_fit_are_an_error() -> None:
    before = normalised(fused("conv"), weights=WEIGHTS[..., :2])
    with pytest.raises(TransformError, match="node 'bn': normalises 3 channels of 'conv'"):
        fold_old_batch_norms(before, Context())
    nodes = tuple(const("beta", [1, 2]) if each.name == "beta" else each for each in normalised(fused("conv")).nodes)
    with pytest.raises(TransformError, match="must be vectors of one length"):
        fold_old_batch_norms(Graph(nodes), Context())


@pytest.mark.parametrize("gtt", [False, True])
def test_weights_that_no_convolution_takes_are_an_error_with_its_name(gtt: bool) -> None:
    nodes = tuple(const("w", [1, 2, 3]) if each.name == "w" else each for each in normalised(fused("conv")).nodes)
    with pytest.raises(TransformError, match="node 'conv': Conv2D takes weights with 4 dimensions, these have 1"):
        fold_old_batch_norms(Graph(nodes), Context(gtt=gtt))
