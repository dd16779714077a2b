"""What somebody may have meant who typed an unknown name or an odd mark: every "did you mean" comes from here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MAX_NAMES = 3
"""Maximum number of names that are suggested: more is a list to read, no hint."""

_MAX_LISTED = 10
"""Maximum number of names in one line: who needs all of a longer list asks for it."""

_SIMILAR = 0.75
"""Twice the letters in common by the letters of both: `Mul` and `MulV2` just pass, `Mul` and `Multinomial` do not."""


def near_names(name: str, names: Iterable[str], *, at_most: int = MAX_NAMES) -> list[str]:
    """Those of ``names`` that are most like ``name``, the nearest first, capitals aside.

    A name of which two neighbours changed places (``2.41`` for ``2.14``), or where a letter was typed for a digit that
    looks like it, is the only one. Where none is similar as a whole: names of the same letters in another order; else
    names that ``name`` is the start of, and those with the same last part of a path (``softmax`` for
    ``model/softmax``), the shortest first. Empty where nothing is near.
    """
    import difflib

    by_lower: dict[str, list[str]] = {}
    for candidate in sorted(set(names)):
        by_lower.setdefault(candidate.lower(), []).append(candidate)
    wanted = name.lower()
    # What is much longer or shorter is not similar, and to say so is cheaper than to compare letters.
    alike = [each for each in by_lower if 2 * min(len(each), len(wanted)) >= _SIMILAR * (len(each) + len(wanted))]
    letters = sorted(wanted)
    near = (
        [each for each in alike if _is_slip(wanted, each)]
        or difflib.get_close_matches(wanted, alike, n=at_most, cutoff=_SIMILAR)
        or [each for each in alike if len(each) == len(wanted) and sorted(each) == letters]
        or _of_one_part(wanted, by_lower)
    )
    return [candidate for lower in near for candidate in by_lower[lower]][:at_most]


def did_you_mean(name: str, names: Iterable[str], *, at_most: int = MAX_NAMES) -> str:
    """What a sentence about an unknown name ends with: ``; did you mean Mul, MulV2 or Mull?``, or nothing."""
    return meant(near_names(name, names, at_most=at_most))


def meant(near: Sequence[str]) -> str:
    """The same of names that are found already."""
    *first, last = near or [""]
    if not last:
        return ""
    return f"; did you mean {', '.join(first)} or {last}?" if first else f"; did you mean {last}?"


def listed(names: Sequence[str]) -> str:
    """The names between commas; of a long list the first ones, and how many more there are."""
    if len(names) <= _MAX_LISTED:
        return ", ".join(names)
    shown = _MAX_LISTED - 2
    return f"{', '.join(names[:shown])} and {len(names) - shown:,} more"


_LOOKALIKES = str.maketrans("oil", "011")


def _is_slip(wanted: str, candidate: str) -> bool:
    """Whether one is the other with two neighbours in each other's place, or with letters for digits."""
    if len(wanted) != len(candidate) or wanted == candidate:
        return False
    if wanted.translate(_LOOKALIKES) == candidate.translate(_LOOKALIKES):
        return True
    differing = [at for at, pair in enumerate(zip(wanted, candidate, strict=True)) if pair[0] != pair[1]]
    if len(differing) != 2 or differing[1] != differing[0] + 1:
        return False
    first, second = differing
    return wanted[first] == candidate[second] and wanted[second] == candidate[first]


def _of_one_part(wanted: str, candidates: Iterable[str]) -> list[str]:
    last = wanted.rpartition("/")[2]
    if not last:
        return []
    return sorted(
        (each for each in candidates if each.startswith(wanted) or each.rpartition("/")[2] == last),
        key=lambda each: (len(each), each),
    )


_TYPESET = {
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u00ab": '"', "\u00bb": '"', "\u2033": '"',
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'",
    "\u2013": "-", "\u2014": "-", "\u2212": "-", "\uff0c": ",",
}  # fmt: skip


def typeset_mark(text: str) -> str:
    """``“ is not "``: for a text with a mark that word processors put in place of a plain one, empty for others."""
    found = next((mark for mark in text if mark in _TYPESET), "")
    return f"{found} is not {_TYPESET[found]}" if found else ""
