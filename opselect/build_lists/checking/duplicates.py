"""Source files that are listed more than once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kernel_index.build_files.entries import ListEntries, ListEntry
from kernel_index.build_files.mobile_lists import group_name
from kernel_index.build_files.places import MAKEFILE_LIST
from kernel_index.file_names import is_source
from kernel_index.records import BuildLists
from opselect.build_lists.checking.builds import base_groups, compiled_groups, reached
from opselect.build_lists.checking.finding import at_entry, removal
from opselect.findings import Finding


def duplicates(entries: ListEntries, lists: BuildLists) -> Iterator[Finding]:
    """One finding for each entry after the first that lists the same."""
    yield from _in_one_list(entries.entries)
    yield from _compiled_twice(entries.entries, lists)
    yield from _in_two_groups(entries.entries, lists)


def _in_one_list(entries: Iterable[ListEntry]) -> Iterator[Finding]:
    """Bazel refuses a label that stands in ``srcs`` twice, also where one of the two is in a ``select``.

    Only branches of one ``select`` may share it. Make puts the object file into the archive twice.
    """
    seen: dict[tuple[str, str], list[ListEntry]] = {}
    for entry in entries:
        before = seen.setdefault((entry.list, entry.identity), [])
        first = next((other for other in before if not _exclude_each_other(entry, other)), None)
        before.append(entry)
        if first is not None:
            yield at_entry(
                "duplicate-entry", entry, _what_happens(entry, first), removal(entry, applicability="certain")
            )


def _exclude_each_other(one: ListEntry, other: ListEntry) -> bool:
    return (
        one.branch is not None
        and other.branch is not None
        and one.branch.select == other.branch.select
        and one.branch.condition != other.branch.condition
    )


def _what_happens(entry: ListEntry, first: ListEntry) -> str:
    where = f"is on line {first.location.line} already"
    if entry.list == MAKEFILE_LIST:
        return f"{where}: the archive gets its object file twice, and registers its kernels twice"
    return f"{where}: Bazel refuses a label that is duplicated in srcs"


def _compiled_twice(entries: Sequence[ListEntry], lists: BuildLists) -> Iterator[Finding]:
    """A source of the core ops that the extended ops have too, or one of the base library that a group has too.

    Bazel refuses an artifact that comes into ``srcs`` of a library through two labels ("Artifact … is duplicated
    (through …)"); in two libraries it is compiled twice, and the linker finds its symbols defined twice. Headers may.
    """
    core = reached([group_name(lists, "core_ops")], entries)
    extended = reached([name for name in compiled_groups(lists) if name not in core], entries)
    base = reached(base_groups(lists), entries)
    refused = "Bazel refuses an artifact that comes through two groups"
    twice = "it is compiled into two libraries, and its symbols are defined twice"
    for first, second, problem in ((core, extended, refused), (base, core | extended, twice)):
        there = _first_entries(first, entries)
        here = _first_entries(second, entries)
        for path in sorted(there.keys() & here.keys()):
            one, other = there[path], here[path]
            if one is other:  # a group that both bring in
                other = next((e for e in entries if e.group == one.list and e.list in second), one)
            message = f"{path} is in {one.list} already ({one.location}): {problem}"
            yield at_entry("compiled-twice", other, message, removal(other))


def _first_entries(names: frozenset[str], entries: Iterable[ListEntry]) -> dict[str, ListEntry]:
    found: dict[str, ListEntry] = {}
    for entry in entries:
        if entry.list in names and is_source(entry.path):
            found.setdefault(entry.path, entry)
    return found


def _in_two_groups(entries: Sequence[ListEntry], lists: BuildLists) -> Iterator[Finding]:
    """A source that two parts of the extended ops list. Bazel merges it where it follows the group of both.

    The parts are there to be compiled by themselves, and then it would be defined twice. Headers may be in both.
    """
    core = reached([group_name(lists, "core_ops")], entries)
    extended = reached(compiled_groups(lists), entries) - core
    first: dict[str, ListEntry] = {}
    for entry in entries:
        if entry.list in extended and is_source(entry.path):
            other = first.setdefault(entry.path, entry)
            if other.list != entry.list:
                message = (
                    f"is in {other.list} already ({other.location}): Bazel merges the two, but groups that are "
                    "compiled by themselves define it twice"
                )
                yield at_entry("in-two-groups", entry, message, removal(entry))
