"""Records with anything in them that records may hold, above all what columns use for themselves."""

from __future__ import annotations

from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    Condition,
    Constraint,
    Deprecation,
    KernelRegistration,
    Location,
    OpDefinition,
)  # fmt: skip

FILES = ("a/b/one.cc", "a/b/two.cc", "a/three.h", "four.cc")
PROFILES = ("android", "desktop", "desktop+-DX=a b")

_pieces = [
    "\\",
    "\n",
    "\t",
    "\r",
    "\x1f",
    "\x85",
    "$",
    "@",
    "#",
    "%s",
    "\\e",
    "=",
    "(",
    "é",
    "\ud800",
    "😀",
    "T",
    "0",
    " ",
]
texts = st.lists(st.sampled_from(_pieces), max_size=4).map("".join)
class_texts = st.lists(
    texts | st.sampled_from(["Op", "CPU", "CPUDevice", "::int64_t", "float", "int32", "<", ", ", ">", "bool "]),
    max_size=7,
).map("".join)
scalars = st.sampled_from(list(DataType)) | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
scalar_tuples = st.lists(scalars, max_size=3).map(tuple)
text_tuples = st.lists(texts, max_size=3).map(tuple)
locations = st.builds(Location, st.sampled_from(FILES), st.integers(0, 2000))
conditions = st.builds(Condition, texts, st.booleans(), texts, locations)
constraints = st.builds(Constraint, texts, scalar_tuples | st.sampled_from(list(DataType)).map(lambda t: (t,)))

REGISTRATION_FIELDS = {
    "op": st.just("Op"),
    "device": st.just("CPU") | texts,
    "kernel_class": class_texts,
    "location": locations,
    "profiles": st.lists(st.sampled_from(PROFILES), unique=True).map(tuple),
    "label": texts,
    "priority": st.integers(),
    "constraints": st.lists(constraints, max_size=3).map(tuple),
    "host_memory_args": text_tuples,
    "system": st.booleans(),
    "condition": st.none() | conditions,
    "unit": st.just("") | st.sampled_from(FILES),
}
DEFINITION_FIELDS = {
    "name": st.just("Op"),
    "inputs": st.lists(st.builds(ArgDefinition, texts, texts), max_size=3).map(tuple),
    "outputs": st.lists(st.builds(ArgDefinition, texts, texts), max_size=3).map(tuple),
    "attrs": st.lists(
        st.builds(
            AttrDefinition,
            texts,
            texts,
            st.none() | scalar_tuples,
            st.none() | st.integers(),
            st.booleans(),
            st.none() | scalars | scalar_tuples,
            texts,
        ),
        max_size=3,
    ).map(tuple),
    "location": locations,
    "stateful": st.booleans(),
    "deprecation": st.none() | st.builds(Deprecation, st.integers(0, 10**6), texts),
    "unit": st.just("") | st.sampled_from(FILES),
}

registrations = st.builds(KernelRegistration, **REGISTRATION_FIELDS)
definitions = st.builds(OpDefinition, **DEFINITION_FIELDS)
