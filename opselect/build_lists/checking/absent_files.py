"""Entries that name nothing that the build tool finds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from kernel_index.build_files import KERNELS_PACKAGE, MAKEFILE_LIST, ListEntries, ListEntry, label_of_path, parse_label
from kernel_index.near_names import near_names
from kernel_index.records import BuildLists
from opselect.build_lists.checking.finding import Finding, at_entry, removal


def absent_files(entries: ListEntries, lists: BuildLists, tree: Path) -> Iterator[Finding]:
    """One finding for each entry whose file is not there, or not in the package that the label says."""
    for entry in entries.entries:
        if not entry.problem:
            continue
        if entry.list == MAKEFILE_LIST:
            yield at_entry(
                "missing-file", entry, entry.problem.removeprefix(f"{entry.text} "), _in_makefile(entry, tree)
            )
        else:
            mend = _in_package(entry, lists) if entry.path else _in_group(entry, lists, tree)
            yield at_entry("missing-file", entry, entry.problem, mend)


def _in_makefile(entry: ListEntry, tree: Path) -> str:
    if entry.path:
        return f"write {entry.path}"
    folder, _, name = entry.text.rpartition("/")
    return _instead([f"{folder}/{near}" for near in near_names(name, _files(tree / folder))], entry)


def _in_package(entry: ListEntry, lists: BuildLists) -> str:
    package = _package(entry)
    return f'write "{label_of_path(entry.path, lists.packages).seen_from(package)}"'


def _in_group(entry: ListEntry, lists: BuildLists, tree: Path) -> str:
    label = parse_label(entry.text, _package(entry))
    if label is None:
        return _instead([], entry)
    folder, _, name = label.name.rpartition("/")
    start = entry.text[: len(entry.text) - len(name)]
    groups = [text for text in lists.groups if "/" not in text] if label.package == KERNELS_PACKAGE else []
    names = [*_files(tree / label.package / folder), *groups]
    return _instead([f'"{start}{near}"' for near in near_names(name, names)], entry)


def _package(entry: ListEntry) -> str:
    return entry.location.file.rpartition("/")[0]


def _instead(names: list[str], entry: ListEntry) -> str:
    return f"write {' or '.join(names)}, or remove it" if names else removal(entry)


def _files(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except (OSError, ValueError):
        return []
