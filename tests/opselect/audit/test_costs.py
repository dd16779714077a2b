"""Costs of real binaries: the rows are whole, and what would go is as the linker of the build drops it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index.datatypes import DataType
from kernel_index.records import Constraint
from opselect.audit.audited import BYS, By, groups_of
from opselect.audit.costs import BinaryCosts
from opselect.audit.drops import dropping_of
from opselect.audit.owners.owning import owners
from opselect.audit.references import reference_graph
from opselect.audit.retained import Dropping
from opselect.binaries.opening import open_images
from opselect.binaries.registrations.reading import read_registrations

AUDIT = Path(__file__).resolve().parents[3] / "fixtures" / "audit"


def costs(name: str) -> BinaryCosts:
    (binary,) = open_images(str(AUDIT / name))
    image = binary.image()
    return BinaryCosts(owners(image, read_registrations(image)), {"relu_op.cc": "kernels/relu_op.cc"})


@pytest.fixture(scope="module")
def wide() -> BinaryCosts:
    return costs("libwide.so")


@pytest.mark.parametrize("by", BYS)
def test_owners_of_each_kind_have_all_bytes(wide: BinaryCosts, by: str) -> None:
    size = (AUDIT / "libwide.so").stat().st_size
    assert sum(wide.owned(by).values()) == size  # type: ignore[arg-type] # one of the kinds
    assert min(wide.owned(by).values()) >= 0  # type: ignore[arg-type] # one of the kinds


PAIRS: tuple[tuple[By, ...], ...] = (
    *(("op", "kernel"), ("file", "op"), ("dtype", "op"), ("section", "file"), ("op", "section")),
    *(("section", "file", "op"), ("kernel",)),
)


@pytest.mark.parametrize("bys", PAIRS, ids="-".join)
def test_names_of_several_kinds_together_have_the_bytes_of_each(wide: BinaryCosts, bys: tuple[By, ...]) -> None:
    found = wide.owned_together(bys)
    assert sum(found.values()) == (AUDIT / "libwide.so").stat().st_size
    assert min(found.values()) > 0
    for at, by in enumerate(bys):
        alone: dict[str, int] = {}
        for names, count in found.items():
            alone[names[at]] = alone.get(names[at], 0) + count
        assert alone == {name: count for name, count in wide.owned(by).items() if count}


@pytest.mark.parametrize("bys", PAIRS, ids="-".join)
def test_many_names_are_summed_as_few_are(
    wide: BinaryCosts, bys: tuple[By, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = wide.owned_together(bys)
    monkeypatch.setattr("opselect.audit.costs._DENSE", 1)
    assert wide.owned_together(bys) == few


def test_symbols_are_told_apart_by_themselves_only(wide: BinaryCosts) -> None:
    with pytest.raises(ValueError, match="symbol"):
        wide.owned_together(("symbol", "op"))


def test_bytes_of_no_op_and_those_of_ops_are_all(wide: BinaryCosts) -> None:
    owned = dict(wide.owned("op"))
    assert sum(wide.unattributed().values()) == owned.pop("")
    assert sum(wide.shared().values()) <= sum(wide.unattributed().values())


def test_a_kernel_for_two_types_is_of_the_first() -> None:
    (binary,) = open_images(str(AUDIT / "libwide.so"))
    image = binary.image()
    found = read_registrations(image)
    two = (Constraint("SrcT", (DataType.DT_HALF,)), Constraint("DstT", (DataType.DT_INT8,)))
    kernels = tuple(replace(each, constraints=two) if each.constraints else each for each in found.kernels)
    before = BinaryCosts(owners(image, found), {}).owned("dtype")
    after = BinaryCosts(owners(image, replace(found, kernels=kernels)), {}).owned("dtype")
    assert set(after) == {"", "DT_HALF"}
    assert after[""] <= before[""]
    assert sum(after.values()) == sum(before.values())


def test_files_are_named_by_their_paths(wide: BinaryCosts) -> None:
    assert wide.owned("file")["kernels/relu_op.cc"] > 0
    assert "relu_op.cc" not in wide.owned("file")


def test_groups_that_have_kernels_in_common_are_asked_one_by_one(wide: BinaryCosts) -> None:
    groups = groups_of(wide._owners.registrations, "op")
    both = sorted({*groups["Relu"], *groups["Relu6"]})
    together, relu, relu6, nothing = wide.retained([both, groups["Relu"], groups["Relu6"], []])
    assert together >= relu + relu6 > relu > 0
    assert nothing == 0


@pytest.mark.parametrize(
    ("name", "dropping"), [("libruntime.so", Dropping.SECTIONS), ("libwide.so", Dropping.COMPILER)]
)
def test_a_build_without_gc_sections_has_functions_that_nobody_needs(name: str, dropping: Dropping) -> None:
    (binary,) = open_images(str(AUDIT / name))
    assert dropping_of(reference_graph(binary.image())) is dropping
