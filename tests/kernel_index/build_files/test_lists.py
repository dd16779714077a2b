from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel_index.build_files.entries import read_list_entries
from kernel_index.build_files.lists import read_build_lists
from kernel_index.build_files.starlark import syntax_error_line
from kernel_index.errors import SourceTreeError
from tests.kernel_index.build_files.drawing import plant

K = "tensorflow/core/kernels"


def test_groups_constants_and_concatenation(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
--- tensorflow/core/kernels/BUILD
# Core kernels.
HEADERS = [
    "mul.h",  # a comment stays harmless
]

MORE = ("add.cc",) + HEADERS

filegroup(
    name = "android_core_ops",
    srcs = ["mul.cc"] + MORE,
)

filegroup(
    name = "android_extended_ops",
    srcs = [":android_core_ops", ":android_quantized_ops"],
)

filegroup(
    name = "android_quantized_ops",
    srcs = ["quant.cc", "mul.h"],
)

cc_library(
    name = "android_tensorflow_kernels",
    srcs = ["other.cc"],
)
--- tensorflow/core/kernels/mul.cc tensorflow/core/kernels/mul.h
--- tensorflow/core/kernels/add.cc tensorflow/core/kernels/quant.cc
""",
    )
    lists, diagnostics = read_build_lists(tmp_path)
    assert diagnostics == ()
    assert lists.prefix == "android"
    assert lists.groups == {
        "android_core_ops": (f"{K}/mul.cc", f"{K}/add.cc", f"{K}/mul.h"),
        "android_extended_ops": (f"{K}/mul.cc", f"{K}/add.cc", f"{K}/mul.h", f"{K}/quant.cc"),
        "android_quantized_ops": (f"{K}/quant.cc", f"{K}/mul.h"),
    }
    assert lists.group_labels["android_extended_ops"] == (":android_core_ops", ":android_quantized_ops")
    assert lists.packages == (K,)
    assert lists.makefile == ()


def test_groups_are_followed_across_packages_and_aliases(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
--- tensorflow/core/kernels/BUILD
filegroup(
    name = "portable_core_ops",
    srcs = [
        "mul.cc",
        "//tensorflow/c/kernels:portable_all_op_kernels",
        "//tensorflow/core/kernels/image:resize.cc",
        "//tensorflow/core/util",
        "@fft2d//:fft2d.h",
        ":generated.h",
    ],
)

genrule(name = "generated.h")

alias(
    name = "android_core",
    actual = "portable_core_ops",
)
--- tensorflow/c/kernels/BUILD
filegroup(
    name = "portable_all_op_kernels",
    srcs = ["bitcast.cc", "//tensorflow/core/kernels/image:hdrs"],
)
--- tensorflow/core/kernels/image/BUILD
filegroup(name = "hdrs", srcs = glob(["*.h"]))
--- tensorflow/core/util/BUILD
cc_library(name = "util")
--- tensorflow/core/kernels/mul.cc tensorflow/c/kernels/bitcast.cc tensorflow/core/kernels/image/resize.cc
--- tensorflow/core/kernels/image/resize.h
""",
    )
    lists, diagnostics = read_build_lists(tmp_path)
    assert diagnostics == ()
    assert lists.prefix == "portable"
    files = (f"{K}/mul.cc", "tensorflow/c/kernels/bitcast.cc", f"{K}/image/resize.h", f"{K}/image/resize.cc")
    assert lists.groups["portable_core_ops"] == files
    assert lists.groups["android_core"] == files
    assert lists.group_labels["android_core"] == ("portable_core_ops",)
    assert lists.group_labels["portable_core_ops"][3:] == ("//tensorflow/core/util", "@fft2d//:fft2d.h", ":generated.h")
    assert lists.group_labels["//tensorflow/c/kernels:portable_all_op_kernels"] == (
        "bitcast.cc",
        "//tensorflow/core/kernels/image:hdrs",
    )
    assert lists.groups["//tensorflow/core/kernels/image:hdrs"] == (f"{K}/image/resize.h",)


