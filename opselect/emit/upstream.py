"""What a build keeps of the release's own lists, by mode."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from kernel_index.build_files import MAKEFILE_LIST
from kernel_index.dependencies import DependencyGraph
from kernel_index.index import KernelIndex
from kernel_index.records import BuildLists
from kernel_index.symbols.base import is_base
from opselect.mobile_lists import group_name, makefile_sources, written_groups
from opselect.selection import Reason, SelectedFile, Selection

Mode = Literal["trim", "extend"]
"""``trim``: the release's lists cut to what is needed; ``extend``: those lists plus what is missing."""


def is_source(path: str) -> bool:
    """Whether a file is compiled by itself; all others (headers, ``.inc``) are only included."""
    return path.endswith((".cc", ".c", ".cpp", ".cxx"))


@dataclass(frozen=True, slots=True)
class KeepRule:
    """Which of upstream's entries stay.

    Headers stay: they cost nothing. In ``trim`` mode sources stay that are needed, and what is neither a kernel nor
    links with kernels: op definitions and gradients. ``fixed`` are those that stay in any case. ``linked`` says that
    the index knows what kernels need to link; where it does not, sources without kernels stay.
    """

    needed: frozenset[str]
    kernel_files: frozenset[str]
    mode: Mode
    fixed: frozenset[str]
    linked: bool

    def keeps(self, path: str) -> bool:
        return (
            self.mode == "extend"
            or not is_source(path)
            or path in self.needed
            or path in self.fixed
            or (path not in self.kernel_files and (not self.linked or is_base(path) or "/ops/" in path))
        )


def keep_rule(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool) -> KeepRule:
    """The rule for a selection; with ``keep_core`` the core group stays as it is.

    A source among the extended headers stays too: upstream puts one there (``inplace_ops.cc``) when sources of both
    extended groups call into it.
    """
    lists = index.build_lists
    groups = [group_name(lists, "extended_ops_headers")] + [group_name(lists, "core_ops")] * keep_core
    fixed = frozenset(path for name in groups for path in lists.groups.get(name, ()))
    needed = frozenset(file.path for file in selection.files if is_source(file.path))
    needed_by_fixed = DependencyGraph(index, selection.profile).reasons(sorted(filter(is_source, fixed)))
    return KeepRule(
        needed=needed,
        kernel_files=index.kernel_files(selection.profile),
        mode=mode,
        fixed=fixed.union(needed_by_fixed),
        linked=bool(index.dependencies),
    )


def support_files(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool) -> tuple[SelectedFile, ...]:
    """The sources that stay in the lists though no requirement asks for them, sorted, with the lists that hold them."""
    lists = index.build_lists
    rule = keep_rule(selection, index, mode, keep_core)
    listed: dict[str, list[str]] = {}
    for group in written_groups(lists):
        for path in _own_files(group, lists):
            listed.setdefault(path, []).append(group)
    for _, path in makefile_sources(lists):
        if path:
            listed.setdefault(path, []).append(MAKEFILE_LIST.rpartition("/")[2])
    return tuple(
        SelectedFile(path, "support", (Reason("", note=_why_kept(path, rule, listed[path])),))
        for path in sorted(listed)
        if is_source(path) and path not in rule.needed and rule.keeps(path)
    )


def _own_files(group: str, lists: BuildLists) -> Iterable[str]:
    """The files of a group without those of the other groups of the mobile build that it names."""
    written = {f":{name}" for name in written_groups(lists)}
    inner = {path for text in lists.group_labels[group] if text in written for path in lists.groups[text[1:]]}
    return (path for path in lists.groups[group] if path not in inner)


def _why_kept(path: str, rule: KeepRule, lists: list[str]) -> str:
    what = "" if path in rule.kernel_files else "helper without kernels, "
    return f"{what}listed upstream in {', '.join(dict.fromkeys(lists))}"
