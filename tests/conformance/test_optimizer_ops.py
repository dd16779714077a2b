"""Every operator that stands in a model when ONNX Runtime has loaded it is required, or said to be added.

``OPSELECT_ONNXRUNTIME_PYTHON`` is an interpreter of Python that has ``onnx`` and ``onnxruntime``.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path

import onnx
import pytest

from opselect.onnxruntime.operators import RequiredOperators
from opselect.onnxruntime.optimizer_ops import added_operators, with_added
from tests.conformance.optimized_models import models

PYTHON = os.environ.get("OPSELECT_ONNXRUNTIME", "")
HERE = Path(__file__).parent
CPP_TYPES = {
    1: "float",
    2: "uint8_t",
    3: "int8_t",
    6: "int32_t",
    7: "int64_t",
    9: "bool",
    10: "MLFloat16",
    11: "double",
}


pytestmark = pytest.mark.skipif(not PYTHON, reason="OPSELECT_ONNXRUNTIME names no interpreter with ONNX Runtime")


def required(model: onnx.ModelProto) -> RequiredOperators:
    opsets = {each.domain: each.version for each in model.opset_import}
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for node in model.graph.node:
        found[node.domain or "ai.onnx", opsets[node.domain]].add(node.op_type)
    return RequiredOperators({key: frozenset(names) for key, names in found.items()})


def element_types(model: onnx.ModelProto) -> set[str]:
    """The types that the inputs and the constants of a model have, and those that its operators cast to."""
    found = {tensor.data_type for tensor in model.graph.initializer}
    found |= {value.type.tensor_type.elem_type for value in model.graph.input}
    found |= {each.i for node in model.graph.node for each in node.attribute if each.name == "to"}
    return {CPP_TYPES[each] for each in found if each in CPP_TYPES}


def test_all_operators_of_optimised_models_are_foreseen(tmp_path: Path) -> None:
    made = dict(models())
    for name, model in made.items():
        onnx.save(model, str(tmp_path / f"{name}.onnx"))
    asked = [PYTHON, str(HERE / "dump_optimized.py"), str(tmp_path)]
    optimized = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
    foreseen = used = 0
    missed: dict[str, list[tuple[str, str]]] = {}
    for name, model in made.items():
        needs = required(model)
        added = added_operators(needs, element_types(model))
        have = {(domain, op) for (domain, _), ops in with_added(needs, added).operators.items() for op in ops}
        new = {(each.domain, each.name) for each in added}
        assert optimized[name], f"{name} was loaded at no level"
        stand = {level: {(domain, op) for domain, op in ops} for level, ops in optimized[name].items()}
        missed |= {f"{name} at {level}": sorted(ops - have) for level, ops in stand.items() if ops - have}
        foreseen += len(new)
        used += len(new & {op for ops in stand.values() for op in ops})
    print(f"{len(made)} models, {foreseen} operators added, {used} of them seen in optimised models")
    assert len(made) >= 150
    assert missed == {}
