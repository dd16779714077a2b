"""Requirements as the JSON that ``opselect requirements --json`` prints, and back: a file that can be kept."""

from __future__ import annotations

from kernel_index.errors import InputError, OpselectError, Place, reading
from kernel_index.profiles import release_number
from kernel_index.records_json import Json
from opselect.models.storage import open_file
from opselect.requirements.collect import (
    GRAPHS,
    MAX_MODELS_NAMED,
    MAX_NODES_NAMED,
    UNKNOWN_RELEASE,
    WAYS,
    Requirement,
    Requirements,
    Way,
)
from opselect.requirements.json_fields import AGAIN, attr_value, count, json_of, names, typed
from opselect.requirements.kernel_attrs import LABEL_ATTR
from opselect.requirements.loading import Loads
from opselect.requirements.loading.loads_json import loads_json, parse_loads
from opselect.requirements.runtime import KINDS, Origin


def requirements_json(needed: Requirements) -> Json:
    """``{"ops": [{"op", "attrs", "device", "count", "nodes", "models", "model_count"}], "releases", "loads"}``.

    ``ops`` is what the models ask for themselves; an op that the runtime replaces has one more key, ``replaced``, which
    says why. What the runtime makes of nodes stands under ``runtime_ops``, where there is some: rows of the same form
    with ``inserted`` or ``added``, which says why. ``loads`` is as :func:`loads_json` says.
    ``runs`` is there where ``loads`` does not say how the models are run. Warnings are not in it.
    """
    rows: dict[str, list[Json]] = {"ops": [], "runtime_ops": []}
    for item in needed.items:
        own = item.origin is None or item.origin.kind == "replaced"
        rows["ops" if own else "runtime_ops"].append(_row(item))
    return {
        **{key: found for key, found in rows.items() if found or key == "ops"},
        "releases": list(needed.releases),
        "loads": loads_json(needed.loads),
        **({} if needed.runs in (frozenset(), _told_by(needed.loads)) else {"runs": sorted(needed.runs)}),
    }


def _row(item: Requirement) -> Json:
    return {
        "op": item.op,
        "attrs": item.attrs_json(),
        "device": item.device,
        "count": item.count,
        "nodes": list(item.nodes),
        "models": list(item.models),
        "model_count": item.model_count,
        **({item.origin.kind: item.origin.why} if item.origin is not None else {}),
    }


def load_requirements(path: str) -> Requirements:
    """The requirements in a file that holds what :func:`requirements_json` gives.

    Raises InputError for what cannot be read or is no such file, with the line or the value that is wrong.
    """
    with reading(path):
        return _loaded(path)


def _loaded(path: str) -> Requirements:
    with open_file(path) as file:
        data = file.buffer[:]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Place(path, byte=error.start), "the text is not valid UTF-8", AGAIN) from None
    return parse_requirements(json_of(text, path, AGAIN), path)


def parse_requirements(data: object, path: str) -> Requirements:
    """What :func:`requirements_json` gave; ``path`` is where it is from.

    Keys may be missing, but for ``ops`` and the ``op`` of each, and keys that are not known are passed over. Raises
    InputError that names the value that is wrong.
    """
    fields = typed(data, dict, "the top level", path)
    rows = {"ops": typed(fields.get("ops"), list, "ops", path)}
    rows["runtime_ops"] = typed(fields.get("runtime_ops", []), list, "runtime_ops", path)
    releases = names(fields.get("releases", [UNKNOWN_RELEASE]), "releases", path)
    for release in releases:
        if release != UNKNOWN_RELEASE:
            _check_release(release, path)
    items = (_item(op, f"{key}[{number}]", path) for key, ops in rows.items() for number, op in enumerate(ops))
    # A file of before there were such facts says nothing of how its models are loaded.
    loads = parse_loads(fields["loads"], "loads", path) if "loads" in fields else Loads(unknown=(_base_name(path),))
    runs = _runs(fields["runs"], path) if "runs" in fields else _told_by(loads)
    parts = [Requirements((item,), runs=runs) for item in items]
    return Requirements.merge([*parts, Requirements((), (), releases, loads, runs)])


def _told_by(loads: Loads) -> frozenset[Way]:
    """How models are run, by their facts: only of ops that are run one by one there are uses and no graph."""
    return frozenset(("ops",)) if loads.uses and not (loads.graphs or loads.unknown) else GRAPHS


def _runs(value: object, path: str) -> frozenset[Way]:
    unknown = set(names(value, "runs", path)).difference(WAYS)
    if unknown or not value:
        raise InputError(path, f"runs must be some of {', '.join(WAYS)}", AGAIN)
    return frozenset(way for way in WAYS if way in names(value, "runs", path))


def _base_name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _check_release(release: str, path: str) -> None:
    try:
        release_number(release)
    except OpselectError:
        raise InputError(path, f"releases: {release!r} is no TensorFlow version", AGAIN) from None


def _item(data: object, where: str, path: str) -> Requirement:
    fields = typed(data, dict, where, path)
    attrs = dict(typed(fields.get("attrs", {}), dict, f"{where}.attrs", path))
    label = typed(attrs.pop(LABEL_ATTR, ""), str, f"{where}.attrs.{LABEL_ATTR}", path)
    models = names(fields.get("models", []), f"{where}.models", path)
    return Requirement(
        op=typed(fields.get("op"), str, f"{where}.op", path),
        attrs=tuple((name, attr_value(attrs[name], f"{where}.attrs.{name}", path)) for name in sorted(attrs)),
        device=typed(fields.get("device", ""), str, f"{where}.device", path),
        label=label,
        count=count(fields.get("count", 1), 1, f"{where}.count", path),
        nodes=names(fields.get("nodes", []), f"{where}.nodes", path)[:MAX_NODES_NAMED],
        models=models[:MAX_MODELS_NAMED],
        model_count=count(
            fields.get("model_count", max(1, len(models))), max(1, len(models)), f"{where}.model_count", path
        ),
        origin=_origin(fields, where, path),
    )


def _origin(fields: dict[object, object], where: str, path: str) -> Origin | None:
    found = [Origin(kind, typed(fields[kind], str, f"{where}.{kind}", path)) for kind in KINDS if kind in fields]
    if len(found) > 1:
        raise InputError(path, f"{where} has both {found[0].kind} and {found[1].kind}", AGAIN)
    return found[0] if found else None
