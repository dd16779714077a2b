"""The kernel that a node of a log asks for, as far as the log tells its types, and the files that could have it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from kernel_index.build_files.mobile_lists import builds_by_default, compiled_unlisted, written_groups
from kernel_index.build_files.places import MAKEFILE_LIST
from kernel_index.datatypes import DataType
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import CPU, DEFAULT
from kernel_index.profiles import PROFILE_NAMES
from kernel_index.records import MAKE, AttrScalar, AttrValue, BuildLists, Constraint, KernelRegistration
from opselect.diagnosis.values import dtype_of
from opselect.logs.records import KernelRow, LogFailure
from opselect.requirements.collect import Requirement

Row = tuple[str, str, frozenset[tuple[str, frozenset[str]]]]
"""Device, label, and the types that each attr admits."""


def known_types(failure: LogFailure) -> dict[str, DataType]:
    """The attrs of the node that are one data type, as far as the log tells them."""
    found = {attr: dtype_of(name) for attr, name in failure.dtypes}
    return {attr: dtype for attr, dtype in found.items() if dtype is not None}


def fits(registration: KernelRegistration, types: dict[str, DataType]) -> bool:
    """Whether a kernel admits what is known of a node's types; what is not known, it admits."""
    return all(each.attr not in types or types[each.attr] in each.allowed for each in registration.constraints)


def requirement_of(failure: LogFailure, index: KernelIndex, profile: str) -> Requirement:
    """What the node asks for. Where the log does not tell an attr, the op's default, or what most kernels admit.

    So nothing is missing for a type that nobody knows.
    """
    types: dict[str, AttrValue] = {**known_types(failure)}
    registrations = index.registrations(failure.op)
    definition = index.op_definition(failure.op)
    ranked = sorted(
        (r for r in registrations if fits(r, known_types(failure))),
        key=lambda r: (r.device not in (CPU, DEFAULT), profile not in r.profiles),
    )
    for registration in ranked or registrations:
        for constraint in registration.constraints:
            if constraint.attr not in types:
                types[constraint.attr] = _likely(constraint, definition and definition.attr(constraint.attr))
    return Requirement(
        failure.op,
        tuple(sorted(types.items())),
        device="" if failure.device in ("", CPU) else failure.device,
        nodes=(failure.node,) if failure.node else (),
        count=failure.count,
    )


def _likely(constraint: Constraint, attr: object) -> AttrValue:
    default = getattr(attr, "default", None)
    value: AttrScalar = default if default in constraint.allowed else constraint.allowed[0]
    is_list = str(getattr(attr, "type", "")).startswith("list(")
    return (value,) if is_list else value


def lists_with(path: str, lists: BuildLists, profile: str) -> list[str]:
    """The lists of a release's builds for a profile that name a file: parts of groups, and the makefile's."""
    builds = builds_by_default(lists, profile)
    groups = [name for name in written_groups(lists) if path in lists.groups[name]] if builds != (MAKE,) else []
    parts = [name for name in groups if not _is_made_up(name, groups)]
    makefile = [MAKEFILE_LIST] if MAKE in builds and path in lists.makefile else []
    return [*parts, *makefile]


def _is_made_up(name: str, groups: Collection[str]) -> bool:
    """Whether a group is the sum of others that have the file: ``android_extended_ops`` of its two parts."""
    return any(other != name and other.startswith(f"{name}_group") for other in groups)


def is_compiled_unlisted(path: str, lists: BuildLists, profile: str) -> bool:
    """Whether every build of the release for a profile compiles a file without a list."""
    builds = builds_by_default(lists, profile)
    return bool(builds) and all(compiled_unlisted(path, lists, build) for build in builds)


@dataclass(frozen=True, slots=True)
class BuiltFiles:
    """What the rows of a message say of the build: the profile that they fit, and which files of the op are in it.

    ``present`` are files of which a kernel of the op is listed, ``absent`` those of which none is. ``fits`` tells
    whether the rows are exactly the kernels that the files which are present have in the profile.
    """

    profile: str
    present: frozenset[str]
    absent: frozenset[str]
    fits: bool


def built_files(rows: Sequence[KernelRow], index: KernelIndex, op: str, profiles: Iterable[str]) -> BuiltFiles | None:
    """The profile whose kernels of an op are like the rows, the first of several; None where none is near.

    Compared are kernels for the CPU. A profile that explains every row with whole files comes before all others.
    """
    listed = {_row(row) for row in rows if row.device in (CPU, DEFAULT)}
    if not listed:
        return None
    best: tuple[int, BuiltFiles] | None = None
    for profile in sorted(profiles, key=_rank):
        by_file: dict[str, set[Row]] = {}
        for registration in index.registrations(op):
            if profile in registration.profiles and registration.device in (CPU, DEFAULT):
                by_file.setdefault(registration.source, set()).add(row_of(registration))
        present = frozenset(file for file, kernels in by_file.items() if kernels & listed)
        absent = frozenset(by_file.keys() - present)
        theirs = set().union(*(by_file[file] for file in present)) if present else set()
        exact = theirs == listed
        score = (1000 if exact else 0) - len(theirs ^ listed) - len(absent)
        if present and (best is None or score > best[0]):
            best = score, BuiltFiles(profile, present, absent, exact)
    return best[1] if best is not None else None


def _rank(profile: str) -> tuple[int, str]:
    order = ("android", "android-slim", "android-full", "ios", "raspberry-pi", "selective", "desktop")
    name = profile.partition("+")[0]
    return (order.index(name) if name in order else len(PROFILE_NAMES), profile)


def _row(row: KernelRow) -> Row:
    return row.device, row.label, frozenset((attr, frozenset(types)) for attr, types in row.allowed)


def row_of(registration: KernelRegistration) -> Row:
    """A kernel as a message lists it (``KernelsRegisteredForOp`` of ``framework/op_kernel.cc``)."""
    allowed = frozenset(
        (each.attr, frozenset(value.name if isinstance(value, DataType) else str(value) for value in each.allowed))
        for each in registration.constraints
    )
    return registration.device, registration.label, allowed


def builds_told(failure: LogFailure) -> tuple[str, ...]:
    """The build system that a message names by the paths in it; empty where none is told."""
    text = failure.text
    return (MAKE,) if "contrib/makefile" in text or "libtensorflow-core.a" in text else ()
