"""Registrations that conditions hide: which macro would open a branch, and what hides a kernel from mobile builds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kernel_index.preprocessor.branches import (
    branches_around,
    chain_of,
    condition_text,
    condition_words,
    own_condition_words,
)  # fmt: skip
from kernel_index.preprocessor.calls import SinkCall
from kernel_index.preprocessor.files import INCLUDE, Instruction, SourceFile
from kernel_index.preprocessor.headers import Headers
from kernel_index.preprocessor.macros import Macro
from kernel_index.preprocessor.tokens import identifiers
from kernel_index.preprocessor.unit import Unit, UnitRun
from kernel_index.records import Condition, Location
from kernel_index.scan.comparisons import comparisons, values_to_try
from kernel_index.scan.opening import Values, values_that_open

_NEVER = re.compile(r"\A(?!.*(?:\|\||\?|!\s*\())(?:.*&&)?\s*0\s*(?:&&.*)?\Z", re.DOTALL)
"""A condition of which one part is 0: what it hides is dead, whatever macros are defined."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One more run of a unit: with these definitions, the branches around an instruction may be open.

    ``turned`` are the macros that differ from those of the base, each with its value, None where it is undefined.
    """

    defines: Mapping[str, str]
    turned: Values
    index: int


class Hidden:
    """Finds what the conditions of one unit hide: those of its source, or of a ``header`` that it includes."""

    def __init__(self, unit: Unit, headers: Headers, header: SourceFile | None = None) -> None:
        self._unit = unit
        self.file = header or unit.file
        self._program = self.file.program
        self._headers = headers
        self._opened: set[int] = set()

    def attempts(
        self, base: Mapping[str, str], macros: Mapping[str, Macro], taken: Collection[int], *, gpu_only: bool
    ) -> Iterator[Attempt]:
        """The runs that reveal what no profile has: for every branch with registrations that none takes.

        A source file of GPU builds gets GOOGLE_CUDA besides what its conditions ask for. A branch that was passed to
        :meth:`opened` is not tried again. ``macros`` are those at the end of the run with the base's definitions.
        """
        hidden = [
            i
            for i, instruction in enumerate(self._program)
            if gpu_only or (i not in taken and self._may_register(instruction))
        ]
        tried: set[Values] = set()
        for index in hidden:
            for turned in self._keys(index, base, macros, taken, gpu_only):
                if index in self._opened:
                    break
                if turned and turned not in tried:
                    tried.add(turned)
                    others = dict(turned)
                    defines = {n: v for n, v in base.items() if n not in others}
                    defines.update((n, v) for n, v in turned if v is not None)
                    yield Attempt(defines, turned, index)

    def opened(self, taken: Collection[int]) -> None:
        """An attempt's run has taken these instructions."""
        self._opened.update(taken)

    def unopened(self, taken: Collection[int]) -> list[int]:
        """The branches in which something may be registered, and that neither a profile nor an attempt takes.

        Without those whose condition no macro can change, and dead ones such as ``0 && X``.
        """
        found: dict[int, None] = {}
        for index, instruction in enumerate(self._program):
            if index in taken or index in self._opened:
                continue
            if not self._may_register(instruction):
                continue
            closed = [b for b in branches_around(self._program, index) if b not in taken and b not in self._opened]
            never = any(_NEVER.search(self._program[branch].argument) for branch in closed)
            if closed and not never and all(self._depends(branch) for branch in closed):
                found[closed[0]] = None
        return list(found)

    def _may_register(self, instruction: Instruction) -> bool:
        """Whether the text after an instruction, or what it includes, mentions a lead."""
        if self._unit.mentions_lead(self.file, instruction.text_start, instruction.text_end):
            return True
        if instruction.kind != INCLUDE:
            return False
        included = self._headers.included_by(instruction.argument, self.file)
        if not any(map(self._headers.registers_below, included)):
            return False
        return any(map(self.registers, self._headers.reached_by(instruction.argument, self.file)))

    def registers(self, header: SourceFile) -> bool:
        """Whether any text of a header mentions a lead of the unit."""
        return any(self._unit.mentions_lead(header, i.text_start, i.text_end) for i in header.program)

    def _depends(self, branch: int) -> bool:
        """Whether it depends on any macro that a branch is closed: an ``#if 0`` is closed on purpose."""
        return any(any(identifiers(self._program[i].argument)) for i in chain_of(self._program, branch))

    def _keys(
        self,
        index: int,
        base: Mapping[str, str],
        macros: Mapping[str, Macro],
        taken: Collection[int],
        gpu_only: bool,
    ) -> Iterator[Values]:
        """Macros to turn over so that the branches around an instruction open, the fewest first.

        Each one alone; the first of every condition; and for conditions that join several, all that a branch itself
        asks for and that are missing, with those that the branches before it ask for and that are there. Then the same
        with numbers on the other side of what the conditions compare macros with. Last what solves the conditions.
        """
        branches = [b for b in branches_around(self._program, index) if b not in taken]
        words = [condition_words(self._program, b) for b in branches]
        opening: list[str] = []
        for branch, names in zip(branches, words, strict=True):
            own = own_condition_words(self._program[branch])
            opening += [n for n in names if (n in own) != (n in base)]
        if gpu_only:
            words.insert(0, ["GOOGLE_CUDA"])
            opening.insert(0, "GOOGLE_CUDA")
        alone = dict.fromkeys(name for names in words for name in names)
        firsts = dict.fromkeys(names[0] for names in words if names)
        groups = [*((name,) for name in alone), tuple(firsts), tuple(dict.fromkeys(opening))]
        texts = [text for branch in branches for text in self._condition_texts(branch)]
        values = {name: [str(v) for v in values_to_try(name, texts)] for name in alone}
        # What compares a macro that is defined wants another number, not that it is undefined.
        yield from (((name, v),) for name in alone if name in base for v in values[name] if v != base[name])
        yield from (tuple((n, None if n in base else "1") for n in group) for group in groups)
        yield from (((name, value),) for name in alone for value in values[name] if value != base.get(name))
        if any(values.values()):
            own = [self._program[branch].argument for branch in branches]
            for group in groups[len(alone) :]:
                yield tuple((n, self._fitting(n, values[n], own, base)) for n in group)
        yield values_that_open(self._program, branches_around(self._program, index), macros, base)

    def _condition_texts(self, branch: int) -> list[str]:
        """The conditions that decide about a branch, and the bodies of the file's own macros that they name."""
        program = self._program
        texts = [program[i].argument for i in chain_of(program, branch)]
        words = condition_words(program, branch)
        return texts + [i.macro.body for i in program if i.macro is not None and i.macro.name in words]

    @staticmethod
    def _fitting(name: str, values: Sequence[str], conditions: Sequence[str], base: Mapping[str, str]) -> str | None:
        """The value, of some, with which most comparisons of a macro in the conditions hold."""
        if not values:
            return None if name in base else "1"
        compared = [c for condition in conditions for c in comparisons(condition, name)]
        return max(values, key=lambda value: sum(c.holds(int(value)) for c in compared))

    def revealed(self, call: SinkCall, attempt: Attempt, taken: Collection[int]) -> Condition:
        """What hides a call that an attempt found: the outermost branch around it that no profile takes.

        A call that stands in none is one that something in the attempt's branch made possible.
        """
        closed = self._closed(call.instruction, taken) if call.file == self.file.path else []
        closed = closed or self._closed(attempt.index, taken)
        if not closed:
            macro, value = attempt.turned[0]
            return Condition(macro, value is not None, "a source file of GPU builds", Location(self.file.path, 1))
        words = condition_words(self._program, closed[0])
        macro, value = next(((n, v) for n, v in attempt.turned if n in words), attempt.turned[0])
        place = Location(self.file.path, self._program[closed[0]].line)
        text = condition_text(self._program, closed[0])
        needs = self._needs(closed, attempt.turned)
        return Condition(macro, value is not None, text, place, needs, _flags(attempt.turned) if needs else "")

    def _needs(self, branches: Sequence[int], turned: Values) -> str:
        """What must hold of the macros that were turned over; nothing where a single one must be defined or not."""
        texts = [text for branch in branches for text in self._condition_texts(branch)]
        numbers: dict[str, None] = {}
        others: list[str] = []
        for name, value in turned:
            if value is not None and (value != "1" or values_to_try(name, texts)):
                compared = [c.for_value(int(value)) for text in texts for c in comparisons(text, name)]
                numbers.update(dict.fromkeys(compared or [f"a value of {name} such as {value}"]))
            else:
                others.append(f"{name} {'defined' if value is not None else 'undefined'}")
        return " and ".join([*numbers, *others]) if numbers or len(others) > 1 else ""

    def _closed(self, index: int, taken: Collection[int]) -> list[int]:
        """The branches around an instruction that no profile takes, outermost first."""
        return [b for b in branches_around(self._program, index) if b not in taken]

    def why_not(self, call: SinkCall, mobile: UnitRun) -> Condition | None:
        """What keeps a call out of a mobile run: a condition around it, or around a macro that it came through.

        None where neither explains it.
        """
        if call.file == self.file.path and call.instruction not in mobile.taken:
            outer = [b for b in branches_around(self._program, call.instruction) if b not in mobile.taken]
            return _condition_of(self.file.path, self._program, outer[0], mobile) if outer else None
        for macro in call.via:
            if mobile.macros.get(macro.name) is macro:
                continue
            for index, instruction in enumerate(self._program):
                if instruction.macro is macro and index not in mobile.taken:
                    outer = [b for b in branches_around(self._program, index) if b not in mobile.taken]
                    return _condition_of(self.file.path, self._program, outer[0], mobile) if outer else None
            place = self._headers.place_of(macro)
            if place is not None:
                header, index = place
                around = [b for b in branches_around(header.program, index) if _asks(header.program, b, header.guard)]
                if around:
                    return _condition_of(header.path, header.program, around[-1], mobile)
        return None


def _flags(turned: Iterable[tuple[str, str | None]]) -> str:
    """The compiler's arguments that give macros their values."""
    return " ".join(f"-U{n}" if v is None else f"-D{n}" if v == "1" else f"-D{n}={v}" for n, v in turned)


def _asks(program: Sequence[Instruction], branch: int, guard: str) -> bool:
    """Whether a branch asks for anything but its file's include guard."""
    return any(word != guard for word in condition_words(program, branch))


def _condition_of(path: str, program: Sequence[Instruction], branch: int, mobile: UnitRun) -> Condition | None:
    words = condition_words(program, branch)
    if not words:
        return None
    text = condition_text(program, branch)
    return Condition(words[0], words[0] not in mobile.macros, text, Location(path, program[branch].line))
