"""Files that are no graph, or a broken one: one error with a place and advice, never a traceback."""

from __future__ import annotations

import os
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.models.formats import read_graph
from opselect.models.graph import Graph
from opselect.requirements.as_json import requirements_json
from opselect.requirements.collect import collect_requirements
from tests.opselect.graph_text import field, graph_bytes, node, varint

MODELS = Path(__file__).parents[4] / "fixtures" / "models"


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read_graph(path)
    assert caught.value.place.path == str(path)
    assert "\n" not in str(caught.value).partition("\n  ")[0]
    return caught.value


def refused_bytes(folder: Path, data: bytes, name: str = "model.pb") -> InputError:
    path = folder / name
    path.write_bytes(data)
    return refused(path)


def test_empty_file(tmp_path: Path) -> None:
    assert "empty" in refused_bytes(tmp_path, b"").problem


def test_missing_file(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "nothing.pb").problem


def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "secret.pb"
    path.write_bytes(b"\n\x02\n\x00")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    assert "Permission denied" in refused(path).problem


def test_name_that_is_no_path() -> None:
    with pytest.raises(InputError, match="is no path"):
        read_graph("a\0b")


def test_device_instead_of_a_file() -> None:
    assert "no regular file" in refused(Path(os.devnull)).problem


def test_folder(tmp_path: Path) -> None:
    error = refused(tmp_path)
    assert error.problem == "is a folder"
    assert "SavedModel" in error.advice


@pytest.mark.parametrize(
    ("inside", "what"), [("saved_model.pb", "a SavedModel"), ("checkpoint", "a checkpoint folder")]
)
def test_folder_that_is_recognized(tmp_path: Path, inside: str, what: str) -> None:
    (tmp_path / inside).write_bytes(b"x")
    error = refused(tmp_path)
    assert what in error.problem
    assert error.advice


def meta_graph() -> bytes:
    op_list = field(1, field(1, b"NoOp"))
    info = field(2, op_list) + field(4, b"serve") + field(5, b"1.15.0") + field(6, b"v1.15.0-rc3-22-g590d6eef7e")
    return field(1, info) + field(2, graph_bytes(node("n", "NoOp")))


ONNX = b"\x08\x08" + field(2, b"pytorch") + field(3, b"2.1") + field(7, field(2, b"main"))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "JPEG"),
        (b"\x89HDF\r\n\x1a\n\0\0\0\0", "HDF5"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "gzip"),
        (b"\x1c\0\0\0TFL3\x14\0\x20\0", "TensorFlow Lite"),
        (b"\x7fELF\x02\x01\x01\0", "ELF"),
        (b"\x20\0\0\0ORTM\0\0\0\0", "ONNX Runtime's own format (.ort)"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a file of PyTorch"),
        (b"\x02\0\0\0\0\0\0\0{}", "safetensors"),
        (b'\x11\0\0\0\0\0\0\0{"__metadata__":{}', "safetensors"),
        (b"# from a build\nai.onnx;11,12;Add\n", "a configuration of ONNX Runtime"),
        (b"\0" * 257 + b"ustar\x0000", "tar archive"),
        (b"\0" * 60 + bytes.fromhex("57fb808b247547db"), "checkpoint"),
        (b"\x08\x01" + field(2, meta_graph()), "SavedModel"),
        (meta_graph(), "MetaGraphDef"),
        (ONNX, "ONNX"),
        ("node {}".encode("utf-16"), "UTF-16"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n", "Git LFS"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "web page"),
        (b'{"format": "layers-model"}', "JSON"),
        (b'# saved\nmeta_info_def { tags: "serve" }\ngraph_def { }', "MetaGraphDef"),
        (b"saved_model_schema_version: 1\nmeta_graphs { }", "SavedModel"),
        (b'model_checkpoint_path: "model.ckpt-1"\n', "checkpoint state"),
        (b'filename_tensor_name: "save/Const:0"\nversion: V2\n', "SaverDef"),
    ],
)
def test_other_files_are_recognized_by_content(tmp_path: Path, data: bytes, what: str) -> None:
    error = refused_bytes(tmp_path, data)
    assert what in error.problem
    assert error.advice


