"""Which kernels and files does a build for these models need, what is missing, and what is left out by default?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kernel_index.build_files.mobile_lists import builds_by_default
from kernel_index.errors import OpselectError
from kernel_index.index import KernelIndex
from opselect.findings import Finding
from opselect.selection.left_out_by_default import findings
from opselect.selection.select import Selection
from opselect.selection.select import select as pick
from opselect.usecases.advice import adviser_of
from opselect.usecases.kernel_source import DEFAULT_PROFILE, NO_MACROS, KernelSource, Macros
from opselect.usecases.open_kernels import open_kernels, profile_of
from opselect.usecases.read_requirements import ModelRequirements, ModelSet, read_requirements
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch

if TYPE_CHECKING:
    from opselect.targets import Target


@dataclass(frozen=True, slots=True)
class BuildQuestion:
    """For which models a build is, of which TensorFlow, built how.

    ``builds`` are those whose libraries must do, None for those that make binaries of the profile; ``have`` are
    libraries that these have besides.
    """

    models: ModelSet
    source: KernelSource
    profile: str = DEFAULT_PROFILE
    macros: Macros = NO_MACROS
    builds: tuple[str, ...] | None = None
    have: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BuildAnswer:
    """What a build of a TensorFlow must contain for models.

    ``criteria`` are what of the models' needs mobile builds leave out by default; ``needed`` has the models that could
    not be read. ``warnings`` are about the sources and the models.
    """

    index: KernelIndex
    selection: Selection
    needed: ModelRequirements
    criteria: tuple[Finding, ...] = ()
    have: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()

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


def builds_for(targets: Sequence[str], profile: str) -> tuple[str, ...] | None:
    """The builds that some targets are for; None for the default ones, which the manifest alone is about, too.

    Bazel's lists are for no desktop.
    """
    if set(targets) <= {"manifest"}:
        return None
    return tuple(t for t in targets if t == "makefile" or (t == "bazel" and profile.partition("+")[0] != "desktop"))


def select_kernels(
    needed: ModelRequirements,
    index: KernelIndex,
    profile: str = DEFAULT_PROFILE,
    *,
    builds: Sequence[str] | None = None,
    have: Collection[str] = (),
) -> BuildAnswer:
    """The kernels that TensorFlow picks for what models need, the files of a build, and all that is missing.

    ``profile`` is the build, by one of the names in ``docs/profiles.md``. ``builds`` are those whose libraries are
    judged (``bazel``, ``makefile``): by default those that make binaries of the profile. ``have`` are libraries that
    they have besides. Advice about a single model is tried on its graph; about several it is general.

    Raises InputError for a profile that the index has not. The rule is that of TensorFlow's
    ``core/framework/op_kernel.cc`` (``docs/rules.md``).
    """
    name = profile_of(index, profile)
    judged = builds_by_default(index.build_lists, name) if builds is None else builds
    adviser = adviser_of(needed.only, index, name)
    selection = pick(needed.requirements, index, name, adviser, judged=judged, have=have)
    criteria = findings(needed.requirements, index, name, adviser)
    return BuildAnswer(index, selection, needed, criteria, frozenset(have), needed.warnings)


def answer(question: BuildQuestion, watch: Watch = NOBODY) -> BuildAnswer:
    """The answer to a question, from the sources and models that it names.

    Raises InputError for what cannot be read, and NoModelReadError where none of several models could be.
    """
    recording = RecordingWatch(watch)
    index = open_kernels(question.source, macros=question.macros, profile=question.profile, watch=recording)
    profile = profile_of(index, question.profile, question.macros)
    needed = read_requirements(question.models, index, recording)
    found = select_kernels(needed, index, profile, builds=question.builds, have=question.have)
    # Nothing below asks for the graph.
    return replace(found, needed=needed.closed(), warnings=recording.warnings)
