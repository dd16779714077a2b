"""What an index says of files, as columns and back: build lists, and what the scan reports of itself.

Files are numbers in the index's table of files. So are most labels: Bazel's rule, that a file belongs to the innermost
folder that is a package, makes the label from the path.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from kernel_index.columns.text import (
    escape,
    fields,
    from_steps,
    front_coded,
    front_decoded,
    split_fields,
    steps,
    unescape,
)
from kernel_index.records import BuildLists, Diagnostic, Location, Lost

Column = Callable[[str], list[str]]


def listed_files(lists: BuildLists) -> Iterable[str]:
    """The paths that the columns of build lists name by number."""
    yield from lists.makefile
    for files in (*lists.groups.values(), *lists.not_compiled.values(), *lists.compiled.values()):
        yield from files


def write_lists(lists: BuildLists, file_numbers: Mapping[str, int]) -> dict[str, list[str]]:
    """The columns of build lists; ``file_numbers`` knows at least :func:`listed_files`."""
    labels = _LabelWriter(lists.packages, file_numbers)
    conditions = lists.conditions.items()
    return {
        "group_files": [
            f"{escape(group)}\t{steps(file_numbers[f] for f in files)}" for group, files in sorted(lists.groups.items())
        ],
        "group_labels": [labels.line(group, spelled) for group, spelled in sorted(lists.group_labels.items())],
        "makefile": [steps(file_numbers[f] for f in lists.makefile)],
        "packages": front_coded(lists.packages),
        "not_compiled": _files_by_build(lists.not_compiled, file_numbers),
        "compiled": _files_by_build(lists.compiled, file_numbers),
        "build_notes": [
            json.dumps(
                {
                    "prefix": lists.prefix,
                    "group_selects": {g: [dict(s) for s in selects] for g, selects in lists.group_selects.items()},
                    "libraries": {build: list(names) for build, names in lists.libraries.items()},
                    "makefile_missing": dict(lists.makefile_missing),
                    **(
                        {"conditions": {c: [list(way) for way in ways] for c, ways in conditions}} if conditions else {}
                    ),
                    **({"unread": [_place_and_message(each) for each in lists.unread]} if lists.unread else {}),
                },
                separators=(",", ":"),
                sort_keys=True,
            )
        ],
    }


def _files_by_build(by_build: Mapping[str, Sequence[str]], file_numbers: Mapping[str, int]) -> list[str]:
    return [f"{escape(build)}\t{steps(file_numbers[f] for f in files)}" for build, files in sorted(by_build.items())]


def _read_files_by_build(lines: Iterable[str], files: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found = {}
    for line in lines:
        build, numbers = line.split("\t")
        found[unescape(build)] = tuple(files[n] for n in from_steps(numbers))
    return found


def read_lists(column: Column, files: Sequence[str]) -> BuildLists:
    """The build lists of an index. Raises ValueError, TypeError, AttributeError or LookupError where damaged."""
    packages = tuple(front_decoded(column("packages")))
    labels = _Labels(packages)
    groups = {}
    for line in column("group_files"):
        group, numbers = line.split("\t")
        groups[unescape(group)] = tuple(files[n] for n in from_steps(numbers))
    group_labels = dict(_labels_of_line(line, labels, files) for line in column("group_labels"))
    if groups.keys() - group_labels.keys():
        raise ValueError("a group has files and no labels")
    notes = json.loads(column("build_notes")[0])
    return BuildLists(
        notes["prefix"],
        groups,
        group_labels,
        tuple(files[n] for n in from_steps(column("makefile")[0])),
        {
            group: tuple({condition: tuple(spelled) for condition, spelled in select.items()} for select in selects)
            for group, selects in notes["group_selects"].items()
        },
        notes["makefile_missing"],
        packages,
        _read_files_by_build(column("not_compiled"), files),
        _read_files_by_build(column("compiled"), files),
        {build: tuple(names) for build, names in notes.get("libraries", {}).items()},
        tuple(Diagnostic(Location(file, line), message) for file, line, message in notes.get("unread", ())),
        {label: tuple(tuple(way) for way in ways) for label, ways in notes.get("conditions", {}).items()},
    )


def _place_and_message(diagnostic: Diagnostic) -> list[str | int]:
    return [diagnostic.location.file, diagnostic.location.line, diagnostic.message]


class _Labels:
    """Labels of files as the BUILD files of a package spell them, by Bazel's rule of the innermost package."""

    def __init__(self, packages: Iterable[str]) -> None:
        self._packages = frozenset(packages)

    def split(self, path: str) -> tuple[str, str]:
        """The innermost package around a file, and the file's name in it."""
        package = path.rpartition("/")[0]
        while package and package not in self._packages:
            package = package.rpartition("/")[0]
        return package, path[len(package) :].removeprefix("/")

    def label(self, path: str, home: str) -> str:
        """``name.cc`` for a file of the package ``home``, else ``//package:name.cc``."""
        package, name = self.split(path)
        return name if package == home else f"//{package}:{name}"


