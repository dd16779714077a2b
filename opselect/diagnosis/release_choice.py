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

MOST_ASKED = 8
"""Maximum number of failures of a log that the choice is made by: more tell no more of its release."""


def likeliest(failures: Sequence[LogFailure], releases: Sequence[str], profile: str) -> str:
    """The release of some, oldest first, that the failures of a log are judged with: the one that explains them best.

    A release explains a missing kernel best whose kernels of the op, in some profile, are just those that the message
    lists; then one whose builds for phones lack the kernel by default, or that refuses what is said to be refused;
    then any that has the op. The newest of equals is taken, one whose sources were scanned before one whose index was
    made of libraries. Raises IndexFileError for a damaged index.
    """
    asked = [each for each in failures if each.op or each.kind in _OF_BUILDS][:MOST_ASKED]
    shipped.releases_with(*dict.fromkeys(each.op for each in asked if each.op) or ("",))
    most = sum(_most(each) for each in asked)
    best, found = -1, releases[-1]
    for release in reversed(releases):
        score = sum(_score(each, release, profile) for each in asked)
        if score > best or (score == best and _is_borrowed(found) and not _is_borrowed(release)):
            best, found = score, release
        if best == most and not _is_borrowed(found):
            break
    return found


def _is_borrowed(release: str) -> bool:
    """Whether a part of a release's index is that of another one."""
    return shipped.index_of(release).origin is not None


def _most(failure: LogFailure) -> int:
    """The highest score of a failure in any release."""
    if failure.kind in _OF_KERNELS:
        return _EXACT if _has_rows(failure) else _BY_DEFAULT
    return _BY_DEFAULT if failure.kind in (*_OF_DEFINITIONS, *_OF_BUILDS) else _HAS_OP


def _has_rows(failure: LogFailure) -> bool:
    return any(row.device in (CPU, DEFAULT) for row in failure.rows or ())


def _score(failure: LogFailure, release: str, profile: str) -> int:
    if failure.kind in _OF_BUILDS:
        index = shipped.index_of(release)
        # Bazel's messages name its own folders; a linker that misses something is one of the makefile's builds.
        is_of_bazel = any(word in failure.text for word in ("bazel", "external/"))
        explained = explains(failure, index)
        return _BY_DEFAULT * explained if is_of_bazel or index.build_lists.makefile else _HAS_OP * explained
    if release not in shipped.releases_with(failure.op):
        return _LACKS_OP
    if failure.kind in _OF_DEFINITIONS:
        return _BY_DEFAULT if refuses(failure, shipped.index_of(release)) else _HAS_OP
    if failure.kind not in _OF_KERNELS:
        return _HAS_OP
    index = shipped.index_of(release)
    if _has_rows(failure):
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
