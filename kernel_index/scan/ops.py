"""From an expanded ``REGISTER_OP`` chain to an op definition.

Sources of the grammar: ``framework/op_def_builder.cc`` for the specs of inputs, outputs and attrs,
``framework/op.h`` for the macro.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kernel_index.datatypes import DataType, from_spec
from kernel_index.preprocessor.calls import SinkCall
from kernel_index.preprocessor.tokens import string_value
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    AttrScalar,
    AttrValue,
    Deprecation,
    Location,
    OpDefinition,
)
from kernel_index.scan.definitions import Definitions
from kernel_index.scan.expressions import NotEvaluatedError, joined, plain
from kernel_index.type_table import UPSTREAM, TypeTable

_SHIM = "REGISTER_TF_OP_SHIM"
OP_SINKS = ("REGISTER_OP", "REGISTER_SYSTEM_OP", _SHIM)

_NUMBER_SPECS = (
    "float", "double", "int32", "uint8", "int16", "int8", "complex64", "int64", "qint8", "quint8", "qint32",
    "bfloat16", "qint16", "quint16", "uint16", "complex128", "half", "uint32", "uint64",
)  # fmt: skip
_QUANTIZED_SPECS = ("qint8", "quint8", "qint32", "qint16", "quint16")
_REAL_NUMBER_SPECS = tuple(t for t in _NUMBER_SPECS if t not in (*_QUANTIZED_SPECS, "complex64", "complex128"))
_TYPE_CLASSES = {"numbertype": _NUMBER_SPECS, "numerictype": _NUMBER_SPECS, "quantizedtype": _QUANTIZED_SPECS,
                 "realnumbertype": _REAL_NUMBER_SPECS}  # fmt: skip
"""``NumberTypes()``, ``QuantizedTypes()`` and ``RealNumberTypes()`` of ``framework/types.h``, as 2.5 to 2.20 have them;
:mod:`kernel_index.scan.type_classes` has what earlier trees lack of them."""

NUMBER_TYPES = tuple(filter(None, map(from_spec, _NUMBER_SPECS)))
REAL_NUMBER_TYPES = tuple(filter(None, map(from_spec, _REAL_NUMBER_SPECS)))

_BOOLS = {"true": True, "True": True, "t": True, "1": True, "false": False, "False": False, "f": False, "0": False}
"""The spellings that protobuf's text format takes."""

_SCALAR_TYPES = ("string", "int", "float", "bool", "type", "shape", "tensor", "func")


def op_definition(call: SinkCall, definitions: Definitions) -> OpDefinition:
    """The record of one ``REGISTER_OP`` and the calls chained to it. Raises NotEvaluatedError."""
    if call.sink == _SHIM:
        return _shim_definition(call, definitions)
    name = _string(call.arguments[0], definitions) if call.arguments[0] else ""
    if not name:
        raise NotEvaluatedError("the op definition names no op")
    try:
        return _with_methods(name, call, definitions)
    except NotEvaluatedError as problem:
        problem.op = name
        raise


def _shim_definition(call: SinkCall, definitions: Definitions) -> OpDefinition:
    """The definition that a kernel class written for TensorFlow and TensorFlow Lite has in static functions.

    Source: ``CreateOpDefBuilderWrapper`` of ``tensorflow/lite/kernels/shim/tf_op_shim.h``.
    """
    kernel_class = joined(plain(call.arguments[0]))
    name = _string([*call.arguments[0], ":", ":", "OpName", "(", ")"], definitions)
    specs = {part: definitions.strings(f"{kernel_class}::{part}") for part in ("Inputs", "Outputs", "Attrs")}
    for part, found in specs.items():
        if found is None:
            problem = NotEvaluatedError(f"what {kernel_class}::{part}() returns is not known")
            problem.op = name
            raise problem
    return finished(
        name,
        [argument_definition(spec) for spec in specs["Inputs"] or ()],
        [argument_definition(spec) for spec in specs["Outputs"] or ()],
        [attr_definition(spec, definitions.types) for spec in specs["Attrs"] or ()],
        Location(call.file, call.line),
        stateful=False,
    )


