"""A release's own build files, edited in its checkout: the BUILD file's groups and ``tf_op_files.txt``."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.build_files.edit import WantedList, edit_build_file
from kernel_index.build_files.globbing import BUILD_FILE_NAMES, is_there
from kernel_index.build_files.lists import named_path, words_of_make
from kernel_index.build_files.places import KERNELS_PACKAGE, MAKEFILE_LIST
from kernel_index.build_files.starlark import parse_build_file
from kernel_index.errors import Place, SourceTreeError
from kernel_index.index import KernelIndex
from kernel_index.records import Diagnostic
from opselect.build_lists.bazel import file_groups
from opselect.build_lists.keep_rule import Mode
from opselect.build_lists.makefile import makefile_list
from opselect.build_lists.unread import check_read
from opselect.selection.select import Selection

EDITED_FILES = frozenset({*(f"{KERNELS_PACKAGE}/{name}" for name in BUILD_FILE_NAMES), MAKEFILE_LIST})
"""The files of a checkout that opselect edits, from its root."""


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file of a checkout, its path from the root, as it is and as it is to be."""

    path: str
    before: str
    after: str

    def diff(self) -> str:
        """The edit as a unified diff that ``patch -p1`` takes; empty where nothing changes."""
        before, after = _lines(self.before), _lines(self.after)
        lines = difflib.unified_diff(before, after, f"a/{self.path}", f"b/{self.path}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def edits(selection: Selection, index: KernelIndex, tree: Path, mode: Mode, keep_core: bool) -> tuple[FileEdit, ...]:
    """What the build files of the checkout must say for a selection; files that stay as they are included.

    ``index`` is a scan of that checkout. Only entries of lists change. Raises SourceTreeError for a BUILD file that
    cannot be read or whose layout is not understood, and InputError for a checkout without lists.
    """
    check_read(index.build_lists)
    found = []
    if index.build_lists.groups:
        found.append(_build_file_edit(selection, index, tree, mode, keep_core))
    if index.build_lists.makefile:
        found.append(_makefile_edit(selection, index, tree, mode, keep_core))
    if not found:
        raise SourceTreeError(
            str(tree), "has no lists for mobile builds", "Take the files from `opselect generate --target manifest`."
        )
    by_place: dict[str, str] = {}
    for edit in found:
        other = by_place.setdefault(os.path.realpath(tree / edit.path), edit.path)
        if other != edit.path:
            raise SourceTreeError(edit.path, f"is the same file as {other}", "Make files of their own of them.")
    return tuple(found)


def _build_file_edit(selection: Selection, index: KernelIndex, tree: Path, mode: Mode, keep_core: bool) -> FileEdit:
    folder = tree / KERNELS_PACKAGE
    name = next(name for name in BUILD_FILE_NAMES if is_there(folder / name))
    path = f"{KERNELS_PACKAGE}/{name}"
    before = read_text(tree, path)
    parsed = parse_build_file(path, folder, before.encode())
    if isinstance(parsed, Diagnostic):
        place = Place(path, line=parsed.location.line)
        raise SourceTreeError(place, parsed.message, "Take the groups from `opselect generate`.")
    groups = file_groups(selection, index, mode, keep_core)
    wanted = {group.name: WantedList(group.labels, group.selects) for group in groups}
    return FileEdit(path, before, edit_build_file(before, parsed, wanted))


def _makefile_edit(selection: Selection, index: KernelIndex, tree: Path, mode: Mode, keep_core: bool) -> FileEdit:
    before = read_text(tree, MAKEFILE_LIST)
    wanted = makefile_list(selection, index, mode, keep_core)
    corrected = {entry: compiled for entry, compiled in index.build_lists.makefile_missing.items() if mode == "trim"}
    return FileEdit(MAKEFILE_LIST, before, edit_path_list(before, wanted, corrected, once=mode == "trim"))


def edit_path_list(text: str, wanted: Sequence[str], corrected: dict[str, str], *, once: bool = False) -> str:
    """A list of one path a line with other entries; ``corrected`` maps misspelt ones to what they stand for.

    Lines that stay are kept as they are, those of make's white space too, and so is how an entry is spelled
    (``./a.cc``); new entries come last. With ``once`` an entry whose file is there already goes.
    """
    kept = []
    wants = dict.fromkeys(wanted)
    there: set[str] = set()
    for line in _lines(text):
        entries = words_of_make(line)
        stay = []
        for entry in entries:
            named = named_path(entry)
            meant = corrected.get(named, named)
            if meant in wants and not (once and meant in there):
                there.add(meant)
                stay.append(entry if meant == named else meant)
        if stay == entries:
            kept.append(line)
        elif stay:
            kept.append(" ".join(stay) + line[len(line.rstrip(" \t\n\v\f\r")) :])
    newline = "\r\n" if text.endswith("\r\n") else "\n"
    new = [entry for entry in wants if entry not in there]
    if new and kept and not kept[-1].endswith("\n"):
        kept[-1] += newline
    return "".join([*kept, *(f"{entry}{newline}" for entry in new)])


def _lines(text: str) -> list[str]:
    """The lines of a text with their ends, as diff and make see them: Python ends lines at other characters, too."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def read_text(tree: Path, path: str) -> str:
    """The text of a file of a checkout, line ends as they are."""
    try:
        return (tree / path).read_bytes().decode()
    except OSError as error:
        raise SourceTreeError(path, f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise SourceTreeError(Place(path, byte=error.start), "is not UTF-8 text") from None
