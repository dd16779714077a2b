"""What to do about what is missing or left out: advice about a single model is tried on its graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opselect.models.choice import Choice
from opselect.selection.left_out_by_default import GraphAdviser, MobileBuild
from opselect.usecases.model_names import shown_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kernel_index.index import KernelIndex
    from opselect.models.graph import Entry, Graph
    from opselect.selection.left_out_by_default import Attempt, TryPreparing
    from opselect.usecases.read_requirements import OnlyModel


def adviser_of(only: OnlyModel | None, index: KernelIndex, profile: str) -> GraphAdviser | None:
    """Who gives advice about the only model; None for several, and for one that is no graph that a session runs."""
    if only is None or not only.chosen.is_whole:
        return None
    return graph_adviser(only.path, only.choice, only.chosen.graph, only.chosen.entries, index, profile)


def graph_adviser(
    path: str, choice: Choice, graph: Graph, entries: Sequence[Entry], index: KernelIndex, profile: str
) -> GraphAdviser:
    """Who gives advice about a graph of the model at a path."""
    return GraphAdviser(MobileBuild(index, profile), graph, path, entries, attempt_at(path, choice, graph, index))


def attempt_at(path: str, choice: Choice, graph: Graph, index: KernelIndex) -> TryPreparing | None:
    """What tries to prepare a model when it is called; only then what that takes is imported.

    None for a model at a URL: it would be fetched again, and a URL may hold what is not for printing.
    """
    if "://" in path:
        return None

    def attempt() -> Attempt:
        from opselect.usecases.trial_prepare import try_preparing

        return try_preparing(path, choice, graph, index, shown_name(path))

    return attempt
