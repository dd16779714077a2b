"""What ``selected_flex.bzl`` names for a small release; real Bazel reads one in ``tests/builds/test_flex.py``."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kernel_index.errors import InputError
from kernel_index.index import MemoryIndex
from kernel_index.records import BAZEL, Dependency
from opselect.build_lists.flex.options import FlexOptions
from opselect.build_lists.lite import Labels
from opselect.build_lists.render import render, render_warnings
from opselect.findings import Finding
from opselect.requirements.collect import Requirement, Requirements
from opselect.requirements.loading.verdict import Verdict
from opselect.selection.select import Selection, select
from tests.buildifier import complaints, needs_buildifier
from tests.opselect.build_lists.build import IMAGE, RELEASE, in_kernels
from tests.opselect.sample import FLOAT, KERNELS, PROFILES, definition, kernel

OWN_OPS = "tensorflow/core/ops/ops.cc"
PHONES, DESKTOP = "selective", "desktop"


def release(number: str = "2.14.1", **changes: object) -> MemoryIndex:
    """The small release under another number, with definitions of its ops."""
    ops = RELEASE.op_names()
    scan = replace(RELEASE.scan, release=number, op_definitions=tuple(map(definition, ops)))
    return MemoryIndex(replace(scan, **changes))  # type: ignore[arg-type]  # any field


def selection(index: MemoryIndex, profile: str, *ops: str) -> Selection:
    return select(Requirements(tuple(Requirement(op, (("T", FLOAT),)) for op in ops)), index, profile)


def written(
    *ops: str, index: MemoryIndex | None = None, profile: str = PHONES, labels: Labels = "tensorflow", why_not: str = ""
) -> str:
    """The file for some ops; without ``why_not`` with both sides."""
    index = index or release()
    other = DESKTOP if profile != DESKTOP else PHONES
    flex = FlexOptions(labels, None if why_not else selection(index, other, *ops), why_not)
    (text,) = render("flex-bazel", selection(index, profile, *ops), index, flex=flex).values()
    return text


def side(text: str, name: str) -> dict[str, list[str]]:
    """The lists of one side: key to strings."""
    (body,) = re.findall(rf"^_{name} = struct\(\n(.*?)^\)$", text, re.MULTILINE | re.DOTALL)
    found = re.findall(r"^    (\w+) = (\[.*?\]|\".*?\"),$", body, re.MULTILINE | re.DOTALL)
    return {key: re.findall(r'"((?:[^"\\]|\\.)*)"', value) for key, value in found}


@pytest.mark.parametrize("name", ["MOBILE", "ELSEWHERE"])
def test_a_side_names_kernels_what_they_are_linked_with_and_the_definitions_of_their_ops(name: str) -> None:
    found = side(written("Mul"), name)
    assert found["paths"] == [*in_kernels("helper.cc", "mul.cc"), OWN_OPS]
    assert found["labels"] == []
    assert found["missing"] == [""]
    header = "\n".join(found["header"])
    assert r"\"MulOp\"" in header
    assert "AddOp" not in header
    assert "NoOp" not in header  # no default ops of TensorFlow's tool


def test_what_is_in_no_group_goes_by_its_label_with_its_headers() -> None:
    found = side(written("Roll", "Add"), "MOBILE")
    assert found["paths"] == [*in_kernels("add.cc", "roll.cc", "roll.h"), OWN_OPS]
    assert found["labels"] == [f"//{KERNELS}:roll.cc", f"//{KERNELS}:roll.h"]


def test_what_phones_compile_anyway_needs_no_label() -> None:
    lists = replace(RELEASE.build_lists, compiled={BAZEL: in_kernels("roll.cc")})
    assert side(written("Roll", index=release(build_lists=lists)), "ELSEWHERE")["labels"] == []


def test_labels_are_of_the_package_that_holds_the_file() -> None:
    found = side(written("Resampler"), "MOBILE")
    assert found["labels"] == ["//tensorflow/contrib/resampler:kernels/resampler.cc"]


def test_kernels_that_one_side_alone_has_are_named_there_alone() -> None:
    here = kernel("Odd", FLOAT, file="odd_phone.cc", profiles=(PHONES,))
    there = kernel("Odd", FLOAT, file="odd_desktop.cc", profiles=(DESKTOP,))
    text = written("Odd", index=release(registrations=(here, there)))
    assert side(text, "MOBILE")["labels"] == [f"//{KERNELS}:odd_phone.cc"]
    assert side(text, "ELSEWHERE")["labels"] == [f"//{KERNELS}:odd_desktop.cc"]


@pytest.mark.parametrize("profile", [PHONES, DESKTOP])
def test_the_side_that_is_asked_about_stands_in_its_place(profile: str) -> None:
    text = written("Add", profile=profile, why_not="nobody asked")
    asked, other = ("MOBILE", "ELSEWHERE") if profile == PHONES else ("ELSEWHERE", "MOBILE")
    assert side(text, asked)["paths"] == [*in_kernels("add.cc"), OWN_OPS]
    assert side(text, other)["paths"] == []
    where = "anything but phones" if profile == PHONES else "phones"
    assert side(text, other)["missing"] == [f"This delegate cannot be built for {where}: nobody asked."]


def test_a_side_that_lacks_a_kernel_says_which_and_is_a_warning() -> None:
    only = kernel("Odd", FLOAT, file="odd.cc", profiles=(PHONES,))
    index = release(registrations=(*RELEASE.scan.registrations, only))
    text = written("Odd", "Add", index=index)
    (missing,) = side(text, "ELSEWHERE")["missing"]
    assert missing.startswith("This delegate cannot be built for anything but phones: Odd: ")
    assert missing.endswith("Run opselect generate with --profile desktop to see what can be done.")
    assert side(text, "MOBILE")["paths"] == [*in_kernels("add.cc", "odd.cc"), OWN_OPS]
    flex = FlexOptions(other=selection(index, DESKTOP, "Odd"))
    (warning,) = render_warnings("flex-bazel", selection(index, PHONES, "Odd"), index, flex=flex)
    assert warning.startswith("This delegate cannot be built for anything but phones: Odd: ")


def test_ops_that_the_release_refuses_are_named_and_of_many_the_first() -> None:
    index = release()
    refused = tuple(Finding("OPS310", f"not {number}", op=f"Bad{number}") for number in range(5))
    for count, more in ((5, ""), (4, "; …")):
        other = selection(index, DESKTOP, "Nope", "Nowhere") if more else selection(index, DESKTOP, "Add")
        other = replace(other, verdict=Verdict(refused[:count]))
        flex = FlexOptions(other=other)
        (warning,) = render_warnings("flex-bazel", selection(index, PHONES, "Add"), index, flex=flex)
        assert f"Bad{2 if more else 4}: not {2 if more else 4}{more}. Run opselect" in warning


def test_a_file_that_elsewhere_comes_with_its_target_is_linked_by_that() -> None:
    file = "tensorflow/core/kernels/data/multi_device_iterator_ops.cc"
    index = release(registrations=(kernel("Iterate", FLOAT, file=file),))
    index = MemoryIndex(replace(index.scan, op_definitions=(definition("Iterate"),)))
    text = written("Iterate", index=index)
    assert side(text, "ELSEWHERE")["targets"] == ["//tensorflow/core/kernels/data:multi_device_iterator_ops"]
    assert side(text, "MOBILE")["targets"] == []


def test_a_complete_library_of_the_selective_build_needs_no_warning() -> None:
    index = release()
    for profile, other in ((PHONES, DESKTOP), (DESKTOP, PHONES)):
        flex = FlexOptions(other=selection(index, other, "Add"))
        assert render_warnings("flex-bazel", selection(index, profile, "Add"), index, flex=flex) == ()


def test_for_litert_there_is_a_warning_of_the_releases_with_other_groups() -> None:
    index = release()
    flex = FlexOptions("litert", selection(index, DESKTOP, "Add"))
    (warning,) = render_warnings("flex-bazel", selection(index, PHONES, "Add"), index, flex=flex)
    assert warning.startswith("selected_flex.bzl is for LiteRT up to 2.1.5")


def test_a_phone_with_fewer_types_is_a_warning() -> None:
    index = release()
    flex = FlexOptions(other=selection(index, DESKTOP, "Add"))
    (warning,) = render_warnings("flex-bazel", selection(index, "android-slim", "Add"), index, flex=flex)
    assert "more types than profile android-slim: --profile selective" in warning


def test_elsewhere_what_phones_have_in_their_base_library_is_linked_or_compiled_too() -> None:
    includes = {
        f"{KERNELS}/add.cc": (f"{KERNELS}/add.h", "tensorflow/core/framework/op.h", "third_party/eigen3/Eigen/Core"),
        f"{KERNELS}/add.h": ("tensorflow/core/util/ragged_to_dense_util.h",),
        "tensorflow/core/util/ragged_to_dense_util.h": ("tensorflow/core/util/beyond.h",),
        f"{KERNELS}/mul.cc": ("tensorflow/core/util/tensor_bundle/tensor_bundle.h", "tensorflow/tsl/lib/x.h"),
    }
    text = written("Add", "Mul", index=release(includes=includes))
    found = side(text, "ELSEWHERE")
    assert found["beside"] == ["tensorflow/core/util/ragged_to_dense_util.cc"]
    assert found["targets"] == ["//tensorflow/core/util/tensor_bundle"]
    phones = side(text, "MOBILE")
    assert (phones["beside"], phones["targets"]) == ([], [])


def test_system_kernels_of_helpers_have_their_ops_defined() -> None:
    system = replace(kernel("Sys", file="helper.cc"), system=True)
    sys_op = replace(definition("Sys"), location=replace(definition("Sys").location, file="tensorflow/core/ops/sys.cc"))
    index = release(registrations=(*RELEASE.scan.registrations, system))
    index = MemoryIndex(replace(index.scan, op_definitions=(*index.scan.op_definitions, sys_op)))
    assert "tensorflow/core/ops/sys.cc" in side(written("Mul", index=index), "MOBILE")["paths"]
    assert "tensorflow/core/ops/sys.cc" not in side(written("Add", index=index), "MOBILE")["paths"]


def test_system_kernels_of_other_files_count_for_nothing() -> None:
    system = replace(kernel("Sys", file="elsewhere.cc"), system=True)
    beside = kernel("Sys", FLOAT, file="helper.cc")
    sys_op = replace(definition("Sys"), location=replace(definition("Sys").location, file="tensorflow/core/ops/sys.cc"))
    index = release(registrations=(*RELEASE.scan.registrations, system, beside))
    index = MemoryIndex(replace(index.scan, op_definitions=(*index.scan.op_definitions, sys_op)))
    assert "tensorflow/core/ops/sys.cc" not in side(written("Mul", index=index), "MOBILE")["paths"]


def test_a_header_does_not_name_what_is_registered_in_any_case() -> None:
    system = replace(kernel("Add", FLOAT, file="add.cc"), system=True)
    beside = kernel("Add", FLOAT, file="add.cc", device="DEFAULT", line=20)
    others = [each for each in RELEASE.scan.registrations if each.op != "Add"]
    text = written("Add", "Mul", index=release(registrations=(*others, system, beside)))
    header = "\n".join(side(text, "MOBILE")["header"])
    assert r"\"MulOp\"" in header
    assert r"\"AddOp\"" not in header
    assert r"isequal(op, \"Add\")" in header


def test_needs_of_definitions_are_compiled_too() -> None:
    needs = {OWN_OPS: (Dependency(f"{KERNELS}/ops_util.cc", "Util", f"{KERNELS}/ops_util.h", PROFILES),)}
    assert f"{KERNELS}/ops_util.cc" in side(written("Add", index=release(dependencies=needs)), "MOBILE")["paths"]


def test_before_2_4_there_is_no_such_rule() -> None:
    with pytest.raises(InputError, match=r"cannot be built for some models(.|\n)*2\.4"):
        written("Add", index=release("2.3.4"))
    assert written("Add", index=release("2.4.4"))


@pytest.mark.parametrize(
    ("number", "there", "not_there"),
    [
        ("2.4.4", ["//tensorflow/lite/c:common"], ["delegate_symbol", "flex_shared", "fft", "private_common"]),
        ("2.6.5", ["delegate_symbol", "selected_flex_shared_library"], ["fft_impl", "ducc", "private_common"]),
        ("2.13.1", ["//tensorflow/lite/core/c:private_common"], ["lite/c:common", "fft_impl", "ducc"]),
        ("2.15.1", ["//tensorflow/core/kernels:portable_fft_impl"], ["ducc"]),
        ("2.16.1", ["@ducc//:fft_wrapper"], ["fft_impl"]),
        ("2.20.0", ["@ducc//:fft_wrapper"], ["fft_impl"]),
    ],
)
def test_targets_are_called_as_in_the_release(number: str, there: list[str], not_there: list[str]) -> None:
    text = written("Add", index=release(number))
    assert [each for each in there if each not in text] == []
    assert [each for each in not_there if each in text] == []


def test_groups_have_the_first_word_of_the_release() -> None:
    assert "//tensorflow/core/kernels:android_extended_ops" in written("Add")
    lists = replace(RELEASE.build_lists, prefix="portable")
    text = written("Add", index=release(build_lists=lists))
    assert "//tensorflow/core/kernels:portable_extended_ops" in text
    assert "//tensorflow/core/kernels:portable_all_ops_textual_hdrs" in text


def test_labels_of_litert_name_tensorflow_as_another_repository() -> None:
    text = written("Roll", labels="litert")
    assert side(text, "MOBILE")["labels"] == [f"@org_tensorflow//{KERNELS}:{name}" for name in ("roll.cc", "roll.h")]
    assert '"//tflite/delegates/flex:delegate_data"' in text
    assert 'load("//tflite:build_def.bzl", "tflite_cc_shared_object")' in text
    assert re.findall('"//tensorflow', text) == []
    # The paths are those in TensorFlow's repository all the same.
    assert side(text, "MOBILE")["paths"][0].startswith("tensorflow/core/")


def test_models_that_ask_for_too_much_are_named_in_the_file() -> None:
    assert "INCOMPLETE" not in written("Add")
    assert re.search(r"INCOMPLETE: the models need .*\n  Nope: ", written("Add", "Nope", why_not="nobody asked"))


def test_no_name_acts_in_the_file() -> None:
    text = written("Add", 'Q"""\\n', why_not='of "quotes" and \\ \n')
    compile(text, "selected_flex.bzl", "exec")  # the syntax is a part of Python's
    odd = kernel("Odd", FLOAT, file="my\nops/odd.cc")
    with pytest.raises(InputError, match="line break"):
        written("Odd", index=release(registrations=(odd,)))


