"""Write what a running TensorFlow says of itself: its registered kernels and its op definitions.

    PYTHON_WITH_TENSORFLOW tests/conformance/dump_registry.py FOLDER

writes ``registered_kernels_VERSION.json.gz`` and ``op_definitions_VERSION.json.gz``, which ``registry.py`` and
``op_definitions.py`` beside this file compare with a scan. It imports nothing but TensorFlow, and runs under the
Pythons that old wheels need (3.7 and newer; releases from 1.13 on have the list of kernels).
"""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from operator import attrgetter
from pathlib import Path
from typing import Any, Callable  # noqa: UP035 - collections.abc.Callable takes no arguments before Python 3.9


def _first_of(*names: str) -> Any:
    """The first of some modules or ``module:attribute`` that this TensorFlow has; they move between releases."""
    for name in names:
        module, _, attribute = name.partition(":")
        try:
            found = importlib.import_module(module)
            return attrgetter(attribute)(found) if attribute else found
        except (ImportError, AttributeError):
            continue
    raise SystemExit(f"this TensorFlow has none of {', '.join(names)}")


TypeName = Callable[[int], str]
"""The name of a data type, such as ``DT_FLOAT``, by its number."""


def _scalar(value: Any, field: str, type_name: TypeName) -> object:
    """One value of an ``AttrValue`` in JSON: types by name, what has no short form as ``OPAQUE``."""
    if field == "type":
        return type_name(value)
    if field == "s":
        return value.decode("utf-8", "surrogateescape")
    return value if field in {"i", "f", "b"} else "OPAQUE"


def _listed(values: Any, type_name: TypeName) -> list[object]:
    """The values of an ``AttrValue.ListValue``; of its fields at most one is not empty."""
    for field, found in values.ListFields():
        return [_scalar(value, field.name, type_name) for value in found]
    return []


def _value(value: Any, type_name: TypeName) -> object:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    return _listed(value.list, type_name) if kind == "list" else _scalar(getattr(value, kind), kind, type_name)


def _argument_type(argument: Any, type_name: TypeName) -> str:
    """The type of an argument as ``REGISTER_OP`` spells it, such as ``N * T`` or ``Ref(float)``."""
    if argument.type_list_attr:
        return str(argument.type_list_attr)
    text = argument.type_attr or type_name(argument.type)[len("DT_") :].lower()
    if argument.number_attr:
        text = f"{argument.number_attr} * {text}"
    return f"Ref({text})" if argument.is_ref else text


def op_definitions(ops: Any, type_name: TypeName) -> dict[str, dict[str, Any]]:
    """An ``OpList`` as the table of definitions: name to signature, attrs, statefulness and deprecation."""
    return {
        op.name: {
            "in": [a.name for a in op.input_arg],
            "in_types": [_argument_type(a, type_name) for a in op.input_arg],
            "out": [a.name for a in op.output_arg],
            "out_types": [_argument_type(a, type_name) for a in op.output_arg],
            "stateful": op.is_stateful,
            "deprecated": op.deprecation.version if op.HasField("deprecation") else None,
            "attrs": {
                a.name: {
                    "type": a.type,
                    "allowed": _value(a.allowed_values, type_name) if a.HasField("allowed_values") else None,
                    "min": a.minimum if a.has_minimum else None,
                    "has": a.HasField("default_value"),
                    "default": _value(a.default_value, type_name) if a.HasField("default_value") else None,
                }
                for a in op.attr
            },
        }
        for op in ops.op
    }


def kernels(definitions: dict[str, dict[str, Any]], types: Any) -> list[dict[str, object]]:
    """A row for each registered kernel, with the class that TensorFlow finds for a node that the kernel admits.

    ``types`` is TensorFlow's enumeration of data types. ``note`` says where the look-up fails. A kernel that another
    one of higher priority hides gets the other's class.
    """
    list_kernels = _first_of("tensorflow.python.framework.kernels:get_all_registered_kernels")
    find_class = _first_of(
        "tensorflow.python.util._pywrap_kernel_registry:TryFindKernelClass",
        "tensorflow.python._pywrap_kernel_registry:TryFindKernelClass",
        "tensorflow.python.pywrap_tensorflow:TryFindKernelClass",
    )
    new_node = _first_of("tensorflow.core.framework.node_def_pb2:NodeDef")
    rows: list[dict[str, object]] = []
    for kernel in list_kernels().kernel:
        node = new_node(name="n", op=kernel.op, device=f"/device:{kernel.device_type}:0")
        if kernel.label:
            node.attr["_kernel"].s = kernel.label.encode()
        attrs = definitions.get(kernel.op, {}).get("attrs", {})
        constraints: dict[str, object] = {}
        for constraint in kernel.constraint:
            values = constraint.allowed_values.list
            constraints[constraint.name] = _listed(values, types.Name)
            field, numbers = values.ListFields()[0]
            if attrs.get(constraint.name, {}).get("type", "").startswith("list("):
                getattr(node.attr[constraint.name].list, field.name).append(numbers[0])
            else:
                setattr(node.attr[constraint.name], field.name, numbers[0])
        found = find_class(node.SerializeToString())
        # A node must have each attr that some kernel of its op constrains, though this kernel admits any value.
        free = [name for name, attr in attrs.items() if attr["type"] == "type" and name not in constraints]
        for number in types.values()[1:] if free else ():
            if found:
                break
            for name in free:
                node.attr[name].type = number
            found = find_class(node.SerializeToString())
        rows.append(
            {
                "op": kernel.op,
                "device": kernel.device_type,
                "label": kernel.label,
                "priority": kernel.priority,
                "constraints": constraints,
                "host_memory_arg": list(kernel.host_memory_arg),
                "kernel_class": found.decode() if found else "",
                "note": None if found else "the look-up finds no kernel",
            }
        )
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def _write(path: Path, table: object) -> None:
    """The same table gives the same bytes."""
    data = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(data)


def main() -> int:
    if len(sys.argv) != 2:
        sys.stderr.write("usage: dump_registry.py FOLDER\n")
        return 2
    tensorflow = importlib.import_module("tensorflow")
    version = str(tensorflow.__version__)
    new_op_list = _first_of("tensorflow.core.framework.op_def_pb2:OpList")
    buffer = _first_of(
        "tensorflow.python.client.pywrap_tf_session:TF_GetAllOpList",
        "tensorflow.python.pywrap_tensorflow:TF_GetAllOpList",
    )()
    get_buffer = _first_of(
        "tensorflow.python.client.pywrap_tf_session:TF_GetBuffer", "tensorflow.python.pywrap_tensorflow:TF_GetBuffer"
    )
    ops = new_op_list()
    ops.ParseFromString(get_buffer(buffer))
    types = _first_of("tensorflow.core.framework.types_pb2:DataType")
    definitions = op_definitions(ops, types.Name)
    rows = kernels(definitions, types)
    folder = Path(sys.argv[1])
    _write(folder / f"registered_kernels_{version}.json.gz", rows)
    _write(folder / f"op_definitions_{version}.json.gz", definitions)
    unfound = sum(row["note"] is not None for row in rows)
    graphs = _first_of("tensorflow:version.GRAPH_DEF_VERSION")
    sys.stdout.write(
        f"{version} (graphs of version {graphs}): {len(rows)} kernels, {unfound} without a class, "
        f"{len(definitions)} op definitions\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
