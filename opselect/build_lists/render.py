"""Selection in, texts of build files out. A writer is imported when its target is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from kernel_index.index import KernelIndex
from kernel_index.profiles import release_number
from opselect.build_lists.bazel import file_groups
from opselect.build_lists.flex.options import FlexOptions
from opselect.build_lists.header.options import HeaderOptions
from opselect.build_lists.keep_rule import Mode
from opselect.build_lists.manifest import manifest, to_json
from opselect.build_lists.manifest_for_reading import for_reading
from opselect.build_lists.source_list import check_names, library_warnings, source_list
from opselect.build_lists.templates import fill_template
from opselect.build_lists.unread import check_read
from opselect.findings import Finding
from opselect.lite.flex_platforms import FIRST_WITH_MODELS, flex_platforms
from opselect.requirements.collect import GRAPHS, Way
from opselect.selection.named_kernels import NamedKernels
from opselect.selection.select import Selection
from opselect.targets import ManifestFormat, Target, kind_of
from opselect.yaml_text import to_yaml

SOURCE_LISTS = ("cmake", "list")
"""The targets that any release has."""

_USUAL = HeaderOptions()
_NOTHING = NamedKernels()
_ONE_SIDE = FlexOptions()


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
    header: HeaderOptions = _USUAL,
    named: NamedKernels = _NOTHING,
    runs: frozenset[Way] = GRAPHS,
    flex: FlexOptions = _ONE_SIDE,
) -> dict[str, str]:
    """The files of a target: name → text. Same selection, same bytes.

    ``criteria`` is what mobile builds leave out by default, ``unread`` are models that could not be read. What is
    unresolved or unread is left out, and named with what is refused where the format has comments; whether that is
    acceptable is for the caller to decide. ``header`` and ``named`` are about the target ``header``, ``flex`` is about
    ``flex-bazel``, ``runs`` is how TensorFlow runs the models. Raises InputError where the release lacks what the
    target needs (filegroups, the makefile's list), where one of its BUILD files could not be read, and where a template
    is wrong.
    """
    if target == "header":
        from opselect.build_lists.flex_ops import subgraph_pairs
        from opselect.build_lists.header.content import header_text

        delegate = subgraph_pairs(index, selection.profile) if "functions" in runs else ()
        return {kind_of(target).file: header_text(selection, header.for_ways(runs), named, unread, delegate)}
    if target == "flex-ops":
        from opselect.build_lists.flex_ops import list_text, selected_pairs

        return {kind_of(target).file: list_text(selected_pairs(selection, index, functions="functions" in runs))}
    check_read(index.build_lists)
    values: dict[str, object] = {
        "release": selection.release,
        "profile": selection.profile,
        "mode": f"{mode}, core group kept" if keep_core and mode == "trim" else mode,
        "unresolved": selection.unresolved,
        "refused": selection.verdict.refused,
        "unread": unread,
    }
    name = kind_of(target).file_name(manifest_format)
    if target == "bazel":
        groups = file_groups(selection, index, mode, keep_core)
        check_names(label for group in groups for label in group.all_labels())
        values["groups"] = groups
    elif target == "makefile":
        from opselect.build_lists.makefile import makefile_list

        lines = makefile_list(selection, index, mode, keep_core)
        check_names(lines)
        values["lines"] = lines
    elif target in SOURCE_LISTS:
        sources = source_list(selection, index, mode, keep_core)
        check_names(sources)
        values["sources"] = sources
    elif target == "flex-bazel":
        from opselect.build_lists.flex.rule import flex_names, flex_rule

        values |= flex_rule(selection, index, flex, named)
        check_names(flex_names(values))
    else:
        data = manifest(selection, index, mode, keep_core, criteria=criteria, unread=unread)
        values["manifest"] = data
        values["text"] = to_json(data) if manifest_format == "json" else to_yaml(for_reading(data))
    return {name: fill_template(f"{name}.j2", values, template_dir)}


def render_warnings(
    target: Target,
    selection: Selection,
    index: KernelIndex,
    *,
    mode: Mode = "trim",
    keep_core: bool = False,
    have: Collection[str] = (),
    header: HeaderOptions = _USUAL,
    named: NamedKernels = _NOTHING,
    beside: Collection[Target] = (),
    runs: frozenset[Way] = GRAPHS,
    flex: FlexOptions = _ONE_SIDE,
    tree: Path | None = None,
) -> tuple[str, ...]:
    """What a user should know when this target is written: of the release's own lists, of libraries for other builds.

    ``have`` are libraries that the user's build has, ``beside`` the targets that are written with it. ``tree`` is the
    checkout that is built, None where it is not known.
    """
    if target == "makefile":
        from opselect.build_lists.makefile import makefile_warnings

        return makefile_warnings(selection, index, mode, keep_core)
    if target == "flex-bazel":
        from opselect.build_lists.flex.rule import flex_warnings

        return flex_warnings(selection, flex, is_trimmed=mode == "trim" and not keep_core)
    if target == "header":
        from opselect.build_lists.header.content import header_warnings

        with_lists = not {"bazel", "makefile", "flex-bazel", *SOURCE_LISTS}.isdisjoint(beside)
        there = release_number(selection.release) >= FIRST_WITH_MODELS and "flex-bazel" not in beside
        rules = flex_platforms(selection.release, tree) if there else None
        return header_warnings(selection, index, header.for_ways(runs), named, with_lists=with_lists, rules=rules)
    return library_warnings(selection, index, have) if target in SOURCE_LISTS else ()
