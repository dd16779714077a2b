"""The object graph that checkpoints of 2.x hold: which variable is kept under which name.

Source of the field numbers: ``protobuf/trackable_object_graph.proto``.
"""

from __future__ import annotations

from collections.abc import Iterator

from kernel_index.errors import InputError
from opselect.models.formats.checkpoint.open import Checkpoint
from opselect.models.formats.checkpoint.table import DAMAGED
from opselect.models.formats.wire import LENGTH, WireError, fields, tag

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

_NODE, _ATTRIBUTE, _FULL_NAME, _CHECKPOINT_KEY = tag(1, LENGTH), tag(2, LENGTH), tag(2, LENGTH), tag(3, LENGTH)


def names_of_variables(checkpoint: Checkpoint) -> dict[str, tuple[str, ...]]:
    """The name that a variable had in its program → the names under which the checkpoint keeps variables called so.

    Empty for a checkpoint without an object graph. Raises InputError for one that is broken.
    """
    if OBJECT_GRAPH_KEY not in checkpoint:
        return {}
    data = bytes(checkpoint[OBJECT_GRAPH_KEY].ravel()[0])
    found: dict[str, list[str]] = {}
    try:
        for full_name, key in _attributes(data):
            if key in checkpoint:
                found.setdefault(full_name, []).append(key)
    except WireError as error:
        raise InputError(checkpoint.prefix, f"the object graph is broken: {error.problem}", DAMAGED) from None
    return {name: tuple(dict.fromkeys(keys)) for name, keys in found.items()}


def _attributes(data: bytes) -> Iterator[tuple[str, str]]:
    for field, a, b in fields(data, 0, len(data)):
        if field != _NODE:
            continue
        for inner, c, d in fields(data, a, b):
            if inner != _ATTRIBUTE:
                continue
            full_name = key = ""
            for part, e, f in fields(data, c, d):
                if part == _FULL_NAME:
                    full_name = data[e:f].decode("utf-8", "surrogateescape")
                elif part == _CHECKPOINT_KEY:
                    key = data[e:f].decode("utf-8", "surrogateescape")
            yield full_name, key
