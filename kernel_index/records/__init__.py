"""The records that everything else passes around: frozen, comparable, and losslessly printable.

To make a class of a record takes half a millisecond, and looking up kernels needs no more than those of registrations:
the others are loaded when somebody first asks for them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from kernel_index.records.registrations import (
    AttrScalar,
    AttrValue,
    Condition,
    Constraint,
    KernelRegistration,
    Location,
)

__all__ = [
    "BAZEL",
    "MAKE",
    "UNSURE",
    "ArgDefinition",
    "AttrDefinition",
    "AttrScalar",
    "AttrValue",
    "BuildLists",
    "Condition",
    "Constraint",
    "Dependency",
    "Deprecation",
    "Diagnostic",
    "GraphVersions",
    "KernelRegistration",
    "LibraryOrigin",
    "LibraryUse",
    "Location",
    "Lost",
    "OpDefinition",
    "ScanResult",
]

if TYPE_CHECKING:
    from kernel_index.records.ops import (
        ArgDefinition,
        AttrDefinition,
        Deprecation,
        GraphVersions,
        OpDefinition,
    )
    from kernel_index.records.scans import (
        BAZEL,
        MAKE,
        UNSURE,
        BuildLists,
        Dependency,
        Diagnostic,
        LibraryOrigin,
        LibraryUse,
        Lost,
        ScanResult,
    )
else:
    _OPS = frozenset(["ArgDefinition", "AttrDefinition", "Deprecation", "GraphVersions", "OpDefinition"])
    _SCANS = frozenset(
        [
            "BAZEL",
            "BuildLists",
            "Dependency",
            "Diagnostic",
            "LibraryOrigin",
            "LibraryUse",
            "Lost",
            "MAKE",
            "ScanResult",
            "UNSURE",
        ]
    )

    def __getattr__(name):
        """The name from its module, kept for the next time."""
        home = "ops" if name in _OPS else "scans" if name in _SCANS else None
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"{__name__}.{home}"), name)
        globals()[name] = found
        return found

    def __dir__():
        return sorted({*globals(), *__all__})
