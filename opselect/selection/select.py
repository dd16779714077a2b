"""Requirements × index × profile → kernels, files, and everything unresolved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from kernel_index.build_files.mobile_lists import builds_of
from kernel_index.dependencies import DependencyGraph
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import CPU, DEFAULT, Ambiguous, Found, NotFound, Outcome, admits, find_kernel
from kernel_index.needed_files import BuildNeeds, knows_definitions
from kernel_index.records import BAZEL, MAKE, AttrValue, KernelRegistration, LibraryUse
from opselect.findings import Finding
from opselect.requirements.collect import MAX_MODELS_NAMED, MAX_NODES_NAMED, Requirement, Requirements
from opselect.requirements.loading import Verdict, judge
from opselect.requirements.runtime import INDISPENSABLE, SESSION_OPS, Origin, ops_to_run
from opselect.selection.contents import BuildContents
from opselect.selection.left_out_by_default import Adviser, MobileBuild
from opselect.selection.not_known import explain_file
from opselect.selection.why_missing import (
    explain,
    explain_device,
    explain_impossible,
    explain_library,
    explain_undefined,
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a file is in the build: the kernel of an op, the types it was picked for, and who asks."""

    op: str
    attrs: tuple[tuple[str, AttrValue], ...] = ()
    kernel_class: str = ""
    nodes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class SelectedKernel:
    """A registration that a requirement picks."""

    registration: KernelRegistration
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class SelectedFile:
    """A file the build needs; ``role`` is ``kernel``, ``definition``, ``dependency``, ``header`` or ``support``.

    ``builds`` are those whose lists must name a source file (:data:`kernel_index.records.BAZEL` and ``MAKE``), for they
    do not compile it by themselves. A file with kernels and definitions of ops has a record for each role.
    """

    path: str
    role: str
    reasons: tuple[Reason, ...]
    builds: tuple[str, ...] = (BAZEL, MAKE)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a build of one release and profile must contain for the requirements, sorted throughout."""

    release: str
    profile: str
    kernels: tuple[SelectedKernel, ...]
    files: tuple[SelectedFile, ...]
    unresolved: tuple[Finding, ...]
    """Kernels that are needed and that the build does not have."""
    not_inserted: tuple[Finding, ...] = ()
    """Ops that the runtime may insert and for which the build has no kernel: nothing that the model asks for."""
    ops: tuple[str, ...] = ()
    """Ops that the build must define: those of the kernels, and those that need none and that the release has."""
    verdict: Verdict = field(default_factory=Verdict)
    """Whether the release loads the models, as far as that is known; ops that are unresolved are not in it again."""

    @property
    def complete(self) -> bool:
        """Whether the build meets all of the requirements, and its release loads the models that have them."""
        return not (self.unresolved or self.verdict.refused)


def select(
    requirements: Requirements,
    index: KernelIndex,
    profile: str,
    adviser: Adviser | None = None,
    *,
    judged: Sequence[str] = (),
    have: Collection[str] = (),
    named: Sequence[SelectedKernel] = (),
    named_ops: Sequence[str] = (),
    files: bool = True,
    contents: BuildContents | None = None,
) -> Selection:
    """The kernels that TensorFlow picks for the requirements in a build of ``profile``, and the files they are in.

    Files are those that register the kernels, those that define the ops, those without which both cannot be linked,
    and the headers of all. A library of others that these need, that one of the ``judged`` builds has not and that is
    not among those that the user says to ``have`` is unresolved.
    Kernels for ``CPU`` come first, then those for ``DEFAULT``. A requirement for another device is unresolved, with
    its CPU kernel selected all the same: clearing the device and soft placement both need that kernel. Where two
    kernels tie and the release's own build lists hold the file of only one of them, that one is taken, for the other
    is not in its builds. What the runtime adds to every graph (:data:`SESSION_OPS`) is in with all its kernels, where
    any runs. An op that it replaces needs none, and an op that it only may insert is never unresolved. A kernel that no
    build for a phone can have (:meth:`MobileBuild.impossible`) is not picked for one. Whether the release loads the
    models at all is judged, too. The ``named`` kernels are in whatever the requirements are, and ``named_ops`` are
    defined. Without ``files`` only those that register the kernels are listed, which is all that a header needs and
    much quicker. With ``contents`` nothing is picked but what that build has, and what a release's own lists would
    add is not looked at: ``unresolved`` says what does not run there.

    ``adviser`` says what to do about what is unresolved; without one that is general.

    Raises InputError where the index was not scanned with that profile.
    """
    if profile not in index.profiles:
        known = ", ".join(index.profiles)
        raise InputError(
            f"index of TensorFlow {index.release}", f"it has no profile {profile!r}", f"It has {known or 'none'}."
        )
    picker = _Picker(index, profile, adviser, contents)
    for requirement in requirements.items:
        picker.pick(requirement)
    if requirements.runs_graphs:
        picker.pick_session_ops()
    picker.add_named(named)
    picker.name(named_ops, "named without a kernel")
    picker.name(requirements.unreached, "named by nodes that nothing reaches, which a session loads all the same")
    for build in judged:
        picker.look_for_libraries(build, have)
    return _judged(picker.selection(all_files=files), judge(requirements.loads, index))


def _judged(selection: Selection, verdict: Verdict) -> Selection:
    """The selection with a verdict, without what it says itself: that the release lacks an op."""
    missing = {unresolved.op for unresolved in selection.unresolved}
    refused = tuple(each for each in verdict.refused if each.kind != "unknown_op" or each.op not in missing)
    return replace(selection, verdict=replace(verdict, refused=refused))


class _Picker:
    """Collects what the requirements pick."""

    def __init__(
        self, index: KernelIndex, profile: str, adviser: Adviser | None, contents: BuildContents | None
    ) -> None:
        self._index = index
        self._profile = profile
        self._build = MobileBuild(index, profile)
        self._adviser = adviser or Adviser(self._build)
        self._contents = contents
        self._reasons: dict[KernelRegistration, list[Reason]] = {}
        self._unresolved: list[Finding] = []
        self._not_inserted: list[Finding] = []
        self._listed: frozenset[str] | None = None
        self._named: dict[str, Reason] = {}
        self._asking: Counter[str] = Counter()
        self._needs = {build: BuildNeeds(index, profile, build) for build in builds_of(index.build_lists) or ("",)}

    def name(self, ops: Iterable[str], note: str) -> None:
        """Have ops defined in the build, whether there is a kernel of them or not."""
        for op in ops:
            self._named.setdefault(op, Reason(op, note=note))

    def pick(self, requirement: Requirement) -> None:
        origin = requirement.origin
        self._asking[requirement.op] += requirement.count
        pinned = requirement.device.upper() not in ("", CPU) and not requirement.may_insert
        if origin is not None and origin.kind == "replaced" and self._known(requirement.op):
            if pinned:
                self._unresolved.append(explain_device(requirement, self._profile))
            self.name([requirement.op], origin.why)
            return
        outcome, note = self._lookup(requirement)
        if isinstance(outcome, Found) and not self._has(outcome.registration):
            self._lack(requirement, outcome.registration)
            return
        if isinstance(outcome, Found):
            note = "; ".join(filter(None, (_origin_note(origin), note)))
            self._add(outcome.registration, _reason(requirement, note))
            if pinned:
                self._unresolved.append(explain_device(requirement, self._profile))
            return
        found = self._impossible(requirement) or explain(requirement, self._index, self._profile, outcome)
        if requirement.may_insert:
            self._not_inserted.append(found)
            return
        mends = self._adviser.advise_missing(requirement, found.mends)
        because = f"{origin.why}, and " if origin is not None and origin.kind == "added" else ""
        self._unresolved.append(replace(found, reason=because + found.reason, mends=mends))

    def _has(self, registration: KernelRegistration) -> bool:
        return self._contents is None or self._contents.has_kernel(registration)

    def _lack(self, requirement: Requirement, registration: KernelRegistration) -> None:
        """Have it said that the build does not have the kernel that it would pick."""
        assert self._contents is not None
        found = _asked_for(self._contents.without_kernel(registration), requirement)
        (self._not_inserted if requirement.may_insert else self._unresolved).append(found)

    def _lookup(self, requirement: Requirement) -> tuple[Outcome, str]:
        """The outcome in this profile, ties decided by the release's own lists; and what to note about it.

        Where the build does not have what fits, the kernel that it would pick if it had all.
        """
        built = [
            r
            for r in self._index.registrations(requirement.op)
            if self._profile in r.profiles and self._build.impossible(r.source) is None
        ]
        having = [r for r in built if self._has(r)]
        outcome, note = self._find(having, requirement)
        return (outcome, note) if isinstance(outcome, Found) else self._find(built, requirement)

    def _find(self, built: Sequence[KernelRegistration], requirement: Requirement) -> tuple[Outcome, str]:
        outcome = find_kernel(built, dict(requirement.attrs), label=requirement.label)
        if isinstance(outcome, Ambiguous):
            listed = [r for r in outcome.registrations if r.source in self._listed_files()]
            if len(listed) == 1:
                others = sorted({r.source for r in outcome.registrations} - {listed[0].source})
                return Found(listed[0]), f"upstream's lists hold this file and not {', '.join(others)}"
        return outcome, ""

    def _impossible(self, requirement: Requirement) -> Finding | None:
        """Why no build for a phone can have any kernel that fits; None where one can, or where none fits."""
        fitting = [
            r
            for r in self._index.registrations(requirement.op)
            if r.profiles and r.device in (CPU, DEFAULT) and r.label == requirement.label
            if admits(r, dict(requirement.attrs)) is True
        ]
        found = [self._build.impossible(r.source) for r in fitting]
        if not found or found[0] is None or None in found:
            return None
        return explain_impossible(requirement, fitting[0], found[0])

    def _listed_files(self) -> frozenset[str]:
        if self._listed is None:
            lists = self._index.build_lists
            self._listed = frozenset(lists.makefile).union(*lists.groups.values())
        return self._listed

    def _built(self, op: str) -> list[KernelRegistration]:
        """The kernels of an op that a CPU may use, plain label, in this profile."""
        return [
            r
            for r in self._index.registrations(op)
            if self._profile in r.profiles and r.device in (CPU, DEFAULT) and not r.label
        ]

    def _known(self, op: str) -> bool:
        return bool(self._index.registrations(op)) or self._index.op_definition(op) is not None

    def pick_session_ops(self) -> None:
        indispensable = INDISPENSABLE if self._contents is None else ops_to_run(self._index.release)
        for op, purpose in SESSION_OPS.items():
            registrations = self._built(op)
            having = [r for r in registrations if self._has(r)]
            for registration in having:
                self._add(registration, Reason(op, note=f"runtime: {purpose}"))
            if registrations and not having and op in indispensable:
                self._lack(Requirement(op, count=0), registrations[0])
            if not registrations and op in indispensable and self._known(op):
                requirement = Requirement(op, count=0)
                found = explain(requirement, self._index, self._profile, NotFound(()))
                self._unresolved.append(replace(found, reason=f"runtime: {purpose}, and {found.reason}"))

    def _add(self, registration: KernelRegistration, reason: Reason) -> None:
        reason = replace(reason, kernel_class=registration.kernel_class)
        self._reasons.setdefault(registration, []).append(reason)

    def add_named(self, kernels: Iterable[SelectedKernel]) -> None:
        """Have kernels in the build for reasons of their own."""
        for kernel in kernels:
            for reason in kernel.reasons:
                self._add(kernel.registration, reason)

    def look_for_libraries(self, build: str, have: Collection[str]) -> None:
        """Leave out what needs a library that a build has not."""
        needs = self._needs.get(build)
        if needs is None:
            return
        known: dict[str, dict[str, tuple[str, LibraryUse]]] = {}
        found: dict[tuple[str, str], tuple[str, LibraryUse, list[Reason]]] = {}
        for registration, reasons in self._reasons.items():
            source = registration.source
            if source not in known:
                definition = self._index.op_definition(registration.op)
                files = (source, *(() if definition is None else (definition.source,)))
                listed = [file for file in (*files, *needs.needed(files)) if not needs.compiles(file)]
                known[source] = needs.missing_libraries(listed)
            for library, (file, use) in known[source].items():
                if library not in have:
                    found.setdefault((registration.op, library), (file, use, []))[2].extend(reasons)
        for (op, _), (file, use, reasons) in sorted(found.items()):
            nodes = sorted({node for r in reasons for node in r.nodes})
            models = tuple(sorted({model for r in reasons for model in r.models})[:MAX_MODELS_NAMED])
            lacking = explain_library(use, file, self._index, build)
            named = tuple(nodes[:MAX_NODES_NAMED])
            self._unresolved.append(replace(lacking, op=op, count=len(nodes), nodes=named, models=models))

    def _look_for_definitions(self) -> None:
        """Leave out kernels of ops that nothing defines, where that is known."""
        if not knows_definitions(self._index):
            return
        for registration, reasons in self._reasons.items():
            if self._index.op_definition(registration.op) is None:
                first = reasons[0]
                undefined = explain_undefined(registration)
                self._unresolved.append(
                    replace(
                        undefined, attrs=first.attrs, count=len(first.nodes), nodes=first.nodes, models=first.models
                    )
                )

    def _look_for_contents(self) -> None:
        """Say which ops the build does not define though it has their kernels, or needs none."""
        if self._contents is None:
            return
        asking: dict[str, list[Reason]] = {op: [reason] for op, reason in self._named.items()}
        for registration, reasons in self._reasons.items():
            asking.setdefault(registration.op, []).extend(reasons)
        for op in sorted(asking.keys() - (SESSION_OPS.keys() - set(ops_to_run(self._index.release)))):
            definition = self._index.op_definition(op)
            may_do_without = all(reason.note.startswith(MAY_BE_INSERTED) for reason in asking[op])
            if definition is not None and not may_do_without and not self._contents.has_op(definition):
                nodes, models = _union_of_all(asking[op])
                lacking = self._contents.without_op(definition)
                count = max(self._asking[op], len(nodes))
                self._unresolved.append(replace(lacking, op=op, count=count, nodes=nodes, models=models))

    def _look_for_files(self, files: Collection[SelectedFile]) -> frozenset[str]:
        """Say which files a list cannot name, for nobody knows where they are; their paths."""
        unknown = set()
        for path in dict.fromkeys(file.path for file in files if file.role in ("kernel", "definition")):
            reasons = [reason for file in files if file.path == path for reason in file.reasons]
            lacking = explain_file(path, sorted({reason.op for reason in reasons if reason.op}), self._index)
            if lacking is not None:
                nodes, models = _union_of_all(reasons)
                self._unresolved.append(replace(lacking, count=len(nodes), nodes=nodes, models=models))
                unknown.add(path)
        return frozenset(unknown)

    def _needed_ops(self) -> list[str]:
        return sorted({r.op for r in self._reasons}.union(filter(self._known, self._named)))

    def selection(self, *, all_files: bool) -> Selection:
        self._look_for_definitions()
        self._look_for_contents()
        files: dict[str, list[Reason]] = {}
        for registration, reasons in self._reasons.items():
            files.setdefault(registration.source, []).extend(reasons)
        selected = (
            *(
                SelectedFile(path, "kernel", merge_reasons(files[path]), self._listing_builds(path))
                for path in sorted(files)
            ),
            *(self._needed_files(sorted(files)) if all_files else ()),
        )
        if all_files and self._contents is None:
            unknown = self._look_for_files(selected)
            selected = tuple(file for file in selected if file.path not in unknown)
        return Selection(
            release=self._index.release,
            profile=self._profile,
            kernels=tuple(
                SelectedKernel(registration, merge_reasons(self._reasons[registration]))
                for registration in sorted(self._reasons, key=_registration_order)
            ),
            files=selected,
            unresolved=tuple(sorted(dict.fromkeys(self._unresolved), key=_unresolved_order)),
            not_inserted=tuple(sorted(dict.fromkeys(self._not_inserted), key=_unresolved_order)),
            ops=tuple(self._needed_ops()),
        )

    def _listing_builds(self, path: str) -> tuple[str, ...]:
        """The builds that compile a source file only where their lists name it."""
        return tuple(build for build, needs in self._needs.items() if not needs.compiles(path))

    def _needed_files(self, sources: Sequence[str]) -> Iterator[SelectedFile]:
        """The files that define ops or that others cannot be linked without, and the headers of all of these."""
        reasons: dict[tuple[str, str], dict[Reason, None]] = {}
        builds: dict[tuple[str, str], list[str]] = {}
        for reason in self._defining():
            key = (reason[0], "definition")
            reasons.setdefault(key, {})[reason[1]] = None
            builds[key] = list(self._listing_builds(reason[0]))
        for build, needs in self._needs.items():
            for path, file in sorted(needs.needed(sources, sorted(self._named)).items()):
                key = (path, file.role)
                if file.role == "dependency":
                    reasons.setdefault(key, {Reason("", note=file.note): None})
                for op in file.ops:
                    if not any(reason.op == op for reason in reasons.setdefault(key, {})):
                        reasons[key][Reason(op, note=_DEFINES)] = None
                if build not in builds.setdefault(key, []):
                    builds[key].append(build)
        for path, role in sorted(reasons, key=lambda key: (key[1] != "definition", key)):
            yield SelectedFile(path, role, merge_reasons(reasons[path, role]), tuple(builds[path, role]))
        includers: dict[str, str] = {}
        graph = DependencyGraph(self._index, self._profile, BAZEL if BAZEL in self._needs else "")
        for source in (*sources, *sorted({path for path, _ in reasons}.difference(sources))):
            for header in graph.of(source).headers:
                includers.setdefault(header, source)
        for header, source in sorted(includers.items()):
            yield SelectedFile(header, "header", (Reason("", note=f"included by {source}"),))

    def _defining(self) -> Iterator[tuple[str, Reason]]:
        """Files that define an op that is picked or named, each with that op."""
        picked = {registration.op: Reason(registration.op, note=_DEFINES) for registration in self._reasons}
        named = {op: replace(reason, note=f"{_DEFINES}: {reason.note}") for op, reason in self._named.items()}
        for op, reason in sorted((named | picked).items()):
            definition = self._index.op_definition(op)
            if definition is not None:
                yield definition.source, reason


_DEFINES = "defines the op"
MAY_BE_INSERTED = "may be inserted: "
"""What a reason's note begins with where an optimizer only may bring the op in."""


