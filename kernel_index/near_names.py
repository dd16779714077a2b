"""What somebody may have meant who typed an unknown name or an odd mark: every "did you mean" comes from here."""

from __future__ import annotations

from collections.abc import Iterable

MAX_NAMES = 3
"""Maximum number of names that are suggested: more is a list to read, no hint."""

_SIMILAR = 0.75
"""Twice the letters in common by the letters of both: `Mul` and `MulV2` just pass, `Mul` and `Multinomial` do not."""


def near_names(name: str, names: Iterable[str], *, at_most: int = MAX_NAMES) -> list[str]:
    """Those of ``names`` that are most like ``name``, the nearest first, capitals aside.

    Where none is similar as a whole: names of the same letters in another order; else names that ``name`` is the start
    of, and those with the same last part of a path (``softmax`` for ``model/softmax``), the shortest first. Empty where
    nothing is near.
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
        difflib.get_close_matches(wanted, alike, n=at_most, cutoff=_SIMILAR)
        or [each for each in alike if len(each) == len(wanted) and sorted(each) == letters]
        or _of_one_part(wanted, by_lower)
    )
    return [candidate for lower in near for candidate in by_lower[lower]][:at_most]


def nearest(name: str, names: Iterable[str]) -> str:
    """What a message about an unknown name ends with: ``; nearest: 'input', 'inputs'``, or nothing."""
    near = near_names(name, names)
    return f"; nearest: {', '.join(map(repr, near))}" if near else ""


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
