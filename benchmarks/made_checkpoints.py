"""Checkpoints that benchmarks write without TensorFlow: one of 3,000 variables, and the variables of a VGG16."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import google_crc32c
import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.graphdef_writer import write_graph
from opselect.models.formats.wire_writer import varint
from opselect.models.graph import Graph, Node, Shape

VARIABLES = 3000
COLUMNS = 1024
ROWS = 170
LARGE = "tower/dense_250/kernel/Adam_1"
LARGE_ROWS = 25_000
BLOCK = 1 << 18
MAGIC = bytes.fromhex("57fb808b247547db")

CONVOLUTIONS = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
DENSE = (25088, 4096, 4096, 1000)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def masked(crc: int) -> bytes:
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFF_FFFF)


def sealed(content: bytes) -> bytes:
    return content + b"\0" + masked(google_crc32c.value(content + b"\0"))


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A block that writes every key in full."""
    out = bytearray()
    restarts = []
    for key, value in entries:
        restarts.append(len(out))
        out += b"\0" + varint(len(key)) + varint(len(value)) + key + value
    return bytes(out) + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def write_table(path: Path, entries: list[tuple[bytes, bytes]]) -> None:
    out = bytearray()
    index: list[tuple[bytes, bytes]] = []
    held: list[tuple[bytes, bytes]] = []
    for number, entry in enumerate(entries, 1):
        held.append(entry)
        if number == len(entries) or sum(len(key) + len(value) for key, value in held) > BLOCK:
            content = block(held)
            index.append((entry[0], varint(len(out)) + varint(len(content))))
            out += sealed(content)
            held = []
    start, content = len(out), block(index)
    handles = varint(0) + varint(0) + varint(start) + varint(len(content))
    path.write_bytes(bytes(out) + sealed(content) + handles.ljust(40, b"\0") + MAGIC)


def names() -> list[str]:
    """Names as an optimizer's slots make them, three of which belong to one variable."""
    slots = ("kernel", "kernel/Adam", "kernel/Adam_1", "bias", "bias/Adam", "bias/Adam_1")
    return sorted(f"tower/dense_{number}/{slot}" for number in range(VARIABLES // len(slots)) for slot in slots)


def write_large_checkpoint(prefix: Path) -> None:
    """Variables of zeros, but for the large one, whose bytes are really there."""
    zeros = google_crc32c.value(bytes(ROWS * COLUMNS * 4))
    entries = [(b"", b"\x08\x01\x1a\x02\x08\x01")]
    offset = 0
    with prefix.with_name(f"{prefix.name}.data-00000-of-00001").open("wb") as file:
        for name in names():
            rows, crc = (LARGE_ROWS, 0) if name == LARGE else (ROWS, zeros)
            size = rows * COLUMNS * 4
            if name == LARGE:
                data = np.random.default_rng(1).bytes(size)
                file.seek(offset)
                file.write(data)
                crc = google_crc32c.value(data)
            dims = b"".join(field(2, b"\x08" + varint(dim)) for dim in (rows, COLUMNS))
            place = b"\x20" + varint(offset) + b"\x28" + varint(size) + b"\x35" + masked(crc)
            entries.append((name.encode(), b"\x08\x01" + field(2, dims) + place))
            offset += size
        file.truncate(offset)
    write_table(prefix.with_name(f"{prefix.name}.index"), entries)


def vgg16_variables() -> dict[str, tuple[int, ...]]:
    """The variables of VGG16 and their shapes."""
    found: dict[str, tuple[int, ...]] = {}
    for number, (inputs, outputs) in enumerate(pairwise(CONVOLUTIONS)):
        found[f"conv_{number:02}/kernel"] = (3, 3, inputs, outputs)
        found[f"conv_{number:02}/bias"] = (outputs,)
    for number, (inputs, outputs) in enumerate(pairwise(DENSE)):
        found[f"dense_{number}/kernel"] = (inputs, outputs)
        found[f"dense_{number}/bias"] = (outputs,)
    return dict(sorted(found.items()))


def write_vgg16_checkpoint(prefix: Path) -> None:
    """The variables with random bytes."""
    entries = [(b"", b"\x08\x01\x1a\x02\x08\x01")]
    offset = 0
    random = np.random.default_rng(16)
    with prefix.with_name(f"{prefix.name}.data-00000-of-00001").open("wb") as file:
        for name, dims in vgg16_variables().items():
            data = random.bytes(4 * int(np.prod(dims)))
            file.write(data)
            shape = b"".join(field(2, b"\x08" + varint(dim)) for dim in dims)
            place = b"\x20" + varint(offset) + b"\x28" + varint(len(data)) + b"\x35" + masked(google_crc32c.value(data))
            entries.append((name.encode(), b"\x08\x01" + field(2, shape) + place))
            offset += len(data)
    write_table(prefix.with_name(f"{prefix.name}.index"), entries)


def write_vgg16_variables_graph(path: Path) -> None:
    """The graph: layers, each fed by the one before, that read their variables."""

    of_type = {"T": DataType.DT_FLOAT}
    nodes = [Node("input", "Placeholder", attrs={"dtype": DataType.DT_FLOAT})]
    for name, dims in vgg16_variables().items():
        op = {4: "Conv2D", 2: "MatMul", 1: "BiasAdd"}[len(dims)]
        last = nodes[-1].name
        nodes.append(Node(name, "VariableV2", attrs={"dtype": DataType.DT_FLOAT, "shape": Shape(dims)}))
        nodes.append(Node(f"{name}/read", "Identity", (name,), attrs=of_type))
        nodes.append(Node(f"{name}/use", op, (last, f"{name}/read"), attrs=of_type))
    nodes.append(Node("probs", "Softmax", (nodes[-1].name,), attrs=of_type))
    write_graph(Graph(tuple(nodes)), str(path))
