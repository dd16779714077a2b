"""Why a requirement has no kernel in a build, and what mends it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kernel_index.build_files.mobile_lists import builds_of
from kernel_index.build_files.places import KERNELS_PACKAGE, MAKEFILE
from kernel_index.build_flags import change_for, larger_profile
from kernel_index.datatypes import DataType
from kernel_index.diagnostics import unevaluated, unevaluated_text
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import CPU, DEFAULT, Ambiguous, BadAttr, NotFound, admits, value_text
from kernel_index.libraries import library
from kernel_index.near_names import near_names
from kernel_index.op_history import history, known_span
from kernel_index.profiles import VERSION_MACROS, is_mobile
from kernel_index.records import BAZEL, MAKE, Condition, Diagnostic, KernelRegistration, LibraryUse, Location
from opselect.criteria import Criterion
from opselect.findings import Finding
from opselect.findings.mends import (
    OR,
    BuildFlags,
    ListEdit,
    Mend,
    ModelChange,
    OpselectOptions,
    change_model,
    scan_root,
    uncapitalized,
    wider_types,
)
from opselect.requirements.collect import Requirement
from opselect.selection.not_known import explain_unread, explain_unsure

_MAX_NAMED = 3


def explain(
    requirement: Requirement, index: KernelIndex, profile: str, outcome: NotFound | Ambiguous | BadAttr
) -> Finding:
    """Why the lookup failed in this profile, and what to do.

    Looks, in this order, for a kernel that would do: one that the build may or may not have, one in another profile,
    under a macro that no profile sets, on another device, under another label; then says what the kernels that are
    there admit.
    """
    if isinstance(outcome, BadAttr):
        return _bad_attr(requirement, outcome, index)
    if isinstance(outcome, Ambiguous):
        return _ambiguous(requirement, outcome, index)
    registrations = index.registrations(requirement.op)
    lost = unevaluated(requirement.op, index.diagnostics, named=bool(registrations))
    if not registrations:
        # What other releases have came and went with them, whatever could not be read in this one.
        known = index.op_definition(requirement.op) is None and history(requirement.op, index.release) is not None
        return _not_evaluated(requirement, lost, index) if lost and not known else _no_kernel_at_all(requirement, index)
    runnable = [r for r in registrations if r.device in (CPU, DEFAULT)]
    if not runnable and lost:
        return _not_evaluated(requirement, lost, index)
    if not runnable:
        return _on_other_devices(requirement, registrations, index)
    labelled = [r for r in runnable if r.label == requirement.label]
    if not labelled:
        return _no_such_label(requirement, runnable)
    fitting = [r for r in labelled if admits(r, dict(requirement.attrs)) is True]
    wanted = _attrs_text(requirement, labelled)
    return (
        explain_unsure(requirement, fitting, index, profile)
        or _in_other_profiles(requirement, fitting, labelled, index, profile, wanted)
        or _under_macro(requirement, fitting, wanted)
        or (_not_evaluated(requirement, lost, index) if lost else None)
        or _nowhere(requirement, registrations, labelled, profile, wanted)
    )


def explain_undefined(registration: KernelRegistration) -> Finding:
    """A kernel whose op no source file defines."""
    place = registration.location
    return Finding(
        "OPS113",
        f"a kernel of it is registered at {place}, but no source file that was scanned defines the op",
        op=registration.op,
        places=(place,),
        mends=(scan_root("Scan the folder with its REGISTER_OP too: --root DIR."),),
    )


def explain_library(use: LibraryUse, file: str, index: KernelIndex, build: str) -> Finding:
    """A library that a source file is compiled with and a build does not have; about no op yet."""
    through = "" if use.included_by == file else f" through {use.included_by}"
    name, known = use.library, library(use.library)
    have = OpselectOptions(text=f"Then say so: --have {name}.", options=("--have", name), applicability="likely")
    mend: Mend
    if build == MAKE:
        flags = (known.flag,) if known is not None and known.flag else ()
        folder = f"-I$(MAKEFILE_DIR)/downloads/{known.folder if known is not None else name}"
        reason = f"{file} includes {use.header}{through}, and TensorFlow {index.release}'s makefile has no {name}"
        linked = f" and {flags[0]} to LIBS" if flags else ""
        text = (
            f"Build {name} for the phone and add {folder}, or where its headers are, to INCLUDES{linked} in {MAKEFILE}."
        )
        mend = BuildFlags(text=text, system="make", where=MAKEFILE, add=(folder, *flags))
    else:
        repositories = [f"@{repository}" for repository in known.repositories] if known is not None else []
        reason = f"{file} includes {use.header}{through}, and no target of the mobile library depends on {name}"
        target = f"{index.build_lists.prefix}_tensorflow_kernels"
        build_file = f"{KERNELS_PACKAGE}/BUILD"
        text = f"Add the target of {name} (of {' or '.join(repositories)}) to the deps of {target} in {build_file}."
        mend = ListEdit(text=text, list=target, file=build_file, add=tuple(repositories))
    others = [other for other in builds_of(index.build_lists) if name in index.build_lists.libraries.get(other, ())]
    instead: tuple[Mend, ...] = ()
    if others:
        text = f"Build it with {' or '.join(map(_BUILD_NAMES.__getitem__, others))}, which has it."
        options = ("--target", _TARGETS[others[0]])
        instead = (OpselectOptions(text=text, options=options, applicability="likely", lead=OR),)
    return Finding("OPS114", reason, files=(file,), mends=(mend, have, *instead))


_TARGETS = {BAZEL: "bazel", MAKE: "makefile"}
_BUILD_NAMES = {BAZEL: "Bazel (--target bazel)", MAKE: "the makefile (--target makefile)"}


def explain_device(requirement: Requirement, profile: str) -> Finding:
    """A node that is pinned to a device which the build does not have.

    With the default ConfigProto the placer refuses such a node (``common_runtime/placer.cc``); with
    ``allow_soft_placement`` it falls back to the CPU.
    """
    # Soft placement takes another device of the same process, and no string that names none.
    soft = ", or set allow_soft_placement in the session's ConfigProto. Its CPU kernel is selected either way"
    otherwise = soft if requirement.device.isidentifier() else ""
    return _about(
        requirement,
        "OPS107",
        f"the nodes are pinned to {requirement.device}, a device that a build of profile {profile} does not have",
        change_model(f"Clear the device of the nodes (freeze the model with clear_devices){otherwise}."),
    )


def explain_impossible(requirement: Requirement, registration: KernelRegistration, criterion: Criterion) -> Finding:
    """A kernel that no build for a phone can have."""
    kernel = f"{registration.kernel_class} ({registration.location})"
    why = uncapitalized(criterion.sentence).rstrip(".")
    return _about(
        requirement,
        "OPS115",
        f"no build for a phone can have its kernel {kernel}: {why}",
        change_model(criterion.advice),
        places=(registration.location,),
    )


def _about(
    requirement: Requirement,
    code: str,
    reason: str,
    *mends: Mend,
    dtypes: tuple[DataType, ...] = (),
    places: Iterable[Location] = (),
    profiles: tuple[str, ...] = (),
) -> Finding:
    """A finding about a requirement, with what the requirement tells as evidence."""
    return Finding(
        code,
        reason,
        op=requirement.op,
        attrs=requirement.attrs,
        dtypes=dtypes,
        device=requirement.device,
        count=requirement.count,
        nodes=requirement.nodes,
        models=requirement.models,
        places=tuple(places),
        profiles=profiles,
        mends=mends,
    )


def _not_evaluated(requirement: Requirement, lost: Sequence[Diagnostic], index: KernelIndex) -> Finding:
    """Registrations that the scan met and could not read may be what is missing."""
    if (unread := explain_unread(lost, index)) is not None:
        return _about(requirement, unread.code, unread.reason, *unread.mends, places=unread.places)
    text = (
        f"Of the one in {lost[0].location.file}, the scan said: {lost[0].message}. Write there what is meant as a "
        "literal or a constant of a scanned file, or give the macro that decides with -D."
    )
    return _about(
        requirement,
        "OPS110",
        unevaluated_text(lost),
        OpselectOptions(text=text, options=("-D", "NAME=TEXT")),
        places=dict.fromkeys(each.location for each in lost),
    )


def _no_kernel_at_all(requirement: Requirement, index: KernelIndex) -> Finding:
    definition = index.op_definition(requirement.op)
    if definition is not None:
        return _about(
            requirement,
            "OPS105",
            f"TensorFlow {index.release} defines the op but registers no kernel for it on any device",
            change_model("Such ops exist for compilers (XLA, TPU) or were given up: export the model without it."),
            scan_root("Scan a kernel of your own with --root DIR.", lead=OR),
        )
    near = _near_names(requirement.op, index.op_names())
    hint = f" Near names: {', '.join(near)}." if near else ""
    reason = f"TensorFlow {index.release} has no op of this name"
    known = history(requirement.op, index.release)
    if known is None:
        return _about(
            requirement,
            "OPS101",
            f"{reason}, nor has any release that opselect knows ({known_span()})",
            scan_root("It is a custom op: scan the folder that registers it with --root DIR."),
            change_model(f"Export the model without it.{hint}", lead=OR),
        )
    return _about(
        requirement,
        "OPS102",
        f"{reason}: {known.text}",
        change_model(f"{known.advice(index.release)}{hint}"),
    )


def _near_names(op: str, names: Sequence[str]) -> list[str]:
    # A model of another release asks for another version of an op: AddV2 for Add.
    stem = op.rstrip("0123456789")
    stem = stem[:-1] if stem != op and stem.endswith("V") else op
    versions = [name for name in names if name == stem or name.rstrip("0123456789") == f"{stem}V"]
    similar = near_names(op, names, at_most=_MAX_NAMED)
    return list(dict.fromkeys([*versions, *similar]))[:_MAX_NAMED]


def _on_other_devices(
    requirement: Requirement, registrations: Sequence[KernelRegistration], index: KernelIndex
) -> Finding:
    devices = sorted({r.device for r in registrations})
    return _about(
        requirement,
        "OPS106",
        f"TensorFlow {index.release} has kernels for it on {' and '.join(devices)} only",
        change_model("Replace the op in the model by one with a CPU kernel."),
        scan_root("Scan a CPU kernel of your own with --root DIR.", lead=OR),
        places=[registrations[0].location],
    )


def _no_such_label(requirement: Requirement, runnable: Sequence[KernelRegistration]) -> Finding:
    labels = ", ".join(f'"{label}"' for label in sorted({r.label for r in runnable}))
    return _about(
        requirement,
        "OPS108",
        f'no CPU kernel has the label "{requirement.label}"; there are {labels}',
        change_model("The attr _kernel of the nodes asks for a special kernel: remove it."),
        scan_root("Scan the kernel with --root DIR.", lead=OR),
        places=[runnable[0].location],
    )


def _in_other_profiles(
    requirement: Requirement,
    fitting: Sequence[KernelRegistration],
    labelled: Sequence[KernelRegistration],
    index: KernelIndex,
    profile: str,
    wanted: str,
) -> Finding | None:
    found = [(p, r) for p in index.profiles for r in fitting if p in r.profiles]
    if not found:
        return None
    others = tuple(dict.fromkeys(p for p, _ in found))
    place = found[0][1].location
    conditions = [r.condition for _, r in found if r.condition is not None]
    dtypes = _types(requirement, labelled)
    if len(conditions) == len(found):
        return _about(
            requirement,
            "OPS109",
            f"no kernel{wanted} in profile {profile}; the one at {_hidden_text(found[0][1], conditions[0])}, "
            f"except in {', '.join(others)}",
            change_model(f"Convert the model to types that {profile} has."),
            _flag_mend(conditions[0], lead=OR),
            dtypes=dtypes,
            places=(place, conditions[0].location),
            profiles=others,
        )
    verb = "has one" if len(others) == 1 else "have one"
    mends = _types_mends(fitting, labelled, index, profile, others)
    return _about(
        requirement,
        "OPS103" if any(isinstance(mend, BuildFlags) for mend in mends) else "OPS116",
        f"no kernel{wanted} in profile {profile}; {', '.join(others)} {verb} ({place})",
        *mends,
        dtypes=dtypes,
        places=[place],
        profiles=others,
    )


def _types_mends(
    fitting: Sequence[KernelRegistration],
    labelled: Sequence[KernelRegistration],
    index: KernelIndex,
    profile: str,
    others: Sequence[str],
) -> list[Mend]:
    """Converting types comes first: a larger build is larger for every model and on every phone."""
    here = [r for r in labelled if profile in r.profiles and r not in fitting]
    admitted = _admitted_text(here, profile) if here else ""
    mends: list[Mend] = []
    if admitted:
        mends.append(change_model(f"Convert the model to types that {profile} has: {admitted}."))
    larger = larger_profile(profile, others, index.release)
    if larger:
        change = change_for(profile, larger, index.release)
        mends.append(wider_types(change, lead=OR if mends else ""))
    if not mends:
        only = " and ".join(others)
        which = f"Only {only} have it" if any(map(is_mobile, others)) else f"No build for a phone has it, only {only}"
        mends.append(change_model(f"{which}: export the model without it."))
    return mends


def _under_macro(requirement: Requirement, fitting: Sequence[KernelRegistration], wanted: str) -> Finding | None:
    for registration in fitting:
        condition = registration.condition
        if condition is not None:
            return _about(
                requirement,
                "OPS109",
                f"the kernel{wanted} at {_hidden_text(registration, condition)}",
                _flag_mend(condition),
                places=(registration.location, condition.location),
            )
    return None


def _hidden_text(registration: KernelRegistration, condition: Condition) -> str:
    """Where the kernel is, and what hides it there: an ``#if``, or that only GPU builds compile the file."""
    hides = f"hidden by `{condition.text}`" if condition.text.startswith("#") else f"in {condition.text}"
    return f"{registration.location} is {hides} ({condition.location})"


