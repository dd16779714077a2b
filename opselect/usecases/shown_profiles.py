"""What a profile is made of, and which kernels hang on a macro."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel_index.asked_names import asked_in, deciding
from kernel_index.near_names import near_names
from kernel_index.profiles import PROFILE_NAMES, BuildProfile, compiler_macros, profiles, release_number
from opselect.usecases.asked_sources import asked_of, named_sources
from opselect.usecases.kernel_source import KernelSource
from opselect.usecases.open_kernels import newest_release, open_kernels, unknown_profile
from opselect.usecases.watch import NOBODY, Watch

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from kernel_index.records import KernelRegistration, Location
    from kernel_index.scan.asked_macros import AskedMacros

_BY_COMPILER = frozenset(
    name
    for system in ("android", "ios", "linux")
    for processor in ("arm64", "arm", "x86-64")
    for name in compiler_macros(system, processor, clang=True)
) | {"__SSE3__"}

_SAID_BY = {
    "NDEBUG": "an optimized build",
    "ANDROID": "the toolchain for Android",
    "TF_LEAN_BINARY": "tf_copts in tensorflow/tensorflow.bzl; the makefile",
    "TENSORFLOW_USE_XLA": "tf_copts in tensorflow/tensorflow.bzl",
    "INTEL_MKL": "if_mkl in third_party/mkl/build_defs.bzl",
    "ENABLE_ONEDNN_V3": "onednn_v3_define in tensorflow/tsl/mkl/build_defs.bzl",
    "SELECTIVE_REGISTRATION": "android_tensorflow_lib_selective_registration in tensorflow/core/BUILD",
    "SUPPORT_SELECTIVE_REGISTRATION": "the same in tensorflow/core/BUILD",
    "RASPBERRY_PI": "tensorflow/contrib/makefile/Makefile, target PI",
    "IS_SLIM_BUILD": "tensorflow/contrib/makefile/Makefile",
    "USE_GEMM_FOR_CONV": "tensorflow/contrib/makefile/Makefile, target IOS",
}
"""Where a release says that a macro is passed; docs/profiles.md has the releases."""


@dataclass(frozen=True, slots=True)
class ShownMacro:
    """A macro of a profile; ``decides`` says whether conditions around registrations ask for it."""

    name: str
    value: str
    said_by: str
    decides: bool


@dataclass(frozen=True, slots=True)
class ProfileCounts:
    """How many kernels another profile has, and how many of them only one of the two has."""

    name: str
    kernels: int
    more: int
    fewer: int


@dataclass(frozen=True, slots=True)
class MacroUse:
    """``profiles`` define the macro; ``places`` are conditions that ask for it, None where no sources are at hand.

    ``is_written`` says whether the text of registrations has it, ``hidden`` are registrations that no mobile build has
    because of it. ``near`` are ops and macros that may have been meant, where nothing hangs on it.
    """

    macro: str
    decides: bool
    profiles: Mapping[str, str]
    said_by: str
    places: tuple[Location, ...] | None
    is_written: bool
    hidden: tuple[KernelRegistration, ...]
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpUse:
    """How many kernels of an op each profile has, and by which macros; ``registrations`` are all of the op."""

    op: str
    kernels: Mapping[str, int]
    macros: Mapping[str, Mapping[str, str]]
    registrations: tuple[KernelRegistration, ...]

    @property
    def decides(self) -> bool:
        """Whether builds differ in its kernels, or could: what a condition hides is not in every profile."""
        return any(len(r.profiles) < len(self.kernels) for r in self.registrations)


def known_profile(name: str, release: str) -> BuildProfile:
    """The profile of that name as builds of a release define it. Raises InputError for another name."""
    for profile in profiles(release):
        if profile.name == name:
            return profile
    raise unknown_profile(name, PROFILE_NAMES)


def release_asked(source: KernelSource) -> str:
    """The release that a question is about, without opening more than its name; the newest where none is named."""
    if source.tree is not None:
        from kernel_index.source_tree import version

        return version(source.tree, follow_links=source.follow_links)
    return open_kernels(source, lists=False).release if source.given else newest_release()


def macros_of(profile: BuildProfile, release: str) -> tuple[ShownMacro, ...]:
    """The macros of a profile, those that decide in a release first, each with who defines it."""
    decides = deciding(profile.defines, asked_in(release_number(release)))
    shown = [
        ShownMacro(name, value, said_by(name, profile.name), name in decides)
        for name, value in sorted(profile.defines.items())
    ]
    return tuple(sorted(shown, key=lambda macro: not macro.decides))


def said_by(name: str, profile: str = "") -> str:
    """Who defines a macro, of TensorFlow's files, the compiler or the person who builds."""
    if name in _BY_COMPILER:
        return "the compiler"
    if name.startswith("__ANDROID_TYPES_"):
        if profile.startswith("android"):
            return f"--copt=-D{name} of Bazel"
        return f"tensorflow/contrib/makefile/Makefile, or --copt=-D{name} of Bazel"
    return _SAID_BY.get(name, "")


def counts(index: KernelIndex, profile: str) -> tuple[ProfileCounts, ...]:
    """How the kernels of every profile of an index compare with those of one."""
    have: Counter[str] = Counter()
    both: Counter[str] = Counter()
    for registration in index.all_registrations():
        have.update(registration.profiles)
        if profile in registration.profiles:
            both.update(registration.profiles)
    return tuple(
        ProfileCounts(name, have[name], have[name] - both[name], have[profile] - both[name]) for name in index.profiles
    )


def explained(names: Iterable[str], source: KernelSource, watch: Watch = NOBODY) -> list[MacroUse | OpUse]:
    """What hangs on macros, and what kernels of ops hang on, in the sources that are named or as far as an index says.

    A name is that of an op where the TensorFlow has such an op. Raises what opening the source raises.
    """
    release = release_asked(source)
    asked = asked_of(named_sources(source, release))
    index = open_kernels(source if source.given else KernelSource(release), lists=False, watch=watch)
    ops = frozenset(index.op_names())
    return [
        _use_of_op(name, index) if name in ops else _use_of_macro(name, release, source, asked, index) for name in names
    ]


def _use_of_macro(
    macro: str, release: str, source: KernelSource, asked: AskedMacros | None, index: KernelIndex
) -> MacroUse:
    defined = {each.name: each.defines[macro] for each in profiles(release) if macro in each.defines}
    known = asked_in(release_number(release))
    hidden = tuple(r for r in index.all_registrations() if r.condition is not None and r.condition.macro == macro)
    of_sources = asked is not None and asked.decides(macro)
    decides = of_sources or bool(hidden) or (source.tree is None and macro in known)
    places = None if asked is None else asked.places.get(macro, ())
    is_written = asked is not None and asked.writes(macro)
    near = () if decides or defined or macro in known else near_names(macro, {*index.op_names(), *known})
    return MacroUse(macro, decides, defined, said_by(macro), places, is_written, hidden, tuple(near))


def _use_of_op(op: str, index: KernelIndex) -> OpUse:
    registrations = index.registrations(op)
    known = {profile.name: profile for profile in profiles(index.release)}
    asked = asked_in(release_number(index.release))
    counted = {name: sum(name in r.profiles for r in registrations) for name in index.profiles}
    decisive = {name: deciding(known[name].defines, asked) for name in index.profiles if name in known}
    return OpUse(op, counted, decisive, registrations)
