"""The page of a large answer: to be made, to open in Chromium, and to answer who uses it.

With ``--python`` it is the page of TensorFlow's library, else of a document as large, made up. "Opened" is the time
from asking for the page until its script has drawn everything, the best of three; "pause" is the longest time in
which the page did nothing else, while it was used in that way.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bench_binaries import LIBRARY
from benchmarks.figures import Figure, Measured
from benchmarks.given import Given, main
from opselect.report.document import Document
from opselect.report.of_audit import AuditAnswer, audit_document
from opselect.report.page import page
from opselect.usecases.audit import AuditQuestion, audit
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


def document_of(given: Given) -> Document:
    """What ``opselect audit LIBRARY --html`` shows of the library, or a document as large."""
    if given.python is None or not (given.package() / LIBRARY).is_file():
        return large()
    return audit_document(AuditAnswer(audit(AuditQuestion((str(given.package() / LIBRARY),)))))


def measure(given: Given) -> Measured:
    document = document_of(given)
    start = time.perf_counter()
    text = page(document).encode()
    figures = [
        Figure("page of a large answer", len(text) / 1e6, "MB", at_most=3),
        Figure("page of a large answer: made", time.perf_counter() - start, "s"),
    ]
    browser = Browser()
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "page.html")
            file.write_bytes(text)
            opened = []
            for _ in range(RUNS):
                browser.open(file, Path(folder))
                opened.append(float(browser.ask("return performance.getEntriesByName('opened')[0].startTime")))
            figures.append(Figure("page of a large answer: opened", min(opened) / 1000, "s", at_most=2))
            for name, script in USES.items():
                browser.ask(f"{WATCH} setTimeout(() => {{ {script} }})")  # what the driver runs itself is no task
                browser.settle(600)
                pause = max(browser.ask("return window.pauses"), default=0.0)
                figures.append(Figure(f"page: pause of {name}", pause, "ms"))
    finally:
        browser.quit()
    return Measured(figures)


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
