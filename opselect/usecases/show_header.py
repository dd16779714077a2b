"""What does an ``ops_to_register.h`` register, which release is it of, and does a build have it?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from kernel_index import shipped
from kernel_index.index import KernelIndex
from kernel_index.near_names import near_names
from kernel_index.profiles import release_number
from kernel_index.rare_collections import rare_collections
from kernel_index.records_json import Json
from opselect.build_lists.header.reader import read_header
from opselect.build_lists.header.record import SelectiveHeader, compiles_with
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource, PathLike
from opselect.usecases.open_kernels import open_kernels, profile_of
from opselect.verifying.named_files import text_of

_NEAREST = 3

_SUGGESTED = 100
"""Maximum number of ops and classes that near names are looked for: a header with more is no slip of the pen."""


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """An op or a kernel class of a header. ``state`` says where it is, empty where no build is asked about."""

    kind: Literal["op", "class"]
    name: str
    there: bool = True
    state: str = ""
    near: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeaderReport:
    """A header and what it is good for.

    ``releases`` are the shipped ones that have every op and class in some profile; ``nearest`` those that lack fewest,
    with the number. ``build`` is the TensorFlow and profile that was asked about, empty without one.
    """

    path: str
    header: SelectiveHeader
    releases: tuple[str, ...]
    nearest: tuple[tuple[str, int], ...]
    rows: tuple[HeaderRow, ...]
    build: str = ""

    @property
    def good(self) -> bool:
        """Whether it compiles, and the build that was asked about has all of it."""
        return self.header.error is None and all(row.there for row in self.rows)

    def to_json(self) -> Json:
        """The report as plain data; ``ops`` and ``classes`` are null where the header registers all of them."""
        header = self.header
        return {
            "file": self.path,
            "ok": self.good,
            "generation": header.generation,
            "script": header.script,
            "error": header.error,
            "foreign_lines": list(header.foreign_lines),
            "gradient": header.gradient,
            "ops": None if header.ops is None else self._rows_json("op"),
            "classes": None if header.classes is None else self._rows_json("class"),
            "releases": list(self.releases),
            "nearest": [{"release": release, "missing": missing} for release, missing in self.nearest],
            "build": self.build,
        }

    def _rows_json(self, kind: str) -> list[Json]:
        rows: list[Json] = []
        for row in self.rows:
            if row.kind == kind:
                judged = (
                    {"there": row.there, "near": list(row.near), "releases": list(row.releases)} if self.build else {}
                )
                rows.append({"name": row.name, **judged})
        return rows


@rare_collections()
def show_header(path: PathLike, source: KernelSource | None = None, profile: str = DEFAULT_PROFILE) -> HeaderReport:
    """Reads a header and holds its ops and classes against the shipped releases, and against one build.

    A class is there where an op of the header has a kernel of that class in the profile. Raises InputError for a file
    that is no such header, and what :func:`open_kernels` raises.
    """
    name = str(path)
    header = read_header(text_of(name), name)
    ops, classes = header.ops or (), tuple(dict.fromkeys(header.classes or ()))
    asked = shipped.releases() if ops or classes else ()
    missing = {release: _missing(header, ops, classes, shipped.index_of(release)) for release in asked}
    having = releases_with(missing)
    nearest = [] if having else sorted(missing.items(), key=lambda item: len(item[1]))[:_NEAREST]
    rows: list[HeaderRow]
    build = ""
    if source is None:
        rows = [HeaderRow("op", op) for op in ops] + [HeaderRow("class", text) for text in classes]
    else:
        index = open_kernels(source, profile=profile, lists=False)
        profile = profile_of(index, profile)
        build = f"TensorFlow {index.release}, profile {profile}"
        rows = _judged(header, ops, classes, index, profile, missing)
        if not (
            header.error or header.classes is None or compiles_with(header.generation, release_number(index.release))
        ):
            wanted = "from 1.1 on a constant is wanted where it calls strstr"
            header = replace(header, error=f"TensorFlow {index.release} does not compile with this form: {wanted}")
    counted = tuple((release, len(found)) for release, found in nearest)
    return HeaderReport(name, header, having, counted, tuple(rows), build)


def releases_with(missing: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The releases that miss nothing."""
    return tuple(release for release, found in missing.items() if not found)


