"""Why ops and types are left out of mobile builds by default: the criteria as data, and what falls under each."""

from opselect.criteria.record import Action, Criterion, Stage
from opselect.criteria.table import (
    CRITERIA,
    EXCLUDED,
    FIRST_TYPES,
    OTHER,
    TRAINING,
    TYPES,
    criterion,
    criterion_of_file,
    criterion_of_headers,
    criterion_of_op,
)

__all__ = [
    "CRITERIA",
    "EXCLUDED",
    "FIRST_TYPES",
    "OTHER",
    "TRAINING",
    "TYPES",
    "Action",
    "Criterion",
    "Stage",
    "criterion",
    "criterion_of_file",
    "criterion_of_headers",
    "criterion_of_op",
]
