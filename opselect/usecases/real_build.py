"""The macros that a build really passes → the profile that it is, or a profile of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.errors import InputError
from opselect.usecases.asked_sources import asked_of, named_sources
from opselect.usecases.kernel_source import NO_MACROS, KernelSource, Macros
from opselect.usecases.open_kernels import open_kernels
from opselect.usecases.watch import NOBODY, Watch

if TYPE_CHECKING:
    from kernel_index.profiles import BuildProfile
    from kernel_index.scan.asked_macros import AskedMacros
    from opselect.build_commands.bazel_options import BazelFlags
    from opselect.build_commands.flags import MacroSource

_SHOWN = 3
"""How many files are named of those that differ."""

_SYSTEM_MACROS = ("__ANDROID__", "TARGET_OS_IPHONE")
_FOR_GPUS = re.compile(r"cuda|rocm|sycl|tensorrt")
_FOR_MKL = re.compile(r"mkl|onednn|openmp|with_acl|with_mpi|xsmm")
_CONTRACTION = "tensorflow_mkldnn_contraction_kernel"
"""The one of these that hides no kernel: it says by what a product of matrices is computed."""

_MEASURED = frozenset(((1, 13), (1, 15), (2, 4), (2, 14)))
"""Releases that were scanned with and without what :func:`kernel_index.asked_names.deciding` leaves out."""

_ADVICE_OF_RECORD = "Record the build of the TensorFlow whose kernels are asked about."


SCANNED_WITH = "the sources are scanned with what else differs from"
"""How the note begins that names what else differs; who asks no kernels of the sources does not scan them so."""


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """Where a build says how it compiles: at most one of the three files; ``configs`` are of ``bazelrc``."""

    compile_commands: Path | None = None
    aquery: Path | None = None
    bazelrc: Path | None = None
    configs: tuple[str, ...] = ()

    @property
    def file(self) -> Path | None:
        """The file that is named, None where none is."""
        return self.compile_commands or self.aquery or self.bazelrc

    @property
    def shown(self) -> str:
        """How messages name it."""
        return " ".join([str(self.file), *(f"--config={name}" for name in self.configs)])


@dataclass(frozen=True, slots=True)
class RealBuild:
    """What a build comes to: ``profile`` is the known one that it is, or is nearest to.

    ``macros`` are what differs of the macros that decide. ``scanned`` is all that differs, also what is taken to decide
    nothing: sources, of a tree or of folders over an index, are scanned so; without any it is the same as ``macros``.

    ``sources`` are the macros that decide what is registered, and those that flags set, each with where it comes from;
    ``deciding`` the names of the former. ``files`` counts calls of the compiler, ``kernel_files`` those of files that
    register kernels. ``notes`` say what was assumed, ``warnings`` what may make answers wrong for some files.
    """

    record: BuildRecord
    release: str
    profile: str
    macros: Macros
    scanned: Macros
    sources: Mapping[str, MacroSource]
    deciding: tuple[str, ...]
    files: int
    kernel_files: int
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def difference(self) -> str:
        """What differs from the profile, as a compiler takes it; empty where nothing does."""
        return " ".join(self.macros.flags)

    @property
    def sentence(self) -> str:
        """Which profile it is, and by how many files."""
        by = f" ({self.kernel_files} of {self.files} compiled files register kernels)" if self.files else ""
        if self.macros:
            return (
                f"{self.record.shown}: no known profile; {self.profile} with {self.difference} is what it compiles{by}"
            )
        return f"{self.record.shown}: profile {self.profile}{by}"


@dataclass(slots=True)
class _Part:
    """Files with the same macros of those that decide."""

    defines: dict[str, str]
    sources: Mapping[str, MacroSource]
    system: str
    said_by: str
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What of the TensorFlow that is built tells which macros matter.

    ``names`` are the macros that conditions ask for, those of folders over an index not among them: such folders are
    scanned with what a build passes, and an index is as it is. ``without_effect`` are names of these that decide
    nothing. ``sources`` say what files that are scanned hang on, None where none are.
    """

    release: str
    kernel_files: frozenset[str]
    names: AbstractSet[str]
    without_effect: AbstractSet[str]
    sources: AskedMacros | None

    def deciding(self, defines: Mapping[str, str]) -> dict[str, str]:
        """The macros that make a build one profile and not another."""
        from kernel_index.asked_names import deciding

        return deciding(defines, self.names, self.without_effect)

    def compared(self, defines: Mapping[str, str]) -> dict[str, str]:
        """The macros that files must have in common for one answer to hold for all of them."""
        own = self.deciding(defines)
        return {name: defines[name] for name in sorted(defines) if name in own or self.of_sources(name)}

    def of_sources(self, name: str) -> bool:
        """Whether what is scanned hangs on a macro."""
        from opselect.build_commands.grouped import CLOCK

        return self.sources is not None and name not in CLOCK and self.sources.decides(name)


