"""Which models lie in a folder?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import InputError
from opselect.models.choice import choose_meta_graph
from opselect.models.formats import kind_at
from opselect.models.formats.models import SAVED_MODEL_FILES
from opselect.models.graph import check_graph
from opselect.usecases.load_model import LoadedModel, load_model

OTHER_FORMATS = {
    ".onnx": ("onnx", "an ONNX model"),
    ".pte": ("executorch", "an ExecuTorch program"),
    ".bpte": ("executorch", "an ExecuTorch program"),
}
"""Models of other runtimes by the ends of their names, which say in a configuration whose they are."""

MODEL_SUFFIXES = (
    *OTHER_FORMATS,
    *(".pb", ".pbtxt", ".meta", ".tflite", ".zip", ".apk", ".aar"),
    *(".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz"),
)
"""Of files that are looked into; a configuration may name others."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model in a folder: ``path`` leads there from the folder.

    ``tags`` are those to choose, empty where there is nothing to choose; ``signatures`` are their keys.
    """

    path: str
    format: str
    tags: tuple[str, ...] = ()
    other_tags: tuple[tuple[str, ...], ...] = ()
    signatures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundModels:
    """The models of a folder by path, and files that look like models and are none, with the reason."""

    models: tuple[FoundModel, ...]
    passed_over: tuple[tuple[str, str], ...] = ()


def find_models(folder: str) -> FoundModels:
    """The models in a folder and those below it, sorted by path.

    SavedModels are found by their files, others by the ends of their names, and all are read, or looked into where
    they are of other runtimes than TensorFlow's. Hidden files and what is
    behind links to folders is not looked at. Raises InputError where the folder cannot be read.
    """
    found: list[FoundModel] = []
    passed_over: list[tuple[str, str]] = []
    for path in sorted(_candidates(folder)):
        model = look_into(folder, path)
        if isinstance(model, FoundModel):
            found.append(model)
        else:
            passed_over.append((path, model))
    return FoundModels(tuple(found), tuple(passed_over))


def _candidates(folder: str) -> Iterator[str]:
    def failed(error: OSError) -> None:
        if error.filename == folder:
            raise InputError(folder, f"cannot be read: {error.strerror}", "Name a folder with models.") from error

    for place, folders, files in os.walk(folder, onerror=failed):
        inside = os.path.relpath(place, folder)
        if not set(SAVED_MODEL_FILES).isdisjoint(files):
            folders.clear()
            yield inside
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith(".") and name.lower().endswith(MODEL_SUFFIXES):
                yield str(Path(inside, name))


def look_into(folder: str, path: str) -> FoundModel | str:
    """The model at a path in the folder, or why it cannot be named or read."""
    try:
        path.encode()
        if path.lower().endswith(tuple(OTHER_FORMATS)):
            return _of_other_runtime(folder, path)
        with load_model(Path(folder, path)) as model:
            return _described(path, model)
    except UnicodeEncodeError:
        # YAML has no bytes that are no UTF-8.
        return "its name is not valid UTF-8; a pattern can name it"
    except InputError as error:
        return error.problem


def _of_other_runtime(folder: str, path: str) -> FoundModel | str:
    """A model by its end and what it begins with: to read all of it is for those who ask for its operators."""
    name, what = OTHER_FORMATS[Path(path).suffix.lower()]
    kind = kind_at(str(Path(folder, path)))
    if kind is None or kind.what != what:
        return f"is not {what}" + (f", it looks like {kind.what}" if kind is not None else "")
    return FoundModel(Path(path).as_posix(), name)


def _described(path: str, model: LoadedModel) -> FoundModel:
    graphs = model.meta_graphs
    try:
        chosen = choose_meta_graph(model.model)
        tags: tuple[str, ...] = ()
    except InputError:
        if not graphs:
            raise
        chosen = graphs[0]
        tags = chosen.tags
    check_graph(chosen.graph, path)
    others = tuple(graph.tags for graph in graphs if graph is not chosen)
    return FoundModel(Path(path).as_posix(), model.format, tags, others, tuple(sorted(chosen.signatures)))
