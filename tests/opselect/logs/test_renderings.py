"""Every message says the same however a program prints it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.logs import reader
from tests.opselect.logs.answers import LOGS, Answer, answer_beside, compare
from tests.opselect.logs.renderings import ENCODINGS, RENDERINGS, as_process, encoded, wrapped

MESSAGES = sorted(path for path in (LOGS / "messages").rglob("*") if path.suffix in {".txt", ".h"})
RUNTIME = [path for path in MESSAGES if path.parent.name in {"tensorflow", "tflite"}]

messages = st.sampled_from(MESSAGES)


def text_of(message: Path) -> str:
    return message.read_text(encoding="utf-8").removesuffix("\n")


def name(message: Path) -> str:
    return message.relative_to(LOGS).as_posix()


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_message_says_the_same_in(rendering: str) -> None:
    wrong = {
        name(message): compare(reader.read_text(RENDERINGS[rendering](text_of(message))), answer_beside(message))
        for message in MESSAGES
    }
    assert {message: difference for message, difference in wrong.items() if difference} == {}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_message_says_the_same_encoded_as(encoding: str, tmp_path: Path) -> None:
    log = tmp_path / "device.log"
    wrong = {}
    for message in MESSAGES:
        log.write_bytes(encoded(text_of(message), encoding))
        if difference := compare(reader.read_log(log), answer_beside(message)):
            wrong[name(message)] = difference
    assert wrong == {}


@pytest.mark.parametrize("message", [each for each in MESSAGES if answer_beside(each).cut], ids=name)
def test_message_that_ends_too_early_says_what_is_left(message: Path) -> None:
    cut = answer_beside(message).cut
    assert cut is not None
    whole = text_of(message)
    text = whole[: whole.index(cut.after) + len(cut.after)]
    assert compare(reader.read_text(text), Answer(cut.failures)) == ""


@pytest.mark.parametrize("message", MESSAGES, ids=name)
def test_message_twice_is_one_failure_that_counts_twice(message: Path) -> None:
    once = reader.read_text(text_of(message))
    twice = reader.read_text(f"{text_of(message)}\n\nnothing else\n\n{text_of(message)}")
    assert [failure.count for failure in twice] == [2 * failure.count for failure in once]


@given(messages, st.integers(60, 200), st.sampled_from(["", "> ", "E/tflite  ( 4711): "]))
def test_message_wrapped_at_any_width_says_the_same(message: Path, columns: int, prefix: str) -> None:
    assert compare(reader.read_text(wrapped(text_of(message), columns, prefix)), answer_beside(message)) == ""


@given(st.sampled_from(RUNTIME), st.sampled_from(RUNTIME), st.data())
def test_messages_of_two_processes_mixed_line_by_line_say_the_same(one: Path, other: Path, data: st.DataObject) -> None:
    first, second = as_process(text_of(one), 4711), as_process(text_of(other), 5822)
    mixed = []
    while first or second:
        take = first if first and (not second or data.draw(st.booleans())) else second
        mixed.append(take.pop(0))
    expected = {failure_key(failure): failure for path in (one, other) for failure in answer_beside(path).failures}
    assert compare(reader.read_text("\n".join(mixed)), Answer(tuple(expected.values()))) == ""


def failure_key(failure: object) -> str:
    return str(failure)


@given(messages, st.data())
def test_message_cut_anywhere_makes_nothing_up(message: Path, data: st.DataObject) -> None:
    text = text_of(message)
    cut = reader.read_text(text[: data.draw(st.integers(0, len(text)))])
    names = {failure[key] for failure in answer_beside(message).failures for key in ("op", "node") if key in failure}
    for failure in cut:
        assert all(any(whole.startswith(told) for whole in names) for told in (failure.op, failure.node) if names)
