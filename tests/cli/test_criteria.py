"""What the commands say about what mobile builds leave out by default."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.cli.conftest import Cli, Model

MODELS = Path(__file__).resolve().parents[2] / "fixtures" / "models"
TRAINING = MODELS / "jpeg_training.pb"


REPORT = """\
Left out of mobile builds by default (TensorFlow 1.13.9, profile android):
  OPS209  1 op: the groups for mobile builds do without it (other ops)
    Relu  n1
      It is not in the mobile groups of this release, which keep the library small; no other reason
      is known. (tensorflow/core/kernels/BUILD (android_core_ops, portable_core_ops))
    - Extend the build by tensorflow/core/kernels/relu_op.cc (opselect generate --mode extend).
More about a code: opselect explain OPS209
"""


def test_requirements_lists_them_with_reason_and_advice(cli: Cli, index_file: Path, model: Model) -> None:
    assert cli("requirements", model("Mul", "Relu"), "--index", index_file).out.endswith(REPORT)
    assert "Left out" not in cli("requirements", model("Mul"), "--index", index_file).out


def test_generate_lists_them_on_stderr_unless_quiet(cli: Cli, index_file: Path, model: Model) -> None:
    arguments = ("generate", model("Mul", "Relu"), "--index", index_file, "--target", "manifest")
    outcome = cli(*arguments, "--out", "lists")
    assert outcome.code == 0
    assert REPORT in outcome.err
    assert "Left out" not in cli(*arguments, "--out", "lists", "--quiet").err


def test_json_of_both(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul", "Relu")
    (needed,) = cli("requirements", path, "--index", index_file, "--json").json["criteria"]
    assert (needed["op"], needed["criterion"], needed["dtype"], needed["nodes"]) == ("Relu", "other", None, ["n1"])
    assert needed["advice"]["files"] == ["tensorflow/core/kernels/relu_op.cc"]
    generated = cli("generate", path, "--index", index_file, "--json").json
    assert generated["criteria"] == [needed]
    cli("generate", path, "--index", index_file, "--target", "manifest", "--out", "lists")
    assert yaml.safe_load(Path("lists/manifest.yaml").read_text())["criteria"] == [needed]


def test_the_profile_decides(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul", dtype="DT_INT64")
    assert cli("requirements", path, "--index", index_file, "--json").json["criteria"] == []
    slim = cli("requirements", path, "--index", index_file, "--profile", "android-slim", "--json").json["criteria"]
    assert [(row["op"], row["criterion"], row["attr"], row["dtype"]) for row in slim] == [
        ("Mul", "types", "T", "DT_INT64")
    ]
    unknown = cli("requirements", path, "--index", index_file, "--profile", "androit")
    assert unknown.code == 2
    assert "did you mean android?" in unknown.err


def test_about_several_models_advice_is_general(cli: Cli, tmp_path: Path) -> None:
    copy = tmp_path / "copy.pb"
    copy.write_bytes(TRAINING.read_bytes())
    rows = cli("requirements", TRAINING, copy, "--tensorflow", "1.13", "--json").json["criteria"]
    (jpeg,) = [row for row in rows if row["op"] == "DecodeJpeg"]
    assert jpeg["models"] == ["copy.pb", "jpeg_training.pb"]
    assert jpeg["advice"]["inputs"] == []
    assert jpeg["advice"]["text"].startswith("Name what the program fetches with --outputs")


def test_advice_can_be_followed_on_the_command_line(cli: Cli) -> None:
    rows = cli("requirements", TRAINING, "--tensorflow", "1.13", "--json").json["criteria"]
    assert {row["advice"]["action"] for row in rows} == {"strip", "feed"}
    for row in rows:
        names = {"--inputs": row["advice"]["inputs"], "--outputs": row["advice"]["outputs"]}
        options = [word for option, values in names.items() if values for word in (option, ",".join(values))]
        left = cli("requirements", TRAINING, "--tensorflow", "1.13", *options, "--json").json
        assert row["op"] not in {other["op"] for other in left["ops"]}
