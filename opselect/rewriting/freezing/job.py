"""What is asked of freezing, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kernel_index.index import KernelIndex
from opselect.models.graph import Graph, Node
from opselect.rewriting.freezing.variables import Variable, VariableSelection, variable_of

_ALL = VariableSelection()


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be frozen.

    ``outputs`` are the nodes or tensors that a program fetches. ``restore_op`` is the node that restores the variables
    by the word of whoever saved the graph. ``main_op`` are nodes that a loader runs after it by the word of the model,
    whose assignments do not count with ``without_main_op``; ``initializers`` those that run then by the word of the
    user. ``path`` names the graph in messages. ``defaults_of`` is the release whose defaults stand in for attrs that
    the file leaves out, if it does.

    ``origin`` is the graph with the restore ops where the graph was made from another one; ``names`` are then what
    nodes of variables are called there. ``index`` is the TensorFlow whose op definitions tell what nodes take and give,
    None the newest that is shipped.
    """

    graph: Graph
    outputs: tuple[str, ...]
    path: str
    selection: VariableSelection = _ALL
    restore_op: str = ""
    initializers: tuple[str, ...] = ()
    clear_devices: bool = True
    defaults_of: str = ""
    origin: Graph | None = None
    index: KernelIndex | None = None
    main_op: tuple[str, ...] = ()
    without_main_op: bool = False
    names: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def source(self) -> Graph:
        """The graph with the restore ops."""
        return self.graph if self.origin is None else self.origin

    def variable(self, node: Node, function: str) -> Variable:
        """The variable that a node stands for, under the name that it has where it is restored."""
        variable = variable_of(node, function)
        return variable if function else replace(variable, name=self.names.get(variable.name, variable.name))


@dataclass(frozen=True, slots=True)
class Frozen:
    """The frozen graph. ``variables`` names those that are constants in it, ``weight_bytes`` is what these take.

    ``notes`` are what the user should know. ``inputs`` and ``outputs`` map arguments and results of a signature to
    tensors, where the graph is that of one.
    """

    graph: Graph
    variables: tuple[str, ...]
    weight_bytes: int
    notes: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict, hash=False)
    outputs: Mapping[str, str] = field(default_factory=dict, hash=False)
