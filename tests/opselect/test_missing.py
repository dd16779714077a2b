from __future__ import annotations

from kernel_index.records import Condition, Location
from opselect.requirements import Requirement, Requirements
from opselect.selection import select
from tests.opselect.sample import DOUBLE, FLOAT, index, kernel

MKL = Condition("INTEL_MKL", True, "#ifdef INTEL_MKL", Location("tensorflow/core/kernels/mkl.cc", 3))
NEED = Requirements((Requirement("Mkl", (("T", DOUBLE),), "", "", 1, ("n",), ("m.pb",)),))


def test_kernel_that_a_condition_keeps_on_the_desktop() -> None:
    desktop = kernel("Mkl", DOUBLE, line=9, profiles=("desktop",), condition=MKL)
    (unresolved,) = select(NEED, index([desktop, kernel("Mkl", FLOAT)]), "android-slim").unresolved
    assert unresolved.reason == (
        "no kernel for T=DT_DOUBLE in profile android-slim; the one at tensorflow/core/kernels/mkl.cc:9 is hidden by "
        "`#ifdef INTEL_MKL` (tensorflow/core/kernels/mkl.cc:3), except in desktop"
    )
    assert unresolved.advice == (
        "Build TensorFlow with -DINTEL_MKL, and pass the same -DINTEL_MKL to opselect, with --tree or --root. "
        "Or convert the model to types that android-slim has."
    )


def test_another_profile_is_advised_where_one_has_the_kernel_without_condition() -> None:
    desktop = kernel("Mkl", DOUBLE, line=9, profiles=("desktop",), condition=MKL)
    selective = kernel("Mkl", DOUBLE, line=20, profiles=("selective",))
    (unresolved,) = select(NEED, index([desktop, selective]), "android-slim").unresolved
    assert "--profile selective" in unresolved.advice


def test_kernel_in_a_file_that_only_gpu_builds_compile() -> None:
    condition = Condition("GOOGLE_CUDA", True, "a source file of GPU builds", Location("k/mkl.cu.cc", 1))
    hidden = kernel("Mkl", DOUBLE, file="k/mkl.cu.cc", profiles=(), condition=condition)
    (unresolved,) = select(NEED, index([hidden]), "android-slim").unresolved
    assert unresolved.reason == (
        "the kernel for T=DT_DOUBLE at k/mkl.cu.cc:10 is in a source file of GPU builds (k/mkl.cu.cc:1)"
    )
