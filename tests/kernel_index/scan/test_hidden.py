"""Registrations that no profile has: they are found all the same, with the condition that hides them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.profiles import BuildProfile
from kernel_index.records import Condition, Location, Lost, ScanResult
from kernel_index.scan import ScanCache, scan_tree
from kernel_index.store import index_bytes, open_index
from tests.kernel_index.scan.trees import UNIT, problems, scan, tree

PHONE = BuildProfile("android", {"PHONE": "1", "GNU": "9"})
DESK = BuildProfile("desktop", {"DESK": "1", "GNU": "9"})


def scanned(folder: Path, source: str, unit: str = "") -> ScanResult:
    result = scan(folder, "" if unit else source, {unit: source} if unit else {}, (PHONE, DESK))
    assert problems(result) == []
    return result


def kernel(op: str) -> str:
    return f'REGISTER_KERNEL_BUILDER(Name("{op}").Device("GPU"), {op}Op);\n'


def conditions(result: ScanResult) -> dict[str, tuple[str, bool, str, int] | None]:
    """Op → macro, whether to define it, the condition and its line; None where nothing hides the op."""
    found: dict[str, tuple[str, bool, str, int] | None] = {}
    for record in result.registrations:
        hiding = record.condition
        found[record.op] = None
        if hiding is not None:
            assert hiding.location.file == UNIT
            found[record.op] = (hiding.macro, hiding.defined, hiding.text, hiding.location.line)
    return found


CASES = {
    "#if GOOGLE_CUDA\n{A}#endif\n": ("GOOGLE_CUDA", True, "#if GOOGLE_CUDA", 1),
    "#ifdef INTEL_MKL\n{A}#endif\n": ("INTEL_MKL", True, "#ifdef INTEL_MKL", 1),
    "#ifndef GNU\n{A}#endif\n": ("GNU", False, "#ifndef GNU", 1),
    "\n#  if   defined( GOOGLE_CUDA )  ||  \\\n  defined(ROCM) // on GPU\n{A}#endif\n": (
        "GOOGLE_CUDA", True, "#if defined( GOOGLE_CUDA ) || defined(ROCM)", 2,
    ),
    "#if GNU > 3\nint x;\n#else\n{A}#endif\n": ("GNU", True, "#else of line 1", 3),
    "#if PHONE\nint x;\n#elif DESK\nint y;\n#elif ODD\n{A}#endif\n": ("ODD", True, "#elif ODD", 5),
    "#if GOOGLE_CUDA\nint x;\n#if CUDNN\n{A}#endif\n#endif\n": ("GOOGLE_CUDA", True, "#if GOOGLE_CUDA", 1),
    "#ifdef GNU\n#ifdef CUDNN\n{A}#endif\n#endif\n": ("CUDNN", True, "#ifdef CUDNN", 2),
    "#ifdef ODD\n#ifdef GNU\nint x;\n#else\n{A}#endif\n#endif\n": ("ODD", True, "#ifdef ODD", 1),
}  # fmt: skip


@pytest.mark.parametrize("source", CASES)
def test_the_condition_that_hides_a_registration(source: str, tmp_path: Path) -> None:
    result = scanned(tmp_path, source.replace("{A}", kernel("A")))
    (record,) = result.registrations
    assert record.profiles == ()
    assert conditions(result) == {"A": CASES[source]}


def test_every_branch_names_its_own_condition(tmp_path: Path) -> None:
    source = f"#if GOOGLE_CUDA\n{kernel('A')}#endif\n{kernel('B')}#ifdef GOOGLE_CUDA\n{kernel('C')}#endif\n"
    assert conditions(scanned(tmp_path, source)) == {
        "A": ("GOOGLE_CUDA", True, "#if GOOGLE_CUDA", 1),
        "B": None,
        "C": ("GOOGLE_CUDA", True, "#ifdef GOOGLE_CUDA", 5),
    }


def test_a_condition_on_several_macros(tmp_path: Path) -> None:
    source = f"#if GOOGLE_CUDA && CUDNN\n{kernel('A')}#endif\n#if defined(DESK) && defined(ODD)\n{kernel('B')}#endif\n"
    assert conditions(scanned(tmp_path, source)) == {
        "A": ("GOOGLE_CUDA", True, "#if GOOGLE_CUDA && CUDNN", 1),
        "B": ("ODD", True, "#if defined(DESK) && defined(ODD)", 4),
    }


def test_what_some_profile_has_is_not_hidden(tmp_path: Path) -> None:
    source = f"#ifdef PHONE\n{kernel('A')}#else\n{kernel('B')}#endif\n"
    result = scanned(tmp_path, source)
    assert {r.op: r.profiles for r in result.registrations} == {"A": ("android",), "B": ("desktop",)}


def test_what_mobile_builds_lack_says_why(tmp_path: Path) -> None:
    source = f"#ifdef PHONE\nint x;\n#else\n{kernel('A')}#endif\n#ifdef DESK\n{kernel('B')}#endif\n"
    assert conditions(scanned(tmp_path, source)) == {
        "A": ("PHONE", False, "#else of line 1", 3),
        "B": ("DESK", True, "#ifdef DESK", 6),
    }


def test_a_branch_that_nothing_opens_registers_nothing(tmp_path: Path) -> None:
    assert scanned(tmp_path, f"#if 0\n{kernel('A')}#endif\n").registrations == ()


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("0 && GOOGLE_CUDA", False),
        ("defined(GOOGLE_CUDA) && 0", False),
        ("UNKNOWN(GOOGLE_CUDA, 2)", True),
        ("!(GOOGLE_CUDA && 0 && 1) && UNKNOWN(1)", True),
    ],
)
def test_only_what_some_macros_may_open_is_said_to_be_unknown(condition: str, said: bool, tmp_path: Path) -> None:
    found = scan(tmp_path, f"#if {condition}\n{kernel('A')}#endif\n")
    assert found.registrations == ()
    assert bool(problems(found)) == said


@pytest.mark.parametrize("source", [kernel("A"), f"#if GOOGLE_CUDA\n{kernel('A')}#endif\n"])
def test_sources_of_gpu_builds_have_kernels_in_no_profile(source: str, tmp_path: Path) -> None:
    unit = "tensorflow/core/kernels/a_op_gpu.cu.cc"
    (record,) = scanned(tmp_path, source, unit).registrations
    assert record.profiles == ()
    condition = record.condition
    assert condition is not None
    assert (condition.macro, condition.defined, condition.location.file) == ("GOOGLE_CUDA", True, unit)
    if "#if" not in source:
        assert condition == Condition("GOOGLE_CUDA", True, "a source file of GPU builds", Location(unit, 1))


def test_problems_in_hidden_branches_say_that_nobody_compiles_them(tmp_path: Path) -> None:
    source = '#define R(a, b) REGISTER_KERNEL_BUILDER(Name(a).Device("CPU"), b)\n#if ODD\nR("A");\n#endif\n'
    result = scan(tmp_path, source, profiles=(PHONE, DESK))
    assert problems(result) == ["unit.cc:3: R takes 2 arguments, the call has 1 (in a branch that no profile compiles)"]


def test_with_the_macro_on_top_the_profile_has_it(tmp_path: Path) -> None:
    profile = DESK.with_macros({"GOOGLE_CUDA": "1"})
    result = scan(tmp_path, f"#if GOOGLE_CUDA\n{kernel('A')}#endif\n", profiles=(profile,))
    assert [(r.profiles, r.condition) for r in result.registrations] == [(("desktop+-DGOOGLE_CUDA",), None)]


NUMBERS = {
    "#if VERSION >= 2006000000\n{A}#endif\n": ("VERSION >= 2006000000", "-DVERSION=2006000000"),
    "#if VERSION > 5\n{A}#endif\n": ("VERSION > 5", "-DVERSION=6"),
    "#if (VERSION) == 0x10L\n{A}#endif\n": ("VERSION == 0x10L", "-DVERSION=16"),
    "#if 3 <= VERSION\n{A}#endif\n": ("VERSION >= 3", "-DVERSION=3"),
    "#if VERSION != 0\n{A}#endif\n": ("VERSION != 0", "-DVERSION"),
    "#if VERSION >= 1\n{A}#endif\n": ("VERSION >= 1", "-DVERSION"),
    "#if defined(VERSION) && VERSION <= 7\n{A}#endif\n": ("VERSION <= 7", "-DVERSION"),
    "#if VERSION < 7\nint x;\n#else\n{A}#endif\n": ("VERSION >= 7", "-DVERSION=7"),
    "#if VERSION == 0\nint x;\n#elif VERSION < 7\nint y;\n#elif VERSION <= 9\n{A}#endif\n": (
        "VERSION != 0 and VERSION >= 7 and VERSION <= 9", "-DVERSION=7",
    ),
    "#if VERSION >= 5 && VERSION < 7\n{A}#endif\n": ("VERSION >= 5 and VERSION < 7", "-DVERSION=5"),
    "#if !(VERSION < 5)\n{A}#endif\n": ("VERSION >= 5", "-DVERSION=5"),
    "#if GNU > 3\nint x;\n#else\n{A}#endif\n": ("GNU <= 3", "-DGNU=3"),
    "#if GNU >= 12\n{A}#endif\n": ("GNU >= 12", "-DGNU=12"),
    "#if MAJOR >= 2 && MINOR >= 6\n{A}#endif\n": ("MAJOR >= 2 and MINOR >= 6", "-DMAJOR=2 -DMINOR=6"),
    "#if MAJOR > 2 || (MAJOR == 2 && MINOR >= 6)\n{A}#endif\n": ("MAJOR > 2 and MAJOR != 2", "-DMAJOR=3"),
    "#if ODD && VERSION >= 4\n{A}#endif\n": ("VERSION >= 4 and ODD defined", "-DODD -DVERSION=4"),
    "#if VERSION / 1000 == 26\n{A}#endif\n": ("a value of VERSION such as 26000", "-DVERSION=26000"),
    "#define LEAST 8\n#if VERSION >= LEAST\n{A}#endif\n": ("a value of VERSION such as 8", "-DVERSION=8"),
    "#ifdef VERSION\n#if VERSION >= 4\n{A}#endif\n#endif\n": ("VERSION >= 4", "-DVERSION=4"),
    "#if CUDA\n#if CUDNN >= 8\n{A}#endif\n#endif\n": ("CUDNN >= 8 and CUDA defined", "-DCUDA -DCUDNN=8"),
}  # fmt: skip


SOLVED = {
    "#if defined A && !defined(DESK) && B\n{A}#endif\n": "-DA -DB -UDESK",
    "#if defined(A) && defined(B)\n{A}#endif\n": "-DA -DB",
    "#if A ? B : 0\n{A}#endif\n": "-DA -DB",
    "#if A && B && C > 5\n{A}#endif\n": "-DA -DB -DC=6",
    "#if VERSION & 4\n{A}#endif\n": "-DVERSION=4",
    "#if (VERSION >> 16) >= 2\n{A}#endif\n": "-DVERSION=1048576",
    "#if MAJOR * 1000 + MINOR > 2006\n{A}#endif\n": "-DMAJOR=1000",
    "#define V (MAJOR * 100 + MINOR)\n#if V >= 206\n{A}#endif\n": "-DMAJOR=206",
    "#define AT(a, b) ((a) * 100 + (b))\n#if VERSION >= AT(2, 6)\n{A}#endif\n": "-DVERSION=384",
    "#ifdef PHONE\n#if ODD == 3\n{A}#endif\n#endif\n": "-DPHONE -DODD=3",
}  # fmt: skip


@pytest.mark.parametrize("source", SOLVED)
def test_conditions_that_no_single_macro_opens_are_solved(source: str, tmp_path: Path) -> None:
    (record,) = scanned(tmp_path, source.replace("{A}", kernel("A"))).registrations
    condition = record.condition
    assert condition is not None
    assert sorted(condition.arguments.split()) == sorted(SOLVED[source].split())
    # What it says is true: with these arguments, a profile has the kernel.
    flags = condition.arguments.split()
    define = {n: v or "1" for n, _, v in (f[2:].partition("=") for f in flags if f.startswith("-D"))}
    profile = DESK.with_macros(define, [f[2:] for f in flags if f.startswith("-U")])
    opened = scan(tmp_path, source.replace("{A}", kernel("A")), profiles=(profile,))
    assert [r.profiles for r in opened.registrations] == [(profile.name,)]


IN_HEADERS = {
    "#if VERSION > 5\n{A}#endif\n": "#if VERSION > 5",
    "#ifdef GNU\n#ifdef ODD\n{A}#endif\n#endif\n": "#ifdef ODD",
    "#ifndef DESK\nint x;\n#elif ODD\n{A}#endif\n": "#elif ODD",
}


@pytest.mark.parametrize("text", IN_HEADERS)
def test_what_a_header_registers_behind_a_condition(text: str, tmp_path: Path) -> None:
    result = scan(tmp_path, '#include "a.inc"\n', {"a.inc": text.replace("{A}", kernel("A"))}, (PHONE, DESK))
    assert problems(result) == []
    (record,) = result.registrations
    assert (record.profiles, record.location.file, record.unit) == ((), "a.inc", UNIT)
    assert record.condition is not None
    assert (record.condition.text, record.condition.location.file) == (IN_HEADERS[text], "a.inc")


def test_a_header_that_is_included_behind_a_condition(tmp_path: Path) -> None:
    headers = {"a.h": '#include "a.inc"\n', "a.inc": kernel("A")}
    source = '#ifdef ODD\n#include "a.h"\n#endif\n'
    root = tree(tmp_path, source, headers)
    results = [scan_tree(root, profiles=(PHONE, DESK), jobs=1, uncut=uncut) for uncut in (False, True)]
    assert results[0].registrations == results[1].registrations
    (record,) = results[0].registrations
    assert record.location == Location("a.inc", 1)
    assert record.condition == Condition("ODD", True, "#ifdef ODD", Location(UNIT, 1))


def test_a_branch_of_a_header_that_nothing_opens_is_said_once(tmp_path: Path) -> None:
    headers = {"a.inc": f"#if A && !A\n{kernel('A')}#endif\n"}
    result = scan(tmp_path, '#include "a.inc"\n', headers, (PHONE, DESK))
    (lost,) = [d for d in result.diagnostics if d.location.file == "a.inc"]
    assert (lost.location.line, lost.lost) == (1, Lost())


def test_all_macros_that_must_change_are_named(tmp_path: Path) -> None:
    (record,) = scanned(tmp_path, f"#if defined(A) && defined(B)\n{kernel('A')}#endif\n").registrations
    assert record.condition is not None
    assert record.condition.needs == "A defined and B defined"


@pytest.mark.parametrize("condition", ["A && !A", "MAKE(2, 6)", "A >= MAKE(2, 6)", '__has_include("a.h")', "A +"])
def test_a_branch_that_nothing_is_found_to_open_is_said(condition: str, tmp_path: Path) -> None:
    result = scan(tmp_path, f"#if {condition}\n{kernel('A')}#endif\n{kernel('B')}", profiles=(PHONE, DESK))
    assert [r.op for r in result.registrations] == ["B"]
    (lost,) = [d for d in result.diagnostics if d.location.file == UNIT]
    assert (lost.location, lost.lost) == (Location(UNIT, 1), Lost())
    assert f"#if {condition}" in lost.message


@pytest.mark.parametrize("source", NUMBERS)
def test_a_macro_that_is_compared_gets_a_number_of_the_other_side(source: str, tmp_path: Path) -> None:
    (record,) = scanned(tmp_path, source.replace("{A}", kernel("A"))).registrations
    condition = record.condition
    assert record.profiles == ()
    assert condition is not None
    assert (condition.needs, condition.arguments) == NUMBERS[source]
    # What it says is true: with these arguments, a profile has the kernel.
    flags = dict(flag.removeprefix("-D").partition("=")[::2] for flag in condition.arguments.split())
    profile = DESK.with_macros({name: value or "1" for name, value in flags.items()})
    opened = scan(tmp_path, source.replace("{A}", kernel("A")), profiles=(profile,))
    assert [r.profiles for r in opened.registrations] == [(profile.name,)]


def test_the_needs_of_a_condition_survive_index_and_cache(tmp_path: Path) -> None:
    root = tree(tmp_path / "tf", f"#if VERSION > 5\n{kernel('A')}#endif\n")
    cache = ScanCache(tmp_path / "cache")
    results = [scan_tree(root, profiles=(PHONE, DESK), jobs=1, cache=cache) for _ in range(2)]
    assert results[0] == results[1]
    (record,) = results[1].registrations
    assert record.condition == Condition(
        "VERSION", True, "#if VERSION > 5", Location(UNIT, 1), "VERSION > 5", "-DVERSION=6"
    )
    (tmp_path / "x.opselidx").write_bytes(index_bytes(results[1]))
    assert tuple(open_index(tmp_path / "x.opselidx").all_registrations()) == results[1].registrations


def test_a_macro_that_registers_nothing_on_a_phone_says_why(tmp_path: Path) -> None:
    """The call itself stands under no condition: the definition that it comes through does."""
    body = 'REGISTER_KERNEL_BUILDER(Name(#op).Device("CPU"), K)'
    source = f"int x;\n#ifdef DESK\n#define REG(op) {body}\n#else\n#define REG(op)\n#endif\nREG(A);\n"
    result = scanned(tmp_path / "own", source)
    assert {r.op: r.profiles for r in result.registrations} == {"A": ("desktop",)}
    assert conditions(result) == {"A": ("DESK", True, "#ifdef DESK", 2)}
    header = "tensorflow/core/kernels/reg.h"
    guarded = f"#ifndef REG_H_\n#define REG_H_\n{source.removesuffix('REG(A);' + chr(10))}#endif\n"
    includes = '#include "reg.h"\nREG(A);\n'
    found = scan(tmp_path / "header", includes, {header: guarded}, (PHONE, DESK))
    (record,) = found.registrations
    assert record.condition == Condition("DESK", True, "#ifdef DESK", Location(header, 4))
