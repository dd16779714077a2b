"""One version, and a dated heading in CHANGELOG.md for it."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import kernel_index
import opselect

ROOT = Path(__file__).resolve().parents[1]


def test_the_changelog_has_the_version_with_its_date() -> None:
    headings = re.findall(
        r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    released = [(number, date) for number, date in headings if number != "Unreleased"]
    assert released[0][0] == kernel_index.__version__
    assert all(date for _, date in released)
    assert [date for _, date in released] == sorted((date for _, date in released), reverse=True)


def test_both_packages_and_the_installation_have_one_version() -> None:
    assert opselect.__version__ == kernel_index.__version__ == version("opselect")
