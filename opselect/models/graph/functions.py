"""Which functions a set of nodes calls, and what their attrs are bound to in each call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from kernel_index.errors import InputError
from opselect.models.graph.model import FunctionDefinition, Graph, Node
from opselect.models.graph.values import AttrPlaceholder, FunctionRef, NodeAttr, NodeAttrItem

MAX_INSTANCES = 1_000
"""Maximum number of different ways to call one function, which may call itself with ever new attrs."""
MAX_NESTING = 30

GRADIENT_OP = "SymbolicGradient"


@dataclass(frozen=True, slots=True)
class CalledNode:
    """A node that runs, attrs bound; ``function`` is whose body it is in, empty for the graph itself.

    ``is_call`` marks a node whose op is a function of the library: the runtime inlines or instantiates the function
    and looks for no kernel of that name (``common_runtime/function.cc``).
    """

    node: Node
    function: str = ""
    is_call: bool = False
    unbound: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A node of a body that calls a function: ``position`` is the node's in its body, ``body`` the callee's.

    ``attr`` is the attr that names the function, empty where the node's op does or where the library's gradient of a
    function is meant.
    """

    position: int
    body: int
    attr: str = ""


@dataclass(slots=True)
class Body:
    """Nodes that run together: those of the graph itself, or those of a function, once for each way it is called.

    ``binding`` are the attrs of that way.
    """

    function: FunctionDefinition | None = None
    binding: Mapping[str, NodeAttr] = field(default_factory=dict)
    nodes: list[CalledNode] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class Expansion:
    """The nodes that run, functions followed; ``missing`` names functions that are called but not in the library.

    The first of ``bodies`` is the graph itself.
    """

    bodies: list[Body] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    """Name of a function that does not exist → a node that names it."""
    gradients_made_at_run_time: list[str] = field(default_factory=list)
    """Functions whose gradient the library does not define."""

    @property
    def nodes(self) -> list[CalledNode]:
        """The nodes of all bodies."""
        return [called for body in self.bodies for called in body.nodes]


def expand_functions(graph: Graph, nodes: Iterable[Node], path: str) -> Expansion:
    """``nodes`` and the bodies of all functions that they call, directly or through other functions.

    A function is called by a node with its name as op, and by every ``func`` and ``list(func)`` attr that names it;
    the library's ``gradient`` entries are followed for SymbolicGradient only. A body is taken once for each way its
    attrs are bound: from the call, else from the attrs of the calling node, else from the signature's defaults.
    Raises InputError for a function that calls itself with ever new attrs; ``path`` is where the graph comes from.
    """
    return _Expander(graph, path).run(nodes)


def without_uncalled_functions(graph: Graph, path: str) -> Graph:
    """The graph with only the functions that its nodes call, directly or through other functions.

    Raises what :func:`expand_functions` raises; ``path`` is where the graph comes from.
    """
    if not graph.functions:
        return graph
    called = frozenset(expand_functions(graph, graph.nodes, path).functions)
    functions = tuple(function for function in graph.functions if function.name in called)
    gradients = {key: value for key, value in graph.gradients.items() if key in called and value in called}
    return replace(graph, functions=functions, gradients=gradients)


_Binding = Mapping[str, NodeAttr]


