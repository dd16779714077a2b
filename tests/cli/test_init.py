"""``opselect init``: what it finds, what it writes, and that it works."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from opselect.config_file import read_config
from tests.cli.conftest import Cli, Model

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_written_works_as_it_is(cli: Cli, index_file: Path, model: Model) -> None:
    Path("models/deep").mkdir(parents=True)
    model("Mul", name="models/a.pbtxt"), model("Relu", name='models/deep/b "q"\n\\é*.pbtxt')
    Path("models/broken.pb").write_bytes(b"no model")
    made = cli("init", "models", "--index", index_file)
    assert (made.code, made.out) == (0, ""), made.err
    assert "opselect.yaml: 2 models" in made.err
    assert "warning: broken.pb is not taken: " in made.err
    assert "# not taken: broken.pb: " in Path("opselect.yaml").read_text()
    paths = [entry.path for entry in read_config("opselect.yaml").models]
    assert paths == ["models/a.pbtxt", 'models/deep/b "q"\n\\é*.pbtxt']
    generated = cli("generate")
    assert generated.code == 0, generated.err
    assert {path.name for path in Path("build_lists").iterdir()} == {
        "kernels.BUILD",
        "manifest.yaml",
        "tf_op_files.txt",
    }


def test_models_of_tensorflow_lite_alone_get_its_targets(cli: Cli, model: Model) -> None:
    Path("models").mkdir()
    for name in ("edited", "flex_while"):
        shutil.copy(ROOT / "fixtures" / "models" / f"{name}.tflite", "models")
    assert cli("init", "models").code == 0
    assert cli("generate").code == 0
    names = {path.name for path in Path("build_lists").iterdir()}
    assert names == {"registration.cc", "tflite_registration.cmake"}
    model("Relu", name="models/a.pbtxt")
    assert cli("init", "models", "--force").code == 0
    assert {target.kind for target in read_config("opselect.yaml").targets} == {"bazel", "manifest"}


def test_builds_for_desktops_have_no_groups_to_trim(cli: Cli, model: Model) -> None:
    model("Relu")
    for profile, targets in (("desktop", ["manifest"]), ("android", ["bazel", "manifest"])):
        assert cli("init", "--tensorflow", "2.14", "--profile", profile, "--force").code == 0
        assert [target.kind for target in read_config("opselect.yaml").targets] == targets


def test_a_file_that_is_there_stays_but_for_force(cli: Cli, index_file: Path, model: Model) -> None:
    model("Mul")
    Path("opselect.yaml").write_text("mine")
    refused = cli("init", "--index", index_file)
    assert refused.code == 2
    assert "error: opselect.yaml: is there already\n  Overwrite it with --force" in refused.err
    assert Path("opselect.yaml").read_text() == "mine"
    assert cli("init", "--index", index_file, "--force").code == 0
    assert read_config("opselect.yaml").models[0].path == "model.pbtxt"


def test_a_folder_without_models(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("init")
    assert (outcome.code, outcome.err) == (1, "No models were found in .; nothing was written.\n")
    assert list(tmp_path.iterdir()) == []


def test_tags_where_there_is_a_choice_and_signatures_as_remarks(cli: Cli) -> None:
    shutil.copytree(ROOT / "fixtures" / "saved_models" / "sm2_v1style_multi_tags", "models/m")
    assert cli("init", "models", "-o", "phone.yaml", "--tensorflow", "2.14").code == 0
    (entry,) = read_config("phone.yaml").models
    assert (entry.path, entry.tags) == ("models/m", ())
    assert "saved_model; signatures: serving_default; other tags: train or " in Path("phone.yaml").read_text()


def test_the_schema_is_printed(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("init", "--schema")
    assert json.loads(outcome.out)["title"] == "opselect.yaml"
    assert list(tmp_path.iterdir()) == []


def test_profiles_and_releases_are_checked(cli: Cli, model: Model) -> None:
    model("Mul")
    for options in (
        ("--tensorflow", "9.9"),
        ("--profile", "andriod"),
        ("--tensorflow", "2.14", "--index", "model.pbtxt"),
    ):
        assert cli("init", *options).code == 2
    assert not Path("opselect.yaml").exists()
