"""Libraries and the index of a near release, joined to an index: what the libraries say counts, the base fills in.

``docs/index_from_binary.md`` has the rules, and how often what is borrowed was right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kernel_index.diagnostics import in_order
from kernel_index.errors import InputError
from kernel_index.records import (
    UNSURE,
    Diagnostic,
    GraphVersions,
    KernelRegistration,
    Location,
    Lost,
    OpDefinition,
    ScanResult,
)
from kernel_index.scan.expressions import NotEvaluatedError
from kernel_index.scan.tree import registration_key
from kernel_index.store import StoredIndex
from opselect.audit.source_paths import SourcePaths
from opselect.binaries.names import readable
from opselect.binaries.records import RegisteredKernel, Undecoded
from opselect.library_index.builds import Builds, KnownBuilds, unsure_by_place
from opselect.library_index.definitions import Joined, joined
from opselect.library_index.libraries import Libraries
from opselect.library_index.matching import Pair, is_of_file, last_name, paired
from opselect.library_index.words import Counts, origin
from opselect.verifying.desktop_library import why_not_linked

NO_FILE = "a source file that the library does not name"
"""The place of what a stripped library registers and its base does not know."""

_WHOLE = 0.7
"""Libraries with this part of what the base registers have all that their build has; others are of a selection.

Those of the newest wheels have 0.85 of what 1.4 has on desktop, and more of any later release; ``android-full`` is up
to 0.59 of ``desktop``.
"""
_CLEARLY = 0.1
"""By this part another profile has more in common with libraries than the one that they are said to be.

