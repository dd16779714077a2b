"""Lists of labels in BUILD files, edited in place: what does not change stays byte for byte.

Python's parser says where each string stands, so an edit is a change of the text between two places. Comments above an
entry and after it belong to the entry, as buildifier has it.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kernel_index.build_files.labels import buildifier_order, parse_label
from kernel_index.build_files.starlark import BuildFile, Target, summands
from kernel_index.errors import Place, SourceTreeError

_BY_HAND = "Edit this list by hand, or take the filegroups that `opselect generate` writes."
_COMMENT_LINE = re.compile(r"[ \t]*#")


@dataclass(frozen=True, slots=True)
class WantedList:
    """What a group's list is to hold, as labels seen from its package.

    ``selects`` has the branches of its select calls, in their order: condition → labels.
    """

    labels: tuple[str, ...]
    selects: tuple[Mapping[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class _Change:
    """Characters ``start`` to ``end`` of the text become ``new``."""

    start: int
    end: int
    new: str = ""


def edit_build_file(text: str, build_file: BuildFile, wanted: Mapping[str, WantedList]) -> str:
    """The BUILD file's text with other entries in the lists of some groups.

    Entries that are not wanted go, with their comments; new ones come where buildifier would sort them. Raises
    SourceTreeError, with the line, for a group that there is not and for one whose unwanted entries come from
    elsewhere than a list of strings in it: a glob, a constant, a macro.
    """
    editor = _Editor(text, build_file)
    for name, wants in wanted.items():
        target = build_file.targets.get(name)
        if target is None:
            raise SourceTreeError(build_file.path, f"there is no group {name!r}", _BY_HAND)
        editor.edit_group(target, wants)
    return editor.result()


@dataclass(slots=True)
class _Part:
    """A list of strings in a group, and what it is to hold."""

    node: ast.List
    keep: list[ast.Constant] = field(default_factory=list)
    drop: list[ast.Constant] = field(default_factory=list)
    add: list[str] = field(default_factory=list)


class _Editor:
    def __init__(self, text: str, build_file: BuildFile) -> None:
        self._text = text
        self._build_file = build_file
        self._changes: list[_Change] = []
        lines = list(io.StringIO(text, newline=""))  # split as the parser counts lines
        self._line_starts = [0]
        for line in lines:
            self._line_starts.append(self._line_starts[-1] + len(line))
        self._lines = lines

    def edit_group(self, target: Target, wants: WantedList) -> None:
        sources = target.arguments.get("srcs")
        if sources is None:
            raise self._unknown(target.line, f"group {target.name!r} has no srcs")
        selects = iter(wants.selects)
        parts: list[_Part] = []
        present: set[str] = set()
        for summand in summands(sources):
            if isinstance(summand, ast.List):
                parts.append(self._part(summand, wants.labels, present))
            elif isinstance(summand, ast.Call) and getattr(summand.func, "id", "") == "select":
                self._edit_select(summand, next(selects, {}))
            else:
                self._check_fixed(summand, wants.labels, present)
        new = [label for label in wants.labels if self._canonical(label) not in present]
        if new and not parts:
            raise self._unknown(sources.lineno, f"group {target.name!r} has no list of its own for new entries")
        for label in new:
            _home(label, parts).add.append(label)
        for part in parts:
            self._edit_list(part)

    def _edit_select(self, call: ast.Call, branches: Mapping[str, tuple[str, ...]]) -> None:
        if not (call.args and isinstance(call.args[0], ast.Dict)):
            raise self._unknown(call.lineno, "the branches of this select cannot be read")
        for key, value in zip(call.args[0].keys, call.args[0].values, strict=True):
            condition = str(key.value) if isinstance(key, ast.Constant) else ""
            labels = branches.get(condition, ())
            if isinstance(value, ast.List):
                present: set[str] = set()
                part = self._part(value, labels, present)
                part.add = [label for label in labels if self._canonical(label) not in present]
                self._edit_list(part)
            else:
                self._check_fixed(value, labels, set())

    def _check_fixed(self, expression: ast.expr, labels: Collection[str], present: set[str]) -> None:
        """Entries that no edit here can take away must be wanted, all of them."""
        wanted = {self._canonical(label) for label in labels}
        for entry in self._build_file.strings(expression):
            if self._canonical(entry.text) not in wanted:
                source = ast.unparse(expression)
                raise self._unknown(entry.line, f"{entry.text!r} is to go and comes from `{source[:60]}`")
            present.add(self._canonical(entry.text))

    def _part(self, node: ast.List, labels: Collection[str], present: set[str]) -> _Part:
        wanted = {self._canonical(label) for label in labels}
        part = _Part(node)
        for element in node.elts:
            if not (isinstance(element, ast.Constant) and isinstance(element.value, str)):
                self._check_fixed(ast.List([element], ast.Load()), labels, present)
                continue
            label = self._canonical(element.value)
            if label in wanted and label not in present:
                present.add(label)
                part.keep.append(element)
            else:
                part.drop.append(element)
        return part

    def _canonical(self, label: str) -> str:
        return str(parse_label(label, self._build_file.package) or label)

    def _edit_list(self, part: _Part) -> None:
        if not (part.drop or part.add):
            return
        node = part.node
        if not part.keep and not part.add and len(part.drop) == len(node.elts):
            self._changes.append(_Change(*self._span(node), "[]"))
        elif self._is_one_line(node):
            self._rewrite(part)
        else:
            for element in part.drop:
                self._changes.append(self._removal(element))
            for place, labels in self._insertions(part):
                self._changes.append(_Change(place, place, "".join(self._entry(part, label) for label in labels)))

    def _is_one_line(self, node: ast.List) -> bool:
        """Whether an entry of the list shares its line with something else than its comma and comment."""
        lines = [node.lineno, *(element.lineno for element in node.elts), node.end_lineno]
        return len(set(lines)) < len(lines)

    def _rewrite(self, part: _Part) -> None:
        left = [element for element in part.node.elts if element not in part.drop]
        labels, texts = [_label(element) for element in left], [self._source(element) for element in left]
        for label in part.add:
            place = _place(label, labels)
            labels.insert(place, label)
            texts.insert(place, f'"{label}"')
        indent = self._indent(part.node.lineno)
        if len(texts) == 1:
            new = f"[{texts[0]}]"
        else:
            new = "[\n" + "".join(f"{indent}    {text},\n" for text in texts) + f"{indent}]"
        self._changes.append(_Change(*self._span(part.node), new))

    def _removal(self, element: ast.Constant) -> _Change:
        """An entry with its lines, and the comment lines right above it."""
        first = element.lineno - 1
        while _COMMENT_LINE.match(self._lines[first - 1]):
            first -= 1
        return _Change(self._line_starts[first], self._line_starts[(element.end_lineno or element.lineno)])

    def _insertions(self, part: _Part) -> Iterator[tuple[int, list[str]]]:
        """Where new entries go: each before the first entry that sorts after it, else before the closing bracket."""
        labels = [_label(element) for element in part.node.elts]
        by_place: dict[int, list[str]] = {}
        for label in sorted(part.add, key=buildifier_order):
            position = _place(label, labels)
            if position < len(labels):
                line = part.node.elts[position].lineno - 1
                while _COMMENT_LINE.match(self._lines[line - 1]):
                    line -= 1
            else:
                line = (part.node.end_lineno or part.node.lineno) - 1
            by_place.setdefault(self._line_starts[line], []).append(label)
        yield from by_place.items()

    def _entry(self, part: _Part, label: str) -> str:
        return f'{self._indent(part.node.lineno)}    "{label}",\n'

    def _indent(self, line: int) -> str:
        text = self._lines[line - 1]
        return text[: len(text) - len(text.lstrip(" \t"))]

    def _span(self, node: ast.expr) -> tuple[int, int]:
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno or 0, node.end_col_offset or 0)

    def _source(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self._text[start:end]

    def _offset(self, line: int, column: int) -> int:
        # The parser counts columns in bytes of UTF-8.
        before = self._lines[line - 1].encode()[:column].decode()
        return self._line_starts[line - 1] + len(before)

    def _unknown(self, line: int, problem: str) -> SourceTreeError:
        return SourceTreeError(Place(self._build_file.path, line=line), problem, _BY_HAND)

    def result(self) -> str:
        """The text with all changes made."""
        parts = []
        position = 0
        for change in sorted(self._changes, key=lambda change: (change.start, change.end)):
            parts += [self._text[position : change.start], change.new]
            position = max(position, change.end)
        return "".join([*parts, self._text[position:]])


def _home(label: str, parts: Sequence[_Part]) -> _Part:
    """The list for a new entry: the first that has entries of the same kind, else the first."""
    phase = buildifier_order(label)[0]
    return next(
        (part for part in parts if any(buildifier_order(str(e.value))[0] == phase for e in (*part.keep, *part.drop))),
        parts[0],
    )


def _label(element: ast.expr) -> str | None:
    """The label that an entry is; None for one that is computed, which has no place in the order."""
    return element.value if isinstance(element, ast.Constant) and isinstance(element.value, str) else None


def _place(label: str, entries: Sequence[str | None]) -> int:
    """The position of the first entry that sorts after a label."""
    order = buildifier_order(label)
    later = (n for n, entry in enumerate(entries) if entry is not None and buildifier_order(entry) > order)
    return next(later, len(entries))
