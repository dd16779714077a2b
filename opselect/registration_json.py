"""Records as JSON: the shapes that scripts may rely on (README, "What scripts may rely on")."""

from __future__ import annotations

from collections.abc import Iterable

from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar, AttrValue, KernelRegistration
from opselect.requirements import Requirement

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

    ``condition`` is there only where one hides the registration from mobile builds.
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
    condition = registration.condition
    if condition is not None:
        document["condition"] = {
            "macro": condition.macro,
            "defined": condition.defined,
            "text": condition.text,
            "file": condition.location.file,
            "line": condition.location.line,
        }
    return document


def requirement_attrs(requirement: Requirement) -> Json:
    """The attrs of a requirement; a kernel label that nodes ask for is their attr ``_kernel``, as in the graph."""
    attrs = attrs_json(requirement.attrs)
    if requirement.label:
        attrs["_kernel"] = requirement.label
    return attrs


def requirement_json(requirement: Requirement) -> Json:
    """One requirement."""
    return {
        "op": requirement.op,
        "attrs": requirement_attrs(requirement),
        "device": requirement.device,
        "count": requirement.count,
        "nodes": list(requirement.nodes),
        "models": list(requirement.models),
    }
