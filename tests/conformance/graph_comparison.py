"""Two graphs side by side: nodes, ops, attrs and inputs, devices if asked, and tensors as what they decode to.

The order of nodes counts only where it is asked for; ``x`` and ``x:0`` are one input. Functions are compared where a
node calls them, so that it does not matter what they are called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph import FunctionDefinition, FunctionRef, Graph, Node, NodeAttr, NodeAttrItem, TensorRef
from opselect.models.graph.references import canonical


@dataclass(frozen=True, slots=True)
class Rules:
    """``tolerance`` is relative and for floating-point tensors, 0 compares every bit; ``ignored`` are attrs."""

    tolerance: float = 1e-6
    ordered: bool = False
    devices: bool = False
    ignored: frozenset[str] = frozenset()


DEFAULT = Rules()


@dataclass(frozen=True, slots=True)
class Difference:
    """``what`` is ``node``, ``op``, ``inputs``, ``device``, ``order``, ``function``, or the name of an attr."""

    what: str
    text: str

    def __str__(self) -> str:
        return self.text


def graph_differences(found: Graph, expected: Graph, rules: Rules = DEFAULT) -> list[Difference]:
    """What is different in the graph that was found."""
    return list(_Comparison(found, expected, rules).graphs())


class _Comparison:
    def __init__(self, found: Graph, expected: Graph, rules: Rules) -> None:
        self._found, self._expected = found, expected
        self._found_functions = {function.name: function for function in found.functions}
        self._expected_functions = {function.name: function for function in expected.functions}
        self._rules = rules
        self._compared: set[tuple[str, str]] = set()

    def graphs(self) -> Iterator[Difference]:
        yield from self._nodes(self._found.nodes, self._expected.nodes, "")

    def _nodes(self, found: Sequence[Node], expected: Sequence[Node], where: str) -> Iterator[Difference]:
        ours, theirs = ({node.name: node for node in nodes} for nodes in (found, expected))
        for name in theirs:
            if name not in ours:
                yield Difference("node", f"{where}node {name!r} is missing")
        for name in ours:
            if name not in theirs:
                yield Difference("node", f"{where}node {name!r} should not be there")
        if self._rules.ordered and list(ours) != list(theirs):
            yield Difference("order", f"{where}the nodes are in another order")
        for name, node in theirs.items():
            if name in ours:
                yield from self._node(ours[name], node, f"{where}node {name!r}: ")

    def _node(self, found: Node, expected: Node, where: str) -> Iterator[Difference]:
        if found.op != expected.op:
            if found.op not in self._found_functions or expected.op not in self._expected_functions:
                yield Difference("op", f"{where}op {found.op}, not {expected.op}")
            else:
                yield from self._function(found.op, expected.op, where)
        ours, theirs = list(map(canonical, found.inputs)), list(map(canonical, expected.inputs))
        if ours != theirs:
            yield Difference("inputs", f"{where}inputs {ours}, not {theirs}")
        if self._rules.devices and found.device != expected.device:
            yield Difference("device", f"{where}device {found.device!r}, not {expected.device!r}")
        yield from self._attrs(found.attrs, expected.attrs, where)

    def _attrs(
        self, found: Mapping[str, NodeAttr], expected: Mapping[str, NodeAttr], where: str
    ) -> Iterator[Difference]:
        for key in sorted((found.keys() | expected.keys()) - self._rules.ignored):
            if key not in found or key not in expected:
                yield Difference(key, f"{where}attr {key} is {'missing' if key not in found else 'too much'}")
                continue
            ours, theirs = found[key], expected[key]
            if isinstance(ours, tuple) and isinstance(theirs, tuple) and len(ours) == len(theirs):
                for one, other in zip(ours, theirs, strict=True):
                    yield from self._item(one, other, key, f"{where}attr {key}: ")
            elif isinstance(ours, tuple) or isinstance(theirs, tuple):
                yield Difference(key, f"{where}attr {key} is {ours}, not {theirs}")
            else:
                yield from self._item(ours, theirs, key, f"{where}attr {key}: ")

    def _item(self, found: NodeAttrItem, expected: NodeAttrItem, key: str, where: str) -> Iterator[Difference]:
        if isinstance(found, TensorRef) and isinstance(expected, TensorRef):
            yield from self._tensor(found, expected, key, where)
        elif isinstance(found, FunctionRef) and isinstance(expected, FunctionRef):
            yield from self._attrs(found.attrs, expected.attrs, where)
            yield from self._function(found.name, expected.name, where)
        elif type(found) is not type(expected) or found != expected:
            yield Difference(key, f"{where}{found}, not {expected}")

    def _tensor(self, found: TensorRef, expected: TensorRef, key: str, where: str) -> Iterator[Difference]:
        ours, theirs = read_tensor(found), read_tensor(expected)
        if (ours.dtype, ours.shape) != (theirs.dtype, theirs.shape):
            yield Difference(key, f"{where}{ours.dtype}{list(ours.shape)}, not {theirs.dtype}{list(theirs.shape)}")
        elif ours.tobytes() != theirs.tobytes() and not self._close(ours, theirs):
            yield Difference(key, f"{where}another tensor")

    def _close(self, found: Array, expected: Array) -> bool:
        if found.dtype == np.object_:
            return bool((found == expected).all())
        if not self._rules.tolerance or found.dtype.kind not in "fcV":
            return False
        wide = np.complex128 if found.dtype.kind == "c" else np.float64
        one, other = found.astype(wide), expected.astype(wide)
        return bool(np.allclose(one, other, rtol=self._rules.tolerance, atol=0, equal_nan=True))

    def _function(self, found: str, expected: str, where: str) -> Iterator[Difference]:
        """The functions of these names, each pair once."""
        if (found, expected) in self._compared:
            return
        self._compared.add((found, expected))
        ours, theirs = self._found_functions.get(found), self._expected_functions.get(expected)
        if ours is None or theirs is None:
            if (ours is None) != (theirs is None) or found != expected:
                yield Difference("function", f"{where}function {found!r}, not {expected!r}")
            return
        yield from self._functions(ours, theirs, f"{where}function {expected!r}: ")

    def _functions(self, found: FunctionDefinition, expected: FunctionDefinition, where: str) -> Iterator[Difference]:
        for what in ("inputs", "outputs", "returns", "control_returns", "stateful"):
            ours, theirs = getattr(found, what), getattr(expected, what)
            if ours != theirs:
                yield Difference("function", f"{where}{what} are {ours}, not {theirs}")
        yield from self._nodes(found.nodes, expected.nodes, where)