class _Expander:
    def __init__(self, graph: Graph, path: str) -> None:
        self._functions = {function.name: function for function in graph.functions}
        self._bindable: dict[str, tuple[str, ...]] = {}
        self._gradients = graph.gradients
        self._path = path
        self._instances: dict[str, dict[object, int]] = {}
        self._result = Expansion()

    def run(self, nodes: Iterable[Node]) -> Expansion:
        graph = Body()
        self._result.bodies.append(graph)
        for node in nodes:
            self._visit(graph, node)
        # Bodies that are called join the list while it is walked.
        for body in self._result.bodies:
            for node in body.function.nodes if body.function is not None else ():
                self._visit(body, node)
        return self._result

    def _visit(self, body: Body, node: Node) -> None:
        unbound: list[str] = []
        if body.function is not None:
            node = replace(node, attrs=dict(_bound_attrs(node.attrs, body.binding, unbound)))
        is_call = node.op in self._functions
        name = body.function.name if body.function is not None else ""
        body.nodes.append(CalledNode(node, name, is_call, tuple(unbound)))
        if is_call:
            self._call(body, node.op, {}, "")
        for attr, value in node.attrs.items():
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, FunctionRef) and item.name:
                    self._call(body, item.name, item.attrs, attr)
                    if node.op == GRADIENT_OP:
                        self._call_gradient(body, item)

    def _call_gradient(self, body: Body, function: FunctionRef) -> None:
        gradient = self._gradients.get(function.name)
        if gradient is not None:
            self._call(body, gradient, function.attrs, "")
        elif function.name not in self._result.gradients_made_at_run_time:
            self._result.gradients_made_at_run_time.append(function.name)

    def _call(self, body: Body, name: str, attrs: Mapping[str, NodeAttr], attr: str) -> None:
        """The last node of the body calls the function of that name, its own attrs first."""
        caller = body.nodes[-1].node
        function = self._functions.get(name)
        if function is None:
            self._result.missing.setdefault(name, caller.name)
            return
        if name not in self._bindable:
            self._bindable[name] = tuple(sorted(function.attr_types.keys() | _placeholders(function)))
        binding = {
            key: places[key]
            for key in self._bindable[name]
            for places in (function.attr_defaults, caller.attrs, attrs)
            if key in places
        }
        instances = self._instances.setdefault(name, {})
        if not instances:
            self._result.functions.append(name)
        try:
            key = _key(tuple(binding.items()), 0)
        except RecursionError:
            raise self._endless(name) from None
        if key not in instances:
            if len(instances) >= MAX_INSTANCES:
                raise self._endless(name)
            instances[key] = len(self._result.bodies)
            self._result.bodies.append(Body(function, binding))
        body.calls.append(Call(len(body.nodes) - 1, instances[key], attr))

    def _endless(self, name: str) -> InputError:
        return InputError(
            self._path,
            f"function {name!r} is called with ever new attrs and would never end",
            "TensorFlow cannot run this graph either: export it again.",
        )


def _placeholders(function: FunctionDefinition) -> set[str]:
    found: set[str] = set()
    for node in function.nodes:
        for value in node.attrs.values():
            found.update(_placeholders_of(value))
    return found


def _placeholders_of(value: NodeAttr) -> Iterator[str]:
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, AttrPlaceholder):
            yield item.name
        elif isinstance(item, FunctionRef):
            for inner in item.attrs.values():
                yield from _placeholders_of(inner)


def _bound_attrs(
    attrs: Mapping[str, NodeAttr], binding: _Binding, unbound: list[str]
) -> Iterator[tuple[str, NodeAttr]]:
    for name, value in attrs.items():
        if isinstance(value, AttrPlaceholder):
            if value.name in binding:
                yield name, binding[value.name]
            else:
                unbound.append(value.name)
        elif isinstance(value, tuple):
            yield name, tuple(_bound_item(item, binding, unbound) for item in value)
        else:
            yield name, _bound_item(value, binding, unbound)


def _bound_item(item: NodeAttrItem, binding: _Binding, unbound: list[str]) -> NodeAttrItem:
    if isinstance(item, FunctionRef) and item.attrs:
        return FunctionRef(item.name, dict(_bound_attrs(item.attrs, binding, unbound)))
    return item


def _key(value: object, depth: int) -> object:
    """A hashable stand-in; types count, since 1, True and DT_FLOAT are equal in Python. RecursionError if too deep."""
    if depth > MAX_NESTING:
        raise RecursionError
    if isinstance(value, FunctionRef):
        return value.name, _key(tuple(sorted(value.attrs.items(), key=lambda entry: entry[0])), depth + 1)
    if isinstance(value, tuple):
        return tuple(_key(item, depth) for item in value)
    return type(value), value
