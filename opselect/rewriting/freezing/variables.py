"""The variables of a graph: which nodes stand for them, in the graph itself and in the bodies of functions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kernel_index.datatypes import DataType
from opselect.models.graph import Node, Shape
from opselect.models.graph.op_families import RESOURCE_VARIABLE, VARIABLES


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: ``name`` is its node's, in a function's body its shared name.

    ``key`` tells variables apart: nodes that share a container and a name, ``shared``, stand for the same one.
    ``dtype`` and ``dims`` are what the node says, None where it does not.
    """

    name: str
    key: str
    shared: str
    dtype: DataType | None = None
    dims: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class VariableSelection:
    """Which variables become constants: all, or only those of a list, and none of another; by the names of nodes."""

    only: Collection[str] | None = None
    without: Collection[str] = ()

    def takes(self, name: str) -> bool:
        """Whether the variable of that name becomes a constant."""
        return (self.only is None or name in self.only) and name not in self.without

    @property
    def names(self) -> frozenset[str]:
        """All names that it mentions."""
        return frozenset(self.only or ()) | frozenset(self.without)


def is_variable(node: Node) -> bool:
    """Whether a node stands for a variable."""
    return node.op in VARIABLES


def variable_of(node: Node, function: str = "") -> Variable:
    """The variable that a node stands for; ``function`` is whose body it is in (``kernels/variable_ops.cc``)."""
    shared = node.attrs.get("shared_name", "")
    container = node.attrs.get("container", "")
    own = shared if isinstance(shared, str) and shared else node.name
    dtype, shape = node.attrs.get("dtype"), node.attrs.get("shape")
    return Variable(
        own if function else node.name,
        f"{'resource' if node.op == RESOURCE_VARIABLE else 'ref'}:{container}:{own}",
        own,
        dtype if isinstance(dtype, DataType) else None,
        shape.dims if isinstance(shape, Shape) else None,
    )
