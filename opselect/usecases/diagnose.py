"""Why does a log say what it says, what mends it, and what fails next?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from kernel_index import shipped
from kernel_index.errors import InputError
from opselect.diagnosis.binary import BinaryNames
from opselect.diagnosis.causes import causes_of
from opselect.diagnosis.checking import KERNEL_KINDS, LOAD_KINDS, checked_causes, not_in_binary, of_failure
from opselect.diagnosis.lookup import built_files
from opselect.diagnosis.needed import needs_to_be_sure
from opselect.diagnosis.release_choice import likeliest
from opselect.diagnosis.releases import Told, narrowed, told_by
from opselect.diagnosis.setting import Setting
from opselect.findings import Finding
from opselect.logs.records import LogFailure
from opselect.models.graph import BrokenGraphError, Node
from opselect.usecases.described_build import VerifyQuestion
from opselect.usecases.kernel_source import DEFAULT_PROFILE, NO_MACROS, KernelSource, Macros
from opselect.usecases.model_names import shown_name
from opselect.usecases.read_requirements import ModelRequirements, ModelSet
from opselect.usecases.verify import HeldAgainst, OpenedBuild, hold_against, open_build
from opselect.usecases.watch import NOBODY, Watch

_OF_BUILDS = ("header-tool", "flex-tool", "link-undefined", "compile-header", "kernel-label", "kernel-twice")
_DESKTOP = ("GPU", "XLA_CPU", "XLA_GPU", "TPU")


@dataclass(frozen=True, slots=True)
class DiagnoseQuestion:
    """What is known besides the log; all of it may be left out.

    ``source`` is the TensorFlow of the binary, a release, a checkout or an index; ``lists`` and ``headers`` are what
    describes its build, as :class:`VerifyQuestion` takes it, a checkout's own lists where ``source`` is one and none
    are named. ``binary`` is the program or library that wrote the log. ``models`` are those that it was to run.
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

    @property
    def is_of_build(self) -> bool:
        """Whether a TensorFlow or a build of it is named."""
        return bool(self.source.given or self.lists or self.headers)

    @property
    def describes_build(self) -> bool:
        """Whether what the build has is told, and not only of which release it is."""
        return bool(self.lists or self.headers or self.source.tree is not None)


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
        self._by_profile: dict[str, OpenedBuild] = {}
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
        setting, told = self._setting(failure)
        causes = self._checked(failure, setting)
        is_checked = bool(causes)
        guessed = causes_of(failure, setting)
        if self._question.describes_build and setting.contents is not None:
            # What the build is described to have needs no guess about its lists.
            guessed = [each for each in guessed if each.code not in ("OPS119", "OPS123") or not is_checked]
        # Who gave a macro that does nothing looks for its effect everywhere else.
        causes = [*(each for each in guessed if each.code == "OPS505" and each.applicability == "certain"), *causes]
        for each in guessed:
            if each.code not in {cause.code for cause in causes}:
                causes.append(each)
        asked = "" if _is_of_no_tensorflow(failure) else setting.index.release
        return Diagnosis(
            failure,
            tuple(causes),
            self._next(failure),
            asked,
            setting.inferred,
            told.how,
            is_checked,
            "" if is_checked else self._unsure(failure, setting),
        )

    def _setting(self, failure: LogFailure) -> tuple[Setting, Told]:
        model = shown_name(self._question.models.paths[0]) if len(self._question.models.paths) == 1 else ""
        binary = self._binary
        opened = self._opened_for(failure)
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
            )
        else:
            own = told_by(failure)
            told = narrowed([*self._told, *own])
            if own and not set(told.releases) & set(own[-1].releases):
                told = narrowed(own)
            profile = self._question.profile or _profile(failure, self._seen)
            index = shipped.index_of(self._release(failure, told.releases, profile))
            setting = Setting(index, profile, told.releases, is_profile_told=bool(self._question.profile))
        return replace(
            setting,
            seen=tuple(self._seen),
            macros=self._question.macros.define,
            model=model,
            nodes=self._nodes if self._question.models.only_model else None,
            in_binary=None if binary is None else binary.has,
            binary="" if binary is None else binary.name,
        ), told

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
        return self._open(self._question.profile) if self._question.is_of_build else None

    def _opened_for(self, failure: LogFailure) -> OpenedBuild | None:
        """The build in the profile that the kernels in a message tell, where nobody named one."""
        opened = self.opened
        if opened is None or self._question.profile or not failure.rows:
            return opened
        built = built_files(failure.rows, opened.index, failure.op, opened.index.profiles)
        if built is None or not built.fits or built.profile == opened.profile:
            return opened
        if built.profile not in self._by_profile:
            self._by_profile[built.profile] = self._open(built.profile)
        return self._by_profile[built.profile]

    def _open(self, profile: str) -> OpenedBuild:
        question = self._question
        against = (*question.lists, *question.headers)
        described = VerifyQuestion(
            question.models, against, question.source, profile, question.macros, question.build, question.have
        )
        return open_build(described, self._watch)

    @cached_property
    def _binary(self) -> BinaryNames | None:
        return None if self._question.binary is None else BinaryNames(self._question.binary)

    @cached_property
    def _held(self) -> HeldAgainst | None:
        """The models held against the build; None where one of the two is not named."""
        models = self._question.models
        if self.opened is None or not (models.paths or models.kept):
            return None
        try:
            return hold_against(self.opened, self._watch)
        except BrokenGraphError:
            return None

    @property
    def needed(self) -> ModelRequirements | None:
        """What the models need; None where no build or no models are named."""
        return None if self._held is None else self._held.answer.needed

    def _nodes(self) -> tuple[Node, ...]:
        """The nodes of the only model, those of functions too."""
        held = self._held
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

    def _checked(self, failure: LogFailure, setting: Setting) -> list[Finding]:
        """What a look at the binary, the model and the build decides; empty where nothing does."""
        found = not_in_binary(failure, setting)
        held = self._held
        opened = self._opened_for(failure)
        if opened is not None and opened is not self.opened:
            # The models were held against the build in another profile than that of this binary.
            held = None
        problems = held.problems if held is not None else opened.problems() if opened is not None else ()
        criteria = held.answer.criteria if held is not None else ()
        certain = self._question.describes_build
        found += checked_causes(failure, setting, problems, criteria, certain=certain, with_model=held is not None)
        unique: dict[str, Finding] = {}
        for each in found:
            unique.setdefault(each.code, each)
        return list(unique.values())

    def _next(self, failure: LogFailure) -> tuple[Finding, ...]:
        held = self._held
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
