"""A release's own build lists: the mobile filegroups of its BUILD files and the makefile's ``tf_op_files.txt``."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel_index.build_files.globbing import BUILD_FILE_NAMES, NO_FILE, is_absent, is_file, is_no_file
from kernel_index.build_files.groups import Group, GroupReader, Unclear
from kernel_index.build_files.labels import Label
from kernel_index.build_files.places import KERNELS_PACKAGE, MAKEFILE_LIST
from kernel_index.build_files.select_conditions import BY_DEFAULT, read_conditions
from kernel_index.errors import Place, SourceTreeError
from kernel_index.links import LEADS_OUT, Links
from kernel_index.records import BuildLists, Diagnostic, Location

_PREFIXES = ("portable", "android")
_GROUP_NAMES = ("android_", "portable_", "mobile_")
_WORD = re.compile(r"[^ \t\n\v\f\r]+")
_PACKAGE_ROOTS = ("tensorflow/core", "tensorflow/c", "tensorflow/contrib")


def read_build_lists(root: Path, links: Links | None = None) -> tuple[BuildLists, tuple[Diagnostic, ...]]:
    """The build lists of the checkout at ``root``, and what is wrong with them.

    Read are all filegroups and aliases of ``tensorflow/core/kernels/BUILD`` named ``android_…``, ``portable_…`` and
    ``mobile_…``, under their names, and every group of another package that they lead to, under its full label.
    ``groups`` has files that exist, from the root of the checkout, and counts every branch of a ``select`` (the
    lists hold one for ``xsmm``, off by default); ``group_selects`` says which entries are conditional, and
    ``conditions`` when these count. Entries that are no file (generated ones, other rules, other repositories) stay in
    ``group_labels`` only.

    An entry that names nothing, a list that cannot be evaluated or parsed, and a release without filegroups are
    diagnostics with file and line; what is behind ``links`` that lead out of the checkout is not read. Raises
    SourceTreeError where ``root`` is no folder, and for a list of the makefile that is not read.
    """
    links = links if links is not None else Links(root)
    reader = open_groups(root, links)
    groups = {list_name(label): group for label, group in sorted(reader.groups.items())}
    prefix = next((p for p in _PREFIXES if f"{p}_core_ops" in groups), "")
    makefile = read_makefile_list(root, links)
    absent = [line for line in makefile if line.absent]
    diagnostics = [Diagnostic(Location(MAKEFILE_LIST, line.number), line.problem) for line in absent]
    if not prefix and not reader.diagnostics:
        where = Location(f"{KERNELS_PACKAGE}/BUILD", 1)
        diagnostics.append(Diagnostic(where, "no filegroup android_core_ops or portable_core_ops: no Bazel lists"))
    unread = {u.diagnostic for u in reader.unclear if u.group is None}
    selects = {name: selects for name, group in groups.items() if (selects := _selects(group))}
    packages = {list_name(label): label.package for label in reader.groups}
    lists = BuildLists(
        prefix=prefix or _PREFIXES[0],
        groups={name: group.files for name, group in groups.items()},
        group_labels={name: tuple(dict.fromkeys(e.text for e in group.entries)) for name, group in groups.items()},
        makefile=tuple(line.path for line in makefile),
        group_selects=selects,
        makefile_missing={line.path: line.compiled for line in absent},
        packages=tuple(sorted(package for top in _PACKAGE_ROOTS for package in _packages(root, top))),
        unread=tuple(sorted(unread, key=lambda d: (d.location, d.message))),
        conditions=read_conditions(
            reader, ((text, packages[name]) for name in selects for select in selects[name] for text in select)
        ),
    )
    return lists, tuple(sorted([*reader.diagnostics, *diagnostics], key=lambda d: (d.location, d.message)))


def open_groups(root: Path, links: Links) -> GroupReader:
    """A reader that has read the groups of :func:`read_build_lists`. Raises SourceTreeError where ``root`` is none."""
    if not root.is_dir():
        raise SourceTreeError(str(root), "is no folder", "Give the root of a TensorFlow checkout.")
    reader = GroupReader(root, links)
    build_file = reader.build_file(KERNELS_PACKAGE)
    if build_file is None:
        paths = (f"{KERNELS_PACKAGE}/{name}" for name in BUILD_FILE_NAMES if is_no_file(root / KERNELS_PACKAGE / name))
        reader.unclear.extend(Unclear(None, Diagnostic(Location(path, 1), NO_FILE)) for path in paths)
    names = [n for n in build_file.targets if n.startswith(_GROUP_NAMES)] if build_file else []
    for name in names:
        reader.group(Label(KERNELS_PACKAGE, name))
    return reader


def list_name(label: Label) -> str:
    """What a group is called: its name, of another package than that of the kernels its full label."""
    return label.name if label.package == KERNELS_PACKAGE else str(label)


def _selects(group: Group) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """The selects that add what is not there anyhow; a branch may be empty where others count only if it does not."""
    selects: dict[int, dict[str, tuple[str, ...]]] = {}
    always = {entry.text for entry in group.entries if entry.branch is None}
    for entry in group.entries:
        if entry.branch is not None and entry.text not in always:
            known = group.selects[entry.branch.select]
            conditions = selects.setdefault(
                entry.branch.select, {condition: () for condition in known if condition != BY_DEFAULT}
            )
            conditions[entry.branch.condition] = (*conditions.get(entry.branch.condition, ()), entry.text)
    return tuple(selects[number] for number in sorted(selects))


@dataclass(frozen=True, slots=True)
class MakefileEntry:
    """An entry of ``tf_op_files.txt`` as it is spelled, its line, and the file that make compiles, if there is one."""

    entry: str
    number: int
    compiled: str

    @property
    def path(self) -> str:
        """The path that the entry names."""
        return named_path(self.entry)

    @property
    def absent(self) -> bool:
        """Whether there is no file of that name."""
        return self.compiled != self.path

    @property
    def problem(self) -> str:
        """What is wrong with an absent entry."""
        return f"{self.entry} does not exist" + (f"; make compiles {self.compiled} instead" if self.compiled else "")


def read_makefile_list(root: Path, links: Links) -> tuple[MakefileEntry, ...]:
    """The entries of ``tf_op_files.txt``; none where there is no such file.

    The Makefile turns ``x.c`` into ``x.o`` and builds that from ``x.cc`` where there is no ``x.c``, so an entry that
    lost its last letter works all the same. Raises SourceTreeError for a list that cannot be read or is no text.
    """
    path = root / MAKEFILE_LIST
    try:
        if is_absent(path):
            return ()
        if links.lead_out(str(path)):
            raise SourceTreeError(MAKEFILE_LIST, LEADS_OUT)
        if is_no_file(path):
            raise SourceTreeError(MAKEFILE_LIST, NO_FILE)
        data = path.read_bytes()
    except OSError as error:
        raise SourceTreeError(MAKEFILE_LIST, f"cannot be read: {error.strerror or error}") from None
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        place = Place(MAKEFILE_LIST, line=data.count(b"\n", 0, error.start) + 1)
        raise SourceTreeError(place, "is not UTF-8 text") from None
    entries = ((entry, number) for number, line in enumerate(lines, start=1) for entry in words_of_make(line))
    return tuple(MakefileEntry(entry, number, _compiled(root, named_path(entry))) for entry, number in entries)


def words_of_make(text: str) -> list[str]:
    """The words that make splits a text into: at white space of ASCII, and at no other."""
    return _WORD.findall(text)


def named_path(entry: str) -> str:
    """The path from the root of the checkout that an entry of the makefile's list names: ``./a//b`` is ``a/b``."""
    return posixpath.normpath(entry)


def _compiled(root: Path, path: str) -> str:
    source = f"{posixpath.splitext(path)[0]}.cc"
    return next((each for each in (path, source) if is_file(root / each)), "")


def _packages(root: Path, top: str) -> Iterator[str]:
    for folder, subfolders, files in os.walk(root / top):
        subfolders.sort()
        if any(name in files for name in BUILD_FILE_NAMES):
            yield Path(folder).relative_to(root).as_posix()
