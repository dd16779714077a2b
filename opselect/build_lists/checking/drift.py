"""Where the BUILD file and the makefile's list say different things."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from kernel_index.build_files.entries import ListEntry
from kernel_index.build_files.mobile_lists import comes_with_kernels
from opselect.build_lists.checking.builds import Build, how_listed
from opselect.build_lists.checking.finding import OR, at_entry, removal
from opselect.build_lists.checking.needs import Sources
from opselect.findings import Finding, Mend

Judged = Collection[tuple[str, str]]
"""Names of builds with source files of which another finding says what is to be done there."""


def drift(builds: Sequence[Build], sources: Sources, judged: Judged) -> Iterator[Finding]:
    """Source files of kernels that one build compiles and the other does not, at the entry of the one that does.

    TensorFlow asks for changes of the one to be made in the other, by a comment above the groups. Left out are op
    definitions and the base library, which only one of the two lists has by design; entries of a ``select``, which are
    in the build or not; what is empty in the profile; and files that another finding is about (``judged``).
    """
    for build, other in ((a, b) for a in builds for b in builds if a is not b):
        for path, entry in build.sources.items():
            if not comes_with_kernels(path) or path in other.present:
                continue
            if {(build.name, path), (other.name, path)}.isdisjoint(judged) and not sources.is_empty(path):
                yield at_entry("drift", entry, f"{other.name} does not build it", *_mends(path, entry, other, sources))


def _mends(path: str, entry: ListEntry, other: Build, sources: Sources) -> tuple[Mend, ...]:
    return how_listed(path, other, sources.index.build_lists), removal(entry, lead=OR)
