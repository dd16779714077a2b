"""Kernel registrations to columns: a line an op, a field a group of registrations that differ only in types.

A group is a run of an op's registrations with the same head (device, label, priority …), file, unit, condition and
class text, once the C++ types are taken out of the text. What remains of each is a row of words (a word is a C++ type
and the data type that it spells), a line of the file and a set of profiles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from kernel_index.columns.registration_reader import PER_OP
from kernel_index.columns.text import EMPTY, SEPARATOR, Table, escape, fields, letter, values_text
from kernel_index.datatypes import from_cpp
from kernel_index.records import Condition, Constraint, KernelRegistration

# Where a class text is cut. Any pattern gives an index that reads back exactly, a good one gives a small index.
_CPP_TYPE = re.compile(
    r"(?:(?<![\w>])::)?(?:(?:tensorflow|tsl|Eigen|std)::)?\b(?:float|double|bool|half|bfloat16|t?string|int|long long"
    r"|u?int(?:2|4|8|16|32|64)(?:_t)?|unsigned char|signed char|qu?int(?:8|16|32)|complex(?:64|128)"
    r"|complex<(?:float|double)>|float8_e5m2(?:fnuz)?|float8_e4m3(?:fn|fnuz|b11fnuz)|ResourceHandle|Variant)\b(?!::)"
)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the registrations of a group have in common: numbers in the tables, and the class text without types."""

    head: int
    file: int
    unit: int | None
    condition: int | None
    class_text: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A registration taken apart."""

    shared: _Shared
    words: tuple[int, ...]
    line: int
    profiles: int


class RegistrationWriter:
    """Takes the registrations of one op after the other.

    ``file_number`` numbers a path in the index's files, ``profiles`` are those of the index: KeyError for others.
    """

    def __init__(self, file_number: Callable[[str], int], profiles: Sequence[str]) -> None:
        self._file_number = file_number
        self._heads = Table()
        self._words = Table()
        self._spelled: dict[str, tuple[str, str]] = {}
        self._conditions = Table()
        self._condition_texts = Table()
        self._profile_sets = Table()
        self._profile_letters = {profile: letter(number) for number, profile in enumerate(profiles)}
        self._lines: dict[str, list[str]] = {f"registration_{name}": [] for name in PER_OP}

    def add(self, registrations: Iterable[KernelRegistration]) -> None:
        """The next op's line in every column: empty where the op has no registration."""
        groups = [list(rows) for _, rows in groupby(map(self._row, registrations), attrgetter("shared"))]
        shared = [group[0].shared for group in groups]
        line = {
            "heads": "".join(letter(s.head) for s in shared),
            "files": "\t".join(_files(shared)),
            "conditions": "\t".join("" if s.condition is None else str(s.condition) for s in shared),
            "classes": "\t".join(_without_repeats(s.class_text for s in shared)),
            "words": "\t".join("".join(letter(w) for slot in zip(*(r.words for r in g), strict=True) for w in slot)
                               for g in groups),
            "lines": "\t".join(_lines(groups)),
            "profiles": "\t".join("".join(letter(row.profiles) for row in group) for group in groups),
        }  # fmt: skip
        for name, text in line.items():
            self._lines[f"registration_{name}"].append(text)

    def profile_set(self, profiles: Sequence[str]) -> int:
        """The number of a set of profiles."""
        return self._profile_sets.number("".join(self._profile_letters[p] for p in profiles))

    def columns(self) -> dict[str, list[str]]:
        """The columns of all ops and the tables that they name."""
        return self._lines | {
            "heads": self._heads.lines,
            "words": self._words.lines,
            "conditions": self._conditions.lines,
            "condition_texts": self._condition_texts.lines,
            "profile_sets": self._profile_sets.lines,
        }

    def _row(self, record: KernelRegistration) -> _Row:
        class_text, spellings = _cut(record)
        words = [self._word(spelling) for spelling in spellings]
        slots = _slots(record.constraints, words)
        head = "\t".join(
            [
                escape(record.device),
                escape(record.label),
                str(record.priority),
                "system" if record.system else "",
                fields(record.host_memory_args, SEPARATOR),
                *(f"{escape(c.attr)}{SEPARATOR}{slot}" for c, slot in zip(record.constraints, slots, strict=True)),
            ]
        )
        shared = _Shared(
            self._heads.number(head),
            self._file_number(record.location.file),
            self._file_number(record.unit) if record.unit else None,
            self._condition(record.condition),
            class_text,
        )
        numbers = tuple(self._words.number("\t".join(word)) for word in words)
        return _Row(shared, numbers, record.location.line, self.profile_set(record.profiles))

    def _word(self, spelling: str) -> tuple[str, str]:
        """A C++ type and the value that it spells, nothing where it spells none."""
        word = self._spelled.get(spelling)
        if word is None:
            data_type = from_cpp(spelling)
            word = self._spelled[spelling] = (spelling, "" if data_type is None else values_text([data_type]))
        return word

    def _condition(self, condition: Condition | None) -> int | None:
        if condition is None:
            return None
        needs = [condition.needs, condition.flags] if condition.needs else []
        text = fields([condition.macro, "defined" if condition.defined else "undefined", condition.text, *needs])
        place = condition.location
        return self._conditions.number(
            f"{self._condition_texts.number(text)}\t{self._file_number(place.file)}\t{place.line}"
        )


def _cut(record: KernelRegistration) -> tuple[str, list[str]]:
    """The class text with ``#`` for the device's class, ``@`` for the op's name and ``$`` for each C++ type."""
    text = escape(record.kernel_class)
    if record.op:
        text = text.replace(escape(record.op), "@")
    text = text.replace(f"{escape(record.device)}Device", "#")
    return _CPP_TYPE.sub("$", text) or EMPTY, _CPP_TYPE.findall(text)


def _slots(constraints: Sequence[Constraint], words: list[tuple[str, str]]) -> list[int]:
    """For each constraint the word that has its values; a word without spelling is added where none has."""
    free = list(range(len(words)))
    slots = []
    for constraint in constraints:
        allowed = values_text(constraint.allowed)
        slot = next((k for k in free if words[k][1] == allowed), len(words))
        if slot == len(words):
            words.append(("", allowed))
        else:
            free.remove(slot)
        slots.append(slot)
    return slots


def _files(groups: Iterable[_Shared]) -> Iterator[str]:
    """For each group how far its file is from the one before, nothing for 0, and after a blank the unit if any."""
    before = 0
    for group in groups:
        step = str(group.file - before) if group.file != before else ""
        yield step if group.unit is None else f"{step} {group.unit}"
        before = group.file


def _without_repeats(texts: Iterable[str]) -> Iterator[str]:
    before = ""
    for text in texts:
        yield "" if text == before else text
        before = text


def _lines(groups: Sequence[Sequence[_Row]]) -> Iterator[str]:
    """For each group runs of rows with the same line: how far it is from the line before, ``*`` and their number."""
    before = 0
    for group in groups:
        runs = []
        for line, rows in groupby(group, attrgetter("line")):
            runs.append(f"{line - before}*{len(list(rows))}")
            before = line
        yield " ".join(run.removesuffix("*1") for run in [*runs[:-1], runs[-1].partition("*")[0]])
