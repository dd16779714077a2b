from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_index.errors import InputError
from kernel_index.index import MemoryIndex
from kernel_index.records import BuildLists, Condition, KernelRegistration, Location
from opselect.findings import Finding
from opselect.requirements.collect import Requirement, Requirements
from opselect.requirements.runtime import Kind, Origin
from opselect.selection.select import Selection, select
from tests.opselect.sample import DOUBLE, FLOAT, INT32, KERNELS, definition, index, kernel

RUNTIME = [
    kernel("NoOp", file="no_op.cc"),
    kernel("_Arg", FLOAT, file="function_ops.cc"),
    kernel("_Arg", INT32, file="function_ops.cc", line=11),
    kernel("_Arg", FLOAT, device="GPU", file="function_ops.cc", line=12),
    kernel("_Arg", FLOAT, label="custom", file="function_ops.cc", line=13),
    kernel("_Arg", DOUBLE, file="function_ops.cc", line=14, profiles=("desktop",)),
    kernel("_Retval", file="function_ops.cc"),
    kernel("_Send", file="sendrecv_ops.cc"),
    kernel("_Recv", file="sendrecv_ops.cc"),
]


def need(
    op: str, *, device: str = "", label: str = "", nodes: tuple[str, ...] = ("n",), **attrs: object
) -> Requirement:
    return Requirement(op, tuple(sorted(attrs.items())), device, label, 1, nodes, ("m.pb",))  # type: ignore[arg-type]


def chosen(wanted: list[Requirement], source: MemoryIndex, profile: str = "android-slim") -> Selection:
    return select(Requirements(tuple(wanted)), source, profile)


def only_unresolved(wanted: Requirement, source: MemoryIndex, profile: str = "android-slim") -> Finding:
    (unresolved,) = chosen([wanted], source, profile).unresolved
    assert (unresolved.op, unresolved.nodes, unresolved.models) == (wanted.op, wanted.nodes, wanted.models)
    return unresolved


def test_kernels_files_and_who_asks() -> None:
    floats, ints = kernel("Mul", FLOAT), kernel("Mul", INT32, line=20)
    selection = chosen([need("Mul", T=INT32, nodes=("b",)), need("Mul", T=FLOAT, nodes=("a",))], index([floats, ints]))
    assert [k.registration for k in selection.kernels] == [floats, ints]
    (file,) = selection.files
    assert (file.path, file.role) == (f"{KERNELS}/mul.cc", "kernel")
    assert [(r.op, r.attrs, r.kernel_class, r.nodes, r.models) for r in file.reasons] == [
        ("Mul", (("T", FLOAT),), "MulOp", ("a",), ("m.pb",)),
        ("Mul", (("T", INT32),), "MulOp", ("b",), ("m.pb",)),
    ]
    assert selection.unresolved == ()
    assert (selection.release, selection.profile) == ("1.13.1", "android-slim")


def test_order_of_requirements_does_not_matter() -> None:
    wanted = [need("Mul", T=FLOAT), need("Add", T=INT32), need("Foo"), need("Mul", T=DOUBLE)]
    source = index([*RUNTIME, kernel("Mul", FLOAT), kernel("Add", INT32)])
    assert chosen(wanted, source) == chosen(wanted[::-1], source)


def test_two_requirements_that_pick_one_kernel_are_one_reason() -> None:
    selection = chosen([need("Abs", nodes=("b",)), need("Abs", device="CPU", nodes=("a",))], index([kernel("Abs")]))
    (reason,) = selection.files[0].reasons
    assert reason.nodes == ("a", "b")
    assert selection.kernels[0].reasons == (reason,)


def test_what_every_session_needs_is_in_with_all_its_types() -> None:
    selection = chosen([], index(RUNTIME))
    assert [(k.registration.op, k.registration.location.line) for k in selection.kernels] == [
        ("NoOp", 10),
        ("_Arg", 10),
        ("_Arg", 11),
        ("_Recv", 10),
        ("_Retval", 10),
        ("_Send", 10),
    ]
    assert all(r.note.startswith("runtime: ") for f in selection.files for r in f.reasons)
    assert [f.path for f in selection.files] == [
        f"{KERNELS}/function_ops.cc",
        f"{KERNELS}/no_op.cc",
        f"{KERNELS}/sendrecv_ops.cc",
    ]


def test_a_session_op_without_kernel_in_the_profile_is_unresolved() -> None:
    (unresolved,) = chosen([], index([kernel("NoOp", profiles=("desktop",))])).unresolved
    assert unresolved.op == "NoOp"
    assert "desktop has one" in unresolved.reason


