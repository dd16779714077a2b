"""GraphDef files in, graphs out."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.formats import read_graph
from opselect.models.graph import (
    AttrPlaceholder,
    BytesRef,
    FunctionArg,
    FunctionRef,
    Node,
    NodeAttr,
    Shape,
    TensorRef,
    Versions,
)
from opselect.models.proto import message_class
from tests.opselect.graph_text import field, graph_bytes, graph_from_bytes, graph_of, node, varint

ROOT = Path(__file__).parents[4]
MODELS = ROOT / "fixtures" / "models"


def attr_of(value: str) -> NodeAttr:
    return graph_of(node("n", "Op", attrs=f"a: {value}")).nodes[0].attrs["a"]


@pytest.mark.parametrize("name", ["tiny_mobilenet", "functions"])
def test_binary_and_text_give_the_same_graph(name: str) -> None:
    binary = read_graph(MODELS / f"{name}.pb")
    assert binary == read_graph(MODELS / f"{name}.pbtxt")
    assert len(binary.nodes) > 5


def test_the_name_of_the_file_does_not_matter(tmp_path: Path) -> None:
    for source, target in (("tiny_mobilenet.pb", "graph.pbtxt"), ("tiny_mobilenet.pbtxt", "graph.pb")):
        (tmp_path / target).write_bytes((MODELS / source).read_bytes())
        assert read_graph(tmp_path / target) == read_graph(str(MODELS / source))


def plain(value: Any) -> object:
    """What protobuf's own parser says of a value that is a type, number, string or list of them; None for others."""
    kind = value.WhichOneof("value")
    if kind == "list":
        fields = value.list.ListFields()
        return tuple(as_ours(fields[0][0].name, item) for item in fields[0][1]) if fields else ()
    return as_ours(kind, getattr(value, kind))


def as_ours(kind: str, value: Any) -> object:
    if kind == "type":
        return DataType(value)
    if kind == "s":
        return value.decode("utf-8", "surrogateescape")
    return value if kind in ("i", "f", "b") else None


@pytest.mark.parametrize("model", sorted(MODELS.glob("*.pb")), ids=lambda path: path.name)
def test_nodes_and_attrs_are_those_that_protobuf_reads(model: Path) -> None:
    message: Any = message_class("GraphDef").FromString(model.read_bytes())
    graph = read_graph(model)
    pairs: list[tuple[Any, Node]] = list(zip(message.node, graph.nodes, strict=True))
    for theirs, ours in zip(message.library.function, graph.functions, strict=True):
        assert (theirs.signature.name, dict(theirs.ret)) == (ours.name, ours.returns)
        assert dict(theirs.control_ret) == ours.control_returns
        assert [arg.name for arg in theirs.signature.input_arg] == [arg.name for arg in ours.inputs]
        pairs.extend(zip(theirs.node_def, ours.nodes, strict=True))
    for expected, read in pairs:
        assert (expected.name, expected.op, expected.device) == (read.name, read.op, read.device)
        assert tuple(expected.input) == read.inputs
        assert expected.attr.keys() == read.attrs.keys()
        for key, message_value in expected.attr.items():
            value = plain(message_value)
            if value is not None and not (isinstance(value, tuple) and None in value):
                assert read.attrs[key] == value


def test_nodes_of_a_real_model() -> None:
    graph = read_graph(MODELS / "tiny_mobilenet.pb")
    by_name = {node.name: node for node in graph.nodes}
    conv = by_name["MobilenetV2/Conv/Conv2D"]
    assert conv.op == "Conv2D"
    assert conv.inputs == ("MobilenetV2/Conv/Pad", "MobilenetV2/Conv/weights/read")
    assert conv.attrs["T"] is DataType.DT_FLOAT
    assert conv.attrs["strides"] == (1, 2, 2, 1)
    assert conv.attrs["padding"] == "VALID"
    assert conv.attrs["use_cudnn_on_gpu"] is True
    assert by_name["input"].attrs["shape"] == Shape((1, 32, 32, 3))
    assert graph.versions.producer == 1575


