"""What is wrong with the mobile build lists of a checkout."""

from opselect.checking.check import check_lists
from opselect.checking.finding import KINDS, Finding

__all__ = ["KINDS", "Finding", "check_lists"]
