"""What a generated build holds and why, as tables that sort and filter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kernel_index.records_json import attrs_json
from opselect.report.document import PageTable
from opselect.report.shared import some
from opselect.report.tables import Head, attrs_text, constraints_text, missing_table, table

if TYPE_CHECKING:
    from opselect.report.of_generation import BuildPart
    from opselect.selection.select import Reason

_WHY: tuple[Head, ...] = (("why", "Why", "text"), ("nodes", "Nodes", "text"), ("models", "Models", "text"))
_EXPECTED: tuple[Head, ...] = (
    ("bytes", "Expected bytes", "bytes"),
    ("low", "At least", "bytes"),
    ("high", "At most", "bytes"),
    ("basis", "Known by", "text"),
)
_UNKNOWN = (None, None, None, "")
_MOST = 5


def build_tables(build: BuildPart, *, sizes: bool) -> Iterator[PageTable]:
    """What is missing, files, kernels, what the models need, and what of that mobile builds leave out by default."""
    yield missing_table((*build.answer.selection.unresolved, *build.answer.selection.verdict.refused))
    yield _files(build, sizes=sizes)
    yield _kernels(build)
    yield _needs(build)
    heads: tuple[Head, ...] = (
        *(("op", "Op", "text"), ("criterion", "Criterion", "text"), ("reason", "Why", "text")),
        *(("count", "Nodes", "count"), ("nodes", "Some nodes", "text"), ("advice", "What to do", "text")),
    )
    rows = (
        (each.op, each.kind, each.reason, each.count, some(each.nodes, _MOST), each.advice)
        for each in build.answer.criteria
    )
    yield table("criteria", "Left out of mobile builds by default", heads, rows)


def _files(build: BuildPart, *, sizes: bool) -> PageTable:
    """A row a file, whatever it is there for; with ``sizes`` the bytes that are expected of it."""
    known = {} if build.estimate is None else {each.file: each for each in build.estimate.files}
    roles: dict[str, list[str]] = {}
    reasons: dict[str, list[Reason]] = {}
    for file in build.files:
        roles.setdefault(file.path, []).append(file.role)
        reasons.setdefault(file.path, []).extend(file.reasons)
    rows = []
    for path, its in roles.items():
        found = known.get(path)
        expected = (found.bytes, found.low, found.high, found.basis.value) if found is not None else _UNKNOWN
        rows.append((path, ", ".join(its), *(expected if sizes else ()), *_why(reasons[path])))
    heads: tuple[Head, ...] = (
        *(("file", "File", "text"), ("role", "Role", "text")),
        *(_EXPECTED if sizes else ()),
        *_WHY,
    )
    return table("files", "Files of the build", heads, rows)


def _kernels(build: BuildPart) -> PageTable:
    rows = []
    for each in build.answer.selection.kernels:
        kernel = each.registration
        label = f" label={kernel.label}" if kernel.label else ""
        name = f"{kernel.device} {kernel.kernel_class}{label}"
        rows.append((kernel.op, name, constraints_text(kernel.constraints), kernel.source, *_why(each.reasons)))
    heads: tuple[Head, ...] = (
        *(("op", "Op", "text"), ("kernel", "Kernel", "text"), ("types", "Types", "text"), ("file", "File", "text")),
        *_WHY,
    )
    return table("kernels", "Kernels of the build", heads, rows)


def _needs(build: BuildPart) -> PageTable:
    """What the models ask for, and what the runtime makes of it."""
    rows = (
        (
            *(each.op, attrs_text(each.attrs_json()), each.device, each.count, some(each.nodes, _MOST)),
            *(each.model_count, some(each.models, _MOST), each.origin.why if each.origin is not None else ""),
        )
        for each in build.answer.needed.requirements.items
    )
    heads: tuple[Head, ...] = (
        *(("op", "Op", "text"), ("attrs", "Attrs", "text"), ("device", "Device", "text")),
        *(("count", "Nodes", "count"), ("nodes", "Some nodes", "text")),
        *(("model_count", "Models", "count"), ("models", "Some models", "text"), ("origin", "Runtime", "text")),
    )
    return table("needs", "What the models need", heads, rows)


def _why(reasons: Iterable[Reason]) -> tuple[str, str, str]:
    """What asks for a file or kernel, the nodes, and the models."""
    its = tuple(reasons)
    asked = dict.fromkeys(": ".join(filter(None, (_asked(each), each.note))) for each in its)
    nodes = dict.fromkeys(node for each in its for node in each.nodes)
    models = dict.fromkeys(model for each in its for model in each.models)
    return some([each for each in asked if each], _MOST), some([*nodes], _MOST), some([*models], _MOST)


def _asked(reason: Reason) -> str:
    attrs = attrs_text(attrs_json(reason.attrs))
    return f"{reason.op} ({attrs})" if attrs else reason.op
