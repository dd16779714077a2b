"""What is expected of the size of a selection, and how far the truth may be from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class CompiledAs:
    """How the objects are made whose sizes an estimate is about: by another compiler the sizes are others."""

    compiler: str
    architecture: str
    flags: str
    profile: str
    release: str


class Basis(Enum):
    """How the size of a file is known, the surest first."""

    MEASURED = "measured"
    OTHER_PROFILE = "measured in another profile"
    OTHER_RELEASE = "measured in another release"
    SIBLINGS = "from files made alike"
    DESKTOP_LIBRARY = "from a desktop library"
    REGISTRATIONS = "from the number of kernels and ops"


@dataclass(frozen=True, slots=True)
class KeptClasses:
    """The kernel classes that a header leaves of a source file, and how many of its registrations are of them."""

    names: frozenset[str]
    registrations: int


@dataclass(frozen=True, slots=True)
class FileToCompile:
    """A source file of a build.

    ``registrations`` are the kernels that it registers in the build's profile, of ``classes`` different classes, and
    the ops that it defines. ``kept`` is None where no header drops any of them. ``own`` marks a file that is of no
    release.
    """

    path: str
    registrations: int = 0
    classes: int = 0
    kept: KeptClasses | None = None
    own: bool = False


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

    They are those of the object files, before a linker drops what nothing uses; headers are in them as far as sources
    use them, and the base library is not. The truth is expected within ``low`` and ``high`` in ``confidence`` (0 to 1)
    of the cases. ``unknown`` are the sources of which nothing is known; they are in no number.
    """

    bytes: int
    low: int
    high: int
    confidence: float
    compiled_as: CompiledAs
    files: tuple[FileEstimate, ...]
    unknown: tuple[str, ...] = ()
