"""Indexes whose build lists hold only some of their files, and graphs over their ops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kernel_index.index import MemoryIndex
from kernel_index.records import ArgDefinition, AttrDefinition, BuildLists, KernelRegistration, OpDefinition
from opselect.findings import Finding
from opselect.findings.as_json import left_out_json
from opselect.models.graph import Entry, Graph
from opselect.requirements.collect import collect_requirements
from opselect.selection.left_out_by_default import GraphAdviser, MobileBuild, findings
from tests.opselect.sample import KERNELS, definition, index

MOBILE = "android-slim"


def mobile_index(
    registrations: Iterable[KernelRegistration],
    listed: Iterable[str],
    *,
    definitions: Iterable[OpDefinition] = (),
    types: Mapping[str, tuple[str, ...]] | None = None,
    makefile: Iterable[str] = (),
    offered: Iterable[str] | None = None,
) -> MemoryIndex:
    """An index whose core group holds ``listed``, ``android_all_ops`` the ``offered`` and the makefile's list its own.

    Names of files are below ``core/kernels``. ``types`` maps a profile to what ``TF_CALL_ALL_TYPES`` stands for.
    """
    groups = {"android_core_ops": _paths(listed), "android_extended_ops_headers": ()}
    if offered is not None:
        groups["android_all_ops"] = _paths(offered)
    lists = BuildLists(prefix="android", groups=groups, makefile=_paths(makefile))
    plain = index(registrations, definitions, lists)
    return MemoryIndex(replace(plain.scan, type_lists={"TF_CALL_ALL_TYPES": types or {}}))


def op(
    name: str, *inputs: str, outputs: tuple[str, ...] = ("T",), attrs: tuple[AttrDefinition, ...] = ()
) -> OpDefinition:
    """A definition whose arguments have these types."""
    return replace(
        definition(name),
        inputs=tuple(ArgDefinition(f"in{n}", text) for n, text in enumerate(inputs)),
        outputs=tuple(ArgDefinition(f"out{n}", text) for n, text in enumerate(outputs)),
        attrs=attrs,
    )


def found_in(
    graph: Graph, index: MemoryIndex, *, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()
) -> tuple[Finding, ...]:
    """The findings of a graph with what a user names as inputs and outputs."""
    entries = (Entry(inputs, outputs),)
    needed = collect_requirements(graph, "m.pb", index=index, entries=entries)
    return findings(needed, index, MOBILE, GraphAdviser(MobileBuild(index, MOBILE), graph, "m.pb", entries))


def _paths(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name if "/" in name else f"{KERNELS}/{name}" for name in names)


@dataclass(frozen=True)
class Advised:
    """The object ``advice`` of a finding's JSON."""

    action: str
    text: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    files: tuple[str, ...]


def advised(finding: Finding) -> Advised:
    """What a script gets to know of what to do."""
    found: Any = left_out_json(finding)["advice"]
    return Advised(
        found["action"], found["text"], tuple(found["inputs"]), tuple(found["outputs"]), tuple(found["files"])
    )
