"""The converters to TensorFlow Lite: ops that no builtin operator stands for."""

from __future__ import annotations

import re
from dataclasses import replace

from opselect.logs.message import LogMessage
from opselect.logs.records import MAX_LINES, LogFailure
from opselect.logs.shapes.names import listed, once
from opselect.logs.shapes.shape import MessageShape, Told

_KIND = "converter-needs-flex"
_OLD_LIST = re.compile(r"customimplementations:")
_DIALECT_OP = re.compile(r"tf\.([A-Za-z]\w*)")


def _one_op(match: re.Match[str], _: LogMessage) -> Told:
    return {"ops": (match["op"],)}


def _names(match: re.Match[str], message: LogMessage) -> tuple[str, ...]:
    """The ops of a list: names between commas, or one a line, each as MLIR prints the op."""
    start = match.end()
    if not message.text.startswith("tf.", start):
        return tuple(name for name in listed(message, start) if not name.startswith("tfl."))
    ops = []
    while op := _DIALECT_OP.search(message.text, start):
        at = op.start()
        name = message.word(at, op.end())
        if at == match.end() or message.blank_at(at) or message.text[at - 1] == "}":
            ops.append(name.removeprefix("tf."))
        start = at + len(name)
    return once(ops)


def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    return once(name.removesuffix(".").removeprefix("tf.") for name in names)


def _flex_list(match: re.Match[str], message: LogMessage) -> Told:
    ops = _plain(_names(match, message))
    return {"op": ops[0] if ops else "", "ops": ops, "listed": True}


def _custom_list(match: re.Match[str], message: LogMessage) -> Told:
    """The list behind the title ``Custom ops:``, which a sentence stands in front of, or right behind the beginning."""
    title = re.compile(r"Customops:").search(message.text, match.end())
    ops = _plain(_names(title or match, message))
    return {"op": ops[0] if ops else "", "custom_ops": ops, "listed": True}


