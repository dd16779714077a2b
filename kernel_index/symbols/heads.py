"""What a C++ declaration declares, by the tokens in front of its body: [dcl.dcl] without types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from kernel_index.preprocessor.literals import WORD

_TOKEN = re.compile(rf"{WORD}|::|->|[^\s\w]|\w+")

_CLASS_KEYS = frozenset(("class", "struct", "union", "enum"))
_SPECIFIERS = frozenset(
    (
        "static",
        "inline",
        "constexpr",
        "virtual",
        "explicit",
        "friend",
        "extern",
        "const",
        "volatile",
        "mutable",
        "typename",
    )
)
_NOT_NAMES = frozenset(
    ("if", "for", "while", "switch", "return", "decltype", "alignas", "sizeof", "noexcept", "throw", "__attribute__")
)
_AFTER_MACRO_CALL = re.compile(r"[A-Za-z_~]|::|\[")


class Kind(Enum):
    """Kinds of declarations as far as linking tells them apart."""

    CLASS = auto()
    FUNCTION = auto()
    VARIABLE = auto()
    ALIAS = auto()
    INSTANTIATION = auto()
    """``template struct X<…>;``"""
    EXTERN_INSTANTIATION = auto()
    """``extern template struct X<…>;``"""
    CALL = auto()
    """Nothing but calls of macros, as it seems."""
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Head:
    """The name that a declaration is about, its qualifiers without template arguments, and the keywords in front."""

    kind: Kind
    name: str = ""
    qualifiers: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    template: bool = False
    specialization: bool = False
    initialized: bool = False
    signature: str = ""
    """The parameters of a function without names and defaults, by which overloads differ."""
    arguments: tuple[str, ...] = ()
    """The template arguments of a class or function that is a specialisation or instantiation."""
    general: bool = True
    """Whether these are all types on a CPU device."""


_NOTHING = Head(Kind.OTHER)


def tokens_of(text: str) -> list[str]:
    """The tokens of a declaration; ``>>`` is two, as in template arguments."""
    return _TOKEN.findall(text)


def read_head(tokens: Sequence[str]) -> Head:
    """declaration = { macro call | attribute } { "template" "<" … ">" } (class | function | variable | alias)"""
    at = _skip_macro_calls(tokens, 0)
    template = specialization = False
    parameters: Sequence[str] = ()
    while at + 1 < len(tokens) and tokens[at] == "template" and tokens[at + 1] == "<":
        end = _closing_angle(tokens, at + 1)
        parameters = tokens[at + 2 : end - 1]
        specialization = end == at + 3
        template = True
        at = _skip_macro_calls(tokens, end)
    if at >= len(tokens):
        return Head(Kind.CALL if tokens else Kind.OTHER)
    first = tokens[at]
    if first in ("using", "typedef", "namespace"):
        return _alias(tokens, at)
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if first == "template" or (first == "extern" and following == "template"):
        kind = Kind.INSTANTIATION if first == "template" else Kind.EXTERN_INSTANTIATION
        return _instantiated(tokens, at + (1 if first == "template" else 2), kind)
    specifiers = at
    while specifiers < len(tokens) and (tokens[specifiers] in _SPECIFIERS or tokens[specifiers].isupper()):
        specifiers += 1
    if specifiers < len(tokens) and tokens[specifiers] in _CLASS_KEYS and not _is_function(tokens, specifiers):
        name, qualifiers = _class_name(tokens, specifiers + 1)
        arguments = _arguments(tokens, specifiers + 1, name)
        known = {*parameters, *_PUNCTUATION}
        general = all(token in known or _CPU_DEVICE.search(token) for token in arguments)
        words = frozenset(tokens[at:specifiers])
        return Head(Kind.CLASS, name, qualifiers, words, template, specialization, arguments=arguments, general=general)
    return _declarator(tokens, at, template, specialization)


def _closing(tokens: Sequence[str], at: int, opening: str, closing: str) -> int:
    depth = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token == opening:
            depth += 1
        elif token == closing:
            depth -= 1
            if depth == 0:
                break
    return at


def _closing_angle(tokens: Sequence[str], at: int) -> int:
    """The index after the ``>`` that ends template arguments; parentheses among them hide comparisons."""
    depth = 0
    while at < len(tokens):
        token = tokens[at]
        if token == "(":
            at = _closing(tokens, at, "(", ")")
            continue
        at += 1
        if token == "<":
            depth += 1
        elif token == ">":
            depth -= 1
            if depth == 0:
                break
    return at


def _skip_macro_calls(tokens: Sequence[str], at: int) -> int:
    """The index after attributes and calls of macros that no semicolon ends."""
    while at < len(tokens):
        token = tokens[at]
        if token == "[" or token == ";":
            at = _closing(tokens, at, "[", "]") if token == "[" else at + 1
            continue
        if at + 1 >= len(tokens) or tokens[at + 1] != "(" or not _is_name(token):
            break
        if token in _NOT_NAMES and token != "alignas":
            break
        end = _closing(tokens, at + 1, "(", ")")
        if end >= len(tokens) or (_AFTER_MACRO_CALL.match(tokens[end]) is None or tokens[end] in _TRAILING):
            break
        at = end
    return at


_TRAILING = frozenset(("const", "override", "final", "noexcept", "volatile", "try", "requires"))


def _alias(tokens: Sequence[str], at: int) -> Head:
    if tokens[at] == "typedef":
        names = [token for token in tokens[at + 1 :] if _is_name(token)]
        return Head(Kind.ALIAS, names[-1]) if names else _NOTHING
    if "=" in tokens[at:] and at + 1 < len(tokens):
        return Head(Kind.ALIAS, tokens[at + 1])
    return _NOTHING


def _instantiated(tokens: Sequence[str], at: int, kind: Kind) -> Head:
    while at < len(tokens) and (tokens[at] in _SPECIFIERS or tokens[at].isupper()):
        at += 1
    if at < len(tokens) and tokens[at] in _CLASS_KEYS:
        name, qualifiers = _class_name(tokens, at + 1)
        return Head(kind, name, qualifiers, frozenset(("class",)), arguments=_arguments(tokens, at + 1, name))
    found = _declarator(tokens, at, False, False)
    return Head(kind, found.name, found.qualifiers, arguments=_arguments(tokens, at, found.name))


def _is_function(tokens: Sequence[str], at: int) -> bool:
    """Whether what begins like a class is a function that takes or returns one."""
    depth = 0
    for index in range(at, len(tokens)):
        token = tokens[index]
        if token == "<":
            depth += 1
        elif token == ">":
            depth -= 1
        elif depth == 0 and token in (":", "="):
            return False
        elif depth == 0 and token == "(":
            previous = tokens[index - 1]
            return not (previous.isupper() or previous in _NOT_NAMES)
    return False


_CPU_DEVICE = re.compile(r"CPU|Cpu|ThreadPoolDevice")


_PUNCTUATION = (",", "::", "Eigen")


def _arguments(tokens: Sequence[str], at: int, name: str) -> tuple[str, ...]:
    """What stands in angle brackets after a name."""
    while at + 1 < len(tokens) and tokens[at] != name:
        at += 1
    if at + 1 >= len(tokens) or tokens[at + 1] != "<":
        return ()
    return tuple(tokens[at + 2 : _closing_angle(tokens, at + 1) - 1])


def _signature(tokens: Sequence[str], at: int) -> str:
    """The types in a parameter list that begins at a parenthesis, as far as names alone tell them from the rest."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens[at + 1 : _closing(tokens, at, "(", ")") - 1]:
        depth += (token in "(<[{") - (token in ")>]}")
        if token == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return ",".join(_parameter_type(part) for part in parts)


