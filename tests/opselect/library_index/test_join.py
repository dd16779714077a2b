from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from kernel_index.index import MemoryIndex
from kernel_index.records import UNSURE, ArgDefinition, Deprecation, Diagnostic, GraphVersions, Location, Lost
from kernel_index.store import StoredIndex, index_bytes
from opselect.binaries.records import Registrations, Undecoded
from opselect.library_index.join import NO_FILE, Join, join
from opselect.library_index.libraries import together
from tests.opselect.library_index.made_up import (
    FLOAT,
    HALF,
    INT32,
    KERNELS,
    SLIM_ONLY,
    base,
    defined,
    definition,
    kernel,
    made,
    of,
    record,
)


def test_a_known_kernel_keeps_what_the_base_says_of_it() -> None:
    known = record("Relu", condition=SLIM_ONLY, system=True)
    assert of(made(base([known]), [kernel("Relu")]), "Relu") == [known]


def test_the_profile_of_the_library_has_what_it_registers_and_nothing_else() -> None:
    """Kernels that the base has for phones, or hides everywhere, are on desktop where the library has them."""
    phones = record("Relu", FLOAT, "android")
    hidden = replace(record("Relu", HALF), profiles=(), condition=SLIM_ONLY)
    gone = record("Relu", INT32)
    same, their_kernels = [record("Elu"), record("Selu"), record("Tan")], [kernel("Elu"), kernel("Selu"), kernel("Tan")]
    scan = made(base([phones, hidden, gone, *same]), [kernel("Relu"), kernel("Relu", HALF), *their_kernels])
    assert [(r.constraints[0].allowed, r.profiles) for r in of(scan, "Relu")] == [
        ((FLOAT,), ("android", "desktop")),
        ((HALF,), ("desktop",)),
    ]


def test_classes_and_priorities_are_those_of_the_library() -> None:
    known = record("Relu", kernel_class="ReluOp<CPUDevice, int32>", priority=0, host_memory_args=("x",))
    one = replace(kernel("Relu", kernel_class="ReluOp<CPUDevice, int32_t>"), priority=2, host_memory_args=("y",))
    (found,) = of(made(base([known]), [one]), "Relu")
    assert (found.kernel_class, found.priority, found.host_memory_args) == ("ReluOp<CPUDevice, int32_t>", 2, ("y",))
    assert (found.location, found.profiles) == (known.location, known.profiles)


def test_each_registration_is_that_of_one_kernel() -> None:
    known = [record("Relu", kernel_class="A<int32>"), record("Relu", FLOAT, "desktop", kernel_class="A<int32_t>")]
    scan = made(base(known), [kernel("Relu", kernel_class="A<int32_t>"), kernel("Relu", kernel_class="A<int32>")])
    assert {(r.kernel_class, r.profiles) for r in of(scan, "Relu")} == {
        ("A<int32>", ("android", "desktop")),
        ("A<int32_t>", ("desktop",)),
    }


def test_a_new_kernel_is_where_its_name_is_known_and_of_unknown_builds() -> None:
    scan = made(base([record("Relu")]), [kernel("Relu"), kernel("Elu", file="relu_op.cc")])
    (new,) = of(scan, "Elu")
    assert (new.location, new.profiles) == (Location(f"{KERNELS}/relu_op.cc", 0), ("desktop",))
    (said,) = [d for d in scan.diagnostics if d.lost is not None]
    assert (said.location, said.lost) == (new.location, Lost(UNSURE, "Elu"))
    assert "which builds but desktop have the kernel of Elu is not known: EluOp<DT_FLOAT>" in said.message


def test_of_a_new_file_no_folder_is_made_up() -> None:
    (new,) = of(made(base([record("Relu")]), [kernel("Relu"), kernel("Elu")]), "Elu")
    assert new.location == Location("elu_op.cc", 0)
    (new,) = of(made(base([record("Relu")]), [kernel("Relu"), replace(kernel("Elu"), file="")]), "Elu")
    assert new.location.file == NO_FILE
    (new,) = of(made(base([record("Relu")]), [kernel("Relu"), kernel("Elu", file="/home/me/tf/elu_op.cc")]), "Elu")
    assert new.location == Location("elu_op.cc", 0)


