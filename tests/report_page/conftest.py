"""One browser for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.report_page.browser import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser that has no page yet."""
    chromium = Browser()
    yield chromium
    chromium.quit()
