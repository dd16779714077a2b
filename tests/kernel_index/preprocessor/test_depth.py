"""What nests deeper than any source: refused or reported with its place, and never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.errors import PreprocessorError
from kernel_index.preprocessor.expand import Expander, ExpansionError
from kernel_index.preprocessor.macros import Macro, parse_define
from kernel_index.preprocessor.tokens import tokenize
from tests.kernel_index.preprocessor.programs import marks, run

DEEP = 3000


def table(*definitions: str) -> dict[str, Macro]:
    return {macro.name: macro for macro in map(parse_define, definitions)}


@pytest.mark.parametrize("bad", ["F(1", "A F(1, 2)", "F(F(1)", "A"])
def test_an_error_leaves_no_macro_disabled(bad: str) -> None:
    expander = Expander(table("F(x) x", "A F(F(2, 3))", "B A"))
    with pytest.raises(ExpansionError):
        expander.expand(tokenize(bad))
    assert expander.active == set()
    assert expander.expand(tokenize("F(F(2))")) == ["2"]


def test_a_bad_condition_does_not_spoil_the_next(tmp_path: Path) -> None:
    bad = "#define F(x) x\n#define A F(1, 2)\n#if A\n#endif\n"
    source = f"{bad}#if F(1)\nMARK(0, 1)\n#endif\n#undef A\n#define A 1\n#if A\nMARK(0, A)\n#endif\n"
    result = run(tmp_path, source)
    assert [call.line for call in result.calls] == [6, 11]
    assert [problem.line for problem in result.problems] == [3]


def test_conditions_do_not_use_up_the_steps_of_others() -> None:
    expander = Expander({})
    tokens = ["1"] * 300_000
    for _ in range(5):
        assert len(expander.expand(tokens)) == len(tokens)


def test_a_condition_in_the_arguments_of_a_call(tmp_path: Path) -> None:
    source = "#define F(x) x\n#define G F\nMARK(0, G (1\n#if F(1) && G(1)\n+ F(2)\n#endif\n))\n"
    assert marks(tmp_path, source) == ["1 + 2"]


CONDITIONS = {
    "parentheses": "(" * DEEP + "1" + ")" * DEEP,
    "negations": "!" * DEEP + "1",
    "choices": "1 ? " * DEEP + "1" + " : 0" * DEEP,
    "calls": "F(" * DEEP + "1" + ")" * DEEP,
    "sums": "1 + (" * DEEP + "1" + ")" * DEEP,
}


@pytest.mark.parametrize("kind", CONDITIONS)
def test_deep_conditions_are_problems_with_their_place(tmp_path: Path, kind: str) -> None:
    source = f"#define F(x) x\n#if {CONDITIONS[kind]}\nMARK(0, 1)\n#endif\n#if F(1)\nMARK(0, 2)\n#endif\n"
    result = run(tmp_path, source)
    assert [call.line for call in result.calls] == [6]
    assert [(problem.file, problem.line) for problem in result.problems] == [("main.cc", 2)]


def test_a_long_chain_of_macros_with_defined(tmp_path: Path) -> None:
    chain = "".join(f"#define A{i} A{i + 1} || defined(B{i})\n" for i in range(DEEP))
    result = run(tmp_path, f"{chain}#if A0\n#endif\nMARK(0, 1)\n")
    assert len(result.calls) == 1
    assert [(problem.file, problem.line) for problem in result.problems] == [("main.cc", DEEP + 1)]


def test_deep_calls_are_refused_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(PreprocessorError, match=r"main\.cc:2: .*nest"):
        run(tmp_path, "#define F(x) x\nMARK(0, " + "F(" * DEEP + "1" + ")" * (DEEP + 1) + "\n")


def test_calls_of_ninety_levels_are_expanded(tmp_path: Path) -> None:
    assert marks(tmp_path, "#define F(x) x\nMARK(0, " + "F(" * 90 + "1" + ")" * 91 + "\n") == ["1"]


def test_a_long_chain_of_macros_is_expanded(tmp_path: Path) -> None:
    chain = "".join(f"#define A{i} A{i + 1}\n#define F{i}(x) F{i + 1}(x)\n" for i in range(DEEP))
    assert marks(tmp_path, f"{chain}MARK(0, A0 F0(1))\n") == [f"A{DEEP} F{DEEP}(1)"]


def test_parentheses_and_braces_of_any_depth(tmp_path: Path) -> None:
    source = f"int a = {'(' * DEEP}1{')' * DEEP};\n{'{' * DEEP}{'}' * DEEP}\nMARK(0, {'(' * DEEP}1{')' * DEEP});\n"
    assert marks(tmp_path, source) == ["(" * DEEP + "1" + ")" * DEEP]


def test_options_within_options_are_no_macro(tmp_path: Path) -> None:
    result = run(tmp_path, f"#define F(...) {'__VA_OPT__(' * DEEP}1{')' * DEEP}\nMARK(0, F(1))\n")
    assert [(p.line, "cannot stand inside another" in p.message) for p in result.problems] == [(2, True)]


@pytest.mark.parametrize("last", ["#define A 1\n", "MARK(0, 1)\n"])
def test_headers_within_headers(tmp_path: Path, last: str) -> None:
    headers = {f"h{i}.h": f'#ifndef G{i}\n#define G{i}\n#include "h{i + 1}.h"\n#endif\n' for i in range(1200)}
    headers["h1200.h"] = last
    with pytest.raises(PreprocessorError, match=r"h199\.h:1: files include each other more than 200 deep"):
        run(tmp_path, '#include "h0.h"\nMARK(0, A)\n', headers)
    assert "1" in marks(tmp_path, '#include "h1002.h"\nMARK(0, A)\n', headers)


@pytest.mark.parametrize("last", ["#define A 1\n", "MARK(0, 1)\n"])
def test_headers_that_only_include_others_do_not_count(tmp_path: Path, last: str) -> None:
    headers = {f"h{i}.h": f'#pragma once\n#include "h{i + 1}.h"\n' for i in range(1200)}
    headers["h1200.h"] = f"#pragma once\n{last}"
    assert "1" in marks(tmp_path, '#include "h0.h"\nMARK(0, A)\n', headers)


def test_a_deep_header_with_deep_conditions(tmp_path: Path) -> None:
    headers = {f"h{i}.h": f'#pragma once\n#include "h{i + 1}.h"\n#define B{i}\n' for i in range(190)}
    deep = "F(" * 90 + "1" + ")" * 90
    headers["h190.h"] = f"#define F(x) x\n#if {deep}\n#define A 1\n#endif\n#if {CONDITIONS['calls']}\n#endif\n"
    assert marks(
        tmp_path, '#include "h0.h"\nMARK(0, A)\n' + "".join(f"#ifdef B{i}\n#endif\n" for i in range(190)), headers
    ) == ["1"]
