"""Which kernels and files does a build for these models need, what is missing, and what is left out by default?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.build_files.mobile_lists import builds_by_default
from kernel_index.errors import InputError, OpselectError
from kernel_index.index import KernelIndex
from kernel_index.records import BAZEL, MAKE
from opselect.findings import Finding
from opselect.models.choice import read_chosen
from opselect.requirements.collect import Requirements
from opselect.requirements.header_tool import ToolRelease
from opselect.requirements.of_many_models import Failure
from opselect.selection.contents import BuildContents
from opselect.selection.left_out_by_default import findings
from opselect.selection.named_kernels import NamedKernels, with_losses
from opselect.selection.select import Selection
from opselect.selection.select import select as pick
from opselect.targets import LITE_TARGETS
from opselect.usecases.advice import adviser_of
from opselect.usecases.kernel_source import DEFAULT_PROFILE, NO_MACROS, KernelSource, Macros
from opselect.usecases.model_names import model_names
from opselect.usecases.named_kernels import named_kernels
from opselect.usecases.open_kernels import open_kernels, profile_of
from opselect.usecases.read_requirements import ModelRequirements, ModelSet, read_requirements
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch

if TYPE_CHECKING:
    from opselect.targets import Target


@dataclass(frozen=True, slots=True)
class BuildQuestion:
    """For which models a build is, of which TensorFlow, built how.

    ``builds`` are those whose libraries must do, None for those that make binaries of the profile; ``have`` are
    libraries that these have besides. ``ops_lists`` are files that name ops and kernel classes. ``tool`` is that of
    TensorFlow, by its release, that reads the models too, for a header in its words. Without ``files`` the selection
    has only those that register kernels, for who writes nothing else.
    """

    models: ModelSet
    source: KernelSource
    profile: str = DEFAULT_PROFILE
    macros: Macros = NO_MACROS
    builds: tuple[str, ...] | None = None
    have: frozenset[str] = frozenset()
    ops_lists: tuple[str, ...] = ()
    tool: ToolRelease | None = None
    files: bool = True


@dataclass(frozen=True, slots=True)
class BuildAnswer:
    """What a build of a TensorFlow must contain for models.

    ``criteria`` are what of the models' needs mobile builds leave out by default; ``needed`` has the models that could
    not be read. ``named`` is what ops lists and TensorFlow's own tool name besides. ``warnings`` are about the sources
    and the models. ``tree`` is the checkout that was asked about, None for a release or an index file.
    """

    index: KernelIndex
    selection: Selection
    needed: ModelRequirements
    criteria: tuple[Finding, ...] = ()
    have: frozenset[str] = frozenset()
    named: NamedKernels = field(default_factory=NamedKernels)
    warnings: tuple[str, ...] = ()
    tree: Path | None = None

    @property
    def unread(self) -> tuple[str, ...]:
        """Models whose needs are not in the selection, for they could not be read."""
        return tuple(failure.model for failure in self.needed.unread)

    @property
    def complete(self) -> bool:
        """Whether a build with the selected files runs all the models that were asked about."""
        return self.selection.complete and not self.needed.unread


class IncompleteError(OpselectError):
    """A build cannot have all that the models need, and nothing was written; ``answer`` says what is missing."""

    def __init__(self, answer: BuildAnswer) -> None:
        self.answer = answer
        super().__init__(answer)

    def __str__(self) -> str:
        selection = self.answer.selection
        lines = [f"{missing.op}: {missing.reason}\n    {missing.advice}" for missing in selection.unresolved]
        lines += [f"{each.op or 'any op'}: {each.reason}\n    {each.advice}" for each in selection.verdict.refused]
        lines += [f"{failure.problem}" for failure in self.answer.needed.unread]
        build = f"TensorFlow {selection.release}, profile {selection.profile}"
        return "\n  ".join([f"{build}: it cannot run the models, so nothing was written", *lines])


def select(
    needed: ModelRequirements,
    index: KernelIndex,
    profile: str = DEFAULT_PROFILE,
    *,
    targets: Sequence[Target] = (),
    have: Collection[str] = (),
) -> BuildAnswer:
    """The kernels that TensorFlow picks for what models need, the files of a build, and all that is missing.

    ``profile`` is the build, by one of the names of ``docs/profiles.md``. A library of others that a kernel needs and
    the build lacks makes the kernel missing: looked at are the builds of ``targets`` (``"bazel"``, ``"makefile"``), or
    without any those that make binaries of the profile; ``have`` are libraries that the build has all the same, such as
    ``"re2"``. Advice about a single model is tried on its graph; about several it is general.

    Nothing is ever left out silently: what no kernel of the build does is in ``selection.unresolved``, why the release
    would refuse to load a model in ``selection.verdict``. Raises InputError for a profile that the index has not. How a
    kernel is picked is the rule of TensorFlow's ``core/framework/op_kernel.cc`` (``docs/rules.md``).
    """
    return select_kernels(needed, index, profile, builds=builds_for(targets, profile), have=have)


_OF_NO_BUILD = {"manifest", "header", "flex-ops", *LITE_TARGETS}


def builds_for(targets: Sequence[str], profile: str) -> tuple[str, ...] | None:
    """The builds that some targets are for; None for the default ones, which manifest and header are about, too.

    Bazel's lists are for no desktop, but a Flex library is, and links there what it links on phones.
    """
    if _OF_NO_BUILD.issuperset(targets):
        return None
    if "flex-bazel" in targets:
        return tuple(dict.fromkeys((BAZEL, *(t for t in targets if t == MAKE))))
    return tuple(t for t in targets if t == "makefile" or (t == "bazel" and profile.partition("+")[0] != "desktop"))


def select_kernels(
    needed: ModelRequirements,
    index: KernelIndex,
    profile: str = DEFAULT_PROFILE,
    *,
    builds: Sequence[str] | None = None,
    have: Collection[str] = (),
    named: NamedKernels | None = None,
    files: bool = True,
    contents: BuildContents | None = None,
) -> BuildAnswer:
    """The kernels that TensorFlow picks for what models need, the files of a build, and all that is missing.

    ``profile`` is the build, by one of the names in ``docs/profiles.md``. ``builds`` are those whose libraries are
    judged (``bazel``, ``makefile``): by default those that make binaries of the profile. ``have`` are libraries that
    they have besides. ``named`` kernels are in it whatever the models need; without ``files`` only those that register
    kernels are listed. With ``contents`` the build has no more than these. Advice about a single model is tried on its
    graph; about several it is general.

    Raises InputError for a profile that the index has not. The rule is that of TensorFlow's
    ``core/framework/op_kernel.cc`` (``docs/rules.md``).
    """
    name = profile_of(index, profile)
    judged = builds_by_default(index.build_lists, name) if builds is None else builds
    named = named or NamedKernels()
    adviser = adviser_of(needed.only, index, name)
    selection = pick(
        needed.requirements,
        index,
        name,
        adviser,
        judged=judged,
        have=have,
        named=named.kernels,
        named_ops=named.ops,
        files=files,
        contents=contents,
    )
    selection = with_losses(selection, named)
    criteria = findings(needed.requirements, index, name, adviser)
    return BuildAnswer(index, selection, needed, criteria, frozenset(have), named, needed.warnings)


def answer(question: BuildQuestion, watch: Watch = NOBODY) -> BuildAnswer:
    """The answer to a question, from the sources and models that it names.

    Raises InputError for what cannot be read, and NoModelReadError where none of several models could be.
    """
    recording = RecordingWatch(watch)
    index = open_kernels(question.source, macros=question.macros, profile=question.profile, watch=recording)
    profile = profile_of(index, question.profile, question.macros)
    if question.ops_lists and not (question.models.paths or question.models.kept):
        needed = ModelRequirements(Requirements(releases=(index.release,)), models=0)
    else:
        needed = _needed(question, index, recording)
    named = named_kernels((question.models,), needed, question.ops_lists, index, profile, question.tool)
    found = select_kernels(
        needed, index, profile, builds=question.builds, have=question.have, named=named, files=question.files
    )
    # Nothing below asks for the graph.
    return replace(found, needed=needed.closed(), warnings=recording.warnings, tree=question.source.tree)


def _needed(question: BuildQuestion, index: KernelIndex, watch: Watch) -> ModelRequirements:
    """What the models need. A graph that TensorFlow cannot import is read by its tool all the same.

    So the only model, if it makes no sense as a graph, is one that could not be read. InputError for one of which
    not even the nodes can be had.
    """
    models = question.models
    try:
        return read_requirements(models, index, watch)
    except InputError as error:
        if question.tool is None or not models.only_model:
            raise
        ((path, name),) = model_names(models.paths).items()
        with read_chosen(path, models.choice):
            return ModelRequirements(Requirements(releases=(index.release,)), unread=(Failure(name, str(error)),))
