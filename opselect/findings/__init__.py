"""One vocabulary of findings: what is wrong, the evidence for it, and what mends it."""

from opselect.findings.catalog import CATALOG, Code, code_of, list_code, refusal_code
from opselect.findings.mends import Applicability, Mend
from opselect.findings.record import Finding

__all__ = ["CATALOG", "Applicability", "Code", "Finding", "Mend", "code_of", "list_code", "refusal_code"]
