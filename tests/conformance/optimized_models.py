"""Small models of the patterns that ONNX Runtime fuses, lays out anew or takes apart."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper, numpy_helper

FLOAT, FLOAT16, INT64 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64
MICROSOFT = "com.microsoft"
_NUMPY: dict[int, Any] = {FLOAT: np.float32, FLOAT16: np.float16, TensorProto.DOUBLE: np.float64}


class Net:
    """A graph under construction; its values are strings."""

    def __init__(self, opset: int, element: int = FLOAT) -> None:
        self.opset, self.element = opset, element
        self._random = np.random.default_rng(opset)
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self._constants: list[Any] = []
        self._outputs: list[str] = []

    def input(self, *shape: int | str, element: int | None = None) -> str:
        name = f"in{len(self._inputs)}"
        self._inputs.append(helper.make_tensor_value_info(name, element or self.element, shape))
        return name

    def const(self, values: Any) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def keep(self, tensor: TensorProto) -> None:
        self._constants.append(tensor)

    def ints(self, *values: int) -> str:
        return self.const(np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        return self.const(np.array(value, _NUMPY[self.element]))

    def weights(self, *shape: int) -> str:
        return self.const((self._random.random(shape) - 0.5).astype(_NUMPY[self.element]))

    def op(self, op: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes: Any) -> Any:
        names = [f"v{len(self._nodes)}_{index}" for index in range(outputs)]
        node = helper.make_node(op, list(inputs), names, name=f"n{len(self._nodes)}", domain=domain)
        node.attribute.extend(
            helper.make_attribute(name, value) for name, value in attributes.items() if value is not None
        )
        self._nodes.append(node)
        return names[0] if outputs == 1 else names

    def out(self, *values: str) -> None:
        self._outputs += values

    def model(self) -> ModelProto:
        graph = helper.make_graph(
            self._nodes,
            "pattern",
            self._inputs,
            [ValueInfoProto(name=name) for name in self._outputs],
            self._constants,
        )
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8 if self.opset < 21 else 10)


def reduce(net: Net, op: str, value: str) -> str:
    """A reduction of the last axis, which was an attribute before opset 18."""
    if net.opset >= 18:
        return str(net.op(op, value, net.ints(-1), keepdims=1))
    return str(net.op(op, value, axes=[-1], keepdims=1))


def squeeze(net: Net, op: str, value: str, axis: int) -> str:
    if net.opset >= 13:
        return str(net.op(op, value, net.ints(axis)))
    return str(net.op(op, value, axes=[axis]))


def conv(net: Net, value: str, channels_in: int, channels: int, kernel: int = 3, group: int = 1) -> str:
    weights = net.weights(channels, channels_in // group, kernel, kernel)
    return str(net.op("Conv", value, weights, net.weights(channels), pads=[kernel // 2] * 4, group=group))


def batch_norm(net: Net, value: str, channels: int) -> str:
    ones = [net.const(np.ones(channels, _NUMPY[net.element])) for _ in range(4)]
    return str(net.op("BatchNormalization", value, *ones))


def layer_norm(net: Net, value: str, width: int) -> str:
    mean = reduce(net, "ReduceMean", value)
    centred = net.op("Sub", value, mean)
    variance = reduce(net, "ReduceMean", net.op("Pow", centred, net.scalar(2)))
    deviation = net.op("Sqrt", net.op("Add", variance, net.scalar(1e-5)))
    scaled = net.op("Mul", net.op("Div", centred, deviation), net.weights(width))
    return str(net.op("Add", scaled, net.weights(width)))


def rms_norm(net: Net, value: str, width: int) -> str:
    variance = reduce(net, "ReduceMean", net.op("Pow", value, net.scalar(2)))
    deviation = net.op("Sqrt", net.op("Add", variance, net.scalar(1e-5)))
    return str(net.op("Mul", net.op("Div", value, deviation), net.weights(width)))


def gelu(net: Net, value: str) -> str:
    erf = net.op("Erf", net.op("Div", value, net.scalar(2**0.5)))
    return str(net.op("Mul", net.op("Mul", value, net.op("Add", erf, net.scalar(1))), net.scalar(0.5)))


def tanh_gelu(net: Net, value: str) -> str:
    cube = net.op("Mul", net.op("Pow", value, net.scalar(3)), net.scalar(0.044715))
    inner = net.op("Mul", net.op("Add", value, cube), net.scalar(0.7978845608))
    outer = net.op("Add", net.op("Tanh", inner), net.scalar(1))
    return str(net.op("Mul", net.op("Mul", value, net.scalar(0.5)), outer))


def dense(net: Net, value: str, width: int, channels: int) -> str:
    return str(net.op("Add", net.op("MatMul", value, net.weights(width, channels)), net.weights(channels)))


def heads(net: Net, value: str, perm: list[int]) -> str:
    return str(net.op("Transpose", net.op("Reshape", value, net.ints(0, 0, 2, 4)), perm=perm))


def encoder(net: Net, *, mask: bool) -> None:
    """A block of a transformer: 2 heads of 4."""
    value = layer_norm(net, net.op("Add", net.input(1, 6, 8), net.input(1, 6, 8)), 8)
    query = heads(net, dense(net, value, 8, 8), [0, 2, 1, 3])
    key = heads(net, dense(net, value, 8, 8), [0, 2, 3, 1])
    scores = net.op("Div", net.op("MatMul", query, key), net.scalar(2.0))
    if mask:
        wide = squeeze(net, "Unsqueeze", squeeze(net, "Unsqueeze", net.input(1, 6, element=INT64), 1), 2)
        lowest = net.op("Mul", net.op("Sub", net.scalar(1), net.op("Cast", wide, to=net.element)), net.scalar(-10000))
        scores = net.op("Add", scores, lowest)
    seen = net.op("MatMul", net.op("Softmax", scores, axis=-1), heads(net, dense(net, value, 8, 8), [0, 2, 1, 3]))
    joined = net.op("Reshape", net.op("Transpose", seen, perm=[0, 2, 1, 3]), net.ints(0, 0, 8))
    value = layer_norm(net, net.op("Add", dense(net, joined, 8, 8), value), 8)
    inner = dense(net, gelu(net, dense(net, value, 8, 16)), 16, 8)
    net.out(layer_norm(net, net.op("Add", inner, value), 8))


def embedding(net: Net) -> None:
    words, segments = net.input(1, 6, element=INT64), net.input(1, 6, element=INT64)
    value = net.op("Add", net.op("Gather", net.weights(20, 8), words), net.op("Gather", net.weights(2, 8), segments))
    shape = net.op("Shape", words)
    length = net.op("Gather", shape, net.const(np.array(1, np.int64)), axis=0)
    places = net.op("Range", net.const(np.array(0, np.int64)), length, net.const(np.array(1, np.int64)))
    places = net.op("Expand", squeeze(net, "Unsqueeze", places, 0), shape)
    value = layer_norm(net, net.op("Add", value, net.op("Gather", net.weights(16, 8), places)), 8)
    net.out(layer_norm(net, dense(net, value, 8, 8), 8))


def quantized(net: Net, value: str, element: Any = np.uint8, domain: str = "") -> str:
    """A value through QuantizeLinear and DequantizeLinear."""
    quantization = net.const(np.float32(0.02)), net.const(np.array(0, element))
    inside = net.op("QuantizeLinear", value, *quantization, domain=domain)
    return str(net.op("DequantizeLinear", inside, *quantization, domain=domain))


def quantized_weights(net: Net, *shape: int, element: Any = np.int8, domain: str = "") -> str:
    values = np.random.default_rng(1).integers(-5 if element == np.int8 else 0, 5, shape).astype(element)
    quantization = net.const(np.float32(0.02)), net.const(np.array(0, element))
    return str(net.op("DequantizeLinear", net.const(values), *quantization, domain=domain))


@dataclass(frozen=True)
class Quantized:
    """A net whose operators are between quantisations of one type, by the operators of a domain."""

    net: Net
    kind: Any
    domain: str

    def take(self, *shape: int) -> str:
        return quantized(self.net, self.net.input(*shape), self.kind, self.domain)

    def op(self, op: str, *inputs: str, **attributes: Any) -> str:
        return str(self.net.op(op, *inputs, **attributes))

    def condition(self) -> str:
        return self.net.input(4, 8, element=TensorProto.BOOL)

    def weights(self, *shape: int) -> str:
        return quantized_weights(self.net, *shape, element=self.kind, domain=self.domain)


_QUANTIZED: dict[str, Callable[[Quantized], str]] = {
    "Conv": lambda q: q.op("Conv", q.take(1, 4, 8, 8), q.weights(8, 4, 3, 3), pads=[1] * 4),
    "Conv-bias": lambda q: q.op("Conv", q.take(1, 4, 8, 8), q.weights(8, 4, 3, 3), q.net.weights(8)),
    "Conv-float-weights": lambda q: q.op("Conv", q.take(1, 4, 8, 8), q.net.weights(8, 4, 3, 3)),
    "MatMul": lambda q: q.op("MatMul", q.take(4, 8), q.weights(8, 4)),
    "MatMul-both": lambda q: q.op("MatMul", q.take(4, 8), q.take(8, 4)),
    "Gemm": lambda q: q.op("Gemm", q.take(4, 8), q.weights(8, 4), q.net.weights(4)),
    "Add": lambda q: q.op("Add", q.take(4, 8), q.take(4, 8)),
    "Mul": lambda q: q.op("Mul", q.take(4, 8), q.take(4, 8)),
    "Concat": lambda q: q.op("Concat", q.take(4, 8), q.take(4, 8), axis=1),
    "Where": lambda q: q.op("Where", q.condition(), q.take(4, 8), q.take(4, 8)),
    "Where-constant": lambda q: q.op("Where", q.condition(), q.take(4, 8), q.net.const(np.float32(1))),
    "AveragePool": lambda q: q.op("AveragePool", q.take(1, 4, 8, 8), kernel_shape=[2, 2]),
    "GlobalAveragePool": lambda q: q.op("GlobalAveragePool", q.take(1, 4, 8, 8)),
    "MaxPool": lambda q: q.op("MaxPool", q.take(1, 4, 8, 8), kernel_shape=[2, 2]),
    "Sigmoid": lambda q: q.op("Sigmoid", q.take(4, 8)),
    "LeakyRelu": lambda q: q.op("LeakyRelu", q.take(4, 8), alpha=0.1),
    "Softmax": lambda q: q.op("Softmax", q.take(4, 8), axis=-1),
    "Relu": lambda q: q.op("Relu", q.take(4, 8)),
    "Clip": lambda q: q.op("Clip", q.take(4, 8), q.net.const(np.float32(0)), q.net.const(np.float32(6))),
    "Transpose": lambda q: q.op("Transpose", q.take(4, 8), perm=[1, 0]),
    "Reshape": lambda q: q.op("Reshape", q.take(4, 8), q.net.ints(8, 4)),
    "Flatten": lambda q: q.op("Flatten", q.take(4, 8)),
    "Expand": lambda q: q.op("Expand", q.take(1, 8), q.net.ints(4, 8)),
    "Tile": lambda q: q.op("Tile", q.take(1, 8), q.net.ints(4, 1)),
    "Slice": lambda q: q.op("Slice", q.take(4, 8), q.net.ints(0), q.net.ints(2)),
    "Gather": lambda q: q.op("Gather", q.take(4, 8), q.net.ints(1, 2)),
    "GatherElements": lambda q: q.op("GatherElements", q.take(1, 2), q.net.const([[0, 0]])),
    "Squeeze": lambda q: squeeze(q.net, "Squeeze", q.take(1, 8), 0),
    "Unsqueeze": lambda q: squeeze(q.net, "Unsqueeze", q.take(4, 8), 0),
    "Resize": lambda q: q.op(
        "Resize", q.take(1, 4, 8, 8), "", q.net.const(np.array([1, 1, 2, 2], np.float32)), mode="linear"
    ),
    "DepthToSpace": lambda q: q.op("DepthToSpace", q.take(1, 4, 8, 8), blocksize=2),
    "ReduceMax": lambda q: reduce(q.net, "ReduceMax", q.take(4, 8)),
}


def quantized_models() -> Iterator[tuple[str, ModelProto]]:
    for name, build in _QUANTIZED.items():
        for opset, kind, domain in (
            (13, np.uint8, ""),
            (17, np.int8, ""),
            (21, np.uint8, ""),
            (15, np.int8, MICROSOFT),
        ):
            net = Net(opset)
            found = build(Quantized(net, kind, domain))
            net.out(quantized(net, found, kind, domain))
            yield f"qdq-{name}-{opset}", net.model()
        net = Net(13)
        found = build(Quantized(net, np.uint8, ""))
        net.out(net.op("Relu", net.op("Transpose", found, perm=None)))
        yield f"qdq-{name}-float-after", net.model()
    net = Net(13)
    value = quantized(net, net.input(1, 4, 8, 8))
    for _ in range(2):
        value = quantized(net, net.op("Conv", value, quantized_weights(net, 4, 4, 3, 3), net.weights(4), pads=[1] * 4))
        value = quantized(net, net.op("MaxPool", value, kernel_shape=[3, 3], pads=[1] * 4))
        value = quantized(net, net.op("Add", value, value))
    value = quantized(net, net.op("GlobalAveragePool", value))
    value = quantized(net, net.op("Flatten", value))
    net.out(quantized(net, net.op("Gemm", value, quantized_weights(net, 4, 3))))
    yield "qdq-network", net.model()
    net = Net(21)
    packed = helper.make_tensor("packed", TensorProto.UINT4, [32, 8], [1] * 256)
    net.keep(packed)
    weights = net.op("DequantizeLinear", "packed", net.weights(2, 8), axis=0, block_size=16)
    net.out(net.op("MatMul", net.input(4, 32), weights))
    yield "dq-int4", net.model()
    net = Net(13)
    for shape in ((4, 8), (2, 4, 8)):
        value, scale, zero = net.op("DynamicQuantizeLinear", net.input(*shape), outputs=3)
        weights = net.const(np.ones((8, 5), np.uint8))
        product = net.op("Cast", net.op("MatMulInteger", value, weights, zero, net.const(np.uint8(1))), to=FLOAT)
        scaled = net.op("Mul", product, net.op("Mul", scale, net.const(np.float32(0.02))))
        net.out(net.op("Add", scaled, net.weights(5)))
    yield "dynamic-quantized", net.model()


def activated_conv(activation: str, net: Net) -> None:
    net.out(net.op(activation, conv(net, net.input(1, 3, 8, 8), 3, 8)))


def activated_gemm(activation: str, net: Net) -> None:
    net.out(net.op(activation, net.op("Gemm", net.input(4, 8), net.weights(8, 4), net.weights(4))))


def image_models(opset: int) -> Iterator[tuple[str, Callable[[Net], None]]]:
    for activation in ("Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "Elu", "HardSwish", "Softplus", "Gelu"):
        if opset >= {"HardSwish": 14, "Gelu": 20}.get(activation, 1):
            yield f"conv-{activation}", partial(activated_conv, activation)
            yield f"gemm-{activation}", partial(activated_gemm, activation)

    def residual(net: Net) -> None:
        value = net.op("Relu", batch_norm(net, conv(net, net.input(1, 3, 16, 16), 3, 16), 16))
        value = net.op("MaxPool", value, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        inner = net.op("Relu", batch_norm(net, conv(net, value, 16, 16), 16))
        value = net.op("Relu", net.op("Add", batch_norm(net, conv(net, inner, 16, 16), 16), value))
        depthwise = net.op("Clip", conv(net, value, 16, 16, group=16), net.scalar(0), net.scalar(6))
        gate = net.op("Sigmoid", conv(net, net.op("GlobalAveragePool", depthwise), 16, 16, 1))
        value = net.op("Concat", net.op("Mul", depthwise, gate), batch_norm(net, value, 16), axis=1)
        value = net.op("AveragePool", value, kernel_shape=[2, 2])
        value = net.op("Flatten", net.op("GlobalMaxPool", value))
        net.out(net.op("Softmax", net.op("Gemm", value, net.weights(32, 10), net.weights(10))))

    def resized(net: Net) -> None:
        value = conv(net, net.op("Transpose", net.input(1, 8, 8, 3), perm=[0, 3, 1, 2]), 3, 8)
        scales = net.const(np.array([1, 1, 2, 2], np.float32))
        value = net.op("Resize", value, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric")
        net.out(net.op("Transpose", conv(net, value, 8, 8), perm=[0, 2, 3, 1]))

    def folded(net: Net) -> None:
        value = net.op("Mul", conv(net, net.input(1, 3, 8, 8), 3, 8), net.weights(8, 1, 1))
        net.out(net.op("Add", conv(net, value, 8, 8), net.weights(1, 8, 1, 1)), net.op("Sum", value, value))

    def sliced(net: Net) -> None:
        image = net.input(1, 3, 8, 8)
        halves = [net.op("Slice", image, net.ints(row), net.ints(99), net.ints(2), net.ints(2)) for row in (0, 1)]
        parts = [
            net.op("Slice", half, net.ints(column), net.ints(99), net.ints(3), net.ints(2))
            for column in (0, 1)
            for half in halves
        ]
        net.out(conv(net, net.op("Concat", *parts, axis=1), 12, 8))

    yield from (("residual", residual), ("resized", resized), ("folded", folded), ("sliced", sliced))


def text_models() -> Iterator[tuple[str, Callable[[Net], None]]]:
    yield "gelu", lambda net: net.out(gelu(net, net.input(2, 8)))
    yield "bias-gelu", lambda net: net.out(gelu(net, net.op("Add", net.input(2, 8), net.weights(8))))
    yield "tanh-gelu", lambda net: net.out(tanh_gelu(net, net.op("Add", net.input(2, 8), net.weights(8))))
    yield "layer-norm", lambda net: net.out(layer_norm(net, net.input(2, 8), 8))
    yield (
        "skip-layer-norm",
        lambda net: net.out(layer_norm(net, net.op("Add", net.input(2, 4, 8), net.input(2, 4, 8)), 8)),
    )
    yield "rms-norm", lambda net: net.out(rms_norm(net, net.input(2, 8), 8))
    yield "embedding", embedding
    yield "encoder", lambda net: encoder(net, mask=False)
    yield "masked-encoder", lambda net: encoder(net, mask=True)
    yield (
        "bias-softmax",
        lambda net: net.out(net.op("Softmax", net.op("Add", net.input(2, 2, 4, 4), net.input(2, 1, 1, 4)), axis=-1)),
    )

    def products(net: Net) -> None:
        left, right = net.input(2, 4, 8), net.input(2, 4, 8)
        net.out(net.op("MatMul", left, net.op("Transpose", right, perm=[0, 2, 1])))
        net.out(net.op("Mul", net.op("MatMul", net.op("Transpose", left, perm=[0, 2, 1]), right), net.scalar(0.5)))
        net.out(net.op("Div", net.op("MatMul", left, net.weights(8, 3)), net.scalar(3)))
        cast = net.op("Cast", net.op("Transpose", right, perm=[0, 2, 1]), to=TensorProto.DOUBLE)
        net.out(net.op("MatMul", net.op("Cast", left, to=TensorProto.DOUBLE), cast))
        flat = net.input(4, 8)
        net.out(dense(net, flat, 8, 3), batch_norm(net, net.op("MatMul", flat, net.weights(8, 6)), 6))
        gate = net.op("Sigmoid", net.op("Mul", flat, net.scalar(1.702)))
        net.out(net.op("Mul", flat, gate))

    def gathered(net: Net) -> None:
        value, other = (net.op("Relu", net.input(2, 3, 8)) for _ in range(2))
        for index in range(3):
            net.out(net.op("Abs", net.op("Gather", value, net.const(np.array(index, np.int64)), axis=1)))
        for first in (0, 4):
            net.out(net.op("Abs", net.op("Slice", other, net.ints(first), net.ints(first + 4), net.ints(2))))
        start, limit = net.input(element=INT64), net.input(element=INT64)
        steps = net.op("Range", start, limit, net.const(np.array(1, np.int64)))
        net.out(net.op("Gather", net.input(9, 8), steps, axis=0))

    def transposed(net: Net) -> None:
        turned = net.op("Transpose", net.input("a", "b", 3, 4), perm=[0, 3, 1, 2])
        net.out(net.op("Shape", turned))
        net.out(net.op("Transpose", net.op("Add", turned, net.input(3)), perm=[0, 2, 3, 1]))
        net.out(net.op("Transpose", net.op("Tile", turned, net.input(4, element=INT64)), perm=[0, 2, 3, 1]))
        net.out(net.op("Transpose", net.op("Pad", turned, net.input(8, element=INT64)), perm=[0, 2, 3, 1]))
        net.out(net.op("Transpose", turned, perm=[0, 2, 3, 1]))
        net.out(net.op("Transpose", net.op("Mul", turned, net.weights(1)), perm=[0, 2, 3, 1]))

    yield from (("products", products), ("gathered", gathered), ("transposed", transposed))


def random_model(seed: int) -> tuple[str, ModelProto]:
    """A graph of operators on images, at random."""
    choice = random.Random(seed)
    net = Net(choice.choice([13, 15, 17, 20, 22]), choice.choice([FLOAT, FLOAT, FLOAT16]))
    values = [net.input(1, 8, 6, 6), net.op("Transpose", net.input(1, 6, 6, 8), perm=[0, 3, 1, 2])]
    for _ in range(choice.randint(4, 14)):
        values.append(random_operator(net, choice, values))
    net.out(values[-1])
    return f"random-{seed}", net.model()


def random_operator(net: Net, choice: random.Random, values: list[str]) -> str:
    """One more value of the size of the others."""
    value = choice.choice(values[-4:])
    makers: list[Callable[[], Any]] = [
        lambda: conv(net, value, 8, 8),
        lambda: batch_norm(net, value, 8),
        lambda: net.op(choice.choice(["Relu", "Sigmoid", "Tanh", "Elu", "Softplus"]), value),
        lambda: net.op(choice.choice(["Add", "Mul", "Sub", "Max"]), value, choice.choice(values)),
        lambda: net.op("Add", value, net.weights(8, 1, 1)),
        lambda: net.op("MaxPool", value, kernel_shape=[3, 3], pads=[1] * 4),
        lambda: net.op("Softmax", value, axis=1),
        lambda: net.op("Transpose", net.op("Relu", net.op("Transpose", value, perm=[0, 2, 3, 1])), perm=[0, 3, 1, 2]),
        lambda: net.op("Reshape", value, net.ints(1, 8, 6, 6)),
        lambda: gelu(net, value),
        lambda: net.op("MatMul", value, net.weights(6, 6)),
        lambda: (
            net.op("Concat", *net.op("Split", value, axis=1, outputs=2), axis=1)
            if net.opset < 18
            else net.op("Abs", value)
        ),
    ]
    return str(choice.choice(makers)())


def models() -> Iterator[tuple[str, ModelProto]]:
    """All of them, with a name for each."""
    for opset in (13, 17, 20, 22):
        for element in (FLOAT, FLOAT16):
            kind = "float16" if element == FLOAT16 else "float"
            for name, build in (*image_models(opset), *text_models()):
                net = Net(opset, element)
                build(net)
                yield f"{name}-{opset}-{kind}", net.model()
    yield from quantized_models()
    for seed in range(60):
        yield random_model(seed)
