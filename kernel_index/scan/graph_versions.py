"""Which versions of the graph format a tree knows: whole numbers that one header defines in every release."""

from __future__ import annotations

import re
from pathlib import Path

from kernel_index.links import Links
from kernel_index.records import GraphVersions

HEADER = "tensorflow/core/public/version.h"
"""Kept its graph versions when 2.20 moved the release's number out of it."""

_DEFINED = re.compile(r"^[ \t]*#[ \t]*define[ \t]+TF_GRAPH_DEF_VERSION(_MIN_PRODUCER)?[ \t]+(\d+)\b", re.MULTILINE)


def graph_versions(root: Path, links: Links | None = None) -> GraphVersions | None:
    """What the tree at ``root`` says; None where it has no such header, or one that defines no version.

    A header behind ``links`` that lead out is none.
    """
    if links is not None and links.lead_out(str(root / HEADER)):
        return None
    try:
        text = (root / HEADER).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return versions_in(text)


def versions_in(text: str) -> GraphVersions | None:
    """What the text of the header says; None where it defines no version."""
    found = {suffix: int(number) for suffix, number in _DEFINED.findall(text)}
    return GraphVersions(found[""], found.get("_MIN_PRODUCER", 0)) if "" in found else None
