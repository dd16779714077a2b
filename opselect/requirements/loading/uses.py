"""What graphs ask of the release that loads them: how nodes use ops, and the versions that files name.

These facts are kept with requirements, so that another release can be held against them without the models. Values
are kept only where a definition may look at them, so that models which differ in names and sizes share their facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from kernel_index.records import AttrValue
from opselect.models.graph import Shape

MAX_NODES_NAMED = 5
"""Maximum number of nodes that are named as examples; the count is of all."""

MAX_MODELS_NAMED = 20
"""Maximum number of models that are named as examples."""

UNKNOWN_TYPE = ""
"""Stands for the type of an input that nobody knows."""

NO_OUTPUT = "no output"
"""Stands for the type of an input that names an output which the node in front does not have."""


@dataclass(frozen=True, slots=True)
class AttrUse:
    """An attr of nodes: its kind (:func:`kind_of`) and its value where that is kept.

    A list whose value is not kept has its ``length``, anything else has -1.
    """

    name: str
    kind: str
    value: AttrValue | Shape | None = None
    length: int = -1


@dataclass(frozen=True, slots=True)
class Use:
    """One way in which nodes use an op, and which do.

    ``attrs`` are those that the nodes have, sorted, without those of the runtime (``_class``). ``inputs`` are the
    types of the data inputs (``DT_FLOAT``, ``DT_FLOAT_REF``; see :data:`UNKNOWN_TYPE` and :data:`NO_OUTPUT`), None
    where nothing feeds the node that could be looked at. ``lowered`` tells that the runtime is asked to lower the node
    and looks at it. ``is_call`` marks a call of a function of the graph, which has no definition in a release: its
    attrs are those that the function does not have, and ``misfit`` says what of the rest does not fit. ``refused`` says
    what an importer has against the node itself: its name, a control input, a colocation, a function that it calls.

    ``producer`` is the newest version of the graph format among the files. ``nodes`` and ``models`` are the first by
    name (at most :data:`MAX_NODES_NAMED` and :data:`MAX_MODELS_NAMED`), ``count`` is of all nodes.
    """

    op: str
    attrs: tuple[AttrUse, ...] = ()
    inputs: tuple[str, ...] | None = None
    in_function: bool = False
    lowered: bool = False
    is_call: bool = False
    misfit: str = ""
    refused: str = ""
    producer: int = 0
    count: int = 1
    nodes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def key(self) -> tuple[object, ...]:
        """The same for two uses that differ only in who they are of; kinds tell ``1`` and ``True`` apart."""
        return self.op, self.attrs, self.inputs, self.in_function, self.lowered, self.is_call, self.misfit, self.refused


@dataclass(frozen=True, slots=True)
class GraphUse:
    """What files demand of the reader's version of the graph format (``framework/versions.proto``).

    ``producer`` is the oldest one among the files.
    """

    min_consumer: int = 0
    bad_consumers: tuple[int, ...] = ()
    producer: int = 0
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loads:
    """The facts of some graphs; ``unknown`` names models, or files with kept requirements, that have none."""

    uses: tuple[Use, ...] = ()
    graphs: tuple[GraphUse, ...] = ()
    unknown: tuple[str, ...] = ()

    def as_single_ops(self) -> Loads:
        """The same of ops that are run one by one, without a graph: nothing is known of inputs and versions."""
        merger = LoadsMerger()
        merger.add(Loads(tuple(replace(use, inputs=None, producer=0) for use in self.uses), (), self.unknown))
        return merger.merged()


@dataclass(slots=True)
class LoadsMerger:
    """Merges facts one after the other; what it holds grows with the ways to use ops, not with the models."""

    _uses: dict[tuple[object, ...], Use] = field(default_factory=dict)
    _graphs: dict[tuple[int, tuple[int, ...]], GraphUse] = field(default_factory=dict)
    _unknown: set[str] = field(default_factory=set)

    def add(self, part: Loads) -> None:
        """Merge one more into what there is."""
        for use in part.uses:
            key = use.key()
            other = self._uses.get(key)
            self._uses[key] = use if other is None else _merged(other, use)
        for graph in part.graphs:
            versions = graph.min_consumer, graph.bad_consumers
            same = self._graphs.get(versions)
            if same is not None:
                models = first_names([*same.models, *graph.models], MAX_MODELS_NAMED)
                graph = replace(graph, producer=min(same.producer, graph.producer), models=models)
            self._graphs[versions] = graph
        self._unknown.update(part.unknown)

    def merged(self) -> Loads:
        """All that was added, sorted."""
        return Loads(
            tuple(self._uses[key] for key in sorted(self._uses, key=repr)),
            tuple(self._graphs[key] for key in sorted(self._graphs)),
            first_names(self._unknown, MAX_MODELS_NAMED),
        )


def _merged(one: Use, other: Use) -> Use:
    return replace(
        one,
        producer=max(one.producer, other.producer),
        count=one.count + other.count,
        nodes=first_names([*one.nodes, *other.nodes], MAX_NODES_NAMED),
        models=first_names([*one.models, *other.models], MAX_MODELS_NAMED),
    )


def first_names(names: Iterable[str], most: int | None) -> tuple[str, ...]:
    """The first of the names in order, each once, at most ``most`` of them; None for all."""
    return tuple(sorted(set(names))[:most])
