"""Cells of tables that several commands print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def such_as(nodes: Sequence[str]) -> str:
    """The first of some nodes."""
    return ", ".join(nodes[:2]) + (", …" if len(nodes) > 2 else "")


def attrs_text(attrs: Mapping[str, object]) -> str:
    """Attrs of a JSON document on one line."""
    return ", ".join(f"{k}={','.join(map(str, v)) if isinstance(v, list) else v}" for k, v in attrs.items())
