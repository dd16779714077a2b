"""What an importer of graphs has against a node itself, whatever its op is.

Sources: ``GraphConstructor`` of ``common_runtime/graph_constructor.cc`` (``BuildNodeIndex``, ``InitFromEdges``), with
the options of ``TF_GraphImportGraphDef``, which Java and Python call, and ``FunctionLibraryRuntimeImpl::Instantiate``
of ``common_runtime/function.cc``. A session of C++ takes names that begin with ``_`` and any colocation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from kernel_index.index import KernelIndex
from kernel_index.walks import reached
from opselect.models.graph import Expansion, FunctionRef, Node, NodeAttr
from opselect.models.graph.functions import GRADIENT_OP
from opselect.models.graph.op_families import ENTERS, EXITS
from opselect.models.graph.references import input_node, is_control

_OLD_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\-/]*")
_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\-/]*(?:>[A-Za-z0-9.][A-Za-z0-9_.\-/]*)*")
_NAMES_WITH_PARTS = (2, 0)
"""From here on a name may be of several parts with ``>`` in between."""

_FUNCTIONS_CLASH = (1, 2)
"""From here on a function must not have the name of an op."""

_COLOCATED = "loc:@"
_CLASS_ATTR = "_class"


def unimportable(node: Node, names: Collection[str], release: tuple[int, int]) -> str:
    """Why no importer takes a node into a graph with these names, in its own words; empty where it does."""
    if problem := bad_name(node.name, release):
        return problem
    for reference in node.inputs:
        if is_control(reference) and reference[1:] not in names:
            return f"Node '{node.name}': Unknown input node '{reference}'"
    for other in _colocated(node.attrs.get(_CLASS_ATTR)):
        if other not in names:
            return f"Node '{node.name}' expects to be colocated with unknown node '{other}'"
    return ""


def bad_name(name: str, release: tuple[int, int]) -> str:
    """Why no node of a graph may have a name; empty where it may. In functions, names may begin with ``_``, too."""
    form = _NAME if release >= _NAMES_WITH_PARTS else _OLD_NAME
    return "" if form.fullmatch(name) else f"Node '{name}': Node name contains invalid characters"


def unrunnable(expansion: Expansion) -> dict[tuple[str, str], str]:
    """Why nodes that run end the session before any kernel does: by function, empty for the graph, and name.

    They call a function that the graph does not have, or leave a loop that nothing enters. SymbolicGradient may name an
    op as well.
    """
    found: dict[tuple[str, str], str] = {}
    for body in expansion.bodies:
        function = body.function.name if body.function is not None else ""
        nodes = [called.node for called in body.nodes]
        for node in nodes:
            undefined = next((name for name in _functions(node) if name in expansion.missing), "")
            if undefined and node.op != GRADIENT_OP:
                found[function, node.name] = f"Function {undefined} is not defined"
        for name in _exits_without_enter(nodes):
            found[function, name] = "Invalid Exit op: Cannot find a corresponding Enter op"
    return found


def _exits_without_enter(nodes: Sequence[Node]) -> list[str]:
    """``BuildControlFlowInfo`` of ``graph/control_flow.cc``."""
    exits = [node.name for node in nodes if node.op in EXITS]
    if not exits:
        return []
    readers: dict[str, list[str]] = {}
    for node in nodes:
        for reference in node.inputs:
            readers.setdefault(input_node(reference), []).append(node.name)
    inside = reached((node.name for node in nodes if node.op in ENTERS), lambda name: readers.get(name, ()))
    return [name for name in exits if name not in inside]


def clashing_functions(names: Iterable[str], index: KernelIndex, release: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """Functions that no library takes, for an op has the name, and why: ``AddFunctionDefHelper`` of
    ``framework/function.cc``."""
    for name in names if release >= _FUNCTIONS_CLASH else ():
        if index.op_definition(name) is not None:
            yield name, f"Cannot add function '{name}' because an op with the same name already exists"


def _colocated(value: NodeAttr | None) -> Iterator[str]:
    for item in value if isinstance(value, tuple) else ():
        if isinstance(item, str) and item.startswith(_COLOCATED):
            yield item.removeprefix(_COLOCATED)


def _functions(node: Node) -> Iterator[str]:
    for value in node.attrs.values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, FunctionRef):
                yield item.name
