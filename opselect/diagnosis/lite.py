"""What an interpreter of TensorFlow Lite lacks: operators, versions of them, the Flex delegate, room in a resolver."""

from __future__ import annotations

from opselect.diagnosis.lite_operators import GREATER_CODES, NEWEST, LiteOperator, by_code, operators
from opselect.diagnosis.setting import Setting, about, told
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend, run
from opselect.lite.micro import micro_table
from opselect.logs.records import LogFailure

_FLEX_ON: dict[str, str] = {
    "android": 'On Android: add implementation "org.tensorflow:tensorflow-lite-select-tf-ops" to the dependencies, in '
    "the version of tensorflow-lite; 2.16.1 is the last.",
    "ios": "On iOS: add the pod TensorFlowLiteSelectTfOps and -force_load its framework in Other Linker Flags.",
    "desktop": "In C++: link //tensorflow/lite/delegates/flex:delegate, or the shared library with -Wl,--no-as-needed. "
    "In Python: tf.lite.Interpreter of the package tensorflow has it, tflite_runtime has not.",
}
"""How each platform gets the delegate. Source: ``tensorflow/lite/g3doc/guide/ops_select.md``."""


def flex_not_linked(failure: LogFailure, setting: Setting) -> list[Finding]:
    """No delegate took the operators that TensorFlow itself runs."""
    name = f"Flex{failure.op}" if failure.op else "an operator"
    reason = f"{name} runs by a kernel of TensorFlow, and no Flex delegate took it"
    platform = setting.profile.partition("-")[0].partition("+")[0]
    first = platform if platform in _FLEX_ON and not setting.inferred else "android"
    ranked = sorted(_FLEX_ON, key=lambda each: each != first)
    mends = tuple(told("likely", _FLEX_ON[each], lead="") for each in ranked)
    found = [Finding("OPS507", reason, mends=mends)]
    if failure.kind == "tflite-custom" or failure.text.replace(" ", "").find("customop") >= 0:
        found[0] = Finding(
            "OPS507", f"{reason}: the interpreter looked for a custom operator of that name", mends=mends
        )
    return [about(each, failure) for each in found]


