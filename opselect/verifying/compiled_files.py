"""Builds by the source files that they compile: lists of a release or a checkout, manifests, ``tf_op_files.txt``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from kernel_index.build_files.mobile_lists import builds_of, compiled_unlisted
from kernel_index.dependencies import DependencyGraph
from kernel_index.index import KernelIndex
from kernel_index.records import BuildLists, KernelRegistration, OpDefinition
from opselect.build_lists.checking.builds import Build, how_listed
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend, OpselectOptions
from opselect.verifying.build_options import BuildOptions, system_of
from opselect.verifying.listed_files import files_of_lists

_SAY_OPTIONS = OpselectOptions(
    text="Say which options the build passes (--bazelrc FILE, with its --config NAME), or list the file outside of the "
    "select.",
    options=("--bazelrc", "FILE", "--config", "NAME"),
)


@dataclass(frozen=True, slots=True)
class LinkVerdict:
    """Whether a build can be linked: what it surely lacks, and, a sentence each, what it may lack."""

    broken: tuple[Finding, ...]
    unjudged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompiledFiles:
    """A build that compiles some ``files``, and what it compiles without their being listed.

    ``name`` is what a sentence calls the list, ``remake`` how to write it again. ``builds`` are the builds of the
    release that the list may be for (:data:`kernel_index.records.BAZEL` and ``MAKE``): a file that each of them
    compiles by itself is there without being listed.

    ``undecided`` are files that it compiles only where the condition of a ``select`` holds of which nobody knows
    whether it does, ``left_out`` those of branches that it does not take; both have the condition, as a sentence ends.
    """

    name: str
    files: frozenset[str]
    index: KernelIndex
    profile: str
    remake: Mend
    builds: tuple[str, ...] = ()
    undecided: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def has_file(self, path: str) -> bool:
        """Whether the build surely compiles a source file."""
        return path in self.files or self._is_compiled_unlisted(path)

    def _is_compiled_unlisted(self, path: str) -> bool:
        lists = self.index.build_lists
        return all(compiled_unlisted(path, lists, build) for build in self.builds or ("",))

    def has_kernel(self, registration: KernelRegistration) -> bool:
        """Whether the build compiles the file that registers a kernel."""
        return self.has_file(registration.source)

    def has_op(self, definition: OpDefinition) -> bool:
        """Whether the build compiles the file that defines an op."""
        return self.has_file(definition.source)

    def without_kernel(self, registration: KernelRegistration) -> Finding:
        """The kernel's file is not in the list."""
        return self._without("OPS119", registration, f"which registers {registration.kernel_class}")

    def without_op(self, definition: OpDefinition) -> Finding:
        """The file that defines the op is not in the list: a loader says "Op type not registered"."""
        return self._without("OPS120", definition, "which defines the op")

    def _without(self, code: str, what: KernelRegistration | OpDefinition, which: str) -> Finding:
        path = what.source
        if path in self.undecided:
            reason = f"{self.name}: it has {path}, {which}, only where {self.undecided[path]}, which is not known"
            return Finding("OPS127", reason, places=(what.location,), files=(path,), mends=(_SAY_OPTIONS,))
        reason = f"{self.name}: it does not have {path}, {which}{self._but(path)}"
        return Finding(code, reason, places=(what.location,), files=(path,), mends=self._mends(path))

    def _but(self, path: str) -> str:
        """That the list has a file that the build does not compile."""
        return f" (it would only where {self.left_out[path]})" if path in self.left_out else ""

    def links(self, upstream: BuildLists) -> LinkVerdict:
        """Whether the files of the list can be linked by what the build compiles.

        The lists of ``upstream`` are proof: what a file of theirs is without there, it does without.
        """
        broken: dict[str, Finding] = {}
        unjudged: dict[str, str] = {}
        for build in self.builds or ("",):
            proven = files_of_lists(upstream, build, BuildOptions(system_of(self.profile))).compiled
            graph = DependencyGraph(self.index, self.profile, build)
            for path, asking, symbol in self._missing(graph, self.files, proven):
                if path in self.undecided:
                    where = f"only where {self.undecided[path]}"
                    unjudged.setdefault(path, f"{self.name}: it has {path} {where}; {asking} uses {symbol} of it")
                else:
                    reason = f"{self.name}: it does not have {path}; {asking} uses {symbol} of it{self._but(path)}"
                    broken.setdefault(path, Finding("OPS121", reason, files=(path,), mends=self._mends(path)))
            for condition, files in self._by_condition().items():
                for path, asking, symbol in self._missing(graph, self.files | files, proven):
                    if path not in broken:
                        what = f"it does not have {path}, which is needed where {condition}"
                        if path in self.undecided:
                            what = f"it has {path} only where {self.undecided[path]}, and needs it where {condition}"
                        unjudged.setdefault(path, f"{self.name}: {what}; {asking} uses {symbol} of it")
        sentences = (
            f"{text}: whether it can be linked is not known. {_SAY_OPTIONS.text}" for text in unjudged.values()
        )
        return LinkVerdict(tuple(broken.values()), tuple(sentences))

    def _by_condition(self) -> dict[str, frozenset[str]]:
        """The undecided files that are compiled together."""
        return {
            condition: frozenset(path for path, each in self.undecided.items() if each == condition)
            for condition in dict.fromkeys(self.undecided.values())
        }

    def _missing(
        self, graph: DependencyGraph, files: frozenset[str], proven: frozenset[str]
    ) -> Iterator[tuple[str, str, str]]:
        """The files that some files need and that are not surely compiled, each with who uses what of it."""
        for path, (asking, dependency) in graph.reasons(sorted(files)).items():
            if not self.has_file(path) and (asking not in proven or path in proven):
                yield path, asking, dependency.symbol

    def _mends(self, path: str) -> tuple[Mend, ...]:
        lists = self.index.build_lists
        known = [build for build in self.builds if build in builds_of(lists)]
        edits: list[Mend] = []
        for build in known:
            edit = how_listed(path, Build(build, {}, frozenset()), lists)
            edits.append(_capitalized(edit, OR if edits else ""))
        return (*edits, replace(self.remake, lead=OR if edits else ""))


def _capitalized(mend: Mend, lead: str) -> Mend:
    return replace(mend, text=f"{mend.text[:1].upper()}{mend.text[1:]}.", lead=lead)
