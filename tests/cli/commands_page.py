"""The examples of README.md and of the pages below docs/, what they print, and how to bring them up to date.

``python -m tests.cli.commands_page`` runs every command of these pages and puts in what it prints now.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(?<=^```console\n)\$ (opselect [^\n]*)\n(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
LEFT_OUT = "…"
PAGES = sorted(
    page
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    if page.parent.name != "findings" and BLOCK.search(page.read_text())
)
"""The pages with examples; those of findings are remade by ``findings_pages``."""


_NAMED = (
    *("audit", "build_models", "build_records", "checkpoints", "executorch", "findings", "freeze"),
    *("headers", "kernel_tree", "logs/tensorflow_1.13.1", "models", "onnx", "requirements", "runtime_tree"),
    "saved_models",
)
"""Folders of fixtures that examples name files of."""


def examples(page: str) -> list[tuple[str, str]]:
    """Each command line of the page and what it is said to print."""
    return BLOCK.findall(page)


def shortened(output: str, shown: str) -> str:
    """The output with as many lines before and after a line ``…`` as the shown text has; all of it without one."""
    lines, kept = output.splitlines(), shown.splitlines()
    if LEFT_OUT in kept:
        head = kept.index(LEFT_OUT)
        tail = len(kept) - head - 1
        if len(lines) > head + tail:
            lines = [*lines[:head], LEFT_OUT, *lines[len(lines) - tail :]]
    return "".join(f"{line}\n" for line in lines)


def refreshed(page: str, run: Callable[[str], str]) -> str:
    """The page with the output of each command line as ``run`` gives it."""
    return BLOCK.sub(lambda block: f"$ {block[1]}\n{shortened(run(block[1]), block[2])}", page)


def copy_models(folder: Path, text: str | None = None) -> None:
    """Puts the fixtures that a text names into a folder, all without one, under the paths of the repository.

    Configurations among the findings name models.
    """
    for name in _NAMED:
        if text is None or f"fixtures/{name}" in text or (name == "models" and "fixtures/findings" in text):
            shutil.copytree(ROOT / "fixtures" / name, folder / "fixtures" / name)


def run_in_copy(line: str) -> str:
    """What a command line prints, on both streams, in a folder with the fixtures."""
    with tempfile.TemporaryDirectory() as folder:
        copy_models(Path(folder), line)
        command = [sys.executable, "-m", "opselect", *shlex.split(line)[1:]]
        environment = {name: text for name, text in os.environ.items() if name != "COLUMNS"} | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(refreshed(page.read_text(), run_in_copy))
