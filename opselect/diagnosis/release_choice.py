"""Of several releases that may have written a log, the one that explains its failure best."""

from __future__ import annotations

from collections.abc import Sequence

from kernel_index import shipped
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import CPU, DEFAULT
from kernel_index.profiles import release_number
from opselect.diagnosis.builds import explains
from opselect.diagnosis.lookup import built_files, fits, is_compiled_unlisted, known_types, lists_with
from opselect.diagnosis.values import refused_text
from opselect.logs.records import LogFailure
from opselect.requirements.loading.rules import refuses_to_lower

_OF_KERNELS = ("no-kernel", "kernel-type", "kernel-device")
_OF_BUILDS = ("link-undefined", "compile-header")
_OF_DEFINITIONS = ("attr-unknown", "attr-missing", "attr-value", "lowering")

_EXACT, _BY_DEFAULT, _HAS_OP, _LACKS_OP = 3, 2, 1, 0


def likeliest(failure: LogFailure, releases: Sequence[str], profile: str) -> str:
    """The release of some, oldest first, that a failure is judged with: the newest of those that explain it best.

    A release explains a missing kernel best whose kernels of the op, in some profile, are just those that the message
    lists; then one whose builds for phones lack the kernel by default; then any that has the op. Raises IndexFileError
    for a damaged index.
    """
    if failure.kind in _OF_BUILDS:
        of_make = (
            [each for each in releases if shipped.index_of(each).build_lists.makefile] if _is_of_make(failure) else []
        )
        found = next((r for r in reversed(of_make or releases) if explains(failure, shipped.index_of(r))), None)
        return found or releases[-1]
    having = frozenset(shipped.releases_with(failure.op)) if failure.op else frozenset(releases)
    fitting = [release for release in releases if release in having]
    if failure.kind not in (*_OF_KERNELS, *_OF_DEFINITIONS) or len(fitting) < 2:
        return (fitting or list(releases))[-1]
    best, found = -1, fitting[-1]
    for release in reversed(fitting):
        score = _score(failure, release, profile)
        if score > best:
            best, found = score, release
        if best == _EXACT or (best == _BY_DEFAULT and not failure.rows):
            break
    return found


def _is_of_make(failure: LogFailure) -> bool:
    """Whether a message of a compiler or a linker may be of a makefile's build: Bazel's names its own folders."""
    return not any(word in failure.text for word in ("bazel-out", "external/", "bazel"))


def _score(failure: LogFailure, release: str, profile: str) -> int:
    index = shipped.index_of(release)
    if failure.kind in _OF_DEFINITIONS:
        return _BY_DEFAULT if refuses(failure, index) else _HAS_OP
    if any(row.device in (CPU, DEFAULT) for row in failure.rows or ()):
        built = built_files(failure.rows or (), index, failure.op, index.profiles)
        return _EXACT if built is not None and built.fits else _HAS_OP
    return _BY_DEFAULT if lacks_by_default(failure, index, profile) else _HAS_OP


def refuses(failure: LogFailure, index: KernelIndex) -> bool:
    """Whether a release refuses the attr that a message is about, or to lower its op."""
    if failure.kind == "lowering":
        return refuses_to_lower(failure.op, release_number(index.release))
    definition = index.op_definition(failure.op)
    attr = definition.attr(failure.attr) if definition is not None else None
    if failure.kind == "attr-unknown":
        return definition is not None and attr is None
    if attr is None:
        return False
    if failure.kind == "attr-missing":
        return not attr.has_default
    value = known_types(failure).get(failure.attr) or refused_text(failure.text, failure.attr)
    return attr.allowed is not None and bool(value) and value not in attr.allowed


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
