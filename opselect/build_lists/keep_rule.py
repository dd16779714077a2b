"""What a build keeps of the release's own lists, by mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from kernel_index.build_files.mobile_lists import (
    builds_of,
    comes_with_kernels,
    group_name,
    makefile_sources,
    written_groups,
)
from kernel_index.build_files.places import MAKEFILE_LIST
from kernel_index.dependencies import included
from kernel_index.file_names import is_source
from kernel_index.index import KernelIndex
from kernel_index.needed_files import BuildNeeds
from kernel_index.records import MAKE, BuildLists
from opselect.selection.select import Reason, SelectedFile, Selection

Mode = Literal["trim", "extend"]
"""``trim``: the release's lists cut to what is needed; ``extend``: those lists plus what is missing."""


@dataclass(frozen=True, slots=True)
class KeepRule:
    """Which of upstream's entries stay in the lists of one build, and which source files must be in them.

    In ``trim`` mode sources stay that are needed, and what neither registers kernels nor defines ops nor links with
    either: gradients. Headers stay that one of these includes. ``fixed`` are those that stay in any case, ``dropped``
    those that define ops of which the build has no kernel and no model has a node.
    """

    needed: frozenset[str]
    kernel_files: frozenset[str]
    mode: Mode
    fixed: frozenset[str]
    dropped: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()

    def keeps(self, path: str) -> bool:
        """Whether an entry stays."""
        if self.mode == "extend" or path in self.fixed:
            return True
        if not is_source(path):
            return path in self.headers
        if path in self.needed:
            return True
        return not (path in self.dropped or path in self.kernel_files or comes_with_kernels(path))


def keep_rule(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool, build: str) -> KeepRule:
    """The rule for a selection and a build; with ``keep_core`` the core group stays as it is, and what that needs.

    Needed are the selected files that the build must be told of, and the definitions of all ops of which the files that
    stay register kernels. Definitions for kernels of the base library stay where upstream lists them.
    """
    lists = index.build_lists
    needs = BuildNeeds(index, selection.profile, build)
    core = lists.groups.get(group_name(lists, "core_ops"), ()) if keep_core else ()
    with_core = (*core, *needs.needed(sorted(filter(is_source, core))))
    needed = frozenset(f.path for f in selection.files if is_source(f.path) and (build in f.builds or not build))
    compiled = listed_sources(lists, build)
    stay = compiled if mode == "extend" else frozenset(compiled.intersection(with_core))
    kernel_files = index.kernel_files(selection.profile)
    base = sorted(filter(needs.compiles, kernel_files))
    named = sorted({reason.op for file in selection.files if file.role == "definition" for reason in file.reasons})
    needed |= needs.definitions(sorted({*needed, *stay}), named).keys()
    fixed = frozenset((*with_core, *needs.definitions(base)))
    with_ops = frozenset(index.defining_files.values())
    helpers = frozenset(lists.not_compiled.get(build, ()))
    rule = KeepRule(needed, kernel_files, mode, fixed, with_ops | helpers)
    stay = needed.union(path for path in compiled if rule.keeps(path))
    return replace(rule, headers=frozenset(included(stay, index.includes)))


def listed_sources(lists: BuildLists, build: str) -> frozenset[str]:
    """The source files of the lists of a build, as upstream has them."""
    if build == MAKE:
        return frozenset(path for _, path in makefile_sources(lists) if path)
    return frozenset(path for group in written_groups(lists) for path in lists.groups[group] if is_source(path))


def support_files(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool) -> tuple[SelectedFile, ...]:
    """The sources that stay in the lists though no requirement asks for them, sorted, with the lists that hold them."""
    lists = index.build_lists
    listed: dict[str, list[str]] = {}
    for build in builds_of(lists):
        rule = keep_rule(selection, index, mode, keep_core, build)
        for path, name in _entries(lists, build):
            if is_source(path) and path not in rule.needed and rule.keeps(path):
                listed.setdefault(path, []).append(name)
    return tuple(
        SelectedFile(path, "support", (Reason("", note=_why_kept(path, index, selection, names)),))
        for path, names in sorted(listed.items())
    )


def _entries(lists: BuildLists, build: str) -> Iterator[tuple[str, str]]:
    """The files of the lists of a build, each with the name of its list."""
    if build == MAKE:
        yield from ((path, MAKEFILE_LIST.rpartition("/")[2]) for _, path in makefile_sources(lists) if path)
        return
    for group in written_groups(lists):
        yield from ((path, group) for path in _own_files(group, lists))


def _own_files(group: str, lists: BuildLists) -> Iterable[str]:
    """The files of a group without those of the other groups of the mobile build that it names."""
    written = {f":{name}" for name in written_groups(lists)}
    inner = {path for text in lists.group_labels[group] if text in written for path in lists.groups[text[1:]]}
    return (path for path in lists.groups[group] if path not in inner)


def _why_kept(path: str, index: KernelIndex, selection: Selection, lists: list[str]) -> str:
    what = "" if path in index.kernel_files(selection.profile) else "without kernels, "
    return f"{what}listed upstream in {', '.join(dict.fromkeys(lists))}"
