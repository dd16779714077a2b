"""The bytes of binaries as trees: by section, by source file, by op and by data type, each with a level below."""

from __future__ import annotations

from opselect.audit.audited import Audit, Row, dtypes_of, kernels_by_name
from opselect.report.document import Tree
from opselect.report.shared import last_name, some
from opselect.report.trees import Branch, folders_of, joined_folders, tree
from opselect.report.uses import Uses

_MOST = 3
_MOST_IN_SECTIONS = 4_000
_NO_FOLDER = "[folder not known]"
_NO_FILE = "[no source file known]"


def audit_trees(audit: Audit, uses: Uses) -> tuple[Tree, ...]:
    """All ways of telling the bytes apart; the own bytes of each tree are together the size of the files."""
    return (_by_op(audit, uses), _by_file(audit, uses), _by_dtype(audit), _by_section(audit))


def _root(audit: Audit) -> Branch:
    return Branch(" + ".join(last_name(each.name) for each in audit.binaries), kernels=len(audit.kernels))


def _by_op(audit: Audit, uses: Uses) -> Tree:
    root = _root(audit)
    ops = root.at("ops")
    registered = kernels_by_name(audit.kernels)
    kernels = {row.name: row for row in audit.rows("kernel")}
    for (op, kernel_text), count in audit.owned_together("op", "kernel").items():
        if not op:
            continue
        branch = ops.at(op)
        if not kernel_text:
            branch.own += count
            continue
        below = branch.at(kernel_text.removeprefix(f"{op} "))
        below.own += count
        _describe(below, kernels[kernel_text])
        its = registered[kernel_text]
        below.state = uses.of_kernels(its)
        below.detail = some(sorted({dtype.name for kernel in its for dtype in dtypes_of(kernel)}), 6)
    for row in audit.rows("op"):
        branch = ops.at(row.name)
        _describe(branch, row)
        branch.state = uses.of_op(row.name)
        needed = uses.models_of_op(row.name)
        asking = f"needed by {some(needed, _MOST)}" if needed else ""
        branch.detail = "; ".join(filter(None, (some(row.files, _MOST), asking)))
        branch.has_rest("definition, and what its kernels share")
    others = root.at("of no op alone")
    for section, count in audit.unattributed().items():
        others.at(section).own += count
    note = (
        "Bytes that carry the name of one op, and of them those of one kernel. What belongs to several ops, or to "
        "none, stands under “of no op alone” by its sections."
    )
    return tree("op", "By op", note, root)


def _by_file(audit: Audit, uses: Uses) -> Tree:
    root = _root(audit)
    branches: dict[str, Branch] = {}
    for (file, op), count in audit.owned_together("file", "op").items():
        if not file:
            root.at(_NO_FILE).at(op or "[of no op alone]").own += count
            continue
        branch = _at_file(root, branches, file)
        if op:
            branch.at(op).own += count
        else:
            branch.own += count
    for row in audit.rows("file"):
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


def _by_dtype(audit: Audit) -> Tree:
    root = _root(audit)
    types, others = root.at("kernels for a data type"), root.at("[of no data type]")
    types.kernels = sum(bool(dtypes_of(kernel)) for kernel in audit.kernels)
    for (dtype, op), count in audit.owned_together("dtype", "op").items():
        (types.at(dtype) if dtype else others).at(op or "[of no op alone]").own += count
    for row in audit.rows("dtype"):
        _describe(types.at(row.name), row)
    note = (
        "Bytes of kernels by the data type that they are for, and of these by op. A kernel for several types has its "
        "bytes under the first, and would go with each."
    )
    return tree("dtype", "By data type", note, root)


def _by_section(audit: Audit) -> Tree:
    """Most files have a few bytes in a dozen sections: only the largest of these are told apart."""
    root = _root(audit)
    left_out: dict[str, list[int]] = {}
    for number, ((section, file), count) in enumerate(audit.owned_together("section", "file").items()):
        if number < _MOST_IN_SECTIONS or not file:
            root.at(section).at(file or _NO_FILE).own += count
        else:
            left_out.setdefault(section, []).append(count)
    for section, counts in left_out.items():
        root.at(section).at(f"[{len(counts):,} more]").own += sum(counts)
    for branch in root.branches.values():
        if list(branch.branches) == [_NO_FILE]:
            branch.own, branch.branches = branch.branches[_NO_FILE].own, {}
    note = "Bytes by section of the file, and of these by source file. Names in brackets are what no section has."
    return tree("section", "By section", note, root)


def _describe(branch: Branch, row: Row) -> None:
    branch.kernels = row.kernels
    branch.retained = row.retained_bytes
