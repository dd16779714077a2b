"""The bytes of binaries as trees: by section, by source file, by op and by data type, each with a level below."""

from __future__ import annotations

from opselect.audit.audited import Audit, Row, dtypes_of
from opselect.report.cost_rows import CostRows
from opselect.report.document import Tree
from opselect.report.shared import last_name, some
from opselect.report.trees import Branch, folders_of, joined_folders, pruned, tree
from opselect.report.uses import Uses

_MOST = 3
_MOST_OF_SECTIONS = 4_000
"""Nodes of the tree by section: each file has bytes in a dozen of them, next to none in most."""
_NO_FOLDER = "[folder not known]"
_NO_FILE = "[no source file known]"


def audit_trees(rows: CostRows, uses: Uses) -> tuple[Tree, ...]:
    """All ways of telling the bytes apart; the own bytes of each tree are together the size of the files."""
    return (_by_op(rows, uses), _by_file(rows, uses), _by_dtype(rows), _by_section(rows))


def _root(audit: Audit) -> Branch:
    return Branch(" + ".join(last_name(each.name) for each in audit.binaries))


def _by_op(rows: CostRows, uses: Uses) -> Tree:
    root = _root(rows.audit)
    ops = root.at("ops")
    kernels = {row.name: row for row in rows.by("kernel")}
    for (op, kernel_text), count in rows.audit.owned_together("op", "kernel").items():
        if not op:
            continue
        branch = ops.at(op)
        if not kernel_text:
            branch.own += count
            continue
        below = branch.at(kernel_text.removeprefix(f"{op} "))
        below.own += count
        _describe(below, kernels[kernel_text])
        its = rows.kernels[kernel_text]
        below.state = uses.of_kernels(its)
        below.detail = some(sorted({dtype.name for kernel in its for dtype in dtypes_of(kernel)}), 6)
    for row in rows.by("op"):
        branch = ops.at(row.name)
        _describe(branch, row)
        branch.state = uses.of_op(row.name)
        needed = uses.models_of_op(row.name)
        asking = f"needed by {some(needed, _MOST)}" if needed else ""
        branch.detail = "; ".join(filter(None, (some(row.files, _MOST), asking)))
        branch.has_rest("definition, and what its kernels share")
    others = root.at("of no op alone")
    for section, count in rows.unattributed.items():
        others.at(section).own += count
    note = (
        "Bytes that carry the name of one op, and of them those of one kernel. What belongs to several ops, or to "
        "none, stands under “of no op alone” by its sections."
    )
    return tree("op", "By op", note, root)


def _by_file(rows: CostRows, uses: Uses) -> Tree:
    root = _root(rows.audit)
    branches: dict[str, Branch] = {}
    for (file, op), count in rows.audit.owned_together("file", "op").items():
        if not file:
            root.at(_NO_FILE).at(op or "[of no op alone]").own += count
            continue
        branch = _at_file(root, branches, file)
        if op:
            branch.at(op).own += count
        else:
            branch.own += count
    for row in rows.by("file"):
        branch = _at_file(root, branches, row.name)
        _describe(branch, row)
        branch.state = uses.of_file(row.name)
    for branch in branches.values():
        branch.has_rest("of no op alone")
    joined_folders(root)
    note = (
        "Bytes by the source file that they were compiled from, as far as the binary tells it, and of them those that "
        "carry the name of one op. Files of the same name count together where the binary does not tell them apart."
    )
    return tree("file", "By source file", note, root)


def _at_file(root: Branch, branches: dict[str, Branch], file: str) -> Branch:
    found = branches.get(file)
    if found is None:
        folders = folders_of(file)
        found = branches[file] = root.at_path(folders if len(folders) > 1 else (_NO_FOLDER, file))
    return found


def _by_dtype(rows: CostRows) -> Tree:
    root = _root(rows.audit)
    types, others = root.at("kernels for a data type"), root.at("[of no data type]")
    for (dtype, op), count in rows.audit.owned_together("dtype", "op").items():
        (types.at(dtype) if dtype else others).at(op or "[of no op alone]").own += count
    for row in rows.by("dtype"):
        _describe(types.at(row.name), row)
    note = (
        "Bytes of kernels by the data type that they are for, and of these by op. A kernel for several types has its "
        "bytes under the first, and would go with each."
    )
    return tree("dtype", "By data type", note, root)


def _by_section(rows: CostRows) -> Tree:
    root = _root(rows.audit)
    for (section, file), count in rows.audit.owned_together("section", "file").items():
        root.at(section).at(file or _NO_FILE).own += count
    for branch in root.branches.values():
        if list(branch.branches) == [_NO_FILE]:
            branch.own, branch.branches = branch.branches[_NO_FILE].own, {}
    note = "Bytes by section of the file, and of these by source file. Names in brackets are what no section has."
    return pruned(tree("section", "By section", note, root), _MOST_OF_SECTIONS)


def _describe(branch: Branch, row: Row) -> None:
    branch.kernels = row.kernels
    branch.retained = row.retained_bytes
