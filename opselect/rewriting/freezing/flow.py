"""Where the values of frozen variables go: through which ops a handle or a reference passes, in a graph or a function.

Source: ``python/framework/graph_util_impl.py`` of 1.15 and ``python/framework/convert_to_constants.py`` of 2.14, which
know some of these ops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from kernel_index.datatypes import DataType
from opselect.models.graph import Node
from opselect.models.graph.references import Endpoint, Reference, data_inputs, is_control
from opselect.rewriting.names import consumers


@dataclass(frozen=True, slots=True)
class FrozenValue:
    """What a variable is once it is frozen: a tensor of a type and shape, None where branches differ.

    ``is_ref`` tells variables that are references from resources, whose ``name`` is for messages. ``in_loop`` marks a
    value inside of a while loop's frame.
    """

    name: str
    dtype: DataType
    dims: tuple[int, ...] | None
    is_ref: bool = False
    in_loop: bool = False

    def joined(self, other: FrozenValue) -> FrozenValue:
        """What is one of the two."""
        same = self.dims == other.dims
        return replace(self, dims=self.dims if same else None, in_loop=self.in_loop or other.in_loop)


Values: TypeAlias = tuple[FrozenValue | None, ...]
"""The values of inputs, arguments or outputs, None for each that is no frozen variable."""

REF_TWINS = {
    "RefEnter": "Enter",
    "RefExit": "Exit",
    "RefIdentity": "Identity",
    "RefMerge": "Merge",
    "RefNextIteration": "NextIteration",
    "RefSwitch": "Switch",
}
"""Ops that pass references on, and the ops that do the same with values."""

_ONE_TO_ONE = frozenset({"Enter", "Exit", "Identity", "NextIteration"})


def passes_on(node: Node, inputs: Values) -> Values:
    """The outputs of a node that are the variables at its inputs; empty for an op that passes none on."""
    op = REF_TWINS.get(node.op, node.op)
    if (
        not inputs
        or not any(inputs)
        or (node.op not in REF_TWINS and all(each is None or each.is_ref for each in inputs))
    ):
        return ()
    first = inputs[0]
    if op in _ONE_TO_ONE:
        return (replace(first, in_loop=first.in_loop or op == "Enter") if first else None,)
    if op == "Switch":
        return (first, first)
    if op == "_SwitchN":
        count = node.attrs.get("num_outs")
        return (first,) * (count if isinstance(count, int) else 0)
    if op == "IdentityN":
        return inputs
    if op == "Merge":
        return (joined_values([each for each in inputs if each is not None]),)
    return ()


def joined_values(values: Sequence[FrozenValue]) -> FrozenValue | None:
    """What is one of several values; None where they are of several types, and for none."""
    if not values or len({value.dtype for value in values}) > 1:
        return None
    result = values[0]
    for value in values[1:]:
        result = result.joined(value)
    return result


def value_at(values: Values, position: int) -> FrozenValue | None:
    """The value at a position, None after the last."""
    return values[position] if position < len(values) else None


class Flow:
    """The values at every input of some nodes.

    ``sources`` are the endpoints where frozen variables come in. ``call`` says what a node that calls functions gives
    for its inputs, None for every other node; ``output_names`` at which output each named one of a node starts.
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        sources: Mapping[Endpoint, FrozenValue],
        call: Callable[[Node, Values], Values | None],
        output_names: Callable[[Node], Mapping[str, int]],
    ) -> None:
        self._nodes = tuple(nodes)
        self._by_name = {node.name: node for node in self._nodes}
        self._call = call
        self._output_names = output_names
        self._at = dict(sources)
        if sources:
            self._spread(consumers(self._nodes))

    def value(self, reference: str) -> FrozenValue | None:
        """The frozen variable that a reference stands for, if it does."""
        return None if is_control(reference) else self._at.get(self._endpoint(reference))

    def inputs(self, node: Node) -> Values:
        """The values at the data inputs of a node."""
        return tuple(map(self.value, data_inputs(node)))

    def _spread(self, users: Mapping[str, list[Node]]) -> None:
        waiting = [node for name, _ in self._at for node in users.get(name, ())]
        while waiting:
            node = waiting.pop()
            inputs = self.inputs(node)
            if not any(inputs):
                continue
            outputs = self._call(node, inputs)
            changed = False
            for number, value in enumerate(passes_on(node, inputs) if outputs is None else outputs):
                endpoint = node.name, number
                if value is not None and self._at.get(endpoint) != value:
                    self._at[endpoint] = value
                    changed = True
            if changed:
                waiting.extend(users.get(node.name, ()))

    def _endpoint(self, reference: str) -> Endpoint:
        """``n`` and ``n:1`` of a graph, ``argument`` and ``n:output:1`` of a function."""
        name, index, output, _ = Reference.parse(reference)
        node = self._by_name.get(name)
        if node is None or not output:
            return name, index
        return name, self._output_names(node).get(output, 0) + index
