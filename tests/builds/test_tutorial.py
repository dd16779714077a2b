"""docs/tutorial.md is followed to the letter: its commands in one shell, in their order, with what they print.

``python -m tests.builds.test_tutorial`` puts in what they print now; lines left out have to be left out again by hand.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.builds.builders import Bazel, missing_commands, skip_without
from tests.cli.commands_page import LEFT_OUT, ROOT

PAGE = ROOT / "docs" / "tutorial.md"
_BLOCK = re.compile(r"(?<=^```shell-session\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
_END = "== end of a command: "


def commands(block: str) -> list[tuple[str, str]]:
    """The command lines of a block, each with what it is said to print."""
    return re.findall(r"^\$ ([^\n]*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)


def follow(page: str, folder: Path) -> tuple[list[str], list[str]]:
    """What each command of the page prints, stderr with stdout, and those that fail; temporary folders are made here.

    Nothing of the caller's is used or changed: caches and Bazel's files are below the folder, too.
    """
    lines = [line for block in _BLOCK.findall(page) for line, _ in commands(block)]
    script = "".join(f"{line}\necho '{_END}'$?\n" for line in lines)
    # What says that a program is to be measured would have it print warnings.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    named = {"HOME": str(folder), "TMPDIR": str(folder), "OPSELECT_CACHE": str(folder / "cache"), "COLUMNS": "100"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash"], input=script, cwd=ROOT, env={**inherited, **named, "PATH": path}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    *parts, rest = re.split(rf"^{_END}(\d+)\n", done.stdout, flags=re.MULTILINE)
    assert (len(parts), rest) == (2 * len(lines), ""), done.stdout[-2000:]
    failed = [line for line, code in zip(lines, parts[1::2], strict=True) if code != "0"]
    return parts[::2], failed


def matches(printed: str, shown: str) -> bool:
    """Whether this was printed, any lines where the page leaves some out."""
    wanted = "".join(
        r"(?:.*\n)*" if line == f"{LEFT_OUT}\n" else re.escape(line) for line in shown.splitlines(keepends=True)
    )
    return re.fullmatch(wanted, printed) is not None


def test_lines_left_out_are_any_lines_and_others_are_exact() -> None:
    assert matches("a\nb\nc\n", "a\n…\n")
    assert matches("a\n", "a\n…\n")
    assert not matches("b\n", "a\n…\n")
    assert not matches("a\nb\n", "a\n")
    assert commands("$ one\n1\n\n2\n$ two\n") == [("one", "1\n\n2\n"), ("two", "")]


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    skip_without(missing_commands("make", "g++") or Bazel(tmp_path, tmp_path).missing_tools())
    page = PAGE.read_text()
    printed, failed = follow(page, tmp_path)
    shown = [command for block in _BLOCK.findall(page) for command in commands(block)]
    assert failed == []
    for (line, expected), output in zip(shown, printed, strict=True):
        assert matches(output, expected), f"$ {line}\n{output}"


def _refresh() -> None:
    page = PAGE.read_text()
    with tempfile.TemporaryDirectory() as folder:
        printed, _ = follow(page, Path(folder))
    outputs = iter(printed)
    PAGE.write_text(
        _BLOCK.sub(lambda block: "".join(f"$ {line}\n{next(outputs)}" for line, _ in commands(block[1])), page)
    )


if __name__ == "__main__":
    _refresh()
