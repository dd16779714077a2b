"""What one sees, presses and hears of the page of a document, in a real browser."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from opselect.report.document import Figure
from tests.report_page import documents
from tests.report_page.browser import DESKTOP, PHONE, Browser, needs_browser

pytestmark = needs_browser
DASH = "\N{EN DASH}"
TOTAL = sum(own for _, own, *_ in documents.OPS) + documents.UNKNOWN


@pytest.fixture
def small(browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The page of the small document; when a test is done with it, nothing was fetched and the console is empty."""
    browser.open(documents.small(), tmp_path)
    yield browser
    assert browser.complaints() == []
    assert browser.requests() == [(tmp_path / "page.html").as_uri()]


def panel(browser: Browser) -> dict[str, str]:
    """The numbers of the chosen box."""
    script = """return [...document.querySelectorAll(".panel dl > div")]
        .map((row) => [...row.children].map((each) => each.innerText))"""
    return dict(browser.ask(script)) | {"name": browser.text(".panel h3")}


def column(browser: Browser, table: str, number: int) -> list[str]:
    """The cells of a column of a table, as they are shown."""
    script = """return [...document.querySelectorAll(`#table-${arguments[0]} tbody tr`)]
        .map((row) => row.cells[arguments[1]].innerText.trim())"""
    return list(browser.ask(script, table, number))


def boxes(browser: Browser) -> list[str]:
    """The names of boxes, those around others first."""
    return marked(browser, ".box")


def marked(browser: Browser, selector: str) -> list[str]:
    """The names of the boxes that a selector finds."""
    return [
        title.split("\n")[0]
        for title in browser.ask(
            "return [...document.querySelectorAll(arguments[0])].map((box) => box.title)", selector
        )
    ]


def test_first_screen_has_total_budget_what_would_go_and_diff(small: Browser) -> None:
    assert "11.4 MB" in small.text(".figure-first")
    assert f"{TOTAL:,} bytes" in small.text(".figure-first")
    assert "1 of 3 exceeded" in small.text("#budget h2")
    assert "over by 1.4 MB" in small.text("#budget tbody tr")
    assert small.text("#would-go tbody tr").startswith("cumsum_op.cc")
    assert "-120.5 kB" in small.text("#diff h2")
    assert "Relu has no kernel for DT_HALF." in small.text("#findings")
    assert "0123456789abcdef" in small.text("#models")


def test_edit_of_what_would_go_opens(small: Browser) -> None:
    assert '"cumsum_op.cc"' not in small.text("#would-go")
    small.click("#would-go summary")
    assert '-    "cumsum_op.cc",' in small.text("#would-go")


def test_page_stands_without_scripts(browser: Browser, tmp_path: Path) -> None:
    browser.open(documents.small(), tmp_path, scripts=False)
    seen = browser.text("body")
    for words in ("11.4 MB", "1 of 3 exceeded", "cumsum_op.cc", "BatchMatMul", "Relu has no kernel", "detector.tflite"):
        assert words in seen
    assert "drawn by a script, which does not run here" in seen
    for words in ("Where the bytes are", "Exact bytes", "Search"):
        assert words not in seen


def test_click_shows_the_numbers_of_a_box(small: Browser) -> None:
    small.click(".box", "[belongs to no op alone]")
    assert panel(small)["Bytes"] == "1.5 MB\n1,500,000 bytes"
    small.click(".box", "MatMul 5.2")
    name, own, retained, kernels, _ = documents.OPS[0]
    assert panel(small) == {
        "name": name,
        "Bytes": f"5.2 MB\n{own - own // 3 * 2 + own // 3 * 2:,} bytes",
        "Its own, without what is inside": f"1.7 MB\n{own - own // 3 * 2:,} bytes",
        "Of all 11.4 MB": f"{100 * own / TOTAL:.1f} %",
        "Would go without it": f"6.0 MB\n{retained:,} bytes",
        "Boxes inside": "3",
        "Kernels": str(kernels),
        "State": "needed",
    }
    assert small.text(".panel .details") == "tensorflow/core/kernels/matmul_op.cc"


