"""What tables of sizes know of one file, and what follows from it for a build that they do not have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import log

from kernel_index.profiles import release_number
from kernel_index.shipped import minor_of
from kernel_index.shipped.sizes import FileSize, SizeTable
from opselect.estimates.records import Basis, FileToCompile
from opselect.estimates.siblings import families, family_of
from opselect.estimates.spreads import (
    MEASURED,
    Guess,
    Registered,
    among_siblings,
    by_registrations,
    in_library,
    in_other_build,
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
        self._known_families: dict[int, Mapping[str, list[str]]] = {}

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
        tables = self._own or _objects(self._other_tables)
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
        guesses = list(self._guesses(file, self._own_tables))
        if not any(basis is Basis.OTHER_PROFILE for _, basis in guesses):
            guesses += self._guesses(file, self._other_tables)
        guesses.append((by_registrations(file.registrations, defining=OPS_FOLDER in file.path), Basis.REGISTRATIONS))
        return min(guesses, key=lambda found: found[0].spread.both)

    def _guesses(self, file: FileToCompile, tables: Iterable[SizeTable]) -> Iterator[tuple[Guess, Basis]]:
        for table in tables:
            minors = distance(table.release, self._release)
            found = [*self._of_itself(file, table, minors), *self._of_siblings(file, table)]
            yield from ((Guess(g.middle, g.spread.with_more(in_other_release(minors))), basis) for g, basis in found)

    def _of_itself(self, file: FileToCompile, table: SizeTable, minors: int) -> Iterator[tuple[Guess, Basis]]:
        known = table.files.get(file.path)
        if known is None or not known.bytes:
            return
        if table.kind == "library":
            guess = in_library(log(known.bytes), known.registrations, file.registrations)
            basis = Basis.DESKTOP_LIBRARY
        else:
            guess = self._of_object(file, table, known)
            basis = Basis.OTHER_RELEASE if minors else Basis.OTHER_PROFILE
        if guess is not None:
            yield guess, basis

    def _of_siblings(self, file: FileToCompile, table: SizeTable) -> Iterator[tuple[Guess, Basis]]:
        """The middle of what each sibling would be with the kernels of this file."""
        if table.kind != "objects" or file.path in table.files or not family_of(file.path):
            return
        siblings = [table.files[path] for path in self._families(table).get(family_of(file.path), ())]
        made = [self._of_object(file, table, each) for each in siblings if each.bytes]
        guesses = sorted((each for each in made if each is not None), key=lambda each: each.middle)
        if guesses:
            middle = guesses[len(guesses) // 2]
            yield Guess(middle.middle, middle.spread.with_more(among_siblings(len(guesses)))), Basis.SIBLINGS

    def _families(self, table: SizeTable) -> Mapping[str, list[str]]:
        if id(table) not in self._known_families:
            self._known_families[id(table)] = families(table.files)
        return self._known_families[id(table)]

    def _of_object(self, file: FileToCompile, table: SizeTable, known: FileSize) -> Guess | None:
        alike = table.profile == self._profile or OPS_FOLDER in file.path
        return in_other_build(
            known.bytes,
            Registered(known.registrations, known.kernel_classes),
            Registered(file.registrations, file.classes),
            None if alike else (table.profile, self._profile),
        )

    @cached_property
    def _other_tables(self) -> Sequence[SizeTable]:
        return [table for table in self._others() if minor_of(table.release) != minor_of(self._release)]


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
