"""Would a build run these models? Before a phone is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.build_files.mobile_lists import builds_by_default, builds_of
from kernel_index.errors import InputError, OpselectError
from kernel_index.records import BAZEL, MAKE
from kernel_index.records_json import Json, attrs_json
from opselect.build_lists import check_read
from opselect.build_lists.header import SelectiveHeader
from opselect.findings import Finding
from opselect.models.formats import read_model
from opselect.requirements.of_many_models import Failure
from opselect.requirements.runtime import SESSION_OPS
from opselect.usecases.kernel_source import DEFAULT_PROFILE, NO_MACROS, KernelSource, Macros
from opselect.usecases.load_model import load_model
from opselect.usecases.model_names import model_names
from opselect.usecases.open_kernels import open_kernels, profile_of
from opselect.usecases.read_requirements import ModelRequirements, ModelSet, NoModelReadError, read_requirements
from opselect.usecases.select_kernels import select_kernels
from opselect.usecases.show_header import releases_of_classes
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch
from opselect.verifying.compiled_files import CompiledFiles, files_of_lists
from opselect.verifying.header_contents import HeaderContents, header_of_pairs
from opselect.verifying.named_files import ManifestFile, NamedFile, OpsList, PathList, read_named_file
from opselect.verifying.operators import has_flex, operators_without_delegate, unresolved_operators
from opselect.verifying.resolver import Resolver
from opselect.verifying.together import AllOf

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.models.graph.tflite import TfliteModel
    from opselect.selection.contents import BuildContents
    from opselect.selection.select import Selection

DEFAULT_LISTS = "default"
"""What stands for the lists of the TensorFlow that is named: upstream's own, or a checkout's as they stand."""

_BUILD_NAMES = {BAZEL: "the lists of Bazel", MAKE: "the makefile's list"}


@dataclass(frozen=True, slots=True)
class VerifyQuestion:
    """For which models, and what a build of them has.

    ``against`` is what makes up the build, all of it together: ``default`` for the lists of the TensorFlow, a checkout,
    or files (:data:`opselect.verifying.named_files.NamedFile`). ``source`` and ``profile`` may be left out where a
    manifest or a checkout among these says them. ``build`` is the one of Bazel and the makefile whose lists count;
    without it those that make binaries of the profile. ``have`` are libraries that the build has besides.
    """

    models: ModelSet
    against: tuple[str, ...] = ()
    source: KernelSource = field(default_factory=KernelSource)
    profile: str = ""
    macros: Macros = NO_MACROS
    build: str = ""
    have: frozenset[str] = frozenset()

    @property
    def named(self) -> tuple[str, ...]:
        """What the build is made up of; the default lists where nothing is named."""
        return self.against or (DEFAULT_LISTS,)


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a build runs all the models, and what does not run.

    ``release`` and ``profile`` are empty where no TensorFlow is asked, for TensorFlow Lite alone. ``ignored`` is what
    the release passes over although it changes results; ``unjudged`` says, a sentence each, what could not be judged.
    """

    against: str
    models: int
    problems: tuple[Finding, ...]
    release: str = ""
    profile: str = ""
    ignored: tuple[Finding, ...] = ()
    unjudged: tuple[str, ...] = ()
    unread: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every node of every model runs, as far as that can be judged."""
        return not (self.problems or self.unread)

    def to_json(self) -> Json:
        """``{"ok", "against", "tensorflow", "profile", "problems": […], "ignored", "unjudged", "unread"}``."""
        return {
            "ok": self.ok,
            "against": self.against,
            "tensorflow": self.release,
            "profile": self.profile,
            "problems": [problem_json(each) for each in self.problems],
            "ignored": [problem_json(each) for each in self.ignored],
            "unjudged": list(self.unjudged),
            "unread": [failure.model for failure in self.unread],
        }


def problem_json(finding: Finding) -> Json:
    """A row of ``problems``: what does not run, and what to do."""
    attrs = attrs_json(finding.attrs)
    return {
        "code": finding.code,
        "kind": finding.kind,
        "op": finding.op,
        "attrs": {**attrs, **({finding.attr: None} if finding.attr and finding.attr not in attrs else {})},
        "device": finding.device,
        "nodes": list(finding.nodes),
        "models": list(finding.models),
        "count": finding.count,
        "applicability": finding.applicability,
        "reason": finding.reason,
        "mend": finding.advice,
    }


def verify(question: VerifyQuestion, watch: Watch = NOBODY) -> Verified:
    """Whether a build runs models: node by node, and each model as a whole.

    A node runs where TensorFlow's rule picks a kernel for it among those that the build has, and the build defines its
    op; a model where its release loads it, too. Nothing is looked up on a phone: what a build has is told by its lists,
    its header, or both. Operators of TensorFlow Lite are held against registration files.

    Raises OpselectError where it is not clear which TensorFlow is meant, InputError for what cannot be read or says
    nothing of a build, and NoModelReadError where none of several models could be read. How a kernel is picked is the
    rule of TensorFlow's ``core/framework/op_kernel.cc`` (``docs/rules.md``).
    """
    recording = RecordingWatch(watch)
    files = _named_files(question)
    question = _completed(question, files)
    resolvers = [each for each in files.values() if isinstance(each, Resolver)]
    lite = _by_resolvers(question, resolvers) if resolvers else None
    if lite is not None and not question.source.given:
        return replace(lite, warnings=recording.warnings)
    found = _by_kernels(question, files, recording)
    if lite is not None:
        found = replace(found, problems=(*lite.problems, *found.problems))
    return replace(found, warnings=recording.warnings)


def _named_files(question: VerifyQuestion) -> dict[str, NamedFile]:
    return {path: read_named_file(path) for path in question.named if not _names_lists(path)}


def _names_lists(path: str) -> bool:
    return path == DEFAULT_LISTS or Path(path).is_dir()


def _completed(question: VerifyQuestion, files: dict[str, NamedFile]) -> VerifyQuestion:
    """The question with the TensorFlow and the profile that a checkout or a manifest says, where it says none."""
    source = question.source
    folders = [path for path in question.named if path != DEFAULT_LISTS and Path(path).is_dir()]
    for folder in folders:
        if source.tree is not None and source.tree.resolve() != Path(folder).resolve():
            raise OpselectError(
                f"{folder} is another checkout than {source.tree}\n  A build is of one: leave out the other."
            )
        if source.index_file is not None:
            raise OpselectError(f"{folder} is a checkout with kernels of its own\n  Leave out the index.")
        source = replace(source, release=None, tree=Path(folder))
    profile = question.profile
    for manifest in files.values():
        if isinstance(manifest, ManifestFile):
            profile = profile or manifest.profile
            if not source.given:
                source = replace(source, release=manifest.release)
    return replace(question, source=source, profile=profile or DEFAULT_PROFILE)


def _by_resolvers(question: VerifyQuestion, resolvers: Sequence[Resolver]) -> Verified:
    """What of TensorFlow Lite models no registration file has; with a TensorFlow, that answers for the Flex ops."""
    models = question.models
    if models.kept:
        raise OpselectError("a registration file is for models: kept requirements have no operators of TensorFlow Lite")
    problems: list[Finding] = []
    unread: list[Failure] = []
    names = model_names(models.paths)
    for path, name in names.items():
        try:
            model = _lite_model(path, resolvers)
        except InputError as error:
            if len(names) == 1:
                raise
            unread.append(Failure(name, str(error)))
            continue
        problems += unresolved_operators(model, name, resolvers)
        if not question.source.given and has_flex(model):
            problems += operators_without_delegate(model, name)
    if len(unread) == len(names):
        raise NoModelReadError(tuple(unread))
    return Verified(_against(question), len(names), tuple(problems), unread=tuple(unread))


def _lite_model(path: str, resolvers: Sequence[Resolver]) -> TfliteModel:
    with load_model(path) as loaded:
        lite = loaded.model.tflite
        if lite is None:
            advice = "For other models name what has kernels: lists, a manifest, a header."
            raise InputError(path, f"is no TensorFlow Lite model, and {resolvers[0].name} has only their ops", advice)
        return lite


def _by_kernels(question: VerifyQuestion, files: dict[str, NamedFile], watch: RecordingWatch) -> Verified:
    """What of the models the kernels of a TensorFlow do not run, in the build that is described."""
    index = open_kernels(question.source, macros=question.macros, profile=question.profile, watch=watch)
    profile = profile_of(index, question.profile, question.macros)
    builds = _builds(question, index, profile)
    needed = read_requirements(question.models, index, watch)
    parts, unjudged = _contents(question, files, index, profile, builds)
    contents = AllOf(tuple(parts)) if parts else None
    found = select_kernels(needed, index, profile, builds=builds, have=question.have, files=False, contents=contents)
    selection = found.selection
    whole = _runs_in_session(needed)
    problems = [each for each in selection.unresolved if whole or each.op not in SESSION_OPS or each.count]
    problems += _of_the_build(parts, selection)
    problems += selection.verdict.refused
    needed = needed.closed()
    return Verified(
        _against(question),
        needed.models,
        tuple(sorted(problems, key=lambda each: each.code)),
        index.release,
        profile,
        selection.verdict.ignored,
        (*unjudged, *selection.verdict.unjudged),
        needed.unread,
    )


def _builds(question: VerifyQuestion, index: KernelIndex, profile: str) -> tuple[str, ...]:
    """The builds whose lists and libraries count."""
    known = builds_of(index.build_lists)
    if question.build and question.build not in known:
        raise OpselectError(
            f"TensorFlow {index.release} has no lists for {question.build}\n"
            f"  It has lists for {' and '.join(known) or 'no build'}."
        )
    return (question.build,) if question.build else builds_by_default(index.build_lists, profile)


def _contents(
    question: VerifyQuestion,
    files: dict[str, NamedFile],
    index: KernelIndex,
    profile: str,
    builds: tuple[str, ...],
) -> tuple[list[BuildContents], list[str]]:
    """What the build has by each thing that is named, and what cannot be judged of it."""
    parts: list[BuildContents] = []
    unjudged: list[str] = []
    for path in question.named:
        named = files.get(path)
        if named is None:
            parts += _of_lists(index, profile, builds)
            if not builds and not profile.startswith("desktop"):
                unjudged.append(f"TensorFlow {index.release} has no lists for profile {profile}: all files count.")
        elif isinstance(named, SelectiveHeader):
            parts.append(HeaderContents(path, named, index, _spelled(named, index)))
        elif isinstance(named, OpsList):
            header = header_of_pairs(named.pairs)
            parts.append(HeaderContents(path, header, index, _spelled(header, index)))
        elif isinstance(named, ManifestFile):
            if (named.release, named.profile) != (index.release, profile):
                watch_for = f"{path} is of TensorFlow {named.release}, profile {named.profile}"
                unjudged.append(f"{watch_for}: whether a build of another one compiles its files is not judged.")
            parts.append(CompiledFiles(path, named.files, index, profile, builds))
        elif isinstance(named, PathList):
            known = builds_of(index.build_lists)
            its = (MAKE,) if MAKE in known else builds
            unknown = sorted(file for file in named.files if file not in index.includes)
            if index.includes and unknown:
                unjudged.append(f"{path} names {len(unknown)} files that were not scanned, {unknown[0]} first.")
            parts.append(CompiledFiles(path, named.files, index, profile, its))
    return parts, unjudged


def _of_lists(index: KernelIndex, profile: str, builds: tuple[str, ...]) -> Iterator[CompiledFiles]:
    check_read(index.build_lists)
    for build in builds:
        yield CompiledFiles(
            f"{_BUILD_NAMES[build]} of TensorFlow {index.release}",
            files_of_lists(index.build_lists, build),
            index,
            profile,
            (build,),
        )


def _spelled(header: SelectiveHeader, index: KernelIndex) -> str:
    """Which releases spell the classes of a header so, where the build's is none of them."""
    releases = releases_of_classes(header) if header.classes else ()
    if not releases or index.release in releases:
        return ""
    span = releases[0] if len(releases) == 1 else f"{releases[0]} to {releases[-1]}"
    return f"its classes are spelled as in TensorFlow {span}"


def _of_the_build(parts: Sequence[BuildContents], selection: Selection) -> Iterator[Finding]:
    """What keeps the build from being made at all."""
    sources = sorted({file.path for file in selection.files})
    for part in parts:
        if isinstance(part, CompiledFiles):
            yield from part.broken_links(sources)
        elif isinstance(part, HeaderContents):
            unusable = part.unusable()
            if unusable is not None:
                yield unusable


def _runs_in_session(needed: ModelRequirements) -> bool:
    """Whether a session runs any of the models: the Flex delegate runs ops without one."""
    loads = needed.requirements.loads
    return bool(loads.graphs or loads.unknown or not loads.uses)


def _against(question: VerifyQuestion) -> str:
    return " + ".join(question.named)


__all__ = ["DEFAULT_LISTS", "Verified", "VerifyQuestion", "problem_json", "verify"]
