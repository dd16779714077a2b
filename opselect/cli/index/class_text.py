"""Kernel classes next to each other: what they have in common, and how one became another."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(r"[<>(),]|[^<>(),]+")
_BRACKETS = frozenset("<>(),")
_ANY = "…"


def shape(kernel_class: str) -> tuple[str, ...]:
    """What classes must share to be shown as one: the template and the nesting of its arguments."""
    tokens = _tokens(kernel_class)
    return (*tokens[:1], *(token if token in _BRACKETS else "" for token in tokens[1:]))


def common(kernel_classes: Sequence[str]) -> str:
    """Classes of one shape as one text, ``…`` for what differs: ``BinaryOp<CPUDevice, functor::mul<…>>``."""
    if len(set(kernel_classes)) == 1:
        return kernel_classes[0]
    columns = zip(*map(_tokens, kernel_classes), strict=True)
    tokens = [column[0] if len(set(column)) == 1 else _ANY for column in columns]
    return "".join(f"{token} " if token == "," else token for token in tokens)


def edit(before: str, after: str) -> str:
    """The arguments in which two classes of one shape differ: ``int64 → int64_t``."""
    pairs = zip(_tokens(before), _tokens(after), strict=True)
    return ", ".join(dict.fromkeys(f"{old} → {new}" for old, new in pairs if old != new))


def _tokens(kernel_class: str) -> list[str]:
    return [stripped for token in _TOKEN.findall(kernel_class) if (stripped := token.strip())]
