"""What graphs compute: kernels of ops on arrays, for constants and for tests."""

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
from opselect.rewriting.evaluation.run import run

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
    "run",
]
