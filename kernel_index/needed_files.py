"""What source files need beside them in a build: files to link with, and the files that define the ops of kernels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from kernel_index.build_files.mobile_lists import compiled_unlisted
from kernel_index.dependencies import DependencyGraph
from kernel_index.index import KernelIndex
from kernel_index.profiles import is_mobile
from kernel_index.records import BAZEL, LibraryUse

MAX_OPS_NAMED = 5
"""Maximum number of ops that are named of those that a file defines."""


@dataclass(frozen=True, slots=True)
class NeededFile:
    """A source file that others need: ``note`` says why, ``ops`` which of their ops it defines."""

    path: str
    role: Literal["definition", "dependency"]
    note: str
    ops: tuple[str, ...] = ()


class BuildNeeds:
    """The needs of source files in one build of a release: what that compiles without being listed is none of them.

    A kernel without the definition of its op fails twice: TensorFlow says "OpKernel … for unknown op" when it starts
    (``ValidateKernelRegistrations`` of ``framework/op_kernel.cc``) and refuses a graph with "Op type not registered"
    (``OpRegistry::LookUp`` of ``framework/op.cc``). So the ops of all kernels of a file count, not only of those that
    are picked.
    """

    def __init__(self, index: KernelIndex, profile: str, build: str) -> None:
        self._index = index
        self._profile = profile
        self._lists = index.build_lists
        self._build = build
        self._graph = DependencyGraph(index, profile, build)

    def compiles(self, path: str) -> bool:
        """Whether the build compiles a file without its being listed."""
        return compiled_unlisted(path, self._lists, self._build)

    def needed(self, files: Iterable[str], ops: Iterable[str] = ()) -> dict[str, NeededFile]:
        """All files that some files and ops need, themselves not among them, by path.

        What files are linked with counts with the ops of the kernels in it, and so do the files that define ops.
        """
        start = tuple(dict.fromkeys(files))
        found: dict[str, NeededFile] = {}
        wanted = dict.fromkeys(ops, "")
        todo = start
        while True:
            for path, (asking, dependency) in self._graph.reasons((*start, *found)).items():
                note = f"{asking} uses {dependency.symbol}, declared in {dependency.declared_in}"
                found.setdefault(path, NeededFile(path, "dependency", note))
            kernel_ops = self._index.kernel_ops(self._profile)
            for file in (*start, *found):
                for op in kernel_ops.get(file, ()):
                    wanted.setdefault(op, file)
            more = {p: f for p, f in self._defining(wanted).items() if p not in start and p not in found}
            if not more and len(todo) == len(found) + len(start):
                return found
            found |= more
            todo = (*start, *found)

    def definitions(self, files: Iterable[str], ops: Iterable[str] = ()) -> dict[str, NeededFile]:
        """The files that define the ops of the kernels of some files and some more ops, and what those files need."""
        there = frozenset(files)
        kernel_ops = self._index.kernel_ops(self._profile)
        wanted = dict.fromkeys(ops, "") | {op: file for file in sorted(there) for op in kernel_ops.get(file, ())}
        defining = self._defining(wanted)
        return {path: file for path, file in (defining | self.needed(defining)).items() if path not in there}

    def _defining(self, ops: dict[str, str]) -> dict[str, NeededFile]:
        """The files that define ops, given with the file that has a kernel of each, empty where a model asks."""
        by_file: dict[str, list[str]] = {}
        defining_files = self._index.defining_files
        for op in sorted(ops):
            source = defining_files.get(op)
            if source is not None and not self.compiles(source):
                by_file.setdefault(source, []).append(op)
        return {
            path: NeededFile(path, "definition", f"defines {names(defined)}", tuple(defined))
            for path, defined in by_file.items()
        }

    def missing_libraries(self, files: Iterable[str]) -> dict[str, tuple[str, LibraryUse]]:
        """The libraries that some files are compiled with and the build does not have: name to the first use.

        None where it is not known which ones the build has.
        """
        linked = self._lists.libraries.get(self._build)
        found: dict[str, tuple[str, LibraryUse]] = {}
        if linked is None:
            return found
        for file in files:
            for use in self._index.library_uses.get(file, ()):
                if self._profile in use.profiles and use.library not in linked and not self._comes_along(use):
                    found.setdefault(use.library, (file, use))
        return found

    def _comes_along(self, use: LibraryUse) -> bool:
        """Whether a library is only used where a target is linked that links it, too.

        ``TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL``, without which that header is empty, is among the ``defines`` of
        ``:eigen_contraction_kernel_with_mkl`` and the like (``tensorflow/core/kernels/BUILD``, later
        ``tensorflow/tsl/framework/contraction/BUILD``). No phone's build has them.
        """
        header = use.included_by.rpartition("/")[2]
        return self._build == BAZEL and not is_mobile(self._profile) and header == _CONTRACTION


_CONTRACTION = "eigen_contraction_kernel.h"


def knows_definitions(index: KernelIndex) -> bool:
    """Whether the sources that define ops were scanned too: then there is one of NoOp, which every graph has."""
    return index.op_definition("NoOp") is not None


def names(ops: Iterable[str]) -> str:
    """Ops in a sentence, the first few of many."""
    all_ = sorted(ops)
    shown = ", ".join(all_[:MAX_OPS_NAMED])
    return f"{shown} and {len(all_) - MAX_OPS_NAMED} more" if len(all_) > MAX_OPS_NAMED else shown
