"""What models need: which ops, with which attrs, on which device, and who asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from kernel_index.index import KernelIndex
from kernel_index.records import AttrValue
from kernel_index.records_json import Json, attrs_json
from opselect.criteria.training import training_warning
from opselect.models.graph import (
    CalledNode,
    Entry,
    Expansion,
    Graph,
    Node,
    check_graph,
    expand_functions,
    reach_entries,
)
from opselect.requirements.devices import asked_device
from opselect.requirements.kernel_attrs import LABEL_ATTR, KernelAttrs
from opselect.requirements.loading import Loads, LoadsMerger, collect_loads
from opselect.requirements.loading.importing import unrunnable
from opselect.requirements.runtime import SESSION_OPS, Addition, Origin, runtime_additions

MAX_NODES_NAMED = 5
"""Maximum number of nodes of a requirement that are named as examples; the count is of all."""

MAX_MODELS_NAMED = 20
"""Maximum number of models of a requirement that are named as examples; the count is of all."""

UNKNOWN_RELEASE = ""
"""Stands for the release of requirements that do not say for which they were collected."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One op with one set of attrs on one device, and who asks for it.

    ``attrs`` are sorted by name and hold what kernels constrain on, defaults filled in. ``device`` is what the
    nodes ask for, ``CPU``, ``GPU``, another job or task, empty where they ask for none
    (:func:`opselect.requirements.devices.asked_device`). ``label`` is the ``_kernel`` attr.
    ``nodes`` and ``models`` are examples, the first by name (at most :data:`MAX_NODES_NAMED` and
    :data:`MAX_MODELS_NAMED`), so that a requirement stays small however many ask; ``count`` and ``model_count`` are of
    all. A node of a function is ``function:node``. ``origin`` is None for what nodes of the model ask for themselves;
    else the runtime makes the op of the nodes, or replaces theirs (:class:`opselect.requirements.runtime.Origin`).
    """

    op: str
    attrs: tuple[tuple[str, AttrValue], ...] = ()
    device: str = ""
    label: str = ""
    count: int = 1
    nodes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    model_count: int = 1
    origin: Origin | None = None

    @property
    def may_insert(self) -> bool:
        """Whether only an optimizer of the runtime brings the op in, so that the model runs without it too."""
        return self.origin is not None and self.origin.may_insert

    def attrs_json(self) -> Json:
        """The attrs, types by name; a kernel label that nodes ask for is their attr ``_kernel``, as in the graph."""
        attrs = attrs_json(self.attrs)
        return {**attrs, LABEL_ATTR: self.label} if self.label else attrs


Way = Literal["graphs", "ops", "functions"]
"""How TensorFlow runs a model: as a graph in a session; or op by op, as the Flex delegate does, with the functions that
such ops call."""
GRAPHS: frozenset[Way] = frozenset(("graphs",))
WAYS: tuple[Way, ...] = ("graphs", "ops", "functions")


@dataclass(frozen=True, slots=True)
class Requirements:
    """The requirements of one or several models, sorted by op; merging is commutative and idempotent in the ops.

    ``releases`` are those for which they were collected: what the runtime of these makes of the models is part of them.
    An empty name is one that is not known. ``loads`` are the facts that a release is held against which loads the
    models (:func:`opselect.requirements.loading.judge`): of all their nodes, whatever is fetched. ``runs`` says
    in what ways TensorFlow runs them; it is empty where there are none.
    """

    items: tuple[Requirement, ...] = ()
    warnings: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    loads: Loads = field(default_factory=Loads)
    runs: frozenset[Way] = frozenset()

    @property
    def runs_graphs(self) -> bool:
        """Whether TensorFlow builds a graph for any of it, to which it adds ops of its own (:data:`SESSION_OPS`)."""
        return not self.runs or not self.runs.isdisjoint(("graphs", "functions"))

    @property
    def unreached(self) -> tuple[str, ...]:
        """Ops that only nodes name which no way into the models reaches, sorted.

        A session needs no kernel of them, but their definitions, for it loads the whole graph.
        """
        reached = {item.op for item in self.items if not item.may_insert}
        return tuple(sorted({use.op for use in self.loads.uses if not use.is_call} - reached))

    @staticmethod
    def merge(parts: Iterable[Requirements]) -> Requirements:
        """All requirements of the parts; those with the same key become one.

        Counts add up, so a part that comes twice counts twice; nothing else depends on order, grouping or repetition.
        """
        merger = Merger()
        for part in parts:
            merger.add(part)
        return merger.merged()

    def without_inserted(self) -> Requirements:
        """All but what the runtime only may insert."""
        return replace(self, items=tuple(item for item in self.items if not item.may_insert))


class Merger:
    """Merges requirements one after the other; what it holds grows with what they need, not with how many they are."""

    def __init__(self) -> None:
        self._items: dict[str, Requirement] = {}
        self._warnings: set[str] = set()
        self._releases: set[str] = set()
        self._loads = LoadsMerger()
        self._runs: frozenset[Way] = frozenset()

    def add(self, part: Requirements) -> None:
        """Merge one more into what there is."""
        self._warnings.update(part.warnings)
        self._releases.update(part.releases)
        self._loads.add(part.loads)
        self._runs |= part.runs
        for item in part.items:
            key = _sort_key(item)
            other = self._items.get(key)
            self._items[key] = item if other is None else _merge_two(other, item)

    def merged(self) -> Requirements:
        """All that was added."""
        items = tuple(self._items[key] for key in sorted(self._items))
        warnings, releases = tuple(sorted(self._warnings)), tuple(sorted(self._releases))
        return Requirements(items, warnings, releases, self._loads.merged(), self._runs)


def collect_requirements(
    graph: Graph,
    model: str,
    *,
    index: KernelIndex | None,
    entries: Sequence[Entry] = (Entry(),),
    is_whole: bool = True,
    inserted: bool = True,
    most_nodes: int | None = MAX_NODES_NAMED,
) -> Requirements:
    """What a graph needs, ``model`` being the path that the user gave for it.

    Of the nodes that ask for the same, ``most_nodes`` are named at most, None for all of them.
    Without ``inserted`` what the runtime only may insert is left out. ``is_whole`` is False for the TensorFlow ops of a
    TensorFlow Lite model: advice to cut the graph is of no use there.

    Only what ``entries`` reach counts (:func:`reach`); an input that is no Placeholder counts as one.
    Functions count where they are called; a node whose op is a function of the graph needs no kernel itself. A
    requirement's attrs are those that decide its kernel in ``index`` (:class:`KernelAttrs`).
    With an index, what the runtime of its release makes of the nodes counts too
    (:func:`runtime_additions`), but no op that it may insert and that is needed anyway. Raises
    InputError for a graph that makes no sense (:func:`check_graph`) and for unknown inputs and outputs.
    """
    check_graph(graph, model)
    reached = reach_entries(graph, entries, model)
    expansion = expand_functions(graph, reached.nodes, model)
    kernel_attrs = KernelAttrs(index)
    added: list[Addition] = []
    if index is not None:
        added += runtime_additions(expansion, graph.functions, index, optimized=inserted)
    replaced = {id(addition.nodes[0]) for addition in added if addition.origin.kind == "replaced"}
    nodes = [called for called in expansion.nodes if not called.is_call and id(called.node) not in replaced]
    nodes.extend(CalledNode(kernel_attrs.placeholder(fed)) for fed in reached.fed)
    items = _counted([*nodes, *added], kernel_attrs, model, most_nodes)
    warnings = [
        f"{model}: node {node!r} names function {name!r}, which the graph's library lacks; what it needs is not known."
        for name, node in expansion.missing.items()
    ]
    warnings += [
        f"{model}: the gradient of function {name!r} is made at run time; which ops it needs is not known."
        for name in expansion.gradients_made_at_run_time
    ]
    unbound = {(called.function, attr) for called in expansion.nodes for attr in called.unbound}
    warnings += [f"{model}: nothing binds attr {attr!r} of function {function!r}." for function, attr in unbound]
    warnings += [f"{model}: input {name!r} does not contribute to the outputs." for name in reached.unused_inputs]
    if not all(entry.outputs for entry in entries):
        warnings.append(training_warning((called.node for called in expansion.nodes), model, is_whole=is_whole))
    releases = (UNKNOWN_RELEASE if index is None else index.release,)
    loads = _loads(graph, expansion, index, model, most_nodes)
    found = Requirements(items, tuple(sorted(filter(None, warnings))), releases, loads, GRAPHS)
    return found if inserted else found.without_inserted()


def _loads(graph: Graph, expansion: Expansion, index: KernelIndex | None, model: str, most_nodes: int | None) -> Loads:
    """The facts of the whole graph; ``expansion`` is of what is reached of it."""
    if index is None:
        return Loads(unknown=(model,))
    refused = unrunnable(expansion)
    if len(expansion.bodies[0].nodes) != len(graph.nodes):
        expansion = expand_functions(graph, graph.nodes, model)
    return collect_loads(graph, expansion, index, model, refused, most_nodes)


def _counted(
    asking: Iterable[CalledNode | Addition], kernel_attrs: KernelAttrs, model: str, most_nodes: int | None
) -> tuple[Requirement, ...]:
    """The requirements of nodes, each once, sorted; without what may be inserted and is needed anyway."""
    found: dict[str, tuple[Requirement, list[str]]] = {}
    alike: dict[object, list[str]] = {}  # most nodes ask for what another one has asked for
    for called in asking:
        node, origin = called.node, called.origin if isinstance(called, Addition) else None
        attrs, label = kernel_attrs.of(node), _label(node)
        key = node.op, node.device, label, origin, _exact(attrs)
        names = alike.get(key)
        if names is None:
            item = Requirement(node.op, attrs, asked_device(node.device), label, origin=origin)
            names = alike[key] = found.setdefault(_sort_key(item), (item, []))[1]
        names.append(f"{called.function}:{node.name}" if called.function else node.name)
    needed = {_kernel_key(item) for item, _ in found.values() if item.origin is None or item.origin.kind == "added"}
    items = []
    for sort_key in sorted(found):
        item, names = found[sort_key]
        if not item.may_insert or (item.op not in SESSION_OPS and _kernel_key(item) not in needed):
            examples = tuple(sorted(set(names))[:most_nodes])
            items.append(replace(item, count=len(names), nodes=examples, models=(model,)))
    return tuple(items)


def _label(node: Node) -> str:
    label = node.attrs.get(LABEL_ATTR, "")
    return label if isinstance(label, str) else ""


def _exact(value: object) -> object:
    """Equal for values that are one in every way: ``True`` is not 1, and 0.0 not -0.0."""
    if isinstance(value, tuple):
        return tuple(map(_exact, value))
    return repr(value) if isinstance(value, float) else (type(value), value)


def _sort_key(item: Requirement) -> str:
    """Orders requirements whatever the types of their attrs; equal for two that are one, whoever asks."""
    origin = (item.origin.kind, item.origin.why) if item.origin is not None else ()
    return json.dumps([item.op, item.label, item.device, item.attrs_json(), origin])


def _kernel_key(item: Requirement) -> str:
    """The same for two that need the same kernel, for whatever reason."""
    return _sort_key(replace(item, origin=None))


def _merge_two(one: Requirement, other: Requirement) -> Requirement:
    return replace(
        one,
        count=one.count + other.count,
        nodes=tuple(sorted({*one.nodes, *other.nodes})[:MAX_NODES_NAMED]),
        models=tuple(sorted({*one.models, *other.models})[:MAX_MODELS_NAMED]),
        model_count=one.model_count + other.model_count,
    )
