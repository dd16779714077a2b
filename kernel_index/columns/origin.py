"""Where an index of libraries has what from, as a column of its own that only such an index has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kernel_index.columns.text import escape, unescape
from kernel_index.records import LibraryOrigin

COLUMN = "origin"

_MANY = ("library", "read", "borrowed", "unknown")


def write_origin(origin: LibraryOrigin | None) -> Mapping[str, list[str]]:
    """The column; none for an index of sources."""
    if origin is None:
        return {}
    texts = (origin.libraries, origin.read, origin.borrowed, origin.unknown)
    lines = [(kind, text) for kind, each in zip(_MANY, texts, strict=True) for text in each]
    pairs = [("profile", origin.profile), ("base", origin.base), *lines]
    return {COLUMN: [f"{kind}\t{escape(text)}" for kind, text in pairs]}


def read_origin(lines: Sequence[str]) -> LibraryOrigin | None:
    """What :func:`write_origin` wrote. Raises ValueError or LookupError for a damaged column."""
    if not lines:
        return None
    found: dict[str, list[str]] = {"profile": [], "base": [], **{kind: [] for kind in _MANY}}
    for line in lines:
        kind, text = line.split("\t")
        found[kind].append(unescape(text))
    (profile,), (base,) = found["profile"], found["base"]
    libraries, read, borrowed, unknown = (tuple(found[kind]) for kind in _MANY)
    return LibraryOrigin(libraries, profile, base, read, borrowed, unknown)
