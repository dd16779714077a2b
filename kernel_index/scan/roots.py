"""Kernels outside a checkout, scanned over the index of a release."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kernel_index.base_library import BaseLibrary
from kernel_index.index import KernelIndex
from kernel_index.libraries import LIBRARIES
from kernel_index.overlay import OverlayIndex
from kernel_index.profiles import profiles, version_macros
from kernel_index.records import BuildLists
from kernel_index.scan.notes import FileNote, candidates
from kernel_index.scan.share import Share, scan_share
from kernel_index.scan.tree import scan_result
from kernel_index.scan.type_lists import as_definitions
from kernel_index.source_tree import open_roots

NOTHING: Mapping[str, str] = {}

Progress = Callable[[int, int], None]


def scan_roots(
    roots: Sequence[Path],
    base: KernelIndex,
    *,
    define: Mapping[str, str] = NOTHING,
    undefine: Sequence[str] = (),
    progress: Progress | None = None,
    follow_links: bool = False,
) -> OverlayIndex:
    """The index of a release with the kernels of some folders over it (see :func:`open_roots` for their paths).

    The release's headers are not at hand: of their macros, the ``TF_CALL_<types>`` ones are known from the index, and
    those of the version from the release. A
    registration that comes through any other one is not found. Only the index's profiles without ``-D`` and ``-U`` can
    be scanned for; ``define`` and ``undefine`` are on top of them for these folders alone, so their names stay.
    ``follow_links`` reads what is behind links that lead out of the folders, too. Raises SourceTreeError and
    PreprocessorError.
    """
    tree = open_roots(roots, base.release, follow_links=follow_links)
    versions = version_macros(base.release)
    chosen = tuple(
        replace(
            profile.with_macros(define, undefine),
            name=profile.name,
            defines={
                **versions,
                **as_definitions(base.type_lists, profile.name),
                **profile.with_macros(define, undefine).defines,
            },
        )
        for profile in profiles(base.release)
        if profile.name in base.profiles
    )
    count = 0

    def done() -> None:
        nonlocal count
        count += 1
        if progress is not None:
            progress(count, len(tree.units))

    linked = [frozenset(names) for names in base.build_lists.libraries.values()]
    libraries = frozenset(library.name for library in LIBRARIES) - frozenset.intersection(*linked) if linked else ()
    library = BaseLibrary(libraries=frozenset(libraries))
    result = scan_share(Share(tree, tree.units, chosen, base=library), done)
    scan = scan_result(tree, chosen, result.units, result.files, (BuildLists(), ()), {})
    known = set(base.includes).union(*base.includes.values())
    includes = {path: _with_headers_of(known, path, result.files[path], tree.roots) for path in scan.includes}
    scan = replace(scan, includes=includes)
    return OverlayIndex(base, scan, frozenset(unit.path for unit in tree.units))


def _with_headers_of(known: Collection[str], path: str, note: FileNote, roots: tuple[str, ...]) -> tuple[str, ...]:
    """What a file includes, headers among the known ones of a release counted."""
    found = []
    for target, resolved in note.includes or ():
        header = resolved or next((c for c in candidates(target, path, roots) if c in known), "")
        found.append(header)
    return tuple(dict.fromkeys(filter(None, found)))
