from __future__ import annotations

from tests.opselect.requirements.runtime.page import PAGE, refreshed


def test_the_page_has_the_tables_of_the_data() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("<!-- table: ") == 4
    assert refreshed(page) == page, "python -m tests.opselect.requirements.runtime.page puts the tables in"
