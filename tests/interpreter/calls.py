"""Ops that call functions. Source: ``kernels/functional_ops.cc``, ``kernels/partitioned_function_ops.cc``,
``kernels/case_op.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from opselect.models.graph import FunctionRef, Node
from opselect.rewriting.evaluation.kernel import EvaluationError
from tests.interpreter.lists import Item

CallFunction: TypeAlias = Callable[[FunctionRef, Sequence[Item]], Sequence[Item]]
"""Runs a function of the library: its arguments in, what it returns out."""


def _function(node: Node, attr: str) -> FunctionRef:
    value = node.attrs.get(attr)
    if not isinstance(value, FunctionRef):
        raise EvaluationError(f"has no function {attr!r}")
    return value


def _holds(value: Item) -> bool:
    """Whether a condition is true: a number that is not 0, a string that is not empty, an array with elements."""
    if not isinstance(value, np.ndarray):
        raise EvaluationError("decides by what is no array")
    return bool(value.reshape(())) if not value.ndim else value.size > 0


def _partitioned(node: Node, inputs: Sequence[Item], call: CallFunction) -> Sequence[Item]:
    return call(_function(node, "f"), inputs)


def _if(node: Node, inputs: Sequence[Item], call: CallFunction) -> Sequence[Item]:
    return call(_function(node, "then_branch" if _holds(inputs[0]) else "else_branch"), inputs[1:])


def _case(node: Node, inputs: Sequence[Item], call: CallFunction) -> Sequence[Item]:
    branches = node.attrs.get("branches")
    if not isinstance(branches, tuple) or not isinstance(inputs[0], np.ndarray):
        raise EvaluationError("has no branches")
    index = int(inputs[0].reshape(()))
    branch = branches[index if 0 <= index < len(branches) else -1]
    if not isinstance(branch, FunctionRef):
        raise EvaluationError("has a branch that is no function")
    return call(branch, inputs[1:])


def _while(node: Node, inputs: Sequence[Item], call: CallFunction) -> Sequence[Item]:
    condition, body = _function(node, "cond"), _function(node, "body")
    state = inputs
    while _holds(call(condition, state)[0]):
        state = call(body, state)
    return state


CALL_OPS: dict[str, Callable[[Node, Sequence[Item], CallFunction], Sequence[Item]]] = {
    "PartitionedCall": _partitioned,
    "StatefulPartitionedCall": _partitioned,
    "If": _if,
    "StatelessIf": _if,
    "Case": _case,
    "StatelessCase": _case,
    "While": _while,
    "StatelessWhile": _while,
}
"""The ops, by name; each takes the node, its inputs and what runs a function, and gives the outputs."""