def test_selects_count_every_branch_and_are_remembered(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
--- tensorflow/core/kernels/BUILD
filegroup(
    name = "android_core_ops",
    srcs = ["mul.cc"] + select({
        ":xsmm": ["xsmm.cc", "xsmm.h"],
        "//conditions:default": [],
    }) + if_mobile(["mobile.cc"]) + select({":neon": ["neon.cc"]}),
)
--- tensorflow/core/kernels/mul.cc tensorflow/core/kernels/xsmm.cc tensorflow/core/kernels/xsmm.h
--- tensorflow/core/kernels/mobile.cc tensorflow/core/kernels/neon.cc
""",
    )
    lists, diagnostics = read_build_lists(tmp_path)
    assert diagnostics == ()
    assert lists.groups["android_core_ops"] == tuple(
        f"{K}/{name}" for name in ("mul.cc", "xsmm.cc", "xsmm.h", "mobile.cc", "neon.cc")
    )
    assert lists.group_selects == {"android_core_ops": ({":xsmm": ("xsmm.cc", "xsmm.h")}, {":neon": ("neon.cc",)})}


def test_globs_with_excludes_from_constants(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
--- tensorflow/core/kernels/BUILD
TEXTUAL = ["inl.h"]
filegroup(
    name = "android_all_ops",
    srcs = glob(["*.cc", "*.h"], exclude = ["*test.cc", "*_gpu*"] + TEXTUAL) + ["mul_gpu.h"],
)
filegroup(name = "android_core_ops", srcs = [])
--- tensorflow/core/kernels/mul.cc tensorflow/core/kernels/mul_test.cc tensorflow/core/kernels/mul_gpu.h
--- tensorflow/core/kernels/inl.h tensorflow/core/kernels/mul.h tensorflow/core/kernels/image/x.cc
""",
    )
    lists, diagnostics = read_build_lists(tmp_path)
    assert diagnostics == ()
    assert lists.groups["android_all_ops"] == (f"{K}/mul.cc", f"{K}/mul.h", f"{K}/mul_gpu.h")


