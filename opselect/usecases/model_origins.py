"""Where do models come from: what wrote them, which part of them counts, and which very file is it?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import OpselectError
from opselect.models.choice import Choice, choose_meta_graph
from opselect.models.graph import Entry, Graph
from opselect.requirements.of_many_models import Failure
from opselect.usecases.load_model import load_model
from opselect.usecases.model_names import model_names
from opselect.usecases.read_requirements import ModelSet

MAX_LOOKED_AT = 100
"""So many models are opened once more for what they say of themselves."""
MAX_HASHED = 256 * 2**20
"""Bytes of a file up to which its SHA-256 is told: that of a larger one takes longer than all the rest."""

_PART = 2**20
_GRAPHS = ("saved_model.pb", "saved_model.pbtxt")


@dataclass(frozen=True, slots=True)
class ModelOrigin:
    """A model by its name in outputs, or a file of requirements that were kept of others.

    ``tensorflow`` is the version that wrote it and ``producer`` that of its GraphDef, empty and 0 where it says
    neither. ``entries`` are the signatures that count, or what is fetched; none where all of the graph counts.
    ``ops`` and ``nodes`` count functions, too, and are None where the model was not looked at; ``note`` says why.
    ``sha256`` is that of the file, of a SavedModel that of its graph; empty where it is not told.
    """

    name: str
    format: str = ""
    tensorflow: str = ""
    producer: int = 0
    entries: tuple[str, ...] = ()
    ops: int | None = None
    nodes: int | None = None
    sha256: str = ""
    note: str = ""


def model_origins(sets: Sequence[ModelSet], unread: Sequence[Failure] = ()) -> tuple[ModelOrigin, ...]:
    """What is told of the models of some sets, in the order given, and of the files of requirements behind them.

    ``unread`` are those that could not be read. Models at URLs are not fetched once more.
    """
    names = model_names([path for each in sets for path in each.paths])
    choices = {path: each.choice for each in sets for path in each.paths}
    problems = {failure.model: failure.problem for failure in unread}
    found = []
    for number, (path, name) in enumerate(names.items()):
        if name in problems:
            found.append(ModelOrigin(name, note=f"could not be read: {problems[name]}"))
        elif "://" in path:
            found.append(ModelOrigin(name, note="behind a URL, and not fetched once more"))
        elif number >= MAX_LOOKED_AT:
            found.append(ModelOrigin(name, note=f"not among the first {MAX_LOOKED_AT}, and not opened once more"))
        else:
            found.append(_of_model(path, name, choices[path]))
    kept = dict.fromkeys(path for each in sets for path in each.kept)
    for path, name in model_names(tuple(kept)).items():
        found.append(ModelOrigin(name, sha256=_sha256(Path(path)), note="requirements that were kept of models"))
    return tuple(found)


def _of_model(path: str, name: str, choice: Choice) -> ModelOrigin:
    try:
        with load_model(path, tags=choice.tags) as loaded:
            meta_graph, chosen = choose_meta_graph(loaded.model), loaded.chosen(choice)
            ops = list(_ops(chosen.graph))
            return ModelOrigin(
                name,
                loaded.format,
                meta_graph.tensorflow,
                chosen.graph.versions.producer,
                tuple(filter(None, map(_entry_name, chosen.entries))),
                len(set(ops)),
                len(ops),
                _sha256(Path(loaded.model.path)),
                "" if chosen.is_whole else "of TensorFlow Lite: its TensorFlow ops are counted",
            )
    except (OpselectError, OSError) as error:
        return ModelOrigin(name, note=f"could not be read once more: {error}")


def _ops(graph: Graph) -> Iterator[str]:
    yield from (node.op for node in graph.nodes)
    for function in graph.functions:
        yield from (node.op for node in function.nodes)


def _entry_name(entry: Entry) -> str:
    return entry.name or ", ".join(entry.outputs)


def _sha256(path: Path) -> str:
    """The hash of a file, or of the graph in a folder; empty for what is neither, and for what is too large."""
    found = hashlib.sha256()
    try:
        files = (path / name for name in _GRAPHS) if path.is_dir() else (path,)
        file = next((each for each in files if each.is_file()), None)
        if file is None or file.stat().st_size > MAX_HASHED:
            return ""
        with file.open("rb") as stream:
            while part := stream.read(_PART):
                found.update(part)
    except (OSError, ValueError):
        return ""
    return found.hexdigest()
