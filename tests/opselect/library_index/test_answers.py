"""What questions to an index of libraries are answered where nobody knows."""

from __future__ import annotations

from dataclasses import replace

from kernel_index.index import MemoryIndex
from kernel_index.records import ScanResult
from opselect.requirements.collect import Requirement, Requirements
from opselect.selection.left_out_by_default import findings
from opselect.selection.not_known import unsure_of
from opselect.selection.select import Selection, select
from tests.opselect.library_index.made_up import FLOAT, HALF, base, defined, definition, kernel, made, record


def selection(scan: ScanResult, profile: str, *ops: str, files: bool = True) -> Selection:
    items = tuple(Requirement(op, (("T", FLOAT),), count=1, nodes=("n",)) for op in ops)
    return select(Requirements(items), MemoryIndex(scan), profile, files=files)


def codes(scan: ScanResult, profile: str, *ops: str, files: bool = True) -> dict[str, str]:
    found = selection(scan, profile, *ops, files=files).unresolved
    return {each.op: each.code for each in found if each.op in ops or each.code == "OPS128"}


def index() -> ScanResult:
    """Relu, which the base knows; Elu, new in the same file; Selu, new in a file of its own."""
    kernels = [kernel("Relu"), kernel("Elu", file="relu_op.cc"), kernel("Selu")]
    ops = ["Relu", "Elu", "Selu"]
    return made(base([record("Relu")], [defined("Relu")]), kernels, map(definition, ops))


def test_a_build_of_which_nobody_knows_is_neither_yes_nor_no() -> None:
    assert codes(index(), "android", "Relu", "Elu", "Selu") == {"Elu": "OPS127", "Selu": "OPS127"}
    (elu, _) = selection(index(), "android", "Elu", "Selu").unresolved
    assert elu.reason.startswith("whether a build of profile android has its kernel EluOp<DT_FLOAT> (")
    assert elu.mends[0].text.startswith("Scan the sources")


def test_a_kernel_that_the_build_surely_has_is_taken_before_one_that_it_may_have() -> None:
    kernels = [kernel("Relu"), kernel("Relu", HALF)]
    scan = made(base([record("Relu")], [defined("Relu")]), kernels, [definition("Relu")])
    assert codes(scan, "android", "Relu") == {}


def test_a_file_of_unknown_folder_is_in_no_list() -> None:
    found = selection(index(), "desktop", "Relu", "Elu", "Selu")
    assert {each.op: (each.code, each.files) for each in found.unresolved if each.code == "OPS128"} == {
        "Selu": ("OPS128", ("selu_op.cc",))
    }
    assert "selu_op.cc" not in {file.path for file in found.files}
    assert "OPS128" not in codes(index(), "desktop", "Selu", files=False).values()


def left_out(scan: ScanResult, profile: str, *ops: str) -> dict[str, str]:
    items = tuple(Requirement(op, (("T", FLOAT),), count=1, nodes=("n",)) for op in ops)
    return {each.op: each.code for each in findings(Requirements(items), MemoryIndex(scan), profile)}


def unlisted() -> ScanResult:
    """The same with kernels whose files are in no list of mobile builds, of which Old is known for desktop alone."""
    known = base([record("Relu"), record("Tanh"), record("Old", FLOAT, "desktop")], [defined("Relu"), defined("Old")])
    kernels = [kernel("Relu"), kernel("Tanh"), kernel("Old"), kernel("Elu", file="tanh_op.cc"), kernel("Selu")]
    scan = made(known, kernels, map(definition, ["Relu", "Tanh", "Old", "Elu", "Selu"]))
    core = {"portable_core_ops": ("tensorflow/core/kernels/relu_op.cc",)}
    return replace(scan, build_lists=replace(scan.build_lists, groups=core, group_labels={}))


def test_no_criterion_is_claimed_for_what_is_not_known() -> None:
    assert left_out(unlisted(), "android", "Relu", "Tanh", "Old", "Elu", "Selu") == {"Tanh": "OPS209", "Old": "OPS209"}
    as_of_sources = replace(unlisted(), origin=None)
    assert left_out(as_of_sources, "android", "Elu") == {"Elu": "OPS209"}


def test_that_it_is_not_known_is_said_of_requirements_too() -> None:
    items = tuple(Requirement(op, (("T", FLOAT),), count=1, nodes=("n",)) for op in ("Relu", "Elu"))
    (sentence,) = unsure_of(Requirements(items), MemoryIndex(index()), "android")
    assert sentence.startswith("Elu: whether a build of profile android has its kernel EluOp<DT_FLOAT>")
    assert unsure_of(Requirements(items), MemoryIndex(index()), "desktop") == ()


def test_of_an_index_of_sources_neither_is_said() -> None:
    scan = replace(index(), origin=None)
    assert codes(scan, "android", "Elu") == {"Elu": "OPS116"}
    assert codes(scan, "desktop", "Selu") == {}


def test_a_new_op_without_a_kernel_is_not_evaluated_and_no_plain_no() -> None:
    known = base([record("Relu")], [defined("Relu"), defined("Old")])
    scan = made(known, [kernel("Relu")], map(definition, ["Relu", "New", "Old"]))
    assert codes(scan, "android", "New", "Old") == {"New": "OPS110", "Old": "OPS105"}
