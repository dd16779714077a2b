"""Which graph of a model is meant, and the ways into it that count: by tags, signatures, or nodes spelled out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from kernel_index.errors import InputError
from kernel_index.near_names import did_you_mean, listed
from kernel_index.shown import one_line
from opselect.models.formats import Model, model_at, read_model
from opselect.models.graph import Entry, Graph, MetaGraph, Signature

SERVE = "serve"
"""The tag of the MetaGraph that loaders take by default (``cc/saved_model/tag_constants.h``)."""
INITIALIZATION = "initialization"
"""The name of the entry that stands for what a loader runs once."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a user says about a model: all empty means the usual graph and every way into it.

    ``signatures`` narrows to these; ``all_signatures`` says that every one of them is meant. ``inputs`` and
    ``outputs`` name nodes or tensors in place of a signature.
    """

    tags: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    all_signatures: bool = False
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tags or self.signatures or self.all_signatures or self.inputs or self.outputs)

    @property
    def tag_set(self) -> frozenset[str] | None:
        """The tags to read, None where none are named."""
        return frozenset(self.tags) or None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The graph of a model that is meant, and the entries that count.

    ``is_whole`` is False for the TensorFlow ops of a TensorFlow Lite model, which are no graph that a session runs.
    """

    graph: Graph
    entries: tuple[Entry, ...]
    is_whole: bool = True


@contextmanager
def read_chosen(path: str, choice: Choice) -> Iterator[Chosen]:
    """What a choice means of the model at a path or URL, or in an archive: its tensors can be read inside the block.

    Raises InputError for a model that cannot be read or that lacks what is chosen.
    """
    with model_at(path) as place:
        yield chosen_of(read_model(place, choice.tag_set), choice)


def chosen_of(model: Model, choice: Choice) -> Chosen:
    """What a choice means of a model, read with its tags. Raises InputError for one that lacks what is chosen."""
    meta_graph = choose_meta_graph(model)
    return Chosen(meta_graph.graph, entries_of(meta_graph, choice, model.path), model.tflite is None)


def choose_meta_graph(model: Model) -> MetaGraph:
    """The MetaGraph that is meant where no tags are named: the only one, or the one tagged just ``serve``.

    Raises InputError that lists the tags to choose from.
    """
    if len(model.meta_graphs) == 1:
        return model.meta_graphs[0]
    if not model.meta_graphs:
        raise InputError(
            model.path,
            "is a checkpoint: it holds variables and no graph",
            "Pass the graph, the SavedModel around it, or put the .meta file beside it that was saved with it.",
        )
    for meta_graph in model.meta_graphs:
        if meta_graph.tags == (SERVE,):
            return meta_graph
    known = one_line(" or ".join("--tags " + ",".join(each.tags) for each in model.meta_graphs))
    raise InputError(model.path, f"holds {len(model.meta_graphs)} MetaGraphs", f"Choose one: {known}.")


def choose_convertible(model: Model) -> MetaGraph:
    """What :func:`choose_meta_graph` says, of a model that a GraphDef can be made of; InputError for any other."""
    if model.tflite is not None:
        advice = "Pass the model that it was converted from."
        raise InputError(model.path, "is a TensorFlow Lite model, which no GraphDef can be made of", advice)
    return choose_meta_graph(model)


def entries_of(meta_graph: MetaGraph, choice: Choice, path: str) -> tuple[Entry, ...]:
    """The ways into a graph that count; one without outputs where everything in the graph does.

    A signature counts with all that its output and input tensors reach. An input in the middle of the graph cuts
    nothing off: a SavedModel is loaded as it is, and what stands before the input stays in it. Without any choice
    these are all signatures and what a loader runs first (:attr:`MetaGraph.initializers`); a graph without signatures
    counts whole. InputError for a signature that there is not; ``path`` is where the graph comes from.
    """
    if choice.inputs or choice.outputs:
        return (Entry(choice.inputs, choice.outputs),)
    signatures = meta_graph.signatures
    if choice.signatures:
        check_signatures(choice.signatures, signatures, path)
        return _of_signatures({key: signatures[key] for key in choice.signatures})
    if not signatures:
        if choice.all_signatures:
            raise InputError(path, "has no signatures", "Name what the program fetches with --outputs.")
        return (Entry(),)
    entries = _of_signatures(signatures)
    initializers = Entry(outputs=meta_graph.initializers, name=INITIALIZATION)
    return (*entries, initializers) if meta_graph.initializers else entries


def _of_signatures(signatures: Mapping[str, Signature]) -> tuple[Entry, ...]:
    entries = []
    for key, signature in signatures.items():
        inputs = tuple(name for info in signature.inputs.values() for name in info.tensors())
        outputs = tuple(name for info in signature.outputs.values() for name in info.tensors())
        if inputs or outputs:
            entries.append(Entry(outputs=(*outputs, *inputs), name=key))
    return tuple(entries)


def check_signatures(wanted: Sequence[str], known: Mapping[str, Signature], path: str) -> None:
    """Whether a model has the signatures that somebody wants; InputError with the nearest names where it has not."""
    problems = [f"has no signature {key!r}{did_you_mean(key, known)}" for key in wanted if key not in known]
    if problems:
        advice = f"It has {listed(tuple(known))}." if known else "Name what the program fetches with --outputs."
        raise InputError(path, "; ".join(problems), advice)