def test_areas_are_bytes(small: Browser) -> None:
    small.click(".choice button", "By section")
    shares = small.ask(
        "return [...document.querySelectorAll('.box')].map((box) => [box.title.split('\\n')[0],"
        " box.offsetWidth * box.offsetHeight / (box.parentElement.offsetWidth * box.parentElement.offsetHeight)])"
    )
    expected = {".text": TOTAL - 2_000_000, ".rodata": 1_500_000, ".data.rel.ro": 500_000}
    assert {name for name, _ in shares} == set(expected)
    for name, share in shares:
        assert share == pytest.approx(expected[name] / TOTAL, abs=0.01)


def test_click_zooms_in_and_the_path_leads_out(small: Browser) -> None:
    assert {"ops", "MatMul", "[belongs to no op alone]"} <= set(boxes(small))
    small.click(".box", "Conv2D 3.1")
    assert set(boxes(small)) == {"Conv2D itself", "Conv2D float", "Conv2D half"}
    assert small.texts(".path li") == ["libsmall.so", "ops", "Conv2D"]
    assert small.spoken() == "Now in Conv2D: 3,100,000 bytes, 3 boxes"
    small.click(".path button", "ops")
    assert {"MatMul", "Conv2D", "Cumsum"} <= set(boxes(small))
    assert small.focused().startswith("Conv2D 3.1 MB")
    small.click(".path button", "libsmall.so")
    assert small.texts(".path li") == ["libsmall.so"]


def test_keys_walk_zoom_and_come_back(small: Browser) -> None:
    small.ask("document.querySelector('.choice button:last-child').focus()")
    small.press("tab", "tab")  # the search, and then one box of all
    assert small.ask("return getComputedStyle(document.activeElement).outlineWidth") == "3px"
    assert small.focused().startswith("ops 9.9 MB")
    small.press("arrow_down")
    assert small.focused().startswith("MatMul 5.2 MB")
    assert panel(small)["name"] == "MatMul"
    small.press("enter")
    assert small.texts(".path li")[-1] == "MatMul"
    assert small.focused().startswith("MatMul itself")
    small.press("end")
    assert small.focused().startswith("MatMul half")
    small.press("home", "escape")
    assert small.texts(".path li") == ["libsmall.so", "ops"]
    assert small.focused().startswith("MatMul 5.2")
    small.ask("document.querySelector('.path button').focus()")
    small.press("escape")
    assert small.texts(".path li") == ["libsmall.so"]
    assert small.focused().startswith("ops ")
    small.press("escape")
    assert small.texts(".path li") == ["libsmall.so"]
    assert small.ask("return document.querySelectorAll('.box[tabindex=\"0\"]').length") == 1


def test_boxes_too_small_to_be_seen_stand_in_one_with_their_bytes(browser: Browser, tmp_path: Path) -> None:
    rows: list[documents.Node] = [
        ("all", -1, 0, None, 0, "", ""),
        ("large", 0, 50_000_000, None, 0, "", ""),
    ]
    rows += [(f"tiny{number}", 0, number, None, 0, "", "") for number in range(100, 400)]
    document = documents.only_tree(documents.nodes("op", "By op", rows))
    browser.open(document, tmp_path)
    assert boxes(browser) == ["large", "300 smaller"]
    browser.click(".box", "300 smaller")
    assert panel(browser)["Bytes"] == f"74.8 kB\n{sum(range(100, 400)):,} bytes"
    assert len(boxes(browser)) == 300
    assert browser.texts(".path li") == ["all", "300 smaller"]
    browser.press("escape")
    assert browser.focused().startswith("300 smaller")
    browser.fill("#find", "tiny101")
    browser.click(".hits button")
    assert browser.focused().startswith("tiny101 101 bytes")
    assert panel(browser)["Bytes"] == "101 bytes"


def test_what_is_too_small_is_drawn_where_it_is_alone(browser: Browser, tmp_path: Path) -> None:
    rows: list[documents.Node] = [("all", -1, 0, None, 0, "", ""), ("large", 0, 50_000_000, None, 0, "", "")]
    rows.append(("tiny", 0, 100, None, 0, "", ""))
    browser.open(documents.only_tree(documents.nodes("op", "By op", rows)), tmp_path)
    assert boxes(browser) == ["large", "tiny"]