def test_a_number_that_is_longer_than_the_file_begins_no_safetensors(tmp_path: Path) -> None:
    assert "safetensors" not in refused_bytes(tmp_path, b"\x03\0\0\0\0\0\0\0{}").problem


def test_zip(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    assert "zip" in refused(path).problem


def test_text_that_is_no_graph_has_line_and_column(tmp_path: Path) -> None:
    error = refused_bytes(tmp_path, b'node {\n  name: "a"\n  op "NoOp"\n}\n')
    assert error.place.line == 3
    assert "column 6" in error.problem


@pytest.mark.parametrize("text", [b"hello: 1\n", b"# only a comment\n", b"\n\n", b"versions { producer: 3 }"])
def test_text_without_nodes(tmp_path: Path, text: bytes) -> None:
    assert refused_bytes(tmp_path, text).advice


@pytest.mark.parametrize(
    "text",
    [
        b'node { name: "a" op: "NoOp" attr { key: "T" value { type: DT_NEVER } } }',
        b'node { name: "a" op: "NoOp" attr { key: "T" value { type: 77 } } }',
        b'node { name: "a" op: "NoOp" attr { key: "T" value { i: 99999999999999999999 } } }',
        b'node { name: "\\377" op: "NoOp" }',
        b'node { op: "NoOp" }',
        b'node { name: "a" }',
        b'node { name: "\xff" }',
        b"node {" * 5000,
        b"node { x {" * 5000,
        b'node { name: "a" op: "b" attr { key: "f" value {' + b'func { attr { key: "f" value {' * 60 + b"}}}" * 61,
    ],
)
def test_broken_text(tmp_path: Path, text: bytes) -> None:
    refused_bytes(tmp_path, text)


def attr_node(value: bytes) -> bytes:
    return field(1, field(1, b"n") + field(2, b"Op") + field(5, field(1, b"a") + field(2, value)))


def nested(depth: int) -> bytes:
    value = b""
    for _ in range(depth):
        value = field(10, field(2, field(1, b"f") + field(2, value)))
    return value


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\n" + varint(2**63) + b"abc", "9,223,372,036,854,775,808 bytes"),
        (attr_node(b"\x42" + varint(2**63)), "node 'n': field 8"),
        (attr_node(b"\x18" + b"\xff" * 11), "longer than ten bytes"),
        (attr_node(b"\x18\xff"), "cut off"),
        (attr_node(b"\x25\0\0"), "cut off"),
        (attr_node(b"\x1b"), "wire type 3"),
        (attr_node(b"\x1c"), "wire type 4"),
        (attr_node(b"\x1e"), "wire type 6"),
        (attr_node(b"\x02\x01x"), "0 is no field number"),
        (attr_node(b"\x30\x4d"), "77 is no data type"),
        (attr_node(b"\x30" + varint(2**64 - 1)), "-1 is no data type"),
        (attr_node(field(1, field(4, b"abc"))), "floats of 3 bytes"),
        (attr_node(nested(500)), "nested more than"),
        (field(1, field(1, b"\xff") + field(2, b"Op")), "UTF-8"),
        (field(1, field(1, b"x" * 100_000)), "a name of 100,000 bytes"),
        (field(1, field(2, b"Op")), "no name"),
        (field(1, field(1, b"n" * 5) + field(4, b"\x00")), "no op"),
        (field(2, field(1, field(3, field(1, b"n") + field(2, b"Op")))), "function has no name"),
    ],
)
def test_broken_binary(tmp_path: Path, data: bytes, problem: str) -> None:
    error = refused_bytes(tmp_path, graph_bytes(node("first", "NoOp")) + data)
    assert problem in error.problem
    assert error.place.byte is not None
    assert error.place.byte >= len(graph_bytes(node("first", "NoOp")))


