"""Selection in, texts of build files out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

from kernel_index.index import KernelIndex
from opselect.build_lists.bazel import file_groups
from opselect.build_lists.keep_rule import Mode
from opselect.build_lists.makefile import makefile_list, makefile_warnings
from opselect.build_lists.manifest import manifest, to_json, to_yaml
from opselect.build_lists.source_list import check_names, library_warnings, source_list
from opselect.build_lists.templates import fill_template
from opselect.build_lists.unread import check_read
from opselect.findings import Finding
from opselect.selection.select import Selection

Target = Literal["bazel", "makefile", "cmake", "list", "manifest"]
"""``bazel``: filegroups for ``tensorflow/core/kernels/BUILD``; ``makefile``: ``tf_op_files.txt``; ``cmake`` and
``list``: the sources for other build systems; ``manifest``: the reasons."""

TARGETS: tuple[Target, ...] = ("bazel", "makefile", "cmake", "list", "manifest")

SOURCE_LISTS = {"cmake": "tf_kernels.cmake", "list": "kernel_files.txt"}
"""The targets that any release has, and the file of each."""

FILES = {"bazel": "kernels.BUILD", "makefile": "tf_op_files.txt", **SOURCE_LISTS}
"""The file of each target; that of the manifest is ``manifest`` with its format after a dot."""

ManifestFormat = Literal["yaml", "json"]


def render(
    target: Target,
    selection: Selection,
    index: KernelIndex,
    *,
    mode: Mode = "trim",
    keep_core: bool = False,
    template_dir: Path | None = None,
    manifest_format: ManifestFormat = "yaml",
    criteria: Sequence[Finding] = (),
    unread: Sequence[str] = (),
) -> dict[str, str]:
    """The files of a target: name → text. Same selection, same bytes.

    ``criteria`` is what mobile builds leave out by default, ``unread`` are models that could not be read. What is
    unresolved or unread is left out, and named with what is refused where the format has comments; whether that is
    acceptable is for the caller to decide. Raises InputError where the release lacks what the target needs
    (filegroups, the makefile's list), where one of its BUILD files could not be read, and where a template is wrong.
    """
    check_read(index.build_lists)
    values: dict[str, object] = {
        "release": selection.release,
        "profile": selection.profile,
        "mode": f"{mode}, core group kept" if keep_core and mode == "trim" else mode,
        "unresolved": selection.unresolved,
        "refused": selection.verdict.refused,
        "unread": unread,
    }
    if target == "bazel":
        groups = file_groups(selection, index, mode, keep_core)
        check_names(label for group in groups for label in group.all_labels())
        values["groups"] = groups
        return {FILES[target]: fill_template(f"{FILES[target]}.j2", values, template_dir)}
    if target == "makefile":
        lines = makefile_list(selection, index, mode, keep_core)
        check_names(lines)
        values["lines"] = lines
        return {FILES[target]: fill_template(f"{FILES[target]}.j2", values, template_dir)}
    if target in SOURCE_LISTS:
        sources = source_list(selection, index, mode, keep_core)
        check_names(sources)
        values["sources"] = sources
        return {SOURCE_LISTS[target]: fill_template(f"{SOURCE_LISTS[target]}.j2", values, template_dir)}
    data = manifest(selection, index, mode, keep_core, criteria=criteria, unread=unread)
    values["manifest"] = data
    values["text"] = to_json(data) if manifest_format == "json" else to_yaml(data)
    name = f"manifest.{manifest_format}"
    return {name: fill_template(f"{name}.j2", values, template_dir)}


def render_warnings(
    target: Target,
    selection: Selection,
    index: KernelIndex,
    *,
    mode: Mode = "trim",
    keep_core: bool = False,
    have: Collection[str] = (),
) -> tuple[str, ...]:
    """What a user should know when this target is written: of the release's own lists, of libraries for other builds.

    ``have`` are libraries that the user's build has.
    """
    if target == "makefile":
        return makefile_warnings(selection, index, mode, keep_core)
    return library_warnings(selection, index, have) if target in ("cmake", "list") else ()