def real_build(record: BuildRecord, source: KernelSource, watch: Watch = NOBODY) -> RealBuild:
    """The profile of a recorded build, for a TensorFlow. Raises InputError for records that cannot be read.

    Where only files without kernels are compiled in another way, that is a note; where files with kernels are, the way
    of most of them is taken and the others are named in a warning.
    """
    from kernel_index.asked_names import LAST_RELEASE
    from kernel_index.profiles import profiles, release_number

    asked = _of_source(source, watch)
    release = asked.release
    known = profiles(release)
    notes: list[str] = []
    warnings: list[str] = []
    if source.tree is None and release_number(release) > LAST_RELEASE:
        last = ".".join(map(str, LAST_RELEASE))
        notes.append(f"which macros TensorFlow {release} asks for is not known: those of 1.0 to {last} are compared")
    if record.bazelrc is not None:
        parts, count = _by_options(record, asked.kernel_files, known, notes), 0
    else:
        parts, count = _by_files(record, asked, notes, warnings)
    with_kernels, others = _split(parts, asked.kernel_files)
    chosen = _most(_most(with_kernels or others, asked.deciding), asked.compared)[0]
    warnings += _differing(chosen, with_kernels, asked.compared, "register kernels")
    notes += _differing(chosen, others, asked.deciding, "register none")
    if not with_kernels and count:
        warnings.append(f"none of the {count} files of {record.file} registers a kernel of TensorFlow {release}")
    if not chosen.said_by and count:
        notes.append("no argument names a target: a compiler for x86-64 Linux is taken to be meant")
    own = asked.deciding(chosen.defines)
    nearest = _nearest(own, known, asked)
    there = asked.deciding(nearest.defines)
    define = tuple((name, value) for name, value in own.items() if there.get(name) != value)
    macros = Macros(define, tuple(name for name in there if name not in own)) if own != there else NO_MACROS
    scanned = macros
    if asked.sources is not None:
        scanned = _all_that_differs(chosen, nearest, asked)
        unnamed = [flag for flag in scanned.flags if flag not in macros.flags]
        if unnamed:
            notes.append(f"{SCANNED_WITH} {nearest.name}: {' '.join(unnamed)}")
    if source.tree is None and release_number(release)[:2] not in _MEASURED and not macros:
        alike = [part for part in with_kernels or [chosen] if asked.deciding(part.defines) == own]
        unjudged = sorted(n for n in asked.names if any(p.defines.get(n) != nearest.defines.get(n) for p in alike))
        if unjudged:
            notes.append(
                f"{', '.join(unjudged)} {'differs' if len(unjudged) == 1 else 'differ'} from {nearest.name} and "
                f"{'was' if len(unjudged) == 1 else 'were'} measured in other releases alone, where no registration "
                "hangs on them: --tree PATH makes sure"
            )
    shown = {n: s for n, s in sorted(chosen.sources.items()) if n in own or not s.by_compiler}
    matched = sum(len(part.files) for part in with_kernels) if count else 0
    return RealBuild(
        record,
        release,
        nearest.name,
        macros,
        scanned,
        shown,
        tuple(own),
        count,
        matched,
        tuple(notes),
        tuple(warnings),
    )


def usable(build: RealBuild, source: KernelSource) -> RealBuild:
    """The same build. Raises InputError where its macros are those of no profile and an index is asked about it."""
    if not build.macros or source.tree is not None:
        return build
    raise InputError(
        build.record.shown,
        f"is no known profile of TensorFlow {build.release}: {build.profile}, the nearest, lacks {build.difference}",
        "An index has the known profiles alone: name the sources by --tree PATH.",
    )


def _all_that_differs(part: _Part, nearest: BuildProfile, asked: _Asked) -> Macros:
    """What to put on top of a profile for just these macros: all that sources hang on, and all that flags set.

    What the compiler defines and no source asks for is left out, and so is the time of the build.
    """
    from opselect.build_commands.grouped import CLOCK

    define = tuple(
        (name, value)
        for name, value in sorted(part.defines.items())
        if nearest.defines.get(name) != value
        and name not in CLOCK
        and (asked.of_sources(name) or (name in part.sources and not part.sources[name].by_compiler))
    )
    return Macros(define, tuple(sorted(n for n in nearest.defines if asked.of_sources(n) and n not in part.defines)))


