from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.build_files.lists import read_build_lists
from kernel_index.errors import InputError
from kernel_index.index import MemoryIndex
from kernel_index.records import BuildLists
from opselect.build_lists.keep_rule import Mode
from opselect.build_lists.render import render
from opselect.selection.select import Reason, SelectedFile
from tests.buildifier import complaints, needs_buildifier
from tests.opselect.build_lists.build import IMAGE, LISTS, OPS, RELEASE, in_kernels, output, selection_of
from tests.opselect.sample import KERNELS, index

MODES: tuple[Mode, ...] = ("trim", "extend")
EXTENDED = [":android_extended_ops_group1", ":android_extended_ops_group2", ":android_quantized_ops"]


def groups(text: str) -> dict[str, list[str]]:
    """The labels of every filegroup in a BUILD file, selects left out."""
    found = {}
    for call in (statement.value for statement in ast.parse(text).body if isinstance(statement, ast.Expr)):
        assert isinstance(call, ast.Call)
        arguments = {keyword.arg: keyword.value for keyword in call.keywords}
        sources = arguments["srcs"]
        labels = sources.left if isinstance(sources, ast.BinOp) else sources
        found[ast.literal_eval(arguments["name"])] = ast.literal_eval(labels)
    return found


def test_trim_keeps_what_is_needed_and_the_headers_that_this_includes() -> None:
    assert groups(output("bazel", "Add", "Mul", "Resize")) == {
        "android_core_ops": ["add.cc", "bias.h", "helper.cc"],
        "android_extended_ops": EXTENDED,
        "android_extended_ops_headers": ["helper.h"],
        "android_extended_ops_group1": [":android_extended_ops_headers", "@fft2d//:fft2d.h"],
        "android_extended_ops_group2": [
            "mul.cc",
            "//tensorflow/core/kernels/image:resize.cc",
            "//tensorflow/core/kernels/image:resize.h",
        ],
        "android_quantized_ops": [],
    }


def test_a_group_of_another_package_stays_where_all_of_it_is_needed() -> None:
    found = groups(output("bazel", "Resize", "Crop"))
    assert found["android_extended_ops_group2"] == ["//tensorflow/core/kernels/image:kernels"]


def test_keep_core_leaves_the_core_group_and_nothing_else() -> None:
    found = groups(output("bazel", "Quant", keep_core=True))
    assert found["android_core_ops"] == ["add.cc", "bias.cc", "bias.h", "helper.cc"]
    assert found["android_extended_ops_headers"] == []
    assert found["android_quantized_ops"] == ["quant.cc"]
    assert "conv.cc" not in found["android_extended_ops_group1"]


def test_headers_are_those_that_the_sources_include() -> None:
    assert groups(output("bazel", "Conv"))["android_extended_ops_headers"] == ["conv.h", "deep.h"]
    for mode in MODES:
        assert "roll.h" in groups(output("bazel", "Roll", mode=mode))["android_extended_ops_headers"]


def test_new_files_are_balanced_over_the_two_groups() -> None:
    found = groups(output("bazel", "Conv", "Roll", "Rfft", "Sort"))
    assert found["android_extended_ops_group1"][:2] == ["conv.cc", "roll.cc"]
    assert found["android_extended_ops_group2"][:2] == ["rfft.cc", "sort.cc"]


def test_extend_is_upstream_and_what_is_missing() -> None:
    found = groups(output("bazel", "Add", "Roll", mode="extend"))
    assert found["android_core_ops"] == ["add.cc", "bias.cc", "bias.h", "helper.cc"]
    assert found["android_extended_ops_group1"] == [
        "conv.cc",
        "roll.cc",
        ":android_extended_ops_headers",
        "@fft2d//:fft2d.h",
    ]
    assert found["android_extended_ops_group2"] == ["mul.cc", "//tensorflow/core/kernels/image:kernels"]


def test_files_of_other_packages_are_labels_and_the_base_library_is_not_listed() -> None:
    text = output("bazel", "Resampler", "Runtime")
    assert '"//tensorflow/contrib/resampler:kernels/resampler.cc"' in text
    assert "runtime_op.cc" not in text


def test_conditional_entries_stay_conditional() -> None:
    assert output("bazel", "Conv").count("xsmm.cc") == 1
    assert """    ] + select({
        ":xsmm": ["xsmm.cc"],
        "//conditions:default": [],
    }),
""" in output("bazel", "Conv")


