"""A model in whatever form its owner has it → its graphs and what it says about using them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel_index.errors import InputError, reading
from kernel_index.near_names import meant, near_names
from opselect.models.formats.reader import FREEZE_FIRST, Message, message_of, read_graphdef, read_meta_graphs, tag_sets
from opselect.models.formats.recognize import (
    CHECKPOINT,
    SAVED_MODEL,
    TFLITE,
    WHAT_IS_READ,
    recognize_binary,
    recognize_directory,
)
from opselect.models.formats.tflite import read_flex_graph, read_tflite
from opselect.models.graph.meta_graph import MetaGraph
from opselect.models.graph.model import Graph
from opselect.models.storage import base_name, folder_of, is_file, join, list_folder, open_file, with_suffix

if TYPE_CHECKING:
    from opselect.models.graph.tflite import TfliteModel

SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")
"""The file of a SavedModel that holds its graphs; the binary one is taken where both are there, as a loader does."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a model file or folder holds.

    ``format`` is one of the names in :mod:`recognize`. ``variables`` is the prefix of the checkpoint
    that belongs to it, empty where there is none. A checkpoint has graphs where a ``.meta`` file is beside it. Of a
    TensorFlow Lite model, ``tflite``, the one graph is that of the TensorFlow ops inside it
    (:func:`opselect.models.graph.tflite.flex_graph`).
    """

    path: str
    format: str
    meta_graphs: tuple[MetaGraph, ...] = ()
    variables: str = ""
    tflite: TfliteModel | None = None


def read_model(path: str | os.PathLike[str], tags: frozenset[str] | None = None) -> Model:
    """The model at a path or URL, its form recognized by content.

    Binary files are read through a memory map: of tensors only places and sizes are noted, so a model of 500 MB costs
    little more than one without weights. With ``tags`` only the MetaGraph that has just these is read; InputError
    lists those there are. Raises InputError for whatever is no readable model. Graphs are as the file has them;
    :func:`opselect.models.graph.check_graph` says whether they make sense.
    """
    name = os.fspath(path)
    with reading(name):
        return _read(name, tags)


def _read(name: str, tags: frozenset[str] | None) -> Model:
    names = list_folder(name)
    if names is not None:
        return _read_folder(name, frozenset(names), tags)
    if _is_prefix(name):
        return _read_checkpoint(name, tags)
    with open_file(name) as file:
        kind = recognize_binary(file.buffer)
        if kind is not None and kind.format == CHECKPOINT:
            return _read_checkpoint(name, tags)
        if kind is not None and kind.format == TFLITE:
            tflite = read_tflite(file)
            return Model(name, TFLITE, (MetaGraph(read_flex_graph(tflite, file.path)),), tflite=tflite)
        message = message_of(file)
        return Model(name, message.format, _meta_graphs(message, tags), _variables_beside(name, message))


def read_graph(path: str | os.PathLike[str]) -> Graph:
    """The graph of a GraphDef file, binary or text; InputError for every other form of a model."""
    name = os.fspath(path)
    with reading(name):
        return _read_graph(name)


def _read_graph(name: str) -> Graph:
    names = list_folder(name)
    if names is not None:
        if not frozenset(names).isdisjoint(SAVED_MODEL_FILES):
            raise InputError(name, "is no GraphDef, it is a SavedModel", FREEZE_FIRST)
        raise _unread_folder(name, frozenset(names))
    with open_file(name) as file:
        return read_graphdef(message_of(file))


def _meta_graphs(message: Message, tags: frozenset[str] | None) -> tuple[MetaGraph, ...]:
    found = read_meta_graphs(message, tags)
    if found:
        return found
    known = [", ".join(each) for each in tag_sets(message)]
    wanted = ", ".join(sorted(tags or ()))
    ending = meant([_in_braces(each) for each in near_names(wanted, known, at_most=1)])
    problem = f"has no MetaGraph tagged {_in_braces(wanted)}{ending}"
    raise InputError(message.path, problem, f"It has {' and '.join(map(_in_braces, known))}.")


def _in_braces(tags: str) -> str:
    return "{" + tags + "}"


def _read_folder(path: str, names: frozenset[str], tags: frozenset[str] | None) -> Model:
    inside = next((name for name in SAVED_MODEL_FILES if name in names), None)
    if inside is None:
        kind = recognize_directory(names)
        if kind is not None and kind.format == CHECKPOINT:
            return _read_checkpoint(path, tags)
        raise _unread_folder(path, names)
    with open_file(join(path, inside)) as file:
        message = message_of(file, SAVED_MODEL)
        return Model(path, message.format, _meta_graphs(message, tags), _variables_in(path))


def _is_prefix(path: str) -> bool:
    """Whether no file has that path, and some have it as the prefix of a checkpoint."""
    if is_file(path):
        return False
    beside = list_folder(folder_of(path)) or ()
    part = re.compile(re.escape(base_name(path)) + r"(\.index|\.meta|\.data-\d+-of-\d+|-\d+-of-\d+)")
    return any(part.fullmatch(name) for name in beside)


def _read_checkpoint(path: str, tags: frozenset[str] | None) -> Model:
    from opselect.models.formats.checkpoint.locate import locate  # with it comes NumPy, which graphs do without

    prefix = locate(path).prefix
    meta = with_suffix(prefix, ".meta")
    if not is_file(meta):
        return Model(path, CHECKPOINT, variables=prefix)
    with open_file(meta) as file:
        return Model(path, CHECKPOINT, _meta_graphs(message_of(file), tags), prefix)


def _variables_beside(path: str, message: Message) -> str:
    if message.format != SAVED_MODEL or path.startswith(("http://", "https://")):
        return ""
    return _variables_in(folder_of(path))


def _variables_in(folder: str) -> str:
    prefix = join(join(folder, "variables"), "variables")
    return prefix if is_file(with_suffix(prefix, ".index")) else ""


def _unread_folder(path: str, names: frozenset[str]) -> InputError:
    kind = recognize_directory(names)
    if kind is None:
        return InputError(path, "is a folder", WHAT_IS_READ)
    return InputError(path, f"is a folder, it looks like {kind.what}", kind.advice)
