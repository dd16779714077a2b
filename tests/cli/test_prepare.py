"""The whole way to the phone in one command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.formats import graphdef_writer, read_graph
from opselect.models.graph import Shape
from tests.cli.conftest import Cli
from tests.interpreter import run

FIXTURES = Path(__file__).parents[2] / "fixtures"
MOBILENET = FIXTURES / "models" / "tiny_mobilenet.pb"
MIDDLE = "MobilenetV2/Conv/Relu6"
TRAINING = FIXTURES / "freeze" / "models" / "train_resvar_cnn_preproc_midgraph_input"
SAVED_MODELS = FIXTURES / "saved_models"
RELEASE = ("--tensorflow", "2.14")


def test_a_frozen_graph_is_cut_and_folded_and_computes_the_same(cli: Cli) -> None:
    outcome = cli("prepare", MOBILENET, "-o", "phone.pb", *RELEASE, "--json")
    assert outcome.code == 0, outcome.err
    document = outcome.json
    assert (document["inputs"], document["outputs"]) == (["input"], ["MobilenetV2/Predictions"])
    assert document["before"]["nodes"] == 222
    assert document["after"]["nodes"] < 100
    assert document["after"]["bytes"] == Path("phone.pb").stat().st_size
    assert "tensorflow/core/kernels/fused_batch_norm_op.cc" in document["files_saved"]
    assert {"op": "Identity", "kernel_class": "IdentityOp"} in document["kernels_saved"]
    assert "outputs: MobilenetV2/Predictions" in outcome.err
    prepared = read_graph("phone.pb")
    assert not {node.op for node in prepared.nodes} & {"FusedBatchNormV3", "Identity"}
    image = np.linspace(0, 1, 32 * 32 * 3, dtype=np.float32).reshape(1, 32, 32, 3)
    (before,) = run(read_graph(MOBILENET), {"input": image}, ["MobilenetV2/Predictions"])
    (after,) = run(prepared, {"input": image}, ["MobilenetV2/Predictions"])
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_a_saved_model_is_frozen_for_its_signature(cli: Cli) -> None:
    outcome = cli("prepare", SAVED_MODELS / "sm2_multi_signatures", "-o", "phone.pb", *RELEASE, "--json")
    assert outcome.code == 0, outcome.err
    assert (outcome.json["inputs"], outcome.json["outputs"]) == (["x:0"], ["Identity:0"])
    prepared = read_graph("phone.pb")
    ops = {node.op for node in prepared.nodes}
    assert ops - {"Identity", "NoOp"} == {"Const", "MatMul", "Placeholder", "Relu"}
    assert prepared.functions == ()


def test_a_signature_can_be_chosen(cli: Cli) -> None:
    arguments = (SAVED_MODELS / "sm2_multi_signatures", "--signature", "decode", "-o", "phone.pb", *RELEASE)
    outcome = cli("prepare", *arguments)
    assert outcome.code == 0, outcome.err
    assert "feed img:0, fetch Identity:0" in outcome.out
    assert "DecodePng" in {node.op for node in read_graph("phone.pb").nodes}


def test_variables_come_from_the_checkpoint(cli: Cli) -> None:
    folder = SAVED_MODELS / "sm1_pbtxt_partitioned"
    outcome = cli("prepare", folder, "-o", "phone.pb", *RELEASE)
    assert outcome.code == 0, outcome.err
    rows = {line.split("  ")[1]: line.split()[-2:] for line in outcome.out.splitlines() if line.startswith("  ")}
    assert rows["nodes"] == ["76", "6"]
    assert "no longer needs" in outcome.out


def test_an_input_in_the_middle_becomes_a_placeholder_of_its_type_and_shape(cli: Cli) -> None:
    shape = ("--type", "float", "--shape", "1,16,16,8")
    outcome = cli("prepare", MOBILENET, "--inputs", MIDDLE, *shape, "-o", "phone.pb", *RELEASE)
    assert outcome.code == 0, outcome.err
    nodes = {node.name: node for node in read_graph("phone.pb").nodes}
    assert nodes[MIDDLE].op == "Placeholder"
    assert str(nodes[MIDDLE].attrs["shape"]) == "Shape(dims=(1, 16, 16, 8))"
    assert "input" not in nodes


def test_it_writes_what_the_documented_commands_write(cli: Cli) -> None:
    flags = (f"--input_graph={TRAINING / 'graph.pb'}", f"--input_checkpoint={TRAINING / 'model.ckpt'}")
    assert not cli("freeze", *flags, "--output_graph=frozen.pb", "--output_node_names=probs").code
    chain = """
        strip_unused_nodes(type=float, shape="1,16,16,3")
        fold_constants(ignore_errors=true)
        fold_batch_norms
        fold_old_batch_norms"""
    ends = ("--inputs=norm", "--outputs=probs", f"--transforms={chain}")
    assert not cli("transform", "--in_graph=frozen.pb", "--out_graph=documented.pb", *ends).code
    checkpoint = ("--checkpoint", TRAINING / "model.ckpt")
    outcome = cli("prepare", TRAINING / "graph.pb", *checkpoint, "--inputs", "norm", "--outputs", "probs", "-o", "p.pb")
    assert outcome.code == 0, outcome.err
    assert Path("p.pb").read_bytes() == Path("documented.pb").read_bytes()
    built = cli("generate", "p.pb", "--tensorflow", "1.15", "--out", "lists")
    assert built.code == 0, built.err
    assert "tensorflow/core/kernels/conv_ops.cc" in Path("lists/tf_op_files.txt").read_text(encoding="utf-8")


def write(name: str, text: str) -> Path:
    Path(name).write_text(text, encoding="utf-8")
    return Path(name)


PHASE = """
    node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
        attr { key: "shape" value { shape { dim { size: -1 } dim { size: 2 } } } } }
    node { name: "no" op: "Const" attr { key: "dtype" value { type: DT_BOOL } }
        attr { key: "value" value { tensor { dtype: DT_BOOL tensor_shape { } bool_val: false } } } }
    node { name: "phase" op: "PlaceholderWithDefault" input: "no" attr { key: "dtype" value { type: DT_BOOL } }
        attr { key: "shape" value { shape { } } } }
    node { name: "sides" op: "Switch" input: "x" input: "phase" attr { key: "T" value { type: DT_FLOAT } } }
    node { name: "result" op: "Relu" input: "sides:0" attr { key: "T" value { type: DT_FLOAT } } }
