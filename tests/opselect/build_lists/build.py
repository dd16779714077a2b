"""A release in miniature: its lists as its build files would give them, and selections on it."""

from __future__ import annotations

from dataclasses import replace

from kernel_index.index import MemoryIndex
from kernel_index.records import BuildLists, Dependency
from opselect.build_lists.keep_rule import Mode
from opselect.build_lists.render import render
from opselect.requirements.collect import Requirement, Requirements
from opselect.selection.select import Selection, select
from opselect.targets import Target
from tests.opselect.sample import FLOAT, KERNELS, PROFILES, index, kernel

IMAGE = f"{KERNELS}/image"


def in_kernels(*names: str) -> tuple[str, ...]:
    return tuple(f"{KERNELS}/{name}" for name in names)


LISTS = BuildLists(
    prefix="android",
    groups={
        "mobile_srcs": in_kernels("ops_util.cc"),
        "android_core_ops": in_kernels("add.cc", "bias.cc", "bias.h", "helper.cc"),
        "android_extended_ops": in_kernels("conv.cc", "conv.h", "inplace.cc", "mul.cc", "quant.cc"),
        "android_extended_ops_headers": in_kernels("conv.h", "inplace.cc"),
        "android_extended_ops_group1": in_kernels("conv.cc", "xsmm.cc", "conv.h", "inplace.cc"),
        "android_extended_ops_group2": (
            *in_kernels("mul.cc"),
            f"{IMAGE}/resize.cc",
            f"{IMAGE}/crop.cc",
            f"{IMAGE}/resize.h",
        ),
        "android_quantized_ops": in_kernels("quant.cc"),
        "//tensorflow/core/kernels/image:kernels": (f"{IMAGE}/resize.cc", f"{IMAGE}/crop.cc", f"{IMAGE}/resize.h"),
        "android_all_ops": in_kernels("add.cc", "roll.cc"),
    },
    group_labels={
        "mobile_srcs": ("ops_util.cc",),
        "android_core_ops": ("add.cc", "bias.cc", "bias.h", "helper.cc"),
        "android_extended_ops": (
            ":android_extended_ops_group1",
            ":android_extended_ops_group2",
            ":android_quantized_ops",
        ),
        "android_extended_ops_headers": ("conv.h", "inplace.cc"),
        "android_extended_ops_group1": ("conv.cc", ":android_extended_ops_headers", "@fft2d//:fft2d.h", "xsmm.cc"),
        "android_extended_ops_group2": ("mul.cc", "//tensorflow/core/kernels/image:kernels"),
        "android_quantized_ops": ("quant.cc",),
        "//tensorflow/core/kernels/image:kernels": ("resize.cc", "crop.cc", "resize.h"),
        "android_all_ops": ("add.cc", "roll.cc"),
    },
    makefile=(
        *in_kernels("conv.cc", "add.cc", "helper.cc", "mul.c", "gone.cc", "bias.cc"),
        "tensorflow/core/ops/math_ops.cc",
        "tensorflow/core/ops/math_grad.cc",
    ),
    group_selects={"android_extended_ops_group1": ({":xsmm": ("xsmm.cc",)},)},
    makefile_missing={f"{KERNELS}/mul.c": f"{KERNELS}/mul.cc", f"{KERNELS}/gone.cc": ""},
    packages=(KERNELS, IMAGE, "tensorflow/contrib/resampler"),
)

OPS = {
    "Add": "add.cc",
    "Bias": "bias.cc",
    "Conv": "conv.cc",
    "Inplace": "inplace.cc",
    "Mul": "mul.cc",
    "Quant": "quant.cc",
    "Roll": "roll.cc",
    "Rfft": "rfft.cc",
    "Sort": "sort.cc",
    "Resize": f"{IMAGE}/resize.cc",
    "Crop": f"{IMAGE}/crop.cc",
    "Resampler": "tensorflow/contrib/resampler/kernels/resampler.cc",
    "Runtime": "tensorflow/core/common_runtime/runtime_op.cc",
}

_SCAN = index([kernel(op, FLOAT, file=file) for op, file in OPS.items()], lists=LISTS).scan
_HELPER = Dependency(f"{KERNELS}/helper.cc", "Help", f"{KERNELS}/helper.h", PROFILES)

RELEASE = MemoryIndex(
    replace(
        _SCAN,
        includes={
            f"{KERNELS}/add.cc": in_kernels("bias.h"),
            f"{KERNELS}/conv.cc": in_kernels("conv.h", "deep.h"),
            f"{KERNELS}/mul.cc": in_kernels("helper.h"),
            f"{KERNELS}/roll.cc": in_kernels("roll.h"),
            f"{IMAGE}/resize.cc": (f"{IMAGE}/resize.h",),
            f"{IMAGE}/crop.cc": (f"{IMAGE}/resize.h",),
        },
        dependencies={f"{KERNELS}/mul.cc": (_HELPER,)},
    )
)
"""``mul.cc`` needs ``helper.cc``; ``deep.h`` is no file of the groups."""


def selection_of(*ops: str, source: MemoryIndex = RELEASE) -> Selection:
    """The selection for one node ``node/<op>`` of each op, float."""
    wanted = tuple(Requirement(op, (("T", FLOAT),), nodes=(f"node/{op}",), models=("m.pb",)) for op in ops)
    return select(Requirements(wanted), source, "android-slim")


def output(target: Target, *ops: str, mode: Mode = "trim", keep_core: bool = False) -> str:
    """The one file of a target for these ops."""
    (text,) = render(target, selection_of(*ops), RELEASE, mode=mode, keep_core=keep_core).values()
    return text
