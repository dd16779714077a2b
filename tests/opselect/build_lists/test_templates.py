from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from kernel_index.index import MemoryIndex
from opselect.build_lists.render import render
from opselect.build_lists.templates import fill_template, template_folder
from opselect.targets import TARGET_KINDS
from tests.opselect.build_lists.build import RELEASE, output, selection_of


def test_every_target_has_its_template() -> None:
    names = {path.name for path in template_folder().iterdir() if path.is_file()}
    assert names == {
        "kernels.BUILD.j2",
        "tf_op_files.txt.j2",
        "tf_kernels.cmake.j2",
        "kernel_files.txt.j2",
        "manifest.yaml.j2",
        "manifest.json.j2",
        "tflite.BUILD.j2",
        "tflite_registration.cmake.j2",
        "selected_flex.bzl.j2",
    }
    later = MemoryIndex(replace(RELEASE.scan, release="2.5.3"))
    for kind in TARGET_KINDS:
        if kind.runtime == "tensorflow":
            assert all(render(kind.name, selection_of("Add", source=later), later).values())


def own(folder: Path, text: str) -> str:
    (folder / "kernels.BUILD.j2").write_text(text)
    (rendered,) = render("bazel", selection_of("Add"), RELEASE, template_dir=folder).values()
    return rendered


def test_a_users_template_goes_before_ours_and_ours_fill_the_rest(tmp_path: Path) -> None:
    assert own(tmp_path, "{{ groups | length }} groups of {{ release }}\n") == "6 groups of 1.13.1\n"
    (text,) = render("makefile", selection_of("Add"), RELEASE, template_dir=tmp_path).values()
    assert text == output("makefile", "Add")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("fine\n{{ nothing }}\n", 2, "'nothing' is undefined"),
        ("\n\n{% for x in %}\n", 3, "not a template"),
        ("{{ groups[0].nothing }}", 1, "nothing"),
        ("\n{{ 1 / 0 }}", 2, "division by zero"),
    ],
)
def test_a_wrong_template_has_a_place(tmp_path: Path, text: str, line: int, problem: str) -> None:
    with pytest.raises(InputError) as error:
        own(tmp_path, text)
    assert str(error.value.place) == f"{tmp_path / 'kernels.BUILD.j2'}:{line}"
    assert problem in error.value.problem


def test_a_template_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no folder"):
        render("bazel", selection_of("Add"), RELEASE, template_dir=tmp_path / "nowhere")


def test_a_template_that_includes_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no template gone"):
        own(tmp_path, "{% include 'gone' %}")


@given(st.text())
def test_quoted_text_reads_back_by_escapes_that_every_bazel_knows(text: str) -> None:
    with TemporaryDirectory() as folder:
        Path(folder, "any.j2").write_text("{{ text | quoted }}")
        quoted = fill_template("any.j2", {"text": text}, Path(folder))
    assert ast.literal_eval(quoted) == text
    assert set(re.findall(r"\\(.)", re.sub(r"\\\\", "", quoted))) <= set('nrt"01')
