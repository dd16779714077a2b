"""Which operators that are functions of ONNX the runtime has kernels for.

It runs the others as what they are made of (``onnxruntime/core/graph/graph.cc``, ``CanBeInlined``). The table,
``function_kernels.json``, is of the kernels of the CPU; :mod:`opselect.usecases.ship_function_kernels`
makes it of the list that is in the sources of a release.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from opselect.onnxruntime.kernel_docs import DocumentedKernel
from opselect.onnxruntime.value_types import ValueType

TABLE = Path(__file__).with_name("function_kernels.json")


def has_kernel(op: str, since: int, types: Mapping[str, ValueType | None]) -> bool:
    """Whether there surely is a kernel for an operator of ONNX that has been as it is ``since`` an opset; ``types`` are
    those of its type parameters, None where they are not known.

    A kernel for a range of opsets is for the versions of the operator that began in it, one without end for the version
    that began with it (``KernelRegistry::VerifyKernelDef`` in ``onnxruntime/core/framework/kernel_registry.cc``).
    """
    return any(
        (kernel.first == since if kernel.last is None else kernel.first <= since <= kernel.last)
        and all(types[name] in admitted for name, admitted in kernel.types.items() if name in types)
        for kernel in _table().get(op, ())
    )


def table_text(kernels: Mapping[str, list[DocumentedKernel]]) -> str:
    """The table of some operators."""
    told = {
        op: [
            [each.first, each.last, {name: sorted(types) for name, types in sorted(each.types.items())}]
            for each in rows
        ]
        for op, rows in sorted(kernels.items())
    }
    lines = [f"{json.dumps(op)}: [\n  {_rows(rows)}\n ]" for op, rows in told.items()]
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def _rows(rows: list[list[Any]]) -> str:
    return ",\n  ".join(json.dumps(row) for row in rows)


@cache
def _table() -> dict[str, list[DocumentedKernel]]:
    read: dict[str, list[list[Any]]] = json.loads(TABLE.read_text())
    return {
        op: [
            DocumentedKernel(op, first, last, {name: frozenset(types) for name, types in admitted.items()})
            for first, last, admitted in rows
        ]
        for op, rows in read.items()
    }
