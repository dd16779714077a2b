from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from opselect.models.formats import read_graph
from opselect.models.graph import Graph
from tests.cli.conftest import Cli
from tests.conformance.graph_comparison import graph_differences
from tests.opselect.models.formats.checkpoint_files import write_bundle

ROOT = Path(__file__).parents[2]
FREEZE = ROOT / "fixtures" / "freeze"
SAVED_MODELS = ROOT / "fixtures" / "saved_models"
LSTM = FREEZE / "models" / "lstm_dynamic_rnn"
RESOURCES = FREEZE / "models" / "train_resvar_cnn_preproc_midgraph_input"
PARTITIONED = FREEZE / "models" / "partitioned_vars_v1_checkpoint"
BIAS = "rnn/multi_rnn_cell/cell_0/lstm_cell/bias"


def expected(name: str) -> Graph:
    """What freeze_graph writes for a model."""
    return read_graph(FREEZE / "expected" / name / "frozen.pb")


def shapeless(graph: Graph) -> dict[str, str]:
    return {node.name: node.op for node in graph.nodes}


def test_the_command_of_the_documentation(cli: Cli, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    shutil.copy(RESOURCES / "graph.pb", model / "my_graph.pb")
    for suffix in ("index", "data-00000-of-00001"):
        shutil.copy(RESOURCES / f"model.ckpt.{suffix}", model / f"model.ckpt-1000.{suffix}")
    outcome = cli(
        "freeze",
        f"--input_graph={model}/my_graph.pb",
        f"--input_checkpoint={model}/model.ckpt-1000",
        f"--output_graph={tmp_path}/frozen_graph.pb",
        "--output_node_names=probs",
    )
    assert outcome.code == 0
    assert outcome.out == ""
    assert shapeless(read_graph(tmp_path / "frozen_graph.pb")) == shapeless(expected(RESOURCES.name))


def test_the_short_form_and_what_it_says(cli: Cli) -> None:
    outcome = cli("freeze", LSTM / "model.ckpt.meta", "--outputs", "output,state_c", "-o", "frozen.pb")
    assert outcome.code == 0
    assert outcome.err == ("frozen.pb: 10 variables frozen (1.2 kB of weights), 205 nodes, 34.2 kB\n")
    assert graph_differences(read_graph("frozen.pb"), expected(LSTM.name)) == []


def test_quiet_says_nothing(cli: Cli) -> None:
    assert cli("freeze", LSTM / "model.ckpt.meta", "--outputs", "output", "-o", "frozen.pb", "-q").err == ""


@pytest.mark.parametrize(
    "flags",
    [
        ("--input_binary",),
        ("--input_binary=true", "--clear_devices=True"),
        ("--input_binary", "false", "--clear_devices"),
        ("--noinput_binary", "--noclear_devices"),
        ("--checkpoint_version=1", "--restore_op_name=save/restore_all", "--filename_tensor_name=save/Const:0"),
        ("--initializer_nodes=", "--variable_names_whitelist=", "--variable_names_blacklist="),
        ("--variable_names_denylist=", "--input_meta_graph=", "--input_saved_model_dir", "", "--input_binary="),
        ("--clear_dev", "--saved_model_tags", "serve"),
        ("--clear_devices", "yes", "--input_binary=on"),
        (f"--input_saver={PARTITIONED / 'saver.pb'}",),
    ],
)
def test_flags_are_taken_as_tensorflow_takes_them(cli: Cli, flags: tuple[str, ...]) -> None:
    outcome = cli(
        "freeze",
        *flags,
        f"--input_graph={PARTITIONED / 'graph.pb'}",
        f"--input_checkpoint={PARTITIONED / 'model.ckpt'}",
        "--output_graph=frozen.pb",
        "--output_node_names=output",
    )
    assert outcome.code == 0, outcome.err
    assert shapeless(read_graph("frozen.pb")) == shapeless(expected(PARTITIONED.name))


def test_tags_of_a_saved_model_are_not_used_for_a_meta_graph(cli: Cli) -> None:
    arguments = (f"--input_meta_graph={LSTM / 'model.ckpt.meta'}", "--outputs=output", "-o", "frozen.pb")
    outcome = cli("freeze", *arguments, "--saved_model_tags=serve")
    assert outcome.code == 0, outcome.err
    assert "--saved_model_tags is not used" in outcome.err
    assert cli("freeze", *arguments, "--tags=serve").code == 2


@pytest.mark.parametrize("command", ["freeze", "prepare"])
def test_a_main_op_that_throws_values_away_can_be_left_out(cli: Cli, tmp_path: Path, command: str) -> None:
    text = (
        'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } '
        'attr { key: "shape" value { shape { dim { size: 2 } } } } }'
        'node { name: "w" op: "VariableV2" attr { key: "dtype" value { type: DT_FLOAT } } '
        'attr { key: "shape" value { shape { dim { size: 2 } } } } }'
        'node { name: "r" op: "Identity" input: "w" attr { key: "T" value { type: DT_FLOAT } } }'
        'node { name: "n" op: "Neg" input: "x" attr { key: "T" value { type: DT_FLOAT } } }'
        'node { name: "set" op: "Assign" input: "w" input: "n" attr { key: "T" value { type: DT_FLOAT } } }'
        'node { name: "y" op: "Add" input: "x" input: "r" attr { key: "T" value { type: DT_FLOAT } } }'
    )
    info = 'value { name: "%s:0" dtype: DT_FLOAT tensor_shape { dim { size: 2 } } }'
    (tmp_path / "model" / "variables").mkdir(parents=True)
    (tmp_path / "model" / "saved_model.pbtxt").write_text(
        f'meta_graphs {{ meta_info_def {{ tags: "serve" }} graph_def {{ {text} versions {{ producer: 26 }} }}\n'
        'collection_def { key: "saved_model_main_op" value { node_list { value: "set" } } }\n'
        f'signature_def {{ key: "own" value {{ inputs {{ key: "x" {info % "x"} }} '
        f'outputs {{ key: "y" {info % "y"} }} }} }} }}'
    )
    write_bundle(tmp_path / "model" / "variables" / "variables", {"w": np.array([1, 2], np.float32)})
    arguments = (command, tmp_path / "model", "-o", "frozen.pb")
    refused = cli(*arguments)
    assert refused.code == 2
    assert "main op 'set'" in refused.err
    assert "--initializer_nodes=" in refused.err
    assert "opselect freeze --variable_names_blacklist" in refused.err, "prepare has no such flag"
    outcome = cli(*arguments, "--initializer_nodes=")
    assert outcome.code == 0, outcome.err
    assert {node.op for node in read_graph("frozen.pb").nodes} >= {"Placeholder", "Const", "Add"}


def test_flags_that_are_not_used_are_named(cli: Cli) -> None:
    outcome = cli(
        "freeze", "--input_saved_model_dir", SAVED_MODELS / "sm1_pbtxt_partitioned", "--input_graph=graph.pb",
        "--restore_op_name", "save/restore_all", "--filename_tensor_name=save/Const:0", "--output_graph=frozen.pb",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    for name in ("restore_op_name", "filename_tensor_name", "input_graph"):
        assert f"--{name} is not used, as in TensorFlow's tool\n" in outcome.err


@pytest.mark.parametrize("flag", ["--variable_names_blacklist", "--variable_names_denylist", "--variable_names_b"])
def test_variables_that_stay_are_named_in_every_spelling(cli: Cli, flag: str) -> None:
    outcome = cli("freeze", LSTM / "model.ckpt.meta", "--outputs=output", "-o", "frozen.pb", f"{flag}={BIAS}")
    assert "frozen.pb: 9 variables frozen" in outcome.err, outcome.err
    assert [node.name for node in read_graph("frozen.pb").nodes if node.op == "VariableV2"] == [BIAS]


def test_a_flag_cut_so_short_that_it_may_be_another_is_refused(cli: Cli) -> None:
    assert cli("freeze", LSTM / "model.ckpt.meta", "--variable_names=b", "-o", "frozen.pb").code == 2


def test_the_frozen_graph_does_not_replace_the_graph(cli: Cli) -> None:
    shutil.copy(PARTITIONED / "graph.pb", "graph.pb")
    before = Path("graph.pb").read_bytes()
    arguments = ("--checkpoint", PARTITIONED / "model.ckpt", "--outputs", "output", "-o", "graph.pb")
    assert cli("freeze", "graph.pb", *arguments).code == 2
    assert Path("graph.pb").read_bytes() == before


def test_a_graph_goes_to_stdout_where_it_is_asked_for_there(tmp_path: Path) -> None:
    arguments = (LSTM / "model.ckpt.meta", "--outputs", "output", "-q")
    command = [sys.executable, "-m", "opselect", "freeze", *map(str, arguments)]
    printed = subprocess.run([*command, "-o", "-"], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run([*command, "-o", str(tmp_path / "frozen.pb")], cwd=ROOT, check=True)
    assert printed == (tmp_path / "frozen.pb").read_bytes()


def test_names_may_have_blanks_between_them(cli: Cli) -> None:
    outcome = cli(
        "freeze", RESOURCES / "graph.pb", "--checkpoint", RESOURCES / "model.ckpt", "-o", "frozen.pb",
        "--output_node_names= probs , norm", "--variable_names_blacklist=net/c1/kernel, net/bn1/gamma",
    )  # fmt: skip
    assert outcome.code == 0
    kept = {node.name for node in read_graph("frozen.pb").nodes if node.op == "VarHandleOp"}
    assert kept == {"net/c1/kernel", "net/bn1/gamma"}


def test_a_saved_model_has_its_own_variables_and_signatures(cli: Cli) -> None:
    outcome = cli("freeze", SAVED_MODELS / "sm1_multi_tags_assets_examples", "--tags", "serve", "-o", "frozen.pb")
    assert outcome.code == 0, outcome.err
    assert {"scores", "net/w"} <= {node.name for node in read_graph("frozen.pb").nodes}


def test_all_signatures_may_be_asked_for(cli: Cli) -> None:
    model = SAVED_MODELS / "sm1_multi_tags_assets_examples"
    assert cli("freeze", model, "--tags", "serve", "--all-signatures", "-o", "all.pb").code == 0
    assert cli("freeze", model, "--tags", "serve", "-o", "one.pb").code == 0
    assert len(read_graph("all.pb").nodes) >= len(read_graph("one.pb").nodes)


BAD: dict[str, tuple[tuple[str | Path, ...], str]] = {
    "no model": (("-o", "frozen.pb"), "name one model"),
    "two models": ((LSTM / "model.ckpt.meta", "--input_graph=x.pb", "-o", "frozen.pb"), "name one model"),
    "no output file": ((LSTM / "model.ckpt.meta", "--outputs=output"), "name the file to write"),
    "outputs and signature": (
        (LSTM / "model.ckpt.meta", "--outputs=output", "--signature=x", "-o", "frozen.pb"),
        "leave out --outputs",
    ),
    "no outputs": ((LSTM / "model.ckpt.meta", "-o", "frozen.pb"), "Name what the program fetches with --outputs"),
    "no such output": ((LSTM / "model.ckpt.meta", "--outputs=outptu", "-o", "frozen.pb"), "did you mean output"),
    "no such outputs": ((LSTM / "model.ckpt.meta", "--outputs=outptu,b", "-o", "frozen.pb"), ":\n  - the graph has no"),
    "no such initializer": (
        (LSTM / "model.ckpt.meta", "--outputs=output", "--initializer_nodes=initt", "-o", "frozen.pb"),
        "has no initializer 'initt'; did you mean init",
    ),
    "no such folder": (
        (LSTM / "model.ckpt.meta", "--outputs=output", "-o", "nowhere/frozen.pb"),
        "there is no such folder",
    ),
    "a URL": ((LSTM / "model.ckpt.meta", "--outputs=output", "-o", "memory://frozen.pb"), "written to files only"),
    "a TensorFlow Lite model": (
        (ROOT / "fixtures" / "models" / "flex_ops.tflite", "-o", "frozen.pb"),
        "is a TensorFlow Lite model",
    ),
    "no checkpoint": (
        (PARTITIONED / "graph.pb", "--outputs=output", "-o", "frozen.pb"),
        "Name the checkpoint that has them",
    ),
    "another checkpoint": (
        (PARTITIONED / "graph.pb", "--outputs=output", "--checkpoint", RESOURCES / "model.ckpt", "-o", "frozen.pb"),
        "has no tensor for the variable",
    ),
    "no such checkpoint": (
        (PARTITIONED / "graph.pb", "--outputs=output", "--checkpoint", "nothing", "-o", "frozen.pb"),
        "nothing",
    ),
    "no such signature": (
        (SAVED_MODELS / "sm1_pbtxt_partitioned", "--signature=serving_defualt", "-o", "frozen.pb"),
        "did you mean serving_default",
    ),
    "a saver that is none": (
        (PARTITIONED / "graph.pb", "--input_saver", PARTITIONED / "graph.pb", "--outputs=output", "-o", "frozen.pb"),
        "is no SaverDef",
    ),
    "a switch that is none": ((LSTM / "model.ckpt.meta", "--clear_devices=maybe", "-o", "frozen.pb"), "maybe"),
    "no such flag": (
        (LSTM / "model.ckpt.meta", "--outputs=output", "--input_binry", "-o", "frozen.pb"),
        "--input_binry",
    ),
    "a version that is none": ((LSTM / "model.ckpt.meta", "--checkpoint_version=3", "-o", "frozen.pb"), "3"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_done_is_one_error_and_no_file(cli: Cli, tmp_path: Path, case: str) -> None:
    arguments, problem = BAD[case]
    outcome = cli("freeze", *arguments)
    assert outcome.code == 2
    assert problem in outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_what_ops_take_is_that_of_the_tensorflow_that_is_named(cli: Cli, tmp_path: Path) -> None:
    """An op that reads a variable by reference can be frozen only where somebody says that it takes a value, too."""
    data = (PARTITIONED / "graph.pb").read_bytes()
    (tmp_path / "graph.pb").write_bytes(data.replace(b"Identity", b"ReadItMe"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "read.cc").write_text(
        'REGISTER_OP("ReadItMe").Input("x: T").Output("y: T").Attr("T: type");\n'
    )
    arguments = ("--checkpoint", PARTITIONED / "model.ckpt", "--outputs", "p/w/ConcatPartitions/concat", "-o", "out.pb")
    unknown = cli("freeze", tmp_path / "graph.pb", *arguments, "--tensorflow", "1.4")
    assert unknown.code == 2
    assert "its op ReadItMe is not known" in unknown.err
    assert cli("freeze", tmp_path / "graph.pb", *arguments, "--root", tmp_path / "mine").code == 0
    assert "ReadItMe" in shapeless(read_graph("out.pb")).values()
