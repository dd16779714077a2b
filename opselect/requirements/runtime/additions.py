"""What the runtime makes of nodes: one record for each op that it puts in, or that it takes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from opselect.models.graph import Node, NodeAttr

Kind = Literal["replaced", "added", "inserted"]
"""``replaced``: the op never reaches a kernel. ``added``: the op is put in whenever the model runs. ``inserted``: the
op may be put in, and the model runs without it too."""

KINDS: tuple[Kind, ...] = ("replaced", "added", "inserted")


@dataclass(frozen=True, slots=True)
class Origin:
    """Why the runtime, not the model, decides about an op: ``why`` is a sentence without its full stop."""

    kind: Kind
    why: str

    @property
    def may_insert(self) -> bool:
        """Whether the op is there only if an optimizer happens to run, so that its kernel is never missing."""
        return self.kind == "inserted"


@dataclass(frozen=True, slots=True)
class Addition:
    """An op with the attrs that the runtime gives it.

    ``nodes`` are those that cause it, the root of the pattern first, ``function`` whose body they are in.
    """

    op: str
    attrs: Mapping[str, NodeAttr]
    nodes: tuple[Node, ...]
    origin: Origin
    function: str = ""

    @property
    def node(self) -> Node:
        """The op as a node, with the device of the node that causes it."""
        root = self.nodes[0]
        return Node(root.name, self.op, (), root.device, self.attrs)
