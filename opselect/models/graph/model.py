"""Graph: what a model file says, free of protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kernel_index.datatypes import DataType
from opselect.models.graph.values import NodeAttr, StoredBytes


@dataclass(frozen=True, slots=True)
class Node:
    """One node. ``inputs`` as the file spells them: ``name``, ``name:1``, ``^name``; in functions ``name:out:0``."""

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    device: str = ""
    attrs: Mapping[str, NodeAttr] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class FunctionArg:
    """An input or output of a function: a fixed ``type``, or the attr that gives the type, the number or the types."""

    name: str
    type: DataType | None = None
    type_attr: str = ""
    number_attr: str = ""
    type_list_attr: str = ""
    is_ref: bool = False


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A function of the graph's library (``framework/function.proto``).

    ``returns`` maps each output to what the body returns for it, ``control_returns`` each control output to a node.
    ``attr_types`` are the attrs of the signature, ``attr_defaults`` the defaults of those that have one; ``attrs``
    are the function's own attrs, which tell the runtime about it; ``arg_attrs`` those of its inputs, by position.

    ``encoded`` is the function as its file has it: a writer copies these bytes, so whoever changes a function clears
    it (:func:`changed`).
    """

    name: str
    inputs: tuple[FunctionArg, ...] = ()
    outputs: tuple[FunctionArg, ...] = ()
    nodes: tuple[Node, ...] = ()
    returns: Mapping[str, str] = field(default_factory=dict, hash=False)
    control_returns: Mapping[str, str] = field(default_factory=dict, hash=False)
    attr_types: Mapping[str, str] = field(default_factory=dict, hash=False)
    attr_defaults: Mapping[str, NodeAttr] = field(default_factory=dict, hash=False)
    attrs: Mapping[str, NodeAttr] = field(default_factory=dict, hash=False)
    arg_attrs: Mapping[int, Mapping[str, NodeAttr]] = field(default_factory=dict, hash=False)
    stateful: bool = False
    encoded: StoredBytes | None = field(default=None, compare=False, repr=False)


def changed(function: FunctionDefinition, **fields: Any) -> FunctionDefinition:
    """The function with other values in some fields, no longer as its file has it."""
    return replace(function, encoded=None, **fields)


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of the graph format, as ``framework/versions.proto`` explains them."""

    producer: int = 0
    min_consumer: int = 0
    bad_consumers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph in the order of its file; ``gradients`` maps a function's name to the one that computes its gradient."""

    nodes: tuple[Node, ...] = ()
    functions: tuple[FunctionDefinition, ...] = ()
    gradients: Mapping[str, str] = field(default_factory=dict, hash=False)
    versions: Versions = Versions()
