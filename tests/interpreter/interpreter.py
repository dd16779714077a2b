"""Runs the nodes of a body. Values are asked for, not pushed: whoever wants one has its inputs computed first.

That settles control flow of 1.x (``common_runtime/executor.cc``): a node in a loop has a value for each iteration, and
a branch that is not taken has none.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph import FunctionDefinition, FunctionRef, Node, NodeAttr, TensorRef
from opselect.models.graph.op_families import ENTERS, EXITS, MERGES, NEXT_ITERATIONS
from opselect.models.graph.references import control_inputs, data_inputs, input_node, is_control
from opselect.rewriting.evaluation.evaluate import evaluate
from opselect.rewriting.evaluation.kernel import EvaluationError, KernelCall
from opselect.rewriting.evaluation.known import MAX_LIVE_BYTES
from tests.interpreter.bodies import Body, function_body
from tests.interpreter.calls import CALL_OPS
from tests.interpreter.lists import LIST_OPS, Item

MAX_STEPS = 10_000_000
"""So many nodes are run; a loop that goes on is one that does not end."""

MAX_DEPTH = 50
"""So many calls are inside each other."""

Outputs: TypeAlias = "tuple[Item | None, ...] | None"
"""The outputs of a node; None in place of one, or of all, that have no value because they are not run."""
Iterations: TypeAlias = tuple[int, ...]
"""The iteration of each loop around a node, the outermost first."""
Wanted: TypeAlias = tuple[str, Iterations]
Steps: TypeAlias = Generator[Wanted, Outputs, Outputs]
"""Asks for the outputs of other nodes, is sent them, and returns those of a node."""

_SWITCHES = frozenset({"Switch", "RefSwitch"})
_PASSED_ON = frozenset({"Identity", "RefIdentity", "StopGradient", "Snapshot", "PreventGradient", "LoopCond"})


class NodeError(EvaluationError):
    """Says which node cannot be computed; nodes that depend on it pass it on."""


@dataclass
class Library:
    """The functions that nodes may call, and what all of them together may take."""

    functions: Mapping[str, FunctionDefinition]
    limit: int
    steps: int = 0
    bytes: int = 0
    depth: int = 0

    def spend(self, outputs: Iterable[Item | None]) -> None:
        """Takes note of what a node gave; EvaluationError where it is too much in all."""
        self.steps += 1
        self.bytes += sum(value.nbytes for value in outputs if isinstance(value, np.ndarray))
        if self.steps > MAX_STEPS:
            raise EvaluationError(f"is one of more than {MAX_STEPS:,} that run: the graph does not end")
        if self.bytes > MAX_LIVE_BYTES:
            raise EvaluationError(f"would take more than {MAX_LIVE_BYTES:,} bytes together with the others")

    def call(self, function: FunctionRef, arguments: Sequence[Item]) -> Sequence[Item]:
        """What a function returns; EvaluationError for one that there is not."""
        definition = self.functions.get(function.name)
        if definition is None:
            raise EvaluationError(f"calls {function.name!r}, which the library has not")
        if len(definition.inputs) != len(arguments):
            raise EvaluationError(f"gives {function.name!r} {len(arguments)} arguments, not {len(definition.inputs)}")
        if self.depth == MAX_DEPTH:
            raise EvaluationError(f"calls {function.name!r} inside {MAX_DEPTH} other calls: functions call themselves")
        body = function_body(definition, function.attrs, self.functions)
        fed = {each.name: (argument,) for each, argument in zip(definition.inputs, arguments, strict=True)}
        before = self.bytes
        self.depth += 1
        returned = Interpreter(body, fed, self).values([definition.returns[each.name] for each in definition.outputs])
        self.depth -= 1
        self.bytes = before
        return returned


class Interpreter:
    """One body that runs once; ``fed`` are the outputs of nodes that are given and not run."""

    def __init__(self, body: Body, fed: Mapping[str, tuple[Item | None, ...]], library: Library) -> None:
        self._body = body
        self._library = library
        self._done: dict[Wanted, Outputs] = {(name, ()): outputs for name, outputs in fed.items()}
        self._last: dict[tuple[tuple[str, ...], Iterations], int | None] = {}

    def values(self, references: Sequence[str]) -> list[Item]:
        """The tensors of these names; EvaluationError, with the name, for one that has no value."""
        found = []
        for reference in references:
            name, index = self._body.tensor(reference)
            outputs = self._computed((name, ()))
            value = outputs[index] if outputs is not None and index < len(outputs) else None
            if value is None:
                raise EvaluationError(f"{reference!r} has no value: it does not exist, or is on a branch not taken")
            found.append(value)
        return found

    def _computed(self, first: Wanted) -> Outputs:
        """The outputs of a node, everything that it needs computed before it, without recursion."""
        if first in self._done:
            return self._done[first]
        stack = [(first, self._steps(first))]
        answer: Outputs = None
        started = False
        while stack:
            wanted, steps = stack[-1]
            try:
                asked = steps.send(answer) if started else next(steps)
            except StopIteration as end:
                answer, started = end.value, True
                self._done[wanted] = answer
                stack.pop()
                continue
            started = asked in self._done
            if started:
                answer = self._done[asked]
            else:
                stack.append((asked, self._steps(asked)))
        return answer

    def _steps(self, wanted: Wanted) -> Steps:
        name, iterations = wanted
        node = self._body.nodes.get(name)
        if node is None:
            raise EvaluationError(f"{name!r} is asked for, and does not exist or is not fed")
        try:
            outputs = yield from self._rule(node)(node, iterations)
            self._library.spend(outputs or ())
        except NodeError:
            raise
        except EvaluationError as error:
            raise NodeError(f"node {name!r} {error}") from None
        return outputs

    def _rule(self, node: Node) -> Callable[[Node, Iterations], Steps]:
        if node.op in ENTERS:
            return self._enter
        if node.op in EXITS:
            return self._exit
        if node.op in MERGES:
            return self._merge
        if node.op in NEXT_ITERATIONS:
            return self._next
        return self._plain

    def _input(self, reference: str, iterations: Iterations) -> Generator[Wanted, Outputs, Item | None]:
        """The tensor of an input; None where it has no value."""
        waits = is_control(reference)
        name, index = (input_node(reference), 0) if waits else self._body.tensor(reference)
        outer = iterations[: len(self._body.frames.get(name, ()))]
        outputs = yield name, outer
        if outputs is None:
            return None
        if waits:
            return np.zeros(0)
        if index >= len(outputs):
            raise EvaluationError(f"has an input {reference!r}, which does not exist")
        return outputs[index]

    def _enter(self, node: Node, iterations: Iterations) -> Steps:
        if iterations[-1] and node.attrs.get("is_constant") is not True:
            return None
        return _alone((yield from self._input(data_inputs(node)[0], iterations[:-1])))

    def _next(self, node: Node, iterations: Iterations) -> Steps:
        return _alone((yield from self._input(data_inputs(node)[0], (*iterations[:-1], iterations[-1] - 1))))

    def _merge(self, node: Node, iterations: Iterations) -> Steps:
        """The first input with a value and its number; a loop's comes from outside once, then from the loop."""
        references = data_inputs(node)
        back = [self._op_of(reference) in NEXT_ITERATIONS for reference in references]
        for number, reference in enumerate(references):
            if any(back) and back[number] != bool(iterations[-1]):
                continue
            value = yield from self._input(reference, iterations)
            if value is not None:
                return value, np.array(number, np.int32)
        return None

    def _op_of(self, reference: str) -> str:
        node = self._body.nodes.get(self._body.tensor(reference)[0])
        return "" if node is None else node.op

    def _exit(self, node: Node, iterations: Iterations) -> Steps:
        """The value of the iteration in which the loop's condition no longer holds."""
        frames = self._body.frames[self._body.tensor(data_inputs(node)[0])[0]]
        condition = self._body.conditions.get(frames)
        if condition is None:
            raise EvaluationError("leaves a loop without a condition")
        last = self._last.get((frames, iterations), 0)
        while last is not None:
            holds = yield condition, (*iterations, last)
            if holds is None:
                last = None
            elif isinstance(holds[0], np.ndarray) and not holds[0]:
                break
            else:
                last += 1
        self._last[frames, iterations] = last
        if last is None:
            return None
        return _alone((yield from self._input(data_inputs(node)[0], (*iterations, last))))

    def _plain(self, node: Node, iterations: Iterations) -> Steps:
        inputs: list[Item] = []
        for reference in (*control_inputs(node), *data_inputs(node)):
            value = yield from self._input(reference, iterations)
            if value is None:
                return None
            if not is_control(reference):
                inputs.append(value)
        return self._run(node, inputs)

    def _run(self, node: Node, inputs: Sequence[Item]) -> Outputs:
        """The outputs of a node all whose inputs have values."""
        if node.op == "Const":
            return (_constant(node.attrs.get("value")),)
        if node.op in _PASSED_ON:
            return (inputs[0],)
        if node.op == "IdentityN":
            return tuple(inputs)
        if node.op in _SWITCHES:
            taken = bool(_arrays(inputs[1:])[0].reshape(()))
            return (None, inputs[0]) if taken else (inputs[0], None)
        if node.op in LIST_OPS:
            return tuple(LIST_OPS[node.op](KernelCall(node.attrs), *inputs))
        if node.op in CALL_OPS:
            return tuple(CALL_OPS[node.op](node, inputs, self._library.call))
        if node.op in self._library.functions:
            return tuple(self._library.call(FunctionRef(node.op, node.attrs), inputs))
        if node.op in ("NoOp", "Assert"):
            if node.op == "Assert" and not _arrays(inputs[:1])[0].all():
                raise EvaluationError("is an assertion that does not hold")
            return ()
        return tuple(value.array for value in evaluate(node, _arrays(inputs), self._library.limit))


def _alone(value: Item | None) -> Outputs:
    return None if value is None else (value,)


def _constant(value: NodeAttr | None) -> Item:
    if not isinstance(value, TensorRef):
        raise EvaluationError("is a Const without a value")
    return read_tensor(value)


def _arrays(inputs: Sequence[Item]) -> list[Array]:
    arrays = [value for value in inputs if isinstance(value, np.ndarray)]
    if len(arrays) < len(inputs):
        raise EvaluationError("takes arrays, and has an input that is none")
    return arrays
