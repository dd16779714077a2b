"""Which kernels of a binary models use."""

from __future__ import annotations

from dataclasses import replace

from kernel_index.datatypes import DataType
from opselect.audit.audited import Audit
from opselect.report.uses import Uses
from opselect.usecases.audit_models import ModelsAudit, NeededKernel
from tests.opselect.audit.made_up import audit, binary, kernel

RELU, HALF, ABS = kernel("Relu"), kernel("Relu", DataType.DT_HALF), kernel("Abs")


def models(*needed: NeededKernel) -> ModelsAudit:
    return ModelsAudit("2.14.1", "android", needed, 0, (), (), 0, ())


def test_without_models_nothing_is_said() -> None:
    uses = Uses(audit(RELU), None)
    assert (uses.of_kernel(RELU), uses.of_op("Relu"), uses.of_file("relu_op.cc"), uses.models_of([RELU])) == (
        "",
        "",
        "",
        (),
    )


def test_an_op_and_a_file_are_needed_where_one_of_their_kernels_is() -> None:
    uses = Uses(audit(RELU, HALF, ABS), models(NeededKernel(RELU, ("a.pb", "b.pb"), 7)))
    assert [uses.of_kernel(each) for each in (RELU, HALF, ABS)] == ["needed", "unused", "unused"]
    assert (uses.of_op("Relu"), uses.of_op("Abs"), uses.of_op("OnlyDefined")) == ("needed", "unused", "")
    assert (uses.of_file("relu_op.cc"), uses.of_file("abs_op.cc"), uses.of_file("util.cc")) == ("needed", "unused", "")
    assert uses.models_of([HALF, RELU]) == ("a.pb", "b.pb")
    assert uses.of_kernels([HALF, RELU]) == "needed"


def test_what_only_the_runtime_needs_is_needed_by_no_model() -> None:
    uses = Uses(audit(RELU), models(NeededKernel(RELU, (), 7)))
    assert (uses.of_kernel(RELU), uses.models_of([RELU]), uses.models_of_op("Relu")) == ("needed", (), ("the runtime",))


def test_a_kernel_is_the_same_in_another_binary_wherever_it_stands() -> None:
    moved, elsewhere = replace(RELU, place=0x40, factory=7), replace(RELU, file="other_op.cc")
    both = Audit((binary(RELU), binary(moved, elsewhere)))
    uses = Uses(both, models(NeededKernel(RELU, ("a.pb",), 7)))
    assert [uses.of_kernel(each) for each in both.kernels] == ["needed", "needed", "unused"]
