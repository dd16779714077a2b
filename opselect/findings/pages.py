"""The pages about codes: what ``opselect explain`` prints and docs/findings/ holds."""

from __future__ import annotations

from pathlib import Path

from kernel_index.errors import InputError
from opselect.findings.catalog import code_of


def page_folder() -> Path:
    """The folder of the pages: in an installed package, or docs/findings in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_findings"
    return installed if installed.is_dir() else package.parent / "docs" / "findings"


def page(code: str) -> str:
    """The page of a code, Markdown. Raises InputError for an unknown code, and where the pages are not installed."""
    path = page_folder() / f"{code_of(code).code}.md"
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}", "Install opselect again.") from error
