"""Sources that are scanned with one cut of their headers, and what that means for conditions of headers.

What a source registers does not depend on the others of its batch. Which conditions of its headers are evaluated does:
every condition counts that matters to any of them. So a condition that cannot be evaluated is reported only where some
source meets it when it is scanned alone, however the sources of a scan are dealt out to processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kernel_index.diagnostics import in_order
from kernel_index.preprocessor.cut import CutHeaders
from kernel_index.preprocessor.files import SourceFile
from kernel_index.preprocessor.headers import Headers
from kernel_index.profiles import BuildProfile
from kernel_index.scan.notes import RecordedFiles, UnitNote
from kernel_index.scan.unit_scan import SINKS, Shared, UnitFindings, UnitScan
from kernel_index.source_tree import SourceTree, SourceUnit

Source = tuple[SourceUnit, SourceFile]


class Batch:
    """Some sources with their headers, ready to be scanned; ``uncut`` ones the slow way, which leaves nothing out."""

    def __init__(
        self, files: RecordedFiles, sources: Sequence[Source], profiles: Sequence[BuildProfile], *, uncut: bool = False
    ) -> None:
        self._profiles = profiles
        kind = Headers if uncut else CutHeaders
        self.headers = kind(files, [file for _, file in sources], SINKS)
        self._shared = Shared(files, self.headers)

    def findings(self, unit: SourceUnit, file: SourceFile) -> UnitFindings:
        """What one of the sources registers. Raises PreprocessorError."""
        return UnitScan(unit, file, self._shared).run(self._profiles)

    @property
    def bodies(self) -> dict[str, tuple[str, ...]]:
        """Headers to the sources that were searched so far for what they declare."""
        return self._shared.constants.bodies


def with_suspicions_checked(
    tree: SourceTree, profiles: Sequence[BuildProfile], units: Mapping[str, UnitNote]
) -> dict[str, UnitNote]:
    """The notes, after sources were scanned alone until each suspected problem of a header was met, or by none.

    Those that register something are tried first: most conditions matter to them.
    """
    checked = dict(units)
    met = {problem for note in units.values() for problem in note.header_problems}
    files = RecordedFiles(tree)
    for problem in in_order(problem for note in units.values() for problem in note.suspected):
        suspects = [unit for unit in tree.units if problem in units[unit.path].suspected]
        for unit in sorted(suspects, key=lambda unit: not units[unit.path].registers):
            if problem in met:
                break
            file = files.get(unit.path)
            if file is not None and problem in checked[unit.path].suspected:
                alone = Batch(files, [(unit, file)], profiles).findings(unit, file).header_problems
                checked[unit.path] = replace(checked[unit.path], header_problems=in_order(alone), suspected=())
                met |= alone
    return checked
