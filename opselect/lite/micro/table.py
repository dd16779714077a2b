"""The functions of ``tflite::MicroMutableOpResolver``: a table of its sources, read by :mod:`.sources`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("functions.json")
"""The table that comes with the package."""


RESOLVER = "tensorflow/lite/micro/micro_mutable_op_resolver.h"
"""The header of the resolver, in the source tree."""


@dataclass(frozen=True, slots=True)
class MicroFunction:
    """A function that adds one operator.

    ``operator`` is the name of the schema for a built-in, and for a custom operator the one that models call it by.
    ``takes_registration`` says whether another registration than the general one may be given to it. ``int8`` is the
    name of one for int8 alone, empty where there is none that the function takes, and ``header`` the file that declares
    it, empty where the resolver's own header includes that file.
    """

    operator: str
    is_custom: bool
    function: str
    takes_registration: bool = False
    int8: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True)
class MicroTable:
    """All functions, sorted by operator; ``sources`` says of which state of the sources, as there are no releases."""

    sources: str
    functions: tuple[MicroFunction, ...]

    def by_operator(self) -> Mapping[tuple[bool, str], MicroFunction]:
        """The functions by whether the operator is a custom one, and its name."""
        return {(each.is_custom, each.operator): each for each in self.functions}

    def to_text(self) -> str:
        """The table as JSON, a function a line."""
        rows = ",\n".join(f"  {json.dumps(asdict(each))}" for each in self.functions)
        return f'{{"sources": {json.dumps(self.sources)}, "functions": [\n{rows}\n]}}\n'


def table_of(text: str) -> MicroTable:
    """The table that :meth:`MicroTable.to_text` wrote."""
    data = json.loads(text)
    return MicroTable(data["sources"], tuple(MicroFunction(**row) for row in data["functions"]))


@cache
def micro_table() -> MicroTable:
    """The table that comes with the package."""
    return table_of(TABLE.read_text(encoding="utf-8"))
