"""A scan of a tree, or what the last one found where nothing has changed since: then the scanner is not imported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kernel_index.profiles import BuildProfile
from kernel_index.profiles import profiles as profiles_of
from kernel_index.records import ScanResult
from kernel_index.scan.cache import Kept, ScanCache
from kernel_index.scan.tree_state import is_told, tree_state
from kernel_index.source_tree import release_of

Progress = Callable[[int, int], None]
"""Called now and then with how many source files are done, and how many there are."""


def scan_tree(
    root: Path,
    *,
    profiles: Sequence[BuildProfile] | None = None,
    extra_roots: Sequence[Path] = (),
    release: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    cache: ScanCache | None = None,
    uncut: bool = False,
    follow_links: bool = False,
) -> ScanResult:
    """Find every kernel registration and op definition of a tree.

    ``profiles`` are those of the tree's release unless given, ``jobs`` is the number of processes (default: one a
    core). With a ``cache``, source files for which nothing has changed are not scanned again; the result is the same.
    ``progress`` counts them as done. ``uncut`` scans the slow way, with which the fast one can be compared: every
    header is read whole in every source file, every text is expanded, and no ``cache`` is used. What is behind links
    that lead out of the tree is read with ``follow_links``, else it is a diagnostic where it is missed. Raises
    SourceTreeError for a folder that is no TensorFlow tree, PreprocessorError for a source file that no compiler would
    survive, OpselectError where a process was killed.
    """
    release = release_of(root, release, follow_links=follow_links)
    chosen = tuple(profiles) if profiles is not None else profiles_of(release)
    cache = None if uncut else cache
    # What extra roots and links lead to is not part of the state.
    state = tree_state(root, release) if cache is not None and not (extra_roots or follow_links) else ""
    known = cache.load_result(root, chosen, state) if cache is not None and state else None
    if known is not None:
        if progress is not None:
            progress(known.units, known.units)
        return known.result
    from kernel_index.scan.tree import scan_sources

    found = scan_sources(root, release, chosen, extra_roots, jobs, progress, cache, uncut=uncut, links=follow_links)
    result = found.result
    # Worth its time for a tree that is scanned again as it is, and not after each of many edits.
    is_settled = found.unchanged and state and is_told(result.missing_headers) and tree_state(root, release) == state
    if cache is not None and is_settled:
        cache.save_result(root, chosen, state, Kept(result, found.units))
    return result
