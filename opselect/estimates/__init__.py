"""How large the selected sources become once compiled, told before anything is built."""

from opselect.estimates.estimating import estimate, measured_files
from opselect.estimates.known_sizes import OPS_FOLDER
from opselect.estimates.records import Basis, CompiledAs, FileEstimate, FileToCompile, KeptClasses, SizeEstimate

__all__ = [
    "OPS_FOLDER",
    "Basis",
    "CompiledAs",
    "FileEstimate",
    "FileToCompile",
    "KeptClasses",
    "SizeEstimate",
    "estimate",
    "measured_files",
]