def test_documents_of_next_to_nothing_are_pages(browser: Browser, tmp_path: Path) -> None:
    tree = documents.nodes("op", "By op", [("all", -1, 0, None, 0, "", "")])
    nothing = documents.only_tree(tree)
    browser.open(nothing, tmp_path)
    assert "Nothing here has bytes." in browser.text(".boxes")
    assert panel(browser)["Bytes"] == "0 bytes"
    browser.open(dataclasses.replace(nothing, trees=(dataclasses.replace(tree, own=(5,)),)), tmp_path)
    browser.click(".box", "all")
    assert panel(browser)["Bytes"] == "5 bytes"
    browser.open(dataclasses.replace(nothing, trees=()), tmp_path)
    assert browser.texts("nav a") == ["Overview"]
    assert browser.complaints() == []


@pytest.mark.parametrize(("large", "tiny"), [(5_000, 8_000), (0, 13_000)])
def test_many_nodes_are_few_boxes(browser: Browser, tmp_path: Path, large: int, tiny: int) -> None:
    rows: list[documents.Node] = [("all", -1, 0, None, 0, "", "")]
    rows += [(f"node{number}", 0, 10_000, None, 0, "", "") for number in range(large)]
    rows += [(f"tiny{number}", 0, 100, None, 0, "", "") for number in range(tiny)]
    browser.open(documents.only_tree(documents.nodes("op", "By op", rows)), tmp_path)
    assert len(boxes(browser)) == 601
    assert boxes(browser)[-1] == "12,400 smaller"


def test_search_lists_hits_and_marks_boxes(small: Browser) -> None:
    small.fill("#find", "CUMSUM")
    assert small.spoken() == "3 hits, together 900.0 kB"
    assert small.texts(".hits button") == ["Cumsum", "Cumsum float", "Cumsum half"]
    assert set(marked(small, ".box.hit")) == {"Cumsum", "Cumsum itself", "Cumsum float", "Cumsum half"}
    assert marked(small, ".holds-hit") == ["ops"]
    small.click(".hits button", "Cumsum half")
    assert small.texts(".path li") == ["libsmall.so", "ops", "Cumsum"]
    assert small.focused().startswith("Cumsum half 300.0 kB")
    small.fill("#find", "no such op")
    assert small.spoken() == "No hits"
    small.fill("#find", " ")
    assert not small.driver.find_element("css selector", ".hits").is_displayed()


def test_table_of_the_treemap_has_what_is_here(small: Browser) -> None:
    small.click(".box", "ops")
    small.click(".as-table > summary")
    assert column(small, "map", 0) == [op for op, *_ in documents.OPS]
    assert column(small, "map", 2)[0] == "6.0 MB"
    small.click("#table-map button.link", "Relu")
    assert small.texts(".path li")[-1] == "Relu"


def test_table_sorts_either_way_and_says_so(small: Browser) -> None:
    assert column(small, "ops", 0)[0] == "MatMul"
    small.click("#table-ops th:nth-child(4) button")
    assert column(small, "ops", 3) == ["12", "8", "6", "4", "3", "1"]
    assert small.ask("return document.querySelector('#table-ops th:nth-child(4)').ariaSort") == "descending"
    assert small.spoken() == "Ops sorted by Kernels, descending"
    small.click("#table-ops th:nth-child(4) button")
    assert column(small, "ops", 3) == ["1", "3", "4", "6", "8", "12"]
    small.click("#table-ops th:nth-child(1) button")
    assert column(small, "ops", 0) == sorted(op for op, *_ in documents.OPS)
    assert small.ask("return document.querySelectorAll('#table-ops [aria-sort]').length") == 1


def test_table_filters_by_words_and_by_state(small: Browser) -> None:
    small.fill("#filter-ops", "ma")
    assert column(small, "ops", 0) == ["MatMul"]
    assert small.text("#tables .count") == "1 of 6 rows"
    small.fill("#filter-ops", "nothing like it")
    assert column(small, "ops", 0) == ["Nothing matches."]
    small.fill("#filter-ops", " ")
    small.ask(
        "const at = document.getElementById('state-ops'); at.value = 'unused'; at.dispatchEvent(new Event('change'))"
    )
    assert column(small, "ops", 0) == ["Cumsum", "RaggedGather", "Softplus"]


def test_table_turns_pages_and_says_what_was_left_out(small: Browser) -> None:
    small.click("[role=tab]", "Files")
    assert len(column(small, "files", 0)) == 15
    assert f"1{DASH}15 of 40" in small.text("#tab-panel-1 .pager")
    assert "7 more rows left out for the size of this page." in small.text("#tab-panel-1")
    for _ in range(4):
        small.click("#tab-panel-1 .pager button", "Next")
    assert len(column(small, "files", 0)) == 10
    assert f"31{DASH}40 of 40" in small.text("#tab-panel-1 .pager")


