"""The indexes of released versions that come with the package: one file a release, made by ``shipped.make``."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.errors import OpselectError
from kernel_index.near_names import did_you_mean

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from kernel_index.records import OpDefinition
    from kernel_index.store import StoredIndex

SUFFIX = ".opselidx"

_KEPT_OPEN = 4
"""Maximum number of indexes that are kept open."""

_MINOR = re.compile(r"\d+\.\d+(?!\d)")


def releases(folder: Path = Path(__file__).parent) -> tuple[str, ...]:
    """The releases whose indexes are shipped, or are in another folder, oldest first."""
    found = [path.name.removesuffix(SUFFIX) for path in folder.glob("*" + SUFFIX)]
    return tuple(sorted(found, key=lambda r: [int(n) for n in re.findall(r"\d+", r)]))


def minor_of(release: str) -> str:
    """``1.13`` for ``1.13.2`` and ``v1.13``; nothing for what does not begin with two numbers."""
    match = _MINOR.match(release.removeprefix("v"))
    return match[0] if match is not None else ""


def find(release: str) -> Path:
    """The index file of a release, which may be written ``1.13``, ``1.13.2`` or ``v1.13.2``.

    A patch release that is not shipped is an error, for patch releases differ; the error names the one that is
    shipped. Raises OpselectError.
    """
    wanted = release.removeprefix("v")
    minor = minor_of(release)
    other = ""
    for shipped in reversed(releases()):
        if wanted == shipped or (minor == minor_of(shipped) and wanted == minor):
            return Path(__file__).parent / (shipped + SUFFIX)
        if minor == minor_of(shipped) and not other:
            other = shipped
    nearest = f"  The one of {minor} is {other}; patch releases differ in what they register.\n" if other else ""
    meant = "" if other else did_you_mean(wanted, map(minor_of, releases()))
    raise OpselectError(
        f"there is no shipped index of TensorFlow {release}{meant}\n{nearest}"
        f"  There are {spans()}; opselect index list shows them.\n"
        "  Or scan your checkout: opselect index scan TREE -o FILE, then --index FILE."
    )


def spans() -> str:
    """The shipped releases in short: ``1.0 to 1.15, 2.0 to 2.21``."""
    series: dict[str, list[str]] = {}
    for minor in map(minor_of, releases()):
        series.setdefault(minor.partition(".")[0], []).append(minor)
    return ", ".join(each[0] if len(each) == 1 else f"{each[0]} to {each[-1]}" for each in series.values())


@functools.lru_cache(maxsize=_KEPT_OPEN)
def index_of(release: str) -> KernelIndex:
    """The index that :func:`find` finds; the last ones stay open with what was looked up in them.

    Only a few, for each takes some megabytes. Raises OpselectError, IndexFileError for a damaged file.
    """
    from kernel_index.store import open_index

    return open_index(find(release))


_having: dict[str, tuple[str, ...]] = {}


_FEW = 4
"""How many times all indexes are opened and given up again. Who asks more often has them at hand from then on."""

_asked = itertools.count()


def _each_index() -> Iterator[tuple[str, StoredIndex]]:
    """Every shipped index, oldest first, one at a time as long as that is asked for a few times only."""
    from kernel_index.store import open_index

    if next(_asked) < _FEW:
        for release in releases():
            yield release, open_index(find(release))
    else:
        yield from _all_open()


@functools.cache
def _all_open() -> tuple[tuple[str, StoredIndex], ...]:
    from kernel_index.store import open_index

    return tuple((release, open_index(find(release))) for release in releases())


def releases_with(*ops: str) -> tuple[str, ...]:
    """The shipped releases that know the first of some ops, be it by a definition or by a kernel, oldest first.

    It is known of all of them then. Reads the names of the ops of every index. Raises
    IndexFileError for a damaged one.
    """
    unknown = [op for op in dict.fromkeys(ops) if op not in _having]
    if unknown:
        found: dict[str, list[str]] = {op: [] for op in unknown}
        for release, index in _each_index():
            for op, having in found.items():
                if index.has_op(op):
                    having.append(release)
        _having.update({op: tuple(having) for op, having in found.items()})
    return _having[ops[0]]


_definitions: dict[str, tuple[tuple[str, OpDefinition], ...]] = {}


def definitions_of(*ops: str) -> tuple[tuple[str, OpDefinition], ...]:
    """How each of the shipped releases defines the first of some ops, oldest first; it is known of all of them then.

    Every index is opened for it: some milliseconds each. Raises IndexFileError for a damaged one.
    """
    unknown = [op for op in dict.fromkeys(ops) if op not in _definitions]
    if unknown:
        found: dict[str, list[tuple[str, OpDefinition]]] = {op: [] for op in unknown}
        for release, index in _each_index():
            for op, known in found.items():
                definition = index.op_definition(op)
                if definition is not None:
                    known.append((release, definition))
        _definitions.update({op: tuple(known) for op, known in found.items()})
    return _definitions[ops[0]]
