"""What the sources of TensorFlow Lite say of its operators: texts in, facts out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kernel_index.errors import InputError, Place

_PENDING = "UNKNOWN"
"""What stands for the release of a pair that no release had yet when the table was written."""

_MASKED = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.DOTALL)
_COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:[^"\\\n]|\\.)*")', re.DOTALL)
_PAIR = re.compile(
    r"\{\s*\{\s*BuiltinOperator_(?P<op>\w+)\s*,\s*(?P<version>\d{1,9})\s*\}\s*,"
    r'\s*(?:"(?P<release>[^"]*)"|(?P<name>\w+))\s*\}'
)
_HEAD = re.compile(r"\{\s*\{\s*BuiltinOperator_")
_RELEASE = re.compile(r"\d+(\.\d+)+")
_CONSTRUCTOR = re.compile(r"\bBuiltinOpResolver::BuiltinOpResolver\s*\(\s*\)\s*\{")
_ENUM = re.compile(r"^(?:enum\s+BuiltinOperator\s*:\s*\w+\s*\{|class\s+BuiltinOperator\b[^:\n]*:)", re.MULTILINE)
_ENUM_END = re.compile(r"^(?:\}|class\s)", re.MULTILINE)
_MEMBER = re.compile(
    r"^[ \t]*(?P<name>[A-Z]\w*)[ \t]*=[ \t]*(?P<code>\d{1,9})[ \t]*(?:\([ \t\w]*\))?[ \t]*,?[ \t]*$", re.MULTILINE
)
_CUSTOM = re.compile(r'\bAddCustom\s*\(\s*"(?P<name>[^"\\\s]+)"\s*,\s*(?:\w+::)*(?P<function>\w+)\s*\(')


@dataclass(frozen=True, slots=True)
class DefaultResolver:
    """What fills ``BuiltinOpResolver``: ``body`` is the constructor without comments, as many lines as it has.

    ``functions`` are those that register custom operators, by operator. ``line`` is where the constructor begins.
    """

    body: str
    functions: dict[str, str]
    line: int


def version_pairs(text: str, path: str) -> dict[tuple[str, int], str]:
    """The first release of versions of operators, as ``FindMinimumRuntimeVersionForOp`` answers.

    Of a pair that stands twice the first entry counts, as in a ``std::map`` that is made of a list; pairs that were
    pending are left out, for upstream passes over them. Source: ``lite/tools/versioning/runtime_version.cc``. Raises
    InputError for a text without pairs, and with the line for one that cannot be read.
    """
    code = _without_comments(text)
    pairs: dict[tuple[str, int], str] = {}
    for head in _HEAD.finditer(code):
        found = _PAIR.match(code, head.start())
        release = found["release"] if found else None
        if found is None or (release is not None and release != _PENDING and not _RELEASE.fullmatch(release)):
            raise InputError(_place(path, code, head.start()), "the pair of an operator and its version cannot be read")
        # A name in place of a text is that of the constant for what was pending.
        pairs.setdefault((found["op"], int(found["version"])), release or _PENDING)
    if not pairs:
        raise InputError(path, "has no table of operators and their versions")
    return {pair: release for pair, release in pairs.items() if release != _PENDING}


def operator_codes(text: str, path: str) -> dict[str, int]:
    """The codes of built-in operators by name, of ``lite/schema/schema.fbs`` or of the Python module made of it.

    Raises InputError for a text without the list, and for a name that stands twice.
    """
    code = _without_comments(text)
    start = _ENUM.search(code)
    end = _ENUM_END.search(code, start.end()) if start else None
    if start is None:
        raise InputError(path, "has no list of built-in operators")
    codes: dict[str, int] = {}
    for member in _MEMBER.finditer(code, start.end(), end.start() if end else len(code)):
        if member["name"] in codes:
            raise InputError(_place(path, code, member.start("name")), f"names {member['name']} a second time")
        codes[member["name"]] = int(member["code"])
    if not codes:
        raise InputError(path, "has no list of built-in operators")
    return codes


def default_resolver(text: str, path: str) -> DefaultResolver:
    """What ``BuiltinOpResolver`` registers, of ``lite/core/kernels/register.cc``, or ``lite/kernels/`` before 2.9.

    Raises InputError for a text without that constructor, and for one that the preprocessor changes: which operators
    a build has then depends on its macros.
    """
    code = _without_comments(text)
    start = _CONSTRUCTOR.search(code)
    if start is None:
        raise InputError(path, "has no constructor of BuiltinOpResolver")
    end = _closing(code, start.end())
    if end is None:
        raise InputError(_place(path, code, start.start()), "the constructor of BuiltinOpResolver has no end")
    body = code[start.end() : end]
    condition = re.search(r"^[ \t]*#", body, re.MULTILINE)
    if condition is not None:
        place = _place(path, code, start.end() + condition.start())
        raise InputError(place, "a condition of the preprocessor decides which operators are registered")
    functions = {found["name"]: found["function"] for found in _CUSTOM.finditer(body)}
    return DefaultResolver(body, functions, code.count("\n", 0, start.end()) + 1)


def _closing(code: str, start: int) -> int | None:
    """Where the brace ends that was opened just before ``start``; strings do not count."""
    masked = _MASKED.sub(lambda found: " " * len(found[0]), code)
    depth = 1
    for brace in re.finditer(r"[{}]", masked[start:]):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return start + brace.start()
    return None


def _without_comments(text: str) -> str:
    """A text of C++, of the language of FlatBuffers or of Python made of that; lines stay where they are."""
    return _COMMENT_OR_STRING.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)


def _place(path: str, text: str, position: int) -> Place:
    return Place(path, text.count("\n", 0, position) + 1)
