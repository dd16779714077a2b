"""The manifest as people read it: the same files, each with why it is there in a line.

``manifest.yaml`` has this; ``manifest.json`` has every registration, attr, node and note.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kernel_index.records_json import Json
from opselect.requirements.collect import MAX_MODELS_NAMED, MAX_NODES_NAMED

_DEFINES_IT = "defines the op"
_MAY_BE_INSERTED = "may be inserted"


def for_reading(data: Mapping[str, Any]) -> Json:
    """A :func:`manifest` in short.

    ``files`` are the sources, with ``path``, ``role`` and ``why``, a line for each kernel; ``headers`` are paths. The
    first of the nodes that ask for a kernel is named, and how many more are known; models are named in these lines
    where there are several, and otherwise once. What is missing, left out or refused keeps its keys.
    """
    files, models = data["files"], _models(data["files"])
    short: Json = {"tensorflow": data["tensorflow"], "profile": data["profile"]}
    if models:
        short["models"] = models
    short["files"] = [
        {"path": each["path"], "role": each["role"], "why": _lines(each["reasons"], several=len(models) > 1)}
        for each in files
        if each["role"] != "header"
    ]
    short["headers"] = [each["path"] for each in files if each["role"] == "header"]
    return {**short, **{key: value for key, value in data.items() if key not in {*short, "kernels"}}}


def _models(files: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(model for each in files for reason in each["reasons"] for model in reason["models"]))


def _lines(reasons: Iterable[Mapping[str, Any]], *, several: bool) -> list[str]:
    """Why a file is there: one line for all the ops it defines, one a kernel, and what was noted otherwise."""
    defined: list[str] = []
    lines: dict[str, None] = {}
    for reason in reasons:
        if reason["note"] == _DEFINES_IT:
            defined.append(reason["op"])
        else:
            lines[_line(reason, several=several)] = None
    return [f"defines {', '.join(defined)}", *lines] if defined else [*lines]


def _line(reason: Mapping[str, Any], *, several: bool) -> str:
    parts = [", ".join([reason["op"], *(f"{name} {_value(value)}" for name, value in reason["attrs"].items())])]
    if reason["kernel_class"]:
        parts.append(reason["kernel_class"])
    kernel = ", ".join(filter(None, parts))
    # Where and when the runtime inserts an op is more than a line holds.
    note = _MAY_BE_INSERTED if reason["note"].startswith(f"{_MAY_BE_INSERTED}:") else reason["note"]
    asked = _first(reason["nodes"], "node", MAX_NODES_NAMED)
    if several and reason["models"]:
        asked = " in ".join(filter(None, [asked, _first(reason["models"], "model", MAX_MODELS_NAMED)]))
    why = f"{note} for {asked}" if note and asked else note or asked
    return ": ".join(filter(None, [kernel, why]))


def _value(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _first(names: list[str], what: str, most: int) -> str:
    """The first name, and how many more are known: of many, the manifest knows the first alone."""
    more = len(names) - 1
    if more <= 0:
        return "".join(names)
    return f"{names[0]} and {'at least ' if len(names) >= most else ''}{more} more {what}{'s' if more > 1 else ''}"
