"""Two builds: what was added, grew and is gone."""

from __future__ import annotations

from kernel_index.datatypes import DataType
from opselect.audit.difference import difference
from tests.opselect.audit.made_up import audit, kernel

RELU, MUL, ADD = kernel("Relu"), kernel("Mul"), kernel("Add")


def test_what_became_of_each_op() -> None:
    old, new = audit(RELU, MUL, own=(100, 50)), audit(MUL, ADD, own=(60, 10))
    found = [
        (each.name, each.state, each.kernels, each.own, each.retained) for each in difference(old, new).changes("op")
    ]
    assert found == [
        ("Relu", "gone", -1, -100, -200),
        ("Add", "added", 1, 10, 20),
        ("Mul", "grown", 0, 10, 20),
    ]


def test_what_is_the_same_in_both_is_no_change() -> None:
    found = difference(audit(RELU, MUL), audit(MUL, RELU))
    assert (found.changes("op"), found.changes("file"), found.added, found.gone) == ((), (), (), ())


def test_a_kernel_for_another_type_is_another_kernel() -> None:
    wide = kernel("Mul", DataType.DT_INT64, kernel_class=MUL.kernel_class)
    found = difference(audit(MUL), audit(MUL, wide))
    assert (found.added, found.gone) == ((wide,), ())
    (change,) = found.changes("op")
    assert (change.state, change.kernels) == ("grown", 1)


def test_a_kernel_that_is_registered_twice_is_one_more() -> None:
    assert difference(audit(MUL), audit(MUL, MUL)).added == (MUL,)


def test_a_trim_fails_where_nothing_changed() -> None:
    found = difference(audit(RELU, MUL), audit(RELU, MUL))
    assert (found.changed_nothing, found.failed) == (True, True)


def test_a_trim_fails_where_kernels_are_gone_and_the_size_is_not() -> None:
    assert difference(audit(RELU, MUL), audit(RELU)).failed
    assert not difference(audit(RELU, MUL), audit(RELU, size=9999)).failed


def test_growth_with_new_kernels_is_no_failed_trim() -> None:
    assert not difference(audit(RELU), audit(RELU, MUL, size=11_000)).failed
    assert not difference(audit(RELU), audit(MUL, size=11_000)).failed
