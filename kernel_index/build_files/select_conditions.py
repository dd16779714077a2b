"""What makes a condition of a ``select`` hold: the options of Bazel that its ``config_setting`` names.

Source: ``config_setting`` in Bazel's Build Encyclopedia, and ``selects.config_setting_group`` of bazel-skylib.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from math import prod

from kernel_index.build_files.groups import GroupReader
from kernel_index.build_files.labels import Label
from kernel_index.build_files.starlark import BuildFile, Target

BY_DEFAULT = "//conditions:default"
"""The condition that holds where no other one of its ``select`` does."""

Ways = tuple[tuple[str, ...], ...]
"""The ways in which a condition may hold, of each the options that must all be set.

Options are spelled as ``bazel build`` takes them, each with one value (``--define=a=b``, ``--cpu=x86``); a constraint
of the platform is its label.
"""

_MOST_WAYS = 64
_DEEPEST = 16
_SETTINGS = frozenset(("values", "define_values", "flag_values", "constraint_values"))
_OTHERS = frozenset(("name", "visibility", "tags", "testonly", "deprecation"))


def read_conditions(reader: GroupReader, spelled: Iterable[tuple[str, str]]) -> Mapping[str, Ways]:
    """By full label, what makes conditions hold that are spelled so in BUILD files of a package.

    Those that are no ``config_setting``, alias or group of such that can be read are not among them.
    """
    found = {}
    already = len(reader.unclear)
    for text, package in spelled:
        label = reader.label(text, package) if text and text != BY_DEFAULT else None
        ways = _ways(label, reader, ()) if label is not None else None
        if label is not None and ways is not None:
            found[str(label)] = ways
    del reader.unclear[already:]  # the lists are read, whatever is wrong with the files of their conditions
    return dict(sorted(found.items()))


def _ways(label: Label, reader: GroupReader, inside: tuple[Label, ...]) -> Ways | None:
    build_file = reader.build_file(label.package) if label not in inside and len(inside) < _DEEPEST else None
    target = build_file.targets.get(label.name) if build_file is not None else None
    if build_file is None or target is None:
        return None
    if target.rule == "config_setting":
        return _of_setting(build_file, target, reader)
    if target.rule == "alias" and "actual" in target.arguments:
        named = [entry.text for entry in build_file.aliased(target) if entry.branch is None]
        parts = _each(named, build_file, reader, (*inside, label)) if len(named) == 1 else None
        return parts[0] if parts is not None else None
    if target.rule == "selects.config_setting_group":
        every = "match_all" in target.arguments
        entries = _plain(build_file, target, "match_all" if every else "match_any")
        parts = _each(entries, build_file, reader, (*inside, label)) if entries is not None else None
        return _joined(parts, every=every) if parts is not None else None
    return None


def _each(
    named: Iterable[str], build_file: BuildFile, reader: GroupReader, inside: tuple[Label, ...]
) -> list[Ways] | None:
    """The ways of some conditions; None where those of one are not known."""
    parts = []
    for text in named:
        label = reader.label(text, build_file.package)
        ways = _ways(label, reader, inside) if label is not None else None
        if ways is None:
            return None
        parts.append(ways)
    return parts


def _joined(parts: list[Ways], *, every: bool) -> Ways | None:
    """The ways in which every one of some conditions holds, or any; None for more than anybody spells out."""
    if (prod(map(len, parts)) if every else sum(map(len, parts))) > _MOST_WAYS:
        return None
    chosen = product(*parts) if every else ((way,) for ways in parts for way in ways)
    return tuple(dict.fromkeys(tuple(sorted({option for way in ways for option in way})) for ways in chosen))


def _of_setting(build_file: BuildFile, target: Target, reader: GroupReader) -> Ways | None:
    """The options of a ``config_setting``: all of them must be set."""
    given = target.arguments
    if given.keys() - _SETTINGS - _OTHERS:
        return None
    constraints = _plain(build_file, target, "constraint_values")
    if constraints is None:
        return None
    options = set(constraints)
    for argument, start in (("values", "--"), ("define_values", "--define="), ("flag_values", "--")):
        pairs = build_file.pairs(given[argument]) if argument in given else []
        if pairs is None:
            return None
        for name, value in pairs:
            flag = reader.label(name, build_file.package) if argument == "flag_values" else None
            options.add(f"{start}{flag or name}={value}")
    return (tuple(sorted(options)),)


def _plain(build_file: BuildFile, target: Target, argument: str) -> list[str] | None:
    """The strings of a list, none where it is left out; None where it is not understood, or counts at times only."""
    if argument not in target.arguments:
        return []
    already = len(build_file.diagnostics)
    entries = build_file.strings(target.arguments[argument])
    is_known = len(build_file.diagnostics) == already
    del build_file.diagnostics[already:]  # what a condition is made of is no fault of the lists
    return [entry.text for entry in entries] if is_known and all(e.branch is None for e in entries) else None
