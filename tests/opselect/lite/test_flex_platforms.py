"""Where TensorFlow's own Flex rules take notice of models."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.lite.flex_platforms import FlexPlatforms, flex_platforms, where_models_are_ignored

FILE = "tensorflow/lite/delegates/flex/build_def.bzl"

RULE = """
def other(name):
    native.cc_library(
        deps = select({"//tensorflow:other": [], "//conditions:default": ["//tensorflow/core:tensorflow"]}),
    )

def tflite_flex_cc_library(name, models = []):
    native.cc_library(
        name = name + "_lib",
        linkopts = select({"//tensorflow:macos": ["-lz"], "//conditions:default": []}),
    )
    native.cc_library(
        name = name,
        deps = ["a"] + select({
            BRANCHES
            "//conditions:default": [clean_dep("//tensorflow/core:tensorflow")],
        }),
    )
"""


def tree(folder: Path, branches: str, file: str = FILE) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True)
    path.write_text(RULE.replace("BRANCHES", branches))
    return folder


@pytest.mark.parametrize(
    ("release", "conditions"),
    [
        ("", ("android", "ios", "chromiumos")),
        ("2.4.0", ("android", "ios")),
        ("2.11.1", ("android", "ios")),
        ("2.12.0", ("android", "ios", "chromiumos")),
        ("2.20.0", ("android", "ios", "chromiumos")),
    ],
)
def test_releases(release: str, conditions: tuple[str, ...]) -> None:
    assert flex_platforms(release) == FlexPlatforms(conditions)


def test_a_fork_says_itself(tmp_path: Path) -> None:
    branches = '"//tensorflow:android": ["x"], clean_dep("//tensorflow:elinux"): ["x"],'
    found = flex_platforms("2.14.0", tree(tmp_path, branches))
    assert found == FlexPlatforms(("android", "elinux"), FILE)
    assert found.shown() == "Android and embedded Linux"


def test_a_branch_that_links_all_of_tensorflow_selects_nothing(tmp_path: Path) -> None:
    branches = '"//tensorflow:ios": ["x"], "//tensorflow:windows": ["//tensorflow/core:tensorflow"],'
    assert flex_platforms("2.14.0", tree(tmp_path, branches)).conditions == ("ios",)


def test_litert(tmp_path: Path) -> None:
    file = "tflite/delegates/flex/build_def.bzl"
    found = flex_platforms("2.20.0", tree(tmp_path, '"@org_tensorflow//tensorflow:mobile": ["x"],', file))
    assert (found.conditions, found.file) == (("mobile",), file)
    assert "Android, iOS, ChromiumOS" in found.shown()


@pytest.mark.parametrize("text", ["", "def tflite_flex_cc_library(:", "def other():\n    pass\n", "\0", "é" * 3])
def test_what_cannot_be_read_is_as_in_the_release(text: str, tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert flex_platforms("2.14.0", tmp_path) == flex_platforms("2.14.0")
    path.unlink()
    assert flex_platforms("2.14.0", tmp_path) == flex_platforms("2.14.0")


def test_a_pipe_and_a_file_of_more_than_a_megabyte_are_not_read(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / FILE)
    assert flex_platforms("2.14.0", tmp_path) == flex_platforms("2.14.0")
    folder = tree(tmp_path / "large", '"//tensorflow:ios": ["x"],')
    assert flex_platforms("2.14.0", folder).conditions == ("ios",)
    with (folder / FILE).open("a") as file:
        file.write("#" * (1 << 20))
    assert flex_platforms("2.14.0", folder) == flex_platforms("2.14.0")


def test_names_of_conditions_stay_on_one_line_and_act_on_no_terminal(tmp_path: Path) -> None:
    branches = '"//tensorflow:a\\nload(1)\\x1b[31m": ["x"],'
    assert flex_platforms("2.14.0", tree(tmp_path, branches)).shown() == r"a load(1)\x1b[31m"


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    folder = tmp_path_factory.mktemp("tree")
    path = folder / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    assert flex_platforms("2.14.0", folder).conditions == ("android", "ios", "chromiumos")


def test_the_sentence_names_the_platforms_and_the_way_out() -> None:
    text = where_models_are_ignored(flex_platforms("2.14.0"))
    assert "select for Android, iOS and ChromiumOS only" in text
    assert "--target flex-bazel" in text
    assert "no platform" in where_models_are_ignored(FlexPlatforms(()))
