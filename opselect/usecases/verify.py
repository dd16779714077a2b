"""Would a build run these models? Before a phone is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kernel_index import shipped
from kernel_index.build_files.mobile_lists import builds_of
from kernel_index.errors import InputError, OpselectError
from kernel_index.records import BuildLists
from kernel_index.records_json import Json
from kernel_index.source_tree import version
from opselect.audit.releases import nearest_release
from opselect.findings import Finding, code_of
from opselect.findings.as_json import problem_json
from opselect.findings.mends import change_model
from opselect.lite.runtimes import LiteRelease, find_runtime
from opselect.models.graph import BrokenGraphError
from opselect.requirements.of_many_models import Failure
from opselect.usecases.described_build import DEFAULT_LISTS, LISTS_OF, DescribedBuild, VerifyQuestion, described_build
from opselect.usecases.kernel_source import DEFAULT_PROFILE
from opselect.usecases.load_model import load_model
from opselect.usecases.model_names import model_names
from opselect.usecases.open_kernels import open_kernels, profile_of
from opselect.usecases.read_requirements import NoModelReadError, read_requirements
from opselect.usecases.select_kernels import BuildAnswer, select_kernels
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch
from opselect.verifying.binary_contents import BinaryContents, BinaryFile, fitting_profile, is_binary, preferred
from opselect.verifying.compiled_files import CompiledFiles
from opselect.verifying.header_contents import HeaderContents
from opselect.verifying.named_files import ManifestFile, NamedFile, read_named_file
from opselect.verifying.operators import has_flex, operators_without_delegate, unresolved_operators
from opselect.verifying.resolver import Resolver
from opselect.verifying.runtime import disagreements, noted_minimum, operators_not_in_runtime
from opselect.verifying.together import AllOf

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.models.graph.tflite import TfliteModel
    from opselect.selection.contents import BuildContents


_RELEASE = re.compile(r"v?\d+\.\d+(?:\.\d+)?(?:-?rc\d+)?")


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a build runs all the models, and what does not run.

    ``release`` and ``profile`` are empty where no TensorFlow is asked, for TensorFlow Lite alone. ``ignored`` is what
    the release passes over although it changes results; ``unjudged`` says, a sentence each, what could not be judged.
    ``runtime`` is the release of TensorFlow Lite that was asked about, ``notes`` what else is to say of its operators.
    ``lists`` are the builds whose lists were judged, of ``known_lists`` that the release has lists for
    (:data:`kernel_index.records.BAZEL` and ``MAKE``).
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
    runtime: LiteRelease | None = None
    notes: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    known_lists: tuple[str, ...] = ()

    @property
    def whose_lists(self) -> str:
        """Whose lists were judged, in words; empty where the release has those of one build at most, or none count."""
        return " and ".join(LISTS_OF[build] for build in self.lists) if len(self.known_lists) > 1 else ""

    @property
    def ok(self) -> bool:
        """Whether every node of every model runs, as far as that can be judged."""
        return not (self.problems or self.unread)

    @property
    def verdict(self) -> Literal["ok", "fails", "not known"]:
        """``fails`` where something surely does not run, ``not known`` where of something nobody knows whether it does.

        Both are not :attr:`ok`.
        """
        if self.ok:
            return "ok"
        is_known = any(not code_of(each.code).is_unknown for each in self.problems)
        return "fails" if is_known or not self.problems else "not known"

    def to_json(self) -> Json:
        """``{"ok", "verdict", "against", "tensorflow", "profile", "lists", …}`` (``docs/verify.md``)."""
        return {
            "ok": self.ok,
            "verdict": self.verdict,
            "against": self.against,
            "tensorflow": self.release,
            "profile": self.profile,
            "lists": list(self.lists),
            "runtime": "" if self.runtime is None else str(self.runtime),
            "problems": [problem_json(each) for each in self.problems],
            "ignored": [problem_json(each) for each in self.ignored],
            "unjudged": list(self.unjudged),
            "notes": list(self.notes),
            "unread": [failure.model for failure in self.unread],
        }


def verify(question: VerifyQuestion, watch: Watch = NOBODY) -> Verified:
    """Whether a build runs models: node by node, and each model as a whole.

    A node runs where TensorFlow's rule picks a kernel for it among those that the build has, and the build defines its
    op; a model where its release loads it, too. Nothing is looked up on a phone: what a build has is told by its lists,
    its header, its binary, or several of these. Operators of TensorFlow Lite are held against registration files, and
    against what the runtime of a release registers.

    Raises OpselectError where it is not clear which TensorFlow or runtime is meant, InputError for what cannot be read
    or says nothing of a build, and NoModelReadError where none of several models could be read. How a kernel is picked
    is the rule of TensorFlow's ``core/framework/op_kernel.cc`` (``docs/rules.md``).
    """
    recording = RecordingWatch(watch)
    files = _named_files(question, {})
    question = _completed(question, files)
    resolvers = [each for each in files.values() if isinstance(each, Resolver)]
    runtime = find_runtime(question.runtime) if question.runtime else None
    lite = _of_lite(question, resolvers, runtime) if resolvers or runtime is not None else None
    if lite is not None and not question.source.given and _is_lite_alone(question, files):
        return replace(lite, warnings=recording.warnings)
    found = _by_kernels(question, files, recording)
    if lite is not None:
        unread = {failure.model: failure for failure in (*lite.unread, *found.unread)}
        problems = (*lite.problems, *found.problems)
        found = replace(found, problems=problems, unread=tuple(unread.values()), runtime=runtime, notes=lite.notes)
    return replace(found, warnings=recording.warnings)


def _is_lite_alone(question: VerifyQuestion, files: Mapping[str, NamedFile]) -> bool:
    """Whether nothing is named that has kernels of TensorFlow, besides registration files and a runtime."""
    others = [path for path in question.against if not isinstance(files.get(path), Resolver)]
    return not others or not question.runtime


def _named_files(question: VerifyQuestion, known: Mapping[str, NamedFile]) -> dict[str, NamedFile]:
    return {
        path: known.get(path) or read_named_file(path, question.abi)
        for path in question.named
        if not _names_lists(path)
    }


def _names_lists(path: str) -> bool:
    return path == DEFAULT_LISTS or _is_release(path) or _is_checkout(path)


def _is_checkout(path: str) -> bool:
    return Path(path).is_dir() and not is_binary(path)


def _is_release(text: str) -> bool:
    """Whether the version of a release is named, for its default lists, and no file of that name."""
    return _RELEASE.fullmatch(text) is not None and not Path(text).exists()


def _completed(question: VerifyQuestion, files: dict[str, NamedFile]) -> VerifyQuestion:
    """The question with the TensorFlow and the profile that a checkout or a manifest says, where it says none."""
    source = question.source
    for release in filter(_is_release, question.named):
        if source.given and (source.release is None or shipped.find(source.release) != shipped.find(release)):
            raise OpselectError(f"{release} is another TensorFlow than the one that is named\n  A build is of one.")
        source = replace(source, release=release)
    for folder in (path for path in question.named if path != DEFAULT_LISTS and _is_checkout(path)):
        if source.release is not None and not _is_of(folder, source.release):
            raise OpselectError(f"{folder} is no TensorFlow {source.release}\n  Leave out the release.")
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
    binaries = _binaries(files)
    if binaries and not source.given:
        source = replace(source, release=_release_of(binaries))
    # Of a binary the profile is looked for among those of its release.
    return replace(question, source=source, profile=profile or ("" if binaries else DEFAULT_PROFILE))


def _binaries(files: dict[str, NamedFile]) -> list[BinaryFile]:
    return [each for each in files.values() if isinstance(each, BinaryFile)]


def _release_of(binaries: Sequence[BinaryFile]) -> str:
    """The release whose kernels binaries register. Raises OpselectError where that is none."""
    kernels = [kernel for each in binaries for kernel in each.registrations.kernels]
    nearest = nearest_release(kernels, {op.op for each in binaries for op in each.registrations.definitions})
    if nearest is None:
        names = " + ".join(each.name for each in binaries)
        raise OpselectError(
            f"{names}: it is not clear of which TensorFlow it is, for no release has a kernel of it\n"
            "  Name one: --tensorflow VERSION, --tree PATH or --index FILE."
        )
    return nearest.release


def _is_of(tree: str, release: str) -> bool:
    """Whether a checkout is of a release, which may leave out the patch number."""
    return f"{version(Path(tree))}.".startswith(f"{release.removeprefix('v')}.")


def _of_lite(question: VerifyQuestion, resolvers: Sequence[Resolver], runtime: LiteRelease | None) -> Verified:
    """What of TensorFlow Lite models no registration file has, or the runtime lacks.

    With both the file says what of the runtime is there. With a TensorFlow, that answers for the Flex ops.
    """
    models = question.models
    only = resolvers[0].name if resolvers else f"--runtime {question.runtime}"
    if models.kept:
        what = "a registration file" if resolvers else "--runtime"
        raise OpselectError(f"{what} is for models: kept requirements have no operators of TensorFlow Lite")
    problems: list[Finding] = []
    unread: list[Failure] = []
    unjudged: list[str] = []
    notes: dict[str, None] = {}
    names = model_names(models.paths)
    for path, name in names.items():
        try:
            model = _lite_model(path, only)
        except InputError as error:
            if len(names) == 1:
                raise
            unread.append(Failure(name, str(error)))
            continue
        if resolvers:
            problems += unresolved_operators(model, name, resolvers)
        if runtime is not None:
            problems += operators_not_in_runtime(model, name, runtime, custom=not resolvers)
            noted = noted_minimum(model, name)
            notes |= {f"{noted.code}, {name}: {noted.reason}.": None} if noted is not None else {}
            notes |= dict.fromkeys(disagreements(model, runtime))
        if not question.source.given and has_flex(model):
            if resolvers:
                problems += operators_without_delegate(model, name)
            else:
                said = f"{name} has ops that TensorFlow's kernels run, and {only} does not judge these"
                unjudged.append(f"{said}: name the TensorFlow of the delegate, or what it is made of (--against).")
    if len(unread) == len(names):
        raise NoModelReadError(tuple(unread))
    against = " + ".join(question.against)
    return Verified(
        against,
        len(names),
        tuple(problems),
        unjudged=tuple(unjudged),
        unread=tuple(unread),
        runtime=runtime,
        notes=tuple(notes),
    )


def _lite_model(path: str, only: str) -> TfliteModel:
    with load_model(path) as loaded:
        lite = loaded.model.tflite
        if lite is None:
            advice = "For other models name what has kernels: lists, a manifest, a header."
            raise InputError(path, f"is no TensorFlow Lite model, and {only} has only their ops", advice)
        return lite


@dataclass(frozen=True, slots=True)
class OpenedBuild:
    """A build that a question describes: the TensorFlow and the profile that it is of, and its parts."""

    question: VerifyQuestion
    index: KernelIndex
    profile: str
    build: DescribedBuild

    @property
    def contents(self) -> AllOf | None:
        """What the build has, by all its parts together; None where nothing is left out."""
        return AllOf(self.build.parts) if self.build.parts else None

    @property
    def builds(self) -> tuple[str, ...]:
        """The build systems whose lists describe it, in their words mends are to be."""
        parts = [part for part in self.build.parts if isinstance(part, CompiledFiles)]
        return tuple(dict.fromkeys(build for part in parts for build in part.builds)) or self.build.builds

    @property
    def has_header(self) -> bool:
        """Whether an ``ops_to_register.h`` describes the build."""
        return any(isinstance(part, HeaderContents) for part in self.build.parts)

    def compiles(self, path: str) -> bool:
        """Whether the build compiles a source file, as far as it is described by files."""
        return all(part.has_file(path) for part in self.build.parts if isinstance(part, CompiledFiles))

    @property
    def binary(self) -> BinaryContents | None:
        """What the binaries among what describes the build register; None where there are none."""
        return next((part for part in self.build.parts if isinstance(part, BinaryContents)), None)

    def problems(self) -> tuple[Finding, ...]:
        """What keeps the build from being made at all."""
        return self.judged()[0]

    def judged(self) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """The problems of the build, and, a sentence each, what of it nobody knows."""
        found, unjudged = _of_the_build(self.build.parts, self.index)
        return found, (*self.build.unjudged, *unjudged)


def open_build(
    question: VerifyQuestion, watch: Watch = NOBODY, known: Mapping[str, NamedFile] | None = None
) -> OpenedBuild:
    """The build of a question, its files read; the models are not. Those that are ``known`` by path are read already.

    Raises what :func:`verify` raises of a build.
    """
    files = _named_files(question, known or {})
    return _opened(_completed(question, files), files, watch)


def _opened(question: VerifyQuestion, files: dict[str, NamedFile], watch: Watch) -> OpenedBuild:
    named = question.profile or DEFAULT_PROFILE
    if not question.source.given:
        raise OpselectError(
            "name one TensorFlow: --tensorflow VERSION, --tree PATH or --index FILE\n"
            "  For the interpreter of TensorFlow Lite name its release: --runtime 2.8, or --runtime litert-2.1."
        )
    index = open_kernels(question.source, macros=question.macros, profile=named, watch=watch)
    binaries = _binaries(files)
    if question.profile or not binaries:
        profile = profile_of(index, named, question.macros)
    else:
        kernels = [kernel for each in binaries for kernel in each.registrations.kernels]
        profile = fitting_profile(index, kernels, preferred(index.profiles))
    question = replace(question, profile=question.profile or profile)
    build = described_build(question, files, index, profile)
    if not binaries:
        return OpenedBuild(question, index, profile, build)
    described = " and ".join(dict.fromkeys(getattr(part, "name", "the build") for part in build.parts))
    contents = BinaryContents(binaries, index, profile, described)
    # A part that is asked last knows that the others have what it lacks. What is linked has all libraries.
    build = replace(build, parts=(*build.parts, contents), unjudged=(*build.unjudged, *contents.unjudged), builds=())
    return OpenedBuild(question, contents.index, profile, build)


@dataclass(frozen=True, slots=True)
class HeldAgainst:
    """Models held against a build: ``answer`` has what they need and pick there, ``problems`` are all that fails.

    ``unjudged`` says, a sentence each, what of the build nobody knows.
    """

    answer: BuildAnswer
    problems: tuple[Finding, ...]
    unjudged: tuple[str, ...] = ()


def hold_against(opened: OpenedBuild, watch: Watch = NOBODY, *, inserted: bool = False) -> HeldAgainst:
    """What of the models of the question the build does not run, by code. The only model stays open in the answer.

    With ``inserted`` what optimizers of the runtime only may insert is picked, too, where the build has it.

    Raises BrokenGraphError for the only model where it makes no sense as a graph, and what :func:`verify` raises of
    models.
    """
    question, index, profile, build = opened.question, opened.index, opened.profile, opened.build
    # What an optimizer only may insert is never missing, so that nobody need look for it.
    needed = read_requirements(replace(question.models, inserted=inserted, every_node=True), index, watch)
    found = select_kernels(
        needed, index, profile, builds=build.builds, have=question.have, files=False, contents=opened.contents
    )
    of_build, unjudged = opened.judged()
    problems = [*found.selection.unresolved, *of_build, *found.selection.verdict.refused]
    return HeldAgainst(found, tuple(sorted(problems, key=lambda each: each.code)), unjudged)


def _by_kernels(question: VerifyQuestion, files: dict[str, NamedFile], watch: RecordingWatch) -> Verified:
    """What of the models the kernels of a TensorFlow do not run, in the build that is described."""
    opened = _opened(question, files, watch)
    index, profile = opened.index, opened.profile
    lists, known_lists = opened.build.lists, builds_of(index.build_lists)
    try:
        held = hold_against(opened, watch)
    except BrokenGraphError as error:
        # Of the only model; one of several is among those that could not be read.
        problems = (_broken(error),)
        return Verified(_against(question), 1, problems, index.release, profile, lists=lists, known_lists=known_lists)
    verdict, needed = held.answer.selection.verdict, held.answer.needed.closed()
    return Verified(
        _against(question),
        needed.models,
        held.problems,
        index.release,
        profile,
        verdict.ignored,
        (*held.unjudged, *verdict.unjudged),
        needed.unread,
        lists=lists,
        known_lists=known_lists,
    )


def _of_the_build(parts: Sequence[BuildContents], index: KernelIndex) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """What keeps the build from being made at all, and, a sentence each, what nobody knows of that."""
    is_shipped = index.release in shipped.releases()
    upstream = shipped.index_of(index.release).build_lists if is_shipped else BuildLists()
    found: list[Finding | None] = []
    unjudged: list[str] = []
    for part in parts:
        if isinstance(part, CompiledFiles):
            links = part.links(upstream)
            found += links.broken
            unjudged += links.unjudged
        elif isinstance(part, HeaderContents):
            found.append(part.unusable())
        elif isinstance(part, BinaryContents):
            found.append(part.nothing())
    return tuple(each for each in found if each is not None), tuple(unjudged)


def _broken(error: BrokenGraphError) -> Finding:
    mends = (change_model(error.advice),)
    return Finding("OPS309", error.problem, models=(str(error.place),), mends=mends)


def _against(question: VerifyQuestion) -> str:
    return " + ".join(question.named)
