"""Mends in the words of one build: edits of its own list, with all that a file needs, and flags as it spells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kernel_index.build_files.mobile_lists import compiled_unlisted
from kernel_index.build_files.places import KERNELS_PACKAGE, MAKEFILE_LIST
from kernel_index.build_flags import change_for, larger_profile
from kernel_index.dependencies import DependencyGraph
from kernel_index.records import BAZEL, MAKE
from opselect.build_lists.checking.builds import Build, how_listed
from opselect.diagnosis.setting import Setting
from opselect.findings import Finding
from opselect.findings.mends import OR, BuildFlags, ListEdit, Mend, led, wider_types

_OF_FILES = ("OPS119", "OPS120", "OPS121", "OPS501")
"""Codes of causes whose ``files`` are what a list lacks."""


def for_build(finding: Finding, setting: Setting) -> Finding:
    """The finding with mends for the builds that are described, or told by the log; as it is where neither is known."""
    if finding.code == "OPS103" and setting.has_header and "selective" in finding.profiles:
        return replace(finding, mends=(all_types(setting), *led(OR, finding.mends)))
    if not setting.builds:
        return finding
    if finding.code in _OF_FILES and finding.files:
        return replace(finding, mends=_lists_first(finding, setting))
    if finding.code == "OPS103" and setting.builds == (MAKE,):
        return replace(finding, mends=tuple(_by_make(mend, finding, setting) for mend in finding.mends))
    return finding


def all_types(setting: Setting) -> BuildFlags:
    """What a build with a header needs, so that the header alone decides of types."""
    build = MAKE if setting.builds == (MAKE,) else ""
    return wider_types(change_for(setting.profile, "selective", setting.index.release, build))


def _lists_first(finding: Finding, setting: Setting) -> tuple[Mend, ...]:
    """One edit for each build, with the files that cannot be linked without others, and the mends that are no edits."""
    known = [mend for mend in finding.mends if isinstance(mend, ListEdit)]
    if not known:
        return finding.mends
    others = [mend for mend in finding.mends if not isinstance(mend, ListEdit)]
    edits: list[Mend] = []
    # Of several builds one may have the file: the finding has an edit for those that lack it.
    lacking = [build for build in setting.builds if any(_build_of(mend) == build for mend in known)]
    for build in lacking or setting.builds:
        files = _with_needed(finding.files, build, setting)
        if not files:
            continue
        own = next((mend for mend in known if _build_of(mend) == build), None)
        if build == BAZEL and not all(path.startswith(KERNELS_PACKAGE) for path in files):
            # Its library has all definitions of ops, whatever the groups of kernels list.
            edits += [own] if own is not None else []
            continue
        owner = own.list if own is not None and build == BAZEL and own.list in setting.index.build_lists.groups else ""
        edit = _edit(files, build, setting, owner)
        edits.append(replace(edit, applicability=known[0].applicability, lead=OR if edits else ""))
    if not edits:
        return finding.mends
    if others and not others[0].lead:
        others[0] = replace(others[0], lead=OR)
    return (*edits, *others)


def _build_of(mend: ListEdit) -> str:
    return MAKE if mend.list == MAKEFILE_LIST else BAZEL


def _with_needed(files: Sequence[str], build: str, setting: Setting) -> tuple[str, ...]:
    """Some files, and those without which the build cannot link them; not what it compiles already."""
    compiles, lists = setting.compiles, setting.index.build_lists
    own = [path for path in files if not compiled_unlisted(path, lists, build)]
    if compiles is None:
        return tuple(own)
    needed = DependencyGraph(setting.index, setting.profile, build).closure(own)
    return tuple(dict.fromkeys((*own, *(path for path in needed if not compiles(path)))))


def _edit(files: Sequence[str], build: str, setting: Setting, owner: str) -> ListEdit:
    """One edit that adds all files to the list of a build."""
    lists = setting.index.build_lists
    each = [how_listed(path, Build(build, {}, frozenset()), lists, owner) for path in files]
    first, added = each[0], tuple(entry for edit in each for entry in edit.add)
    if len(added) == 1:
        text = f"{first.text[:1].upper()}{first.text[1:]}."
    else:
        spelled = [entry if build == MAKE else f'"{entry}"' for entry in added]
        where = first.text.rpartition(" to ")[2]
        text = f"Add {'the lines ' if build == MAKE else ''}{', '.join(spelled[:-1])} and {spelled[-1]} to {where}."
    return replace(first, text=text, add=added)


def _by_make(mend: Mend, finding: Finding, setting: Setting) -> Mend:
    """The flags of a build with more types as the makefile takes them."""
    larger = larger_profile(setting.profile, finding.profiles, setting.index.release)
    if not isinstance(mend, BuildFlags) or mend.system == MAKE or not larger:
        return mend
    change = change_for(setting.profile, larger, setting.index.release, MAKE)
    return replace(wider_types(change, lead=mend.lead), applicability=mend.applicability)
