"""Shapes that follow from what a graph says, as far as that goes."""

from opselect.rewriting.evaluation.inference import images, layout
from opselect.rewriting.evaluation.inference.partial import UNKNOWN, is_known, merged
from opselect.rewriting.evaluation.inference.rules import RULES, Facts

__all__ = ["RULES", "UNKNOWN", "Facts", "images", "is_known", "layout", "merged"]
