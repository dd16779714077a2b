"""Generated builds as documents: which files and kernels, why each is there, what they are expected to take, and what
is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opselect.report.document import BudgetRow, Document, Figure, Remark
from opselect.report.generation_tables import build_tables
from opselect.report.generation_trees import build_trees
from opselect.report.matrix import Mark, missing_mark, type_matrix, types_of
from opselect.report.shared import (
    MADE_BY,
    counted,
    missing_figures,
    model_row,
    remark,
    sentences,
    severity,
    some,
    unread_remarks,
)
from opselect.report.tables import joined_tables, with_rows
from opselect.usecases.estimate_size import MEANING

if TYPE_CHECKING:
    from opselect.estimates.records import SizeEstimate
    from opselect.selection.select import SelectedFile
    from opselect.usecases.model_origins import ModelOrigin
    from opselect.usecases.select_kernels import BuildAnswer


@dataclass(frozen=True, slots=True)
class BuildPart:
    """One build: its answer, all files of its lists, and their expected size, None where nothing is known of it.

    ``name`` tells it from other builds of the page, empty where it is the only one. ``written`` is False where its
    lists were not written. ``budget`` are limits of the configuration. With ``kernel_files_only`` no other files were
    looked for.
    """

    answer: BuildAnswer
    files: tuple[SelectedFile, ...]
    estimate: SizeEstimate | None = None
    name: str = ""
    written: bool = True
    budget: tuple[BudgetRow, ...] = ()
    kernel_files_only: bool = False


def generation_document(builds: Sequence[BuildPart], origins: Sequence[ModelOrigin] = ()) -> Document:
    """What a page shows of builds; its figures are those of the manifests of ``opselect generate --json``."""
    sizes = any(build.estimate is not None for build in builds)
    budget = tuple(row for build in builds for row in build.budget)
    marks = [mark for build in builds for mark in _marks(build)]
    note = "A kernel with constraints for several attrs counts for the types of the first."
    if len(builds) > 1:
        note += f" Of all {len(builds):,} builds together: what one of them lacks is missing here."
    return Document(
        kind="generate",
        title=some([origin.name for origin in origins]) or "Kernels by name",
        subtitle="; ".join(dict.fromkeys(_build_name(build) for build in builds)),
        made_by=MADE_BY,
        figures=tuple(figure for build in builds for figure in _figures(build)),
        budget=budget or None,
        would_go=None,
        diff=None,
        findings=tuple(_of_all(builds)),
        trees=tuple(each for number, build in enumerate(builds, 1) for each in build_trees(build, number)),
        matrix=type_matrix(marks, note),
        tables=with_rows(joined_tables([(build.name, build_tables(build, sizes=sizes)) for build in builds])),
        models=tuple(model_row(each) for each in origins),
    )


def _build_name(build: BuildPart) -> str:
    selection = build.answer.selection
    return f"TensorFlow {selection.release}, profile {selection.profile}"


def _figures(build: BuildPart) -> Iterator[Figure]:
    selection, estimate = build.answer.selection, build.estimate
    of_build = f" ({build.name})" if build.name else ""
    if estimate is not None:
        yield Figure(f"Expected size{of_build}", estimate.bytes, "bytes", _estimate_note(estimate))
    roles: dict[str, set[str]] = {}
    for file in build.files:
        roles.setdefault(file.path, set()).add(file.role)
    sources = [min(its, key=_ROLES.index) for its in roles.values() if its != {"header"}]
    parts = [f"{count:,} {role}" for role, count in sorted(Counter(sources).items(), key=lambda x: _ROLES.index(x[0]))]
    yield Figure(f"Source files{of_build}", len(sources), "count", ", ".join(parts))
    ops = len({kernel.registration.op for kernel in selection.kernels})
    yield Figure(f"Kernels{of_build}", len(selection.kernels), "count", f"of {counted(ops, 'op')}")
    note = "kernels that the models need and the build cannot have"
    yield from missing_figures(selection.unresolved, note, of_build)
    if selection.verdict.refused:
        refused = len(selection.verdict.refused)
        yield Figure(f"Refused{of_build}", refused, "count", "why the release does not load the models", "bad")
    if build.answer.unread:
        unread = len(build.answer.unread)
        yield Figure(f"Unread models{of_build}", unread, "count", "what they need is not in the lists", "bad")
    if not build.written:
        yield Figure(f"Lists{of_build}", "not written", "text", "nothing but this page was written", "bad")


_ROLES = ("kernel", "definition", "dependency", "support", "header")


def _estimate_note(estimate: SizeEstimate) -> str:
    made, unknown = estimate.compiled_as, len(estimate.unknown)
    left_out = f"; {counted(unknown, 'file')} of which nothing is known left out" if unknown else ""
    return (
        f"between {estimate.low:,} and {estimate.high:,} in {estimate.confidence:.0%} of the cases: {MEANING}; "
        f"{made.compiler}, {made.architecture}, {made.flags}{left_out}"
    )


def _of_all(builds: Sequence[BuildPart]) -> Iterator[Remark]:
    """The findings of all builds, each once; where not all of them have it, with the names of those that do."""
    having: dict[Remark, list[str]] = {}
    for build in builds:
        for found in dict.fromkeys(_findings(build)):
            having.setdefault(found, []).append(build.name)
    for found, names in having.items():
        yield found if len(names) == len(builds) else replace(found, reason=f"{'; '.join(names)}: {found.reason}")


def _findings(build: BuildPart) -> Iterator[Remark]:
    answer, selection = build.answer, build.answer.selection
    yield from (remark(each, severity(each)) for each in selection.unresolved)
    yield from (remark(each, "refused") for each in selection.verdict.refused)
    yield from (Remark("OPS601", "missing", row.reason, row.mend) for row in build.budget if row.over)
    yield from unread_remarks(answer.needed.unread)
    yield from sentences(selection.verdict.unjudged, "unknown")
    for unread in answer.index.build_lists.unread:
        text = f"{unread.location}: {unread.message}: which files the release's own lists keep is not known in full"
        yield Remark("", "unknown", text, "")
    if build.kernel_files_only:
        text = (
            "For a header alone, only files that register kernels were looked for, and none that they need beside them."
        )
        yield Remark("", "note", text, "")
    yield from (remark(each, "ignored") for each in selection.verdict.ignored)
    yield from (remark(each, "left out") for each in answer.criteria)
    yield from sentences(answer.warnings, "note")
    for each in selection.not_inserted:
        yield Remark(each.code, "note", f"{each.op} may be inserted by the runtime, and is not: {each.reason}", "")


def _marks(build: BuildPart) -> Iterator[Mark]:
    for kernel in build.answer.selection.kernels:
        yield kernel.registration.op, types_of(kernel.registration.constraints), "n"
    yield from map(missing_mark, build.answer.selection.unresolved)
