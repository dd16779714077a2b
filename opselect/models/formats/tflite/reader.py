"""The tables of a ``.tflite`` file → TfliteModel. Source of what they mean: ``lite/schema/schema.fbs``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import tflite
from flatbuffers.number_types import Int32Flags

from kernel_index.errors import InputError, Place
from opselect.models.formats.checked_tables import BYTE, CheckedFile, NumberList, inside
from opselect.models.formats.tflite.flex import flex_node
from opselect.models.formats.wire import WireError
from opselect.models.graph.model import Node
from opselect.models.graph.tflite import (
    NO_TENSOR,
    FlexProblem,
    OperatorCode,
    StoredBuffer,
    TfliteModel,
    TfliteOperator,
    TfliteSignature,
    TfliteSubgraph,
    TfliteTensor,
)
from opselect.models.storage import OpenFile

_DAMAGED = "The file is damaged or cut short: copy, download or convert it again."


def parse_tflite(file: OpenFile) -> TfliteModel:
    """The model in a file that has the identifier. Raises InputError with the byte for whatever is broken in it."""
    try:
        return _ModelReader(file).model()
    except WireError as error:
        raise InputError(Place(file.path, byte=error.offset), error.problem, _DAMAGED) from None


def _names(enum: type) -> dict[int, str]:
    return {number: name for name, number in vars(enum).items() if isinstance(number, int)}


_OPERATORS = _names(tflite.BuiltinOperator)
_TYPES = _names(tflite.TensorType)

# Options that number subgraphs: the generated class, and its fields in the order that the operator's own names have.
_CALLS = {
    tflite.BuiltinOptions.CallOptions: (tflite.CallOptions, ("Subgraph",)),
    tflite.BuiltinOptions.IfOptions: (tflite.IfOptions, ("ThenSubgraphIndex", "ElseSubgraphIndex")),
    tflite.BuiltinOptions.WhileOptions: (tflite.WhileOptions, ("CondSubgraphIndex", "BodySubgraphIndex")),
    tflite.BuiltinOptions.CallOnceOptions: (tflite.CallOnceOptions, ("InitSubgraphIndex",)),
}
_CALLS_2 = {
    tflite.BuiltinOptions2.StablehloWhileOptions: (
        tflite.StablehloWhileOptions,
        ("CondSubgraphIndex", "BodySubgraphIndex"),
    ),
    tflite.BuiltinOptions2.StablehloReduceOptions: (tflite.StablehloReduceOptions, ("BodySubgraphIndex",)),
    tflite.BuiltinOptions2.StablehloReduceWindowOptions: (tflite.StablehloReduceWindowOptions, ("BodySubgraphIndex",)),
    tflite.BuiltinOptions2.StablehloSortOptions: (tflite.StablehloSortOptions, ("ComparatorSubgraphIndex",)),
    tflite.BuiltinOptions2.StablehloScatterOptions: (
        tflite.StablehloScatterOptions,
        ("UpdateComputationSubgraphIndex",),
    ),
    tflite.BuiltinOptions2.StableHLOCompositeOptions: (
        tflite.StableHLOCompositeOptions,
        ("DecompositionSubgraphIndex",),
    ),
}
_MIN_RUNTIME_VERSION = "min_runtime_version"
"""The metadata in which the converter notes it (``lite/tools/versioning/runtime_version.cc``)."""

_Calls = Mapping[int, tuple[type, tuple[str, ...]]]

_BUILTIN_CODE = 10
"""The slot of OperatorCode's field ``builtin_code`` in the list of a table's fields."""

# 1 stands in a field that the converter fills in later (lite/core/interpreter_builder.cc takes offsets above it).
_FIRST_OUTSIDE_OFFSET = 2


def _place(table: Any) -> int:
    position: int = table._tab.Pos
    return position


class _ModelReader:
    """One walk over a model, each table read once."""

    def __init__(self, file: OpenFile) -> None:
        self._file = CheckedFile(file.buffer)
        self._source = file.source
        self._codes: list[OperatorCode] = []
        self._buffers: list[StoredBuffer] = []
        self._subgraph_count = 0

    def model(self) -> TfliteModel:
        root = tflite.Model()
        root.Init(self._file.buffer, self._file.target(0))
        model = self._file.table(root)
        tables = self._file.tables
        self._codes = [self._code(code) for code in tables(model.OperatorCodes, model.OperatorCodesLength())]
        self._buffers = [self._buffer(buffer) for buffer in tables(model.Buffers, model.BuffersLength())]
        self._subgraph_count = model.SubgraphsLength()
        subgraphs = [
            self._subgraph(number, subgraph)
            for number, subgraph in enumerate(tables(model.Subgraphs, self._subgraph_count))
        ]
        metadata = [self._metadata(item) for item in tables(model.Metadata, model.MetadataLength())]
        return TfliteModel(
            model.Version(),
            model.Description() or "",
            tuple(subgraphs),
            tuple(
                self._signature(signature, subgraphs)
                for signature in tables(model.SignatureDefs, model.SignatureDefsLength())
            ),
            tuple(self._buffers),
            tuple(name for name, _ in metadata),
            tuple(self._codes),
            self._text(dict(metadata).get(_MIN_RUNTIME_VERSION, StoredBuffer())),
        )

    def _metadata(self, item: Any) -> tuple[str, StoredBuffer]:
        name, number = item.Name() or "", item.Buffer()
        if number >= len(self._buffers):
            raise WireError(_place(item), f"the metadata {name!r} has buffer {number:,} of {len(self._buffers):,}")
        return name, self._buffers[number]

    def _text(self, place: StoredBuffer) -> str:
        """The bytes of a buffer up to the first zero, as text."""
        data = self._file.load(NumberList(place.offset, place.size, BYTE)) if place.size else b""
        return data.partition(b"\0")[0].decode(errors="backslashreplace")

    def _code(self, code: Any) -> OperatorCode:
        # Files older than schema 3a have the first field only, which is too small for newer operators: the larger one
        # counts (lite/schema/schema_utils.cc).
        number = max(code.DeprecatedBuiltinCode(), self._builtin_code(code))
        if number != tflite.BuiltinOperator.CUSTOM:
            return OperatorCode(_OPERATORS.get(number, f"builtin {number}"), code.Version(), False)
        name = code.CustomCode()
        if name is None:
            raise WireError(_place(code), "a custom operator has no name")
        # C++ takes it as a text that ends at a zero byte, everywhere.
        return OperatorCode(name.partition("\0")[0], code.Version(), True)

    def _builtin_code(self, code: Any) -> int:
        """The second field itself: the accessor of the schema package picks one of the two by another rule."""
        offset = code._tab.Offset(_BUILTIN_CODE)
        return int(code._tab.Get(Int32Flags, _place(code) + offset)) if offset else 0

    def _buffer(self, buffer: Any) -> StoredBuffer:
        span = buffer.DataAsNumpy()
        if isinstance(span, NumberList):
            return StoredBuffer(span.start, span.length) if span.length else StoredBuffer()
        place = self._outside(buffer.Offset(), buffer.Size(), _place(buffer))
        return StoredBuffer(place.start, place.length) if place else StoredBuffer()

    def _outside(self, offset: int, size: int, position: int) -> NumberList | None:
        """Bytes that come after the tables, as models above 2 GB have them."""
        if offset < _FIRST_OUTSIDE_OFFSET or not size:
            return None
        if offset + size > self._file.size:
            raise WireError(
                position, f"{size:,} bytes at byte {offset:,} are not all in the file of {self._file.size:,}"
            )
        return NumberList(offset, size, BYTE)

    def _subgraph(self, number: int, subgraph: Any) -> TfliteSubgraph:
        tables = self._file.tables
        place = f"subgraph {number}"
        with inside(place):
            tensors = [self._tensor(tensor) for tensor in tables(subgraph.Tensors, subgraph.TensorsLength())]
            count = len(tensors)
            inputs = self._tensor_numbers(subgraph.InputsAsNumpy(), count)
            outputs = self._tensor_numbers(subgraph.OutputsAsNumpy(), count)
            operators = [
                self._operator(place, index, operator, count)
                for index, operator in enumerate(tables(subgraph.Operators, subgraph.OperatorsLength()))
            ]
            return TfliteSubgraph(
                subgraph.Name() or "",
                tuple(tensors[index] for index in inputs),
                tuple(tensors[index] for index in outputs),
                tuple(operators),
                tuple(tensors),
            )

    def _tensor(self, tensor: Any) -> TfliteTensor:
        buffer = tensor.Buffer()
        if buffer >= len(self._buffers):
            raise WireError(_place(tensor), f"a tensor has buffer {buffer:,} of {len(self._buffers):,}")
        number = tensor.Type()
        signature = tensor.ShapeSignatureAsNumpy()
        return TfliteTensor(
            tensor.Name() or "",
            _TYPES.get(number, f"type {number}"),
            self._file.numbers(tensor.ShapeAsNumpy()),
            self._file.numbers(signature) if isinstance(signature, NumberList) else None,
            buffer,
            bool(tensor.IsVariable()),
        )

    def _operator(self, subgraph: str, number: int, operator: Any, tensor_count: int) -> TfliteOperator:
        with inside(f"operator {number}"):
            index = operator.OpcodeIndex()
            if index >= len(self._codes):
                raise WireError(_place(operator), f"its kind is number {index:,} of {len(self._codes):,}")
        code = self._codes[index]
        place = f"operator {number} ({code.name})"
        with inside(place):
            options, is_outside = self._options(operator) if code.is_flex else (None, False)
            node, problem = self._node(operator, options) if code.is_flex else (None, None)
            return TfliteOperator(
                code.name,
                code.version,
                code.is_custom,
                self._tensor_numbers(operator.InputsAsNumpy(), tensor_count, lowest=NO_TENSOR),
                self._tensor_numbers(operator.OutputsAsNumpy(), tensor_count, lowest=NO_TENSOR),
                tuple(self._called(operator)),
                node,
                problem and replace(problem, problem=f"{subgraph}: {place}: {problem.problem}"),
                is_outside,
            )

    def _tensor_numbers(self, span: NumberList | int, tensor_count: int, lowest: int = 0) -> tuple[int, ...]:
        numbers = self._file.numbers(span)
        if isinstance(span, NumberList) and not all(lowest <= number < tensor_count for number in numbers):
            wrong = next(number for number in numbers if not lowest <= number < tensor_count)
            raise WireError(span.start, f"it names tensor {wrong:,} of {tensor_count:,}")
        return numbers

    def _called(self, operator: Any) -> Iterator[int]:
        for calls, kind, union in (
            (_CALLS, operator.BuiltinOptionsType(), operator.BuiltinOptions),
            (_CALLS_2, operator.BuiltinOptions2Type(), operator.BuiltinOptions2),
        ):
            place = union() if kind in calls else None
            if place is None:
                continue
            options_type, names = calls[kind]
            options = options_type()
            options.Init(place.Bytes, place.Pos)
            self._file.table(options)
            for name in names:
                yield self._subgraph_number(getattr(options, name)(), place.Pos)

    def _subgraph_number(self, number: int, position: int) -> int:
        if not 0 <= number < self._subgraph_count:
            raise WireError(position, f"it names subgraph {number:,} of {self._subgraph_count:,}")
        return number

    def _options(self, operator: Any) -> tuple[NumberList | None, bool]:
        """The options of a custom operator, and whether they come after the tables."""
        options = operator.CustomOptionsAsNumpy()
        if isinstance(options, NumberList):
            return options, False
        offset, size = operator.LargeCustomOptionsOffset(), operator.LargeCustomOptionsSize()
        outside = self._outside(offset, size, _place(operator))
        return outside, outside is not None

    def _node(self, operator: Any, options: NumberList | None) -> tuple[Node | None, FlexProblem | None]:
        """The node of a ``Flex…`` operator, and what ``lite/tools/list_flex_ops.cc`` or the delegate finds wrong."""
        if operator.CustomOptionsFormat() != tflite.CustomOptionsFormat.FLEXBUFFERS:
            return None, FlexProblem("format", "the format of its options is not FlexBuffers", _place(operator))
        if options is None or not options.length:
            empty = "it runs a TensorFlow op, but has no options that say which"
            return None, FlexProblem("empty", empty, _place(operator))
        try:
            return flex_node(self._file, options, self._source)
        except WireError as error:
            return None, FlexProblem("node_def", error.problem, error.offset)

    def _signature(self, signature: Any, subgraphs: list[TfliteSubgraph]) -> TfliteSignature:
        name = signature.SignatureKey() or ""
        with inside(f"signature {name!r}"):
            number = self._subgraph_number(signature.SubgraphIndex(), _place(signature))
            return TfliteSignature(
                name,
                number,
                self._arguments(signature.Inputs, signature.InputsLength(), subgraphs[number]),
                self._arguments(signature.Outputs, signature.OutputsLength(), subgraphs[number]),
            )

    def _arguments(self, read: Callable[[int], Any], length: int, subgraph: TfliteSubgraph) -> dict[str, TfliteTensor]:
        arguments: dict[str, TfliteTensor] = {}
        for argument in self._file.tables(read, length):
            index = argument.TensorIndex()
            if index >= len(subgraph.tensors):
                raise WireError(_place(argument), f"it names tensor {index:,} of {len(subgraph.tensors):,}")
            arguments[argument.Name() or ""] = subgraph.tensors[index]
        return arguments
