"""The tables of docs/runtime_ops.md: what the data says, and how to bring the page up to date.

``python -m tests.opselect.requirements.runtime.page`` puts the tables in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from opselect.requirements.runtime import SESSION_OPS
from opselect.requirements.runtime.control_flow import LOWERED
from opselect.requirements.runtime.inserted import GRAPPLER_BUILDS, RULES, Rule

PAGE = Path(__file__).parents[4] / "docs" / "runtime_ops.md"
_TABLE = re.compile(r"(?<=^<!-- table: )(\w+)( -->\n\n)(?:\|[^\n]*\n)*", re.MULTILINE)


def refreshed(page: str) -> str:
    """The page with each table as the data has it."""
    return _TABLE.sub(lambda match: match[1] + match[2] + _TABLES[match[1]], page)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _op_names(ops: Iterable[str]) -> str:
    return ", ".join(f"`{op}`" for op in ops)


def _rule_row(rule: Rule) -> tuple[str, ...]:
    runners = {
        "grappler": f"grappler, {rule.only}" if rule.only else "grappler",
        "session": "all",
        "devices": "several devices",
    }
    mobile = "yes" if rule.mobile else "no"
    return (
        _op_names(rule.ops),
        str(rule.releases),
        rule.trigger,
        rule.attrs,
        f"`{rule.source}`",
        runners[rule.runner],
        mobile,
    )


_TABLES = {
    "session": _table(("op", "what for"), [(f"`{op}`", purpose) for op, purpose in SESSION_OPS.items()]),
    "lowered": _table(("op", "releases"), [(f"`{op}`", str(releases)) for op, releases in LOWERED.items()]),
    "grappler": _table(("releases", "builds"), [(str(span), where) for span, where in GRAPPLER_BUILDS]),
    "inserted": _table(
        ("ops", "releases", "trigger", "attrs", "source", "builds", "mobile"),
        [_rule_row(rule) for rule in RULES if rule.ops],
    ),
}


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
