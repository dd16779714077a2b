"""Starlark in, the strings of its lists out; what is not followed is said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.build_files.starlark import BuildFile, parse_build_file
from kernel_index.records import Diagnostic

LOADED = """
def named(name, end = ".cc"):
    return name + end

def both(name):
    return [named(name), named(name, end = ".h")]

def odd(name):
    return [name, unheard(name)]

def guarded(name):
    if name:
        return [name]
    return []

again = both
"""


def parsed(text: str) -> BuildFile:
    def loader(label: str, _package: str) -> BuildFile | None:
        return read(LOADED, "defs.bzl") if label == ":defs.bzl" else None

    def read(source: str, name: str) -> BuildFile:
        found = parse_build_file(f"pkg/{name}", Path("/nowhere"), source.encode(), loader)
        assert isinstance(found, BuildFile), found
        return found

    return read(text, "BUILD")


def srcs(expression: str, before: str = "") -> tuple[list[str], list[str]]:
    """The strings of a target's ``srcs``, and what is said of the rest, as ``line: message``."""
    file = parsed(f'{before}\nrule(name = "x", srcs = {expression})\n')
    found = [entry.text for entry in file.strings(file.targets["x"].arguments["srcs"])]
    return found, [f"{d.location.line}: {d.message}" for d in file.diagnostics]


@pytest.mark.parametrize(
    ("expression", "before", "expected"),
    [
        ('["a%s.%s" % ("b", "c"), "%s.cc" % "d"]', "", ["ab.c", "d.cc"]),
        ('[NAME + ".cc", "%s.h" % NAME]', 'NAME = "n"', ["n.cc", "n.h"]),
        ('[Label("//a:b"), str("c"), clean_dep("d")]', "", ["//a:b", "c", "d"]),
        ('selects.with_or({("a", "b"): ["x.cc"], "//conditions:default": ["y.cc"]})', "", ["x.cc", "y.cc"]),
        ('if_android(["a.cc"], otherwise = ["b.cc"])', "", ["a.cc", "b.cc"]),
        ('both("a")', 'load(":defs.bzl", "both")', ["a.cc", "a.h"]),
        ('renamed("a")', 'load(":defs.bzl", renamed = "both")', ["a.cc", "a.h"]),
        ('again("a")', 'load(":defs.bzl", "again")', ["a.cc", "a.h"]),
        ('mine("a")', 'load(":defs.bzl", "both")\nmine = both', ["a.cc", "a.h"]),
        ('[named("a"), named("b", ".cu")]', 'load(":defs.bzl", "named")', ["a.cc", "b.cu"]),
    ],
)
def test_strings(expression: str, before: str, expected: list[str]) -> None:
    assert srcs(expression, before) == (expected, [])


@pytest.mark.parametrize(
    ("expression", "before", "problem"),
    [
        ('["%d" % "a"]', "", "`'%d' % 'a'` is no string"),
        ('["%s%s" % "a"]', "", "`'%s%s' % 'a'` is no string"),
        ('["%s" % 1]', "", "`'%s' % 1` is no string"),
        ('["a" + 1]', "", "`'a' + 1` is no string"),
        ("[1]", "", "`1` is no string"),
        ("[NAME]", "", "`NAME` is no string"),
        ('[unheard("a")]', "", "`unheard('a')` is no string"),
        ('[native.name("a")]', "", "`native.name('a')` is no string"),
        ("SOURCES", "", "`SOURCES` is not followed"),
        ("SOURCES", "SOURCES = SOURCES", "`SOURCES` is not followed"),
        ('unheard("a")', "", "what `unheard()` returns is not known"),
        ('both("a")', 'load(":none.bzl", "both")', "what `both()` returns is not known"),
        ('none("a")', 'load(":defs.bzl", "none")', "what `none()` returns is not known"),
        ('guarded("a")', 'load(":defs.bzl", "guarded")', "what `guarded()` returns is not known"),
        ("select(BRANCHES)", "BRANCHES = {}", "what `select()` returns is not known"),
    ],
)
def test_what_is_not_followed_is_said(expression: str, before: str, problem: str) -> None:
    found, said = srcs(expression, before)
    assert found == []
    assert [each.partition(": ")[2] for each in said] == [problem]


def test_what_is_unclear_in_a_function_of_another_file_is_said_with_its_place() -> None:
    file = parsed('load(":defs.bzl", "odd")\nrule(name = "x", srcs = odd("a"))\n')
    assert [entry.text for entry in file.strings(file.targets["x"].arguments["srcs"])] == ["a"]
    (problem,) = file.diagnostics
    assert (problem.location.file, problem.location.line) == ("pkg/defs.bzl", 9)


def test_functions_that_call_themselves_end() -> None:
    within = "def f(x):\n    return [g(x)]\n\ndef g(x):\n    return g(x)\n\ndef h(x):\n    return h(x)\n"
    assert srcs('f("a")', within)[0] == []
    assert srcs('h("a")', within)[0] == []


def test_targets_of_a_comprehension_over_strings() -> None:
    file = parsed('[rule(name = n + "_op", srcs = [n + ".cc"]) for n in ["a", "b", 1]]\n')
    assert list(file.targets) == ["a_op", "b_op"]
    assert [e.text for e in file.strings(file.targets["b_op"].arguments["srcs"])] == ["b.cc"]


@pytest.mark.parametrize(
    "text",
    ['[rule(name = n) for n in NAMES]', '[rule(name = n) for n in ["a"] if n]', '["a" for n in ["b"]]',
     'rule(name = 1)', 'a.b = ["x"]', 'x[0] = "y"', 'load(":defs.bzl", name = "both")'],
)  # fmt: skip
def test_what_makes_no_target_that_is_known(text: str) -> None:
    file = parsed(text)
    assert file.targets == {}
    assert file.diagnostics == []


def test_what_an_alias_stands_for() -> None:
    file = parsed('alias(name = "x", actual = select({"a": "one", "b": ":two"}))\nalias(name = "y", actual = "z")\n')
    assert [entry.text for entry in file.aliased(file.targets["x"])] == ["one", ":two"]
    assert [entry.text for entry in file.aliased(file.targets["y"])] == ["z"]
    assert parsed('alias(name = "x", actual = other("a"))\n').targets["x"].rule == "alias"


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [(b"a = 1\nb = (\n", 2, "'(' was never closed"), (b"a = 1\nb = '\xff'\n", 2, "it is not UTF-8 text"),
     (b"a = 1\0", 1, "null bytes")],
)  # fmt: skip
def test_what_is_no_starlark_has_a_line(source: bytes, line: int, problem: str) -> None:
    found = parse_build_file("pkg/BUILD", Path("/nowhere"), source)
    assert isinstance(found, Diagnostic)
    assert (str(found.location), problem in found.message) == (f"pkg/BUILD:{line}", True), found.message
