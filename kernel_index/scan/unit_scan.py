"""Scan one source file in all profiles, and look behind the conditions that no profile fulfils."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kernel_index.preprocessor.files import ELIF, ELSE, ENDIF, IFDEF, IFNDEF, OPENING, Files, SourceFile
from kernel_index.preprocessor.inclusion import Inclusions
from kernel_index.preprocessor.leads import Headers
from kernel_index.preprocessor.macros import Macro, is_identifier
from kernel_index.preprocessor.tokens import identifiers
from kernel_index.preprocessor.unit import SinkCall, Unit
from kernel_index.profiles import BuildProfile
from kernel_index.records import Condition, Diagnostic, KernelRegistration, Location, OpDefinition
from kernel_index.scan.c_api import C_API_SINKS, c_api_groups, c_api_records
from kernel_index.scan.definitions import Constants, Definitions
from kernel_index.scan.kernels import KERNEL_SINKS, NotEvaluatedError, registration
from kernel_index.scan.ops import OP_SINKS, op_definition
from kernel_index.source_tree import SourceUnit

SINKS = frozenset((*KERNEL_SINKS, *OP_SINKS, *C_API_SINKS))

_GPU_MACROS = ("GOOGLE_CUDA", "TENSORFLOW_USE_ROCM")


@dataclass(slots=True)
class UnitFindings:
    """What one source file registers."""

    registrations: list[KernelRegistration] = field(default_factory=list)
    op_definitions: list[OpDefinition] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


class Shared:
    """What the units of a scan have in common: constants of headers, and one object for equal ``-D`` definitions."""

    def __init__(self, files: Files, headers: Headers) -> None:
        self.inclusions = Inclusions(headers)
        self.constants = Constants(files)
        self._macros: dict[tuple[str, str], Macro] = {}

    def macros(self, defines: Mapping[str, str]) -> dict[str, Macro]:
        """The macro table that some definitions make."""
        return {n: self._macros.setdefault((n, v), Macro(n, None, v)) for n, v in defines.items()}


class UnitScan:
    """Collects the findings of one unit over several runs."""

    def __init__(self, unit: SourceUnit, file: SourceFile, files: Files, headers: Headers, shared: Shared) -> None:
        self._unit = Unit(file, headers, shared.inclusions, SINKS)
        self._file = file
        self._gpu_only = unit.gpu_only
        self._shared = shared
        self._definitions = Definitions(file, files, shared.constants)
        self._records: dict[SinkCall, KernelRegistration | OpDefinition | None] = {}
        self._profiles: dict[KernelRegistration, list[str]] = {}
        self._ops: dict[str, OpDefinition] = {}
        self._conditions: dict[KernelRegistration, Condition] = {}
        self._diagnostics: dict[Diagnostic, None] = {}
        for line, problem in file.problems:
            self._diagnose(file.path, line, problem)

    def run(self, profiles: Sequence[BuildProfile]) -> UnitFindings:
        """Everything the unit registers. Raises PreprocessorError."""
        taken: set[int] = set()
        if not self._gpu_only:
            for profile in profiles:
                run = self._unit.run(self._shared.macros(profile.defines))
                taken |= run.taken
                for problem in run.problems:
                    self._diagnose(problem.file, problem.line, problem.message)
                for record in self._kernels(run.calls):
                    names = self._profiles.setdefault(record, [])
                    if profile.name not in names:
                        names.append(profile.name)
        base = next((p for p in profiles if p.name.startswith("desktop")), profiles[-1])
        self._look_behind(base, taken)
        findings = UnitFindings(diagnostics=list(self._diagnostics), op_definitions=list(self._ops.values()))
        for record, names in self._profiles.items():
            findings.registrations.append(
                replace(record, profiles=tuple(names), condition=self._conditions.get(record) if not names else None)
            )
        return findings

    # Calls to records.

    def _kernels(self, calls: Sequence[SinkCall]) -> list[KernelRegistration]:
        found = []
        for call in calls:
            if call.sink in KERNEL_SINKS or call.sink in OP_SINKS:
                record = self._record(call)
                if isinstance(record, KernelRegistration):
                    found.append(record)
        for group in c_api_groups(calls):
            try:
                records = c_api_records(group, self._file, self._definitions)
            except NotEvaluatedError as problem:
                self._diagnose(group[0].file, group[0].line, str(problem))
                continue
            if isinstance(records, OpDefinition):
                self._ops.setdefault(records.name, records)
            else:
                found += records
        return found

    def _record(self, call: SinkCall) -> KernelRegistration | OpDefinition | None:
        if call not in self._records:
            record: KernelRegistration | OpDefinition | None = None
            try:
                if call.sink in KERNEL_SINKS:
                    record = registration(call, self._definitions)
                else:
                    record = op_definition(call, self._definitions)
                    self._ops.setdefault(record.name, record)
            except NotEvaluatedError as problem:
                self._diagnose(call.file, call.line, str(problem))
            self._records[call] = record
        return self._records[call]

    def _diagnose(self, file: str, line: int, message: str) -> None:
        self._diagnostics.setdefault(Diagnostic(Location(file, line), message))

    # What no profile has.

    def _look_behind(self, base: BuildProfile, taken: set[int]) -> None:
        """Run once more for every macro that would open a branch with registrations which no profile takes."""
        program = self._file.program
        hidden = [
            i
            for i, instruction in enumerate(program)
            if i not in taken and self._unit.starts(self._file, instruction.text_start, instruction.text_end)
        ]
        if self._gpu_only:
            hidden = list(range(len(program)))
        tried: set[tuple[str, ...]] = set()
        for index in hidden:
            keys = self._keys(index, taken)
            if self._gpu_only and "GOOGLE_CUDA" not in keys:
                keys = ("GOOGLE_CUDA", *keys)
            for flips in [(key,) for key in keys] + [keys]:
                if flips and flips not in tried:
                    tried.add(flips)
                    self._try(base, flips, index, taken)

    def _keys(self, index: int, taken: set[int]) -> tuple[str, ...]:
        """One macro for each condition around an instruction that no profile fulfils, outermost first."""
        keys: list[str] = []
        for branch in self._around(index):
            if branch in taken:
                continue
            for name in self._names(branch):
                if name not in keys:
                    keys.append(name)
                    break
        return tuple(keys)

    def _around(self, index: int) -> list[int]:
        """The branches that an instruction stands in, outermost first: indices of #if, #elif and #else."""
        open_branches: list[int] = []
        for i, instruction in enumerate(self._file.program[: index + 1]):
            if instruction.kind in OPENING:
                open_branches.append(i)
            elif instruction.kind in (ELIF, ELSE) and open_branches:
                open_branches[-1] = i
            elif instruction.kind == ENDIF and open_branches:
                open_branches.pop()
        return open_branches

    def _names(self, branch: int) -> list[str]:
        program = self._file.program
        start = program[branch].chain if program[branch].kind in (ELIF, ELSE) else branch
        names = [program[branch].argument] if program[branch].kind != ELSE else []
        if start != branch:
            names.insert(0 if program[branch].kind == ELSE else 1, program[start].argument)
        words = identifiers(" ".join(names))
        return [w for w in words if w != "defined" and is_identifier(w)]

    def _try(self, base: BuildProfile, flips: tuple[str, ...], index: int, taken: set[int]) -> None:
        defines = dict(base.defines)
        for name in flips:
            if name in defines:
                del defines[name]
            else:
                defines[name] = "1"
        run = self._unit.run(self._shared.macros(defines))
        for problem in run.problems:
            self._diagnose(problem.file, problem.line, f"{problem.message} (in a branch that no profile compiles)")
        condition = self._condition(index, flips[0], flips[0] not in base.defines, taken)
        for record in self._kernels(run.calls):
            if record not in self._profiles:
                self._profiles[record] = []
                self._conditions[record] = condition

    def _condition(self, index: int, macro: str, defined: bool, taken: set[int]) -> Condition:
        program = self._file.program
        branch = next((b for b in self._around(index) if b not in taken), None)
        if branch is None:
            return Condition(macro, defined, "a source file of GPU builds", Location(self._file.path, 1))
        instruction = program[branch]
        word = {IFDEF: "#ifdef", IFNDEF: "#ifndef", ELIF: "#elif", ELSE: "#else"}.get(instruction.kind, "#if")
        text = f"{word} {' '.join(instruction.argument.split())}".strip()
        if instruction.kind == ELSE:
            text += f" of line {program[instruction.chain].line}"
        return Condition(macro, defined, text, Location(self._file.path, instruction.line))
