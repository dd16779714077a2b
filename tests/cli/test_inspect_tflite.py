from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.opselect.tflite_files import BUILTIN, Code, Op, Subgraph, Tensor, tflite_bytes

MODELS = Path(__file__).parents[2] / "fixtures" / "models"


def test_json_of_a_model_with_tensorflow_ops(cli: Cli) -> None:
    document = cli("inspect", MODELS / "flex_ops.tflite", "--json").json
    assert document["format"] == "tflite"
    assert document["inputs"] == [{"name": "image", "dtype": "DT_INT8", "shape": [-1, 8, 8, 1]}]
    assert [tensor["name"] for tensor in document["outputs"]] == ["blended", "text"]
    assert document["flex_ops"] == {"Erf": 2, "AsString": 1, "MatrixDeterminant": 1}
    assert {"name": "CONV_2D", "version": 3, "custom": False, "count": 1} in document["operators"]
    assert {"name": "BlendEdges", "version": 2, "custom": True, "count": 1} in document["operators"]
    assert document["op_counts"]["FlexErf"] == 2
    assert document["parameters"] == {"constants": 19}
    assert document["signatures"]["serving_default"]["inputs"]["image"]["name"] == "image"
    assert document["criteria"] == []
    assert "functions" not in document


def test_json_of_subgraphs(cli: Cli) -> None:
    document = cli("inspect", MODELS / "flex_while.tflite", "--json").json
    assert [subgraph["name"] for subgraph in document["subgraphs"]] == ["main", "while_cond", "while_body"]
    assert document["subgraphs"][0]["operators"] == ["WHILE"]
    assert document["subgraphs"][1]["outputs"] == [{"name": "less", "dtype": "DT_BOOL", "shape": []}]


def test_the_report_has_versions_and_kinds_of_operators(cli: Cli) -> None:
    outcome = cli("inspect", MODELS / "flex_ops.tflite")
    assert outcome.code == 0
    lines = [line.split() for line in outcome.out.splitlines()]
    assert ["CONV_2D", "3", "built-in", "1", "1.14.0"] in lines
    assert ["BlendEdges", "2", "custom", "1"] in lines
    assert ["FlexErf", "1", "TensorFlow", "op", "2"] in lines
    assert ["0", "main", "in", "image", "INT8", "[?,8,8,1]"] in lines


def test_the_inputs_of_tensorflow_ops_inside_are_no_ground_to_refuse_the_model(cli: Cli) -> None:
    # The delegate runs each op by itself: the file has no edges between them.
    outcome = cli("inspect", MODELS / "flex_while.tflite", "--tensorflow", "2.14")
    assert (outcome.code, "does not load" in outcome.out) == (0, False)
    assert cli("inspect", MODELS / "flex_while.tflite", "--tensorflow", "2.14", "--json").json["refused"] == []


