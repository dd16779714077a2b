"""Why a kernel is missing: the file is not compiled, its types are pruned, it is for another device, or not linked."""

from __future__ import annotations

import re
from dataclasses import replace

from kernel_index.build_files.mobile_lists import builds_by_default, builds_of
from kernel_index.build_flags import change_for
from kernel_index.kernel_lookup import CPU, DEFAULT, NotFound
from kernel_index.records import MAKE, KernelRegistration
from opselect.build_lists.checking.builds import Build, how_listed
from opselect.diagnosis.flex_library import of_flex_library
from opselect.diagnosis.linking import dropped_by_linker, has_nothing, nothing_linked, registers_nothing
from opselect.diagnosis.lookup import (
    BuiltFiles,
    built_files,
    fits,
    is_compiled_unlisted,
    known_types,
    lists_with,
    requirement_of,
)
from opselect.diagnosis.macros import misspelt_macros
from opselect.diagnosis.ops import unknown_op
from opselect.diagnosis.setting import Setting, about, told, trusted
from opselect.diagnosis.training import left_out
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend, run, wider_types
from opselect.logs.records import LogFailure
from opselect.requirements.collect import Requirement
from opselect.selection.left_out_by_default import MobileBuild
from opselect.selection.why_missing import explain, explain_impossible


def missing_kernel(failure: LogFailure, setting: Setting) -> list[Finding]:
    """The causes of a node without a kernel, the likeliest first.

    What is left in the graph by mistake comes first, for no build is to be changed for it; then devices, types and
    files; last what only a look at the build can tell.
    """
    index = setting.index
    if not failure.op:
        return [_pinned(failure, setting)]
    if not (index.registrations(failure.op) or index.op_definition(failure.op)):
        return [*_by_rows(failure), *unknown_op(failure, setting)]
    if failure.kind == "kernel-device" and failure.rows is None and not failure.device:
        # A node that goes where another one is pinned: only the sentence names the device.
        named = re.search(r"/(?:device:)?([A-Za-z_]+):\d+['\"]", failure.text)
        failure = replace(failure, device=named[1].upper() if named is not None else "")
    if failure.kind == "kernel-device" and failure.device not in ("", CPU, DEFAULT):
        # A node that is moved to the CPU needs a kernel there: where the log says that there is none, it fails next.
        on_cpu = replace(failure, kind="no-kernel", device="") if failure.rows == () else None
        return [_pinned(failure, setting), *(missing_kernel(on_cpu, setting) if on_cpu else [])]
    built = built_files(failure.rows or (), index, failure.op, index.profiles)
    profile = built.profile if built is not None and not setting.is_profile_told else setting.profile
    setting = replace(setting, profile=profile)
    requirement = requirement_of(failure, index, profile)
    found = of_flex_library(failure, setting) or left_out(failure, setting)
    if not found and setting.is_mobile and has_nothing(failure):
        found.append(nothing_linked(failure, setting))
    own = _own_causes(failure, requirement, built, setting)
    ordered = (*own, *_by_rows(failure), *found) if failure.kind == "kernel-device" else (*found, *own)
    return [about(each, failure) for each in ordered]


def _pinned(failure: LogFailure, setting: Setting) -> Finding:
    """A node that asks for a device which the binary does not have."""
    has = f": it has {_joined(sorted(failure.devices))}" if failure.devices else ""
    reason = f"the node asks for the device {failure.device or 'of its name'}, which the binary does not have{has}"
    line = f"opselect transform {setting.shown_model} anywhere.pb --transforms=remove_device"
    then = "it runs on the CPU then"
    if failure.rows == ():
        then += ", once the binary has a kernel for it: the log says that it has none"
    soft = told("likely", f"Set allow_soft_placement in the session's ConfigProto: {then}.", lead=OR)
    mends = (run("Take the devices off: {command}.", line, applicability="likely"), soft)
    return about(Finding("OPS107", reason, mends=mends), failure)


def _own_causes(
    failure: LogFailure, requirement: Requirement, built: BuiltFiles | None, setting: Setting
) -> list[Finding]:
    """The causes that the kernels of the release tell."""
    index, profile = setting.index, setting.profile
    registrations = [r for r in index.registrations(failure.op) if r.device in (CPU, DEFAULT) and not r.label]
    here = [r for r in registrations if profile in r.profiles and fits(r, known_types(failure))]
    present = built.present if built is not None else frozenset()
    if built is None and _rows_text(failure):
        # Its kernels are spelled as in no release that opselect knows: the file is there, with other types.
        present = frozenset(r.source for r in here)
    fitting = [r for r in here if r.source not in present]
    build = MobileBuild(index, profile)
    possible = [r for r in fitting if build.impossible(r.source) is None]
    criterion = build.impossible(fitting[0].source) if fitting else None
    if not possible and criterion is not None:
        cause = trusted(explain_impossible(requirement, fitting[0], criterion), "likely")
        return [*_by_rows(failure), cause]
    if not possible and any(r.source in present for r in here):
        return [_pruned(failure, requirement, setting), *misspelt_macros(setting)]
    if not possible:
        outcome = NotFound(tuple(registrations))
        cause = trusted(explain(requirement, index, profile, outcome), "likely")
        listed = _rows_text(failure)
        cause = replace(cause, reason=f"{listed}; {cause.reason}" if listed else cause.reason)
        cause = replace(cause, mends=(*cause.mends, *_by_make(cause, setting)))
        more = misspelt_macros(setting) if cause.code in ("OPS103", "OPS104") else []
        # The nearest larger build may still lack the file: the log lists none of its kernels.
        elsewhere = [r for r in registrations if r.profiles and fits(r, known_types(failure))]
        if failure.rows == () and elsewhere:
            more = [*more, *_of_files(failure, elsewhere, setting)]
        return [*more[:1], cause, *more[1:]] if more and more[0].applicability == "certain" else [cause, *more]
    return _of_files(failure, possible, setting)