def _nearest(own: Mapping[str, str], known: Sequence[BuildProfile], asked: _Asked) -> BuildProfile:
    """The profile for the same system whose deciding macros differ least."""

    def distance(profile: BuildProfile) -> tuple[int, int]:
        there = asked.deciding(profile.defines)
        return sum((name in own) != (name in there) for name in _SYSTEM_MACROS), len(own.items() ^ there.items())

    return min(known, key=distance)


def _of_source(source: KernelSource, watch: Watch) -> _Asked:
    """What the TensorFlow that is named, and folders over it, tell of macros."""
    from kernel_index.asked_names import WITHOUT_EFFECT, asked_in
    from kernel_index.profiles import release_number

    if source.tree is not None:
        tree = named_sources(source, "")
        made = asked_of(tree)
        assert tree is not None  # it is named
        assert made is not None
        files = frozenset(unit.path for unit in tree.units)
        return _Asked(tree.release, files, made.places.keys(), WITHOUT_EFFECT, made)
    index = open_kernels(replace(source, roots=()), watch=watch, lists=False)
    files = frozenset[str]().union(*(index.kernel_files(profile) for profile in index.profiles))
    names = asked_in(release_number(index.release))
    conditions = frozenset[str]()
    if source.index_file is not None:
        conditions = frozenset(r.condition.macro for r in index.all_registrations() if r.condition is not None)
    folders = named_sources(source, index.release)
    over = asked_of(folders)
    files |= {unit.path for unit in folders.units} if folders is not None else set()
    # A registration of an index that hangs on a macro shows that it has an effect, whatever was measured elsewhere.
    return _Asked(index.release, files, names | conditions, WITHOUT_EFFECT - conditions, over)


def _by_files(record: BuildRecord, asked: _Asked, notes: list[str], warnings: list[str]) -> tuple[list[_Part], int]:
    from opselect.build_commands.aquery import aquery_commands
    from opselect.build_commands.compile_commands import compile_commands
    from opselect.build_commands.grouped import grouped

    path = record.file
    assert path is not None  # the caller has looked
    made = grouped(compile_commands(path) if record.compile_commands is not None else aquery_commands(path))
    if not made.groups:
        raise InputError(str(path), "has no call of a compiler for C or C++", _ADVICE_OF_RECORD)
    unread: dict[bool, list[str]] = {True: [], False: []}
    for problem, found in made.problems.items():
        if not found.names or any(asked.compared({name: "1"}) for name in found.names):
            counts = any(_in_tree(file, asked.kernel_files) for file in found.files)
            unread[counts].append(f"{found.place}: {problem}")
    for told, into in ((unread[True], warnings), (unread[False], notes)):
        into += told[:_SHOWN]
        if len(told) > _SHOWN:
            into.append(f"{path}: as many as {len(told)} such arguments are not read")
    parts = []
    for group in made.groups:
        example = group.example
        parts.append(_Part(example.defines, example.macros, example.target.system, example.target.said_by, group.files))
    return parts, made.count


def _by_options(
    record: BuildRecord,
    kernel_files: Iterable[str],
    known: Sequence[BuildProfile],
    notes: list[str],
) -> list[_Part]:
    from opselect.build_commands.bazel_options import bazel_flags
    from opselect.build_commands.bazelrc import read_bazelrc
    from opselect.build_commands.flags import MacroSource

    assert record.bazelrc is not None  # the caller has looked
    flags = bazel_flags(read_bazelrc(record.bazelrc).options(record.configs))
    notes += flags.problems
    base, by = _base_of(flags, {each.name: each for each in known}, record)
    notes.append(f"{by}, and the options of {record.bazelrc} over it")
    for name, option in flags.switches.items():
        if _FOR_GPUS.search(name):
            raise InputError(
                option.place,
                f"{name} has TensorFlow's own build files pass more macros, and no profile has kernels of GPUs",
                "Give the build as --aquery or --compile-commands.",
            )
        if _FOR_MKL.search(name) and _CONTRACTION not in name:
            raise InputError(
                option.place,
                f"{name} has TensorFlow's own build files pass macros that decide which kernels there are",
                "Give the build as --aquery or --compile-commands.",
            )
        if _CONTRACTION in name:
            notes.append(f"{option.place}: what TensorFlow's own build files make of {name} is not read")
    parts: dict[object, _Part] = {}
    for file in sorted(kernel_files):
        own = flags.macros(file)
        defines = {n: v for n, v in base.items() if n not in own or own[n].value is not None}
        defines.update({n: s.value for n, s in own.items() if s.value is not None})
        key = tuple(sorted(defines.items()))
        sources = {n: MacroSource(v, by, by_compiler=True) for n, v in base.items()} | own
        parts.setdefault(key, _Part(defines, sources, flags.system, flags.said_by)).files.append(file)
    return list(parts.values())


