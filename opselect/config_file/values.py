"""What values of a configuration may be: how each is read from YAML, and how a JSON schema says the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from kernel_index.errors import InputError, Place
from kernel_index.near_names import did_you_mean, listed
from kernel_index.records_json import Json
from kernel_index.shown import one_line, shortened
from opselect.config_file.yaml_tree import YamlList, YamlMap, YamlNode, YamlText


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a configuration something stands: the file, the way to it as in ``targets[2].profile``, and the line."""

    file: str
    where: str = ""
    line: int = 1

    def key(self, name: str, line: int | None = None) -> Spot:
        """The spot of a key of the mapping that stands here."""
        shown = name if re.fullmatch(r"[\w-]+", name) else quoted(name)
        return Spot(self.file, f"{self.where}.{shown}" if self.where else shown, self.line if line is None else line)

    def item(self, number: int, line: int) -> Spot:
        """The spot of an item of the list that stands here."""
        return Spot(self.file, f"{self.where}[{number}]", line)

    def error(self, problem: str, advice: str = "") -> InputError:
        """What is wrong at this spot."""
        return InputError(Place(self.file, self.line), f"{self.where}: {problem}" if self.where else problem, advice)


def quoted(text: str) -> str:
    """A text in quotes, on one line, with nothing in it that acts; the middle of an overlong one is left out."""
    return one_line(shortened(json.dumps(text, ensure_ascii=False)))


def meant(name: str, known: Iterable[str]) -> str:
    """``; did you mean android?``, or which names there are where none is near."""
    names = list(known)
    return did_you_mean(name, names) or f"; there are {listed(names)}"


class InvalidError(Exception):
    """A value that was refused; the problem is in the list already."""


Problems = list[InputError]


class ValueType(Protocol):
    """A kind of value."""

    @property
    def words(self) -> str:
        """What the value is, for the reference."""

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> object:
        """The value. Adds what is wrong to ``problems``, and raises InvalidError where there is no value then."""

    def schema(self) -> Json:
        """The JSON schema of what :meth:`read` takes."""


def _refuse(spot: Spot, problems: Problems, problem: str, advice: str = "") -> InvalidError:
    problems.append(spot.error(problem, advice))
    return InvalidError()


_KINDS = {YamlList: "a list", YamlMap: "a mapping"}
_TAGS = {"int": "a number", "float": "a number", "bool": "a truth value", "null": "nothing", "timestamp": "a date"}


def _kind(node: YamlNode) -> str:
    if not isinstance(node, YamlText):
        return _KINDS[type(node)]
    return _TAGS.get(node.tag, "text")


