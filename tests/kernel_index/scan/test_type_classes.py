from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.datatypes import DataType
from kernel_index.scan.ops import NUMBER_TYPES, REAL_NUMBER_TYPES
from tests.kernel_index.scan.trees import op

SOURCE = """
REGISTER_OP("A").Attr("T: numbertype").Attr("R: realnumbertype").Attr("M: {numbertype, bool}")
    .Attr("S: {qint16, float}").Attr("L: list(numbertype)").Attr("Q: quantizedtype").Attr("B: {SPELLED}");
"""
SPELLED = ", ".join(t.name.removeprefix("DT_").lower() for t in reversed(NUMBER_TYPES))
"""All number types by name, as ``Bitcast`` has them."""
HEADER, BODY = "tensorflow/core/framework/types.h", "tensorflow/core/framework/types.cc"


def has(types: tuple[DataType, ...], without: set[str]) -> str:
    return " | ".join(f"ToSet({t.name})" for t in types if t.name not in without)


def lists(types: tuple[DataType, ...], without: set[str]) -> str:
    return ", ".join(t.name for t in types if t.name not in without)


OLD = {"DT_QINT16", "DT_UINT32", "DT_BFLOAT16"}
TREES = {
    "as newest": {},
    "header": {
        HEADER: f"const DataTypeSet kNumberTypes =\n    {has(NUMBER_TYPES, OLD)};\n"
        f"constexpr DataTypeSet kRealNumberTypes = {has(REAL_NUMBER_TYPES, OLD)};\n"
        "#elif defined(__ANDROID_TYPES_FULL__)\nconstexpr DataTypeSet kNumberTypes = ToSet(DT_FLOAT);\n"
    },
    "source": {
        BODY: f"DataTypeVector RealNumberTypes() {{\n  return {{{lists(REAL_NUMBER_TYPES, OLD)}}};\n}}\n"
        f"DataTypeVector NumberTypes() {{ return {{{lists(NUMBER_TYPES, OLD)}}}; }}\n"
        "DataTypeVector NumberTypes() { return {DT_FLOAT}; }\n"
    },
}


@pytest.mark.parametrize("tree", TREES)
def test_classes_of_types_are_those_of_the_tree(tree: str, tmp_path: Path) -> None:
    found = op(tmp_path, SOURCE.replace("SPELLED", SPELLED), TREES[tree])
    gone = {DataType[name] for name in OLD} if TREES[tree] else set()
    assert {attr.name: set(attr.allowed or ()) for attr in found.attrs} == {
        "T": set(NUMBER_TYPES) - gone,
        "R": set(REAL_NUMBER_TYPES) - gone,
        "M": {*NUMBER_TYPES, DataType.DT_BOOL} - gone,
        "S": {DataType.DT_QINT16, DataType.DT_FLOAT},
        "B": set(NUMBER_TYPES),
        "L": set(NUMBER_TYPES) - gone,
        "Q": {t for t in NUMBER_TYPES if t.name.startswith(("DT_QINT", "DT_QUINT"))},
    }
