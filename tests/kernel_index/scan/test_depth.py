"""Deep input in a scan: it goes on, or ends with an error that has the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel_index.scan.trees import problems, scan

REGISTRATION = 'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU"), K);\n'
DEEP = 1500

SOURCES = {
    "a path of many folders": f'#include "{"a/" * DEEP}x.h"\n',
    "a path of many parents": f'#include "{"../" * DEEP}x.h"\n',
    "a long name": f"#include <{'a' * 100_000}.h>\n",
    "parentheses": f"int a = {'(' * DEEP}1{')' * DEEP};\n",
    "namespaces": "namespace n { " * DEEP + "}" * DEEP + "\n",
    "classes": "class C { " * DEEP + "};" * DEEP + "\n",
    "templates": f"{'A<' * DEEP}int{'>' * DEEP} a;\n",
    "conditionals": "#if 1\n" * DEEP + "#endif\n" * DEEP,
}


@pytest.mark.parametrize("kind", SOURCES)
def test_deep_sources_lose_nothing(tmp_path: Path, kind: str) -> None:
    result = scan(tmp_path, SOURCES[kind] + REGISTRATION)
    assert [record.op for record in result.registrations] == ["A"]
    assert problems(result) == []


@pytest.mark.parametrize(
    "source",
    [
        'REGISTER_KERNEL_BUILDER(Name("B").Device("CPU").HostMemory(' + "(" * DEEP + '"a"' + ")" * DEEP + "), K);\n",
        'REGISTER_KERNEL_BUILDER(Name("B").Device(k0), K);\n'
        + "".join(f"const char* k{i} = k{i + 1};\n" for i in range(DEEP)),
        'void f() { b = TF_NewKernelBuilder("B", k0, c, d, e); TF_RegisterKernelBuilder("K", b, s); }\n'
        + "".join(f"const char* k{i} = k{i + 1};\n" for i in range(DEEP)),
        "REGISTER_OP(k0);\n" + "".join(f"const char* k{i} = k{i + 1};\n" for i in range(DEEP)),
    ],
)
def test_deep_registrations_are_reported_with_their_place(tmp_path: Path, source: str) -> None:
    result = scan(tmp_path, source + REGISTRATION)
    assert [record.op for record in result.registrations] == ["A"]
    (problem,) = problems(result)
    assert problem.startswith("unit.cc:1: ")
