"""Every entry of a checkout's build lists: in which list, in which file, on which line, and what it names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel_index.build_files.globbing import BUILD_FILE_NAMES, is_file
from kernel_index.build_files.groups import GroupReader
from kernel_index.build_files.labels import Label, label_of_path, parse_label
from kernel_index.build_files.lists import MakefileEntry, list_name, open_groups, read_makefile_list
from kernel_index.build_files.places import MAKEFILE_LIST
from kernel_index.build_files.starlark import Branch, Entry
from kernel_index.links import Links
from kernel_index.records import Location


@dataclass(frozen=True, slots=True)
class ListEntry:
    """An entry of a build list, as it is spelled, and where it stands.

    ``list`` is the name of a group (of another package than that of the kernels its full label) or
    :data:`MAKEFILE_LIST`. ``path`` is the source file or header that is meant, from the root of the checkout, empty
    where there is none; ``group`` the list that the entry brings in. Entries of one ``identity`` are the same to the
    build tool. ``problem`` says why the build tool does not find what is meant. An entry with a ``branch`` counts
    only where the condition holds; one that is ``globbed`` is not spelled out, and ``location`` is that of the glob.
    """

    list: str
    text: str
    location: Location
    identity: str
    path: str = ""
    group: str = ""
    branch: Branch | None = None
    problem: str = ""
    globbed: bool = False


@dataclass(frozen=True, slots=True)
class UnclearEntry:
    """Something in a list that cannot be evaluated; ``list`` is empty where a whole BUILD file cannot be read."""

    list: str
    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class ListEntries:
    """The entries of all lists, in the order of their files and lines, and where each list begins."""

    entries: tuple[ListEntry, ...]
    starts: Mapping[str, Location]
    unclear: tuple[UnclearEntry, ...]


def read_list_entries(root: Path, links: Links | None = None) -> ListEntries:
    """The entries of the lists that :func:`read_build_lists` reads, of every branch of a ``select``.

    What is behind ``links`` that lead out of the checkout is not read. Raises SourceTreeError where ``root`` is no
    folder, or a list no text.
    """
    links = links if links is not None else Links(root)
    reader = open_groups(root, links)
    packages = _Packages(root)
    entries: list[ListEntry] = []
    starts: dict[str, Location] = {}
    for label, group in sorted(reader.groups.items()):
        build_file = reader.build_file(label.package)
        if build_file is None:
            continue
        name = list_name(label)
        starts[name] = Location(build_file.path, build_file.targets[label.name].line)
        entries += [_group_entry(name, entry, label, build_file.path, reader, packages) for entry in group.entries]
    makefile = read_makefile_list(root, links)
    if makefile:
        starts[MAKEFILE_LIST] = Location(MAKEFILE_LIST, 1)
    entries += [_makefile_entry(entry) for entry in makefile]
    unclear = {
        UnclearEntry(list_name(u.group) if u.group else "", u.diagnostic.location, u.diagnostic.message)
        for u in reader.unclear
    }
    return ListEntries(
        tuple(sorted(entries, key=lambda entry: entry.location)),
        starts,
        tuple(sorted(unclear, key=lambda u: (u.location, u.list, u.message))),
    )


def _group_entry(
    name: str, entry: Entry, owner: Label, build_file: str, reader: GroupReader, packages: _Packages
) -> ListEntry:
    label = parse_label(entry.text, owner.package)
    path = group = problem = ""
    if label is not None and label in reader.groups:
        group = list_name(label)
    elif label is not None and not reader.is_target(label):
        path, problem = packages.find(label)
    return ListEntry(
        list=name,
        text=entry.text,
        location=Location(build_file, entry.line),
        identity=str(label) if label is not None else entry.text,
        path=path,
        group=group,
        branch=entry.branch,
        problem=problem,
        globbed=entry.globbed,
    )


def _makefile_entry(entry: MakefileEntry) -> ListEntry:
    return ListEntry(
        list=MAKEFILE_LIST,
        text=entry.entry,
        location=Location(MAKEFILE_LIST, entry.number),
        identity=posixpath.splitext(entry.path)[0],  # of which make makes an object file
        path=entry.compiled,
        problem=entry.problem if entry.absent else "",
    )


class _Packages:
    """Finds files as Bazel does: in packages, which are folders with a BUILD file."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, bool] = {}

    def find(self, label: Label) -> tuple[str, str]:
        """The path of a label's file, and why Bazel does not find it there, if it does not.

        A label must name the innermost package of its file ("is invalid because … is a subpackage", "no such
        package").
        """
        if not is_file(self._root / label.path):
            return "", "is neither a file nor a target"
        if not self._is_package(label.package):
            return label.path, f"names {label.package}, which is no package: it has no BUILD file"
        inner = label_of_path(label.path, [folder for folder in _folders(label.path) if self._is_package(folder)])
        if inner.package != label.package:
            return label.path, f"reaches into {inner.package}, which is a package of its own"
        return label.path, ""

    def _is_package(self, folder: str) -> bool:
        if folder not in self._known:
            self._known[folder] = any(is_file(self._root / folder / name) for name in BUILD_FILE_NAMES)
        return self._known[folder]


def _folders(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        if path:
            yield path