"""


def test_a_placeholder_with_a_default_keeps_it(cli: Cli) -> None:
    model = write("phase.pbtxt", PHASE)
    outcome = cli("prepare", model, "--outputs", "result", "-o", "phone.pb", *RELEASE, "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["inputs"] == ["x"]
    assert "inputs: x; phase keep their defaults (--inputs names what is fed)" in outcome.err
    assert {node.op for node in read_graph("phone.pb").nodes} == {"Placeholder", "Relu"}


def test_one_that_is_named_is_fed_with_its_own_type_and_shape(cli: Cli) -> None:
    model = write("phase.pbtxt", PHASE)
    outcome = cli("prepare", model, "--inputs", "phase", "--outputs", "result", "-o", "phone.pb", *RELEASE)
    assert outcome.code == 0, outcome.err
    phase = {node.name: node for node in read_graph("phone.pb").nodes}["phase"]
    assert (phase.op, phase.attrs["dtype"], phase.attrs["shape"]) == ("Placeholder", DataType.DT_BOOL, Shape(()))
    assert "the outputs need x, too" in outcome.err


def test_the_graph_tells_type_and_shape_of_an_input_in_the_middle(cli: Cli) -> None:
    outcome = cli("prepare", MOBILENET, "--inputs", MIDDLE, "-o", "phone.pb", *RELEASE)
    assert outcome.code == 0, outcome.err
    assert {node.name: node for node in read_graph("phone.pb").nodes}[MIDDLE].attrs["shape"] == Shape((1, 16, 16, 8))
    larger = cli("prepare", MOBILENET, "--inputs", MIDDLE, "--shape", "4,16,16,8", "-o", "phone.pb", *RELEASE)
    assert larger.code == 0, larger.err


def test_an_input_of_unknown_shape_has_to_say_it(cli: Cli) -> None:
    model = write(
        "any.pbtxt",
        PHASE.replace('op: "Relu"', 'op: "Mine"')
        + """
        node { name: "end" op: "Relu" input: "result" attr { key: "T" value { type: DT_FLOAT } } }""",
    )
    outcome = cli("prepare", model, "--inputs", "result", "--outputs", "end", "-o", "phone.pb", *RELEASE)
    assert outcome.code == 2
    assert "input 'result' is a Mine, and nothing tells its shape" in outcome.err


def test_a_graph_that_would_be_too_large_is_an_error(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphdef_writer, "MAX_BYTES", 20_000)
    outcome = cli("prepare", MOBILENET, "-o", "phone.pb", *RELEASE)
    assert outcome.code == 2
    assert "a GraphDef at most 20,000" in outcome.err
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("jpeg_training.pb", "has 2 variables without values: 'kernel', 'w'"),
        ("flex_ops.tflite", "is a TensorFlow Lite model, which no GraphDef can be made of"),
        ("no_such_model.pb", "No such file"),
    ],
)
def test_models_that_cannot_be_prepared(cli: Cli, model: str, problem: str) -> None:
    outcome = cli("prepare", FIXTURES / "models" / model, "-o", "phone.pb", *RELEASE)
    assert outcome.code == 2
    assert problem in outcome.err
    assert not Path("phone.pb").exists()


def test_a_checkpoint_that_nobody_needs_is_mentioned(cli: Cli) -> None:
    outcome = cli("prepare", MOBILENET, "--checkpoint", "model.ckpt", "-o", "phone.pb", *RELEASE)
    assert outcome.code == 0, outcome.err
    assert "the graph has no variables, so the checkpoint is not read" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--shape", "1,5,5,3"), "input 'input' has the shape 1,32,32,3, which 1,5,5,3 contradicts"),
        (("--type", "int32"), "input 'input' is float, not int32"),
        (("--inputs", MIDDLE, "--shape", "1,16,16,9"), "has the shape 1,16,16,8, which 1,16,16,9 contradicts"),
        (("--inputs", "inpt"), "the graph has no node 'inpt' for the input; did you mean input"),
        (("--outputs", "input"), "nothing is left of it between input and input"),
        (("--outputs", "MobilenetV2/Prediction"), "did you mean MobilenetV2/Predictions"),
        (("--type", "flaot"), "'flaot' is no data type"),
        (("--shape", "1,x"), "'1,x' is no shape"),
        (("--signature", "serving_default", "--outputs", "x"), "a signature has outputs of its own"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_written(cli: Cli, arguments: tuple[str, ...], problem: str) -> None:
    outcome = cli("prepare", MOBILENET, *arguments, "-o", "phone.pb", *RELEASE)
    assert outcome.code == 2
    assert problem in outcome.err
    assert not Path("phone.pb").exists()


DROPOUT = (
    PHASE.partition('    node { name: "result"')[0]
    + """
    node { name: "noise" op: "RandomUniform" input: "size" attr { key: "dtype" value { type: DT_FLOAT } }
        attr { key: "T" value { type: DT_INT32 } } }
    node { name: "size" op: "Shape" input: "sides:1" attr { key: "T" value { type: DT_FLOAT } } }
    node { name: "noisy" op: "Mul" input: "sides:1" input: "noise" input: "^switch_t"
        attr { key: "T" value { type: DT_FLOAT } } }
    node { name: "pivot" op: "Switch" input: "phase" input: "phase" attr { key: "T" value { type: DT_BOOL } } }
    node { name: "switch_f" op: "Identity" input: "pivot" attr { key: "T" value { type: DT_BOOL } } }
    node { name: "switch_t" op: "Identity" input: "pivot:1" attr { key: "T" value { type: DT_BOOL } } }
    node { name: "merge" op: "Merge" input: "sides" input: "noisy" attr { key: "N" value { i: 2 } }
        attr { key: "T" value { type: DT_FLOAT } } }
    node { name: "result" op: "Relu" input: "merge" attr { key: "T" value { type: DT_FLOAT } } }
