"""Configurations for ONNX Runtime are what its own tools write, and mean to them what they are meant to."""

from __future__ import annotations

import itertools
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx.backend.test.case.node import collect_testcases

from opselect.build_lists.required_operators import entry_text
from opselect.models.storage import open_file
from opselect.onnxruntime.inference import schema_of
from opselect.onnxruntime.models import read_onnx
from opselect.onnxruntime.onnx_functions import onnx_function_names
from opselect.onnxruntime.required import ModelNeeds
from opselect.onnxruntime.type_entries import COUNTED
from opselect.onnxruntime.value_types import CPP_NAMES
from opselect.usecases.onnxruntime_texts import onnxruntime_texts
from opselect.usecases.runtime_question import RuntimeOptions, RuntimeQuestion
from opselect.usecases.watch import NOBODY
from tests.conformance.onnxruntime_tools import (
    PYTHON,
    STORED,
    TREE,
    counted_arguments,
    operators_that_run,
    parsed,
    tools_say,
)
from tests.opselect.onnx_models import MODELS, SETS, write_models

OPSETS = (8, 11, 13, 14, 16, 18, 20, 22, 24)
TYPES = ("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "INT32", "INT64", "INT8")

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


def nodes_of_functions(folder: Path) -> list[Path]:
    """A model with one node for each function of ONNX, type and some opsets, as far as a node says enough."""
    paths = []
    for op, opset, name in itertools.product(sorted(onnx_function_names()), OPSETS, TYPES):
        schema = schema_of("ai.onnx", opset, op)
        if schema is None or schema.deprecated or f"tensor({name.lower()})" not in schema.inputs[0].types:
            continue
        inputs = [f"x{place}" for place in range(schema.min_input)]
        node = helper.make_node(op, inputs, ["y"])
        if "blocksize" in schema.attributes:
            node.attribute.append(helper.make_attribute("blocksize", 1))
        shape = [] if op in ("Range", "HannWindow", "HammingWindow", "BlackmanWindow") else [1, 4, 2, 2]
        values = [helper.make_tensor_value_info(each, TensorProto.DataType.Value(name), shape) for each in inputs]
        graph = helper.make_graph([node], "g", values, [helper.make_empty_tensor_value_info("y")])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        paths.append(folder / f"{op}_{opset}_{name}.onnx")
        paths[-1].write_bytes(model.SerializeToString())
    return paths


def entries_of(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """The operators of a model with their types as JSON, and the warnings."""
    needs = ModelNeeds(types=True)
    with open_file(str(path)) as file:
        needs.add(read_onnx(file), path.name)
    required = needs.required()
    entries = {
        f"{domain}:{op}": entry_text(required.types.get((domain, op)))
        for (domain, _), ops in required.operators.items()
        for op in ops
    }
    return entries, needs.warnings


@of_wheel
def test_nothing_is_missing_that_the_runtime_makes_of_operators(tmp_path: Path) -> None:
    """But Cast, which it puts around kernels that lack float16."""
    paths = nodes_of_functions(tmp_path)
    missing, loaded = {}, 0
    for path, runs in zip(paths, operators_that_run([str(path) for path in paths]), strict=True):
        if runs is not None:
            loaded += 1
            missing[path.stem] = runs.keys() - entries_of(path)[0].keys() - {"ai.onnx:Cast"}
    assert loaded > 300
    assert {name: ops for name, ops in missing.items() if ops} == {}


@of_wheel
def test_models_of_the_package_onnx_need_what_the_runtime_runs(tmp_path: Path) -> None:
    """All the models of its tests: where operators are missing, a warning said so. Those of float16 run with casts."""
    paths = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in collect_testcases(None):
            if case.model is not None:
                paths.append(tmp_path / f"{case.name}.onnx")
                paths[-1].write_bytes(case.model.SerializeToString())
    loaded = differing = 0
    for path, runs in zip(paths, operators_that_run([str(path) for path in paths]), strict=True):
        if runs is None or "float16" in path.stem or "fp16" in path.stem or "softmax_precision" in path.stem:
            continue
        ours, told = entries_of(path)
        loaded += 1
        differing += any(ours.get(name) != entry for name, entry in runs.items())
        assert any("in place of" in each for each in told) == any(name not in ours for name in runs), path.stem
        assert all(ours[name] == entry for name, entry in runs.items() if name in ours), path.stem
    print(f"{loaded} models, {differing} of them with operators missing, as warnings say")
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
