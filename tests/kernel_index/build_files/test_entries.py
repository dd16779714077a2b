"""Every entry of the lists with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.build_files.entries import ListEntry, read_list_entries
from kernel_index.build_files.starlark import Branch
from kernel_index.errors import SourceTreeError
from kernel_index.records import Location
from tests.kernel_index.build_files.drawing import plant

K = "tensorflow/core/kernels"
LIST = "tensorflow/contrib/makefile/tf_op_files.txt"


def test_entries_of_groups_of_all_packages_and_of_the_makefile(tmp_path: Path) -> None:
    plant(
        tmp_path,
        f"""
--- {K}/BUILD
MORE = ["b.cc"]
filegroup(
    name = "android_core_ops",
    srcs = [
        ":a.cc",
        "//tensorflow/core/kernels/image:all",
        "@zlib//:zlib.h",
    ] + MORE + select({{":x": ["x.cc"]}}) + glob(["g*.cc"]),
)
--- {K}/image/BUILD
filegroup(name = "all", srcs = ["gone.cc"])
--- {LIST}
{K}/a.cc {K}/b.c
--- {K}/a.cc {K}/b.cc {K}/x.cc {K}/g.cc
""",
    )
    found = read_list_entries(tmp_path)
    core, other = "android_core_ops", f"//{K}/image:all"

    def at(line: int, file: str = f"{K}/BUILD") -> Location:
        return Location(file, line)

    assert found.entries == (
        ListEntry(LIST, f"{K}/a.cc", at(1, LIST), f"{K}/a", f"{K}/a.cc"),
        ListEntry(
            LIST, f"{K}/b.c", at(1, LIST), f"{K}/b", f"{K}/b.cc",
            problem=f"{K}/b.c does not exist; make compiles {K}/b.cc instead",
        ),
        ListEntry(core, "b.cc", at(1), f"//{K}:b.cc", f"{K}/b.cc"),
        ListEntry(core, ":a.cc", at(5), f"//{K}:a.cc", f"{K}/a.cc"),
        ListEntry(core, other, at(6), other, group=other),
        ListEntry(core, "@zlib//:zlib.h", at(7), "@zlib//:zlib.h"),
        ListEntry(core, "x.cc", at(8), f"//{K}:x.cc", f"{K}/x.cc", branch=Branch(0, ":x")),
        ListEntry(core, "g.cc", at(8), f"//{K}:g.cc", f"{K}/g.cc", globbed=True),
        ListEntry(
            other, "gone.cc", at(1, f"{K}/image/BUILD"), f"//{K}/image:gone.cc",
            problem="is neither a file nor a target",
        ),
    )  # fmt: skip
    assert found.starts == {core: at(2), other: at(1, f"{K}/image/BUILD"), LIST: at(1, LIST)}
    assert found.unclear == ()


@pytest.mark.parametrize("name", ["", ".", "x" * 5000, "a\\0b.cc", "//" + "x" * 5000, "../../../x.cc"])
def test_a_label_that_can_name_no_file_names_nothing(name: str, tmp_path: Path) -> None:
    plant(tmp_path, f'--- {K}/BUILD\nfilegroup(name = "android_core_ops", srcs = ["{name}"])')
    (entry,) = read_list_entries(tmp_path).entries
    assert (entry.path, entry.problem) == ("", "is neither a file nor a target")


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceTreeError, match="is no folder"):
        read_list_entries(tmp_path / "nowhere")
