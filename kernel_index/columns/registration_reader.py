"""Columns back to kernel registrations: what ``registration_writer`` says, the other way round."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from functools import cached_property

from kernel_index.columns.text import (
    MAX_EXPANDED,
    SEPARATOR,
    escape,
    letter,
    letter_number,
    split_fields,
    split_values,
    unescape,
)
from kernel_index.records import AttrScalar, Condition, Constraint, KernelRegistration, Location

PER_OP = ("heads", "files", "conditions", "classes", "words", "lines", "profiles")
"""The columns with a line an op; in the file, ``registration_`` stands before each name."""

_Head = tuple[str, str, int, bool, tuple[str, ...], list[tuple[str, int]]]
"""Device, label, priority, system, host memory args, and each constrained attr with the slot of the word it admits."""

_Word = tuple[str, tuple[AttrScalar, ...]]
"""A C++ type as a class text spells it, and the values that a constraint takes from it."""


class RegistrationReader:
    """The registrations of an op; only the lines of ops that are asked for are taken apart.

    ``column`` gives the lines of a column, ``files`` the paths of all files: it is called when the first one is needed,
    which is never for classes. Damaged lines raise ValueError, TypeError or LookupError.
    """

    def __init__(
        self, column: Callable[[str], list[str]], files: Callable[[], Sequence[str]], profiles: Sequence[str]
    ) -> None:
        self._read_files = files
        self._columns = [column(f"registration_{name}") for name in PER_OP]
        self._heads = column("heads")
        self._conditions = column("conditions")
        self._condition_texts = column("condition_texts")
        self._profile_sets = {
            letter(k): tuple(profiles[letter_number(char)] for char in line)
            for k, line in enumerate(column("profile_sets"))
        }
        self._words: dict[str, _Word] = {letter(k): _word(line) for k, line in enumerate(column("words"))}
        self._parsed_heads: dict[str, _Head] = {}
        self._constraints: dict[str, dict[str, Constraint]] = {}
        self._parsed_conditions: dict[str, Condition] = {}

    @cached_property
    def _files(self) -> Sequence[str]:
        return self._read_files()

    def registrations(self, number: int, op: str) -> Iterator[KernelRegistration]:
        """Those of the op that has this number, in the order in which they were written."""
        heads, *columns = [column[number] for column in self._columns]
        file = line = expanded = 0
        class_text = ""
        for head, file_field, condition, class_field, words, runs, profiles in zip(
            heads, *([fields.split("\t") for fields in columns] if heads else ()), strict=True
        ):
            device, label, priority, system, host_memory, constraints = self._head(head)
            size = len(profiles)
            file_step, _, unit = file_field.partition(" ")
            file += int(file_step or 0)
            lines = _lines(line, runs, size)
            line = lines[-1]
            class_text = class_field or class_text
            hidden_by = self._condition(condition) if condition else None
            unit_file = self._files[int(unit)] if unit else ""
            slots = [words[k : k + size] for k in range(0, len(words), size)]
            expanded += self._expanded(class_text, device, op, slots, size)
            _check_expanded(expanded)
            rows = zip(
                self._classes(_whole(class_text, device, op), slots, size),
                self._places(file, lines),
                profiles,
                self._admitted(constraints, slots, size),
                strict=True,
            )
            for kernel_class, place, profile_set, admitted in rows:
                yield KernelRegistration(
                    op, device, kernel_class, place, self._profile_sets[profile_set], label, priority,
                    admitted, host_memory, system, hidden_by, unit_file,
                )  # fmt: skip

    def kernels(
        self, number: int, op: str, profile: str, paths: Container[str] | None = None
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Source file and class, as its pattern and words, of each of the op's kernels in a profile: little work.

        With ``paths`` only those of these source files.
        """
        having = {char for char, names in self._profile_sets.items() if profile in names}
        heads, *columns = [column[number] for column in self._columns]
        file = 0
        class_text = ""
        for head, file_field, _, class_field, words, _, profiles in zip(
            heads, *([fields.split("\t") for fields in columns] if heads else ()), strict=True
        ):
            size = len(profiles)
            file_step, _, unit = file_field.partition(" ")
            file += int(file_step or 0)
            class_text = class_field or class_text
            if having.isdisjoint(profiles):
                continue
            path = self._files[int(unit) if unit else file]
            if paths is not None and path not in paths:
                continue
            device = self._head(head)[0] if "#" in class_text else ""
            pattern = _whole(class_text, device, op)
            slots = [words[k * size : (k + 1) * size] for k in range(pattern.count("$"))]
            for row, char in enumerate(profiles):
                if char in having:
                    yield path, (pattern, *(self._words[slot[row]][0] for slot in slots))

    def sources(self, number: int, profile: str) -> Iterator[str]:
        """The source files of the op's kernels in a profile, in that order: a fraction of the work."""
        having = {char for char, names in self._profile_sets.items() if profile in names}
        _, files, *_, profiles = (column[number] for column in self._columns)
        file = 0
        for file_field, sets in zip(files.split("\t"), profiles.split("\t"), strict=True):
            file_step, _, unit = file_field.partition(" ")
            file += int(file_step or 0)
            if not having.isdisjoint(sets):
                yield self._files[int(unit) if unit else file]

    def classes(self, number: int, op: str) -> Iterator[str]:
        """The class texts of those registrations that some profile has, in that order: a fraction of the work."""
        heads, *columns = [column[number] for column in self._columns]
        expanded = 0
        class_text = ""
        for head, _, _, class_field, words, _, profiles in zip(
            heads, *([fields.split("\t") for fields in columns] if heads else ()), strict=True
        ):
            size = len(profiles)
            class_text = class_field or class_text
            device = self._head(head)[0] if "#" in class_text else ""
            slots = [words[k : k + size] for k in range(0, len(words), size)]
            expanded += self._expanded(class_text, device, op, slots, size)
            _check_expanded(expanded)
            texts = self._classes(_whole(class_text, device, op), slots, size)
            yield from (text for text, char in zip(texts, profiles, strict=True) if self._profile_sets[char])

    def _head(self, char: str) -> _Head:
        head = self._parsed_heads.get(char)
        if head is None:
            head = self._parsed_heads[char] = _head(self._heads[letter_number(char)])
        return head

    def _expanded(self, class_text: str, device: str, op: str, slots: Sequence[str], size: int) -> int:
        """At least as many characters as the class texts of some rows have."""
        names = class_text.count("#") * len(device) + class_text.count("@") * len(op)
        return size * (len(class_text) + names) + sum(len(self._words[char][0]) for slot in slots for char in slot)

    def _classes(self, class_text: str, slots: Sequence[str], size: int) -> list[str]:
        """The class text of each row: the words of the first slots in their places."""
        holes = class_text.count("$")
        if not holes:
            return [unescape(class_text)] * size
        pattern = class_text.replace("%", "%%").replace("$", "%s")
        spelled = [[self._words[char][0] for char in slot] for slot in slots[:holes]]
        return [unescape(pattern % row) for row in zip(*spelled, strict=True)]

    def _admitted(
        self, constraints: Sequence[tuple[str, int]], slots: Sequence[str], size: int
    ) -> list[tuple[Constraint, ...]]:
        """The constraints of each row."""
        if not constraints:
            return [()] * size
        columns = []
        for attr, slot in constraints:
            known = self._constraints.setdefault(attr, {})
            for char in slots[slot]:
                if char not in known:
                    known[char] = Constraint(attr, self._words[char][1])
            columns.append([known[char] for char in slots[slot]])
        return list(zip(*columns, strict=True))

    def _places(self, file: int, lines: Sequence[int]) -> list[Location]:
        path = self._files[file]
        places = {line: Location(path, line) for line in set(lines)}
        return [places[line] for line in lines]

    def _condition(self, number: str) -> Condition:
        condition = self._parsed_conditions.get(number)
        if condition is None:
            text, file, line = self._conditions[int(number)].split("\t")
            macro, defined, words, *needs = split_fields(self._condition_texts[int(text)])
            place = Location(self._files[int(file)], int(line))
            condition = Condition(macro, defined == "defined", words, place, *needs)
            self._parsed_conditions[number] = condition
        return condition


