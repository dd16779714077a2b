"""TensorFlow Lite, LiteRT and TensorFlow Lite for Microcontrollers: operators that the resolver has not."""

from __future__ import annotations

import re
from dataclasses import replace

from opselect.logs.message import LogMessage
from opselect.logs.records import LogFailure
from opselect.logs.shapes.names import QUOTE, bare, listed, quoted, whole_number, without_flex
from opselect.logs.shapes.shape import MessageShape, Told

_QUOTES = rf"{QUOTE}?"
_DID_NOT = rf"Did(?:n{_QUOTES}t|not)"
_NODE = re.compile(r"Nodenumber(?P<number>\d+)\((?:(?P<op>[^()]{1,200})\)failedto(?:prepare|invoke))?")
"""What TensorFlow Lite prints next: ``Node number 13 (FlexPad) failed to prepare.``; without the op where it is cut."""


_UNFILLED = "%s"
"""The place of an operator's name in the source of the runtime: a text that was searched, and no log."""

_VERSION = re.compile(rf"version:?(?:{QUOTE}(?P<quoted>\d{{1,6}}){QUOTE}|(?P<bare>\d{{1,6}}))")
"""A version in quotes is known only where the second quote is there, too: the log may be cut in it."""


def _version(message: LogMessage, start: int) -> tuple[str, int | None]:
    """The operator that stands in quotes or bare at an offset, and the version that may follow it."""
    op = quoted(message, start) or re.split(r"version|[.,:;'\"`]", bare(message, start))[0]
    match = _VERSION.search(message.text, start + len(op), start + len(op) + 40)
    if match is None:
        return op, None
    return op, int(match["quoted"] or message.word(*match.span("bare")))


def _builtin(match: re.Match[str], message: LogMessage) -> Told | None:
    """A builtin operator that the resolver lacks: of every version where the first is asked for."""
    op, version = _version(message, match.end())
    if op == _UNFILLED:
        return None
    kind = "tflite-version" if version is not None and version > 1 else "tflite-not-added"
    return {"kind": kind, "op": op, "version": version}


def _custom(match: re.Match[str], message: LogMessage) -> Told | None:
    """A custom operator that the resolver lacks; those of the Flex delegate begin with its name."""
    op, version = _version(message, match.end())
    if op == _UNFILLED:
        return None
    return {**_custom_or_flex(op), "version": version}


def _custom_or_flex(name: str) -> dict[str, object]:
    if name.startswith("Flex"):
        return {"kind": "flex-not-linked", "op": without_flex(name)}
    return {"kind": "tflite-custom", "op": "" if name == "UnknownOp" else name}


def _unresolved(match: re.Match[str], message: LogMessage) -> Told | None:
    """``Encountered unresolved custom op: X.``, where the next line may repeat the op, with the number of its node."""
    name = bare(message, match.end(), r"\.(?:Nodenumber|See)").strip("'\"`").rstrip(".,;")
    if name.partition(".")[0] == _UNFILLED:
        return None
    number: int | None = None
    if node := _NODE.search(message.text, match.end()):
        op = node["op"] or name
        if op.startswith(name):
            name, number = op, int(node["number"])
    return {**_custom_or_flex(name), "node_number": number}


def _flex(match: re.Match[str], message: LogMessage) -> Told:
    """The message does not say which op: the line behind it does, often below lines of others."""
    for node in _NODE.finditer(message.text, match.end()):
        op = node["op"]
        if op is None or op.startswith("Flex"):
            return {"op": without_flex(op or ""), "node_number": int(node["number"])}
    return {}


def _unresolved_at_run(match: re.Match[str], message: LogMessage) -> Told:
    """An operator that nobody took over when the model ran, named by the line behind it."""
    node = _NODE.search(message.text, match.end())
    if node is None:
        return {}
    return {**_custom_or_flex(node["op"] or ""), "node_number": int(node["number"])}


def _out_of_range(match: re.Match[str], _: LogMessage) -> Told:
    return {"builtin_code": whole_number(match, "builtin_code")}


def _op_code(match: re.Match[str], message: LogMessage) -> Told:
    """TensorFlow Lite for Microcontrollers: ``CUSTOM`` where the operator is a custom one, and no more."""
    op = bare(message, match.end(), r"[^A-Z0-9_]|[A-Z][a-z]").strip("'\"`")
    return {"kind": "tflite-custom", "op": ""} if op == "CUSTOM" else {"op": op}


def _of_one_operator(earlier: tuple[LogFailure, ...], op_code: LogFailure) -> tuple[LogFailure, ...]:
    """The second message of TensorFlow Lite for Microcontrollers, which names a wrong operator above code 127."""
    kinds = {"tflite-not-added", "tflite-version", "tflite-custom"}
    if earlier and earlier[-1].kind in kinds and earlier[-1].runtime == "tflite":
        return *earlier[:-1], replace(earlier[-1], runtime="tflite-micro")
    return *earlier, op_code


def _no_room(match: re.Match[str], message: LogMessage) -> Told:
    """``op #N`` of a builtin operator, a name of a custom one."""
    if match["builtin_code"]:
        return {"builtin_code": int(match["builtin_code"])}
    return {"op": quoted(message, match.end())}


def _schema(match: re.Match[str], _: LogMessage) -> Told:
    return {"version": whole_number(match, "version")}


def _unresolved_list(match: re.Match[str], message: LogMessage) -> Told:
    kind = "tflite-custom" if match[1] == "custom" else "tflite-not-added"
    return {"kind": kind, "ops": listed(message, match.end())}


