"""The bytes that a build is expected to have, as trees: by source file, and by what the files are there for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from opselect.report.document import Tree
from opselect.report.shared import some
from opselect.report.trees import Branch, folders_of, joined_folders, tree

if TYPE_CHECKING:
    from opselect.report.of_generation import BuildPart

_NOTE = "Bytes that are expected of each source file, before they are linked: an estimate. "


def build_trees(build: BuildPart, number: int) -> Iterator[Tree]:
    """The trees of a build with an estimate; ``number`` tells them from those of other builds."""
    if build.estimate is None:
        return
    last = f"-{number}" if number > 1 else ""
    of_build = f", {build.name}" if build.name else ""
    note = _NOTE
    if build.estimate.unknown:
        note += f"Of {len(build.estimate.unknown):,} files nothing is known: they have no bytes here. "
    yield tree(f"file{last}", f"By source file{of_build}", note.strip(), _by_file(build))
    about_ops = "A file with kernels of several ops stands under these."
    yield tree(f"op{last}", f"By op{of_build}", f"{note}{about_ops}", _by_op(build))


def _by_file(build: BuildPart) -> Branch:
    root = Branch("expected")
    sizes, roles, kernels = _sizes(build), _roles(build), _kernels(build)
    for path in sorted(roles):
        branch = root.at_path(folders_of(path))
        branch.own = sizes.get(path, 0)
        branch.kernels = len(kernels.get(path, ()))
        branch.detail = ", ".join(roles[path])
        branch.state = "" if roles[path] == ["support"] else "needed"
    joined_folders(root)
    return root


def _by_op(build: BuildPart) -> Branch:
    root = Branch("expected")
    ops, several = root.at("ops"), root.at("several ops")
    sizes, kernels = _sizes(build), _kernels(build)
    for path, roles in sorted(_roles(build).items()):
        names = sorted(set(kernels.get(path, ())))
        if not names:
            branch = root.at(_BELOW[roles[0]])
        elif len(names) == 1:
            branch = ops.at(names[0])
            branch.state = "needed"
        else:
            branch = several.at(some(names))
            branch.state = "needed"
        file = branch.at(path)
        file.own = sizes.get(path, 0)
        file.kernels = len(kernels.get(path, ()))
    return root


_BELOW = {
    "kernel": "ops",
    "definition": "definitions",
    "dependency": "what these are linked with",
    "support": "kept of the release's lists",
}


def _sizes(build: BuildPart) -> dict[str, int]:
    assert build.estimate is not None
    return {each.file: each.bytes for each in build.estimate.files}


def _roles(build: BuildPart) -> dict[str, list[str]]:
    """The source files and what they are there for."""
    found: dict[str, list[str]] = {}
    for file in build.files:
        if file.role != "header":
            found.setdefault(file.path, []).append(file.role)
    return found


def _kernels(build: BuildPart) -> dict[str, list[str]]:
    """The ops of the kernels that are picked, by source file."""
    found: dict[str, list[str]] = {}
    for kernel in build.answer.selection.kernels:
        found.setdefault(kernel.registration.source, []).append(kernel.registration.op)
    return found
