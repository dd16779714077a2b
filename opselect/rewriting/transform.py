"""A transform, and what ``opselect transform --list`` says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opselect.models.graph import Graph
from opselect.rewriting.context import Context


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument by name; ``help`` says what it is and what holds without it."""

    name: str
    help: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Transform:
    """A pure function Graph → Graph under the name that ``--transforms`` has for it.

    ``apply`` raises TransformError where it cannot do what is asked, and where doing it would change what the graph
    computes. ``gtt_keeps_versions`` marks the ones after which the Graph Transform Tool's graph still has its versions.
    ``renames`` says of one that renames nodes which, old name → new name: what a program feeds and fetches is called
    that then.
    """

    name: str
    summary: str
    apply: Callable[[Graph, Context], Graph]
    arguments: tuple[Argument, ...] = ()
    gtt_keeps_versions: bool = False
    renames: Callable[[Context], Mapping[str, str]] | None = None
