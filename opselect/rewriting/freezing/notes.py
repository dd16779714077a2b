"""What the user should know about a frozen graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kernel_index.near_names import did_you_mean
from opselect.models.graph import Node, input_node, reach
from opselect.models.graph.op_families import PARTITIONED_CALLS
from opselect.rewriting.freezing.job import Job
from opselect.rewriting.freezing.variables import is_variable

_FILLS_TABLE = ("InitializeTable", "LookupTableImport")
_TABLES = ("HashTable", "HashTableV2", "HashTableOfTensors", "HashTableOfTensorsV2")


def notes_on(job: Job, kept: Sequence[Node]) -> Iterable[str]:
    """Sentences about a job of which these nodes are kept."""
    names = [node.name for node in job.source.nodes if is_variable(node)]
    if not names and not any(is_variable(node) for function in job.source.functions for node in function.nodes):
        yield "the graph has no variables; perhaps it was frozen before"
    for name in sorted(job.selection.names - set(names)):
        yield f"no variable is named {name!r}{did_you_mean(name, names)}"
    yield from _unfilled_tables(job, kept)


def _unfilled_tables(job: Job, kept: Sequence[Node]) -> Iterable[str]:
    """Tables that stay while the node that fills them, or that a loader runs for them, goes."""
    tables = {job.names.get(node.name, node.name) for node in kept if node.op.endswith(_TABLES)}
    if not tables:
        return
    there = {node.name for node in kept} if job.origin is None else frozenset()
    runs = (*job.main_op, *job.initializers)
    for node in reach(job.source, (), runs, job.path).nodes:
        filled = tables.intersection(map(input_node, node.inputs))
        fills = node.op.startswith(_FILLS_TABLE) or (runs and node.op in PARTITIONED_CALLS)
        if filled and fills and node.name not in there:
            yield (
                f"the table {min(filled)!r} stays, but no output needs {node.name!r}, which fills it: "
                "name that node among the outputs and run it once"
            )
