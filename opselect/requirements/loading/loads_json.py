"""The facts of graphs as JSON and back, as part of requirements that are kept."""

from __future__ import annotations

from collections.abc import Mapping

from kernel_index.datatypes import from_enum_name
from kernel_index.errors import InputError
from kernel_index.records import AttrScalar, AttrValue
from kernel_index.records_json import Json, value_json
from opselect.models.graph import Shape
from opselect.requirements.json_fields import AGAIN, MOST, count, names, typed
from opselect.requirements.loading.uses import (
    MAX_MODELS_NAMED,
    MAX_NODES_NAMED,
    AttrUse,
    GraphUse,
    Loads,
    LoadsMerger,
    Use,
)


def loads_json(loads: Loads) -> Json:
    """``{"uses": […], "graphs": […], "unknown": […]}``; what is as usual is left out of a row."""
    return {
        "uses": [_use_json(use) for use in loads.uses],
        "graphs": [
            {
                "producer": graph.producer,
                "min_consumer": graph.min_consumer,
                "bad_consumers": list(graph.bad_consumers),
                "models": list(graph.models),
            }
            for graph in loads.graphs
        ],
        "unknown": list(loads.unknown),
    }


def _use_json(use: Use) -> Json:
    flags = {name: True for name in ("in_function", "lowered", "is_call") if getattr(use, name)}
    return {
        "op": use.op,
        "attrs": {attr.name: _attr_json(attr) for attr in use.attrs},
        "inputs": None if use.inputs is None else list(use.inputs),
        "producer": use.producer,
        **flags,
        **{name: text for name in ("misfit", "refused") if (text := getattr(use, name))},
        "count": use.count,
        "nodes": list(use.nodes),
        "models": list(use.models),
    }


def _attr_json(attr: AttrUse) -> Json:
    value = attr.value
    if value is None:
        return {"kind": attr.kind} | ({"length": attr.length} if attr.length >= 0 else {})
    if isinstance(value, Shape):
        return {"kind": attr.kind, "value": None if value.dims is None else list(value.dims)}
    return {"kind": attr.kind, "value": value_json(value)}


def parse_loads(data: object, where: str, path: str) -> Loads:
    """What :func:`loads_json` gave. Raises InputError that names the value that is wrong."""
    fields = typed(data, dict, where, path)
    merger = LoadsMerger()
    for number, row in enumerate(typed(fields.get("uses", []), list, f"{where}.uses", path)):
        merger.add(Loads((_use(row, f"{where}.uses[{number}]", path),)))
    for number, row in enumerate(typed(fields.get("graphs", []), list, f"{where}.graphs", path)):
        merger.add(Loads(graphs=(_graph(row, f"{where}.graphs[{number}]", path),)))
    merger.add(Loads(unknown=names(fields.get("unknown", []), f"{where}.unknown", path)))
    return merger.merged()


def _graph(data: object, where: str, path: str) -> GraphUse:
    fields = typed(data, dict, where, path)
    bad = typed(fields.get("bad_consumers", []), list, f"{where}.bad_consumers", path)
    return GraphUse(
        _version(fields.get("min_consumer", 0), f"{where}.min_consumer", path),
        tuple(sorted({_version(each, f"{where}.bad_consumers", path) for each in bad})),
        _version(fields.get("producer", 0), f"{where}.producer", path),
        names(fields.get("models", []), f"{where}.models", path)[:MAX_MODELS_NAMED],
    )


def _version(value: object, where: str, path: str) -> int:
    return count(value, -MOST, where, path)


def _use(data: object, where: str, path: str) -> Use:
    fields = typed(data, dict, where, path)
    attrs = typed(fields.get("attrs", {}), dict, f"{where}.attrs", path)
    inputs = fields.get("inputs")
    if inputs is not None:
        listed = typed(inputs, list, f"{where}.inputs", path)
        inputs = tuple(typed(each, str, f"{where}.inputs[{n}]", path) for n, each in enumerate(listed))
    return Use(
        typed(fields.get("op"), str, f"{where}.op", path),
        tuple(_attr(name, attrs[name], f"{where}.attrs.{name}", path) for name in sorted(attrs)),
        inputs,
        in_function=_flag(fields, "in_function", where, path),
        lowered=_flag(fields, "lowered", where, path),
        is_call=_flag(fields, "is_call", where, path),
        misfit=typed(fields.get("misfit", ""), str, f"{where}.misfit", path),
        refused=typed(fields.get("refused", ""), str, f"{where}.refused", path),
        producer=_version(fields.get("producer", 0), f"{where}.producer", path),
        count=count(fields.get("count", 1), 1, f"{where}.count", path),
        nodes=names(fields.get("nodes", []), f"{where}.nodes", path)[:MAX_NODES_NAMED],
        models=names(fields.get("models", []), f"{where}.models", path)[:MAX_MODELS_NAMED],
    )


def _flag(fields: Mapping[str, object], name: str, where: str, path: str) -> bool:
    return typed(fields.get(name, False), bool, f"{where}.{name}", path)


def _attr(name: str, data: object, where: str, path: str) -> AttrUse:
    fields = typed(data, dict, where, path)
    kind = typed(fields.get("kind"), str, f"{where}.kind", path)
    if "value" not in fields:
        return AttrUse(name, kind, None, count(fields.get("length", -1), -1, f"{where}.length", path))
    return AttrUse(name, kind, _value(fields["value"], kind, f"{where}.value", path))


def _value(value: object, kind: str, where: str, path: str) -> AttrValue | Shape:
    if kind == "shape":
        if value is None:
            return Shape()
        return Shape(tuple(typed(dim, int, where, path) for dim in typed(value, list, where, path)))
    element = kind.removeprefix("list(").removesuffix(")")
    if element == kind:
        return _scalar(value, kind, where, path)
    return tuple(_scalar(item, element, where, path) for item in typed(value, list, where, path))


def _scalar(value: object, kind: str, where: str, path: str) -> AttrScalar:
    if kind == "type":
        data_type = from_enum_name(typed(value, str, where, path))
        if data_type is None:
            raise InputError(path, f"{where} is no data type", AGAIN)
        return data_type
    if kind == "float":
        return value if isinstance(value, float) else float(typed(value, int, where, path))
    if kind == "bool":
        return typed(value, bool, where, path)
    if kind == "int":
        return typed(value, int, where, path)
    if kind == "string":
        return typed(value, str, where, path)
    if isinstance(value, str | bool | int | float):
        return value  # of a list of several kinds, which no release takes
    raise InputError(path, f"{where} is no value of an attr", AGAIN)
