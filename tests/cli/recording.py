"""The picture of a terminal in the README: commands and what they print, a line after the other.

``python -m tests.cli.recording`` runs the commands and makes docs/images/terminal.svg again. It moves by CSS alone and
loads nothing; who wants no motion sees all lines at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from tests.cli.commands_page import ROOT, run_in_copy

PICTURE = ROOT / "docs" / "images" / "terminal.svg"

SCENES = (
    ("opselect diagnose fixtures/logs/tensorflow_1.13.1/BREAK_dtype_add_uint8.txt", 7),
    ("opselect generate fixtures/models/tiny_mobilenet.pb --tensorflow 2.14 --out build_lists", 5),
    ("opselect locate Relu --tensorflow 2.14", 4),
)
"""Command lines, and how many lines of what they print are shown."""

COLUMNS = 104
FONT, ACROSS, DOWN = 13, 7.83, 19
"""The size of a letter, its width and the height of a line, in pixels; ``textLength`` holds the width in any font."""

MARGIN = 18
TYPED, READ = 1.2, 0.35
"""Seconds before a command appears, and before each line that it prints."""

STYLE = (
    f"text{{font:{FONT}px ui-monospace,Menlo,Consolas,monospace;fill:#d1d7e0;white-space:pre;animation:a .2s both}}"
    ".c{fill:#7ee787}.b{fill:#0d1117}@keyframes a{from{opacity:0}}"
    "@media(prefers-reduced-motion:reduce){text{animation:none}}@media print{text{animation:none}}"
)


def picture(run: Callable[[str], str]) -> str:
    """The SVG of all scenes, with the output of each command line as ``run`` gives it."""
    lines = [*_lines(run)]
    width, height = 2 * MARGIN + COLUMNS * ACROSS, 2 * MARGIN + len(lines) * DOWN
    texts, seconds = [], 0.0
    for number, (line, is_command) in enumerate(lines):
        seconds += TYPED if is_command else READ
        place = f'x="{MARGIN}" y="{MARGIN + number * DOWN + FONT}"'
        kind, length = ' class="c"' if is_command else "", f'textLength="{len(line) * ACROSS:.0f}"'
        if line:
            texts.append(f'<text {place} {length}{kind} style="animation-delay:{seconds:.2f}s">{escape(line)}</text>')
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">',
            f"<title>A terminal: {escape(', '.join(line for line, _ in SCENES))}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="b" width="{width:.0f}" height="{height}" rx="8"/>',
            *texts,
            "</svg>\n",
        ]
    )


def _lines(run: Callable[[str], str]) -> Iterator[tuple[str, bool]]:
    """Each line that is shown, and whether it is a command."""
    for number, (command, shown) in enumerate(SCENES):
        if number:
            yield "", False
        yield f"$ {command}", True
        for line in run(command).splitlines()[:shown]:
            yield line if len(line) <= COLUMNS else f"{line[: COLUMNS - 1].rstrip()}…", False


if __name__ == "__main__":
    PICTURE.write_text(picture(run_in_copy), encoding="utf-8")
