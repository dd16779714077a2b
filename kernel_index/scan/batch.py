"""Sources that are scanned in company, with one cut of their headers, and what that means for header conditions.

What a source registers does not depend on its company. Which conditions of its headers are evaluated does: every
condition counts that matters to any source. So a condition that cannot be evaluated is reported only where some source
meets it by itself, however the sources of a scan are dealt out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kernel_index.preprocessor.cut import CutHeaders
from kernel_index.preprocessor.files import SourceFile
from kernel_index.preprocessor.headers import Headers
from kernel_index.profiles import BuildProfile
from kernel_index.records import Diagnostic, Location, Lost
from kernel_index.scan.notes import RecordedFiles
from kernel_index.scan.unit_scan import SINKS, Shared, UnitFindings, UnitScan
from kernel_index.source_tree import SourceUnit

Source = tuple[SourceUnit, SourceFile]


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics by place, each once."""
    return tuple(sorted(set(diagnostics), key=lambda d: (d.location, d.message, d.lost or Lost())))


class Company:
    """Some sources with their headers, ready to be scanned; ``uncut`` ones the slow way, which leaves nothing out."""

    def __init__(
        self, files: RecordedFiles, sources: Sequence[Source], profiles: Sequence[BuildProfile], *, uncut: bool = False
    ) -> None:
        self.sources = sources
        self._profiles = profiles
        kind = Headers if uncut else CutHeaders
        self.headers = kind(files, [file for _, file in sources], SINKS)
        self._shared = Shared(files, self.headers)

    def findings(self, unit: SourceUnit, file: SourceFile) -> UnitFindings:
        """What one of the sources registers. Raises PreprocessorError."""
        return UnitScan(unit, file, self._shared).run(self._profiles)

    def problems(self) -> tuple[Diagnostic, ...]:
        """The conditions of headers that were met so far and cannot be evaluated."""
        return in_order(Diagnostic(Location(p.file, p.line), p.message) for p in self._shared.inclusions.problems)

    @property
    def bodies(self) -> dict[str, tuple[str, ...]]:
        """Headers to the sources that were searched so far for what they declare."""
        return self._shared.constants.bodies


class Meetings:
    """Finds sources that meet a problem of a header by themselves.

    ``alone`` has the problems of each source that was scanned by itself, ``cleared`` the problems that a source was
    found not to meet. In company a source meets all that it meets alone, so the members of a company that does not
    meet a problem are cleared at once.
    """

    def __init__(self, files: RecordedFiles, profiles: Sequence[BuildProfile], *, uncut: bool = False) -> None:
        self._files = files
        self._profiles = profiles
        self._uncut = uncut
        self.alone: dict[str, tuple[Diagnostic, ...]] = {}
        self.cleared: dict[str, set[Diagnostic]] = {}

    def search(self, problem: Diagnostic, sources: Sequence[Source]) -> bool:
        """Whether one of the sources meets the problem by itself; no further is scanned once one does.

        The first ones are tried one by one, then more and more at once.
        """
        if any(problem in self.alone.get(unit.path, ()) for unit, _ in sources):
            return True
        untried = [source for source in sources if source[0].path not in self.alone]
        start, size = 0, 1
        while start < len(untried):
            if self._one_meets(problem, untried[start : start + size]):
                return True
            start, size = start + size, size * 2
        return False

    def _one_meets(self, problem: Diagnostic, group: Sequence[Source]) -> bool:
        met = self._met_by(group)
        if len(group) == 1:
            self.alone[group[0][0].path] = met
            return problem in met
        if problem not in met:
            for unit, _ in group:
                self.cleared.setdefault(unit.path, set()).add(problem)
            return False
        half = len(group) // 2
        return self._one_meets(problem, group[:half]) or self._one_meets(problem, group[half:])

    def _met_by(self, sources: Sequence[Source]) -> tuple[Diagnostic, ...]:
        company = Company(self._files, sources, self._profiles, uncut=self._uncut)
        for unit, file in sources:
            company.findings(unit, file)
        return company.problems()
