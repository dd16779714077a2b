from __future__ import annotations

from dataclasses import replace

from kernel_index.index import MemoryIndex
from kernel_index.records import Condition, Diagnostic, Location, Lost
from opselect.findings import Finding
from opselect.requirements.collect import Requirement, Requirements
from opselect.selection.select import select
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
        "Convert the model to types that android-slim has. "
        "Or build TensorFlow with -DINTEL_MKL, and pass the same -DINTEL_MKL to opselect, with --tree or --root."
    )


def test_another_profile_is_advised_where_one_has_the_kernel_without_condition() -> None:
    desktop = kernel("Mkl", DOUBLE, line=9, profiles=("desktop",), condition=MKL)
    selective = kernel("Mkl", DOUBLE, line=20, profiles=("selective",))
    (unresolved,) = select(NEED, index([desktop, selective]), "android-slim").unresolved
    assert "--profile selective" in unresolved.advice


def test_converting_comes_before_a_larger_build_which_is_told_by_its_flag() -> None:
    full = kernel("Mkl", DOUBLE, line=20, profiles=("android-full", "selective"))
    (unresolved,) = select(NEED, index([full, kernel("Mkl", FLOAT)]), "android-slim").unresolved
    convert, larger = unresolved.advice.split(" Or ")
    assert convert == "Convert the model to types that android-slim has: T in {DT_FLOAT}."
    assert "--copt=-D__ANDROID_TYPES_FULL__" in larger
    assert "--profile android-full" in larger


def test_what_only_the_desktop_has_is_no_advice_for_a_phone() -> None:
    desktop = kernel("Mkl", DOUBLE, profiles=("desktop",))
    (unresolved,) = select(NEED, index([desktop]), "android-slim").unresolved
    assert unresolved.advice == "No build for a phone has it, only desktop: export the model without it."


def test_kernel_in_a_file_that_only_gpu_builds_compile() -> None:
    condition = Condition("GOOGLE_CUDA", True, "a source file of GPU builds", Location("k/mkl.cu.cc", 1))
    hidden = kernel("Mkl", DOUBLE, file="k/mkl.cu.cc", profiles=(), condition=condition)
    (unresolved,) = select(NEED, index([hidden]), "android-slim").unresolved
    assert unresolved.reason == (
        "the kernel for T=DT_DOUBLE at k/mkl.cu.cc:10 is in a source file of GPU builds (k/mkl.cu.cc:1)"
    )


def lacking(op: str) -> Finding:
    (unresolved,) = select(Requirements((Requirement(op),)), index([kernel("Mkl", FLOAT)]), "android-slim").unresolved
    return unresolved


def test_an_op_that_came_later_names_the_first_release_with_it() -> None:
    found = lacking("Einsum")
    assert found.reason == "TensorFlow 1.13.1 has no op of this name: TensorFlow 1.15 and later have it"
    assert found.advice == "Export the model for TensorFlow 1.13.1, or build TensorFlow 1.15 or later."


def test_an_op_that_was_removed_names_the_last_release_with_it() -> None:
    found = lacking("_XlaLaunch")
    assert found.reason.endswith(": TensorFlow 1.0 to 1.8 have it, and it was removed after 1.8")
    assert found.advice == "Export the model without it, or build TensorFlow 1.8, the last release that has it."


def test_only_an_op_of_no_release_is_called_custom() -> None:
    found = lacking("Frobnicate")
    assert found.reason.startswith("TensorFlow 1.13.1 has no op of this name, nor has any release that opselect knows")
    assert found.advice == (
        "It is a custom op: scan the folder that registers it with --root DIR. Or export the model without it."
    )


def lost(op: str, file: str) -> Diagnostic:
    return Diagnostic(Location(file, 7), "the value of 'kOp' is not known", Lost("kernel", op))


def test_a_registration_that_could_not_be_read_may_be_the_one_for_the_cpu() -> None:
    plain = index([kernel("Mkl", DOUBLE, device="GPU")])
    unread = MemoryIndex(replace(plain.scan, diagnostics=(lost("Mkl", "k/mkl.cc"), lost("", "k/other.cc"))))
    (unresolved,) = select(NEED, unread, "android-slim").unresolved
    assert unresolved.reason == "a registration in k/mkl.cc:7 could not be evaluated and may be this op"
    assert "the value of 'kOp' is not known" in unresolved.advice
    nameless = MemoryIndex(replace(plain.scan, diagnostics=(lost("", "k/other.cc"),)))
    (unresolved,) = select(NEED, nameless, "android-slim").unresolved
    assert unresolved.reason == "TensorFlow 1.13.1 has kernels for it on GPU only"
