"""How a build of one profile gets the types of another, in the words of its build system.

A profile is opselect's word: what people edit are the makefile and the options of Bazel (docs/profiles.md has the
facts and where they stand).
"""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass

from kernel_index.build_files.mobile_lists import BY_MAKEFILE
from kernel_index.profiles import is_mobile, release_number
from kernel_index.records import MAKE

_SLIM = "__ANDROID_TYPES_SLIM__"
_FULL = "__ANDROID_TYPES_FULL__"
_ALL = "SUPPORT_SELECTIVE_REGISTRATION"
_LADDER = {"android-slim": _SLIM, "android": "", "android-full": _FULL, "selective": _ALL}
"""The macro that each profile gets its types by, those with the fewest types first."""

_WIDENS = {
    "": "every kernel then has the types of a default build (float, int32, bool), not only the first of them",
    _FULL: "every kernel then has half, int64 and quantized types too, as far as it names them",
    _ALL: "every kernel then has all types that it names, as on a desktop",
}
"""The types that each macro gives to all kernels (``framework/register_types.h``, ``kernels/cwise_ops_common.h``)."""

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


@dataclass(frozen=True, slots=True)
class TypesChange:
    """What to change in a build so that it has the types of a larger one.

    ``system`` is ``bazel`` or ``make``; ``where`` says which file or command line ``add`` goes into and ``remove``
    comes out of. ``opselect`` are the options that tell opselect of the changed build. ``beside`` is a remark about
    another build system that makes the same binaries; ``widens`` says which types every kernel gets by it.
    """

    system: str
    where: str
    add: tuple[str, ...]
    remove: tuple[str, ...]
    widens: str
    opselect: tuple[str, ...]
    beside: str = ""

    @property
    def sentence(self) -> str:
        """All of it, capitalized and without a full stop."""
        edits = [*(f"add {flag}" for flag in self.add), *(f"drop {flag}" for flag in self.remove)]
        told = shlex.join(self.opselect)
        how = f"{' and '.join(edits)} {self.where}{self.beside}"
        return f"{how[0].upper()}{how[1:]}: {self.widens}. Tell opselect so by {told}"


def change_for(profile: str, larger: str, release: str, build: str = "") -> TypesChange:
    """What to change in a build of ``profile`` so that it has the types of ``larger``, and how to tell opselect.

    ``larger`` is what :func:`larger_profile` gave. ``build`` is the build system where that is known
    (:data:`kernel_index.records.BAZEL` or ``MAKE``); else it is the usual one of the profile.
    """
    platform = profile.partition("+")[0]
    macro = _LADDER[larger]
    if _is_made(platform, release) or build == MAKE:
        if release_number(release) < _FIRST_VARIABLE:
            add, where = ((f"-D{macro}",) if macro else ()), f"in {_MAKEFILE}"
        else:
            macro = macro or _FULL
            add, where = (f"ANDROID_TYPES=-D{macro}",), f"on the command line of make ({_MAKEFILE})"
        define = ("-D", macro) if macro else ()
        options = ("--tree", "PATH", "--profile", platform, "-U", _SLIM, *define)
        if platform in _LADDER:
            options = ("--profile", next(name for name, its in _LADDER.items() if its == macro))
        # A variable on the command line of make takes the place of the one that the makefile sets.
        drop = () if where.startswith("on") else (f"-D{_SLIM}",)
        return TypesChange("make", where, add, drop, _WIDENS[macro], options)
    slim = _alike(profile, release) == "android-slim"
    beside = ""
    if macro and release_number(release) <= _LAST_MAKEFILE:
        beside = f" (the makefile's Android build: -D{macro} among the CXXFLAGS of {_MAKEFILE})"
    options = ("--profile", larger)
    if platform not in _LADDER:
        options = ("--tree", "PATH", "--profile", platform, "-D", macro)
    return TypesChange(
        "bazel",
        "on the command line of bazel build or in a build line of .bazelrc",
        (f"--copt=-D{macro}",) if macro else (),
        (f"--copt=-D{_SLIM}",) if slim else (),
        _WIDENS[macro],
        options,
        beside,
    )


def _is_made(platform: str, release: str) -> bool:
    """Whether the makefile builds a profile, with the slim types."""
    return platform in BY_MAKEFILE and release_number(release) <= _LAST_MAKEFILE


def _alike(profile: str, release: str) -> str:
    """The Android profile that has the types of a profile."""
    platform = profile.partition("+")[0]
    if platform in _LADDER:
        return platform
    return "android-slim" if _is_made(platform, release) else "android"
