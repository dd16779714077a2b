"""What an audit tells, as tables that sort and filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from opselect.audit.audited import Audit, kernel_name, kernels_by_name
from opselect.binaries.names import readable
from opselect.report.document import Cell, PageTable
from opselect.report.tables import Head, constraints_text, missing_table, table
from opselect.report.uses import Uses

if TYPE_CHECKING:
    from opselect.audit.audited import Row
    from opselect.audit.difference import Change, Difference
    from opselect.usecases.audit_models import ModelsAudit

_OP: Head = ("op", "Op", "text")
_FILE: Head = ("file", "File", "text")
_COSTS: tuple[Head, ...] = (
    ("kernels", "Kernels", "count"),
    ("retained", "Would go", "bytes"),
    ("own", "Own bytes", "bytes"),
)
_USE: tuple[Head, ...] = (("use", "Use", "state"), ("models", "Needed by", "text"))
_CHANGE: tuple[Head, ...] = (
    ("state", "Change", "state"),
    ("kernels", "Kernels, change", "count"),
    ("retained", "Would go, change", "bytes"),
    ("own", "Own bytes, change", "bytes"),
)


def audit_tables(audit: Audit, uses: Uses) -> Iterator[PageTable]:
    """Ops, kernels, files and types with what they cost, what belongs to no op alone, and what could not be decoded."""
    yield _ops(audit, uses)
    yield _kernels(audit, uses)
    yield _files(audit, uses)
    yield table("dtypes", "Data types", (("dtype", "Data type", "text"), *_COSTS), map(_costs, audit.rows("dtype")))
    sections, nobody = audit.sections(), audit.unattributed()
    heads: tuple[Head, ...] = (
        ("section", "Section", "text"),
        ("bytes", "Bytes", "bytes"),
        ("unattributed", "Of no op alone", "bytes"),
    )
    yield table("sections", "Sections", heads, ((name, size, nobody.get(name, 0)) for name, size in sections.items()))
    shared = ((", ".join(ops), count) for ops, count in audit.shared().items())
    yield table("shared", "Belongs to several ops", (("ops", "Ops", "text"), ("bytes", "Bytes", "bytes")), shared)
    yield _definitions(audit)
    yield _undecoded(audit)
    yield _binaries(audit)


def _costs(row: Row) -> tuple[Cell, ...]:
    return row.name, row.kernels, row.retained_bytes, row.own_bytes


def _ops(audit: Audit, uses: Uses) -> PageTable:
    found = []
    for row in audit.rows("op"):
        used = (uses.of_op(row.name), ", ".join(uses.models_of_op(row.name))) if uses.given else ()
        found.append((*_costs(row), ", ".join(row.files), *used))
    heads = (_OP, *_COSTS, ("files", "Files", "text"), *(_USE if uses.given else ()))
    return table("ops", "Ops", heads, found)


def _kernels(audit: Audit, uses: Uses) -> PageTable:
    """Kernels of the same op, device, class and label are one row, as in the tree."""
    registered = kernels_by_name(audit.kernels)
    found = []
    for row in audit.rows("kernel"):
        its = registered[row.name]
        op = its[0].op
        types = " or ".join(sorted({constraints_text(kernel.constraints) for kernel in its} - {""}))
        used = (uses.of_kernels(its), ", ".join(uses.models_of(its))) if uses.given else ()
        found.append((op, row.name.removeprefix(f"{op} "), types, *_costs(row)[1:], ", ".join(row.files), *used))
    heads: tuple[Head, ...] = (
        *(_OP, ("kernel", "Kernel", "text"), ("types", "Types", "text"), *_COSTS, ("files", "Files", "text")),
        *(_USE if uses.given else ()),
    )
    return table("kernels", "Kernels", heads, found)


def _files(audit: Audit, uses: Uses) -> PageTable:
    found = ((*_costs(row), *((uses.of_file(row.name),) if uses.given else ())) for row in audit.rows("file"))
    return table("files", "Source files", (_FILE, *_COSTS, *(_USE[:1] if uses.given else ())), found)


def _definitions(audit: Audit) -> PageTable:
    having = {kernel.op for kernel in audit.kernels}
    found = {(each.op, each.file) for binary in audit.binaries for each in binary.registrations.definitions}
    rows = ((op, file, "yes" if op in having else "no") for op, file in sorted(found))
    return table("definitions", "Op definitions", (_OP, _FILE, ("kernels", "Has kernels", "text")), rows)


def _undecoded(audit: Audit) -> PageTable:
    rows = (
        (binary.name, each.kernel_class or readable(each.function_name), each.file, f"{each.place:#x}", each.reason)
        for binary in audit.binaries
        for each in binary.registrations.undecoded
    )
    heads: tuple[Head, ...] = (
        *(("binary", "Binary", "text"), ("what", "Class or function", "text"), _FILE),
        *(("address", "Address", "text"), ("reason", "Why", "text")),
    )
    return table("undecoded", "Registrations that could not be decoded", heads, rows)


def _binaries(audit: Audit) -> PageTable:
    rows = (
        (
            *(each.name, each.abi, each.size, each.packed.compressed_size if each.packed is not None else None),
            *(len(each.registrations.kernels), len(each.registrations.definitions)),
        )
        for each in audit.binaries
    )
    heads: tuple[Head, ...] = (
        *(("binary", "Binary", "text"), ("abi", "Processor", "text"), ("size", "Size", "bytes")),
        ("download", "To download", "bytes"),
        *(("kernels", "Kernels", "count"), ("definitions", "Op definitions", "count")),
    )
    return table("binaries", "Binaries", heads, rows)


def model_tables(models: ModelsAudit) -> Iterator[PageTable]:
    """What is missing, what is unused, by file, and what a build would save without each model."""
    yield missing_table(models.missing)
    heads: tuple[Head, ...] = (
        *(_FILE, ("retained", "Would go", "bytes"), ("kernels", "Kernels", "count"), ("ops", "Ops", "text")),
        *(("whole", "All of the file", "text"), ("edit", "What takes it out", "text")),
    )
    unused = (
        (
            *(
                each.file,
                each.bytes,
                len(each.kernels),
                ", ".join(sorted({kernel.op for kernel in each.kernels})),
            ),
            *("yes" if each.whole else "no", each.mend.text),
        )
        for each in models.unused
    )
    yield table("unused", "Kernels that no model needs, by file", heads, unused)
    savings = ((each.model, each.kernels, each.bytes) for each in models.savings)
    heads = (("model", "Model", "text"), ("kernels", "Kernels of it alone", "count"), ("bytes", "Would go", "bytes"))
    yield table("savings", "What dropping a model saves", heads, savings)


def difference_tables(found: Difference) -> Iterator[PageTable]:
    """All that became of an older build: by op, by file, and the kernels that only one of both registers."""
    yield table("changed-ops", "Changed ops", (_OP, *_CHANGE), map(_change, found.changes("op")))
    yield table("changed-files", "Changed files", (_FILE, *_CHANGE), map(_change, found.changes("file")))
    kernels = sorted(
        (kernel.op, kernel_name(kernel).removeprefix(f"{kernel.op} "), constraints_text(kernel.constraints), state)
        for state, kernels in (("added", found.added), ("gone", found.gone))
        for kernel in kernels
    )
    heads: tuple[Head, ...] = (
        *(_OP, ("kernel", "Kernel", "text"), ("types", "Types", "text")),
        ("state", "Change", "state"),
    )
    yield table("changed-kernels", "Kernels that only one of both has", heads, kernels)


def _change(change: Change) -> tuple[Cell, ...]:
    return change.name, change.state, change.kernels, change.retained, change.own
