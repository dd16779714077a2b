"""How the time to find what the runtime may insert grows with a graph: it should double where the graph does.

Each shape has 1,000 nodes, twice and four times as many; seconds of the processor, the best of three. A growth near 2
is linear, one near 4 quadratic.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

from google.protobuf import text_format

from benchmarks.figures import Curve, Measured
from benchmarks.given import Given, main
from kernel_index.datatypes import DataType
from kernel_index.index import KernelIndex
from kernel_index.shipped import find
from kernel_index.store import open_index
from opselect.models.graph import Graph, Node, TensorRef, expand_functions
from opselect.models.proto import message_class
from opselect.models.storage import MemoryBytes
from opselect.requirements.runtime import runtime_additions

RELEASE = "2.14"
RUNS = 3
COUNTS = (1_000, 2_000, 4_000)
MOST_GROWTH = 2.8

FLOAT = DataType.DT_FLOAT


def const(name: str, text: str) -> Node:
    data = text_format.Parse(f"dtype: DT_FLOAT {text}", message_class("TensorProto")()).SerializeToString()
    return Node(name, "Const", attrs={"dtype": FLOAT, "value": TensorRef(MemoryBytes(data), 0, len(data))})


SHARED = (
    Node("x", "Placeholder", attrs={"dtype": FLOAT}),
    const("zeros", "tensor_shape { dim { size: 4 } } float_val: 0"),
    const("ones", "tensor_shape { dim { size: 4 } } float_val: 1"),
    const("weights", "tensor_shape { dim { size: 4 } } float_val: 2 float_val: 3 float_val: 4 float_val: 5"),
)


def of(name: str, op: str, *inputs: str) -> Node:
    return Node(name, op, inputs, attrs={"T": FLOAT})


def chain(*ops: str, count: int) -> Iterator[Node]:
    """Ops one after the other, again and again; ``Op:input`` reads that input too."""
    before = "x"
    for number in range(count):
        op, _, other = ops[number % len(ops)].partition(":")
        node = of(f"n{number}", op, before, *filter(None, [other.replace("before", before)]))
        yield node
        before = node.name


def star(count: int) -> Iterator[Node]:
    """Very many readers of one tensor and of each other's constants."""
    for number in range(count):
        yield of(
            f"n{number}",
            ("Mul", "AddV2", "Neg", "Reshape")[number % 4],
            "x",
            *("ones", "zeros", "", "x")[number % 4 :][:1],
        )


def tree(count: int) -> Iterator[Node]:
    """Sums of two sums, down to one."""
    names = [f"leaf{number}" for number in range(count // 2)]
    for name in names:
        yield of(name, "Exp", "x")
    while len(names) > 1:
        joined = [of(f"{one}+", "AddV2", one, other) for one, other in zip(names[::2], names[1::2], strict=False)]
        yield from joined
        names = [node.name for node in joined]


def dense(count: int) -> Iterator[Node]:
    """Layers as models have them."""
    yield from chain("MatMul:weights", "BiasAdd:weights", "Relu", "Reshape:x", "Mul:ones", "AddV2:before", count=count)


SHAPES: dict[str, Callable[[int], Iterator[Node]]] = {
    "layers": dense,
    "identities": lambda count: chain("Identity", count=count),
    "functions": lambda count: chain("Exp", "Neg", "Sqrt", "Tanh", count=count),
    "sums with a constant": lambda count: chain("AddV2:weights", count=count),
    "differences and products": lambda count: chain("Sub:weights", "AddV2:weights", "Mul:weights", count=count),
    "what may be left out": lambda count: chain("Mul:ones", "AddV2:zeros", "Reshape:zeros", count=count),
    "squares": lambda count: chain("Mul:before", "AddV2:before", count=count),
    "one tensor with many readers": star,
    "a tree of sums": tree,
}


def seconds(nodes: tuple[Node, ...], index: KernelIndex) -> float:
    best = float("inf")
    for _ in range(RUNS):
        graph = Graph(nodes)
        start = time.process_time()
        for _ in runtime_additions(expand_functions(graph, nodes, "g"), (), index):
            pass
        best = min(best, time.process_time() - start)
    return best


def measure(_given: Given) -> Measured:
    index = open_index(find(RELEASE))
    curves = []
    for name, shape in SHAPES.items():
        took = tuple(seconds((*SHARED, *shape(count)), index) for count in COUNTS)
        curves.append(Curve(f"inserted ops: {name}", "nodes", COUNTS, took, MOST_GROWTH))
    return Measured(curves=curves)


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
