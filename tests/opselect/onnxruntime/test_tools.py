"""What is written of models is what ONNX Runtime's own tools write, as the stored answers of these have it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opselect.build_lists.required_operators import required_operators_text
from tests.opselect.onnx_models import MODELS, SETS, onnx_model
from tests.opselect.onnxruntime.needs import needs_of

TOOLS: dict[str, Any] = json.loads((Path(__file__).parents[3] / "fixtures" / "onnx" / "tools.json").read_text())
NOT_CONVERTED = {"Constant"}
"""What is in models and not in what the runtime makes of them."""


def lines_of(folder: Path, names: tuple[str, ...], *, types: bool) -> list[str]:
    needs = needs_of(folder, *(onnx_model(MODELS[name]) for name in names), types=types)
    assert needs.warnings == ()
    return [line for line in required_operators_text(needs.required(), names).splitlines() if not line.startswith("#")]


def entries(lines: list[str]) -> set[tuple[str, str]]:
    """The operators of a domain with what stands behind them, whatever their opset: the tools know since when an
    operator has been as it is, where models say which opset they are of.
    """
    found = set()
    for line in lines:
        domain, _, operators = line.split(";", 2)
        depth, start = 0, 0
        for place, character in enumerate(operators + ","):
            depth += {"{": 1, "}": -1}.get(character, 0)
            if character == "," and not depth:
                found.add((domain, operators[start:place]))
                start = place + 1
    return found


def without_functions(names: tuple[str, ...]) -> bool:
    """The script passes over the operators in functions."""
    return not any(name.startswith("function") for name in names)


ALL = [(name,) for name in MODELS] + list(SETS)


@pytest.mark.parametrize("names", [each for each in ALL if without_functions(each)], ids="+".join)
def test_operators_are_those_of_the_script(names: tuple[str, ...], tmp_path: Path) -> None:
    assert lines_of(tmp_path, names, types=False) == TOOLS["+".join(names)]["operators"]


@pytest.mark.parametrize("names", ALL, ids="+".join)
def test_types_are_those_of_the_converted_models(names: tuple[str, ...], tmp_path: Path) -> None:
    ours = entries(lines_of(tmp_path, names, types=True))
    assert {each for each in ours if each[1] not in NOT_CONVERTED} == entries(TOOLS["+".join(names)]["types"])
