"""Which calls of functions can be inlined without a side effect being lost.

Source: ``ValidateInlining`` in ``common_runtime/inline_function_utils.cc``, ``ValidateSideEffectsExecution`` and
``ValidateNoDeadOutputs`` in ``grappler/optimizers/function_optimizer.cc``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from opselect.models.graph import FunctionDefinition, FunctionRef, Node, input_node
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.models.graph.op_families import MERGES, PARTITIONED_CALLS, SWITCHES
from opselect.models.graph.references import data_inputs
from opselect.rewriting.freezing.flat import FlatBody
from opselect.rewriting.names import consumers

_XLA_MARKS = ("_xla_compile_id", "_tpu_replicate", "_XlaMustCompile")
_NO_SIDE_EFFECT = frozenset(
    {
        "CollectiveAssignGroupsV2", "CollectiveBcastRecv", "CollectiveBcastRecvV2", "CollectiveBcastSend",
        "CollectiveBcastSendV2", "CollectiveGather", "CollectiveInitializeCommunicator", "CollectiveReduce",
        "CudnnRNN", "CudnnRNNBackprop", "CudnnRNNBackpropV2", "CudnnRNNBackpropV3", "CudnnRNNV2", "CudnnRNNV3",
        "Multinomial", "NcclAllReduce", "ParameterizedTruncatedNormal", "RandomGamma", "RandomGammaGrad",
        "RandomPoisson", "RandomPoissonV2", "RandomShuffle", "RandomStandardNormal", "RandomUniform",
        "RandomUniformInt", "ReadVariableOp", "Recv", "RestoreV2", "SaveV2", "Send", "TruncatedNormal",
    }
)  # fmt: skip
"""Stateful ops whose order, or whose running at all, nobody can tell."""


def called_function(call: Node, functions: Mapping[str, FunctionDefinition]) -> FunctionDefinition | None:
    """The function that a node calls, None where there is none of that name."""
    if call.op in functions:
        return functions[call.op]
    named = call.attrs.get("f")
    return functions.get(named.name) if isinstance(named, FunctionRef) else None


def can_be_inlined(
    call: Node,
    function: FunctionDefinition,
    body: FlatBody,
    has_control_outputs: bool,
    ops: OpDefinitions,
) -> bool:
    """Whether the body may stand in the place of the call; ``has_control_outputs`` says that a node waits for it."""
    if any(call.attrs.get(mark) not in (None, "", False) for mark in _XLA_MARKS):
        return False
    if not _types_agree(call, function) or function.attrs.get("_noinline") is True:
        return False
    effects = [node for node in body.nodes if _has_side_effect(node, ops)]
    if effects and not has_control_outputs:
        return False
    ends = body.control_returns if call.op in PARTITIONED_CALLS else tuple(map(input_node, body.returns))
    users = consumers(body.nodes)
    if any(not _reaches(node, users, frozenset(ends)) for node in effects):
        return False
    switches = [node for node in body.nodes if node.op in SWITCHES]
    returned = frozenset(map(input_node, body.returns))
    return not any(_reaches(node, users, returned, stop_at=MERGES) for node in switches)


def _types_agree(call: Node, function: FunctionDefinition) -> bool:
    """Whether a call gives what the function takes, and takes what it gives."""
    if len(data_inputs(call)) != len(function.inputs):
        return False
    if call.op not in PARTITIONED_CALLS:
        return True
    takes, gives = ((argument.type for argument in arguments) for arguments in (function.inputs, function.outputs))
    return (call.attrs.get("Tin"), call.attrs.get("Tout")) == (tuple(takes), tuple(gives))


def _has_side_effect(node: Node, ops: OpDefinitions) -> bool:
    if node.op in ops.functions:
        return ops.functions[node.op].stateful
    definition = ops.op(node.op)
    return (definition is None or definition.stateful) and node.op not in _NO_SIDE_EFFECT


def _reaches(start: Node, users: Mapping[str, list[Node]], ends: frozenset[str], stop_at: Iterable[str] = ()) -> bool:
    """Whether one of the ends is a node or depends on it, by a way that passes none of some ops."""
    seen = {start.name}
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node.name in ends:
            return True
        if node.op in stop_at:
            continue
        for user in users.get(node.name, ()):
            if user.name not in seen:
                seen.add(user.name)
                waiting.append(user)
    return False
