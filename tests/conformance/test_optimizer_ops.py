"""Every operator that stands in a model when ONNX Runtime has loaded it is required, or said to be added.

``OPSELECT_ONNXRUNTIME_PYTHON`` is an interpreter of Python that has ``onnx`` and ``onnxruntime``.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from pathlib import Path

import onnx
import pytest

from opselect.onnxruntime.config_file import parse_configuration
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry
from opselect.onnxruntime.optimizer_ops import added_operators, with_added
from opselect.usecases.onnxruntime_texts import onnxruntime_texts
from opselect.usecases.runtime_question import RuntimeOptions, RuntimeQuestion
from opselect.usecases.watch import NOBODY
from tests.conformance.onnxruntime_tools import PYTHON, texts_with_types
from tests.conformance.optimized_models import models

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


pytestmark = pytest.mark.skipif(not PYTHON, reason="OPSELECT_ONNXRUNTIME_PYTHON names no interpreter with ONNX Runtime")


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


def refused(ours: RequiredOperators, theirs: RequiredOperators) -> set[str]:
    """The types of operators that a build of ours lacks and one of theirs has."""
    found = set()
    for operator, entry in ours.types.items():
        needed = theirs.types.get(operator, TypeEntry())
        for kind, positions in (("inputs", entry.inputs), ("outputs", entry.outputs)):
            for position, types in positions.items():
                more = getattr(needed, kind).get(position, frozenset()) - types
                found |= {f"{operator[1]} {kind} {position} {each}" for each in more}
        found |= {f"{operator[1]} {each}" for each in needed.custom - entry.custom if entry.custom}
    return found


def test_the_types_that_optimised_models_use_are_admitted(tmp_path: Path) -> None:
    made = dict(models())
    paths = [str(tmp_path / f"{name}.onnx") for name in made]
    for path, model in zip(paths, made.values(), strict=True):
        onnx.save(model, path)
    told = texts_with_types([[path] for path in paths], "ORT_ENABLE_ALL")
    lacking = {}
    entries = 0
    for path, text in zip(paths, told, strict=True):
        theirs = parse_configuration(text.encode(), path).required
        question = RuntimeQuestion((path,), ("onnxruntime",), RuntimeOptions(types=True, with_optimizer_ops=True))
        written = onnxruntime_texts(question, NOBODY).texts["required_operators.config"]
        ours = parse_configuration(written.encode(), path).required
        entries += len(ours.types)
        have = {(domain, op) for (domain, _), ops in ours.operators.items() for op in ops}
        need = {(domain, op) for (domain, _), ops in theirs.operators.items() for op in ops}
        lacks = refused(ours, theirs) | {f"{domain}:{op}" for domain, op in need - have}
        if lacks:
            lacking[Path(path).stem] = sorted(lacks)
    print(f"{len(made)} models, {entries} operators of them restricted to types")
    assert lacking == {}, str(lacking)
