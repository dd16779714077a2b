"""Texts with literals of any length mean what protobuf says, in memory that goes with the text."""

from __future__ import annotations

import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.models.formats import text_limits
from opselect.models.formats.text import encode_text
from opselect.models.formats.text_limits import in_pieces
from opselect.models.proto import message_class

PIECES = (
    "a",
    "'",
    '"',
    "#",
    " ",
    "\\\\",
    '\\"',
    "\\'",
    "\\0",
    "\\12",
    "\\377",
    "\\xf",
    "\\xFf",
    "\\u00fc",
    "\\n",
    "7",
    "f",
)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=40), st.integers(1, 5), st.sampled_from("'\""))
def test_pieces_mean_the_same(pieces: list[str], copies: int, quote: str) -> None:
    content = "".join(piece for piece in pieces if piece != quote) * copies
    text = f"s: {quote}{content}{quote} # it's a \" comment"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_limits, "_LONG_LINE", 1)
        patch.setattr(text_limits, "_INSIDE", {q: _shorter(pattern) for q, pattern in text_limits._INSIDE.items()})
        divided = in_pieces(text)
    assert divided == text or f"{quote} {quote}" in divided

    def parsed(source: str) -> object:
        return text_format.Parse(source, message_class("AttrValue")())

    assert parsed(divided) == parsed(text)


def _shorter(pattern: object) -> object:
    import re

    assert isinstance(pattern, re.Pattern)
    return re.compile(pattern.pattern.replace("{1,4096}", "{1,3}"))


@pytest.mark.parametrize("text", ['s: "' + "a" * 50_000, "s: 'b\\", 's: "' + "a" * 30_000 + "\\", "s: " + "#" * 30_000])
def test_what_is_no_text_stays_none(text: str) -> None:
    with pytest.raises(InputError, match="is no AttrValue in text"):
        encode_text(text, "m.pbtxt", "AttrValue")


def test_a_long_literal_takes_memory_as_its_text_does() -> None:
    text = 's: "' + r"\000\000\200?" * 100_000 + '"'
    tracemalloc.start()
    try:
        encoded = encode_text(text, "m.pbtxt", "AttrValue")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert b"\0\0\x80?" * 100_000 in encoded
    assert peak < 15 * len(text)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="address space is limited on Linux alone")
@pytest.mark.parametrize("command", ["freeze m.pbtxt -o o.pb", "transform m.pbtxt o.pb --transforms remove_device",
                                     "prepare m.pbtxt -o o.pb"])  # fmt: skip
def test_too_little_memory_is_an_error_that_names_the_text(tmp_path: Path, command: str) -> None:
    node = 'node { name: "n" op: "Relu" input: "x" attr { key: "T" value { type: DT_FLOAT } } }\n'
    (tmp_path / "m.pbtxt").write_text(node * 300_000)
    limit = 350 << 20
    done = subprocess.run(
        [sys.executable, "-m", "opselect", *command.split()],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[4]), "OPENBLAS_NUM_THREADS": "1", "PATH": ""},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode == 2, done
    assert done.stderr.startswith(b"error: m.pbtxt: there is not enough memory to read it")
    assert [path.name for path in tmp_path.iterdir()] == ["m.pbtxt"]
