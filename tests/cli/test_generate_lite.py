"""``opselect generate`` for builds of TensorFlow Lite, as scripts call it in place of TensorFlow's own tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.opselect.hostile_tflite import HOSTILE
from tests.opselect.odd_tflite import ODD

FIXTURES = Path(__file__).parents[2] / "fixtures" / "tflite"
ROWS: list[dict[str, Any]] = json.loads((FIXTURES / "texts.json").read_text())
LIST = ("--target", "flex-ops", "--compat", "2.14", "--tensorflow", "2.14", "--profile", "desktop")
NAMES = (*LIST, "--no-kernels")
REGISTRATION = ("--target", "registration", "--compat", "2.14")
TOOLS = {"list_flex_ops": LIST, "list_flex_ops_no_kernel": NAMES, "gen_op_registration": REGISTRATION}


def texts_of(*models: str, namespace: str = "") -> dict[str, Any]:
    """What the tools print of some models."""
    (row,) = [each for each in ROWS if each["models"] == [*models] and each.get("namespace", "") == namespace]
    return row


def odd(name: str, folder: Path) -> Path:
    path = folder / f"{name}.tflite"
    path.write_bytes(ODD[name])
    return path


@pytest.mark.parametrize(
    "models", [("flex_strings",), ("cnn_int8",), ("flex_images", "cnn_int8", "flex_images", "int16x8")]
)
def test_one_file_is_written_with_the_text_of_the_tool(cli: Cli, tmp_path: Path, models: tuple[str, ...]) -> None:
    paths = [FIXTURES / f"{name}.tflite" for name in models]
    for tool, arguments in TOOLS.items():
        assert cli("generate", *paths, *arguments, "--out", tool).code == 0
        (written,) = (tmp_path / tool).iterdir()
        assert written.suffix == (".cc" if tool == "gen_op_registration" else ".json")
        assert written.read_text() == texts_of(*models)[tool]


def test_a_namespace(cli: Cli, tmp_path: Path) -> None:
    paths = [FIXTURES / f"{name}.tflite" for name in ("custom_only", "flex_conv")]
    assert cli("generate", *paths, *REGISTRATION, "--namespace", "a::b::c", "--out", "out").code == 0
    text = (tmp_path / "out" / "registration.cc").read_text()
    assert text == texts_of("custom_only", "flex_conv", namespace="a::b::c")["gen_op_registration"]


def test_both_targets_at_once(cli: Cli, tmp_path: Path) -> None:
    path = FIXTURES / "flex_linalg.tflite"
    outcome = cli("generate", path, *LIST, *REGISTRATION[:2], "--out", "out", "--json")
    assert outcome.code == 0
    assert [Path(each["path"]).name for each in outcome.json["files"]] == ["flex_ops.json", "registration.cc"]
    texts = texts_of("flex_linalg")
    assert (tmp_path / "out" / "flex_ops.json").read_text() == texts["list_flex_ops"]
    assert (tmp_path / "out" / "registration.cc").read_text() == texts["gen_op_registration"]


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("wrong_format", 2, "Invalid CustomOptionsFormat"),
        ("zeros", 2, "Failed to parse data into a valid NodeDef"),
        ("node_def_without_op", 2, "Invalid NodeDef"),
        ("undefined", 1, "Op InvalidOp not found"),
        ("no_kernel_for_type", 1, "Failed to find kernel class for op: Add"),
    ],
)
def test_where_the_tool_ends_itself_the_cause_is_named(
    cli: Cli, tmp_path: Path, name: str, code: int, words: str
) -> None:
    assert texts_of(name)["list_flex_ops"] == {"ends": words}
    outcome = cli("generate", odd(name, tmp_path), *LIST, "--out", "out")
    assert outcome.code == code
    assert f"list_flex_ops ends with {words!r}" in " ".join(outcome.err.split())
    assert not (tmp_path / "out").exists()
    outcome = cli("generate", tmp_path / f"{name}.tflite", *NAMES, "--out", "out")
    assert outcome.code == 0
    assert (tmp_path / "out" / "flex_ops.json").read_text() == texts_of(name)["list_flex_ops_no_kernel"]


@pytest.mark.parametrize(("name", "words"), [("unknown", "builtin 1000"), ("custom_dash", "'my-custom-op'")])
def test_code_that_would_not_compile_is_not_written(cli: Cli, tmp_path: Path, name: str, words: str) -> None:
    outcome = cli("generate", odd(name, tmp_path), *REGISTRATION, "--out", "out")
    assert outcome.code == 2
    assert words in outcome.err
    assert outcome.err.count("error: ") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_one_error(cli: Cli, tmp_path: Path, kind: str) -> None:
    """Two of each kind; all of them are tried below the command line."""
    for number in (0, len(HOSTILE[kind]) - 1):
        path = tmp_path / "m.tflite"
        path.write_bytes(HOSTILE[kind][number])
        for arguments in (REGISTRATION, LIST, NAMES):
            outcome = cli("generate", path, *arguments, "--out", "out", "--quiet")
            assert outcome.code in (0, 1, 2), outcome.err
            assert "Traceback" not in outcome.err
            assert outcome.err.count("error: ") == (outcome.code == 2)
            assert (tmp_path / "out").exists() == (outcome.code == 0)
            for written in (tmp_path / "out").glob("*"):
                written.unlink()
            if outcome.code == 0:
                (tmp_path / "out").rmdir()