def test_tabs_are_walked_by_arrows(small: Browser) -> None:
    small.ask("document.querySelector('[role=tab]').focus()")
    small.press("arrow_right")
    assert small.focused() == "Files"
    assert "file_01.cc" in small.text("#tables .tables")
    assert "MatMul" not in small.text("#tables .tables")
    small.press("arrow_right")
    assert small.focused() == "Ops"


def test_exact_bytes_are_one_press_away(small: Browser) -> None:
    assert column(small, "ops", 1)[0] == "5.2 MB"
    small.click("#exact")
    assert column(small, "ops", 1)[0] == "5,200,000 bytes"
    assert "1,234,567 bytes" in small.text("#would-go tbody tr")


def test_script_says_sizes_as_the_first_screen_does(browser: Browser, tmp_path: Path) -> None:
    sizes = [0, 1, -1, 2, 999, 1000, 1049, 1050, 999_949, 999_950, 1_000_000, -120_500, 553_400_000, 999_950_000]
    figures = tuple(Figure("Size", size, "bytes") for size in sizes)
    browser.open(dataclasses.replace(documents.small(), figures=figures), tmp_path)
    assert browser.ask("return arguments[0].map(shortSize)", sizes) == browser.texts(".figure .value")
    assert browser.ask("return arguments[0].map(exactSize)", [1, 1234567]) == ["1 byte", "1,234,567 bytes"]


def test_all_rows_of_the_first_screen_are_a_table(browser: Browser, tmp_path: Path) -> None:
    browser.open(documents.with_much_to_go(60), tmp_path)
    assert len(browser.texts("#would-go tbody tr")) == 10
    browser.click("#would-go button[data-all]")
    assert f"1{DASH}15 of 60" in browser.text("#would-go .pager")
    browser.fill("#filter-would_go", "file_59")
    browser.click("#would-go tbody summary")
    assert browser.text("#would-go pre") == "- file_59.cc"


def test_matrix_has_a_letter_for_each_cell_and_counts_them(small: Browser) -> None:
    matrix = documents.small().matrix
    assert matrix
    shown = small.ask(
        """return [...document.querySelectorAll(".matrix tbody tr")]
            .map((row) => [...row.cells].map((cell) => cell.textContent))"""
    )
    assert shown == [[op, *(letter.upper().replace(".", "") for letter in letters)] for op, letters in matrix.rows]
    letters = "".join(row for _, row in matrix.rows)
    words = {"n": "needed and present", "m": "needed and missing", "?": "needed and not known"}
    words["u"] = "present and unused"
    legend = [re.sub(r"^[NMU?] ", "", text) for text in small.texts("#matrix .legend li")]
    assert legend == [f"{words[letter]}: {letters.count(letter)}" for letter in words]
    assert (
        small.ask("return document.querySelector('.matrix .cell-missing').ariaLabel")
        == "Relu, half: needed and missing"
    )


def test_matrix_filters_and_is_walked_by_keys(small: Browser) -> None:
    small.ask(
        "const at = document.getElementById('state-matrix'); at.value = 'm'; at.dispatchEvent(new Event('change'))"
    )
    assert small.texts(".matrix tbody th") == ["Relu"]
    small.ask(
        "const at = document.getElementById('state-matrix'); at.value = ''; at.dispatchEvent(new Event('change'))"
    )
    small.fill("#filter-matrix", "u")
    assert small.texts(".matrix tbody th") == ["MatMul", "Cumsum", "Relu", "Softplus"]
    assert small.text("#matrix .count") == "4 of 6 ops"
    small.ask("document.querySelector('.matrix td[tabindex=\"0\"]').focus()")
    assert small.focused() == "MatMul, float: needed and present"
    small.press("arrow_down", "arrow_right")
    assert small.focused() == "Cumsum, half: present and unused"
    small.press("end", "arrow_down", "home")
    assert small.focused() == "Relu, float: needed and present"
    assert small.ask("return document.querySelectorAll('.matrix [tabindex=\"0\"]').length") == 1


