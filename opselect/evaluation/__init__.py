"""What graphs compute: kernels of ops on arrays, for constants and for tests."""

from opselect.evaluation import kernels
from opselect.evaluation.evaluate import Value, evaluate
from opselect.evaluation.kernel import KERNELS, MAX_VALUE_BYTES, Accuracy, EvaluationError, Kernel, UndefinedResultError
from opselect.evaluation.run import run

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
