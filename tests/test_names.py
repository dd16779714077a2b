"""Names of classes: whoever reads one knows which is meant."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import opselect

ROOT = Path(opselect.__file__).parent


def test_no_two_modules_define_a_public_class_of_the_same_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        for statement in ast.parse(path.read_text()).body:
            if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
                places[statement.name].append(path.relative_to(ROOT).as_posix())
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