def test_what_cannot_be_followed_has_a_place(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
--- tensorflow/core/kernels/BUILD
filegroup(
    name = "android_core_ops",
    srcs = [
        "gone.cc",
        ":android_loop",
    ] + [x for x in LIST] + lookup("x") + UNKNOWN,
)
filegroup(name = "android_loop", srcs = [":android_core_ops", 3])
filegroup(name = "android_empty")
""",
    )
    lists, diagnostics = read_build_lists(tmp_path)
    assert [str(d) for d in diagnostics] == [
        f"{K}/BUILD:4: gone.cc is neither a file nor a target",
        f"{K}/BUILD:6: `UNKNOWN` is not followed",
        f"{K}/BUILD:6: `[x for x in LIST]` is not followed",
        f"{K}/BUILD:6: what `lookup()` returns is not known",
        f"{K}/BUILD:8: //tensorflow/core/kernels:android_core_ops contains itself",
        f"{K}/BUILD:8: `3` is no string",
    ]
    assert lists.groups["android_core_ops"] == ()
    assert lists.group_labels["android_core_ops"] == ("gone.cc", ":android_loop")
    assert lists.groups["android_empty"] == ()


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        (b"filegroup(\n    name = \n)\n", 3, "cannot be parsed: "),
        (b"X = 1\n\xff\n", 2, "cannot be parsed: it is not UTF-8 text"),
        (b"a\0b", 1, "cannot be parsed: "),
        (b"X = " + b"-" * 100_000 + b"1", 1, "cannot be parsed: "),
        (b"", 1, "no filegroup android_core_ops or portable_core_ops"),
    ],
)
def test_a_build_file_without_lists_is_a_diagnostic(tmp_path: Path, source: bytes, line: int, problem: str) -> None:
    (tmp_path / K).mkdir(parents=True)
    (tmp_path / K / "BUILD").write_bytes(source)
    lists, (diagnostic,) = read_build_lists(tmp_path)
    assert lists.groups == {}
    assert (diagnostic.location.file, diagnostic.location.line) == (f"{K}/BUILD", line)
    assert diagnostic.message.startswith(problem)


def test_a_tree_without_any_build_file_has_no_lists(tmp_path: Path) -> None:
    lists, (diagnostic,) = read_build_lists(tmp_path)
    assert (lists.groups, lists.makefile, lists.packages) == ({}, (), ())
    assert "no filegroup" in diagnostic.message


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceTreeError, match="is no folder"):
        read_build_lists(tmp_path / "nowhere")


def test_a_long_sum_of_lists_is_read(tmp_path: Path) -> None:
    names = [f"k{n}.cc" for n in range(500)]
    plant(tmp_path, "--- " + " ".join(f"{K}/{name}" for name in names))
    sums = " + ".join(f'["{name}"]' for name in names)
    (tmp_path / K / "BUILD").write_text(f'filegroup(name = "android_core_ops", srcs = {sums})\n')
    lists, diagnostics = read_build_lists(tmp_path)
    assert diagnostics == ()
    assert lists.groups["android_core_ops"] == tuple(f"{K}/{name}" for name in names)


def test_the_makefile_list_drops_blank_lines_and_keeps_wrong_entries(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
--- tensorflow/contrib/makefile/tf_op_files.txt
tensorflow/core/kernels/mul.cc

tensorflow/core/kernels/reshape.c
tensorflow/core/ops/math_ops.cc
tensorflow/core/kernels/gone.cc
--- tensorflow/core/kernels/mul.cc tensorflow/core/kernels/reshape.cc tensorflow/core/ops/math_ops.cc
--- tensorflow/core/kernels/BUILD
filegroup(name = "android_core_ops", srcs = [])
""",
    )
    lists, diagnostics = read_build_lists(tmp_path)
    assert lists.makefile == (
        f"{K}/mul.cc",
        f"{K}/reshape.c",
        "tensorflow/core/ops/math_ops.cc",
        f"{K}/gone.cc",
    )
    assert lists.makefile_missing == {f"{K}/reshape.c": f"{K}/reshape.cc", f"{K}/gone.cc": ""}
    assert [str(d) for d in diagnostics] == [
        (
            f"tensorflow/contrib/makefile/tf_op_files.txt:3: {K}/reshape.c does not exist; "
            f"make compiles {K}/reshape.cc instead"
        ),
        f"tensorflow/contrib/makefile/tf_op_files.txt:5: {K}/gone.cc does not exist",
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.lists(st.sampled_from(["a.cc", "b.cc", "c.h", "d.h"]), max_size=4), min_size=1, max_size=4))
def test_any_way_of_writing_a_list_gives_the_same_files(tmp_path: Path, parts: list[list[str]]) -> None:
    plant(tmp_path, f"--- {K}/a.cc {K}/b.cc {K}/c.h {K}/d.h")
    text = "".join(f"C{number} = {part!r}\n" for number, part in enumerate(parts))
    named = " + ".join(f"C{number}" for number in range(len(parts)))
    flat = " + ".join(repr(part) for part in parts)
    selected = " + ".join(f'select({{"//conditions:default": {part!r}}})' for part in parts)
    for number, expression in enumerate((named, flat, selected)):
        text += f'filegroup(name = "android_{number}", srcs = {expression})\n'
    (tmp_path / K / "BUILD").write_text(text + 'filegroup(name = "android_core_ops", srcs = [])\n')
    lists, diagnostics = read_build_lists(tmp_path)
    assert diagnostics == ()
    files = tuple(dict.fromkeys(f"{K}/{name}" for part in parts for name in part))
    assert [lists.groups[f"android_{number}"] for number in range(3)] == [files] * 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.binary(max_size=60) | st.text("()[]{}=,+\"'\\\n #abc", max_size=60).map(str.encode))
def test_no_bytes_in_a_build_file_are_a_crash(tmp_path: Path, source: bytes) -> None:
    (tmp_path / K).mkdir(parents=True, exist_ok=True)
    (tmp_path / K / "BUILD").write_bytes(source)
    lists, diagnostics = read_build_lists(tmp_path)
    assert lists.groups == {}
    assert diagnostics


@pytest.mark.parametrize("entry", ["//", ".", "x" * 5000, "a\0b.cc"])
def test_an_entry_that_can_name_no_file_is_one_that_does_not_exist(entry: str, tmp_path: Path) -> None:
    folder = tmp_path / "tensorflow/contrib/makefile"
    folder.mkdir(parents=True)
    (folder / "tf_op_files.txt").write_text(f"{entry}\n")
    lists, diagnostics = read_build_lists(tmp_path)
    assert lists.makefile == (entry,)
    assert any("does not exist" in d.message for d in diagnostics)


