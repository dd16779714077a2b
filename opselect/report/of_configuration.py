"""What came of a configuration as a document: all its builds on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from opselect.report.document import BudgetRow, Document
from opselect.report.of_generation import BuildPart, generation_document
from opselect.usecases.budgets import NUMBERS

if TYPE_CHECKING:
    from opselect.usecases.generate_configured import ConfiguredBuild, GeneratedTargets
    from opselect.usecases.model_origins import ModelOrigin


def configured_document(found: GeneratedTargets, origins: Sequence[ModelOrigin] = ()) -> Document:
    """What a page shows of the builds of a configuration; each has the files of the manifest of its first target."""
    names = _names(found.builds)
    parts = [
        BuildPart(build.answer, build.files, build.estimate, name=name, written=found.ok, budget=tuple(_budget(build)))
        for build, name in zip(found.builds, names, strict=True)
    ]
    return generation_document(parts, origins)


def _names(builds: Sequence[ConfiguredBuild]) -> list[str]:
    """What tells builds apart: release and profile, and the numbers of the targets where that is not enough."""
    if len(builds) == 1:
        return [""]
    names = [f"{build.answer.selection.release} {build.answer.selection.profile}" for build in builds]
    alike = Counter(names)
    targets = [", ".join(str(target.number) for target in build.targets) for build in builds]
    return [name if alike[name] == 1 else f"{name}, target {its}" for name, its in zip(names, targets, strict=True)]


def _budget(build: ConfiguredBuild) -> Iterator[BudgetRow]:
    """The limits of all targets of a build, exceeded or not."""
    over = {(each.target.number, each.budget): each.finding for each in build.exceeded}
    for target in build.targets:
        for budget, most in target.budgets:
            finding = over.get((target.number, budget))
            yield BudgetRow(
                f"{target.own.spot.where}: {budget}",
                NUMBERS[budget](build.answer, target),
                most,
                over=finding is not None,
                reason=finding.reason if finding is not None else "",
                mend=finding.advice if finding is not None else "",
                unit="count",
            )
