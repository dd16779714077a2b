"""The picture of docs/architecture.md: the layers that pyproject.toml declares.

``python -m tests.architecture_picture`` makes docs/images/architecture.svg again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "architecture.svg"

WIDTH, FLOOR, GAP = 760, 40, 8
"""Pixels: the width of the picture, the height of a floor, and what is between boxes."""

STYLE = (
    "text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f2328;text-anchor:middle}"
    "rect{fill:#ddf4ff;stroke:#54aeff}.k{fill:#fff8c5;stroke:#d4a72c}@media(prefers-color-scheme:dark){"
    "text{fill:#d1d7e0}rect{fill:#0c2d4a;stroke:#316dca}.k{fill:#3b2e0b;stroke:#9e6a03}}"
)


def layers(configuration: str, container: str) -> list[list[str]]:
    """The rooms of a package, floor by floor from the top, as its contract in pyproject.toml has them."""
    contract = re.search(rf'containers = \["{container}"\]\n.*?layers = \[\n(.*?)\]', configuration, re.DOTALL)
    if contract is None:
        raise ValueError(f"there is no contract of layers for {container}")
    return [floor.split(" | ") for floor in re.findall(r'"(.+?)"', contract[1])]


def picture(floors: Sequence[Sequence[str]]) -> str:
    """The floors as rows of boxes, kernel_index below them, as SVG in the colours of the reader."""
    height = (len(floors) + 1) * (FLOOR + GAP) + GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            "<title>The rooms of opselect, floor by floor</title>",
            f"<style>{STYLE}</style>",
            *(box for number, rooms in enumerate(floors) for box in _floor(number, rooms)),
            *_floor(
                len(floors), ["kernel_index: C++ kernel sources → index; knows nothing of what is above"], ' class="k"'
            ),
            "</svg>\n",
        ]
    )


def _floor(number: int, rooms: Sequence[str], kind: str = "") -> Iterator[str]:
    across = (WIDTH - GAP * (len(rooms) + 1)) / len(rooms)
    top = GAP + number * (FLOOR + GAP)
    for place, room in enumerate(rooms):
        left = GAP + place * (across + GAP)
        yield f'<rect{kind} x="{left:.1f}" y="{top}" width="{across:.1f}" height="{FLOOR}" rx="6"/>'
        yield f'<text x="{left + across / 2:.1f}" y="{top + FLOOR / 2 + 4:.0f}">{room.strip("_")}</text>'


if __name__ == "__main__":
    PICTURE.write_text(picture(layers((ROOT / "pyproject.toml").read_text(), "opselect")), encoding="utf-8")
