"""What is easily overlooked: dimmed boxes, what print leaves out, figures that are not told, changes as changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from opselect.report.document import TypeMatrix
from tests.report_page import documents
from tests.report_page.browser import Browser, needs_browser

pytestmark = needs_browser


def test_what_is_no_hit_of_a_search_can_be_read(browser: Browser, tmp_path: Path) -> None:
    browser.open(documents.small(), tmp_path)
    browser.fill("#find", "cumsum")
    assert "[belongs to no op alone]" in browser.text(".boxes")
    assert browser.violations() == []


def test_print_says_of_how_many_rows_it_has_the_first(browser: Browser, tmp_path: Path) -> None:
    browser.open(documents.small(), tmp_path)
    browser.tell("Emulation.setEmulatedMedia", media="print", features=[])
    assert "1\N{EN DASH}15 of 40" in browser.text("#tables")
    assert "Rows a page" not in browser.text("#tables")
    assert "unused, hatched" in browser.text("#map")


def test_kernels_that_are_not_told_are_not_said_to_be_none(browser: Browser, tmp_path: Path) -> None:
    rows: list[documents.Node] = [("all", -1, 0, None, 7, "", ""), ("told", 0, 2, None, 0, "", "")]
    rows.append(("not told", 0, 1, None, None, "", ""))
    browser.open(documents.only_tree(documents.nodes("op", "By op", rows)), tmp_path)
    browser.click(".box", "told")
    assert "Kernels\n0" in browser.text(".panel")
    browser.click(".box", "not told")
    assert "Kernels" not in browser.text(".panel")
    browser.click(".as-table > summary")
    assert browser.texts("#table-map tbody td:nth-child(4)") == ["0", ""]


def test_what_became_of_a_build_is_told_as_changes(browser: Browser, tmp_path: Path) -> None:
    whole = documents.small()
    assert whole.diff is not None
    browser.open(replace(whole, diff=replace(whole.diff, rows=whole.diff.rows * 6)), tmp_path)
    heads = ["Own bytes, change", "Would go, change", "Kernels, change"]
    assert browser.texts("#diff th[scope=col]")[2:] == heads
    browser.click("#diff button[data-all]")
    assert browser.texts("#diff th[scope=col]")[2:] == heads


def test_the_treemap_is_one_stop_wherever_arrows_led(browser: Browser, tmp_path: Path) -> None:
    browser.open(documents.small(), tmp_path)
    browser.ask("document.querySelector('.box').focus()")
    browser.press("arrow_down", "arrow_down", "arrow_right")
    assert browser.ask("return [...document.querySelectorAll('.box[tabindex=\"0\"]')].map((box) => box.ariaLabel)") == [
        browser.focused()
    ]


def test_pages_of_the_matrix_are_turned_by_keys(browser: Browser, tmp_path: Path) -> None:
    rows = tuple((f"Op{number:02}", "nu") for number in range(70))
    matrix = TypeMatrix(("DT_FLOAT", "DT_HALF"), rows)
    browser.open(replace(documents.small(), matrix=matrix), tmp_path)
    browser.ask("document.querySelector('.matrix td:nth-of-type(2)').focus()")
    for key, op in (("page_down", 30), ("page_down", 60), ("page_down", 60), ("page_up", 30)):
        browser.press(key)
        assert browser.focused() == f"Op{op:02}, half: present and unused"
