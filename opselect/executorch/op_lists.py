"""Lists of operators that ExecuTorch's tools take, or write → what they select.

These are names (``gen_oplist.py --root_ops``), an ops dict (``--ops_dict``), ``functions.yaml``
(``--ops_schema_yaml_path``), and ``selected_operators.yaml``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from kernel_index.errors import InputError, Place
from kernel_index.near_names import did_you_mean
from opselect.config_file.yaml_tree import YamlList, YamlMap, YamlNode, YamlText, parse_yaml
from opselect.executorch.kernel_keys import DEFAULT, DTYPES, parse_key
from opselect.executorch.selected import (
    UNKNOWN_SOURCE,
    ListedOperator,
    SelectedOperators,
    is_operator_name,
    selected,
)

_KEYS_ARE = "A dtype is written Float, a kernel key v1/6;0,1|6;0,1, and any dtype default."
_NAMES_ARE = "It is written namespace::name.overload, such as aten::add.out."
_ANY = frozenset((DEFAULT,))


def read_names(data: bytes, path: str) -> SelectedOperators:
    """Names separated by commas, blanks or lines; what follows ``#`` in a line is a comment. All dtypes are meant.

    Raises InputError with the line for what is no name, as all of these do.
    """
    names: dict[str, None] = {}
    for number, line in enumerate(re.split(r"\r\n|\r|\n", _text(data, path)), 1):
        for word in re.split(r"[,\s]+", line.partition("#")[0]):
            if word:
                names[_name(word, Place(path, number))] = None
    if not names:
        raise InputError(path, "names no operators", _NAMES_ARE)
    return selected(names, dict.fromkeys(names, _ANY), UNKNOWN_SOURCE)


def read_ops_dict(data: bytes, path: str) -> SelectedOperators:
    """A JSON object of operators, each with a list of dtypes and kernel keys; an empty one means all dtypes."""
    try:
        document = json.loads(_text(data, path), object_pairs_hook=_unrepeated)
    except json.JSONDecodeError as error:
        raise InputError(Place(path, error.lineno), f"is no JSON: {error.msg}") from None
    except (RecursionError, ValueError) as error:
        deep = "it is nested too deeply, or a number is too long"
        raise InputError(path, f"is no ops dict: {error if isinstance(error, _RepeatedKeyError) else deep}") from None
    if not isinstance(document, dict):
        raise InputError(path, "is no ops dict, which is an object of operators and lists", _KEYS_ARE)
    keys: dict[str, frozenset[str]] = {}
    for name, some in document.items():
        _name(name, Place(path))
        if not isinstance(some, list) or not all(isinstance(each, str) for each in some):
            raise InputError(path, f"{name!r} has no list of dtypes and kernel keys", _KEYS_ARE)
        keys[name] = frozenset(_key(each, Place(path)) for each in some) or _ANY
    return selected(keys, keys, UNKNOWN_SOURCE)


def read_yaml_list(data: bytes, path: str, source: str = "") -> SelectedOperators:
    """``selected_operators.yaml``, a mapping, or ``functions.yaml``, a list.

    The latter says of no operator who needs it: that is ``source`` then, which stands in the output, or ``path``.
    """
    tree = parse_yaml(data, path)
    if isinstance(tree, YamlList):
        return _functions(tree, path, source or path)
    if isinstance(tree, YamlMap):
        return _SelectedReader(path).read(tree)
    if tree is None:
        return SelectedOperators()
    raise InputError(path, "is neither a selected_operators.yaml, a mapping, nor a functions.yaml, a list")


class _RepeatedKeyError(ValueError):
    """JSON has a key twice, of which others would take the last silently."""


def _unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKeyError(f"{key!r} stands in it twice")
        found[key] = value
    return found


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Place(path, byte=error.start), "the text is not valid UTF-8") from None


def _name(text: str, place: Place) -> str:
    if not is_operator_name(text):
        advice = f"Write aten::{text} if it is PyTorch's own." if is_operator_name(f"aten::{text}") else _NAMES_ARE
        raise InputError(place, f"{text!r} is no name of an operator", advice)
    return text


def _key(text: str, place: Place) -> str:
    try:
        return parse_key(text)
    except ValueError as error:
        near = did_you_mean(text, DTYPES) if text.isidentifier() else ""
        raise InputError(place, f"{error}{near}", _KEYS_ARE) from None


_FUNCTION = re.compile(r"\s*((?:[A-Za-z_]\w*::)*[A-Za-z_][\w.]*)\s*\(", re.ASCII)


def _functions(tree: YamlList, path: str, source: str) -> SelectedOperators:
    """Operators of ``op:`` and ``func:``, of which those without a namespace are PyTorch's own.

    ``func`` is a whole signature, of which the name is what stands before the parenthesis.
    """
    names = []
    for item in tree.items:
        entries = item.entries if isinstance(item, YamlMap) else {}
        line, value = entries.get("op") or entries.get("func") or (item.line, None)
        if not isinstance(value, YamlText):
            raise InputError(Place(path, line), "an item of a functions.yaml has `op:` or `func:`")
        name: str | None = value.text
        if "op" not in entries:
            match = _FUNCTION.match(value.text)
            name = match[1] if match else None
        if name is None:
            raise InputError(Place(path, line), f"{value.text!r} is no signature of an operator")
        names.append(_name(name if "::" in name else f"aten::{name}", Place(path, line)))
    return selected(names, dict.fromkeys(names, _ANY), source)


class _SelectedReader:
    """Reads a ``selected_operators.yaml`` as torchgen's ``SelectiveBuilder.from_yaml_dict`` does.

    A field that is missing has its default of there: of an operator, all overloads are meant then.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self, tree: YamlMap) -> SelectedOperators:
        entries = self._known(tree, _FIELDS, "a selected_operators.yaml")
        noted = entries.get("debug_info")
        return SelectedOperators(
            {name: self._operator(name, value) for name, value in self._operators(entries, "operators")},
            {
                name: frozenset(self._texts(value, self._kernel_key)) or _ANY
                for name, value in self._operators(entries, "et_kernel_metadata")
            },
            self._flag(entries, "include_all_operators", default=False),
            self._flag(entries, "include_all_non_op_selectives", default=False),
            {
                tag: frozenset(self._texts(value))
                for tag, (_, value) in self._mapping(entries, "kernel_metadata").entries.items()
            },
            frozenset(self._list(entries, "custom_classes")),
            frozenset(self._list(entries, "build_features")),
            None if noted is None else frozenset(self._texts(noted)),
        )

    def _operator(self, name: str, value: YamlNode) -> ListedOperator:
        if not isinstance(value, YamlMap):
            raise InputError(Place(self._path, value.line), "an operator is no mapping")
        entries = self._known(value, _OPERATOR_FIELDS, "an operator")
        again = entries.get("name")
        if again is not None and not (isinstance(again, YamlText) and again.text == name):
            raise InputError(Place(self._path, again.line), f"the name of {name!r} is another here")
        noted = entries.get("debug_info")
        return ListedOperator(
            self._flag(entries, "include_all_overloads", default=True),
            self._flag(entries, "is_root_operator", default=True),
            self._flag(entries, "is_used_for_training", default=True),
            None if noted is None else frozenset(self._texts(noted)),
        )

    def _operators(self, entries: dict[str, YamlNode], key: str) -> Iterable[tuple[str, YamlNode]]:
        for name, (line, value) in self._mapping(entries, key).entries.items():
            yield _name(name, Place(self._path, line)), value

    def _known(self, tree: YamlMap, fields: tuple[str, ...], what: str) -> dict[str, YamlNode]:
        for key, (line, _) in tree.entries.items():
            if key not in fields:
                problem = f"{key!r} is no field of {what}{did_you_mean(key, fields)}"
                raise InputError(Place(self._path, line), problem, f"It has {', '.join(fields)}.")
        return {key: value for key, (_, value) in tree.entries.items()}

    def _flag(self, entries: dict[str, YamlNode], key: str, *, default: bool) -> bool:
        value = entries.get(key)
        if value is None:
            return default
        if not isinstance(value, YamlText) or value.tag != "bool":
            raise InputError(Place(self._path, value.line), f"{key} is neither true nor false")
        return value.text.lower() in ("true", "yes", "on")

    def _mapping(self, entries: dict[str, YamlNode], key: str) -> YamlMap:
        value = entries.get(key, YamlMap(0))
        if isinstance(value, YamlText) and value.tag == "null":
            # gen_oplist.py writes so of et_kernel_metadata where nothing is selected.
            return YamlMap(value.line)
        if not isinstance(value, YamlMap):
            raise InputError(Place(self._path, value.line), f"{key} is no mapping")
        return value

    def _list(self, entries: dict[str, YamlNode], key: str) -> list[str]:
        return self._texts(entries.get(key, YamlList(0)))

    def _texts(self, value: YamlNode, read: Callable[[YamlText], str] | None = None) -> list[str]:
        if not isinstance(value, YamlList):
            raise InputError(Place(self._path, value.line), "a list is expected here")
        found = []
        for each in value.items:
            if not isinstance(each, YamlText):
                raise InputError(Place(self._path, each.line), "a list of texts is expected here")
            found.append(read(each) if read else UNKNOWN_SOURCE if each.tag == "null" else each.text)
        return found

    def _kernel_key(self, text: YamlText) -> str:
        return _key(text.text, Place(self._path, text.line))


_FIELDS = (
    *("operators", "et_kernel_metadata", "include_all_operators", "include_all_non_op_selectives"),
    *("kernel_metadata", "custom_classes", "build_features", "debug_info"),
)
_OPERATOR_FIELDS = ("name", "is_root_operator", "is_used_for_training", "include_all_overloads", "debug_info")
