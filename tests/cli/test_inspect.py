from __future__ import annotations

import random
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from opselect.models.proto import message_class
from tests.cli.conftest import Cli, Model
from tests.opselect.graph_text import graph_bytes, node

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "fixtures" / "models"
SAVED_MODELS = ROOT / "fixtures" / "saved_models"
CHECKPOINTS = ROOT / "fixtures" / "checkpoints"
SUMMARIES = ROOT / "fixtures" / "summarize_graph"


def test_json_of_a_frozen_graph(cli: Cli) -> None:
    outcome = cli("inspect", MODELS / "tiny_mobilenet.pb", "--json")
    assert outcome.code == 0
    document = outcome.json
    assert document["format"] == "graphdef"
    assert document["inputs"] == [{"name": "input", "dtype": "DT_FLOAT", "shape": [1, 32, 32, 3]}]
    assert document["outputs"] == [{"name": "MobilenetV2/Predictions", "op": "Softmax"}]
    assert document["variables"] == []
    assert document["functions"] == []
    assert document["op_counts"]["Conv2D"] == 11
    assert document["parameters"]["constants"] * 4 == document["parameters"]["constant_bytes"]
    assert not {"tags", "signatures", "meta_graphs"} & document.keys()


def test_json_of_functions_counts_their_ops(cli: Cli) -> None:
    document = cli("inspect", MODELS / "functions.pb", "--json").json
    assert document["functions"] == [
        "__inference_double_610",
        "__inference_unused_634",
        "while_body_587",
        "while_cond_586",
    ]
    assert document["op_counts"]["MatrixDeterminant"] == 1
    assert document["parameters"]["function_constants"] == 4


