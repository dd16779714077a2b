"""Constants in fewer bits, by the very arithmetic of the original."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph, Node, TensorRef
from opselect.rewriting import Context, TransformError
from opselect.rewriting.constants import constant_value
from tests.opselect.graph_text import graph_of, node
from tests.opselect.rewriting.transforms import graphs
from tests.opselect.rewriting.transforms.graphs import const
from tests.opselect.rewriting.transforms.run import after

TINY = np.finfo(np.float32).tiny


def value(node: Node) -> Array:
    return constant_value(node, Context())


def rounded(values: object, steps: int = 256, *, gtt: bool = False) -> Array:
    return value(after(f"round_weights(num_steps={steps})", graphs.graph(const("w", values)), gtt=gtt)["w"])


def quantized(values: object, *, gtt: bool = False) -> tuple[Array, float, float]:
    done = after("quantize_weights(minimum_size=1)", graphs.graph(const("w", values)), gtt=gtt)
    data, low, high = (value(done[f"w_quantized_{part}"]) for part in ("const", "min", "max"))
    assert (low.shape, high.shape) == ((), ())
    return data, float(low), float(high)


def test_weights_are_rounded_to_the_middle_of_a_step() -> None:
    ramp = np.arange(16, dtype=np.float32)
    assert rounded(ramp, 3).tolist() == [2.5] * 5 + [7.5] * 5 + [12.5] * 5 + [17.5]
    assert rounded(ramp.reshape(2, 8), 1).shape == (2, 8)
    assert value(after("round_weights", graphs.graph(const("w", ramp)))["w"]).tolist() == rounded(ramp).tolist()


@pytest.mark.parametrize(("values", "expected"), [(0.0, 0.5), (3.0, 4.5), (-3.0, -3.0 + 1.5)])
def test_weights_that_are_all_the_same(values: float, expected: float) -> None:
    assert rounded([values] * 16, 1).tolist() == [expected] * 16


def test_small_and_other_constants_are_not_rounded() -> None:
    graph = graphs.graph(const("few", [1.0] * 15), const("ints", [1] * 16, DataType.DT_INT32), graphs.node("r", "Relu"))
    assert list(after("round_weights", graph).values()) == list(graph.nodes)
    close = graphs.graph(const("w", [0.0, 1e-45] * 8))
    assert list(after("round_weights", close).values()) == list(close.nodes)


def test_the_original_takes_no_value_below_zero_for_the_largest() -> None:
    assert rounded([-2.0, -1.0] * 8, 1).tolist() == [-1.5, -0.5] * 8
    assert rounded([-2.0, -1.0] * 8, 1, gtt=True).tolist() == [-1.0, -1.0] * 8
    assert quantized([0.0] * 4)[1:] == (0.0, 1.0)
    assert quantized([0.0] * 4, gtt=True)[1:] == (0.0, TINY)


def test_weights_become_bytes_and_an_op_that_makes_floats_of_them() -> None:
    graph = graphs.graph(const("w", [[-1.0, 0.0], [0.5, 1.55]]), const("s", 2.0), graphs.node("out", "Add", "w", "s"))
    done = after("quantize_weights(minimum_size=4)", graph)
    assert list(done) == ["w_quantized_const", "w_quantized_min", "w_quantized_max", "w", "s", "out"]
    assert value(done["w_quantized_const"]).tolist() == [[0, 100], [150, 255]]
    assert done["w_quantized_const"].attrs["dtype"] is DataType.DT_QUINT8
    assert done["w"].inputs == ("w_quantized_const", "w_quantized_min", "w_quantized_max")
    assert (done["w"].op, done["w"].attrs) == ("Dequantize", {"T": DataType.DT_QUINT8, "mode": "MIN_FIRST"})
    assert done["out"] == graph.nodes[2]


@pytest.mark.parametrize("transform", ["round_weights", "quantize_weights(minimum_size=16)"])
def test_values_are_computed_where_they_are_asked_for(transform: str) -> None:
    weights = const("w", np.linspace(-1, 1, 40))
    done = after(transform, graphs.graph(weights))
    (ref,) = (
        node.attrs["value"] for node in done.values() if node.name in ("w", "w_quantized_const") and node.op == "Const"
    )
    assert isinstance(ref, TensorRef)
    whole = ref.read()
    for start in range(ref.length):
        for length in (1, 3, 4, 9):
            assert ref.source.read(start, min(length, ref.length - start)) == whole[start : start + length]
    assert pickle.loads(pickle.dumps(ref)) == ref


def test_values_that_are_listed_one_by_one_are_rounded_too() -> None:
    values = " ".join(f"float_val: {number}" for number in range(16))
    tensor = f"tensor {{ dtype: DT_FLOAT tensor_shape {{ dim {{ size: 16 }} }} {values} }}"
    graph = graph_of(node("w", "Const", attrs=f"dtype: type: DT_FLOAT; value: {tensor}"))
    listed = value(after("round_weights(num_steps=3)", graph)["w"])
    assert listed.tolist() == rounded(np.arange(16), 3).tolist()


def test_the_range_has_zero_in_it() -> None:
    assert quantized([1.0, 2.0])[1:] == (0.0, 2.0)
    assert quantized([-1.0, -2.0])[1:] == (-2.0, 0.0)
    assert quantized([-1.0, -2.0], gtt=True)[1:] == (-2.0, TINY)


def test_constants_below_the_minimum_size_stay() -> None:
    assert list(after("quantize_weights", graphs.graph(const("w", [1.0] * 1023)))) == ["w"]
    assert len(after("quantize_weights", graphs.graph(const("w", [1.0] * 1024)))) == 4
    assert len(after("quantize_weights(minimum_size=0)", graphs.graph(const("w", np.zeros((0, 2)))))) == 4


@pytest.mark.parametrize("gtt", [False, True])
def test_names_that_are_taken_are_not_given_again(gtt: bool) -> None:
    graph = graphs.graph(const("w", [1.0, 2.0]), const("w_quantized_min", 7.0))
    done = after("quantize_weights(minimum_size=2)", graph, gtt=gtt)
    assert done["w"].inputs == ("w_quantized_const", "w_quantized_min_1", "w_quantized_max")
    assert value(done["w_quantized_min"]) == 7.0


@pytest.mark.parametrize("transform", ["round_weights", "quantize_weights(minimum_size=16)"])
def test_a_constant_keeps_its_device_and_what_it_waits_for(transform: str) -> None:
    placed = replace(const("w", list(range(16))), device="/cpu:0", inputs=("^go",))
    graph = graphs.graph(Node("go", "NoOp"), placed)
    made = list(after(transform, graph).values())[1:]
    assert {each.device for each in made} == {"/cpu:0"}
    assert {each.inputs for each in made if each.op == "Const"} == {("^go",)}
    original = list(after(transform, graph, gtt=True).values())[1:]
    assert {(each.device, each.inputs) for each in original if each.op == "Const"} == {("", ())}


@pytest.mark.parametrize("transform", ["round_weights", "quantize_weights(minimum_size=16)"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("gtt", [False, True])
def test_weights_that_are_no_numbers_are_refused(transform: str, bad: float, gtt: bool) -> None:
    with pytest.raises(TransformError, match="node 'w': holds values that are infinite or no number"):
        after(transform, graphs.graph(const("w", [1.0] * 15 + [bad])), gtt=gtt)
    with pytest.raises(TransformError, match=r"node 'w': holds values from -3e\+38 to 3e\+38, further apart"):
        after(transform, graphs.graph(const("w", [-3e38, 3e38] * 8)), gtt=gtt)


@pytest.mark.parametrize("steps", ["0", "-1", "2000000000", "x"])
def test_a_number_of_steps_that_is_none(steps: str) -> None:
    with pytest.raises(TransformError, match="argument 'num_steps' is"):
        after(f"round_weights(num_steps={steps})", Graph())


def test_a_constant_without_a_value_is_refused() -> None:
    with pytest.raises(TransformError, match="node 'w': is a Const without a value"):
        after("round_weights", graph_of(node("w", "Const")))


FLOATS = arrays.arrays(np.float32, st.integers(16, 64), elements=st.floats(-1e6, 1e6, width=32, allow_subnormal=False))


@settings(max_examples=50, deadline=None)
@given(FLOATS)
def test_rounding_is_done_in_floats_one_by_one(values: Array) -> None:
    f = np.float32
    low, high = values.min(), values.max()
    if low == high:
        return
    width = f(f(high - low) / f(7))
    by_hand = [f(low + f(width * f(f(int(np.floor(f(f(x - low) / width)))) + f(0.5)))) for x in values]
    assert rounded(values, 7).tolist() == by_hand


@settings(max_examples=50, deadline=None)
@given(FLOATS)
def test_quantizing_is_done_in_doubles_one_by_one(values: Array) -> None:
    def away(x: float) -> float:
        whole = float(np.trunc(x))
        return whole + (np.sign(x) if abs(x - whole) >= 0.5 else 0)

    low, high = min(values.min(), np.float32(0)), max(values.max(), np.float32(0))
    if low == high:
        return
    scale = 256 / (float(high - low) * (256 / 255.0))
    by_hand = [min(max(away(float(x) * scale) - away(float(low) * scale), 0), 255) for x in values]
    assert quantized(values)[0].tolist() == by_hand
