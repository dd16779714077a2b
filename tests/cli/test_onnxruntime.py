"""``opselect generate --target onnxruntime``, and what other commands say of ``.onnx`` models."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.opselect.archive_files import zip_bytes
from tests.opselect.hostile_onnx import HOSTILE
from tests.opselect.onnx_models import MODELS, onnx_model, write_models

TARGET = ("--target", "onnxruntime", "--out", "out")
FILE = Path("out", "required_operators.config")
ONE_HOT = 'ai.onnx;9;OneHot{"custom": [["float", "int64_t", "int64_t"], ["int64_t", "float", "int64_t"]]}'


def test_a_model(cli: Cli, tmp_path: Path) -> None:
    write_models(tmp_path, "one_hot")
    outcome = cli("generate", "one_hot.onnx", *TARGET)
    assert outcome.code == 0
    assert FILE.read_text() == "# Generated from model/s:\n# - one_hot.onnx\nai.onnx;9;OneHot\n"
    assert outcome.err.splitlines()[:2] == ["1 model needs 1 operator", f"  {FILE}"]
    assert cli("generate", "one_hot.onnx", *TARGET).err.splitlines()[1] == f"  {FILE} (unchanged)"
    assert cli("generate", "one_hot.onnx", "--types", *TARGET).code == 0
    assert FILE.read_text().splitlines()[2:] == [ONE_HOT]


def test_json_says_what_the_file_does(cli: Cli, tmp_path: Path) -> None:
    write_models(tmp_path, "one_hot", "classic")
    outcome = cli("generate", "one_hot.onnx", "classic.onnx", "one_hot.onnx", "--types", *TARGET, "--json", "--quiet")
    told = outcome.json
    assert told["ok"] is True
    assert told["models"] == ["one_hot.onnx", "classic.onnx"]
    assert told["files"] == [{"path": str(FILE), "changed": True}]
    assert [(row["domain"], row["opset"]) for row in told["operators"]] == [("ai.onnx", 9), ("ai.onnx.ml", 1)]
    triples = [["float", "int64_t", "int64_t"], ["int64_t", "float", "int64_t"]]
    assert told["operators"][0]["ops"] == [
        {"op": "Exp", "types": {"inputs": {"0": ["float"]}}},
        {"op": "OneHot", "types": {"custom": triples}},
        {"op": "Sub", "types": {"inputs": {"0": ["int64_t"]}}},
    ]
    assert told["operators"][1]["ops"][0] == {"op": "LinearClassifier"}


def test_what_is_not_known_is_a_warning(cli: Cli, tmp_path: Path) -> None:
    model = onnx_model(
        '<ir_version: 8, opset_import: ["": 14, "my": 1]> g (float[2] x) => (y) { a = my.F (x) y = Neg (a) }'
    )
    model.graph.node[1].name = "the end"
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    outcome = cli("generate", "m.onnx", "--types", *TARGET)
    assert outcome.code == 0
    told = "ai.onnx:Neg keeps all types: the type of 'a' is not known (m.onnx, node 'the end' (Neg) of the model)"
    assert f"warning: {told}" in outcome.err
    assert "ai.onnx;14;Neg\n" in FILE.read_text()


def test_folders(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "models" / "b").mkdir(parents=True)
    write_models(tmp_path / "models" / "b", "one_hot")
    (tmp_path / "models" / "B.ONNX").write_bytes(onnx_model(MODELS["scan"]).SerializeToString())
    (tmp_path / "models" / "notes.txt").write_text("nothing")
    assert cli("generate", "models", *TARGET).code == 0
    assert FILE.read_text().splitlines()[1:] == [
        "# - B.ONNX",
        "# - one_hot.onnx",
        "ai.onnx;9;OneHot",
        "ai.onnx;12;Add,Scan,Sigmoid,Tanh",
    ]
    (tmp_path / "empty").mkdir()
    outcome = cli("generate", "empty", *TARGET)
    assert outcome.code == 2
    assert "no .onnx file is in the folder" in outcome.err


def test_a_link_in_a_folder_that_leads_nowhere_is_an_error(cli: Cli, tmp_path: Path) -> None:
    """The model that it stands for needs operators, too."""
    (tmp_path / "models").mkdir()
    write_models(tmp_path / "models", "cnn")
    (tmp_path / "models" / "gone.onnx").symlink_to("nowhere")
    outcome = cli("generate", "models", *TARGET)
    assert outcome.code == 2
    assert "models/gone.onnx: cannot be read" in outcome.err
    assert not FILE.exists()


def test_linked_folders_are_passed_over(cli: Cli, tmp_path: Path) -> None:
    """They may lead in circles, and out of the folder that is named."""
    (tmp_path / "models").mkdir()
    (tmp_path / "elsewhere").mkdir()
    write_models(tmp_path / "elsewhere", "cnn")
    (tmp_path / "models" / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "models" / "again.onnx").symlink_to(tmp_path / "models")
    write_models(tmp_path, "one_hot")
    (tmp_path / "models" / "linked.onnx").symlink_to(tmp_path / "one_hot.onnx")
    assert cli("generate", "models", *TARGET).code == 0
    assert FILE.read_text().splitlines()[1:] == ["# - linked.onnx", "ai.onnx;9;OneHot"]


def test_archives(cli: Cli, tmp_path: Path) -> None:
    whole = onnx_model(MODELS["one_hot"]).SerializeToString()
    (tmp_path / "app.apk").write_bytes(zip_bytes({"assets/m.onnx": whole, "assets/n.txt": b"nothing"}))
    (tmp_path / "two.zip").write_bytes(zip_bytes({"a.onnx": whole, "b/b.onnx": whole}))
    for model in ("app.apk!assets/m.onnx", "app.apk", "two.zip!b/b.onnx"):
        assert cli("generate", model, *TARGET).code == 0
        assert FILE.read_text().splitlines()[2:] == ["ai.onnx;9;OneHot"]
    outcome = cli("generate", "two.zip", *TARGET)
    assert outcome.code == 2
    assert "holds 2 .onnx models" in outcome.err
    assert "two.zip!a.onnx" in outcome.err


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_one_error_and_nothing_is_written(cli: Cli, tmp_path: Path, kind: str) -> None:
    write_models(tmp_path, "cnn")
    for data in (HOSTILE[kind][0], HOSTILE[kind][-1]):
        (tmp_path / "m.onnx").write_bytes(data)
        outcome = cli("generate", "cnn.onnx", "m.onnx", "--types", *TARGET, "--quiet")
        assert outcome.code == 2
        assert outcome.err.count("error: ") == 1
        assert "Traceback" not in outcome.err
        assert "m.onnx" in outcome.err
        assert not FILE.parent.exists()


def test_without_the_package_it_says_how_to_get_it(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_models(tmp_path, "cnn")
    monkeypatch.setitem(sys.modules, "onnx", None)
    outcome = cli("generate", "cnn.onnx", *TARGET)
    assert outcome.code == 2
    assert "reading .onnx models needs the package onnx" in outcome.err
    assert "Install it: pip install 'opselect[onnx]'" in outcome.err


@pytest.mark.parametrize("command", ["inspect", "requirements", "generate", "verify"])
@pytest.mark.parametrize(
    ("name", "target"), [("cnn.onnx", "--target onnxruntime --out DIR"), ("m.pte", "--target executorch --out DIR")]
)
def test_other_commands_say_which_one_reads_such_models(
    cli: Cli, tmp_path: Path, command: str, name: str, target: str
) -> None:
    write_models(tmp_path, "cnn")
    (tmp_path / "m.pte").write_bytes(b"\x10\0\0\0ET12" + bytes(24))
    outcome = cli(command, name)
    assert outcome.code == 2
    assert outcome.err.count("error: ") == 1
    assert f"opselect generate MODEL {target}" in " ".join(outcome.err.split())


def test_one_such_model_among_others_does_not_stop_the_rest(cli: Cli, tmp_path: Path) -> None:
    write_models(tmp_path, "cnn")
    root = Path(__file__).parents[2]
    outcome = cli(
        "requirements", "cnn.onnx", root / "fixtures" / "models" / "tiny_mobilenet.pb", "--tensorflow", "2.14"
    )
    assert outcome.code == 1
    assert "1 of 2 models could not be read" in outcome.err


def test_a_model_of_tensorflow_whatever_its_name(cli: Cli, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    (tmp_path / "m.onnx").write_bytes((root / "fixtures" / "models" / "tiny_mobilenet.pb").read_bytes())
    assert cli("requirements", "m.onnx", "--tensorflow", "2.14").code == 0