def _by_make(cause: Finding, setting: Setting) -> tuple[Mend, ...]:
    """How a makefile's build gets more types, where the types are slim and nobody says which build it was."""
    told_by_user = setting.is_profile_told or setting.profile != "android-slim"
    if cause.code != "OPS103" or told_by_user or MAKE not in builds_of(setting.index.build_lists):
        return ()
    return (wider_types(change_for("ios", "android-full", setting.index.release), lead="Or, with the makefile,"),)


def _pruned(failure: LogFailure, requirement: Requirement, setting: Setting) -> Finding:
    """A file is compiled, and with fewer types than any build that opselect knows: sources that differ."""
    reason = f"{_rows_text(failure)}, fewer than {setting.release} has in profile {setting.profile}"
    change = change_for("android-slim", "android", setting.index.release)
    return Finding("OPS103", reason, op=failure.op, attrs=requirement.attrs, mends=(wider_types(change),))


def _of_files(failure: LogFailure, fitting: list[KernelRegistration], setting: Setting) -> list[Finding]:
    """The file of a kernel is not compiled, or it is and the kernel is not in the binary all the same."""
    found = [file_not_compiled(fitting, setting)] if setting.is_mobile else []
    lists = setting.index.build_lists
    listed = [r for r in fitting if lists_with(r.source, lists, setting.profile)]
    default = listed or [r for r in fitting if is_compiled_unlisted(r.source, lists, setting.profile)]
    if default or not setting.is_mobile:
        other = registers_nothing(failure, default or fitting, setting) if setting.is_mobile else []
        found = [*other, *found] if other and other[0].applicability == "likely" else [*found, *other]
        dropped = dropped_by_linker(default or fitting, setting)
        found.append(dropped if setting.is_mobile else trusted(dropped, "likely"))
    return found


def file_not_compiled(fitting: list[KernelRegistration], setting: Setting) -> Finding:
    """The build does not compile the file, whatever lists it by default."""
    index, profile = setting.index, setting.profile
    lists = index.build_lists
    ranked = sorted(fitting, key=lambda r: not lists_with(r.source, lists, profile))
    registration = ranked[0]
    path = registration.source
    names = lists_with(path, lists, profile)
    edits: list[Mend] = []
    for name in builds_by_default(lists, profile):
        owner = next((each for each in names if each in lists.groups), "")
        edit = how_listed(path, Build(name, {}, frozenset()), lists, owner)
        text = f"{edit.text[:1].upper()}{edit.text[1:]}."
        edits.append(replace(edit, text=text, applicability="likely", lead=OR if edits else ""))
    where = f"{setting.release} registers {registration.op} in {path}, which"
    if names:
        said = f"{where} {_joined(names)} {'lists' if len(names) == 1 else 'list'}: the lists of this build do not"
    elif is_compiled_unlisted(path, lists, profile):
        said = f"{where} every build for a phone compiles by itself: this one is built by other rules"
        edits = [told("likely", f"Compile {path} with the other files of TensorFlow.")]
    else:
        said = f"{where} no default list for a phone has"
    if not edits:
        edits = [told("likely", f"Compile {path} with the other files of TensorFlow.")]
    return Finding("OPS119", said, op=registration.op, places=(registration.location,), files=(path,), mends=(*edits,))


def _by_rows(failure: LogFailure) -> list[Finding]:
    """What the rows of a message tell of an op that no release knows."""
    devices = sorted({row.device for row in failure.rows or ()})
    if not devices or CPU in devices or DEFAULT in devices:
        return []
    text = "Run it where there is such a device, or build the kernel for the CPU that the op's own sources may have."
    reason = f"the log lists kernels of it for {_joined(devices)} only"
    return [about(Finding("OPS106", reason, mends=(told("likely", text),)), failure)]


def _rows_text(failure: LogFailure) -> str:
    rows = [row for row in failure.rows or () if row.device in (CPU, DEFAULT)]
    types = sorted({name for row in rows for _, names in row.allowed for name in names})
    return f"the binary has {failure.op} for {', '.join(types)} only" if types else ""


def _joined(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
