"""Requirements as the JSON that ``opselect requirements --json`` prints, and back: a file that can be kept."""

from __future__ import annotations

import json
from typing import TypeVar

from kernel_index.datatypes import from_enum_name
from kernel_index.errors import InputError, OpselectError, Place
from kernel_index.profiles import release_number
from kernel_index.records import AttrScalar, AttrValue
from opselect.kernel_attrs import LABEL_ATTR
from opselect.registration_json import Json
from opselect.requirements import MAX_MODELS_NAMED, MAX_NODES_NAMED, UNKNOWN_RELEASE, Requirement, Requirements
from opselect.runtime import KINDS, Origin
from opselect.storage import open_file

_T = TypeVar("_T")

_MOST = 10**15  # of nodes and models: sums of such numbers can always be printed
_AGAIN = "Write the file again with `opselect requirements MODEL --json`."
_JSON_NAMES = {dict: "an object", list: "a list", str: "a string", int: "a whole number"}


def requirements_json(needed: Requirements) -> Json:
    """``{"ops": [{"op", "attrs", "device", "count", "nodes", "models", "model_count"}], "releases"}``, no warnings.

    ``unreached`` are the names of :attr:`Requirements.unreached`, where there are some.

    ``ops`` is what the models ask for themselves; an op that the runtime replaces has one more key, ``replaced``, which
    says why. What the runtime makes of nodes stands under ``runtime_ops``, where there is some: rows of the same form
    with ``inserted`` or ``added``, which says why.
    """
    rows: dict[str, list[Json]] = {"ops": [], "runtime_ops": []}
    for item in needed.items:
        own = item.origin is None or item.origin.kind == "replaced"
        rows["ops" if own else "runtime_ops"].append(_row(item))
    found: Json = {key: found for key, found in rows.items() if found or key == "ops"}
    unreached: Json = {"unreached": list(needed.unreached)} if needed.unreached else {}
    return {**found, **unreached, "releases": list(needed.releases)}


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
    with open_file(path) as file:
        data = file.buffer[:]
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(Place(path, byte=error.start), "the text is not valid UTF-8", _AGAIN) from None
    except json.JSONDecodeError as error:
        raise InputError(Place(path, line=error.lineno), f"is no JSON: {error.msg}", _AGAIN) from None
    except (RecursionError, ValueError):
        # Python refuses to nest without end, and to read numbers of thousands of digits.
        raise InputError(path, "is no JSON that opselect writes", _AGAIN) from None
    return parse_requirements(document, path)


def parse_requirements(data: object, path: str) -> Requirements:
    """What :func:`requirements_json` gave; ``path`` is where it is from.

    Keys may be missing, but for ``ops`` and the ``op`` of each, and keys that are not known are passed over. Raises
    InputError that names the value that is wrong.
    """
    fields = _typed(data, dict, "the top level", path)
    rows = {"ops": _typed(fields.get("ops"), list, "ops", path)}
    rows["runtime_ops"] = _typed(fields.get("runtime_ops", []), list, "runtime_ops", path)
    releases = _names(fields.get("releases", [UNKNOWN_RELEASE]), "releases", path)
    for release in releases:
        if release != UNKNOWN_RELEASE:
            _check_release(release, path)
    items = (_item(op, f"{key}[{number}]", path) for key, ops in rows.items() for number, op in enumerate(ops))
    unreached = _names(fields.get("unreached", []), "unreached", path)
    rest = Requirements(releases=releases, unreached=unreached)
    return Requirements.merge([*(Requirements((item,)) for item in items), rest])


def _check_release(release: str, path: str) -> None:
    try:
        release_number(release)
    except OpselectError:
        raise InputError(path, f"releases: {release!r} is no TensorFlow version", _AGAIN) from None


def _item(data: object, where: str, path: str) -> Requirement:
    fields = _typed(data, dict, where, path)
    attrs = dict(_typed(fields.get("attrs", {}), dict, f"{where}.attrs", path))
    label = _typed(attrs.pop(LABEL_ATTR, ""), str, f"{where}.attrs.{LABEL_ATTR}", path)
    models = _names(fields.get("models", []), f"{where}.models", path)
    return Requirement(
        op=_typed(fields.get("op"), str, f"{where}.op", path),
        attrs=tuple((name, _value(attrs[name], f"{where}.attrs.{name}", path)) for name in sorted(attrs)),
        device=_typed(fields.get("device", ""), str, f"{where}.device", path),
        label=label,
        count=_count(fields.get("count", 1), 1, f"{where}.count", path),
        nodes=_names(fields.get("nodes", []), f"{where}.nodes", path)[:MAX_NODES_NAMED],
        models=models[:MAX_MODELS_NAMED],
        model_count=_count(
            fields.get("model_count", max(1, len(models))), max(1, len(models)), f"{where}.model_count", path
        ),
        origin=_origin(fields, where, path),
    )


def _origin(fields: dict[object, object], where: str, path: str) -> Origin | None:
    found = [Origin(kind, _typed(fields[kind], str, f"{where}.{kind}", path)) for kind in KINDS if kind in fields]
    if len(found) > 1:
        raise InputError(path, f"{where} has both {found[0].kind} and {found[1].kind}", _AGAIN)
    return found[0] if found else None


def _value(value: object, where: str, path: str) -> AttrValue:
    if isinstance(value, list):
        return tuple(_scalar(element, f"{where}[{number}]", path) for number, element in enumerate(value))
    return _scalar(value, where, path)


def _scalar(value: object, where: str, path: str) -> AttrScalar:
    if isinstance(value, str):
        return (from_enum_name(value) if value.startswith("DT_") else None) or value
    if isinstance(value, bool | int | float):
        return value
    raise InputError(path, f"{where} is no value of an attr", _AGAIN)


def _names(value: object, where: str, path: str) -> tuple[str, ...]:
    elements = _typed(value, list, where, path)
    return tuple(sorted({_typed(element, str, f"{where}[{n}]", path) for n, element in enumerate(elements)}))


def _count(value: object, least: int, where: str, path: str) -> int:
    count = _typed(value, int, where, path)
    if count < least:
        raise InputError(path, f"{where} must be at least {least}", _AGAIN)
    if count > _MOST:
        raise InputError(path, f"{where} must be at most {_MOST}", _AGAIN)
    return count


def _typed(value: object, wanted: type[_T], where: str, path: str) -> _T:
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    raise InputError(path, f"{where} must be {_JSON_NAMES[wanted]}", _AGAIN)
