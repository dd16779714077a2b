"""Which source files a release's own build lists gain and lose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kernel_index.records import BuildLists

MAKEFILE = "tf_op_files.txt"


@dataclass(frozen=True, slots=True)
class ListChange:
    """One list: ``before`` and ``after`` are its names, empty where a release does not have it; files are sorted."""

    before: str
    after: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


def changed_lists(before: BuildLists, after: BuildLists) -> tuple[ListChange, ...]:
    """The lists that change, groups by name, then the makefile's.

    A group of another prefix (``android_core_ops``, since 2.6 ``portable_core_ops``) is the same group; where a
    release has both, the other is an alias of it and says nothing.
    """
    old, new = _by_role(before), _by_role(after)
    changes = []
    for role in sorted(old.keys() | new.keys()):
        old_name, new_name = old.get(role, ""), new.get(role, "")
        changes.append(_change(old_name, new_name, before.groups.get(old_name, ()), after.groups.get(new_name, ())))
    names = [MAKEFILE if lists.makefile else "" for lists in (before, after)]
    changes.append(_change(names[0], names[1], before.makefile, after.makefile))
    return tuple(change for change in changes if change.added or change.removed)


def _by_role(lists: BuildLists) -> Mapping[str, str]:
    roles: dict[str, str] = {}
    # The release's own prefix comes last and wins.
    for prefix in ("android", "mobile", "portable", lists.prefix):
        for name in sorted(lists.groups):
            package, colon, bare = name.rpartition(":")
            word, underscore, rest = bare.partition("_")
            if word == prefix and underscore:
                roles[f"{package}{colon}{rest}"] = name
    return roles


def _change(before: str, after: str, old: Iterable[str], new: Iterable[str]) -> ListChange:
    old_files, new_files = set(old), set(new)
    return ListChange(before, after, tuple(sorted(new_files - old_files)), tuple(sorted(old_files - new_files)))