def test_unknown_profile_is_an_error() -> None:
    with pytest.raises(InputError, match="no profile 'ios'"):
        chosen([], index(), "ios")


def test_unknown_op_names_its_neighbours() -> None:
    unresolved = only_unresolved(need("AddV2", T=FLOAT), index([kernel("Add", FLOAT), kernel("AddN", FLOAT)]))
    assert unresolved.reason.startswith("TensorFlow 1.13.1 has no op of this name: TensorFlow 1.")
    assert "Near names: Add." in unresolved.advice
    assert "Near names: Conv2D." in only_unresolved(need("Conv2d"), index([kernel("Conv2D"), kernel("Mul")])).advice
    assert "Near names" not in only_unresolved(need("Frobnicate"), index([kernel("Mul")])).advice


def test_an_op_of_other_releases_is_no_custom_op() -> None:
    known = index([kernel("Add", FLOAT)])
    later = only_unresolved(need("AddV2", T=FLOAT), known).advice
    assert later == "Export the model for TensorFlow 1.13.1, or build TensorFlow 1.14 or later. Near names: Add."
    newer = MemoryIndex(replace(known.scan, release="2.99.0"))
    assert only_unresolved(need("ObtainNext"), newer).reason.endswith(
        "TensorFlow 1.0 to 2.0 have it, and it was removed after 2.0"
    )


def test_dtype_of_another_profile() -> None:
    source = index(
        [
            kernel("Mul", FLOAT),
            kernel("Mul", DOUBLE, line=20, profiles=("android-full", "desktop")),
        ]
    )
    unresolved = only_unresolved(need("Mul", T=DOUBLE), source)
    assert unresolved.reason == (
        "no kernel for T=DT_DOUBLE in profile android-slim; android-full, desktop have one "
        "(tensorflow/core/kernels/mul.cc:20)"
    )
    assert "--profile android-full" in unresolved.advice
    assert chosen([need("Mul", T=DOUBLE)], source, "desktop").unresolved == ()


def test_advised_profile_is_one_that_a_macro_makes_of_this_one() -> None:
    elsewhere = [kernel("Mul", DOUBLE, profiles=("desktop", "android-full"))]
    assert "--profile android-full" in only_unresolved(need("Mul", T=DOUBLE), index(elsewhere)).advice
    selective = [kernel("Mul", DOUBLE, profiles=("desktop", "selective"))]
    assert "--profile selective" in only_unresolved(need("Mul", T=DOUBLE), index(selective)).advice
    desktop = [kernel("Mul", DOUBLE, profiles=("desktop",))]
    assert "--profile" not in only_unresolved(need("Mul", T=DOUBLE), index(desktop)).advice


def test_dtype_of_no_profile_says_what_is_admitted() -> None:
    unresolved = only_unresolved(need("Mul", T=DOUBLE), index([kernel("Mul", FLOAT, INT32)]))
    assert unresolved.reason == "no kernel for T=DT_DOUBLE in any profile"
    assert "T in {DT_FLOAT, DT_INT32}" in unresolved.advice


def test_kernel_behind_a_macro() -> None:
    condition = Condition("INTEL_MKL", True, "#ifdef INTEL_MKL", Location("tensorflow/core/kernels/mkl.cc", 3))
    hidden = kernel("Mkl", FLOAT, file="mkl.cc", line=9, profiles=(), condition=condition)
    unresolved = only_unresolved(need("Mkl", T=FLOAT), index([hidden]))
    assert unresolved.reason == (
        "the kernel for T=DT_FLOAT at tensorflow/core/kernels/mkl.cc:9 is hidden by `#ifdef INTEL_MKL` "
        "(tensorflow/core/kernels/mkl.cc:3)"
    )
    assert "-DINTEL_MKL" in unresolved.advice
    shown = replace(hidden, condition=replace(condition, macro="IS_MOBILE_PLATFORM", defined=False))
    assert "-UIS_MOBILE_PLATFORM" in only_unresolved(need("Mkl", T=FLOAT), index([shown])).advice


def test_kernel_only_on_gpu() -> None:
    unresolved = only_unresolved(need("Nccl", T=FLOAT), index([kernel("Nccl", FLOAT, device="GPU", profiles=())]))
    assert unresolved.reason == "TensorFlow 1.13.1 has kernels for it on GPU only"


