"""What the documents of all answers have in common: remarks, models, and names in a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from kernel_index import __version__
from opselect.findings import Finding, code_of
from opselect.report.document import Figure, ModelRow, Remark, Severity, Tone

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


def severity(finding: Finding) -> Severity:
    """What a page calls a finding of something that a build has not, surely or perhaps, or that is refused."""
    known = code_of(finding.code)
    if known.is_unknown:
        return "unknown"
    return "refused" if known.family == "3" else "missing"


def missing_figures(findings: Sequence[Finding], note: str, of_build: str = "") -> Iterator[Figure]:
    """How much a build has not, which ``note`` explains, and of how much nobody knows whether it has it."""
    unknown = sum(severity(each) == "unknown" for each in findings)
    missing = len(findings) - unknown
    tone: Tone = "bad" if missing else "" if unknown else "good"
    yield Figure(f"Missing{of_build}", missing, "count", note, tone)
    if unknown:
        why = "kernels of which nobody knows whether the build can have them"
        yield Figure(f"Not known{of_build}", unknown, "count", why)


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
