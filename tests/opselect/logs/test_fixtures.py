"""Every log of fixtures/logs gives the answer beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opselect.logs import reader
from opselect.logs.kinds import KINDS
from tests.opselect.logs.answers import LOGS, Answer, answer_beside, compare

REAL_SHAPES = [json.loads(line) for line in (LOGS / "real_shapes.jsonl").read_text(encoding="utf-8").splitlines()]
NOT_ASKED = {"log", "cause", "source", "seen"}


def logs() -> list[Path]:
    return sorted(path for path in LOGS.rglob("*") if path.suffix not in {".json", ".jsonl", ".md"} and path.is_file())


def name(path: Path) -> str:
    return path.relative_to(LOGS).as_posix()


@pytest.mark.parametrize("log", logs(), ids=name)
def test_log_gives_the_answer_beside_it(log: Path) -> None:
    assert compare(reader.read_log(log), answer_beside(log)) == ""


@pytest.mark.parametrize("shape", REAL_SHAPES, ids=lambda shape: shape["source"])
def test_real_shape_gives_its_answer(shape: dict[str, Any]) -> None:
    expected = {key: value for key, value in shape.items() if key not in NOT_ASKED}
    answer = Answer(() if shape["kind"] == "other" else (expected,))
    assert compare(reader.read_text(shape["log"]), answer) == ""


def test_every_kind_has_a_log() -> None:
    answered = {failure.get("kind") for log in logs() for failure in answer_beside(log).failures}
    assert answered >= set(KINDS)


def test_enough_logs_are_there() -> None:
    assert len(logs()) >= 150
