"""Why a requirement has no kernel in a build, and what mends it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kernel_index.build_files import KERNELS_PACKAGE, MAKEFILE
from kernel_index.build_files.mobile_lists import builds_of
from kernel_index.build_flags import how_to_build, larger_profile
from kernel_index.diagnostics import unevaluated, unevaluated_text
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import CPU, DEFAULT, Ambiguous, BadAttr, NotFound, admits, value_text
from kernel_index.libraries import library
from kernel_index.near_names import near_names
from kernel_index.op_history import history, known_span
from kernel_index.profiles import VERSION_MACROS
from kernel_index.records import BAZEL, MAKE, Condition, Diagnostic, KernelRegistration, LibraryUse
from opselect.criteria import Criterion
from opselect.requirements.collect import Requirement

Explanation = tuple[str, str]
"""The reason, and the advice."""

_MAX_NAMED = 3


def explain(
    requirement: Requirement, index: KernelIndex, profile: str, outcome: NotFound | Ambiguous | BadAttr
) -> Explanation:
    """The reason why the lookup failed in this profile and the advice what to do, each one sentence or two.

    Looks, in this order, for a kernel that would do: in another profile, behind a macro that no profile sets, on
    another device, under another label; then says what the kernels that are there admit.
    """
    if isinstance(outcome, BadAttr):
        return _bad_attr(outcome, index)
    if isinstance(outcome, Ambiguous):
        return _ambiguous(outcome, index)
    registrations = index.registrations(requirement.op)
    lost = unevaluated(requirement.op, index.diagnostics, named=bool(registrations))
    if not registrations:
        # What other releases have came and went with them, whatever could not be read in this one.
        known = index.op_definition(requirement.op) is None and history(requirement.op, index.release) is not None
        return _not_evaluated(lost) if lost and not known else _no_kernel_at_all(requirement, index)
    runnable = [r for r in registrations if r.device in (CPU, DEFAULT)]
    if not runnable and lost:
        return _not_evaluated(lost)
    if not runnable:
        devices = sorted({r.device for r in registrations})
        return (
            f"TensorFlow {index.release} has kernels for it on {' and '.join(devices)} only",
            "Replace the op in the model by one with a CPU kernel, or scan a CPU kernel of your own with --root DIR.",
        )
    labelled = [r for r in runnable if r.label == requirement.label]
    if not labelled:
        return _no_such_label(requirement, runnable)
    fitting = [r for r in labelled if admits(r, dict(requirement.attrs)) is True]
    wanted = _attrs_text(requirement, labelled)
    return (
        _in_other_profiles(fitting, labelled, index, profile, wanted)
        or _behind_macro(fitting, wanted)
        or (_not_evaluated(lost) if lost else None)
        or _nowhere(requirement, registrations, labelled, profile, wanted)
    )


def explain_undefined(registration: KernelRegistration) -> Explanation:
    """A kernel whose op no source file defines."""
    return (
        f"a kernel of it is registered at {registration.location}, but no source file that was scanned defines the op",
        "Scan the folder with its REGISTER_OP too: --root DIR.",
    )


def explain_library(use: LibraryUse, file: str, index: KernelIndex, build: str) -> Explanation:
    """A library that a source file is compiled with and a build does not have."""
    through = "" if use.included_by == file else f" through {use.included_by}"
    name, known = use.library, library(use.library)
    repositories = " or ".join(f"@{repository}" for repository in known.repositories) if known is not None else ""
    told = f"Then say so: --have {name}."
    if build == MAKE:
        flag = f" and {known.flag} to LIBS" if known is not None and known.flag else ""
        folder = f"$(MAKEFILE_DIR)/downloads/{known.folder if known is not None else name}"
        reason = f"{file} includes {use.header}{through}, and TensorFlow {index.release}'s makefile has no {name}"
        mend = (
            f"Build {name} for the phone and add -I{folder}, or where its headers are, to INCLUDES{flag} in {MAKEFILE}."
        )
    else:
        reason = f"{file} includes {use.header}{through}, and no target of the mobile library depends on {name}"
        target = f"{index.build_lists.prefix}_tensorflow_kernels"
        mend = f"Add the target of {name} (of {repositories}) to the deps of {target} in {KERNELS_PACKAGE}/BUILD."
    others = [other for other in builds_of(index.build_lists) if name in index.build_lists.libraries.get(other, ())]
    instead = f" Or build it with {' or '.join(map(_BUILD_NAMES.__getitem__, others))}, which has it." if others else ""
    return reason, f"{mend} {told}{instead}"


_BUILD_NAMES = {BAZEL: "Bazel (--target bazel)", MAKE: "the makefile (--target makefile)"}


def explain_device(requirement: Requirement, profile: str) -> Explanation:
    """A node that is pinned to a device which the build does not have.

    With the default ConfigProto the placer refuses such a node (``common_runtime/placer.cc``); with
    ``allow_soft_placement`` it falls back to the CPU.
    """
    return (
        f"the nodes are pinned to {requirement.device}, a device that a build of profile {profile} does not have",
        (
            "Clear the device of the nodes (freeze the model with clear_devices), or set allow_soft_placement in the "
            "session's ConfigProto. Its CPU kernel is selected either way."
        ),
    )


def explain_impossible(registration: KernelRegistration, criterion: Criterion) -> Explanation:
    """A kernel that no build for a phone can have."""
    kernel = f"{registration.kernel_class} ({registration.location})"
    why = uncapitalized(criterion.sentence).rstrip(".")
    return f"no build for a phone can have its kernel {kernel}: {why}", criterion.advice


def _not_evaluated(lost: Sequence[Diagnostic]) -> Explanation:
    """Registrations that the scan met and could not read may be what is missing."""
    return (
        unevaluated_text(lost),
        (
            f"Of the one in {lost[0].location.file}, the scan said: {lost[0].message}. Write there what is meant as a "
            "literal or a constant of a scanned file, or give the macro that decides with -D."
        ),
    )


def _no_kernel_at_all(requirement: Requirement, index: KernelIndex) -> Explanation:
    if index.op_definition(requirement.op) is not None:
        return (
            f"TensorFlow {index.release} defines the op but registers no kernel for it on any device",
            (
                "Such ops exist for compilers (XLA, TPU) or were given up: export the model without it, or scan a "
                "kernel of your own with --root DIR."
            ),
        )
    near = _near_names(requirement.op, index.op_names())
    hint = f" Near names: {', '.join(near)}." if near else ""
    reason = f"TensorFlow {index.release} has no op of this name"
    known = history(requirement.op, index.release)
    if known is None:
        return (
            f"{reason}, nor has any release that opselect knows ({known_span()})",
            (
                "It is a custom op: scan the folder that registers it with --root DIR, or export the model without "
                f"it.{hint}"
            ),
        )
    return f"{reason}: {known.text}", f"{known.advice(index.release)}{hint}"


def _near_names(op: str, names: Sequence[str]) -> list[str]:
    # A model of another release asks for another version of an op: AddV2 for Add.
    stem = op.rstrip("0123456789")
    stem = stem[:-1] if stem != op and stem.endswith("V") else op
    versions = [name for name in names if name == stem or name.rstrip("0123456789") == f"{stem}V"]
    similar = near_names(op, names, at_most=_MAX_NAMED)
    return list(dict.fromkeys([*versions, *similar]))[:_MAX_NAMED]


def _no_such_label(requirement: Requirement, runnable: Iterable[KernelRegistration]) -> Explanation:
    labels = ", ".join(f'"{label}"' for label in sorted({r.label for r in runnable}))
    return (
        f'no CPU kernel has the label "{requirement.label}"; there are {labels}',
        "The attr _kernel of the nodes asks for a special kernel: remove it, or scan the kernel with --root DIR.",
    )


def _in_other_profiles(
    fitting: Sequence[KernelRegistration],
    labelled: Sequence[KernelRegistration],
    index: KernelIndex,
    profile: str,
    wanted: str,
) -> Explanation | None:
    found = [(p, r) for p in index.profiles for r in fitting if p in r.profiles]
    if not found:
        return None
    others = list(dict.fromkeys(p for p, _ in found))
    conditions = [r.condition for _, r in found if r.condition is not None]
    if len(conditions) == len(found):
        return (
            (
                f"no kernel{wanted} in profile {profile}; the one at {_hidden_text(found[0][1], conditions[0])}, "
                f"except in {', '.join(others)}"
            ),
            f"Convert the model to types that {profile} has. Or {uncapitalized(_flag_advice(conditions[0]))}",
        )
    verb = "has one" if len(others) == 1 else "have one"
    return (
        f"no kernel{wanted} in profile {profile}; {', '.join(others)} {verb} ({found[0][1].location})",
        _types_advice(fitting, labelled, index, profile, others),
    )


def _types_advice(
    fitting: Sequence[KernelRegistration],
    labelled: Sequence[KernelRegistration],
    index: KernelIndex,
    profile: str,
    others: Sequence[str],
) -> str:
    """Converting types comes first: a larger build is larger for every model and on every phone."""
    here = [r for r in labelled if profile in r.profiles and r not in fitting]
    admitted = _admitted_text(here, profile) if here else ""
    convert = f"Convert the model to types that {profile} has: {admitted}." if admitted else ""
    larger = larger_profile(profile, others, index.release)
    if not larger:
        return convert or f"No build for a phone has it, only {' and '.join(others)}: export the model without it."
    how = how_to_build(profile, larger, index.release)
    return f"{convert} Or {how}." if convert else f"{how[0].upper()}{how[1:]}."


def _behind_macro(fitting: Sequence[KernelRegistration], wanted: str) -> Explanation | None:
    for registration in fitting:
        condition = registration.condition
        if condition is not None:
            return (
                f"the kernel{wanted} at {_hidden_text(registration, condition)}",
                _flag_advice(condition),
            )
    return None


def _hidden_text(registration: KernelRegistration, condition: Condition) -> str:
    """Where the kernel is, and what hides it there: an ``#if``, or that only GPU builds compile the file."""
    hides = f"hidden by `{condition.text}`" if condition.text.startswith("#") else f"in {condition.text}"
    return f"{registration.location} is {hides} ({condition.location})"


