"""What tables of sizes know of one file, and what follows from it for a build that they do not have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import log

from kernel_index.profiles import release_number
from kernel_index.shipped import minor_of
from kernel_index.shipped.sizes import FileSize, SizeTable
from opselect.estimates.records import Basis, FileToCompile
from opselect.estimates.spreads import (
    MEASURED,
    Guess,
    by_registrations,
    in_library,
    in_other_profile,
    in_other_release,
)

OPS_FOLDER = "/ops/"
"""The folders of definitions of ops, which no profile changes."""

_MINORS_OF_1 = 16
"""So many minor releases stand before 2.0."""


class KnownSizes:
    """The sizes of files for builds of one release and profile, by tables of any.

    ``of_release`` are the tables of that release; the others are asked for only when these do not have a file.
    """

    def __init__(
        self, of_release: Sequence[SizeTable], others: Callable[[], Sequence[SizeTable]], release: str, profile: str
    ) -> None:
        self._own = _objects(of_release)
        self._profile = profile
        self._release = release
        self._own_tables = of_release
        self._others = others
        self._all: Sequence[SizeTable] | None = None

    def measured(self, path: str) -> FileSize | None:
        """What was measured of a file in just this build."""
        for table in self._own:
            if path in table.files and is_of(path, table, self._profile):
                return table.files[path]
        return None

    def by_class(self, path: str) -> FileSize | None:
        """A file as it was measured with the bytes of its classes, in the build of the surest table that has them."""
        tables = sorted(self._own, key=lambda table: table.profile != self._profile)
        found = (table.files[path] for table in tables if path in table.files)
        return next((each for each in found if each.classes), None)

    def compiled_as(self) -> SizeTable | None:
        """The table that says how objects are compiled: of this build, else of this release, else of the nearest."""
        tables = self._own or _objects(self._tables)
        return min(
            tables,
            key=lambda table: (distance(table.release, self._release), table.profile != self._profile),
            default=None,
        )

    def guess(self, file: FileToCompile) -> tuple[Guess, Basis]:
        """The surest that is known of a file."""
        measured = self.measured(file.path)
        if measured is not None:
            return Guess(log(max(measured.bytes, 1)), MEASURED), Basis.MEASURED
        return min(self._guesses(file), key=lambda found: found[0].spread.both)

    def _guesses(self, file: FileToCompile) -> Iterator[tuple[Guess, Basis]]:
        defining = OPS_FOLDER in file.path
        for table in self._tables:
            known = table.files.get(file.path)
            if known is None:
                continue
            minors = distance(table.release, self._release)
            if table.kind == "objects" and known.bytes:
                yield self._from_objects(file, table, known, minors)
            elif table.kind == "library":
                found = in_library(log(max(known.bytes, 1)), known.registrations, file.registrations)
                if found is not None and not defining:
                    far = in_other_release(found.middle, 0, 0, minors).spread
                    yield Guess(found.middle, found.spread.with_more(far)), Basis.DESKTOP_LIBRARY
        yield by_registrations(file.registrations, defining=defining), Basis.REGISTRATIONS

    def _from_objects(self, file: FileToCompile, table: SizeTable, known: FileSize, minors: int) -> tuple[Guess, Basis]:
        size = log(known.bytes)
        if not minors:
            return in_other_profile(size, known.registrations, file.registrations), Basis.OTHER_PROFILE
        found = in_other_release(size, known.registrations, file.registrations, minors)
        if table.profile == self._profile or OPS_FOLDER in file.path:
            return found, Basis.OTHER_RELEASE
        profile = in_other_profile(size, known.registrations, known.registrations)
        return Guess(found.middle, found.spread.with_more(profile.spread)), Basis.OTHER_RELEASE

    @property
    def _tables(self) -> Sequence[SizeTable]:
        if self._all is None:
            others = [table for table in self._others() if minor_of(table.release) != minor_of(self._release)]
            self._all = (*self._own_tables, *others)
        return self._all


def of_release(tables: Iterable[SizeTable], release: str) -> list[SizeTable]:
    """Those of a release: of its patch releases, any."""
    return [table for table in tables if minor_of(table.release) == minor_of(release)]


def is_of(path: str, table: SizeTable, profile: str) -> bool:
    """Whether a file is compiled alike in the build of a table and in one of a profile of the same release."""
    return table.kind == "objects" and (table.profile == profile or OPS_FOLDER in path)


def _objects(tables: Sequence[SizeTable]) -> list[SizeTable]:
    return [table for table in tables if table.kind == "objects"]


def distance(one: str, other: str) -> int:
    """How many minor releases are between two; 0 for patch releases of one."""
    return abs(_place(one) - _place(other))


def _place(release: str) -> int:
    major, minor = release_number(release)
    return minor if major < 2 else _MINORS_OF_1 + minor