def test_what_a_file_has_for_one_build_alone_stays_so() -> None:
    known = [record("MklRelu", FLOAT, "desktop", condition=SLIM_ONLY)]
    scan = made(base(known), [kernel("MklRelu"), kernel("MklElu", file="mklrelu_op.cc")])
    (new,) = of(scan, "MklElu")
    assert (new.profiles, new.condition) == (("desktop",), SLIM_ONLY)
    assert not [d for d in scan.diagnostics if d.lost is not None]


@pytest.mark.parametrize(
    ("kernel_class", "dtype", "profiles"),
    [("ReluOp<x>", HALF, ("android", "desktop")), ("Other<x>", HALF, ("desktop",)), ("ReluOp<x>", INT32, ("desktop",))],
)
def test_kernels_of_one_template_for_the_same_types_are_in_the_same_builds(
    kernel_class: str, dtype: DataType, profiles: tuple[str, ...]
) -> None:
    file = f"{KERNELS}/relu_op.cc"
    known = [record("Relu"), record("Relu", HALF), record("Hide", INT32, "desktop", file=file)]
    kernels = [kernel("Relu"), kernel("Relu", HALF), kernel("Hide", INT32, file="relu_op.cc")]
    new = kernel("Elu", dtype, file="relu_op.cc", kernel_class=kernel_class)
    (found,) = of(made(base(known), [*kernels, new]), "Elu")
    assert found.profiles == profiles


def test_kernels_for_other_devices_than_phones_have_are_no_doubt() -> None:
    scan = made(base([record("Relu")]), [kernel("Relu"), kernel("Relu", device="XLA_CPU", file="new.cc")])
    assert {r.device for r in of(scan, "Relu")} == {"CPU", "XLA_CPU"}
    assert not [d for d in scan.diagnostics if d.lost is not None]


def test_what_no_build_of_the_library_shows_is_kept_while_its_file_and_op_are_there() -> None:
    phones = record("Relu", INT32, "android")
    hidden = replace(record("Relu", HALF), profiles=(), condition=SLIM_ONLY)
    gpu = replace(record("Gpu"), profiles=(), device="GPU", condition=SLIM_ONLY)
    moved = record("Relu", INT32, "android", file=f"{KERNELS}/gone_op.cc")
    same, their_kernels = [record("Elu"), record("Selu")], [kernel("Elu"), kernel("Selu")]
    known = [record("Relu"), phones, hidden, gpu, record("Gone", file=f"{KERNELS}/gone_op.cc"), moved, *same]
    scan = made(base(known, [defined("Relu"), defined("Gone")]), [kernel("Relu"), *their_kernels], [definition("Relu")])
    kept = {(r.op, r.location.file, r.profiles) for r in scan.registrations if "desktop" not in r.profiles}
    assert kept == {
        ("Relu", f"{KERNELS}/relu_op.cc", ("android",)),
        ("Relu", f"{KERNELS}/relu_op.cc", ()),
        ("Gpu", f"{KERNELS}/gpu_op.cc", ()),
        ("Relu", f"{KERNELS}/gone_op.cc", ()),
    }
    assert [d.location.file for d in scan.diagnostics if d.lost == Lost(UNSURE, "Relu")] == [f"{KERNELS}/gone_op.cc"]
    assert [d.name for d in scan.op_definitions] == ["Relu"]
    assert scan.origin is not None
    assert "of the base, in no library and not here: 1 kernel and 1 op" in scan.origin.read


def test_an_op_is_gone_where_other_ops_of_its_file_are_there() -> None:
    other = Location("tensorflow/compiler/ops.cc", 3)
    known = [defined("Relu"), defined("Same"), defined("Unlinked", location=other), defined("Old", location=other)]
    same, their_kernels = [record("Elu"), record("Selu")], [kernel("Elu"), kernel("Selu")]
    scan = made(
        base([record("Relu"), record("Old"), *same], known), [kernel("Relu"), *their_kernels], [definition("Relu")]
    )
    assert [d.name for d in scan.op_definitions] == ["Old", "Relu", "Unlinked"]