def _once_more(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    """An error line of an op that is known: of another node, or since the exception of Python says all again."""
    for at, each in enumerate(earlier):
        if each.kind == _KIND and later.op in each.ops + each.custom_ops:
            if each.op == later.op:
                lines = (*each.lines, *later.lines)[:MAX_LINES]
                count = each.count + (not each.listed)
                each = replace(each, count=count, lines=lines, node=each.node or later.node, listed=False)
            return *earlier[:at], each, *earlier[at + 1 :]
    return *earlier, later


def _with_lines(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    """A list, and the error lines of its ops above: the first of them says which op and node."""
    ops = {*later.ops, *later.custom_ops}
    if not ops:  # the log is cut in front of the list
        return _said(earlier, later)
    parts = [each for each in earlier if each.kind == _KIND and (each.op in ops or not each.op)]
    if later.custom_ops and earlier and earlier[-1].kind == _KIND and earlier[-1] not in parts:
        parts.append(earlier[-1])
    if not parts:
        return *earlier, later
    parts.sort(key=lambda each: each.lines)
    # An op of an error line alone counts as one for Flex, until the list of custom ops has it.
    custom = once(op for each in [*parts, later] for op in each.custom_ops)
    flex = once(op for each in [later, *parts] for op in each.ops if op not in custom)
    first = next((each for each in parts if each.op), later)
    # The list of custom ops stands behind that for Flex, if there is one: both are printed once.
    again = all(each.listed for each in parts) and set(later.ops) <= {op for each in parts for op in each.ops}
    again = (
        again
        and (bool(later.ops) or not flex)
        and set(later.custom_ops) <= {op for each in parts for op in each.custom_ops}
    )
    joined = replace(
        first,
        ops=flex,
        custom_ops=custom,
        count=first.count + again,
        lines=(*first.lines, *later.lines)[:MAX_LINES] if again else parts[0].lines,
        listed=first.listed,
    )
    return *(each for each in earlier if each not in parts), joined


def _said(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    """A code behind a line that says as much."""
    return earlier if earlier and earlier[-1].kind == _KIND else (*earlier, later)


def _needs_custom(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    """The code behind an error line that says of the op of the line that Flex has it not."""
    newest = earlier[-1] if earlier else None
    if newest is not None and newest.kind == _KIND and newest.ops == (newest.op,) and not newest.custom_ops:
        return *earlier[:-1], replace(newest, ops=(), custom_ops=newest.ops)
    return _said(earlier, later)


def _sentence(match: re.Match[str], message: LogMessage) -> Told:
    """The old converter's list stands at the end of a long sentence, which says whether TensorFlow has the ops."""
    found = _OLD_LIST.search(message.text, match.end())
    ops = _plain(listed(message, found.end())) if found else ()
    which = "custom_ops" if "andarenotrecognizedbyTensorFlow" in message.text else "ops"
    return {"op": ops[0] if ops else "", which: ops, "listed": True}


def _flex_names(match: re.Match[str], _: LogMessage) -> Told:
    ops = _plain(tuple(match["_names"].split(",")))
    return {"op": ops[0], "ops": ops}


def _custom_names(match: re.Match[str], _: LogMessage) -> Told:
    ops = _plain(tuple(match["_names"].split(",")))
    return {"op": ops[0], "custom_ops": ops}


_EXPORT = "tensorflow/compiler/mlir/lite/flatbuffer_export.cc"
_OLD_EXPORT = "tensorflow/lite/toco/tflite/export.cc"
_AUTHORING = "tensorflow/lite/python/authoring/authoring.py"
_NEITHER = (
    r"op(?:is(?:neitheracustomopnoraflexop|notanyofabuiltinTFLiteop)"
    r"|requireselement_shapetobestaticduringTFLitetransformationpass)"
)
"""The last is of ``transforms/lower_static_tensor_list.cc``: lists of tensors, which Flex can run as they are."""
_NEITHER_WORDS = (
    "neither a custom",
    "nor a flex op",
    "a builtin TFLite op",
    "requires element_shape",
    "to be static during TF",
)
_IN_PLACE = r"(?:(?!loc\(|error:|note:)[^']){0,20000}"
_NEAR = 400

SHAPES: tuple[MessageShape, ...] = (
    MessageShape(
        _KIND,
        "converter",
        r"loc\((?:callsite\(|fused(?:<[^>]{0,80}>)?|\[|\"[^\"]{1,200}:\",)*\"(?P<node>[^\"@]{1,400})(?:@[^\"]{0,400})?\""
        rf"{_IN_PLACE}(?:error:)?'tf\.(?P<op>[\w.>]+)'{_NEITHER}",
        _NEITHER_WORDS,
        _EXPORT,
        _one_op,
        joins=_once_more,
        reach=_NEAR,
    ),
    MessageShape(
        _KIND,
        "converter",
        rf"'tf\.(?P<op>[\w.>]+)'{_NEITHER}",
        _NEITHER_WORDS,
        _EXPORT,
        _one_op,
        joins=_once_more,
        reach=_NEAR,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"Loweringtensorlistopsisfailed",
        ("Lowering tensor list", "list ops is failed"),
        "tensorflow/compiler/mlir/lite/tf_tfl_passes.cc",
        lines=1,
        joins=_said,
        reach=_NEAR,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"SomeopsarenotsupportedbythenativeTFLiteruntime",
        ("the native TFLite", "Some ops are not"),
        _EXPORT,
        lambda _, __: {"listed": True},
        lines=6,
        joins=_said,
        reach=_NEAR,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"TFSelectops:",
        ("TF Select ops:", "Select ops:"),
        _EXPORT,
        _flex_list,
        lines=40,
        ends="Details:",
        joins=_with_lines,
        reach=_NEAR,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"Someopsinthemodelarecustomops",
        ("are custom ops", "Some ops in the model"),
        _EXPORT,
        _custom_list,
        lines=40,
        ends="Details:",
        joins=_with_lines,
        reach=_NEAR,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"Opsthatcanbesupportedbytheflexruntime\(.{0,120}?\):",
        ("the flex runtime", "emit-select-tf-ops"),
        _EXPORT,
        _flex_list,
        lines=200,
        joins=_with_lines,
        reach=_NEAR,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"Opsthatneedcustomimplementation\(.{0,120}?\):",
        ("need custom implementation", "emit-custom-ops"),
        _EXPORT,
        _custom_list,
        lines=200,
        joins=_with_lines,
        reach=_NEAR,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"ERROR_NEEDS_FLEX_OPS",
        ("ERROR_NEEDS_FLEX_OPS", "NEEDS_FLEX_OPS"),
        _EXPORT,
        lines=1,
        joins=_said,
        reach=60,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"ERROR_NEEDS_CUSTOM_OPS",
        ("ERROR_NEEDS_CUSTOM_OPS", "NEEDS_CUSTOM_OPS"),
        _EXPORT,
        lines=1,
        joins=_needs_custom,
        reach=60,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"SomeoftheoperatorsinthemodelarenotsupportedbythestandardTensorFlowLiteruntime",
        ("standard TensorFlow Lite", "the operators in"),
        _OLD_EXPORT,
        _sentence,
        lines=60,
        ends=r"customimplementations:[\w,]+\.",
    ),
    MessageShape(
        "converter-flex-list",
        "converter",
        r"Op(?P<op>[A-Z_][\w.>]{0,200}?)isavalidTensorFlowopbuthasnotbeen(?:white|allow)listed",
        ("a valid TensorFlow op", "has not been allow", "has not been white"),
        "tensorflow/lite/toco/tflite/operator.cc",
    ),
    MessageShape(
        "converter-flex-list",
        "converter",
        r"SomeoftheoperatorsinthemodelarenotsupportedbyTensorFlowFlexruntime:",
        ("TensorFlow Flex runtime", "the operators in"),
        _OLD_EXPORT,
        _flex_list,
    ),
    MessageShape(
        "converter-flex-list",
        "converter",
        r"TensorFlowLitecurrentlydoesn\\?'tsupportcontrolflowops:",
        ("control flow ops:", "Lite currently"),
        _OLD_EXPORT,
        _flex_list,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"op'(?P<_names>\w[\w.,>]{0,2000})'require\(s\)\"SelectTFOps\"",
        ("require(s)", "Select TF"),
        _AUTHORING,
        _flex_names,
    ),
    MessageShape(
        _KIND,
        "converter",
        r"op'(?P<_names>\w[\w.,>]{0,2000})'is\(are\)notnativelysupportedbyTensorFlowLite",
        ("is(are) not", "natively supported"),
        _AUTHORING,
        _custom_names,
    ),
)
"""What the converter of 2.2 and later prints, that before it, and the decorator that checks functions."""