"""
)


@pytest.mark.parametrize("command", ["prepare", "transform"])
@pytest.mark.parametrize(
    "flag", ["--input=a.pb", "--output=b.pb", "--frozen_graph=True", "--input_names", "--output_names=y"]
)
def test_who_comes_from_optimize_for_inference_is_told_the_way(cli: Cli, command: str, flag: str) -> None:
    outcome = cli(command, flag)
    assert outcome.code == 2
    assert (
        f"{flag.partition('=')[0]} is a flag of TensorFlow's optimize_for_inference; in its place write" in outcome.err
    )
    assert "  opselect prepare INPUT -o OUTPUT --inputs INPUT_NAMES --outputs OUTPUT_NAMES" in outcome.err


def test_what_only_checks_is_offered_for_removal_and_a_flag_takes_it_out(cli: Cli) -> None:
    Path("m.pbtxt").write_text(
        'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } '
        'attr { key: "shape" value { shape { dim { size: 2 } } } } }'
        'node { name: "f" op: "IsFinite" input: "x" attr { key: "T" value { type: DT_FLOAT } } }'
        'node { name: "a" op: "Assert" input: "f" input: "x" attr { key: "T" value { list { type: DT_FLOAT } } } }'
        'node { name: "c" op: "CheckNumerics" input: "x" input: "^a" attr { key: "T" value { type: DT_FLOAT } } '
        'attr { key: "message" value { s: "no" } } }'
        'node { name: "y" op: "Neg" input: "c" attr { key: "T" value { type: DT_FLOAT } } }'
        "versions { producer: 27 }"
    )
    kept = cli("prepare", "m.pbtxt", "-o", "out.pb", "--outputs=y")
    assert "3 nodes only check values (Assert, CheckNumerics, IsFinite): --remove-checks takes them out" in kept.err
    assert len(read_graph("out.pb").nodes) == 5
    outcome = cli("prepare", "m.pbtxt", "-o", "out.pb", "--outputs=y", "--remove-checks")
    assert outcome.code == 0, outcome.err
    assert "check" not in outcome.err
    assert {node.op for node in read_graph("out.pb").nodes} == {"Placeholder", "Neg"}


def test_any_other_unknown_flag_has_no_such_hint(cli: Cli) -> None:
    outcome = cli("prepare", "--inptus=a")
    assert outcome.code == 2
    assert "optimize_for_inference" not in outcome.err


def test_of_a_dropout_nothing_is_left(cli: Cli) -> None:
    outcome = cli("prepare", write("dropout.pbtxt", DROPOUT), "-o", "phone.pb", *RELEASE, "--json")
    assert outcome.code == 0, outcome.err
    assert (outcome.json["inputs"], outcome.json["outputs"]) == (["x"], ["result"])
    assert {node.op for node in read_graph("phone.pb").nodes} == {"Placeholder", "Relu"}
