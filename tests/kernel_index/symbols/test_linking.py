"""Which definers of a symbol count, given the symbols of all files."""

from __future__ import annotations

import pytest

from kernel_index.profiles import BuildProfile
from kernel_index.symbols.linking import linked
from kernel_index.symbols.table import ALL, member
from kernel_index.symbols.unit_symbols import UnitSymbols

CALL, WHOLE = member("Fill", "operator()"), member("Fill", ALL)
FILL = {
    "float.cc": [UnitSymbols(("p",), defines=((WHOLE, ("DT_FLOAT",)),))],
    "double.cc": [UnitSymbols(("p",), defines=((WHOLE, ("DT_DOUBLE",)),))],
    "any.cc": [UnitSymbols(("p",), defines=((CALL, ()),))],
}


@pytest.mark.parametrize(
    ("defines", "types", "own_types", "expected"),
    [
        ((), ("<double",), ("<double",), ["any.cc", "double.cc", "float.cc"]),  # float counts always
        ((), ("<int",), (), ["any.cc", "float.cc"]),
        ((), ("<double",), (), ["any.cc", "double.cc", "float.cc"]),  # a header's types count
        (((WHOLE, ("DT_HALF",)),), ("<double", "<half"), ("<half",), ["any.cc", "float.cc"]),  # but not for what it
        (((CALL, ("DT_HALF",)),), ("<double", "<half"), ("<half",), ["any.cc", "float.cc"]),  # instantiates itself
        ((("Other::f", ("DT_HALF",)),), ("<double", "<half"), ("<half",), ["any.cc", "double.cc", "float.cc"]),
        (((CALL, ()),), ("<double",), (), ["any.cc", "double.cc", "float.cc"]),  # defined for any type
    ],
)
def test_instances_for_types_that_a_file_never_uses_do_not_count(
    defines: tuple[tuple[str, tuple[str, ...]], ...],
    types: tuple[str, ...],
    own_types: tuple[str, ...],
    expected: list[str],
) -> None:
    unit = UnitSymbols(("p",), ((CALL, "fill.h"),), defines, types, own_types)
    found = linked({"unit.cc": [unit], **FILL}, [BuildProfile("p", {})], {})
    assert sorted(d.file for d in found["unit.cc"]) == expected
    assert {(d.symbol, d.declared_in) for d in found["unit.cc"]} == {(CALL, "fill.h")}


def test_a_file_of_the_base_library_counts_where_it_includes_the_header() -> None:
    unit = UnitSymbols(("p",), (("f", "tensorflow/core/lib/f.h"),))
    definer = UnitSymbols(("p",), defines=(("f", ()),))
    units = {"tensorflow/core/kernels/unit.cc": [unit], "tensorflow/core/lib/f.cc": [definer]}
    profiles = [BuildProfile("p", {})]
    includes = {"tensorflow/core/lib/f.cc": ["x.h"], "x.h": ["tensorflow/core/lib/f.h"]}
    assert linked(units, profiles, {}) == {}
    assert linked(units, profiles, {}, includes={"x.h": ["tensorflow/core/lib/f.h"]}) == {}
    (needed,) = linked(units, profiles, {}, includes=includes)["tensorflow/core/kernels/unit.cc"]
    assert needed.file == "tensorflow/core/lib/f.cc"
