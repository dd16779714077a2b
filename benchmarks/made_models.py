"""GraphDefs that benchmarks write without TensorFlow: a frozen VGG16 of 553 MB, and many small networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from opselect.models.formats.wire_writer import varint

CONV_CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
DENSE = (("fc1", 25088, 4096), ("fc2", 4096, 4096), ("predictions", 4096, 1000))
DT_FLOAT = b"\x30\x01"
ONES = b"\x0a\x06\x1a\x04\x01\x01\x01\x01"
SAME = b"\x12\x04SAME"
LAYERS = 28
ACTIVATIONS = ("Relu", "Relu6", "Elu", "Softplus", "Tanh", "Sigmoid", "Selu", "Softsign")


def head(field: int, size: int) -> bytes:
    """What stands before a length-delimited field."""
    return varint(field << 3 | 2) + varint(size)


def string(field: int, text: str) -> bytes:
    return head(field, len(text)) + text.encode()


def attr(name: str, value: bytes) -> bytes:
    entry = string(1, name) + head(2, len(value)) + value
    return head(5, len(entry)) + entry


def write_node(file: BinaryIO, name: str, op: str, inputs: tuple[str, ...], *attrs: bytes) -> None:
    body = string(1, name) + string(2, op) + b"".join(string(3, i) for i in inputs) + b"".join(attrs)
    file.write(head(1, len(body)) + body)


def write_weights(file: BinaryIO, name: str, shape: tuple[int, ...]) -> None:
    """A Const of floats, its content streamed, and the Identity downstream of it that freezing leaves."""
    size = 4
    for dim in shape:
        size *= dim
    dims = b"".join(head(2, len(varint(dim)) + 1) + b"\x08" + varint(dim) for dim in shape)
    tensor_head = b"\x08\x01" + head(2, len(dims)) + dims + head(4, size)
    value_head = head(8, len(tensor_head) + size) + tensor_head
    key = string(1, "value") + head(2, len(value_head) + size)
    entry_head = head(5, len(key) + len(value_head) + size) + key + value_head
    node_head = string(1, f"{name}/resource") + string(2, "Const") + attr("dtype", DT_FLOAT)
    file.write(head(1, len(node_head) + len(entry_head) + size) + node_head + entry_head)
    chunk = bytes(range(256)) * 4096
    file.writelines(chunk[: min(len(chunk), size - start)] for start in range(0, size, len(chunk)))
    write_node(file, name, "Identity", (f"{name}/resource",), attr("T", DT_FLOAT))


def layers() -> Iterator[tuple[str, tuple[int, ...]]]:
    channels = 3
    for block, widths in enumerate(CONV_CHANNELS, 1):
        for number, width in enumerate(widths, 1):
            yield f"block{block}_conv{number}", (3, 3, channels, width)
            channels = width
    for name, inputs, outputs in DENSE:
        yield name, (inputs, outputs)


def write_vgg16(path: Path) -> None:
    """A graph like keras.applications.VGG16, frozen."""
    with path.open("wb") as file:
        float_type = attr("T", DT_FLOAT)
        write_node(file, "input", "Placeholder", (), attr("dtype", DT_FLOAT))
        last = "input"
        for name, shape in layers():
            op = "Conv2D" if len(shape) == 4 else "MatMul"
            write_weights(file, f"{name}/kernel", shape)
            write_weights(file, f"{name}/bias", shape[-1:])
            more = (attr("strides", ONES), attr("padding", SAME)) if op == "Conv2D" else ()
            write_node(file, f"{name}/{op}", op, (last, f"{name}/kernel"), float_type, *more)
            write_node(file, f"{name}/BiasAdd", "BiasAdd", (f"{name}/{op}", f"{name}/bias"), float_type)
            last = f"{name}/Relu"
            write_node(file, last, "Relu", (f"{name}/BiasAdd",), float_type)
        write_node(file, "softmax", "Softmax", (last,), float_type)


def write_small_model(path: Path, number: int) -> None:
    """A network whose names, shapes and activation depend on the number; about 100 KB."""
    float_type = attr("T", DT_FLOAT)
    convolution = (attr("strides", ONES), attr("padding", SAME))
    activation = ACTIVATIONS[number % len(ACTIVATIONS)]
    with path.open("wb") as file:
        write_node(file, "input", "Placeholder", (), attr("dtype", DT_FLOAT))
        last = "input"
        for layer in range(LAYERS):
            name = f"model{number}/layer{layer}"
            write_weights(file, f"{name}/kernel", (1, 1, 24, 30 - number % 3))
            write_weights(file, f"{name}/bias", (30,))
            write_node(file, f"{name}/Conv2D", "Conv2D", (last, f"{name}/kernel"), float_type, *convolution)
            write_node(file, f"{name}/BiasAdd", "BiasAdd", (f"{name}/Conv2D", f"{name}/bias"), float_type)
            last = f"{name}/{activation}"
            write_node(file, last, activation, (f"{name}/BiasAdd",), float_type)
        write_node(file, "softmax", "Softmax", (last,), float_type)
