"""What becomes of functional control flow: If, Case and While as Switch, Merge, Enter and the rest.

Sources: ``common_runtime/lower_if_op.cc`` (from 1.9), ``lower_while_op.cc`` (1.11), ``lower_case_op.cc`` (1.15), and
the pass that picks the nodes: those files themselves up to 1.12, ``lower_if_while.cc`` in 1.13 and
``lower_functional_ops.cc`` from 1.14 on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kernel_index.datatypes import DataType
from opselect.models.graph import Body, Call, Expansion, FunctionDefinition, FunctionRef, Node, NodeAttr
from opselect.models.graph.op_families import PARTITIONED_CALLS
from opselect.requirements.runtime.additions import Addition, Origin
from opselect.requirements.runtime.body_view import BodyView
from opselect.requirements.runtime.releases import Release, Span

_BOOL, _INT32, _RESOURCE = DataType.DT_BOOL, DataType.DT_INT32, DataType.DT_RESOURCE

LOWERING_ATTR = "_lower_using_switch_merge"

LOWERED: Mapping[str, Span] = {
    "If": Span((1, 9)),
    "While": Span((1, 11)),
    "StatelessIf": Span((1, 15)),
    "StatelessWhile": Span((1, 15)),
    "Case": Span((1, 15)),
    "StatelessCase": Span((2, 4)),
}
"""The releases that lower an op where its attr ``_lower_using_switch_merge`` asks for it."""

_PASSES_IN_PARTITIONED_CALLS = Span((1, 12))
_NESTED_IN_THE_SAME_RUN = Span((1, 13))
_BRANCH_EXECUTED = Span((1, 14))
_RESOURCES_STAY_OUT_OF_LOOPS = Span((2, 1), (2, 8))
_LOOP_CARRIED_RESOURCES_STAY_OUT = Span((2, 9))


def is_lowered(node: Node, release: Release) -> bool:
    """Whether the pass that lowers control flow takes the node."""
    return node.op in LOWERED and release in LOWERED[node.op] and asks_for_lowering(node, release)


def asks_for_lowering(node: Node, release: Release) -> bool:
    """Whether a node wants to be lowered, whatever its op is; XLA and TPU clusters keep theirs."""
    return (
        node.attrs.get(LOWERING_ATTR) is True
        and not node.attrs.get("_tpu_replicate")
        and not node.attrs.get("_xla_compile_id")
        and not (release >= (2, 9) and node.attrs.get("_XlaMustCompile") is True)
    )


def graph_passes(expansion: Expansion, release: Release) -> list[frozenset[bool]]:
    """For each body, whether the passes before placement run over it: yes, no, or both where it is called in two ways.

    They run over the graph and over functions that PartitionedCall instantiates, hence over what they inline there
    (``kernels/partitioned_function_ops.cc``, from 1.14 on ``common_runtime/process_function_library_runtime.cc``). They
    do not run over functions that are called by name, nor over branches and loop bodies of control flow that is not
    lowered (``FunctionLibraryRuntimeImpl::CreateItem`` in ``common_runtime/function.cc``). Other kernels, such as those
    of data sets, do the one or the other.
    """
    found: list[set[bool]] = [set() for _ in expansion.bodies]
    waiting = [(0, True)]
    while waiting:
        position, passes = waiting.pop()
        if passes in found[position]:
            continue
        found[position].add(passes)
        body = expansion.bodies[position]
        waiting.extend((call.body, callee) for call in body.calls for callee in _callee(body, call, passes, release))
    return [frozenset(states) for states in found]


def _callee(body: Body, call: Call, passes: bool, release: Release) -> tuple[bool, ...]:
    node = body.nodes[call.position].node
    if passes and is_lowered(node, release):
        return (True,) if release in _NESTED_IN_THE_SAME_RUN else (True, False)
    if node.op in PARTITIONED_CALLS:
        return (release in _PASSES_IN_PARTITIONED_CALLS,)
    if passes and node.attrs.get("_lower_as_multi_device_function") is True and release >= (1, 14):
        return (True,)
    if not call.attr or node.op in LOWERED:
        return (False,)
    return (True, False)


def lowering_source(node: Node) -> str:
    """The file of TensorFlow that lowers a node."""
    return f"common_runtime/lower_{node.op.removeprefix('Stateless').lower()}_op.cc"


def lowering(node: Node, passes: frozenset[bool], release: Release) -> Origin:
    """Why a node that is lowered becomes other ops, in a body that graph passes run over or not, or both."""
    why = f"the runtime lowers {node.op} into it ({lowering_source(node)})"
    if True not in passes:
        from opselect.requirements.runtime.inserted.rule import grappler_builds

        inlining = "grappler/optimizers/function_optimizer.cc"
        return Origin(
            "inserted", f"{why} if it inlines the function first ({inlining}); only {grappler_builds(release)}"
        )
    if False in passes:
        why += f"; its function may also run as it is, so the kernel of {node.op} counts too"
    return Origin("added", why)


def lowered_ops(view: BodyView, node: Node, release: Release, origin: Origin, *, fetchable: bool) -> Iterator[Addition]:
    """What a node that is lowered becomes, with the types of its inputs and outputs.

    ``fetchable`` tells that the body is the graph of a session, whose nodes keep their outputs.
    """
    kind = node.op.removeprefix("Stateless")
    parts = {"If": _if_parts, "Case": _case_parts, "While": _while_parts}[kind](view, node, release, fetchable)
    seen = set()
    for op, attrs in parts:
        key = op, tuple(attrs.items())
        if key not in seen:
            seen.add(key)
            yield Addition(op, attrs, (node,), origin, view.function)


_Part = tuple[str, dict[str, NodeAttr]]


def _if_parts(view: BodyView, node: Node, release: Release, fetchable: bool) -> Iterator[_Part]:
    condition = view.type(node, "Tcond") or _BOOL
    outputs = view.types(node, "Tout")
    yield "Switch", {"T": condition}
    yield "Identity", {"T": condition}
    for data_type in view.types(node, "Tin"):
        yield "Switch", {"T": data_type}
    yield from _branches(view.types(node, "Tin"), outputs, condition, release, fetchable)


def _case_parts(view: BodyView, node: Node, release: Release, fetchable: bool) -> Iterator[_Part]:
    yield "_SwitchN", {"T": _INT32}
    yield "Identity", {"T": _INT32}
    for data_type in view.types(node, "Tin"):
        yield "_SwitchN", {"T": data_type}
    yield from _branches(view.types(node, "Tin"), view.types(node, "Tout"), _INT32, release, fetchable)


def _branches(
    inputs: tuple[DataType, ...], outputs: tuple[DataType, ...], pivot: DataType, release: Release, fetchable: bool
) -> Iterator[_Part]:
    """Inlined functions, and Merges after them; from 1.14 on one more for whatever waits for the node."""
    for data_type in (*inputs, *outputs):
        yield "Identity", {"T": data_type}
    for data_type in outputs:
        yield "Merge", {"T": data_type}
    if release in _BRANCH_EXECUTED:
        yield "Merge", {"T": pivot}
    yield "NoOp", {}
    if outputs and (fetchable or release not in _BRANCH_EXECUTED):
        yield "IdentityN", {"T": outputs}


def _while_parts(view: BodyView, node: Node, release: Release, fetchable: bool) -> Iterator[_Part]:
    types = view.types(node, "T")
    outside = _resources_outside(view, node, release)
    for position, data_type in enumerate(types):
        yield "Enter", {"T": data_type}
        yield "Identity", {"T": data_type}
        if position not in outside:
            for op in ("Merge", "Switch", "NextIteration", "Exit"):
                yield op, {"T": data_type}
    yield "LoopCond", {}
    yield "Identity", {"T": _BOOL}
    yield "NoOp", {}
    if types and (fetchable or release < (1, 14)):
        yield "IdentityN", {"T": types}


def _resources_outside(view: BodyView, node: Node, release: Release) -> frozenset[int]:
    """Inputs that only enter the loop: resources, in later releases those that the body returns as they came."""
    resources = [i for i, data_type in enumerate(view.types(node, "T")) if data_type is _RESOURCE]
    if release in _RESOURCES_STAY_OUT_OF_LOOPS:
        return frozenset(resources)
    if release not in _LOOP_CARRIED_RESOURCES_STAY_OUT:
        return frozenset()
    body = _function(view, node.attrs.get("body"))
    arguments = [argument.name for argument in body.inputs] if body is not None else []
    returned = set(body.returns.values()) if body is not None else set()
    return frozenset(i for i in resources if i < len(arguments) and arguments[i] in returned)


def _function(view: BodyView, value: NodeAttr | None) -> FunctionDefinition | None:
    return view.definitions.functions.get(value.name) if isinstance(value, FunctionRef) else None
