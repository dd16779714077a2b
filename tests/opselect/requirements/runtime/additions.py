"""What the runtime of a release makes of a graph, by shipped index: ops with their types, and why."""

from __future__ import annotations

from functools import cache

from kernel_index.datatypes import DataType
from kernel_index.index import KernelIndex
from kernel_index.shipped import find
from kernel_index.store import open_index
from opselect.models.graph import Graph, expand_functions
from opselect.requirements.runtime import Addition, Kind, runtime_additions
from tests.opselect.graph_text import graph_of

T_FLOAT = "T: type: DT_FLOAT"


@cache
def shipped(release: str) -> KernelIndex:
    """The shipped index of a release."""
    return open_index(find(release))


def additions(graph: Graph, release: str = "2.14") -> list[Addition]:
    """All that the runtime makes of the graph; what it puts in has attrs of its definition alone."""
    index = shipped(release)
    found = list(runtime_additions(expand_functions(graph, graph.nodes, "g"), graph.functions, index))
    for addition in found:
        definition = index.op_definition(addition.op)
        if definition is not None and addition.origin.kind != "replaced":
            assert addition.attrs.keys() <= {attr.name for attr in definition.attrs}, addition
    return found


def ops(text: str, release: str = "2.14", kind: Kind = "inserted") -> dict[str, set[str]]:
    """The ops of one kind, each with the types that it gets, in the words of op definitions: ``float,int32``."""
    found: dict[str, set[str]] = {}
    for addition in additions(graph_of(text), release):
        if addition.origin.kind == kind:
            found.setdefault(addition.op, set()).add(types_text(addition))
    return found


def types_text(addition: Addition) -> str:
    """The types of an op in order of their attrs."""
    values = [value if isinstance(value, tuple) else (value,) for _, value in sorted(addition.attrs.items())]
    return ",".join(item.name[3:].lower() for value in values for item in value if isinstance(item, DataType))
