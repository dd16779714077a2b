"""Which file defines what another leaves open: the edges between object files that a linker would find."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from kernel_index.base_library import is_base
from kernel_index.profiles import BuildProfile
from kernel_index.records import Dependency, LibraryUse
from kernel_index.symbols.table import ALL, member
from kernel_index.symbols.unit_symbols import UnitSymbols
from kernel_index.symbols.words import types_of
from kernel_index.walks import reached

Units = Mapping[str, Sequence[UnitSymbols]]
"""Source file to its symbols in the profiles of a scan."""


def linked(
    units: Units,
    profiles: Sequence[BuildProfile],
    type_lists: Mapping[str, Mapping[str, Sequence[str]]],
    lists: Sequence[Collection[str]] = (),
    includes: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, tuple[Dependency, ...]]:
    """Of each source file those that define what it needs, with one symbol as the reason; files without any left out.

    All definers of a symbol count, for explicit instantiations of one template are in many files; but not one that
    instantiates it only for data types that the file never uses in a template, and of files that are copies of each
    other only one, for two would define everything twice: the one that most of upstream's ``lists`` name, the first by
    name of several. A file of the base library defines what a header declares only if it includes that header, for many
    of its names are short. ``type_lists`` and ``includes`` are those of ``ScanResult``.
    """
    copies = _copies(units, lists)
    includes = {} if includes is None else includes
    reasons: dict[tuple[str, str], dict[tuple[str, str], list[str]]] = {}
    sights: dict[str, Collection[str]] = {}
    for profile in dict.fromkeys(profile.name for profile in profiles):
        here = {file: symbols for file, all_ in units.items() for symbols in all_ if profile in symbols.profiles}
        types = {name: by_profile.get(profile, ()) for name, by_profile in type_lists.items()}
        for file, definer, reason in _edges({f: s for f, s in here.items() if f not in copies}, here, types):
            if not is_base(definer) or reason[1] in _in_sight(definer, includes, sights):
                reasons.setdefault((file, definer), {}).setdefault(reason, []).append(profile)
    found: dict[str, list[Dependency]] = {}
    for (file, definer), by_reason in sorted(reasons.items()):
        found.setdefault(file, []).extend(_explained(definer, by_reason))
    return {file: tuple(dependencies) for file, dependencies in found.items()}


def _in_sight(file: str, includes: Mapping[str, Sequence[str]], known: dict[str, Collection[str]]) -> Collection[str]:
    """A file and all that it includes, directly or not."""
    if file not in known:
        known[file] = reached([file], lambda path: includes.get(path, ()))
    return known[file]


def library_uses(units: Units) -> dict[str, tuple[LibraryUse, ...]]:
    """Of each source file the libraries of others that it is compiled with; files without any left out."""
    found = {}
    for file, all_ in units.items():
        profiles: dict[tuple[str, str, str], list[str]] = {}
        for symbols in all_:
            for use in symbols.libraries:
                profiles.setdefault(use, []).extend(symbols.profiles)
        if profiles:
            found[file] = tuple(sorted(LibraryUse(*use, tuple(names)) for use, names in profiles.items()))
    return found


def _copies(units: Units, lists: Sequence[Collection[str]]) -> frozenset[str]:
    """Source files that a build can do without, for it has another with the same text."""
    same: dict[str, list[str]] = {}
    for file, all_ in units.items():
        for code in {symbols.code for symbols in all_ if symbols.code}:
            same.setdefault(code, []).append(file)
    kept = {min(files, key=lambda file: (-sum(file in names for names in lists), file)) for files in same.values()}
    return frozenset(file for files in same.values() for file in files if file not in kept)


def _edges(
    defining: Mapping[str, UnitSymbols], units: Mapping[str, UnitSymbols], type_lists: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """File, definer and (symbol, file that declares it), for one profile."""
    definers: dict[str, dict[str, list[tuple[str, ...]]]] = {}
    for file, symbols in defining.items():
        for symbol, types in symbols.defines:
            definers.setdefault(symbol, {}).setdefault(file, []).append(types)
    for file, symbols in units.items():
        anywhere, here = (types_of(types, type_lists) for types in (symbols.types, symbols.own_types))
        instantiated = {symbol for symbol, types in symbols.defines if types}
        for symbol, place in symbols.needs:
            owner = symbol.rpartition("::")[0]
            # A file that instantiates a template does so for its own types, whatever others its headers name.
            used = here if instantiated.intersection((symbol, member(owner, ALL))) else anywhere
            for wanted in dict.fromkeys((symbol, member(owner, ALL)) if owner else (symbol,)):
                for definer, instances in definers.get(wanted, {}).items():
                    if definer != file and any(used is None or used.issuperset(types) for types in instances):
                        yield file, definer, (symbol, place)


def _explained(definer: str, by_reason: Mapping[tuple[str, str], Sequence[str]]) -> list[Dependency]:
    """As few symbols as explain an edge in all profiles that have it."""
    left = list(dict.fromkeys(profile for profiles in by_reason.values() for profile in profiles))
    found = []
    while left:
        best = min(by_reason, key=lambda reason: (-len(set(left).intersection(by_reason[reason])), reason))
        covered = [profile for profile in left if profile in by_reason[best]]
        found.append(Dependency(definer, *best, tuple(covered)))
        left = [profile for profile in left if profile not in covered]
    return found
