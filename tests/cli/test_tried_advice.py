"""Advice that is tried before it is given: what it says works when it is followed."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from opselect.usecases import trial_prepare
from opselect.usecases.trial_prepare import MAX_BYTES
from tests.cli.conftest import Cli
from tests.cli.test_prepare import DROPOUT, write

FIXTURES = Path(__file__).parents[2] / "fixtures"
MOBILENET = FIXTURES / "models" / "tiny_mobilenet.pb"
TRAINED = FIXTURES / "freeze" / "models" / "train_resvar_cnn_preproc_midgraph_input"


def advice(cli: Cli, *arguments: object) -> dict[str, str]:
    """Op → what to do about it, of what is missing."""
    outcome = cli("generate", *arguments, "--json", "-q")
    assert outcome.code == 1
    rows = cli("generate", *arguments, "--json", "-q", "--allow-missing").json["unresolved"]
    return {row["op"]: row["advice"] for row in rows}


def followed(cli: Cli, text: str) -> Path:
    """Runs the command that advice names."""
    (command,) = re.findall(r"`opselect (prepare [^`]*)`", text)
    outcome = cli(*shlex.split(command))
    assert outcome.code == 0, outcome.err
    return Path("phone.pb")


def test_a_batch_norm_that_is_newer_than_the_release_folds_away(cli: Cli) -> None:
    shutil.copy(MOBILENET, "net.pb")
    arguments = ("net.pb", "--outputs", "MobilenetV2/Predictions")
    text = advice(cli, *arguments, "--tensorflow", "1.13")["FusedBatchNormV3"]
    command = "`opselect prepare net.pb --outputs MobilenetV2/Predictions -o phone.pb --tensorflow 1.13`"
    assert text == f"Prepare the model: after {command} nothing needs it."
    assert cli("generate", followed(cli, text), "--tensorflow", "1.13", "--out", "lists").code == 0


@pytest.mark.parametrize("profile", ["ios", "android"])
def test_dropout_is_for_training(cli: Cli, profile: str) -> None:
    model = write("dropout.pbtxt", DROPOUT)
    arguments = (model, "--tensorflow", "1.1", "--profile", profile)
    text = advice(cli, *arguments)["Switch"]
    assert text.startswith("It is for training only: after `opselect prepare dropout.pbtxt -o phone.pb ")
    assert "K.set_learning_phase(0)" in text
    found = {row["op"]: row for row in cli("requirements", *arguments, "--json").json["criteria"]}
    assert {row["criterion"] for row in found.values()} == {"training"}
    assert (found["Switch"]["advice"]["action"], found["Switch"]["advice"]["text"]) == ("prepare", text)
    assert cli("generate", followed(cli, text), *arguments[1:], "--out", "lists").code == 0


def test_a_phase_that_must_be_fed_is_for_training_too(cli: Cli) -> None:
    fed = DROPOUT.replace('op: "PlaceholderWithDefault" input: "no"', 'op: "Placeholder"')
    text = advice(cli, write("fed.pbtxt", fed), "--tensorflow", "1.1", "--profile", "ios")["Switch"]
    first, _, last = text.partition(" If the model cannot do without: ")
    assert first.startswith("Export the model with the training phase false")
    assert "SUPPORT_SELECTIVE_REGISTRATION" in last


def test_a_meta_graph_is_frozen_with_the_checkpoint_beside_it(cli: Cli) -> None:
    shutil.copytree(TRAINED, "trained")
    text = advice(cli, "trained/model.ckpt.meta", "--tensorflow", "1.1")["AssignAdd"]
    assert (
        text == "Freeze the model first: after `opselect prepare trained/model.ckpt.meta -o phone.pb` nothing needs it."
    )
    missing = advice(cli, followed(cli, text), "--tensorflow", "1.1")
    assert "AssignAdd" not in missing


def test_variables_without_values_are_frozen_first_all_the_same(cli: Cli) -> None:
    shutil.copy(TRAINED / "graph.pb", "graph.pb")
    text = advice(cli, "graph.pb", "--tensorflow", "1.1")["AddV2"]
    assert text.startswith(
        "Freeze the model first: `opselect prepare graph.pb --checkpoint PREFIX -o phone.pb` may take it out "
        "(tried without success: has 10 variables without values"
    )
    assert "If not: export the model for TensorFlow 1.1.0, or build TensorFlow 1.5 or later." in text


def test_large_models_are_not_tried_and_that_is_said(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("large.pbtxt").open("w", encoding="utf-8") as file:
        file.write(DROPOUT.replace('op: "Relu"', 'op: "LeakyRelu"'))
        file.write(f"# {' ' * MAX_BYTES}\n")
    text = advice(cli, "large.pbtxt", "--tensorflow", "1.12")["LeakyRelu"]
    command = "`opselect prepare large.pbtxt -o phone.pb`"
    assert text == (
        "Export the model for TensorFlow 1.12.3, or build TensorFlow 1.13 or later. "
        f"{command} may take it out (not tried, as it has 64 MB)."
    )
    monkeypatch.setattr(trial_prepare, "MAX_NODES", 5)
    small = write("small.pbtxt", DROPOUT.replace('op: "Relu"', 'op: "LeakyRelu"'))
    assert "(not tried, as it has 12 nodes)" in advice(cli, small, "--tensorflow", "1.12")["LeakyRelu"]


def test_whatever_fails_in_trying_does_not_reach_the_command(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(trial_prepare, "make_graph", fail)
    small = write("small.pbtxt", DROPOUT.replace('op: "Relu"', 'op: "LeakyRelu"'))
    assert advice(cli, small, "--tensorflow", "1.12")["LeakyRelu"].startswith("Export the model for TensorFlow 1.12.3")


def test_outputs_hold_no_absolute_path_and_the_screen_what_was_typed(cli: Cli, tmp_path: Path) -> None:
    model = tmp_path / "net.pb"
    shutil.copy(MOBILENET, model)
    outcome = cli("generate", model.absolute(), "--tensorflow", "1.13", "--json")
    assert f"        opselect prepare {model.absolute()} -o phone.pb --tensorflow 1.13\n" in outcome.err
    assert "`opselect prepare net.pb -o phone.pb --tensorflow 1.13`" in outcome.out
    assert str(tmp_path) not in outcome.out


def test_about_several_models_advice_is_general(cli: Cli) -> None:
    for name in ("a.pbtxt", "b.pbtxt"):
        write(name, DROPOUT)
    text = advice(cli, "a.pbtxt", "b.pbtxt", "--tensorflow", "1.1", "--profile", "ios")["Switch"]
    assert "prepare" not in text
    assert "SUPPORT_SELECTIVE_REGISTRATION" in text


ASSETS = """
    node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
    node { name: "w" op: "VariableV2" attr { key: "dtype" value { type: DT_STRING } } }
    node { name: "file" op: "Const" attr { key: "dtype" value { type: DT_STRING } }
        attr { key: "value" value { tensor { dtype: DT_STRING tensor_shape { } string_val: "vocab" } } } }
    node { name: "set" op: "Assign" input: "w" input: "file" attr { key: "T" value { type: DT_STRING } } }
    node { name: "y" op: "Relu" input: "x" attr { key: "T" value { type: DT_FLOAT } } }
