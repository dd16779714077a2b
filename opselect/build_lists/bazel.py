"""The mobile filegroups of ``tensorflow/core/kernels/BUILD`` for a selection."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from kernel_index.build_files.labels import buildifier_order, label_of_path, parse_label
from kernel_index.build_files.mobile_lists import BASE_GROUPS, group_name, written_groups
from kernel_index.build_files.places import KERNELS_PACKAGE
from kernel_index.errors import InputError
from kernel_index.file_names import is_source
from kernel_index.index import KernelIndex
from kernel_index.records import BAZEL, BuildLists
from opselect.build_lists.keep_rule import KeepRule, Mode, keep_rule
from opselect.selection.select import Selection

_PUBLIC_GROUPS = ("extended_ops", "quantized_ops")


@dataclass(frozen=True, slots=True)
class FileGroup:
    """One filegroup as it is written: labels in buildifier's order, ``selects`` as condition → labels."""

    name: str
    labels: tuple[str, ...]
    selects: tuple[Mapping[str, tuple[str, ...]], ...]
    public: bool

    def all_labels(self) -> tuple[str, ...]:
        """Those of every branch too."""
        return (*self.labels, *(label for select in self.selects for labels in select.values() for label in labels))


def file_groups(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool) -> tuple[FileGroup, ...]:
    """The release's filegroups, cut or extended, under the names that the release uses.

    A file that upstream lists stays in its group; others go to the emptier of the two extended groups, and headers to
    the group of headers. A group of another package that is only partly needed is replaced by labels of its files
    (Bazel lets packages use each other's sources unless it is told not to). Entries of a ``select`` stay conditional,
    except those that are needed.

    Raises InputError where the release's filegroups are not known.
    """
    lists = index.build_lists
    groups = written_groups(lists)
    if not groups:
        raise InputError(
            f"TensorFlow {index.release}",
            "its BUILD files have no filegroups for mobile builds",
            "Ask for --target manifest and take the list of files from there.",
        )
    rule = keep_rule(selection, index, mode, keep_core, BAZEL)
    labels = {name: _kept_labels(name, lists, rule, groups) for name in groups}
    headers = [file.path for file in selection.files if file.role == "header"]
    _place_new([*headers, *rule.needed], lists, labels)
    return tuple(
        FileGroup(
            name=name,
            labels=tuple(sorted(dict.fromkeys(labels[name]), key=buildifier_order)),
            selects=tuple(_select_branches(select, labels[name]) for select in lists.group_selects.get(name, ())),
            public=name.removeprefix(f"{lists.prefix}_") in _PUBLIC_GROUPS,
        )
        for name in groups
    )


def _kept_labels(group: str, lists: BuildLists, rule: KeepRule, written: Collection[str]) -> list[str]:
    """What stays of a group, as labels seen from the kernels package; entries of a select are not among them.

    Groups that are written themselves stay as labels, other groups only if all of them stays.
    """
    own = parse_label(group, KERNELS_PACKAGE) if group.startswith("//") else None
    package = own.package if own else KERNELS_PACKAGE
    conditional = {
        text for select in lists.group_selects.get(group, ()) for branch in select.values() for text in branch
    }
    kept: list[str] = []
    for text in lists.group_labels[group]:
        label = parse_label(text, package)
        if text in conditional and (label is None or label.path not in rule.needed):
            continue
        if label is None:
            kept.append(text)
            continue
        inner = label.name if label.package == KERNELS_PACKAGE else str(label)
        if inner in lists.groups and inner not in written and not all(map(rule.keeps, lists.groups[inner])):
            kept.extend(_kept_labels(inner, lists, rule, written))
        elif inner in lists.groups or label.path not in lists.groups[group] or rule.keeps(label.path):
            kept.append(text if package == KERNELS_PACKAGE else str(label))
    return kept


def _place_new(files: Iterable[str], lists: BuildLists, labels: dict[str, list[str]]) -> None:
    """Add the files that no group has: each to the group that holds fewer sources by then."""
    known = frozenset[str]().union(*(lists.groups.get(name, ()) for name in (*labels, *BASE_GROUPS)))
    split = [group_name(lists, group) for group in ("extended_ops_group1", "extended_ops_group2")]
    targets = [name for name in split if name in labels] or list(labels)[:1]
    headers = group_name(lists, "extended_ops_headers")
    counts = {name: sum(is_source(label) for label in labels[name]) for name in targets}
    for path in sorted(set(files) - known):
        label = _label(path, lists)
        if is_source(path):
            target = min(targets, key=lambda name: counts[name])
            counts[target] += 1
            labels[target].append(label)
        elif headers in labels:
            labels[headers].append(label)


def _label(path: str, lists: BuildLists) -> str:
    return label_of_path(path, frozenset(lists.packages) | {KERNELS_PACKAGE}).seen_from(KERNELS_PACKAGE)


def _select_branches(
    select: Mapping[str, tuple[str, ...]], unconditional: Collection[str]
) -> dict[str, tuple[str, ...]]:
    branches = {"//conditions:default": (), **select} if "//conditions:default" not in select else select
    return {
        condition: tuple(sorted((text for text in labels if text not in unconditional), key=buildifier_order))
        for condition, labels in sorted(branches.items(), key=lambda item: buildifier_order(item[0]))
    }
