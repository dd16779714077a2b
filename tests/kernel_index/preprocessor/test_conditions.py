from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.preprocessor.expressions import ExpressionError, evaluate
from kernel_index.preprocessor.tokens import tokenize
from tests.kernel_index.preprocessor.programs import marked, marks, run

TRUE = [
    "1", "2 - 1", "(1 && 0) || 1", "!0", "~0 == -1", "-1 < 0", "-1 > 0u", "0x10 == 16", "010 == 8", "1 << 62 > 0",
    "7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1", "1 ? 2 : 0", "0 ? 0 : 3", "'a' == 97", "'\\n' == 10", "1000'000 > 1",
    "0 || (1 && !undefined)", "true", "1 || 1 / 0", "!(0 && 1 / 0)", "defined A", "defined(A) && !defined B",
    "A == 1", "F(2) == 3", "A + F(A) == 3", "not 0 and 1", "2 > 1 == 1", "(1 | 2 ^ 3 & 4) == 3", "0b101 == 5",
    "'\\x41' == 65", "'\\101' == 'A'", "'\\0' == 0", "'\\\\' == 92", "'\\'' == 39", "u'\\u00e9' == 0xe9", "'\\a' == 7",
]  # fmt: skip
FALSE = ["0", "B", "1 - 1", "defined(B)", "!A", "1 && 0 || 0", "0 ? 1 : 0", "false", "18446744073709551615u < 0"]


@pytest.mark.parametrize("expression", TRUE)
def test_true(expression: str, tmp_path: Path) -> None:
    source = f"#define A 1\n#define F(x) (x + 1)\n#if {expression}\nMARK(0, yes)\n#else\nMARK(0, no)\n#endif\n"
    assert marks(tmp_path, source) == ["yes"]


@pytest.mark.parametrize("expression", FALSE)
def test_false(expression: str, tmp_path: Path) -> None:
    source = f"#define A 1\n#if {expression}\nMARK(0, yes)\n#elif 1\nMARK(0, no)\n#else\nMARK(0, never)\n#endif\n"
    assert marks(tmp_path, source) == ["no"]


@pytest.mark.parametrize(
    "expression", ["", "1 +", "(1", "1 2", "1 / 0", '"a"', "F(1)", "defined", "defined(", "1.5", "#", "''", "'\\x'"]
)
def test_no_expression_is_a_problem_with_its_line(expression: str, tmp_path: Path) -> None:
    result = run(tmp_path, f"\n#if {expression}\nMARK(0, 1)\n#endif\n")
    assert [(p.file, p.line) for p in result.problems] == [("main.cc", 2)]
    assert result.calls == []


@pytest.mark.parametrize(
    ("definitions", "expected"),
    [
        ("#define HAS defined(X)\n", "no"),
        ("#define X\n#define HAS defined(X)\n", "yes"),
        ("#define X 0\n#define HAS (defined X && !defined(Y))\n", "yes"),
        ("#define X\n#define Y\n#define HAS HAS_X && !defined(Y)\n#define HAS_X defined(X)\n", "no"),
        ("#define HAS defined(HAS) && HAS\n", "no"),
    ],
)
def test_a_macro_may_hold_defined(definitions: str, expected: str, tmp_path: Path) -> None:
    """The standard leaves it open; GCC and Clang do what the author means."""
    headers = {"has.h": definitions}
    condition = "#if HAS\nMARK(0, yes)\n#else\nMARK(0, no)\n#endif\n"
    result = run(tmp_path, f'#include "has.h"\n{condition}', headers)
    assert [marked(call) for call in result.calls] == [expected]
    assert result.problems == []


def test_only_the_branch_taken_counts(tmp_path: Path) -> None:
    source = """
#ifndef A
MARK(0, 1)
#  if 0
#    define X
MARK(0, 2)
#  elif defined(X)
MARK(0, 3)
#  else
#    define A
#  endif
#endif
#ifdef A
MARK(0, 4)
#endif
"""
    assert marks(tmp_path, source) == ["1", "4"]
    assert marks(tmp_path, source, defines={"A": "1"}) == ["4"]


@pytest.mark.parametrize("source", ["#endif\nMARK(0, 1)\n", "#else\nMARK(0, 1)\n", "MARK(0, 1)\n#if 1\n"])
def test_unbalanced_conditionals_do_no_harm(source: str, tmp_path: Path) -> None:
    assert marks(tmp_path, source) == ["1"]


_NUMBERS = st.sampled_from(["0", "1", "2", "7", "-3", "0u", "5u", "9223372036854775807", "18446744073709551615u", "-1"])
_EXPRESSIONS = st.recursive(
    _NUMBERS,
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(
                ["+", "-", "*", "/", "%", "<", ">", "<=", ">=", "==", "!=", "&", "|", "^", "&&", "||", "<<", ">>"]
            ),
            inner,
        ).map(lambda t: f"({t[0]} {t[1]} {t[2]})" if t[1] not in ("<<", ">>") else f"({t[0]} {t[1]} ({t[2]} & 31))"),
        inner.map(lambda x: f"(! {x})"),
        inner.map(lambda x: f"(~ {x})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
    ),
    max_leaves=8,
)


@settings(max_examples=15, deadline=None)
@given(st.lists(_EXPRESSIONS, min_size=40, max_size=60))
def test_arithmetic_is_the_compilers(expressions: list[str]) -> None:
    source = "".join(f"#if {e}\n@{i}:1\n#else\n@{i}:0\n#endif\n" for i, e in enumerate(expressions))
    command = ["g++", "-E", "-P", "-w", "-x", "c++", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    refused = {int(line.split(":")[1]) // 5 for line in done.stderr.splitlines() if "division by zero" in line}
    answers = dict(part.split(":") for part in done.stdout.replace("@", " ").split())
    for i, expression in enumerate(expressions):
        if i in refused:
            with pytest.raises(ExpressionError, match="division by zero"):
                evaluate(tokenize(expression))
        else:
            assert (evaluate(tokenize(expression)) != 0) == (answers[str(i)] == "1"), expression
