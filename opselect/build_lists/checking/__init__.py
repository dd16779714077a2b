"""What is wrong with the mobile build lists of a checkout."""

from opselect.build_lists.checking.check import check_lists
from opselect.build_lists.checking.finding import KINDS

__all__ = ["KINDS", "check_lists"]
