"""What is compared with the answers of the logs, and what is wrong is told."""

from __future__ import annotations

from typing import Any

from opselect.logs.records import KernelRow, LogFailure
from tests.opselect.logs.answers import Answer, compare

FAILURE = LogFailure(
    "kernel-type",
    "tensorflow",
    op="Tile",
    node="a/Tile",
    dtypes=(("T", "DT_INT64"),),
    rows=(KernelRow("CPU", "", (("T", ("DT_FLOAT",)),)), KernelRow("GPU", "fast")),
    lines=(3,),
)
TOLD = {
    "kind": "kernel-type",
    "op": "Tile",
    "dtypes": {"T": "DT_INT64"},
    "registered": [{"device": "CPU", "T": ["DT_FLOAT"]}, {"device": "GPU", "label": "fast"}],
    "lines": [3],
}


def test_failures_that_say_what_the_answer_says_are_right() -> None:
    assert compare([FAILURE], Answer((TOLD,))) == ""


def test_fields_that_the_answer_leaves_out_do_not_matter() -> None:
    assert compare([FAILURE], Answer(({"kind": "kernel-type"},))) == ""


def test_every_field_of_the_answer_matters() -> None:
    others: dict[str, Any] = {"kind": "no-kernel", "op": "Pad", "dtypes": {}, "registered": None, "lines": [4]}
    for name, other in others.items():
        assert "missing" in compare([FAILURE], Answer(({**TOLD, name: other},)))


def test_failures_that_nobody_expects_are_wrong() -> None:
    assert "not expected" in compare([FAILURE], Answer(()))
    assert "not expected" in compare([FAILURE, FAILURE], Answer((TOLD,)))


def test_failures_that_are_not_found_are_wrong() -> None:
    assert "missing" in compare([], Answer((TOLD,)))
    assert "missing" in compare([FAILURE], Answer((TOLD, TOLD)))


def test_an_entry_may_stand_for_several_failures() -> None:
    assert compare([FAILURE, FAILURE], Answer((TOLD,), distinct=True)) == ""
    assert "missing" in compare([], Answer((TOLD,), distinct=True))
