"""Entries that name nothing that the build tool finds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kernel_index.build_files.entries import ListEntries, ListEntry
from kernel_index.build_files.labels import label_of_path, parse_label
from kernel_index.build_files.places import KERNELS_PACKAGE, MAKEFILE_LIST
from kernel_index.near_names import near_names
from kernel_index.records import BuildLists
from opselect.build_lists.checking.finding import OR, at_entry, removal
from opselect.findings import Finding, Mend
from opselect.findings.mends import ListEdit


def absent_files(entries: ListEntries, lists: BuildLists, tree: Path) -> Iterator[Finding]:
    """One finding for each entry whose file is not there, or not in the package that the label says."""
    for entry in entries.entries:
        if not entry.problem:
            continue
        if entry.list == MAKEFILE_LIST:
            problem = entry.problem.removeprefix(f"{entry.text} ")
            yield at_entry("missing-file", entry, problem, *_in_makefile(entry, tree))
        else:
            mends = _in_package(entry, lists) if entry.path else _in_group(entry, lists, tree)
            yield at_entry("missing-file", entry, entry.problem, *mends)


def _in_makefile(entry: ListEntry, tree: Path) -> list[Mend]:
    if entry.path:
        return [_writing([entry.path], entry)]
    folder, _, name = entry.text.rpartition("/")
    return _instead([f"{folder}/{near}" for near in near_names(name, _files(tree / folder))], entry)


def _in_package(entry: ListEntry, lists: BuildLists) -> list[Mend]:
    package = _package(entry)
    return [_writing([f'"{label_of_path(entry.path, lists.packages).seen_from(package)}"'], entry)]


def _in_group(entry: ListEntry, lists: BuildLists, tree: Path) -> list[Mend]:
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


def _instead(names: list[str], entry: ListEntry) -> list[Mend]:
    if not names:
        return [removal(entry)]
    return [_writing(names, entry), replace(removal(entry), text="remove it", lead=OR)]


def _writing(names: list[str], entry: ListEntry) -> ListEdit:
    """To write one of some names in place of an entry; only one that is alone may be meant for certain."""
    return ListEdit(
        text=f"write {' or '.join(names)}",
        list=entry.list,
        file=entry.location.file,
        add=tuple(name.strip('"') for name in names),
        remove=(entry.text,),
        applicability="likely" if len(names) == 1 else "guess",
    )


def _files(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except (OSError, ValueError):
        return []
