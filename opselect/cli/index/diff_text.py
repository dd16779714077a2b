"""The differences between two indexes for people: counts first, then a table for each kind of change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import click

from kernel_index.diff import IndexDiff, KernelChange, KnownOp, ListChange
from kernel_index.records import KernelRegistration
from opselect.cli.index.class_text import common, edit, shape
from opselect.cli.shared.console import counted, print_table, print_whole_line
from opselect.cli.shared.kernel_table import kernel_rows

MAX_OPS = 3
"""How many ops are named beside a change that they share; JSON has them all."""


def print_diff(diff: IndexDiff, *, in_full: bool) -> None:
    """The summary and the tables; ``in_full`` has a row for each changed class, not one for each way of changing."""
    single = diff.profiles[0] if len(diff.profiles) == 1 else None
    between = f"TensorFlow {diff.before} → {diff.after}"
    if single is not None:
        before, after = single
        between += f", profile {before}" + (f" → {after}" if after != before else "")
    click.echo(between)
    moved = [change for change in diff.changed if change.moved]
    renamed = [change for change in diff.changed if change.renamed]
    rest = [change for change in diff.changed if not change.moved and not change.renamed]
    _print_summary(diff, len(moved), len(renamed), len(rest))
    lefts, rights = [left for left, _ in diff.profiles], [right for _, right in diff.profiles]
    _print_ops("ops removed", diff.ops_removed, lefts)
    _print_ops("ops added", diff.ops_added, rights)
    _print_section("ops that have no kernel any more", ("op",), [(op,) for op in diff.last_kernels])
    _print_section("ops that have kernels now", ("op",), [(op,) for op in diff.first_kernels])
    _print_kernels("kernels lost", diff.lost, lefts)
    _print_kernels("kernels gained", diff.gained, rights)
    _print_section(
        "op definitions changed",
        ("op", "breaks graphs", "what", "attr", "change"),
        [
            (change.after.name, "yes" if e.breaks else "no", e.what, e.attr, e.text)
            for change in diff.definitions
            for e in change.edits
        ],
    )
    _print_section("kernels in other files", ("before", "after", "kernels", "ops"), _by_file(moved))
    if in_full:
        _print_section("kernel classes changed", ("op", "before", "after"), _classes(renamed))
    else:
        _print_section("kernel classes changed", ("change", "kernels", "ops"), _by_edit(renamed))
    _print_section(
        "kernels for another device",
        ("op", "before", "after", "file:line"),
        sorted({(c.after.op, c.before.device, c.after.device, str(c.after.location)) for c in rest}),
    )
    _print_lists(diff.lists)


def _print_summary(diff: IndexDiff, moved: int, renamed: int, rest: int) -> None:
    breaking = sum(change.breaks for change in diff.definitions)
    counts = [
        ("ops", f"{len(diff.ops_added)} added, {len(diff.ops_removed)} removed", diff.ops_added or diff.ops_removed),
        ("ops that have kernels now", str(len(diff.first_kernels)), diff.first_kernels),
        ("ops that have no kernel any more", str(len(diff.last_kernels)), diff.last_kernels),
        (
            "op definitions",
            f"{len(diff.definitions)} changed, {breaking} of them may break graphs",
            diff.definitions,
        ),
        ("kernels in other files", str(moved), moved),
        ("kernels with another class", str(renamed), renamed),
        ("kernels for another device", str(rest), rest),
        ("build lists", f"{len(diff.lists)} changed", diff.lists),
    ]
    shown = [(name, text) for name, text, there in counts if there]
    if not shown and not diff.lost and not diff.gained:
        click.echo("  no difference")
        return
    width = max((len(name) for name, _ in shown), default=0)
    for name, text in shown:
        click.echo(f"  {name.ljust(width)}  {text}")
    if diff.lost or diff.gained:
        rows = []
        for left, right in diff.profiles:
            lost = sum(left in kernel.profiles for kernel in diff.lost)
            gained = sum(right in kernel.profiles for kernel in diff.gained)
            rows.append((left if left == right else f"{left} → {right}", str(lost), str(gained)))
        print_table(("profile", "kernels lost", "kernels gained"), rows, indent=2)


def _print_ops(title: str, ops: Sequence[KnownOp], profiles: Sequence[str]) -> None:
    rows = [
        (op.name, _profiles(op.profiles, profiles), str(op.definition.location) if op.definition else "not defined")
        for op in ops
    ]
    _print_section(title, ("op", "kernels in", "defined in"), rows)


def _profiles(having: Sequence[str], compared: Sequence[str]) -> str:
    return "all" if tuple(having) == tuple(compared) else ", ".join(having) or "none"


def _print_kernels(title: str, kernels: Iterable[KernelRegistration], profiles: Sequence[str]) -> None:
    by_op: dict[str, list[KernelRegistration]] = {}
    for kernel in kernels:
        by_op.setdefault(kernel.op, []).append(kernel)
    rows = [
        (op, device, where, place, constraints)
        for op, registrations in by_op.items()
        for place, device, constraints, where in kernel_rows(registrations, profiles)
    ]
    if len(profiles) == 1:
        _print_section(title, ("op", "device", "file:line", "constraints"), [(*row[:2], *row[3:]) for row in rows])
    else:
        _print_section(title, ("op", "device", "profiles", "file:line", "constraints"), rows)


def _by_file(changes: Iterable[KernelChange]) -> list[tuple[str, ...]]:
    groups: dict[tuple[str, ...], list[KernelChange]] = {}
    for change in changes:
        groups.setdefault((change.before.source, change.after.source), []).append(change)
    return _counted(groups)


def _by_edit(changes: Iterable[KernelChange]) -> list[tuple[str, ...]]:
    """Classes of one shape by the arguments that change; others by what all of the same two shapes have in common."""
    edits: dict[tuple[str, ...], list[KernelChange]] = {}
    rewritten: dict[tuple[tuple[str, ...], tuple[str, ...]], list[KernelChange]] = {}
    for change in changes:
        before, after = change.before.kernel_class, change.after.kernel_class
        if shape(before) == shape(after):
            edits.setdefault((edit(before, after),), []).append(change)
        else:
            rewritten.setdefault((shape(before), shape(after)), []).append(change)
    for alike in rewritten.values():
        before = common([change.before.kernel_class for change in alike])
        after = common([change.after.kernel_class for change in alike])
        edits.setdefault((f"{before} → {after}",), []).extend(alike)
    return _counted(edits)


def _counted(groups: Mapping[tuple[str, ...], Sequence[KernelChange]]) -> list[tuple[str, ...]]:
    """Rows with the number of kernels and the first ops, most kernels first."""
    rows = []
    for key, changes in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        ops = sorted({change.after.op for change in changes})
        more = f" and {len(ops) - MAX_OPS} more" if len(ops) > MAX_OPS else ""
        rows.append((*key, str(len(changes)), ", ".join(ops[:MAX_OPS]) + more))
    return rows


def _classes(changes: Iterable[KernelChange]) -> list[tuple[str, ...]]:
    return sorted({(c.after.op, c.before.kernel_class, c.after.kernel_class) for c in changes})


def _print_lists(changes: Sequence[ListChange]) -> None:
    for change in changes:
        names = [name for name in dict.fromkeys((change.before, change.after)) if name]
        click.echo(f"\n{' → '.join(names)}: {_list_summary(change)}")
        if change.before and change.after:
            for sign, files in (("-", change.removed), ("+", change.added)):
                for file in files:
                    print_whole_line(f"  {sign} {file}")


def _list_summary(change: ListChange) -> str:
    if not change.before:
        return f"a new list of {counted(len(change.added), 'file')}"
    if not change.after:
        return f"the list is gone, with {counted(len(change.removed), 'file')}"
    return f"{counted(len(change.removed), 'file')} removed, {counted(len(change.added), 'file')} added"


def _print_section(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        click.echo(f"\n{title}")
        print_table(headers, rows, indent=2)
