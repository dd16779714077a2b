"""What single files define: the expressions that a text gives a name, not yet evaluated, classes and typedefs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kernel_index.file_names import bodies_of
from kernel_index.preprocessor.files import DEFINE, Files, SourceFile
from kernel_index.preprocessor.tokens import is_string, token_at, tokenize
from kernel_index.scan.classes import class_names, without_classes
from kernel_index.scan.expressions import plain

Expression = tuple[str, ...]
"""Tokens without white space."""

_MAX_TOKENS = 200
"""An expression of more tokens is no constant that names an op."""


_ALIAS = re.compile(r"\busing\s+(\w+)\s*=\s*([^;]+);|\btypedef\s+([^;]+?)\s+(\w+)\s*;")


_SCOPE = re.compile(r"\bnamespace\s+([\w:]+)\s*[{=]|\benum\s+(?:class\s+|struct\s+)?(\w+)")


class Constants:
    """What files define, shared by all units, for most are headers."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._known: dict[tuple[str, str], tuple[Expression, ...]] = {}
        self._classes: dict[str, frozenset[str]] = {}
        self._scopes: dict[str, frozenset[str]] = {}
        self._aliases: dict[str, Mapping[str, set[str]]] = {}
        self.bodies: dict[str, tuple[str, ...]] = {}
        """Headers to the sources that were searched for what they declare, in order, those that are not there too."""

    def expressions(self, name: str, source: SourceFile) -> tuple[Expression, ...]:
        """What a file gives a name outside of classes: constants, what a function without parameters returns, macros.

        What a header only declares, the source beside it defines.
        """
        key = (name, source.path)
        if key not in self._known:
            self._known[key] = tuple(dict.fromkeys(self._find(name, source))) if name in source.words else ()
        return self._known[key]

    def _find(self, name: str, source: SourceFile) -> list[Expression]:
        found = list(given(name, source.text))
        if found and self.classes(source):
            found = list(given(name, without_classes(source.text)))
        if not found and re.search(
            rf"\bextern\s[^;={{}}()]*\b{name}\s*(?:\[\s*\])?\s*;|\b{name}\s*\(\s*\)\s*(?:noexcept\s*)?;", source.text
        ):
            body = self.body(source)
            found = list(given(name, without_classes(body.text))) if body is not None else []
        return found or [
            tuple(plain(tokenize(macro.body)))
            for instruction in source.program
            if instruction.kind == DEFINE
            and (macro := instruction.macro) is not None
            and macro.name == name
            and macro.parameters is None
        ]

    def classes(self, source: SourceFile) -> frozenset[str]:
        """The names of the classes that a file defines."""
        if source.path not in self._classes:
            self._classes[source.path] = class_names(source.text)
        return self._classes[source.path]

    def scopes(self, source: SourceFile) -> frozenset[str]:
        """The names of the namespaces and enumerations that a file has."""
        if source.path not in self._scopes:
            found = (name for names in _SCOPE.findall(source.text) for part in names for name in part.split("::"))
            self._scopes[source.path] = frozenset(found)
        return self._scopes[source.path]

    def aliases(self, source: SourceFile) -> Mapping[str, set[str]]:
        """The typedefs of a file: name to the types that it is given, as written."""
        if source.path not in self._aliases:
            self._aliases[source.path] = found = dict[str, set[str]]()
            for match in _ALIAS.finditer(source.text):
                name, type_text = (match[1], match[2]) if match[1] else (match[4], match[3])
                found.setdefault(name, set()).add(type_text.removeprefix("typename ").strip())
        return self._aliases[source.path]

    def body(self, header: SourceFile) -> SourceFile | None:
        """The source that defines what a header declares: the one beside it with its name."""
        tried: list[str] = []
        body = None
        for path in bodies_of(header.path):
            tried.append(path)
            body = self._files.get(path)
            if body is not None:
                break
        self.bodies[header.path] = tuple(tried)
        return body


def given(name: str, text: str, owner: str = "") -> Iterator[Expression]:
    """The expressions that a text gives a name; of members that are defined outside their class, with its ``owner``.

    ``name = x;``, ``name{x};``, ``name("x");``, ``name(1);``, ``name() { return x; }`` and enumerators, whose value
    may follow from that of those before them.
    """
    scope = rf"\b{owner}\s*(?:<[^;{{}}()]*>)?\s*::\s*" if owner else r"(?<![\w.>])"
    pattern = re.compile(
        rf"{scope}{re.escape(name)}\s*(?:\[[^\]]*\]\s*)?"
        r"(?:(?P<value>=(?!=))|(?P<braces>\{)|\(\s*(?:void\s*)?\)[^;{}()]*\{\s*return\b"
        r"|(?P<call>\()\s*(?=\w*\"|[-+]?\d))"
    )
    for match in pattern.finditer(text):
        if match["call"]:
            found = (
                _up_to(text, match.end("call"), (")",))
                if _TYPE_BEFORE.search(text[max(0, match.start() - 100) : match.start()])
                else None
            )
        elif match["braces"]:
            found = _up_to(text, match.end(), ("}",))
        else:
            found = _up_to(text, match.end(), (";", ",", "}") if match["value"] else (";",))
        if found:
            yield found
    if not owner:
        yield from _enumerated(name, text)


_TYPE_BEFORE = re.compile(r"(?:\b(?!(?:return|else|throw)\b)\w+\s+|[>*&]\s*)$")


def _up_to(text: str, start: int, ends: tuple[str, ...]) -> Expression | None:
    """The tokens up to the first of some outside all brackets; None where another bracket closes before."""
    found: list[str] = []
    depth = 0
    at = start
    while len(found) < _MAX_TOKENS and (match := token_at(text, at)) is not None:
        token = match[0]
        if depth == 0 and token in ends:
            return tuple(plain(found))
        if not is_string(token):
            depth += (token in ("(", "{", "[")) - (token in (")", "}", "]"))
        if depth < 0 or token == ";":
            return None
        found.append(" " if match.lastgroup == "space" else token)
        at = match.end()
    return None


_ENUM = re.compile(r"\benum\b[^;{}()]*\{([^{}]*)\}")


def _enumerated(name: str, text: str) -> Iterator[Expression]:
    """The value of an enumerator that has none of its own: one more than that of the one before."""
    if "enum" not in text:
        return
    for body in _ENUM.findall(text):
        if not re.search(rf"\b{re.escape(name)}\b", body):
            continue
        value: Expression = ("-", "1")
        for item in body.split(","):
            word, equals, expression = item.partition("=")
            value = tuple(plain(tokenize(expression))) if equals else ("(", *value, ")", "+", "1")
            if word.strip() == name and not equals:
                yield value
