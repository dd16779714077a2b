"""What the two builds of a checkout compile and link though no list of kernels names it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from kernel_index.build_files.globbing import is_file
from kernel_index.build_files.groups import GroupReader
from kernel_index.build_files.labels import Label
from kernel_index.build_files.make import Makefile, UnreadableMakefileError
from kernel_index.build_files.places import MAKEFILE, MAKEFILE_LIST
from kernel_index.build_files.starlark import BuildFile, Target
from kernel_index.libraries import LIBRARIES, libraries_of_repositories
from kernel_index.links import LEADS_OUT, Links
from kernel_index.records import BAZEL, MAKE, Diagnostic, Location

_FOLDER = posixpath.dirname(MAKEFILE)
_DOWNLOADS = f"{_FOLDER}/downloads/"

_PHONES = ("ANDROID", "IOS", "PI")
"""The targets of the makefile that are phones and boards."""

_MOBILE_LIBRARIES = ("portable_tensorflow_lib", "android_tensorflow_lib")
_KERNEL_PACKAGE = "tensorflow/core/kernels"
_KERNEL_LIBRARIES = ("portable_tensorflow_kernels", "android_tensorflow_kernels")
_ZLIB = "-lz"


@dataclass(frozen=True, slots=True)
class UnlistedBuild:
    """What a build has whatever its lists of kernels say.

    ``sources`` are files from the root of the checkout, ``libraries`` names of :data:`LIBRARIES`. Files at or below
    the folders in ``unclear`` may be among the sources or not.
    """

    sources: frozenset[str]
    libraries: frozenset[str]
    unclear: frozenset[str] = frozenset()

    def may_compile(self, path: str) -> bool:
        """Whether a source file is compiled, or may be: what is not known counts as compiled."""
        return path in self.sources or any(path.startswith(f"{folder}/") for folder in self.unclear)


def read_unlisted(root: Path, links: Links | None = None) -> tuple[Mapping[str, UnlistedBuild], tuple[Diagnostic, ...]]:
    """What Bazel's mobile build and the makefile have by themselves, those that the checkout has.

    Bazel: ``portable_tensorflow_lib`` (``android_tensorflow_lib`` up to 2.1) of ``tensorflow/core/BUILD`` and all that
    it depends on, which are the base library, ``ops/**/*.cc`` and gradients; kernels only where another target than the
    library of kernels compiles them. Make: ``TF_CC_SRCS`` of the Makefile without ``tf_op_files.txt``, as far as all of
    its phone targets agree.

    What cannot be read, or is behind ``links`` that lead out of the checkout, is a diagnostic with its place.
    """
    links = links if links is not None else Links(root)
    found = {}
    diagnostics: list[Diagnostic] = []
    bazel = _BazelBuild(root, links)
    if bazel.there:
        found[BAZEL] = bazel.read()
        diagnostics += bazel.diagnostics
    if is_file(root / MAKEFILE):
        make = _read_makefile(root, links, diagnostics)
        if make is not None:
            found[MAKE] = make
    return found, tuple(sorted(set(diagnostics), key=lambda d: (d.location, d.message)))


# Make.


def _read_makefile(root: Path, links: Links, diagnostics: list[Diagnostic]) -> UnlistedBuild | None:
    if links.lead_out(str(root / MAKEFILE)):
        diagnostics.append(Diagnostic(Location(MAKEFILE, 1), LEADS_OUT))
        return None
    text = (root / MAKEFILE).read_bytes().decode("utf-8", "replace")
    globs: dict[str, list[str]] = {}

    def wildcard(pattern: str) -> list[str]:
        if pattern not in globs:
            globs[pattern] = sorted(_expand(root, pattern))
        return globs[pattern]

    def printed(path: str) -> str | None:
        if path == MAKEFILE_LIST:
            return ""
        file = root / path
        known = is_file(file) and not links.lead_out(str(file))
        return file.read_bytes().decode("utf-8", "replace") if known else None

    builds = []
    for target in _PHONES:
        try:
            makefile = Makefile(text, wildcard, printed, {"TARGET": target, "MAKEFILE_DIR": _FOLDER})
        except UnreadableMakefileError as problem:
            diagnostics.append(Diagnostic(Location(MAKEFILE, problem.line), f"cannot be read: {problem}"))
            return None
        for unclear in makefile.unclear("TF_CC_SRCS"):
            message = f"{unclear.message}: what make compiles beside {MAKEFILE_LIST} is not known in full"
            diagnostics.append(Diagnostic(Location(MAKEFILE, unclear.line), message))
        builds.append((frozenset(map(posixpath.normpath, makefile.words("TF_CC_SRCS"))), _linked_by(makefile)))
    sources = frozenset.intersection(*(sources for sources, _ in builds))
    if not sources:
        message = "TF_CC_SRCS is empty: what make compiles is not known"
        diagnostics.append(Diagnostic(Location(MAKEFILE, 1), message))
        return None
    return UnlistedBuild(sources, frozenset.intersection(*(libraries for _, libraries in builds)))


def _linked_by(makefile: Makefile) -> frozenset[str]:
    """The libraries whose flag or, for those compiled from sources, whose folder of headers the makefile names."""
    flags = {*makefile.words("LIBS"), *makefile.words("LDFLAGS")}
    folders = [word[2:] for word in makefile.words("INCLUDES") if word.startswith("-I")]
    inside = {posixpath.normpath(folder[len(_DOWNLOADS) :]) for folder in folders if folder.startswith(_DOWNLOADS)}
    return frozenset(known.name for known in LIBRARIES if known.flag in flags or known.folder in inside)


def _expand(root: Path, pattern: str) -> Iterable[str]:
    """The files of a pattern of ``$(wildcard …)``: ``*`` stays in a folder and matches no name with a dot in front."""
    found = [""]
    for part in pattern.split("/"):
        if not any(char in part for char in "*?["):
            found = [f"{path}/{part}".lstrip("/") for path in found]
            continue
        found = [f"{path}/{name}".lstrip("/") for path in found for name in _names(root / path) if _fits(name, part)]
    return (path for path in found if os.path.lexists(root / path))


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder)]
    except OSError:
        return []


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) and (not name.startswith(".") or pattern.startswith("."))


# Bazel.


class _BazelBuild:
    """Follows the mobile library through its targets."""

    def __init__(self, root: Path, links: Links) -> None:
        self._reader = GroupReader(root, links)
        self._sources: set[str] = set()
        self._repositories: set[str] = set()
        self._problems: dict[str, set[Diagnostic]] = {}
        self.diagnostics: list[Diagnostic] = []
        build_file = self._reader.build_file("tensorflow/core")
        targets = build_file.targets if build_file is not None else {}
        self._start = next((name for name in _MOBILE_LIBRARIES if name in targets), "")

    @property
    def there(self) -> bool:
        """Whether the checkout has a library for phones."""
        return bool(self._start)

    def read(self) -> UnlistedBuild:
        todo = [Label("tensorflow/core", self._start), *(Label(_KERNEL_PACKAGE, name) for name in _KERNEL_LIBRARIES)]
        kernels = frozenset(todo[1:])
        seen = set(todo)
        for label in todo:
            for following in self._follow(label, with_sources=label not in kernels):
                if following not in seen:
                    seen.add(following)
                    todo.append(following)
        for unclear in self._reader.unclear:
            self._complain(unclear.diagnostic)
        for folder, problems in sorted(self._problems.items()):
            first, more = min(problems, key=lambda d: (d.location, d.message)), len(problems) - 1
            message = f"{first.message}{f' (and {more} more)' if more else ''}"
            what = f"{message}: what Bazel compiles for phones by itself below {folder} is not known in full"
            self.diagnostics.append(Diagnostic(first.location, what))
        return UnlistedBuild(
            frozenset(self._sources), libraries_of_repositories(self._repositories), frozenset(self._problems)
        )

    def _follow(self, label: Label, *, with_sources: bool) -> Iterable[Label]:
        """Take in a target; the targets that it depends on."""
        build_file = self._reader.build_file(label.package)
        target = build_file.targets.get(label.name) if build_file is not None else None
        if build_file is None or target is None:
            return
        already = len(build_file.diagnostics)
        if target.rule == "alias" and "actual" in target.arguments:
            names = [entry.text for entry in build_file.aliased(target)]
        else:
            if with_sources and "srcs" in target.arguments:
                for entry in build_file.strings(target.arguments["srcs"]):
                    self._sources.update(self._reader.files(build_file, entry))
            names = _texts(build_file, target, "deps")
            if _ZLIB in _texts(build_file, target, "linkopts"):
                self._repositories.add("zlib")
        for problem in build_file.diagnostics[already:]:
            self._complain(problem)
        for text in names:
            following = self._reader.label(text, label.package)
            if following is not None:
                yield following
            else:
                self._repositories.add(text[1:].partition("//")[0])

    def _complain(self, problem: Diagnostic) -> None:
        self._problems.setdefault(posixpath.dirname(problem.location.file), set()).add(problem)


def _texts(build_file: BuildFile, target: Target, argument: str) -> list[str]:
    given = target.arguments.get(argument)
    return [entry.text for entry in build_file.strings(given)] if given is not None else []
