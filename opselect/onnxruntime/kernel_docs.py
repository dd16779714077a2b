"""ONNX Runtime's own list of its kernels, ``docs/OperatorKernels.md``, which its builds write of what is registered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kernel_index.errors import InputError, Place

_SECTION = "## Operators implemented by "
_CPU = f"{_SECTION}CPUExecutionProvider"
_DOMAIN = re.compile(r"\*\*Operator Domain:\*\* \*([\w.]+)\*")
_OPSETS = re.compile(r"(\d+)\+|(\d+)|\[(\d+), (\d+)\]")
_PARAMETER = re.compile(r"\*\*(\w+)\*\* = (.*)")


@dataclass(frozen=True, slots=True)
class DocumentedKernel:
    """A kernel of the CPU: for operators that have been as they are since one of the opsets ``first`` to ``last``, or
    since just ``first`` where that is None, with what each type parameter of the operator may be.
    """

    op: str
    first: int
    last: int | None
    types: Mapping[str, frozenset[str]]


def documented_kernels(text: str, path: str) -> Iterator[DocumentedKernel]:
    """The kernels for operators of ONNX itself. Raises InputError where the text is no such list."""
    inside, domain, op, count = False, "", "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(_SECTION):
            inside = line == _CPU
        cells = [cell.strip() for cell in line.split("|")[1:-1]] if inside else []
        if len(cells) != 4 or cells[0] == "Op Name" or cells[0].startswith("---"):
            continue
        heading = _DOMAIN.fullmatch(cells[0])
        if heading:
            domain = heading[1]
            continue
        op = cells[0] or op
        opsets = _OPSETS.fullmatch(cells[2])
        if not opsets:
            raise InputError(Place(path, number), f"{cells[2]!r} is no range of opsets", "Pass OperatorKernels.md.")
        if domain == "ai.onnx":
            count += 1
            open_first, only, first, last = (int(each) if each else None for each in opsets.groups())
            yield DocumentedKernel(op, open_first or only or first or 0, last or only, _types(cells[3]))
    if not count:
        raise InputError(path, "lists no kernels of the CPU for operators of ONNX", "Pass OperatorKernels.md.")


def _types(cell: str) -> dict[str, frozenset[str]]:
    parts = (_PARAMETER.fullmatch(part.strip()) for part in cell.split("<br/>"))
    return {part[1]: frozenset(part[2].split(", ")) for part in parts if part}