def test_commands_to_go_on_with_are_those_for_tensorflow_lite(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(MODELS)
    for model in ("flex_while.tflite", "edited.tflite"):
        printed = cli("inspect", model).out.partition("to go on with it\n")[2].splitlines()
        assert [line.split()[1:3] for line in printed] == [["verify", model], *[["generate", model]] * 3]
    lines = cli("inspect", "flex_while.tflite", "--tensorflow", "2.14", "--profile", "desktop").out.splitlines()
    assert lines[-1] == (
        "  opselect generate flex_while.tflite --tensorflow 2.14 --profile desktop --target flex-bazel --out flex"
    )


def test_the_commands_to_go_on_with_work(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copy(MODELS / "flex_while.tflite", tmp_path)
    monkeypatch.chdir(tmp_path)
    printed = cli("inspect", "flex_while.tflite").out.partition("to go on with it\n")[2].splitlines()
    for line in printed:
        assert cli(*shlex.split(line)[1:]).code == 0, line
    assert {path.name for path in tmp_path.glob("*/*")} == {
        "registration.cc",
        "tflite_registration.cmake",
        "tflite.BUILD",
        "selected_flex.bzl",
    }


def test_structure_lists_operators_with_their_tensors(cli: Cli) -> None:
    lines = cli("inspect", MODELS / "flex_ops.tflite", "--print-structure").out.splitlines()
    assert "  CONV_2D: [image, filter, bias] -> [features]" in lines
    assert "  ADD: [blended, -] -> [blended]" in lines
    lines = cli("inspect", MODELS / "flex_while.tflite", "--print-structure").out.splitlines()
    assert [line for line in lines if line.endswith(", subgraphs 1, 2")]


def test_a_model_without_tensorflow_ops_needs_none(cli: Cli, tmp_path: Path) -> None:
    tensors = (Tensor("x", (2,)), Tensor("y", (2,), type=120))
    path = tmp_path / "plain.tflite"
    path.write_bytes(tflite_bytes(Subgraph(tensors, (Op(BUILTIN.RELU, (0,), (1,)),), (0,), (1,))))
    document = cli("inspect", path, "--json").json
    assert document["flex_ops"] == {}
    assert document["outputs"] == [{"name": "y", "dtype": "type 120", "shape": [2]}]
    assert "criteria" not in document
    outcome = cli("inspect", path)
    assert "TensorFlow ops inside: none" in outcome.out
    assert "flex-bazel" not in outcome.out


def test_summarize_graph_knows_no_such_models(cli: Cli) -> None:
    outcome = cli("inspect", MODELS / "flex_ops.tflite", "--format", "summarize_graph")
    assert (outcome.code, outcome.out) == (2, "")
    assert "summarize_graph does not know" in outcome.err


def test_requirements_are_those_of_the_tensorflow_ops(cli: Cli) -> None:
    rows = cli("requirements", MODELS / "flex_while.tflite", "--tensorflow", "2.14", "--json").json["ops"]
    assert {row["op"]: row["nodes"] for row in rows} == {"Cast": ["loop/Cast"], "Inv": ["loop/Inv"]}


def test_the_minimum_runtime_is_computed_and_held_against_the_note(cli: Cli) -> None:
    outcome = cli("inspect", MODELS / "edited.tflite", "--json")
    assert outcome.code == 0
    minimum = outcome.json["min_runtime"]
    (finding,) = minimum.pop("findings")
    assert finding["code"] == "OPS132"
    assert minimum == {
        "computed": "2.9.0",
        "stored": "2.3.0",
        "judgement": "lower",
        "operators": [
            {"op": "FULLY_CONNECTED", "version": 9, "release": "2.3.0", "registered": ["TensorFlow Lite 2.4"]},
            {"op": "GELU", "version": 2, "release": "2.9.0", "registered": ["TensorFlow Lite 2.9"]},
        ],
        "unused": [],
    }
    out = cli("inspect", MODELS / "edited.tflite").out
    assert "minimum runtime: 2.9.0, for GELU 2; the model notes 2.3.0\n" in out
    assert "  FULLY_CONNECTED 9: upstream says 2.3.0; the first to register it: TensorFlow Lite 2.4\n" in out
    assert "OPS132" in out


@pytest.mark.parametrize(
    ("ops", "line"),
    [
        (
            (Op(BUILTIN.ADD), Op(BUILTIN.MUL, version=99)),
            "minimum runtime: 1.5.0, for ADD 1; or later, for nobody says since when there is MUL 99",
        ),
        ((Op(BUILTIN.MUL, version=99),), "minimum runtime: not known by its operators; the model notes none"),
        ((Op("Mine"),), "minimum runtime: not known by its operators; the model notes none"),
        (
            (Op(BUILTIN.STABLEHLO_CBRT),),
            "  STABLEHLO_CBRT 1: upstream says 2.17.0; the first to register it: none up to TensorFlow Lite 2.21",
        ),
    ],
)
def test_what_is_not_known_of_the_minimum_is_said(cli: Cli, tmp_path: Path, ops: tuple[Op, ...], line: str) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(tflite_bytes(Subgraph(operators=ops)))
    outcome = cli("inspect", path)
    assert outcome.code == 0
    assert any(text.startswith(line) for text in outcome.out.splitlines())
    assert "OPS132" not in outcome.out
    if Op(BUILTIN.MUL, version=99) in ops:
        row = ["MUL", "99", "built-in", "1", "not", "known"]
        assert row in [text.split() for text in outcome.out.splitlines()]


def test_an_endless_note_is_shown_in_part(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    note = (b"", b"9" * 5000)
    model = tflite_bytes(Subgraph(operators=(Op(BUILTIN.ADD),)), buffers=note, metadata=(("min_runtime_version", 1),))
    path.write_bytes(model)
    outcome = cli("inspect", path)
    assert outcome.code == 0
    assert max(map(len, outcome.out.splitlines())) < 400
    assert "(5,000 characters)" in outcome.out


def test_what_stands_in_the_table_of_operators_alone_is_said(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    unused = (Code(BUILTIN.GELU, version=2), Code(BUILTIN.ADD), Code(BUILTIN.CUSTOM, custom="Mine"))
    path.write_bytes(tflite_bytes(Subgraph(operators=(Op(BUILTIN.ADD),)), codes=unused))
    minimum = cli("inspect", path, "--json").json["min_runtime"]
    assert minimum["computed"] == "1.5.0"
    assert minimum["unused"] == [
        {"op": "GELU", "version": 2, "release": "2.9.0", "registered": ["TensorFlow Lite 2.9"]}
    ]
    assert "  GELU 2 (2.9.0): nothing uses it, and an interpreter looks up" in cli("inspect", path).out
