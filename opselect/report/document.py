"""What a page shows, as plain values: the script of the page reads their JSON (``templates/report``)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kernel_index.records_json import Json

Unit = Literal["bytes", "count", "text"]
Tone = Literal["", "good", "bad"]
ColumnKind = Literal["text", "bytes", "count", "state"]
Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the first screen. ``note`` says what it means; ``tone`` is a judgement, where it is one."""

    label: str
    value: int | str
    unit: Unit
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One limit: what is limited, what there is, what there may be; ``mend`` says what to do where it is over."""

    what: str
    number: int
    most: int
    over: bool
    reason: str = ""
    mend: str = ""
    unit: Unit = "bytes"


@dataclass(frozen=True, slots=True)
class GoingRow:
    """What nothing needs: a file or kernel, the bytes that would go with it, and the edit that takes it out."""

    what: str
    bytes: int | None
    detail: str
    edit: str


@dataclass(frozen=True, slots=True)
class Going:
    """All that would go. ``total`` is what goes together, which is no sum of the rows; None where it is not told.

    ``more`` rows are not shown here, but in a table below.
    """

    total: int | None
    note: str
    rows: tuple[GoingRow, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What became of an op or file since an older build: by how many bytes and kernels it grew."""

    name: str
    state: str
    own: int
    retained: int | None
    kernels: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of an older build. ``explanations`` say why it is no smaller; ``more`` rows are in a table below."""

    old: str
    growth: int
    rows: tuple[ChangeRow, ...]
    explanations: tuple[Remark, ...] = ()
    more: int = 0


Severity = Literal["missing", "refused", "unread", "check", "left out", "ignored", "unknown", "note"]
"""What a remark is about: what does not run or is too large, what a release does not load, models that could not be
read, what should not ship, what mobile builds leave out by default, what a release passes over, what nobody could judge
or decode, and what else a reader should know."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding: its code, empty where it has none, what it is about, why, and what to do."""

    code: str
    severity: Severity
    reason: str
    mend: str


@dataclass(frozen=True, slots=True)
class Tree:
    """Bytes told apart in one way, as columns of nodes: the root is node 0 and parents stand before their children.

    ``own`` are the bytes of a node without its children, so that all of them together are the total. ``retained`` would
    go without it, and ``kernels`` is how many are in it; None where that is not told. ``states`` are "needed",
    "unused", "missing" or "".
    """

    id: str
    label: str
    note: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    own: tuple[int, ...]
    retained: tuple[int | None, ...]
    kernels: tuple[int | None, ...]
    details: tuple[str, ...]
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TypeMatrix:
    """Ops × data types, a letter a cell.

    ``n`` needed and present, ``m`` needed and missing, ``?`` needed and not known whether it is there, ``u`` present
    and unused, ``p`` present where no models were
    given, ``.`` not there. Kernels that are for no data type stand in the column "any".
    """

    dtypes: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    label: str
    kind: ColumnKind


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table that sorts and filters. ``more`` rows were left out for the size of the page."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model that asks: what wrote it, and how much it asks for; None and empty where that is not told."""

    name: str
    producer: str
    signatures: str
    ops: int | None
    nodes: int | None
    sha256: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """All that one page shows; ``models_more`` models have no row of their own."""

    kind: Literal["audit", "generate"]
    title: str
    subtitle: str
    made_by: str
    figures: tuple[Figure, ...]
    budget: tuple[BudgetRow, ...] | None
    would_go: Going | None
    diff: Changes | None
    findings: tuple[Remark, ...]
    trees: tuple[Tree, ...]
    matrix: TypeMatrix | None
    tables: tuple[PageTable, ...]
    models: tuple[ModelRow, ...]
    models_more: int = 0

    def to_json(self) -> Json:
        """The values under the names of the fields, tuples as lists."""
        return asdict(self)
