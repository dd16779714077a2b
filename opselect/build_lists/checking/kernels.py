"""What the lists have and lack for the models that a build is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kernel_index.build_files.entries import ListEntries
from kernel_index.build_files.labels import parse_label
from kernel_index.build_files.places import KERNELS_PACKAGE, MAKEFILE_LIST
from kernel_index.file_names import is_source
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import value_text
from kernel_index.needed_files import names
from kernel_index.records import Location
from opselect.build_lists.bazel import file_groups
from opselect.build_lists.checking.builds import Build, end_of_list, how_listed
from opselect.build_lists.checking.finding import at_entry, by_apply, in_list, removal
from opselect.build_lists.keep_rule import keep_rule
from opselect.findings import Finding
from opselect.selection.select import SelectedFile, Selection


def unpicked(build: Build, selection: Selection, index: KernelIndex) -> dict[str, Finding]:
    """Listed source files that ``opselect apply`` would take out for the models."""
    rule = keep_rule(selection, index, "trim", keep_core=False, build=build.build)
    found = {}
    for path, entry in build.sources.items():
        if not rule.keeps(path):
            what = "no model picks a kernel of it" if path in rule.kernel_files else "it registers no kernel"
            message = f"{what}, and nothing that is picked needs it"
            found[path] = at_entry("unpicked", entry, message, removal(entry), by_apply())
    return found


def unlisted_kernels(
    build: Build, selection: Selection, index: KernelIndex, entries: ListEntries
) -> dict[str, Finding]:
    """Source files that the build lacks and whose kernels the models pick, at the list that should have them."""
    absent = [file for file in selection.files if file.role == "kernel" and _is_absent(file, build)]
    found = {}
    homes = {} if build.is_makefile or not absent else _homes(selection, index)
    for file in absent:
        owner = MAKEFILE_LIST if build.is_makefile else homes.get(file.path, "")
        place = end_of_list(entries) if build.is_makefile else entries.starts.get(owner, Location("", 0))
        mends = (how_listed(file.path, build, index.build_lists, owner), by_apply("--mode", "extend"))
        found[file.path] = in_list("unlisted-kernel", owner, file.path, place, _who_asks(file), *mends)
    return found


def _is_absent(file: SelectedFile, build: Build) -> bool:
    return is_source(file.path) and build.build in file.builds and file.path not in build.present


def unlisted_definitions(
    build: Build, selection: Selection, index: KernelIndex, entries: ListEntries
) -> dict[str, Finding]:
    """Source files that the build lacks and that define ops of the models, at the list that should have them."""
    absent = [file for file in selection.files if file.role == "definition" and _is_absent(file, build)]
    homes = {} if build.is_makefile or not absent else _homes(selection, index)
    found = {}
    for file in absent:
        owner = MAKEFILE_LIST if build.is_makefile else homes.get(file.path, "")
        place = end_of_list(entries) if build.is_makefile else entries.starts.get(owner, Location("", 0))
        ops = names({reason.op for reason in file.reasons})
        message = f"no list of the build has this file, which defines ops of the models: {ops}"
        mends = (how_listed(file.path, build, index.build_lists, owner), by_apply("--mode", "extend"))
        found[file.path] = in_list("undefined-op", owner, file.path, place, message, *mends)
    return found


def _homes(selection: Selection, index: KernelIndex) -> dict[str, str]:
    """The group that ``opselect apply`` puts each file into."""
    homes: dict[str, str] = {}
    for group in file_groups(selection, index, "extend", keep_core=False):
        for text in group.labels:
            label = parse_label(text, KERNELS_PACKAGE)
            if label is not None:
                homes.setdefault(label.path, group.name)
    return homes


def _who_asks(file: SelectedFile) -> str:
    notes = {reason.op: reason.note for reason in file.reasons if reason.op}
    ops = ", ".join(f"{op} ({note})" if note else op for op, note in notes.items())
    return f"no list of the build has this file, which registers kernels that are needed: {ops}"


def no_kernels(selection: Selection) -> Iterator[Finding]:
    """Needs that no list can meet: what the selection found, without its places in the sources."""
    for missing in selection.unresolved:
        reason = f"{_attrs(missing)}{missing.reason}"
        yield replace(missing, kind="no-kernel", reason=reason, entry=missing.op, places=())


def refused(selection: Selection) -> Iterator[Finding]:
    """What of the models the release would not load, whatever the lists hold."""
    for refusal in selection.verdict.refused:
        yield replace(refusal, kind="refused", entry=refusal.op)


def _attrs(missing: Finding) -> str:
    shown = ", ".join(f"{name}={value_text(value)}" for name, value in missing.attrs)
    return f"for {shown}: " if shown else ""
