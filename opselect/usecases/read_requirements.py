"""What do models need, together?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kernel_index.errors import OpselectError
from kernel_index.index import KernelIndex
from opselect.models.choice import Choice, Chosen
from opselect.requirements.collect import MAX_NODES_NAMED, Requirements
from opselect.requirements.of_many_models import CHUNK, Collected, Failure, collect_chosen, collect_many
from opselect.usecases.kernel_source import PathLike
from opselect.usecases.load_model import LoadedModel, load_model
from opselect.usecases.model_names import model_names
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch
from opselect.usecases.workers import MANY, Workers, open_workers

if TYPE_CHECKING:
    from concurrent.futures import Executor

_EVERYTHING = Choice()

READING = "Reading models"
"""The task of reading many models, as a :class:`Watch` sees it."""


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The models of a question, and who reads them.

    ``paths`` are paths and URLs of models, ``kept`` files with requirements of others, as ``opselect requirements
    --json`` prints them; ``choice`` says which part of each model counts. Without ``inserted``, ops that optimizers of
    the runtime only may insert are left out. With ``every_node`` all nodes are named that ask for the same, not just a
    few, if there is one model only. Models are read by ``executor``, or on the dask cluster at ``dask``, or
    in ``jobs`` processes; by default in this process, from 64 models on in one process a core.
    """

    paths: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    choice: Choice = field(default_factory=Choice)
    inserted: bool = True
    jobs: int | None = None
    dask: str = ""
    executor: Executor | None = None
    every_node: bool = False

    @property
    def only_model(self) -> tuple[str, ...]:
        """The model if it is all there is."""
        return self.paths if len(self.paths) == 1 and not self.kept else ()


@dataclass(frozen=True, slots=True)
class OnlyModel:
    """The model of a question about just one, still open: advice is tried on its graph.

    ``path`` is as the user spells it.
    """

    path: str
    choice: Choice
    chosen: Chosen
    files: LoadedModel


@dataclass(frozen=True, slots=True)
class ModelRequirements:
    """What models need together, and of which of them that is not known.

    ``models`` is their number, ``unread`` are those that could not be read, in the order given, and ``warnings`` what
    a user should know of the others. ``only`` is the model where there is just one and nothing that was kept.
    """

    requirements: Requirements
    models: int = 1
    unread: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    only: OnlyModel | None = None

    def without_inserted(self) -> ModelRequirements:
        """The same without what the runtime only may insert."""
        return replace(self, requirements=self.requirements.without_inserted())

    def closed(self) -> ModelRequirements:
        """The same without the graph and the files of the only model; advice about it is general from then on."""
        if self.only is None:
            return self
        self.only.files.close()
        return replace(self, only=None)


class NoModelReadError(OpselectError):
    """None of several models could be read, and there is nothing else to answer from; ``unread`` says why of each."""

    def __init__(self, unread: tuple[Failure, ...]) -> None:
        self.unread = unread
        super().__init__(unread)

    def __str__(self) -> str:
        return "\n".join(
            [f"none of {len(self.unread)} models could be read:", *(f"  {each.problem}" for each in self.unread)]
        )


def requirements_of(
    models: PathLike | Iterable[PathLike],
    index: KernelIndex | None = None,
    *,
    choice: Choice = _EVERYTHING,
    kept: Iterable[PathLike] = (),
    inserted: bool = True,
    jobs: int | None = None,
    dask: str = "",
    executor: Executor | None = None,
    watch: Watch = NOBODY,
) -> ModelRequirements:
    """What models need together: ops, the attrs that kernels are chosen by, devices, and the nodes that ask.

    ``models`` is a path or URL, or any number of them; ``kept`` are files that ``opselect requirements --json``
    printed. ``choice`` says which part of each model counts. ``index`` is the TensorFlow that tells which attrs
    matter, fills in their defaults and adds what its runtime makes of the nodes (``docs/runtime_ops.md``); without
    ``inserted`` what optimizers of the runtime only may insert is left out. Without an index attrs are as the models
    have them.

    Models are read in ``jobs`` processes, on the dask cluster at ``dask``, or by an ``executor`` of
    :mod:`concurrent.futures`; else in this process, from 64 models on in a process a core. Memory does not grow with
    the models.

    One of several models that cannot be read does not stop the others: it is in ``unread``. Raises InputError for the
    only model if it cannot be read or lacks what is chosen, and for a kept file that is damaged or of no use for the
    index; NoModelReadError where none of several models could be read.
    """
    paths = (models,) if isinstance(models, str | os.PathLike) else tuple(models)
    names, files = tuple(os.fspath(path) for path in paths), tuple(os.fspath(path) for path in kept)
    asked = ModelSet(names, files, choice, inserted, jobs, dask, executor)
    return read_requirements(asked, index, watch)


