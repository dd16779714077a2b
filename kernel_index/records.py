"""The records that everything else passes around: frozen, comparable, and losslessly printable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kernel_index.datatypes import DataType

AttrScalar = DataType | str | int | float | bool
"""One value of an attr that kernels can constrain on or that an op definition gives as default."""

AttrValue = AttrScalar | tuple[AttrScalar, ...]
"""A value as node attrs have it; a tuple is a list-valued attr."""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a source tree: ``file`` from the root of the checkout, ``line`` counted from 1, 0 if not known."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Constraint:
    """The values a kernel admits for one attr, sorted and without duplicates.

    Source: ``KernelDef.AttrConstraint`` as ``TypeConstraint()`` and ``AttrConstraint()`` of
    ``framework/kernel_def_builder.cc`` fill it.
    """

    attr: str
    allowed: tuple[AttrScalar, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """The preprocessor condition that hides a registration from mobile builds.

    ``macro`` is one that it asks for, ``defined`` whether that would have to be defined or undefined for the
    registration to appear; ``text`` is the condition as the source has it. Where it compares the macro with a number,
    ``needs`` says what would have to hold (``VERSION >= 7``), and ``flags`` are compiler's arguments that fulfil it.
    """

    macro: str
    defined: bool
    text: str
    location: Location
    needs: str = ""
    flags: str = ""

    @property
    def arguments(self) -> str:
        """The compiler's arguments that fulfil it."""
        return self.flags or (f"-D{self.macro}" if self.defined else f"-U{self.macro}")


@dataclass(frozen=True, slots=True)
class KernelRegistration:
    """One kernel that a build registers.

    ``kernel_class`` is the macro argument stringified as the compiler does it, ``location`` the outermost macro
    call, ``profiles`` the names of the build profiles that have it, in the order of the index. ``system`` marks
    ``REGISTER_SYSTEM_KERNEL_BUILDER``, which selective registration never drops. A registration that no mobile
    profile has carries the ``condition`` that hides it there; one that no profile has at all is kept for its sake.
    ``unit`` is the source file to compile where the macro call stands in a header, else empty.
    """

    op: str
    device: str
    kernel_class: str
    location: Location
    profiles: tuple[str, ...]
    label: str = ""
    priority: int = 0
    constraints: tuple[Constraint, ...] = ()
    host_memory_args: tuple[str, ...] = ()
    system: bool = False
    condition: Condition | None = None
    unit: str = ""

    @property
    def source(self) -> str:
        """The source file that a build must compile to have this kernel."""
        return self.unit or self.location.file


@dataclass(frozen=True, slots=True)
class ArgDefinition:
    """An input or output of an op: ``type_text`` is what follows the name, such as ``N * T`` or ``Ref(float)``."""

    name: str
    type_text: str


@dataclass(frozen=True, slots=True)
class AttrDefinition:
    """An attr of an op: ``type`` as in ``OpDef.AttrDef`` (``type``, ``list(type)``, ``int``, ``func`` …).

    ``has_default`` tells a default of None (a shape or tensor that is not evaluated; ``default_text`` has its
    words) from no default. ``allowed`` is None where every value is; ``minimum`` likewise.
    """

    name: str
    type: str
    allowed: tuple[AttrScalar, ...] | None = None
    minimum: int | None = None
    has_default: bool = False
    default: AttrValue | None = None
    default_text: str = ""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """From which version of the graph format on an op is gone, and what TensorFlow says then.

    Source: ``OpDeprecation`` of ``framework/op_def.proto``; ``CheckOpDeprecation`` of ``framework/op_def_util.cc``.
    """

    version: int
    explanation: str


@dataclass(frozen=True, slots=True)
class GraphVersions:
    """The versions of the graph format that a release knows: its own, and the oldest producer that it takes.

    Source: ``TF_GRAPH_DEF_VERSION`` and ``TF_GRAPH_DEF_VERSION_MIN_PRODUCER`` of ``core/public/version.h``.
    """

    current: int
    min_producer: int = 0


@dataclass(frozen=True, slots=True)
class OpDefinition:
    """What ``REGISTER_OP`` declares: signature and attrs of an op.

    ``unit`` is the source file to compile where the macro call stands in a header, else empty.
    """

    name: str
    inputs: tuple[ArgDefinition, ...]
    outputs: tuple[ArgDefinition, ...]
    attrs: tuple[AttrDefinition, ...]
    location: Location
    stateful: bool = False
    deprecation: Deprecation | None = None
    unit: str = ""

    @property
    def source(self) -> str:
        """The source file that a build must compile to have the op."""
        return self.unit or self.location.file

    def attr(self, name: str) -> AttrDefinition | None:
        """The attr of that name, None where the op has none."""
        return next((a for a in self.attrs if a.name == name), None)


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
