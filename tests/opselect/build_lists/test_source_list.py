from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from kernel_index.errors import InputError
from kernel_index.index import MemoryIndex
from opselect.build_lists.keep_rule import Mode
from opselect.build_lists.render import render
from opselect.targets import Target
from tests.opselect.build_lists.build import OPS, RELEASE, in_kernels, output, selection_of
from tests.opselect.sample import FLOAT, kernel

OP_DEFINITIONS = ["tensorflow/core/ops/math_grad.cc", "tensorflow/core/ops/math_ops.cc"]


def test_what_is_needed_helpers_and_definitions_one_path_a_line() -> None:
    assert output("list", "Mul", "Roll").splitlines() == [
        *in_kernels("helper.cc", "mul.cc", "roll.cc"),
        *OP_DEFINITIONS,
    ]


@pytest.mark.parametrize("mode", ["trim", "extend"])
def test_both_lists_have_the_sources_of_the_manifest(mode: Mode) -> None:
    listed = output("list", *OPS, mode=mode).splitlines()
    files = yaml.safe_load(output("manifest", *OPS, mode=mode))["files"]
    assert listed == sorted({f["path"] for f in files if f["path"].endswith(".cc")} - {OPS["Runtime"]})
    assert re.findall('^    "(.*)"$', output("cmake", *OPS, mode=mode), re.MULTILINE) == listed


def test_a_release_without_lists_of_its_own_has_these() -> None:
    source = MemoryIndex(replace(RELEASE.scan, build_lists=type(RELEASE.build_lists)()))
    (text,) = render("list", selection_of("Add", source=source), source).values()
    assert text.splitlines() == [*in_kernels("add.cc")]


def render_path(target: Target, path: str) -> str:
    source = MemoryIndex(replace(RELEASE.scan, registrations=(kernel("Odd", FLOAT, file=path),)))
    (text,) = render(target, selection_of("Odd", source=source), source).values()
    return text


def test_cmake_reads_odd_names_as_they_are() -> None:
    assert r'    "my \"ops\"/\${a}\;b.cc"' in render_path("cmake", 'my "ops"/${a};b.cc')


@pytest.mark.parametrize("target", ["cmake", "list"])
def test_a_path_with_a_line_break_is_an_error(target: Target) -> None:
    with pytest.raises(InputError, match="line break"):
        render_path(target, "my\nops/odd.cc")


def test_cmake_names_what_is_missing() -> None:
    assert "# INCOMPLETE: the model needs kernels that this build does not have.\n#   Nope: " in output("cmake", "Nope")
    assert "INCOMPLETE" not in output("cmake", "Add")
