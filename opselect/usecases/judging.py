"""What a build cannot meet or lacks by default, with advice that is tried on the model where there is just one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.findings import Finding
    from opselect.models.choice import Choice
    from opselect.models.graph import Graph
    from opselect.requirements.collect import Requirements
    from opselect.selection.left_out_by_default import Attempt, GraphAdviser, TryPreparing
    from opselect.selection.select import Selection


def judge(
    needed: Requirements,
    index: KernelIndex,
    profile: str,
    models: Sequence[str],
    choice: Choice,
    *,
    builds: Sequence[str],
    have: Collection[str],
) -> Selection:
    """The selection for what is needed; its criteria are what a build of the profile lacks by default.

    ``builds`` and ``have`` are the builds whose libraries are judged, and the libraries that are there.

    The advice about a single model is tried on its graph, which is read for that; about several it is general.
    """
    from opselect.selection.left_out_by_default import findings
    from opselect.selection.select import select

    def selected(adviser: GraphAdviser | None = None) -> Selection:
        return select(needed, index, profile, adviser, judged=builds, have=have)

    selection = replace(selected(), criteria=findings(needed, index, profile))
    if not (selection.criteria or selection.unresolved):
        return selection
    with open_adviser(models, choice, index, profile) as adviser:
        if adviser is None:
            return selection
        found = findings(needed, index, profile, adviser)
        # A selection is dear where much is needed, and the advice is all that changes.
        again = selected(adviser) if selection.unresolved else selection
        return replace(again, criteria=found)


def read_findings(
    needed: Requirements, index: KernelIndex, profile: str, models: Sequence[str], choice: Choice
) -> tuple[Finding, ...]:
    """What a build of the profile lacks by default of what is needed, with the same advice."""
    from opselect.selection.left_out_by_default import findings

    found = findings(needed, index, profile)
    if not found:
        return found
    with open_adviser(models, choice, index, profile) as adviser:
        return found if adviser is None else findings(needed, index, profile, adviser)


@contextmanager
def open_adviser(
    models: Sequence[str], choice: Choice, index: KernelIndex, profile: str
) -> Iterator[GraphAdviser | None]:
    """Who gives advice about the only model; None for several, and for one that is no graph that a session runs."""
    from opselect.models.choice import read_chosen
    from opselect.selection.left_out_by_default import GraphAdviser, MobileBuild

    if len(models) != 1:
        yield None
        return
    path = models[0]
    with read_chosen(path, choice) as chosen:
        if not chosen.is_whole:
            yield None
            return
        attempt = attempt_at(path, choice, chosen.graph, index)
        yield GraphAdviser(MobileBuild(index, profile), chosen.graph, path, chosen.entries, attempt)


def attempt_at(path: str, choice: Choice, graph: Graph, index: KernelIndex) -> TryPreparing | None:
    """What tries to prepare a model when it is called; only then what that takes is imported.

    None for a model behind a URL: it would be fetched again, and a URL may hold what is not for printing.
    """
    if "://" in path:
        return None

    def attempt() -> Attempt:
        from opselect.usecases.trying import try_preparing

        return try_preparing(path, choice, graph, index, shown_name(path))

    return attempt


def shown_name(path: str) -> str:
    """What commands in advice call a model: outputs hold no absolute path, as they must not depend on the place."""
    return Path(path).name if Path(path).is_absolute() else path
