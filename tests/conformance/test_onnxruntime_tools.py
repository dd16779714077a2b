"""Configurations for ONNX Runtime are what its own tools write, and mean to them what they are meant to."""

from __future__ import annotations

import json
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from onnx.backend.test.case.node import collect_testcases

from opselect.build_lists.required_operators import entry_json, entry_text
from opselect.models.storage import open_file
from opselect.onnxruntime.element_types import element_types
from opselect.onnxruntime.models import read_onnx
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry
from opselect.onnxruntime.optimizer_ops import added_operators, with_added
from opselect.onnxruntime.required import ModelNeeds
from opselect.onnxruntime.type_entries import COUNTED, lacking_types
from opselect.onnxruntime.value_types import CPP_NAMES
from opselect.usecases.onnxruntime_texts import onnxruntime_texts
from opselect.usecases.runtime_question import RuntimeOptions, RuntimeQuestion
from opselect.usecases.watch import NOBODY
from tests.conformance.onnxruntime_tools import (
    PYTHON,
    STORED,
    TREE,
    counted_arguments,
    float_kernels_kept,
    operators_that_run,
    parsed,
    tools_say,
)
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
def test_entries_must_have_the_types_that_the_tools_tell_kernels_apart_by() -> None:
    floats = frozenset({"float"})
    sides = [dict.fromkeys(positions, floats) for positions in ((), (0,), (1,), (0, 1))]
    entries = [
        TypeEntry(inputs, outputs, custom)
        for inputs, outputs in product(sides, sides)
        for custom in (frozenset(), frozenset({("float", "float", "float")}))
        if inputs or outputs or custom
    ]
    kept = float_kernels_kept([(*key, entry_json(entry)) for key in COUNTED for entry in entries])
    compared = 0
    for number, (key, counted) in enumerate(COUNTED.items()):
        by_entry = dict(zip(map(str, entries), kept[number * len(entries) :], strict=False))
        triple = frozenset({("float", "float", "float")} if counted.together else ())
        whole = TypeEntry(dict.fromkeys(counted.inputs, floats), dict.fromkeys(counted.outputs, floats), triple)
        if by_entry[str(whole)]:  # of the others no kernels are registered by types
            assert by_entry == {str(entry): not lacking_types(key, entry) for entry in entries}, key
            compared += 1
    assert compared == len(COUNTED) - 6


def needs_of(path: Path) -> tuple[RequiredOperators, RequiredOperators]:
    """What a model needs as it stands, and with all that ONNX Runtime may add when it loads it."""
    needs = ModelNeeds(types=True)
    with open_file(str(path)) as file:
        model = read_onnx(file)
        needs.add(model, path.name)
    required = needs.required()
    return required, with_added(required, added_operators(required, element_types(model)))


def entries_of(required: RequiredOperators) -> dict[str, str]:
    """The operators, ``domain:name``, with their types as JSON, empty where all types count."""
    return {
        f"{domain}:{op}": entry_text(required.types.get((domain, op)))
        for (domain, _), ops in required.operators.items()
        for op in ops
    }


def admits(ours: str | None, theirs: str) -> bool:
    """Whether an operator is there with all the types that an entry of the tools has."""
    if not ours:
        return ours is not None
    mine, wanted = json.loads(ours), json.loads(theirs or "{}")
    return all(
        set(map(str, types)) <= set(map(str, mine[side][place]))
        for side in ("inputs", "outputs")
        for place, types in wanted.get(side, {}).items()
        if place in mine.get(side, {})
    )


@of_wheel
def test_models_of_the_package_onnx_need_what_the_runtime_runs(tmp_path: Path) -> None:
    """All the models of its tests: where the runtime runs other operators, or with other types, all that it may add has
    them.
    """
    paths = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in collect_testcases(None):
            if case.model is not None:
                paths.append(tmp_path / f"{case.name}.onnx")
                paths[-1].write_bytes(case.model.SerializeToString())
    loaded = differing = 0
    for path, runs in zip(paths, operators_that_run([str(path) for path in paths]), strict=True):
        if runs is None:
            continue
        required, grown = needs_of(path)
        loaded += 1
        as_it_stands, with_all = entries_of(required), entries_of(grown)
        if any(as_it_stands.get(name) != entry for name, entry in runs.items()):
            differing += 1
            assert {name: entry for name, entry in runs.items() if not admits(with_all.get(name), entry)} == {}, path
    print(f"{loaded} models, {differing} of them run with other operators or types")
    assert loaded > 1000


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