@pytest.mark.parametrize("labels", ["tensorflow", "litert"])
def test_strings_have_no_escape_that_old_bazel_does_not_know(labels: Labels) -> None:
    text = written("Add", why_not="esc \x1b, back \b, null \0, \x7f, \u202e and\nlines", labels=labels)
    (missing,) = side(text, "ELSEWHERE")["missing"]
    assert missing.endswith(r"esc \\x1b, back \\x08, null \\x00, \\x7f, \\u202e and lines.")
    assert set(re.findall(r"(?<!\\)(?:\\\\)*\\([^\\])", text)) <= set('nrt"01234567')


def test_same_selection_same_bytes() -> None:
    assert written("Mul", "Add", "Roll") == written("Roll", "Mul", "Add")


@needs_buildifier
@pytest.mark.parametrize("number", ["2.4.4", "2.5.3", "2.15.1", "2.20.0"])
@pytest.mark.parametrize("labels", ["tensorflow", "litert"])
def test_buildifier_changes_nothing(number: str, labels: Labels, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("flex") / "selected_flex.bzl"
    file.write_text(written("Add", "Mul", "Roll", "Resize", index=release(number), labels=labels))
    assert complaints([file]) == ""


def test_images_and_other_packages_are_reached_through_the_groups() -> None:
    assert side(written("Resize"), "MOBILE")["labels"] == []
    assert f"{IMAGE}/resize.cc" in side(written("Resize"), "MOBILE")["paths"]
