"""What an importer of graphs has against a node itself, whatever its op is.

Sources: ``GraphConstructor`` of ``common_runtime/graph_constructor.cc`` (``BuildNodeIndex``, ``InitFromEdges``), with
the options of ``TF_GraphImportGraphDef``, which Java and Python call, and ``FunctionLibraryRuntimeImpl::Instantiate``
of ``common_runtime/function.cc``. A session of C++ takes names that begin with ``_`` and any colocation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from opselect.models.graph import FunctionRef, Node, NodeAttr
from opselect.models.graph.functions import GRADIENT_OP
from opselect.models.graph.references import is_control

_OLD_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\-/]*")
_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\-/]*(?:>[A-Za-z0-9.][A-Za-z0-9_.\-/]*)*")
_NAMES_WITH_PARTS = (2, 0)
"""From here on a name may be of several parts with ``>`` in between."""

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


def undefined_function(node: Node, missing: Collection[str]) -> str:
    """That a node calls a function which the graph does not have; empty where it does not.

    SymbolicGradient may name an op, too.
    """
    if node.op != GRADIENT_OP:
        for name in _functions(node):
            if name in missing:
                return f"Function {name} is not defined"
    return ""


def _colocated(value: NodeAttr | None) -> Iterator[str]:
    for item in value if isinstance(value, tuple) else ():
        if isinstance(item, str) and item.startswith(_COLOCATED):
            yield item.removeprefix(_COLOCATED)


def _functions(node: Node) -> Iterator[str]:
    for value in node.attrs.values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, FunctionRef):
                yield item.name