def _flag_advice(condition: Condition) -> str:
    flag = condition.arguments
    if not set(re.findall(r"(?<=-[DU])\w+", flag)).isdisjoint(VERSION_MACROS):
        return "It is for other releases of TensorFlow: build one that the condition admits, or export without the op."
    return f"Build TensorFlow with {flag}, and pass the same {flag} to opselect, with --tree or --root."


def _nowhere(
    requirement: Requirement,
    registrations: Iterable[KernelRegistration],
    labelled: Sequence[KernelRegistration],
    profile: str,
    wanted: str,
) -> Explanation:
    attrs = dict(requirement.attrs)
    elsewhere = sorted({r.device for r in registrations if r.device not in (CPU, DEFAULT) and admits(r, attrs) is True})
    if elsewhere:
        return (
            f"the only kernel{wanted} is for {' and '.join(elsewhere)}",
            "Convert the model to types that the CPU kernels admit: " + _admitted_text(labelled, profile),
        )
    return (
        f"no kernel{wanted} in any profile",
        f"The CPU kernels admit {_admitted_text(labelled, profile)}: convert the model.",
    )


def uncapitalized(text: str) -> str:
    """A sentence as it reads within another one."""
    return text[:1].lower() + text[1:]


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


def _ambiguous(outcome: Ambiguous, index: KernelIndex) -> Explanation:
    rivals = " and ".join(f"{r.kernel_class} ({r.location})" for r in outcome.registrations)
    if len({r.source for r in outcome.registrations}) == 1:
        advice = (
            f"The sources of TensorFlow {index.release} register it twice: delete one of the two, or convert the "
            "model to another type."
        )
    else:
        advice = "Keep all but one of these files out of the build and out of the scan."
    return f"TensorFlow refuses to choose between kernels of the same priority: {rivals}", advice


def _bad_attr(outcome: BadAttr, index: KernelIndex) -> Explanation:
    where = f"{outcome.registration.kernel_class} ({outcome.registration.location})"
    return (
        f"the kernel {where} constrains the attr {outcome.attr}: {outcome.problem}",
        (
            f"The node does not fit the op of TensorFlow {index.release}: export the model for this release. "
            "Requirements from a file lack attrs that no kernel constrained when they were collected: collect them "
            "again with the same TensorFlow and --root."
        ),
    )