def test_one_side_of_a_conditional_is_no_likely_output(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "m.pb"
    ends = node("x", "Placeholder") + node("p", "Placeholder") + node("s", "Switch", "x", "p")
    ends += node("left", "Identity", "s") + node("right", "Neg", "s:1")
    path.write_bytes(graph_bytes(ends + node("y", "Merge", "s", "s:1")))
    assert cli("inspect", path, "--json").json["outputs"] == [{"name": "y", "op": "Merge"}]
    assert "--output_layer=y\n" in cli("inspect", path).out
    assert "Found 3 possible outputs" in cli("inspect", path, "--format", "summarize_graph").out
    path.write_bytes(graph_bytes(ends))
    assert [each["name"] for each in cli("inspect", path, "--json").json["outputs"]] == ["left", "right"]


def test_json_says_null_for_what_the_file_does_not(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "g.pbtxt"
    path.write_text('node { name: "x" op: "Placeholder" } node { name: "y" op: "Relu" input: "x" }')
    assert cli("inspect", path, "--json").json["inputs"] == [{"name": "x", "dtype": None, "shape": None}]


def test_json_of_a_saved_model_has_tags_and_signatures(cli: Cli) -> None:
    document = cli("inspect", SAVED_MODELS / "sm2_multi_signatures", "--json").json
    assert document["format"] == "saved_model"
    assert document["tags"] == ["serve"]
    assert sorted(document["signatures"]) == ["decode", "serving_default", "train", "version"]
    assert document["initializers"] == ["NoOp"]
    assert document["signatures"]["train"] == {
        "inputs": {
            "lab": {"name": "train_lab:0", "dtype": "DT_INT32", "shape": [-1]},
            "x": {"name": "train_x:0", "dtype": "DT_FLOAT", "shape": [-1, 5]},
        },
        "outputs": {
            "loss": {"name": "StatefulPartitionedCall_1:0", "dtype": "DT_FLOAT", "shape": []},
            "step": {"name": "StatefulPartitionedCall_1:1", "dtype": "DT_INT32", "shape": []},
        },
        "method": "tensorflow/serving/predict",
    }
    assert "meta_graphs" not in document


def test_of_several_meta_graphs_the_serving_one_is_the_face(cli: Cli) -> None:
    path = SAVED_MODELS / "sm1_multi_tags_assets_examples"
    document = cli("inspect", path, "--json").json
    assert [each["tags"] for each in document["meta_graphs"]] == [["train"], ["serve"], ["gpu", "serve"]]
    assert document["tags"] == ["serve"]
    assert document["signatures"] == document["meta_graphs"][1]["signatures"]
    assert list(cli("inspect", path, "--tags", "train", "--json").json["signatures"]) == ["train_sig"]


def test_tags_that_there_are_not_name_those_there_are(cli: Cli) -> None:
    outcome = cli("inspect", SAVED_MODELS / "sm1_multi_tags_assets_examples", "--tags", "tpu")
    assert outcome.code == 2
    assert "{train}" in outcome.err


def test_the_report_names_everything(cli: Cli) -> None:
    lines = [line.split() for line in cli("inspect", MODELS / "training.pb").out.splitlines()]
    assert ["w", "VariableV2", "float", "[4,1]"] in lines
    assert ["loss_summary", "ScalarSummary"] in lines
    assert ["variables", "14", "56", "bytes"] in lines
    assert ["/device:CPU:0", "3"] in lines
    assert ["ApplyAdam", "1"] in lines
    assert any(line[:4] == ["looks", "like", "a", "training"] for line in lines)
    assert any("--input_layer=w,beta1_power,beta2_power,w/Adam,w/Adam_1" in line for line in lines)


def test_the_report_of_a_saved_model(cli: Cli) -> None:
    outcome = cli("inspect", SAVED_MODELS / "sm1_multi_tags_assets_examples")
    lines = [line.split() for line in outcome.out.splitlines()]
    assert [line for line in lines if line[:1] == ["MetaGraph"]] == [
        ["MetaGraph", "train"],
        ["MetaGraph", "serve"],
        ["MetaGraph", "gpu,serve"],
    ]
    assert ["serving_default", "out", "ids", "SparseToDense:0", "int64", "[?,?]"] in lines
    assert ["assets:", "_oracle_vocab_s.txt"] in lines
    assert ["a", "loader", "runs", "first:", "init_all_tables"] in lines
    assert "--tags gpu,serve" in outcome.out


@pytest.mark.parametrize("path", ["model.ckpt", "model.ckpt.index", ""])
def test_a_checkpoint_by_prefix_file_and_folder(cli: Cli, path: str) -> None:
    document = cli("inspect", CHECKPOINTS / "v2_partitioned_slices" / path, "--json").json
    assert document == {
        "format": "checkpoint",
        "version": 2,
        "variables": [
            {"name": "a/w", "dtype": "DT_FLOAT", "shape": [11, 4]},
            {"name": "b/k", "dtype": "DT_DOUBLE", "shape": [3, 5, 2]},
            {"name": "plain", "dtype": "DT_INT64", "shape": [4]},
        ],
        "parameters": {"variables": 78, "variable_bytes": 44 * 4 + 30 * 8 + 4 * 8},
    }


def test_the_report_of_a_checkpoint(cli: Cli) -> None:
    outcome = cli("inspect", CHECKPOINTS / "v1_single_file_dtypes" / "model.ckpt")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0].endswith("model.ckpt: a checkpoint")
    assert "format version: 1" in lines
    assert ["t/complex64", "complex64", "[3]"] in [line.split() for line in lines]
    assert not [line for line in lines if "opselect generate" in line]


def test_a_graph_beside_a_checkpoint_is_shown_with_it(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "training"
    shutil.copytree(CHECKPOINTS / "v2_partitioned_slices", folder)
    meta: Any = message_class("MetaGraphDef")()
    meta.meta_info_def.tensorflow_version = "1.15.0"
    meta.graph_def.node.add(name="w", op="VariableV2")
    (folder / "model.ckpt.meta").write_bytes(meta.SerializeToString())
    document = cli("inspect", folder, "--json").json
    assert len(document["variables"]) == 3
    assert [each["op_counts"] for each in document["meta_graphs"]] == [{"VariableV2": 1}]
    outcome = cli("inspect", folder)
    assert "plain" in outcome.out
    assert f"graph beside it: {folder}/model.ckpt.meta" in outcome.out
    assert f"opselect generate {folder} " in outcome.out


def test_a_checkpoint_alone_has_no_graph_to_summarize(cli: Cli) -> None:
    outcome = cli("inspect", CHECKPOINTS / "v2_partitioned_slices", "--format", "summarize_graph")
    assert (outcome.code, outcome.out) == (2, "")
    assert "holds variables and no graph" in outcome.err


def test_what_mobile_builds_lack_is_told_with_advice(cli: Cli) -> None:
    outcome = cli("inspect", MODELS / "jpeg_training.pb")
    readers = outcome.out.partition("(file readers)")[2]
    assert [line.split()[0] for line in readers.splitlines()[1:3]] == ["ReaderReadV2", "TextLineReaderV2"]
    assert "with --outputs probabilities nothing needs it." in readers
    document = cli("inspect", MODELS / "jpeg_training.pb", "--tensorflow", "1.15", "--json").json
    assert (document["tensorflow"], document["profile"]) == ("1.15.5", "android")
    found = {finding["op"]: finding for finding in document["criteria"]}
    assert found["TextLineReaderV2"]["criterion"] == "readers"
    assert found["TextLineReaderV2"]["advice"]["outputs"] == ["probabilities"]
    assert document["without_kernel"] == []


def test_the_build_can_be_named(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul", "MatMul", "Lonely", "Relu", dtype="DT_HALF")
    arguments = ("inspect", path, "--index", index_file, "--profile", "android-slim")
    document = cli(*arguments, "--json").json
    assert document["without_kernel"] == ["Lonely", "MatMul", "Relu"]
    assert [(found["op"], found["dtype"]) for found in document["criteria"]] == [("Mul", "DT_HALF")]
    outcome = cli(*arguments)
    assert "TensorFlow 1.13.9, profile android-slim: 3 of the needed kernels are missing" in outcome.out
    for op, code in (("Lonely", "OPS105"), ("MatMul", "OPS104"), ("Relu", "OPS104")):
        assert op in outcome.out.partition(f"  {code}")[2], code
    assert f"--index {index_file} --outputs n3 --profile android-slim --out build_lists" in outcome.out
    assert cli(*arguments, "--profile", "tvos").code == 2


def commands_in(report: str) -> list[list[str]]:
    """The command lines that a report ends with, their arguments."""
    return [shlex.split(line)[1:] for line in report.splitlines() if line.startswith("  opselect ")]


def test_the_commands_to_go_on_with_work(cli: Cli, model: Model) -> None:
    path = model("Mul", "Relu")
    path = path.rename(path.with_name("a graph.pbtxt"))
    commands = commands_in(cli("inspect", path).out)
    assert [command[0] for command in commands] == ["requirements", "generate"]
    assert [cli(*command).code for command in commands] == [0, 0]


@pytest.mark.parametrize("case", ["sm2_multi_signatures", "sm1_pbtxt_partitioned"])
def test_a_saved_model_with_variables_may_be_frozen(cli: Cli, case: str) -> None:
    commands = commands_in(cli("inspect", SAVED_MODELS / case).out)
    assert [command[0] for command in commands] == ["requirements", "generate", "freeze"]
    assert cli(*commands[0]).code == 0
    assert cli(*commands[2]).code == 0
    assert cli("inspect", "frozen.pb", "--json").json["variables"] == []


def test_structure_lists_the_nodes_in_order(cli: Cli, model: Model) -> None:
    plain = cli("inspect", model("Mul", "Relu")).out
    listed = cli("inspect", model("Mul", "Relu"), "--print-structure").out
    assert [line for line in listed.splitlines() if line not in plain.splitlines()] == [
        "  x (Placeholder): []",
        "  n0 (Mul): [x, x]",
        "  n1 (Relu): [n0]",
    ]


@pytest.mark.parametrize(
    "spelling",
    [
        ("{}", "--print-structure"),
        ("--in_graph={}", "--print_structure"),
        ("--print_structure=true", "--in_graph", "{}"),
        ("--print-structure", "{}"),
    ],
)
def test_spellings_of_tensorflow_are_understood(cli: Cli, model: Model, spelling: tuple[str, ...]) -> None:
    path = model("Mul")
    arguments = [part.format(path) for part in spelling]
    outcome = cli("inspect", *arguments, "--format", "summarize_graph")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("Found 1 possible inputs: (name=x, type=float(1), shape=None) \n")
    assert outcome.out.endswith(
        f"--graph={path} --show_flops --input_layer=x --input_layer_type=float "
        "--input_layer_shape= --output_layer=n0\nx (Placeholder): []\nn0 (Mul): [x, x]\n"
    )


def test_structure_can_be_denied_in_words(cli: Cli, model: Model) -> None:
    path = model("Mul")
    assert cli("inspect", path, "--print_structure=false").out == cli("inspect", path).out


def test_the_text_of_tensorflow_is_printed_as_it_is(cli: Cli) -> None:
    expected = (SUMMARIES / "partitioned_variables.txt").read_text()
    outcome = cli("inspect", SUMMARIES / "partitioned_variables.pb", "--format", "summarize_graph")
    given = "models/partitioned_vars_v1_checkpoint/graph.pb"
    head, tail = expected.replace(given, str(SUMMARIES / "partitioned_variables.pb")).split("Op types used: ")
    assert outcome.out.startswith(head + "Op types used: 25 Const, 12 Assign")
    assert outcome.out.endswith(tail.partition("\n")[2])


@pytest.mark.parametrize("output", [(), ("--json",), ("--format", "summarize_graph")])
def test_a_broken_graph_is_shown_and_refused(cli: Cli, tmp_path: Path, output: tuple[str, ...]) -> None:
    path = tmp_path / "broken.pbtxt"
    path.write_text('node { name: "y" op: "Relu" input: "gone" }')
    outcome = cli("inspect", path, *output)
    assert outcome.code == 2
    assert "Relu" in outcome.out or "Invalid input gone for node y" in outcome.out
    assert "node 'y' has an input 'gone', which does not exist" in outcome.err


def test_a_cycle_has_no_structure(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "cycle.pbtxt"
    path.write_text('node { name: "a" op: "Relu" input: "b" } node { name: "b" op: "Relu" input: "a" }')
    arguments = ("inspect", path, "--format", "summarize_graph")
    assert cli(*arguments).code == 0
    outcome = cli(*arguments, "--print-structure")
    assert outcome.code == 2
    assert "cycle" in outcome.err
    assert outcome.out == cli(*arguments).out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a.pb", "--in_graph=b.pb"),
        ("a.pb", "--json", "--print-structure"),
        ("a.pb", "--json", "--format", "table "),
    ],
)
def test_wrong_usage(cli: Cli, arguments: tuple[str, ...]) -> None:
    outcome = cli("inspect", *arguments)
    assert outcome.code == 2
    assert outcome.err.startswith("Usage:")


def test_a_file_that_is_no_model(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    outcome = cli("inspect", path)
    assert (outcome.code, outcome.out) == (2, "")
    assert "notes.txt" in outcome.err


@pytest.mark.parametrize("seed", range(60))
def test_changed_files_are_shown_or_refused(cli: Cli, tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)
    data = bytearray((SUMMARIES / "many_types.pb").read_bytes())
    for _ in range(choose.choice((1, 5, 50))):
        data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
    path = tmp_path / "changed.pb"
    path.write_bytes(data[: choose.choice((None, choose.randrange(len(data))))])
    for output in ((), ("--json",), ("--format", "summarize_graph", "--print-structure")):
        outcome = cli("inspect", path, *output)
        assert outcome.code in (0, 2), outcome.err
        assert outcome.code == 0 or outcome.err.startswith("error: ")
