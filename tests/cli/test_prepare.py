"""The whole way to the phone in one command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opselect.evaluation.run import run
from opselect.formats import read_graph
from tests.cli.conftest import Cli

FIXTURES = Path(__file__).parents[2] / "fixtures"
MOBILENET = FIXTURES / "models" / "tiny_mobilenet.pb"
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
    middle = "MobilenetV2/Conv/Relu6"
    shape = ("--type", "float", "--shape", "1,16,16,8")
    outcome = cli("prepare", MOBILENET, "--inputs", middle, *shape, "-o", "phone.pb", *RELEASE)
    assert outcome.code == 0, outcome.err
    nodes = {node.name: node for node in read_graph("phone.pb").nodes}
    assert nodes[middle].op == "Placeholder"
    assert str(nodes[middle].attrs["shape"]) == "Shape(dims=(1, 16, 16, 8))"
    assert "input" not in nodes


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--outputs", "MobilenetV2/Prediction"), "nearest: 'MobilenetV2/Predictions'"),
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
