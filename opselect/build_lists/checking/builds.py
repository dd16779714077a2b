"""The two builds that the lists are for, and what each of them compiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kernel_index.build_files.entries import ListEntries, ListEntry
from kernel_index.build_files.labels import label_of_path, parse_label
from kernel_index.build_files.mobile_lists import BASE_GROUPS, group_name, written_groups
from kernel_index.build_files.places import KERNELS_PACKAGE, MAKEFILE_LIST
from kernel_index.file_names import is_source
from kernel_index.records import BAZEL, MAKE, BuildLists, Location
from opselect.findings.mends import ListEdit


@dataclass(frozen=True, slots=True)
class Build:
    """A build, and the source files it compiles of the lists.

    ``build`` is :data:`BAZEL` or :data:`MAKE`. ``sources`` maps each to the entry that lists it first, in the order of
    the entries; entries of a ``select`` are not among them, for their condition may not hold. ``present`` has these
    too, and the files of the base library that stand in groups of the kernels package.
    """

    build: str
    sources: Mapping[str, ListEntry]
    present: frozenset[str]

    @property
    def name(self) -> str:
        """What the build is called in a sentence."""
        return "the makefile" if self.is_makefile else "Bazel"

    @property
    def is_makefile(self) -> bool:
        """Whether ``tf_op_files.txt`` is the list of this build."""
        return self.build == MAKE


def builds(lists: BuildLists, entries: ListEntries) -> tuple[Build, ...]:
    """Bazel's build and that of the makefile, those that the checkout has lists for."""
    found = []
    groups = reached(compiled_groups(lists), entries.entries)
    if groups:
        found.append(_build(BAZEL, entries.entries, groups, reached(base_groups(lists), entries.entries)))
    if MAKEFILE_LIST in entries.starts:
        found.append(_build(MAKE, entries.entries, frozenset([MAKEFILE_LIST])))
    return tuple(found)


def compiled_groups(lists: BuildLists) -> list[str]:
    """The groups that the library of kernels names: core ops and extended ops.

    Source: ``srcs`` of ``android_tensorflow_kernels``, later ``portable_tensorflow_kernels``, in
    ``tensorflow/core/kernels/BUILD``. Where there is no group of all extended ops, its parts stand for it.
    """
    named = [group_name(lists, group) for group in ("core_ops", "extended_ops")]
    return named if named[1] in lists.groups else written_groups(lists)


def base_groups(lists: BuildLists) -> list[str]:
    """The groups of the kernels package that belong to the base library."""
    return [name for name in BASE_GROUPS if name in lists.groups]


def reached(lists: Iterable[str], entries: Iterable[ListEntry]) -> frozenset[str]:
    """Some lists, and all that these bring in."""
    inner: dict[str, list[str]] = {}
    for entry in entries:
        inner.setdefault(entry.list, [])
        if entry.group:
            inner[entry.list].append(entry.group)
    todo = [name for name in lists if name in inner]
    seen = set(todo)
    while todo:
        for name in inner.get(todo.pop(), ()):
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return frozenset(seen)


def _build(
    build: str, entries: Iterable[ListEntry], inside: frozenset[str], base: frozenset[str] = frozenset()
) -> Build:
    sources: dict[str, ListEntry] = {}
    present: set[str] = set()
    for entry in entries:
        if is_source(entry.path) and (entry.list in inside or entry.list in base):
            present.add(entry.path)
            if entry.branch is None and entry.list in inside:
                sources.setdefault(entry.path, entry)
    return Build(build, sources, frozenset(present))


def how_listed(path: str, build: Build, lists: BuildLists, owner: str = "") -> ListEdit:
    """How to write a source file into a list: ``add "x.cc" to android_core_ops``.

    ``owner`` is the group that it belongs with; without one it goes to an extended group.
    """
    if build.is_makefile:
        text = f"add the line {path} to {MAKEFILE_LIST}"
        return ListEdit(text=text, list=MAKEFILE_LIST, file=MAKEFILE_LIST, add=(path,), applicability="likely")
    parent = parse_label(owner, KERNELS_PACKAGE) if owner.startswith("//") else None
    package = parent.package if parent is not None else KERNELS_PACKAGE
    label = label_of_path(path, frozenset(lists.packages) | {KERNELS_PACKAGE}).seen_from(package)
    groups = [owner] if owner else _extended(lists)
    return ListEdit(
        text=f'add "{label}" to {" or ".join(groups)}',
        list=groups[0] if groups else "",
        file=f"{package}/BUILD",
        add=(label,),
        applicability="likely" if len(groups) == 1 else "guess",
    )


def end_of_list(entries: ListEntries) -> Location:
    """The last entry of the makefile's list."""
    return max(entry.location for entry in entries.entries if entry.list == MAKEFILE_LIST)


def _extended(lists: BuildLists) -> list[str]:
    names = [group_name(lists, group) for group in ("extended_ops_group1", "extended_ops_group2")]
    return [name for name in names if name in lists.groups] or written_groups(lists)[:1]
