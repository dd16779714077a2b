"""Makefiles as far as TensorFlow's needs it: variables, conditionals and functions of text, without running anything.

Source of the rules: the manual of GNU make, chapters "How to Use Variables", "Conditional Parts of Makefiles" and
"Functions for Transforming Text". Rules and recipes are skipped. What is not evaluated (``include``, ``define``, what
``$(shell …)`` prints unless it is ``cat``, functions that are not listed here) stands for nothing, and
:meth:`Makefile.unclear` says where it matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Wildcard = Callable[[str], Sequence[str]]
"""The files that a pattern of ``$(wildcard …)`` gives."""

Text = Callable[[str], str | None]
"""The text of a file that ``$(shell cat …)`` prints; None where that is not known."""

_ASSIGNMENT = re.compile(r"\s*(?:export\s+|override\s+)*([\w.\-]+)\s*(:::=|::=|:=|\+=|\?=|=)[ \t]*(.*)\Z", re.DOTALL)
_DIRECTIVE = re.compile(r"\s*(ifeq|ifneq|ifdef|ifndef|else|endif)\b\s*(.*)\Z", re.DOTALL)
_UNREAD = re.compile(r"\s*(?:-?include|sinclude|define)\b")
_COMMENT = re.compile(r"(?<!\\)#.*", re.DOTALL)
_QUOTED = re.compile(r"""(?:"([^"]*)"|'([^']*)')\s*(?:"([^"]*)"|'([^']*)')\s*\Z""")
_CLOSING = {"(": ")", "{": "}"}
_SILENT = frozenset(("info", "warning", "error"))
_ARGUMENTS = {
    "filter": 2, "filter-out": 2, "addprefix": 2, "addsuffix": 2, "patsubst": 3, "subst": 3, "sort": 1, "strip": 1,
    "dir": 1, "notdir": 1, "basename": 1, "firstword": 1, "lastword": 1,
}  # fmt: skip
"""The functions of text that are known, and how many arguments each takes."""


