"""All rules over the lists of one checkout."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from kernel_index.build_files.entries import ListEntries, read_list_entries
from kernel_index.errors import SourceTreeError
from kernel_index.index import KernelIndex
from kernel_index.links import Links
from kernel_index.preprocessor.files import Files
from kernel_index.profiles import BuildProfile
from kernel_index.source_tree import SEARCH
from opselect.build_lists.checking.absent_files import absent_files
from opselect.build_lists.checking.builds import Build, builds
from opselect.build_lists.checking.drift import drift
from opselect.build_lists.checking.duplicates import duplicates
from opselect.build_lists.checking.finding import in_list, order
from opselect.build_lists.checking.kernels import no_kernels, refused, unlisted_definitions, unlisted_kernels, unpicked
from opselect.build_lists.checking.needs import (
    Sources,
    missing_dependencies,
    missing_libraries,
    undefined_ops,
    unneeded,
)
from opselect.findings import Finding
from opselect.findings.mends import ListEdit
from opselect.selection.select import Selection


def check_lists(
    tree: Path,
    index: KernelIndex,
    profile: BuildProfile,
    selection: Selection | None = None,
    ignore: Collection[str] = (),
    have: Collection[str] = (),
    links: Links | None = None,
) -> tuple[Finding, ...]:
    """What is wrong with the mobile build lists of a checkout, sorted by place.

    ``index`` is a scan of that checkout, with ``profile`` among its profiles; ``selection`` is what the models of the
    build need of it, if they are known. Kinds to ``ignore`` are left out. ``have`` are libraries that the builds are
    said to have. What is behind ``links`` that lead out of the checkout is not read. Raises
    SourceTreeError for a checkout without lists.
    """
    entries = read_list_entries(tree, links)
    if not (entries.starts or entries.unclear):
        raise SourceTreeError(str(tree), "has no lists for mobile builds", "There is nothing to check.")
    sources = Sources(index, Files(tree, SEARCH, links=links), profile)
    found = [
        *_not_evaluated(entries),
        *absent_files(entries, index.build_lists, tree),
        *duplicates(entries, index.build_lists),
        *_of_builds(builds(index.build_lists, entries), entries, sources, selection, have),
        *((*no_kernels(selection), *refused(selection)) if selection is not None else ()),
    ]
    once = {(f.kind, f.place, f.entry, f.reason): f for f in sorted(found, key=order, reverse=True)}
    return tuple(sorted((f for f in once.values() if f.kind not in ignore), key=order))


def _not_evaluated(entries: ListEntries) -> Iterator[Finding]:
    for unclear in entries.unclear:
        text = "write it as a list of strings" if unclear.list else "mend the syntax"
        mend = ListEdit(text=text, list=unclear.list, file=unclear.location.file)
        yield in_list("not-evaluated", unclear.list, "", unclear.location, unclear.message, mend)


def _of_builds(
    all_builds: Sequence[Build],
    entries: ListEntries,
    sources: Sources,
    selection: Selection | None,
    have: Collection[str],
) -> Iterator[Finding]:
    """What is in a build and should not be, or the other way round. Of a source file of a build, one thing is said."""
    index = sources.index
    judged: set[tuple[str, str]] = set()
    for build in all_builds:
        found: dict[str, Finding] = {}
        if selection is not None:
            found |= unpicked(build, selection, index)
            found |= unlisted_definitions(build, selection, index, entries)
            found |= unlisted_kernels(build, selection, index, entries)
        found |= unneeded(build, sources)
        found |= missing_dependencies(build, sources)
        found |= undefined_ops(build, sources)
        judged.update((build.name, path) for path in found)
        yield from found.values()
        yield from missing_libraries(build, sources, have).values()
    yield from drift(all_builds, sources, judged)
