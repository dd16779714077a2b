from __future__ import annotations

from opselect.rewriting.evaluation import KERNELS
from tests.opselect.rewriting.evaluation.page import PAGE, refreshed, table


def test_the_page_has_every_kernel() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("<!-- table: kernels -->") == 1
    assert refreshed(page) == page, "python -m tests.opselect.rewriting.evaluation.page puts the table in"
    assert table().count("\n") == len(KERNELS) + 2


def test_every_kernel_says_in_a_line_what_it_computes() -> None:
    for kernel in KERNELS.values():
        assert kernel.summary
        assert "\n" not in kernel.summary
        assert not kernel.summary.endswith(".")
