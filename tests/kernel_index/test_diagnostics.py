"""What could not be evaluated: what it was about, and how it is said in few lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.diagnostics import in_few_lines, unevaluated, unevaluated_text
from kernel_index.records import Diagnostic, Location, Lost
from kernel_index.scan import ScanCache, scan_tree
from kernel_index.store import index_bytes, open_index
from tests.kernel_index.scan.trees import PLAIN, scan, tree

C_API = 'void f(Op* op) {{ {0} b = TF_NewKernelBuilder({1}, c, d, e); TF_RegisterKernelBuilder("K", b, s); }}'
LOST = {
    'REGISTER_KERNEL_BUILDER(Name(kOdd).Device("CPU"), K);': Lost("kernel"),
    'REGISTER_KERNEL_BUILDER(Name("A").Device(kOdd), K);': Lost("kernel", "A"),
    'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").TypeConstraint<odd>("T"), K);': Lost("kernel", "A", "odd"),
    'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").TypeConstraint<char>("T"), K);': Lost("kernel", "A", "char"),
    "REGISTER_OP(kOdd);": Lost("op"),
    'REGISTER_OP("A").Attr(kOdd);': Lost("op", "A"),
    '#define R(d) REGISTER_KERNEL_BUILDER(Name("A").Device(d), K);\nR(kOdd)': Lost("kernel", "A", "", "R"),
    '#define R(a, b) REGISTER_OP(a)\nR("A");': Lost(),
    "#if 1 / 0\n#endif": None,
    C_API.format("auto", 'kOdd, "CPU"'): Lost("kernel"),
    C_API.format("auto", '"A", kOdd'): Lost("kernel", "A"),
    C_API.format("auto n = op->name(); auto", 'n, "CPU"'): None,
}


@pytest.mark.parametrize("source", LOST)
def test_what_a_diagnostic_is_about(source: str, tmp_path: Path) -> None:
    (found,) = (d for d in scan(tmp_path, source + "\n").diagnostics if d.location.file.endswith("unit.cc"))
    assert found.lost == LOST[source]


def test_it_survives_index_and_cache(tmp_path: Path) -> None:
    root = tree(tmp_path / "tf", "".join(f"{source}\n" for source in LOST))
    cache = ScanCache(tmp_path / "cache")
    first, second = (scan_tree(root, profiles=(PLAIN,), jobs=1, cache=cache) for _ in range(2))
    assert first.diagnostics == second.diagnostics
    (tmp_path / "x.opselidx").write_bytes(index_bytes(second))
    assert open_index(tmp_path / "x.opselidx").diagnostics == first.diagnostics
    assert {d.lost for d in first.diagnostics} >= {Lost("kernel", "A", "odd"), Lost("kernel", "A", "", "R"), None}


def lost(line: int, message: str, about: Lost | None) -> Diagnostic:
    return Diagnostic(Location("a.cc", line), message, about)


def test_unknown_types_are_one_line() -> None:
    found = [lost(n, f"'t{n % 3}' is no type", Lost("kernel", f"Op{n}", f"t{n % 3}")) for n in range(1, 1001)]
    assert in_few_lines(found) == [
        "1000 registrations of types t0, t1, t2 left out: not known as data types (the first at a.cc:1)"
    ]
    assert in_few_lines(found[:1]) == ["a.cc:1: 't1' is no type"]
    many = [lost(1, f"'t{n}' is no type", Lost("kernel", "A", f"t{n:02}")) for n in range(20)]
    assert in_few_lines(many)[0].startswith(
        "20 registrations of types t00, t01, t02, t03, t04, t05, t06, t07 and 12 more"
    )


def test_what_fails_alike_in_a_macro_is_one_line() -> None:
    found = [lost(n, f"the value of 'F({n})' is not known", Lost("kernel", "", "", "REGISTER")) for n in range(1, 9)]
    other = lost(20, "the value of 'G' is not known", Lost("kernel", "", "", "OTHER"))
    place = [lost(n, f"#if {n}: is odd", None) for n in range(30, 35)]
    assert in_few_lines([*found, other, *place]) == [
        "a.cc:1: the value of 'F(1)' is not known; and 7 more registrations through REGISTER that fail alike",
        "a.cc:20: the value of 'G' is not known",
        *(f"a.cc:{n}: #if {n}: is odd" for n in range(30, 35)),
    ]
    assert len(in_few_lines(found[:3])) == 3


def test_the_same_unknown_of_many_macros_and_collisions_are_one_line() -> None:
    found = [lost(n, "the value of 'kOdd' is not known", Lost("kernel", f"Op{n}", "", f"M{n}")) for n in range(1, 7)]
    rivals = [lost(n, f"a kernel of Op{n} for CPU collides with the one at b.cc:{n}", None) for n in (1, 2, 3, 4)]
    assert in_few_lines([*found, *rivals]) == [
        "a.cc:1: the value of 'kOdd' is not known; and 5 more registrations that fail alike",
        "a.cc:1: a kernel of Op1 for CPU collides with the one at b.cc:1; and 3 more registrations that collide alike",
    ]


def test_conditions_on_one_macro_that_cannot_be_evaluated_are_one_line(tmp_path: Path) -> None:
    source = "".join(f"#if AT_LEAST({number})\n#endif\n" for number in range(1000)) + "#if OTHER(1)\n#endif\n"
    lines = in_few_lines(d for d in scan(tmp_path, source).diagnostics if "unit.cc" in d.location.file)
    assert [line.partition("unit.cc")[2] for line in lines] == [
        ":1: #if AT_LEAST(0): 'AT_LEAST' is no macro with arguments; and 999 more places that fail alike",
        ":2001: #if OTHER(1): 'OTHER' is no macro with arguments",
    ]


def test_which_registrations_may_be_an_op() -> None:
    about = (Lost("kernel"), Lost("kernel", "A"), Lost("kernel", "B"), None)
    found = [lost(n, "x", one) for n, one in enumerate(about, start=1)]
    assert [d.location.line for d in unevaluated("A", found)] == [2, 1]
    assert [d.location.line for d in unevaluated("A", found, named=True)] == [2]
    assert unevaluated_text(unevaluated("A", found)) == (
        "a registration in a.cc:2, a.cc:1 could not be evaluated and may be this op"
    )
    assert "a.cc:3 and 2 more places could" in unevaluated_text([lost(n, "x", Lost()) for n in range(1, 6)])
