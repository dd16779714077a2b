"""Checkpoints → variables, without TensorFlow."""

from opselect.models.formats.checkpoint.open import Checkpoint, open_checkpoint
from opselect.models.formats.checkpoint.variable import Variable

__all__ = ["Checkpoint", "Variable", "open_checkpoint"]
