"""What is wrong with the mobile build lists of a checkout."""

from opselect.build_lists.checking.check import check_lists
from opselect.findings.list_kinds import KINDS

__all__ = ["KINDS", "check_lists"]
