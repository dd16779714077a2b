"""What does a model file hold?"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import final

from opselect.models.choice import Choice, Chosen, choose_meta_graph, chosen_of
from opselect.models.formats import Model, model_at, read_model
from opselect.models.graph import Graph, MetaGraph
from opselect.usecases.kernel_source import PathLike


@final
class LoadedModel:
    """A model that was read, and its files for as long as this object lives, or until :meth:`close`.

    A model out of an archive lies in a temporary folder, which is removed then. As a context manager it closes itself.
    """

    def __init__(self, path: str, model: Model, files: ExitStack) -> None:
        self._path = path
        self._model = model
        self._close = weakref.finalize(self, files.close)

    @property
    def path(self) -> str:
        """The path or URL as it was given."""
        return self._path

    @property
    def model(self) -> Model:
        """The record of the model; its ``path`` is where the files are, which an archive's are only for now."""
        return self._model

    @property
    def format(self) -> str:
        """``graphdef``, ``meta_graph``, ``saved_model``, ``checkpoint`` or ``tflite``."""
        return self._model.format

    @property
    def meta_graphs(self) -> tuple[MetaGraph, ...]:
        """The graphs with their tags and signatures; one without either where the file holds only a graph."""
        return self._model.meta_graphs

    @property
    def graph(self) -> Graph:
        """The graph that commands take when no tags are named: the only one, or the one tagged just ``serve``.

        Raises InputError that lists the tags where that is not clear.
        """
        return choose_meta_graph(self._model).graph

    def chosen(self, choice: Choice) -> Chosen:
        """The graph and the ways into it that a choice means. Raises InputError for what the model lacks."""
        return chosen_of(self._model, choice)

    def close(self) -> None:
        """Removes what was unpacked; tensors of a model in an archive cannot be read any more."""
        self._close()

    def __enter__(self) -> LoadedModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<model {self._path!r}, {self.format}>"


def load_model(path: PathLike, *, tags: Sequence[str] = ()) -> LoadedModel:
    """The model at a path or URL: a GraphDef, MetaGraphDef, SavedModel, checkpoint or TensorFlow Lite model.

    Its form is told by content. ``ARCHIVE!MEMBER`` is a model in a zip or tar archive, and an archive stands for the
    only model in it. Of tensors only places and sizes are noted, so that a model of 500 MB costs little more than one
    without weights. With ``tags`` only the MetaGraph that has just these is read.

    Raises InputError for whatever is no readable model, and where no MetaGraph has these tags.
    """
    given = os.fspath(path)
    with ExitStack() as files:
        place = files.enter_context(model_at(given))
        model = read_model(place, frozenset(tags) or None)
        return LoadedModel(given, model, files.pop_all())
