"""What was there before opselect edited a checkout, so that the edit can be taken back.

The journal lies in the root of the checkout as :data:`JOURNAL`, beside the sources that it is about. It is put there
before the first file is edited and taken away after the last one was restored, so that a run which is killed at any
point leaves files that the journal knows: the next edit or the next :func:`undo` goes on from there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import InputError, SourceTreeError
from kernel_index.interruptions import Uninterrupted
from kernel_index.links import Links
from kernel_index.whole_files import sweep
from opselect.build_lists.edit_checkout import EDITED_FILES, FileEdit, read_text
from opselect.build_lists.git_changes import changed_in_git
from opselect.build_lists.write import write_outputs

JOURNAL = ".opselect-undo.json"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file's text before opselect first edited it, and digests of what its last edit found and what it left.

    While an edit is written, the file may be in either state, and while one is taken back, as it was at first.
    """

    original: str
    before: str
    written: str

    def knows(self, text: str) -> bool:
        """Whether the file is as opselect may have left it."""
        return _digest(text) in (self.written, self.before, _digest(self.original))


def apply_edits(tree: Path, edits: Sequence[FileEdit], *, follow_links: bool = False) -> tuple[str, ...]:
    """Writes the edits, all of them or none, and returns the paths that changed.

    What was there first is kept in the journal. An edit that was cut short is overwritten, and what it left besides is
    removed. Raises SourceTreeError for a file that somebody else changed since: one that git says is modified, or that
    is not as opselect left it; and where git cannot say, or another opselect is at work in this checkout; and but with
    ``follow_links`` for a file, or the journal, behind a link that leads out of the checkout.
    """
    with _alone(tree):
        _check_links(tree, follow_links)
        journal = _read_journal(tree)
        _sweep(tree)
        changed = [edit for edit in edits if edit.before != edit.after]
        if not changed:
            return ()
        _check_clean(tree, changed, journal)
        for edit in changed:
            first = journal[edit.path].original if edit.path in journal else edit.before
            journal[edit.path] = _Entry(first, _digest(edit.before), _digest(edit.after))
        texts = {edit.path: edit.after for edit in changed}
        write_outputs({JOURNAL: _journal_text(journal), **texts}, tree)
        return tuple(texts)


def undo(tree: Path, *, follow_links: bool = False) -> tuple[str, ...]:
    """Restores every file as it was before the first edit, and returns their paths.

    None are returned where there is no edit to take back and only an edit that was cut short has left something, which
    is removed. Raises SourceTreeError where there is nothing to do, where a file is not as opselect left it, and where
    another opselect is at work in this checkout; and but with ``follow_links`` for a file, or the journal, behind a
    link that leads out of the checkout.
    """
    with _alone(tree):
        _check_links(tree, follow_links)
        journal = _read_journal(tree)
        for path, entry in sorted(journal.items()):
            if not entry.knows(read_text(tree, path)):
                raise SourceTreeError(path, "was changed since opselect wrote it", "Undo that change first.")
        if not _sweep(tree) and not journal:
            raise SourceTreeError(str(tree), "opselect has not edited this checkout", "There is nothing to undo.")
        if journal:
            with Uninterrupted():
                write_outputs({path: entry.original for path, entry in sorted(journal.items())}, tree)
                (tree / JOURNAL).unlink()
        return tuple(sorted(journal))


@contextlib.contextmanager
def _alone(tree: Path) -> Iterator[None]:
    """No other opselect edits the checkout while the block runs, where the system can see to that."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    folder = os.open(tree, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # of a file system without locks
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SourceTreeError(str(tree), "is being edited by another opselect", "Wait for its end.") from None
        yield
    finally:
        os.close(folder)


def _check_links(tree: Path, follow_links: bool) -> None:
    links = Links(tree, follow=follow_links)
    for path in (JOURNAL, *sorted(EDITED_FILES)):
        if links.lead_out(str(tree / path)):
            problem = "is behind a link that leads out of the checkout, and is not edited"
            raise SourceTreeError(path, problem, "--follow-links edits what is there.")


def _sweep(tree: Path) -> bool:
    """Removes what edits left that were cut short; whether there was something."""
    left = [sweep(tree / path) for path in (JOURNAL, *sorted(EDITED_FILES))]
    return any(left)


def _check_clean(tree: Path, edits: Sequence[FileEdit], journal: Mapping[str, _Entry]) -> None:
    foreign = [edit.path for edit in edits if edit.path in journal and not journal[edit.path].knows(edit.before)]
    foreign += changed_in_git(tree, [edit.path for edit in edits if edit.path not in journal])
    if foreign:
        advice = "Commit or take back that change first, or write the lists elsewhere with `opselect generate`."
        raise SourceTreeError(foreign[0], "has changes that are not opselect's", advice)


def _read_journal(tree: Path) -> dict[str, _Entry]:
    path = tree / JOURNAL
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text("utf-8"))
        entries = {
            # A journal of an earlier version has no "before".
            str(name): _Entry(str(entry["original"]), str(entry.get("before", "")), str(entry["written"]))
            for name, entry in data.items()
        }
        if not entries.keys() <= EDITED_FILES:
            raise ValueError(f"opselect never edits {min(entries.keys() - EDITED_FILES)}")
        return entries
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(str(path), f"is no journal of opselect: {error}", "Move it away.") from None


def _journal_text(journal: Mapping[str, _Entry]) -> str:
    entries = {
        path: {"original": entry.original, "before": entry.before, "written": entry.written}
        for path, entry in sorted(journal.items())
    }
    return json.dumps(entries, indent=1) + "\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
