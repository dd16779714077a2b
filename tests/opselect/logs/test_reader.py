"""Whole logs: what the quick way passes over has nothing in it, and lines keep their numbers."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.logs.blocks import PIECE
from opselect.logs.reader import LogReader, read_every_line, read_log, read_stream, read_text
from tests.opselect.logs.answers import LOGS
from tests.opselect.logs.renderings import RENDERINGS, wrapped

MESSAGES = [path.read_text(encoding="utf-8") for path in sorted((LOGS / "messages").rglob("*.txt"))]
NOISE = (
    "06-05 16:50:17.865 26605 26639 D OpenGLRenderer: Swap behavior 1",
    "06-05 16:50:17.866   412   412 I WifiService: registered receiver for custom operation",
    "I/art     ( 4711): Background sticky concurrent mark sweep GC freed 3412(186KB) AllocSpace objects",
    "kernel: [ 1234.5] usb 1-1: new high-speed USB device number 5 using xhci_hcd",
    "[ 06-05 16:50:17.865  2660: 2663 D/Tag ]",
    "a line of no process, which ends at eighty columns as lines of terminals do: .....",
    "",
    "    at com.example.Foo(Foo.java:12)",
    "\x1b[31mred\x1b[0m \x00\x07 \ufffd",
    "no OpKernel of any kind; an Op type that was not registered; NodeDef mentions nothing",
)
ADD = "No OpKernel was registered to support Op 'Add' with these attrs.  Registered devices: [CPU], Registered kernels:"


def mixed(choose: random.Random) -> str:
    """Noise with whole, wrapped and cut messages of all kinds in it, in prefixes of all kinds."""
    lines: list[str] = []
    for _ in range(choose.randint(0, 8)):
        lines += choose.choices(NOISE, k=choose.choice((0, 1, 3, 7, 20, 45)))
        text = choose.choice(MESSAGES)
        if choose.random() < 0.3:
            text = text[: choose.randint(0, len(text))]
        if choose.random() < 0.3:
            text = wrapped(text, choose.randint(60, 200), choose.choice(("", "> ", "E/tflite  ( 4711): ")))
        if choose.random() < 0.5:
            text = RENDERINGS[choose.choice(sorted(RENDERINGS))](text)
        own = text.split("\n")
        if choose.random() < 0.3 and lines:
            for line in own:
                lines.insert(choose.randint(max(len(lines) - 12, 0), len(lines)), line)
        else:
            lines += own
    lines += choose.choices(NOISE, k=choose.randint(0, 30))
    return "\n".join(lines) + choose.choice(("", "\n"))


@given(st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_quick_way_finds_what_a_look_at_every_line_does(choose: random.Random) -> None:
    log = mixed(choose).encode("utf-8", "replace")
    assert read_stream(io.BytesIO(log)) == read_every_line(io.BytesIO(log))


@given(st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_blocks_of_any_size_say_the_same(choose: random.Random) -> None:
    log = mixed(choose).encode("utf-8", "replace")
    reader = LogReader()
    found = []
    at = 0
    while at < len(log):
        size = choose.choice((1, 2, 17, 80, 1000, 5000))
        found += list(reader.read(log[at : at + size]))
        at += size
    found += list(reader.end())
    whole = LogReader()
    assert found == [*whole.read(log), *whole.end()]


@given(st.binary(max_size=2000))
def test_no_bytes_are_too_odd(log: bytes) -> None:
    assert read_stream(io.BytesIO(log)) == read_every_line(io.BytesIO(log))


def test_lines_are_counted_through_all_that_is_passed_over() -> None:
    noise = "\n".join(NOISE[:4] * 50_000)
    (failure,) = read_text(f"{noise}\n{ADD}\n  <no registered kernels>\n{noise}\n{ADD}\n  <no registered kernels>\n")
    assert (failure.lines, failure.count) == ((200_001, 400_003), 2)


@pytest.mark.parametrize("size", [PIECE - 20, PIECE, 5 * PIECE + 7, 500_000])
def test_a_line_of_any_length_is_read(size: int) -> None:
    log = (
        f"06-05 16:50:17.865  4711  4711 E app: {'x' * size}{ADD}  <no registered kernels> {'y' * size}\nend\n".encode()
    )
    found = read_stream(io.BytesIO(log))
    assert [(each.op, each.rows, each.lines) for each in found] == [("Add", (), (1,))]
    assert found == read_every_line(io.BytesIO(log))


def test_a_failure_names_at_most_a_hundred_lines_and_counts_all() -> None:
    (failure,) = read_text(f"{ADD}\n  <no registered kernels>\n" * 300)
    assert (len(failure.lines), failure.lines[-1], failure.count) == (100, 199, 300)


def test_a_cut_message_is_the_same_failure_as_a_whole_one() -> None:
    whole = f"{ADD}\n  device='CPU'; T in [DT_FLOAT]\n\n\t [[Node: y = Add[T=DT_INT8](a, b)]]"
    (failure,) = read_text(f"{ADD[:60]}\n\nsomething else\n{whole}\n{ADD[:80]}")
    assert (failure.kind, failure.node, dict(failure.dtypes), failure.count) == (
        "kernel-type",
        "y",
        {"T": "DT_INT8"},
        3,
    )


def test_warnings_stand_behind_what_stops_the_model() -> None:
    warning = 'OpKernel (\'op: "Foo" device_type: "CPU"\') for unknown op: Foo'
    found = read_text(f"{warning}\n{warning}\n{ADD}\n  <no registered kernels>")
    assert [(each.kind, each.lines) for each in found] == [("no-kernel", (3,)), ("kernel-without-op", (1, 2))]


def test_nearest_are_the_lines_with_the_most_words() -> None:
    reader = LogReader()
    log = ["nothing", "an OpKernel", "Op type, OpKernel and unresolved custom op", *["one OpKernel"] * 9]
    assert list(reader.failures(["\n".join(log).encode()])) == []
    assert reader.nearest[0] == (2, "an OpKernel")
    assert len(reader.nearest) == 5
    assert reader.nearest[1] == (3, log[2])
    assert reader.line_count == 12


def test_a_log_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.log: cannot be read"):
        read_log(tmp_path / "no.log")


def test_a_message_may_begin_as_the_one_before_does() -> None:
    other = 'java.lang.UnsatisfiedLinkError: dlopen failed: library "libother.so" not found'
    own = "java.lang.UnsatisfiedLinkError: no tensorflow_jni in java.library.path"
    assert [each.kind for each in read_text(f"{other}\n{own}\n")] == ["native-library"]


def test_each_message_has_the_place_that_logged_it() -> None:
    begin = "2026-11-28 19:23:32.205967: E tensorflow/core/framework"
    log = f"{begin}/op_kernel.cc:1325] {ADD}\n  <no registered kernels>\n"
    log += f"{begin}/op.cc:84] Op type not registered 'Relu' in binary running on device.\n"
    log += "Op type not registered 'Tanh' in"
    assert [(each.op, each.logged_at) for each in read_text(log)] == [
        ("Add", "op_kernel.cc:1325"),
        ("Relu", "op.cc:84"),
        ("Tanh", ""),
    ]
