"""Random scan results for tests of what stores or compares them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    AttrScalar,
    AttrValue,
    BuildLists,
    Condition,
    Constraint,
    Dependency,
    Deprecation,
    Diagnostic,
    GraphVersions,
    KernelRegistration,
    LibraryUse,
    Location,
    OpDefinition,
    ScanResult,
)
from kernel_index.scan.tree import registration_key

PROFILES = ("slim", "full", "desktop")

words = st.text("abzA_>09", min_size=1, max_size=6)
texts = st.text(st.characters(codec="utf-8"), max_size=10)
"""Any text that UTF-8 can hold, line ends and separators of all kinds included."""

files = st.builds("{}/{}.cc".format, st.sampled_from(("tensorflow/core/kernels", "x", "ä ö")), words)
locations = st.builds(Location, files, st.integers(1, 99_999))
types = st.sampled_from(DataType)
_typed: tuple[st.SearchStrategy[AttrScalar], ...] = (
    types, texts, st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.booleans(),
)  # fmt: skip


@st.composite
def constraints(draw: st.DrawFn) -> tuple[Constraint, ...]:
    found = []
    for attr in sorted(draw(st.sets(words, max_size=3))):
        values = draw(st.sampled_from(_typed[:3] + _typed[4:]))
        found.append(Constraint(attr, tuple(sorted(draw(st.sets(values, max_size=4))))))
    return tuple(found)


_conditions = st.builds(Condition, words, st.booleans(), texts, locations)
_registrations = st.builds(
    KernelRegistration,
    op=words,
    device=st.one_of(st.sampled_from(("CPU", "GPU")), texts),
    kernel_class=texts,
    location=locations,
    profiles=st.sets(st.sampled_from(PROFILES)).map(lambda s: tuple(p for p in PROFILES if p in s)),
    label=texts,
    priority=st.integers(-5, 5),
    constraints=constraints(),
    host_memory_args=st.lists(texts, max_size=3).map(tuple),
    system=st.booleans(),
    condition=st.none() | _conditions,
    unit=st.just("") | files,
)


@st.composite
def _attrs(draw: st.DrawFn) -> AttrDefinition:
    values = draw(st.sampled_from(_typed))
    default: AttrValue | None = draw(st.none() | values | st.lists(values, max_size=3).map(tuple))
    has_default = default is not None or draw(st.booleans())
    return AttrDefinition(
        name=draw(words),
        type=draw(st.sampled_from(("type", "list(type)", "int", "string", "shape", "func")) | texts),
        allowed=draw(st.none() | st.lists(values, max_size=3).map(tuple)),
        minimum=draw(st.none() | st.integers(-9, 9)),
        has_default=has_default,
        default=default,
        default_text=draw(texts) if has_default and default is None else "",
    )


_arguments = st.lists(st.builds(ArgDefinition, words, texts), max_size=3).map(tuple)
_definitions = st.builds(
    OpDefinition,
    name=words,
    inputs=_arguments,
    outputs=_arguments,
    attrs=st.lists(_attrs(), max_size=3, unique_by=lambda a: a.name).map(tuple),
    location=locations,
    stateful=st.booleans(),
    deprecation=st.none() | st.builds(Deprecation, st.integers(0, 10**6), texts),
)

_paths = st.lists(files | texts, max_size=3).map(tuple)
_groups = st.dictionaries(words, st.tuples(_paths, _paths), max_size=3)
_build_lists = st.builds(
    lambda groups, **others: BuildLists(
        groups={name: files for name, (files, _) in groups.items()},
        group_labels={name: labels for name, (_, labels) in groups.items()},
        **others,
    ),
    _groups,
    prefix=st.sampled_from(("android", "portable")),
    makefile=_paths,
    group_selects=st.dictionaries(
        words, st.lists(st.dictionaries(texts, _paths, max_size=2), min_size=1, max_size=2).map(tuple), max_size=2
    ),
    makefile_missing=st.dictionaries(texts, texts, max_size=2),
    packages=_paths,
    not_compiled=st.dictionaries(words, _paths, max_size=2),
    compiled=st.dictionaries(words, _paths, max_size=2),
    libraries=st.dictionaries(words, st.lists(words, max_size=2).map(tuple), max_size=2),
    conditions=st.dictionaries(words, st.lists(_paths, max_size=2).map(tuple), max_size=2),
)


_type_lists = st.dictionaries(st.sampled_from(PROFILES), st.lists(texts, max_size=3).map(tuple), max_size=3)

_some_profiles = st.sets(st.sampled_from(PROFILES), min_size=1).map(lambda s: tuple(p for p in PROFILES if p in s))
_dependencies = st.builds(Dependency, files, texts, files, _some_profiles)
_library_uses = st.builds(LibraryUse, words, texts, files, _some_profiles)


def _sorted(records: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(records))


@st.composite
def scans(draw: st.DrawFn) -> ScanResult:
    """A scan with a few ops, sorted as scans are."""
    registrations = draw(st.lists(_registrations, max_size=8, unique_by=registration_key))
    definitions = draw(st.lists(_definitions, max_size=4, unique_by=lambda d: d.name))
    diagnostics = draw(st.lists(st.builds(Diagnostic, locations, texts), max_size=3, unique=True))
    return ScanResult(
        release=draw(st.sampled_from(("1.13.99", "2.8.0-rc1"))),
        profiles=PROFILES,
        registrations=tuple(sorted(registrations, key=registration_key)),
        op_definitions=tuple(sorted(definitions, key=lambda d: d.name)),
        build_lists=draw(_build_lists),
        diagnostics=tuple(sorted(diagnostics, key=lambda d: (d.location, d.message))),
        skipped_files=draw(st.dictionaries(files, texts, max_size=3)),
        missing_headers=tuple(sorted(draw(st.sets(words, max_size=3)))),
        includes=draw(
            st.dictionaries(files, st.lists(files, min_size=1, max_size=3, unique=True).map(tuple), max_size=3)
        ),
        type_lists=draw(st.dictionaries(words, _type_lists, max_size=2)),
        dependencies=draw(
            st.dictionaries(files, st.lists(_dependencies, min_size=1, max_size=3).map(_sorted), max_size=3)
        ),
        note=draw(st.just("") | texts),
        graph_versions=draw(st.none() | st.builds(GraphVersions, st.integers(0, 10**6), st.integers(0, 10**6))),
        library_uses=draw(
            st.dictionaries(files, st.lists(_library_uses, min_size=1, max_size=3).map(_sorted), max_size=3)
        ),
    )