def releases_of_classes(header: SelectiveHeader) -> tuple[str, ...]:
    """The shipped releases that have every kernel class of a header, each as it is spelled there."""
    classes = tuple(dict.fromkeys(header.classes or ()))
    return releases_with({r: _missing(header, (), classes, shipped.index_of(r)) for r in shipped.releases()})


_Known = Mapping[str, frozenset[str]]
"""Class text without blanks to the texts that are equal to it but for blanks."""


def _known(texts: Iterable[str]) -> _Known:
    found: dict[str, set[str]] = {}
    for text in texts:
        found.setdefault(text.replace(" ", ""), set()).add(text)
    return {squeezed: frozenset(same) for squeezed, same in found.items()}


def _is_in(text: str, known: _Known, header: SelectiveHeader) -> bool:
    same = known.get(text.replace(" ", ""), frozenset())
    # In the oldest form blanks count.
    return text in same if header.generation == "0.12" else bool(same)


def _missing(
    header: SelectiveHeader, ops: tuple[str, ...], classes: tuple[str, ...], index: KernelIndex
) -> frozenset[str]:
    """The ops and classes that a release has not in any profile."""
    names = index.op_names()
    known = _known(text for op in header.ops or names for text in index.kernel_classes(op))
    lacking = set(map(str.strip, ops)).difference(names)
    return frozenset(
        [op for op in ops if op.strip() in lacking] + [text for text in classes if not _is_in(text, known, header)]
    )


def _judged(
    header: SelectiveHeader,
    ops: tuple[str, ...],
    classes: tuple[str, ...],
    index: KernelIndex,
    profile: str,
    missing: Mapping[str, frozenset[str]],
) -> list[HeaderRow]:
    names = index.op_names()
    defined = set(names)
    asked = ops or names
    known = _known(r.kernel_class for op in asked for r in index.registrations(op) if profile in r.profiles)
    anywhere = _known(text for op in asked for text in index.kernel_classes(op))
    near = _Near(names, (text for same in known.values() for text in same))
    rows = [_row("op", op, op.strip() in defined, missing, near) for op in ops]
    for text in classes:
        elsewhere = "other profiles of the release have it" if _is_in(text, anywhere, header) else ""
        rows.append(_row("class", text, _is_in(text, known, header), missing, near, elsewhere))
    return rows


class _Near:
    """What ops and classes of a build may have been meant, for the first so many that are asked about."""

    def __init__(self, ops: Iterable[str], classes: Iterable[str]) -> None:
        self._left = _SUGGESTED
        self._ops = tuple(ops)
        self._classes: dict[str, dict[str, str]] = {}
        for text in classes:
            self._classes.setdefault(_template(text), {})[_unqualified(text)] = text

    def names(self, kind: Literal["op", "class"], name: str) -> tuple[str, ...]:
        """The nearest first; of a class those of the same template, or of templates whose names are near."""
        if not self._left:
            return ()
        self._left -= 1
        if kind == "op":
            return tuple(near_names(name, self._ops))
        template = _template(name)
        templates = [template] if template in self._classes else near_names(template, self._classes)
        spelt = {short: text for near in templates for short, text in self._classes[near].items()}
        return tuple(spelt[short] for short in near_names(_unqualified(name), spelt))


def _unqualified(text: str) -> str:
    """Without the namespace, by which releases tell ``::tensorflow::int8`` from ``int8_t``."""
    return text.replace("::tensorflow::", "")


def _template(text: str) -> str:
    return text.partition("<")[0]


def _row(
    kind: Literal["op", "class"],
    name: str,
    there: bool,
    missing: Mapping[str, frozenset[str]],
    near: _Near,
    elsewhere: str = "",
) -> HeaderRow:
    if there:
        return HeaderRow(kind, name, True, "yes")
    releases = tuple(release for release, lacking in missing.items() if name not in lacking)
    if elsewhere:
        return HeaderRow(kind, name, False, f"no: {elsewhere}", releases=releases)
    if releases:
        span = releases[0] if len(releases) == 1 else f"{releases[0]} to {releases[-1]}"
        return HeaderRow(kind, name, False, f"no: it is of TensorFlow {span}", near.names(kind, name), releases)
    found = near.names(kind, name)
    meant = f"; near it: {' or '.join(found)}" if found else ""
    return HeaderRow(kind, name, False, f"no, and of no release{meant}", found)
