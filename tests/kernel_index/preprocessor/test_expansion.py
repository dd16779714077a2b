"""Macro expansion, checked against the examples of the C++ standard and the habits of kernel sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.errors import PreprocessorError
from kernel_index.preprocessor.tokens import spell
from tests.kernel_index.preprocessor.programs import marks, run

CASES = {
    "object": ("#define A b c\nMARK(0, A A)", ["b c b c"]),
    "function": ("#define F(x, y) y<x>\nMARK(0, F(int, std::vector))", ["std::vector<int>"]),
    "nested call as argument": ("#define F(x) [x]\nMARK(0, F(F(a)))", ["[[a]]"]),
    "no call without parentheses": ("#define F(x) [x]\nMARK(0, F + F (a))", ["F + [a]"]),
    "empty argument": ("#define F(x) [x]\n#define G() g\nMARK(0, F() G())", ["[] g"]),
    "stringified as written": ('#define S(x) #x\nMARK(0, S( a   "b\\n" ))', ['"a \\"b\\\\n\\""']),
    "stringified after expansion": (
        "#define S2(x) #x\n#define S(x) S2(x)\n#define A 1\nMARK(0, S(A) S2(A))",
        ['"1" "A"'],
    ),
    "pasted": ("#define P(a, b) a##b\n#define XY 1\nMARK(0, P(X, Y) P(, Z) P(Z,))", ["1 Z Z"]),
    "pasted arguments are not expanded": ("#define X 9\n#define P(a, b) a ## b\nMARK(0, P(X, Y))", ["XY"]),
    "variadic": ("#define F(x, ...) x[__VA_ARGS__]\nMARK(0, F(a, b,  c) F(a))", ["a[b, c] a[]"]),
    "named pack": ("#define F(args...) [args]\nMARK(0, F(a, b))", ["[a, b]"]),
    "comma of an empty pack goes": ("#define F(x, ...) g(x, ##__VA_ARGS__)\nMARK(0, F(a) F(a, b))", ["g(a) g(a, b)"]),
    "va_opt": ("#define F(x, ...) g(x __VA_OPT__(,) __VA_ARGS__)\nMARK(0, F(a) F(a, b))", ["g(a ) g(a , b)"]),
    "not inside itself": ("#define f(x) x + f(x)\nMARK(0, f(f(1)))", ["1 + f(1) + f(1 + f(1))"]),
    "not inside each other": ("#define a b\n#define b a\nMARK(0, a b)", ["a b"]),
    "call that spans the end of a body": ("#define f(a) a*g\n#define g(a) f(a)\nMARK(0, f(2)(9))", ["2*9*g"]),
    "splice inside a call": ("#define F(x) [x]\nMARK(0, F(a \\\n b))", ["[a b]"]),
    "redefined and undefined": (
        "#define A 1\nMARK(0, A)\n#define A 2\nMARK(0, A)\n#undef A\nMARK(0, A)",
        ["1", "2", "A"],
    ),
    "template argument with a comma": ("#define F(x) [x]\nMARK(0, (F(a), b<c, d>))", ["([a], b<c, d>)"]),
    "macro that calls its parameter": ("#define EACH(m) m(1) m(2)\n#define ONE(x) MARK(0, x);\nEACH(ONE)", ["1", "2"]),
    "sink several macros deep": (
        "#define R1(x) MARK(0, x)\n#define R2(x) R1(x<x>) R1(x)\n#define R3(a, b) R2(a) R2(b)\nR3(p, q)",
        ["p<p>", "p", "q<q>", "q"],
    ),
    "sink whose name is pasted": ("#define R(kind) MA##kind(0, 1)\nR(RK)", ["1"]),
    "sink in the argument of a macro": ("#define ID(...) __VA_ARGS__\nID(MARK(0, 1);)", ["1"]),
    "line and counter": ("MARK(0, __LINE__ __COUNTER__ __COUNTER__)\n\nMARK(0, __LINE__)", ["1 0 1", "3"]),
}


@pytest.mark.parametrize("name", CASES)
def test_expansion(name: str, tmp_path: Path) -> None:
    source, expected = CASES[name]
    assert marks(tmp_path, source + "\n") == expected


def test_example_of_the_standard(tmp_path: Path) -> None:
    """[cpp.rescan], the long example."""
    source = """
