"""Why does a log say what it says, what mends it, and what fails next?"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from kernel_index import shipped
from kernel_index.build_files.mobile_lists import builds_of
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from opselect.diagnosis.causes import causes_of
from opselect.diagnosis.checking import KERNEL_KINDS, LOAD_KINDS, checked_causes, of_failure
from opselect.diagnosis.for_build import for_build
from opselect.diagnosis.lookup import builds_told, built_files
from opselect.diagnosis.needed import needs_to_be_sure
from opselect.diagnosis.release_choice import likeliest
from opselect.diagnosis.releases import Told, narrowed, told_by
from opselect.diagnosis.setting import Setting
from opselect.findings import Finding
from opselect.findings.mends import BESIDES, OR, Command
from opselect.logs.records import LogFailure
from opselect.models.graph import BrokenGraphError, Node
from opselect.usecases.described_build import DEFAULT_LISTS, VerifyQuestion
from opselect.usecases.kernel_source import DEFAULT_PROFILE, NO_MACROS, KernelSource, Macros
from opselect.usecases.model_names import shown_name
from opselect.usecases.open_kernels import warn_of_libraries
from opselect.usecases.read_requirements import ModelRequirements, ModelSet
from opselect.usecases.verify import HeldAgainst, OpenedBuild, hold_against, open_build
from opselect.usecases.watch import NOBODY, Watch
from opselect.verifying.binary_contents import BinaryContents, BinaryFile, read_binary

_OF_BUILDS = ("header-tool", "flex-tool", "link-undefined", "compile-header", "kernel-label", "kernel-twice")
_DESKTOP = ("GPU", "XLA_CPU", "XLA_GPU", "TPU")


@dataclass(frozen=True, slots=True)
class DiagnoseQuestion:
    """What is known besides the log; all of it may be left out.

    ``source`` is the TensorFlow of the binary, a release, a checkout or an index; ``lists`` and ``headers`` are what
    describes its build, as :class:`VerifyQuestion` takes it, a checkout's own lists where ``source`` is one and none
    are named. ``binary`` is the program or library that wrote the log, ``abi`` the processor whose library that is in a
    package. ``models`` are those that it was to run.
    """

    models: ModelSet = field(default_factory=ModelSet)
    source: KernelSource = field(default_factory=KernelSource)
    lists: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    binary: Path | None = None
    profile: str = ""
    macros: Macros = NO_MACROS
    build: str = ""
    have: frozenset[str] = frozenset()
    abi: str = ""

    @property
    def is_of_build(self) -> bool:
        """Whether a TensorFlow or a build of it is named."""
        return bool(self.source.given or self.lists or self.headers or self.binary)

    @property
    def describes_build(self) -> bool:
        """Whether what the build has is told, and not only of which release it is."""
        return bool(self.lists or self.headers or self.binary or self.source.tree is not None)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A failure, why it happened, and what happens next.

    ``causes`` are the likeliest first; how sure each is says its ``applicability``. ``next`` are the other ops of the
    models that the build does not run, so that nobody builds once an op. ``release`` is what the causes were judged
    with, empty where no TensorFlow was asked; ``inferred`` tells that the log or nobody named it, ``release_told``
    says by what it was told, as a clause. ``checked`` tells that the build or the model was looked at and decided,
    ``unsure`` in one line what there is to name for that.
    """

    failure: LogFailure
    causes: tuple[Finding, ...]
    next: tuple[Finding, ...] = ()
    release: str = ""
    inferred: bool = True
    release_told: str = ""
    checked: bool = False
    unsure: str = ""
    is_next_assumed: bool = False
    """Whether ``next`` is by the default lists of the inferred release, for no build is named."""


