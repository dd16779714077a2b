"""The tables of docs/config.md, and the shipped schema, made of the table of keys.

``python -m tests.cli.config_page`` brings both up to date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from opselect.config_file.keys import BUDGETS, CONFIG, MODEL, SETTINGS, TARGET
from opselect.config_file.schema import SCHEMA_FILE, schema_file_text
from opselect.config_file.values import Key
from opselect.targets import TARGET_KINDS
from tests.cli.commands_page import ROOT

PAGE = ROOT / "docs" / "config.md"
_TABLE = re.compile(r"(<!-- keys: (\w+) -->\n)(?:\|.*\n)*")
_SETTINGS = {key.name for key in SETTINGS}


def _rows(keys: Sequence[Key]) -> str:
    rows = [
        f"| `{key.name}` | {key.value.words} | {key.summary} | {key.default or 'must be there'} |\n" for key in keys
    ]
    return "| key | value | meaning | without it |\n|---|---|---|---|\n" + "".join(rows)


def _of(name: str) -> str:
    if name == "targets":
        rows = [f"| `{kind.name}` | `{kind.file_name()}` | {kind.summary} |\n" for kind in TARGET_KINDS]
        return "| kind | file | |\n|---|---|---|\n" + "".join(rows)
    if name == "budgets":
        return "| key | what is counted |\n|---|---|\n" + "".join(
            f"| `{k.name}` | {k.summary} |\n" for k in BUDGETS.keys
        )
    keys = {
        "top": [key for key in CONFIG.keys if key.name not in _SETTINGS],
        "model": MODEL.keys,
        "settings": SETTINGS,
        "target": [key for key in TARGET.keys if key.name not in _SETTINGS],
    }
    return _rows(keys[name])


def refreshed(page: str) -> str:
    """The page with its tables as the keys are now."""
    return _TABLE.sub(lambda match: match[1] + _of(match[2]), page)


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text()))
    SCHEMA_FILE.write_text(schema_file_text())