def _with_methods(name: str, call: SinkCall, definitions: Definitions) -> OpDefinition:
    inputs: list[ArgDefinition] = []
    outputs: list[ArgDefinition] = []
    attrs: list[AttrDefinition] = []
    stateful = False
    deprecation = None
    for method, arguments in _methods([t for t in call.trailing if t != " "]):
        if method == "Input":
            inputs.append(argument_definition(_string(arguments, definitions)))
        elif method == "Output":
            outputs.append(argument_definition(_string(arguments, definitions)))
        elif method == "Attr":
            attrs.append(attr_definition(_string(arguments, definitions), definitions.types))
        elif method in ("SetIsStateful", "SetDoNotOptimize"):  # the second is the first (framework/op.h)
            stateful = True
        elif method == "Deprecated":
            deprecation = _deprecation(arguments, definitions)
    definition = finished(name, inputs, outputs, attrs, Location(call.file, call.line), stateful)
    return replace(definition, deprecation=deprecation)


def _deprecation(tokens: Sequence[str], definitions: Definitions) -> Deprecation:
    """deprecated = version "," explanation. Raises NotEvaluatedError for a version that is no number."""
    version = "".join(tokens[:1])
    if not version.isdecimal() or tokens[1:2] != [","]:
        raise NotEvaluatedError(f"'{version}' is no version from which an op is deprecated")
    return Deprecation(int(version), _string(tokens[2:], definitions))


_NUMBER_ATTR = re.compile(r"(\w+)\s*\*")
_RESOURCE = re.compile(r"(?:\w+\s*\*\s*)?resource$")


def finished(
    name: str,
    inputs: Sequence[ArgDefinition],
    outputs: Sequence[ArgDefinition],
    attrs: Sequence[AttrDefinition],
    location: Location,
    stateful: bool,
) -> OpDefinition:
    """The definition with what the signature implies (``FinalizeInputOrOutput`` of ``op_def_builder.cc``).

    An attr that counts an input or output, or lists its types, has at least one element unless it says otherwise; an
    op that takes or gives a resource is stateful.
    """
    arguments = [*inputs, *outputs]
    counted = {m[1] for a in arguments if (m := _NUMBER_ATTR.match(a.type_text))} | {
        a.type_text for a in arguments if any(a.type_text == t.name and t.type == "list(type)" for t in attrs)
    }
    return OpDefinition(
        name,
        tuple(inputs),
        tuple(outputs),
        tuple(replace(a, minimum=1) if a.name in counted and a.minimum is None else a for a in attrs),
        location,
        stateful or any(_RESOURCE.match(a.type_text) for a in arguments),
    )


def _methods(tokens: Sequence[str]) -> list[tuple[str, list[str]]]:
    """chain = { "." name "(" arguments ")" }: the names with their arguments' tokens. Raises NotEvaluatedError."""
    found = []
    at = 0
    while at + 2 < len(tokens) and tokens[at] == "." and tokens[at + 2] == "(":
        depth = 0
        start = at + 3
        for end in range(at + 2, len(tokens)):
            depth += (tokens[end] in ("(", "[", "{")) - (tokens[end] in (")", "]", "}"))
            if depth == 0:
                found.append((tokens[at + 1], list(tokens[start:end])))
                at = end + 1
                break
        else:
            raise NotEvaluatedError(f"the arguments of {tokens[at + 1]} in an op definition do not end")
    if at < len(tokens):
        raise NotEvaluatedError(f"'{tokens[at]}' was not expected in an op definition")
    return found


def _string(tokens: Sequence[str], definitions: Definitions) -> str:
    try:
        return definitions.string_of(tokens)
    except NotEvaluatedError as problem:
        raise NotEvaluatedError(f"in an op definition, {problem}") from None


def argument_definition(spec: str) -> ArgDefinition:
    """argument = name ":" type. Raises NotEvaluatedError."""
    name, colon, type_text = spec.partition(":")
    if not colon:
        raise NotEvaluatedError(f"'{spec}' is no input or output of an op")
    return ArgDefinition(name.strip(), " ".join(type_text.split()))


_MINIMUM = re.compile(r">=\s*(-?\d+)")


