"""Freezing: variables become constants, and what only training needs is gone."""

from opselect.freezing.freeze import Frozen, Job, freeze
from opselect.freezing.models import Options, freeze_model
from opselect.freezing.variables import Selection

__all__ = ["Frozen", "Job", "Options", "Selection", "freeze", "freeze_model"]
