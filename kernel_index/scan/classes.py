"""Classes as a source text defines them: their bodies, bases and template parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kernel_index.preprocessor.tokens import is_string, token_at, tokenize
from kernel_index.scan.expressions import joined, last_word, plain, split_qualified

_PARAMETERS = r"(?:\btemplate\s*<(?P<parameters>[^;{}]*)>\s*)?"
_ATTRIBUTES = r"(?:(?:[A-Z][A-Z0-9_]*(?:\([^()]*\))?|alignas\([^()]*\)|\[\[[^\]]*\]\])\s+)*"


@dataclass(frozen=True, slots=True)
class ClassText:
    """A class: ``parameters`` are the names of its template's, ``bases`` the types it is derived from, as written."""

    name: str
    parameters: tuple[str, ...]
    bases: tuple[str, ...]
    body: str


def find_class(name: str, text: str) -> ClassText | None:
    """The class of a name that a text without comments defines, the first of several; None where it defines none."""
    head = re.compile(
        rf"{_PARAMETERS}\b(?P<kind>class|struct)\s+{_ATTRIBUTES}{re.escape(name)}\s*(?:final\s*)?(?P<next>[:{{])"
    )
    for match in head.finditer(text):
        if match["next"] == ":" and text[match.end() : match.end() + 1] == ":":
            continue  # a qualified name
        if text[: match.start("kind")].rstrip().endswith("enum"):
            continue
        opening = match.start("next") if match["next"] == "{" else text.find("{", match.end())
        if opening < 0:
            continue
        bases = text[match.end() : opening] if match["next"] == ":" else ""
        return ClassText(name, _parameter_names(match["parameters"] or ""), _base_types(bases), body_at(text, opening))
    return None


_CLASS_NAME = re.compile(rf"\b(?:class|struct)\s+{_ATTRIBUTES}(\w+)\s*(?:final\s*)?[:{{]")


def class_names(text: str) -> frozenset[str]:
    """The names of the classes that a text may define."""
    return frozenset(_CLASS_NAME.findall(text))


def without_classes(text: str) -> str:
    """A text without the bodies of its classes, whose members nobody outside can mean by their bare names."""
    kept: list[str] = []
    at = 0
    for match in _CLASS_NAME.finditer(text):
        opening = match.end() - 1 if text[match.end() - 1] == "{" else text.find("{", match.end())
        if match.start() < at or opening < 0 or text[match.end() - 1 : match.end() + 1] == "::":
            continue
        if text[: match.start()].rstrip().endswith("enum"):
            continue
        kept += [text[at : opening + 1], "}"]
        at = opening + 1 + len(body_at(text, opening)) + 1
    return "".join([*kept, text[at:]])


def body_at(text: str, opening: int) -> str:
    """What stands between a brace of a text and the one that closes it; up to the end where none does."""
    depth = 0
    at = opening
    while (match := token_at(text, at)) is not None:
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0:
            return text[opening + 1 : at]
        at = match.end()
    return text[opening + 1 :]


def split_commas(text: str) -> list[str]:
    """A text split at the commas outside all brackets."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in plain(tokenize(text)):
        if not is_string(token):
            depth += (token in ("(", "[", "{", "<")) - (token in (")", "]", "}", ">"))
        if token == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [joined(part) for part in parts if part]


def template_arguments(type_text: str) -> list[str]:
    """The arguments of the last template of a type: ``A<B, C<D>>`` has ``B`` and ``C<D>``."""
    _, bracket, rest = split_qualified(type_text.strip())[1].partition("<")
    return split_commas(rest.rstrip().removesuffix(">")) if bracket else []


def _parameter_names(parameters: str) -> tuple[str, ...]:
    names = []
    for parameter in split_commas(parameters):
        words = re.findall(r"\w+", parameter.partition("=")[0])
        names.append(words[-1] if words else "")
    return tuple(names)


_ACCESS = re.compile(r"\b(?:public|protected|private|virtual|typename)\b")


def _base_types(bases: str) -> tuple[str, ...]:
    return tuple(_ACCESS.sub("", base).strip() for base in split_commas(bases))


def class_name(type_text: str) -> str:
    """The name of the class that a type is of: ``Op`` for ``const ns::Op<T>``."""
    return last_word(type_text.strip().rpartition(" ")[2] if "<" not in type_text else type_text.strip())
