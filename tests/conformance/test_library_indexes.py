from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernel_index.index import MemoryIndex
from tests.conformance.library_indexes import borrowed, main
from tests.opselect.library_index.made_up import FLOAT, HALF, INT32, base, kernel, made, record

FOLDERS = [folder for folder in os.environ.get("OPSELECT_LIBRARIES", "").split(":") if folder]


def test_kernels_of_phones_are_right_wrong_or_not_known() -> None:
    """The base has Relu on phones for half, the scan has not; Elu is new, and the scan has it on phones."""
    index = MemoryIndex(made(base([record("Relu"), record("Relu", HALF)]), [
        kernel("Relu"), kernel("Relu", HALF), kernel("Elu"),
    ]))  # fmt: skip
    elu = record("Elu", FLOAT, file="tensorflow/core/kernels/elu_op.cc")
    scan = base([record("Relu"), record("Relu", HALF, "desktop"), elu, record("Relu", INT32, "android")])
    found = borrowed(index, scan, "android")
    assert (found.right, found.unknown) == (1, 1)
    assert [text.partition(" | ")[2] for text in found.wrong_yes] == ["ReluOp<DT_HALF> | CPU | relu_op.cc"]
    assert [text.partition(" | ")[2] for text in found.wrong_no] == ["ReluOp<DT_INT32> | CPU | relu_op.cc"]


@pytest.mark.skipif(not FOLDERS, reason="OPSELECT_LIBRARIES names no folder with the libraries of a wheel")
@pytest.mark.parametrize("question", FOLDERS)
def test_an_index_of_libraries_has_what_the_scan_has(question: str) -> None:
    release, _, folder = question.partition("=")
    assert Path(folder).is_dir()
    assert main([f"{release}={folder}={release}"]) == 0