def _parameter_type(tokens: list[str]) -> str:
    if "=" in tokens:
        tokens = tokens[: tokens.index("=")]
    if tokens[-1:] == ["]"] and "[" in tokens:
        tokens = [*tokens[: tokens.index("[")], "*"]
    named = len(tokens) > 1 and _IS_NAME(tokens[-1]) is not None
    if named and tokens[-2] not in ("::", "const", "unsigned", "typename"):
        tokens = tokens[:-1]
    types = [t for at, t in enumerate(tokens) if t not in _NO_TYPES and tokens[at + 1 : at + 2] != ["::"]]
    return " ".join("Device" if _CPU_DEVICE.search(t) else t for t in types)


_NO_TYPES = ("const", "typename", "struct", "class", "::")
_IS_NAME = re.compile(WORD).fullmatch


def _class_name(tokens: Sequence[str], at: int) -> tuple[str, tuple[str, ...]]:
    names: list[str] = []
    while at < len(tokens):
        token = tokens[at]
        if token == "<":
            at = _closing_angle(tokens, at)
            continue
        if token == "[":
            at = _closing(tokens, at, "[", "]")
            continue
        if token == "(":
            at = _closing(tokens, at, "(", ")")
            continue
        if token in (":", ";", "{", "="):
            break
        if token == "::":
            names.append(token)
        elif _is_name(token) and token not in ("final", "class", "struct", "alignas"):
            if names and names[-1] == "::":
                names.append(token)
            else:
                names = [token]  # what stood before was an attribute
        at += 1
    parts = [n for n in names if n != "::"]
    return (parts[-1], tuple(parts[:-1])) if parts else ("", ())


