"""What else a scan of a source tree finds, and all of it together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kernel_index.records.ops import GraphVersions, OpDefinition
from kernel_index.records.registrations import KernelRegistration, Location

UNSURE = "builds"
"""What is lost of a kernel that is in a record, and of which nobody knows which other builds have it."""


@dataclass(frozen=True, slots=True, order=True)
class Lost:
    """A registration that could not be evaluated and so is in no record, or of which something else is not known.

    ``what`` is ``kernel`` or ``op``, :data:`UNSURE`, or empty where even that is not known. ``op`` is empty where it is
    not known, and ``type`` where the reason is no C++ type without a known data type; ``macro`` names the macros it
    came through.
    """

    what: str = ""
    op: str = ""
    type: str = ""
    macro: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something the scanner could not evaluate: never silence, always a place.

    ``lost`` is the registration that it is about, None where it is about none.
    """

    location: Location
    message: str
    lost: Lost | None = None

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


BAZEL, MAKE = "bazel", "makefile"
"""The two builds for phones that releases have had: Bazel's, and up to 2.0 that of ``contrib/makefile``."""


@dataclass(frozen=True, slots=True)
class BuildLists:
    """The lists of files that a release's own build files name, paths from the root of the checkout.

    ``prefix`` is ``android`` or ``portable``, the first word of the release's filegroups. ``groups`` maps a group's
    name to the files it holds, other groups followed, in upstream's order; ``group_labels`` has of each the labels as
    the BUILD file spells them. A group of another package goes by its full label. ``makefile`` is ``tf_op_files.txt``,
    line by line; empty where a release has none.

    ``group_selects`` has the ``select`` calls of a group, each a map from condition to the labels it adds.
    ``conditions`` has of these, by full label, what makes them hold: the options of Bazel that must all be set, and
    that once for each way in which that may be. What is not known when it holds is not among them.
    ``makefile_missing`` maps an entry that names no file to the one that make compiles in its place, or to nothing.
    ``packages`` are the folders that hold a BUILD file. ``unread`` says of BUILD files that the lists lead to why they
    could not be read: what they list is not known then.

    Of each build that could be read (:data:`BAZEL`, :data:`MAKE`), ``not_compiled`` has the source files of the base
    library's folders that it compiles only where a list names them, as far as kernels, ops or link needs are in them
    (of Bazel's also their headers), ``compiled`` the source files of other folders that it compiles all the same, and
    ``libraries`` the libraries of others that it links (:data:`kernel_index.libraries.LIBRARIES`).
    """

    prefix: str = "portable"
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group_labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    makefile: tuple[str, ...] = ()
    group_selects: Mapping[str, tuple[Mapping[str, tuple[str, ...]], ...]] = field(default_factory=dict)
    makefile_missing: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    not_compiled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    compiled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    libraries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: tuple[Diagnostic, ...] = ()
    conditions: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Dependency:
    """A source file without which another cannot be linked, in builds of some profiles.

    ``file`` defines ``symbol`` (a function, a variable or ``Class::member``; ``Class::*`` is all of an instantiated
    class), which the other uses and ``declared_in`` only declares.
    """

    file: str
    symbol: str
    declared_in: str
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class LibraryUse:
    """A library of others that a source file is compiled with, in builds of some profiles.

    ``header`` is the include's target and ``included_by`` the file that includes it, the source file itself or a header
    that it includes.
    """

    library: str
    header: str
    included_by: str
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LibraryOrigin:
    """Where an index has what from that was made of libraries and not of sources (``docs/index_from_binary.md``).

    ``libraries`` are their names and ``profile`` the build that they are; all that this profile has is read out of
    them. ``base`` is the release whose index told the rest. ``read``, ``borrowed`` and ``unknown`` say in plain words
    what comes from the libraries, what is that of the base, and what neither of them tells.
    """

    libraries: tuple[str, ...]
    profile: str
    base: str
    read: tuple[str, ...] = ()
    borrowed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def made_of(self) -> str:
        """The first of the libraries, and how many more there are."""
        more = len(self.libraries) - 1
        return self.libraries[0] + (f" and {more} more" if more else "")


@dataclass(frozen=True, slots=True)
class ScanResult:
    """Everything that one scan of a source tree finds, sorted, ready to be stored."""

    release: str
    profiles: tuple[str, ...]
    registrations: tuple[KernelRegistration, ...]
    op_definitions: tuple[OpDefinition, ...]
    build_lists: BuildLists
    diagnostics: tuple[Diagnostic, ...] = ()
    skipped_files: Mapping[str, str] = field(default_factory=dict)
    """Source files left out on purpose: path to the reason."""
    missing_headers: tuple[str, ...] = ()
    """Included headers that the tree does not contain."""
    includes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """File of the tree to the files of the tree that it includes itself, in any branch, in order."""
    type_lists: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """``TF_CALL_<types>`` macro to profile to the C++ types it calls its argument with, in order."""
    dependencies: Mapping[str, tuple[Dependency, ...]] = field(default_factory=dict)
    """Source file to the source files without which it cannot be linked, but those that every build compiles."""
    library_uses: Mapping[str, tuple[LibraryUse, ...]] = field(default_factory=dict)
    """Source file to the libraries that it is compiled with, but those that every build of the release has."""
    note: str = ""
    """What there is to say of the sources where they are not just those of the release."""
    graph_versions: GraphVersions | None = None
    """What the tree says of the graph format; None where nobody looked, and nobody looked for deprecated ops then."""
    origin: LibraryOrigin | None = None
    """Of an index that was made of libraries; None of one that was made of sources."""
