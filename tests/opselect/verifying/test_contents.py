"""What described builds have, asked of the shipped index of a release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from kernel_index import shipped
from kernel_index.index import KernelIndex
from kernel_index.records import BAZEL, MAKE, BuildLists, KernelRegistration
from opselect.build_lists.header.record import SelectiveHeader
from opselect.findings.mends import change_model
from opselect.verifying.build_options import BuildOptions
from opselect.verifying.compiled_files import CompiledFiles
from opselect.verifying.desktop_library import DesktopLibrary
from opselect.verifying.header_contents import HeaderContents, header_of_pairs
from opselect.verifying.listed_files import files_of_lists
from opselect.verifying.together import AllOf

K = "tensorflow/core/kernels"
ANDROID = BuildOptions("android")
AGAIN = change_model("Write it again.")


@pytest.fixture(scope="module")
def old() -> KernelIndex:
    return shipped.index_of("1.15.5")


@pytest.fixture(scope="module")
def new() -> KernelIndex:
    return shipped.index_of("2.14.1")


def kernel(index: KernelIndex, op: str) -> KernelRegistration:
    return next(r for r in index.registrations(op) if r.device in ("CPU", "DEFAULT") and "android" in r.profiles)


def listed(index: KernelIndex, *files: str, build: str = BAZEL) -> CompiledFiles:
    return CompiledFiles("list", frozenset(files), index, "android", AGAIN, (build,))


def test_a_list_has_its_files_and_what_the_build_compiles_without(old: KernelIndex) -> None:
    relu, definition = kernel(old, "Relu"), old.op_definition("Relu")
    assert definition is not None
    assert [listed(old, *files).has_kernel(relu) for files in ((), (relu.source,))] == [False, True]
    # Bazel globs the definitions of ops, and the makefile lists them.
    assert [listed(old, build=build).has_op(definition) for build in (BAZEL, MAKE)] == [True, False]
    both = CompiledFiles("list", frozenset(), old, "android", AGAIN, (BAZEL, MAKE))
    assert not both.has_op(definition)
    lacking = listed(old, build=MAKE).without_op(definition)
    assert (lacking.code, lacking.files) == ("OPS120", ("tensorflow/core/ops/nn_ops.cc",))
    assert lacking.advice.startswith("Add the line tensorflow/core/ops/nn_ops.cc to tensorflow/contrib/makefile/")


def test_what_upstream_links_without_is_not_missing(new: KernelIndex) -> None:
    upstream = new.build_lists
    files = compiled(upstream, BAZEL)
    assert listed(new, *files).links(upstream).broken == ()
    iterators = f"{K}/data/iterator_ops.cc"
    assert iterators in files
    without = {path for each in listed(new, iterators).links(upstream).broken for path in each.files}
    assert without
    assert without <= files
    (broken,) = listed(new, *files - {f"{K}/deep_conv2d.cc"}).links(upstream).broken
    assert (broken.code, broken.files) == ("OPS121", (f"{K}/deep_conv2d.cc",))


def compiled(lists: BuildLists, build: str) -> frozenset[str]:
    return files_of_lists(lists, build, ANDROID).compiled


GEMM = "//tensorflow:gemm holds"


def conditional(
    index: KernelIndex, *files: str, undecided: Mapping[str, str] = MappingProxyType({}), left_out: tuple[str, ...] = ()
) -> CompiledFiles:
    return replace(listed(index, *files), undecided=undecided, left_out=dict.fromkeys(left_out, GEMM))


def test_links_are_judged_in_the_branches_that_are_taken(new: KernelIndex) -> None:
    sets, makes = f"{K}/linalg/matrix_set_diag_op.cc", f"{K}/linalg/matrix_diag_op.cc"
    files = compiled(new.build_lists, BAZEL) - {sets, makes}
    taken = conditional(new, *files, sets).links(new.build_lists)
    assert ([each.files for each in taken.broken], taken.unjudged) == ([(makes,)], ())
    not_taken = conditional(new, *files, left_out=(sets,)).links(new.build_lists)
    assert (not_taken.broken, not_taken.unjudged) == ((), ())
    # Not known: of the one that needs it, of the one that is needed, or of both, by one condition and by two.
    for left, undecided, said in (
        ((), {sets: GEMM}, f"list: it does not have {makes}, which is needed where {GEMM}; {sets} uses "),
        ((sets,), {makes: GEMM}, f"list: it has {makes} only where {GEMM}; {sets} uses "),
        ((), {sets: GEMM, makes: "B holds"}, f"list: it has {makes} only where B holds, and needs it where {GEMM}"),
    ):
        found = conditional(new, *files, *left, undecided=undecided).links(new.build_lists)
        assert found.broken == ()
        (sentence,) = found.unjudged
        assert sentence.startswith(said)
        assert "whether it can be linked is not known. Say which options" in sentence
    # What is surely missing is not said again of branches.
    relu = f"{K}/relu_op.cc"
    found = conditional(new, *files - {relu}, sets, undecided={relu: GEMM}).links(new.build_lists)
    assert ([each.files for each in found.broken], found.unjudged) == ([(makes,)], ())
    both = conditional(new, *files, undecided={sets: GEMM, makes: GEMM}).links(new.build_lists)
    assert (both.broken, both.unjudged) == ((), ())
    (broken,) = conditional(new, *files, sets, left_out=(makes,)).links(new.build_lists).broken
    assert broken.reason.endswith(f"(it would only where {GEMM})")


def test_kernels_of_branches(new: KernelIndex) -> None:
    relu, definition = kernel(new, "Relu"), new.op_definition("Relu")
    assert definition is not None
    there = conditional(new, undecided={relu.source: GEMM, definition.source: GEMM})
    assert not there.has_kernel(relu)
    finding = there.without_kernel(relu)
    assert (finding.code, finding.files) == ("OPS127", (relu.source,))
    assert finding.reason.endswith(f"only where {GEMM}, which is not known")
    assert there.without_op(definition).code == "OPS127"
    gone = conditional(new, left_out=(relu.source,)).without_kernel(relu)
    assert (gone.code, gone.reason.endswith(f"(it would only where {GEMM})")) == ("OPS119", True)


def test_a_part_that_surely_lacks_a_kernel_decides(new: KernelIndex) -> None:
    relu, definition = kernel(new, "Relu"), new.op_definition("Relu")
    assert definition is not None
    perhaps = conditional(new, undecided={relu.source: GEMM})
    assert AllOf((perhaps, listed(new))).without_kernel(relu).code == "OPS119"
    assert AllOf((listed(new), perhaps)).without_kernel(relu).code == "OPS119"
    assert AllOf((perhaps, listed(new, relu.source))).without_kernel(relu).code == "OPS127"
    by_make = replace(listed(new, build=MAKE), undecided={definition.source: GEMM})
    assert AllOf((by_make, listed(new, build=MAKE))).without_op(definition).code == "OPS120"


def test_lists_of_a_release(old: KernelIndex) -> None:
    lists = old.build_lists
    assert f"{K}/relu_op.cc" in compiled(lists, BAZEL) & compiled(lists, MAKE)
    assert "tensorflow/core/ops/nn_ops.cc" in compiled(lists, MAKE) - compiled(lists, BAZEL)
    assert compiled(lists, "") == frozenset()
    # Make compiles x.cc for an entry x.c, and nothing for one that names no file.
    odd = BuildLists(makefile=("a.cc", "b.c", "gone.cc"), makefile_missing={"b.c": "b.cc", "gone.cc": ""})
    assert compiled(odd, MAKE) == {"a.cc", "b.cc"}


def header(index: KernelIndex, ops: tuple[str, ...], classes: tuple[str, ...], **options: str | None) -> HeaderContents:
    made = SelectiveHeader("1.3", ops, classes, gradient=False, error=options.get("error"))
    return HeaderContents("ops.h", made, index, AGAIN, lambda: "spelled")


def test_a_header_has_kernels_by_class_and_op(new: KernelIndex) -> None:
    relu = kernel(new, "Relu")
    cases = {
        (("Relu",), ("ReluOp < CPUDevice,float>",)): True,
        ((), ("ReluOp<CPUDevice, float>",)): False,
        (("Relu",), ()): False,
    }
    float_relu = next(r for r in new.registrations("Relu") if r.kernel_class == "ReluOp<CPUDevice, float>")
    for (ops, classes), there in cases.items():
        assert header(new, ops, classes).has_kernel(float_relu) is there
    lacking = header(new, ("Relu",), ("ReluOp<CPUDevice, double>",)).without_kernel(float_relu)
    assert (lacking.code, lacking.topic) == ("OPS122", "spelled")
    assert lacking.reason.endswith("; it has ReluOp<CPUDevice, double>")
    lacking = header(new, ("Relu6",), ()).without_kernel(relu)
    assert (lacking.code, lacking.topic) == ("OPS123", "")
    assert lacking.reason.endswith("it does not register the op; it has Relu6")


def test_what_belongs_to_the_system_is_registered_whatever_a_header_says(new: KernelIndex) -> None:
    empty = header(new, (), ())
    for op, there in {"_Arg": True, "_Retval": True, "NoOp": False, "_Send": False}.items():
        definition = new.op_definition(op)
        assert definition is not None
        assert empty.has_op(definition) is empty.has_kernel(kernel(new, op)) is there


def test_of_a_message_in_place_of_a_header_only_that_is_said(new: KernelIndex) -> None:
    message = header(new, (), (), error="it is a message")
    definition = new.op_definition("Relu")
    assert definition is not None
    assert message.has_kernel(kernel(new, "Relu"))
    assert message.has_op(definition)
    unusable = message.unusable()
    assert unusable is not None
    assert (unusable.code, unusable.reason) == ("OPS124", "ops.h: it is a message")
    polluted = header(new, ("Relu",), (), error="it has lines that are no C++")
    assert not polluted.has_kernel(kernel(new, "Relu"))
    assert header(new, (), ()).unusable() is None
    oldest = HeaderContents("ops.h", SelectiveHeader("0.12", ("Relu",), (), gradient=False), new, AGAIN)
    unusable = oldest.unusable()
    assert unusable is not None
    assert (unusable.code, "as 0.12 and 1.0 write it" in unusable.reason) == ("OPS124", True)
    assert HeaderContents("ops.h", oldest.header, shipped.index_of("1.0.1"), AGAIN).unusable() is None


def test_an_ops_list_as_a_header() -> None:
    made = header_of_pairs((("B", "BOp"), ("A", None), ("B", "BOp<int>")))
    assert (made.ops, made.classes, made.gradient) == (("A", "B"), ("BOp", "BOp<int>"), False)
    assert header_of_pairs((("SymbolicGradient", "SymbolicGradientOp"),)).gradient


def test_all_parts_together(new: KernelIndex) -> None:
    relu, definition = kernel(new, "Relu"), new.op_definition("Relu")
    assert definition is not None
    files, classes = listed(new), header(new, ("Relu",), (relu.kernel_class,))
    assert not AllOf((classes, files)).has_kernel(relu)
    assert AllOf((classes, files)).without_kernel(relu).code == "OPS119"
    assert AllOf((classes, listed(new, relu.source))).has_kernel(relu)
    nothing = header(new, (), ())
    assert not AllOf((files, nothing)).has_op(definition)
    assert AllOf((files, nothing)).without_op(definition).code == "OPS123"


def test_the_library_of_a_desktop(new: KernelIndex) -> None:
    library = DesktopLibrary()
    assert library.has_kernel(kernel(new, "Relu"))
    risc = new.registrations("RiscAdd")[0]
    assert not library.has_kernel(risc)
    assert "experimental RISC ops" in library.without_kernel(risc).reason
    definition = new.op_definition("RiscAdd")
    assert definition is not None
    assert library.has_op(definition)
    assert library.without_op(definition).code == "OPS120"