def test_of_a_library_that_was_not_named_nothing_is_concluded() -> None:
    """From 2.19 on NoOp is in the library of the framework: without it nobody knows whether the release has it."""
    noop = record("NoOp", None, file=f"{KERNELS}/no_op.cc")
    same, their_kernels = [record("Elu"), record("Selu")], [kernel("Elu"), kernel("Selu")]
    scan = made(base([record("Relu"), noop, *same]), [kernel("Relu"), *their_kernels])
    assert [r.profiles for r in of(scan, "NoOp")] == [()]
    assert [(d.location, d.lost) for d in scan.diagnostics] == [(noop.location, Lost(UNSURE, "NoOp"))]


def test_sources_that_no_pip_package_links_are_on_desktop_no_more() -> None:
    tpu = record("TpuRelu", file="tensorflow/core/tpu/kernels/relu_op.cc")
    only = record("TpuRelu", FLOAT, "desktop", file="tensorflow/core/tpu/kernels/relu_op.cc", label="x")
    gone = record("Gone", file="tensorflow/core/tpu/kernels/relu_op.cc")
    definitions = [defined("TpuRelu", location=tpu.location), defined("Gone"), defined("Relu")]
    known, library = base([record("Relu"), tpu, only, gone], definitions), [definition("Relu"), definition("TpuRelu")]
    scan = made(known, [kernel("Relu")], library)
    assert [(r.label, r.profiles) for r in of(scan, "TpuRelu")] == [("", ("android",))]
    assert [d.name for d in scan.op_definitions] == ["Relu", "TpuRelu"]
    assert not of(scan, "Gone")
    scan = made(known, [kernel("Relu")], library[:1])
    assert {r.profiles for r in of(scan, "TpuRelu")} == {()}
    assert {d.lost for d in scan.diagnostics} == {Lost(UNSURE, "TpuRelu")}


def test_a_new_op_without_kernels_may_have_some_that_no_package_links() -> None:
    scan = made(base([record("Relu")], [defined("Relu")]), [kernel("Relu")], [definition("Relu"), definition("New")])
    assert [d.message for d in scan.diagnostics if d.lost == Lost("kernel", "New")] == [
        "whether sources that no pip package links have a kernel of the new op New is not known"
    ]


def test_of_a_selection_nothing_is_concluded_about_other_builds() -> None:
    """A library that lacks much of the base is a build with a selection, and the rest is not gone."""
    known = [record("Relu"), record("Elu"), record("Selu"), record("Only", FLOAT, "android")]
    scan = made(base(known, map(defined, ("Relu", "Elu"))), [kernel("Relu")], [definition("Relu")], profile="android")
    assert {(r.op, r.profiles) for r in scan.registrations} == {
        ("Relu", ("android", "desktop")),
        ("Elu", ("desktop",)),
        ("Selu", ("desktop",)),
    }
    assert [d.name for d in scan.op_definitions] == ["Elu", "Relu"]
    assert scan.origin is not None
    assert "whether the release has more than this selection" in " ".join(scan.origin.unknown)


def test_a_library_of_a_phone_that_passes_for_desktop_takes_nothing_from_other_builds() -> None:
    """The phone build with all types has six of ten kernels of desktop; the others are not gone from the release."""
    phone = [f"Op{number}" for number in range(6)]
    known = [*map(record, phone), *(record(f"Desktop{number}", FLOAT, "desktop") for number in range(4))]
    raspberry = record("Pi", FLOAT, "android", "desktop")
    scan = made(base([*known[1:], raspberry]), [kernel(op) for op in phone[1:]])
    assert of(scan, "Pi") == [replace(raspberry, profiles=("android",))]
    assert scan.origin is not None
    assert (
        "whether the libraries are of profile desktop: they are more like those of android, to judge by the kernels of "
        "2.14.1" in scan.origin.unknown
    )
    right = made(base(known), [kernel(op) for op in phone], profile="android")
    assert right.origin is not None
    assert not any("are more like" in each for each in right.origin.unknown)


