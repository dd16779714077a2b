"""BUILD files as syntax: top-level constants, targets, and the lists of strings they are made of.

Starlark's expressions are a subset of Python's, so Python's own parser reads them. Nothing is executed: what is
understood is listed in :meth:`BuildFile.strings`, everything else becomes a diagnostic. Functions of ``.bzl`` files
that only return an expression are read like constants.
"""

from __future__ import annotations

import ast
import copy
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from kernel_index.build_files.globbing import glob_files
from kernel_index.records import Diagnostic, Location

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Branch:
    """The branch of a ``select`` that an entry stands in: which select of the list, and its condition.

    The condition is empty where it is spelled as nothing that is followed.
    """

    select: int
    condition: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One string of a list, the line it stands on, and the branch it depends on (None: always there).

    What a ``glob`` finds is ``globbed``, and on its line.
    """

    text: str
    line: int
    branch: Branch | None = None
    globbed: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A rule call of a BUILD file; its arguments stay syntax until somebody asks for them."""

    name: str
    rule: str
    line: int
    arguments: dict[str, ast.expr]


Loader = Callable[[str, str], "BuildFile | None"]
"""The ``.bzl`` file of a label in a ``load``, and the package that loads it; None where there is none to read."""

_MAX_CALLS = 8
"""So deep do functions call each other; what is deeper is not followed."""
_CONVERSIONS = frozenset(("Label", "str", "clean_dep"))
"""Functions that give the label they are called with; ``clean_dep`` is TensorFlow's."""


