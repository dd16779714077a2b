"""Of which release a binary is, and where its kernels come from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_index import shipped
from kernel_index.datatypes import DataType
from kernel_index.index import MemoryIndex
from kernel_index.records import BuildLists, Constraint, KernelRegistration, Location, ScanResult
from opselect.audit.releases import KnownKernels, nearest_release, with_paths
from opselect.audit.source_paths import SourcePaths
from opselect.binaries.records import KnownFrom, RegisteredKernel
from tests.opselect.audit.made_up import kernel

TWIN = ("core/kernels/mul_op.cc", "contrib/mul_op.cc")


def record(op: str, file: str, dtype: DataType = DataType.DT_FLOAT) -> KernelRegistration:
    made = kernel(op, dtype)
    return KernelRegistration(
        op, "CPU", made.kernel_class, Location(file, 5), ("android",), constraints=made.constraints
    )


def index(*registrations: KernelRegistration) -> MemoryIndex:
    files = {each.source: () for each in registrations}
    return MemoryIndex(ScanResult("9.9.9", ("android", "desktop"), registrations, (), BuildLists(), includes=files))


def of_release(release: str, *ops: str) -> list[RegisteredKernel]:
    """The kernels of some ops as a binary of a release registers them."""
    return [
        RegisteredKernel(
            each.op,
            each.device,
            each.label,
            each.priority,
            each.constraints,
            each.host_memory_args,
            each.kernel_class,
            each.source.rpartition("/")[2],
            KnownFrom.CODE,
            *(0, 0, 0, 0),
            None,
        )
        for op in ops
        for each in shipped.index_of(release).registrations(op)
        if "desktop" in each.profiles
    ]


def test_the_release_that_has_most_of_the_classes() -> None:
    nearest = nearest_release(of_release("1.4.1", "Mul", "Conv2D", "MatMul", "Fill", "Cast"))
    assert nearest is not None
    assert nearest.known == nearest.classes
    assert nearest.release in nearest.alike
    assert "1.4.1" in nearest.alike


def test_of_many_ops_every_class_is_counted_though_few_are_asked_about_first() -> None:
    nearest = nearest_release(of_release("1.4.1", *shipped.index_of("1.4.1").op_names()[:200]), releases=("1.4.1",))
    assert nearest is not None
    assert nearest.known == nearest.classes > 200


def test_kernels_that_no_scan_sees_do_not_speak_for_an_index_of_libraries() -> None:
    xla = next(each for each in shipped.index_of("2.18.1").registrations("_Arg") if each.device == "XLA_CPU")
    kernels = of_release("2.17.0", "Relu", "Mul")
    unseen = replace(kernels[0], op="_Arg", device="XLA_CPU", kernel_class=xla.kernel_class)
    assert nearest_release([*kernels, unseen]) == nearest_release(kernels)


def test_where_several_have_as_many_op_definitions_decide() -> None:
    kernels = of_release("2.4.4", "Relu")
    of_desktop = nearest_release(kernels, shipped.index_of("2.4.4").op_names())
    of_selection = nearest_release(kernels, ["Relu"])
    assert of_desktop is not None
    assert of_selection is not None
    assert (of_desktop.release, of_selection.release) == ("2.4.4", of_selection.alike[-1])


def test_kernels_of_no_release() -> None:
    assert nearest_release([kernel("MyOwn")]) is None
    assert nearest_release([]) is None


def test_a_kernel_is_found_by_all_that_is_registered_of_it() -> None:
    known = KnownKernels(index(record("Mul", "a/mul_op.cc"), record("Mul", "a/mul_op.cc", DataType.DT_INT32)))
    found = known.find(kernel("Mul", DataType.DT_INT32))
    assert found is not None
    assert found.constraints == (Constraint("T", (DataType.DT_INT32,)),)
    assert known.find(kernel("Mul", DataType.DT_INT64)) is None
    assert known.find(replace(kernel("Mul"), label="other")) is None
    assert known.find(replace(kernel("Mul"), priority=1)) is None


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("mul_op.cc", TWIN[0]),
        ("contrib/mul_op.cc", TWIN[1]),
        ("", TWIN[0]),
        ("our_mul_op.cc", None),
        ("ul_op.cc", None),
    ],
)
def test_a_file_of_another_name_is_another_kernel(file: str, found: str | None) -> None:
    known = KnownKernels(index(*(record("Mul", path) for path in TWIN)))
    registration = known.find(replace(kernel("Mul"), file=file))
    assert (registration.source if registration is not None else None) == found


def test_kernels_get_the_paths_of_their_files() -> None:
    known = KnownKernels(index(record("Mul", "core/kernels/mul_op.cc")))
    located = with_paths([kernel("Mul"), kernel("MyOwn")], known)
    assert [each.file for each in located] == ["core/kernels/mul_op.cc", "myown_op.cc"]


def test_what_the_index_does_not_have_is_a_record_of_its_own() -> None:
    known = KnownKernels(index(record("Mul", "core/kernels/mul_op.cc")))
    own = known.registration(kernel("MyOwn"), "android")
    assert (own.source, own.profiles) == ("myown_op.cc", ("android", "desktop"))
    assert known.registration(kernel("Mul"), "desktop").profiles == ("android", "desktop")
    assert known.registration(kernel("Mul"), "android").profiles == ("android",)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("relu_op.cc", "core/kernels/relu_op.cc"),
        ("mul_op.cc", "mul_op.cc"),
        ("/proc/self/cwd/contrib/mul_op.cc", "contrib/mul_op.cc"),
        ("core/kernels/mul_op.cc", "core/kernels/mul_op.cc"),
        ("gen/obj/relu_op.o", "core/kernels/relu_op.cc"),
        ("libcore.a(relu_op.pic.o)", "core/kernels/relu_op.cc"),
        ("/tmp/relu_op.cc.o", "core/kernels/relu_op.cc"),
        ("other.cc", "other.cc"),
        ("", ""),
    ],
)
def test_source_files_by_what_others_call_them(name: str, path: str) -> None:
    files = index(record("Relu", "core/kernels/relu_op.cc"), *(record("Mul", each) for each in TWIN))
    assert SourcePaths(files).of(name) == path


def test_a_name_that_several_files_have_is_that_of_the_one_with_kernels() -> None:
    files = index(*(record("Mul", each) for each in TWIN))
    assert SourcePaths(files, [kernel("Mul", file=TWIN[1])]).of("mul_op.cc") == TWIN[1]
    assert SourcePaths(None).of("mul_op.cc") == "mul_op.cc"


def test_of_equals_one_whose_sources_were_scanned_is_taken() -> None:
    nearest = nearest_release(of_release("2.20.0", "Cast"))
    assert nearest is not None
    assert "2.21.0" in nearest.alike
    assert shipped.index_of(nearest.release).origin is None


def test_an_index_of_libraries_is_taken_where_no_other_has_as_much() -> None:
    nearest = nearest_release(of_release("2.21.0", "DecodeJxl", "Relu"))
    assert nearest is not None
    assert nearest.release == "2.21.0"
