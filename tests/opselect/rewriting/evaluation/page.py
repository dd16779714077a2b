"""The table of docs/evaluation.md: what the registry says, and how to bring the page up to date.

``python -m tests.opselect.rewriting.evaluation.page`` puts the table in.
"""

from __future__ import annotations

import re
from pathlib import Path

from opselect.rewriting.evaluation import KERNELS, Kernel, kernels

PAGE = Path(__file__).parents[4] / "docs" / "evaluation.md"
_TABLE = re.compile(r"(?<=<!-- table: kernels -->\n\n)(?:\|[^\n]*\n)*")


def refreshed(page: str) -> str:
    """The page with the table as the registry has it."""
    return _TABLE.sub(lambda _: table(), page)


def _not_folded(kernel: Kernel) -> str:
    """The types that TensorFlow only approximates."""
    if kernel.approximate == kernel.types:
        return "all"
    floats = [data_type.name.removeprefix("DT_").lower() for data_type in sorted(kernel.vectorized)]
    several = [f"several of {', '.join(floats)}"] if floats else []
    return "; ".join([*several, *(["complex"] if kernel.approximate else [])])


def table() -> str:
    """A line for each op, its family's ops together."""
    families = kernels.__all__
    rows = sorted(
        (families.index(kernel.compute.__module__.rpartition(".")[2]), kernel.op, kernel) for kernel in KERNELS.values()
    )
    lines = [("family", "op", "what it computes", "accuracy", "not folded"), ("---",) * 5]
    lines += [
        (families[family], f"`{op}`", kernel.summary, kernel.accuracy.value, _not_folded(kernel))
        for family, op, kernel in rows
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("|x|", r"\|x\|")


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
