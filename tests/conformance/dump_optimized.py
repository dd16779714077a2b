"""Writes down which operators stand in models when an ONNX Runtime has loaded them, at every level of optimisation.

Run by an interpreter that has ``onnx`` and ``onnxruntime``, without this project:

    WHEEL/bin/python tests/conformance/dump_optimized.py FOLDER > optimized.json

``{model: {level: [[domain, operator], …]}}`` of the ``.onnx`` files in the folder; a level at which a model cannot be
loaded is not there.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

onnx: Any = importlib.import_module("onnx")
onnxruntime: Any = importlib.import_module("onnxruntime")

LEVELS = ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL")


def operators(graph: Any) -> Iterator[tuple[str, str]]:
    """Domain and name of the operators of a graph and of those in it."""
    for node in graph.node:
        yield node.domain or "ai.onnx", node.op_type
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from operators(attribute.g)


def optimized(model: Path, level: str, out: Path) -> list[tuple[str, str]] | None:
    """What stands in the model at a level; None where the runtime cannot load it."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.optimized_model_filepath = str(out)
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # whatever the runtime raises: it does not load the model, and that is told
        print(f"{model.stem} {level}: {error}", file=sys.stderr)
        return None
    return sorted(set(operators(onnx.load(str(out)).graph)))


def main(folder: Path) -> dict[str, dict[str, list[tuple[str, str]]]]:
    found: dict[str, dict[str, list[tuple[str, str]]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for model in sorted(folder.glob("*.onnx")):
            levels = {level: optimized(model, level, Path(scratch) / "optimized.onnx") for level in LEVELS}
            found[model.stem] = {level: names for level, names in levels.items() if names is not None}
    return found


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1])), sys.stdout)
