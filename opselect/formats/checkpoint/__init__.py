"""Checkpoints → variables, without TensorFlow."""

from opselect.formats.checkpoint.open import Checkpoint, open_checkpoint
from opselect.formats.checkpoint.variable import Variable

__all__ = ["Checkpoint", "Variable", "open_checkpoint"]