#define x 3
#define f(a) f(x * (a))
#undef x
#define x 2
#define g f
#define z z[0]
#define h g(~
#define m(a) a(w)
#define w 0,1
#define t(a) a
#define p() int
#define q(x) x
#define r(x,y) x ## y
#define str(x) # x
MARK(0, 0) f(y+1) + f(f(z)) % t(t(g)(0) + t)(1);
MARK(0, 0) g(x+(3,4)-w) | h 5) & m
(f)^m(m);
MARK(0, 0) (p() i[q()] = { q(1), r(2,3), r(4,), r(,5), r(,) });
MARK(0, 0) (char c[2][6] = { str(hello), str() });
"""
    assert [spell(call.trailing) for call in run(tmp_path, source).calls] == [
        "f(2 * (y+1)) + f(2 * (f(2 * (z[0])))) % f(2 * (0)) + t(1)",
        "f(2 * (2+(3,4)-0,1)) | f(2 * (~ 5)) & f(2 * (0,1))^m(0,1)",
        "(int i[] = { 1, 23, 4, 5, })",
        '(char c[2][6] = { "hello", "" })',
    ]


def test_the_line_is_that_of_the_outermost_call(tmp_path: Path) -> None:
    source = "#define R(x) MARK(0, x)\n#define RR R(1) \\\n  R(2)\n\nint i; RR\nR(\n  3)\n"
    assert [(c.file, c.line) for c in run(tmp_path, source).calls] == [("main.cc", 5), ("main.cc", 5), ("main.cc", 6)]


def test_a_call_may_go_on_behind_a_directive(tmp_path: Path) -> None:
    source = "MARK(0,\n#ifdef A\n a\n#else\n b\n#endif\n c)\nMARK(0, d)\n"
    assert marks(tmp_path, source) == ["b c", "d"]
    assert marks(tmp_path, source, defines={"A": "1"}) == ["a c", "d"]


def test_what_follows_a_call_is_kept_up_to_the_semicolon(tmp_path: Path) -> None:
    calls = run(
        tmp_path, '#define X .b(1)\nMARK(0, a).c("s;") X\n#if 1\n.d([] { return 1; })\n#endif\n;MARK(0, e);'
    ).calls
    assert "".join(calls[0].trailing).replace(" ", "") == '.c("s;").b(1).d([]{return1;})'
    assert calls[1].trailing == ()


@pytest.mark.no_cover  # millions of times through lines that other tests cover
@pytest.mark.parametrize(
    "source",
    [
        "#define R(x) R(x)\nR(1) MARK(0, 1)\n#define S R(1) S\nMARK(0, 1)\n",
        "#define R(x) R(x) MARK(0, x)\nR(1)\n",
        "\n".join(f"#define E{i + 1} E{i} E{i} E{i} E{i}" for i in range(20)) + "\n#define E0 MARK(0, 1)\nE20\n",
    ],
)
def test_expansion_without_end_is_an_error_with_its_place(source: str, tmp_path: Path) -> None:
    if source.startswith("#define R(x) R(x)\nR(1) MARK"):
        assert marks(tmp_path, source) == ["1", "1"]  # R leads nowhere, so nobody waits for it
        return
    with pytest.raises(PreprocessorError, match=r"main\.cc:\d+: .*never ends"):
        run(tmp_path, source)


def test_a_wrong_number_of_arguments_is_a_problem_with_its_place(tmp_path: Path) -> None:
    result = run(tmp_path, "#define R(a, b) MARK(0, a b)\n\nR(1)\nR(1, 2)\n")
    assert [(p.file, p.line, p.message) for p in result.problems] == [
        ("main.cc", 3, "R takes 2 arguments, the call has 1")
    ]