def test_dtype_only_on_gpu() -> None:
    source = index([kernel("Mul", FLOAT), kernel("Mul", DOUBLE, device="GPU", profiles=())])
    unresolved = only_unresolved(need("Mul", T=DOUBLE), source)
    assert unresolved.reason == "the only kernel for T=DT_DOUBLE is for GPU"


def test_default_kernels_serve_the_cpu() -> None:
    default = kernel("Identity", device="DEFAULT")
    assert chosen([need("Identity", T=FLOAT)], index([default])).kernels[0].registration == default


def test_op_without_any_kernel() -> None:
    unresolved = only_unresolved(need("XlaSend"), index(definitions=[definition("XlaSend")]))
    assert "registers no kernel" in unresolved.reason


def test_kernel_label_that_does_not_exist() -> None:
    unresolved = only_unresolved(need("Conv2D", label="custom", T=FLOAT), index([kernel("Conv2D", FLOAT)]))
    assert unresolved.reason == 'no CPU kernel has the label "custom"; there are ""'


def test_attr_that_the_node_lacks() -> None:
    unresolved = only_unresolved(need("Mul"), index([kernel("Mul", FLOAT)]))
    assert "constrains the attr T" in unresolved.reason
    assert f"{KERNELS}/mul.cc:10" in unresolved.reason


def test_tie_is_unresolved_unless_upstream_lists_only_one_of_the_files() -> None:
    rivals = [kernel("Foo", FLOAT, file="foo.cc"), kernel("Foo", FLOAT, file="foo_alternative.cc")]
    unresolved = only_unresolved(need("Foo", T=FLOAT), index(rivals))
    assert "foo.cc:10) and FooOp (tensorflow/core/kernels/foo_alternative.cc:10" in unresolved.reason
    lists = BuildLists(groups={"portable_core_ops": (f"{KERNELS}/foo.cc",)})
    selection = chosen([need("Foo", T=FLOAT)], index(rivals, lists=lists))
    assert selection.unresolved == ()
    assert [f.path for f in selection.files] == [f"{KERNELS}/foo.cc"]
    assert "foo_alternative.cc" in selection.files[0].reasons[0].note


def test_a_tie_of_files_that_upstream_lists_together_is_unresolved() -> None:
    files = ("foo.cc", "foo_alternative.cc", "foo_third.cc")
    rivals = [kernel("Foo", FLOAT, file=file) for file in files]
    lists = BuildLists(groups={"portable_core_ops": tuple(f"{KERNELS}/{file}" for file in files[:2])})
    source = index(rivals, lists=lists)
    assert "foo_alternative.cc:10" in only_unresolved(need("Foo", T=FLOAT), source).reason
    assert chosen([need("Foo", T=FLOAT)], source).files == ()


def test_tie_within_one_file_is_a_mistake_of_the_release() -> None:
    twice = [kernel("Less", FLOAT), kernel("Less", FLOAT, INT32, line=12)]
    unresolved = only_unresolved(need("Less", T=FLOAT), index(twice))
    assert "less.cc:10) and LessOp (tensorflow/core/kernels/less.cc:12" in unresolved.reason
    assert "delete one of the two" in unresolved.advice
    assert chosen([need("Less", T=INT32)], index(twice)).unresolved == ()


def test_node_pinned_to_a_gpu_is_unresolved_and_its_cpu_kernel_selected() -> None:
    selection = chosen([need("Mul", device="GPU", T=FLOAT)], index([kernel("Mul", FLOAT)]))
    (unresolved,) = selection.unresolved
    assert unresolved.device == "GPU"
    assert "pinned to GPU" in unresolved.reason
    assert "clear_devices" in unresolved.advice
    assert [f.path for f in selection.files] == [f"{KERNELS}/mul.cc"]


def origin(kind: Kind) -> Origin:
    return Origin(kind, "a Conv2D in front of a BiasAdd (remapper.cc)")


def test_what_the_runtime_adds_is_needed_and_says_why() -> None:
    wanted = replace(need("Switch", T=FLOAT), origin=Origin("added", "the runtime lowers If into it (lower_if_op.cc)"))
    selection = chosen([wanted], index([kernel("Switch", FLOAT), kernel("Switch", DOUBLE, line=20)]))
    (found,) = selection.kernels
    assert found.registration.location.line == 10
    (reason,) = found.reasons
    assert reason.note == "the runtime lowers If into it (lower_if_op.cc)"
    assert (reason.nodes, reason.models) == (("n",), ("m.pb",))
    (unresolved,) = chosen([wanted], index([kernel("Switch", INT32)])).unresolved
    assert unresolved.reason == (
        "the runtime lowers If into it (lower_if_op.cc), and no kernel for T=DT_FLOAT in any profile"
    )