def merge_reasons(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The reasons, sorted; those that differ only in who asks become one."""
    merged: dict[tuple[object, ...], Reason] = {}
    for reason in sorted(reasons, key=_reason_order):
        key = (reason.op, reason.attrs, reason.kernel_class, reason.note)
        first = merged.get(key)
        merged[key] = reason if first is None else _asked_by_both(first, reason)
    return tuple(merged.values())


def _asked_by_both(first: Reason, second: Reason) -> Reason:
    return replace(
        first,
        nodes=_union(first.nodes, second.nodes)[:MAX_NODES_NAMED],
        models=_union(first.models, second.models)[:MAX_MODELS_NAMED],
    )


def _union_of_all(reasons: Iterable[Reason]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The nodes that are named of all that ask, and the first models, by name."""
    reasons = list(reasons)
    nodes = sorted({node for reason in reasons for node in reason.nodes})
    models = sorted({model for reason in reasons for model in reason.models})
    return tuple(nodes), tuple(models[:MAX_MODELS_NAMED])


def _asked_for(finding: Finding, requirement: Requirement) -> Finding:
    """A finding about a build, with what asks for it."""
    origin = requirement.origin
    because = f"{origin.why}, and " if origin is not None and origin.kind == "added" else ""
    return replace(
        finding,
        reason=because + finding.reason,
        op=requirement.op,
        attrs=requirement.attrs,
        device=requirement.device,
        count=requirement.count,
        nodes=requirement.nodes,
        models=requirement.models,
    )


def _union(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({*first, *second}))


def _reason(requirement: Requirement, note: str) -> Reason:
    return Reason(requirement.op, requirement.attrs, nodes=requirement.nodes, models=requirement.models, note=note)


def _origin_note(origin: Origin | None) -> str:
    if origin is None:
        return ""
    return f"{MAY_BE_INSERTED}{origin.why}" if origin.may_insert else origin.why


def _reason_order(reason: Reason) -> tuple[str, ...]:
    return (reason.op, repr(reason.attrs), reason.kernel_class, reason.note, repr(reason.models), repr(reason.nodes))


def _registration_order(registration: KernelRegistration) -> tuple[object, ...]:
    r = registration
    return (r.op, r.device, r.label, -r.priority, r.location, r.kernel_class, repr(r.constraints))


def _unresolved_order(unresolved: Finding) -> tuple[str, ...]:
    return (unresolved.op, repr(unresolved.attrs), unresolved.device, unresolved.reason, repr(unresolved.nodes))