def count_registrations(column: Callable[[str], list[str]]) -> int:
    """How many registrations all ops have together: each has one letter, which says its profiles."""
    return sum(len(line) - line.count("\t") for line in column("registration_profiles"))


def _check_expanded(characters: int) -> None:
    if characters > MAX_EXPANDED:
        raise ValueError("classes that are longer than any")


def _whole(class_text: str, device: str, op: str) -> str:
    """The class text with the device and the op in their places."""
    return class_text.replace("#", escape(device) + "Device").replace("@", escape(op))


def _head(text: str) -> _Head:
    device, label, priority, system, host_memory, *constraints = text.split("\t")
    slots = []
    for constraint in constraints:
        attr, slot = constraint.split(SEPARATOR)
        slots.append((unescape(attr), int(slot)))
    return (
        unescape(device), unescape(label), int(priority), system == "system", split_fields(host_memory, SEPARATOR),
        slots,
    )  # fmt: skip


def _word(text: str) -> _Word:
    spelling, values = text.split("\t")
    return spelling, split_values(values)


def _lines(before: int, runs: str, size: int) -> list[int]:
    """The line of each of ``size`` rows."""
    lines: list[int] = []
    line = before
    for run in runs.split(" "):
        step, _, count = run.partition("*")
        line += int(step)
        lines += [line] * min(int(count or 1), size)
    return lines + [line] * (size - len(lines))
