"""Graphs in, the facts out that releases are held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from kernel_index.index import KernelIndex
from kernel_index.profiles import release_number
from kernel_index.records import AttrDefinition, AttrValue, OpDefinition
from opselect.models.graph import (
    AttrPlaceholder,
    Body,
    CalledNode,
    Expansion,
    FunctionDefinition,
    Graph,
    Node,
    NodeAttr,
    Shape,
)
from opselect.models.graph.op_definitions import OpSignature, signature_of
from opselect.models.graph.references import Reference, data_inputs, is_control
from opselect.requirements.loading.importing import bad_name, clashing_functions, unimportable
from opselect.requirements.loading.rules import REFUSES_TO_LOWER
from opselect.requirements.loading.signatures import flat, misfits, types_by_argument
from opselect.requirements.loading.uses import (
    MAX_NODES_NAMED,
    NO_OUTPUT,
    UNKNOWN_TYPE,
    AttrUse,
    GraphUse,
    Loads,
    LoadsMerger,
    Use,
    first_names,
)
from opselect.requirements.loading.values import default_of, is_same, kind_of
from opselect.requirements.runtime import asks_for_lowering, graph_passes

_NOTHING: Mapping[tuple[str, str], str] = {}

_MOST_CHARACTERS = 64
_MOST_ITEMS = 8
"""What a value may measure that is kept of an attr which the release does not know."""


def collect_loads(
    graph: Graph,
    expansion: Expansion,
    index: KernelIndex,
    model: str,
    refused: Mapping[tuple[str, str], str] = _NOTHING,
    most_nodes: int | None = MAX_NODES_NAMED,
) -> Loads:
    """How the nodes of a graph use their ops, and the versions that it names; ``model`` is what it is called.

    ``refused`` says of nodes that run why they cannot (:func:`unrunnable`). Of the nodes of one use, ``most_nodes`` are
    named at most.
    ``expansion`` is of all nodes of the graph: a session takes in the whole of it, whatever is fetched later. A node
    of a function with attrs that nothing binds is left out. What the definitions in ``index`` look at is kept of attrs.
    """
    return _Collector(graph, expansion, index, model, refused, most_nodes).collect()


@dataclass(slots=True)
class _Op:
    """What is known of an op or of a function of the graph; ``attrs`` is None where nobody knows them."""

    signature: OpSignature | None
    attrs: Mapping[str, AttrDefinition] | None
    counting: frozenset[str] = frozenset()
    is_call: bool = False


class _Collector:
    def __init__(
        self,
        graph: Graph,
        expansion: Expansion,
        index: KernelIndex,
        model: str,
        refused: Mapping[tuple[str, str], str],
        most_nodes: int | None,
    ) -> None:
        self._most_nodes = most_nodes
        self._versions = graph.versions
        self._names = frozenset(node.name for node in graph.nodes)
        self._unrunnable = refused
        self._release = release_number(index.release)
        self._expansion = expansion
        self._index = index
        self._model = model
        self._functions = {function.name: function for function in graph.functions}
        self._ops: dict[str, _Op] = {}
        self._counted: dict[tuple[object, ...], tuple[Use, list[str]]] = {}
        self._alike: dict[tuple[object, ...], list[str]] = {}
        # Values that are read from the same bytes are the same object, and the expansion holds on to all of them.
        self._attr_uses: dict[tuple[str, str, int], AttrUse] = {}

    def collect(self) -> Loads:
        # Graph passes of later releases go as far as those of the first one that refuses.
        passes = graph_passes(self._expansion, max(release_number(self._index.release), REFUSES_TO_LOWER))
        for body, states in zip(self._expansion.bodies, passes, strict=True):
            self._collect_body(body, looked_at=True in states)
        merger = LoadsMerger()
        versions = self._versions
        bad = tuple(sorted(set(versions.bad_consumers)))
        graph = GraphUse(versions.min_consumer, bad, versions.producer, (self._model,))
        uses = (
            replace(use, count=len(names), nodes=first_names(names, self._most_nodes), models=(self._model,))
            for use, names in self._counted.values()
        )
        clashing = clashing_functions(self._functions, self._index, self._release)
        refused = (Use(name, is_call=True, refused=why, models=(self._model,)) for name, why in clashing)
        merger.add(Loads((*uses, *refused), (graph,)))
        return merger.merged()

    def _collect_body(self, body: Body, *, looked_at: bool) -> None:
        types = _TensorTypes(body, self._op)
        prefix = f"{body.function.name}:" if body.function is not None else ""
        for called in body.nodes:
            if called.unbound:
                continue
            names = self._names_of(called, types, looked_at=looked_at, refused=self._refused(called.node, body))
            if names is not None:
                names.append(prefix + called.node.name)

    def _refused(self, node: Node, body: Body) -> str:
        """What is wrong with a node itself; names and colocations are looked at where a graph is imported alone."""
        if body.function is None:
            problem = unimportable(node, self._names, self._release)
        else:
            problem = bad_name(node.name.removeprefix("_"), self._release)
        function = body.function.name if body.function is not None else ""
        return problem or self._unrunnable.get((function, node.name), "")

    def _names_of(self, called: CalledNode, types: _TensorTypes, *, looked_at: bool, refused: str) -> list[str] | None:
        """The names of the nodes that use their op as this one does; None for a call of which nothing counts."""
        node, op = called.node, self._op(called.node.op)
        attrs = tuple([self._attr_use(node, name, op) for name in sorted(node.attrs) if not name.startswith("_")])
        inputs, in_function = types.inputs(node), bool(called.function)
        lowered = looked_at and asks_for_lowering(node, self._release)
        misfit = _misplaced_controls(node)
        # Most nodes are as one before. Attrs that are equal and two objects meet where their uses do.
        alike = node.op, tuple(map(id, attrs)), inputs, in_function, lowered, misfit, refused
        names = self._alike.get(alike)
        if names is None:
            use = Use(
                node.op,
                attrs,
                inputs,
                in_function=in_function,
                lowered=lowered,
                is_call=op.is_call,
                misfit=misfit,
                refused=refused,
                producer=self._versions.producer,
            )
            counting = _call(use, node, op) if op.is_call else use
            if counting is None:
                return None
            names = self._alike[alike] = self._counted.setdefault(counting.key(), (counting, []))[1]
        return names

    def _attr_use(self, node: Node, name: str, op: _Op) -> AttrUse:
        value = node.attrs[name]
        key = node.op, name, id(value)
        found = self._attr_uses.get(key)
        if found is None:
            found = self._attr_uses[key] = _attr_use(name, value, op)
        return found

    def _op(self, name: str) -> _Op:
        op = self._ops.get(name)
        if op is None:
            op = self._ops[name] = self._look_up(name)
        return op

    def _look_up(self, name: str) -> _Op:
        function = self._functions.get(name)
        found: FunctionDefinition | OpDefinition | None = function or self._index.op_definition(name)
        if found is None:
            return _Op(None, None)
        signature = signature_of(found)
        if isinstance(found, FunctionDefinition):
            attrs = {attr: AttrDefinition(attr, kind) for attr, kind in found.attr_types.items()}
        else:
            attrs = {attr.name: attr for attr in found.attrs}
        return _Op(signature, attrs, signature.counting_attrs, function is not None)


def _call(use: Use, node: Node, op: _Op) -> Use | None:
    """What counts of a call of a function of the graph, None where nothing does."""
    known = op.attrs or {}
    misfit = use.misfit or _misfit(node, use.inputs or (), op)
    use = replace(use, attrs=tuple(a for a in use.attrs if a.name not in known), inputs=None, misfit=misfit)
    return use if use.attrs or use.misfit or use.refused or use.lowered else None


def _attr_use(name: str, value: NodeAttr, op: _Op) -> AttrUse:
    """The attr with its value if a definition may look at it: types, counts, what is limited, and defaults."""
    kind = kind_of(value)
    attr = op.attrs.get(name) if op.attrs is not None else None
    if isinstance(value, bool) or kind in ("type", "list(type)", "list()") or _is_looked_at(value, attr, op):
        kept = _plain(value)
        if kept is not None:
            return AttrUse(name, kind, kept)
    return AttrUse(name, kind, None, len(value) if isinstance(value, tuple) else -1)


def _is_looked_at(value: NodeAttr, attr: AttrDefinition | None, op: _Op) -> bool:
    small = _is_small(value)
    if attr is None:
        return small
    default = default_of(attr)
    if default is not None and is_same(value, default):
        return True
    if isinstance(value, int):
        return attr.name in op.counting or attr.minimum is not None
    return small and attr.allowed is not None


def _is_small(value: NodeAttr) -> bool:
    if isinstance(value, tuple):
        return len(value) <= _MOST_ITEMS and all(map(_is_small, value))
    if isinstance(value, Shape):
        return len(value.dims or ()) <= _MOST_ITEMS
    return not isinstance(value, str) or len(value) <= _MOST_CHARACTERS


def _plain(value: NodeAttr) -> AttrValue | Shape | None:
    """The value where it can be kept; None for tensors, functions and long strings."""
    if isinstance(value, tuple):
        items = tuple(item for item in value if isinstance(item, str | int | float))
        return items if len(items) == len(value) else None
    return value if isinstance(value, str | int | float | Shape) else None


def _misplaced_controls(node: Node) -> str:
    seen = False
    for reference in node.inputs:
        if seen and not is_control(reference):
            return "Control dependencies must come after regular dependencies"
        seen = seen or is_control(reference)
    return ""


def _misfit(node: Node, inputs: tuple[str, ...], op: _Op) -> str:
    """What of the inputs does not fit the function that a node calls; empty where all does or nobody knows."""
    return next(misfits(inputs, op.signature.inputs, node.attrs.get), "") if op.signature is not None else ""


class _TensorTypes:
    """The types of what the nodes of a body give, each node looked at once."""

    def __init__(self, body: Body, op: Callable[[str], _Op]) -> None:
        self._op = op
        self._nodes = {called.node.name: called.node for called in body.nodes}
        self._given: dict[str, list[tuple[str, tuple[str, ...]]] | None] = {}
        function = body.function
        if function is not None:
            binding = {**function.attr_defaults, **body.binding}
            for argument in function.inputs:
                self._given[argument.name] = types_by_argument((argument,), binding.get)

    def inputs(self, node: Node) -> tuple[str, ...]:
        """The types of the data inputs of a node."""
        return tuple(self._type(reference) for reference in data_inputs(node))

    def _type(self, reference: str) -> str:
        """``n``, ``n:1``, and in functions ``n:out:0``."""
        name, index, output, _ = Reference.parse(reference)
        if name not in self._given:
            self._given[name] = self._outputs(name)
        given = self._given[name]
        if given is None:
            return UNKNOWN_TYPE
        types = dict(given).get(output, ()) if output else flat(given)
        return types[index] if index < len(types) else NO_OUTPUT

    def _outputs(self, name: str) -> list[tuple[str, tuple[str, ...]]] | None:
        node = self._nodes.get(name)
        op = self._op(node.op) if node is not None else None
        if node is None or op is None or op.signature is None:
            return None
        known = op.attrs or {}

        def attr(key: str) -> NodeAttr | None:
            value = node.attrs.get(key)
            if value is None and key in known:
                value = default_of(known[key])
            return None if isinstance(value, AttrPlaceholder) else value

        return types_by_argument(op.signature.outputs, attr)
