"""What the converter to TensorFlow Lite, and the tools for its Flex delegate, refuse."""

from __future__ import annotations

from kernel_index import shipped
from opselect.criteria import criterion_of_op
from opselect.diagnosis.setting import Setting, about, told
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend
from opselect.logs.records import LogFailure

_SELECT = (
    "Let it: converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS], and "
    "link the Flex delegate into the app."
)
_MAX_NAMED = 8


def needs_flex(failure: LogFailure, _: Setting) -> list[Finding]:
    """Ops that TensorFlow Lite has not: TensorFlow's own kernels run them, or kernels of the program."""
    ops = tuple(op for op in (failure.ops or (failure.op,)) if op and op not in failure.custom_ops)
    found: list[Finding] = []
    if ops:
        unknown = [op for op in ops if not shipped.releases_with(op)]
        known = [op for op in ops if op not in unknown]
        if known:
            reason = f"TensorFlow Lite has no {_named(known)} of its own; the Flex delegate can run them"
            found.append(Finding("OPS514", reason, op=failure.op, mends=(told("likely", _SELECT),)))
        if unknown:
            found.append(_custom(unknown, failure))
    if failure.custom_ops:
        found.append(_custom(list(failure.custom_ops), failure))
    if not found:
        reason = "the model has ops that TensorFlow Lite has not; the Flex delegate can run those of TensorFlow"
        found.append(Finding("OPS514", reason, mends=(told("likely", _SELECT),)))
    return [about(each, failure) for each in found]


def _custom(ops: list[str], failure: LogFailure) -> Finding:
    reason = f"the converter takes {_named(ops)} for custom operators: neither it nor its Flex delegate has them"
    text = "Set converter.allow_custom_ops = True, and register a kernel of your own for each (resolver.AddCustom)."
    other: tuple[Mend, ...] = ()
    if any(shipped.releases_with(op) for op in ops):
        other = (told("guess", "Use a newer converter: later ones have more, lookup tables among them.", lead=OR),)
    return Finding("OPS512", reason, op=failure.op, mends=(told("likely", text), *other))


def not_in_list(failure: LogFailure, _: Setting) -> list[Finding]:
    """An op that the Flex delegate may not run: it has a list of ops, and libraries of others can add to it."""
    op = failure.op
    known = bool(shipped.releases_with(op))
    reason = f"{op or 'the op'} is not among the ops that the Flex delegate may run (allowlisted_flex_ops.cc)"
    criterion = criterion_of_op(op)
    mends: list[Mend] = []
    if criterion is not None and (criterion.stage or criterion.is_training):
        mends.append(
            told("likely", f"Export the model without it: {criterion.sentence[:1].lower()}{criterion.sentence[1:]}")
        )
    elif known:
        mends.append(
            told("likely", "Use a newer converter and Flex delegate, whose list is longer, or export without it.")
        )
    else:
        text = (
            "It is a custom op of TensorFlow: name it in converter.target_spec.experimental_select_user_tf_ops, and "
            "link its kernel into the Flex library (additional_deps of tflite_flex_cc_library)."
        )
        mends.append(told("likely", text))
    return [about(Finding("OPS515", reason, mends=tuple(mends)), failure)]


def flex_tool(failure: LogFailure, _: Setting) -> list[Finding]:
    """``list_flex_ops`` looks ops and kernels up in its own binary, and ends where it does not find one."""
    op = failure.op
    if op and not shipped.releases_with(op):
        reason = f"list_flex_ops looks ops up in its own binary, and {op} is none of TensorFlow's"
        text = (
            "Give the library that registers it: additional_deps of the flex rule, which the tool is linked with, too."
        )
        return [about(Finding("OPS101", reason, mends=(told("likely", text),)), failure)]
    reason = f"list_flex_ops finds no kernel for {op or 'an op'} in its own binary, of one release and for the CPU"
    text = "Build the tool from the same release as the model's converter."
    instead = told("likely", "opselect generate MODEL --target header makes the header without it.", lead=OR)
    return [about(Finding("OPS118", reason, mends=(told("likely", text), instead)), failure)]


def _named(ops: list[str]) -> str:
    shown = ", ".join(ops[:_MAX_NAMED])
    return shown + (f" and {len(ops) - _MAX_NAMED} more" if len(ops) > _MAX_NAMED else "")