def _base_of(
    flags: BazelFlags, known: Mapping[str, BuildProfile], record: BuildRecord
) -> tuple[Mapping[str, str], str]:
    """The macros that TensorFlow's own build files and the compiler give for the target that options name."""
    from kernel_index.profiles import compiler_macros

    said = flags.said_by or "no option names a target"
    if flags.system in ("android", "ios"):
        return known[flags.system].defines, f"{said}: profile {flags.system}"
    if flags.system in ("", "linux"):
        if flags.processor in ("", "x86-64"):
            return known["desktop"].defines, f"{said}: profile desktop"
        if flags.processor == "arm":
            return known["raspberry-pi"].defines, f"{said}: profile raspberry-pi"
        if flags.processor == "arm64":
            # if_mkl and onednn_v3_define of TensorFlow's build files are true for x86-64 alone.
            x86 = compiler_macros("linux", "x86-64", clang=False).keys() | {"__SSE3__", "INTEL_MKL", "ENABLE_ONEDNN_V3"}
            own = compiler_macros("linux", "arm64", clang=False)
            kept = {name: value for name, value in known["desktop"].defines.items() if name not in x86}
            return {**kept, **own}, f"{said}: profile desktop without what is for x86-64"
    raise InputError(
        record.shown,
        f"{said}: that is no build of a phone or of Linux",
        "Profiles are of Android, iOS and Linux; give the build as --aquery or --compile-commands.",
    )


def _split(parts: Iterable[_Part], kernel_files: Collection[str]) -> tuple[list[_Part], list[_Part]]:
    """The parts as far as their files register kernels, and the rest of them."""
    inside: list[_Part] = []
    outside: list[_Part] = []
    for part in parts:
        found = [file for file in part.files if _in_tree(file, kernel_files)]
        for files, into in ((found, inside), ([f for f in part.files if f not in set(found)], outside)):
            if files:
                into.append(_Part(part.defines, part.sources, part.system, part.said_by, files))
    return inside, outside


def _in_tree(file: str, paths: Collection[str]) -> bool:
    """Whether a path of a build is one of some paths from the checkout's root, whatever is before it."""
    at = 0
    while at >= 0:
        if file[at:].lstrip("/") in paths:
            return True
        at = file.find("/", at + 1)
    return False


def _most(parts: Sequence[_Part], told: Callable[[Mapping[str, str]], Mapping[str, str]]) -> list[_Part]:
    """Of some parts those that most files are in, where what is told of their macros makes them alike."""
    alike: dict[object, list[_Part]] = {}
    for part in parts:
        alike.setdefault(tuple(told(part.defines).items()), []).append(part)
    return max(alike.values(), key=lambda found: sum(len(part.files) for part in found))


def _differing(
    chosen: _Part, parts: Sequence[_Part], told: Callable[[Mapping[str, str]], Mapping[str, str]], what: str
) -> list[str]:
    """Sentences about files that are compiled otherwise than the chosen ones, as far as that is told of macros."""
    own = told(chosen.defines)
    total = sum(len(part.files) for part in parts)
    differing: dict[str, list[str]] = {}
    for part in parts:
        theirs = told(part.defines)
        if theirs == own:
            continue
        more = [f"-D{n}={v}" if v != "1" else f"-D{n}" for n, v in theirs.items() if own.get(n) != v]
        less = [f"without -D{n}" for n in own if n not in theirs]
        differing.setdefault(" ".join([*more, *less]), []).extend(part.files)
    return [
        f"{len(files)} of the {total} files that {what} are compiled otherwise ({differ}): "
        f"{', '.join(files[:_SHOWN])}{' …' if len(files) > _SHOWN else ''}"
        for differ, files in differing.items()
    ]
