"""What transforms of graphs are made of: their language and arguments, names of tensors, patterns, order, validity."""

from opselect.rewriting.context import Context, TransformError, ops_of, parse_data_type, parse_shape
from opselect.rewriting.language import Step, parse_steps
from opselect.rewriting.matching import Match, Pattern, find_matches, replace_matches
from opselect.rewriting.transform import Argument, Transform

__all__ = [
    "Argument",
    "Context",
    "Match",
    "Pattern",
    "Step",
    "Transform",
    "TransformError",
    "find_matches",
    "ops_of",
    "parse_data_type",
    "parse_shape",
    "parse_steps",
    "replace_matches",
]
