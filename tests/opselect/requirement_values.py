"""Requirements at random, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar, AttrValue
from opselect.requirements import MAX_MODELS_NAMED, MAX_NODES_NAMED, Requirement, Requirements
from opselect.runtime import KINDS, Origin

words = st.sampled_from(["a", "b", "c", "d", "e", "f", "g"])
_scalars: st.SearchStrategy[AttrScalar] = st.sampled_from(
    [DataType.DT_FLOAT, DataType.DT_INT32, True, False, 1, 0, 2.5, "x", "NHWC"]
)
_values: st.SearchStrategy[AttrValue] = st.one_of(_scalars, st.lists(_scalars, max_size=2).map(tuple))
_models = st.sets(st.integers(10, 40).map("m{}.pb".format), max_size=2 * MAX_MODELS_NAMED)


@st.composite
def _requirement(draw: st.DrawFn) -> Requirement:
    models = sorted(draw(_models))
    return Requirement(
        op=draw(st.sampled_from(["Add", "Mul"])),
        attrs=tuple(sorted(draw(st.dictionaries(st.sampled_from(["N", "T"]), _values, max_size=2)).items())),
        device=draw(st.sampled_from(["", "GPU"])),
        label=draw(st.sampled_from(["", "eigen"])),
        count=draw(st.integers(1, 9)),
        nodes=tuple(sorted(draw(st.sets(words)))[:MAX_NODES_NAMED]),
        models=tuple(models[:MAX_MODELS_NAMED]),
        model_count=max(1, len(models)) + draw(st.integers(0, 3)),
        origin=draw(st.none() | st.builds(Origin, st.sampled_from(KINDS), words)),
    )


requirements = st.builds(
    lambda items, warnings, releases: Requirements.merge(
        [*(Requirements((item,)) for item in items), Requirements((), tuple(warnings), tuple(releases))]
    ),
    st.lists(_requirement(), max_size=5),
    st.lists(words, max_size=2, unique=True),
    st.lists(st.sampled_from(["", "1.15.5", "2.14.0"]), max_size=2, unique=True),
)
"""Merged requirements, with warnings and releases."""
