"""Kernels of ops that nothing defines, definitions without kernels, and libraries that a build lacks."""

from __future__ import annotations

from pathlib import Path

from tests.opselect.build_lists.checking.checkouts import BUILD, LIST, K, checkout, found, shown, without_makefile

MAKE = LIST.removeprefix("tensorflow/")
OPS = "tensorflow/core/ops"
NO_OP = f"{OPS}/no_op.cc", "", 'REGISTER_OP("NoOp");\n'
ROLL_APART = [
    (f"{OPS}/math_ops.cc", 'REGISTER_OP("Roll").Output("y: float");\n', ""),
    (f"{OPS}/roll_ops.cc", "", 'REGISTER_OP("Roll").Output("y: float");\n'),
]


def test_a_kernel_whose_op_the_makefile_does_not_define(tmp_path: Path) -> None:
    (finding,) = found(checkout(tmp_path, *ROLL_APART))
    assert shown([finding]) == [f"{MAKE}:4 undefined-op {K}/image/roll_op.cc in {LIST}"]
    assert finding.reason == f"registers kernels of Roll, which {OPS}/roll_ops.cc defines, and that is not listed"
    assert finding.advice == f"add the line {OPS}/roll_ops.cc to {LIST}, or `opselect apply --mode extend --write`"


def test_a_model_that_asks_for_such_an_op(tmp_path: Path) -> None:
    tree = checkout(tmp_path, *ROLL_APART, (LIST, f"{K}/image/roll_op.cc\n", ""))
    kinds = {f.kind: f.entry for f in found(tree, ops=["Roll", "Mul", "Tile"], ignore=["drift"])}
    assert kinds == {"undefined-op": f"{OPS}/roll_ops.cc", "unlisted-kernel": f"{K}/image/roll_op.cc"}


def test_a_kernel_whose_op_nothing_defines(tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, NO_OP, (f"{OPS}/math_ops.cc", 'REGISTER_OP("Mul").Output("y: float");\n', ""))
    (finding,) = found(tree)
    assert shown([finding]) == [f"{BUILD.removeprefix('tensorflow/')}:3 undefined-op mul_op.cc in android_core_ops"]
    assert finding.reason == "registers kernels of Mul, which no source file that was scanned defines"
    asked = found(tree, ops=["Mul"], ignore=["unpicked"])
    assert [(f.kind, f.entry) for f in asked if f.entry != "NoOp"] == [
        ("undefined-op", "mul_op.cc"),
        ("no-kernel", "Mul"),
    ]


def test_nothing_is_undefined_where_no_definitions_were_scanned(tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, (f"{OPS}/math_ops.cc", 'REGISTER_OP("Mul").Output("y: float");\n', ""))
    assert found(tree) == ()


def test_definitions_of_another_folder_are_bazels_business_too(tmp_path: Path) -> None:
    tree = without_makefile(
        tmp_path,
        ROLL_APART[0],
        ("tensorflow/contrib/x/ops/roll_ops.cc", "", 'REGISTER_OP("Roll").Output("y: float");\n'),
    )
    (finding,) = found(tree)
    assert finding.kind == "undefined-op"
    assert 'add "//tensorflow/contrib/x/ops:roll_ops.cc" to android_extended_ops_group1' in finding.advice


def test_a_definition_without_kernels(tmp_path: Path) -> None:
    extra = (f"{OPS}/x_ops.cc", "", 'REGISTER_OP("X");\nREGISTER_OP("Y");\n')
    (finding,) = found(checkout(tmp_path, extra, (LIST, f"{OPS}/math_ops.cc", f"{OPS}/math_ops.cc\n{OPS}/x_ops.cc")))
    assert shown([finding]) == [f"{MAKE}:6 unneeded {OPS}/x_ops.cc in {LIST}"]
    assert finding.reason == (
        "the build has no kernel of X, Y, which it defines in profile android, and nothing that is listed needs it"
    )


LIBRARIES = [
    ("tensorflow/contrib/makefile/Makefile", "", "TF_CC_SRCS := tensorflow/core/framework/op.cc\nLIBS := -lz\n"),
    (
        "tensorflow/core/BUILD", "",
        'cc_library(name = "android_tensorflow_lib", srcs = glob(["ops/*.cc"]), deps = ["@re2"])\n',
    ),
    (f"{K}/mul_op.cc", "#include", "#include <zlib.h>\n#include <re2/re2.h>\n#include"),
]  # fmt: skip


def test_a_library_that_one_build_lacks(tmp_path: Path) -> None:
    findings = found(checkout(tmp_path, *LIBRARIES), ignore=["drift"])
    assert [(f.kind, f.entry, f.list) for f in findings] == [
        ("missing-library", f"{K}/mul_op.cc", LIST),
        ("missing-library", "mul_op.cc", "android_core_ops"),
    ]
    assert findings[0].reason == f"{K}/mul_op.cc includes re2/re2.h, and TensorFlow 1.15.9's makefile has no re2"
    assert "-lre2 to LIBS in tensorflow/contrib/makefile/Makefile. Then say so: --have re2." in findings[0].advice
    assert findings[0].advice.endswith("Or build it with Bazel (--target bazel), which has it.")
    assert findings[1].reason.startswith(f"{K}/mul_op.cc includes zlib.h, and no target of the mobile library")
    assert found(checkout(tmp_path, *LIBRARIES), ignore=["drift"], have=["re2", "zlib"]) == ()
