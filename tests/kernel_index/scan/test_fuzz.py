"""The sources of the fixture tree, damaged at random: scanned, or refused with an error of ours, and never for long."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from kernel_index.errors import OpselectError
from kernel_index.profiles import profiles
from kernel_index.scan import scan_tree
from kernel_index.store import index_bytes

EXAMPLES = int(os.environ.get("OPSELECT_SCAN_MUTATIONS", "120"))
"""How many damaged trees are scanned; the nightly figure is 5000 and more."""

SECONDS = 20.0
"""No damage to a file of a few lines may cost more, even on a busy machine."""

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures" / "kernel_tree"
TEXTS = {
    path.relative_to(FIXTURE).as_posix(): path.read_bytes()
    for path in sorted(FIXTURE.rglob("*"))
    if path.suffix in (".h", ".cc") and path.name != "version.h"
}
PIECES = [line for text in TEXTS.values() for line in text.splitlines(keepends=True)]
TOKENS = (
    b"#", b"##", b'"', b"'", b'R"(', b"(", b")", b"{", b"}", b"<", b">", b",", b";", b"\\", b"\\\n", b"\n", b"/*",
    b"*/", b"//", b"\0", b"\xff", b"\r", b"\x01", b"\x02", b"\x1e", b"__VA_ARGS__", b"__VA_OPT__(", b"defined", b"...",
    b"::", b"\n#if ", b"\n#else\n", b"\n#endif\n", b"\n#define REGISTER(x) ", b"\n#undef ", b'\n#include "', b"0x",
    b"T", b"1.e+",
)  # fmt: skip


def damaged(random: Random, text: bytes) -> bytes:
    """A text with a few changes: bytes, tokens and lines of the tree put in, cut out, doubled or swapped."""
    for _ in range(random.randint(1, 6)):
        at = random.randint(0, len(text))
        end = min(len(text), at + random.choice((1, 1, 5, 40, 400)))
        change = random.randrange(7)
        if change == 0:
            text = text[:at] + text[end:]
        elif change == 1:
            text = text[:end] + text[at:]
        elif change == 2:
            text = text[:at] + bytes([random.randrange(256)]) + text[at + 1 :]
        elif change in (3, 4):
            text = text[:at] + random.choice(TOKENS) + text[at:]
        elif change == 5:
            start = text.rfind(b"\n", 0, at) + 1
            text = text[:start] + random.choice(PIECES) + text[start:]
        else:
            lines = text.splitlines(keepends=True)
            random.shuffle(lines)
            text = b"".join(lines)
    return text


def scanned(root: Path, random: Random) -> None:
    changed = random.sample(sorted(TEXTS), random.randint(1, 3))
    for name in changed:
        (root / name).write_bytes(damaged(random, TEXTS[name]))
    chosen = profiles("1.13")
    with suppress(OpselectError):
        index_bytes(scan_tree(root, jobs=1, profiles=(chosen[0], chosen[5])))
    for name in changed:
        (root / name).write_bytes(TEXTS[name])


@pytest.mark.parametrize("part", range(4))
def test_damaged_sources(part: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path in sorted(FIXTURE.rglob("*")):
            if path.is_file():
                copy = root / path.relative_to(FIXTURE)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
        for number in range(part, EXAMPLES, 4):
            started = time.monotonic()
            try:
                scanned(root, Random(number))
            except Exception as error:
                raise AssertionError(f"damage number {number}") from error
            assert time.monotonic() - started < SECONDS, f"damage number {number}"