"""


def test_strings_that_are_assigned_are_frozen_first_for_any_number_of_models(cli: Cli) -> None:
    one, other = write("one.pbtxt", ASSETS), write("other.pbtxt", ASSETS)
    text = advice(cli, one, other, "--tensorflow", "1.15")["Assign"]
    assert text.startswith("Freeze the model first")
    assert text.index("Convert".lower()) < text.index("ANDROID_TYPES_FULL")


PY_FUNC = """
    node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
    node { name: "f" op: "PyFunc" input: "x" attr { key: "token" value { s: "t" } }
        attr { key: "Tin" value { list { type: DT_FLOAT } } } attr { key: "Tout" value { list { type: DT_FLOAT } } } }
    node { name: "y" op: "Relu" input: "f" attr { key: "T" value { type: DT_FLOAT } } }
"""


@pytest.mark.parametrize("release", ["1.0", "1.8", "2.14"])
def test_what_no_phone_can_have_is_missing_and_in_no_list(cli: Cli, release: str) -> None:
    model = write("py.pbtxt", PY_FUNC.replace('name: "f"', 'name: "keras/f"').replace('input: "f"', 'input: "keras/f"'))
    arguments = (model, "--tensorflow", release)
    outcome = cli("generate", *arguments, "--out", "lists")
    assert outcome.code == 1
    assert "1 of the needed kernels is missing" in outcome.err
    assert not Path("lists").exists()
    assert cli("generate", *arguments, "--out", "lists", "--allow-missing").code == 0
    listed = [path.read_text(encoding="utf-8") for path in Path("lists").iterdir() if path.suffix != ".yaml"]
    assert not [line for text in listed for line in text.splitlines() if "py_func" in line and not line.startswith("#")]
    manifest = yaml.safe_load(Path("lists/manifest.yaml").read_text(encoding="utf-8"))
    assert not [file["path"] for file in manifest["files"] if file["path"].startswith("tensorflow/python/")]
    assert [row["op"] for row in manifest["unresolved"]] == ["PyFunc"]
    (row,) = cli("requirements", *arguments, "--json").json["criteria"]
    assert (row["op"], row["criterion"]) == ("PyFunc", "python")


CALL = """
node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
node {
  name: "y" op: "PartitionedCall" input: "x"
  attr { key: "f" value { func { name: "f" } } }
  attr { key: "Tin" value { list { type: DT_FLOAT } } } attr { key: "Tout" value { list { type: DT_FLOAT } } }
}
library { function {
  signature { name: "f" input_arg { name: "a" type: DT_FLOAT } output_arg { name: "r" type: DT_FLOAT } }
  node_def { name: "n" op: "Neg" input: "a" attr { key: "T" value { type: DT_FLOAT } } }
  ret { key: "r" value: "n:y:0" }
} }
"""


def test_what_freezing_was_tried_on_and_leaves_in_is_not_said_to_go(cli: Cli) -> None:
    outcome = cli("requirements", write("call.pbtxt", CALL), "--tensorflow", "1.13", "--json")
    (row,) = (row for row in outcome.json["criteria"] if row["op"] == "PartitionedCall")
    assert row["advice"]["action"] == "extend"
    assert row["advice"]["text"] == (
        "`opselect prepare call.pbtxt -o phone.pb --tensorflow 1.13` was tried and leaves it in. Extend the build by "
        "tensorflow/core/kernels/partitioned_function_ops.cc (opselect generate --mode extend)."
    )
