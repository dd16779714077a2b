"""Configurations for ONNX Runtime are what its own tools write, and mean to them what they are meant to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opselect.onnxruntime.type_entries import COUNTED
from opselect.onnxruntime.value_types import CPP_NAMES
from opselect.usecases.onnxruntime_texts import onnxruntime_texts
from opselect.usecases.runtime_question import RuntimeOptions, RuntimeQuestion
from opselect.usecases.watch import NOBODY
from tests.conformance.onnxruntime_tools import PYTHON, STORED, TREE, counted_arguments, parsed, tools_say
from tests.opselect.onnx_models import MODELS, SETS, write_models

of_wheel = pytest.mark.skipif(not PYTHON, reason="OPSELECT_ONNXRUNTIME_PYTHON names no Python with an onnxruntime")


@of_wheel
@pytest.mark.skipif(not TREE, reason="OPSELECT_ONNXRUNTIME_TREE names no checkout of ONNX Runtime")
def test_tools_still_say_what_is_stored(tmp_path: Path) -> None:
    assert tools_say(tmp_path) == json.loads(STORED.read_text())


@of_wheel
def test_arguments_count_as_in_the_processors_of_the_tools() -> None:
    told = counted_arguments()
    ours = {
        f"{domain}:{op}": None if counted.together else [list(counted.inputs), list(counted.outputs)]
        for (domain, op), counted in COUNTED.items()
    }
    assert ours == told["counted"]
    assert sorted(CPP_NAMES.values()) == told["types"]


@of_wheel
def test_the_parser_of_the_tools_reads_back_what_was_meant(tmp_path: Path) -> None:
    paths, meant = [], []
    for number, names in enumerate([(name,) for name in MODELS] + list(SETS)):
        models = tuple(str(path) for path in write_models(tmp_path, *names))
        question = RuntimeQuestion(models, ("onnxruntime",), RuntimeOptions(types=True))
        found = onnxruntime_texts(question, NOBODY)
        path = tmp_path / f"{number}.config"
        path.write_text(found.texts["required_operators.config"])
        paths.append(str(path))
        rows = found.details["operators"]
        assert isinstance(rows, list)
        operators = {f"{row['domain']};{row['opset']}": [each["op"] for each in row["ops"]] for row in rows}
        types = {
            f"{row['domain']}:{each['op']}": each["types"] for row in rows for each in row["ops"] if "types" in each
        }
        meant.append({"operators": operators, "types": types})
    assert parsed(paths) == meant
