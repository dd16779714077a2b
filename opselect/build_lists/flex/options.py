"""What a Flex library is made of besides the selection."""

from __future__ import annotations

from dataclasses import dataclass

from opselect.build_lists.lite.options import Labels
from opselect.selection.select import Selection


@dataclass(frozen=True, slots=True)
class FlexOptions:
    """``labels`` are whose folders are named; ``other`` is the selection for the other side: for the desktop where a
    phone is asked about, for phones where it is the desktop. Without it that side cannot be built, and ``why_not`` says
    why.
    """

    labels: Labels = "tensorflow"
    other: Selection | None = None
    why_not: str = ""
