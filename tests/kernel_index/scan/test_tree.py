from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernel_index.errors import OpselectError, PreprocessorError, SourceTreeError
from kernel_index.preprocessor.files import MAX_SOURCE
from kernel_index.profiles import PROFILE_NAMES, BuildProfile
from kernel_index.records import ScanResult
from kernel_index.scan import scan_tree
from tests.kernel_index.scan.trees import PLAIN, UNIT, kernels, problems, scan, tree

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures" / "kernel_tree"


def registers(op: str) -> str:
    return f'REGISTER_KERNEL_BUILDER(Name("{op}").Device("CPU"), {op}Op);\n'


def places(result: ScanResult) -> dict[str, str]:
    """Where each op is registered."""
    return {r.op: r.location.file for r in result.registrations}


def test_one_process_or_several_find_the_same() -> None:
    alone = scan_tree(FIXTURE, jobs=1)
    assert scan_tree(FIXTURE, jobs=2) == alone


def test_many_sources_in_several_processes(tmp_path: Path) -> None:
    files = {}
    for i in range(40):
        includes = f'#include "h{i % 5}.h"\n#include <x{i % 3}>\n'
        text = f"#if ODD({i})\n#endif\nR{i % 5}\n#ifdef GOOGLE_CUDA\n{registers(f'Gpu{i}')}#endif\n{' ' * i * 100}"
        files[f"tensorflow/core/kernels/k{i}.cc"] = includes + text
    for i in range(5):
        text = f'#pragma once\n#include "h{(i + 1) % 5}.h"\n#define R{i} {registers(f"A{i}")}'
        files[f"tensorflow/core/kernels/h{i}.h"] = text
    root = tree(tmp_path, registers("A"), files)
    alone = scan_tree(root, jobs=1)
    assert len(alone.registrations) == 81
    assert len(problems(alone)) == 40
    assert alone.missing_headers == ("x0", "x1", "x2")
    assert [scan_tree(root, jobs=jobs) for jobs in (2, 5)] == [alone, alone]


def test_a_registration_names_the_profiles_that_have_it(tmp_path: Path) -> None:
    source = f"{registers('Always')}#ifdef PHONE\n{registers('Phone')}#else\n{registers('Desk')}#endif\n"
    both = (BuildProfile("phone", {"PHONE": "1"}), BuildProfile("desktop", {}))
    result = scan(tmp_path, source, profiles=both)
    assert result.profiles == ("phone", "desktop")
    assert {r.op: r.profiles for r in result.registrations} == {
        "Always": ("phone", "desktop"), "Phone": ("phone",), "Desk": ("desktop",),
    }  # fmt: skip


@pytest.mark.parametrize("there", [True, False])
def test_without_the_header_that_tells_phones_apart_it_is_said(tmp_path: Path, there: bool) -> None:
    platform = "#if defined(__ANDROID__)\n#define IS_MOBILE_PLATFORM\n#endif\n"
    headers = {"tensorflow/core/platform/platform.h": '#include "tsl/platform/platform.h"\n'}
    if there:
        headers["third_party/xla/third_party/tsl/tsl/platform/platform.h"] = platform
    source = (
        '#include "tensorflow/core/platform/platform.h"\n#ifndef IS_MOBILE_PLATFORM\n' + registers("Desk") + "#endif\n"
    )
    profiles = (BuildProfile("android", {"__ANDROID__": "1"}), BuildProfile("desktop", {}))
    result = scan(tmp_path, source, headers, profiles)
    assert [r.profiles for r in result.registrations] == [("desktop",) if there else ("android", "desktop")]
    said = (
        'tensorflow/core/platform/platform.h:1: "tsl/platform/platform.h" is not in the tree: '
        "which kernels are left out of mobile builds is not known"
    )
    assert problems(result) == ([] if there else [said])


def test_without_profiles_those_of_the_release_are_scanned(tmp_path: Path) -> None:
    result = scan(tmp_path, registers("A"), profiles=None)
    assert result.profiles == PROFILE_NAMES
    assert [r.profiles for r in result.registrations] == [PROFILE_NAMES]
    assert result.release == "2.4.9"


