"""``.tflite`` files for tests, written with the builder of the published schema package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import tflite
from flatbuffers import flexbuffers

from opselect.models.formats.tflite import read_tflite
from opselect.models.graph.tflite import TfliteModel
from opselect.models.proto import message_class
from opselect.models.storage import open_file
from tests.opselect.graph_text import graph_bytes

BUILTIN = tflite.BuiltinOperator
TYPE = tflite.TensorType


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: tuple[int, ...] = ()
    type: int = TYPE.FLOAT32
    signature: tuple[int, ...] | None = None
    buffer: int = 0
    variable: bool = False


@dataclass(frozen=True)
class Op:
    """``kind`` is the number of a built-in, or a custom name with its ``options``; ``calls`` are subgraphs."""

    kind: int | str
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    version: int = 1
    options: bytes | None = None
    calls: tuple[int, ...] = ()
    outside: tuple[int, int] | None = None
    """Offset and size of options that stand behind the tables."""


@dataclass(frozen=True)
class Subgraph:
    tensors: tuple[Tensor, ...] = ()
    operators: tuple[Op, ...] = ()
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    name: str = "main"


@dataclass(frozen=True)
class Signature:
    key: str
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    subgraph: int = 0


def flex(text: str) -> bytes:
    """The custom options of a Flex operator for a node as :func:`tests.opselect.graph_text.node` writes it."""
    (node,) = message_class("GraphDef").FromString(graph_bytes(text)).node  # type: ignore[attr-defined]
    return flex_options(node.op, node.SerializeToString(deterministic=True))


def flex_options(op: str, node_def: bytes) -> bytes:
    """The FlexBuffers vector of two strings, the second of which is no text."""
    builder = flexbuffers.Builder()
    with builder.Vector():
        builder.String(op)
        builder._WriteBlob(node_def, append_zero=True, type_=flexbuffers.Type.STRING)
    return bytes(builder.Finish())


def tflite_bytes(
    *subgraphs: Subgraph,
    buffers: Sequence[bytes | tuple[int, int]] = (b"",),
    signatures: Sequence[Signature] = (),
    metadata: Sequence[str | tuple[str, int]] = (),
    description: str = "",
    only_old_codes: bool = False,
    unused: Sequence[tuple[int | str, int]] = (),
) -> bytes:
    """A model; a buffer is its bytes, or offset and size of bytes that the caller appends.

    Metadata are names, or names and the buffers with their values.
    ``unused`` are kinds and versions that stand in the table of operators alone.
    With ``only_old_codes`` operators have just the field that files before schema 3a have.
    """
    writer = _Writer(flatbuffers.Builder(0), only_old_codes)
    return writer.model(subgraphs, buffers, signatures, metadata, description, unused)


def model_of(path: Path, data: bytes) -> TfliteModel:
    """The model that ``data``, written to ``path``, is read as."""
    path.write_bytes(data)
    with open_file(str(path)) as file:
        return read_tflite(file)


_CALLS: dict[int, tuple[int, str, tuple[str, ...]]] = {
    BUILTIN.IF: (tflite.BuiltinOptions.IfOptions, "IfOptions", ("ThenSubgraphIndex", "ElseSubgraphIndex")),
    BUILTIN.WHILE: (tflite.BuiltinOptions.WhileOptions, "WhileOptions", ("CondSubgraphIndex", "BodySubgraphIndex")),
    BUILTIN.CALL_ONCE: (tflite.BuiltinOptions.CallOnceOptions, "CallOnceOptions", ("InitSubgraphIndex",)),
}
_CALLS_2: dict[int, tuple[int, str, tuple[str, ...]]] = {
    BUILTIN.STABLEHLO_COMPOSITE: (
        tflite.BuiltinOptions2.StableHLOCompositeOptions,
        "StableHLOCompositeOptions",
        ("DecompositionSubgraphIndex",),
    )
}


class _Writer:
    def __init__(self, builder: Any, only_old_codes: bool) -> None:
        self._builder = builder
        self._only_old_codes = only_old_codes
        self._codes: list[tuple[int | str, int]] = []

    def model(
        self,
        subgraphs: Sequence[Subgraph],
        buffers: Sequence[bytes | tuple[int, int]],
        signatures: Sequence[Signature],
        metadata: Sequence[str | tuple[str, int]],
        description: str,
        unused: Sequence[tuple[int | str, int]],
    ) -> bytes:
        written = self._tables([self._subgraph(subgraph) for subgraph in subgraphs])
        self._codes += unused
        fields = {
            "Version": 3,
            "OperatorCodes": self._tables([self._code(*code) for code in self._codes]),
            "Subgraphs": written,
            "Description": self._builder.CreateString(description),
            "Buffers": self._tables([self._buffer(buffer) for buffer in buffers]),
            "Metadata": self._tables([self._metadata(entry) for entry in metadata]),
            "SignatureDefs": self._tables([self._signature(signature) for signature in signatures]),
        }
        self._builder.Finish(self._table("Model", **fields), file_identifier=b"TFL3")
        return bytes(self._builder.Output())

    def _table(self, name: str, **fields: Any) -> int:
        """A table; a field that is None is left out."""
        getattr(tflite, f"{name}Start")(self._builder)
        for field, value in fields.items():
            if value is not None:
                getattr(tflite, f"{name}Add{field}")(self._builder, value)
        end: int = getattr(tflite, f"{name}End")(self._builder)
        return end

    def _metadata(self, entry: str | tuple[str, int]) -> int:
        name, buffer = (entry, None) if isinstance(entry, str) else entry
        return self._table("Metadata", Name=self._text(name), Buffer=buffer)

    def _text(self, text: str) -> int:
        offset: int = self._builder.CreateString(text)
        return offset

    def _vector(self, values: Sequence[int], size: int, prepend: Callable[[int], None]) -> int:
        self._builder.StartVector(size, len(values), size)
        for value in reversed(values):
            prepend(value)
        end: int = self._builder.EndVector()
        return end

    def _tables(self, offsets: Sequence[int]) -> int:
        return self._vector(offsets, 4, self._builder.PrependUOffsetTRelative)

    def _numbers(self, values: Sequence[int]) -> int:
        return self._vector(values, 4, self._builder.PrependInt32)

    def _code(self, kind: int | str, version: int) -> int:
        number = BUILTIN.CUSTOM if isinstance(kind, str) else kind
        return self._table(
            "OperatorCode",
            CustomCode=self._text(kind) if isinstance(kind, str) else None,
            Version=version,
            DeprecatedBuiltinCode=min(number, BUILTIN.PLACEHOLDER_FOR_GREATER_OP_CODES),
            BuiltinCode=None if self._only_old_codes else number,
        )

    def _buffer(self, buffer: bytes | tuple[int, int]) -> int:
        if isinstance(buffer, tuple):
            return self._table("Buffer", Offset=buffer[0], Size=buffer[1])
        return self._table("Buffer", Data=self._builder.CreateByteVector(buffer) if buffer else None)

    def _subgraph(self, subgraph: Subgraph) -> int:
        return self._table(
            "SubGraph",
            Name=self._text(subgraph.name),
            Tensors=self._tables([self._tensor(tensor) for tensor in subgraph.tensors]),
            Inputs=self._numbers(subgraph.inputs),
            Outputs=self._numbers(subgraph.outputs),
            Operators=self._tables([self._operator(operator) for operator in subgraph.operators]),
        )

    def _tensor(self, tensor: Tensor) -> int:
        return self._table(
            "Tensor",
            Name=self._text(tensor.name),
            Shape=self._numbers(tensor.shape),
            Type=tensor.type,
            Buffer=tensor.buffer,
            IsVariable=tensor.variable,
            ShapeSignature=None if tensor.signature is None else self._numbers(tensor.signature),
        )

    def _operator(self, operator: Op) -> int:
        code = operator.kind, operator.version
        if code not in self._codes:
            self._codes.append(code)
        fields = {
            "OpcodeIndex": self._codes.index(code),
            "Inputs": self._numbers(operator.inputs),
            "Outputs": self._numbers(operator.outputs),
            "CustomOptions": None if operator.options is None else self._builder.CreateByteVector(operator.options),
        }
        if operator.outside:
            fields["LargeCustomOptionsOffset"], fields["LargeCustomOptionsSize"] = operator.outside
        for field, table in (("BuiltinOptions", _CALLS), ("BuiltinOptions2", _CALLS_2)):
            if operator.calls and operator.kind in table:
                union, name, names = table[operator.kind]
                fields[f"{field}Type"] = union
                fields[field] = self._table(name, **dict(zip(names, operator.calls, strict=True)))
        return self._table("Operator", **fields)

    def _signature(self, signature: Signature) -> int:
        return self._table(
            "SignatureDef",
            Inputs=self._arguments(signature.inputs),
            Outputs=self._arguments(signature.outputs),
            SignatureKey=self._text(signature.key),
            SubgraphIndex=signature.subgraph,
        )

    def _arguments(self, arguments: Mapping[str, int]) -> int:
        return self._tables(
            [self._table("TensorMap", Name=self._text(name), TensorIndex=index) for name, index in arguments.items()]
        )
