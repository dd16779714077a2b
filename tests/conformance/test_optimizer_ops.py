"""Every operator that stands in a model when ONNX Runtime has loaded it is required, or said to be added.

``OPSELECT_ONNXRUNTIME_PYTHON`` is an interpreter of Python that has ``onnx`` and ``onnxruntime``, and
``OPSELECT_ONNXRUNTIME_MODELS`` a folder with more models.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest

from opselect.onnxruntime.config_file import parse_configuration
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry
from opselect.usecases.onnxruntime_texts import onnxruntime_texts
from opselect.usecases.runtime_question import RuntimeOptions, RuntimeQuestion
from opselect.usecases.watch import NOBODY
from tests.conformance.onnxruntime_tools import PYTHON, texts_with_types
from tests.conformance.optimized_models import models

HERE = Path(__file__).parent
MORE = os.environ.get("OPSELECT_ONNXRUNTIME_MODELS", "")

pytestmark = pytest.mark.skipif(not PYTHON, reason="OPSELECT_ONNXRUNTIME_PYTHON names no interpreter with ONNX Runtime")


def written(path: Path) -> tuple[RequiredOperators, set[tuple[str, str]]]:
    """What is written of a model, with types, and which operators of it are added."""
    question = RuntimeQuestion((str(path),), ("onnxruntime",), RuntimeOptions(types=True, with_optimizer_ops=True))
    found = onnxruntime_texts(question, NOBODY)
    rows: Any = found.details["added_operators"]
    text = found.texts["required_operators.config"]
    return parse_configuration(text.encode(), str(path)).required, {(row["domain"], row["op"]) for row in rows}


def names(required: RequiredOperators) -> set[tuple[str, str]]:
    return {(domain, op) for (domain, _), ops in required.operators.items() for op in ops}


def missed_in(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """The operators of optimised models that are not foreseen. Models that the runtime does not load say nothing."""
    asked = [PYTHON, str(HERE / "dump_optimized.py"), str(folder)]
    optimized = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
    loaded = foreseen = used = 0
    missed = {}
    for name, levels in optimized.items():
        if levels:
            required, added = written(folder / f"{name}.onnx")
            stand = {(domain, op) for ops in levels.values() for domain, op in ops}
            if not stand <= names(required):
                missed[name] = sorted(stand - names(required))
            loaded += 1
            foreseen += len(added)
            used += len(added & stand)
    print(f"{loaded} models, {foreseen} operators added, {used} of them seen in optimised models")
    assert loaded
    return missed


def refused(ours: RequiredOperators, theirs: RequiredOperators) -> Iterator[str]:
    """The types of operators that a build of ours lacks and one of theirs has."""
    for operator, entry in ours.types.items():
        needed = theirs.types.get(operator, TypeEntry())
        for kind, positions in (("inputs", entry.inputs), ("outputs", entry.outputs)):
            for position, types in positions.items():
                more = getattr(needed, kind).get(position, frozenset()) - types
                yield from (f"{operator[1]} {kind} {position} {each}" for each in more)
        if entry.custom:
            yield from (f"{operator[1]} {each}" for each in needed.custom - entry.custom)


def refused_in(paths: list[Path]) -> dict[str, list[str]]:
    """The types that models use when they are optimised and that are not admitted."""
    texts = texts_with_types([[str(path)] for path in paths], "ORT_ENABLE_ALL")
    lacking = {}
    entries = 0
    for path, text in zip(paths, texts, strict=True):
        theirs = parse_configuration(text.encode(), str(path)).required
        ours, _ = written(path)
        entries += len(ours.types)
        lacks = {*refused(ours, theirs), *(f"{domain}:{op}" for domain, op in names(theirs) - names(ours))}
        if lacks:
            lacking[path.stem] = sorted(lacks)
    print(f"{len(paths)} models, {entries} operators of them restricted to types")
    return lacking


@pytest.fixture
def made(tmp_path: Path) -> list[Path]:
    """The files of the models that were made for this."""
    paths = []
    for name, model in models():
        paths.append(tmp_path / f"{name}.onnx")
        onnx.save(model, str(paths[-1]))
    assert len(paths) >= 150
    return paths


def test_operators_and_types_of_patterns_are_foreseen(made: list[Path]) -> None:
    assert missed_in(made[0].parent) == {}
    assert refused_in(made) == {}


@pytest.mark.filterwarnings("ignore")  # the tests of ONNX divide by zero where that is what they test
def test_operators_of_the_tests_of_onnx_are_foreseen(tmp_path: Path) -> None:
    for case in importlib.import_module("onnx.backend.test.case.node").collect_testcases(None):
        if case.model is not None:
            onnx.save(case.model, str(tmp_path / f"{case.name}.onnx"))
    assert missed_in(tmp_path) == {}


@pytest.mark.skipif(not MORE, reason="OPSELECT_ONNXRUNTIME_MODELS names no folder of models")
def test_operators_and_types_of_more_models_are_foreseen(tmp_path: Path) -> None:
    assert missed_in(Path(MORE)) == {}
    copies = [tmp_path / path.name for path in sorted(Path(MORE).glob("*.onnx"))]
    for copy in copies:
        copy.write_bytes((Path(MORE) / copy.name).read_bytes())
    assert refused_in(copies) == {}
