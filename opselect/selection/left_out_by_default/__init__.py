"""What of a model is left out of mobile builds by default, why, and what to do about it."""

from opselect.selection.left_out_by_default.advice import Adviser, GraphAdviser
from opselect.selection.left_out_by_default.attempt import Attempt, TryPreparing
from opselect.selection.left_out_by_default.findings import findings
from opselect.selection.left_out_by_default.left_out import LeftOut, MobileBuild

__all__ = [
    "Adviser",
    "Attempt",
    "GraphAdviser",
    "LeftOut",
    "MobileBuild",
    "TryPreparing",
    "findings",
]
