"""Of several releases that may have written a log, the one that explains its failure best."""

from __future__ import annotations

from collections.abc import Sequence

from kernel_index import shipped
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import CPU, DEFAULT
from opselect.diagnosis.lookup import built_files, fits, is_compiled_unlisted, known_types, lists_with
from opselect.logs.records import LogFailure

_OF_KERNELS = ("no-kernel", "kernel-type", "kernel-device")

_EXACT, _BY_DEFAULT, _HAS_OP, _LACKS_OP = 3, 2, 1, 0


def likeliest(failure: LogFailure, releases: Sequence[str], profile: str) -> str:
    """The release of some, oldest first, that a failure is judged with: the newest of those that explain it best.

    A release explains a missing kernel best whose kernels of the op, in some profile, are just those that the message
    lists; then one whose builds for phones lack the kernel by default; then any that has the op. Raises IndexFileError
    for a damaged index.
    """
    having = frozenset(shipped.releases_with(failure.op)) if failure.op else frozenset(releases)
    fitting = [release for release in releases if release in having]
    if failure.kind not in _OF_KERNELS or len(fitting) < 2:
        return (fitting or list(releases))[-1]
    best, found = -1, fitting[-1]
    for release in reversed(fitting):
        score = _score(failure, release, profile)
        if score > best:
            best, found = score, release
        if best == _EXACT:
            break
    return found


def _score(failure: LogFailure, release: str, profile: str) -> int:
    index = shipped.index_of(release)
    if any(row.device in (CPU, DEFAULT) for row in failure.rows or ()):
        built = built_files(failure.rows or (), index, failure.op, index.profiles)
        return _EXACT if built is not None and built.fits else _HAS_OP
    return _BY_DEFAULT if lacks_by_default(failure, index, profile) else _HAS_OP


def lacks_by_default(failure: LogFailure, index: KernelIndex, profile: str) -> bool:
    """Whether a build of a profile from the release's own lists has no kernel for the node, as far as the log tells."""
    types = known_types(failure)
    return not any(
        r.device in (CPU, DEFAULT)
        and profile in r.profiles
        and not r.label
        and fits(r, types)
        and (
            profile.startswith("desktop")
            or is_compiled_unlisted(r.source, index.build_lists, profile)
            or lists_with(r.source, index.build_lists, profile)
        )
        for r in index.registrations(failure.op)
    )
