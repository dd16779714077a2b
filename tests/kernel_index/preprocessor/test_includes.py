from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.errors import PreprocessorError
from tests.kernel_index.preprocessor.programs import marks, run


def test_macros_come_through_headers_of_headers(tmp_path: Path) -> None:
    headers = {
        "a/one.h": '#ifndef ONE\n#define ONE\n#include "a/two.h"\n#define R(x) P(x)\n#endif\n',
        "a/two.h": "#pragma once\n#define P(x) MARK(0, [x])\n",
    }
    assert marks(tmp_path, '#include "a/one.h"\nR(1)\n', headers) == ["[1]"]


def test_headers_are_found_beside_the_file_that_includes_them(tmp_path: Path) -> None:
    headers = {"a/one.h": '#include "two.h"\n', "a/two.h": "#define A 2\n", "two.h": "#define A 1\n"}
    assert marks(tmp_path, '#include "a/one.h"\nMARK(0, A)\n', headers) == ["2"]


def test_text_of_an_included_file_registers_where_it_stands(tmp_path: Path) -> None:
    headers = {"ops.inc": "\nMARK(0, T)\n"}
    source = '#define T 1\n#include "ops.inc"\n#undef T\n#define T 2\n#include "ops.inc"\n'
    calls = run(tmp_path, source, headers).calls
    assert [(c.file, c.line, c.arguments[1]) for c in calls] == [("ops.inc", 2, ("1",)), ("ops.inc", 2, ("2",))]


def test_a_guarded_header_counts_once(tmp_path: Path) -> None:
    headers = {"once.h": "#ifndef G\n#define G\nMARK(0, 1)\n#endif\n"}
    assert marks(tmp_path, '#include "once.h"\n#include "once.h"\n', headers) == ["1"]


def test_a_guard_that_its_own_header_asks_for(tmp_path: Path) -> None:
    inner = "#ifdef G\n#define A 1\n#else\n#define A 2\n#endif\n"
    headers = {"a.h": f"#ifndef G\n#define G\n{inner}#endif\n"}
    assert marks(tmp_path, '#include "a.h"\nMARK(0, A)\n', headers) == ["1"]


def test_what_a_unit_defines_reaches_its_headers(tmp_path: Path) -> None:
    headers = {"types.h": "#ifdef SLIM\n#define EACH(m) m(float)\n#else\n#define EACH(m) m(float) m(int)\n#endif\n"}
    source = '#include "types.h"\n#define R(t) MARK(0, t)\nEACH(R)\n'
    assert marks(tmp_path, source, headers) == ["float", "int"]
    assert marks(tmp_path, "#define SLIM\n" + source, headers) == ["float"]
    assert marks(tmp_path, source, headers, {"SLIM": "1"}) == ["float"]


def test_a_header_that_depends_on_another_that_is_included_before_it(tmp_path: Path) -> None:
    headers = {
        "platform.h": "#pragma once\n#ifdef PHONE\n#define MOBILE\n#endif\n",
        "types.h": "#pragma once\n#ifdef MOBILE\n#define T float\n#else\n#define T double\n#endif\n",
    }
    before = '#include "platform.h"\n#include "types.h"\nMARK(0, T)\n'
    after = '#include "types.h"\n#include "platform.h"\nMARK(0, T)\n'
    assert marks(tmp_path, before, headers, {"PHONE": "1"}) == ["float"]
    assert marks(tmp_path, after, headers, {"PHONE": "1"}) == ["double"]


def test_a_macro_of_a_header_may_be_undefined_by_another(tmp_path: Path) -> None:
    headers = {
        "a.h": "#pragma once\n#define A 1\n",
        "b.h": '#pragma once\n#include "a.h"\n#undef A\n',
        "c.h": '#include "a.h"\n',
    }
    assert marks(tmp_path, '#include "a.h"\n#include "b.h"\n#include "c.h"\nMARK(0, A)\n', headers) == ["A"]


def test_every_condition_of_a_chain_counts(tmp_path: Path) -> None:
    chain = "#if defined(A)\n#define T float\n#elif defined(B)\n#define T int\n#else\n#define T char\n#endif\n"
    headers = {"b.h": "#pragma once\n#define B\n", "types.h": f'#include "b.h"\n{chain}'}
    assert marks(tmp_path, '#include "types.h"\nMARK(0, T)\n', headers) == ["int"]
    assert marks(tmp_path, '#include "types.h"\nMARK(0, T)\n', headers, {"A": ""}) == ["float"]


def test_an_x_macro_header_uses_the_macros_of_its_includer(tmp_path: Path) -> None:
    headers = {"list.h": "#define LIST ITEM(a) ITEM(b)\n"}
    assert marks(tmp_path, '#include "list.h"\n#define ITEM(x) MARK(0, x);\nLIST\n', headers) == ["a", "b"]


def test_an_include_may_be_a_macro(tmp_path: Path) -> None:
    headers = {"real.h": "#define A 5\n"}
    assert marks(
        tmp_path, '#include "real.h"\n#define NAME "real.h"\n#undef A\n#include NAME\nMARK(0, A)\n', headers
    ) == ["5"]


def test_headers_that_are_not_there_are_skipped(tmp_path: Path) -> None:
    assert marks(tmp_path, '#include <vector>\n#include "absl/x.h"\nMARK(0, 1)\n') == ["1"]


def test_a_header_cycle_ends_by_its_guards(tmp_path: Path) -> None:
    headers = {
        "a.h": '#ifndef A_H\n#define A_H\n#include "b.h"\n#define A B\n#endif\n',
        "b.h": '#ifndef B_H\n#define B_H\n#include "a.h"\n#define B 7\n#endif\n',
    }
    assert marks(tmp_path, '#include "a.h"\nMARK(0, A)\n', headers) == ["7"]


def test_a_file_that_includes_itself_for_ever_is_an_error(tmp_path: Path) -> None:
    headers = {"loop.h": '#define A 1\n#include "loop.h"\nMARK(0, A)\n'}
    with pytest.raises(PreprocessorError, match=r"loop\.h:1: .*200 deep"):
        run(tmp_path, '#include "loop.h"\n', headers)


def test_an_include_whose_macro_cannot_be_expanded_is_a_problem_with_its_line(tmp_path: Path) -> None:
    result = run(tmp_path, "#define NAME(x) x\n#include NAME(1\nMARK(0, a)\n")
    assert [(p.file, p.line, p.message) for p in result.problems] == [
        ("main.cc", 2, "#include NAME(1: the call of NAME does not end")
    ]
    assert [call.line for call in result.calls] == [3]
