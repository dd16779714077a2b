"""Ops that no model asks for and that a session needs all the same.

Read off the sources of 1.0 to 2.14; a release that lacks one of these ops does without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SESSION_OPS: Mapping[str, str] = {
    "NoOp": "the source node of every graph (graph/graph.cc)",
    "_Arg": "feeds a tensor into a graph or function (graph/subgraph.cc)",
    "_Retval": "fetches a tensor from a graph or function (graph/subgraph.cc)",
    "_DeviceArg": "feeds a function on its device (common_runtime/function.cc)",
    "_DeviceRetval": "fetches from a function on its device (common_runtime/function.cc)",
    "_Send": "fetches of a partial run, tensors between partitions (graph/subgraph.cc, graph_partition.cc)",
    "_Recv": "feeds of a partial run, tensors between partitions (graph/subgraph.cc, graph_partition.cc)",
    "_HostSend": "tensors in host memory between partitions (graph_partition.cc)",
    "_HostRecv": "tensors in host memory between partitions (graph_partition.cc)",
}
"""What a session adds to a graph by itself, and where."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What the runtime makes of an op before it looks for kernels.

    ``into`` are the ops it puts in place. ``always`` tells a pass that never leaves the op in the graph (its own
    kernel, if there is one, never runs) from one that depends on an attr of the node.
    """

    into: tuple[str, ...]
    source: str
    always: bool = False


_BRANCHES = ("Switch", "Merge", "Identity", "IdentityN", "NoOp")
_CASES = ("_SwitchN", "Merge", "Identity", "IdentityN", "NoOp")
_LOOPS = ("Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond", "Identity", "IdentityN", "NoOp")
_INLINED = ("Identity", "IdentityN", "NoOp")

REWRITES: Mapping[str, Rewrite] = {
    "AccumulateNV2": Rewrite(
        ("TemporaryVariable", "Shape", "Const", "Fill", "Assign", "AssignAdd", "DestroyTemporaryVariable", "AddN"),
        "common_runtime/accumulate_n_optimizer.cc",
        always=True,
    ),
    "ParallelConcat": Rewrite(
        ("_ParallelConcatStart", "_ParallelConcatUpdate", "Identity"),
        "common_runtime/parallel_concat_optimizer.cc",
        always=True,
    ),
    "If": Rewrite(_BRANCHES, "common_runtime/lower_if_op.cc"),
    "StatelessIf": Rewrite(_BRANCHES, "common_runtime/lower_if_op.cc"),
    "Case": Rewrite(_CASES, "common_runtime/lower_case_op.cc"),
    "StatelessCase": Rewrite(_CASES, "common_runtime/lower_case_op.cc"),
    "While": Rewrite(_LOOPS, "common_runtime/lower_while_op.cc"),
    "StatelessWhile": Rewrite(_LOOPS, "common_runtime/lower_while_op.cc"),
    "PartitionedCall": Rewrite(_INLINED, "common_runtime/inline_function_utils.cc"),
    "StatefulPartitionedCall": Rewrite(_INLINED, "common_runtime/inline_function_utils.cc"),
    "SymbolicGradient": Rewrite(_INLINED, "common_runtime/function.cc"),
}
"""Ops that graph passes of every build, mobile ones included, replace by others."""