def test_functions_of_a_real_model() -> None:
    graph = read_graph(MODELS / "functions.pb")
    double = next(function for function in graph.functions if "double" in function.name)
    assert double.inputs == (FunctionArg("x", DataType.DT_FLOAT),)
    assert double.outputs == (FunctionArg("identity", DataType.DT_FLOAT),)
    assert double.returns == {"identity": "Identity:output:0"}
    assert [(node.name, node.op) for node in double.nodes] == [
        ("twice/y", "Const"),
        ("twice", "Mul"),
        ("Identity", "Identity"),
    ]
    body = next(function for function in graph.functions if "body" in function.name)
    call = next(node for node in body.nodes if node.op == "PartitionedCall")
    assert call.attrs["f"] == FunctionRef(double.name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("type: DT_HALF", DataType.DT_HALF),
        ("type: DT_FLOAT_REF", DataType.DT_FLOAT),
        ("i: -3", -3),
        ("i: 9223372036854775807", 2**63 - 1),
        ("f: 0.5", 0.5),
        ("b: true", True),
        ("b: false", False),
        ('s: "SAME"', "SAME"),
        ('s: "\\377"', "\udcff"),
        ("shape { unknown_rank: true }", Shape(None)),
        ("shape { dim { size: -1 } dim { size: 3 } dim { } }", Shape((-1, 3, 0))),
        ("shape { }", Shape(())),
        ('placeholder: "T"', AttrPlaceholder("T")),
        ('func { name: "f" attr { key: "T" value { type: DT_BOOL } } }', FunctionRef("f", {"T": DataType.DT_BOOL})),
        ("list { }", ()),
        ("list { type: DT_FLOAT type: DT_INT64 }", (DataType.DT_FLOAT, DataType.DT_INT64)),
        ("list { i: 1 i: -1 i: 300 }", (1, -1, 300)),
        ("list { f: 1.5 f: -2 }", (1.5, -2.0)),
        ("list { b: true b: false }", (True, False)),
        ('list { s: "a" s: "b" }', ("a", "b")),
        ("list { shape { dim { size: 2 } } shape { unknown_rank: true } }", (Shape((2,)), Shape(None))),
        ('list { func { name: "f" } func { name: "g" } }', (FunctionRef("f"), FunctionRef("g"))),
    ],
)
def test_attr_values(text: str, value: NodeAttr) -> None:
    read = attr_of(text)
    assert read == value
    assert type(read) is type(value)


def test_lists_may_be_packed_or_not() -> None:
    def attr(list_value: bytes) -> NodeAttr:
        entry = field(1, b"a") + field(2, field(1, list_value))
        data = field(1, field(1, b"n") + field(2, b"Op") + field(5, entry))
        return graph_from_bytes(data).nodes[0].attrs["a"]

    assert attr(b"\x18\x01\x18\x02") == attr(b"\x1a\x02\x01\x02") == (1, 2)
    assert attr(b"\x30\x01\x30\x03") == attr(b"\x32\x02\x01\x03") == (DataType.DT_FLOAT, DataType.DT_INT32)
    assert attr(b"\x25\0\0\x80\x3f\x25\0\0\0\x40") == attr(b"\x22\x08\0\0\x80\x3f\0\0\0\x40") == (1.0, 2.0)


def test_an_attr_without_a_value_counts_as_absent() -> None:
    assert graph_of(node("n", "Op", attrs="a: ; b: i: 1")).nodes[0].attrs == {"b": 1}


def test_tensors_stay_in_the_file(tmp_path: Path) -> None:
    tensor = 'tensor { dtype: DT_FLOAT tensor_shape { dim { size: 2 } } tensor_content: "abcdefgh" }'
    path = tmp_path / "g.pb"
    path.write_bytes(graph_bytes(node("w", "Const", attrs=f"value: {tensor}; dtype: type: DT_FLOAT")))
    value = read_graph(path).nodes[0].attrs["value"]
    assert isinstance(value, TensorRef)
    assert path.read_bytes()[value.offset :][: value.length] == value.read()
    message: Any = message_class("TensorProto").FromString(value.read())
    assert message.tensor_content == b"abcdefgh"


