"""Which releases of TensorFlow can have written a message: by its words, by a line of source, by an op definition."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kernel_index import shipped
from kernel_index.profiles import release_number
from kernel_index.records import AttrDefinition, OpDefinition
from opselect.diagnosis.values import printed
from opselect.logs.records import LogFailure

_NEWEST = (99, 0)

_WORDS: tuple[tuple[str, tuple[int, int], tuple[int, int]], ...] = (
    (r"\[\[Node:", (1, 0), (1, 10)),
    (r"\[\[\{\{node[^{}]*\}\}=", (1, 10), (1, 12)),
    (r"Op'[^']*'usedby", (1, 13), _NEWEST),
    (r"withtheseattrs\.Registereddevices", (1, 0), (1, 12)),
    (r"Optypenotregistered'[^']*'inbinary.*inthisprocess\.(?!Note)", (1, 3), (1, 8)),
    (r"usedopsfromtf\.contrib,accessing\(e\.g\.\)", (1, 9), (2, 1)),
    (r"usedopsfromtf\.contrib\(e\.g\.", (2, 2), _NEWEST),
    (r"Noregistered'[^']*'OpKernelfor'", (1, 15), _NEWEST),
    (r"Noregistered'[^']*'OpKernelfor[A-Z]\w*devicescompatiblewithnode[^{]", (1, 0), (1, 12)),
    (r"NodeDefmentionsattr.*\(CheckwhetheryourGraphDef", (1, 1), (2, 4)),
    (r"NodeDefmentionsattr", (1, 0), (2, 4)),
    (r"attrsetbutitdoesnotsupportlowering", (1, 13), _NEWEST),
)
"""Patterns for texts without white space, and the first and last release that write so. Sources: ``placer.cc``, later
``colocation_graph.cc``, ``lower_if_while.cc`` and ``lower_functional_ops.cc`` of ``common_runtime``; ``op_kernel.cc``,
``op.cc`` and ``node_def_util.cc`` of ``framework``. A line that only warns there is not among them."""

_WARNED_ATTR = re.compile(r"NodeDefmentionsattribute")
"""How 2.5 and later say in passing that an attr is unknown."""

_LINES: dict[str, dict[int, str]] = {
    "op_kernel.cc": {
        943: "1.0", 1102: "1.1", 1108: "1.2", 1142: "1.3 1.4", 1148: "1.5", 1126: "1.6", 1197: "1.7 1.11 1.12",
        1242: "1.8 1.9", 1199: "1.10", 1325: "1.13", 1426: "1.14", 1575: "1.15", 1546: "2.0", 1579: "2.1", 1677: "2.2",
        1691: "2.3", 1693: "2.4", 1698: "2.5", 1623: "2.6", 1676: "2.7 2.8 2.9", 1711: "2.10", 1761: "2.11 2.12",
        1759: "2.13", 1770: "2.14 2.15 2.16 2.17 2.18 2.19 2.21", 1785: "2.18 2.19 2.20 2.21",
    },
    "executor.cc": {
        594: "1.0", 644: "1.1 1.2 1.3 1.7", 643: "1.4", 651: "1.5", 645: "1.6", 660: "1.8", 696: "1.9", 697: "1.10",
        630: "1.11", 623: "1.12", 624: "1.13", 641: "1.14", 642: "1.15 2.0", 654: "2.1",
    },
}  # fmt: skip
"""File of TensorFlow to the line of its one message about kernels ("for unknown op", "Executor failed to create
kernel") to the releases that have it there. Read off the sources of 1.0 to 2.20; those of 2.18, 2.19 and 2.21 were not
at hand, and may have it where their neighbours have."""


@dataclass(frozen=True, slots=True)
class Told:
    """Shipped releases that can have written a message, oldest first, and what tells so, as a clause."""

    releases: tuple[str, ...]
    how: str


def told_by(failure: LogFailure) -> list[Told]:
    """All that a failure tells of the release, what narrows it most last; empty where it tells nothing."""
    found: list[Told] = []
    if failure.release:
        named = tuple(r for r in shipped.releases() if shipped.minor_of(r) == shipped.minor_of(failure.release))
        if named:
            found.append(Told(named, "the log names it"))
    if failure.runtime not in ("tensorflow", "tool"):
        return found
    text = re.sub(r"\s+", "", failure.text)
    if not _WARNED_ATTR.search(text):
        for pattern, first, last in _WORDS:
            if re.search(pattern, text):
                found.append(Told(_between(first, last), "by the words of the message"))
    file, _, line = failure.logged_at.rpartition(":")
    lines = _LINES.get(file.rpartition("/")[2], {})
    minors = lines.get(int(line)) if line.isdecimal() and len(line) < 6 else None
    if minors is not None:
        known = tuple(r for r in shipped.releases() if shipped.minor_of(r) in minors.split())
        found.append(Told(known, f"{failure.logged_at} is the line that logged it"))
    if failure.signature:
        having = releases_of_signature(failure.op, failure.signature)
        if having:
            found.append(Told(having, f"their {failure.op} is defined as the message says"))
    return found


def narrowed(told: Iterable[Told]) -> Told:
    """What several told together; one that contradicts those before it is passed over: it may be of another process."""
    releases, how = shipped.releases(), ""
    for each in told:
        both = tuple(r for r in releases if r in each.releases)
        if both and both != releases:
            releases, how = both, each.how
    return Told(releases, how)


def _between(first: tuple[int, int], last: tuple[int, int]) -> tuple[str, ...]:
    return tuple(release for release in shipped.releases() if first <= release_number(release) <= last)


def releases_of_signature(op: str, signature: str) -> tuple[str, ...]:
    """The shipped releases whose op a message prints so (``SummarizeOpDef`` of ``framework/op_def_util.cc``).

    Compared are the attrs: names, types, defaults, minima and allowed values, as far as the print shows them.
    """
    text = re.sub(r"\s+", "", signature)
    attrs = re.findall(r";attr=(\w+):((?:[^;\"]|\"[^\"]*\")*)", text)
    if not attrs:
        return ()
    is_whole = text.endswith(">") and "attr=" in text
    found = []
    for release, definition in shipped.definitions_of(op):
        if _prints(definition, attrs, is_whole=is_whole):
            found.append(release)
    return tuple(found)


def _prints(definition: OpDefinition, attrs: list[tuple[str, str]], *, is_whole: bool) -> bool:
    if is_whole and len(attrs) != len(definition.attrs):
        return False
    # The last one may be cut off.
    whole = attrs if is_whole else attrs[:-1]
    known = {attr.name: attr for attr in definition.attrs}
    return all(name in known and _is_of(rest.rstrip(">"), known[name]) for name, rest in whole)


def _is_of(rest: str, attr: AttrDefinition) -> bool:
    """Whether ``type,default=…,min=…,allowed=[…]`` is how an attr is printed."""
    parts = re.fullmatch(r"([\w()]+)(?:,default=(.*?))?(?:,min=(-?\d+))?(?:,allowed=\[(.*)\])?", rest)
    if parts is None:
        return True
    if parts[1] != attr.type or (parts[2] is not None) != attr.has_default:
        return False
    if parts[2] is not None and attr.default is not None and not _same(parts[2], printed(attr.default)):
        return False
    if attr.minimum is not None and parts[3] is not None and int(parts[3]) != attr.minimum:
        return False
    if (parts[4] is None) != (attr.allowed is None):
        return False
    if parts[4] is None or attr.allowed is None:
        return True
    return _same_list(parts[4].split(","), [printed(value) for value in attr.allowed])


def _same(shown: str, value: str) -> bool:
    return "..." in shown or shown == value.replace(" ", "")


def _same_list(shown: list[str], values: list[str]) -> bool:
    """Whether a list is shown so; a long one has ``...`` in the place of its middle."""
    if "..." not in shown:
        return sorted(shown) == sorted(values)
    return len(values) >= len(shown) and set(values).issuperset(each for each in shown if each != "...")
