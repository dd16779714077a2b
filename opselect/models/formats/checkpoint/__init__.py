"""Checkpoints → variables, without TensorFlow."""

from opselect.models.formats.checkpoint.open import Checkpoint, open_checkpoint
from opselect.models.formats.checkpoint.variable import StoredVariable

__all__ = ["Checkpoint", "StoredVariable", "open_checkpoint"]