class BuildFile:
    """One parsed BUILD or ``.bzl`` file. ``path`` and ``package`` are from the root of the checkout."""

    def __init__(self, path: str, folder: Path, tree: ast.Module, loader: Loader | None = None) -> None:
        self.path = path
        self.package = path.rpartition("/")[0]
        self.diagnostics: list[Diagnostic] = []
        self._loader = loader
        self._loads: dict[str, tuple[str, str]] = {}
        self._functions: dict[str, ast.FunctionDef] = {}
        self._arguments: list[Mapping[str, ast.expr]] = []
        self._folder = folder
        self._constants: dict[str, ast.expr] = {}
        self.targets: dict[str, Target] = {}
        self._selects: list[tuple[str, ...]] = []
        for statement in tree.body:
            if isinstance(statement, ast.Assign):
                for name in statement.targets:
                    if isinstance(name, ast.Name):
                        self._constants[name.id] = statement.value
            elif isinstance(statement, ast.FunctionDef):
                self._functions[statement.name] = statement
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                if getattr(statement.value.func, "id", "") == "load":
                    self._add_load(statement.value)
                else:
                    self._add_target(statement.value)
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.ListComp):
                self._add_targets(statement.value)

    def _add_targets(self, made: ast.ListComp) -> None:
        """The targets of ``[rule(name = n, …) for n in [strings]]``; of other comprehensions nothing is known."""
        generator = made.generators[0]
        plain = len(made.generators) == 1 and not generator.ifs and isinstance(generator.target, ast.Name)
        if not (plain and isinstance(made.elt, ast.Call) and isinstance(generator.iter, ast.List)):
            return
        for element in generator.iter.elts:
            if isinstance(element, ast.Constant) and isinstance(element.value, str):
                name = _Bound(ast.unparse(generator.target), element.value)
                self._add_target(name.visit(copy.deepcopy(made.elt)))

    def _add_load(self, call: ast.Call) -> None:
        texts = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
        named = [(keyword.arg, keyword.value) for keyword in call.keywords]
        for name in texts[1:]:
            self._loads[str(name)] = (str(texts[0]), str(name))
        for alias, value in named:
            if texts and alias is not None and isinstance(value, ast.Constant):
                self._loads[alias] = (str(texts[0]), str(value.value))

    def _add_target(self, call: ast.Call) -> None:
        arguments = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
        name = self._text(arguments["name"]) if "name" in arguments else None
        if isinstance(call.func, (ast.Name, ast.Attribute)) and name is not None:
            rule = call.func.id if isinstance(call.func, ast.Name) else ast.unparse(call.func)
            self.targets[name] = Target(name, rule, call.lineno, arguments)

    def strings(self, expression: ast.expr) -> list[Entry]:
        """The strings of a list expression, in order.

        Understood are lists and tuples of strings, concatenation, constants of the same file, ``glob`` with
        ``exclude``, and ``select`` (the entries of every branch, each with its :class:`Branch`). Functions of this file
        and of those that it loads are understood where all they do is to return such a list. Of others those of the
        ``if_android([...])`` kind are selects in disguise: the entries of all their lists, unconditionally.
        """
        self._selects = []
        return list(self._strings(expression, frozenset()))

    @property
    def selects(self) -> tuple[tuple[str, ...], ...]:
        """The conditions of each ``select`` of the list that was read last, by :class:`Branch` numbers.

        Those of branches without an entry are among them.
        """
        return tuple(self._selects)

    def aliased(self, target: Target) -> list[Entry]:
        """The one label, or the labels of a select with their branches, that an ``alias`` stands for."""
        actual = target.arguments["actual"]
        self._selects = []
        if isinstance(actual, ast.Call):
            return list(self._branches(actual, self._element))
        return list(self._element(actual))

    def pairs(self, expression: ast.expr, inside: frozenset[str] = frozenset()) -> list[tuple[str, str]] | None:
        """The keys and values of a dict of strings; None where something of it is not understood.

        Understood are dicts as they are written, ``dict(other, name = value)``, constants, and functions that do no
        more than return such a dict. ``inside`` are the names that are followed already.
        """
        if isinstance(expression, ast.Name):
            bound = self._bound(expression.id) if expression.id not in inside else None
            return self.pairs(bound, inside | {expression.id}) if bound is not None else None
        if isinstance(expression, ast.Dict):
            keys = [self._text(key) if key is not None else None for key in expression.keys]
            return _known_pairs(keys, map(self._text, expression.values))
        if not isinstance(expression, ast.Call):
            return None
        if getattr(expression.func, "id", "") == "dict":
            parts = [self.pairs(argument, inside) for argument in expression.args]
            named = _known_pairs(
                [keyword.arg for keyword in expression.keywords],
                (self._text(keyword.value) for keyword in expression.keywords),
            )
            known = [part for part in (*parts, named) if part is not None]
            return [pair for part in known for pair in part] if len(known) == len(parts) + 1 else None
        return self._read_returned(expression, BuildFile.pairs)

    def _strings(self, expression: ast.expr, inside: frozenset[str]) -> Iterator[Entry]:
        for part in summands(expression):
            if isinstance(part, (ast.List, ast.Tuple)):
                for element in part.elts:
                    yield from self._element(element)
            elif isinstance(part, ast.Name) and part.id not in inside and (bound := self._bound(part.id)) is not None:
                yield from self._strings(bound, inside | {part.id})
            elif isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                yield from self._call(part, part.func.id, inside)
            elif isinstance(part, ast.Call) and ast.unparse(part.func) == "selects.with_or":
                yield from self._call(part, "select", inside)
            else:
                self._complain(part, f"`{ast.unparse(part)}` is not followed")

    def _element(self, element: ast.expr) -> Iterator[Entry]:
        text = self._text(element)
        if text is not None:
            yield Entry(text, element.lineno)
        else:
            self._complain(element, f"`{ast.unparse(element)}` is no string")

    def _text(self, expression: ast.expr) -> str | None:
        """A string, or what sums, constants and functions make of strings; None for anything else."""
        if isinstance(expression, ast.Name):
            expression = self._bound(expression.id) or expression
        if isinstance(expression, ast.Constant):
            return expression.value if isinstance(expression.value, str) else None
        if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add):
            left, right = self._text(expression.left), self._text(expression.right)
            return left + right if left is not None and right is not None else None
        if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Mod):
            pattern, values = self._text(expression.left), expression.right
            texts = [self._text(e) for e in (values.elts if isinstance(values, ast.Tuple) else [values])]
            if (
                pattern is None
                or None in texts
                or pattern.count("%") != pattern.count("%s")
                or len(texts) != pattern.count("%")
            ):
                return None
            return pattern % tuple(texts)
        if not (isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name)):
            return None
        if expression.func.id in _CONVERSIONS and len(expression.args) == 1:
            return self._text(expression.args[0])
        return self._read_returned(expression, BuildFile._text)

    def _read_returned(self, call: ast.Call, read: Callable[[BuildFile, ast.expr], _Read | None]) -> _Read | None:
        """What is read of the expression that a function returns, None where that is not known."""
        returned = self._returned(call)
        if returned is None:
            return None
        file, value, arguments = returned
        file._arguments.append(arguments)
        found = read(file, value)
        file._arguments.pop()
        return found

    def _bound(self, name: str) -> ast.expr | None:
        """What a name stands for: an argument of the function that is followed, else a constant of the file."""
        if self._arguments and name in self._arguments[-1]:
            return self._arguments[-1][name]
        return self._constants.get(name)

    def _returned(self, call: ast.Call) -> tuple[BuildFile, ast.expr, dict[str, ast.expr]] | None:
        """The file of the function that is called, the expression that it returns, and its arguments."""
        name = getattr(call.func, "id", "")
        file: BuildFile | None = self
        for _ in range(_MAX_CALLS):
            if file is None or name in file._functions:
                break
            alias = file._constants.get(name)
            if isinstance(alias, ast.Name):
                name = alias.id
                continue
            label, name = file._loads.get(name, ("", name))
            file = file._loader(label, file.package) if label and file._loader is not None else None
        function = file._functions.get(name) if file is not None else None
        if file is None or function is None or len(file._arguments) >= _MAX_CALLS:
            return None
        body = [s for s in function.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
        if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None:
            return None
        bound: dict[str, ast.expr] = {}
        names = [argument.arg for argument in function.args.args]
        defaults = function.args.defaults
        bound |= dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
        given = [*zip(names, call.args, strict=False), *((k.arg, k.value) for k in call.keywords if k.arg)]
        for argument, value in given:
            text = self._text(value)
            known = self._bound(value.id) if isinstance(value, ast.Name) else None
            bound[argument] = ast.copy_location(ast.Constant(text), value) if text is not None else known or value
        return file, body[0].value, bound

    def _call(self, call: ast.Call, function: str, inside: frozenset[str]) -> Iterator[Entry]:
        if function == "glob":
            yield from self._glob(call, inside)
        elif function == "select" and call.args and isinstance(call.args[0], ast.Dict):
            yield from self._branches(call, lambda value: self._strings(value, inside))
        elif function.startswith("if_") and (known := self._followed(call)) is not None:
            yield from known
        elif function.startswith("if_"):
            for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
                yield from self._strings(argument, inside)
        elif (returned := self._returned(call)) is not None:
            yield from self._of_function(call, *returned)
        else:
            self._complain(call, f"what `{function}()` returns is not known")

    def _followed(self, call: ast.Call) -> list[Entry] | None:
        """What a function returns; None where that is not known, or not in full."""
        returned = self._returned(call)
        if returned is None:
            return None
        problems = len(self.diagnostics)
        entries = list(self._of_function(call, *returned))
        if len(self.diagnostics) == problems:
            return entries
        del self.diagnostics[problems:]
        return None

    def _branches(self, call: ast.Call, read: Callable[[ast.expr], Iterator[Entry]]) -> Iterator[Entry]:
        """The entries of all branches of a ``select``, each with its :class:`Branch`; none of any other call."""
        if not (call.args and isinstance(call.args[0], ast.Dict)):
            return
        number = len(self._selects)
        conditions = [(self._text(key) or "") if key is not None else "" for key in call.args[0].keys]
        self._selects.append(tuple(conditions))
        for condition, value in zip(conditions, call.args[0].values, strict=True):
            for entry in read(value):
                yield replace(entry, branch=Branch(number, condition))

    def _of_function(
        self, call: ast.Call, file: BuildFile, value: ast.expr, bound: dict[str, ast.expr]
    ) -> Iterator[Entry]:
        """What a function returns, as if the call were that; what is unclear there is unclear here."""
        already = len(file.diagnostics)
        file._arguments.append(bound)
        selects, file._selects = file._selects, self._selects
        entries = list(file._strings(value, frozenset()))
        file._selects = selects
        file._arguments.pop()
        if file is not self:
            self.diagnostics += file.diagnostics[already:]
        yield from (replace(entry, line=call.lineno) for entry in entries)

    def _glob(self, call: ast.Call, inside: frozenset[str]) -> Iterator[Entry]:
        arguments = dict(zip(("include", "exclude"), call.args, strict=False))
        arguments |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
        patterns = {
            name: [entry.text for entry in self._strings(arguments[name], inside)]
            for name in ("include", "exclude")
            if name in arguments
        }
        for path in glob_files(self._folder, patterns.get("include", ()), patterns.get("exclude", ())):
            yield Entry(path, call.lineno, globbed=True)

    def _complain(self, node: ast.expr, message: str) -> None:
        self.diagnostics.append(Diagnostic(Location(self.path, node.lineno), message))


class _Bound(ast.NodeTransformer):
    """Puts a string in the place of a name."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.copy_location(ast.Constant(self._text), node) if node.id == self._name else node


def _known_pairs(keys: Iterable[str | None], values: Iterable[str | None]) -> list[tuple[str, str]] | None:
    """Keys with their values; None where one of them is not known."""
    pairs = list(zip(keys, values, strict=True))
    known = [(key, value) for key, value in pairs if key is not None and value is not None]
    return known if len(known) == len(pairs) else None


def summands(expression: ast.expr) -> list[ast.expr]:
    """The operands of ``a + b + c`` from left to right, however many there are."""
    right: list[ast.expr] = []
    while isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add):
        right.append(expression.right)
        expression = expression.left
    return [expression, *reversed(right)]


MAX_BUILD_FILE = 1 << 21
"""Bytes; the largest BUILD file of a TensorFlow has 240,000. Parsed, a file takes 150 times its size in memory."""


def parse_build_file(path: str, folder: Path, source: bytes, loader: Loader | None = None) -> BuildFile | Diagnostic:
    """Parse the BUILD file at ``path`` (from the root of the checkout), which lies in ``folder``.

    ``loader`` gives the files that it loads functions from. Returns a diagnostic, with the line where there is one, for
    a file that is no Starlark.
    """
    if len(source) > MAX_BUILD_FILE:
        size = f"it has {len(source):,} bytes, more than {MAX_BUILD_FILE:,}"
        return Diagnostic(Location(path, 1), f"cannot be parsed: {size}")
    try:
        with warnings.catch_warnings():
            # Escapes that only Starlark knows ("\d") are Python's warning, not the user's.
            warnings.simplefilter("ignore")
            tree = ast.parse(source.decode("utf-8"), filename=path)
    except SyntaxError as error:
        return Diagnostic(
            Location(path, syntax_error_line(error, source.decode("utf-8"))), f"cannot be parsed: {error.msg}"
        )
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        return Diagnostic(Location(path, line), "cannot be parsed: it is not UTF-8 text")
    except ValueError as error:
        return Diagnostic(Location(path, 1), f"cannot be parsed: {error}")
    except (RecursionError, MemoryError):
        return Diagnostic(Location(path, 1), "cannot be parsed: it is nested too deeply")
    return BuildFile(path, folder, tree, loader)


_BLANKS_AND_COMMENTS = re.compile(r"(?:\s|#[^\n]*)*")
_FOR = re.compile(r"\bfor\b")
_NAMES = re.compile(r"[^\W\d]\w*|[(\[]")
"""What the names after ``for`` begin with."""


def syntax_error_line(error: SyntaxError, source: str) -> int:
    """The line of a syntax error, as Python 3.10 and 3.11 have it: later ones put two kinds of them elsewhere.

    Of ``name = )`` the place is what stands where a value should, from 3.12 on the name. Of ``for "a" …`` it is what
    stands where a name should, from 3.13 on what stands where ``in`` should. Comprehensions that are broken right after
    the name may still have the next line in 3.13, where earlier ones guess at a missing comma.
    """
    before = 0
    if error.msg == "expected argument value expression" and error.end_lineno and error.end_offset:
        before = _position(source, error.end_lineno, error.end_offset)
    elif error.msg == "'in' expected after for-loop variables" and error.lineno and error.offset:
        before = max(
            (word.end() for word in _FOR.finditer(source, 0, _position(source, error.lineno, error.offset))), default=0
        )
    if not before:
        return error.lineno or 1
    blanks = _BLANKS_AND_COMMENTS.match(source, before)
    place = blanks.end() if blanks else before
    if "for-loop" in error.msg and _NAMES.match(source, place):
        return error.lineno or 1  # there is a name, and all agree on what is wrong after it
    return source.count("\n", 0, place) + 1


def _position(source: str, line: int, offset: int) -> int:
    """Where a place is in the text; lines and offsets begin with 1."""
    return sum(map(len, source.splitlines(keepends=True)[: line - 1])) + offset - 1
