"""How a build of one profile gets the types of another, in the words of its build system.

A profile is opselect's word: what people edit are the makefile and the options of Bazel (docs/profiles.md has the
facts and where they stand).
"""

from __future__ import annotations

from collections.abc import Collection

from kernel_index.build_files.mobile_lists import BY_MAKEFILE
from kernel_index.profiles import is_mobile, release_number

_SLIM = "__ANDROID_TYPES_SLIM__"
_FULL = "__ANDROID_TYPES_FULL__"
_LADDER = {
    "android-slim": _SLIM,
    "android": "",
    "android-full": _FULL,
    "selective": "SUPPORT_SELECTIVE_REGISTRATION",
}
"""The macro that each profile gets its types by, those with the fewest types first."""

_LAST_MAKEFILE = (2, 0)
_FIRST_VARIABLE = (1, 5)
"""The first release whose makefile has the variable ``ANDROID_TYPES``; empty, it stands for the slim types."""
_MAKEFILE = "tensorflow/contrib/makefile/Makefile"


def larger_profile(profile: str, others: Collection[str], release: str) -> str:
    """Of the profiles that have a kernel which ``profile`` lacks, the one with the fewest more types.

    Empty where none is one that a macro makes of this one: a desktop build is none for a phone.
    """
    if not is_mobile(profile):
        return ""
    names = list(_LADDER)
    here = names.index(_alike(profile, release))
    return next((name for name in names[here + 1 :] if name in others), "")


def how_to_build(profile: str, larger: str, release: str) -> str:
    """What to change in a build of ``profile`` so that it has the types of ``larger``, and how to tell opselect.

    ``larger`` is what :func:`larger_profile` gave.
    """
    platform = profile.partition("+")[0]
    macro = _LADDER[larger]
    if _is_made(platform, release):
        if release_number(release) < _FIRST_VARIABLE:
            how = f"{f'put -D{macro} in the place of' if macro else 'take out'} -D{_SLIM} in {_MAKEFILE}"
        else:
            macro = macro or _FULL
            how = f"run make with ANDROID_TYPES=-D{macro} in place of -D{_SLIM}"
        define = f" -D {macro}" if macro else ""
        options = f"--tree PATH --profile {platform} -U {_SLIM}{define}"
        return f"{how} for the types of profile {larger}, and tell opselect so by {options}"
    slim = _alike(profile, release) == "android-slim"
    flags = [*([f"without --copt=-D{_SLIM}"] if slim else ()), *([f"with --copt=-D{macro}"] if macro else ())]
    how = f"run Bazel {' and '.join(flags)}"
    if macro and release_number(release) <= _LAST_MAKEFILE:
        how += f" (or make with -D{macro} among the CXXFLAGS of {_MAKEFILE})"
    options = f"--profile {larger}" if platform in _LADDER else f"--tree PATH --profile {platform} -D {macro}"
    return f"{how} for the types of profile {larger}, and tell opselect so by {options}"


def _is_made(platform: str, release: str) -> bool:
    """Whether the makefile builds a profile, with the slim types."""
    return platform in BY_MAKEFILE and release_number(release) <= _LAST_MAKEFILE


def _alike(profile: str, release: str) -> str:
    """The Android profile that has the types of a profile."""
    platform = profile.partition("+")[0]
    if platform in _LADDER:
        return platform
    return "android-slim" if _is_made(platform, release) else "android"
