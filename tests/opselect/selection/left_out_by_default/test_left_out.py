"""Kernels, lists and a requirement in; the criterion by which a build lacks it out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_index.datatypes import DataType
from kernel_index.index import MemoryIndex
from kernel_index.records import AttrDefinition, AttrValue, Constraint, KernelRegistration
from opselect.requirements.collect import Requirement
from opselect.requirements.runtime import Kind, Origin
from opselect.selection.left_out_by_default import MobileBuild
from tests.opselect.sample import DOUBLE, FLOAT, HALF, INT32, index, kernel
from tests.opselect.selection.left_out_by_default.lists import MOBILE, mobile_index, op

NOT_MOBILE = ("desktop", "selective")
MOBILE_TYPES = {MOBILE: ("::tensorflow::int32", "float", "bool")}
STRING = DataType.DT_STRING


def verdict(
    index: MemoryIndex, name: str, profile: str = MOBILE, label: str = "", **attrs: AttrValue
) -> tuple[str, str, DataType | None, tuple[str, ...], bool] | None:
    """Key of the criterion, attr, type, file names, and whether the profile registers it."""
    found = MobileBuild(index, profile).left_out(Requirement(name, tuple(sorted(attrs.items())), label=label))
    if found is None:
        return None
    files = tuple(path.rpartition("/")[2] for path in found.files)
    return found.criterion.key, found.attr, found.dtype, files, found.is_registered


def test_an_op_in_the_groups_is_never_left_out_whatever_its_criterion() -> None:
    kernels = [kernel("DecodeJpeg"), kernel("SaveV2")]
    listed = mobile_index(kernels, ["decodejpeg.cc"])
    assert verdict(listed, "DecodeJpeg") is None
    assert verdict(listed, "SaveV2") == ("checkpoints", "", None, ("savev2.cc",), True)


def test_folders_that_every_mobile_build_compiles_whole_need_no_list() -> None:
    kernels = [kernel("Save", file="tensorflow/core/framework/save.cc")]
    assert verdict(mobile_index(kernels, []), "Save") is None


def test_ops_without_any_kernel_for_a_cpu_are_not_left_out() -> None:
    gpu_only = mobile_index([kernel("DecodeJpeg", device="GPU")], [])
    assert verdict(gpu_only, "DecodeJpeg") is None
    assert verdict(gpu_only, "ReluGrad") is None
    assert verdict(mobile_index([kernel("Neg", FLOAT)], ["neg.cc"]), "Neg", T=STRING) is None


def test_nothing_is_left_out_of_the_desktop_build_or_where_there_are_no_lists() -> None:
    kernels = [kernel("DecodeJpeg"), kernel("Neg", FLOAT, profiles=(MOBILE,))]
    assert verdict(mobile_index(kernels, []), "DecodeJpeg", "desktop") is None
    assert verdict(mobile_index(kernels, []), "Neg", "desktop", T=FLOAT) is None
    assert verdict(index(kernels), "DecodeJpeg") is None


def test_the_makefiles_list_counts_for_what_the_makefile_builds() -> None:
    kernels = [
        kernel("DecodeJpeg", profiles=("ios", "android-slim")),
        kernel("SaveV2", profiles=("ios", "android-slim")),
    ]
    both = mobile_index(kernels, ["decodejpeg.cc"], makefile=["savev2.cc"])
    assert verdict(both, "DecodeJpeg", "ios") == ("image-decoders", "", None, ("decodejpeg.cc",), True)
    assert verdict(both, "SaveV2", "ios") is None
    assert verdict(both, "DecodeJpeg") is None
    assert verdict(mobile_index(kernels, ["decodejpeg.cc"]), "DecodeJpeg", "ios") is None


def test_a_type_that_the_profile_drops() -> None:
    kernels = [kernel("Sum", FLOAT, INT32), kernel("Sum", DOUBLE, profiles=NOT_MOBILE)]
    pruned = mobile_index(kernels, ["sum.cc"], types=MOBILE_TYPES)
    assert verdict(pruned, "Sum", T=FLOAT) is None
    assert verdict(pruned, "Sum", T=DOUBLE) == ("types", "T", DOUBLE, (), False)


def test_a_type_of_a_list() -> None:
    kernels = [kernel("Pack", FLOAT, INT32, attr="Ts"), kernel("Pack", STRING, FLOAT, attr="Ts", profiles=NOT_MOBILE)]
    pruned = mobile_index(kernels, ["pack.cc"], types=MOBILE_TYPES)
    assert verdict(pruned, "Pack", Ts=(FLOAT, INT32)) is None
    assert verdict(pruned, "Pack", Ts=(FLOAT, STRING)) == ("types", "Ts", STRING, (), False)


def test_types_that_only_fail_together_are_told_by_the_first() -> None:
    def cast(
        source: DataType, target: DataType, profiles: tuple[str, ...] = (MOBILE, *NOT_MOBILE)
    ) -> KernelRegistration:
        constraints = (Constraint("DstT", (target,)), Constraint("SrcT", (source,)))
        return replace(kernel("Cast", profiles=profiles), constraints=constraints)

    kernels = [cast(FLOAT, INT32), cast(INT32, FLOAT), cast(FLOAT, FLOAT, NOT_MOBILE)]
    pruned = mobile_index(kernels, ["cast.cc"], types=MOBILE_TYPES)
    assert verdict(pruned, "Cast", SrcT=FLOAT, DstT=INT32) is None
    assert verdict(pruned, "Cast", SrcT=FLOAT, DstT=FLOAT) == ("first-types", "DstT", FLOAT, (), False)


def test_a_type_whose_kernel_is_in_a_file_of_its_own() -> None:
    kernels = [kernel("Mul", FLOAT, file="mul_1.cc"), kernel("Mul", DOUBLE, file="mul_2.cc")]
    listed = mobile_index(kernels, ["mul_1.cc"], types=MOBILE_TYPES)
    assert verdict(listed, "Mul", T=DOUBLE) == ("types", "T", DOUBLE, ("mul_2.cc",), True)
    listed = mobile_index(kernels, ["mul_2.cc"], types=MOBILE_TYPES)
    assert verdict(listed, "Mul", T=FLOAT) == ("other", "T", FLOAT, ("mul_1.cc",), True)


def test_a_common_type_that_slim_macros_lose() -> None:
    kernels = [kernel("Sigmoid", HALF), kernel("Sigmoid", FLOAT, profiles=NOT_MOBILE)]
    slim = mobile_index(kernels, ["sigmoid.cc"], types=MOBILE_TYPES)
    assert verdict(slim, "Sigmoid", T=FLOAT) == ("first-types", "T", FLOAT, (), False)


def test_another_label_than_the_built_kernels_have() -> None:
    kernels = [kernel("MatMul", FLOAT), kernel("MatMul", FLOAT, label="eigen", file="eigen.cc")]
    assert verdict(mobile_index(kernels, ["matmul.cc"]), "MatMul", label="eigen", T=FLOAT) == (
        *("other", "", None, ("eigen.cc",), True),
    )


def test_an_op_whose_kernels_the_profile_does_not_register() -> None:
    kernels = [kernel("Cholesky", DOUBLE, profiles=NOT_MOBILE)]
    assert verdict(mobile_index(kernels, []), "Cholesky", T=DOUBLE) == ("other", "", None, ("cholesky.cc",), False)
    assert verdict(mobile_index(kernels, ["cholesky.cc"]), "Cholesky", T=DOUBLE) == ("other", "", None, (), False)


@pytest.mark.parametrize(
    ("definition", "dtype"),
    [
        (op("Op", "string", outputs=("int32",)), STRING),
        (op("Op", "T", outputs=("complex64",)), DataType.DT_COMPLEX64),
        (op("Op", "N * variant"), DataType.DT_VARIANT),
        (op("Op", "T", attrs=(AttrDefinition("T", "type", (DOUBLE, HALF)),)), DOUBLE),
        (op("Op", "T", attrs=(AttrDefinition("T", "type", (DOUBLE, FLOAT)),)), None),
        (op("Op", "int64"), None),
        (op("Op", "resource"), None),
        (op("Op", "Ref(string)"), None),
        (op("Op", "T", "double"), None),
        (op("Op", "float"), None),
    ],
    ids=str,
)
def test_ops_made_for_a_rare_type(definition: object, dtype: DataType | None) -> None:
    rare = mobile_index([kernel("Op")], [], definitions=[definition], types=MOBILE_TYPES)  # type: ignore[list-item]
    expected = ("other", None) if dtype is None else ("types", dtype)
    found = verdict(rare, "Op")
    assert found is not None
    assert (found[0], found[2]) == expected


def test_types_are_those_of_the_profile() -> None:
    every = {MOBILE: ("float", "::tensorflow::tstring")}
    found = verdict(mobile_index([kernel("Op")], [], definitions=[op("Op", "string")], types=every), "Op")
    assert found is not None
    assert found[0] == "other"


def test_files_that_upstream_excludes_by_name() -> None:
    kernels = [kernel("Plain"), kernel("Odd"), kernel("Inner", file="tensorflow/core/kernels/image/inner.cc")]
    glob = mobile_index(kernels, [], offered=["plain.cc"])
    assert [verdict(glob, name) for name in ("Plain", "Odd", "Inner")] == [
        ("other", "", None, ("plain.cc",), True),
        ("excluded", "", None, ("odd.cc",), True),
        ("other", "", None, ("inner.cc",), True),
    ]


def test_folders_tell_where_names_do_not() -> None:
    fast = kernel("Fast", file="tensorflow/contrib/fast/kernels/fast.cc")
    kernels = [
        fast,
        kernel("Mine", file="my_ops/mine.cc"),
        kernel("QuantizedThing", file="tensorflow/core/kernels/mkl/q.cc"),
    ]
    assert verdict(mobile_index(kernels, []), "Fast") == ("libraries", "", None, ("fast.cc",), True)
    assert verdict(mobile_index(kernels, []), "Mine") is None
    assert verdict(mobile_index(kernels, []), "QuantizedThing") == ("onednn", "", None, ("q.cc",), True)


@pytest.mark.parametrize(("kind", "left_out"), [("added", True), ("inserted", False), ("replaced", False)])
def test_of_what_the_runtime_makes_of_nodes_only_what_it_always_adds_can_be_left_out(
    kind: Kind, left_out: bool
) -> None:
    build = MobileBuild(mobile_index([kernel("ReluGrad")], []), MOBILE)
    found = build.left_out(Requirement("ReluGrad", origin=Origin(kind, "why")))
    assert (found is not None) is left_out


PY_FUNC = "tensorflow/python/lib/core/py_func.cc"


def test_what_no_phone_can_have_is_told_by_the_file() -> None:
    kernels = [kernel("PyFunc", file=PY_FUNC), kernel("Mine", file="my_ops/mine.cc")]
    build = MobileBuild(mobile_index(kernels, []), MOBILE)
    found = build.impossible(PY_FUNC)
    assert found is not None
    assert found.key == "python"
    assert build.impossible("my_ops/mine.cc") is None
    assert MobileBuild(mobile_index(kernels, []), "desktop").impossible(PY_FUNC) is None


def test_what_the_releases_own_lists_hold_can_be_built() -> None:
    path = "tensorflow/compiler/jit/kernels/xla_ops.cc"
    assert MobileBuild(mobile_index([kernel("XlaLaunch", file=path)], [path]), MOBILE).impossible(path) is None


def test_a_kernel_of_ones_own_for_an_op_that_no_phone_can_have() -> None:
    kernels = [kernel("PyFunc", file=PY_FUNC), kernel("PyFunc", file="my_ops/interpreter.cc")]
    assert verdict(mobile_index(kernels, []), "PyFunc") is None
    assert verdict(mobile_index(kernels[:1], []), "PyFunc") == ("python", "", None, ("py_func.cc",), True)
