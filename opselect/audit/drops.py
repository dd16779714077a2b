"""What the build of a binary leaves out of what nobody needs: seen in what it has that nobody needs."""

from __future__ import annotations

import numpy as np

from opselect.audit.references import ReferenceGraph
from opselect.audit.retained import Dropping

_MOST = 0.01
"""A linker that drops functions leaves fewer of them that nobody needs: those whose uses are not seen."""


def dropping_of(graph: ReferenceGraph) -> Dropping:
    """Whether the linker took functions one by one (``--gc-sections``); SECTIONS, too, where that cannot be told.

    A build that takes files whole has functions in it that nothing leads to and nobody can ask for. What goes with an
    op is known of such a build only by symbols.
    """
    image, pieces = graph.image, graph.pieces
    if image.strong is None or not len(image.functions):
        return Dropping.SECTIONS
    wanted = np.bincount(graph.edges.targets, minlength=graph.node_count) > 0
    asked = [pieces.at(image.exports.addresses), graph.initialisers, graph.registrations]
    if image.entry is not None:
        asked.append(pieces.at(np.array([image.entry], np.uint64)))
    for nodes in asked:
        wanted[nodes[nodes >= 0]] = True
    functions = pieces.at(image.functions.starts)
    functions = functions[functions >= 0]
    idle = len(functions) - int(wanted[functions].sum())
    return Dropping.COMPILER if idle > _MOST * len(functions) else Dropping.SECTIONS
