"""Which profiles of an earlier scan tell what other profiles give, and for which files."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kernel_index.preprocessor.files import parse_file
from kernel_index.preprocessor.leads import pastes
from kernel_index.preprocessor.text import text_of
from kernel_index.preprocessor.tokens import identifiers
from kernel_index.profiles import BuildProfile, is_mobile

_NAME = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ProfileMatch:
    """Profiles beside those of an earlier scan: the same for every source that has nothing to do with some macros.

    ``earlier`` maps the name of each profile to that of the earlier profile that is like it, ``macros`` are the names
    by which the two differ.
    """

    earlier: Mapping[str, str]
    macros: frozenset[str]


def profile_match(before: Sequence[BuildProfile], now: Sequence[BuildProfile]) -> ProfileMatch | None:
    """How to read the findings of a scan with other profiles; None where none of them can be used.

    What the first profile finds of an op's definition counts, so the order must be the same. A scan also looks for
    what no profile has, from the first profile of a desktop, and for what hides a kernel from the first mobile one:
    these must be alike too.
    """
    if not before or not now:
        return None
    earlier: dict[str, str] = {}
    macros: set[str] = set()
    for profile in now:
        like = _nearest(profile, before)
        if like is None:
            return None
        earlier[profile.name] = like.name
        macros |= _difference(profile, like)
    covered = list(dict.fromkeys(earlier.values()))
    order = [profile.name for profile in before]
    for profile in before:
        if profile.name not in covered:
            like = _nearest(profile, now)
            if like is None or order.index(earlier[like.name]) > order.index(profile.name):
                return None
            macros |= _difference(profile, like)
    if covered != [name for name in order if name in covered]:
        return None
    for one, other in zip(_leading(now), _leading(before), strict=True):
        if one is not None and other is not None:
            macros |= _difference(one, other)
        elif one is not other:
            return None
    return ProfileMatch(earlier, frozenset(_with_users(macros, [*before, *now])))


def _nearest(profile: BuildProfile, others: Sequence[BuildProfile]) -> BuildProfile | None:
    """The one with the fewest other definitions among those of the same kind."""
    alike = [other for other in others if is_mobile(other.name) == is_mobile(profile.name)]
    return min(alike, key=lambda other: len(_difference(profile, other)), default=None)


def _difference(one: BuildProfile, other: BuildProfile) -> set[str]:
    changed = one.defines.items() ^ other.defines.items()
    return {match[0] if (match := _NAME.match(name)) else name for name, _ in changed}


def _leading(profiles: Sequence[BuildProfile]) -> tuple[BuildProfile | None, BuildProfile | None]:
    """The first profile of a mobile build, and the one from which branches are opened."""
    mobile = next((p for p in profiles if is_mobile(p.name)), None)
    return mobile, next((p for p in profiles if not is_mobile(p.name)), profiles[-1])


def _with_users(macros: Collection[str], profiles: Sequence[BuildProfile]) -> set[str]:
    """The macros, and all whose values name one of them."""
    found = set(macros)
    before = 0
    while len(found) > before:
        before = len(found)
        for profile in profiles:
            for name, value in profile.defines.items():
                if not found.isdisjoint(_NAME.findall(value)):
                    found.update(_NAME.findall(name)[:1])
    return found


def mentions(data: bytes, macros: Collection[str]) -> bool:
    """Whether a file names one of the macros outside comments, or one of its own can build such a name with ``##``.

    Where both sides of ``##`` are parameters nothing is known, and the answer is no: by the same rule headers are cut.
    """
    spliced = data.replace(b"\r\n", b"\n").replace(b"\\\n", b"")
    if b"##" not in spliced and not any(name.encode() in spliced for name in macros):
        return False
    file = parse_file("", text_of(data))
    if not set(macros).isdisjoint(identifiers(file.text.replace("\\\n", ""))):
        return True
    built = [paste for i in file.program if i.macro is not None for paste in pastes(i.macro)]
    return any(paste.builds(name) for paste in built for name in macros)
