"""Which edit of build lists mends what a log says, and no more than that?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.build_files.mobile_lists import builds_of, compiled_unlisted
from kernel_index.dependencies import DependencyGraph
from kernel_index.errors import InputError, OpselectError
from kernel_index.whole_files import WholeFiles
from opselect.build_lists.edit_checkout import FileEdit, edit_path_list, edits
from opselect.build_lists.undo_journal import apply_edits
from opselect.diagnosis.lookup import requirement_of
from opselect.findings import Finding
from opselect.findings.mends import Applicability, ListEdit
from opselect.requirements.collect import Requirement, Requirements
from opselect.selection.select import Reason, SelectedFile, select
from opselect.usecases.diagnose import Diagnoser, Diagnosis
from opselect.verifying.named_files import PathList, read_named_file

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex

_DEGREES: tuple[Applicability, ...] = ("certain", "likely", "guess")
_OF_FILES = ("OPS119", "OPS120", "OPS121", "OPS501")
"""Codes of causes that a line in a build list mends."""


@dataclass(frozen=True, slots=True)
class BuildFix:
    """The edit of build lists that mends diagnoses: the files that change, and whether they are written.

    ``mended`` are the causes that it mends, ``left`` those first causes that no edit of a list mends, or that are not
    sure enough.
    """

    files: tuple[FileEdit, ...] = ()
    written: bool = False
    mended: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()


def fix_build(
    diagnoser: Diagnoser,
    diagnoses: Iterable[Diagnosis],
    trust: Applicability = "certain",
    *,
    write: bool = False,
    follow_links: bool = False,
) -> BuildFix:
    """The edit of a checkout's lists, or of a list of paths, after which what failed is compiled; ``write`` makes it.

    Mended are the first causes that may be trusted as far as ``trust``, and with them whatever else fails next in the
    models of the question: files are added, none is taken out. A checkout is edited as ``opselect apply`` edits it, and
    ``opselect apply --undo`` takes it back. There is nothing to edit where the question names neither a checkout nor a
    list of paths.

    Raises what :meth:`Diagnoser.diagnose` and :func:`opselect.usecases.edit_checkout.edit_checkout` raise.
    """
    enough = _DEGREES[: _DEGREES.index(trust) + 1]
    mended: list[Diagnosis] = []
    left: list[Finding] = []
    for diagnosis in diagnoses:
        first = diagnosis.causes[0]
        is_mend = first.code in _OF_FILES and any(isinstance(mend, ListEdit) for mend in first.mends)
        if is_mend and first.applicability in enough:
            mended.append(diagnosis)
        else:
            left.append(first)
    causes = tuple(each.causes[0] for each in mended)
    opened = diagnoser.opened
    if opened is None or not mended:
        return BuildFix(mended=(), left=(*left, *causes))
    tree = opened.question.source.tree
    planned = _of_checkout(diagnoser, mended, tree) if tree is not None else _of_lists(diagnoser, mended)
    changed = tuple(edit for edit in planned if edit.before != edit.after)
    if write and tree is not None:
        apply_edits(tree, planned, follow_links=follow_links)
    elif write:
        with WholeFiles() as files:
            for edit in changed:
                files.open(edit.path).write(edit.after.encode())
    return BuildFix(changed, bool(write and changed), causes if changed else (), (*left, *(() if changed else causes)))


def _of_checkout(diagnoser: Diagnoser, mended: list[Diagnosis], tree: Path) -> tuple[FileEdit, ...]:
    """The lists of a checkout with all files that what failed needs, and what fails next."""
    opened = diagnoser.opened
    assert opened is not None
    index, profile = opened.index, opened.profile
    needed = diagnoser.needed
    parts = [Requirements(_failed(mended, index, profile), releases=(index.release,))]
    if needed is not None:
        parts.append(needed.requirements)
    ops = tuple(each.failure.op for each in mended if index.op_definition(each.failure.op) is not None)
    selection = select(Requirements.merge(parts), index, profile, named_ops=ops)
    links = dict.fromkeys(path for each in mended if each.causes[0].code == "OPS121" for path in each.causes[0].files)
    if len(links) and needed is None and not any(part.items for part in parts):
        # Nothing but files that others need: what every build has is no matter of theirs.
        selection = replace(selection, kernels=(), files=(), ops=())
    files = (*selection.files, *_linked(links, index, profile))
    return edits(replace(selection, files=files), index, tree, "extend", keep_core=False)


def _linked(paths: Iterable[str], index: KernelIndex, profile: str) -> list[SelectedFile]:
    """Files that others cannot be linked without, and what these need, for builds that compile them where listed."""
    builds: dict[str, list[str]] = {}
    lists = index.build_lists
    for build in builds_of(lists):
        for path in (*paths, *DependencyGraph(index, profile, build).closure(paths)):
            if not compiled_unlisted(path, lists, build):
                builds.setdefault(path, []).append(build)
    note = Reason("", note="others cannot be linked without it")
    return [SelectedFile(path, "dependency", (note,), tuple(its)) for path, its in builds.items()]


def _failed(mended: list[Diagnosis], index: KernelIndex, profile: str) -> tuple[Requirement, ...]:
    """What the failing nodes ask for; of an op without a definition, its kernels are there already."""
    found = [
        requirement_of(each.failure, index, profile)
        for each in mended
        if each.failure.kind != "kernel-without-op" and index.registrations(each.failure.op)
    ]
    return tuple(replace(each, count=max(each.count, 1)) for each in found)


def _of_lists(diagnoser: Diagnoser, mended: list[Diagnosis]) -> tuple[FileEdit, ...]:
    """The lists of paths of a question, with the files of the causes and of what fails next."""
    opened = diagnoser.opened
    assert opened is not None
    causes = [cause for each in mended for cause in (each.causes[0], *each.next)]
    lacking = dict.fromkeys(path for each in causes if each.code in _OF_FILES for path in each.files)
    files = tuple(each.path for each in _linked(lacking, opened.index, opened.profile))
    found = []
    for path in opened.question.named:
        if not Path(path).is_file() or not isinstance(read_named_file(path), PathList):
            continue
        try:
            before = Path(path).read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(path, f"cannot be read: {error}") from None
        wanted = (*_entries(before), *files)
        found.append(FileEdit(path, before, edit_path_list(before, wanted, {})))
    if not found:
        raise OpselectError(
            "there is no list to edit\n  Name the checkout with --tree, or its list of paths with --lists."
        )
    return tuple(found[:1])


def _entries(text: str) -> tuple[str, ...]:
    from kernel_index.build_files.lists import named_path, words_of_make

    return tuple(named_path(entry) for line in text.splitlines() for entry in words_of_make(line))
