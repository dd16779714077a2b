"""Hostile ``.onnx`` files by what is wrong with them, the same each time: none of them can be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

from onnx import ModelProto, helper

from opselect.models.formats.wire import LENGTH, VARINT, tag
from opselect.models.formats.wire_writer import varint
from tests.opselect.archive_files import zip_bytes
from tests.opselect.graph_text import graph_bytes, node
from tests.opselect.onnx_models import MODELS, onnx_model

FIXTURES = Path(__file__).parents[2] / "fixtures"
DEEP = 2_000


def field(number: int, content: bytes) -> bytes:
    """A field with bytes."""
    return varint(tag(number, LENGTH)) + varint(len(content)) + content


def number_field(number: int, value: int) -> bytes:
    """A field with a number."""
    return varint(tag(number, VARINT)) + varint(value & ((1 << 64) - 1))


def opset(version: int, domain: bytes = b"") -> bytes:
    """An import of a model."""
    return field(8, field(1, domain) + number_field(2, version))


NODE = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu"))
GRAPH = field(7, NODE)
HEAD = number_field(1, 8)
WHOLE = HEAD + GRAPH + opset(14)


def cut_short() -> Iterator[bytes]:
    """Cut anywhere inside the graph: what is left of the file is no message."""
    whole = HEAD + opset(14) + field(7, NODE * 20)
    yield from (whole[:end] for end in range(len(HEAD + opset(14)) + 1, len(whole), 5))
    long = onnx_model(MODELS["cnn"]).SerializeToString()
    yield from (long[:end] for end in (3, 20, 100, 200))


def no_graph() -> Iterator[bytes]:
    yield from (HEAD, HEAD + opset(14), opset(14), HEAD + field(2, b"somebody"))


def opsets() -> Iterator[bytes]:
    yield HEAD + GRAPH
    yield from (HEAD + GRAPH + opset(version) for version in (0, -1, -(1 << 63), 1 << 31, 1 << 40, (1 << 63) - 1))
    yield HEAD + GRAPH + opset(14) + opset(0, b"my")
    yield from (HEAD + GRAPH + opset(14, domain) for domain in (b"my", b"ai.onnx.ml"))
    yield HEAD + GRAPH + opset(14, b"\xff\xfe")


def names() -> Iterator[bytes]:
    for name in (b"", b"a,b", b"a;b", b"a{b", b"}", b"a b", b"a\nb", b"a\0", b"#a", b"!a", "\u202e".encode(), b"\xff"):
        yield HEAD + field(7, field(1, field(4, name))) + opset(14)
        if name:
            yield HEAD + field(7, field(1, field(4, b"A") + field(7, name))) + opset(14) + opset(1, name)


def nested(levels: int) -> bytes:
    """Graphs in attributes of nodes of graphs."""
    graph = NODE[2:]
    for _ in range(levels):
        graph = field(1, field(4, b"If") + field(5, field(1, b"g") + field(6, graph) + number_field(20, 5)))
    return HEAD + field(7, graph) + opset(14)


def deep() -> Iterator[bytes]:
    yield from (nested(levels) for levels in (40, 100, 400))
    yield HEAD + field(7, field(1, b"\x2a\xff\xff\xff\x7f")) + opset(14)
    text = '<ir_version: 8, opset_import: ["my": 1]> g (float[2] x) => (y) { y = my.F0 (x) }'
    chain = onnx_model(text)
    for number in range(DEEP):
        call = helper.make_node(f"F{number + 1}", ["a"], ["b"], domain="my")
        chain.functions.append(
            helper.make_function("my", f"F{number}", ["a"], ["b"], [call], [helper.make_opsetid("my", 1)])
        )
    yield chain.SerializeToString()


def functions() -> Iterator[bytes]:
    head = '<ir_version: 8, opset_import: ["": 14, "my": 1]> g (float[2] x) => (y) { y = my.F (x) }'
    for body in (
        '<domain: "my", opset_import: ["my": 1]> F (a) => (b) { b = my.F (a) }',
        '<domain: "my", opset_import: ["my": 1]> F (a) => (b) { b = Neg (a) }',
        '<domain: "my", opset_import: ["": -1]> F (a) => (b) { b = Neg (a) }',
        '<domain: "my", opset_import: ["": 14]> F (a) => (b) { b = others.G (a) }',
    ):
        yield onnx_model(head + body).SerializeToString()
    twice = onnx_model(head + '<domain: "my", opset_import: ["": 14]> F (a) => (b) { b = Neg (a) }')
    twice.functions.append(twice.functions[0])
    yield twice.SerializeToString()
    attribute = onnx_model(head)
    attribute.graph.node[0].domain = "nowhere"
    yield attribute.SerializeToString()


def other_kinds() -> Iterator[bytes]:
    yield from (b"\0", b"\x08", b"\n", b" ", b"x", b"# nothing", b"\x1f\x8b", b"\x89PNG\r\n\x1a\n" + bytes(20))
    yield (FIXTURES / "models" / "flex_ops.tflite").read_bytes()
    yield (FIXTURES / "models" / "tiny_mobilenet.pb").read_bytes()
    yield (FIXTURES / "models" / "tiny_mobilenet.pbtxt").read_bytes()
    yield graph_bytes(node("a", "Relu"))
    yield b"".join(path.read_bytes() for path in sorted((FIXTURES / "saved_models").rglob("saved_model.pb"))[:1])
    yield zip_bytes({"notes.txt": b"nothing"})
    yield MODELS["cnn"].encode()
    yield b"ai.onnx;14;Relu\n"
    yield b"version https://git-lfs.github.com/spec/v1\n"
    yield b"\x10\0\0\0ORTM" + bytes(40)
    yield b"<!doctype html><title>404</title>"
    yield ModelProto().SerializeToString() + b"\x00" * 16


def wrong_wire_types() -> Iterator[bytes]:
    """Fields of a model that are something else than it has there, and garbage."""
    for number in (7, 8):
        yield HEAD + number_field(number, 5) + (opset(14) if number == 7 else GRAPH)
    yield from (HEAD + bytes([7 << 3 | wire_type]) + GRAPH for wire_type in (3, 4, 6, 7))
    yield HEAD + field(7, b"\xff" * 11) + opset(14)
    yield HEAD + field(7, field(5, b"\xff" * 11)) + opset(14)
    yield HEAD + field(7, field(15, field(1, b"\x0a\x7f"))) + opset(14)
    random = Random(5)
    yield from (random.randbytes(size) for size in (16, 64, 256, 1024, 4096))


KINDS = (cut_short, no_graph, opsets, names, deep, functions, other_kinds, wrong_wire_types)

HOSTILE: Mapping[str, tuple[bytes, ...]] = {kind.__name__: tuple(kind()) for kind in KINDS}
"""By kind."""