def test_a_list_of_the_makefile_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "tensorflow/contrib/makefile/tf_op_files.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a.cc\n\xff.cc\n")
    with pytest.raises(SourceTreeError, match=r"tf_op_files\.txt:2: is not UTF-8 text"):
        read_build_lists(tmp_path)


def test_entries_of_the_makefile_are_their_files(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
--- tensorflow/contrib/makefile/tf_op_files.txt
./tensorflow/core/kernels/mul.cc
tensorflow//core/kernels/add.c
tensorflow/core/ops/../kernels/none.cc
--- tensorflow/core/kernels/mul.cc tensorflow/core/kernels/add.cc
""",
    )
    lists, _ = read_build_lists(tmp_path)
    assert lists.makefile == (f"{K}/mul.cc", f"{K}/add.c", f"{K}/none.cc")
    assert lists.makefile_missing == {f"{K}/add.c": f"{K}/add.cc", f"{K}/none.cc": ""}
    entries = read_list_entries(tmp_path).entries
    assert [(e.text, e.path) for e in entries] == [
        ("./tensorflow/core/kernels/mul.cc", f"{K}/mul.cc"),
        ("tensorflow//core/kernels/add.c", f"{K}/add.cc"),
        ("tensorflow/core/ops/../kernels/none.cc", ""),
    ]


def test_lines_of_the_makefile_end_at_line_feeds_alone(tmp_path: Path) -> None:
    path = tmp_path / "tensorflow/contrib/makefile/tf_op_files.txt"
    path.parent.mkdir(parents=True)
    path.write_text("a.cc\fb.cc\r\nc\u2028d.cc\n", newline="")
    entries = read_list_entries(tmp_path).entries
    assert [(e.text, e.location.line) for e in entries] == [("a.cc", 1), ("b.cc", 1), ("c\u2028d.cc", 2)]


@pytest.mark.parametrize(
    ("build", "problem"),
    [(b"\nprint 'x'\n", "cannot be parsed"), (b"\n# \xe9\n", "not UTF-8"), (None, "cannot be read")],
)
def test_build_files_that_the_lists_lead_to_and_that_cannot_be_read(
    tmp_path: Path, build: bytes | None, problem: str
) -> None:
    plant(
        tmp_path,
        """
--- tensorflow/core/kernels/BUILD
filegroup(name = "android_core_ops", srcs = ["//tensorflow/core/kernels/inner:group"])
--- tensorflow/core/kernels/inner/x.cc
""",
    )
    path = tmp_path / K / "inner" / "BUILD"
    if build is None:
        path.symlink_to("nowhere")
    else:
        path.write_bytes(build)
    lists, _ = read_build_lists(tmp_path)
    (unread,) = lists.unread
    assert unread.location.file == f"{K}/inner/BUILD"
    assert unread.location.line == (1 if build is None else 2)
    assert problem in unread.message


def test_a_list_of_the_makefile_that_leads_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "tensorflow/contrib/makefile/tf_op_files.txt"
    path.parent.mkdir(parents=True)
    path.symlink_to("nowhere")
    with pytest.raises(SourceTreeError, match="cannot be read: No such file"):
        read_build_lists(tmp_path)


@pytest.mark.parametrize(
    ("source", "message", "place", "line"),
    [
        ("f(\n    name = \n)\n", "expected argument value expression", (2, 5, 2, 11), 3),
        ("f(\n    name =  # none\n\n)\n", "expected argument value expression", (2, 5, 2, 11), 4),
        ("f(\n    name = )\n", "expected argument value expression", (2, 5, 2, 11), 2),
        ('x = [\n    for\n    "a",\n    "b",\n]\n', "'in' expected after for-loop variables", (5, 1, 5, 2), 3),
        ("f(\n1 for x .\n\n)\n", "'in' expected after for-loop variables", (4, 1, 4, 2), 4),
        ("x = [\n", "'[' was never closed", (1, 5, 1, 5), 1),
    ],
)
def test_the_line_of_a_syntax_error_is_that_of_every_python(
    source: str, message: str, place: tuple[int, int, int, int], line: int
) -> None:
    """As 3.13 has them: messages with their places, and the line that 3.10 gives."""
    first, offset, last, end = place
    error = SyntaxError(message, ("BUILD", first, offset, None, last, end))
    assert syntax_error_line(error, source) == line
