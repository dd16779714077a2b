"""What scans leave out of headers and text, and what they share between units, changes nothing that is found."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.kernel_index.preprocessor.header_graphs import Program, difference, expected, random_program

PROGRAMS = int(os.environ.get("OPSELECT_HEADER_PROGRAMS", "100"))
"""How many random programs of several units are compared; ``python -m tests.fuzz.headers`` runs thousands."""

BATCH = 20


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++ to compare with")
@pytest.mark.parametrize("first", range(0, PROGRAMS, BATCH))
def test_random_programs(tmp_path: Path, first: int) -> None:
    programs = [random_program(seed) for seed in range(first, min(PROGRAMS, first + BATCH))]
    for program, theirs in zip(programs, expected(programs, tmp_path), strict=True):
        assert difference(program, theirs) == ""


GRAPHS = {
    "what a header does depends on what was included before": (
        {
            "a.h": '#pragma once\n#include "b.h"\n',
            "b.h": "#pragma once\n#ifndef A\n#define A 1\n#endif\n",
            "u0.cc": '#include "a.h"\nMARK(0, A);\n',
            "u1.cc": '#include "b.h"\n#undef A\n#include "a.h"\nMARK(0, A);\n',
        },
        [["1"], ["A"]],
    ),
    "a condition on the way to a header": (
        {
            "a.h": '#ifdef A\n#include "b.h"\n#endif\n',
            "b.h": "#define B 1\n",
            "c.h": "#define A\n",
            "u0.cc": '#include "c.h"\n#include "a.h"\nMARK(0, B);\n',
        },
        [["1"]],
    ),
    "two headers with one guard": (
        {
            "a.h": "#ifndef H\n#define H\n#define A 1\n#endif\n",
            "b.h": "#ifndef H\n#define H\n#define B 1\n#endif\n",
            "u0.cc": '#include "a.h"\n#include "b.h"\nMARK(0, A B);\n',
            "u1.cc": '#include "b.h"\n#include "a.h"\nMARK(0, A B);\n',
        },
        [["1B"], ["A1"]],
    ),
    "a guard that others ask for": (
        {
            "a.h": "#ifndef A_H\n#define A_H\n#endif\n",
            "u0.cc": '#include "a.h"\n#ifdef A_H\nMARK(0, 1);\n#endif\nMARK(0, [A_H]);\n',
        },
        [["1", "[]"]],
    ),
    "a header included twice that is to be": (
        {
            "t.h": "#ifdef A\n#undef A\n#else\n#define A 1\n#endif\n",
            "a.h": '#include "t.h"\n#include "t.h"\n',
            "u0.cc": '#include "a.h"\nMARK(0, A);\n#include "t.h"\nMARK(0, A);\n',
        },
        [["A", "1"]],
    ),
    "pragma once in a branch that is not taken": (
        {
            "a.h": "#ifdef ONCE\n#pragma once\n#endif\nMARK(0, 1);\n",
            "u0.cc": '#include "a.h"\n#include "a.h"\n',
            "u1.cc": '#define ONCE\n#include "a.h"\n#include "a.h"\n',
        },
        [["1", "1"], ["1"]],
    ),
    "headers in a circle": (
        {
            "a.h": '#pragma once\n#include "b.h"\n#include "c.h"\n',
            "b.h": '#pragma once\n#include "a.h"\n',
            "c.h": "#pragma once\n#define C 1\n",
            "u0.cc": '#include "a.h"\nMARK(0, C);\n',
            "u1.cc": '#include "b.h"\nMARK(0, C);\n',
        },
        [["1"], ["1"]],
    ),
    "a header in a circle that is being included already": (
        {
            "a.h": '#pragma once\n#include "b.h"\n#include "c.h"\n',
            "b.h": '#ifndef B\n#define B\n#include "a.h"\n#define A 1\n#endif\n',
            "c.h": "#pragma once\n#ifdef A\n#define C 1\n#else\n#define C 2\n#endif\n",
            "u0.cc": '#include "a.h"\nMARK(0, C);\n',
        },
        [["1"]],
    ),
    "names joined of arguments": (
        {
            "a.h": "#define CAT(l, r) l##r\n#define REG_2D(x) MARK(0, x)\n#define V_b 7\n"
            "#define CALL(n) CAT(REG_, n)(CAT(V_, b))\n",
            "u0.cc": '#include "a.h"\nCAT(REG_, 2D)(1);\nMARK(0, CAT(V_, b));\nCALL(2D);\n',
        },
        [["1", "7", "7"]],
    ),
    "a header that calls a macro of another, which calls one of the unit": (
        {
            "a.h": "#define MAKE(y) REG_##y(y)\n",
            "b.h": "MAKE(c);\n",
            "u0.cc": '#include "a.h"\n#define REG_c(x) MARK(0, x)\n#include "b.h"\n',
        },
        [["c"]],
    ),
    "what a call is given behind directives": (
        {
            "a.h": "#define ID(x) [x]\n#define A 1\n#define B 2\n#define NO(x)\n",
            "u0.cc": '#include "a.h"\n#define REG(x) MARK(0, x)\nREG(\n#if A\nB\n#endif\n);\n'
            "NO(\n#if A\nREG(1)\n#endif\n) REG(\n#ifdef C\n#else\nID(A)\n#endif\n);\n",
        },
        [["2", "[1]"]],
    ),
    "a call behind one that cannot be expanded": (
        {"u0.cc": "#define R(x) MARK(0, x)\n#define S(x) R(x)\nS(1, 2) R(3) S(4, 5) R(6);\nR(7);\n"},
        [["3", "6", "7"]],
    ),
    "a call that goes on behind a directive": (
        {
            "u0.cc": "#define ID(x) [x]\n#define NO(x)\nNO(\n#if 1\nMARK(0, 1)\n#endif\n)\n"
            "ID(\n#if 1\nMARK(0, 2)\n#endif\n)\n",
        },
        [["2"]],
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(tmp_path: Path, name: str) -> None:
    texts, found = GRAPHS[name]
    program = Program(texts, tuple(path for path in texts if path.endswith(".cc")), ({},))
    if shutil.which("g++") is not None:
        assert expected([program], tmp_path) == [found]
    assert difference(program, found) == ""