def test_what_the_runtime_replaces_needs_no_kernel() -> None:
    wanted = replace(need("If"), origin=origin("replaced"))
    selection = chosen([wanted], index([kernel("If"), *RUNTIME]))
    assert "If" not in {found.registration.op for found in selection.kernels}
    assert selection.unresolved == chosen([wanted], index(definitions=[definition("If")])).unresolved == ()
    assert "no op of this name" in only_unresolved(wanted, index()).reason


def test_what_the_runtime_replaces_must_not_be_pinned_to_a_missing_device() -> None:
    wanted = replace(need("If", device="GPU"), origin=origin("replaced"))
    assert "pinned to GPU" in only_unresolved(wanted, index([kernel("If")])).reason


def test_what_the_runtime_may_insert_is_in_where_there_is_a_kernel() -> None:
    wanted = replace(need("_FusedConv2D", device="GPU", T=FLOAT), origin=origin("inserted"))
    selection = chosen([wanted], index([kernel("_FusedConv2D", FLOAT)]))
    assert selection.unresolved == selection.not_inserted == ()
    (reason,) = selection.files[0].reasons
    assert reason.note == "may be inserted: a Conv2D in front of a BiasAdd (remapper.cc)"


@pytest.mark.parametrize("registrations", [[], [kernel("_FusedConv2D", DOUBLE)]])
def test_what_the_runtime_may_insert_is_never_unresolved(registrations: list[KernelRegistration]) -> None:
    wanted = replace(need("_FusedConv2D", T=FLOAT), origin=origin("inserted"))
    selection = chosen([wanted], index(registrations))
    assert (selection.unresolved, selection.files) == ((), ())
    (absent,) = selection.not_inserted
    assert (absent.op, absent.nodes) == ("_FusedConv2D", ("n",))
    assert absent.reason


def test_an_op_that_the_model_asks_for_too_is_unresolved_all_the_same() -> None:
    plain = need("Square", T=FLOAT)
    selection = chosen([plain, replace(plain, origin=origin("inserted"))], index([kernel("Mul")]))
    assert [len(selection.unresolved), len(selection.not_inserted)] == [1, 1]


PY_FUNC = "tensorflow/python/lib/core/py_func.cc"


@pytest.mark.parametrize(
    ("file", "includes"),
    [
        (PY_FUNC, {}),
        ("my_ops/call.cc", {"my_ops/call.cc": ("my_ops/call.h",), "my_ops/call.h": ("tensorflow/python/eager/tfe.h",)}),
        ("tensorflow/compiler/jit/kernels/xla_ops.cc", {}),
        ("tensorflow/core/tpu/kernels/infeed_ops.cc", {}),
        ("tensorflow/contrib/ffmpeg/decode_audio_op.cc", {}),
    ],
)
def test_a_kernel_that_no_phone_can_have_is_not_picked(file: str, includes: dict[str, tuple[str, ...]]) -> None:
    plain = index([kernel("Call", FLOAT, file=file)])
    source = MemoryIndex(replace(plain.scan, includes=includes))
    phone = chosen([need("Call", T=FLOAT)], source)
    (unresolved,) = phone.unresolved
    assert unresolved.reason.startswith(f"no build for a phone can have its kernel CallOp ({file}:10): it ")
    assert "Build" not in unresolved.advice
    assert file not in {each.path for each in phone.files}
    assert not chosen([need("Call", T=FLOAT)], source, "desktop").unresolved


def test_a_kernel_of_ones_own_is_picked_whatever_the_op_is_called() -> None:
    source = index([kernel("PyFunc", FLOAT, file=PY_FUNC), kernel("PyFunc", FLOAT, file="my_ops/interpreter.cc")])
    found = chosen([need("PyFunc", T=FLOAT)], source)
    assert [each.path for each in found.files if each.role == "kernel"] == ["my_ops/interpreter.cc"]
    assert not found.unresolved


def test_types_that_no_kernel_admits_are_the_reason_wherever_the_kernels_are() -> None:
    unresolved = only_unresolved(need("PyFunc", T=DOUBLE), index([kernel("PyFunc", FLOAT, file=PY_FUNC)]))
    assert unresolved.reason == "no kernel for T=DT_DOUBLE in any profile"
