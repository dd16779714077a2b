"""What the lists of a release or a checkout have for a build: of a ``select`` the branches that the build takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kernel_index.build_files.labels import Label, parse_label
from kernel_index.build_files.mobile_lists import makefile_sources
from kernel_index.build_files.places import KERNELS_PACKAGE
from kernel_index.build_files.select_conditions import BY_DEFAULT
from kernel_index.records import BAZEL, MAKE, BuildLists
from opselect.build_lists.checking.builds import base_groups, compiled_groups
from opselect.verifying.build_options import BuildOptions, all_of, any_of

_OF_UPSTREAM = {
    f"//{KERNELS_PACKAGE}:xsmm": (("--define=tensorflow_xsmm=1",),),
    f"//{KERNELS_PACKAGE}:xsmm_convolutions": (("--define=tensorflow_xsmm_convolutions=1",),),
}
"""The conditions of upstream's mobile lists, for indexes that do not have them: 1.0 to 1.6, and 1.7 to 2.11.

Source: ``config_setting`` calls of ``tensorflow/core/kernels/BUILD``.
"""

_Select = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ListedFiles:
    """The ``compiled`` files of lists, and those that stand in branches of a ``select`` alone, with their conditions.

    ``undecided`` are those of which is not known whether the build takes the branch, ``left_out`` those of branches
    that it does not take.
    """

    compiled: frozenset[str]
    undecided: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


def files_of_lists(lists: BuildLists, build: str, options: BuildOptions) -> ListedFiles:
    """The files that the lists of a release or a checkout have for a build, groups in groups followed."""
    if build == MAKE:
        return ListedFiles(frozenset(path for _, path in makefile_sources(lists) if path))
    if build != BAZEL:
        return ListedFiles(frozenset())
    groups = _Groups(lists, options)
    for name in (*compiled_groups(lists), *base_groups(lists)):
        groups.follow(name, True, "")
    found = groups.found
    return ListedFiles(
        frozenset(path for path, (is_taken, _) in found.items() if is_taken),
        {path: condition for path, (is_taken, condition) in found.items() if is_taken is None},
        {path: condition for path, (is_taken, condition) in found.items() if is_taken is False},
    )


class _Groups:
    """Follows groups; ``found`` has of each file whether the build takes it, and the condition that decides."""

    def __init__(self, lists: BuildLists, options: BuildOptions) -> None:
        self._lists = lists
        self._options = options
        self._seen: set[tuple[str, bool | None]] = set()
        self.found: dict[str, tuple[bool | None, str]] = {}

    def follow(self, name: str, is_taken: bool | None, condition: str) -> None:
        """Take in a group that is taken itself, or not, or perhaps, by the condition."""
        if (name, is_taken) in self._seen:
            return
        self._seen.add((name, is_taken))
        own = parse_label(name, KERNELS_PACKAGE)
        package = own.package if own is not None else KERNELS_PACKAGE
        files = frozenset(self._lists.groups[name])
        branches = self._branches(self._lists.group_selects.get(name, ()), package)
        for text in self._lists.group_labels[name]:
            label = parse_label(text, package)
            if label is None:
                continue
            here, why = branches.get(text, (True, ""))
            taken = all_of((is_taken, here))
            why = why if is_taken else condition
            inner = label.name if label.package == KERNELS_PACKAGE else str(label)
            if inner in self._lists.groups:
                self.follow(inner, taken, why)
            elif label.path in files:
                _keep_surer(self.found, label.path, taken, why)

    def _branches(self, selects: Iterable[_Select], package: str) -> dict[str, tuple[bool | None, str]]:
        """Of each label that stands in branches alone whether one of these is taken, and its condition."""
        found: dict[str, tuple[bool | None, str]] = {}
        for select in selects:
            for condition, labels in select.items():
                taken = self._is_taken(condition, select, package)
                for text in labels:
                    _keep_surer(found, text, taken, self._shown(condition, select, package))
        return found

    def _is_taken(self, condition: str, select: _Select, package: str) -> bool | None:
        """Whether Bazel takes a branch: that of the condition that holds, of several the one that asks for most."""
        others = [each for each in select if each not in (condition, BY_DEFAULT)]
        if condition == BY_DEFAULT:
            holds = any_of(self._holds(each, package) for each in others)
            return None if holds is None else not holds
        holds = self._holds(condition, package)
        if not holds:
            return holds
        rivals = [self._holds(each, package) for each in others if self._may_ask_for_more(each, condition, package)]
        return all_of(None if each is None else not each for each in rivals)

    def _may_ask_for_more(self, one: str, other: str, package: str) -> bool:
        """Whether a condition may be a specialization of another, which Bazel prefers."""
        more, less = self._ways(one, package), self._ways(other, package)
        return more is None or less is None or any(set(few) < set(many) for many in more for few in less)

    def _holds(self, condition: str, package: str) -> bool | None:
        ways = self._ways(condition, package)
        return self._options.hold(ways) if ways is not None else None

    def _ways(self, condition: str, package: str) -> tuple[tuple[str, ...], ...] | None:
        label = str(_label(condition, package) or "")
        known = self._lists.conditions.get(label)
        return known if known is not None else _OF_UPSTREAM.get(label)

    def _shown(self, condition: str, select: _Select, package: str) -> str:
        if condition != BY_DEFAULT:
            return f"{_label(condition, package) or condition or 'a condition that is not followed'} holds"
        others = [str(_label(each, package) or each) for each in select if each != BY_DEFAULT]
        return f"none of {', '.join(others)} holds" if len(others) != 1 else f"{others[0]} does not hold"


def _keep_surer(found: dict[str, tuple[bool | None, str]], key: str, taken: bool | None, condition: str) -> None:
    """Note a branch for what it holds, unless another one is known that is rather taken."""
    if key not in found or any_of((found[key][0], taken)) is not found[key][0]:
        found[key] = taken, condition


def _label(condition: str, package: str) -> Label | None:
    return parse_label(condition, package) if condition else None