def attr_definition(spec: str, types: TypeTable = UPSTREAM) -> AttrDefinition:
    """attr = name ":" ( type | "list(" type ")" ) [ ">=" minimum ] [ "=" default ]. Raises NotEvaluatedError."""
    name, colon, rest = spec.partition(":")
    if not colon:
        raise NotEvaluatedError(f"'{spec}' is no attr of an op")
    name, rest = name.strip(), rest.strip()
    is_list = re.match(r"list\s*\(", rest) is not None
    if is_list:
        end = _matching(rest, rest.index("("))
        kind, rest = rest[rest.index("(") + 1 : end].strip(), rest[end + 1 :].strip()
    elif rest.startswith("{"):
        end = _matching(rest, 0)
        kind, rest = rest[: end + 1], rest[end + 1 :].strip()
    else:
        match = re.match(r"\w+", rest)
        if match is None:
            raise NotEvaluatedError(f"'{spec}' is no attr of an op")
        kind, rest = match[0], rest[match.end() :].strip()
    element, allowed = _element_type(kind, spec, types)
    minimum = None
    bounds = _MINIMUM.match(rest)
    if bounds:
        minimum, rest = int(bounds[1]), rest[bounds.end() :].strip()
    has_default = rest.startswith("=")
    default_text = rest[1:].strip()
    default = _default(default_text, element, is_list, types) if has_default else None
    return AttrDefinition(
        name=name,
        type=f"list({element})" if is_list else element,
        allowed=allowed,
        minimum=minimum,
        has_default=has_default,
        default=default,
        default_text=default_text if has_default and default is None else "",
    )


_LITERAL_OR_CHARACTER = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|.""", re.DOTALL)


def _outside_literals(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """Offset and character of everything outside quoted strings."""
    for match in _LITERAL_OR_CHARACTER.finditer(text, start):
        if len(match[0]) == 1:
            yield match.start(), match[0]


def _matching(text: str, at: int) -> int:
    depth = 0
    for i, char in _outside_literals(text, at):
        depth += (char in "({[") - (char in ")}]")
        if depth == 0:
            return i
    raise NotEvaluatedError(f"the brackets in '{text}' do not match")


def _element_type(kind: str, spec: str, table: TypeTable) -> tuple[str, tuple[AttrScalar, ...] | None]:
    if kind in _TYPE_CLASSES:
        return "type", _types((kind,), table)
    if kind in _SCALAR_TYPES:
        return kind, None
    if kind.startswith("{"):
        words = [w.strip() for w in _split(kind[1:-1]) if w.strip()]
        if words and words[0][0] in "'\"":
            return "string", tuple(_unquoted(w) for w in words)
        return "type", _types(words, table)
    data_type = table.from_spec(kind)
    if data_type is None:
        raise NotEvaluatedError(f"the type of the attr '{spec}' is not known")
    return "type", (data_type,)


def _types(words: Sequence[str], table: TypeTable) -> tuple[AttrScalar, ...]:
    """The data types that words name, those of a class of types one after the other."""
    found: list[DataType] = []
    for word in words:
        for name in _TYPE_CLASSES.get(word, (word,)):
            data_type = table.from_spec(name)
            if data_type is None:
                raise NotEvaluatedError(f"'{name}' is no data type")
            found.append(data_type)
        found += table.classes.get(word, ())
    return tuple(found)


def _default(text: str, element: str, is_list: bool, types: TypeTable) -> AttrValue | None:
    """The value of a default in text format; None for shapes, tensors and functions."""
    if not is_list:
        return _scalar(text, element, types)
    inside = text.strip()[1:-1].strip()
    if not inside:
        return ()
    values = [_scalar(word.strip(), element, types) for word in _split(inside)]
    scalars = [v for v in values if v is not None]
    return tuple(scalars) if len(scalars) == len(values) else None


def _split(text: str) -> list[str]:
    """Text split at the commas outside brackets and quoted strings."""
    parts, depth, start = [], 0, 0
    for i, char in _outside_literals(text):
        depth += (char in "({[") - (char in ")}]")
        if char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [*parts, text[start:]]


def _unquoted(text: str) -> str:
    """A string of protobuf's text format, whose escapes are those of C."""
    return string_value(f'"{text[1:-1]}"') if text[:1] in ("'", '"') else text


def _scalar(text: str, element: str, types: TypeTable) -> AttrScalar | None:
    if element == "type":
        name = text.removeprefix("DT_").lower()
        return types.from_spec(name)
    if element == "string":
        return _unquoted(text)
    try:
        if element == "int":
            return int(text, 0)
        if element == "float":
            return float(text if text.endswith("inf") else text.removesuffix("f"))
    except ValueError:
        return None
    if element == "bool":
        return _BOOLS.get(text)
    return None