def test_a_tensor_equals_another_with_the_same_bytes() -> None:
    one, same, other = (attr_of(f"tensor {{ int_val: {number} }}") for number in (1, 1, 2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other


def test_long_strings_stay_in_the_file(tmp_path: Path) -> None:
    engine = "x" * 70_000
    path = tmp_path / "g.pb"
    path.write_bytes(graph_bytes(node("n", "TRTEngineOp", attrs=f'serialized_segment: s: "{engine}"')))
    value = read_graph(path).nodes[0].attrs["serialized_segment"]
    assert isinstance(value, BytesRef)
    assert value.read() == engine.encode()


def test_a_tensor_of_a_file_that_changed_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "g.pb"
    path.write_bytes(graph_bytes(node("w", "Const", attrs="value: tensor { int_val: 1 }")))
    value = read_graph(path).nodes[0].attrs["value"]
    assert isinstance(value, TensorRef)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InputError, match="changed"):
        value.read()
    path.unlink()
    with pytest.raises(InputError, match="No such file"):
        value.read()


def test_a_graph_can_be_sent_to_another_process() -> None:
    graph = read_graph(MODELS / "functions.pb")
    assert pickle.loads(pickle.dumps(graph)) == graph


def test_versions_and_gradients() -> None:
    graph = graph_of(
        "versions { producer: 27 min_consumer: 12 bad_consumers: 3 bad_consumers: 4 }"
        'library { gradient { function_name: "f" gradient_func: "f_grad" } }' + node("n", "NoOp")
    )
    assert graph.versions == Versions(27, 12, (3, 4))
    assert graph.gradients == {"f": "f_grad"}


def test_the_version_field_of_old_graphs() -> None:
    assert graph_of("version: 7").versions == Versions(7)


def test_fields_of_newer_releases_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "g.pbtxt"
    path.write_text('node { name: "n" op: "NoOp" experimental_type { type_id: TFT_PRODUCT } }\ndebug_info { x: 1 }\n')
    text = read_graph(path)
    path.write_bytes(b"\n\x12\n\x01n\x12\x04NoOp\x3a\x07\x08\x02\x12\x03abc\x2a\x01x")
    assert text == read_graph(path)
    assert [(n.name, n.op) for n in text.nodes] == [("n", "NoOp")]


def test_text_with_comments_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "g.pbtxt"
    path.write_text('\ufeff# a graph\nnode {\n  name: "é"  # accent\n  op: "NoOp"\n}\n', encoding="utf-8")
    assert [n.name for n in read_graph(path).nodes] == ["é"]


def run_python(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_a_binary_graph_is_read_without_protobuf() -> None:
    program = (
        "import sys; from opselect.models.formats import read_graph; import opselect.requirements.collect;"
        "read_graph(sys.argv[1]); print('google.protobuf' in sys.modules, 'numpy' in sys.modules)"
    )
    assert run_python(program, str(MODELS / "tiny_mobilenet.pb")) == "False False\n"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
def test_weights_are_not_paged_in(tmp_path: Path) -> None:
    size = 400 << 20
    content = b"\x22" + varint(size)
    tensor_size = len(content) + size
    value_head = b"\x42" + varint(tensor_size)
    value_size = len(value_head) + tensor_size
    entry_head = b"\n\x05value\x12" + varint(value_size)
    entry_size = len(entry_head) + value_size
    node_head = b"\n\x01w\x12\x05Const\x2a" + varint(entry_size)
    path = tmp_path / "weights.pb"
    with path.open("wb") as file:
        file.write(b"\n" + varint(len(node_head) + entry_size) + node_head + entry_head + value_head + content)
        file.seek(size, 1)
        file.write(graph_bytes(node("last", "NoOp")))
    program = """
import sys
from opselect.models.formats import read_graph
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
before = peak()
graph = read_graph(sys.argv[1])
print(graph.nodes[-1].name, graph.nodes[0].attrs["value"].length, peak() - before)
"""
    last, length, kilobytes = run_python(program, str(path)).split()
    assert (last, int(length)) == ("last", tensor_size)
    assert int(kilobytes) < 20_000
