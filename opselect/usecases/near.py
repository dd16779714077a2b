"""Did you mean?"""

from __future__ import annotations

from collections.abc import Sequence


def near(word: str, words: Sequence[str]) -> list[str]:
    """At most three of ``words`` that somebody who typed ``word`` may have meant, capitals aside."""
    import difflib

    by_lower: dict[str, list[str]] = {}
    for candidate in words:
        by_lower.setdefault(candidate.lower(), []).append(candidate)
    close = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.75)
    return [candidate for lower in close for candidate in by_lower[lower]][:3]
