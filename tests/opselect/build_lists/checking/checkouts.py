"""A small checkout whose lists are in order, changed by tests so that they are not."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from kernel_index.index import MemoryIndex
from kernel_index.profiles import BuildProfile
from kernel_index.scan import scan_tree
from opselect.build_lists.checking import check_lists
from opselect.findings import Finding
from opselect.requirements.collect import Requirement, Requirements
from opselect.selection.select import select
from tests.kernel_index.build_files.drawing import plant

K = "tensorflow/core/kernels"
BUILD = f"{K}/BUILD"
LIST = "tensorflow/contrib/makefile/tf_op_files.txt"
ANDROID = BuildProfile("android", {"__ANDROID__": "1"})
FULL = BuildProfile("android-full", {"__ANDROID__": "1", "FULL": "1"})

CHECKOUT = f"""
--- tensorflow/core/public/version.h
#define TF_MAJOR_VERSION 1
#define TF_MINOR_VERSION 15
#define TF_PATCH_VERSION 9
#define TF_VERSION_SUFFIX ""
--- tensorflow/core/framework/types.h
#pragma once
const char* const DEVICE_CPU = "CPU";
--- tensorflow/core/ops/math_ops.cc
REGISTER_OP("Mul").Output("y: float");
REGISTER_OP("Tile").Output("y: float");
REGISTER_OP("Roll").Output("y: float");
REGISTER_OP("Pad").Output("y: float");
--- {K}/mul_op.cc
#include "tensorflow/core/framework/types.h"
REGISTER_KERNEL_BUILDER(Name("Mul").Device(DEVICE_CPU), MulOp);
--- {K}/tile_op.cc
#include "tensorflow/core/framework/types.h"
#include "tensorflow/core/kernels/tile.h"
void Tile() {{ TileRows(); }}
REGISTER_KERNEL_BUILDER(Name("Tile").Device(DEVICE_CPU), TileOp);
--- {K}/tile.h
#pragma once
void TileRows();
--- {K}/tile_impl.cc
#include "tensorflow/core/kernels/tile.h"
void TileRows() {{}}
--- {K}/image/roll_op.cc
#include "tensorflow/core/framework/types.h"
REGISTER_KERNEL_BUILDER(Name("Roll").Device(DEVICE_CPU), RollOp);
--- {K}/pad_op.cc
#include "tensorflow/core/framework/types.h"
REGISTER_KERNEL_BUILDER(Name("Pad").Device(DEVICE_CPU), PadOp);
--- {K}/image/BUILD
filegroup(
    name = "kernels",
    srcs = ["roll_op.cc"],
)
--- {BUILD}
filegroup(
    name = "android_core_ops",
    srcs = ["mul_op.cc"],
)

filegroup(
    name = "android_extended_ops_headers",
    srcs = ["tile.h"],
)

filegroup(
    name = "android_extended_ops_group1",
    srcs = [
        "tile_op.cc",
        ":android_extended_ops_headers",
    ],
)

filegroup(
    name = "android_extended_ops_group2",
    srcs = [
        "tile_impl.cc",
        ":android_extended_ops_headers",
        "//tensorflow/core/kernels/image:kernels",
    ],
)

filegroup(
    name = "android_extended_ops",
    srcs = [
        ":android_extended_ops_group1",
        ":android_extended_ops_group2",
    ],
)
--- {LIST}
{K}/mul_op.cc
{K}/tile_op.cc
{K}/tile_impl.cc
{K}/image/roll_op.cc
tensorflow/core/ops/math_ops.cc
"""

Change = tuple[str, str, str]
"""A file, a text in it, and what stands there instead."""


def checkout(root: Path, *changes: Change) -> Path:
    """The checkout in order, with some texts replaced; an empty text stands for the whole file, there or not."""
    plant(root, CHECKOUT)
    for path, old, new in changes:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not old:
            file.write_text(new)
            continue
        text = file.read_text()
        assert old in text, f"{old!r} is not in {path}"
        file.write_text(text.replace(old, new, 1))
    return root


def without_makefile(root: Path, *changes: Change) -> Path:
    """The same where there is no makefile build."""
    checkout(root, *changes)
    (root / LIST).unlink()
    return root


def found(
    root: Path,
    ops: Iterable[str] = (),
    ignore: Iterable[str] = (),
    profile: BuildProfile = ANDROID,
    have: Collection[str] = (),
) -> tuple[Finding, ...]:
    """The findings in a checkout, for models with some ops if there are any."""
    profiles = list(dict.fromkeys((ANDROID.name, FULL.name, profile.name)))
    known = {p.name: p for p in (ANDROID, FULL, profile)}
    index = MemoryIndex(scan_tree(root, profiles=[known[name] for name in profiles], jobs=1))
    needs = Requirements(tuple(Requirement(op, nodes=(op.lower(),)) for op in ops))
    selection = select(needs, index, profile.name) if needs.items else None
    return check_lists(root, index, profile, selection, tuple(ignore), have)


def shown(findings: Iterable[Finding]) -> list[str]:
    """Findings on a line each: place, kind and entry."""
    return [f"{str(f.place).removeprefix('tensorflow/')} {f.kind} {f.entry} in {f.list}" for f in findings]
