"""Scan one source file in all profiles, and find what is hidden by conditions that no profile fulfils."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kernel_index.datatypes import LongBits
from kernel_index.errors import OpselectError
from kernel_index.preprocessor.branches import condition_text
from kernel_index.preprocessor.calls import Problem, SinkCall
from kernel_index.preprocessor.files import SourceFile
from kernel_index.preprocessor.headers import Headers
from kernel_index.preprocessor.inclusion import Inclusions
from kernel_index.preprocessor.macros import Macro, MacroSyntaxError, parse_define
from kernel_index.preprocessor.unit import Unit, UnitRun
from kernel_index.profiles import BuildProfile, is_mobile, long_bits
from kernel_index.records import Condition, Diagnostic, KernelRegistration, Location, Lost, OpDefinition
from kernel_index.scan.c_api import C_API_SINKS, Templates, c_api_groups, c_api_records
from kernel_index.scan.constants import Constants
from kernel_index.scan.definitions import Definitions
from kernel_index.scan.expressions import NotEvaluatedError
from kernel_index.scan.hidden import Hidden
from kernel_index.scan.kernels import KERNEL_SINKS, registration
from kernel_index.scan.notes import RecordedFiles
from kernel_index.scan.ops import OP_SINKS, op_definition
from kernel_index.source_tree import SourceUnit

_LONG_BITS: tuple[LongBits, ...] = (64, 32)

SINKS = frozenset((*KERNEL_SINKS, *OP_SINKS, *C_API_SINKS))


@dataclass(slots=True)
class UnitFindings:
    """What one source file registers; ``header_problems`` are conditions of its headers that cannot be evaluated."""

    registrations: list[KernelRegistration] = field(default_factory=list)
    op_definitions: list[OpDefinition] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    header_problems: frozenset[Diagnostic] = frozenset()


@dataclass(slots=True)
class _Kernel:
    """What runs of a unit say of one registration: its first call, the profiles that have it, what hides it."""

    call: SinkCall
    profiles: list[str] = field(default_factory=list)
    condition: Condition | None = None


class Shared:
    """What the units of a scan have in common: constants of headers, and one object for equal ``-D`` definitions."""

    def __init__(self, files: RecordedFiles, headers: Headers) -> None:
        self.files = files
        self.headers = headers
        self.inclusions = Inclusions(headers)
        self.constants = Constants(files)
        self._macros: dict[tuple[str, str], Macro] = {}

    def macros(self, defines: Mapping[str, str]) -> dict[str, Macro]:
        """The macro table that some definitions make; ``NAME(x)`` defines a macro with arguments, as for ``-D``.

        Raises OpselectError for a definition that no compiler accepts.
        """
        table = {}
        for name, value in defines.items():
            macro = self._macros.get((name, value))
            if macro is None:
                try:
                    macro = self._macros[name, value] = parse_define(f"{name} {value}")
                except MacroSyntaxError as problem:
                    raise OpselectError(f"-D {name}={value}: {problem}") from None
            table[macro.name] = macro
        return table


class UnitScan:
    """Collects the findings of one unit over several runs."""

    def __init__(self, unit: SourceUnit, file: SourceFile, shared: Shared) -> None:
        self._unit = Unit(file, shared.headers, shared.inclusions, SINKS)
        self._file = file
        self._gpu_only = unit.gpu_only
        self._shared = shared
        self._templates = Templates(file)
        self._definitions = {bits: Definitions(file, shared.files, shared.constants, bits) for bits in _LONG_BITS}
        self._records: dict[tuple[SinkCall, LongBits], KernelRegistration | OpDefinition | None] = {}
        self._kernels_of_calls: dict[tuple[int, LongBits], tuple[SinkCall, _Kernel | None]] = {}
        """The kernels of calls by identity: profiles in which a statement means the same have the same calls."""
        self._kernels: dict[KernelRegistration, _Kernel] = {}
        self._ops: dict[str, OpDefinition] = {}
        self._diagnostics: dict[Diagnostic, None] = {}
        self._problems: set[Problem] = set()
        self._header_problems: set[Problem] = set()
        for line, problem in file.problems:
            self._diagnose(file.path, line, problem)

    def run(self, profiles: Sequence[BuildProfile]) -> UnitFindings:
        """Everything the unit registers. Raises PreprocessorError."""
        taken: set[int] = set()
        headers: dict[str, tuple[SourceFile, set[int]]] = {}
        mobile: UnitRun | None = None
        base = next((p for p in profiles if not is_mobile(p.name)), profiles[-1])
        macros: Mapping[str, Macro] = self._shared.macros({**base.defines, "GOOGLE_CUDA": "1"})
        if not self._gpu_only:
            for profile in profiles:
                run = self._run(profile.defines)
                taken |= run.taken
                for path, (header, active) in run.headers.items():
                    headers.setdefault(path, (header, set()))[1].update(active)
                macros = run.macros if profile is base else macros
                for problem in run.problems:
                    self._problems.add(problem)
                    # A problem that is not one of a directive ends a statement that registers something.
                    lost = None if problem.message.startswith("#") else Lost()
                    self._diagnose(problem.file, problem.line, problem.message, lost)
                for kernel in self._registered(run.calls, long_bits(profile)):
                    if profile.name not in kernel.profiles:
                        kernel.profiles.append(profile.name)
                if mobile is None and is_mobile(profile.name):
                    mobile = run
        hidden = Hidden(self._unit, self._shared.headers)
        self._find_hidden(hidden, taken, base, macros)
        for _, (header, active) in sorted(headers.items()):
            if hidden.registers(header):
                self._find_hidden(Hidden(self._unit, self._shared.headers, header), active, base, macros)
        findings = UnitFindings(
            diagnostics=list(self._diagnostics),
            op_definitions=[replace(record, unit=self._unit_of(record)) for record in self._ops.values()],
            header_problems=frozenset(Diagnostic(Location(p.file, p.line), p.message) for p in self._header_problems),
        )
        for record, kernel in self._kernels.items():
            condition, names = kernel.condition, tuple(kernel.profiles)
            if condition is None and mobile is not None and not any(map(is_mobile, names)):
                condition = hidden.why_not(kernel.call, mobile)
            unit = self._unit_of(record)
            findings.registrations.append(replace(record, profiles=names, condition=condition, unit=unit))
        return findings

    def _run(self, defines: Mapping[str, str]) -> UnitRun:
        run = self._unit.run(self._shared.macros(defines))
        self._header_problems.update(run.header_problems)
        return run

    def _find_hidden(
        self, hidden: Hidden, taken: Collection[int], base: BuildProfile, macros: Mapping[str, Macro]
    ) -> None:
        """Find what a file registers in branches that no profile takes. Raises PreprocessorError."""
        gpu_only = self._gpu_only and hidden.file is self._file
        for attempt in hidden.attempts(base.defines, macros, taken, gpu_only=gpu_only):
            run = self._run(attempt.defines)
            hidden.opened(run.taken if hidden.file is self._file else run.headers.get(hidden.file.path, (None, ()))[1])
            for problem in run.problems:
                if problem not in self._problems:
                    message = f"{problem.message} (in a branch that no profile compiles)"
                    self._diagnose(problem.file, problem.line, message)
            for kernel in self._registered(run.calls, long_bits(base)):
                if not kernel.profiles and kernel.condition is None:
                    kernel.condition = hidden.revealed(kernel.call, attempt, taken)
        for branch in hidden.unopened(taken):
            self._never_opened(hidden.file, branch)

    def _never_opened(self, file: SourceFile, branch: int) -> None:
        """Report that what is registered in a branch is not known, with the problem of its condition if that is why."""
        place = Location(file.path, file.program[branch].line)
        known = [d for d in self._diagnostics if d.location == place]
        for diagnostic in known:
            del self._diagnostics[diagnostic]
            self._diagnostics[replace(diagnostic, lost=diagnostic.lost or Lost())] = None
        if not known:
            text = condition_text(file.program, branch)
            message = f"what `{text}` hides is not known: no values of macros were found with which it is compiled"
            self._diagnose(place.file, place.line, message, Lost())

    def _unit_of(self, record: KernelRegistration | OpDefinition) -> str:
        """The unit where a record stands in a header, else empty."""
        return "" if record.location.file == self._file.path else self._file.path

    # Calls to records.

    def _registered(self, calls: Sequence[SinkCall], bits: LongBits) -> list[_Kernel]:
        """The kernels that the calls of one run register."""
        found = []
        for call in calls:
            if call.sink in KERNEL_SINKS or call.sink in OP_SINKS:
                known = self._kernels_of_calls.get((id(call), bits))
                if known is None:
                    record = self._record(call, bits)
                    kernel = self._kernel(record, call) if isinstance(record, KernelRegistration) else None
                    known = self._kernels_of_calls[id(call), bits] = call, kernel
                if known[1] is not None:
                    found.append(known[1])
        for group in c_api_groups(calls):
            try:
                records = c_api_records(group, self._templates, self._definitions[bits])
            except (NotEvaluatedError, RecursionError) as problem:
                self._lose("kernel" if "Kernel" in group[0].sink else "op", group[0], problem)
                continue
            if isinstance(records, OpDefinition):
                self._ops.setdefault(records.name, records)
            else:
                found += [self._kernel(record, group[0]) for record in records]
        return found

    def _kernel(self, record: KernelRegistration, call: SinkCall) -> _Kernel:
        kernel = self._kernels.get(record)
        if kernel is None:
            kernel = self._kernels[record] = _Kernel(call)
        return kernel

    def _record(self, call: SinkCall, bits: LongBits) -> KernelRegistration | OpDefinition | None:
        """What a call registers on a target: the same on all unless it names types whose width varies."""
        wide = self._evaluated(call, 64)
        return self._evaluated(call, bits) if self._definitions[64].width_varies else wide

    def _evaluated(self, call: SinkCall, bits: LongBits) -> KernelRegistration | OpDefinition | None:
        if (call, bits) not in self._records:
            record: KernelRegistration | OpDefinition | None = None
            definitions = self._definitions[bits]
            try:
                if call.sink in KERNEL_SINKS:
                    record = registration(call, definitions)
                else:
                    record = op_definition(call, definitions)
                    self._ops.setdefault(record.name, record)
            except (NotEvaluatedError, RecursionError) as problem:
                self._lose("kernel" if call.sink in KERNEL_SINKS else "op", call, problem)
            self._records[call, bits] = record
        return self._records[call, bits]

    def _lose(self, what: str, call: SinkCall, problem: NotEvaluatedError | RecursionError) -> None:
        if isinstance(problem, RecursionError):
            problem = NotEvaluatedError("what it registers is nested too deeply")
        macros = ", ".join(macro.name for macro in call.via)
        lost = Lost(what, problem.op, problem.unknown_type, macros)
        at_run_time = call.sink in C_API_SINKS and not problem.op and self._definitions[64].computed(call.arguments[0])
        self._diagnose(call.file, call.line, str(problem), None if at_run_time else lost)

    def _diagnose(self, file: str, line: int, message: str, lost: Lost | None = None) -> None:
        self._diagnostics.setdefault(Diagnostic(Location(file, line), message, lost))