def test_very_deep_nesting_is_refused_without_recursing(tmp_path: Path) -> None:
    assert "nested more than" in refused_bytes(tmp_path, attr_node(nested(20_000))).problem


def test_too_long_lists_are_refused_without_building_them(tmp_path: Path) -> None:
    packed = attr_node(field(1, field(3, b"\1" * 11_000_000)))
    single = attr_node(field(1, b"\x18\1" * 1_000_001))
    assert "list attr" in refused_bytes(tmp_path, packed).problem
    assert "list attr" in refused_bytes(tmp_path, single).problem


def test_truncated_graph_says_where(tmp_path: Path) -> None:
    whole = (MODELS / "tiny_mobilenet.pb").read_bytes()
    error = refused_bytes(tmp_path, whole[:40_000])
    assert "truncated after" in error.problem
    assert error.place.byte is not None
    assert 30_000 < error.place.byte < 40_000
    assert "cut short" in error.advice


def test_a_graph_cut_at_any_byte_is_an_error_or_the_nodes_before_the_cut(tmp_path: Path) -> None:
    source = MODELS / "while_v1.pb"
    nodes = read_graph(source).nodes
    path = tmp_path / "cut.pb"
    fine = 0
    for length in range(1, source.stat().st_size):
        path.write_bytes(source.read_bytes()[:length])
        graph = survivor(path)
        if graph is not None:
            fine += 1
            assert graph.nodes == nodes[: len(graph.nodes)]
    assert fine <= len(nodes)


def survivor(path: Path) -> Graph | None:
    """The graph; None where reading it, or finding out what it needs, is a proper error."""
    try:
        graph = read_graph(path)
        requirements_json(collect_requirements(graph, "model", index=None))
    except InputError:
        return None
    return graph


@pytest.mark.parametrize("name", ["functions.pb", "while_v1.pb", "training.pb"])
def test_flipped_bits(tmp_path: Path, name: str) -> None:
    whole = (MODELS / name).read_bytes()
    choose = random.Random(name)
    path = tmp_path / "model.pb"
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(choose.choice((1, 1, 3))):
            data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
        path.write_bytes(data)
        survivor(path)


@pytest.mark.parametrize("name", ["functions.pbtxt"])
def test_changed_text(tmp_path: Path, name: str) -> None:
    whole = (MODELS / name).read_bytes()
    choose = random.Random(name)
    path = tmp_path / "model.pbtxt"
    for _ in range(60):
        data = bytearray(whole)
        place = choose.randrange(len(data))
        data[place : place + choose.randrange(3)] = choose.choice((b"", b"{", b"}", b'"', b"-1", b"\xff", b"\0"))
        path.write_bytes(data)
        survivor(path)


@given(data=st.binary(max_size=200))
@settings(deadline=None, max_examples=150)
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "model"
    path.write_bytes(data)
    survivor(path)


@given(
    text=st.lists(st.sampled_from([*'{}:<>[]"\\/#,;\n\0\x12 0é', "node", "name", "op", "attr"]), max_size=60).map(
        "".join
    )
)
@settings(deadline=None, max_examples=150)
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "model"
    path.write_text(text, encoding="utf-8")
    survivor(path)


messages = st.recursive(
    st.binary(max_size=6),
    lambda inner: st.lists(
        st.one_of(
            st.builds(field, st.integers(1, 10), inner),
            st.builds(lambda n, v: varint(n << 3) + varint(v), st.integers(1, 10), st.integers(0, 2**64 - 1)),
        ),
        max_size=4,
    ).map(b"".join),
    max_leaves=12,
)


@given(data=messages)
@settings(deadline=None, max_examples=200)
def test_any_message(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "model"
    path.write_bytes(field(1, field(1, b"n") + field(2, b"\x01p") + data) + data)
    survivor(path)