def test_definitions_are_those_of_the_library_with_what_only_the_base_tells() -> None:
    old = Deprecation(20, "Use Relu6.")
    known = [defined("Relu", stateful=True, deprecation=old), defined("Elu", stateful=True, deprecation=old)]
    library = [definition("Relu"), definition("Elu", "T: {float, half}"), definition("New", "T: {int32}", "n: int = 3")]
    scan = made(base([record("Relu")], known), [kernel("Relu")], library)
    elu, new, relu = scan.op_definitions
    assert relu == known[0]
    assert (elu.attrs[0].allowed, elu.stateful, elu.deprecation, elu.location) == (
        (FLOAT, HALF), True, old, known[1].location,
    )  # fmt: skip
    assert ([a.name for a in new.attrs], new.stateful, new.location) == (
        ["T", "n"], True, Location("tensorflow/core/ops/ops.cc", 0),
    )  # fmt: skip
    assert "whether the op New keeps state is not known, so it is taken as if it did" in " ".join(
        map(str, scan.diagnostics)
    )


def test_a_kernel_of_a_library_without_names_of_files_is_that_of_the_base() -> None:
    assert of(made(base([record("Relu")]), [replace(kernel("Relu"), file="")]), "Relu") == [record("Relu")]


def test_what_could_not_be_read_is_of_the_source_file_that_the_library_names() -> None:
    one, other = (record("Relu", file=f"{KERNELS}/{name}.cc", label=name) for name in ("one", "other"))
    ops = ("Elu", "Selu", "Sin", "Cos", "Tan")
    unread = Undecoded(1, 1, "_GLOBAL__sub_I_other.cc", "other.cc", "ReluOp<DT_FLOAT>", "its label", "Relu")
    scan = made(base([one, other, *map(record, ops)]), map(kernel, ops), (), [unread])
    assert [(r.label, "desktop" in r.profiles) for r in of(scan, "Relu")] == [("one", False), ("other", True)]


def test_of_equal_registrations_the_one_of_the_build_is_that_of_the_library() -> None:
    phone = record("Relu", FLOAT, "android", location=Location(f"{KERNELS}/relu_op.cc", 5))
    own = record("Relu", FLOAT, "desktop")
    same, their_kernels = [record("Elu"), record("Selu")], [kernel("Elu"), kernel("Selu")]
    scan = made(base([phone, own, *same]), [kernel("Relu"), *their_kernels])
    assert of(scan, "Relu") == [phone, own]


def test_an_argument_that_is_made_at_run_time_is_no_other_one_of_the_base() -> None:
    """Where the base has another number of arguments, or no such op, nobody knows which one it is."""
    two = defined("Relu", inputs=(ArgDefinition("x", "T"), ArgDefinition("z", "T")))
    library = [replace(definition(op), inputs=("",)) for op in ("Relu", "New", "Elu")]
    scan = made(base([record("Relu")], [two, defined("Elu")]), [kernel("Relu")], library)
    assert [d.name for d in scan.op_definitions] == ["Elu", "Relu"]
    assert scan.op_definitions[1] == two
    assert [d.lost.op for d in scan.diagnostics if d.lost is not None and d.lost.what == "op"] == ["New", "Relu"]


def test_a_part_that_is_made_at_run_time_is_that_of_the_base() -> None:
    known = base([record("Relu")], [defined("Relu"), defined("Elu")])
    scan = made(
        known, [kernel("Relu")], [definition("Relu", "left over"), definition("Elu", "", ""), definition("New", "")]
    )
    assert list(scan.op_definitions) == [known.op_definition("Elu"), known.op_definition("Relu")]
    said = {d.lost.op: d.message for d in scan.diagnostics if d.lost is not None}
    assert sorted(said) == ["Elu", "New"]
    assert said["Elu"].endswith("it is taken as in 2.14.1")


