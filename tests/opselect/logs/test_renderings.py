"""Every message says the same however a program prints it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opselect.logs import reader
from opselect.logs.kinds import KINDS
from tests.opselect.logs.answers import LOGS, Answer, Told, answer_beside, compare
from tests.opselect.logs.renderings import ENCODINGS, RENDERINGS, WRAPS, as_process, encoded, wrapped

MESSAGES = sorted(path for path in (LOGS / "messages").rglob("*") if path.suffix in {".txt", ".h"})
RUNTIME = [path for path in MESSAGES if path.parent.name in {"tensorflow", "tflite"}]
CLOSED = [path for path in MESSAGES if not answer_beside(path).open]
UNRELATED = sorted(path for path in (LOGS / "unrelated").iterdir() if path.suffix != ".json")

LESS = {"no-kernel", "kernel-type", "kernel-device", "tflite-not-added"}
"""What messages may say without their rows, the attrs of the node or the version of the operator."""

messages = st.sampled_from(MESSAGES)


def text_of(message: Path) -> str:
    return message.read_text(encoding="utf-8").removesuffix("\n")


def name(message: Path) -> str:
    return message.relative_to(LOGS).as_posix()


@pytest.mark.parametrize("rendering", [*RENDERINGS, *WRAPS])
def test_message_says_the_same_in(rendering: str) -> None:
    render = (RENDERINGS | WRAPS)[rendering]
    wrong = {
        name(message): compare(reader.read_text(render(text_of(message))), answer_beside(message))
        for message in (CLOSED if rendering in WRAPS else MESSAGES)
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


@given(st.sampled_from(CLOSED), st.integers(60, 200), st.sampled_from(["", "> ", "E/tflite  ( 4711): "]))
def test_message_wrapped_at_any_width_says_the_same(message: Path, columns: int, prefix: str) -> None:
    assert compare(reader.read_text(wrapped(text_of(message), columns, prefix)), answer_beside(message)) == ""


@given(st.lists(st.sampled_from(RUNTIME), min_size=2, max_size=4, unique=True), st.data())
def test_messages_of_processes_mixed_line_by_line_say_the_same(mixed: list[Path], data: st.DataObject) -> None:
    failures = tuple(failure for message in mixed for failure in answer_beside(message).failures)
    # The same failure in two processes is one.
    assume(len({(failure["kind"], failure.get("op", "")) for failure in failures}) == len(failures))
    processes = [as_process(text_of(message), 4711 + 1000 * at) for at, message in enumerate(mixed)]
    lines = []
    while processes:
        process = data.draw(st.sampled_from(processes))
        lines.append(process.pop(0))
        processes = [each for each in processes if each]
    assert compare(reader.read_text("\n".join(lines)), Answer(failures)) == ""


@given(messages, st.sampled_from(UNRELATED), st.sampled_from(UNRELATED))
def test_logs_of_other_things_around_a_message_change_nothing(message: Path, before: Path, after: Path) -> None:
    # What a converter says of another model is nothing else: its lists have no names.
    assume(message.parent.name != "converter" or "converter" not in before.name + after.name)
    text = b"\n".join(each.read_bytes() for each in (before, message, after))
    assert compare(reader.read_stream(io.BytesIO(text)), answer_beside(message)) == ""


@given(messages, st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=4)), max_size=12))
def test_bytes_thrown_in_do_no_harm(message: Path, thrown: list[tuple[int, bytes]]) -> None:
    log = bytearray(message.read_bytes())
    for offset, piece in thrown:
        log[offset % len(log) : offset % len(log)] = piece
    for failure in reader.read_stream(io.BytesIO(bytes(log))):
        assert failure.kind in KINDS
        assert all(character.isprintable() for character in failure.op + failure.node + failure.attr + failure.device)


@given(messages, st.data())
def test_message_cut_anywhere_makes_nothing_up(message: Path, data: st.DataObject) -> None:
    text = text_of(message)
    whole = answer_beside(message).failures
    cut = reader.read_text(text[: data.draw(st.integers(0, len(text)))])
    assert {failure.kind for failure in cut} <= {failure.get("kind", "tool-output-name") for failure in whole} | LESS
    names = {name for failure in whole for name in named(failure)}
    # One or two letters may be all of "tf." in front of an op.
    for told in (told for failure in cut for told in (failure.op, failure.node) if len(told) > 2):
        assert any(name.startswith(told) or told.startswith(name) for name in names)


def named(failure: Told) -> list[str]:
    """The ops and the node that an entry of an answer names."""
    names = [failure.get("op", ""), failure.get("node", ""), *failure.get("ops", []), *failure.get("custom_ops", [])]
    return [name for name in names if name]
