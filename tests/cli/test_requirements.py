from __future__ import annotations

from pathlib import Path

from opselect.usecases.model_names import model_names
from tests.cli.conftest import Cli, Model


def test_json_has_ops_attrs_and_who_asks(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul", "Relu", "Mul")
    document = cli("requirements", path, "--index", index_file, "--json").json
    by_op = {row["op"]: row for row in document["ops"]}
    assert sorted(by_op) == ["Mul", "Placeholder", "Relu"]
    assert by_op["Mul"] == {
        "op": "Mul",
        "attrs": {"T": "DT_FLOAT"},
        "device": "",
        "count": 2,
        "nodes": ["n0", "n2"],
        "models": ["model.pbtxt"],
        "model_count": 1,
    }


def test_outputs_cut_what_they_do_not_need(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul", "Relu", "Mul")
    document = cli("requirements", path, "--index", index_file, "--outputs", "n0", "--json").json
    assert [row["op"] for row in document["ops"]] == ["Mul", "Placeholder"]


def test_table_counts_nodes(cli: Cli, index_file: Path, model: Model) -> None:
    outcome = cli("requirements", model("Mul", "Mul"), "--index", index_file)
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == "2 ops, 3 nodes"
    assert ["Mul", "T=DT_FLOAT", "any", "2", "n0,", "n1"] in [line.split() for line in outcome.out.splitlines()]


def test_models_are_merged(cli: Cli, index_file: Path, model: Model) -> None:
    paths = [model("Mul", name="a.pbtxt"), model("Mul", "Relu", name="b.pbtxt")]
    rows = {row["op"]: row for row in cli("requirements", *paths, "--index", index_file, "--json").json["ops"]}
    assert rows["Mul"]["count"] == 2
    assert rows["Mul"]["models"] == ["a.pbtxt", "b.pbtxt"]
    assert rows["Relu"]["models"] == ["b.pbtxt"]


def test_models_of_one_name_are_told_apart_by_folder() -> None:
    paths = ["/m/one/graph.pb", "/m/two/graph.pb", "/m/two/other.pb", "/m/two/../one/graph.pb", "gs://m/three/graph.pb"]
    assert list(model_names(paths).values()) == ["one/graph.pb", "two/graph.pb", "other.pb", "three/graph.pb"]
