"""What must change in a checkout's own build lists, so that a build of it runs these models?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from opselect.build_lists.edit_checkout import FileEdit, edits
from opselect.build_lists.keep_rule import Mode
from opselect.build_lists.undo_journal import apply_edits, undo
from opselect.build_lists.unread import check_read
from opselect.estimates import SizeEstimate
from opselect.usecases.estimate_size import estimate_build
from opselect.usecases.kernel_source import PathLike
from opselect.usecases.select_kernels import BuildAnswer, BuildQuestion, IncompleteError, answer
from opselect.usecases.watch import NOBODY, Watch


@dataclass(frozen=True, slots=True)
class CheckoutEdit:
    """The edit of a checkout: the files that change, whether they are written, and the answer that it is made of.

    There is none where it would be incomplete and that was not allowed: ``refused`` is true then. ``estimate`` is what
    the sources of the edited lists are expected to take once compiled, None where nothing is known.
    """

    answer: BuildAnswer
    files: tuple[FileEdit, ...] = ()
    written: bool = False
    refused: bool = False
    estimate: SizeEstimate | None = None


def apply(
    question: BuildQuestion,
    tree: PathLike,
    mode: Mode = "trim",
    *,
    keep_core: bool = False,
    write: bool = False,
    allow_missing: bool = False,
    watch: Watch = NOBODY,
) -> CheckoutEdit:
    """Answers a question about a checkout and edits its lists, or only says how.

    Raises what :func:`answer` and :func:`edit_checkout` raise, but for IncompleteError.
    """
    found = answer(question, watch)
    check_read(found.index.build_lists)
    if not (found.complete or allow_missing):
        return CheckoutEdit(found, refused=True)
    return edit_checkout(
        found,
        tree,
        mode,
        keep_core=keep_core,
        write=write,
        allow_missing=allow_missing,
        follow_links=question.source.follow_links,
    )


def edit_checkout(
    found: BuildAnswer,
    tree: PathLike,
    mode: Mode = "trim",
    *,
    keep_core: bool = False,
    write: bool = False,
    allow_missing: bool = False,
    follow_links: bool = False,
) -> CheckoutEdit:
    """The edit that makes the lists of the checkout at ``tree`` say what a build needs; ``write`` makes it.

    The index of the answer is a scan of that checkout. ``mode`` trims every list to what is needed, or extends it by
    what it lacks; with ``keep_core`` a trimmed core group stays whole. Edited are the mobile filegroups of the kernels'
    BUILD file and ``tf_op_files.txt``; only entries of lists change, and a second edit changes nothing. What was there
    first is kept for :func:`undo_edits`.

    Raises IncompleteError where the build cannot have all that the models need, but with ``allow_missing``; and
    SourceTreeError for a checkout without lists, for a BUILD file that cannot be read or whose layout is not
    understood, for a file with changes that are neither committed nor opselect's own, and but with ``follow_links`` for
    one behind a link that leads out of the checkout.
    """
    if not (found.complete or allow_missing):
        raise IncompleteError(found)
    root = Path(tree)
    planned = edits(found.selection, found.index, root, mode, keep_core)
    size = estimate_build(found.selection, found.index, mode, keep_core=keep_core)
    if write:
        apply_edits(root, planned, follow_links=follow_links)
    return CheckoutEdit(found, tuple(edit for edit in planned if edit.diff()), write, estimate=size)


def undo_edits(tree: PathLike, *, follow_links: bool = False) -> tuple[str, ...]:
    """Restores the lists of a checkout as they were before opselect first edited them, and returns their paths.

    Works after an edit, or undoing one, that was cut short, too; none are returned where only temporary files of such a
    run were left, which are removed. Raises SourceTreeError where there is nothing to take back, or where a file is not
    as opselect left it, and but with ``follow_links`` where it is behind a link that leads out of the checkout.
    """
    return undo(Path(tree), follow_links=follow_links)
