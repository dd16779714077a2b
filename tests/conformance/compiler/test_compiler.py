"""The scan's preprocessor finds in real kernel files what ``g++ -E`` finds there.

    OPSELECT_TF_TREE=TREE[:TREE...] OPSELECT_TF_INCLUDE=DIR python -m pytest -s tests/conformance/compiler

compares 240 files of each checkout, in about six minutes on two cores; :mod:`tests.conformance.compiler.comparison`
says what is compared, and does the same from the command line. Without the checkouts only the comparison itself is
tested, on a tree of three files.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kernel_index.source_tree import open_tree
from tests.conformance.compiler.comparison import FILES, PROFILES, compare, compiled, sample, scanned
from tests.conformance.compiler.compiler import COMPILER, Call, usable

TREES = [part for part in os.environ.get("OPSELECT_TF_TREE", "").split(":") if part]
INCLUDE = os.environ.get("OPSELECT_TF_INCLUDE", "")

needs_compiler = pytest.mark.skipif(shutil.which(COMPILER) is None, reason=f"needs {COMPILER} to compare with")


@pytest.mark.skipif(not TREES, reason="OPSELECT_TF_TREE names no checkout")
@pytest.mark.parametrize("tree", TREES)
def test_checkout(tree: str) -> None:
    reason = usable(INCLUDE)
    if reason:
        pytest.skip(reason)
    comparison = compare(Path(tree), Path(INCLUDE))
    print("\n" + comparison.report(everything=True))
    assert [str(d) for d in comparison.unexplained] == []
    assert comparison.files == FILES
    assert all(comparison.compared[profile] > 500 for profile in PROFILES)
    assert comparison.registering["desktop"] >= 200


OP_KERNEL = """\
#ifndef OP_KERNEL_H_
#define OP_KERNEL_H_
#define REGISTER_KERNEL_BUILDER(kernel_builder, ...) static Registrar<__VA_ARGS__> r(kernel_builder)
#define REGISTER_SYSTEM_KERNEL_BUILDER(kernel_builder, ...) static Registrar<__VA_ARGS__> s(kernel_builder)
#endif
"""
TYPES = """\
#if defined(__ANDROID_TYPES_SLIM__)
#define TF_CALL_TYPES(m) m(float)
#else
#define TF_CALL_TYPES(m) m(float) m( half )
#endif
"""
KERNEL = """\
#include "generated/nowhere.pb.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "types.h"
#define REGISTER(T)                      \\
  REGISTER_KERNEL_BUILDER(Name("Add")    \\
    .TypeConstraint<T>("T"), Add<CPU, T >)
TF_CALL_TYPES(
  REGISTER
);
#ifdef ANDROID
#define INITIALIZER(body) void f() body
INITIALIZER({
  REGISTER_SYSTEM_KERNEL_BUILDER(Name("Send"), Send);
})
#endif
"""


def _tree(folder: Path, kernel: str) -> Path:
    version = "#define TF_MAJOR_VERSION 1\n#define TF_MINOR_VERSION 15\n#define TF_PATCH_VERSION 0\n"
    for name, text in {
        "tensorflow/core/public/version.h": version,
        "tensorflow/core/framework/op_kernel.h": OP_KERNEL,
        "tensorflow/core/kernels/types.h": TYPES,
        "tensorflow/core/kernels/add.cc": kernel,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@needs_compiler
def test_both_sides_see_place_and_text(tmp_path: Path) -> None:
    tree = open_tree(_tree(tmp_path / "tree", KERNEL))
    paths = sample(tree, 10)
    assert paths == ["tensorflow/core/kernels/add.cc"]
    add = 'Name("Add") .TypeConstraint<{0}>("T")'
    float_call = Call(paths[0], 7, "REGISTER_KERNEL_BUILDER", add.format("float"), "Add<CPU, float >")
    half_call = Call(paths[0], 7, "REGISTER_KERNEL_BUILDER", add.format("half"), "Add<CPU, half >")
    send_call = Call(paths[0], 12, "REGISTER_SYSTEM_KERNEL_BUILDER", 'Name("Send")', "Send")
    expected = {
        "desktop": [float_call, half_call],
        "android-slim": [float_call, send_call],
        "android-full": [float_call, half_call, send_call],
    }
    for profile, calls in expected.items():
        found = compiled(tree, tmp_path, profile, paths, None)[paths[0]]
        assert list(found.calls) == calls
        assert found.stubs == ("generated/nowhere.pb.h",)
        assert scanned(tree, paths)[profile][paths[0]] == calls


@needs_compiler
def test_a_difference_is_reported(tmp_path: Path) -> None:
    """A source that never includes the macro's header: the compiler leaves the name alone, the scan goes by it."""
    comparison = compare(_tree(tmp_path / "tree", 'REGISTER_KERNEL_BUILDER(Name("A"), B);\n'), tmp_path)
    assert [(d.profile, d.side) for d in comparison.unexplained] == [(p, "only the scan") for p in PROFILES]
    assert comparison.compared == dict.fromkeys(PROFILES, 0)


@needs_compiler
def test_what_the_compiler_said_is_kept(tmp_path: Path) -> None:
    root = _tree(tmp_path / "tree", KERNEL)
    first = compare(root, tmp_path, cache=tmp_path / "cache")
    assert first.compared == {"desktop": 2, "android-slim": 2, "android-full": 3}
    assert first.differences == ()
    assert first.stubs == {"generated/nowhere.pb.h": 1}
    (root / "tensorflow/core/framework/op_kernel.h").unlink()
    assert compare(root, tmp_path, cache=tmp_path / "cache") == first