def _each_of_list(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    return *earlier, *(replace(later, op=op, ops=()) for op in later.ops or ("",))


def _prepared(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    """An operator of the calibrator's list, of which the interpreter says which node it is; the log may end in it."""
    for at, each in enumerate(earlier):
        if (each.kind, each.node_number) != (later.kind, None):
            continue
        if each.op == later.op or (later.node_number is None and each.op.startswith(later.op)):
            return *earlier[:at], replace(each, node_number=later.node_number), *earlier[at + 1 :]
    return *earlier, later


_RESOLVER = "tensorflow/lite/core/api/op_resolver.cc"
_SUBGRAPH = "tensorflow/lite/core/subgraph.cc"
_BUILDER = "tensorflow/lite/core/interpreter_builder.cc"
_MICRO = "tensorflow/lite/micro/micro_mutable_op_resolver.h"
_VERIFIER = "tensorflow/lite/core/tools/verifier.cc"

SHAPES: tuple[MessageShape, ...] = (
    MessageShape(
        "tflite-not-added",
        "tflite",
        rf"{_DID_NOT}findopforbuilt-?inop(?:erator)?code:?",
        ("for builtin", "opcode '"),
        _RESOLVER,
        _builtin,
    ),
    MessageShape(
        "tflite-custom",
        "tflite",
        rf"{_DID_NOT}findcustomopforname",
        ("find custom", "op for name"),
        _RESOLVER,
        _custom,
    ),
    MessageShape(
        "tflite-builtin-unknown",
        "tflite",
        r"Opbuiltin_codeoutor?f?range:?(?P<builtin_code>-?\d+)",
        ("Op builtin", "_code out of ran"),
        _RESOLVER,
        _out_of_range,
    ),
    MessageShape(
        "tflite-model",
        "tflite",
        r"OperatorwithCUSTOMbuiltin_codehasnocustom_code",
        ("builtin_code", "custom_code"),
        _RESOLVER,
    ),
    MessageShape(
        "tflite-custom",
        "tflite",
        r"Encounteredunresolvedcustomop:",
        ("Encountered unres", "olved custom op"),
        _SUBGRAPH,
        _unresolved,
        joins=_prepared,
        reach=2,
    ),
    MessageShape(
        "tflite-custom",
        "tflite",
        r"Encounteredanunresolvedcustomop\.",
        ("Encountered unres", "olved custom op"),
        "tensorflow/lite/util.cc",
        _unresolved_at_run,
    ),
    MessageShape(
        "flex-not-linked",
        "tflite",
        r"TensorFlowopsarenotsupportedbythisinterpreter",
        ("Regular TensorFlow", "by this interpreter"),
        _SUBGRAPH,
        _flex,
        lines=16,
    ),
    MessageShape(
        "flex-not-linked",
        "tflite",
        r"TensorFlowop\(s\),?includedinthegivenmodel",
        ("op(s), included", "by this interpreter"),
        _SUBGRAPH,
        _flex,
        lines=16,
    ),
    MessageShape(
        "op-not-registered",
        "tflite",
        rf"Operation{QUOTE}(?P<op>[^'\"]{{1,200}}){QUOTE}isnotregistered\.\(whileprocessingattributes",
        ("egistered. (whi", "le processing attr"),
        "tensorflow/lite/delegates/flex/kernel.cc",
    ),
    MessageShape(
        "nothing-linked",
        "tflite",
        r"Failedtoinitializeeagercontext\.ThisoftenhappenswhenaCPU",
        ("initialize eager", "eager context"),
        "tensorflow/lite/delegates/flex/kernel.cc",
    ),
    MessageShape(
        "tflite-not-added",
        "tflite-micro",
        r"Failedtogetregistrationfromopcode",
        ("to get regist", "ration from op"),
        "tensorflow/lite/micro/micro_interpreter_graph.cc",
        _op_code,
        joins=_of_one_operator,
        reach=8,
    ),
    MessageShape(
        "tflite-resolver-full",
        "tflite-micro",
        rf"Couldn{_QUOTES}tregister(?:builtinop#(?P<builtin_code>\d{{1,4}})|customop(?={QUOTE}))",
        ("resolver size", "register custom", "register builtin"),
        _MICRO,
        _no_room,
    ),
    MessageShape(
        "tflite-model",
        "tflite",
        r"Missingregistrationforopcode_index\d",
        ("registration for", "opcode_index"),
        _BUILDER,
    ),
    MessageShape(
        "tflite-schema",
        "tflite",
        r"Modelprovidedisschemaversion(?P<version>\d+)notequal",
        ("provided is schema", "to supported ver"),
        _BUILDER,
        _schema,
    ),
    MessageShape(
        "tflite-not-added",
        "tflite",
        r"Unsupportedbuiltinop:",
        ("Unsupported buil", "tin op:"),
        _VERIFIER,
        _builtin,
    ),
    MessageShape(
        "tflite-custom",
        "tflite",
        r"Unsupportedcustomop:",
        ("Unsupported cust", "om op:"),
        _VERIFIER,
        _custom,
    ),
    MessageShape(
        "tflite-not-added",
        "tflite",
        r"Thereareunresolved(builtin|custom)ops:\[",
        ("There are unres", "olved builtin", "olved custom"),
        "tensorflow/lite/tools/optimize/calibration/logging_op_resolver.cc",
        _unresolved_list,
        joins=_each_of_list,
    ),
)
"""What the two runtimes print; LiteRT has the texts of TensorFlow Lite."""
