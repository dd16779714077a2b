"""Changed logs: cut, mixed, wrapped, with control characters, in other encodings; with and without a build to check."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from tests.fuzz.changes import ACTING, WORDS, changed_bytes, changed_text
from tests.fuzz.judge import Command

FIXTURES = Path(__file__).parents[2] / "fixtures"
RELU = FIXTURES / "findings" / "relu.pbtxt"
_TOKENS = (
    *(
        "\n",
        "\r\n",
        "'",
        '"',
        "[[",
        "]]",
        "{{node ",
        "}}",
        "(",
        ")",
        "<no registered kernels>",
        "Op<name=",
        "; signature=",
    ),
    *(
        "device='CPU'; T in [DT_FLOAT]",
        "T=DT_HALF",
        "with these attrs: [",
        "Registered kernels:",
        "99999999999999999999",
    ),
    *(
        "No OpKernel was registered to support Op '",
        "Op type not registered '",
        "Node number 3 (FlexAdd) failed to prepare.",
    ),
    *("06-05 16:50:17.865 26605 26639 E Tag: ", "E/tflite  ( 6266): ", "> ", "\\n", "&#39;", "&lt;", *ACTING, *WORDS),
)


@cache
def _sound() -> tuple[bytes, ...]:
    """All logs of the fixtures."""
    paths = sorted(path for path in (FIXTURES / "logs").rglob("*") if path.suffix in (".txt", ".log", ".h"))
    return tuple(path.read_bytes() for path in paths)


def logs(choose: random.Random, folder: Path) -> Command:
    """A log, or several in one, in which something is changed, and ``diagnose``."""
    data = b"\n".join(choose.choice(_sound()) for _ in range(choose.choice((1, 1, 2, 4))))
    if choose.random() < 0.3:
        lines = data.split(b"\n")
        choose.shuffle(lines)
        data = b"\n".join(lines)
    for _ in range(choose.choice((1, 2, 4))):
        data = changed_text(data, choose, _TOKENS) if choose.random() < 0.8 else changed_bytes(data, choose)
    if choose.random() < 0.1:
        data = data.decode("utf-8", "replace").encode(choose.choice(("utf-16", "utf-16-be", "utf-8-sig")))
    (folder / "x.log").write_bytes(data)
    more = choose.choice(((), (), ("--json",), ("--json",), ("--verbose",)))
    build: tuple[str, ...] = ()
    if choose.random() < 0.1:
        build = ("--tensorflow", choose.choice(("1.13", "2.14")), "--model", str(RELU))
        build += choose.choice(((), ("--lists", "default"), ("--profile", "android-slim")))
    words = ("diagnose", "x.log", *more, *build)
    return Command(words, terminal=choose.random() < 0.4, as_json="--json" in more)
