"""Models as text → what a build needs for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onnx import ModelProto

from opselect.models.storage import open_file
from opselect.onnxruntime.models import read_onnx
from opselect.onnxruntime.required import ModelNeeds
from tests.opselect.onnx_models import onnx_model


def needs_of(folder: Path, *models: str | ModelProto, types: bool = True) -> ModelNeeds:
    """What models need together; ``a``, ``b`` and so on are their names."""
    needs = ModelNeeds(types=types)
    for name, model in zip("abcdef", models, strict=False):
        path = folder / f"{name}.onnx"
        proto = onnx_model(model) if isinstance(model, str) else model
        path.write_bytes(proto.SerializeToString())
        with open_file(str(path)) as file:
            needs.add(read_onnx(file), name)
    return needs


def operators_of(folder: Path, *models: str | ModelProto) -> Mapping[str, list[str]]:
    """The operators by ``domain;opset``, without types."""
    required = needs_of(folder, *models, types=False).required()
    return {f"{domain};{opset}": sorted(ops) for (domain, opset), ops in required.operators.items()}


def types_of(folder: Path, *models: str | ModelProto) -> Mapping[str, object]:
    """The types of the operators of ONNX by name: those of inputs, of outputs, and together, as far as there are any;
    just the types where it is the first input's alone.
    """
    found: dict[str, object] = {}
    for (domain, op), entry in needs_of(folder, *models).required().types.items():
        inputs = {position: sorted(types) for position, types in entry.inputs.items()}
        outputs = {position: sorted(types) for position, types in entry.outputs.items()}
        told = [part for part in (inputs, outputs, sorted(entry.custom)) if part]
        name = op if domain == "ai.onnx" else f"{domain}:{op}"
        found[name] = inputs[0] if told == [{0: inputs.get(0)}] and inputs else told
    return found
