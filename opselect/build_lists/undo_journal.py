"""What was there before opselect edited a checkout, so that the edit can be taken back.

The journal lies in the root of the checkout as :data:`JOURNAL`, beside the sources that it is about.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import InputError, SourceTreeError
from opselect.build_lists.edit_checkout import EDITED_FILES, FileEdit, read_text
from opselect.build_lists.write import write_outputs

JOURNAL = ".opselect-undo.json"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file's text before opselect first edited it, and the digest of what opselect left."""

    original: str
    written: str


def apply_edits(tree: Path, edits: Sequence[FileEdit]) -> tuple[str, ...]:
    """Writes the edits, all of them or none, and returns the paths that changed.

    What was there first is kept in the journal. Raises SourceTreeError for a file that somebody else changed since:
    one that git says is modified, or that is no longer as opselect left it.
    """
    journal = _read_journal(tree)
    changed = [edit for edit in edits if edit.before != edit.after]
    if not changed:
        return ()
    _check_clean(tree, changed, journal)
    for edit in changed:
        first = journal[edit.path].original if edit.path in journal else edit.before
        journal[edit.path] = _Entry(first, _digest(edit.after))
    write_outputs({**{edit.path: edit.after for edit in changed}, JOURNAL: _journal_text(journal)}, tree)
    return tuple(edit.path for edit in changed)


def undo(tree: Path) -> tuple[str, ...]:
    """Restores every file as it was before the first edit, and returns their paths.

    Raises SourceTreeError where there is nothing to take back, or where a file is not as opselect left it.
    """
    journal = _read_journal(tree)
    if not journal:
        raise SourceTreeError(str(tree), "opselect has not edited this checkout", "There is nothing to undo.")
    for path, entry in sorted(journal.items()):
        if _digest(read_text(tree, path)) != entry.written:
            raise SourceTreeError(path, "was changed since opselect wrote it", "Undo that change first.")
    write_outputs({path: entry.original for path, entry in journal.items()}, tree)
    (tree / JOURNAL).unlink()
    return tuple(sorted(journal))


def _check_clean(tree: Path, edits: Sequence[FileEdit], journal: Mapping[str, _Entry]) -> None:
    foreign = [
        edit.path for edit in edits if edit.path in journal and _digest(edit.before) != journal[edit.path].written
    ]
    foreign += _modified(tree, [edit.path for edit in edits if edit.path not in journal])
    if foreign:
        advice = "Commit or take back that change first, or write the lists elsewhere with `opselect generate`."
        raise SourceTreeError(foreign[0], "has changes that are not opselect's", advice)


def _modified(tree: Path, paths: Sequence[str]) -> list[str]:
    """Those of the paths that git says are changed; none where the checkout is no git work tree."""
    git = shutil.which("git")
    if git is None or not paths:
        return []
    command = [git, "-C", str(tree), "status", "--porcelain=v1", "-z", "--no-renames", "--", *paths]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        return []
    entries = done.stdout.decode(errors="replace").split("\0")
    changed = {entry[3:] for entry in entries if entry and not entry.startswith("??")}
    return [path for path in paths if any(name.endswith(path) for name in changed)]


def _read_journal(tree: Path) -> dict[str, _Entry]:
    path = tree / JOURNAL
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text("utf-8"))
        entries = {str(name): _Entry(str(entry["original"]), str(entry["written"])) for name, entry in data.items()}
        if not entries.keys() <= EDITED_FILES:
            raise ValueError(f"opselect never edits {min(entries.keys() - EDITED_FILES)}")
        return entries
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(str(path), f"is no journal of opselect: {error}", "Move it away.") from None


def _journal_text(journal: Mapping[str, _Entry]) -> str:
    entries = {path: {"original": entry.original, "written": entry.written} for path, entry in sorted(journal.items())}
    return json.dumps(entries, indent=1) + "\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
