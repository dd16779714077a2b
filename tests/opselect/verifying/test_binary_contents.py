"""Builds by what their binaries register."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index import shipped
from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.records import KernelRegistration
from opselect.binaries.records import Registrations, Undecoded
from opselect.verifying.binary_contents import (
    BinaryContents,
    BinaryFile,
    fitting_profile,
    is_binary,
    preferred,
    read_binary,
)
from tests.opselect.audit.elf_files import MadeSection, elf
from tests.opselect.audit.made_up import definition, kernel, undecoded

ROOT = Path(__file__).resolve().parents[3]
RELU = kernel("Relu", kernel_class="ReluOp<CPUDevice, float>")
RELU6 = "Relu6Op<CPUDevice, float>"


@pytest.fixture(scope="module")
def index() -> KernelIndex:
    return shipped.index_of("2.14.1")


def registered(index: KernelIndex, op: str, text: str) -> KernelRegistration:
    return next(each for each in index.registrations(op) if each.kernel_class == text)


def contents(
    index: KernelIndex, *undecoded: Undecoded, described: str = "", ops: tuple[str, ...] = ("Relu",)
) -> BinaryContents:
    """A binary with a kernel of Relu, and with these op definitions."""
    registrations = Registrations((RELU,), tuple(map(definition, ops)), undecoded)
    return BinaryContents((BinaryFile("lib.so", registrations),), index, "android", described)


def test_a_binary_has_the_kernels_that_it_registers(index: KernelIndex) -> None:
    found = contents(index)
    assert found.has_kernel(registered(index, "Relu", RELU.kernel_class))
    assert not found.has_kernel(registered(index, "Relu6", RELU6))
    assert [each.kernel_class for each in found.registered("Relu")] == [RELU.kernel_class]
    assert found.unjudged == ()
    assert found.nothing() is None


def test_what_is_missing_of_a_file_of_which_other_kernels_are_there(index: KernelIndex) -> None:
    finding = contents(index).without_kernel(registered(index, "Relu6", RELU6))
    assert (finding.code, finding.applicability) == ("OPS122", "likely")
    assert finding.reason.endswith(f"are registered in it, and not {RELU6} for T=DT_FLOAT")


def test_what_is_missing_with_its_file(index: KernelIndex) -> None:
    softplus = registered(index, "Softplus", "SoftplusOp<CPUDevice, float>")
    assert contents(index).without_kernel(softplus).code == "OPS119"
    dropped = contents(index, described="the lists").without_kernel(softplus)
    assert (dropped.code, dropped.reason[:13]) == ("OPS502", "by the lists,")


@pytest.mark.parametrize(
    ("each", "doubtful"),
    [
        (undecoded(), True),
        (undecoded("softplus_op.cc"), True),
        (undecoded("other.cc"), False),
        (undecoded("", "SoftplusOp<CPUDevice, float>"), True),
        (undecoded("softplus_op.cc", "OtherOp"), False),
    ],
)
def test_what_could_not_be_decoded_may_be_what_is_missing(index: KernelIndex, each: Undecoded, doubtful: bool) -> None:
    found = contents(index, each)
    finding = found.without_kernel(registered(index, "Softplus", "SoftplusOp<CPUDevice, float>"))
    assert (finding.applicability == "guess", "unless it is one that could not be decoded" in finding.reason) == (
        (doubtful, doubtful)
    )
    (sentence,) = found.unjudged
    assert sentence.startswith("lib.so has a registration that could not be decoded: ")


def test_definitions_are_judged_where_one_can_be_read(index: KernelIndex) -> None:
    softplus = index.op_definition("Softplus")
    assert softplus is not None
    assert not contents(index).has_op(softplus)
    assert contents(index).without_op(softplus).code == "OPS120"
    unreadable = contents(index, ops=())
    assert unreadable.has_op(softplus)
    assert "whether it defines the ops is not judged" in unreadable.unjudged[0]


def test_kernels_and_ops_of_ones_own_are_in_the_index(index: KernelIndex) -> None:
    own = BinaryFile(
        "lib.so", Registrations((kernel("MyOwn"),), (definition("MyOwn"), definition("Bad", "no type")), ())
    )
    found = BinaryContents((own,), index, "android")
    (registration,) = found.index.registrations("MyOwn")
    assert found.has_kernel(registration)
    made = found.index.op_definition("MyOwn")
    assert made is not None
    assert made.inputs[0].type_text == "T"
    assert "the definition of Bad cannot be read" in found.unjudged[0]
    assert found.index.op_definition("Bad") is None


def test_a_binary_without_kernels(index: KernelIndex) -> None:
    nothing = BinaryContents((BinaryFile("lib.so", Registrations((), (), ())),), index, "android").nothing()
    assert nothing is not None
    assert nothing.code == "OPS503"


def test_the_profile_that_has_most_of_the_kernels(index: KernelIndex) -> None:
    profiles = preferred(index.profiles)
    assert fitting_profile(index, [RELU], profiles) == "android"
    half = replace(RELU, kernel_class="ReluOp<CPUDevice, Eigen::half>", constraints=())
    wide = [
        replace(half, constraints=each.constraints, kernel_class=each.kernel_class)
        for each in index.registrations("Relu")
        if each.constraints and each.constraints[0].allowed == (DataType.DT_DOUBLE,) and each.device == "CPU"
    ]
    assert fitting_profile(index, [RELU, *wide], profiles) != "android"


def test_what_is_a_binary(tmp_path: Path) -> None:
    (tmp_path / "Some.framework").mkdir()
    (tmp_path / "list.txt").write_text("a/b.cc\n")
    assert is_binary(str(ROOT / "fixtures" / "audit" / "libruntime.so"))
    assert is_binary(str(tmp_path / "Some.framework"))
    assert not is_binary(str(tmp_path / "list.txt"))
    assert not is_binary(str(tmp_path))
    assert not is_binary(str(tmp_path / "nowhere"))


def test_code_that_cannot_be_followed_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "lib.so"
    path.write_bytes(elf((MadeSection(".text", flags=6),), machine=8))
    with pytest.raises(InputError, match="nothing is known of what it registers"):
        read_binary(str(path))
