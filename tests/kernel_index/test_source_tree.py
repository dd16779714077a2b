from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.errors import SourceTreeError
from kernel_index.file_names import CPP_ENDINGS
from kernel_index.source_tree import SourceUnit, open_roots, open_tree, version
from tests.kernel_index.scan.trees import tree

HEADER = "tensorflow/core/public/version.h"
KERNEL = 'REGISTER_KERNEL_BUILDER(Name("Mine").Device("CPU"), MineOp);\n'


def with_version(folder: Path, text: str) -> Path:
    (folder / HEADER).parent.mkdir(parents=True)
    (folder / HEADER).write_text(text)
    return folder


VERSIONS = {
    ("1", "13", "2", '""'): "1.13.2",
    ("2", "8", "0", '"-rc1"'): "2.8.0-rc1",
    ("0", "10", "0", '"rc0"'): "0.10.0rc0",
    ("0", "12", "head", '""'): "0.12.head",
}


@pytest.mark.parametrize("parts", VERSIONS)
def test_version(parts: tuple[str, str, str, str], tmp_path: Path) -> None:
    names = ("TF_MAJOR_VERSION", "TF_MINOR_VERSION", "TF_PATCH_VERSION", "TF_VERSION_SUFFIX")
    text = "// TF_MAJOR_VERSION 9\n" + "".join(f"#define {n}  {p}\n" for n, p in zip(names, parts, strict=True))
    assert version(with_version(tmp_path, text)) == VERSIONS[parts]


def test_a_version_without_suffix(tmp_path: Path) -> None:
    text = "#define TF_MAJOR_VERSION 2\n#define TF_MINOR_VERSION 0\n#define TF_PATCH_VERSION 0\n"
    assert version(with_version(tmp_path, text)) == "2.0.0"


def test_a_header_without_version_asks_for_it(tmp_path: Path) -> None:
    root = with_version(tmp_path, "#define TF_MAJOR_VERSION 2\n")
    with pytest.raises(SourceTreeError, match="does not define TF_MAJOR_VERSION, TF_MINOR_VERSION and") as caught:
        version(root)
    assert caught.value.advice == "Name the version yourself with --release."


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_version_in_the_bzl_file(line_end: str, tmp_path: Path) -> None:
    root = with_version(tmp_path, "#define TF_GRAPH_DEF_VERSION 2314\n")
    lines = ['# TF_VERSION = "1.0.0"', 'TF_VERSION = "2.21.0-rc1"', 'MAJOR, MINOR, PATCH = TF_VERSION.split(".")', ""]
    (root / "tensorflow/tf_version.bzl").write_bytes(line_end.join(lines).encode())
    assert version(root) == "2.21.0-rc1"


def test_a_folder_that_is_no_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    with pytest.raises(SourceTreeError, match=f"is no TensorFlow source tree: it has no {HEADER}") as caught:
        open_tree(tmp_path)
    assert "the folder that contains 'tensorflow/'" in caught.value.advice


def test_a_path_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "missing"):
        with pytest.raises(SourceTreeError, match="is no folder"):
            open_tree(path)


def test_an_incomplete_checkout(tmp_path: Path) -> None:
    root = with_version(tmp_path, (tree(tmp_path / "whole", "") / HEADER).read_text())
    with pytest.raises(SourceTreeError, match=r"has none of tensorflow/core/kernels(.|\n)*Is the checkout complete"):
        open_tree(root)


GPU_ONLY = {
    "a_op.cu.cc": True, "a_op_gpu.cc": True, "a_gpu_float.cc": True, "gpu/a_op.cc": True,
    "a_op.cc": False, "a_gpus_op.cc": False, "gpux/a_op.cc": False,
}  # fmt: skip


def test_sources_of_gpu_builds_are_known_by_their_names(tmp_path: Path) -> None:
    root = tree(tmp_path, "", {f"tensorflow/core/kernels/{name}": "" for name in GPU_ONLY})
    (root / "tensorflow/core/kernels/unit.cc").unlink()
    found = open_tree(root).units
    assert found == tuple(SourceUnit(f"tensorflow/core/kernels/{name}", gpu) for name, gpu in sorted(GPU_ONLY.items()))


def test_units_are_sorted_and_outside_the_kernel_folders_must_register(tmp_path: Path) -> None:
    texts = {
        "tensorflow/core/ops/b_ops.cc": 'REGISTER_OP("B");\n',
        "tensorflow/core/ops/a_ops.cc": "int nothing;\n",
        "tensorflow/core/common_runtime/run.cc": "int nothing;\n",
        "tensorflow/c/kernels/c_op.cc": "int nothing;\n",
        "tensorflow/compiler/x.cc": "TF_RegisterKernelBuilder(a, b, c);\n",
        "tensorflow/java/y.cc": 'REGISTER_OP("Y");\n',
        "third_party/z.cc": 'REGISTER_OP("Z");\n',
        "tensorflow/core/framework/op.cc": "REGISTER_OPTION(x);\n",
    }
    found = open_tree(tree(tmp_path, "", texts))
    assert [unit.path for unit in found.units] == [
        "tensorflow/c/kernels/c_op.cc", "tensorflow/compiler/x.cc", "tensorflow/core/common_runtime/run.cc",
        "tensorflow/core/kernels/unit.cc", "tensorflow/core/ops/b_ops.cc",
    ]  # fmt: skip
    assert (found.release, found.skipped) == ("2.4.9", ())


