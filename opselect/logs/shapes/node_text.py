"""Nodes, attrs and kernels as TensorFlow prints them in messages, read from texts without white space."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kernel_index.datatypes import DataType
from opselect.logs.message import LogMessage
from opselect.logs.records import KernelRow

_TYPES = frozenset(each.name for each in DataType)
_NAME = r"[A-Za-z0-9_.][\w.\\/>^-]*"

OPENS_ATTRS = r"(?:\[|(?=\w{1,100}=))"
"""What stands between an op and its attrs; Markdown takes ``[attrs](inputs)`` for a link, and its brackets are gone."""

_BRACKETED = re.compile(
    r"\[\[(?:Node:)?(?:\{\{node(?P<braced>[^}\]]+)\}\}|(?P<plain>(?:(?<=Node:)|[A-Za-z.])[^=\[\]{}()]*))"
)
_BEHIND_NODE = re.compile(r"=|\]\]|\(definedat")
_ROW = re.compile(r"device='(?P<device>\w*)'(?P<rest>(?:;(?:label='[^']*'|\w+in\[[^\]]*\]?))*)")
_CONSTRAINT = re.compile(r";(\w+)in\[([^\]]*)\]")
_LABEL = re.compile(r";label='([^']*)'")
_NO_ROWS = re.compile(r"\\?<noregisteredkernels")
_OPENING, _CLOSING = "[({<", "])}>"


def bracketed_node(message: LogMessage, start: int = 0) -> tuple[str, int]:
    """The node of the first ``[[Node: X = Op[…](…)]]`` from an offset on, of any release, and where its name ends.

    The name is empty where there is none, or where the message is cut within it.
    """
    found = _BRACKETED.search(message.text, start)
    if found is None:
        return "", len(message.text)
    behind = _BEHIND_NODE.match(message.text, found.end())
    if found["braced"] is not None:
        is_whole = message.text.startswith("}}", found.end("braced"))
        return (found["braced"] if is_whole else ""), found.end()
    if behind is None:
        return "", found.end()
    return _without_word_node(message, found.start("plain"), found.end("plain")), found.end()


def _without_word_node(message: LogMessage, start: int, end: int) -> str:
    """A name without the word "node" in front of it, as Python puts names of nodes into messages."""
    text = message.text
    if text.startswith("node", start) and message.blank_at(start + 4) and start + 4 < end:
        start += 4
    return text[start:end]


def user_of(message: LogMessage, start: int) -> tuple[str, int]:
    """The node of ``used by {{node X}}`` and ``used by node X (defined at …)`` at an offset, and where that ends."""
    found = re.compile(
        rf"usedby(?:\{{\{{node(?P<braced>[^}}]+)\}}\}}|(?P<plain>(?:node)?{_NAME}?)(?=\(definedat|with(?:these|the)?attrs))"
    ).match(message.text, start)
    if found is None:
        return "", start
    if found["braced"] is not None:
        return found["braced"], found.end()
    return _without_word_node(message, found.start("plain"), found.end("plain")), found.end()


def node_behind(message: LogMessage, start: int) -> str:
    """The node whose definition stands at an offset: ``X = Op[…](…)``, ``{{node X}}`` or ``node X (defined at``."""
    text = message.text
    braced = re.compile(r"\{\{node([^}]+)\}\}").match(text, start)
    if braced is not None:
        return braced[1]
    plain = re.compile(rf"({_NAME})(?==|\(definedat)").match(text, start)
    return _without_word_node(message, plain.start(1), plain.end(1)) if plain is not None else ""


def attrs_at(text: str, start: int) -> dict[str, str]:
    """The attrs of a list that is opened in front of an offset: ``T=DT_FLOAT,strides=[1,1]]``, values as they stand.

    A list that is cut has those that are whole.
    """
    return dict(pair.partition("=")[::2] for pair in _items(text, start) if "=" in pair)


def _items(text: str, start: int) -> Iterator[str]:
    """The parts between the commas of a list, up to the bracket that closes it; the last is left out if that is cut."""
    depth = 0
    begin = at = start
    while at < len(text):
        char = text[at]
        if char == '"':
            at = _string_end(text, at)
            if at < 0:
                return
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING and not (char == ">" and text[at - 1] == "-"):
            if depth == 0:
                yield text[begin:at]
                return
            depth -= 1
        elif char == "," and depth == 0:
            yield text[begin:at]
            begin = at + 1
        at += 1


def _string_end(text: str, start: int) -> int:
    at = start + 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at if at < len(text) else -1


def types_of(attrs: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The attrs that are one data type, by name."""
    return tuple(sorted((name, value) for name, value in attrs.items() if value in _TYPES))


def printed_attrs(attrs: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """All attrs as they are printed, by name; long values are cut."""
    return tuple(sorted((name, value[:_LONGEST_VALUE]) for name, value in attrs.items()))


_LONGEST_VALUE = 300


def device_of(attrs: dict[str, str]) -> str:
    """The type of the device that a node is pinned to, ``GPU``; empty where it is to none, or to a job alone."""
    found = re.search(r"(?:device:)?([A-Za-z_]+):(?:\d+|\*)$", attrs.get("_device", "").strip('"'))
    named = found[1].upper() if found else ""
    return "" if named in ("JOB", "REPLICA", "TASK") else named


def rows_in(text: str) -> tuple[KernelRow, ...] | None:
    """The kernels of "Registered kernels:", empty where it says there are none; None where it is cut before that."""
    rows = tuple(_row(found) for found in _ROW.finditer(text))
    return rows if rows or _NO_ROWS.search(text) else None


def _row(found: re.Match[str]) -> KernelRow:
    label = _LABEL.search(found["rest"])
    allowed = tuple((attr, tuple(filter(None, types.split(",")))) for attr, types in _CONSTRAINT.findall(found["rest"]))
    return KernelRow(found["device"], label[1] if label else "", allowed)
