"""How long the page of a large answer takes: to be made, to open in a browser, and to answer who uses it.

    python -m benchmarks.bench_report [LIBRARY]

Without a library a document as large as that of libtensorflow_cc.so.2 is made up. "Opened" is the time from asking for
the page until its script has drawn everything, the best of three; "pause" is the longest time in which the page did
nothing else, while it was used in that way.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from opselect.report.document import Document
from opselect.report.page import page
from tests.report_page.browser import Browser
from tests.report_page.documents import large

RUNS = 3

WATCH = """
window.pauses = [];
new PerformanceObserver((list) => window.pauses.push(...list.getEntries().map((each) => each.duration)))
    .observe({type: "longtask"});
"""
"""Chromium counts tasks of 50 ms and more."""

USES = {
    "search": "const at = document.getElementById('find'); at.value = 'conv'; at.dispatchEvent(new Event('input'))",
    "another tree": "document.querySelector('.choice button:nth-child(2)').click()",
    "zoom": "document.querySelector('.box-within').click()",
    "table of the treemap": "document.querySelector('.as-table').open = true",
    "sort": "document.querySelector('#tables [role=tabpanel]:nth-child(2) .sort').click()",
    "filter": (
        "const at = document.querySelector('#tables [role=tabpanel]:nth-child(2) input');"
        "at.value = 'conv'; at.dispatchEvent(new Event('input'))"
    ),
    "filter of the matrix": (
        "const at = document.getElementById('filter-matrix'); at.value = 'conv'; at.dispatchEvent(new Event('input'))"
    ),
    "a page of the matrix": "document.querySelector('#matrix .pager button:last-of-type').click()",
}


def audited(library: Path) -> Document:
    """What `opselect audit LIBRARY --html` shows."""
    from opselect.report.of_audit import AuditAnswer, audit_document
    from opselect.usecases.audit import AuditQuestion, audit

    return audit_document(AuditAnswer(audit(AuditQuestion((str(library),)))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", nargs="?", type=Path)
    library = parser.parse_args().library
    document = audited(library) if library else large()
    start = time.perf_counter()
    text = page(document)
    print(f"page: {len(text.encode()):,} bytes, made in {time.perf_counter() - start:.2f} s")
    browser = Browser()
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "page.html"
            file.write_text(text, encoding="utf-8")
            opened = []
            for _ in range(RUNS):
                browser.open(file, Path(folder))
                opened.append(float(browser.ask("return performance.getEntriesByName('opened')[0].startTime")))
            print(f"opened: {min(opened):.0f} ms")
            for name, script in USES.items():
                browser.ask(f"{WATCH} setTimeout(() => {{ {script} }})")  # what the driver runs itself is no task
                browser.settle(600)
                pause = max(browser.ask("return window.pauses"), default=0.0)
                print(f"{name}: {f'pause of {pause:.0f} ms' if pause else 'no pause of 50 ms'}")
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