def test_the_release_may_be_named_by_hand(tmp_path: Path) -> None:
    root = tree(tmp_path, f"#ifdef USE_GEMM_FOR_CONV\n{registers('A')}#endif\n")
    old = scan_tree(root, release="1.13.0", jobs=1)
    assert old.release == "1.13.0"
    assert [r.profiles for r in old.registrations] == [("ios",)]
    (root / "tensorflow/core/public/version.h").unlink()
    assert scan_tree(root, release="1.13.0", jobs=1).registrations == old.registrations
    with pytest.raises(OpselectError, match=r"'nightly' is no TensorFlow version; write it like 2\.14\.0"):
        scan_tree(root, release="nightly", jobs=1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_counts_up_to_the_number_of_sources(jobs: int, tmp_path: Path) -> None:
    root = tree(tmp_path, registers("A"), {f"tensorflow/core/kernels/k{i}.cc": registers(f"B{i}") for i in range(20)})
    seen: list[tuple[int, int]] = []
    result = scan_tree(root, profiles=(PLAIN,), jobs=jobs, progress=lambda done, total: seen.append((done, total)))
    assert len(result.registrations) == 21
    assert seen[-1] == (21, 21)
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {21}


def test_tests_benchmarks_and_files_without_registrations(tmp_path: Path) -> None:
    kernels_folder = "tensorflow/core/kernels"
    headers = {
        f"{kernels_folder}/conv_op_test.cc": registers("InTest"),
        f"{kernels_folder}/conv_benchmark.cc": registers("InBenchmark"),
        f"{kernels_folder}/testdata/conv.cc": registers("InTestdata"),
        f"{kernels_folder}/plain_test.cc": "int main() { return 0; }\n",
        f"{kernels_folder}/latest_op.cc": registers("Latest"),
        "tensorflow/contrib/x/kernels/x_op.cc": registers("Contrib"),
        "tensorflow/contrib/x/helper.cc": "int helper() { return 0; }\n",
        "other/kernels/y_op.cc": registers("Elsewhere"),
        f"{kernels_folder}/notes.txt": registers("NoSource"),
    }
    result = scan(tmp_path, registers("A"), headers)
    assert places(result) == {
        "A": UNIT, "Contrib": "tensorflow/contrib/x/kernels/x_op.cc", "Latest": f"{kernels_folder}/latest_op.cc",
    }  # fmt: skip
    assert dict(result.skipped_files) == {
        f"{kernels_folder}/conv_op_test.cc": "a test or a helper of tests",
        f"{kernels_folder}/testdata/conv.cc": "a test or a helper of tests",
        f"{kernels_folder}/conv_benchmark.cc": "a benchmark",
    }


def test_a_kernel_source_may_name_its_registration_macro_in_a_header_only(tmp_path: Path) -> None:
    headers = {"tensorflow/core/kernels/r.h": "#define R(op) " + registers("A").replace('"A"', "#op")}
    assert kernels(tmp_path, '#include "tensorflow/core/kernels/r.h"\nR(Wrapped)\n', headers) == ["Wrapped@CPU: AOp"]


def test_headers_that_the_tree_lacks_are_listed(tmp_path: Path) -> None:
    headers = {"tensorflow/core/kernels/a.h": '#include "third_party/eigen.h"\n'}
    source = f'#include "tensorflow/core/kernels/a.h"\n#include <vector>\n{registers("A")}'
    assert scan(tmp_path, source, headers).missing_headers == ("third_party/eigen.h", "vector")


# Extra roots.


def test_an_extra_root_inside_the_tree(tmp_path: Path) -> None:
    root = tree(tmp_path, registers("A"), {"my_ops/deep/fast_op.cc": registers("Fast")})
    assert places(scan_tree(root, profiles=(PLAIN,), jobs=1)) == {"A": UNIT}
    result = scan_tree(root, profiles=(PLAIN,), extra_roots=[root / "my_ops"], jobs=1)
    assert places(result) == {"A": UNIT, "Fast": "my_ops/deep/fast_op.cc"}


def test_an_extra_root_may_be_a_folder_of_tests_or_the_tree_itself(tmp_path: Path) -> None:
    in_tests = "tensorflow/core/kernels/tests/odd_op.cc"
    root = tree(tmp_path, registers("A"), {in_tests: registers("Odd")})
    result = scan_tree(root, profiles=(PLAIN,), extra_roots=[(root / in_tests).parent], jobs=1)
    assert places(result) == {"A": UNIT, "Odd": in_tests}
    assert result.skipped_files == {}
    again = scan_tree(root, profiles=(PLAIN,), extra_roots=[root], jobs=1)
    assert [r.location.file for r in again.registrations] == [UNIT]


def test_extra_roots_outside_the_tree_are_known_by_their_names(tmp_path: Path) -> None:
    root = tree(tmp_path / "checkout", registers("A"), {"tensorflow/core/kernels/r.h": f"#define R {registers('R')}"})
    includes = '#include "local.h"\n#include "tensorflow/core/kernels/r.h"\n'
    outside = tree(tmp_path / "outside", "")
    for name, op in (("one/kernels", "One"), ("two/kernels", "Two"), ("tensorflow", "Shadow")):
        folder = outside / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "op.cc").write_text(includes + "R\nLOCAL\n")
        (folder / "local.h").write_text(f"#define LOCAL {registers(op)}")
    extra = [outside / "one/kernels", outside / "two/kernels", outside / "tensorflow", outside / "one/kernels"]
    result = scan_tree(root, profiles=(PLAIN,), extra_roots=extra, jobs=2)
    assert problems(result) == []
    assert places(result)["A"] == UNIT
    found = {(r.op, r.location.file) for r in result.registrations if r.op != "A"}
    assert found == {
        ("One", "kernels/op.cc"), ("R", "kernels/op.cc"), ("Two", "kernels-2/op.cc"), ("R", "kernels-2/op.cc"),
        ("Shadow", "tensorflow-2/op.cc"), ("R", "tensorflow-2/op.cc"),
    }  # fmt: skip