def test_dark_follows_the_system_and_the_button(browser: Browser, tmp_path: Path) -> None:
    paper = "return getComputedStyle(document.body).backgroundColor"
    browser.open(documents.small(), tmp_path)
    light = browser.ask(paper)
    browser.click("#theme")
    dark = browser.ask(paper)
    assert dark != light
    browser.open(documents.small(), tmp_path, scheme="dark")
    assert browser.ask(paper) == dark
    assert browser.ask("return document.getElementById('theme').ariaPressed") == "true"
    browser.click("#theme")
    assert browser.ask(paper) == light


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")])
def test_axe_finds_nothing_serious(
    browser: Browser, tmp_path: Path, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    browser.open(documents.small(), tmp_path, size=size, scheme=scheme)
    assert browser.violations() == []
    browser.click(".box", "MatMul 5.2")
    browser.fill("#find", "matmul")
    browser.fill("#filter-ops", "nothing like it")
    browser.fill("#filter-matrix", "relu")
    browser.click("[role=tab]", "Files")
    for summary in ("#would-go summary", ".as-table > summary", "#table-files th button"):
        browser.click(summary)
    assert browser.violations() == []


def test_page_fits_a_phone(browser: Browser, tmp_path: Path) -> None:
    browser.open(documents.small(), tmp_path, size=PHONE)
    assert browser.ask("return document.documentElement.scrollWidth") == PHONE[0]
    browser.click(".box", "MatMul 5.2")
    assert panel(browser)["name"] == "MatMul"


@pytest.mark.parametrize("scripts", [True, False])
def test_hostile_names_are_text(browser: Browser, tmp_path: Path, scripts: bool) -> None:
    browser.open(documents.hostile(), tmp_path, scripts=scripts)
    assert browser.complaints() == []
    assert browser.requests() == [(tmp_path / "page.html").as_uri()]
    assert browser.driver.title.startswith("</script><img src=x onerror=")
    assert browser.ask("return document.images.length") == 0
    seen = browser.ask("return document.body.textContent")
    for text in (
        "{{7*7}}{% raw %}${7*7}",
        "\\u202egnp.exe",
        "nul\\x00 bell\\x07",
        "🧠👩‍👩‍👧",
        "lone \\udc80 \\ud83d",
        "__proto__",
    ):
        assert text in seen
    assert not re.search("[\u202e\u2028\x00\x07\x1b\ud800-\udfff]", browser.ask("return document.body.innerText"))
    if scripts:
        assert "(1,000,000 characters)" in browser.text("#models")
        assert browser.ask("return document.body.innerText.length") < 200_000
        for name in ("__proto__", "<script>", "emoji"):
            browser.click(".path button, .path span", "</script>")
            browser.click(".box", name)
            assert panel(browser)["name"].startswith(name)
        browser.fill("#find", "onerror")
        assert browser.texts(".hits button") == [documents.HOSTILE[0]]
        assert browser.complaints() == []


def test_every_script_may_run_and_no_other(browser: Browser, tmp_path: Path) -> None:
    browser.open(documents.small(), tmp_path)
    browser.ask(
        "for (const [tag, text] of [['script', 'document.title = 1'], ['style', 'body { color: red }']]) {"
        " const added = document.createElement(tag); added.textContent = text; document.head.append(added); }"
        "const image = new Image(); image.src = 'https://example.com/a.png'; document.body.append(image)"
    )
    browser.settle()
    assert browser.driver.title == f"libsmall.so {DASH} opselect audit"
    refused = browser.complaints()
    assert len(refused) == 3
    assert all("Content Security Policy" in message for message in refused)


def test_print_has_the_first_screen_and_tables_without_their_tools(browser: Browser, tmp_path: Path) -> None:
    browser.open(documents.small(), tmp_path, scheme="dark")
    browser.tell("Emulation.setEmulatedMedia", media="print", features=[])
    seen = browser.text("body")
    for words in (
        "11.4 MB",
        "1 of 3 exceeded",
        "cumsum_op.cc",
        "BatchMatMul",
        "Where the bytes are",
        "MatMul",
        "file_15.cc",
    ):
        assert words in seen
    assert '-    "cumsum_op.cc",' in seen
    for words in ("Exact bytes", "Search", "Filter", "Previous"):
        assert words not in seen
    assert browser.ask("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.ask("return getComputedStyle(document.querySelector('.box-unused')).borderStyle") == "dotted"
    assert browser.pdf().startswith(b"%PDF-")