class _LabelWriter:
    """Lines of labels, as numbers of files where the label is the one that the path gives."""

    def __init__(self, packages: Iterable[str], file_numbers: Mapping[str, int]) -> None:
        self._labels = _Labels(packages)
        self._numbers = file_numbers
        self._packages_with: dict[str, list[str]] = {}
        for path in file_numbers:
            package, name = self._labels.split(path)
            self._packages_with.setdefault(name, []).append(package)

    def line(self, group: str, spelled: Sequence[str]) -> str:
        """The group, the package of its BUILD file, and each label: a step to its file's number, or ``=`` and text."""
        home = self._home(group, spelled)
        entries = []
        expected = 0
        for label in spelled:
            path = label[2:].replace(":", "/", 1) if label.startswith("//") else f"{home}/{label}"
            number = self._numbers.get(path)
            if number is None or self._labels.label(path, home) != label:
                entries.append(f"={escape(label)}")
            else:
                entries.append(str(number - expected))
                expected = number + 1
        return "\t".join([escape(group), escape(home), *entries])

    def _home(self, group: str, spelled: Iterable[str]) -> str:
        """The package of a group: what its full label says, else the one in which most labels name a file."""
        if group.startswith("//"):
            return group[2:].partition(":")[0]
        votes = Counter(package for label in spelled for package in self._packages_with.get(label, ()))
        return min(votes, key=lambda package: (-votes[package], package), default="")


def _labels_of_line(line: str, labels: _Labels, files: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    group, home, *entries = line.split("\t")
    home = unescape(home)
    spelled = []
    number = -1
    for entry in entries:
        if entry.startswith("="):
            spelled.append(unescape(entry[1:]))
        else:
            number += 1 + int(entry)
            spelled.append(labels.label(files[number], home))
    return unescape(group), tuple(spelled)


def write_notes(
    diagnostics: Iterable[Diagnostic], skipped_files: Mapping[str, str], missing_headers: Iterable[str]
) -> dict[str, list[str]]:
    """The columns of what a scan reports of itself."""
    return {
        "diagnostics": [
            fields([d.location.file, str(d.location.line), d.message, *lost_fields(d)]) for d in diagnostics
        ],
        "skipped_files": [fields(item) for item in sorted(skipped_files.items())],
        "missing_headers": front_coded(missing_headers),
    }


def lost_fields(diagnostic: Diagnostic) -> tuple[str, ...]:
    """What of a registration is lost, as ``Lost`` takes it; nothing where none is."""
    lost = diagnostic.lost
    return () if lost is None else (lost.what, lost.op, lost.type, lost.macro)


def read_diagnostics(column: Column) -> tuple[Diagnostic, ...]:
    """What the scanner could not evaluate. Raises ValueError or LookupError where damaged."""
    found = []
    for line in column("diagnostics"):
        file, number, message, *lost = split_fields(line)
        found.append(Diagnostic(Location(file, int(number)), message, Lost(*lost) if lost else None))
    return tuple(found)


def read_skipped_files(column: Column) -> dict[str, str]:
    """Files left out on purpose, with the reason. Raises ValueError or LookupError where damaged."""
    skipped = {}
    for line in column("skipped_files"):
        path, reason = split_fields(line)
        skipped[path] = reason
    return skipped


def read_missing_headers(column: Column) -> tuple[str, ...]:
    """Included headers that the tree does not contain. Raises LookupError where damaged."""
    return tuple(front_decoded(column("missing_headers")))
