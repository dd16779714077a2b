"""What of a model is left out of mobile builds by default, why, and what to do about it."""

from opselect.policy.advice import Advice, Adviser, GraphAdviser
from opselect.policy.attempt import Attempt, TryPreparing
from opselect.policy.findings import Finding, findings
from opselect.policy.left_out import LeftOut, MobileBuild

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
