"""Freezing: variables become constants, and what only training needs is gone."""

from opselect.freezing.freeze import freeze
from opselect.freezing.job import Frozen, Job
from opselect.freezing.models import Options, freeze_model
from opselect.freezing.signatures import signature_ends
from opselect.freezing.variables import Selection

__all__ = ["Frozen", "Job", "Options", "Selection", "freeze", "freeze_model", "signature_ends"]
