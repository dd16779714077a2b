"""Scan a whole tree, on several cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from kernel_index.build_files import read_build_lists
from kernel_index.preprocessor.files import Files
from kernel_index.preprocessor.leads import Headers
from kernel_index.profiles import BuildProfile
from kernel_index.profiles import profiles as profiles_of
from kernel_index.records import Diagnostic, KernelRegistration, Location, OpDefinition, ScanResult
from kernel_index.scan.unit_scan import SINKS, Shared, UnitScan
from kernel_index.source_tree import SourceTree, SourceUnit, open_tree

SEARCH = ("", "third_party/xla", "third_party/tsl", "tensorflow/compiler")
"""Folders in which includes are looked for: the root, and where XLA and TSL stand in newer trees."""

Progress = Callable[[int, int], None]
"""Called now and then with how many source files are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class _Share:
    """The part of a scan that one process does."""

    tree: SourceTree
    units: tuple[SourceUnit, ...]
    profiles: tuple[BuildProfile, ...]


@dataclass(frozen=True, slots=True)
class _ShareResult:
    registrations: list[KernelRegistration]
    op_definitions: list[OpDefinition]
    diagnostics: list[Diagnostic]
    missing_headers: set[str]


_done: Synchronized[int] | None = None


def _start_worker(done: Synchronized[int]) -> None:
    global _done  # noqa: PLW0603 - the counter that a pool hands to its processes can only live here
    _done = done


def _scan_share(share: _Share) -> _ShareResult:
    files = Files(share.tree.root, SEARCH, dict(share.tree.extra_roots))
    sources = [(unit, file) for unit in share.units if (file := files.get(unit.path)) is not None]
    headers = Headers(files, [file for _, file in sources], SINKS)
    shared = Shared(files, headers)
    result = _ShareResult([], [], [], files.missing)
    for unit, file in sources:
        findings = UnitScan(unit, file, files, headers, shared).run(share.profiles)
        result.registrations.extend(findings.registrations)
        result.op_definitions.extend(findings.op_definitions)
        result.diagnostics.extend(findings.diagnostics)
        if _done is not None:
            with _done.get_lock():
                _done.value += 1
    result.diagnostics.extend(Diagnostic(Location(p.file, p.line), p.message) for p in shared.inclusions.problems)
    return result


def scan_tree(
    root: Path,
    *,
    profiles: Sequence[BuildProfile] | None = None,
    extra_roots: Sequence[Path] = (),
    release: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> ScanResult:
    """Find every kernel registration and op definition of a tree.

    ``profiles`` are those of the tree's release unless given, ``jobs`` is the number of processes (default: one a
    core). Raises SourceTreeError for a folder that is no TensorFlow tree, PreprocessorError for a source file that no
    compiler would survive.
    """
    tree = open_tree(root, extra_roots=extra_roots, release=release)
    chosen = tuple(profiles) if profiles is not None else profiles_of(tree.release)
    jobs = max(1, min(jobs or os.cpu_count() or 1, len(tree.units)))
    # Neighbours in size go to different shares, so that all end at about the same time.
    by_size = sorted(tree.units, key=lambda u: (-_size(tree, u), u.path))
    shares = [_Share(tree, tuple(sorted(by_size[i::jobs], key=lambda u: u.path)), chosen) for i in range(jobs)]
    results = _run(shares, len(tree.units), progress)
    lists, list_diagnostics = read_build_lists(root)
    order = {profile.name: i for i, profile in enumerate(chosen)}
    return ScanResult(
        release=tree.release,
        profiles=tuple(order),
        registrations=tuple(sorted((r for part in results for r in part.registrations), key=registration_key)),
        op_definitions=_unique_ops(results),
        build_lists=lists,
        diagnostics=tuple(
            sorted(
                {d for part in results for d in part.diagnostics} | set(list_diagnostics),
                key=lambda d: (d.location, d.message),
            )
        ),
        skipped_files=dict(tree.skipped),
        missing_headers=tuple(sorted(set().union(*(part.missing_headers for part in results)))),
    )


def _size(tree: SourceTree, unit: SourceUnit) -> int:
    try:
        return (tree.root / unit.path).stat().st_size
    except OSError:
        return 0


def _run(shares: Sequence[_Share], total: int, progress: Progress | None) -> list[_ShareResult]:
    if len(shares) == 1 and progress is None:
        return [_scan_share(shares[0])]
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    done = context.Value("l", 0)
    with ProcessPoolExecutor(len(shares), context, _start_worker, (done,)) as pool:
        futures = [pool.submit(_scan_share, share) for share in shares]
        pending = set(futures)
        while pending:
            _, pending = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED)
            if progress is not None:
                progress(done.value, total)
        return [future.result() for future in futures]


def _unique_ops(results: Sequence[_ShareResult]) -> tuple[OpDefinition, ...]:
    """One definition an op; of several, the one under ``core/ops``, which every build has."""
    found: dict[str, OpDefinition] = {}
    every = [d for part in results for d in part.op_definitions]
    for definition in sorted(every, key=lambda d: ("core/ops/" not in d.location.file, d.location)):
        found.setdefault(definition.name, definition)
    return tuple(found[name] for name in sorted(found))


def registration_key(record: KernelRegistration) -> tuple[object, ...]:
    """The order of registrations: by op, then so that equal trees give equal files."""
    constraints = tuple((c.attr, tuple(str(v) for v in c.allowed)) for c in record.constraints)
    return (record.op, record.location, record.device, record.label, record.priority, constraints, record.kernel_class)
