"""What must a reduced build of ONNX Runtime be told of some models?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kernel_index.errors import InputError, reading
from kernel_index.records_json import Json
from opselect.build_lists.required_operators import entry_json, required_operators_text
from opselect.models.formats import model_at
from opselect.models.formats.recognize import is_text, recognize_binary
from opselect.models.storage import is_url, join, list_folder, open_file
from opselect.onnxruntime.config_file import MAX_BYTES, ReadConfiguration, parse_configuration
from opselect.onnxruntime.element_types import element_types
from opselect.onnxruntime.merging import merged
from opselect.onnxruntime.models import OnnxModel, read_onnx
from opselect.onnxruntime.operators import RequiredOperators
from opselect.onnxruntime.optimizer_ops import added_to_any, with_added
from opselect.onnxruntime.required import ModelNeeds
from opselect.targets import kind_of
from opselect.usecases.model_names import model_names
from opselect.usecases.only_members import only_member
from opselect.usecases.optimizer_operators import additions_json, additions_warnings
from opselect.usecases.runtime_question import RuntimeQuestion, RuntimeTexts
from opselect.usecases.watch import Watch

_TASK = "Reading models"
_SUFFIX = ".onnx"
_PASS = "Pass an .onnx model, a folder or an archive of them."
_CONFIGURATIONS = (".config", ".txt")
"""How the names of configurations end: ONNX Runtime's tools write the former, others the latter."""
_NAME_MODELS = "What is called .config or .txt is read as a configuration: give a model another name."


def onnxruntime_texts(question: RuntimeQuestion, watch: Watch) -> RuntimeTexts:
    """The configuration of the operators that models need, together with those that other configurations name.

    Raises InputError for what cannot be read, and where the package onnx is not there that reads models.
    """
    named = model_names(model_files(question.models))
    typed = question.options.types
    needs = ModelNeeds(types=typed)
    configurations: dict[str, ReadConfiguration] = {}
    types: frozenset[str] | None = frozenset()
    for number, (path, name) in enumerate(named.items()):
        watch.progress(_TASK, number, len(named))
        with reading(path):  # what is in a model may be nested deeply, too
            if is_configuration(path):
                configurations[name] = _read_configuration(path)
            else:
                model = _read(path)
                needs.add(model, name)
                found = element_types(model)
                types = None if types is None or found is None else types | found
    watch.progress(_TASK, len(named), len(named))
    of_models = [needs.required()] if len(configurations) < len(named) else []
    of_files = [each.required for each in configurations.values()]
    required = merged([*of_models, *of_files])
    added = added_to_any([*((each, types) for each in of_models), *((each, None) for each in of_files)], required)
    extra: Json = {}
    if question.options.with_optimizer_ops:
        required = with_added(required, added)
        extra["added_operators"] = additions_json(added)
    names = tuple(named.values())
    told = [warning for each in configurations.values() for warning in each.warnings]
    told += [*needs.warnings, *_types_left_out(required, configurations, of_models, typed=typed)]
    if not question.options.with_optimizer_ops:
        told += additions_warnings(added)
    return RuntimeTexts(
        names,
        {kind_of("onnxruntime").file: required_operators_text(required, names)},
        _summary(required, len(names) - len(configurations), len(configurations)),
        tuple(told),
        {**details_of(required), **extra},
    )


def is_configuration(path: str) -> bool:
    """Whether an input is a configuration by its name, and no model."""
    return path.lower().endswith(_CONFIGURATIONS)


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
    """The models in a folder, None where there is none. Linked folders are passed over: they may lead in circles."""
    names = list_folder(path)
    if names is None:
        return None
    found: list[str] = []
    for name in names:
        entry = join(path, name)
        linked = not is_url(entry) and Path(entry).is_symlink()
        if linked and Path(entry).is_dir():
            continue
        inside = None if linked else _files_in(entry)
        if inside is not None:
            found += inside
        elif name.lower().endswith(_SUFFIX):  # a link that leads nowhere, too: reading it says so
            found.append(entry)
    return found


def _read(path: str) -> OnnxModel:
    with model_at(only_member(path, (_SUFFIX,), f"{_SUFFIX} model", _PASS)) as place, open_file(place) as file:
        return read_onnx(file)


def _read_configuration(path: str) -> ReadConfiguration:
    with model_at(path) as place, open_file(place) as file:
        kind = None if is_text(file.buffer) else recognize_binary(file.buffer)
        if kind is not None:
            raise InputError(path, f"is no configuration, it looks like {kind.what}", _NAME_MODELS)
        return parse_configuration(file.buffer[: MAX_BYTES + 1], path)


def _types_left_out(
    required: RequiredOperators,
    configurations: Mapping[str, ReadConfiguration],
    of_models: Sequence[RequiredOperators],
    *,
    typed: bool,
) -> Iterator[str]:
    """Of which configurations types do not count, for something else needs all types."""
    if of_models and not typed and any(each.required.types for each in configurations.values()):
        yield "the models count with all types, and configurations restrict some: --types restricts the models, too"
    for name, each in configurations.items():
        if each.required.allowed_types is not None and required.allowed_types is None:
            yield (
                f"{name} restricts the types of all operators, and not everything else does: its operators count with "
                "all types"
            )


def details_of(required: RequiredOperators) -> Json:
    """``{"operators": [{"domain", "opset", "ops": [{"op", "types"}]}]}``; without ``types`` all types are needed.

    ``allowed_types`` is there where types restrict all operators, ``all_operators`` where none are named and all meant.
    """
    rows: list[Json] = []
    for (domain, opset), operators in sorted(required.operators.items()):
        ops: list[Json] = []
        for op in sorted(operators):
            entry = required.types.get((domain, op))
            ops.append({"op": op} if entry is None else {"op": op, "types": entry_json(entry)})
        rows.append({"domain": domain, "opset": opset, "ops": ops})
    told: Json = {"operators": rows}
    if required.allowed_types is not None:
        told["allowed_types"] = sorted(required.allowed_types)
    return {**told, "all_operators": True} if required.all_operators else told


def _summary(required: RequiredOperators, models: int, configurations: int) -> str:
    parts = [
        _counted(number, what) for number, what in ((models, "model"), (configurations, "configuration")) if number
    ]
    need = "needs" if models + configurations == 1 else "need"
    if required.all_operators:
        return f"{' and '.join(parts)} {need} all operators"
    operators = {(domain, op) for (domain, _), ops in required.operators.items() for op in ops}
    restricted = f", {len(required.types):,} of them with types" if required.types else ""
    return f"{' and '.join(parts)} {need} {_counted(len(operators), 'operator')}{restricted}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
