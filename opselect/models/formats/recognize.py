"""What a file is, by its content, and what its owner can do about it where opselect does not read it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from opselect.models.formats.message_kinds import META, ONNX, SAVED, message_kind
from opselect.models.formats.wire import Buffer

WHAT_IS_READ = (
    "opselect reads a GraphDef (.pb, .pbtxt), a MetaGraphDef (.meta), a SavedModel, a TensorFlow Lite model (.tflite), "
    "and a .zip, .aar, .apk or .tar.gz with one of them."
)
_FREEZE_KERAS = "Load it with tf.keras.models.load_model, save it as a SavedModel and pass that."
_NO_GRAPH = "It holds variables and no graph: pass the graph, the .meta file beside it or the SavedModel around it."
_UNPACK = "Unpack it and pass the model that is inside."
_TEXT_ENCODING = "Save it as UTF-8."
_FOR_ONNX_RUNTIME = (
    "What a build of ONNX Runtime needs of it: opselect generate MODEL --target onnxruntime --out DIR. For TensorFlow, "
    "pass the model that it was made from."
)
_FOR_EXECUTORCH = "What a build of ExecuTorch needs of it: opselect generate MODEL --target executorch --out DIR."
_BEFORE_ORT = "Pass the .onnx model that it was made of."
_DOWNLOAD = "The download gave a web page and not the model: get the file again."


GRAPH_DEF, META_GRAPH, SAVED_MODEL = "graphdef", "meta_graph", "saved_model"
TFLITE, CHECKPOINT, ARCHIVE = "tflite", "checkpoint", "archive"
"""The formats, as ``opselect inspect`` names them."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """``what`` completes "looks like …"; ``advice`` says what to do. ``format`` is empty for what is not read.
    A model of an ``other_runtime`` than TensorFlow's is read by other commands than the rest.
    """

    what: str
    advice: str = WHAT_IS_READ
    format: str = ""
    other_runtime: bool = False


_EXECUTORCH = Recognized("an ExecuTorch program", _FOR_EXECUTORCH, other_runtime=True)

_MESSAGES = {
    META: Recognized("a MetaGraphDef", format=META_GRAPH),
    SAVED: Recognized("a SavedModel", format=SAVED_MODEL),
    ONNX: Recognized("an ONNX model", _FOR_ONNX_RUNTIME, other_runtime=True),
}

_MAGIC: tuple[tuple[int, bytes, Recognized], ...] = (
    (0, b"\x89HDF\r\n\x1a\n", Recognized("an HDF5 file (Keras .h5)", _FREEZE_KERAS)),
    (0, b"PK\x03\x04", Recognized("a zip archive", _UNPACK, ARCHIVE)),
    (0, b"\x1f\x8b", Recognized("a gzip file", _UNPACK, ARCHIVE)),
    (0, b"BZh", Recognized("a bzip2 file", _UNPACK, ARCHIVE)),
    (0, b"\xfd7zXZ\x00", Recognized("an xz file", _UNPACK, ARCHIVE)),
    (257, b"ustar", Recognized("a tar archive", _UNPACK, ARCHIVE)),
    (4, b"TFL3", Recognized("a TensorFlow Lite model", format=TFLITE)),
    (4, b"ET12", _EXECUTORCH),
    (4, b"BP08", _EXECUTORCH),
    (4, b"ORTM", Recognized("a model in the format .ort of ONNX Runtime", _BEFORE_ORT)),
    (0, b"\x89PNG\r\n\x1a\n", Recognized("a PNG image")),
    (0, b"\xff\xd8\xff", Recognized("a JPEG image")),
    (0, b"\x7fELF", Recognized("an ELF binary")),
    (0, b"\x93NUMPY", Recognized("a NumPy array")),
    (0, b"\xff\xfe", Recognized("UTF-16 text", _TEXT_ENCODING)),
    (0, b"\xfe\xff", Recognized("UTF-16 text", _TEXT_ENCODING)),
)

# The table format of V2 checkpoints' .index files and of V1 checkpoints ends with this (lib/io/format.h).
_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_SNIFFED = 4096

_TEXT_BEGINNINGS: tuple[tuple[re.Pattern[str], Recognized], ...] = (
    (
        re.compile(r"version https://git-lfs\."),
        Recognized("a Git LFS pointer", "The file itself is not here yet: run `git lfs pull`."),
    ),
    (re.compile(r"<(!doctype|html|\?xml)", re.IGNORECASE), Recognized("a web page", _DOWNLOAD)),
    (re.compile(r"[{\[]"), Recognized("JSON")),
    (
        re.compile(r"(meta_info|graph|saver|collection|signature|asset_file|object_graph)_def\b"),
        Recognized("a MetaGraphDef in text", format=META_GRAPH),
    ),
    (re.compile(r"(saved_model_schema_version|meta_graphs)\b"), Recognized("a SavedModel", format=SAVED_MODEL)),
    (
        re.compile(r"(all_)?model_checkpoint_paths?\b"),
        Recognized("a checkpoint state file", "Pass the folder that it is in."),
    ),
    (
        re.compile(r"(filename_tensor_name|save_tensor_name|restore_op_name)\b"),
        Recognized("a SaverDef", "It only says how variables are saved: pass the graph."),
    ),
)


def is_text(buffer: Buffer) -> bool:
    """Whether a file is text. A binary graph has a control character near its start: the tag of a node's op."""
    return _CONTROL.search(buffer[:_SNIFFED]) is None


def recognize_binary(buffer: Buffer) -> Recognized | None:
    """What a binary file is that is no GraphDef; None for a GraphDef and for what is not known."""
    for offset, magic, kind in _MAGIC:
        if buffer[offset : offset + len(magic)] == magic:
            return kind
    if len(buffer) >= 48 and buffer[len(buffer) - 8 :] == _TABLE_MAGIC:
        return Recognized("a checkpoint (its index, or a V1 checkpoint)", _NO_GRAPH, CHECKPOINT)
    return recognize_message(buffer)


def recognize_text(text: str) -> Recognized | None:
    """What a text file is that is no GraphDef, by its first word that is no comment; None for what is not known."""
    beginning = re.sub(r"\A(\s+|#[^\n]*\n)*", "", text)
    return next((kind for pattern, kind in _TEXT_BEGINNINGS if pattern.match(beginning)), None)


def recognize_directory(names: frozenset[str]) -> Recognized | None:
    """What a folder is, by the names in it."""
    if names & {"saved_model.pb", "saved_model.pbtxt"}:
        return Recognized("a SavedModel", format=SAVED_MODEL)
    if "checkpoint" in names or any(name.endswith(".index") for name in names):
        return Recognized("a checkpoint folder", _NO_GRAPH, CHECKPOINT)
    return None


def recognize_message(buffer: Buffer) -> Recognized | None:
    """Other protobuf files than a GraphDef, by fields that a GraphDef cannot have; None where it may be one."""
    return _MESSAGES.get(message_kind(buffer))
