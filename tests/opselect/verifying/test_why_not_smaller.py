"""Why a trim saved nothing, by what is seen in the old binary and in the new one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_index import shipped
from kernel_index.datatypes import DataType
from kernel_index.index import KernelIndex
from opselect.audit.audited import Audit
from opselect.audit.difference import difference
from opselect.binaries.records import RegisteredKernel
from opselect.build_lists.header.record import SelectiveHeader
from opselect.findings import Finding
from opselect.verifying.why_not_smaller import Trim, why_not_smaller
from tests.opselect.audit.made_up import audit, binary, kernel

KERNELS = "tensorflow/core/kernels"
RELU = kernel("Relu", kernel_class="ReluOp<CPUDevice, float>", file=f"{KERNELS}/relu_op.cc")
RELU6 = kernel("Relu6", kernel_class="Relu6Op<CPUDevice, float>", file=f"{KERNELS}/relu_op.cc")
SOFTPLUS = kernel("Softplus", kernel_class="SoftplusOp<CPUDevice, float>", file=f"{KERNELS}/softplus_op.cc")
ARG = kernel("_Arg", None, kernel_class="ArgOp", file=f"{KERNELS}/function_ops.cc")
HEADER = SelectiveHeader("1.3", ("Relu",), (RELU.kernel_class,), gradient=False)


@pytest.fixture(scope="module")
def index() -> KernelIndex:
    return shipped.index_of("2.14.1")


def why(old: Audit, new: Audit, index: KernelIndex | None, **trim: object) -> list[Finding]:
    return list(why_not_smaller(difference(old, new), index, "android", Trim(**trim)))  # type: ignore[arg-type] # by name


def with_header(old: tuple[RegisteredKernel, ...], new: tuple[RegisteredKernel, ...], index: KernelIndex) -> list[str]:
    found = why(audit(*old), audit(*new), index, headers={"ops.h": HEADER})
    return [each.reason for each in found if each.code == "OPS527"]


def test_a_header_that_was_applied_needs_no_word(index: KernelIndex) -> None:
    assert why(audit(RELU, RELU6), audit(RELU, size=9000), index, headers={"ops.h": HEADER}) == []


def test_a_header_that_was_not_applied(index: KernelIndex) -> None:
    (reason,) = with_header((RELU, RELU6), (RELU, RELU6), index)
    assert reason == (
        "1 of its 2 kernels are left out by ops.h: SELECTIVE_REGISTRATION was not defined (a slip in the flag?), or "
        "another header was found (Relu6)"
    )


def test_a_header_that_was_applied_in_part(index: KernelIndex) -> None:
    (reason,) = with_header((RELU, RELU6, SOFTPLUS), (RELU, RELU6), index)
    assert reason.endswith("(another is gone), but not for tensorflow/core/kernels/relu_op.cc")


def test_system_kernels_are_there_whatever_a_header_says(index: KernelIndex) -> None:
    assert with_header((RELU, ARG), (RELU, ARG), index) == []


def test_without_a_header_all_kernels_that_are_still_there_are_evidence(index: KernelIndex) -> None:
    (finding,) = why(audit(RELU, SOFTPLUS), audit(RELU, SOFTPLUS), index)
    assert (finding.code, "all that its" in finding.reason) == ("OPS527", False)
    logical = kernel("LogicalAnd", None, kernel_class="BinaryOp<CPUDevice, functor::logical_and>")
    logical = replace(logical, file=f"{KERNELS}/cwise_op_logical_and.cc")
    (whole,) = why(audit(logical), audit(logical), index)
    assert whole.reason.endswith(
        ", all that its only file with kernels has: no selection was seen when they were compiled"
    )


def test_types_that_only_large_builds_have(index: KernelIndex) -> None:
    wide = replace(kernel("Relu", DataType.DT_DOUBLE, kernel_class="ReluOp<CPUDevice, double>"), file=RELU.file)
    found = why(audit(RELU), audit(RELU, wide), index)
    assert [(each.code, each.op, each.dtypes) for each in found] == [("OPS528", "Relu", (DataType.DT_DOUBLE,))]
    assert why(audit(RELU), audit(RELU, RELU6), index) == []


def test_a_build_with_more_kernels_is_no_trim(index: KernelIndex) -> None:
    assert why(audit(RELU), audit(RELU, SOFTPLUS, size=11_000), index) == []


def test_files_with_kernels_that_have_bytes_and_register_nothing(index: KernelIndex) -> None:
    new = Audit((binary(RELU, size=9000, files={SOFTPLUS.file: 120}),))
    (finding,) = why(audit(RELU, SOFTPLUS), new, index)
    assert (finding.code, finding.reason) == (
        "OPS529",
        "a file of kernels that register none still have 120 bytes: softplus_op.cc",
    )


def test_files_that_are_in_no_list() -> None:
    files = {"list.txt": frozenset({RELU.file})}
    (finding,) = why(audit(RELU, SOFTPLUS, ARG), audit(RELU, SOFTPLUS, size=9000), None, files=files)
    assert (finding.code, finding.files) == ("OPS530", (SOFTPLUS.file,))
    assert why(audit(RELU, SOFTPLUS), audit(RELU, size=9000), None, files=files) == []