def test_helpers_of_kernels_outside_the_kernel_folders(tmp_path: Path) -> None:
    texts = {
        "tensorflow/core/data/utils.cc": "int nothing;\n",
        "tensorflow/core/data/utils_test.cc": "int nothing;\n",
        "tensorflow/tsl/framework/contraction/c.cc": "int nothing;\n",
        "tensorflow/tsl/framework/other.cc": "int nothing;\n",
        "tensorflow/contrib/x/kernels/x_op.cc": 'REGISTER_KERNEL_BUILDER(Name("X"), XOp);\n',
        "tensorflow/contrib/x/lib/helper.cc": "int nothing;\n",
        "tensorflow/contrib/y/lib/helper.cc": "int nothing;\n",
        "tensorflow/contrib/y/lib/helper_test.cc": 'REGISTER_OP("Y");\n',
        "tensorflow/contrib/lite/op.cc": 'REGISTER_OP("L");\n',
        "tensorflow/contrib/lite/kernels/add.cc": "int nothing;\n",
    }
    found = open_tree(tree(tmp_path, "", texts))
    assert [unit.path for unit in found.units] == [
        "tensorflow/contrib/lite/op.cc", "tensorflow/contrib/x/kernels/x_op.cc", "tensorflow/contrib/x/lib/helper.cc",
        "tensorflow/core/data/utils.cc", "tensorflow/core/kernels/unit.cc", "tensorflow/tsl/framework/contraction/c.cc",
    ]  # fmt: skip


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    root = tree(tmp_path, "")
    (root / "tensorflow/core/kernels/loop").symlink_to("..", target_is_directory=True)
    assert [unit.path for unit in open_tree(root).units] == ["tensorflow/core/kernels/unit.cc"]


@pytest.mark.parametrize("ending", CPP_ENDINGS)
def test_every_ending_of_a_cpp_source_counts(ending: str, tmp_path: Path) -> None:
    root = tree(tmp_path / "tf", KERNEL, {f"tensorflow/core/user_ops/mine{ending}": KERNEL})
    own = tmp_path / "own"
    (own / "deep").mkdir(parents=True)
    (own / f"deep/mine{ending}").write_text("")
    (own / f"deep/gpu_mine.cu{ending}").write_text("")
    (own / f"mine_test{ending}").write_text(KERNEL)
    (own / "mine.h").write_text(KERNEL)
    (own / "mine.cu").write_text(KERNEL)
    assert SourceUnit(f"tensorflow/core/user_ops/mine{ending}", False) in open_tree(root).units
    found = open_roots([own], "2.14.0")
    assert found.units == (
        SourceUnit(f"own/deep/gpu_mine.cu{ending}", True),
        SourceUnit(f"own/deep/mine{ending}", False),
    )
    assert found.skipped == ((f"own/mine_test{ending}", "a test or a helper of tests"),)


def test_a_folder_without_sources_is_told_which_files_count(tmp_path: Path) -> None:
    (tmp_path / "names.h").write_text(KERNEL)
    with pytest.raises(SourceTreeError, match="contains no C\\+\\+ source file") as caught:
        open_roots([tmp_path], "2.14.0")
    assert caught.value.advice == "--root takes a folder with files that end in .cc, .cpp, .cxx, .c++, .C."


def test_only_one_fork_can_be_laid_over_a_release(tmp_path: Path) -> None:
    forks = [tree(tmp_path / name, KERNEL) for name in ("one", "two")]
    with pytest.raises(SourceTreeError, match=r"two: contains 'tensorflow/', and so does .*one"):
        open_roots(forks, "2.4.9")


def test_a_root_must_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.cc").write_text(KERNEL)
    for path in (tmp_path / "a.cc", tmp_path / "missing"):
        with pytest.raises(SourceTreeError, match="is no folder"):
            open_roots([path], "2.4.9")


@pytest.mark.parametrize("name", [HEADER, "tensorflow/tf_version.bzl"])
def test_a_version_behind_a_link_that_leads_out_is_read_where_that_is_asked_for(name: str, tmp_path: Path) -> None:
    root = with_version(tmp_path / "tree", "#define TF_GRAPH_DEF_VERSION 2314\n")
    (root / "tensorflow/tf_version.bzl").write_text('TF_VERSION = "2.21.0"\n')
    outside, inside = tmp_path / "outside", root / name
    inside.rename(outside)
    inside.symlink_to(outside)
    with pytest.raises(
        SourceTreeError, match="leads out of the tree, and is not read without --follow-links"
    ) as caught:
        version(root)
    assert caught.value.place.path == str(inside)
    assert version(root, follow_links=True) == "2.21.0"
    outside.rename(root / "kept_inside")
    inside.unlink()
    inside.symlink_to(root / "kept_inside")
    assert version(root) == "2.21.0"
