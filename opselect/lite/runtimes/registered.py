"""Which operators does the interpreter of a release know by default, and which release is the first that knows one?

What is told is what ``BuiltinOpResolver`` registers, not what upstream's table of versions says: an operator is found
by its registration (``FindOp`` of ``lite/mutable_op_resolver.cc``).
"""

from __future__ import annotations

from opselect.lite.operators import Versions
from opselect.lite.runtimes.releases import LiteRelease, find_release, parse_release
from opselect.lite.runtimes.tables import History, tables


def runtime_releases() -> tuple[LiteRelease, ...]:
    """The releases that are known, those of TensorFlow first, each in order."""
    return tables().releases


def find_runtime(text: str) -> LiteRelease:
    """The release that a text names: ``2.8``, ``2.8.4`` or ``litert-2.2.0``; of two numbers the newest patch.

    Raises OpselectError for one that is not known, and names the nearest that are.
    """
    return find_release(text, runtime_releases())


def registered_versions(release: LiteRelease, op: str, *, is_custom: bool = False) -> Versions | None:
    """The versions of an operator that a release registers by default; None for none.

    Those of a release that is not known are those of the last known one before it.
    """
    changes = _history(op, is_custom=is_custom)
    return changes.at(release) if changes is not None else None


def registering_function(custom_operator: str) -> str:
    """The function in ``tflite::ops::custom`` that registers a custom operator of the runtime; empty for none."""
    return tables().functions.get(custom_operator, "")


def first_releases(
    op: str, version: int, *, is_custom: bool = False, after: LiteRelease | None = None
) -> tuple[LiteRelease, ...]:
    """The first release of TensorFlow, and the first of LiteRT, that registers a version; none where none does.

    ``after`` is a release that lacks it: of its own line an earlier one is no answer.
    """
    changes = _history(op, is_custom=is_custom)
    if changes is None:
        return ()
    found: dict[bool, LiteRelease] = {}
    for release in runtime_releases():
        versions = changes.at(release)
        is_earlier = after is not None and after.is_litert is release.is_litert and release < after
        if versions is not None and versions[0] <= version <= versions[1] and not is_earlier:
            found.setdefault(release.is_litert, release)
    return tuple(found[line] for line in sorted(found))


def first_named(op: str, version: int, *, is_custom: bool = False, after: LiteRelease | None = None) -> tuple[str, ...]:
    """The first releases that register a version, in words: ``TensorFlow Lite 2.20``, ``LiteRT 1.2``.

    The patch is named where the release began without. Of LiteRT nothing is said where it has the version from its
    beginning, and TensorFlow has it, too. What the oldest known release has may be older: then upstream's table of
    versions tells since when, where it does. ``after`` is as for :func:`first_releases`.
    """
    releases = runtime_releases()
    firsts = first_releases(op, version, is_custom=is_custom, after=after)
    words = []
    for first in firsts:
        if first == releases[0] and not is_custom:
            since = parse_release(tables().versions.get((op, version), ""))
            first = since if since is not None and since < first else first
        elif first.is_litert and first == _oldest(is_litert=True) and len(firsts) > 1:
            continue
        patches = [each for each in releases if each.minor == first.minor]
        words.append(first.name if patches and patches[0] < first else first.minor.name)
    return tuple(words)


def newest_named() -> str:
    """The last known releases, in words."""
    newest = (max(each for each in runtime_releases() if each.is_litert is line) for line in (False, True))
    return " and ".join(each.minor.name for each in newest)


def _oldest(*, is_litert: bool) -> LiteRelease:
    return min(each for each in runtime_releases() if each.is_litert is is_litert)


def _history(op: str, *, is_custom: bool) -> History[Versions] | None:
    return (tables().custom if is_custom else tables().registered).get(op)
