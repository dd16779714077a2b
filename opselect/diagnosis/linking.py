"""Kernels whose file is compiled and that are not in the binary all the same: headers, linkers, libraries."""

from __future__ import annotations

from collections.abc import Sequence

from kernel_index.build_files.places import MAKEFILE
from kernel_index.records import BAZEL, MAKE, KernelRegistration
from opselect.diagnosis.setting import Setting, told
from opselect.findings import Finding
from opselect.findings.mends import OR, Applicability, BuildFlags, Mend, run
from opselect.logs.records import LogFailure

_WHOLE = (
    "Link the library of kernels whole: alwayslink = 1 in Bazel, -Wl,--whole-archive LIB -Wl,--no-whole-archive with "
    "GNU ld and the NDK, -force_load LIB in Xcode."
)


def has_nothing(failure: LogFailure) -> bool:
    """Whether what is missing is in every build of TensorFlow, so that the rest cannot be there either."""
    in_every_build = failure.op in ("Const", "NoOp", "Placeholder", "Identity")
    return in_every_build and (failure.rows == () or failure.kind == "op-not-registered")


def link_whole(setting: Setting, applicability: Applicability) -> Mend:
    """To link an archive whole, in the words of the build where one is known."""
    if setting.builds == (MAKE,):
        flags = ("-Wl,--whole-archive", "-Wl,--no-whole-archive")
        where = f"before and behind the library in the link line of {MAKEFILE}"
        text = f"Link the library whole: {flags[0]} and {flags[1]} {where} (-force_load for iOS)."
        return BuildFlags(system="make", where=where, add=flags, text=text, applicability=applicability)
    if setting.builds == (BAZEL,):
        where = "in the cc_library of the kernels"
        text = f"Link the library whole: alwayslink = 1 {where}."
        return BuildFlags(system="bazel", where=where, add=("alwayslink = 1",), text=text, applicability=applicability)
    return told(applicability, _WHOLE)


def dropped_by_linker(fitting: Sequence[KernelRegistration], setting: Setting) -> Finding:
    """Nothing calls a registration: an archive that is not linked whole loses it, without a word."""
    path = fitting[0].source
    reason = f"if the build compiles {path}: nothing calls the registration, so a linker drops it from an archive"
    mends = (link_whole(setting, "guess"),)
    return Finding("OPS502", reason, op=fitting[0].op, files=(path,), places=(fitting[0].location,), mends=mends)


def nothing_linked(failure: LogFailure, setting: Setting) -> Finding:
    """Not even the kernels that every graph needs are there."""
    what = f"no {failure.op}, which every build of TensorFlow has" if failure.op else "no session and no device"
    reason = f"the binary has {what}: TensorFlow's library is not linked into it whole, or is of another ABI"
    mends = (link_whole(setting, "likely"), told("guess", "Use a library of the device's own ABI.", lead=OR))
    return Finding("OPS503", reason, op=failure.op, mends=mends)


def registers_nothing(failure: LogFailure, fitting: Sequence[KernelRegistration], setting: Setting) -> list[Finding]:
    """With selective registration the header may lack the op, or name the class that another build registers."""
    if failure.rows is None or failure.rows:
        return []
    by_profile: dict[str, set[str]] = {}
    for registration in setting.index.registrations(failure.op):
        if any(registration.constraints == each.constraints for each in fitting):
            for profile in registration.profiles:
                by_profile.setdefault(profile, set()).add(registration.kernel_class)
    here = by_profile.get(setting.profile, set())
    line = (
        f"opselect generate {setting.shown_model} {setting.source_options} --profile {setting.profile} "
        "--target header --out build_lists"
    )
    others = [(p, classes) for p, classes in by_profile.items() if not classes & here]
    for profile, classes in others if here else ():
        reason = (
            f"if the build has an ops_to_register.h: {setting.profile} registers {min(here)}, {profile} "
            f"{min(classes)}, and a header with the class of the one registers nothing on the other"
        )
        mend = run("Write the header for the target: {command}.", line, applicability="likely")
        return [Finding("OPS122", reason, op=failure.op, places=(fitting[0].location,), mends=(mend,))]
    reason = "if the build has an ops_to_register.h: it does not have the op, or not the class of its kernel"
    mend = run("Write the header for the model: {command}.", line, applicability="guess")
    return [Finding("OPS123", reason, op=failure.op, places=(fitting[0].location,), mends=(mend,))]
