"""What of a model is left out of mobile builds by default, why, and what to do about it."""

from opselect.selection.left_out_by_default.advice import Advice, Adviser, GraphAdviser
from opselect.selection.left_out_by_default.attempt import Attempt, TryPreparing
from opselect.selection.left_out_by_default.findings import Finding, findings
from opselect.selection.left_out_by_default.left_out import LeftOut, MobileBuild

__all__ = [
    "Advice",
    "Adviser",
    "Attempt",
    "Finding",
    "GraphAdviser",
    "LeftOut",
    "MobileBuild",
    "TryPreparing",
    "findings",
]
