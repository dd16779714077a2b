"""Which of a binary's kernels do models need, which are missing, and what would be saved without which?"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kernel_index.build_files.labels import label_of_path
from kernel_index.build_files.mobile_lists import builds_of, written_groups
from kernel_index.build_files.places import KERNELS_PACKAGE, MAKEFILE_LIST
from kernel_index.errors import OpselectError
from kernel_index.index import KernelIndex
from kernel_index.needed_files import BuildNeeds
from kernel_index.records import KernelRegistration
from opselect.audit.audited import Audit
from opselect.binaries.records import RegisteredKernel
from opselect.findings import Finding
from opselect.findings.mends import ListEdit, Mend, change_model, run
from opselect.requirements.of_many_models import Failure
from opselect.requirements.runtime import SESSION_OPS
from opselect.usecases.audit import Audited
from opselect.usecases.described_build import DescribedBuild, VerifyQuestion
from opselect.usecases.model_names import model_names, shown_name
from opselect.usecases.open_kernels import profile_of
from opselect.usecases.read_requirements import ModelSet
from opselect.usecases.verify import HeldAgainst, OpenedBuild, hold_against
from opselect.usecases.watch import NOBODY, Watch
from opselect.verifying.binary_contents import BinaryContents, BinaryFile, fitting_profile, preferred

COMPARING = "Comparing models"
"""The task, as a :class:`Watch` sees it."""

_MAX_NAMED = 3


_RUNTIME = "the runtime"
"""Who needs the kernels by which a session feeds and fetches, and the like."""


@dataclass(frozen=True, slots=True)
class NeededKernel:
    """A kernel of the binary that models pick: ``models`` are all of them, none where the runtime itself needs it."""

    kernel: RegisteredKernel
    models: tuple[str, ...]
    bytes: int | None


@dataclass(frozen=True, slots=True)
class UnusedFile:
    """Kernels of a source file that no model picks, what would go without them, and the edit that takes them out.

    ``whole`` tells that no kernel of the file is picked.
    """

    file: str
    kernels: tuple[RegisteredKernel, ...]
    whole: bool
    bytes: int | None
    mend: Mend


@dataclass(frozen=True, slots=True)
class Saving:
    """What a binary would save without a model: the kernels that no other model picks."""

    model: str
    kernels: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class ModelsAudit:
    """Models held against binaries.

    ``missing`` is what does not run. ``needed_bytes`` would go without all that is needed, ``unused_bytes`` without all
    that is not. All bytes are None where the binaries do not tell what would go.
    """

    release: str
    profile: str
    needed: tuple[NeededKernel, ...]
    needed_bytes: int | None
    missing: tuple[Finding, ...]
    unused: tuple[UnusedFile, ...]
    unused_bytes: int | None
    savings: tuple[Saving, ...]
    unjudged: tuple[str, ...] = ()
    unread: tuple[Failure, ...] = ()
    models: int = 0

    @property
    def ok(self) -> bool:
        """Whether the binaries run all the models, as far as that can be judged."""
        return not (self.missing or self.unread)

    @property
    def needed_by(self) -> Mapping[str, tuple[str, ...]]:
        """Op to the models that pick kernels of it; to ``the runtime`` where it is needed whatever the model is."""
        found: dict[str, set[str]] = {}
        for each in self.needed:
            found.setdefault(each.kernel.op, set()).update(each.models)
        return {op: tuple(sorted(models)) or (_RUNTIME,) for op, models in found.items()}


def audit_models(audited: Audited, models: ModelSet, profile: str = "", watch: Watch = NOBODY) -> ModelsAudit:
    """Holds models against binaries, whose kernels are picked by TensorFlow's rule among all that they register.

    ``profile`` is the build that sentences about what is missing go by, by default the one that has most of the
    kernels. Raises OpselectError where no TensorFlow is known that the binaries are of, and what
    :func:`opselect.usecases.verify.hold_against` raises.
    """
    audit, index = audited.audit, audited.index
    if index is None:
        raise OpselectError(
            f"{audit.name}: it is not clear of which TensorFlow it is, for no release has a kernel of it\n"
            "  Name one: --tensorflow VERSION, --tree PATH or --index FILE."
        )
    binaries = [BinaryFile(each.name, each.registrations) for each in audit.binaries]
    name = profile_of(index, profile) if profile else fitting_profile(index, audit.kernels, preferred(index.profiles))
    contents = BinaryContents(binaries, index, name)
    held = _hold(contents, name, models, watch)
    picked = _picked(held)
    names = model_names(models.paths)
    unread = held.answer.needed.unread
    readable = {path: model for path, model in names.items() if model not in {failure.model for failure in unread}}
    of_model = dict.fromkeys(readable.values(), picked)
    if len(names) > 1:
        for number, (path, model) in enumerate(readable.items()):
            watch.progress(COMPARING, number, len(readable))
            # What there is to say of a model was said when all were held.
            of_model[model] = _picked(_hold(contents, name, replace(models, paths=(path,)), NOBODY))
        watch.progress(COMPARING, len(readable), len(readable))
    costs = _Costs(audit, contents.records)
    unused = [each for each in dict.fromkeys(contents.records) if each not in picked]
    needed_bytes, unused_bytes = costs.retained([sorted(picked & costs.kernels.keys(), key=_order), unused])
    return ModelsAudit(
        index.release,
        name,
        tuple(_needed(costs, picked, of_model)),
        needed_bytes,
        held.problems,
        tuple(_unused(unused, picked, costs, contents.index, name, models)),
        unused_bytes,
        tuple(_savings(costs, of_model)) if len(names) > 1 else (),
        (*contents.unjudged, *held.answer.selection.verdict.unjudged),
        unread,
        len(names),
    )


def _hold(contents: BinaryContents, profile: str, models: ModelSet, watch: Watch) -> HeldAgainst:
    """The models held against the binaries; what optimizers may insert is picked, too, where it is there."""
    question = VerifyQuestion(models, (contents.name,), profile=profile)
    build = DescribedBuild((contents,), contents.unjudged, ())
    held = hold_against(OpenedBuild(question, contents.index, profile, build), watch, inserted=True)
    return replace(held, answer=replace(held.answer, needed=held.answer.needed.closed()))


def _picked(held: HeldAgainst) -> frozenset[KernelRegistration]:
    return frozenset(each.registration for each in held.answer.selection.kernels)


class _Costs:
    """What kernels cost, by their records: one may be registered in several binaries."""

    def __init__(self, audit: Audit, records: Sequence[KernelRegistration]) -> None:
        self._binaries = audit.binaries
        self._is_told = audit.tells_what_would_go
        self._places: dict[KernelRegistration, list[tuple[int, int]]] = {}
        self.kernels: dict[KernelRegistration, RegisteredKernel] = {}
        places = (
            (number, at, kernel)
            for number, binary in enumerate(audit.binaries)
            for at, kernel in enumerate(binary.registrations.kernels)
        )
        for record, (number, at, kernel) in zip(records, places, strict=True):
            self._places.setdefault(record, []).append((number, at))
            self.kernels.setdefault(record, kernel)

    def retained(self, groups: Sequence[Iterable[KernelRegistration]]) -> Sequence[int | None]:
        """Of each group the bytes that would go without it, from all the binaries; None where that is not told."""
        if not self._is_told:
            return [None] * len(groups)
        found = [0] * len(groups)
        for number, binary in enumerate(self._binaries):
            if binary.costs is None:
                continue
            own = [[at for each in group for of, at in self._places[each] if of == number] for group in groups]
            for place, count in enumerate(binary.costs.retained(own)):
                found[place] += count
        return found


def _needed(
    costs: _Costs, picked: Iterable[KernelRegistration], of_model: Mapping[str, frozenset[KernelRegistration]]
) -> Iterator[NeededKernel]:
    records = sorted((each for each in picked if each in costs.kernels), key=_order)
    for record, count in zip(records, costs.retained([[each] for each in records]), strict=True):
        asking = sorted(model for model, its in of_model.items() if record in its)
        yield NeededKernel(costs.kernels[record], () if record.op in SESSION_OPS else tuple(asking), count)


def _savings(costs: _Costs, of_model: Mapping[str, frozenset[KernelRegistration]]) -> Iterator[Saving]:
    groups = []
    for model, its in of_model.items():
        others = [picked for name, picked in of_model.items() if name != model]
        groups.append(sorted(its.difference(*others), key=_order))
    for (model, group), count in zip(zip(of_model, groups, strict=True), costs.retained(groups), strict=True):
        yield Saving(model, len(group), count)


def _order(record: KernelRegistration) -> tuple[str, ...]:
    return (record.op, record.device, record.kernel_class, record.label, repr(record.constraints), record.source)


def _unused(
    unused: Sequence[KernelRegistration],
    picked: Iterable[KernelRegistration],
    costs: _Costs,
    index: KernelIndex,
    profile: str,
    models: ModelSet,
) -> Iterator[UnusedFile]:
    """The unused kernels, a row a file, what saves most first."""
    groups: dict[str, list[KernelRegistration]] = {}
    for record in sorted(unused, key=_order):
        groups.setdefault(record.source, []).append(record)
    used = {record.source for record in picked}
    kept = _needed_files(sorted(used), index, profile)
    remake = _remake(index, profile, models)
    rows = []
    for (file, records), count in zip(groups.items(), costs.retained(tuple(groups.values())), strict=True):
        whole = file not in used
        mend = _removal(file, index) if whole and file not in kept else remake
        rows.append(UnusedFile(file, tuple(costs.kernels[each] for each in records), whole, count, mend))
    yield from sorted(rows, key=lambda row: (-(row.bytes or 0), row.file))


def _needed_files(sources: Sequence[str], index: KernelIndex, profile: str) -> frozenset[str]:
    """The files without which those of the kernels that are picked cannot be linked."""
    known = [path for path in sources if path in index.includes]
    builds = builds_of(index.build_lists) or ("",)
    return frozenset(path for build in builds for path in BuildNeeds(index, profile, build).needed(known))


def _removal(file: str, index: KernelIndex) -> Mend:
    """How a source file is taken out of the build: the entry of its list, as the release has it."""
    lists = index.build_lists
    group = next((name for name in written_groups(lists) if file in lists.groups.get(name, ())), "")
    entry = file if file in lists.makefile else f"{file.removesuffix('.cc')}.c"
    lines = [f"the line {entry} out of {MAKEFILE_LIST}"] if entry in lists.makefile else []
    if not group and not lines:
        return change_model(f"Leave {file or 'its file'} out of the sources of the build.")
    label = label_of_path(file, frozenset(lists.packages) | {KERNELS_PACKAGE}).seen_from(KERNELS_PACKAGE)
    if not group:
        return ListEdit(
            text=f"Take {lines[0]}.", list=MAKEFILE_LIST, file=MAKEFILE_LIST, remove=(entry,), applicability="likely"
        )
    where = f"{KERNELS_PACKAGE}/BUILD"
    text = " and ".join([f'Take "{label}" out of {group} in {where}', *lines])
    return ListEdit(text=f"{text}.", list=group, file=where, remove=(label,), applicability="likely")


def _remake(index: KernelIndex, profile: str, models: ModelSet) -> Mend:
    """The header that leaves out what no model picks."""
    paths = models.paths
    named = shlex.join(map(shown_name, paths)) if len(paths) <= _MAX_NAMED else "MODEL..."
    line = (
        f"opselect generate {named} --tensorflow {index.release} --profile {profile} --target header --out build_lists"
    )
    return run("Build with the header that leaves them out: {command}.", line, applicability="likely")
