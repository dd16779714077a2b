"""``--default-ops``: pairs of an op and a kernel class that a header has in any case."""

from __future__ import annotations

import re

from kernel_index.errors import OpselectError

_BRACKETS = {"<": 1, "(": 1, "[": 1, ">": -1, ")": -1, "]": -1}


def parse_default_ops(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs of ``Op:Class,Op:Class``, as they are given, in their order.

    What TensorFlow's tool can read is read as it does: split at every comma, and each part at its one colon. Where it
    fails, for a class with template arguments or ``::``, commas inside brackets belong to the class and the first
    colon ends the op. Raises OpselectError for what is no pair then either.
    """
    if not text:
        return ()
    parts = text.split(",")
    if any(part.count(":") != 1 for part in parts):
        parts = _outer_parts(text)
    pairs = []
    for part in parts:
        op, colon, kernel_class = part.partition(":")
        if not colon or not op.strip() or not kernel_class.strip():
            raise OpselectError(
                f"--default-ops: {part!r} is no pair of an op and a kernel class\n"
                "  Write it like NoOp:NoOp,Mul:BinaryOp<CPUDevice, functor::mul<float>>, or say 'all' or ''."
            )
        pairs.append((op, kernel_class))
    return tuple(pairs)


def _outer_parts(text: str) -> list[str]:
    """The text split at the commas that are in no brackets."""
    parts = [""]
    depth = 0
    for token in re.split(r"([<>()\[\],])", text):
        depth += _BRACKETS.get(token, 0)
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    if depth:
        raise OpselectError(f"--default-ops: the brackets of {text!r} do not match\n  Each class must be whole.")
    return parts