class Diagnoser:
    """Finds the causes of failures, with what a question names. It opens index, build and models once, when asked.

    Failures of one log tell of each other: :meth:`see` all that there are before the first is diagnosed.
    """

    def __init__(self, question: DiagnoseQuestion | None = None, watch: Watch = NOBODY) -> None:
        self._question = question or DiagnoseQuestion()
        # Without a build no model is opened; a name that is mistaken is told all the same.
        for path in self._question.models.paths:
            if "://" not in path and not Path(path).exists():
                raise InputError(path, "cannot be read: No such file or directory", "Name the model that failed.")
        self._watch = watch
        self._seen: list[LogFailure] = []
        self._told: list[Told] = []
        self._warned: set[str] = set()
        self._builds: dict[tuple[str, str], OpenedBuild] = {}
        self._held_builds: dict[tuple[str, str, tuple[str, ...]], HeldAgainst | None] = {}
        self._assumed_builds: dict[tuple[str, str], OpenedBuild] = {}
        self._chosen: dict[tuple[tuple[str, ...], str], str] = {}

    def see(self, failures: Iterable[LogFailure]) -> None:
        """Take in what failures tell of the release and of the build, whether they are diagnosed or not."""
        new = [failure for failure in failures if failure not in self._seen]
        of_definitions = [failure.op for failure in new if failure.signature]
        if of_definitions:
            # All at once, for each index is opened for it.
            shipped.definitions_of(*of_definitions)
        for failure in new:
            self._seen.append(failure)
            self._told += told_by(failure)

    def diagnose_all(self, failures: Sequence[LogFailure]) -> tuple[Diagnosis, ...]:
        """The diagnoses of all failures of a log. Raises what :meth:`diagnose` raises."""
        self.see(failures)
        ops = dict.fromkeys(failure.op for failure in failures if failure.op)
        if ops:
            shipped.releases_with(*ops)
        return tuple(map(self.diagnose, failures))

    def diagnose(self, failure: LogFailure) -> Diagnosis:
        """Why a failure happened, and what mends it.

        Raises OpselectError where it is not clear which TensorFlow is meant, InputError for what the question names and
        cannot be read, NoModelReadError where none of several models could be.
        """
        self.see([failure])
        said, failure = failure, self._with_op(failure)
        opened = self._opened_for(failure)
        setting, told = self._setting(failure, opened)
        causes, guessed = self._checked(failure, setting, opened), causes_of(failure, setting)
        for other in self._others(opened) if opened is not None and not _explains(causes, guessed) else ():
            # One build of the checkout has what the log says is lacking: it may be of the other one.
            its_setting, _ = self._setting(failure, other)
            its, its_guessed = self._checked(failure, its_setting, other), causes_of(failure, its_setting)
            if _explains(its, its_guessed):
                opened, setting, causes, guessed = other, its_setting, its, its_guessed
        is_checked = bool(causes) or any(_is_seen(each, opened) for each in guessed[:1])
        if self._question.describes_build and setting.contents is not None:
            # What the build is described to have needs no guess about its lists.
            guessed = [each for each in guessed if each.code not in ("OPS119", "OPS123") or not is_checked]
        # Who gave a macro that does nothing looks for its effect everywhere else.
        causes = [*(each for each in guessed if each.code == "OPS505" and each.applicability == "certain"), *causes]
        for each in guessed:
            if each.code not in {cause.code for cause in causes}:
                causes.append(for_build(each, setting))
        causes = [_with_commands(each, guessed) for each in causes]
        asked = "" if _is_of_no_tensorflow(failure) else setting.index.release
        return Diagnosis(
            said,
            tuple(causes),
            self._next(failure, opened or self._assumed(failure, setting)),
            asked,
            setting.inferred,
            told.how,
            is_checked,
            "" if is_checked else self._unsure(failure, setting),
            is_next_assumed=opened is None,
        )

    def _setting(self, failure: LogFailure, opened: OpenedBuild | None) -> tuple[Setting, Told]:
        model = shown_name(self._question.models.paths[0]) if len(self._question.models.paths) == 1 else ""
        builds = self._builds_told()
        setting: Setting
        if opened is not None:
            told = Told((opened.index.release,), "")
            described = " and ".join(getattr(part, "name", "the build") for part in opened.build.parts)
            setting = Setting(
                opened.index,
                opened.profile,
                (opened.index.release,),
                inferred=False,
                is_profile_told=bool(self._question.profile),
                contents=opened.contents,
                described=described,
                has_header=opened.has_header,
                compiles=opened.compiles if self._question.describes_build else None,
                builds=builds or (opened.builds if self._question.describes_build else ()),
            )
        else:
            own = told_by(failure)
            told = narrowed([*self._told, *own])
            if own and not set(told.releases) & set(own[-1].releases):
                told = narrowed(own)
            profile = self._question.profile or _profile(failure, self._seen)
            index = shipped.index_of(self._release(failure, told.releases, profile))
            self._warn_of_libraries(index, profile)
            is_told = bool(self._question.profile)
            setting = Setting(index, profile, told.releases, is_profile_told=is_told, builds=builds)
        return replace(
            setting,
            seen=tuple(self._seen),
            macros=self._question.macros.define,
            model=model,
            nodes=self._nodes if self._question.models.only_model else None,
            binary=opened.binary if opened is not None else self._without_kernels(setting),
            source=_source_options(self._question.source),
            tree=self._question.source.tree,
        ), told

    def _warn_of_libraries(self, index: KernelIndex, profile: str) -> None:
        """Says once of a release that nobody named what of its index is borrowed."""
        if index.release not in self._warned:
            self._warned.add(index.release)
            warn_of_libraries(index, profile, self._watch)

    def _with_op(self, failure: LogFailure) -> LogFailure:
        """A failure that names a node and no op, with the op that the node has in the only model."""
        if failure.op or not failure.node or not self._question.models.only_model:
            return failure
        node = next((each for each in self._nodes() if each.name == failure.node), None)
        return failure if node is None else replace(failure, op=node.op)

    def _release(self, failure: LogFailure, releases: tuple[str, ...], profile: str) -> str:
        """The release of some that explains all failures of the log best, or else this one."""
        key = (releases, profile)
        if key not in self._chosen:
            others = [each for each in self._seen if each != failure]
            self._chosen[key] = likeliest([failure, *others], releases, profile)
        chosen = self._chosen[key]
        having = shipped.releases_with(failure.op) if failure.op else releases
        if chosen in having or not set(having).intersection(releases):
            return chosen
        return likeliest([failure], releases, profile)

    @cached_property
    def opened(self) -> OpenedBuild | None:
        """The build that the question describes, with the TensorFlow that it is of; None where it names neither."""
        # Of a binary without kernels nobody knows the release.
        is_known = self._question.is_of_build and not (self._is_without_kernels and not self._is_of_other_build)
        return self._open(self._question.profile) if is_known else None

    @cached_property
    def _binary(self) -> BinaryFile | None:
        """What the binary of the question registers."""
        binary = self._question.binary
        return None if binary is None else read_binary(str(binary), self._question.abi)

    @property
    def _is_without_kernels(self) -> bool:
        return self._binary is not None and not self._binary.registrations.kernels

    @property
    def _is_of_other_build(self) -> bool:
        """Whether more than a binary is named."""
        return replace(self._question, binary=None).is_of_build

    def _without_kernels(self, setting: Setting) -> BinaryContents | None:
        """The binary where no kernel of any release is registered in it."""
        if self._binary is None or not self._is_without_kernels:
            return None
        return BinaryContents((self._binary,), setting.index, setting.profile)

    def _opened_for(self, failure: LogFailure) -> OpenedBuild | None:
        """The build in the profile and of the system that a message tells, where nobody named them."""
        opened = self.opened
        if opened is None:
            return None
        for build in self._builds_told() if self._others(opened) else ():
            if build in builds_of(opened.index.build_lists):
                opened = self._open(self._question.profile, build)
        if self._question.profile or not failure.rows:
            return opened
        built = built_files(failure.rows, opened.index, failure.op, opened.index.profiles)
        if built is None or not built.fits or built.profile == opened.profile:
            return opened
        return self._open(built.profile)

    def _builds_told(self) -> tuple[str, ...]:
        """The build system that some failure of the log tells; empty where none does."""
        return next(filter(None, map(builds_told, self._seen)), ())

    def _others(self, opened: OpenedBuild) -> list[OpenedBuild]:
        """The other builds that a checkout or a release has lists for, where nobody says which one is meant."""
        question = self._question
        if question.build or DEFAULT_LISTS not in (opened.question.against or (DEFAULT_LISTS,)):
            return []
        lists = opened.index.build_lists
        return [self._open(opened.profile, build) for build in builds_of(lists) if build not in opened.build.builds]

    def _open(self, profile: str, build: str = "") -> OpenedBuild:
        question = self._question
        build = build or question.build
        if (profile, build) not in self._builds:
            against = (*question.lists, *question.headers)
            if question.binary is not None:
                lists = (DEFAULT_LISTS,) if question.source.tree is not None and not against else ()
                against = (*lists, *against, str(question.binary))
            described = VerifyQuestion(
                question.models, against, question.source, profile, question.macros, build, question.have, question.abi
            )
            known = {self._binary.name: self._binary} if self._binary is not None else {}
            self._builds[profile, build] = open_build(described, self._watch, known)
        return self._builds[profile, build]

    def _assumed(self, failure: LogFailure, setting: Setting) -> OpenedBuild | None:
        """The default build of the release that wrote a log, to hold models against where nobody names a build."""
        models = self._question.models
        if not (models.paths or models.kept) or failure.runtime not in ("tensorflow", "build"):
            return None
        key = setting.index.release, setting.profile
        if key not in self._assumed_builds:
            source = KernelSource(setting.index.release)
            self._assumed_builds[key] = open_build(VerifyQuestion(models, (), source, setting.profile), self._watch)
        return self._assumed_builds[key]

    def _held(self, opened: OpenedBuild | None) -> HeldAgainst | None:
        """The models held against a build; None where one of the two is not named."""
        models = self._question.models
        if opened is None or not (models.paths or models.kept):
            return None
        key = opened.index.release, opened.profile, opened.build.builds
        if key not in self._held_builds:
            try:
                self._held_builds[key] = hold_against(opened, self._watch)
            except BrokenGraphError:
                self._held_builds[key] = None
        return self._held_builds[key]

    @property
    def needed(self) -> ModelRequirements | None:
        """What the models need; None where no build or no models are named."""
        held = self._held(self.opened)
        return None if held is None else held.answer.needed

    def _nodes(self) -> tuple[Node, ...]:
        """The nodes of the only model, those of functions too."""
        held = self._held(self.opened)
        if held is not None and held.answer.needed.only is not None:
            graph = held.answer.needed.only.chosen.graph
            return (*graph.nodes, *(node for function in graph.functions for node in function.nodes))
        return self._read_nodes

    @cached_property
    def _read_nodes(self) -> tuple[Node, ...]:
        from opselect.usecases.load_model import load_model

        with load_model(self._question.models.paths[0]) as loaded:
            graphs = [each.graph for each in loaded.model.meta_graphs]
            return tuple(node for graph in graphs for node in graph.nodes)

    def _checked(self, failure: LogFailure, setting: Setting, opened: OpenedBuild | None) -> list[Finding]:
        """What a look at the binary, the model and the build decides; empty where nothing does."""
        held = self._held(opened)
        problems = held.problems if held is not None else opened.problems() if opened is not None else ()
        if held is not None:
            # What a release passes over it warns of all the same.
            problems = (*problems, *held.answer.selection.verdict.ignored)
        criteria = held.answer.criteria if held is not None else ()
        certain = self._question.describes_build
        found = checked_causes(failure, setting, problems, criteria, certain=certain, with_model=held is not None)
        unique: dict[str, Finding] = {}
        for each in found:
            unique[each.code] = _with_mends(unique[each.code], each) if each.code in unique else each
        return list(unique.values())

    def _next(self, failure: LogFailure, opened: OpenedBuild | None) -> tuple[Finding, ...]:
        held = self._held(opened)
        if held is None:
            return ()
        return tuple(each for each in held.problems if each.op and not of_failure(each, failure))

    def _unsure(self, failure: LogFailure, setting: Setting) -> str:
        question = self._question
        return needs_to_be_sure(
            failure,
            setting,
            has_model=bool(question.models.paths or question.models.kept),
            has_build=question.describes_build,
        )