class UnreadableMakefileError(Exception):
    """A conditional without an end, or an end without a conditional; ``line`` is where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Unclear:
    """Something that a makefile asks for and that is not evaluated."""

    line: int
    message: str


@dataclass(slots=True)
class _Variable:
    """``text`` is expanded when it is asked for unless ``simple``; ``lines`` are those that gave it."""

    text: str
    simple: bool
    line: int
    given: bool = False
    uses: set[str] = field(default_factory=set)
    unclear: list[Unclear] = field(default_factory=list)


class Makefile:
    """The variables of a makefile after all its lines have been read."""

    def __init__(self, text: str, wildcard: Wildcard, printed: Text, given: Mapping[str, str]) -> None:
        """``given`` are variables of make's command line, which assignments of the makefile do not change.

        Raises UnreadableMakefileError.
        """
        self._wildcard = wildcard
        self._printed = printed
        self._variables = {name: _Variable(value, True, 0, given=True) for name, value in given.items()}
        self._inside: list[str] = []
        self._uses: set[str] = set()
        self._problems: list[Unclear] = []
        self._line = 0
        self._read(text)

    def words(self, name: str) -> tuple[str, ...]:
        """The value of a variable, split at white space; empty where none of that name is set."""
        return tuple(self._value(name).split())

    def unclear(self, name: str) -> tuple[Unclear, ...]:
        """What was not evaluated of all that the value of a variable is made of, by line."""
        self._value(name)
        todo, seen = [name], {name}
        found: set[Unclear] = set()
        while todo:
            variable = self._variables.get(todo.pop())
            if variable is not None:
                found.update(variable.unclear)
                todo += variable.uses - seen
                seen |= variable.uses
        return tuple(sorted(found, key=lambda problem: (problem.line, problem.message)))

    # Lines.

    def _read(self, text: str) -> None:
        open_: list[tuple[bool, bool, int]] = []  # of each conditional: active, whether a branch was, its line
        in_rule = False
        for number, line in _logical_lines(text):
            self._line = number
            if in_rule and line.startswith("\t"):
                continue
            line = _COMMENT.sub("", line)
            directive = _DIRECTIVE.match(line)
            if directive is not None:
                self._condition(open_, *directive.groups())
                continue
            if not line.strip() or not all(active for active, _, _ in open_):
                continue
            assignment = _ASSIGNMENT.match(line)
            in_rule = assignment is None and ":" in _without_references(line)
            if assignment is not None:
                self._assign(*assignment.groups())
            elif _UNREAD.match(line):
                self._problems.append(Unclear(number, f"`{line.strip()[:60]}` is not followed"))
        if open_:
            raise UnreadableMakefileError(open_[-1][2], "a conditional without its endif")

    def _condition(self, open_: list[tuple[bool, bool, int]], kind: str, rest: str) -> None:
        if kind == "endif" or kind == "else":
            if not open_:
                raise UnreadableMakefileError(self._line, f"{kind} without a conditional")
            _, done, line = open_.pop()
            if kind == "else":
                again = _DIRECTIVE.match(rest)
                outside = all(active for active, _, _ in open_)
                holds = outside and not done and (again is None or self._holds(*again.groups()))
                open_.append((holds, done or holds, line))
            return
        holds = all(active for active, _, _ in open_) and self._holds(kind, rest)
        open_.append((holds, holds, self._line))

    def _holds(self, kind: str, rest: str) -> bool:
        if kind in ("ifdef", "ifndef"):
            name = self._expanded(rest).strip()
            variable = self._variables.get(name)
            return (variable is not None and bool(variable.text)) == (kind == "ifdef")
        quoted = _QUOTED.match(rest.strip())
        if quoted is not None:
            left, right = (quoted[1] or quoted[2] or "", quoted[3] or quoted[4] or "")
        else:
            inner = rest.strip()
            left, _, right = (part.strip() for part in _split_at_comma(inner[1:-1] if inner[:1] == "(" else inner))
        return (self._expanded(left) == self._expanded(right)) == (kind == "ifeq")

    def _assign(self, name: str, operator: str, text: str) -> None:
        known = self._variables.get(name)
        if known is not None and (known.given or operator == "?="):
            return
        text = " ".join(text.split()) if "\n" in text else text.rstrip("\n")
        if operator == "+=" and known is not None:
            added = self._simple(text, known) if known.simple else text
            # No blank for nothing on either side, as since GNU make 4.3.
            known.text = f"{known.text} {added}" if known.text and added else known.text or added
            return
        variable = self._variables[name] = _Variable("", operator in (":=", "::=", ":::="), self._line)
        if variable.simple and known is not None:
            # `X := $(X) …`: what the earlier value was made of counts on.
            variable.uses, variable.unclear = set(known.uses), list(known.unclear)
            self._variables[name] = known
        value = self._simple(text, variable) if variable.simple else text
        variable.uses.discard(name)
        variable.text = value
        self._variables[name] = variable

    def _simple(self, text: str, variable: _Variable) -> str:
        value, uses, problems = self._tracked(text)
        variable.uses |= uses
        variable.unclear += problems
        return value

    # Values.

    def _value(self, name: str) -> str:
        self._uses.add(name)
        variable = self._variables.get(name)
        if variable is None or name in self._inside:
            return ""
        if variable.simple:
            return variable.text
        self._inside.append(name)
        here, self._line = self._line, variable.line
        value, uses, problems = self._tracked(variable.text)
        self._line = here
        variable.uses, variable.unclear = uses, problems
        self._inside.pop()
        return value

    def _tracked(self, text: str) -> tuple[str, set[str], list[Unclear]]:
        """A text expanded, the variables it uses, and what of it is unclear."""
        outer = self._uses, self._problems
        self._uses, self._problems = set(), []
        try:
            return self._expanded(text), self._uses, self._problems
        finally:
            self._uses, self._problems = outer

    def _expanded(self, text: str) -> str:
        if "$" not in text:
            return text
        parts = []
        position = 0
        while (start := text.find("$", position)) >= 0:
            parts.append(text[position:start])
            following = text[start + 1 : start + 2]
            if following in _CLOSING:
                end = _end_of_reference(text, start + 1)
                parts.append(self._reference(text[start + 2 : end]))
                position = end + 1
            else:
                parts.append("$" if following == "$" else self._value(following))
                position = start + 2
        return "".join([*parts, text[position:]])

    def _reference(self, inner: str) -> str:
        function, space, rest = inner.partition(" ")
        if space and re.fullmatch(r"[a-z\-]+", function):
            return self._call(function, rest.lstrip())
        name, colon, substitution = inner.partition(":")
        value = self._value(self._expanded(name))
        if not colon:
            return value
        old, _, new = self._expanded(substitution).partition("=")
        return _patsubst(old if "%" in old else f"%{old}", new if "%" in old else f"%{new}", value)

    def _call(self, function: str, rest: str) -> str:
        if function in _SILENT:
            return ""
        if function == "origin":
            variable = self._variables.get(self._expanded(rest).strip())
            return "undefined" if variable is None else "command line" if variable.given else "file"
        if function == "wildcard":
            return " ".join(path for pattern in self._expanded(rest).split() for path in self._wildcard(pattern))
        if function == "shell" and (printed := self._printed_by(self._expanded(rest).split())) is not None:
            return " ".join(printed.split())
        count = _ARGUMENTS.get(function)
        if count is None:
            self._problems.append(Unclear(self._line, f"`$({function} {rest.strip()[:60]})` is not evaluated"))
            return ""
        arguments = [self._expanded(argument) for argument in _split_arguments(rest, count)]
        return _of_text(function, [*arguments, *[""] * (count - len(arguments))])

    def _printed_by(self, command: Sequence[str]) -> str | None:
        """What a command prints, None for all but ``cat FILE``."""
        return self._printed(command[1]) if len(command) == 2 and command[0] == "cat" else None


def _of_text(function: str, arguments: Sequence[str]) -> str:
    """What a function of text gives for its expanded arguments."""
    words = arguments[-1].split()
    if function in ("filter", "filter-out"):
        patterns = [_pattern(pattern) for pattern in arguments[0].split()]
        plain = {pattern for pattern in arguments[0].split() if "%" not in pattern}
        kept = function == "filter"
        return " ".join(w for w in words if (w in plain or any(p.fullmatch(w) for p in patterns)) == kept)
    if function == "patsubst":
        return _patsubst(arguments[0].strip(), arguments[1].strip(), arguments[2])
    if function == "subst":
        return arguments[2].replace(arguments[0], arguments[1])
    if function in ("addprefix", "addsuffix"):
        affix = arguments[0].strip()
        return " ".join(affix + word if function == "addprefix" else word + affix for word in words)
    if function in ("firstword", "lastword"):
        return (words[:1] if function == "firstword" else words[-1:] or [""])[0] if words else ""
    each: Mapping[str, Callable[[str], str]] = {
        "dir": lambda word: word[: word.rfind("/") + 1] or "./",
        "notdir": lambda word: word.rpartition("/")[2],
        "basename": lambda word: word[: word.rfind(".")] if word.rfind(".") > word.rfind("/") else word,
    }
    if function in each:
        return " ".join(map(each[function], words))
    return " ".join(sorted(set(words)) if function == "sort" else words)


def _patsubst(pattern: str, replacement: str, text: str) -> str:
    matcher = _pattern(pattern)
    words = []
    for word in text.split():
        match = matcher.fullmatch(word)
        stem = match[1] if match is not None and matcher.groups else ""
        words.append(word if match is None else replacement.replace("%", stem, 1))
    return " ".join(words)


def _pattern(pattern: str) -> re.Pattern[str]:
    before, percent, after = pattern.partition("%")
    return re.compile(f"{re.escape(before)}(.*){re.escape(after)}" if percent else re.escape(before), re.DOTALL)


def _end_of_reference(text: str, start: int) -> int:
    """Where the bracket at ``start`` closes; the end of the text where it does not."""
    opening, closing = text[start], _CLOSING[text[start]]
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == opening) - (text[position] == closing)
        if not depth:
            return position
    return len(text)


def _split_at_comma(text: str) -> tuple[str, str, str]:
    left, *rest = _split_arguments(text, 2)
    return left, ",", rest[0] if rest else ""


def _split_arguments(text: str, count: int) -> list[str]:
    """The arguments of a function: at most ``count``, so that the last one may hold commas."""
    parts = [""]
    depth = 0
    for char in text:
        depth += (char in "({") - (char in ")}")
        if char == "," and not depth and len(parts) < count:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _without_references(line: str) -> str:
    return re.sub(r"\$\([^)]*\)|\$\{[^}]*\}", "", line)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; one that ends in a backslash goes on in the next, with one space between."""
    pending: list[str] = []
    start = 1
    for number, line in enumerate(re.split(r"\r?\n", text), start=1):
        if not pending:
            start = number
        if line.endswith("\\") and not line.endswith("\\\\"):
            pending.append(line[:-1].rstrip() if pending else line[:-1].rstrip(" "))
            continue
        pending.append(line)
        yield start, pending[0] + "".join(f" {part.strip()}" for part in pending[1:])
        pending = []
    if pending:
        yield start, " ".join(pending)
