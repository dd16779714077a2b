"""What is expected of the size of a selection, and how far the truth may be from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class CompiledAs:
    """How the objects were made whose sizes an estimate is in: by another compiler the sizes are others."""

    compiler: str
    architecture: str
    flags: str
    profile: str
    release: str


class Basis(Enum):
    """How the size of a file is known, the surest first."""

    MEASURED = "measured"
    OTHER_RELEASE = "measured in another release"
    DESKTOP_LIBRARY = "from its size in a desktop library"
    REGISTRATIONS = "from the number of its kernels"


@dataclass(frozen=True, slots=True)
class FileEstimate:
    """The expected bytes of text and data in the object file of one source, within ``low`` and ``high``."""

    file: str
    bytes: int
    low: int
    high: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class SizeEstimate:
    """The expected bytes of text and data of all selected sources together.

    The truth is expected within ``low`` and ``high`` in ``confidence`` (0 to 1) of the cases. ``unknown`` are the
    sources of which nothing is known; they are in no number.
    """

    bytes: int
    low: int
    high: int
    confidence: float
    compiled_as: CompiledAs
    files: tuple[FileEstimate, ...]
    unknown: tuple[str, ...] = ()
