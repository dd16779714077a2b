"""Requirements that were collected for one release and are asked of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index import shipped
from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.records import AttrDefinition, Location, OpDefinition
from kernel_index.store import open_index
from opselect.models.choice import Choice, choose_meta_graph, entries_of
from opselect.models.formats import read_model
from opselect.requirements.collect import Requirement, Requirements, collect_requirements
from opselect.requirements.for_release import for_index
from opselect.requirements.runtime import Origin
from opselect.selection.select import Selection, select
from tests.opselect.sample import FLOAT, HALF, INT32, index, kernel

FIXTURES = Path(__file__).parents[3] / "fixtures"
INSERTED, ADDED, REPLACED = (Origin(kind, "why") for kind in ("inserted", "added", "replaced"))


def definition(name: str, *attrs: AttrDefinition) -> OpDefinition:
    return OpDefinition(name, (), (), attrs, Location("ops.cc", 1))


NEWER = index(
    [kernel("Sum", "NHWC", attr="layout")],
    [
        definition(
            "Sum",
            AttrDefinition("T", "type", has_default=True, default=HALF),
            AttrDefinition("Tidx", "type", has_default=True, default=INT32),
            AttrDefinition("Ts", "list(type)", has_default=True, default=()),
            AttrDefinition("layout", "string", has_default=True, default="NHWC"),
        )
    ],
    release="1.15.5",
)


def test_types_that_another_release_has_besides_are_filled_in_and_nothing_else() -> None:
    kept = Requirement("Sum", (("T", FLOAT),), nodes=("a",), models=("a.pb",))
    full = Requirement("Sum", (("T", FLOAT), ("Tidx", INT32), ("Ts", ())), nodes=("b",), models=("b.pb",))
    completed = for_index(Requirements((kept, full), ("warned",), ("1.15.0",)), NEWER, "r.json")
    assert completed == Requirements(
        (Requirement("Sum", full.attrs, count=2, nodes=("a", "b"), models=("a.pb", "b.pb"), model_count=2),),
        ("warned",),
        ("1.15.5",),
    )
    (missing,) = select(completed, NEWER, "desktop").unresolved
    assert "constrains the attr layout" in missing.reason
    assert "collect them again" in missing.advice


def test_what_the_runtime_makes_of_models_is_kept_for_the_release_and_its_patch_releases() -> None:
    items = (Requirement("A", origin=INSERTED), Requirement("B", origin=ADDED), Requirement("C", origin=REPLACED))
    assert for_index(Requirements(items, (), ("1.15.0",)), NEWER, "r.json").items == items


@pytest.mark.parametrize("releases", [("1.14.0",), ("1.14.0", "1.15.5"), ("", "1.15.5"), ("",), ()])
def test_what_another_runtime_may_insert_is_left_out(releases: tuple[str, ...]) -> None:
    items = (Requirement("A"), Requirement("B", origin=INSERTED))
    kept = for_index(Requirements(items, (), releases), NEWER, "r.json")
    assert kept.items == items[:1]
    (warning,) = kept.warnings
    known = " and ".join(release or "a release that is not known" for release in releases or ("",))
    assert warning == f"r.json was collected for {known}: ops that optimizers of 1.15.5 may insert are not in it."


@pytest.mark.parametrize(
    "item",
    [
        Requirement("A", origin=ADDED),
        Requirement("A", origin=REPLACED),
        Requirement("AccumulateNV2"),
        Requirement("StatelessWhile"),
        Requirement("PartitionedCall", (("Tout", (DataType.DT_RESOURCE,)),)),
        Requirement("PartitionedCall"),
    ],
)
def test_what_another_runtime_may_make_of_models_is_refused(item: Requirement) -> None:
    with pytest.raises(InputError) as caught:
        for_index(Requirements((item,), (), ("1.2.1",)), NEWER, "r.json")
    assert f"collected for 1.2.1, and what the runtime of 1.15.5 makes of {item.op} may be" in caught.value.problem


@pytest.mark.parametrize(
    "item", [Requirement("ReadVariableOp"), Requirement("PartitionedCall", (("Tout", (FLOAT,)),)), Requirement("Add")]
)
def test_what_both_runtimes_leave_as_it_is(item: Requirement) -> None:
    assert for_index(Requirements((item,), (), ("1.14.0",)), NEWER, "r.json").items == (item,)


def answer(selection: Selection) -> object:
    kernels = [kernel.registration for kernel in selection.kernels]
    return kernels, {(missing.op, missing.reason) for missing in selection.unresolved}


def opened(release: str) -> KernelIndex:
    return open_index(shipped.find(release))


def collected(path: Path, known: KernelIndex) -> Requirements:
    meta_graph = choose_meta_graph(read_model(path))
    chosen = Choice(outputs=("out",)) if path.parent.name == "graphs" else Choice()
    return collect_requirements(meta_graph.graph, "m", index=known, entries=entries_of(meta_graph, chosen, str(path)))


MODELS = [
    *sorted((FIXTURES / "models").glob("*.pb")),
    *sorted((FIXTURES / "runtime" / "graphs").glob("*.pb")),
    FIXTURES / "saved_models" / "sm2_multi_signatures",
]


@pytest.mark.parametrize("collected_for", ["1.3", "2.14"])
def test_kept_requirements_give_what_the_models_give_or_are_refused(collected_for: str) -> None:
    collecting = opened(collected_for)
    asked = [opened(release) for release in ("1.15", "2.14")]
    refused = 0
    for path in MODELS:
        kept = collected(path, collecting)
        for other in asked:
            direct = collected(path, other)
            if other.release != collecting.release:
                direct = direct.without_inserted()
            try:
                completed = for_index(kept, other, str(path))
            except InputError:
                refused += 1
                continue
            assert answer(select(completed, other, "android")) == answer(select(direct, other, "android")), path
    assert 0 < refused < len(MODELS)
