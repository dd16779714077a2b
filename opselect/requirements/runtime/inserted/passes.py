"""Ops of passes of a session, and of the optimizers of grappler that work on calls, loops, memory and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kernel_index.datatypes import DataType
from opselect.models.graph import Node, NodeAttr
from opselect.requirements.runtime.body_view import known
from opselect.requirements.runtime.inserted.forms import FormView
from opselect.requirements.runtime.inserted.rule import Insertion, Rule, typed
from opselect.requirements.runtime.releases import Span

_FLOAT, _INT32, _BFLOAT16 = DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_BFLOAT16
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def _folded(view: FormView) -> Iterator[Insertion]:
    """Each output that something else than a constant reads, or that is fetched."""
    plain = view.plain
    for node in plain.nodes:
        if node.op == "Const" or not plain.is_constant(node):
            continue
        uses = plain.uses(node)
        ports = {use.port for use in uses if use.consumer is None or not plain.is_constant(use.consumer)}
        types = plain.output_types(node)
        for port in sorted(ports) if uses else range(len(types)):
            data_type = types[port] if port < len(types) else None
            yield Insertion("Const", (node,), known(dtype=data_type))


def _list_converters(view: FormView) -> Iterator[Insertion]:
    for node in view.named("_ListToArray", "_ArrayToList"):
        yield Insertion("Identity", (node,), known(T=view.type(node)))


def inlined(view: FormView, call: Node) -> Iterator[Insertion]:
    """What stands around the body of a function that takes the place of its call (``InlineFunctionBody``)."""
    inputs = {view.plain.input_type(call, index) for index in range(len(view.inputs(call)))}
    outputs = view.plain.output_types(call)
    for data_type in sorted({*inputs, *outputs} - {None}, key=str):
        yield Insertion("Identity", (call,), known(T=data_type))
    yield Insertion("NoOp", (call,))


def _inlined_calls(view: FormView, calls: Iterator[Node]) -> Iterator[Insertion]:
    for call in calls:
        yield from inlined(view, call)
        outputs: NodeAttr = tuple(item for item in view.plain.output_types(call) if item is not None)
        if outputs:
            yield Insertion("IdentityN", (call,), {"T": outputs})


def _inlined_native_calls(view: FormView) -> Iterator[Insertion]:
    functions = view.definitions.functions
    calls = (
        node for name in functions for node in view.named(name) if functions[name].attrs.get("_noinline") is not True
    )
    yield from _inlined_calls(view, calls)


def _inlined_partitioned_calls(view: FormView) -> Iterator[Insertion]:
    yield from _inlined_calls(view, view.named(*_CALLS))


def _unused_pushes(view: FormView) -> Iterator[Insertion]:
    for node in view.named("StackPush", "StackPushV2"):
        yield Insertion("Identity", (node,), known(T=view.type(node)))


def _dead_branches(view: FormView) -> Iterator[Insertion]:
    constant = [node for node in view.plain.named("Switch") if view.constant(node, 1)]
    for node in constant:
        yield Insertion("Identity", (node,), known(T=view.type(node)), view.inputs(node)[:1])
    for node in view.plain.named("Merge") if constant else ():
        for reference in view.inputs(node):
            yield Insertion("Identity", (node,), known(T=view.type(node)), (reference,))


def _split_identity_n(view: FormView) -> Iterator[Insertion]:
    for node in view.named("IdentityN"):
        for data_type in sorted(set(view.plain.types(node, "T")), key=str):
            yield Insertion("Identity", (node,), {"T": data_type})


def _device_index(view: FormView) -> Iterator[Insertion]:
    for node in view.named("DeviceIndex"):
        yield Insertion("Const", (node,), {"dtype": _INT32}, ())


def _accumulated(view: FormView) -> Iterator[Insertion]:
    types = (DataType.DT_HALF, _FLOAT, DataType.DT_DOUBLE, DataType.DT_INT64)
    for node in view.named("AddN", "AccumulateNV2"):
        data_type = view.type(node)
        if data_type in types and len(view.inputs(node)) > 2 and view.is_new("accumulated", node.name):
            yield Insertion("TemporaryVariable", (node,), known(dtype=data_type))
            for op in ("Assign", "AssignAdd", "DestroyTemporaryVariable", "ZerosLike"):
                yield Insertion(op, (node,), known(T=data_type))


_TASK = re.compile(r"/(?:job|replica|task):[^/]*", re.IGNORECASE)


def _devices(view: FormView) -> list[Node]:
    """A node of each device that nodes ask for."""
    return list({node.device.lower(): node for node in view.plain.nodes if node.device}.values())


def _between_devices(view: FormView) -> Iterator[Insertion]:
    nodes = tuple(_devices(view))
    if len(nodes) < 2:
        return
    yield Insertion("Const", nodes, {"dtype": _FLOAT})
    yield Insertion("Identity", nodes, {"T": _FLOAT})
    if any(view.named("Enter", "RefEnter")):
        yield Insertion("LoopCond", nodes)
        for op in ("Enter", "Merge", "NextIteration", "Switch"):
            yield Insertion(op, nodes, {"T": _INT32})


def _between_tasks(view: FormView) -> Iterator[Insertion]:
    nodes = tuple({"".join(_TASK.findall(node.device)).lower(): node for node in _devices(view)}.values())
    if len(nodes) > 1:
        for op in ("Cast", "_HostCast"):
            for before, after in ((_FLOAT, _BFLOAT16), (_BFLOAT16, _FLOAT)):
                yield Insertion(op, nodes, {"SrcT": before, "DstT": after})


def _size_for_product(view: FormView) -> Iterator[Insertion]:
    for product in view.named("Prod"):
        for shape in view.sources(product) if view.definitions.attr(product, "keep_dims") is not True else ():
            if shape.op == "Shape":
                attrs = known(T=view.type(shape), out_type=view.type(product))
                yield Insertion("Size", (product, shape), attrs, view.inputs(shape))


def _ratio_of_sizes(view: FormView) -> Iterator[Insertion]:
    for ratio in view.named("Div"):
        if all(any(source.op == "Size" for source in view.sources(ratio, side)) for side in (0, 1)):
            yield typed("Const", view, ratio, attr="dtype", inputs=())


_INLINED_OPS = ("Identity", "IdentityN", "NoOp")

RULES = (
    Rule(
        ("Const",),
        Span((1, 0)),
        "common_runtime/constant_folding.cc",
        "an op without side effects that reads nothing but constants",
        "dtype of the op's outputs",
        _folded,
        "session",
    ),
    Rule(
        ("Identity",),
        Span((1, 0)),
        "common_runtime/function.cc",
        "a _ListToArray or _ArrayToList",
        "T of the op",
        _list_converters,
        "session",
    ),
    Rule(
        _INLINED_OPS,
        Span((1, 8)),
        "grappler/optimizers/function_optimizer.cc",
        "a call of a function by its own name, unless it is marked _noinline",
        "types of the call's inputs and outputs",
        _inlined_native_calls,
    ),
    Rule(
        _INLINED_OPS,
        Span((1, 14)),
        "grappler/optimizers/function_optimizer.cc",
        "a PartitionedCall or StatefulPartitionedCall",
        "types of the call's inputs and outputs",
        _inlined_partitioned_calls,
    ),
    Rule(
        ("Identity",),
        Span((1, 8)),
        "grappler/optimizers/loop_optimizer.cc",
        "a StackPush whose values nothing pops",
        "T of the StackPush",
        _unused_pushes,
    ),
    Rule(
        ("Identity",),
        Span((1, 9)),
        "grappler/optimizers/loop_optimizer.cc",
        "a Switch with a constant condition, and the Merges after it",
        "T of the Switch or Merge",
        _dead_branches,
    ),
    Rule(
        ("Identity",),
        Span((1, 13)),
        "grappler/optimizers/model_pruner.cc",
        "an IdentityN",
        "each type of the IdentityN",
        _split_identity_n,
    ),
    Rule(
        ("Const",),
        Span((2, 3)),
        "grappler/optimizers/implementation_selector.cc",
        "a DeviceIndex",
        "int32",
        _device_index,
    ),
    Rule(
        ("Assign", "AssignAdd", "DestroyTemporaryVariable", "TemporaryVariable", "ZerosLike"),
        Span((1, 7)),
        "grappler/optimizers/memory_optimizer.cc",
        "a sum of three tensors or more (half, float, double, int64) when memory runs short",
        "T of the sum",
        _accumulated,
    ),
    Rule(
        ("Size",),
        Span((1, 9)),
        "grappler/optimizers/shape_optimizer.cc",
        "a Prod of a Shape",
        "T of the Shape, out_type from the Prod's T",
        _size_for_product,
    ),
    Rule(
        ("Const",),
        Span((1, 9)),
        "grappler/optimizers/shape_optimizer.cc",
        "a Div of two Sizes",
        "dtype from the Div's T",
        _ratio_of_sizes,
    ),
    Rule(
        ("Const", "Enter", "Identity", "LoopCond", "Merge", "NextIteration", "Switch"),
        Span((1, 0)),
        "graph/graph_partition.cc",
        "nodes that ask for different devices; Enter and the rest if there are loops",
        "float; int32 in loops",
        _between_devices,
        "devices",
    ),
    Rule(
        ("Cast", "_HostCast"),
        Span((1, 0)),
        "graph/graph_partition.cc",
        "nodes that ask for devices of different tasks, in a session with enable_bfloat16_sendrecv",
        "float and bfloat16",
        _between_tasks,
        "devices",
    ),
)