def test_an_extra_root_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    root = tree(tmp_path, "")
    with pytest.raises(SourceTreeError, match="--root takes a folder") as caught:
        scan_tree(root, extra_roots=[root / "nothing"])
    assert str(caught.value).startswith(f"{root / 'nothing'}: is no folder")


# Bad input.


def test_a_source_that_cannot_be_read_is_a_diagnostic(tmp_path: Path) -> None:
    root = tree(tmp_path, registers("A"))
    for name in ("tensorflow/core/kernels/gone.cc", "tensorflow/contrib/gone.cc"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to("nowhere.cc")
    result = scan_tree(root, profiles=(PLAIN,), jobs=1)
    assert places(result) == {"A": UNIT}
    assert problems(result) == [
        "tensorflow/contrib/gone.cc:1: cannot be read: what it registers is not known",
        "gone.cc:1: cannot be read: what it registers is not known",
    ]


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    root = tree(tmp_path, registers("A"))
    (root / "tensorflow/core/kernels/latin.cc").write_bytes(
        b"\xef\xbb\xbf// \xe4\xf6\xfc\0\r\n" + registers("B").encode() + b"\xff\r" + registers("C").encode()
    )
    result = scan_tree(root, profiles=(PLAIN,), jobs=1)
    assert [(r.op, r.location.line) for r in result.registrations] == [("A", 1), ("B", 2), ("C", 4)]


@pytest.mark.parametrize("mark", ["\x01", "\x02", "\x1e", "\x7f"])
def test_control_characters_are_no_marks(mark: str, tmp_path: Path) -> None:
    source = f"{mark}\nF({mark}) {mark}REGISTER_KERNEL_BUILDER {mark} f(R{mark}0);\n{registers('A')}"
    result = scan(tmp_path, source)
    assert [(r.op, r.location.line) for r in result.registrations] == [("A", 3)]


DIAGNOSED = {
    "#if ODD(3)\n#endif\n": "unit.cc:1: #if ODD(3): 'ODD' is no macro with arguments",
    "#if '\\xg'\n#endif\n": "unit.cc:1: #if '\\xg': '\\xg' is no character",
    "#endif\n": "unit.cc:1: #endif without #if",
    "#define 5\n": "unit.cc:1: a macro name must be an identifier",
    "#ifdef ODD\n": "unit.cc:1: the conditional is never closed by #endif",
    '#define R(a, b) REGISTER_KERNEL_BUILDER(Name("B").Device("CPU"), K)\nR(1);\n': (
        "unit.cc:2: R takes 2 arguments, the call has 1"
    ),
    "void f() { REGISTER_KERNEL_BUILDER(Name( }\n": ("unit.cc:1: the call of REGISTER_KERNEL_BUILDER does not end"),
}


@pytest.mark.parametrize("source", DIAGNOSED)
def test_what_no_compiler_would_take_is_a_diagnostic(source: str, tmp_path: Path) -> None:
    assert DIAGNOSED[source] in problems(scan(tmp_path, source))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_registration_macro_without_end_is_an_error_with_its_place(jobs: int, tmp_path: Path) -> None:
    source = f"{registers('A')}#define REGISTER_ALL(T) REGISTER_ALL(T) {registers('C')}\nREGISTER_ALL(int)\n"
    others = {f"tensorflow/core/kernels/k{i}.cc": registers(f"K{i}") for i in range(20)}
    root = tree(tmp_path, registers("B"), {"tensorflow/core/kernels/endless.cc": source, **others})
    with pytest.raises(PreprocessorError, match="never ends") as caught:
        scan_tree(root, profiles=(PLAIN,), jobs=jobs)
    assert str(caught.value.place) == "tensorflow/core/kernels/endless.cc:4"


SELF = {
    "that registers": ('#include "a.h"\n', {"a.h": registers("B") + '#include "a.h"\n'}, "a.h:1"),
    "that only defines": (
        f'#include "a.h"\n#ifdef X\n{registers("B")}#endif\n',
        {"a.h": '#define X\n#include "a.h"\n'},
        "a.h:1",
    ),
    "by another": (
        f'#include "a.h"\n#ifdef X\n{registers("B")}#endif\n',
        {"a.h": '#define X\n#include "b.h"\n', "b.h": '#define X\n#include "a.h"\n'},
        "b.h:1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SELF)
def test_a_header_that_includes_itself_for_ever_is_an_error(case: str, tmp_path: Path) -> None:
    source, headers, place = SELF[case]
    with pytest.raises(PreprocessorError, match="include each other") as caught:
        scan(tmp_path, source, headers)
    assert str(caught.value.place) == place


def test_headers_outside_the_tree_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.h").write_text("#define SECRET\n")
    source = f'#include "{tmp_path}/secret.h"\n#include "../../../../secret.h"\n#ifdef SECRET\n{registers("B")}#endif\n'
    result = scan(tmp_path / "checkout", source)
    assert not any(r.profiles for r in result.registrations)
    assert len(result.missing_headers) == 2


def test_a_name_that_is_no_path_is_a_missing_header(tmp_path: Path) -> None:
    source = f'#include "a\0b.h"\n#include "{"x" * 5000}.h"\n{registers("A")}'
    assert kernels(tmp_path, source) == ["A@CPU: AOp"]


def test_many_statements_over_directives(tmp_path: Path) -> None:
    source = "#define F(x) x\n" + "F(\n#ifdef ODD\n#endif\n(REGISTER_NOT);\n)\n" * 1500 + registers("A")
    assert kernels(tmp_path, source.replace("REGISTER_NOT", "F(1)")) == ["A@CPU: AOp"]


@pytest.mark.parametrize("name", ["tensorflow/core/kernels/big_op.cc", "tensorflow/core/kernels/big.h"])
def test_a_source_that_is_too_large_is_not_read_and_named(tmp_path: Path, name: str) -> None:
    large = f'{registers("Large")}const char* k = "{"x" * MAX_SOURCE}";\n'
    including = f'#include "tensorflow/core/kernels/big.h"\n{registers("Small")}'
    found = scan_tree(tree(tmp_path, registers("Other"), {name: large, "tensorflow/core/kernels/s_op.cc": including}))
    (diagnostic,) = [each for each in found.diagnostics if each.location.file == name]
    assert diagnostic.lost is not None
    assert "more than 4,194,304 are not read" in diagnostic.message
    assert set(places(found)) == {"Small", "Other"}


def test_a_condition_that_is_too_long_is_named_in_few_words(tmp_path: Path) -> None:
    deep = "(" * 200_000 + "1" + ")" * 200_000
    found = scan(tmp_path, f"#if {deep}\n#endif\n{registers('Deep')}")
    (message,) = problems(found)
    assert "more than 100,000" in message
    assert len(message) < 600
    assert set(places(found)) == {"Deep"}


def test_a_process_that_is_killed_is_no_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()

    def ended(*_: object) -> None:
        assert os.getpid() != here
        os._exit(9)

    monkeypatch.setattr("kernel_index.scan.tree.scan_share", ended)
    root = tree(tmp_path, "", {f"tensorflow/core/kernels/k{i}.cc": registers(f"A{i}") for i in range(20)})
    with pytest.raises(OpselectError, match="a process of the scan was killed"):
        scan_tree(root, jobs=2)
