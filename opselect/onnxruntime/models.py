"""``.onnx`` files → the graph, opsets and functions of a model. Its weights are not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from kernel_index.errors import InputError, OpselectError, Place
from opselect.models.formats.message_kinds import GRAPH, ONNX, message_kind
from opselect.models.formats.recognize import Recognized, is_text, recognize_binary, recognize_text
from opselect.models.formats.wire import Buffer, WireError
from opselect.models.storage import OpenFile
from opselect.onnxruntime.weights import without_weights

if TYPE_CHECKING:
    from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto

MAX_SIZE = (1 << 31) - 1
"""Bytes of the largest message that protobuf reads, and so of the largest ``.onnx`` file."""
MAX_OPSET = (1 << 31) - 1
"""ONNX Runtime keeps versions in 32 bits."""

ONNX_DOMAIN = "ai.onnx"
"""What configurations call the domain of ONNX itself. In models it is that, or empty."""

FunctionKey: TypeAlias = tuple[str, str, str]
"""Domain, name and overload, which together are a function's name."""

_WHAT_IS_READ = "Pass an .onnx model."
_DAMAGED = "The file is damaged or was made by a broken tool: copy, download or convert it again."
_NO_MODEL = "Pass the .onnx model: files with its weights are not read."
_OPSETS = "A model says with opset_import which version of each domain it was made for."


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """An ONNX model: ``opsets`` are the versions that it imports by domain, ``functions`` its own."""

    path: str
    graph: GraphProto
    opsets: Mapping[str, int]
    functions: Mapping[FunctionKey, FunctionProto]


def domain_of(domain: str | bytes) -> str:
    """The domain as configurations have it."""
    return text_of(domain) or ONNX_DOMAIN


def function_key(named: NodeProto | FunctionProto) -> FunctionKey:
    """What a node calls, or a function is called."""
    op = named.op_type if hasattr(named, "op_type") else named.name
    return domain_of(named.domain), text_of(op), text_of(named.overload)


def text_of(name: str | bytes) -> str:
    """A name of a model as text; protobuf gives bytes of one that is no UTF-8."""
    return name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")


def read_onnx(file: OpenFile) -> OnnxModel:
    """The model in an open file. Neither its weights are read nor the files that it keeps them in.

    Where a model imports a domain twice, the last version counts, as it does to ONNX Runtime. Graphs for training
    (``training_info``) are no part of the model that is run.

    Raises OpselectError where the package ``onnx`` is missing, and InputError for what is no model, for a damaged one,
    and for one that says no opset, an impossible one, or two functions of one name.
    """
    proto = _parsed(file)
    if not proto.HasField("graph"):
        raise InputError(file.path, "holds no graph of ONNX", _WHAT_IS_READ)
    opsets = opsets_of(proto.opset_import, file.path, "the model")
    if not opsets:
        raise InputError(file.path, "the model imports no opset, so no operator of it has a version", _OPSETS)
    functions: dict[FunctionKey, FunctionProto] = {}
    for function in proto.functions:
        key = function_key(function)
        if key in functions:
            raise InputError(file.path, f"the model has two functions {spelled(key)}", "Names of functions are unique.")
        functions[key] = function
    return OnnxModel(file.path, proto.graph, opsets, functions)


def opsets_of(imports: Iterable[OperatorSetIdProto], path: str, whose: str) -> dict[str, int]:
    """The versions of the domains that a model or a function imports. Raises InputError for one that cannot be."""
    found: dict[str, int] = {}
    for each in imports:
        domain = domain_of(each.domain)
        if not 1 <= each.version <= MAX_OPSET:
            raise InputError(path, f"{whose} imports opset {each.version} of {domain!r}, which there is none", _OPSETS)
        found[domain] = each.version
    return found


def spelled(key: FunctionKey) -> str:
    """The name of a function in messages."""
    domain, name, overload = key
    return repr(":".join(filter(None, (domain, name, overload))))


def _parsed(file: OpenFile) -> ModelProto:
    try:
        import onnx
    except ImportError:
        advice = "Install it: pip install 'opselect[onnx]'"
        raise OpselectError(f"reading .onnx models needs the package onnx\n  {advice}") from None
    if len(file.buffer) > MAX_SIZE:
        advice = "Save the model with its weights in files of their own (external data): they are not read."
        raise InputError(file.path, "has more than 2 GiB, which no ONNX model can have", advice)
    other = _other_kind(file.buffer)
    if other:
        advice = other.advice if other.for_all else _WHAT_IS_READ
        raise InputError(file.path, f"is no ONNX model, it looks like {other.what}", advice)
    try:
        light = without_weights(file.buffer)
    except WireError as error:
        advice = _DAMAGED if file.path.lower().endswith(".onnx") else _NO_MODEL
        raise InputError(Place(file.path, byte=error.offset), f"is no ONNX model: {error.problem}", advice) from None
    from opselect.models.formats.messages import parse_message  # protobuf takes longer to load than most configurations

    try:
        return parse_message(onnx.ModelProto, light)
    except WireError:
        raise InputError(file.path, "is no ONNX model, or its graphs are nested too deeply", _DAMAGED) from None


def _other_kind(buffer: Buffer) -> Recognized | None:
    """What a file looks like that is surely no ONNX model; None where it may be one."""
    kind = message_kind(buffer)
    if kind == GRAPH:
        return Recognized("a TensorFlow GraphDef")
    if kind == ONNX:
        return None
    if is_text(buffer):
        return recognize_text(buffer[:4096].decode("utf-8", "ignore")) or Recognized("text")
    return recognize_binary(buffer)