def read_requirements(models: ModelSet, index: KernelIndex | None, watch: Watch = NOBODY) -> ModelRequirements:
    """Reads all models and files and merges what they need.

    What was kept is held against ``index`` where there is one; without one, attrs are as models have them, and what
    the runtime makes of nodes is not known. One of several models that cannot be read is in ``unread``.

    Raises InputError for a kept file that cannot be read or is of no use for the index, and for the only model if there
    is nothing else; NoModelReadError where none of several could be read.
    """
    return read_together((models,), index, watch)


def read_together(sets: Sequence[ModelSet], index: KernelIndex | None, watch: Watch = NOBODY) -> ModelRequirements:
    """What the models of several sets need together: each set is read with its own choice.

    No model is in two sets. Whether inserted ops count, and which workers read, is what the first set says. Raises
    what :func:`read_requirements` raises.
    """
    recording = RecordingWatch(watch)
    names = model_names([path for each in sets for path in each.paths])
    kept = tuple(dict.fromkeys(path for each in sets for path in each.kept))
    if len(names) == 1 and not kept:
        path, name = names.popitem()
        choice = next(each.choice for each in sets if path in each.paths)
        needed = _of_one(path, name, choice, sets[0], index, recording)
    else:
        needed = _of_all(names, kept, sets, index, recording)
        if not sets[0].inserted:
            needed = needed.without_inserted()
    return replace(needed, warnings=recording.warnings)


def _of_one(
    path: str, name: str, choice: Choice, asked: ModelSet, index: KernelIndex | None, watch: Watch
) -> ModelRequirements:
    loaded = load_model(path, tags=choice.tags)
    chosen = loaded.chosen(choice)
    most = None if asked.every_node else MAX_NODES_NAMED
    collected = collect_chosen(chosen, name, index=index, inserted=asked.inserted, most_nodes=most)
    needed = _warned(collected, watch)
    return ModelRequirements(needed, only=OnlyModel(path, choice, chosen, loaded))


def _of_all(
    names: dict[str, str], kept: Sequence[str], sets: Sequence[ModelSet], index: KernelIndex | None, watch: Watch
) -> ModelRequirements:
    parts = [_kept(path, index, watch) for path in kept]
    unread: tuple[Failure, ...] = ()
    if names:
        for collected in _collect(names, sets, index, watch):
            parts.append(collected.requirements)
            unread += collected.failures
    if len(unread) == len(names) and not kept:
        raise NoModelReadError(unread)
    return ModelRequirements(Requirements.merge(parts), len(names), unread)


def _kept(path: str, index: KernelIndex | None, watch: Watch) -> Requirements:
    from opselect.requirements.as_json import load_requirements
    from opselect.requirements.for_release import for_index

    kept = load_requirements(path)
    return kept if index is None else _warned(for_index(kept, index, path), watch)


def _warned(needed: Requirements, watch: Watch) -> Requirements:
    for warning in needed.warnings:
        watch.warning(warning)
    return needed


def _collect(
    names: dict[str, str], sets: Sequence[ModelSet], index: KernelIndex | None, watch: Watch
) -> Iterator[Collected]:
    """What the models of each set need, all read by the same workers."""
    first, before = sets[0], 0
    with open_workers(len(names), jobs=first.jobs, dask=first.dask, executor=first.executor) as workers:
        for each in sets:
            paths = [path for path in dict.fromkeys(each.paths) if path in names]

            def progress(done: int, before: int = before) -> None:
                # Few are read before anybody looks.
                if len(names) >= MANY:
                    watch.progress(READING, before + done, len(names))

            yield collect_many(
                paths,
                index=index,
                choice=each.choice,
                names=names,
                executor=workers.executor,
                chunk=_chunk(len(paths), workers),
                in_flight=8 * workers.number,
                progress=progress,
                warn=watch.warning,
            )
            before += len(paths)


def _chunk(models: int, workers: Workers) -> int:
    """Large models are dealt out in smaller lots where there are few of them."""
    return max(1, min(CHUNK, models // (4 * workers.number)))
