"""Macros that decide which types a build has, and their misspellings, which do nothing and say nothing."""

from __future__ import annotations

from kernel_index.near_names import near_names
from kernel_index.records import MAKE
from opselect.diagnosis.setting import Setting, told
from opselect.findings import Finding
from opselect.findings.mends import BuildFlags

TYPE_MACROS = (
    "__ANDROID_TYPES_FULL__",
    "__ANDROID_TYPES_SLIM__",
    "SUPPORT_SELECTIVE_REGISTRATION",
    "SELECTIVE_REGISTRATION",
)
"""The macros that decide types (``framework/register_types.h``, ``kernels/cwise_ops_common.h``)."""

_MAKE_VARIABLE = "ANDROID_TYPES"


def misspelt_macros(setting: Setting) -> list[Finding]:
    """Macros of the build that are like one that decides types and are none."""
    found = []
    for name, text in setting.macros:
        meant = meant_macro(name, text)
        if meant:
            flag = f"-D{name}={text}" if text not in ("", "1") else f"-D{name}"
            reason = f"{flag} defines a macro that no file of TensorFlow asks for"
            found.append(Finding("OPS505", reason, mends=(_in_its_place(flag, f"-D{meant}", setting),)))
    if not found and setting.profile == "android-slim":
        reason = (
            "if it was built with __ANDROID_TYPES_FULL__: -DANDROID_TYPES=-D__ANDROID_TYPES_FULL__ among the "
            "compiler's flags defines another macro, and does nothing"
        )
        text = "Write -D__ANDROID_TYPES_FULL__ there; ANDROID_TYPES is a variable of make, given on its command line."
        found.append(Finding("OPS505", reason, mends=(told("guess", text),)))
    return found


def _in_its_place(wrong: str, right: str, setting: Setting) -> BuildFlags:
    is_made = setting.builds == (MAKE,)
    return BuildFlags(
        text=f"Write {right} in its place.",
        system="make" if is_made else "bazel",
        where=f"wherever the build has {wrong}",
        add=(right if is_made else f"--copt={right}",),
        remove=(wrong if is_made else f"--copt={wrong}",),
        applicability="certain",
    )


def meant_macro(name: str, text: str) -> str:
    """The macro of :data:`TYPE_MACROS` that somebody meant; empty for one of them, and for one that is like none."""
    if name in TYPE_MACROS:
        return ""
    if name.strip("_") == _MAKE_VARIABLE and text.strip("- D").strip("_"):
        # A variable of the makefile, given to the compiler: its text is the macro that was meant.
        near = near_names(text, TYPE_MACROS, at_most=1)
        return near[0] if near else ""
    near = near_names(name, TYPE_MACROS, at_most=1)
    return near[0] if near else ""
