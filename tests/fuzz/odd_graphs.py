"""Graphs that a program could write and hardly one does: any op of a release, loops, calls in circles, odd names.

About half are sound in their structure; in the others something is amiss, often only one thing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from kernel_index.datatypes import DataType
from kernel_index.records import OpDefinition
from kernel_index.shipped import index_of
from opselect.models.graph import FunctionArg, FunctionDefinition, FunctionRef, Graph, Node, NodeAttr, Shape, TensorRef
from opselect.models.graph.model import Versions
from opselect.models.graph.values import AttrPlaceholder
from opselect.models.storage import MemoryBytes
from tests.conformance.loading.random_graphs import random_graph
from tests.fuzz.changes import odd_word
from tests.opselect.graph_text import field, varint
from tests.opselect.rewriting.transforms.graphs import const

FLOAT, INT32, BOOL, RESOURCE = DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_BOOL, DataType.DT_RESOURCE
RELEASE = "2.14"
FUNCTIONS = ("f0", "f1", "f2", "while_cond")
_SIZES = (0, 1, 2, 3, -1, 1 << 20, 1 << 31, 1 << 40, (1 << 63) - 1)
_FLOAT_OPS = ("Add", "AddV2", "Mul", "Sub", "MatMul", "Maximum", "RealDiv")
_ONE_FLOAT = (
    "Identity",
    "Relu",
    "Neg",
    "CheckNumerics",
    "StopGradient",
    "Snapshot",
    "Softmax",
    "OnesLike",
    "ZerosLike",
)
_SIZED = ("Fill", "RandomUniform", "Zeros", "Ones", "BroadcastTo", "Tile", "Reshape", "Range", "LinSpace", "OneHot")
_TYPES = (FLOAT, INT32, BOOL, RESOURCE, DataType.DT_STRING, DataType.DT_VARIANT, DataType.DT_HALF, DataType.DT_QUINT8)


@cache
def _definitions() -> tuple[OpDefinition, ...]:
    index = index_of(RELEASE)
    found = [index.op_definition(op) for op in index.op_names()]
    return tuple(each for each in found if each is not None)


def odd_graph(choose: random.Random) -> Graph:
    """A graph with a library of up to four functions."""
    maker = _Maker(choose, "")
    for _ in range(choose.choice((1, 2, 4, 8, 15))):
        choose.choice(maker.pieces)()
    functions = tuple(_function(choose, name) for name in FUNCTIONS if choose.random() < 0.7)
    versions = Versions(choose.choice((0, 21, 27, 1575, 1 << 30)), choose.choice((0, 0, 0, 12, 1 << 20)))
    graph = Graph(tuple(maker.nodes), functions, {"f0": "f1"} if choose.random() < 0.1 else {}, versions)
    if choose.random() < 0.5:
        return graph
    for _ in range(choose.choice((1, 1, 1, 2, 5))):
        graph = choose.choice(_ODDITIES)(choose, graph)
    return graph


def _function(choose: random.Random, name: str) -> FunctionDefinition:
    maker = _Maker(choose, "x:0" if choose.random() < 0.1 else "x")
    for _ in range(choose.choice((0, 1, 2, 4))):
        choose.choice(maker.pieces)()
    last = maker.nodes[-1].name if maker.nodes else "x"
    returned = maker.one()
    if choose.random() < 0.05:
        returned = choose.choice(("x", f"{last}:0", f"{last}:output:0", "nothing:y:0", ""))
    type_of = BOOL if name == "while_cond" and choose.random() < 0.7 else FLOAT
    return FunctionDefinition(
        name,
        (FunctionArg("x", FLOAT), *([FunctionArg("x", type_attr="T")] if choose.random() < 0.1 else [])),
        (FunctionArg("y", type_of),),
        tuple(maker.nodes),
        {"y": returned} if choose.random() < 0.97 else {},
        {"c": last} if maker.nodes and choose.random() < 0.2 else {},
        {"T": "type"} if choose.random() < 0.2 else {},
        stateful=choose.random() < 0.3,
    )


@cache
def _output(op: str) -> str:
    """What an op calls its first output, which is how functions refer to it."""
    definition = index_of(RELEASE).op_definition(op)
    return definition.outputs[0].name if definition is not None and definition.outputs else "y"


class _Maker:
    def __init__(self, choose: random.Random, feed: str) -> None:
        self.nodes: list[Node] = []
        self._choose = choose
        self._floats = [feed] if feed else []
        self._is_function = bool(feed)
        self.pieces: tuple[Callable[[], object], ...] = (
            self._float, self._float, self._call, self._condition, self._any_op, self._any_op, self._sized, self._loop,
            self._switch, self._variable, self._resource, self._restored, self._waiting, self._check, self._norm,
        )  # fmt: skip
        if not feed:
            self._floats.append(self._add("Placeholder", dtype=FLOAT, shape=Shape((2, 2))))

    def _add(self, op: str, *inputs: str, **attrs: NodeAttr) -> str:
        name = f"{self._choose.choice(('', '', 'net/'))}a{len(self.nodes)}"
        device = self._choose.choice(("", "", "", "/cpu:0", "/job:ps/task:1"))
        self.nodes.append(Node(name, op, inputs, device, attrs))
        return f"{name}:{_output(op)}:0" if self._is_function else name

    def one(self) -> str:
        """A tensor of floats that is there."""
        return self._choose.choice(self._floats)

    def _const(self, values: object, data_type: DataType = FLOAT) -> str:
        name = self._add("Const")
        self.nodes[-1] = replace(const(self.nodes[-1].name, values, data_type), device=self.nodes[-1].device)
        return name

    def _huge(self) -> str:
        """A constant that says a shape for which it has one value."""
        dims = b"".join(field(2, b"\x08" + varint(self._choose.choice(_SIZES) % (1 << 64))) for _ in range(2))
        data = b"\x08\x01" + field(2, dims) + field(5, b"\x00\x00\x80\x3f")
        name = self._add("Const", dtype=FLOAT, value=TensorRef(MemoryBytes(data), 0, len(data)))
        self._floats.append(name)
        return name

    def _float(self) -> None:
        kind = self._choose.randrange(5)
        if kind == 0:
            self._floats.append(self._const(self._choose.choice(([1.0, 2.0], 0.0, [[1.0, 0.0], [0.0, 1.0]], []))))
        elif kind == 1:
            self._huge()
        elif kind == 2:
            self._floats.append(self._add(self._choose.choice(_ONE_FLOAT), self.one(), T=FLOAT))
        else:
            self._floats.append(self._add(self._choose.choice(_FLOAT_OPS), self.one(), self.one(), T=FLOAT))

    def _call(self) -> None:
        op = self._choose.choice(("PartitionedCall", "StatefulPartitionedCall", "SymbolicGradient", "RemoteCall", "f1"))
        name = self._choose.choice((*FUNCTIONS, "missing", ""))
        called = FunctionRef(name, {"T": FLOAT} if self._choose.random() < 0.2 else {})
        self._floats.append(self._add(op, self.one(), Tin=(FLOAT,), Tout=(FLOAT,), f=called))

    def _condition(self) -> None:
        f, g, condition = (FunctionRef(self._choose.choice((*FUNCTIONS, "missing"))) for _ in range(3))
        types: Mapping[str, NodeAttr] = {"Tin": (FLOAT,), "Tout": (FLOAT,)}
        kind = self._choose.randrange(3)
        flag = self._const(self._choose.choice((0, 1, 7)), INT32)
        if kind == 0:
            op = self._choose.choice(("If", "StatelessIf"))
            made = self._add(op, flag, self.one(), Tcond=INT32, then_branch=f, else_branch=g, **types)
        elif kind == 1:
            op = self._choose.choice(("While", "StatelessWhile"))
            limit = self._choose.choice((0, 10, 1 << 60))
            made = self._add(op, self.one(), T=(FLOAT,), cond=condition, body=f, parallel_iterations=limit)
        else:
            op = self._choose.choice(("Case", "StatelessCase"))
            made = self._add(op, flag, self.one(), branches=self._choose.choice(((f, g), (), (f,))), **types)
        self._floats.append(made)

    def _any_op(self) -> None:
        graph = random_graph(self._choose, self._choose.choice(_definitions()))
        if graph is None or self._is_function:
            return
        names = {node.name: f"b{len(self.nodes)}_{node.name}" for node in graph.nodes}
        for node in graph.nodes:
            dtype = node.attrs.get("dtype")
            if node.op == "Placeholder" and dtype in (FLOAT, INT32) and self._choose.random() < 0.5:
                value = self._choose.choice((0, 1, 2, [1, 2], [], [[1, 2], [3, 4]], -1, 1 << 30))
                node = replace(const(node.name, value, FLOAT if dtype == FLOAT else INT32))
            self.nodes.append(replace(node, name=names[node.name], inputs=tuple(map(names.__getitem__, node.inputs))))

    def _sized(self) -> None:
        sizes = [min(self._choose.choice(_SIZES), (1 << 31) - 1) for _ in range(self._choose.randrange(4))]
        shape, op = self._const(sizes, INT32), self._choose.choice(_SIZED)
        if op == "RandomUniform":
            made = self._add(op, shape, T=INT32, dtype=FLOAT, seed=self._choose.choice((0, 7)))
        elif op in ("BroadcastTo", "Tile", "Reshape"):
            types: Mapping[str, NodeAttr] = {"T": FLOAT, "Tidx": INT32, "Tshape": INT32, "Tmultiples": INT32}
            made = self._add(op, self.one(), shape, **types)
        elif op == "Fill":
            made = self._add(op, shape, self._const(1.0), T=FLOAT, index_type=INT32)
        else:
            one, other = (self._const(min(self._choose.choice(_SIZES), (1 << 31) - 1), INT32) for _ in range(2))
            made = self._add(op, one, other, self._const(1, INT32), self._const(1.0), T=FLOAT, Tidx=INT32, TI=INT32)
        self._floats.append(made)

    def _loop(self) -> None:
        if self._is_function:  # where such loops are no rule that bodies follow
            return
        frame = self._choose.choice(("loop", "", "other"))
        enter = self._add("Enter", self.one(), T=FLOAT, frame_name=frame, is_constant=False, parallel_iterations=10)
        at = len(self.nodes)
        merge = self._add("Merge", enter, "later", T=FLOAT, N=2)
        limit = self._const(10.0)
        condition = self._add("LoopCond", self._add("Less", merge, limit, T=FLOAT))
        switch = self._add("Switch", merge, condition, T=FLOAT)
        exit_ = self._add("Exit", switch, T=FLOAT)
        body = self._add("Add", f"{switch}:1", self.one(), T=FLOAT)
        back = self._add("NextIteration", body, T=FLOAT)
        self.nodes[at] = replace(self.nodes[at], inputs=(enter, self._choose.choice((back, back, back, enter, merge))))
        self._floats.append(exit_)

    def _switch(self) -> None:
        kind = self._choose.randrange(3)
        if kind == 0:
            flag = self._add("Placeholder", dtype=BOOL, shape=Shape(()))
        elif kind == 1:
            flag = self._add("LogicalNot", self._add("Placeholder", dtype=BOOL))
        else:
            data = b"\x08\x0a" + field(2, b"") + b"\x58" + varint(self._choose.randrange(2))
            flag = self._add("Const", dtype=BOOL, value=TensorRef(MemoryBytes(data), 0, len(data)))
        switch = self._add("Switch", self.one(), flag, T=FLOAT)
        if self._is_function:
            self._floats.append(switch)
            return
        sides = [self._add("Identity", f"{switch}:{side}", T=FLOAT) for side in (0, 1)]
        count = self._choose.choice((2, 2, 1, 3))
        self._floats.append(self._add("Merge", *sides[:count], T=FLOAT, N=count))

    def _variable(self) -> None:
        op = self._choose.choice(("VariableV2", "Variable", "TemporaryVariable"))
        name = self._add(op, dtype=FLOAT, shape=self._choose.choice((Shape((6, 4)), Shape(()), Shape(), Shape((4,)))))
        free = {"net/w", "net/b", "absent"} - {node.name for node in self.nodes}
        if not self._is_function and free and self._choose.random() < 0.7:
            name = self._choose.choice(sorted(free))
            self.nodes[-1] = replace(self.nodes[-1], name=name)
        if self._choose.random() < 0.5:
            self._add("Assign", name, self.one(), T=FLOAT)
        self._floats.append(self._add("Identity", name, T=FLOAT))

    def _resource(self) -> None:
        key = self._choose.choice(("net/w", "net/b", "absent", ""))
        handle = self._add("VarHandleOp", dtype=FLOAT, shape=Shape((6, 4)), shared_name=key, container="")
        if self._choose.random() < 0.5:
            self._add("AssignVariableOp", handle, self.one(), dtype=FLOAT)
        if self._choose.random() < 0.3:
            self._add("PartitionedCall", handle, Tin=(RESOURCE,), Tout=(FLOAT,), f=FunctionRef("f0"))
        op = self._choose.choice(("ReadVariableOp", "ResourceGather", "VarIsInitializedOp", "Identity"))
        self._floats.append(self._add(op, handle, dtype=FLOAT, T=RESOURCE))

    def _restored(self) -> None:
        text = b"\x08\x07" + field(2, b"") + field(8, self._choose.choice((b"net/w", b"", b"x" * 300)))
        words = [self._add("Const", dtype=DataType.DT_STRING, value=TensorRef(MemoryBytes(text), 0, len(text)))] * 3
        op = self._choose.choice(("RestoreV2", "SaveV2", "Restore", "MergeV2Checkpoints"))
        self._floats.append(self._add(op, *words, dtypes=(FLOAT,)))

    def _waiting(self) -> None:
        others = tuple(f"^{node.name}" for node in self._choose.sample(self.nodes, min(3, len(self.nodes))))
        self._add("NoOp", *others)

    def _check(self) -> None:
        flag = self._add("Placeholder", dtype=BOOL)
        self._add("Assert", flag, self.one(), T=(FLOAT,), summarize=3)

    def _norm(self) -> None:
        op = self._choose.choice(("FusedBatchNorm", "FusedBatchNormV3", "BatchNormWithGlobalNormalization"))
        convolved = self._add("Conv2D", self.one(), self._huge(), T=FLOAT, strides=(1, 1, 1, 1), padding="SAME")
        numbers = [self._const(self._choose.choice(([1.0, 2.0], 0.0, []))) for _ in range(4)]
        self._floats.append(self._add(op, convolved, *numbers, T=FLOAT, U=FLOAT, epsilon=0.0, is_training=False))


def _at_one(change: Callable[[random.Random, Graph, Node], Node]) -> Callable[[random.Random, Graph], Graph]:
    def changed(choose: random.Random, graph: Graph) -> Graph:
        if not graph.nodes:
            return graph
        at = choose.randrange(len(graph.nodes))
        node = change(choose, graph, graph.nodes[at])
        return replace(graph, nodes=(*graph.nodes[:at], node, *graph.nodes[at + 1 :]))

    return changed


def _renamed(choose: random.Random, graph: Graph, node: Node) -> Node:
    return replace(node, name=choose.choice((odd_word(choose), choose.choice(graph.nodes).name)))


def _other_input(choose: random.Random, graph: Graph, node: Node) -> Node:
    other = choose.choice(graph.nodes).name
    odd = choose.choice((other, node.name, f"^{other}", f"{other}:7", f"{other}:0", odd_word(choose), "nothing"))
    at = choose.randrange(len(node.inputs) + 1)
    return replace(node, inputs=(*node.inputs[:at], odd, *node.inputs[at + choose.randrange(2) :]))


def _other_attr(choose: random.Random, _graph: Graph, node: Node) -> Node:
    key = choose.choice((*node.attrs, "T", "N", "_class", "_output_shapes", "shape", "dtype", odd_word(choose)))
    values: tuple[NodeAttr, ...] = (
        *(0, -1, 1 << 62, True, float("nan"), 0.5, "", odd_word(choose), ("loc:@nothing",), (f"loc:@{node.name}",), ()),
        *(choose.choice(_TYPES), (choose.choice(_TYPES),) * 3, Shape(), Shape((-1, 1 << 40)), FunctionRef("f0")),
        *(AttrPlaceholder("T"), FunctionRef(""), (FunctionRef("f0", {"f": FunctionRef("f1")}),)),
    )
    return replace(node, attrs={**node.attrs, key: choose.choice(values)})


def _without_attr(choose: random.Random, _graph: Graph, node: Node) -> Node:
    gone = choose.choice([*node.attrs, ""])
    return replace(node, attrs={key: value for key, value in node.attrs.items() if key != gone})


def _other_op(choose: random.Random, _graph: Graph, node: Node) -> Node:
    known = choose.choice(_definitions()).name
    return replace(node, op=choose.choice((known, "Nonsense", odd_word(choose) or "x", *FUNCTIONS)))


def _elsewhere(choose: random.Random, _graph: Graph, node: Node) -> Node:
    return replace(node, device=choose.choice((odd_word(choose), "/device:GPU:99", "//", "/job:")))


def _shuffled(choose: random.Random, graph: Graph) -> Graph:
    return replace(graph, nodes=tuple(choose.sample(graph.nodes, len(graph.nodes))))


def _fewer(choose: random.Random, graph: Graph) -> Graph:
    return replace(graph, nodes=tuple(node for node in graph.nodes if choose.random() < 0.8))


def _twice(_choose: random.Random, graph: Graph) -> Graph:
    return replace(graph, functions=graph.functions + graph.functions[:1], nodes=graph.nodes + graph.nodes[:1])


_ODDITIES: tuple[Callable[[random.Random, Graph], Graph], ...] = (
    *map(_at_one, (_renamed, _other_input, _other_input, _other_attr, _other_attr, _without_attr, _other_op)),
    _at_one(_elsewhere),
    _shuffled,
    _fewer,
    _twice,
)
