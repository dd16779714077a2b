"""What an interpreter of TensorFlow Lite lacks: operators, versions of them, the Flex delegate, room in a resolver."""

from __future__ import annotations

from kernel_index.profiles import release_number
from opselect.build_lists.header.literals import quoted
from opselect.diagnosis.setting import Setting, about, told
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend, run
from opselect.lite.flex_platforms import FIRST_WITH_MODELS
from opselect.lite.micro import micro_table
from opselect.lite.runtimes import (
    GREATER_CODES,
    first_named,
    first_schemas,
    minimum_runtime,
    newest_named,
    operator_code,
    operator_of_code,
)
from opselect.logs.records import LogFailure
from opselect.targets import Target

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
    others = " ".join(text for each, text in _FLEX_ON.items() if each != first)
    mends = (told("likely", _FLEX_ON[first]), _smallest_library(setting), told("likely", others))
    found = [Finding("OPS507", reason, mends=mends)]
    if failure.kind == "tflite-custom" or failure.text.replace(" ", "").find("customop") >= 0:
        found[0] = Finding(
            "OPS507", f"{reason}: the interpreter looked for a custom operator of that name", mends=mends
        )
    return [about(each, failure) for each in found]


def _smallest_library(setting: Setting) -> Mend:
    """The command for a delegate with just the kernels of the model; releases before 2.4 build none for some models."""
    known = not setting.inferred and release_number(setting.index.release) >= FIRST_WITH_MODELS
    source = setting.source_options if known else "--tensorflow VERSION"
    line = f"opselect generate {setting.shown_model} {source} --profile selective --target flex-bazel --out flex"
    text = "Or build a delegate with just the kernels that the model needs (docs/flex.md): {command}."
    return run(text, line, applicability="guess")


def custom_operator(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A custom operator that nobody registered: one of the program's own, or an op of TensorFlow that became one."""
    op = failure.op
    if op.startswith("Flex"):
        return flex_not_linked(failure, setting)
    named = f"resolver.AddCustom({quoted(op)}, …)" if op else "resolver.AddCustom(NAME, …)"
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
    if code == GREATER_CODES:
        reason = f"code {GREATER_CODES} stands for operators with greater codes, which runtimes from 2.4 on read"
        return [
            about(Finding("OPS510", reason, mends=_newer_runtime(("TensorFlow Lite 2.4",), "the operator")), failure)
        ]
    op = operator_of_code(code) if code is not None else failure.op
    number = operator_code(op)
    if number is None:
        which = f"code {code}" if code is not None else failure.op or "the operator"
        reason = f"no release up to {newest_named()} has {which}: the model is newer, or damaged"
        return [about(Finding("OPS510", reason, mends=_newer_runtime((), "the operator")), failure)]
    first = first_named(op, 1) or tuple(each.minor.name for each in first_schemas(op))
    reason = f"code {number} is {op}: {_since(first, 'it')}, and the runtime is older"
    return [about(Finding("OPS510", reason, op=op, mends=_newer_runtime(first, op)), failure)]


def newer_version(failure: LogFailure, _: Setting) -> list[Finding]:
    """A version of a builtin operator that the runtime lacks, and the first release that has it."""
    op, version = failure.op, failure.version
    first = first_named(op, version) if version is not None else ()
    if first:
        reason = f"{_since(first, f'{op} in version {version}')}{_upstream(op, version, first)}: the runtime is older"
    elif operator_code(op) is not None and version is not None:
        reason = f"no release up to {newest_named()} has {op} in version {version}: the model is newer"
    else:
        reason = f"the runtime is older than version {version} of {op or 'the operator'}"
    found = [Finding("OPS510", reason, mends=_newer_runtime(first, op))]
    name = op or "X"
    text = f"Register version {version} too: AddBuiltin(BuiltinOperator_{name}, Register_{name}(), 1, {version})."
    narrow = "a resolver of selected operators may have it in lower versions only"
    found.append(Finding("OPS511", narrow, mends=(told("guess", text),)))
    return [about(each, failure) for each in found]


def _since(first: tuple[str, ...], what: str) -> str:
    """``TensorFlow Lite has ADD from 2.20 on, LiteRT from 1.2 on``, of the first releases by their names."""
    (runtime, release), *others = (each.rsplit(" ", 1) for each in first)
    return ", ".join(
        [f"{runtime} has {what} from {release} on", *(f"{name} from {since} on" for name, since in others)]
    )


def _upstream(op: str, version: int | None, first: tuple[str, ...]) -> str:
    """That upstream's table of versions says otherwise, where it does, in parentheses."""
    since = minimum_runtime(op, version) if version is not None else ""
    named = [each.removeprefix(_TENSORFLOW) for each in first if each.startswith(_TENSORFLOW)]
    if not since or not named or f"{since}.".startswith(f"{named[0]}."):
        return ""
    return f" (upstream's table of versions says {since})"


_TENSORFLOW = "TensorFlow Lite "


def _newer_runtime(first: tuple[str, ...], what: str) -> tuple[Mend, ...]:
    releases = [each.removeprefix(_TENSORFLOW) for each in first]
    newer = f"Take a runtime of {' or '.join(releases)} or later" if first else "Take a newer runtime"
    text = f"{newer}: it and the Flex delegate in one version, and no older copy of it beside."
    older = f"Convert the model with a TensorFlow as old as the runtime: {what} then has a version that it knows."
    return (told("likely", text), told("likely", older, lead=OR))


def not_added(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A builtin operator that the program's resolver does not have."""
    op = failure.op
    name = op or (f"code {failure.builtin_code}" if failure.builtin_code is not None else "the operator")
    reason = f"the resolver of the program has no {name}: it was never added, or not for this model"
    mends: tuple[Mend, ...]
    if failure.runtime == "tflite-micro":
        mends = _added_on_microcontrollers(op, setting)
    else:
        by_hand = f"Add it: resolver.AddBuiltin(BuiltinOperator_{op or 'X'}, Register_{op or 'X'}())."
        mends = (told("likely", by_hand), _whole_resolver("registration", setting))
    found = [Finding("OPS511", reason, mends=mends)]
    first = first_named(op, 1)
    if failure.runtime != "tflite-micro" and first and first != (f"{_TENSORFLOW}1.5",):
        reason = f"{_since(first, op)}: a runtime that is older has it not at all"
        found.append(Finding("OPS510", reason, mends=_newer_runtime(first, op)))
    return [about(each, failure) for each in found]


def _whole_resolver(target: Target, setting: Setting) -> Mend:
    """The command that writes all registrations of a model."""
    line = f"opselect generate {setting.shown_model} --target {target} --out resolver"
    return run("Make the resolver for all models: {command}.", line, applicability="likely", lead=OR)


def _added_on_microcontrollers(op: str, setting: Setting) -> tuple[Mend, ...]:
    """The call that adds a built-in operator, and the command for all; one that the runtime lacks is said to be so."""
    function = micro_table().by_operator().get((False, op))
    if op and function is None:
        lacking = (
            f"TensorFlow Lite for Microcontrollers has no {op} ({micro_table().sources}): build the model without it."
        )
        return (told("likely", lacking),)
    call = f"resolver.{function.function}()" if function is not None else "resolver.AddX()"
    by_hand = told("likely", f"Add it, and make room for one more: {call}; MicroMutableOpResolver<N>.")
    return by_hand, _whole_resolver("tflm-resolver", setting)


def resolver_full(failure: LogFailure, _: Setting) -> list[Finding]:
    """A resolver that is made for fewer operators than are added to it."""
    code = failure.builtin_code
    what = failure.op or (operator_of_code(code) if code is not None else "") or "one more"
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