@dataclass(frozen=True, slots=True)
class Text:
    """Text, not empty unless it may be. With ``pattern``, which ``words`` put in words, only what matches it whole."""

    words: str = "text"
    pattern: str = ""
    known: tuple[str, ...] = ()
    """Names of which one is meant; shown where a text does not match."""
    may_be_empty: bool = False

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> str:
        if not isinstance(node, YamlText) or node.tag != "str":
            quote = f': write "{node.text}"' if isinstance(node, YamlText) and node.tag not in ("null", "merge") else ""
            raise _refuse(spot, problems, f"must be text, and is {_kind(node)}{quote}")
        if not (node.text or self.may_be_empty):
            raise _refuse(spot, problems, "must not be empty")
        if self.pattern and not re.fullmatch(self.pattern, node.text):
            suggestion = meant(node.text, self.known) if self.known else ""
            raise _refuse(spot, problems, f"{quoted(node.text)} is not {self.words}{suggestion}")
        return node.text

    def schema(self) -> Json:
        return {
            "type": "string",
            **({"pattern": f"^(?:{self.pattern})$"} if self.pattern else {"minLength": int(not self.may_be_empty)}),
        }


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some names; ``noun`` is what they name."""

    noun: str
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        return ", ".join(f"`{name}`" for name in self.names)

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> str:
        text = Text().read(node, spot, problems)
        if text not in self.names:
            raise _refuse(spot, problems, f"no {self.noun} {quoted(text)}{meant(text, self.names)}")
        return text

    def schema(self) -> Json:
        return {"enum": list(self.names)}


@dataclass(frozen=True, slots=True)
class Profile:
    """The name of a build profile; that of an index may have macros after a plus."""

    names: tuple[str, ...]
    words: str = "a profile"

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> str:
        text = Text().read(node, spot, problems)
        if text.partition("+")[0] not in self.names:
            raise _refuse(spot, problems, f"no profile {quoted(text)}{meant(text, self.names)}")
        return text

    def schema(self) -> Json:
        macros = "|".join(map(re.escape, self.names))
        return {"anyOf": [{"enum": list(self.names)}, {"type": "string", "pattern": f"^(?:{macros})\\+"}]}


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it is spelled: ``2.10`` is not the number 2.1."""

    words: str = "a version"

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> str:
        if isinstance(node, YamlText) and node.tag in ("int", "float"):
            return node.text
        return Text().read(node, spot, problems)

    def schema(self) -> Json:
        return {"anyOf": [{"type": "string", "minLength": 1}, {"type": "number"}]}


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    words: str = "`true` or `false`"

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> bool:
        if isinstance(node, YamlText) and node.tag == "bool" and node.text.lower() in ("true", "false"):
            return node.text.lower() == "true"
        raise _refuse(spot, problems, f"must be true or false, and is {_shown(node)}")

    def schema(self) -> Json:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number from 0 on."""

    words: str = "a whole number"

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> int:
        # YAML 1.1 has octal and hexadecimal numbers, and some with colons, that no other reader takes.
        if isinstance(node, YamlText) and node.tag == "int" and re.fullmatch(r"0|[1-9][0-9]{0,14}", node.text):
            return int(node.text)
        raise _refuse(spot, problems, f"must be a whole number from 0 to {10**15 - 1}, and is {_shown(node)}")

    def schema(self) -> Json:
        return {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}


def _shown(node: YamlNode) -> str:
    return quoted(node.text) if isinstance(node, YamlText) and node.text else _kind(node)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; where ``or_one``, one item may stand without. ``some`` says that it must not be empty."""

    item: ValueType
    or_one: bool = True
    some: bool = False

    @property
    def words(self) -> str:
        return f"{self.item.words}, or a list of such" if self.or_one else f"a list, each {self.item.words}"

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> tuple[object, ...]:
        if not isinstance(node, YamlList):
            if self.or_one and not (isinstance(node, YamlText) and node.tag == "null"):
                return (self.item.read(node, spot, problems),)
            raise _refuse(spot, problems, f"must be a list, and is {_kind(node)}")
        if self.some and not node.items:
            raise _refuse(spot, problems, "must not be empty")
        values: list[object] = []
        for number, item in enumerate(node.items):
            with suppress(InvalidError):
                values.append(self.item.read(item, spot.item(number, item.line), problems))
        return tuple(values)

    def schema(self) -> Json:
        listed: Json = {"type": "array", "items": self.item.schema(), **({"minItems": 1} if self.some else {})}
        return {"anyOf": [self.item.schema(), listed]} if self.or_one else listed


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a mapping, and what it means; ``default`` is what counts where it is not there, in words."""

    name: str
    value: ValueType
    summary: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """A value that a configuration states, and where."""

    value: object
    spot: Spot


@dataclass(frozen=True, slots=True)
class Fields:
    """The values of a mapping by key, and where it stands."""

    spot: Spot
    stated: Mapping[str, Stated] = field(hash=False)

    def get(self, key: str) -> object:
        """The value of a key, None where the mapping does not have it."""
        found = self.stated.get(key)
        return found.value if found is not None else None

    def spot_of(self, key: str) -> Spot:
        """Where a key stands; the mapping itself where it does not have it."""
        found = self.stated.get(key)
        return found.spot if found is not None else self.spot


@dataclass(frozen=True, slots=True)
class MappingOf:
    """A mapping of known keys. A lone value stands for the key ``short``, where there is one.

    Of each group in ``excluding`` at most one key may be there; of ``required`` all must. ``only_for`` tells of some
    keys which values of the key ``short`` have them, ``not_for`` of some of these values which keys they do not have.
    """

    keys: tuple[Key, ...]
    required: tuple[str, ...] = ()
    short: str = ""
    excluding: tuple[tuple[str, ...], ...] = ()
    only_for: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    not_for: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    words: str = "a mapping"

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> Fields:
        if isinstance(node, YamlText) and self.short and node.tag != "null":
            key = self._key(self.short)
            return Fields(spot, {self.short: Stated(key.value.read(node, spot, problems), spot)})
        if not isinstance(node, YamlMap):
            raise _refuse(spot, problems, f"must be {self.words}, and is {_kind(node)}")
        stated: dict[str, Stated] = {}
        known = [key.name for key in self.keys]
        for name, (line, value) in node.entries.items():
            place = spot.key(name, line)
            if name not in known:
                problems.append(place.error(f"no such key{meant(name, known)}"))
                continue
            with suppress(InvalidError):
                stated[name] = Stated(self._key(name).value.read(value, place, problems), place)
        self._check(node, stated, spot, problems)
        return Fields(spot, stated)

    def _check(self, node: YamlMap, stated: Mapping[str, Stated], spot: Spot, problems: Problems) -> None:
        missing = [name for name in self.required if name not in node.entries]
        problems += [spot.key(name).error("is missing") for name in missing]
        for group in self.excluding:
            there = [name for name in group if name in node.entries]
            for name in there[1:]:
                problems.append(spot.key(name, node.entries[name][0]).error(f"excludes {there[0]}: leave one out"))
        named = stated.get(self.short)
        for name, kinds in self.only_for.items():
            if name in node.entries and named is not None and named.value not in kinds:
                place = spot.key(name, node.entries[name][0])
                problems.append(place.error(f"is only for {' and '.join(kinds)}, not for {named.value}"))
        kind = str(named.value) if named is not None else ""
        for name in self.not_for.get(kind, ()):
            if name in node.entries:
                problems.append(spot.key(name, node.entries[name][0]).error(f"is not for {kind}"))

    def _key(self, name: str) -> Key:
        return next(key for key in self.keys if key.name == name)

    def schema(self) -> Json:
        properties = {key.name: {"description": key.summary, **key.value.schema()} for key in self.keys}
        rules = self.rules()
        mapping: Json = {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            **({"required": list(self.required)} if self.required else {}),
            **({"allOf": rules} if rules else {}),
        }
        return {"anyOf": [self._key(self.short).value.schema(), mapping]} if self.short else mapping

    def rules(self) -> list[Json]:
        """What :meth:`schema` says of keys together."""
        rules: list[Json] = [
            {"not": {"required": [one, other]}}
            for group in self.excluding
            for number, one in enumerate(group)
            for other in group[number + 1 :]
        ]
        rules += [
            {"not": {"required": [name, self.short], "properties": {self.short: {"not": {"enum": list(kinds)}}}}}
            for name, kinds in self.only_for.items()
        ]
        rules += [
            {
                "not": {
                    "required": [self.short],
                    "properties": {self.short: {"const": value}},
                    "anyOf": [{"required": [name]} for name in names],
                }
            }
            for value, names in self.not_for.items()
        ]
        return rules
