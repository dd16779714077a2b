"""Hostile ``.tflite`` files by what is wrong with them: some two hundred, the same each time."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import tflite
from flatbuffers import flexbuffers

from tests.opselect.archive_files import zip_bytes
from tests.opselect.graph_text import graph_bytes, node
from tests.opselect.odd_tflite import COS, FLOAT, behind, cos, cos_of, model, op, table, text, vector
from tests.opselect.tflite_files import (
    BUILTIN,
    Code,
    Op,
    Signature,
    Subgraph,
    Tensor,
    flex_options,
    tflite_bytes,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "tflite"
CONVERTED = (FIXTURES / "flex_calls.tflite").read_bytes()
LOOP = tflite_bytes(
    Subgraph((Tensor("x"),), (Op(BUILTIN.WHILE, (0,), (0,), calls=(1, 2)), op("Cos")), (0,), (0,)),
    Subgraph((Tensor("x"),), (Op(BUILTIN.LESS, (0,), (0,)),), (0,), (0,), "condition"),
    Subgraph((Tensor("x"),), (Op("Mine", (0,), (0,)), op("Sin")), (0,), (0,), "body"),
    signatures=(Signature("run", {"x": 0}, {"y": 0}),),
    metadata=("min_runtime_version",),
)
HUGE = (0, 1, 3, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
MAX_UNION = 255
DEEP = 2_000


def put(data: bytes, place: int, number: int, form: str = "<I") -> bytes:
    """The data with another number at a place."""
    changed = bytearray(data)
    struct.pack_into(form, changed, place, number & ((1 << 8 * struct.calcsize(form)) - 1))
    return bytes(changed)


def cut_short() -> Iterator[bytes]:
    for whole in (CONVERTED, LOOP):
        yield from (whole[: len(whole) * part // 15] for part in range(15))


def offsets() -> Iterator[bytes]:
    """Numbers at many places, most of which are offsets, lead out of the file or to themselves."""
    random = Random("offsets")
    for number in HUGE:
        yield put(LOOP, 0, number)
        for _ in range(4):
            yield put(LOOP, random.randrange(8, len(LOOP) - 4) & ~3, number)


def counts() -> Iterator[bytes]:
    """Lists that claim more elements than there are; those of tables, of numbers, and the bytes of options."""
    lists = model(*(op("Cos") for _ in range(11)), codes=tuple(Code(9, 9) for _ in range(13)))
    for count in (11, 13):
        place = lists.index(struct.pack("<I", count))
        yield from (put(lists, place, number) for number in HUGE[2:])
    options = flex_options("Cos", COS)
    whole = cos(options)
    place = whole.index(struct.pack("<I", len(options)) + options)
    yield from (put(whole, place, number) for number in (*HUGE, len(options) + 1, len(options) - 1))


def field_lists() -> Iterator[bytes]:
    """Each table begins with the distance to the list of its fields, which may lie on both sides of it."""
    (root,) = struct.unpack_from("<I", LOOP)
    fields = root - struct.unpack_from("<i", LOOP, root)[0]
    for distance in (0, 1, -1, root, -root, len(LOOP), 1 << 30, -(1 << 31)):
        yield put(LOOP, root, distance)
    for place in range(fields, min(fields + 20, root), 2):
        yield put(LOOP, place, 0xFFFF, "<H")
    yield put(LOOP, fields, 0, "<H")
    yield put(LOOP, fields, 3, "<H")


def unions() -> Iterator[bytes]:
    """Options of another kind than the field beside them says, and of none."""
    composite = tflite_bytes(Subgraph(operators=(Op(BUILTIN.STABLEHLO_COMPOSITE, calls=(0,)), op("Cos"))))
    kinds = (tflite.BuiltinOptions.WhileOptions, tflite.BuiltinOptions2.StableHLOCompositeOptions)
    for whole, kind in zip((LOOP, composite), kinds, strict=True):
        for place in (place for place, byte in enumerate(whole) if byte == kind):
            yield from (put(whole, place, other, "<B") for other in (0, 1, 92, 103, MAX_UNION))


def cycles() -> Iterator[bytes]:
    """Subgraphs that run themselves and each other."""
    yield tflite_bytes(Subgraph(operators=(Op(BUILTIN.IF, calls=(0, 0)),)))
    yield tflite_bytes(Subgraph(operators=(Op(BUILTIN.CALL_ONCE, calls=(0,)), op("Cos"))))
    yield tflite_bytes(*(Subgraph(operators=(Op(BUILTIN.WHILE, calls=(1, 0)), op("Cos"))) for _ in range(2)))
    yield model(op("PartitionedCall", 'f: func { name: "main" }'))
    yield tflite_bytes(Subgraph(operators=(op("StatefulPartitionedCall", 'f: func { name: "s" }'),), name="s"))


def indices() -> Iterator[bytes]:
    """Numbers of operators, tensors, buffers and subgraphs that are not there."""
    whole = tflite_bytes(Subgraph(operators=(Op("Foo"), Op(BUILTIN.ADD))))
    (root,) = struct.unpack_from("<I", whole)
    fields = root - struct.unpack_from("<i", whole, root)[0]
    # Without a table of operators: the field is not there.
    yield put(whole, fields + 6, 0, "<H")
    yield put(whole, fields + 8, 0, "<H")
    for number in (1, 1 << 20, -1, -2):
        yield tflite_bytes(Subgraph(outputs=(number,)))
        yield tflite_bytes(Subgraph((Tensor("t"),), (Op(BUILTIN.ADD, (number,)),)))
        yield tflite_bytes(Subgraph(operators=(Op(BUILTIN.IF, calls=(0, number)),)))
    for number in (1, 1 << 31, (1 << 32) - 1):
        yield tflite_bytes(Subgraph((Tensor("t", buffer=number),)))
        yield tflite_bytes(Subgraph(), signatures=(Signature("s", {}, {}, subgraph=number),))
    place = whole.index(struct.pack("<I", 2)) + 4
    yield from (put(whole, place, number) for number in HUGE)
    yield table(Code(BUILTIN.CUSTOM))


def flex_buffers() -> Iterator[bytes]:
    """Options that are no vector of a name and a NodeDef, or claim to be longer than they are."""
    options = flex_options("Cos", COS)
    yield from (cos(options[:length]) for length in range(1, len(options), 4))
    yield from (cos(put(options, -place, number, "<B")) for place in range(1, 6) for number in (0, 0x7F, 0xFF))
    random = Random("options")
    yield from (cos(random.randbytes(length)) for length in (1, 2, 3, 8, 60, 1000))
    builder = flexbuffers.Builder()
    for _ in range(100):
        builder._StartVector()
    for start in range(99, -1, -1):
        builder._EndVector(start, False, False)
    yield cos(bytes(builder.Finish()))
    yield cos(vector(text(b"Cos"), text(COS)) * 3)
    yield behind(None, size=1 << 30)
    yield behind(None, size=(1 << 64) - 1)


def nested(depth: int) -> bytes:
    """An attr with a function with an attr with a function, and so on."""
    inner = b""
    for _ in range(depth):
        entry = b"\x0a\x01a" + sized(2, sized(10, inner))
        inner = b"\x0a\x01f" + sized(2, entry)
    return sized(5, b"\x0a\x01a" + sized(2, sized(10, inner)))


def sized(field: int, data: bytes) -> bytes:
    length, size = bytearray(), len(data)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([field << 3 | 2]) + bytes(length) + bytes([size]) + data


def node_defs() -> Iterator[bytes]:
    yield from (cos_of(COS[:length]) for length in range(1, len(COS), 3))
    yield cos_of(COS + nested(50))
    yield cos_of(COS + nested(DEEP))
    yield cos_of(COS + b"\x2a" + b"\xff" * 9 + b"\x01")
    yield cos_of(COS + b"\x2a" + b"\x80" * 20)
    yield cos_of(b"\x12\x00" + COS.replace(b"Cos", b"C\x1b["))
    yield cos_of(sized(2, b"Cos" * 100_000))
    yield cos_of(sized(2, b"Cos\n\x1b[31m\xe2\x80\xae"))
    yield cos_of(COS + sized(5, b"\x0a\x01T" + sized(2, b"\x30\xff\xff\xff\xff\x0f")))
    yield cos_of(COS * 500)


def other_formats() -> Iterator[bytes]:
    yield b""
    yield b"TFL3"
    yield b"\0\0\0\0TFL2" + LOOP[8:]
    yield graph_bytes(node("n", "Cos", attrs=FLOAT))
    yield b'{"version": 3, "operator_codes": []}'
    yield b'node { name: "n" op: "Cos" }\n' * 50
    yield b"<!DOCTYPE html><html><head><title>404</title></head></html>"
    yield b"version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 12345\n"
    yield zip_bytes({"a.txt": b"text"})
    yield gzip.compress(LOOP)
    yield b"\x7fELF" + bytes(200)
    yield bytes(1000)
    yield LOOP[4:]
    yield b"\xef\xbb\xbf" + LOOP


def junk() -> Iterator[bytes]:
    """What has the identifier and nothing else of a model."""
    random = Random("junk")
    for length in (0, 1, 4, 7, 40, 40, 400, 400, 4000, 4000):
        yield struct.pack("<I", 8) + b"TFL3" + random.randbytes(length)
    yield struct.pack("<I", 20) + b"TFL3" + bytes(100)
    yield struct.pack("<I", 8) + b"TFL3" + b"\xff" * 100


def names() -> Iterator[bytes]:
    """What is printed of a file must not act on a terminal, be the names in it what they will."""
    for name in ("\x1b[31mred", "a\nb", "\u202eback", "x" * 300_000, "\0", "; rm -rf ~", '"); system("', "$(id)", "*/"):
        yield model(Op(name))
        yield model(Op(f"Flex{name}", options=flex_options("Cos", COS)))
    yield model(Op("Foo")).replace(b"Foo", b"F\xff\xc3")


HOSTILE: Mapping[str, tuple[bytes, ...]] = {
    make.__name__: tuple(make())
    for make in (
        cut_short,
        offsets,
        counts,
        field_lists,
        unions,
        cycles,
        indices,
        flex_buffers,
        node_defs,
        other_formats,
        junk,
        names,
    )
}
