"""What graphs compute: kernels of ops on arrays, and what follows from the constants of a graph."""

from opselect.rewriting.evaluation import kernels
from opselect.rewriting.evaluation.evaluate import Value, evaluate
from opselect.rewriting.evaluation.kernel import (
    KERNELS,
    MAX_VALUE_BYTES,
    Accuracy,
    EvaluationError,
    Kernel,
    UndefinedResultError,
)

__all__ = [
    "KERNELS",
    "MAX_VALUE_BYTES",
    "Accuracy",
    "EvaluationError",
    "Kernel",
    "UndefinedResultError",
    "Value",
    "evaluate",
    "kernels",
]
