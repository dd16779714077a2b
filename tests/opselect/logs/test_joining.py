"""Lists and summaries that stand behind the failures that they are of."""

from __future__ import annotations

import time
from dataclasses import replace

from opselect.logs import reader
from opselect.logs.joining import Joining
from opselect.logs.records import LogFailure
from opselect.logs.shapes.shape import MessageShape


def _of_the_last(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    return (*earlier[:-1], replace(earlier[-1], ops=later.ops)) if earlier else (later,)


SUMMARY = MessageShape("tflite-custom", "tflite", "Summary", ("a", "b"), "none", joins=_of_the_last, reach=5)
OTHER = MessageShape("tflite-custom", "tflite", "Other", ("a", "b"), "none")


def _failure(line: int, op: str = "", ops: tuple[str, ...] = ()) -> LogFailure:
    return LogFailure("tflite-custom", "tflite", op=op, ops=ops, lines=(line,))


def _joined(*failures: tuple[MessageShape, LogFailure, int]) -> list[LogFailure]:
    joining = Joining()
    for shape, failure, last_line in failures:
        joining.add(shape, failure, last_line)
    return joining.failures


def test_a_summary_takes_the_place_of_what_it_is_of() -> None:
    first, second = _failure(1, "A"), _failure(2, "B")
    joined = _joined((OTHER, first, 1), (OTHER, second, 2), (SUMMARY, _failure(4, ops=("C",)), 4))
    assert joined == [first, replace(second, ops=("C",))]


def test_a_summary_reaches_so_many_lines_above_it() -> None:
    first, summary = _failure(1, "A"), _failure(9, ops=("A",))
    assert _joined((OTHER, first, 4), (SUMMARY, summary, 9)) == [replace(first, ops=("A",))]
    assert _joined((OTHER, first, 3), (SUMMARY, summary, 9)) == [first, summary]


def test_the_line_of_a_summary_counts_for_the_next() -> None:
    lines = [(SUMMARY, _failure(line, ops=(str(line),)), line) for line in (1, 5, 9, 14)]
    assert _joined(*lines) == [replace(lines[0][1], ops=("14",))]


def test_failures_are_held_until_no_summary_reaches_them() -> None:
    joining = Joining()
    joining.add(OTHER, _failure(1, "A"), 1)
    joining.add(OTHER, _failure(2, "B"), 4)
    assert [each.op for each in joining.take(before=3)] == ["A"]
    assert [each.op for each in joining.failures] == ["B"]


def test_a_line_of_thousands_of_failures_is_read_in_time_that_grows_with_it() -> None:
    message = "No OpKernel was registered to support Op 'Cumsum' with these attrs. "
    begin = time.process_time()
    (found,) = reader.read_text(message * 4000)
    assert found.count == 4000
    # Comparing each with all others took half a minute.
    assert time.process_time() - begin < 10


def test_a_crowd_of_failures_is_given_out_though_more_of_its_line_may_come() -> None:
    joining = Joining()
    for at in range(700):
        joining.add(OTHER, _failure(1, op=f"Op{at}"))
    assert [each.op for each in joining.take(before=1)] == [f"Op{at}" for at in range(200)]
    assert len(joining.failures) == 500