def custom_operator(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A custom operator that nobody registered: one of the program's own, or an op of TensorFlow that became one."""
    op = failure.op
    if op.startswith("Flex"):
        return flex_not_linked(failure, setting)
    named = f"resolver.AddCustom({op!r}, …)" if op else "resolver.AddCustom(NAME, …)"
    own = Finding(
        "OPS512",
        f"the model has the custom operator {op or '(the message does not name it)'}, and the program registers none",
        mends=(told("likely", f"Register it before the interpreter is made: {named}."),),
    )
    if not op:
        text = "Print the model's operators to see which it is: {command}."
        line = f"opselect inspect {setting.shown_model}"
        own = Finding(own.code, own.reason, mends=(run(text, line, applicability="likely"), *own.mends))
        return [about(own, failure)]
    if not _is_tensorflow(op, setting):
        return [about(own, failure)]
    text = (
        "Convert again without allow_custom_ops, and with supported_ops = [TFLITE_BUILTINS, SELECT_TF_OPS]: the op "
        "then is builtin, or runs by the Flex delegate."
    )
    reason = f"{op} is an op of TensorFlow: converted with allow_custom_ops, or by a converter too old for it, it "
    reason += "became a custom operator that no runtime has"
    converted = Finding("OPS514", reason, mends=(told("likely", text),))
    return [about(converted, failure), about(own, failure)]


def _is_tensorflow(op: str, setting: Setting) -> bool:
    from kernel_index import shipped

    return bool(shipped.releases_with(op)) or setting.index.op_definition(op) is not None


def unknown_builtin(failure: LogFailure, _: Setting) -> list[Finding]:
    """An operator whose code is beyond those that the runtime knows."""
    code = failure.builtin_code
    known = by_code().get(code) if code is not None else operators().get(failure.op)
    if code == GREATER_CODES:
        reason = f"code {GREATER_CODES} stands for operators with greater codes, which runtimes from 2.4 on read"
        return [about(Finding("OPS510", reason, mends=_newer_runtime("2.4", "the operator")), failure)]
    if known is None:
        which = f"code {code}" if code is not None else failure.op or "the operator"
        reason = f"no release up to {NEWEST} has {which}: the model is newer, or damaged"
        return [about(Finding("OPS510", reason, mends=_newer_runtime("", "the operator")), failure)]
    first = known.releases[0]
    reason = f"code {known.code} is {known.name}, which TensorFlow Lite has from {first} on: the runtime is older"
    finding = Finding("OPS510", reason, op=known.name, mends=_newer_runtime(first, known.name))
    return [about(finding, failure)]


def newer_version(failure: LogFailure, _: Setting) -> list[Finding]:
    """A version of a builtin operator that the runtime lacks, and the first release that has it."""
    op, version = failure.op, failure.version
    known = operators().get(op)
    since = _release(known, version)
    if since:
        reason = f"TensorFlow Lite has {op} in version {version} from {since} on: the runtime is older"
    elif known is not None:
        reason = f"no release up to {NEWEST} has {op} in version {version}: the model is newer"
    else:
        reason = f"the runtime is older than version {version} of {op or 'the operator'}"
    found = [Finding("OPS510", reason, mends=_newer_runtime(since, op))]
    name = op or "X"
    text = f"Register version {version} too: AddBuiltin(BuiltinOperator_{name}, Register_{name}(), 1, {version})."
    narrow = "a resolver of selected operators may have it in lower versions only"
    found.append(Finding("OPS511", narrow, mends=(told("guess", text),)))
    return [about(each, failure) for each in found]


def _release(known: LiteOperator | None, version: int | None) -> str:
    if known is None or version is None or not 0 < version <= len(known.releases):
        return ""
    return known.releases[version - 1]


def _newer_runtime(since: str, what: str) -> tuple[Mend, ...]:
    newer = f"Take a runtime of {since} or later" if since else "Take a newer runtime"
    text = f"{newer}: it and the Flex delegate in one version, and no older copy of it beside."
    older = f"Convert the model with a TensorFlow as old as the runtime: {what} then has a version that it knows."
    return (told("likely", text), told("likely", older, lead=OR))


def not_added(failure: LogFailure, _: Setting) -> list[Finding]:
    """A builtin operator that the program's resolver does not have."""
    op = failure.op
    name = op or (f"code {failure.builtin_code}" if failure.builtin_code is not None else "the operator")
    reason = f"the resolver of the program has no {name}: it was never added, or not for this model"
    mends: tuple[Mend, ...]
    if failure.runtime == "tflite-micro":
        mends = (_added_on_microcontrollers(op),)
    else:
        by_hand = f"Add it: resolver.AddBuiltin(BuiltinOperator_{op or 'X'}, Register_{op or 'X'}())."
        again = "Make the resolver again for all models (gen_selected_ops), or use BuiltinOpResolver."
        mends = (told("likely", by_hand), told("likely", again, lead=OR))
    found = [Finding("OPS511", reason, mends=mends)]
    known = operators().get(op)
    if failure.runtime != "tflite-micro" and known is not None and known.releases[0] != "1.5":
        reason = f"TensorFlow Lite has {op} from {known.releases[0]} on: a runtime that is older has it not at all"
        found.append(Finding("OPS510", reason, mends=_newer_runtime(known.releases[0], op)))
    return [about(each, failure) for each in found]


def _added_on_microcontrollers(op: str) -> Mend:
    """The call that adds a built-in operator; an operator that the runtime does not have at all is said to be so."""
    function = micro_table().by_operator().get((False, op))
    if op and function is None:
        lacking = (
            f"TensorFlow Lite for Microcontrollers has no {op} ({micro_table().sources}): build the model without it."
        )
        return told("likely", lacking)
    call = f"resolver.{function.function}()" if function is not None else "resolver.AddX()"
    return told("likely", f"Add it, and make room for one more: {call}; MicroMutableOpResolver<N>.")


def resolver_full(failure: LogFailure, _: Setting) -> list[Finding]:
    """A resolver that is made for fewer operators than are added to it."""
    known = by_code().get(failure.builtin_code) if failure.builtin_code is not None else None
    what = failure.op or (known.name if known is not None else "one more")
    reason = f"MicroMutableOpResolver<N> is made for N operators, and {what} is one too many"
    text = "Make N the number of Add calls; AddX of an operator that the model has not takes room, too."
    return [about(Finding("OPS513", reason, mends=(told("likely", text),)), failure)]


def schema(failure: LogFailure, _: Setting) -> list[Finding]:
    """A model of another version of the schema: no model of this runtime, or not a model at all."""
    of = f" version {failure.version}" if failure.version is not None else " another version"
    reason = f"the model is of schema{of}, and the runtime takes version 3: it is of another format, or no model"
    text = "Convert the model again, and see that the file is copied whole and not compressed (noCompress of Gradle)."
    return [about(Finding("OPS520", reason, mends=(told("likely", text),)), failure)]


def broken_model(failure: LogFailure, _: Setting) -> list[Finding]:
    """A custom operator without a name: no runtime can look it up."""
    reason = "the model has a custom operator without a name: it is damaged, or a tool that edits models lost the name"
    return [about(Finding("OPS309", reason, mends=(told("likely", "Convert the model again."),)), failure)]
