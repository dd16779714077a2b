"""Models in, the operators that they use out."""

from __future__ import annotations

from opselect.lite.operators import LiteModel, used_operators
from opselect.models.graph.tflite import OperatorCode, TfliteModel, TfliteOperator, TfliteSubgraph


def test_operators_are_sorted_as_bytes_and_by_kind() -> None:
    codes = [OperatorCode(name, is_custom=True) for name in ("b", "B", "é", "a_", "aB", "FlexMul", "Flex")]
    codes += [OperatorCode("SUB", 3), OperatorCode("ADD"), OperatorCode("SUB", 2)]
    operators = tuple(TfliteOperator(code.name, code.version, code.is_custom) for code in codes)
    used = used_operators([LiteModel("m", TfliteModel(3, "", (TfliteSubgraph("main", operators=operators),)))])
    assert list(used.custom) == ["B", "aB", "a_", "b", "é"]
    assert list(used.flex) == ["Flex", "FlexMul"]
    assert list(used.builtin.items()) == [("ADD", (1, 1)), ("SUB", (2, 3))]
