"""Lists of required operators of a small world, for properties that must hold of any."""

from __future__ import annotations

from hypothesis import strategies as st

from opselect.onnxruntime.operators import RequiredOperators, TypeEntry

DOMAINS = ("ai.onnx", "com.microsoft")
OPSETS = (1, 13)
NAMES = ("Reshape", "Squeeze", "Tile")
"""Operators of which the tools of ONNX Runtime take any types, and count none."""
TYPES = ("float", "int64_t")
POSITIONS = (("inputs", 0), ("inputs", 1), ("outputs", 0))

_SOME_TYPES = st.frozensets(st.sampled_from(TYPES), min_size=1)
_POSITIONS = st.dictionaries(st.sampled_from((0, 1)), _SOME_TYPES, max_size=2)
_TRIPLES = st.frozensets(st.tuples(*[st.sampled_from(TYPES)] * 3), max_size=3)


@st.composite
def type_entries(draw: st.DrawFn) -> TypeEntry:
    """Entries that restrict something."""
    entry = TypeEntry(draw(_POSITIONS), draw(_POSITIONS), draw(_TRIPLES))
    return entry if entry.inputs or entry.outputs or entry.custom else TypeEntry({0: draw(_SOME_TYPES)})


@st.composite
def required_operators(draw: st.DrawFn) -> RequiredOperators:
    """What a configuration may say."""
    allowed = draw(st.none() | _SOME_TYPES)
    if draw(st.integers(0, 9)) == 0:
        return RequiredOperators({}, {}, allowed, all_operators=True)
    opsets = st.tuples(st.sampled_from(DOMAINS), st.sampled_from(OPSETS))
    operators = draw(st.dictionaries(opsets, st.frozensets(st.sampled_from(NAMES), min_size=1), max_size=3))
    named = sorted({(domain, name) for (domain, _), names in operators.items() for name in names})
    if allowed is not None or not named:
        return RequiredOperators(operators, {}, allowed)
    return RequiredOperators(operators, draw(st.dictionaries(st.sampled_from(named), type_entries())))
