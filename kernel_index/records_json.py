"""Records as JSON: the shapes that scripts may rely on (``docs/scripts.md``)."""

from __future__ import annotations

from collections.abc import Iterable

from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar, AttrValue, KernelRegistration, LibraryOrigin

Json = dict[str, object]


def scalar_json(value: AttrScalar) -> str | int | float | bool:
    """An attr value; a data type as its enum name, such as ``DT_FLOAT``."""
    return value.name if isinstance(value, DataType) else value


def value_json(value: AttrValue) -> object:
    """An attr value, a list where it is list-valued."""
    return [scalar_json(item) for item in value] if isinstance(value, tuple) else scalar_json(value)


def attrs_json(attrs: Iterable[tuple[str, AttrValue]]) -> Json:
    """Attrs by name."""
    return {name: value_json(value) for name, value in attrs}


def allowed_json(values: Iterable[AttrScalar]) -> list[object]:
    """The admitted values of a constraint: data types as enum names, sorted by name."""
    return sorted((scalar_json(value) for value in values), key=lambda value: (isinstance(value, str), value))


def registration_json(registration: KernelRegistration) -> Json:
    """One registration; ``line`` is that of the outermost macro call.

    ``condition`` is there only where one hides the registration from mobile builds, ``unit``, the source file to
    compile, only where the macro call stands in a header.
    """
    constraints = sorted(registration.constraints, key=lambda constraint: constraint.attr)
    document: Json = {
        "op": registration.op,
        "device": registration.device,
        "label": registration.label,
        "priority": registration.priority,
        "constraints": {constraint.attr: allowed_json(constraint.allowed) for constraint in constraints},
        "host_memory_args": list(registration.host_memory_args),
        "kernel_class": registration.kernel_class,
        "file": registration.location.file,
        "line": registration.location.line,
        "profiles": list(registration.profiles),
        "system": registration.system,
    }
    if registration.unit:
        document["unit"] = registration.unit
    condition = registration.condition
    if condition is not None:
        document["condition"] = {
            "macro": condition.macro,
            "defined": condition.defined,
            "text": condition.text,
            "file": condition.location.file,
            "line": condition.location.line,
            **({"needs": condition.needs} if condition.needs else {}),
        }
    return document


def origin_json(origin: LibraryOrigin | None) -> Json | None:
    """Where an index of libraries has what from; None of an index of sources."""
    if origin is None:
        return None
    return {
        "libraries": list(origin.libraries),
        "profile": origin.profile,
        "base": origin.base,
        "read": list(origin.read),
        "borrowed": list(origin.borrowed),
        "unknown": list(origin.unknown),
    }
