"""The examples of docs/findings: what they are, and how to bring them up to date.

``python -m tests.cli.findings_pages`` runs the command of every page and puts in what it prints now.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.cli.commands_page import BLOCK, ROOT, run_in_copy

PAGES = ROOT / "docs" / "findings"
_GREP = re.compile(r" \| grep -m1 -A(\d+) (\w+)$")


def pages() -> list[Path]:
    """The pages of codes, sorted."""
    return sorted(PAGES.glob("OPS*.md"))


def printed(line: str, run: Callable[[str], str]) -> str:
    """What a command line of a page prints; of one with ``| grep -m1 -A1 CODE``, so many lines of that code's finding.

    What the runtime and the model need in general stands above the findings of ``requirements``, and is left out.
    """
    output = run(_GREP.sub("", line))
    grep = _GREP.search(line)
    if grep is not None:
        lines = output.splitlines()
        at = next(i for i, text in enumerate(lines) if grep[2] in text)
        output = "".join(f"{text}\n" for text in lines[at : at + 1 + int(grep[1])])
    start = re.search(r"^(Left out of mobile builds|TensorFlow \S+ does not load)", output, re.MULTILINE)
    return f"…\n{output[start.start() :]}" if " requirements " in line and start else output


if __name__ == "__main__":
    for page in pages():
        page.write_text(BLOCK.sub(lambda block: f"$ {block[1]}\n{printed(block[1], run_in_copy)}", page.read_text()))
