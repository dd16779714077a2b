"""Lists and summaries that stand behind the failures that they are of."""

from __future__ import annotations

from dataclasses import replace

from opselect.logs.joining import Joining
from opselect.logs.records import LogFailure
from opselect.logs.shapes.shape import Shape


def _custom_ops_of(earlier: LogFailure, later: LogFailure) -> LogFailure | None:
    return replace(earlier, custom_ops=later.ops) if earlier.kind == "tflite-custom" else None


SUMMARY = Shape("tflite-custom", "tflite", "Summary", ("a", "b"), "none", joins=_custom_ops_of, reach=5)
OTHER = Shape("tflite-model", "tflite", "Other", ("a", "b"), "none")


def _failure(line: int, kind: str = "tflite-custom", op: str = "", ops: tuple[str, ...] = ()) -> LogFailure:
    return LogFailure(kind, "tflite", op=op, ops=ops, lines=(line,))


def _joined(*failures: tuple[Shape, LogFailure, int]) -> list[LogFailure]:
    joining = Joining()
    for shape, failure, last_line in failures:
        joining.add(shape, failure, last_line)
    return joining.failures


def test_a_summary_joins_the_newest_failure_that_it_may_be_of() -> None:
    first, second, third = _failure(1, op="A"), _failure(2, op="B"), _failure(3, "tflite-model")
    joined = _joined((OTHER, first, 1), (OTHER, second, 2), (OTHER, third, 3), (SUMMARY, _failure(4, ops=("B",)), 4))
    assert joined == [first, replace(second, custom_ops=("B",)), third]


def test_a_summary_reaches_so_many_lines_above_it() -> None:
    first, summary = _failure(1, op="A"), _failure(9, ops=("A",))
    assert len(_joined((OTHER, first, 4), (SUMMARY, summary, 9))) == 1
    assert _joined((OTHER, first, 3), (SUMMARY, summary, 9)) == [first, summary]


def test_the_line_of_a_summary_counts_for_the_next() -> None:
    lines = [(SUMMARY, _failure(line, ops=(str(line),)), line) for line in (1, 5, 9, 14)]
    assert _joined(*lines) == [replace(lines[0][1], custom_ops=("14",))]
