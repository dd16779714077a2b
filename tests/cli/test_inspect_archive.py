"""Archives: what is inside, and models read out of them."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def apk(tmp_path: Path) -> Path:
    """An app with a frozen graph, a TensorFlow Lite model and a SavedModel."""
    path = tmp_path / "app.apk"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(FIXTURES / "models" / "while_v1.pb", "assets/graph.pb")
        archive.write(FIXTURES / "models" / "flex_ops.tflite", "assets/detector.tflite")
        archive.writestr("classes.dex", "dex")
        saved_model = FIXTURES / "saved_models" / "sm2_multi_signatures"
        for file in sorted(saved_model.rglob("*")):
            archive.write(file, f"assets/sm/{file.relative_to(saved_model)}")
    return path


def test_an_archive_lists_its_models_and_files(cli: Cli, apk: Path) -> None:
    outcome = cli("inspect", apk.name)
    assert outcome.code == 0
    lines = [line.split() for line in outcome.out.splitlines()]
    for row in (["assets/graph.pb", "graphdef"], ["assets/detector.tflite", "tflite"], ["assets/sm", "saved_model"]):
        assert row in lines
    assert ["classes.dex", "3", "bytes"] in lines
    document = cli("inspect", apk.name, "--json").json
    assert document["format"] == "archive"
    assert {"name": "classes.dex", "size": 3} in document["members"]
    assert {"name": "assets/graph.pb", "format": "graphdef"} in document["models"]


@pytest.mark.usefixtures("apk")
def test_a_member_is_inspected_like_the_file_itself(cli: Cli, tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "models" / "while_v1.pb", tmp_path / "graph.pb")
    inside = cli("inspect", "app.apk!assets/graph.pb", "--print-structure")
    outside = cli("inspect", "graph.pb", "--print-structure")
    assert inside.code == outside.code == 0
    assert inside.out.splitlines()[0] == "app.apk!assets/graph.pb: a GraphDef"
    assert [line for line in inside.out.splitlines() if "graph.pb" not in line] == [
        line for line in outside.out.splitlines() if "graph.pb" not in line
    ]


@pytest.mark.usefixtures("apk")
def test_no_path_of_the_temporary_folder_is_shown(cli: Cli) -> None:
    for arguments in (("app.apk!assets/sm",), ("app.apk!assets/sm", "--json"), ("app.apk!assets/detector.tflite",)):
        outcome = cli("inspect", *arguments)
        assert outcome.code == 0, outcome.err
        assert "opselect-" not in outcome.out + outcome.err


def test_an_archive_stands_for_its_only_model(cli: Cli, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.write(FIXTURES / "models" / "tiny_mobilenet.pb", "graph.pb")
        archive.writestr("readme.txt", "hello")
    shutil.copy(FIXTURES / "models" / "tiny_mobilenet.pb", tmp_path / "graph.pb")
    inside = cli("requirements", "one.zip", "--tensorflow", "2.14", "--json").json
    outside = cli("requirements", "graph.pb", "--tensorflow", "2.14", "--json").json
    assert [row["op"] for row in inside["ops"]] == [row["op"] for row in outside["ops"]]


@pytest.mark.usefixtures("apk")
def test_an_archive_with_several_models_asks_for_one(cli: Cli) -> None:
    outcome = cli("requirements", "app.apk", "--tensorflow", "2.14")
    assert outcome.code == 2
    assert "app.apk: holds 3 models" in outcome.err
    assert "app.apk!assets/graph.pb" in outcome.err


@pytest.mark.usefixtures("apk")
def test_a_member_that_is_not_there(cli: Cli) -> None:
    outcome = cli("inspect", "app.apk!assets/grph.pb")
    assert outcome.code == 2
    assert "app.apk!assets/graph.pb" in outcome.err


@pytest.mark.parametrize("member", ["weights/model.ckpt", "weights/model.ckpt.index", "./model.ckpt"])
def test_a_checkpoint_in_an_archive_is_spelled_as_a_member(cli: Cli, tmp_path: Path, member: str) -> None:
    folder = FIXTURES / "checkpoints" / "v2_partitioned_slices"
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        for file in folder.glob("model.ckpt*"):
            archive.write(file, Path(member).parent / file.name)
    outcome = cli("inspect", f"app.zip!{member}")
    assert outcome.code == 0, outcome.err
    assert f"values of its variables: app.zip!{member.removesuffix('.index')}" in outcome.out.splitlines()
    assert cli("inspect", f"app.zip!{member}", "--json").json["parameters"]["variables"] == 78


@pytest.mark.usefixtures("apk")
def test_no_model_in_an_archive_is_said_to_freeze(cli: Cli) -> None:
    outcome = cli("inspect", "app.apk!assets/sm")
    assert "values of its variables: app.apk!assets/sm/variables/variables" in outcome.out
    assert "opselect generate" in outcome.out
    assert "opselect freeze" not in outcome.out


def test_the_text_of_tensorflow_is_that_of_the_only_model_inside(cli: Cli, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "graph.zip", "w") as archive:
        archive.write(FIXTURES / "models" / "while_v1.pb", "graph.pb")
    outcome = cli("inspect", "graph.zip", "--format", "summarize_graph")
    assert outcome.code == 0
    assert " --graph=graph.zip --show_flops " in outcome.out


def test_names_of_members_cannot_change_the_terminal(cli: Cli, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("a\x1bb", "text")
    outcome = cli("inspect", "odd.zip")
    assert outcome.code == 0
    assert "a\\x1bb" in outcome.out


def test_a_broken_model_in_an_archive_is_named_by_its_member(cli: Cli, tmp_path: Path) -> None:
    graph = (FIXTURES / "models" / "while_v1.pb").read_bytes()
    with zipfile.ZipFile(tmp_path / "cut.zip", "w") as archive:
        archive.writestr("graph.pb", graph[:-40])
    outcome = cli("inspect", "cut.zip!graph.pb")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: cut.zip!graph.pb: byte ")
