"""What the documents of all answers have in common: remarks, models, and names in a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kernel_index import __version__
from opselect.findings import Finding
from opselect.report.document import ModelRow, Remark, Severity

if TYPE_CHECKING:
    from opselect.requirements.of_many_models import Failure
    from opselect.usecases.model_origins import ModelOrigin

MADE_BY = f"opselect {__version__}"


def some(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def counted(count: int, noun: str) -> str:
    """``1 kernel``, ``1,024 kernels``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def last_name(path: str) -> str:
    """The name of a file without its folders."""
    return path.rstrip("/").rpartition("/")[2] or path


def remark(finding: Finding, severity: Severity) -> Remark:
    """A finding as it stands on the page, with the op and the file that it is about where the reason names neither."""
    about = [finding.op] if finding.op and finding.op not in finding.reason else []
    about += [file for file in finding.files[:1] if file not in finding.reason]
    nodes = f" (nodes {some(finding.nodes)})" if finding.nodes else ""
    return Remark(finding.code, severity, ": ".join([*about, finding.reason]) + nodes, finding.advice)


def sentences(texts: Iterable[str], severity: Severity) -> tuple[Remark, ...]:
    """Sentences without a code, each once."""
    return tuple(Remark("", severity, text, "") for text in dict.fromkeys(texts))


def unread_remarks(unread: Sequence[Failure]) -> tuple[Remark, ...]:
    """Models that could not be read: nothing is known of what they need."""
    return tuple(Remark("", "unread", f"{each.model} could not be read: {each.problem}", "") for each in unread)


def model_row(origin: ModelOrigin) -> ModelRow:
    """A model and where it comes from."""
    version = [f"TensorFlow {origin.tensorflow}"] if origin.tensorflow else []
    version += [f"GraphDef producer {origin.producer}"] if origin.producer else []
    note = "; ".join(filter(None, (_FORMATS.get(origin.format, origin.format), origin.note)))
    return ModelRow(
        origin.name, ", ".join(version), ", ".join(origin.entries), origin.ops, origin.nodes, origin.sha256, note
    )


_FORMATS = {
    "graphdef": "GraphDef",
    "meta_graph": "MetaGraphDef",
    "saved_model": "SavedModel",
    "checkpoint": "checkpoint",
    "tflite": "TensorFlow Lite model",
}
