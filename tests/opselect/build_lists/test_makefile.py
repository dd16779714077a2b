from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_index.errors import InputError
from kernel_index.index import MemoryIndex
from opselect.build_lists.render import render, render_warnings
from tests.opselect.build_lists.build import OPS, RELEASE, in_kernels, output, selection_of
from tests.opselect.sample import FLOAT, KERNELS, index, kernel

OP_DEFINITIONS = ("tensorflow/core/ops/math_ops.cc", "tensorflow/core/ops/math_grad.cc")


def lines(*paths: str) -> str:
    return "".join(f"{path}\n" for path in paths)


def test_trim_keeps_order_definitions_gradients_and_what_is_needed() -> None:
    text = output("makefile", "Bias", "Roll", "Resize")
    new = (f"{KERNELS}/image/resize.cc", *in_kernels("roll.cc"))
    assert text == lines(*in_kernels("bias.cc"), *OP_DEFINITIONS, *new)


def test_trim_spells_an_entry_as_the_file_that_make_compiles() -> None:
    assert output("makefile", "Mul") == lines(*in_kernels("helper.cc", "mul.cc"), *OP_DEFINITIONS)


def test_keep_core_keeps_what_the_core_group_holds() -> None:
    assert output("makefile", keep_core=True) == lines(*in_kernels("add.cc", "helper.cc", "bias.cc"), *OP_DEFINITIONS)


def test_extend_is_upstream_verbatim_and_what_is_missing() -> None:
    upstream = (*RELEASE.build_lists.makefile, *in_kernels("roll.cc"))
    assert output("makefile", "Mul", "Roll", mode="extend") == lines(*upstream)


def test_the_base_library_is_not_listed() -> None:
    assert "runtime_op.cc" not in output("makefile", *OPS)


def test_the_list_has_nothing_that_make_would_misread() -> None:
    for line in output("makefile", *OPS, "Nope").splitlines():
        assert line.split() == [line]
        assert "#" not in line


def test_wrong_entries_are_reported() -> None:
    assert render_warnings("makefile", selection_of(), RELEASE, mode="trim") == ()
    assert render_warnings("makefile", selection_of("Mul"), RELEASE, mode="trim") == (
        (
            f"tensorflow/contrib/makefile/tf_op_files.txt: {KERNELS}/mul.c does not exist: "
            f"taken as {KERNELS}/mul.cc, which make compiles in its place"
        ),
    )
    kept = render_warnings("makefile", selection_of(), RELEASE, mode="extend")
    assert [warning.rpartition(": ")[2] for warning in kept] == [
        "kept as upstream has it",
        f"kept as upstream has it (make compiles {KERNELS}/mul.cc)",
    ]
    assert render_warnings("bazel", selection_of(), RELEASE) == ()


def test_a_release_without_the_list_is_an_error() -> None:
    source = index(release="2.14.0")
    with pytest.raises(InputError, match=r"2\.14\.0: it has no tensorflow/contrib/makefile/tf_op_files\.txt"):
        render("makefile", selection_of(source=source), source)


def test_a_path_that_make_would_split_is_an_error() -> None:
    spaced = kernel("Spaced", FLOAT, file="my ops/spaced.cc")
    source = MemoryIndex(replace(RELEASE.scan, registrations=(spaced,)))
    with pytest.raises(InputError, match="white space"):
        render("makefile", selection_of("Spaced", source=source), source)