def _flag_mend(condition: Condition, *, lead: str = "") -> Mend:
    flag = condition.arguments
    if not set(re.findall(r"(?<=-[DU])\w+", flag)).isdisjoint(VERSION_MACROS):
        return change_model(
            "It is for other releases of TensorFlow: build one that the condition admits, or export without the op.",
            lead=lead,
        )
    flags = tuple(flag.split())
    return BuildFlags(
        text=f"Build TensorFlow with {flag}, and pass the same {flag} to opselect, with --tree or --root.",
        system="compiler",
        where="the options of the compiler (--copt of Bazel, CXXFLAGS of the makefile)",
        add=flags,
        opselect=flags,
        applicability="likely",
        lead=lead,
    )


def _nowhere(
    requirement: Requirement,
    registrations: Iterable[KernelRegistration],
    labelled: Sequence[KernelRegistration],
    profile: str,
    wanted: str,
) -> Finding:
    attrs = dict(requirement.attrs)
    elsewhere = [r for r in registrations if r.device not in (CPU, DEFAULT) and admits(r, attrs) is True]
    dtypes = _types(requirement, labelled)
    if elsewhere:
        devices = " and ".join(sorted({r.device for r in elsewhere}))
        return _about(
            requirement,
            "OPS106",
            f"the only kernel{wanted} is for {devices}",
            change_model("Convert the model to types that the CPU kernels admit: " + _admitted_text(labelled, profile)),
            dtypes=dtypes,
            places=[elsewhere[0].location],
        )
    return _about(
        requirement,
        "OPS104",
        f"no kernel{wanted} in any profile",
        change_model(f"The CPU kernels admit {_admitted_text(labelled, profile)}: convert the model."),
        dtypes=dtypes,
        places=[labelled[0].location],
    )


