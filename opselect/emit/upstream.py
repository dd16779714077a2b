"""What a build keeps of the release's own lists, by mode."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from kernel_index.build_files import MAKEFILE_LIST
from kernel_index.dependencies import DependencyGraph, included
from kernel_index.file_names import is_source
from kernel_index.index import KernelIndex
from kernel_index.records import BuildLists
from opselect.mobile_lists import comes_with_kernels, group_name, makefile_sources, written_groups
from opselect.selection import Reason, SelectedFile, Selection

Mode = Literal["trim", "extend"]
"""``trim``: the release's lists cut to what is needed; ``extend``: those lists plus what is missing."""


@dataclass(frozen=True, slots=True)
class KeepRule:
    """Which of upstream's entries stay.

    In ``trim`` mode sources stay that are needed, and what is neither a kernel nor links with kernels: op definitions
    and gradients. Headers stay that one of these includes. ``fixed`` are those that stay in any case.
    """

    needed: frozenset[str]
    kernel_files: frozenset[str]
    mode: Mode
    fixed: frozenset[str]
    headers: frozenset[str] = frozenset()

    def keeps(self, path: str) -> bool:
        if self.mode == "extend" or path in self.fixed:
            return True
        if not is_source(path):
            return path in self.headers
        return path in self.needed or not (path in self.kernel_files or comes_with_kernels(path))


def keep_rule(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool) -> KeepRule:
    """The rule for a selection; with ``keep_core`` the core group stays as it is, and what that needs."""
    lists = index.build_lists
    core = lists.groups.get(group_name(lists, "core_ops"), ()) if keep_core else ()
    needed_by_core = DependencyGraph(index, selection.profile).reasons(sorted(filter(is_source, core)))
    rule = KeepRule(
        needed=frozenset(file.path for file in selection.files if is_source(file.path)),
        kernel_files=index.kernel_files(selection.profile),
        mode=mode,
        fixed=frozenset((*core, *needed_by_core)),
    )
    listed = frozenset[str]().union(*(lists.groups[group] for group in written_groups(lists)))
    stay = rule.needed.union(path for path in listed if is_source(path) and rule.keeps(path))
    return replace(rule, headers=frozenset(included(stay, index.includes)))


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
    what = "" if path in rule.kernel_files else "without kernels, "
    return f"{what}listed upstream in {', '.join(dict.fromkeys(lists))}"