Libraries of pip packages have at least as much in common with desktop as with any other profile, of any release.
"""
_BORROWED = "other profiles, conditions, build lists, includes, dependencies"


@dataclass(frozen=True, slots=True)
class Join:
    """What is joined: libraries that were built as ``profile`` of ``release``, and the index ``base``.

    ``graph_versions`` are those of the release where they are known, else None.
    """

    libraries: Libraries
    base: StoredIndex
    release: str
    profile: str
    graph_versions: GraphVersions | None = None


def join(question: Join) -> ScanResult:
    """The index of what libraries register.

    Raises InputError where they register nothing, and where the base lacks the profile or was made of libraries itself.
    """
    base, profile = question.base, question.profile
    if not question.libraries.kernels:
        raise InputError(
            ", ".join(question.libraries.names),
            "registers no kernel that could be read, so there is nothing to make an index of",
            "Name the library that has the kernels: libtensorflow_cc.so.2 of a wheel, or libtensorflow_inference.so.",
        )
    if base.origin is not None:
        raise InputError(
            f"the base, TensorFlow {base.release}",
            "was made of a library itself, and what it borrowed would be borrowed again",
            f"Name an index of sources, such as that of {base.origin.base}.",
        )
    if profile not in base.profiles:
        raise InputError(
            f"the base, TensorFlow {base.release}",
            f"it has no profile {profile!r}",
            f"It has {', '.join(base.profiles)}.",
        )
    return _Joining(question).result()


class _Joining:
    def __init__(self, question: Join) -> None:
        self._question = question
        self._base = question.base
        self._profile = question.profile
        self._libraries = question.libraries
        self._records = tuple(self._base.all_registrations())
        self._pairs = paired(self._libraries.kernels, self._records, self._profile)
        self._taken = {id(pair.record) for pair in self._pairs if pair.record is not None}
        known = [replace(p.kernel, file=p.record.source) for p in self._pairs if p.record is not None]
        self._paths = SourcePaths(self._base, known)
        self._files = {last_name(each.file) for each in (*self._libraries.kernels, *known) if each.file}
        self._builds = KnownBuilds(self._records, self._profile)
        self._defining: dict[str, set[str]] = {}
        for op in self._base.op_names():
            if (definition := self._base.op_definition(op)) is not None:
                self._defining.setdefault(last_name(definition.source), set()).add(definition.source)
        self._is_whole = self._covers_the_base()
        self._defined = {each.op for each in self._libraries.definitions}
        self._counts: Counter[str] = Counter()
        self._diagnostics: list[Diagnostic] = []

    def _covers_the_base(self) -> bool:
        built = [record for record in self._records if self._is_linked(record)]
        return sum(id(record) in self._taken for record in built) >= _WHOLE * len(built)

    def _like(self) -> str:
        """The profile that the libraries are clearly more like than the one that they are said to be; mostly none."""
        likeness = {}
        for profile in self._base.profiles:
            there = {id(record) for record in self._records if profile in record.profiles}
            likeness[profile] = len(there & self._taken) / (len(there | self._taken) or 1)
        best = max(likeness, key=likeness.__getitem__)
        return best if likeness[best] > likeness[self._profile] + _CLEARLY else ""

    def _is_linked(self, record: KernelRegistration) -> bool:
        """Whether the base's own library has a kernel, too: the pip package leaves out a part of the tree."""
        return self._profile in record.profiles and not self._why_not_linked(record.source)

    def _why_not_linked(self, path: str) -> str:
        return why_not_linked(path) if self._profile == "desktop" else ""

    def result(self) -> ScanResult:
        """The index. Everything is done once, in the order of what depends on what."""
        base, question = self._base, self._question
        undecoded = self._undecoded()
        definitions = self._definitions()
        registered = [self._registered(pair) for pair in self._pairs]
        kept = [*undecoded, *self._kept(frozenset(definitions), {id(record) for record in undecoded})]
        self._say_what_is_unsure()
        counts = Counts(
            kernels=len(registered),
            definitions=len(self._libraries.definitions),
            copies=self._libraries.copies,
            found=self._counts,
            is_whole=self._is_whole,
            graph_versions=question.graph_versions is not None,
            like=self._like(),
        )
        return ScanResult(
            release=question.release,
            profiles=base.profiles,
            registrations=tuple(sorted([*registered, *kept], key=registration_key)),
            op_definitions=tuple(definitions[op] for op in sorted(definitions)),
            build_lists=base.build_lists,
            diagnostics=in_order([*base.diagnostics, *self._diagnostics]),
            skipped_files={**base.skipped_files, **self._libraries.skipped},
            missing_headers=base.missing_headers,
            includes=base.includes,
            type_lists=base.type_lists,
            dependencies=base.dependencies,
            library_uses=base.library_uses,
            note=f"{self._profile} read in {_first(self._libraries.names)}; {_BORROWED} borrowed from {base.release}",
            graph_versions=question.graph_versions or base.graph_versions,
            origin=origin(self._libraries.names, self._profile, base.release, counts),
        )

    def _registered(self, pair: Pair) -> KernelRegistration:
        """The record of a kernel that the libraries register."""
        kernel, record = pair.kernel, pair.record
        if record is None:
            return self._new(kernel)
        assert pair.likeness is not None
        self._counts[pair.likeness.value] += 1
        return replace(
            record,
            profiles=self._with_own(record.profiles),
            kernel_class=kernel.kernel_class,
            priority=kernel.priority,
            host_memory_args=kernel.host_memory_args,
        )

    def _with_own(self, profiles: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in self._base.profiles if name in profiles or name == self._profile)

    def _new(self, kernel: RegisteredKernel) -> KernelRegistration:
        """A kernel that the base does not know."""
        builds = self._builds.of(kernel)
        self._counts["new" if builds is None else "inferred"] += 1
        builds = builds or Builds(())
        return KernelRegistration(
            op=kernel.op,
            device=kernel.device,
            kernel_class=kernel.kernel_class,
            location=self._place(kernel.file),
            profiles=self._with_own(builds.profiles),
            label=kernel.label,
            priority=kernel.priority,
            constraints=kernel.constraints,
            host_memory_args=kernel.host_memory_args,
            condition=builds.condition,
        )

    def _place(self, file: str) -> Location:
        """Where something is that the base does not know: no line, and no folder where the library has none."""
        path = self._paths.of(file) if file else NO_FILE
        known = path in self._base.includes or not path.startswith("/")
        return Location(path if known else last_name(path), 0)

    def _place_of_definition(self, file: str) -> Location:
        """The same for an op: there is an ``image_ops.cc`` of ops and another one of kernels."""
        (path, *others) = sorted(self._defining.get(last_name(file), ())) or ("",)
        return Location(path, 0) if path and not others else self._place(file)

    def _undecoded(self) -> list[KernelRegistration]:
        """The registrations of the base that stand for what could not be read; a diagnostic for each of the others."""
        lost = {(d.lost.op, last_name(d.location.file)) for d in self._base.diagnostics if d.lost is not None}
        found = []
        for library, each in self._libraries.undecoded:
            alike = next(
                (
                    record
                    for record in self._records
                    if id(record) not in self._taken
                    and each.kernel_class == record.kernel_class
                    and each.op in ("", record.op)
                    and self._profile in record.profiles
                    and is_of_file(each.file, record)
                ),
                None,
            )
            if alike is not None:
                self._taken.add(id(alike))
                self._counts["undecoded"] += 1
                found.append(alike)
            elif any(each.op == op and last_name(each.file) in ("", file) for op, file in lost if op):
                self._counts["undecoded in both"] += 1
            else:
                place = self._place(each.file) if each.file else Location(last_name(library), 0)
                self._diagnostics.append(_unread(each, place))
        return found

    def _definitions(self) -> dict[str, OpDefinition]:
        """Every op: those that the libraries define, and those of the base of whose source file they define none."""
        found: dict[str, OpDefinition] = {}
        for compiled in self._libraries.definitions:
            known = self._base.op_definition(compiled.op)
            try:
                made = joined(compiled, known, self._place_of_definition(compiled.file))
            except NotEvaluatedError as problem:
                self._say_undefined(compiled.op, compiled.file, known, str(problem))
                if known is not None:
                    found[compiled.op] = known
                continue
            found[compiled.op] = made.record
            self._count(made, known)
            if known is None:
                message = f"whether the op {compiled.op} keeps state is not known, so it is taken as if it did"
                self._diagnostics.append(Diagnostic(made.record.location, message, Lost(UNSURE, compiled.op)))
        sources = {known.source for op in found if (known := self._base.op_definition(op)) is not None}
        for op in self._base.op_names():
            known = self._base.op_definition(op)
            if known is None or op in found:
                continue
            if self._is_whole and not self._why_not_linked(known.source) and known.source in sources:
                self._counts["ops gone"] += 1
            else:
                self._counts["ops kept"] += 1
                found[op] = known
        return found

    def _count(self, made: Joined, known: OpDefinition | None) -> None:
        self._counts["ops same" if made.same else "ops new" if known is None else "ops changed"] += 1
        self._counts["ops with borrowed parts"] += made.borrowed > 0

    def _say_undefined(self, op: str, file: str, known: OpDefinition | None, why: str) -> None:
        instead = "" if known is None else f"; it is taken as in {self._base.release}"
        message = f"the definition of the op {op} in the library could not be read, {why}{instead}"
        self._diagnostics.append(Diagnostic(self._place_of_definition(file), message, Lost("op", op)))

    def _kept(self, defined: frozenset[str], done: set[int]) -> Iterator[KernelRegistration]:
        """What of the base the libraries do not show.

        A kernel that their build would have is gone from the release where its op is, or where they have others of its
        source file, unless they are of a selection. Of a file that they lack as a whole, nobody knows: another library
        may have it.
        """
        built = {last_name(record.source) for record in self._records if self._is_linked(record)}
        for record in self._records:
            if id(record) in self._taken or id(record) in done:
                continue
            others = tuple(name for name in record.profiles if name != self._profile)
            file = last_name(record.source)
            if not self._is_whole:
                if others or not record.profiles:
                    yield replace(record, profiles=others)
            elif (record.op not in defined and self._base.op_definition(record.op) is not None) or (
                self._is_linked(record) and file in self._files
            ):
                self._counts["gone"] += 1
            elif file in built and file not in self._files:
                yield self._doubted(record, "no library that was read has its source file")
            elif self._why_not_linked(record.source):
                if record.op not in self._defined:
                    yield self._doubted(record, "no pip package links its source file")
                else:
                    self._counts["not linked"] += 1
                    if others or record.condition is not None:
                        yield replace(record, profiles=others)
            else:
                self._counts["other builds only" if record.profiles else "hidden"] += 1
                yield record

    def _doubted(self, record: KernelRegistration, why: str) -> KernelRegistration:
        """A kernel of which nobody knows whether the release still has it: it is in no build, and that is said."""
        if record.profiles:
            self._counts["doubtful"] += 1
            message = f"whether the release still has the kernel of {record.op} is not known: {why}"
            self._diagnostics.append(Diagnostic(record.location, message, Lost(UNSURE, record.op)))
        return replace(record, profiles=())

    def _say_what_is_unsure(self) -> None:
        """A diagnostic for each op and file with kernels of which the other builds are not known."""
        unknown = [p.kernel for p in self._pairs if p.record is None and self._builds.of(p.kernel) is None]
        for (op, file), kernels in unsure_by_place(unknown).items():
            classes = dict.fromkeys(kernel.kernel_class for kernel in kernels)
            which = _some(tuple(classes))
            message = f"which builds but {self._profile} have the kernel of {op} is not known: {which}"
            self._diagnostics.append(Diagnostic(self._place(file), message, Lost(UNSURE, op)))
        registered = {kernel.op for kernel in self._libraries.kernels}
        for op in sorted(self._defined - registered):
            if self._base.op_definition(op) is None:
                message = f"whether sources that no pip package links have a kernel of the new op {op} is not known"
                place = Location(last_name(self._libraries.names[0]), 0)
                self._diagnostics.append(Diagnostic(place, message, Lost("kernel", op)))


_AT_START = re.compile(r"_GLOBAL__|__static_init|__cxx_global_var_init")
"""What compilers call the functions that run when a library is loaded."""


def _unread(undecoded: Undecoded, place: Location) -> Diagnostic:
    """What is said of a registration that could not be read.

    A function with a name of its own registers what its callers tell it, and a scan of sources passes it over.
    """
    what = f"a registration of {undecoded.kernel_class}" if undecoded.kernel_class else "a registration"
    name = undecoded.function_name
    if name and not undecoded.op and not _AT_START.search(name):
        return Diagnostic(place, f"{what} by {readable(name)} is of whatever op its callers name")
    return Diagnostic(place, f"{what} in the library could not be read: {undecoded.reason}", Lost("", undecoded.op))


def _first(libraries: Sequence[str]) -> str:
    return last_name(libraries[0]) + (f" and {len(libraries) - 1} more" if len(libraries) > 1 else "")


_MAX_NAMED = 3


def _some(classes: Sequence[str]) -> str:
    more = f" and {len(classes) - _MAX_NAMED} more" if len(classes) > _MAX_NAMED else ""
    return ", ".join(classes[:_MAX_NAMED]) + more
