"""What must a reduced build of ONNX Runtime be told of some models?"""

from __future__ import annotations

from collections.abc import Sequence

from kernel_index.errors import InputError, reading
from kernel_index.records_json import Json
from opselect.build_lists.required_operators import entry_json, required_operators_text
from opselect.models.formats import model_at
from opselect.models.storage import join, list_folder, open_file
from opselect.onnxruntime.models import OnnxModel, read_onnx
from opselect.onnxruntime.operators import RequiredOperators
from opselect.onnxruntime.required import ModelNeeds
from opselect.targets import kind_of
from opselect.usecases.model_names import model_names
from opselect.usecases.runtime_question import RuntimeQuestion, RuntimeTexts
from opselect.usecases.watch import Watch

_TASK = "Reading models"
_SUFFIX = ".onnx"


def onnxruntime_texts(question: RuntimeQuestion, watch: Watch) -> RuntimeTexts:
    """The configuration of the operators that models need, together with those that other configurations name."""
    named = model_names(model_files(question.models))
    needs = ModelNeeds(types=question.options.types)
    for number, (path, name) in enumerate(named.items()):
        watch.progress(_TASK, number, len(named))
        with reading(path):  # what is in a model may be nested deeply, too
            needs.add(_read(path), name)
    watch.progress(_TASK, len(named), len(named))
    required = needs.required()
    names = tuple(named.values())
    return RuntimeTexts(
        names,
        {kind_of("onnxruntime").file: required_operators_text(required, names)},
        _summary(required, len(names), types=question.options.types),
        needs.warnings,
        details_of(required),
    )


def model_files(inputs: Sequence[str]) -> tuple[str, ...]:
    """The inputs with those in place of folders that are in them, however deep, sorted.

    Raises InputError for a folder without any and for one that cannot be read.
    """
    found: list[str] = []
    for path in inputs:
        inside = _files_in(path)
        if inside is not None and not inside:
            raise InputError(path, f"no {_SUFFIX} file is in the folder", "Name the models themselves.")
        found += [path] if inside is None else inside
    return tuple(found)


def _files_in(path: str) -> list[str] | None:
    names = list_folder(path) if "!" not in path else None
    if names is None:
        return None
    found: list[str] = []
    for name in names:
        inside = _files_in(join(path, name))
        if inside is not None:
            found += inside
        elif name.lower().endswith(_SUFFIX):
            found.append(join(path, name))
    return found


def _read(path: str) -> OnnxModel:
    with model_at(path) as place, open_file(place) as file:
        return read_onnx(file)


def details_of(required: RequiredOperators) -> Json:
    """``{"operators": [{"domain", "opset", "ops": [{"op", "types"}]}]}``; without ``types`` all types are needed."""
    rows: list[Json] = []
    for (domain, opset), operators in sorted(required.operators.items()):
        ops: list[Json] = []
        for op in sorted(operators):
            entry = required.types.get((domain, op))
            ops.append({"op": op} if entry is None else {"op": op, "types": entry_json(entry)})
        rows.append({"domain": domain, "opset": opset, "ops": ops})
    return {"operators": rows}


def _summary(required: RequiredOperators, models: int, *, types: bool) -> str:
    operators = {(domain, op) for (domain, _), ops in required.operators.items() for op in ops}
    whose = "1 model needs" if models == 1 else f"{models:,} models need"
    many = "1 operator" if len(operators) == 1 else f"{len(operators):,} operators"
    restricted = f", {len(required.types):,} of them with types" if types else ""
    return f"{whose} {many}{restricted}"
