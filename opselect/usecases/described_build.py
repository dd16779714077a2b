"""What is a build made of that a user describes, by lists, manifests, headers and the release?"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING

from kernel_index.build_files.lists import named_path
from kernel_index.build_files.mobile_lists import builds_by_default, builds_of
from kernel_index.errors import OpselectError
from kernel_index.records import BAZEL, MAKE
from opselect.build_lists.header.record import SelectiveHeader
from opselect.build_lists.unread import check_read
from opselect.findings.mends import Mend, run
from opselect.usecases.kernel_source import NO_MACROS, KernelSource, Macros
from opselect.usecases.model_names import shown_name
from opselect.usecases.passed_options import passed_options
from opselect.usecases.read_requirements import ModelSet
from opselect.usecases.real_build import BuildRecord
from opselect.usecases.show_header import releases_of_classes
from opselect.verifying.build_options import BuildOptions
from opselect.verifying.compiled_files import CompiledFiles
from opselect.verifying.desktop_library import DesktopLibrary
from opselect.verifying.header_contents import HeaderContents, header_of_pairs
from opselect.verifying.listed_files import files_of_lists
from opselect.verifying.named_files import ManifestFile, NamedFile, OpsList, PathList
from opselect.verifying.resolver import Resolver

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.selection.contents import BuildContents

DEFAULT_LISTS = "default"
"""What stands for the lists of the TensorFlow that is named: upstream's own, or a checkout's as they stand."""

_MAX_NAMED = 3
"""Maximum number of models that a command of the advice names."""

LISTS_OF = {BAZEL: "the lists of Bazel", MAKE: "the makefile's list"}
"""What the lists of a build are called in a sentence."""


@dataclass(frozen=True, slots=True)
class VerifyQuestion:
    """For which models, and what a build of them has.

    ``against`` is what makes up the build, all of it together: ``default`` for the lists of the TensorFlow, a checkout,
    or files (:data:`opselect.verifying.named_files.NamedFile`). ``source`` and ``profile`` may be left out where a
    manifest or a checkout among these says them. ``build`` is the one of Bazel and the makefile whose lists count;
    without it those that make binaries of the profile. ``have`` are libraries that the build has besides. ``abi`` is
    the processor whose library counts in a package of binaries. ``runtime`` is the release of TensorFlow Lite or LiteRT
    whose operators the models are held against, as :func:`opselect.lite.runtimes.find_runtime` reads it. ``record``
    says how the build is made, where somebody named that.
    """

    models: ModelSet
    against: tuple[str, ...] = ()
    source: KernelSource = field(default_factory=KernelSource)
    profile: str = ""
    macros: Macros = NO_MACROS
    build: str = ""
    have: frozenset[str] = frozenset()
    abi: str = ""
    runtime: str = ""
    record: BuildRecord | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """What the build is made up of; the default lists where nothing is named."""
        return self.against or (DEFAULT_LISTS,)


@dataclass(frozen=True, slots=True)
class DescribedBuild:
    """A build as far as it is known: its ``parts`` together, and what of them cannot be judged, a sentence each.

    ``builds`` are those of Bazel and the makefile whose lists and libraries count, ``lists`` those whose lists are
    parts of it.
    """

    parts: tuple[BuildContents, ...]
    unjudged: tuple[str, ...]
    builds: tuple[str, ...]
    lists: tuple[str, ...] = ()


def described_build(
    question: VerifyQuestion, files: dict[str, NamedFile], index: KernelIndex, profile: str
) -> DescribedBuild:
    """What the build of a question has, by each thing that is named; ``files`` are those among them, read.

    Raises OpselectError where lists of a build are asked for that the release has not, and SourceTreeError where one
    of its BUILD files could not be read.
    """
    builds = _builds(question, index, profile)
    parts: list[BuildContents] = []
    unjudged: list[str] = []
    lists_again = _remake(question, index, profile, "--out build_lists")
    header_again = _remake(question, index, profile, "--target header --out build_lists")
    # Who names nothing but registration files of TensorFlow Lite has the default lists for the ops of TensorFlow.
    only_lite = files and all(isinstance(files.get(path), Resolver) for path in question.named)
    named_parts = (DEFAULT_LISTS,) if only_lite else question.named
    for path in named_parts:
        named = files.get(path)
        if named is None:
            options = passed_options(profile, question.source, question.record)
            parts += _of_lists(index, profile, builds, options, _remake_lists(question, index, profile))
            if not builds and profile.startswith("desktop"):
                parts.append(DesktopLibrary())
            elif not builds:
                unjudged.append(f"TensorFlow {index.release} has no lists for profile {profile}: all files count.")
        elif isinstance(named, SelectiveHeader | OpsList):
            header = header_of_pairs(named.pairs) if isinstance(named, OpsList) else named
            spelled = cache(partial(_spelled, header, index))
            parts.append(HeaderContents(path, header, index, header_again, spelled))
        elif isinstance(named, ManifestFile):
            if (named.release, named.profile) != (index.release, profile):
                said = f"{path} is of TensorFlow {named.release}, profile {named.profile}"
                unjudged.append(f"{said}: whether a build of another one compiles its files is not judged.")
            parts.append(CompiledFiles(path, named.files, index, profile, lists_again, builds))
        elif isinstance(named, PathList):
            known = _known_files(index)
            compiled = named.compiled(known)
            unknown = sorted(compiled - known)
            if unknown:
                them = f"{unknown[0]} and {len(unknown) - 1} more files" if unknown[1:] else unknown[0]
                unjudged.append(f"{path} names {them} that TensorFlow {index.release} does not have, or no scan reads.")
            its = (MAKE,) if MAKE in builds_of(index.build_lists) else builds
            parts.append(CompiledFiles(path, compiled, index, profile, lists_again, its))
    lists = builds if any(files.get(path) is None for path in named_parts) else ()
    return DescribedBuild(tuple(parts), tuple(unjudged), builds, lists)


def _builds(question: VerifyQuestion, index: KernelIndex, profile: str) -> tuple[str, ...]:
    """The builds whose lists and libraries count."""
    known = builds_of(index.build_lists)
    if question.build and question.build not in known:
        raise OpselectError(
            f"TensorFlow {index.release} has no lists for {question.build}\n"
            f"  It has lists for {' and '.join(known) or 'no build'}."
        )
    return (question.build,) if question.build else builds_by_default(index.build_lists, profile)


def _known_files(index: KernelIndex) -> frozenset[str]:
    """The files that a scan reads, and those that the lists of the release name besides: gradients and the like."""
    lists = index.build_lists
    listed = [named_path(entry) for entry in lists.makefile if entry not in lists.makefile_missing]
    return frozenset(index.includes).union(listed, *lists.groups.values())


def _of_lists(
    index: KernelIndex, profile: str, builds: tuple[str, ...], options: BuildOptions, remake: Mend
) -> Iterator[CompiledFiles]:
    check_read(index.build_lists)
    for build in builds:
        listed = files_of_lists(index.build_lists, build, options)
        name = f"{LISTS_OF[build]} of TensorFlow {index.release}"
        yield CompiledFiles(name, listed.compiled, index, profile, remake, (build,), listed.undecided, listed.left_out)


def _remake_lists(question: VerifyQuestion, index: KernelIndex, profile: str) -> Mend:
    """How to have the lists of a release or a checkout hold what is missing."""
    tree = question.source.tree
    if tree is None:
        return _remake(question, index, profile, "--mode extend --out build_lists")
    source = f"--tree {shlex.quote(str(tree))}{_roots(question)}"
    line = f"opselect apply {_models(question)} {source} {_profile(question, profile)}"
    return run("Add what is missing: {command}.", f"{line} --mode extend --write", applicability="likely")


def _remake(question: VerifyQuestion, index: KernelIndex, profile: str, rest: str) -> Mend:
    """How to write what the build is made of again, for all the models."""
    source = question.source
    where = f"--tensorflow {index.release}"
    for option, path in (("--tree", source.tree), ("--index", source.index_file)):
        where = where if path is None else f"{option} {shlex.quote(str(path))}"
    line = f"opselect generate {_models(question)} {where}{_roots(question)} {_profile(question, profile)} {rest}"
    return run("Write it again for all the models: {command}.", line, applicability="likely")


def _roots(question: VerifyQuestion) -> str:
    return "".join(f" --root {shlex.quote(str(root))}" for root in question.source.roots)


def _profile(question: VerifyQuestion, profile: str) -> str:
    """The options that name a profile: one that was scanned with macros has these behind its own name."""
    macros = question.macros
    if not macros:
        return f"--profile {profile}"
    defined = [("-D", f"{name}={text}") for name, text in macros.define]
    flags = [*defined, *(("-U", name) for name in macros.undefine)]
    return shlex.join(["--profile", question.profile, *(word for flag in flags for word in flag)])


def _models(question: VerifyQuestion) -> str:
    paths = question.models.paths
    return shlex.join(shown_name(path) for path in paths) if 0 < len(paths) <= _MAX_NAMED else "MODEL..."


def _spelled(header: SelectiveHeader, index: KernelIndex) -> str:
    """Which releases spell the classes of a header so, where the build's is none of them."""
    releases = releases_of_classes(header) if header.classes else ()
    if not releases or index.release in releases:
        return ""
    span = releases[0] if len(releases) == 1 else f"{releases[0]} to {releases[-1]}"
    return f"its classes are spelled as in TensorFlow {span}"
