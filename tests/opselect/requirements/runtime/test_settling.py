"""Places that are known in, what becomes constant and what fills it out."""

from __future__ import annotations

from kernel_index.datatypes import DataType
from opselect.models.graph import Node
from opselect.requirements.runtime.inserted.fillings import filling_of
from opselect.requirements.runtime.inserted.settling import Constants

ONE, TWO = frozenset({1.0}), frozenset({2.0})


def test_constants_settle_in_whatever_order_nodes_come() -> None:
    constants = Constants()
    constants.add(Node("sum", "AddV2"), ("a", "b"))
    constants.know("a", ONE)
    assert constants.settle() == {"a"}
    constants.know("b", ONE)
    assert constants.settle() == {"b", "sum"}
    constants.add(Node("twice", "AddV2"), ("sum", "sum"))
    assert constants.settle() == {"twice"}
    assert constants.found == {"a": ONE, "b": ONE, "sum": TWO, "twice": frozenset({4.0})}


def test_what_may_be_filled_with_more_tells_its_readers() -> None:
    constants = Constants()
    constants.add(Node("negative", "Neg"), ("a",))
    constants.know("a", ONE)
    constants.settle()
    constants.know("a", TWO)
    assert constants.settle() == {"a", "negative"}
    assert constants.found["negative"] == frozenset({-1.0, -2.0})
    for number in range(9):
        constants.know("a", frozenset({float(number)}))
    constants.settle()
    assert constants.found["negative"] is None


def test_fillings_of_ops() -> None:
    different, anything = frozenset[float](), None
    assert filling_of("Reshape", [ONE, different]) == ONE
    assert filling_of("Mul", [different, frozenset({0.0})]) == frozenset({0.0})
    assert filling_of("Mul", [anything, frozenset({0.0, 1.0})]) is None
    assert filling_of("AddV2", [different, ONE]) == different
    assert filling_of("Sub", [different, different], of_itself=True) == frozenset({0.0})
    assert filling_of("RealDiv", [ONE, frozenset({0.0})]) == different
    assert filling_of("Pow", [frozenset({-1.0}), frozenset({0.5})]) == different
    assert filling_of("Relu", [different]) is anything
    assert filling_of("Cast", [frozenset({1.5})], DataType.DT_INT32) == ONE
    assert filling_of("Cast", [frozenset({1.5})], DataType.DT_BOOL) == ONE
    assert filling_of("Cast", [different], DataType.DT_INT32) is anything
    assert filling_of("Cast", [different], DataType.DT_HALF) == different
    assert filling_of("ImmutableConst", []) is anything
