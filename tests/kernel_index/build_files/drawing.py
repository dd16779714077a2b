"""Trees drawn in tests: a line ``--- path`` begins a file, what follows is its text."""

from __future__ import annotations

from pathlib import Path


def plant(root: Path, drawing: str) -> Path:
    """Make the files of the drawing under ``root`` and return it."""
    for part in drawing.lstrip("\n").removeprefix("--- ").split("\n--- "):
        path, _, text = part.partition("\n")
        for name in path.split():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return root
