"""Filegroups followed to the files they hold, across packages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kernel_index.build_files.globbing import BUILD_FILE_NAMES, is_file, is_there
from kernel_index.build_files.labels import Label, parse_label
from kernel_index.build_files.starlark import BuildFile, Entry, Target, parse_build_file
from kernel_index.links import LEADS_OUT, Links
from kernel_index.records import Diagnostic, Location

_LOCAL_REPOSITORIES = {
    "local_tsl": "third_party/xla/third_party/tsl",
    "tsl": "third_party/xla/third_party/tsl",
    "local_xla": "third_party/xla",
    "xla": "third_party/xla",
}
"""Repositories that lie in the checkout, from 2.15 on (``local_repository`` calls of ``tensorflow/workspace*.bzl``)."""

_GROUP_RULES = {"filegroup": "srcs", "alias": "actual"}


@dataclass(frozen=True, slots=True)
class Group:
    """A filegroup or alias: every file in it, other groups followed, and its own entries as they are spelled.

    ``selects`` has the conditions of each ``select`` among the entries, by the numbers of their branches.
    """

    files: tuple[str, ...]
    entries: tuple[Entry, ...]
    selects: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Unclear:
    """What could not be evaluated in a group's list; no group where the whole BUILD file could not be read."""

    group: Label | None
    diagnostic: Diagnostic


class GroupReader:
    """Reads the groups of one checkout; each BUILD file is parsed once, each group followed once.

    ``groups`` holds every group that was asked for or found on the way, ``unclear`` what could not be followed,
    ``absent`` the diagnostics of entries that name nothing. What is behind ``links`` that lead out is not read.
    """

    def __init__(self, root: Path, links: Links | None = None) -> None:
        self._root = root
        self._links = links if links is not None else Links(root)
        self._build_files: dict[str, BuildFile | None] = {}
        self._libraries: dict[str, BuildFile | None] = {}
        self._open: list[Label] = []
        self.groups: dict[Label, Group] = {}
        self.unclear: list[Unclear] = []
        self.absent: list[Diagnostic] = []

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """All that is wrong with the lists."""
        return [*(unclear.diagnostic for unclear in self.unclear), *self.absent]

    def build_file(self, package: str) -> BuildFile | None:
        """The BUILD file of a package; None where there is none or where it cannot be parsed."""
        if package not in self._build_files:
            self._build_files[package] = self._read(package)
        return self._build_files[package]

    def _read(self, package: str) -> BuildFile | None:
        folder = self._root / package
        name = next((name for name in BUILD_FILE_NAMES if is_there(folder / name)), None)
        if name is None:
            return None
        path = f"{package}/{name}".lstrip("/")
        parsed = self._parsed(path, folder)
        if isinstance(parsed, Diagnostic):
            self.unclear.append(Unclear(None, parsed))
            return None
        return parsed

    def _parsed(self, path: str, folder: Path) -> BuildFile | Diagnostic:
        if self._links.lead_out(str(self._root / path)):
            return Diagnostic(Location(path, 1), LEADS_OUT)
        try:
            source = (self._root / path).read_bytes()
        except OSError as error:
            return Diagnostic(Location(path, 1), f"cannot be read: {error.strerror or error}")
        return parse_build_file(path, folder, source, self._loaded)

    def label(self, text: str, package: str) -> Label | None:
        """What ``text`` names in a BUILD file of ``package``; None where its repository is not in the checkout."""
        repository, slashes, rest = text.partition("//")
        home = next((folder for folder in _LOCAL_REPOSITORIES.values() if f"{package}/".startswith(f"{folder}/")), "")
        home = _LOCAL_REPOSITORIES.get(repository.lstrip("@"), "") if repository else home
        return parse_label(f"//{home}/{rest}" if home and slashes else text, package)

    def _loaded(self, text: str, package: str) -> BuildFile | None:
        """The ``.bzl`` file of a label; one that cannot be read or parsed has no functions."""
        label = self.label(text, package)
        if label is None or not is_file(self._root / label.path):
            return None
        if label.path not in self._libraries:
            self._libraries[label.path] = self._library(label)
        return self._libraries[label.path]

    def _library(self, label: Label) -> BuildFile | None:
        if self._links.lead_out(str(self._root / label.path)):
            return None
        try:
            source = (self._root / label.path).read_bytes()
        except OSError:
            return None
        parsed = parse_build_file(label.path, self._root / label.package, source, self._loaded)
        return parsed if isinstance(parsed, BuildFile) else None

    def group(self, label: Label) -> Group | None:
        """The group of that label; None where the label is no filegroup and no alias of one."""
        build_file = self.build_file(label.package)
        target = build_file.targets.get(label.name) if build_file else None
        if build_file is None or target is None or target.rule not in _GROUP_RULES:
            return None
        if label not in self.groups:
            self._open.append(label)
            self.groups[label] = self._follow(build_file, target)
            self._open.pop()
        return self.groups[label]

    def _follow(self, build_file: BuildFile, target: Target) -> Group:
        sources = target.arguments.get(_GROUP_RULES[target.rule])
        if sources is None:
            return Group((), ())
        already = len(build_file.diagnostics)
        if target.rule == "alias":
            entries = build_file.aliased(target)
        else:
            entries = build_file.strings(sources)
        label, selects = Label(build_file.package, target.name), build_file.selects
        self.unclear.extend(Unclear(label, diagnostic) for diagnostic in build_file.diagnostics[already:])
        files: dict[str, None] = {}
        for entry in entries:
            files.update(dict.fromkeys(self.files(build_file, entry)))
        return Group(tuple(files), tuple(entries), selects)

    def files(self, build_file: BuildFile, entry: Entry) -> Iterable[str]:
        """The files that an entry of a list stands for: one, or those of a group."""
        label = parse_label(entry.text, build_file.package)
        if label is None:
            return ()
        location = Location(build_file.path, entry.line)
        if label in self._open:
            self.unclear.append(Unclear(self._open[-1], Diagnostic(location, f"{label} contains itself")))
            return ()
        group = self.group(label)
        if group is not None:
            return group.files
        if is_file(self._root / label.path):
            return (label.path,)
        if not self.is_target(label):
            self.absent.append(Diagnostic(location, f"{entry.text} is neither a file nor a target"))
        return ()

    def is_target(self, label: Label) -> bool:
        """Whether a rule call of a BUILD file has that label."""
        build_file = self.build_file(label.package)
        return build_file is not None and label.name in build_file.targets
