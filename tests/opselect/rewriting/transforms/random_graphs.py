"""Small valid graphs at random, of what transforms look for: shared weights, batch norms, branches, loops."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import FunctionArg, FunctionDefinition, FunctionRef, Graph, Node, NodeAttr, Shape
from tests.opselect.rewriting.transforms.graphs import const

FLOAT, INT32, BOOL = DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_BOOL
UNARY = ("Relu", "Relu6", "Neg", "Abs", "Tanh", "Sigmoid", "Softplus")
PASSING = ("Identity", "CheckNumerics", "StopGradient", "Identity")
BINARY = ("Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum")
NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "BatchNormWithGlobalNormalization")
DEVICES = ("", "", "/cpu:0", "/gpu:1")
FUNCTION = FunctionDefinition(
    "doubled",
    (FunctionArg("x", FLOAT),),
    (FunctionArg("y", FLOAT),),
    (Node("sum", "AddV2", ("x", "x"), attrs={"T": FLOAT}),),
    {"y": "sum:z:0"},
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of floats: what inputs call it, and its shape."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RandomGraph:
    """A graph, the tensors that a program feeds it with what it feeds, and those that it fetches."""

    graph: Graph
    feeds: Mapping[str, Array]
    fetches: tuple[str, ...]


def random_graph(choose: random.Random) -> RandomGraph:
    """A graph of known ops that computes finite floats, with shapes that go together."""
    made = _Maker(choose)
    for _ in range(choose.randint(1, 7)):
        choose.choice(made.pieces)()
    return made.finished()


class _Maker:
    def __init__(self, choose: random.Random) -> None:
        self.nodes: list[Node] = []
        self.tensors: list[Tensor] = []
        self.feeds: dict[str, Array] = {}
        self._choose = choose
        self._constants: dict[tuple[int, ...], list[str]] = {}
        self._hidden: set[str] = set()
        for shape in ((1, 4, 4, 2), (2, 3)):
            name = self._add("Placeholder", dtype=FLOAT, shape=Shape(shape))
            self.tensors.append(Tensor(name, shape))
            self.feeds[name] = self._numbers(shape)
        flag = self._add("Placeholder", dtype=BOOL, shape=Shape(()))
        self.feeds[flag] = np.array(choose.random() < 0.5)
        self._flag = flag
        self.pieces: list[Callable[[], None]] = [
            self._unary, self._passing, self._binary, self._binary_with_constant, self._binary_with_constant,
            self._convolution, self._convolution, self._normalised, self._normalised, self._product,
            self._concatenation, self._normalised_concatenation, self._atrous, self._split, self._shape_arithmetic,
            self._twin, self._condition, self._loop, self._call, self._default, self._bias, self._order,
        ]  # fmt: skip

    def finished(self) -> RandomGraph:
        """The graph; of the tensors some are fetched, and one that is computed may be fed."""
        choose = self._choose
        self._unary()
        several = {tensor.name.partition(":")[0] for tensor in self.tensors if ":" in tensor.name}
        computed = [tensor for tensor in self.tensors[:-1] if tensor.name.partition(":")[0] not in several]
        if choose.random() < 0.15:
            tensor = choose.choice(computed)
            self.feeds.setdefault(tensor.name, self._numbers(tensor.shape))
        fetched = [tensor.name for tensor in self.tensors if tensor.name not in self.feeds]
        wanted = fetched[-1:] + choose.sample(fetched, min(len(fetched), choose.choice((0, 0, 1, 2))))
        wanted = [name + choose.choice(("", ":0")) if ":" not in name else name for name in dict.fromkeys(wanted)]
        nodes = list(self.nodes)
        if choose.random() < 0.3:
            choose.shuffle(nodes)
        return RandomGraph(Graph(tuple(nodes), (FUNCTION,)), self.feeds, tuple(wanted))

    # What all pieces are made of.

    def _numbers(self, shape: tuple[int, ...], low: int = -2, high: int = 2) -> Array:
        numbers = [self._choose.randint(low, high) for _ in range(int(np.prod(shape)))]
        return np.array(numbers, np.float32).reshape(shape)

    def _add(self, op: str, *inputs: str, **attrs: NodeAttr) -> str:
        name = f"{self._choose.choice(('', 'net/', 'z/'))}{op.lower()}{len(self.nodes)}"
        device = self._choose.choice(DEVICES)
        if self.nodes and self._choose.random() < 0.1:
            other = self._choose.choice(self.nodes)
            attrs["_class"] = (f"loc:@{other.name}",)
        self.nodes.append(Node(name, op, inputs, device, attrs))
        return name

    def _waiting(self, *inputs: str) -> tuple[str, ...]:
        """The inputs, and now and then a control input."""
        if self._choose.random() < 0.1:
            name = self._choose.choice([node.name for node in self.nodes if node.name not in self._hidden])
            return (*inputs, f"^{name}")
        return inputs

    def _constant(self, values: object, *waits: str, data_type: DataType = FLOAT) -> str:
        name = f"const{len(self.nodes)}"
        self.nodes.append(replace(const(name, values, data_type), inputs=waits, device=self._choose.choice(DEVICES)))
        return name

    def _weights(self, *shape: int, low: int = -2, high: int = 2) -> str:
        """A constant of that shape: one that is there, a new one, or one behind an Identity or a sum of constants."""
        known = self._constants.setdefault((*shape, low), [])
        kind = self._choose.random()
        if known and kind < 0.25:
            return self._choose.choice(known)
        name = self._constant(self._numbers(shape, low, high))
        if kind > 0.9:
            name = self._add("Identity", name, T=FLOAT)
        elif kind > 0.85:
            name = self._add("Maximum", name, self._constant(self._numbers(shape, low, high)), T=FLOAT)
        known.append(name)
        return name

    def _tensor(self, rank: int = 0) -> Tensor:
        recent = [tensor for tensor in self.tensors if not rank or len(tensor.shape) == rank]
        return recent[-1] if self._choose.random() < 0.5 else self._choose.choice(recent)

    def _give(self, name: str, shape: tuple[int, ...]) -> Tensor:
        tensor = Tensor(name, shape)
        self.tensors.append(tensor)
        return tensor

    # The pieces.

    def _unary(self) -> None:
        x = self._tensor()
        self._give(self._add(self._choose.choice(UNARY), *self._waiting(x.name), T=FLOAT), x.shape)

    def _passing(self) -> None:
        x = self._tensor()
        op = self._choose.choice(PASSING)
        attrs: dict[str, NodeAttr] = {"T": FLOAT, **({"message": "m"} if op == "CheckNumerics" else {})}
        self._give(self._add(op, *self._waiting(x.name), **attrs), x.shape)

    def _binary(self) -> None:
        x = self._tensor()
        y = self._choose.choice([tensor for tensor in self.tensors if tensor.shape == x.shape])
        self._give(self._add(self._choose.choice(BINARY), *self._waiting(x.name, y.name), T=FLOAT), x.shape)

    def _binary_with_constant(self) -> None:
        self._scaled(self._tensor(), self._choose.choice(BINARY))

    def _scaled(self, x: Tensor, op: str) -> Tensor:
        channels = x.shape[-1]
        shape = self._choose.choice([(channels,), (channels,), (), (1,), (1, 1, 1, channels)][: 3 + len(x.shape) // 2])
        pair = [x.name, self._weights(*shape)]
        if self._choose.random() < 0.15:
            pair.reverse()
        return self._give(self._add(op, *self._waiting(*pair), T=FLOAT), x.shape)

    def _conv(self, x: Tensor, channels: int = 0) -> Tensor:
        """A convolution that keeps the size."""
        op = self._choose.choice(("Conv2D", "Conv2D", "DepthwiseConv2dNative"))
        size = self._choose.choice((1, 1, 2, 3))
        inner = x.shape[3]
        outer = channels or self._choose.choice((1, 2, 3))
        if op != "Conv2D":
            outer = channels // inner if channels and channels % inner == 0 else self._choose.choice((1, 2))
        if channels and op != "Conv2D" and outer * inner != channels:
            op, outer = "Conv2D", channels
        weights = self._weights(size, size, inner, outer)
        name = self._add(op, *self._waiting(x.name, weights), T=FLOAT, strides=(1, 1, 1, 1), padding="SAME")
        return Tensor(name, (*x.shape[:3], outer if op == "Conv2D" else outer * inner))

    def _convolution(self) -> None:
        conv = self._conv(self._tensor(4))
        if self._choose.random() < 0.25:
            self.tensors.append(conv)
        if self._choose.random() < 0.7:
            conv = self._scaled(conv, "Mul")
        if self._choose.random() < 0.5:
            conv = self._scaled(conv, "Add")
        self.tensors.append(conv)

    def _norm(self, x: Tensor, **attrs: NodeAttr) -> Tensor:
        op = self._choose.choice(NORMS)
        channels = x.shape[1] if attrs else x.shape[3]
        mean, beta, gamma = (self._weights(channels) for _ in range(3))
        variance = self._weights(channels, low=1, high=9)
        if op == NORMS[-1]:
            if attrs:
                return x
            inputs: tuple[str, ...] = (x.name, mean, variance, beta, gamma)
            attrs = {"T": FLOAT, "variance_epsilon": self._choose.choice((0.001, 0.5))}
            attrs["scale_after_normalization"] = self._choose.random() < 0.7
        else:
            inputs = (x.name, gamma, beta, mean, variance)
            attrs |= {"T": FLOAT, "epsilon": self._choose.choice((0.001, 0.5)), "is_training": False}
            if op != NORMS[0]:
                attrs["U"] = FLOAT
        return self._give(self._add(op, *self._waiting(*inputs), **attrs), x.shape)

    def _normalised(self) -> None:
        kind = self._choose.random()
        x = self._tensor(4)
        if kind < 0.2:
            self._norm(x)
        elif kind < 0.4:
            self._channels_first(x)
        else:
            conv = self._conv(x)
            if self._choose.random() < 0.15:
                self.tensors.append(conv)
            self._norm(conv)

    def _channels_first(self, x: Tensor) -> None:
        """A convolution with NCHW between Transposes, a norm or a scale behind it."""
        forth, back = (self._constant(order, data_type=INT32) for order in ((0, 3, 1, 2), (0, 2, 3, 1)))
        first = self._add("Transpose", x.name, forth, T=FLOAT, Tperm=INT32)
        outer = self._choose.choice((1, 2, 3))
        weights = self._weights(1, 1, x.shape[3], outer)
        attrs: dict[str, NodeAttr] = {"T": FLOAT, "strides": (1, 1, 1, 1), "padding": "SAME", "data_format": "NCHW"}
        conv = self._add("Conv2D", *self._waiting(first, weights), **attrs)
        shape = (x.shape[0], outer, *x.shape[1:3])
        if self._choose.random() < 0.6:
            last = self._norm(Tensor(conv, shape), data_format="NCHW").name
        else:
            scale = self._choose.choice(((outer, 1, 1), (1, outer, 1, 1), (x.shape[2],), ()))
            last = self._add("Mul", *self._waiting(conv, self._weights(*scale)), T=FLOAT)
        if self.tensors[-1].name == last:
            self.tensors.pop()
        restored = self._add("Transpose", last, back, T=FLOAT, Tperm=INT32)
        self._give(restored, (*x.shape[:3], outer))

    def _product(self) -> None:
        x = self._tensor(2)
        outer = self._choose.choice((x.shape[1], 2, 3))
        transposed = self._choose.random() < 0.3
        weights = self._weights(*((outer, x.shape[1]) if transposed else (x.shape[1], outer)))
        left = x.name
        if (x.shape[0], outer) == (x.shape[1], x.shape[1]) and self._choose.random() < 0.5:
            left = weights
        product = self._add("MatMul", *self._waiting(left, weights), T=FLOAT, transpose_a=False, transpose_b=transposed)
        tensor = Tensor(product, (x.shape[0], outer))
        if self._choose.random() < 0.7:
            tensor = self._scaled(tensor, "Mul")
        self.tensors.append(tensor)

    def _concatenation(self) -> None:
        x = self._tensor()
        y = self._choose.choice([tensor for tensor in self.tensors if tensor.shape == x.shape])
        self._concat(x, y)

    def _concat(self, x: Tensor, y: Tensor) -> Tensor:
        rank = len(x.shape)
        axis = rank - 1 if x.shape[-1] != y.shape[-1] else self._choose.randrange(rank)
        shape = [*x.shape]
        shape[axis] += y.shape[axis]
        number = axis - self._choose.choice((0, rank))
        inputs = (x.name, y.name, self._constant(number, data_type=INT32))
        return self._give(self._add("ConcatV2", *self._waiting(*inputs), T=FLOAT, Tidx=INT32, N=2), tuple(shape))

    def _normalised_concatenation(self) -> None:
        x = self._tensor(4)
        self._norm(self._concat(self._conv(x), self._conv(x)))

    def _atrous(self) -> None:
        x = self._tensor(4)
        if x.shape[1] != 4 or x.shape[2] != 4:
            return
        block = self._constant([2, 2], data_type=INT32)
        padding, crops = self._choose.choice((([[0, 0], [0, 0]],) * 2, ([[2, 2], [2, 2]],) * 2))
        size = (4 + padding[0][0] + padding[0][1]) // 2
        paddings = self._constant(padding, data_type=INT32)
        space = self._add("SpaceToBatchND", *self._waiting(x.name, block, paddings), T=FLOAT, **_indices("Tpaddings"))
        conv = self._conv(Tensor(space, (4 * x.shape[0], size, size, x.shape[3])))
        inputs = (conv.name, block, self._constant(crops, data_type=INT32))
        back = self._add("BatchToSpaceND", *self._waiting(*inputs), T=FLOAT, **_indices("Tcrops"))
        tensor = self._give(back, (*x.shape[:3], conv.shape[3]))
        if self._choose.random() < 0.7:
            self._norm(tensor)

    def _split(self) -> None:
        x = self._tensor()
        if x.shape[-1] == 2:
            axis = self._constant(len(x.shape) - 1, data_type=INT32)
            name = self._add("Split", *self._waiting(axis, x.name), T=FLOAT, num_split=2)
            for output in (name, f"{name}:1"):
                self._give(output, (*x.shape[:-1], 1))

    def _shape_arithmetic(self) -> None:
        """A tensor as a vector and as it was: what its shape says is constant only where it is known."""
        x = self._tensor()
        shape = self._add("Shape", *self._waiting(x.name), T=FLOAT, out_type=INT32)
        flat = self._add("Reshape", x.name, self._constant([-1], data_type=INT32), T=FLOAT, Tshape=INT32)
        self._give(self._add("Reshape", *self._waiting(flat, shape), T=FLOAT, Tshape=INT32), x.shape)

    def _twin(self) -> None:
        """A node once more."""
        tensor = self._choose.choice(self.tensors)
        node = next(node for node in self.nodes if node.name == tensor.name.partition(":")[0])
        if node.op != "Placeholder":
            twin = replace(node, name=f"{node.name}_twin{len(self.nodes)}")
            self.nodes.append(twin)
            self._give(twin.name + "".join(tensor.name.partition(":")[1:]), tensor.shape)

    def _default(self) -> None:
        x = self._weights(2, 3)
        name = self._add("PlaceholderWithDefault", x, dtype=FLOAT, shape=Shape((-1, 3)))
        self._give(name, (2, 3))
        if self._choose.random() < 0.5:
            self.feeds[name] = self._numbers((2, 3))
            self.tensors.pop()
            self._give(self._add("Neg", name, T=FLOAT), (2, 3))

    def _bias(self) -> None:
        x = self._tensor()
        self._give(self._add("BiasAdd", *self._waiting(x.name, self._weights(x.shape[-1])), T=FLOAT), x.shape)

    def _order(self) -> None:
        """A NoOp, and something that waits for it."""
        x = self._tensor()
        sources = self._choose.sample(self.tensors, min(2, len(self.tensors)))
        waits = [f"^{tensor.name.partition(':')[0]}" for tensor in sources]
        noop = self._add("NoOp", *dict.fromkeys(waits))
        self._give(self._add("Identity", x.name, f"^{noop}", T=FLOAT), x.shape)

    def _call(self) -> None:
        x = self._tensor()
        if self._choose.random() < 0.5:
            name = self._add(FUNCTION.name, x.name)
        else:
            called = FunctionRef(FUNCTION.name)
            name = self._add("PartitionedCall", x.name, Tin=(FLOAT,), Tout=(FLOAT,), f=called)
        self._give(name, x.shape)

    def _condition(self) -> None:
        """Two branches, each with constants that only a control input puts into it."""
        first = len(self.nodes)
        x = self._tensor()
        flag = self._flag if self._choose.random() < 0.7 else self._constant_flag()
        pivots = self._add("Switch", flag, flag, T=BOOL)
        data = self._add("Switch", x.name, flag, T=FLOAT)
        branches = []
        for output in ("", ":1"):
            pivot = self._add("Identity", f"{pivots}{output}", T=BOOL)
            branches.append(self._inside(Tensor(f"{data}{output}", x.shape), pivot).name)
        merge = self._add("Merge", *branches, T=FLOAT, N=2)
        self._hide(first, merge)
        self._give(merge, x.shape)

    def _constant_flag(self) -> str:
        zero, one = (self._constant(value, data_type=INT32) for value in (self._choose.randrange(2), 1))
        return self._add("Less", zero, one, T=INT32)

    def _inside(self, x: Tensor, pivot: str) -> Tensor:
        """What keeps the shape of a tensor, with constants that wait for a pivot."""
        name = x.name
        kind = self._choose.random()
        if len(x.shape) == 4 and kind < 0.6:
            channels = x.shape[3]
            weights = self._constant(self._numbers((1, 1, channels, channels)), f"^{pivot}")
            name = self._add("Conv2D", name, weights, T=FLOAT, strides=(1, 1, 1, 1), padding="SAME")
            if kind < 0.3:
                values = [self._numbers((channels,), 1, 3) for _ in range(4)]
                gamma, beta, mean, variance = (self._constant(each, f"^{pivot}") for each in values)
                inputs = (name, gamma, beta, mean, variance)
                name = self._add("FusedBatchNorm", *inputs, T=FLOAT, epsilon=0.5, is_training=False)
                return Tensor(name, x.shape)
        elif len(x.shape) == 2 and kind < 0.6:
            weights = self._constant(self._numbers((x.shape[1], x.shape[1])), f"^{pivot}")
            name = self._add("MatMul", name, weights, T=FLOAT)
        scale = self._constant(self._numbers(x.shape[-1:] if kind < 0.9 else ()), f"^{pivot}")
        if self._choose.random() < 0.3:
            scale = self._add("Neg", scale, T=FLOAT)
        name = self._add(self._choose.choice(("Mul", "Mul", "Add")), name, scale, T=FLOAT)
        return Tensor(self._add("Identity", name, T=FLOAT), x.shape)

    def _loop(self) -> None:
        """A while loop that runs zero to two times; its constants are in it through control inputs or Enter."""
        first = len(self.nodes)
        x = self._tensor()
        frame = f"frame{len(self.nodes)}"
        attrs: dict[str, NodeAttr] = {"frame_name": frame, "is_constant": False, "parallel_iterations": 10}
        start = self._constant(0, data_type=INT32)
        counter = self._add("Enter", start, T=INT32, **attrs)
        data = self._add("Enter", x.name, T=FLOAT, **attrs)
        count = self._add("Merge", counter, counter, T=INT32, N=2)
        state = self._add("Merge", data, data, T=FLOAT, N=2)
        limit = self._constant(self._choose.randrange(3), f"^{count}", data_type=INT32)
        holds = self._add("LoopCond", self._add("Less", count, limit, T=INT32))
        switched = [self._add("Switch", each, holds, T=T) for each, T in ((count, INT32), (state, FLOAT))]
        pivot = self._add("Identity", f"{switched[0]}:1", T=INT32)
        one = self._constant(1, f"^{pivot}", data_type=INT32)
        body = self._inside(Tensor(self._add("Identity", f"{switched[1]}:1", T=FLOAT), x.shape), pivot)
        again = [
            self._add("NextIteration", self._add("Add", pivot, one, T=INT32), T=INT32),
            self._add("NextIteration", body.name, T=FLOAT),
        ]
        back = dict(zip((count, state), again, strict=True))
        self.nodes[first:] = [
            replace(node, inputs=(node.inputs[0], back[node.name])) if node.name in back else node
            for node in self.nodes[first:]
        ]
        left = self._add("Exit", switched[1], T=FLOAT)
        self._hide(first, left)
        self._give(left, x.shape)

    def _hide(self, first: int, shown: str) -> None:
        """Of the nodes from ``first`` on only one may be used outside."""
        self._hidden |= {node.name for node in self.nodes[first:]} - {shown}


def _indices(last: str) -> dict[str, NodeAttr]:
    return {"Tblock_shape": INT32, last: INT32}