def _with_mends(first: Finding, other: Finding) -> Finding:
    """A finding with the mends of another about the same op: nodes of other types may need others."""
    texts = {mend.text for mend in first.mends}
    more = [mend for mend in other.mends if mend.text not in texts]
    if more and first.mends:
        more[0] = replace(more[0], lead=BESIDES)
    return replace(first, mends=(*first.mends, *more))


def _is_seen(cause: Finding, opened: OpenedBuild | None) -> bool:
    """Whether the build decided of a cause that others than :func:`checked_causes` tell."""
    return opened is not None and cause.code == "OPS121" and cause.applicability == "certain"


def _explains(checked: Sequence[Finding], guessed: Sequence[Finding]) -> bool:
    """Whether a build lacks what a log says is lacking, and does not leave it to the linker."""
    first = (*checked, *guessed)[:1]
    return any(each.code not in ("OPS502", "OPS503", "OPS121") or each.applicability == "certain" for each in first)


def _with_commands(cause: Finding, guessed: Sequence[Finding]) -> Finding:
    """A cause that was looked up, and that tells no command, with the commands that are known for its code."""
    if any(isinstance(mend, Command) for mend in cause.mends):
        return cause
    commands = [m for each in guessed if each.code == cause.code for m in each.mends if isinstance(m, Command)]
    if not commands or not cause.mends:
        return cause
    trust = cause.applicability
    first, *others = commands
    leading = replace(first, applicability=trust, lead="")
    return replace(cause, mends=(leading, *others, replace(cause.mends[0], lead=OR), *cause.mends[1:]))


def _source_options(source: KernelSource) -> str:
    """The options that name a checkout or an index; empty where there is only a release."""
    if source.tree is not None:
        return shlex.join(["--tree", str(source.tree)])
    return "" if source.index_file is None else shlex.join(["--index", str(source.index_file)])


def _is_of_no_tensorflow(failure: LogFailure) -> bool:
    """Whether no index of TensorFlow was asked anything about a failure."""
    return failure.kind not in (*KERNEL_KINDS, *LOAD_KINDS, *_OF_BUILDS)


def _profile(failure: LogFailure, seen: Sequence[LogFailure]) -> str:
    """The profile of the build that wrote a log, as far as that tells: devices of desktops, traces of Python, iOS."""
    devices = {device for each in (failure, *seen) for device in each.devices}
    text = failure.text
    if devices.intersection(_DESKTOP) or "errors_impl" in text or "site-packages" in text:
        return "desktop"
    if ".mm:" in text or ".mm]" in text or "/ios/" in text:
        return "ios"
    return DEFAULT_PROFILE
