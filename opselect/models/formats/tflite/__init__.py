"""``.tflite`` files → TfliteModel, through the published FlatBuffers schema.

Nothing heavy is imported before a model is read: the schema package takes longer to load than most models.
"""

from __future__ import annotations

from kernel_index.errors import InputError
from opselect.models.formats.wire import Buffer
from opselect.models.graph.tflite import TfliteModel
from opselect.models.storage import OpenFile

__all__ = ["is_tflite", "read_tflite"]

_IDENTIFIER = b"TFL3"


def is_tflite(buffer: Buffer) -> bool:
    """Whether a file is a TensorFlow Lite model: the identifier follows the offset of the root table."""
    return buffer[4:8] == _IDENTIFIER


def read_tflite(file: OpenFile) -> TfliteModel:
    """The model in an open file; weights stay where they are, only the places of buffers are noted.

    Raises InputError, with the byte and the operator where they are known, for what is no model or a damaged one.
    """
    if not is_tflite(file.buffer):
        raise InputError(file.path, "is no TensorFlow Lite model", "Such a file has TFL3 at byte 4.")
    from opselect.models.formats.tflite.reader import parse_tflite

    return parse_tflite(file)
