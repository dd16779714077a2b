"""Source files that are listed for nothing, and those that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.profiles import BuildProfile
from tests.opselect.build_lists.checking.checkouts import BUILD, FULL, LIST, K, checkout, found, shown, without_makefile

MAKE = LIST.removeprefix("tensorflow/")
KERNELS = BUILD.removeprefix("tensorflow/")
TYPES = '#include "tensorflow/core/framework/types.h"\n'
PAD = 'REGISTER_KERNEL_BUILDER(Name("Pad").Device(DEVICE_CPU), PadOp);\n'
IN_CORE = (BUILD, '["mul_op.cc"]', '["mul_op.cc", "pad_op.cc"]')


def test_a_source_that_only_one_build_has(tmp_path: Path) -> None:
    tree = checkout(tmp_path, IN_CORE, (LIST, f"{K}/mul_op.cc", f"{K}/mul_op.cc\n{K}/slow_op.cc"))
    (tree / K / "slow_op.cc").write_text(TYPES + PAD.replace("Pad", "Mul"))
    findings = found(tree)
    assert shown(findings) == [
        f"{MAKE}:2 drift {K}/slow_op.cc in {LIST}",
        f"{KERNELS}:3 drift pad_op.cc in android_core_ops",
    ]
    assert [(f.reason, f.advice) for f in findings] == [
        (
            "Bazel does not build it",
            (
                'add "slow_op.cc" to android_extended_ops_group1 or android_extended_ops_group2, '
                f"or remove it from {LIST}"
            ),
        ),
        (
            "the makefile does not build it",
            f"add the line {K}/pad_op.cc to {LIST}, or remove it from android_core_ops",
        ),
    ]


def test_drift_names_files_of_other_packages_by_their_label(tmp_path: Path) -> None:
    tree = checkout(tmp_path, (BUILD, '        "//tensorflow/core/kernels/image:kernels",\n', ""))
    (finding,) = found(tree)
    assert finding.advice.startswith(
        'add "//tensorflow/core/kernels/image:roll_op.cc" to android_extended_ops_group1 or'
    )


def test_no_drift_by_design(tmp_path: Path) -> None:
    base = 'filegroup(name = "mobile_srcs", srcs = ["pad_op.cc"])\n'
    conditional = '["mul_op.cc"] + select({":x": ["fast_op.cc"], "//conditions:default": []})'
    changes = [
        (BUILD, "filegroup(", f"{base}filegroup("),
        (BUILD, '["mul_op.cc"]', conditional),
        (f"{K}/fast_op.cc", "", TYPES + PAD),
        (LIST, f"{K}/mul_op.cc", f"{K}/mul_op.cc\n{K}/pad_op.cc\n{K}/fast_op.cc\ntensorflow/core/util/u.cc"),
        ("tensorflow/core/util/u.cc", "", "void U() {}\n"),
    ]
    assert found(checkout(tmp_path, *changes)) == ()


def test_what_is_empty_in_the_profile_is_no_drift_and_is_not_missed(tmp_path: Path) -> None:
    macro = "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL"
    changes = [
        (f"{K}/contract.h", "", f"#ifdef {macro}\nvoid Contract();\n#endif\n"),
        (f"{K}/contract.cc", "", f'#include "{K}/contract.h"\n#if defined({macro})\nvoid Contract() {{}}\n#endif\n'),
        (f"{K}/mul_op.cc", "REGISTER", f'#include "{K}/contract.h"\nvoid Mul() {{ Contract(); }}\nREGISTER'),
    ]
    assert found(checkout(tmp_path / "1", *changes)) == ()
    listed = (BUILD, '["mul_op.cc"]', '["mul_op.cc", "contract.cc"]')
    assert [f.kind for f in found(checkout(tmp_path / "2", *changes, listed))] == ["unneeded"]
    defined = BuildProfile("android", {"__ANDROID__": "1", macro: "1"})
    kinds = [f.kind for f in found(tmp_path / "1", profile=defined)]
    assert kinds == ["missing-dependency", "missing-dependency"]


def test_what_nothing_needs(tmp_path: Path) -> None:
    tree = checkout(
        tmp_path,
        (BUILD, '["mul_op.cc"]', '["mul_op.cc", "alone.cc", "alone.h"]'),
        (f"{K}/alone.cc", "", "void Alone() {}\n"),
        (f"{K}/alone.h", "", "void Alone();\n"),
    )
    (finding,) = found(tree)
    assert shown([finding]) == [f"{KERNELS}:3 unneeded alone.cc in android_core_ops"]
    assert finding.reason == "registers no kernel in profile android, and nothing that is listed needs it"
    assert finding.advice == "remove it from android_core_ops"


def test_what_only_another_profile_needs_says_so(tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, IN_CORE, (f"{K}/pad_op.cc", "", f"{TYPES}#ifdef FULL\n{PAD}#endif\n"))
    (finding,) = found(tree)
    assert finding.kind == "unneeded"
    assert finding.advice == "remove it from android_core_ops, unless the list is for builds of android-full too"
    assert found(tree, profile=FULL) == ()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "tensorflow/core/ops/x_grad.cc",
            "int gradient;\n",
        ),  # no kernel, no op: whether anything needs it is not known
        (f"{K}/other.c", "int other;\n"),  # which the scan does not know
    ],
)
def test_what_is_no_kernel_or_is_not_known_is_left_alone(path: str, text: str, tmp_path: Path) -> None:
    tree = checkout(tmp_path, (path, "", text), (LIST, f"{K}/mul_op.cc", f"{K}/mul_op.cc\n{path}"))
    assert found(tree, ignore=["drift"]) == ()


def test_what_the_linker_would_miss(tmp_path: Path) -> None:
    tree = checkout(tmp_path, (BUILD, '        "tile_impl.cc",\n', ""), (LIST, f"{K}/tile_impl.cc\n", ""))
    findings = found(tree)
    assert shown(findings) == [
        f"{MAKE}:2 missing-dependency {K}/tile_op.cc in {LIST}",
        f"{KERNELS}:14 missing-dependency tile_op.cc in android_extended_ops_group1",
    ]
    message = f"needs {K}/tile_impl.cc, which is not listed: {K}/tile_op.cc uses TileRows, declared in {K}/tile.h"
    assert [f.reason for f in findings] == [message, message]
    assert [f.advice for f in findings] == [
        f"add the line {K}/tile_impl.cc to {LIST}",
        'add "tile_impl.cc" to android_extended_ops_group1',
    ]


def test_a_file_that_one_build_misses_is_not_drift_too(tmp_path: Path) -> None:
    tree = checkout(tmp_path, (BUILD, '        "tile_impl.cc",\n', ""))
    assert [f.kind for f in found(tree)] == ["missing-dependency"]


def test_what_a_missing_file_needs_is_missing_too(tmp_path: Path) -> None:
    tree = without_makefile(
        tmp_path,
        (BUILD, '        "tile_impl.cc",\n', ""),
        (f"{K}/tile_impl.cc", "void TileRows() {}", f'#include "{K}/deep.h"\nvoid TileRows() {{ Deep(); }}'),
        (f"{K}/deep.h", "", "void Deep();\n"),
        (f"{K}/deep.cc", "", f'#include "{K}/deep.h"\nvoid Deep() {{}}\n'),
    )
    assert [f.reason for f in found(tree) if "deep.cc" in f.reason] == [
        (
            f"needs {K}/deep.cc by way of {K}/tile_impl.cc, not listed either: {K}/tile_impl.cc uses Deep, "
            f"declared in {K}/deep.h"
        )
    ]


def test_a_copy_of_a_listed_file_is_not_missed(tmp_path: Path) -> None:
    copy = (f"{K}/tile_copy.cc", "", f'// The same.\n#include "{K}/tile.h"\nvoid TileRows() {{}}\n')
    assert found(checkout(tmp_path / "1", copy)) == ()
    other = (f"{K}/tile_copy.cc", "", f'#include "{K}/tile.h"\nint x;\nvoid TileRows() {{}}\n')
    assert {f.kind for f in found(checkout(tmp_path / "2", other))} == {"missing-dependency"}


def test_a_file_of_a_select_is_present(tmp_path: Path) -> None:
    group = '"tile_op.cc",\n        ":android_extended_ops_headers",\n    ]'
    branch = f'{group} + select({{":x": ["tile_impl.cc"]}})'
    tree = without_makefile(tmp_path, (BUILD, group, branch), (BUILD, '        "tile_impl.cc",\n', ""))
    assert found(tree) == ()


def test_files_that_no_model_leads_to(tmp_path: Path) -> None:
    findings = found(checkout(tmp_path), ["Mul", "Roll"])
    assert shown(findings) == [
        f"{MAKE}:2 unpicked {K}/tile_op.cc in {LIST}",
        f"{MAKE}:3 unpicked {K}/tile_impl.cc in {LIST}",
        f"{KERNELS}:14 unpicked tile_op.cc in android_extended_ops_group1",
        f"{KERNELS}:22 unpicked tile_impl.cc in android_extended_ops_group2",
    ]
    assert [f.reason for f in findings[:2]] == [
        "no model picks a kernel of it, and nothing that is picked needs it",
        "it registers no kernel, and nothing that is picked needs it",
    ]


def test_a_kernel_that_no_list_has(tmp_path: Path) -> None:
    findings = found(checkout(tmp_path), ["Mul", "Tile", "Roll", "Pad"])
    assert shown(findings) == [
        f"{MAKE}:5 unlisted-kernel {K}/pad_op.cc in {LIST}",
        f"{KERNELS}:11 unlisted-kernel {K}/pad_op.cc in android_extended_ops_group1",
    ]
    assert "which registers kernels that are needed: Pad" in findings[0].reason
    assert [f.advice for f in findings] == [
        f"add the line {K}/pad_op.cc to {LIST}, or `opselect apply --mode extend --write`",
        'add "pad_op.cc" to android_extended_ops_group1, or `opselect apply --mode extend --write`',
    ]


def test_a_kernel_that_the_release_does_not_have(tmp_path: Path) -> None:
    (finding,) = found(checkout(tmp_path), ["Mul", "Tile", "Roll", "Ghost"])
    assert (finding.kind, finding.code, finding.entry) == ("no-kernel", "OPS101", "Ghost")
    assert (finding.list, finding.places) == ("", ())
    assert finding.reason
    assert finding.advice


def test_kinds_can_be_ignored(tmp_path: Path) -> None:
    tree = checkout(tmp_path, IN_CORE)
    assert [f.kind for f in found(tree)] == ["drift"]
    assert found(tree, ignore=["drift", "unneeded"]) == ()
