"""Names that somebody may have meant."""

from __future__ import annotations

import random

import pytest

from kernel_index.near_names import did_you_mean, listed, near_names

OPS = ("Add", "AddN", "AddV2", "BiasAdd", "Conv2D", "Conv3D", "Mul", "Multinomial", "Relu", "Relu6")


@pytest.mark.parametrize(
    ("name", "names", "near"),
    [
        ("Conv2d", OPS, ["Conv2D", "Conv3D"]),
        ("2.41", ("2.1", "2.4", "2.14", "2.11"), ["2.14"]),
        ("OPS1O3", ("OPS103", "OPS135", "OPS513"), ["OPS103"]),
        ("Cnov2D", OPS, ["Conv2D"]),
        ("onnx", ("header", "onnxruntime"), ["onnxruntime"]),
        ("relu", OPS, ["Relu", "Relu6"]),
        ("Realu", OPS, ["Relu", "Relu6"]),
        ("MulV2", OPS, ["Mul"]),
        ("tyni.pb", ("tiny.pb", "graph.pb"), ["tiny.pb"]),
        ("AddV2_", OPS, ["AddV2"]),
        ("Frobnicate", OPS, []),
        ("", OPS, []),
        ("Relu", (), []),
        ("android_full", ("android", "android-full", "desktop"), ["android-full"]),
        ("serving", ("serving_default", "train"), ["serving_default"]),
        ("softmax", ("model/dense/kernel", "model/head/softmax"), ["model/head/softmax"]),
        ("old_scope/out", ("net/hidden/out", "out", "outer"), ["out", "net/hidden/out"]),
        ("scope/", ("a/b/", "c/d/e/"), []),
    ],
)
def test_near_names(name: str, names: tuple[str, ...], near: list[str]) -> None:
    assert near_names(name, names) == near


def test_names_that_differ_only_by_capitals_are_all_near() -> None:
    assert near_names("FOO", ["foo", "Foo", "bar"]) == ["Foo", "foo"]


def test_at_most_so_many_names_are_given_and_each_once() -> None:
    names = [f"conv_{number}" for number in range(9)]
    assert len(near_names("conv_x", names + names)) == 3
    assert len(set(near_names("conv_x", names + names))) == 3
    assert len(near_names("conv_x", names, at_most=5)) == 5


def test_the_order_of_the_names_does_not_matter() -> None:
    names = [f"conv_{number}" for number in range(9)] + ["Conv_1", "other"]
    shuffled = random.Random(1).sample(names, len(names))
    assert near_names("conv_y", names) == near_names("conv_y", shuffled)


def test_sentence_of_what_was_meant_ends_with_a_question() -> None:
    assert did_you_mean("Realu", OPS) == "; did you mean Relu or Relu6?"
    assert did_you_mean("Realu", OPS, at_most=1) == "; did you mean Relu?"
    assert did_you_mean("Frobnicate", OPS) == ""


def test_long_lists_say_how_many_more_there_are() -> None:
    names = [f"n{at}" for at in range(1200)]
    assert listed(names[:10]) == "n0, n1, n2, n3, n4, n5, n6, n7, n8, n9"
    assert listed(names) == "n0, n1, n2, n3, n4, n5, n6, n7 and 1,192 more"
    assert listed(()) == ""
