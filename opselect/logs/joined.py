"""Each distinct failure once, however often a log tells of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from opselect.logs.kinds import WARNINGS
from opselect.logs.records import MAX_LINES, LogFailure

_Key = tuple[object, ...]


def fingerprint(failure: LogFailure) -> _Key:
    """What makes two failures the same: kind, op, types, device, and what else it is about where there is no op."""
    return (
        failure.kind,
        failure.op,
        failure.dtypes,
        failure.device,
        failure.attr,
        failure.version,
        failure.builtin_code,
        (failure.node, failure.file, failure.symbol, failure.library) if not failure.op else (),
    )


def joined(failures: Iterable[LogFailure]) -> tuple[LogFailure, ...]:
    """The distinct failures, in order of their first lines, and what alone stops nothing behind all others.

    One whose message is cut is the same as a whole one that says all that it does.
    """
    found: dict[_Key, LogFailure] = {}
    for each in failures:
        key = fingerprint(each)
        found[key] = _both(found[key], each) if key in found else each
    whole: list[LogFailure] = []
    for each in sorted(found.values(), key=_detail, reverse=True):
        place = next((i for i, other in enumerate(whole) if _says_all(other, each)), None)
        if place is None:
            whole.append(each)
        else:
            whole[place] = _both(whole[place], each)
    return tuple(sorted(whole, key=lambda each: (each.kind in WARNINGS, each.lines)))


_OF_KERNELS = frozenset({"no-kernel", "kernel-type", "kernel-device", "kernel-label"})


def _both(first: LogFailure, second: LogFailure) -> LogFailure:
    """Two of one failure: all that either tells."""
    lines = tuple(sorted({*first.lines, *second.lines}))[:MAX_LINES]
    told = {
        name: getattr(second, name)
        for name in _TEXTS
        if not getattr(first, name) and getattr(first, name) != () and getattr(second, name)
    }
    return replace(first, lines=lines, count=first.count + second.count, **told)


_TEXTS = ("node", "attrs", "devices", "rows", "signature", "ops", "custom_ops", "release", "logged_at", "text")


def _detail(failure: LogFailure) -> int:
    return len(failure.dtypes) * 4 + (failure.rows is not None) * 2 + bool(failure.node) + bool(failure.device)


def _says_all(whole: LogFailure, cut: LogFailure) -> bool:
    """Whether a message says all that another, cut one does about a kernel that is missing."""
    if whole.op != cut.op or cut.rows is not None:
        return False
    if whole.kind == cut.kind == "kernel-without-op":
        return not cut.device
    if not {whole.kind, cut.kind} <= _OF_KERNELS:
        return False
    if cut.kind not in (whole.kind, "no-kernel") or cut.device not in ("", whole.device):
        return False
    return set(cut.dtypes) <= set(whole.dtypes) and cut.node in ("", whole.node)
