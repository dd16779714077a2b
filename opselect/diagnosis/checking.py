"""Causes that a look at the build, the model or the binary decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kernel_index.datatypes import DataType
from kernel_index.kernel_lookup import CPU
from kernel_index.records import AttrValue
from opselect.diagnosis.for_build import all_types, for_build
from opselect.diagnosis.linking import dropped_by_linker
from opselect.diagnosis.lookup import fits, known_types, requirement_of
from opselect.diagnosis.setting import Setting, about, told, trusted
from opselect.diagnosis.training import BEFORE_FILES
from opselect.findings import Finding, code_of
from opselect.findings.mends import OR, Applicability, ListEdit, change_model
from opselect.logs.records import LogFailure
from opselect.requirements.collect import Requirements
from opselect.selection.select import select
from opselect.verifying.binary_contents import BinaryContents

KERNEL_KINDS = ("no-kernel", "kernel-type", "kernel-device", "runtime-op", "op-not-registered", "kernel-without-op")
LOAD_KINDS = ("attr-unknown", "attr-missing", "attr-value", "op-removed", "graph-version", "lowering", "op-deprecated")

_OF_DEFINITIONS = ("op-not-registered", "kernel-without-op")
"""Kinds of failures for which a kernel, be it there or not, is no cause."""

_NO_DEFINITION = ("OPS101", "OPS102", "OPS120", "OPS123")


def of_failure(finding: Finding, failure: LogFailure) -> bool:
    """Whether a finding about a model is about what failed: the same op, and no other types or attr."""
    if finding.op != failure.op:
        return failure.kind == "graph-version" and finding.code == "OPS308"
    if failure.attr and finding.attr and failure.attr != finding.attr:
        return False
    attrs = dict(finding.attrs)
    types = known_types(failure)
    return all(_admits(attrs[name], dtype) for name, dtype in types.items() if name in attrs)


def _admits(value: AttrValue, dtype: DataType) -> bool:
    return dtype in value if isinstance(value, tuple) else value == dtype


def checked_causes(
    failure: LogFailure,
    setting: Setting,
    problems: Sequence[Finding],
    criteria: Sequence[Finding],
    *,
    certain: bool,
    with_model: bool,
) -> list[Finding]:
    """What of a model or of a described build is what failed, the likeliest first; empty where nothing was looked at.

    ``problems`` are what the build does not run of the models, ``criteria`` what of them builds leave out by default.
    ``certain`` tells that the build is described, not only named by its release. Where it has what the log says it
    lacks, that is said.
    """
    nothing = setting.binary.nothing() if setting.binary is not None else None
    if nothing is not None and failure.kind in KERNEL_KINDS:
        return [about(trusted(nothing, "certain"), failure)]
    if setting.inferred or failure.kind not in (*KERNEL_KINDS, *LOAD_KINDS):
        return []
    trust: Applicability = "certain" if certain else "likely"
    unusable = [about(trusted(each, "certain"), failure) for each in problems if each.code == "OPS124"]
    if unusable and failure.kind in KERNEL_KINDS:
        return unusable
    found = [each for each in problems if of_failure(each, failure)]
    if failure.kind in _OF_DEFINITIONS:
        found = [each for each in found if each.code in _NO_DEFINITION] or _without_definition(failure, found, setting)
    left_out = [each for each in criteria if of_failure(each, failure) and _spares_the_build(each)]
    if not found and failure.kind in KERNEL_KINDS and failure.kind not in _OF_DEFINITIONS:
        found = _of_build(failure, setting)
    found = [for_build(_of_kind(each, failure, trust), setting) for each in found]
    if found:
        # What takes the op out of the model was tried on its graph, and spares the build.
        return [*(about(each, failure) for each in left_out), *found]
    if failure.kind in KERNEL_KINDS and setting.contents is not None and certain:
        return _described_has_it(failure, setting)
    if failure.kind in LOAD_KINDS and with_model:
        node = f"a node {failure.node} of {failure.op}" if failure.node else f"such a node of {failure.op}"
        model = setting.model or "the models"
        reason = f"{setting.release} takes {model}: the log is of another model, or of another release"
        text = f"Name the release that wrote the log, and the model that has {node}."
        return [about(Finding(_code(failure), reason, attr=failure.attr, mends=(told("guess", text),)), failure)]
    return []


def _code(failure: LogFailure) -> str:
    return {
        "attr-unknown": "OPS301",
        "attr-value": "OPS302",
        "attr-missing": "OPS303",
        "op-removed": "OPS305",
        "op-deprecated": "OPS305",
        "lowering": "OPS307",
        "graph-version": "OPS308",
    }[failure.kind]


def _of_kind(finding: Finding, failure: LogFailure, trust: Applicability) -> Finding:
    """A finding that was looked up, trusted so far; of its release alone, for certain."""
    family = code_of(finding.code).family
    of_release = family == "3" or finding.code in ("OPS101", "OPS102", "OPS105", "OPS106", "OPS107", "OPS108")
    is_guess = finding.applicability == "guess" and family == "3"
    degree: Applicability = "likely" if is_guess else "certain" if of_release else trust
    return about(trusted(finding, degree), failure)


def _spares_the_build(finding: Finding) -> bool:
    """Whether a finding says first how the model does without the op."""
    return finding.code in BEFORE_FILES and bool(finding.mends) and not isinstance(finding.mends[0], ListEdit)


def _of_build(failure: LogFailure, setting: Setting) -> list[Finding]:
    """What the described build lacks for the node, as far as the log tells what that asks for."""
    requirement = requirement_of(failure, setting.index, setting.profile)
    if failure.kind in _OF_DEFINITIONS:
        requirement = replace(requirement, device="")
    # A node that nobody counted: the sample of the log.
    requirements = Requirements((replace(requirement, count=1),), releases=(setting.index.release,))
    selection = select(requirements, setting.index, setting.profile, contents=setting.contents, files=False)
    return [each for each in selection.unresolved if each.op == failure.op]


def _without_definition(failure: LogFailure, found: Sequence[Finding], setting: Setting) -> list[Finding]:
    """That the described build lacks the definition of the op, and the kernel with it where it lacks that, too."""
    definition, contents = setting.index.op_definition(failure.op), setting.contents
    if definition is None:
        return [each for each in _of_build(failure, setting) if each.code in _NO_DEFINITION]
    if contents is None or contents.has_op(definition):
        return []
    finding = contents.without_op(definition)
    lacking = [each for each in found or _of_build(failure, setting) if each.code == "OPS119"]
    kernels = dict.fromkeys(path for each in lacking for path in each.files if path not in finding.files)
    if finding.code != "OPS120" or not kernels:
        return [finding]
    reason = f"{finding.reason}; nor does it have {', '.join(kernels)}, with its kernels"
    # One edit for both, so that nobody builds twice.
    return [replace(finding, reason=reason, files=(*finding.files, *kernels)), *lacking]


def _of_another_binary(failure: LogFailure, binary: BinaryContents) -> list[Finding]:
    """The binary has what the log says is missing: it is not the one that wrote the log."""
    if failure.kind in _OF_DEFINITIONS:
        what = f"the op {failure.op} is defined"
    else:
        types = known_types(failure)
        fitting = [each for each in binary.registered(failure.op) if fits(each, types)]
        if not fitting:
            return []
        what = f"{fitting[0].kernel_class} of {fitting[0].source} is registered"
    reason = f"in {binary.name} {what}: the log is of another binary, or the app has an older copy of this one"
    text = "See which library the app really loads (adb shell run-as APP ls -l lib), and install the app again."
    return [about(Finding("OPS531", reason, mends=(told("certain", text),)), failure)]


def _described_has_it(failure: LogFailure, setting: Setting) -> list[Finding]:
    """The build as it is described has the kernel: the binary is not of it, or the linker dropped it."""
    if setting.binary is not None:
        return _of_another_binary(failure, setting.binary)
    here = [r for r in setting.index.registrations(failure.op) if setting.profile in r.profiles]
    if not here:
        return []
    types = _types_of_phones(failure, setting)
    dropped = dropped_by_linker(here, setting)
    definition = setting.index.op_definition(failure.op)
    path, what = here[0].source, f"registers it in profile {setting.profile}"
    if failure.kind in _OF_DEFINITIONS and definition is not None:
        path, what = definition.source, "defines it"
    reason = (
        f"by {setting.described}, the build has {path}, which {what}: the binary was built from others, or the linker "
        "dropped it"
    )
    mends = (*(replace(mend, applicability="likely") for mend in dropped.mends),)
    rebuilt = change_model("Build again from these lists, and look whether the binary is that build.", lead=OR)
    return [about(each, failure) for each in (*types, replace(dropped, reason=reason, mends=(*mends, rebuilt)))]


def _types_of_phones(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A header has no say on types while SUPPORT_SELECTIVE_REGISTRATION is not defined, which a build may forget."""
    types = known_types(failure)
    fitting = [r for r in setting.index.registrations(failure.op) if r.device == CPU and fits(r, types)]
    if not setting.has_header or not types or any("android" in r.profiles for r in fitting):
        return []
    wanted = ", ".join(f"{attr}={dtype}" for attr, dtype in types.items())
    reason = (
        f"profile {setting.profile} has SUPPORT_SELECTIVE_REGISTRATION defined: with SELECTIVE_REGISTRATION alone a "
        f"build has the types of phones, and no kernel for {wanted}"
    )
    return [Finding("OPS103", reason, mends=(all_types(setting),))]
