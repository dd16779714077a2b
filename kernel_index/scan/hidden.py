"""Registrations behind conditions: which macro would open a branch, and what hides a kernel from mobile builds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kernel_index.preprocessor.calls import SinkCall
from kernel_index.preprocessor.files import (
    Instruction,
    branches_around,
    condition_text,
    condition_words,
    own_condition_words,
)  # fmt: skip
from kernel_index.preprocessor.headers import Headers
from kernel_index.preprocessor.unit import Unit, UnitRun
from kernel_index.records import Condition, Location


@dataclass(frozen=True, slots=True)
class Attempt:
    """One more run of a unit: with these definitions, the branches around an instruction may be open.

    ``turned`` are the macros that differ from those of the base.
    """

    defines: Mapping[str, str]
    turned: tuple[str, ...]
    index: int


class Hidden:
    """Looks behind the conditions of one unit."""

    def __init__(self, unit: Unit, headers: Headers) -> None:
        self._unit = unit
        self._file = unit.file
        self._program = unit.file.program
        self._headers = headers
        self._opened: set[int] = set()

    def attempts(self, base: Mapping[str, str], taken: Collection[int], *, gpu_only: bool) -> Iterator[Attempt]:
        """The runs that reveal what no profile has: for every branch with registrations that none takes.

        A source file of GPU builds gets GOOGLE_CUDA besides what its conditions ask for. A branch that :meth:`opened`
        was told of is not tried again.
        """
        hidden = [
            i
            for i, instruction in enumerate(self._program)
            if gpu_only
            or (i not in taken and self._unit.mentions_lead(self._file, instruction.text_start, instruction.text_end))
        ]
        tried: set[tuple[str, ...]] = set()
        for index in hidden:
            for turned in self._keys(index, base, taken, gpu_only):
                if index in self._opened:
                    break
                if turned and turned not in tried:
                    tried.add(turned)
                    defines = {n: v for n, v in base.items() if n not in turned}
                    defines.update((n, "1") for n in turned if n not in base)
                    yield Attempt(defines, turned, index)

    def opened(self, taken: Collection[int]) -> None:
        """An attempt's run has taken these instructions."""
        self._opened.update(taken)

    def _keys(
        self, index: int, base: Mapping[str, str], taken: Collection[int], gpu_only: bool
    ) -> list[tuple[str, ...]]:
        """Macros to turn over so that the branches around an instruction open, the fewest first.

        Each one alone; the first of every condition; and for conditions that join several, all that a branch itself
        asks for and that are missing, with those that the branches before it ask for and that are there.
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
        return [*((name,) for name in alone), tuple(firsts), tuple(dict.fromkeys(opening))]

    def revealed(self, call: SinkCall, attempt: Attempt, taken: Collection[int]) -> Condition:
        """What hides a call that an attempt found: the outermost branch around it that no profile takes.

        A call that stands in none is one that something in the attempt's branch made possible.
        """
        branch = self._closed(call.instruction, taken) if call.file == self._file.path else None
        if branch is None:
            branch = self._closed(attempt.index, taken)
        words = condition_words(self._program, branch) if branch is not None else []
        macro = next((name for name in attempt.turned if name in words), attempt.turned[0])
        defined = macro in attempt.defines
        if branch is None:
            return Condition(macro, defined, "a source file of GPU builds", Location(self._file.path, 1))
        place = Location(self._file.path, self._program[branch].line)
        return Condition(macro, defined, condition_text(self._program, branch), place)

    def _closed(self, index: int, taken: Collection[int]) -> int | None:
        return next((b for b in branches_around(self._program, index) if b not in taken), None)

    def why_not(self, call: SinkCall, mobile: UnitRun) -> Condition | None:
        """What keeps a call out of a mobile run: a condition around it, or around a macro that it came through.

        None where neither explains it.
        """
        if call.file == self._file.path and call.instruction not in mobile.taken:
            outer = [b for b in branches_around(self._program, call.instruction) if b not in mobile.taken]
            return _condition_of(self._file.path, self._program, outer[0], mobile) if outer else None
        for macro in call.via:
            if mobile.macros.get(macro.name) is macro:
                continue
            for index, instruction in enumerate(self._program):
                if instruction.macro is macro and index not in mobile.taken:
                    outer = [b for b in branches_around(self._program, index) if b not in mobile.taken]
                    return _condition_of(self._file.path, self._program, outer[0], mobile) if outer else None
            place = self._headers.place_of(macro)
            if place is not None:
                header, index = place
                around = [b for b in branches_around(header.program, index) if _asks(header.program, b, header.guard)]
                if around:
                    return _condition_of(header.path, header.program, around[-1], mobile)
        return None


def _asks(program: Sequence[Instruction], branch: int, guard: str) -> bool:
    """Whether a branch asks for anything but its file's include guard."""
    return any(word != guard for word in condition_words(program, branch))


def _condition_of(path: str, program: Sequence[Instruction], branch: int, mobile: UnitRun) -> Condition | None:
    words = condition_words(program, branch)
    if not words:
        return None
    text = condition_text(program, branch)
    return Condition(words[0], words[0] not in mobile.macros, text, Location(path, program[branch].line))
