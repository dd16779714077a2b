"""MetaGraphDefs and SavedModels, binary and text; what is wrong with them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from google.protobuf import text_format

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.choice import choose_meta_graph
from opselect.models.formats import read_graph, read_model
from opselect.models.graph import MetaGraph, Shape, TensorInfo
from opselect.models.proto import message_class, pool
from tests.opselect.graph_text import field, varint

TEXT = """
meta_info_def { tags: "serve" tensorflow_version: "1.15.0" tensorflow_git_version: "v1.15.0" }
graph_def { node { name: "x" op: "Placeholder" } node { name: "init" op: "NoOp" } }
collection_def { key: "legacy_init_op" value { node_list { value: "init" } } }
collection_def { key: "saved_model_assets" value { any_list { value {
  [type.googleapis.com/tensorflow.AssetFileDef] { filename: "words.txt" tensor_info { name: "Const:0" } } } } } }
signature_def { key: "s" value {
  inputs { key: "x" value { name: "x:0" dtype: DT_FLOAT tensor_shape { dim { size: -1 } dim { size: 3 } } } }
  inputs { key: "sparse" value { dtype: DT_INT64 coo_sparse {
    values_tensor_name: "v:0" indices_tensor_name: "i:0" dense_shape_tensor_name: "d:0" } } }
  outputs { key: "ragged" value { composite_tensor { components { name: "a:0" } components { name: "b:1" } } } }
  method_name: "tensorflow/serving/predict" } }
"""


def encoded(text: str = TEXT, message: str = "MetaGraphDef") -> bytes:
    parsed = text_format.Parse(text, message_class(message)(), descriptor_pool=pool())
    return parsed.SerializeToString(deterministic=True)


def written(folder: Path, data: bytes | str, name: str = "model.meta") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize("data", [TEXT, encoded()], ids=["text", "binary"])
def test_a_meta_graph_says_how_it_is_used(tmp_path: Path, data: str | bytes) -> None:
    model = read_model(written(tmp_path, data))
    assert model.format == "meta_graph"
    (meta_graph,) = model.meta_graphs
    assert (meta_graph.tags, meta_graph.tensorflow) == (("serve",), "1.15.0")
    assert meta_graph.initializers == ("init",)
    assert meta_graph.assets == ("words.txt",)
    signature = meta_graph.signatures["s"]
    assert signature.method == "tensorflow/serving/predict"
    assert signature.inputs["x"] == TensorInfo("x:0", DataType.DT_FLOAT, Shape((-1, 3)))
    assert signature.inputs["sparse"].tensors() == ("v:0", "i:0", "d:0")
    assert signature.outputs["ragged"].tensors() == ("a:0", "b:1")


def test_a_graph_def_is_a_meta_graph_without_more(tmp_path: Path) -> None:
    model = read_model(written(tmp_path, 'node { name: "a" op: "NoOp" }', "graph.pbtxt"))
    assert model.format == "graphdef"
    assert choose_meta_graph(model).graph == read_graph(tmp_path / "graph.pbtxt")
    assert model.meta_graphs[0].signatures == {}


def test_only_a_graph_def_is_read_as_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no GraphDef, it is a MetaGraphDef\n.*`opselect freeze`"):
        read_graph(written(tmp_path, encoded()))
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(InputError, match=r"is no GraphDef, it is a SavedModel\n.*`opselect freeze`"):
        read_graph(tmp_path)


def test_a_saved_model_whose_meta_graphs_leave_the_choice_open(tmp_path: Path) -> None:
    graph = 'graph_def { node { name: "x" op: "NoOp" } }'
    text = "".join(f'meta_graphs {{ meta_info_def {{ tags: "{tag}" }} {graph} }}\n' for tag in ("a", "b"))
    (tmp_path / "saved_model.pbtxt").write_text("saved_model_schema_version: 1\n" + text)
    model = read_model(tmp_path)
    assert [each.tags for each in model.meta_graphs] == [("a",), ("b",)]
    with pytest.raises(InputError, match="--tags a or --tags b"):
        choose_meta_graph(model)
    assert read_model(tmp_path, frozenset({"b"})).meta_graphs == model.meta_graphs[1:]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (encoded() + field(5, field(1, b"s2") + field(2, b"\x0a" + varint(2**63))), "'s2': field 1"),
        (encoded() + field(4, b"\x0a" + varint(2**62)), "field 1 is said to have"),
        (encoded() + b"\x12" + varint(2**63), "9,223,372,036,854,775,808 bytes"),
        (encoded() + field(2, field(1, field(1, b"n"))), "node 'n': a node has no op"),
        (field(1, field(5, b"1.15.0")) + field(2, b""), "holds no nodes"),
    ],
)
def test_broken_meta_graphs(tmp_path: Path, data: bytes, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        read_model(written(tmp_path, data))
    assert problem in caught.value.problem


def nested_components(depth: int) -> bytes:
    info = field(1, b"x:0")
    for _ in range(depth):
        info = field(5, field(2, info))
    return encoded() + field(5, field(1, b"deep") + field(2, field(1, field(1, b"x") + field(2, info))))


def test_composite_tensors_nest_only_so_deep(tmp_path: Path) -> None:
    assert read_model(written(tmp_path, nested_components(20))).meta_graphs[0].signatures["deep"].inputs
    with pytest.raises(InputError, match="nested more than 30 deep"):
        read_model(written(tmp_path, nested_components(5_000)))


SAVED = b"\x08\x01" + field(2, encoded())


def graphs_or_problem(path: Path) -> tuple[MetaGraph, ...] | str:
    try:
        return read_model(path).meta_graphs
    except InputError as error:
        return str(error)


def test_a_saved_model_cut_at_every_byte_is_an_error_or_a_smaller_model(tmp_path: Path) -> None:
    path = written(tmp_path, SAVED, "saved_model.pb")
    whole = graphs_or_problem(path)
    for length in range(len(SAVED)):
        path.write_bytes(SAVED[:length])
        found = graphs_or_problem(path)
        assert found != whole
        assert not isinstance(found, str) or found.startswith(str(path))


def test_flipped_bits_are_an_error_or_another_model(tmp_path: Path) -> None:
    chance = random.Random(5)
    path = tmp_path / "saved_model.pb"
    for _ in range(1_500):
        data = bytearray(SAVED)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        found = graphs_or_problem(path)
        assert not isinstance(found, str) or found.startswith(str(path))


def test_a_folder_whose_file_is_no_saved_model(tmp_path: Path) -> None:
    written(tmp_path, 'node { name: "a" op: "NoOp" }', "saved_model.pbtxt")
    with pytest.raises(InputError, match="is no SavedModel, it is a GraphDef"):
        read_model(tmp_path)


def test_a_saved_model_whose_meta_graph_says_nothing_of_itself(tmp_path: Path) -> None:
    graph = field(1, field(1, b"x") + field(2, b"NoOp"))
    written(tmp_path, b"\x08\x01" + field(2, field(2, graph)), "saved_model.pb")
    (meta_graph,) = read_model(tmp_path).meta_graphs
    assert (meta_graph.tags, [node.name for node in meta_graph.graph.nodes]) == ((), ["x"])
