"""Requirements at random, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar, AttrValue
from opselect.models.graph import Shape
from opselect.requirements.collect import MAX_MODELS_NAMED, MAX_NODES_NAMED, WAYS, Requirement, Requirements
from opselect.requirements.loading import AttrUse, GraphUse, Loads, Use
from opselect.requirements.loading.uses import first_names
from opselect.requirements.runtime import KINDS, Origin

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


_attr_uses = st.sampled_from(
    [
        AttrUse("N", "int", 3),
        AttrUse("N", "int"),
        AttrUse("T", "type", DataType.DT_HALF),
        AttrUse("Ts", "list(type)", (DataType.DT_HALF, DataType.DT_BOOL)),
        AttrUse("a", "list()", ()),
        AttrUse("b", "bool", True),
        AttrUse("f", "float", 0.5),
        AttrUse("f", "float", 1.0),
        AttrUse("l", "list(int)", None, 4),
        AttrUse("m", "list(mixed)", (1, "DT_HALF")),
        AttrUse("s", "string", "DT_HALF"),
        AttrUse("u", "shape", Shape()),
        AttrUse("v", "shape", Shape((1, -1))),
        AttrUse("w", "tensor"),
    ]
)
_some_names = st.sets(words, max_size=7)
_uses = st.builds(
    Use,
    op=st.sampled_from(["Add", "Mul"]),
    attrs=st.lists(_attr_uses, max_size=2, unique_by=lambda attr: attr.name).map(
        lambda attrs: tuple(sorted(attrs, key=lambda attr: attr.name))
    ),
    inputs=st.none() | st.lists(st.sampled_from(["", "DT_HALF", "DT_HALF_REF"]), max_size=2).map(tuple),
    in_function=st.booleans(),
    lowered=st.booleans(),
    is_call=st.booleans(),
    misfit=st.sampled_from(["", "odd"]),
    producer=st.integers(-1, 2000),
    count=st.integers(1, 9),
    nodes=_some_names.map(lambda names: first_names(names, MAX_NODES_NAMED)),
    models=_models.map(lambda names: first_names(names, MAX_MODELS_NAMED)),
)
_graphs = st.builds(
    GraphUse,
    st.integers(0, 3),
    st.sets(st.integers(1, 3)).map(lambda bad: tuple(sorted(bad))),
    st.integers(-1, 2000),
    _models.map(lambda names: first_names(names, MAX_MODELS_NAMED)),
)
_loads = st.builds(
    Loads,
    st.lists(_uses, max_size=3).map(tuple),
    st.lists(_graphs, max_size=2).map(tuple),
    _some_names.map(lambda names: first_names(names, MAX_MODELS_NAMED)),
)


requirements = st.builds(
    lambda items, warnings, releases, loads, runs: Requirements.merge(
        [
            *(Requirements((item,), runs=runs) for item in items),
            Requirements((), tuple(warnings), tuple(releases), loads, runs),
        ]
    ),
    st.lists(_requirement(), max_size=5),
    st.lists(words, max_size=2, unique=True),
    st.lists(st.sampled_from(["", "1.15.5", "2.14.0"]), max_size=2, unique=True),
    _loads,
    st.sets(st.sampled_from(WAYS), min_size=1).map(frozenset),
)
"""Merged requirements, with warnings, releases and facts of how models are loaded."""
