"""Entries that name nothing, are there twice, or cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.errors import SourceTreeError
from tests.opselect.build_lists.checking.checkouts import BUILD, LIST, K, checkout, found, shown, without_makefile

MAKE = LIST.removeprefix("tensorflow/")
KERNELS = BUILD.removeprefix("tensorflow/")


def test_lists_in_order_have_no_findings(tmp_path: Path) -> None:
    assert found(checkout(tmp_path)) == ()
    assert found(checkout(tmp_path), ["Mul", "Tile", "Roll"]) == ()


@pytest.mark.parametrize(
    ("entry", "message", "mend"),
    [
        ('"mul_op.c"', "is neither a file nor a target", 'write "mul_op.cc", or remove it'),
        ('":mul_opp.cc"', "is neither a file nor a target", 'write ":mul_op.cc", or remove it'),
        ('":android_extended_op"', "is neither a file nor a target", 'write ":android_extended_ops" or '),
        ('"quite_else.cc"', "is neither a file nor a target", "remove it from android_core_ops"),
        (
            '"//tensorflow/core/kernels/image:rol_op.cc"',
            "is neither a file nor a target",
            'write "//tensorflow/core/kernels/image:roll_op.cc", or remove it',
        ),
        (
            '"image/roll_op.cc"',
            "reaches into tensorflow/core/kernels/image, which is a package of its own",
            'write "//tensorflow/core/kernels/image:roll_op.cc"',
        ),
        (
            '"//tensorflow/core/ops:math_ops.cc"',
            "names tensorflow/core/ops, which is no package: it has no BUILD file",
            'write "',
        ),
    ],
)
def test_what_bazel_does_not_find(entry: str, message: str, mend: str, tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, (BUILD, '["mul_op.cc"]', f'["mul_op.cc", {entry}]'))
    findings = [f for f in found(tree) if f.kind == "missing-file"]
    assert shown(findings) == [f"{KERNELS}:3 missing-file {entry[1:-1]} in android_core_ops"]
    assert findings[0].reason == message
    assert findings[0].advice.startswith(mend)


@pytest.mark.parametrize("entry", ["@zlib//:zlib", ":made.cc", "//tensorflow/core/kernels:made.cc"])
def test_other_repositories_and_rules_are_there(entry: str, tmp_path: Path) -> None:
    rule = 'genrule(name = "made.cc")\n'
    tree = without_makefile(
        tmp_path, (BUILD, "filegroup(", f"{rule}filegroup("), (BUILD, '["mul_op.cc"]', f'["mul_op.cc", "{entry}"]')
    )
    assert found(tree) == ()


def test_what_make_does_not_find(tmp_path: Path) -> None:
    tree = checkout(tmp_path, (LIST, f"{K}/tile_impl.cc", f"{K}/tile_impl.c\n{K}/mul_oop.cc\n{K}/quite_else.cc"))
    findings = found(tree)
    assert shown(findings) == [
        f"{MAKE}:3 missing-file {K}/tile_impl.c in {LIST}",
        f"{MAKE}:4 missing-file {K}/mul_oop.cc in {LIST}",
        f"{MAKE}:5 missing-file {K}/quite_else.cc in {LIST}",
    ]
    assert [f.reason for f in findings] == [
        f"does not exist; make compiles {K}/tile_impl.cc instead",
        "does not exist",
        "does not exist",
    ]
    assert [f.advice for f in findings] == [
        f"write {K}/tile_impl.cc",
        f"write {K}/mul_op.cc, or remove it",
        f"remove it from {LIST}",
    ]


@pytest.mark.parametrize(
    "srcs",
    [
        '["mul_op.cc", "mul_op.cc"]',
        '["mul_op.cc", ":mul_op.cc"]',
        '["mul_op.cc"] + ["//tensorflow/core/kernels:mul_op.cc"]',
        '["mul_op.cc"] + select({":a": ["mul_op.cc"], "//conditions:default": []})',
        'select({":a": ["mul_op.cc"]}) + select({":b": ["mul_op.cc"]})',
    ],
)
def test_a_label_twice_in_one_list(srcs: str, tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, (BUILD, '["mul_op.cc"]', srcs))
    (finding,) = found(tree)
    assert (finding.kind, finding.list, finding.place.line) == ("duplicate-entry", "android_core_ops", 3)
    assert "is on line 3 already: Bazel refuses" in finding.reason
    assert finding.advice == "remove it from android_core_ops"


def test_branches_of_one_select_exclude_each_other(tmp_path: Path) -> None:
    srcs = 'select({":a": ["mul_op.cc"], "//conditions:default": ["mul_op.cc"]})'
    assert found(without_makefile(tmp_path, (BUILD, '["mul_op.cc"]', srcs))) == ()


def test_what_a_glob_finds_is_excluded_from_it(tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, (BUILD, '["mul_op.cc"]', '["mul_op.cc"] + glob(["mul_*.cc"])'))
    (finding,) = found(tree)
    assert (finding.kind, finding.advice) == ("duplicate-entry", "exclude it from the glob of android_core_ops")


@pytest.mark.parametrize("again", [f"{K}/mul_op.cc", f"{K}/mul_op.c"])
def test_an_object_file_twice_in_the_archive(again: str, tmp_path: Path) -> None:
    tree = checkout(tmp_path, (LIST, f"{K}/tile_op.cc", f"{K}/tile_op.cc\n{again}"))
    findings = found(tree, ignore=["missing-file"])
    assert shown(findings) == [f"{MAKE}:3 duplicate-entry {again} in {LIST}"]
    assert "is on line 1 already: the archive gets its object file twice" in findings[0].reason


def test_a_source_in_core_and_extended_ops(tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, (BUILD, '"tile_op.cc",', '"mul_op.cc",\n        "tile_op.cc",'))
    (finding,) = found(tree)
    assert shown([finding]) == [f"{KERNELS}:14 compiled-twice mul_op.cc in android_extended_ops_group1"]
    assert f"is in android_core_ops already ({BUILD}:3): Bazel refuses" in finding.reason


def test_a_group_that_core_and_extended_ops_bring_in(tmp_path: Path) -> None:
    group = "//tensorflow/core/kernels/image:kernels"
    tree = without_makefile(tmp_path, (BUILD, '["mul_op.cc"]', f'["mul_op.cc", "{group}"]'))
    (finding,) = found(tree)
    assert shown([finding]) == [f"{KERNELS}:24 compiled-twice {group} in android_extended_ops_group2"]
    assert f"{K}/image/roll_op.cc is in {group} already" in finding.reason


def test_a_source_of_the_base_library_in_a_group(tmp_path: Path) -> None:
    base = 'filegroup(name = "mobile_srcs", srcs = ["mul_op.cc", "tile.h"])\n'
    (finding,) = found(without_makefile(tmp_path, (BUILD, "filegroup(", f"{base}filegroup(")))
    assert shown([finding]) == [f"{KERNELS}:4 compiled-twice mul_op.cc in android_core_ops"]
    assert "its symbols are defined twice" in finding.reason


def test_a_source_in_both_extended_groups(tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, (BUILD, '"tile_impl.cc",', '"tile_impl.cc",\n        "tile_op.cc",'))
    (finding,) = found(tree)
    assert shown([finding]) == [f"{KERNELS}:23 in-two-groups tile_op.cc in android_extended_ops_group2"]
    assert f"is in android_extended_ops_group1 already ({BUILD}:14): Bazel merges" in finding.reason


def test_headers_may_be_in_several_groups(tmp_path: Path) -> None:
    changes = [
        (BUILD, '["mul_op.cc"]', '["mul_op.cc", "tile.h"]'),
        (BUILD, '"tile_impl.cc",', '"tile_impl.cc",\n        "tile.h",'),
    ]
    assert found(without_makefile(tmp_path, *changes)) == ()


def test_what_cannot_be_evaluated(tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, (BUILD, '["mul_op.cc"]', '["mul_op.cc"] + lookup("x")'))
    (finding,) = found(tree)
    assert shown([finding]) == [f"{KERNELS}:3 not-evaluated  in android_core_ops"]
    assert finding.reason == "what `lookup()` returns is not known"


def test_one_constant_of_two_groups_is_one_finding(tmp_path: Path) -> None:
    changes = [
        (BUILD, "filegroup(", 'MORE = ["gone.h", 3]\n\nfilegroup('),
        (BUILD, '["tile.h"]', '["tile.h"] + MORE'),
        (BUILD, '["mul_op.cc"]', '["mul_op.cc"] + MORE'),
    ]
    assert shown(found(without_makefile(tmp_path, *changes))) == [
        f"{KERNELS}:1 missing-file gone.h in android_core_ops",
        f"{KERNELS}:1 not-evaluated  in android_core_ops",
    ]


def test_a_build_file_that_is_no_starlark(tmp_path: Path) -> None:
    (finding,) = found(checkout(tmp_path, (BUILD, "filegroup(", "filegroup((")))
    assert (finding.kind, finding.list, finding.place.file) == ("not-evaluated", "", BUILD)
    assert "cannot be parsed" in finding.reason


def test_a_checkout_without_lists(tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, (BUILD, "", ""))
    with pytest.raises(SourceTreeError, match="has no lists for mobile builds"):
        found(tree)
