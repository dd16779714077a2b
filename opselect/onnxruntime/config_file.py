"""Configurations of reduced builds read: the operators that ``build.py --include_ops_by_config`` is told of.

The format is that of ``reduced_build_config_parser.py`` (tools/python/util in ONNX Runtime). What that reader would
crash on or take for something else than it says is an error here. Where it loses something that a file says, all of it
counts here, and a warning tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kernel_index.errors import InputError, Place
from kernel_index.near_names import listed, meant, near_names
from kernel_index.shown import one_line
from opselect.onnxruntime.entry_json import InvalidEntryError, read_entry
from opselect.onnxruntime.merging import joined
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry
from opselect.onnxruntime.type_entries import lacking_types
from opselect.onnxruntime.value_types import CPP_NAMES

MAX_BYTES = 16 * 2**20
"""Of a configuration; one of all operators there are has less than a hundredth of it."""

MAX_NAMED = 1_000_000
"""Names of operators in all opsets; a short line can name many in many. There are some ten thousand operators."""

_GLOBAL = "!globally_allowed_types"
_ALL = "!no_ops_specified_means_all_ops_are_required"
_FORM = "A line is DOMAIN;OPSET,OPSET;OPERATOR,OPERATOR, as in ai.onnx;11,12;Add,Cast."
_TEXT = "A configuration is text: save it as UTF-8."
_TYPES = frozenset(CPP_NAMES.values())
_SHOWN = 5
"""How many names a warning has."""


@dataclass(frozen=True, slots=True)
class ReadConfiguration:
    """What a configuration says, and where ONNX Runtime would understand it otherwise, a sentence each."""

    required: RequiredOperators
    warnings: tuple[str, ...] = ()


def parse_configuration(data: bytes, path: str) -> ReadConfiguration:
    """What a text says that is from ``path``. Raises InputError for what is no configuration, with the line."""
    if len(data) > MAX_BYTES:
        raise InputError(path, f"is larger than {MAX_BYTES // 2**20} MiB, and no configuration is")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Place(path, byte=error.start), "is no UTF-8, and so no configuration", _TEXT) from None
    content = _Content(path)
    if data.startswith(b"\xef\xbb\xbf"):
        told = "begins with a byte order mark, which ONNX Runtime takes for a part of the first line"
        content.warnings.append(f"{Place(path)} {told}")
    # As Python reads files: other separators are no ends of lines.
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        content.read(line.strip(), Place(path, number))
    return content.said()


@dataclass(frozen=True, slots=True)
class _Mention:
    """That an operator is needed, with what types, and where that stands."""

    place: Place
    entry: TypeEntry | None


@dataclass(slots=True)
class _Content:
    """What the lines up to now say."""

    path: str
    operators: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    mentions: dict[tuple[str, str], list[_Mention]] = field(default_factory=dict)
    allowed: tuple[Place, frozenset[str]] | None = None
    says_all: bool = False
    named: int = 0
    warnings: list[str] = field(default_factory=list)

    def read(self, line: str, place: Place) -> None:
        """Takes in a line without the blanks around it."""
        if not line or line.startswith("#"):
            return
        if not line.replace("\t", " ").isprintable():
            raise InputError(place, f"has characters that no configuration has: {one_line(line)}")
        if line == _ALL:
            self.says_all = True
        elif line.startswith("!"):
            self._read_allowed(line, place)
        else:
            self._read_operators(line, place)

    def _read_allowed(self, line: str, place: Place) -> None:
        word, *rest = line.split(";")
        if word != _GLOBAL:
            near = near_names(word, (_GLOBAL, _ALL))
            raise InputError(
                place,
                f"no such line: {word}{meant(near)}",
                "" if near else f"There are {_GLOBAL} and {_ALL}.",
            )
        if len(rest) != 1:
            raise InputError(place, "must be one list of types", f"As in {_GLOBAL};float,int64_t.")
        if self.allowed is not None:
            raise InputError(place, f"types for all operators stand in line {self.allowed[0].line} already")
        types = frozenset(name.strip() for name in rest[0].split(","))
        for name in sorted(types - _TYPES):
            near = near_names(name, _TYPES)
            advice = "" if near else f"There are {listed(sorted(_TYPES))}."
            raise InputError(place, f'"{name}" is no type of ONNX Runtime{meant(near)}', advice)
        self.allowed = (place, types)

    def _read_operators(self, line: str, place: Place) -> None:
        parts = [part.strip() for part in line.split(";")]
        if len(parts) != 3:
            raise InputError(
                place, f"has {len(parts)} part{'' if len(parts) == 1 else 's'} between semicolons, and not 3", _FORM
            )
        domain, numbers, names = parts
        if not domain:
            raise InputError(place, "the domain is empty", "That of ONNX itself is written ai.onnx.")
        if re.search(r"\s", domain):
            raise InputError(place, f'"{domain}" is no domain', _FORM)
        opsets = list(dict.fromkeys(_opsets(numbers, place)))
        found = list(_operators(names, place))
        self.named += len(opsets) * len(found)
        if self.named > MAX_NAMED:
            raise InputError(
                place, f"up to here more than {MAX_NAMED:,} operators are named, and there are not as many"
            )
        for name, entry in found:
            lacking = lacking_types((domain, name), entry) if entry is not None else ""
            if lacking:
                problem = f"the types of {name} say nothing of {lacking}, and ONNX Runtime cannot do without"
                raise InputError(place, problem, "Leave the braces out: the operator is needed with all types.")
            self.mentions.setdefault((domain, name), []).append(_Mention(place, entry))
        for opset in opsets:
            self.operators.setdefault((domain, opset), set()).update(name for name, _ in found)

    def said(self) -> ReadConfiguration:
        """What all lines say. Raises InputError where they contradict each other."""
        types: dict[tuple[str, str], TypeEntry] = {}
        for operator, mentions in sorted(self.mentions.items()):
            if self.allowed is not None and (first := next((m.place for m in mentions if m.entry), None)):
                problem = (
                    f"{operator[1]} has types of its own, and line {self.allowed[0].line} has types for all operators"
                )
                raise InputError(first, problem, "ONNX Runtime takes only one of both: leave one out.")
            entry = joined([mention.entry for mention in mentions])
            if entry is not None:
                types[operator] = entry
        self.warnings += _read_otherwise(self.mentions)
        self.warnings += _unknown_types(self.path, types.values())
        if not self.operators and not self.says_all:
            self.warnings.append(f"{Place(self.path)} names no operators: a build by it alone has none")
        return ReadConfiguration(
            RequiredOperators(
                {opset: frozenset(names) for opset, names in sorted(self.operators.items())},
                types,
                self.allowed[1] if self.allowed is not None else None,
                self.says_all and not self.operators,
            ),
            tuple(self.warnings),
        )


def _opsets(text: str, place: Place) -> Iterator[int]:
    for number in text.split(","):
        if not re.fullmatch("[1-9][0-9]{0,9}", number.strip(), re.ASCII):
            raise InputError(place, f'"{number.strip()}" is no opset: they are whole numbers from 1 on', _FORM)
        yield int(number)


_NAME = re.compile(r"[^,{}]*")


def _operators(text: str, place: Place) -> Iterator[tuple[str, TypeEntry | None]]:
    """The operators of a line, each with the types that stand directly behind its name."""
    at = 0
    while True:
        written = _NAME.match(text, at)
        name = written[0].strip() if written is not None else ""
        at = written.end() if written is not None else at
        _check_name(name, text[at : at + 1], place)
        entry = None
        if text.startswith("{", at):
            try:
                entry, at = read_entry(text, at)
            except InvalidEntryError as error:
                raise InputError(place, f"the types of {name} {error}", error.advice) from None
        yield name, entry
        rest = text[at:].lstrip() if entry is not None else text[at:]
        if not rest:
            return
        if not rest.startswith(","):
            raise InputError(place, f'after the types of {name} stands "{rest[:40]}", and not a comma')
        at = len(text) - len(rest) + 1


def _check_name(name: str, behind: str, place: Place) -> None:
    if not name and behind == "{":
        raise InputError(
            place, "types stand there without an operator", 'They stand behind its name: Add{"inputs": …}.'
        )
    if not name:
        raise InputError(place, "a name of an operator is empty", "Look for a comma too many at this place or the end.")
    if behind == "}":
        raise InputError(place, f'after "{name}" a brace closes that none opened')
    if re.search(r"\s", name):
        advice = "Between operators there must be commas, and a comment must have a line of its own."
        raise InputError(place, f'"{name}" is no name of an operator', advice)


def _read_otherwise(mentions: Mapping[tuple[str, str], Sequence[_Mention]]) -> Iterator[str]:
    """What the reader of ONNX Runtime makes of operators that stand there several times."""
    mixed = {key: each for key, each in mentions.items() if len({mention.entry is None for mention in each}) > 1}
    if mixed:
        yield (
            f"{_first(mixed)} with types in one place and without in another: ONNX Runtime would build only these "
            "types; here all types count"
        )
    differing = {
        key: each
        for key, each in mentions.items()
        if key not in mixed and any(mention.entry != each[0].entry for mention in each)
    }
    if differing:
        yield (
            f"{_first(differing)} with different types in several places: ONNX Runtime would take the last of them "
            "alone; here they count together"
        )


def _first(operators: Mapping[tuple[str, str], Sequence[_Mention]]) -> str:
    """The place where one of several operators stands for the second time, and that all stand there."""
    place = min((each[1].place for each in operators.values()), key=lambda place: place.line or 0)
    names = sorted({name for _, name in operators})
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{place}: {', '.join(names[:_SHOWN])}{more} {'stands' if len(names) == 1 else 'stand'} there"


def _unknown_types(path: str, entries: Iterable[TypeEntry]) -> Iterator[str]:
    """Types that are none of those of tensors, nor made of them, as those of maps are."""
    named = {
        name
        for entry in entries
        for types in (*entry.inputs.values(), *entry.outputs.values(), *entry.custom)
        for name in types
    }
    unknown = sorted(name for name in named - _TYPES if not name.startswith("std::"))
    if unknown:
        yield f"{Place(path)} names types that ONNX Runtime does not have: {', '.join(unknown[:_SHOWN])}"
