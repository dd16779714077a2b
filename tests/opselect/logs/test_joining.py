"""Lists and summaries that stand behind the failures that they are of."""

from __future__ import annotations

from dataclasses import replace

from opselect.logs.joining import FARTHEST, summed_up
from opselect.logs.records import LogFailure


def _of_the_last(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    return (*earlier[:-1], replace(earlier[-1], ops=later.ops)) if earlier else (later,)


def _failure(line: int, op: str = "") -> LogFailure:
    return LogFailure("tflite-custom", "tflite", op=op, lines=(line,))


def _summary(line: int, op: str, reach: int) -> LogFailure:
    return LogFailure("tflite-custom", "tflite", ops=(op,), lines=(line,), joins=_of_the_last, reach=reach)


def test_a_summary_takes_the_place_of_what_it_is_of() -> None:
    first, second = _failure(1, "A"), _failure(2, "B")
    assert list(summed_up([first, second, _summary(4, "C", 5)])) == [first, replace(second, ops=("C",))]


def test_a_summary_reaches_so_many_lines_above_it() -> None:
    first = _failure(4, "A")
    assert list(summed_up([first, _summary(9, "A", 5)])) == [replace(first, ops=("A",))]
    assert list(summed_up([first, _summary(9, "A", 4)])) == [first, _summary(9, "A", 4)]


def test_failures_far_above_are_let_go() -> None:
    failures = iter([_failure(1, "A"), _failure(2 + FARTHEST, "B"), _failure(3 + FARTHEST, "C")])
    assert next(summed_up(failures)).op == "A"
    assert next(failures).op == "C", "no more was read than was needed to know that A is whole"
