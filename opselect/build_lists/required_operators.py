"""``required_operators.config``: the operators of a reduced build of ONNX Runtime, and their types.

Source of the form: ``create_config_from_models`` in ``tools/python/util/ort_format_model/utils.py`` of ONNX Runtime
writes it, ``tools/python/util/reduced_build_config_parser.py`` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from kernel_index.records_json import Json
from kernel_index.shown import visible
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry


def required_operators_text(required: RequiredOperators, sources: Iterable[str]) -> str:
    """The file; ``sources`` are the names of what it was made of."""
    lines = ["# Generated from model/s:", *(f"# - {_one_line(source)}" for source in sorted(sources))]
    if required.all_operators:
        lines.append("!no_ops_specified_means_all_ops_are_required")
    if required.allowed_types is not None:
        lines.append(f"!globally_allowed_types;{','.join(sorted(required.allowed_types))}")
    for (domain, opset), operators in sorted(required.operators.items()):
        if operators:
            entries = (f"{op}{entry_text(required.types.get((domain, op)))}" for op in sorted(operators))
            lines.append(f"{domain};{opset};{','.join(entries)}")
    return "\n".join(lines) + "\n"


def entry_text(entry: TypeEntry | None) -> str:
    """The JSON behind the name of an operator; empty where nothing is restricted."""
    told = entry_json(entry) if entry is not None else {}
    return json.dumps(told) if told else ""


def entry_json(entry: TypeEntry) -> Json:
    """``{"inputs": {position: [types]}, "outputs": …, "custom": [[types]]}``, of which what is empty is left out."""
    told: Json = {}
    for key, positions in (("inputs", entry.inputs), ("outputs", entry.outputs)):
        if positions:
            told[key] = {str(position): sorted(positions[position]) for position in sorted(positions)}
    if entry.custom:
        told["custom"] = [list(types) for types in sorted(entry.custom)]
    return told


def _one_line(name: str) -> str:
    return visible(name).replace("\n", "\\n")
