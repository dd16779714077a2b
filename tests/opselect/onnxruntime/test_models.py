"""Files of models: read without their weights, and refused with one sentence where they cannot be used."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper, numpy_helper

from kernel_index.errors import InputError, OpselectError, reading
from opselect.models.storage import open_file
from opselect.onnxruntime.models import MAX_SIZE, read_onnx
from opselect.onnxruntime.required import ModelNeeds
from opselect.onnxruntime.weights import without_weights
from tests.opselect.hostile_onnx import HEAD, HOSTILE, NODE, WHOLE, field, opset
from tests.opselect.onnx_models import MODELS, onnx_model


def read(path: Path, *, types: bool = True) -> ModelNeeds:
    needs = ModelNeeds(types=types)
    with reading(str(path)), open_file(str(path)) as file:
        needs.add(read_onnx(file), "m")
    return needs


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_one_error_each(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    for data in HOSTILE[kind]:
        path.write_bytes(data)
        for types in (True, False):
            with pytest.raises(OpselectError) as raised:
                read(path, types=types)
            assert str(raised.value).startswith(str(path))
            assert len(str(raised.value).splitlines()) <= 2


def test_there_are_many_hostile_files() -> None:
    assert sum(map(len, HOSTILE.values())) > 120


def test_the_smallest_model(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(WHOLE)
    assert read(path).required().operators == {("ai.onnx", 14): frozenset({"Relu"})}


def test_a_graph_in_two_pieces_is_one_graph(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    other = field(1, field(1, b"x") + field(2, b"z") + field(4, b"Neg"))
    path.write_bytes(HEAD + field(7, NODE) + opset(14) + field(7, other))
    assert read(path).required().operators == {("ai.onnx", 14): frozenset({"Relu", "Neg"})}


@pytest.mark.parametrize("name", MODELS)
def test_nothing_but_weights_is_left_out(name: str) -> None:
    model = onnx_model(MODELS[name])
    assert ModelProto.FromString(without_weights(model.SerializeToString())) == model


def test_weights_are_left_out() -> None:
    model = onnx_model(MODELS["cnn"])
    values = numpy_helper.from_array(np.zeros(1 << 16, np.float32), "w")
    kept = TensorProto(name="w", data_type=TensorProto.FLOAT)
    model.graph.initializer.append(values)
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(np.zeros(1 << 10, np.float32), "s"),
        numpy_helper.from_array(np.zeros(1 << 10, np.int64), "i"),
        [1 << 16],
    )
    model.graph.sparse_initializer.append(sparse)
    model.training_info.add().algorithm.initializer.append(values)
    light = ModelProto.FromString(without_weights(model.SerializeToString()))
    assert list(light.graph.initializer) == [kept]
    assert [each.values.name for each in light.graph.sparse_initializer] == ["s"]
    assert light.ByteSize() < 2000
    assert not light.training_info


def test_weights_inside_of_large_nodes_are_left_out() -> None:
    """Constants, and initializers of the graphs in nodes; what is small stays, for it may say which types there are."""
    large = numpy_helper.from_array(np.zeros(1 << 16, np.float32), "w")
    small = numpy_helper.from_array(np.zeros(2, np.float32), "s")
    inner = helper.make_graph([helper.make_node("Constant", [], ["c"], value=large)], "i", [], [], [large])
    nodes = [
        helper.make_node("Constant", [], ["a"], value=large),
        helper.make_node("If", ["b"], ["d"], then_branch=inner),
        helper.make_node("Several", [], ["e"], graphs=[inner], value=small),
        helper.make_node("Constant", [], ["f"], value=small),
    ]
    model = helper.make_model(helper.make_graph(nodes, "g", [], []))
    light = ModelProto.FromString(without_weights(model.SerializeToString()))
    assert light.ByteSize() < 1000
    for node in model.graph.node:
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                for weights in (*graph.initializer, *(each.attribute[0].t for each in graph.node)):
                    weights.ClearField("raw_data")
                    weights.ClearField("dims")
    for field_name in ("raw_data", "dims"):
        model.graph.node[0].attribute[0].t.ClearField(field_name)
    assert light == model


@given(st.binary(max_size=200))
def test_any_bytes_are_a_model_or_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.onnx"
    path.write_bytes(WHOLE + data)
    with suppress(InputError):
        read(path)


@given(st.sampled_from(sorted(MODELS)), st.data())
def test_a_changed_byte_is_a_model_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    whole = bytearray(onnx_model(MODELS[name]).SerializeToString())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.onnx"
    path.write_bytes(whole)
    with suppress(InputError):
        read(path)


def test_a_file_that_is_larger_than_protobuf_allows(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    with path.open("wb") as file:  # a hole, which takes no room
        file.truncate(MAX_SIZE + 1)
    with pytest.raises(InputError, match="has more than 2 GiB"):
        read(path)


def test_files_beside_a_model_are_not_read(tmp_path: Path) -> None:
    model = onnx_model('<ir_version: 8, opset_import: ["": 14]> g (float[2] x) => (y) { y = Add (x, w) }')
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL, dims=[2])
    weights.external_data.add(key="location", value="../../missing.bin")
    model.graph.initializer.append(weights)
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    assert list(read(path).required().types) == [("ai.onnx", "Add")]


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(WHOLE)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(OpselectError) as raised:
        read(path)
    assert str(raised.value) == (
        "reading .onnx models needs the package onnx\n  Install it: pip install 'opselect[onnx]'"
    )
