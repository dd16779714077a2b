"""The answers beside the logs of fixtures/logs, and how what the reader says is compared with them.

An answer names only what matters: fields that are absent are not compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opselect.logs.records import LogFailure

LOGS = Path(__file__).resolve().parents[3] / "fixtures/logs"

Told = Mapping[str, Any]
"""Fields of a failure by name, as the JSON of answers has them."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A message that ends too early: behind which text, and what is left to be told."""

    after: str
    failures: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a log must give.

    ``distinct`` tells that an entry stands for one failure or more, ``open`` that nothing but white space ends a name:
    where a line is broken within it, nobody can tell where it ends.
    """

    failures: tuple[Told, ...]
    distinct: bool = False
    open: bool = False
    cut: Cut | None = None


def answer_beside(log: Path) -> Answer:
    """The answer beside a log."""
    read = json.loads(log.with_suffix(".json").read_text(encoding="utf-8"))
    cut = read.get("cut")
    return Answer(
        tuple(read["failures"]),
        read.get("distinct", False),
        read.get("open", False),
        Cut(cut["after"], tuple(cut["failures"])) if cut else None,
    )


def told(failure: LogFailure, name: str) -> Any:
    """A field of a failure as the answers spell it."""
    if name == "dtypes":
        return dict(failure.dtypes)
    if name == "registered":
        if failure.rows is None:
            return None
        labels = [{"label": row.label} if row.label else {} for row in failure.rows]
        return [
            {"device": row.device} | label | {attr: list(types) for attr, types in row.allowed}
            for row, label in zip(failure.rows, labels, strict=True)
        ]
    value = getattr(failure, name)
    return list(value) if isinstance(value, tuple) else value


def fits(failure: LogFailure, expected: Told) -> bool:
    """Whether a failure says what an entry of an answer says.

    Blanks within a symbol do not matter: where a log is wrapped, nobody can tell whether one stood there.
    """
    return all(
        "".join(failure.symbol.split()) == "".join(value.split()) if name == "symbol" else told(failure, name) == value
        for name, value in expected.items()
    )


def compare(failures: Sequence[LogFailure], answer: Answer) -> str:
    """What is wrong about the failures that were read; empty when they are the answer.

    Entries and failures are paired in order of the entry's fields, most first, for an entry with few may fit several.
    """
    left = list(failures)
    missing = []
    for expected in sorted(answer.failures, key=len, reverse=True):
        found = [failure for failure in left if fits(failure, expected)]
        if not found:
            missing.append(expected)
        for failure in found if answer.distinct else found[:1]:
            left.remove(failure)
    if not missing and not left:
        return ""
    names = sorted({name for expected in answer.failures for name in expected} | {"kind", "op", "node"})
    unasked = [{name: told(failure, name) for name in names} for failure in left]
    return "\n".join([*(f"missing: {each}" for each in missing), *(f"not expected: {each}" for each in unasked)])
