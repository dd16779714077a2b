"""Which group dominates a node: what cannot be reached past the group goes with it.

Below the root of the graph hangs a node for each group, and below that what the group begins with; what stays anyway
is taken as the root itself. The groups are all children of the root, so that the first step down the dominator tree
says everything, and no tree is needed: a node that one group alone leads to is dominated by that group, and one that
several lead to by none. Labels walk along the edges, each node changes at most twice, and a thousand groups cost no
more than two walks over the graph.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opselect.audit.walking import Edges, distinct

NOBODY, SEVERAL = -1, -2


def dominating_groups(
    edges: Edges, begin: NDArray[np.int32], groups: NDArray[np.int32], kept: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """To each node the group that dominates it, NOBODY where no group leads to it, SEVERAL where more than one does.

    ``groups`` are the groups of the nodes in ``begin``. Nodes that are ``kept`` are reached whatever goes, and no group
    dominates them.
    """
    whose = np.full(edges.node_count, NOBODY, np.int32)
    front = _marked(whose, begin[~kept[begin]], groups[~kept[begin]])
    while len(front):
        sources, targets = edges.of_nodes(front)
        labels = whose[front][sources]
        # To where several lead, and to where the same leads, nothing new comes.
        news = ~kept[targets] & (whose[targets] != SEVERAL) & (whose[targets] != labels)
        front = _marked(whose, targets[news], labels[news])
    return whose


def _marked(whose: NDArray[np.int32], nodes: NDArray[np.int32], labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Marks nodes with labels that they do not have yet, and gives the nodes."""
    known = whose[nodes] != NOBODY
    whose[nodes[known]] = SEVERAL
    fresh, labels_of_fresh = nodes[~known], labels[~known]
    whose[fresh] = labels_of_fresh
    whose[fresh[whose[fresh] != labels_of_fresh]] = SEVERAL
    return distinct(nodes)