def _declarator(tokens: Sequence[str], at: int, template: bool, specialization: bool) -> Head:
    """A function where a parenthesis follows a name, else a variable."""
    words: set[str] = set()
    start, end = at, len(tokens)
    while at < end:
        token = tokens[at]
        if token == "operator":
            end = _end_of_operator(tokens, at)
            name = "".join(tokens[at:end])
            return _named(Kind.FUNCTION, name, tokens, at, words, template, specialization, end)
        if token == "<" and at > start and _is_name(tokens[at - 1]):
            at = _closing_angle(tokens, at)
            continue
        if token == "(":
            if at > start and tokens[at - 1] in _NOT_NAMES:
                at = _closing(tokens, at, "(", ")")
                continue
            name_at = _before_arguments(tokens, at - 1, start)
            if name_at < start or not _is_name(tokens[name_at]):
                return _NOTHING
            name = tokens[name_at]
            if name_at > start and tokens[name_at - 1] == "~":
                name, name_at = "~" + name, name_at - 1
            return _named(Kind.FUNCTION, name, tokens, name_at, words, template, specialization, at)
        if token in ("=", "[", "{") and at > start:
            break
        words.add(token)
        at += 1
    name_at = _before_arguments(tokens, at - 1, start)
    if name_at == start:
        return Head(Kind.CALL, words=frozenset(words))
    if name_at < start or not _is_name(tokens[name_at]):
        return _NOTHING
    found = _named(Kind.VARIABLE, tokens[name_at], tokens, name_at, words, template, specialization)
    return replace(found, initialized=at < end)


def _is_name(token: str) -> bool:
    return token[0].isalpha() or token[0] in "_$"


def _end_of_operator(tokens: Sequence[str], at: int) -> int:
    """The index after the name of an operator: the parenthesis that begins its parameters."""
    at += 1
    if tokens[at : at + 2] == ["(", ")"]:
        return at + 2
    while at < len(tokens) and tokens[at] != "(":
        at += 1
    return at


def _before_arguments(tokens: Sequence[str], at: int, start: int) -> int:
    """Before the template arguments that end at a token, if any do."""
    if at < start or tokens[at] != ">":
        return at
    depth = 0
    while at >= start:
        depth += (tokens[at] == ">") - (tokens[at] == "<")
        at -= 1
        if depth == 0:
            break
    return at


def _named(
    kind: Kind,
    name: str,
    tokens: Sequence[str],
    at: int,
    words: set[str],
    template: bool,
    specialization: bool,
    parameters: int = -1,
) -> Head:
    qualifiers: list[str] = []
    before = at - 1
    while before >= 1 and tokens[before] == "::":
        before = _before_arguments(tokens, before - 1, 0)
        if before < 0 or not _is_name(tokens[before]):
            break
        qualifiers.append(tokens[before])
        before -= 1
    signature = _signature(tokens, parameters) if parameters >= 0 else ""
    return Head(
        kind, name, tuple(reversed(qualifiers)), frozenset(words), template, specialization, signature=signature
    )
