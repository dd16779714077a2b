"""What the files of the page are, without a browser: the layout that is bundled, and scripts that make no markup."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ROOT / "templates" / "report"
PUBLISHED = ROOT / "node_modules" / "d3-hierarchy"


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="d3-hierarchy is not installed (npm install d3-hierarchy@3.1.3)")
def test_bundled_layout_is_what_npm_has() -> None:
    bundled = (FILES / "d3-hierarchy.js").read_text(encoding="utf-8")
    version = json.loads((PUBLISHED / "package.json").read_text(encoding="utf-8"))["version"]
    comment, code = bundled.split("*/\n", 1)
    assert f"d3-hierarchy {version} " in comment
    assert (PUBLISHED / "LICENSE").read_text(encoding="utf-8") in comment
    assert code == (PUBLISHED / "dist" / "d3-hierarchy.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", sorted(FILES.glob("*.js")), ids=lambda path: path.name)
def test_scripts_make_no_markup_of_texts(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|https?://(?!d3js|www\.npmjs)",
        text,
    )
    assert script.name == "d3-hierarchy.js" or len(text.splitlines()) < 500
