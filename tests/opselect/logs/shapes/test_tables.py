"""What holds for every entry of the tables of shapes."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.logs.kinds import KINDS
from opselect.logs.message import LogMessage
from opselect.logs.records import LogFailure
from opselect.logs.shapes import SHAPES, beginnings, failure_in
from opselect.logs.shapes.shape import MessageShape

LOGS = Path(__file__).resolve().parents[4] / "fixtures/logs/messages"
MESSAGES = [path.read_text(encoding="utf-8") for path in sorted(LOGS.rglob("*")) if path.suffix in {".txt", ".h"}]
FIELDS = {field.name for field in fields(LogFailure)}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.begins[:60])
def test_an_entry_is_one_that_the_reader_can_use(shape: MessageShape) -> None:
    assert shape.kind in KINDS
    assert shape.source
    assert len(shape.words) >= 2
    assert not re.search(r"\s", re.sub(r"\(\?P<\w+>", "(?:", shape.begins)), "messages have no white space"
    groups = {name for name in re.compile(shape.begins).groupindex if not name.startswith("_")}
    assert groups <= FIELDS
    assert not re.match(shape.begins, "")


@given(st.sampled_from(MESSAGES))
def test_messages_begin_where_one_of_the_entries_matches(text: str) -> None:
    letters = "".join(text.split())
    found = beginnings().search(letters)
    places = [match.start() for shape in SHAPES if (match := re.search(shape.begins, letters))]
    assert (found.start() if found else None) == min(places, default=None)


@given(st.sampled_from(MESSAGES), st.data())
def test_a_message_that_is_cut_anywhere_is_read_without_fault(text: str, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(text)))
    columns = data.draw(st.integers(1, 90))
    message = LogMessage()
    for number, line in enumerate(text[:end].splitlines(), 1):
        for at in range(0, max(len(line), 1), columns):
            message.add(number, line[at : at + columns], wrapped=at > 0 and data.draw(st.booleans()))
    for found in beginnings().finditer(message.text):
        told = failure_in(message.cut(found.start()))
        assert told is None or (told[1].kind in KINDS and told[1].lines)
