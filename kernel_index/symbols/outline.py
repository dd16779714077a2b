"""Text of C++ cut into the declarations of namespaces and classes; bodies of functions are skipped over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kernel_index.preprocessor.literals import finder, has_odd_numbers

_LANDMARK = re.compile(r"[{}();]")
_BRACE = re.compile(r"[{}]")
_NAMESPACE = re.compile(r"(?:^|[\s;)])(?:inline\s+)?namespace\b([^;={}()]*)$")
_LINKAGE = re.compile(r'extern\s+""\s*$')
_AGGREGATE = re.compile(r"\b(?:class|struct|union|enum)\b|=\s*$")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declaration: the text in front of its body, the body if it has one, and whether others can see it."""

    head: str
    body: str | None
    hidden: bool


def without_literals(text: str) -> str:
    """The text with nothing in its literals, and line splices undone."""
    return finder(text).sub(_emptied if has_odd_numbers(text) else '""', text).replace("\\\n", " ")


def _emptied(match: re.Match[str]) -> str:
    return match[0] if match[0][0] in ".0123456789" else '""'


def declarations(text: str) -> Iterator[Declaration]:
    """The declarations of a text without literals. Those in namespaces without a name are hidden."""
    spaces: list[bool] = []
    start = at = 0
    parentheses = 0
    length = len(text)
    while True:
        match = _LANDMARK.search(text, at)
        if match is None:
            break
        mark = match[0]
        at = match.end()
        if mark == "(":
            parentheses += 1
        elif mark == ")":
            parentheses = max(0, parentheses - 1)
        elif parentheses:
            if mark == "{":
                at = _after_brace(text, at)
        elif mark == ";":
            if text[start : at - 1].strip():
                yield Declaration(text[start : at - 1], None, any(spaces))
            start = at
        elif mark == "}":
            if text[start : at - 1].strip():  # a call of a macro that no semicolon ends
                yield Declaration(text[start : at - 1], None, any(spaces))
            if spaces:
                spaces.pop()
            start = at
        else:
            head = text[start : at - 1]
            namespace = _NAMESPACE.search(head)
            if namespace is not None or _LINKAGE.search(head):
                spaces.append(namespace is not None and not namespace[1].strip())
                start = at
                continue
            end = _after_brace(text, at)
            body = text[at : end - 1]
            at = end
            if _is_aggregate(head):
                # A class or a value goes on to its semicolon.
                semicolon = text.find(";", at)
                at = semicolon + 1 if semicolon >= 0 else length
            yield Declaration(head, body, any(spaces))
            start = at
    if text[start:].strip():
        yield Declaration(text[start:], None, any(spaces))


def _is_aggregate(head: str) -> bool:
    """Whether a brace begins a class, a union or the like, and not a function that has one as parameter or result."""
    outside = [
        m.end() for m in _AGGREGATE.finditer(head) if head.count("(", 0, m.start()) == head.count(")", 0, m.start())
    ]
    return bool(outside) and "(" not in head[outside[-1] :]


def _after_brace(text: str, at: int) -> int:
    """The offset after the brace that closes the one before an offset."""
    depth = 1
    for match in _BRACE.finditer(text, at):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.end()
    return len(text)
