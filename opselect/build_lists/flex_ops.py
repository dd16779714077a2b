"""Lists of TensorFlow ops for the Flex delegate: what ``print_selective_registration_header`` reads as an ops list."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kernel_index.index import KernelIndex
from opselect.build_lists.header.content import kernels_by_choice
from opselect.requirements.ops_list import Pair
from opselect.selection.named_kernels import sorted_pairs
from opselect.selection.select import Selection

OLDEST_LISTED = (2, 4)
"""The first release whose ``list_flex_ops`` prints as all later ones do; that of 2.3 has other blanks."""

SUBGRAPH_OP = "TfLiteSubgraphExecute"
"""The op that runs a subgraph of the model for an op that calls it (``lite/delegates/flex/delegate_data.cc``)."""


def list_text(rows: Sequence[Pair] | Sequence[str]) -> str:
    """One line of JSON without blanks, ASCII alone, as jsoncpp's ``FastWriter`` has it."""
    return json.dumps(rows, separators=(",", ":")) + "\n"


def selected_pairs(selection: Selection, index: KernelIndex, *, functions: bool) -> tuple[Pair, ...]:
    """All ops of a selection with the classes of their kernels; with ``functions`` what these run, too.

    Ops whose kernels are registered whatever a header says are not among them (:func:`kernels_by_choice`).
    """
    kernels = kernels_by_choice(selection)
    pairs: list[Pair] = [(kernel.registration.op, kernel.registration.kernel_class) for kernel in kernels]
    with_kernel = {kernel.registration.op for kernel in selection.kernels}
    pairs += [(op, None) for op in selection.ops if op not in with_kernel]
    if functions:
        pairs += subgraph_pairs(index, selection.profile)
    return sorted_pairs(pairs)


def subgraph_pairs(index: KernelIndex, profile: str) -> tuple[Pair, ...]:
    """The kernel that runs subgraphs as functions, where the release has it. The delegate's library always brings it;
    a build that compiles the delegate itself with a header needs it there, too.
    """
    registrations = index.registrations(SUBGRAPH_OP)
    return sorted_pairs((SUBGRAPH_OP, r.kernel_class) for r in registrations if profile in r.profiles)