def test_dependencies_headers_and_the_base_group_are_placed() -> None:
    selection = selection_of("Conv")
    more = [
        SelectedFile(path, role, (Reason("Conv"),))
        for path, role in (
            *((path, "dependency") for path in in_kernels("ops_util.cc", "xsmm.cc", "new_lib.cc")),
            (f"{KERNELS}/new_lib.h", "header"),
        )
    ]
    selection = replace(selection, files=(*selection.files, *more))
    (text,) = render("bazel", selection, RELEASE).values()
    found = groups(text)
    assert found["android_extended_ops_headers"] == ["conv.h", "deep.h", "new_lib.h"]
    assert found["android_extended_ops_group2"][0] == "new_lib.cc"
    assert "xsmm.cc" in found["android_extended_ops_group1"]
    assert text.count("xsmm.cc") == 1
    assert "ops_util.cc" not in text


def test_what_is_missing_is_named_on_one_line_each() -> None:
    text = output("bazel", "Add", "Fo\no")
    assert "# INCOMPLETE: the model needs kernels that this build does not have.\n#   Fo o: TensorFlow" in text
    assert "INCOMPLETE" not in output("bazel", "Add")
    groups(text)


def test_the_header_says_what_it_is() -> None:
    first, *_ = output("bazel", "Add", keep_core=True).splitlines()
    assert first == "# Generated by opselect for TensorFlow 1.13.1, profile android-slim, mode trim, core group kept."


def test_a_release_without_filegroups_is_an_error() -> None:
    source = index(release="0.7")
    with pytest.raises(InputError, match="no filegroups"):
        render("bazel", selection_of(source=source), source)


def test_written_groups_read_back_are_the_same_files(tmp_path: Path) -> None:
    for path in {path for files in LISTS.groups.values() for path in files}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / IMAGE / "BUILD").write_text(
        'filegroup(name = "kernels", srcs = ["resize.cc", "crop.cc", "resize.h"])\n'
    )
    (tmp_path / KERNELS / "BUILD").write_text(output("bazel", mode="extend"))
    lists, diagnostics = read_build_lists(tmp_path)
    assert diagnostics == ()
    for name in ("android_core_ops", "android_extended_ops_group1", "android_extended_ops_group2"):
        assert set(lists.groups[name]) == set(LISTS.groups[name])
    assert lists.group_selects == LISTS.group_selects
    again = MemoryIndex(replace(RELEASE.scan, build_lists=replace(lists, packages=LISTS.packages)))
    (text,) = render("bazel", selection_of(source=again), again, mode="extend").values()
    assert text == output("bazel", mode="extend")


@given(st.sets(st.sampled_from(sorted(OPS))), st.sampled_from(MODES), st.booleans())
def test_every_needed_file_is_in_exactly_one_place(ops: set[str], mode: Mode, keep_core: bool) -> None:
    text = output("bazel", *sorted(ops), mode=mode, keep_core=keep_core)
    assert text == output("bazel", *sorted(ops, reverse=True), mode=mode, keep_core=keep_core)
    found = groups(text)
    listed = [label for labels in found.values() for label in labels]
    whole = "//tensorflow/core/kernels/image:kernels" in listed
    for op in ops - {"Runtime"}:
        name = OPS[op].rpartition("/")[2]
        times = sum(label.rpartition("/")[2].rpartition(":")[2] == name for label in listed)
        assert times + (whole and OPS[op].startswith(IMAGE)) == 1


@needs_buildifier
@pytest.mark.parametrize("ops", [(), ("Add",), tuple(OPS), ("Resize", "Nope")])
@pytest.mark.parametrize("mode", MODES)
def test_output_passes_buildifier(tmp_path: Path, ops: tuple[str, ...], mode: Mode) -> None:
    path = tmp_path / "kernels.BUILD"
    path.write_text(output("bazel", *ops, mode=mode))
    assert complaints([path]) == ""


def test_release_with_other_first_word() -> None:
    lists = BuildLists(
        prefix="portable",
        groups={"portable_core_ops": in_kernels("add.cc")},
        group_labels={"portable_core_ops": ("add.cc",)},
    )
    source = MemoryIndex(replace(RELEASE.scan, build_lists=lists))
    (text,) = render("bazel", selection_of("Add", "Conv", source=source), source).values()
    assert groups(text) == {"portable_core_ops": ["add.cc", "conv.cc"]}
