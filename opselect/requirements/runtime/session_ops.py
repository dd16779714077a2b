"""Ops that no model asks for and that every session needs all the same."""

from __future__ import annotations

from collections.abc import Mapping

from kernel_index.profiles import release_number

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
"""What a session adds to a graph by itself, and where. A release that lacks one of these ops does without it."""

INDISPENSABLE = ("NoOp", "_Arg", "_Retval", "_Send", "_Recv")
"""Session ops without which no graph runs; the others have kernels of their own only in some releases."""

_CALLED_AS_FUNCTION = (1, 2)


def ops_to_run(release: str) -> tuple[str, ...]:
    """Session ops without which no step of a session runs on one device, but for a partial run.

    From 1.2 on feeds and fetches are arguments and results (``use_function_convention`` in
    ``common_runtime/direct_session.cc``); before, they are received and sent.
    """
    if release_number(release) >= _CALLED_AS_FUNCTION:
        return ("NoOp", "_Arg", "_Retval")
    return ("NoOp", "_Recv", "_Send")
