from __future__ import annotations

import pytest

from kernel_index.build_files.labels import Label, label_of_path, parse_label

KERNELS = "tensorflow/core/kernels"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("mul.cc", Label(KERNELS, "mul.cc")),
        (":group", Label(KERNELS, "group")),
        ("data/map.cc", Label(KERNELS, "data/map.cc")),
        ("//tensorflow/c/kernels:all", Label("tensorflow/c/kernels", "all")),
        ("//tensorflow/c/kernels", Label("tensorflow/c/kernels", "kernels")),
        ("//:root", Label("", "root")),
        ("@zlib//:zlib", None),
        ("@fft2d", None),
    ],
)
def test_labels_are_relative_to_their_package(text: str, label: Label | None) -> None:
    assert parse_label(text, KERNELS) == label


def test_a_label_knows_its_path_and_how_others_spell_it() -> None:
    label = Label("tensorflow/core/kernels/image", "resize.cc")
    assert label.path == "tensorflow/core/kernels/image/resize.cc"
    assert label.seen_from(KERNELS) == "//tensorflow/core/kernels/image:resize.cc"
    assert label.seen_from("tensorflow/core/kernels/image") == "resize.cc"
    assert Label("", "root.cc").path == "root.cc"


def test_the_innermost_folder_with_a_build_file_is_the_package() -> None:
    packages = {KERNELS, f"{KERNELS}/image"}
    assert label_of_path(f"{KERNELS}/image/resize.cc", packages) == Label(f"{KERNELS}/image", "resize.cc")
    assert label_of_path(f"{KERNELS}/neon/dw.cc", packages) == Label(KERNELS, "neon/dw.cc")
    assert label_of_path("my_ops/deep/x.cc", packages) == Label("my_ops/deep", "x.cc")
