"""``.tflite`` files → TfliteModel, through the published FlatBuffers schema.

Nothing heavy is imported before a model is read: the schema package takes longer to load than most models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel_index.errors import InputError, Place
from opselect.models.formats.wire import Buffer
from opselect.models.graph.model import Graph
from opselect.models.storage import OpenFile

if TYPE_CHECKING:
    from opselect.models.graph.tflite import TfliteModel

__all__ = ["is_tflite", "read_flex_graph", "read_tflite"]

_IDENTIFIER = b"TFL3"


def is_tflite(buffer: Buffer) -> bool:
    """Whether a file is a TensorFlow Lite model: the identifier follows the offset of the root table."""
    return buffer[4:8] == _IDENTIFIER


def read_tflite(file: OpenFile, *, may_be_empty: bool = False) -> TfliteModel:
    """The model in an open file; weights stay where they are, only the places of buffers are noted.

    A ``Flex…`` operator whose options make no sense is in it, and says what is wrong. No interpreter takes a model
    without subgraphs (``lite/core/interpreter_builder.cc``), but the tools that prepare builds do: it must not be one
    unless it ``may_be_empty``.

    Raises InputError, with the byte and the operator where they are known, for what is no model or a damaged one.
    """
    if not is_tflite(file.buffer):
        raise InputError(file.path, "is no TensorFlow Lite model", "Such a file has TFL3 at byte 4.")
    from opselect.models.formats.tflite.reader import parse_tflite

    model = parse_tflite(file)
    if not (model.subgraphs or may_be_empty):
        raise InputError(file.path, "the model has no subgraphs", "Convert the model again.")
    return model


def read_flex_graph(model: TfliteModel, path: str) -> Graph:
    """The TensorFlow ops that the Flex delegate runs for a model, as :func:`flex_graph` has them.

    Raises InputError for an operator that the delegate could not run as it stands in the file.
    """
    problem = next((each.problem for each in model.operators if each.problem is not None), None)
    if problem is not None:
        advice = "The file is damaged or was made by a broken tool: copy, download or convert it again."
        raise InputError(Place(path, byte=problem.byte), problem.problem, advice)
    from opselect.models.graph.tflite import flex_graph

    return flex_graph(model)
