"""``remove_checks``: without what only looks whether values are as they should be, and stops the model where not.

The Graph Transform Tool has no such transform: there ``remove_nodes(op=CheckNumerics)`` takes out one kind of them.
What an assertion is made of: ``Assert`` of ``python/ops/control_flow_ops.py`` (``control_flow_assert.py`` from 2.12 on)
and ``python/ops/check_ops.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from opselect.models.graph import FunctionRef, Graph, Node, input_node, without_uncalled_functions
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.models.graph.references import awaited, data_inputs
from opselect.rewriting import Context, Transform, ops_of
from opselect.rewriting.control_flow import conditions_of, conditions_on
from opselect.rewriting.names import consumers, unused_nodes
from opselect.rewriting.transforms.remove_nodes import remove_nodes

_NUMERICS = ("CheckNumerics", "CheckNumericsV2")
_ASSERT = "Assert"


def remove_checks(graph: Graph, context: Context) -> Graph:
    """The graph without CheckNumerics and assertions, and without what only these need, such as All and Equal.

    Assertions are Assert, conditionals around it, and calls of functions that do nothing else but assert. What waited
    for one waits no longer. One stays that is fed or fetched, whose values others read, that makes others wait for a
    side effect, and on which it depends whether something else in a conditional or loop runs.
    """
    graph = remove_nodes(graph, replace(context, arguments={"op": _NUMERICS}))
    required = {input_node(reference) for reference in (*context.inputs, *context.outputs)}
    removed = _Checks(graph, required, ops_of(context.index, graph.functions)).removed
    if not removed:
        return graph
    nodes = [
        replace(node, inputs=tuple(each for each in node.inputs if input_node(each) not in removed))
        for node in graph.nodes
        if node.name not in removed
    ]
    checked = {input_node(each) for node in graph.nodes if node.name in removed for each in node.inputs}
    unused = unused_nodes(nodes, checked - required, required)
    left = replace(graph, nodes=tuple(node for node in nodes if node.name not in unused))
    return without_uncalled_functions(left, context.path)


class _Checks:
    """Which nodes do nothing but check, or pass on that something was checked."""

    def __init__(self, graph: Graph, required: Collection[str], ops: OpDefinitions) -> None:
        self._by_name = {node.name: node for node in graph.nodes}
        self._users = consumers(graph.nodes)
        self._ops = ops
        self._asserts = {node.name for node in graph.nodes if _is_assertion(node, ops)}
        self._conditions = conditions_of(graph.nodes)
        effects = {node.name for node in graph.nodes if not _is_pure(node, ops)} - self._asserts
        self._after_effects = self._downstream(effects)
        after = {name for name in self._downstream(self._asserts) if _is_pure(self._by_name[name], ops)}
        self.removed = (self._asserts | after) & self._conditions.keys() - set(required)
        waiting = [node for node in graph.nodes if node.name in self.removed]
        while waiting:
            node = waiting.pop()
            if node.name in self.removed and not self._may_go(node):
                self.removed.discard(node.name)
                waiting += [self._by_name[name] for name in map(input_node, node.inputs) if name in self.removed]
                waiting += [user for user in self._users.get(node.name, ()) if user.name in self.removed]

    def _may_go(self, node: Node) -> bool:
        """Whether nobody misses a node, given that the others that are removed are gone."""
        if not self._after_effects.isdisjoint(set(awaited(node)) - self.removed):
            return False
        if node.name not in self._asserts and self.removed.isdisjoint(map(input_node, node.inputs)):
            return False
        return all(self._does_without(user, node) for user in self._users.get(node.name, ()))

    def _does_without(self, user: Node, node: Node) -> bool:
        """Whether what waits for a node runs under the same conditions without it."""
        if user.name in self.removed:
            return True
        if node.name in map(input_node, data_inputs(user)):
            return False
        left = [each for each in user.inputs if input_node(each) not in self.removed]
        return conditions_on(user, left, self._by_name, self._conditions) == self._conditions.get(user.name)

    def _downstream(self, names: Iterable[str]) -> set[str]:
        """The nodes and what reads them or waits for them, directly or not."""
        found = set(names)
        waiting = list(found)
        while waiting:
            for user in self._users.get(waiting.pop(), ()):
                if user.name not in found:
                    found.add(user.name)
                    waiting.append(user.name)
        return found


def _is_pure(node: Node, ops: OpDefinitions) -> bool:
    """Whether a node has no side effect, for all that is known of its op."""
    if node.op in ops.functions:
        return not ops.functions[node.op].stateful
    definition = ops.op(node.op)
    return definition is not None and not definition.stateful


def _is_assertion(node: Node, ops: OpDefinitions) -> bool:
    """Whether a node is an Assert, or calls functions that have one and no other side effect."""
    seen: set[str] = set()
    asserts = False
    waiting = [node]
    while waiting:
        each = waiting.pop()
        called = [name for name in _called(each) if name in ops.functions]
        asserts |= each.op == _ASSERT
        if each.op != _ASSERT and not called and not _is_pure(each, ops):
            return False
        waiting += [inner for name in called if name not in seen for inner in ops.functions[name].nodes]
        seen.update(called)
    return asserts


def _called(node: Node) -> list[str]:
    """The functions that a node may call, by its op and its attrs."""
    values = node.attrs.values()
    items = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    return [node.op, *(item.name for item in items if isinstance(item, FunctionRef))]


TRANSFORM = Transform(
    "remove_checks",
    "Removes CheckNumerics, assertions, and what only these need.",
    remove_checks,
)
