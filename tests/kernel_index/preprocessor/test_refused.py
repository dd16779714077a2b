"""Directives and expansions that the standard forbids: what is around them is read all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.preprocessor.macros import MacroSyntaxError, parse_define
from tests.kernel_index.preprocessor.programs import marked, marks, run

NO_BODY = {
    "#define F(x) ## x": "'##' cannot stand at either end of a replacement list",
    "#define F(x) x ##": "'##' cannot stand at either end of a replacement list",
    "#define F(x) #y": "'#' is not followed by a macro parameter",
    "#define F(x) #": "'#' is not followed by a macro parameter",
    "#define F(x, ...) x __VA_OPT__ x": "__VA_OPT__ is not followed by parentheses",
    "#define F(x, ...) x __VA_OPT__(x": "__VA_OPT__ is not followed by parentheses",
}


@pytest.mark.parametrize("head", ["1", "F(x", "F(1)", "F(x, x)", "F(...,x)", ""])
def test_what_defines_no_macro_leaves_the_last_one(head: str, tmp_path: Path) -> None:
    assert marks(tmp_path, f"#define F 1\n#define {head} x\nMARK(0, F)\n") == ["1"]
    with pytest.raises(MacroSyntaxError):
        parse_define(f"{head} x")


@pytest.mark.parametrize("directive", NO_BODY)
def test_a_macro_that_cannot_be_expanded_is_a_problem_where_it_is_called(directive: str, tmp_path: Path) -> None:
    result = run(tmp_path, f"{directive}\nMARK(0, F(1))\nMARK(0, read)\n")
    assert [(p.file, p.line, NO_BODY[directive] in p.message) for p in result.problems] == [("main.cc", 2, True)]
    assert [marked(call) for call in result.calls] == ["read"]
    assert run(tmp_path, f"{directive}\nMARK(0, read)\n").problems == []


@pytest.mark.parametrize("character", ["''", "'\\x'", "'\\xg'"])
def test_a_character_that_is_none(character: str, tmp_path: Path) -> None:
    result = run(tmp_path, f"\n#if {character}\nMARK(0, never)\n#endif\nMARK(0, read)\n")
    assert [marked(call) for call in result.calls] == ["read"]
    assert [(p.file, p.line) for p in result.problems] == [("main.cc", 2)]


def test_the_branches_of_c23(tmp_path: Path) -> None:
    source = "#ifdef A\nMARK(0, a)\n#elifdef B\nMARK(0, b)\n#elifndef C\nMARK(0, c)\n#else\nMARK(0, d)\n#endif\n"
    assert [marks(tmp_path, source, defines=defines)[0] for defines in ({"A": "1"}, {"B": ""}, {}, {"C": "1"})] == [
        "a", "b", "c", "d",
    ]  # fmt: skip


def test_the_file_that_stands_around_a_statement(tmp_path: Path) -> None:
    headers = {"within.h": "#define WHERE __FILE__\nMARK(0, __FILE__)\n"}
    assert marks(tmp_path, '#include "within.h"\nMARK(0, WHERE)\n', headers) == ['"within.h"', '"main.cc"']


def test_characters_that_begin_no_token_are_passed_on(tmp_path: Path) -> None:
    assert marks(tmp_path, "#define A 1\nMARK(0, A \x7f A @ A \\ A)\n") == ["1 \x7f 1 @ 1 \\ 1"]
