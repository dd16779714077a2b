"""Freezing: variables become constants, and what only training needs is gone."""

from opselect.rewriting.freezing.freeze import freeze
from opselect.rewriting.freezing.job import Frozen, Job
from opselect.rewriting.freezing.models import Options, freeze_model
from opselect.rewriting.freezing.signatures import signature_ends
from opselect.rewriting.freezing.variables import VariableSelection

__all__ = ["Frozen", "Job", "Options", "VariableSelection", "freeze", "freeze_model", "signature_ends"]