def test_what_could_not_be_read_is_that_of_the_base_or_said() -> None:
    lost = Diagnostic(Location(f"{KERNELS}/fact_op.cc", 127), "its label is not known", Lost("kernel", "Fact"))
    known = base([record("Relu"), record("Elu"), record("Selu")], (), lost)
    fact = Undecoded(1, 1, "_GLOBAL__sub_I_fact_op.cc", "fact_op.cc", "FactOp", "its label", "Fact")
    elu = Undecoded(2, 1, "_GLOBAL__sub_I_elu_op.cc", "elu_op.cc", "EluOp<DT_FLOAT>", "its priority", "Elu")
    other = Undecoded(3, 1, "", "", "JitOp", "its op")
    called = Undecoded(4, 1, "_ZN10tensorflow8RegisterEPKc", "", "JitOp", "its op")
    scan = made(known, [kernel("Relu"), kernel("Selu")], (), [fact, elu, other, called])
    assert of(scan, "Elu") == [record("Elu")]
    said = {str(d): d.lost for d in scan.diagnostics}
    of_callers = "a registration of JitOp by tensorflow::Register(char const*) is of whatever op its callers name"
    assert said == {
        str(lost): lost.lost,
        "libtf.so: a registration of JitOp in the library could not be read: its op": Lost("", ""),
        f"libtf.so: {of_callers}": None,
    }


def test_the_rest_is_that_of_the_base() -> None:
    known = base([record("Relu")])
    scan = made(known, [kernel("Relu")])
    assert (scan.build_lists, scan.includes, scan.type_lists) == (known.build_lists, known.includes, known.type_lists)
    assert (scan.release, scan.graph_versions) == ("2.15.0", GraphVersions(1482))
    own = join(
        Join(
            together([("a", Registrations((kernel("Relu"),), (), ()))]), known, "2.15.0", "desktop", GraphVersions(1645)
        )
    )
    assert own.graph_versions == GraphVersions(1645)


def test_an_index_of_libraries_says_so_when_it_is_read_back() -> None:
    scan = made(base([record("Relu")]), [kernel("Relu")])
    stored = StoredIndex("x", index_bytes(scan))
    assert stored.origin == scan.origin == MemoryIndex(scan).origin
    assert stored.origin is not None
    assert (stored.origin.libraries, stored.origin.profile, stored.origin.base) == (("libtf.so",), "desktop", "2.14.1")
    assert stored.note == (
        "desktop read in libtf.so; other profiles, conditions, build lists, includes, dependencies borrowed from 2.14.1"
    )
    assert base([record("Relu")]).origin is None


def test_errors() -> None:
    known = base([record("Relu")])
    with pytest.raises(InputError, match="registers no kernel that could be read"):
        made(known, [])
    with pytest.raises(InputError, match=r"it has no profile 'ios'\n.*android, desktop"):
        made(known, [kernel("Relu")], profile="ios")
    again = StoredIndex("x", index_bytes(made(known, [kernel("Relu")])))
    with pytest.raises(InputError, match=r"was made of a library itself(.|\n)*such as that of 2\.14\.1"):
        made(again, [kernel("Relu")])


def test_kernels_of_several_libraries_count_once_and_those_of_tests_not_at_all() -> None:
    one = Registrations((kernel("Relu"), kernel("Relu"), kernel("Elu")), (definition("Relu"),), ())
    two = Registrations(
        (kernel("Relu"), kernel("Test", file="test_ops.cc")), (definition("Relu"), definition("Elu")), ()
    )
    both = together([("a.so", one), ("b.so", two)])
    assert [each.op for each in both.kernels] == ["Relu", "Relu", "Elu"]
    assert (both.copies, both.skipped) == (1, {"test_ops.cc": "a test or a helper of tests"})
    assert [each.op for each in both.definitions] == ["Relu", "Elu"]


def test_only_libraries_that_register_something_are_named_and_nothing_is_counted_as_zero() -> None:
    silent, beside = Registrations((), (), ()), Registrations((), (definition("Elu"),), ())
    parts = [("a.so", silent), ("b.so", beside), ("c.so", Registrations((kernel("Relu"),), (definition("Relu"),), ()))]
    known = base([record("Relu")], [defined("Relu"), defined("Elu")])
    origin = join(Join(together(parts), known, "2.15.0", "desktop")).origin
    assert origin is not None
    assert (origin.libraries, origin.made_of) == (("c.so", "b.so"), "c.so and 1 more")
    assert replace(origin, libraries=("c.so",)).made_of == "c.so"
    assert not [text for text in (*origin.read, *origin.borrowed, *origin.unknown) if re.search(r"\b0 ", text)]