def _types(requirement: Requirement, registrations: Iterable[KernelRegistration]) -> tuple[DataType, ...]:
    """The data types of the requirement that these kernels constrain."""
    constrained = {c.attr for r in registrations for c in r.constraints}
    values = [v for name, value in requirement.attrs if name in constrained for v in _items(value)]
    return tuple(dict.fromkeys(value for value in values if isinstance(value, DataType)))


def _items(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _attrs_text(requirement: Requirement, registrations: Iterable[KernelRegistration]) -> str:
    """`` for T=DT_DOUBLE``: the attrs that these kernels constrain; empty where they constrain none."""
    constrained = {c.attr for r in registrations for c in r.constraints}
    spelled = [f"{name}={value_text(value)}" for name, value in requirement.attrs if name in constrained]
    return f" for {', '.join(spelled)}" if spelled else ""


def _admitted_text(registrations: Sequence[KernelRegistration], profile: str) -> str:
    here = [r for r in registrations if profile in r.profiles] or registrations
    admitted: dict[str, set[str]] = {}
    for registration in here:
        for constraint in registration.constraints:
            admitted.setdefault(constraint.attr, set()).update(value_text(value) for value in constraint.allowed)
    return "; ".join(f"{attr} in {{{', '.join(sorted(values))}}}" for attr, values in sorted(admitted.items()))


def _ambiguous(requirement: Requirement, outcome: Ambiguous, index: KernelIndex) -> Finding:
    rivals = " and ".join(f"{r.kernel_class} ({r.location})" for r in outcome.registrations)
    mends: list[Mend]
    if len({r.source for r in outcome.registrations}) == 1:
        text = f"The sources of TensorFlow {index.release} register it twice: delete one of the two."
        mends = [ModelChange(text=text), change_model("Convert the model to another type.", lead=OR)]
    else:
        files = tuple(sorted({r.source for r in outcome.registrations}))
        text = "Keep all but one of these files out of the build and out of the scan."
        mends = [ListEdit(text=text, remove=files)]
    return _about(
        requirement,
        "OPS111",
        f"TensorFlow refuses to choose between kernels of the same priority: {rivals}",
        *mends,
        places=[r.location for r in outcome.registrations],
    )


def _bad_attr(requirement: Requirement, outcome: BadAttr, index: KernelIndex) -> Finding:
    where = f"{outcome.registration.kernel_class} ({outcome.registration.location})"
    return _about(
        requirement,
        "OPS112",
        f"the kernel {where} constrains the attr {outcome.attr}: {outcome.problem}",
        change_model(
            f"The node does not fit the op of TensorFlow {index.release}: export the model for this release. "
            "Requirements from a file lack attrs that no kernel constrained when they were collected: collect them "
            "again with the same TensorFlow and --root."
        ),
        places=[outcome.registration.location],
    )
