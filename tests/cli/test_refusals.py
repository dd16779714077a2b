"""What a release refuses, on the command line: text, exit code and JSON say the same."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from opselect.models.formats import read_graph
from tests.cli.conftest import Cli
from tests.opselect.graph_text import graph_bytes, node

X = node("x", "Placeholder", attrs="dtype: type: DT_UINT8")
CAST = "SrcT: type: DT_UINT8; DstT: type: DT_FLOAT"

NEWER_ATTR = X + node("cast", "Cast", "x", attrs=f"{CAST}; Truncate: b: false")
OTHER_VALUE = X + node("cast", "Cast", "x", attrs=f"{CAST}; Truncate: b: true")
FITTING = X + node("cast", "Cast", "x", attrs=CAST)
BAD_INPUTS = X + node("cast", "Cast", "x", "x", attrs=CAST)

OLD = ("--tensorflow", "1.4")


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return tmp_path / "graph.pb"


COMMANDS = {
    "generate": ("generate", "graph.pb", *OLD, "--target", "manifest", "--json"),
    "requirements": ("requirements", "graph.pb", *OLD, "--json"),
    "inspect": ("inspect", "graph.pb", *OLD, "--json"),
    "prepare": ("prepare", "graph.pb", *OLD, "-o", "out.pb", "--json"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("text", "kinds"), [(FITTING, []), (OTHER_VALUE, ["unknown_attr"]), (BAD_INPUTS, ["inputs"])])
def test_text_exit_code_and_json_agree(cli: Cli, graph: Path, command: str, text: str, kinds: list[str]) -> None:
    graph.write_bytes(graph_bytes(text))
    outcome = cli(*COMMANDS[command])
    assert outcome.code == (1 if kinds else 0)
    assert [each["kind"] for each in outcome.json["refused"]] == kinds
    read = cli(
        *(part for part in COMMANDS[command] if part != "--json"), *(["--out", "d"] if command == "generate" else [])
    )
    assert read.code == outcome.code
    assert ("TensorFlow 1.4.1 does not load this:" in read.out + read.err) == bool(kinds)


def test_nothing_is_written_that_the_release_refuses(cli: Cli, graph: Path) -> None:
    graph.write_bytes(graph_bytes(NEWER_ATTR))
    outcome = cli("generate", "graph.pb", *OLD, "--out", "lists")
    assert (outcome.code, Path("lists").exists()) == (1, False)
    assert "NodeDef mentions attr 'Truncate' not in Op<name=Cast>" in outcome.err
    allowed = cli("generate", "graph.pb", *OLD, "--out", "lists", "--allow-missing")
    assert allowed.code == 0
    assert "1 refusal passed over" in allowed.err
    assert "INCOMPLETE: this TensorFlow does not load the models" in Path("lists/kernels.BUILD").read_text()
    assert "refused:\n" in Path("lists/manifest.yaml").read_text()


def test_the_commands_of_the_advice_mend_it(cli: Cli, graph: Path) -> None:
    graph.write_bytes(graph_bytes(NEWER_ATTR))
    advice = cli("requirements", "graph.pb", *OLD, "--json").json["refused"][0]["advice"]
    prepare, transform = (shlex.split(part)[1:] for part in _commands(advice))
    assert cli(*prepare).code == 0
    assert cli(*transform).code == 0
    for path in ("phone.pb", "without.pb"):
        assert all("Truncate" not in node.attrs for node in read_graph(path).nodes)
        assert cli("requirements", path, *OLD).code == 0


def _commands(advice: str) -> list[str]:
    first, _, second = advice.partition(" does it; for a GraphDef also ")
    return [first[first.index("opselect ") :], second.partition(" TensorFlow ")[0].removesuffix(".")]


def test_prepare_takes_off_what_the_release_refuses_and_says_so(cli: Cli, graph: Path) -> None:
    graph.write_bytes(graph_bytes(NEWER_ATTR))
    outcome = cli("prepare", "graph.pb", *OLD, "-o", "out.pb", "--json")
    assert outcome.code == 0
    assert "taken off, for TensorFlow 1.4.1 refuses them: Truncate of Cast (1 node)" in outcome.err
    assert outcome.json["taken_off"] == [{"op": "Cast", "attr": "Truncate", "count": 1}]
    assert {node.op: set(node.attrs) for node in read_graph("out.pb").nodes}["Cast"] == {"SrcT", "DstT"}


def test_prepare_writes_what_is_refused_only_if_it_is_told_to(cli: Cli, graph: Path) -> None:
    graph.write_bytes(graph_bytes(OTHER_VALUE))
    outcome = cli("prepare", "graph.pb", *OLD, "-o", "out.pb")
    assert (outcome.code, Path("out.pb").exists()) == (1, False)
    assert "Nothing was written." in outcome.err
    allowed = cli("prepare", "graph.pb", *OLD, "-o", "out.pb", "--allow-missing")
    assert (allowed.code, Path("out.pb").exists()) == (0, True)
    assert "does not load this" in allowed.err


@pytest.mark.parametrize("command", [("inspect", "graph.pb"), ("prepare", "graph.pb", "-o", "out.pb")])
def test_without_a_tensorflow_nobody_asks(cli: Cli, graph: Path, command: tuple[str, ...]) -> None:
    graph.write_bytes(graph_bytes(X + node("cast", "Cast", "x", "x", attrs=CAST)))
    outcome = cli(*command, "--json")
    assert outcome.code == 0
    assert "refused" not in outcome.json


def test_refusals_survive_being_kept_and_merged(cli: Cli, graph: Path) -> None:
    for name, text in (("a", NEWER_ATTR), ("b", FITTING)):
        graph.write_bytes(graph_bytes(text))
        Path(f"{name}.pb").write_bytes(graph.read_bytes())
        kept = cli("requirements", f"{name}.pb", "--tensorflow", "2.14", "--json")
        assert (kept.code, kept.json["refused"]) == (0, [])
        Path(f"{name}.json").write_text(kept.out)
    Path("all.json").write_text(cli("requirements", "--requirements", "a.json", "b.json", "--json").out)
    outcome = cli("requirements", "--requirements", "all.json", *OLD, "--json")
    assert outcome.code == 1
    assert [(each["attr"], each["models"]) for each in outcome.json["refused"]] == [("Truncate", ["a.pb"])]
    assert cli("generate", "--requirements", "all.json", *OLD, "--out", "lists").code == 1
    assert cli("generate", "--requirements", "b.json", *OLD, "--out", "lists").code == 0


def test_files_without_facts_are_named_whatever_they_are_merged_into(cli: Cli) -> None:
    Path("old.json").write_text('{"ops": [{"op": "Cast", "attrs": {"SrcT": "DT_UINT8", "DstT": "DT_FLOAT"}}]}')
    Path("all.json").write_text(cli("requirements", "--requirements", "old.json", "--json").out)
    assert json.loads(Path("all.json").read_text())["loads"]["unknown"] == ["old.json"]
    outcome = cli("requirements", "--requirements", "all.json", "--tensorflow", "2.14", "--json")
    assert outcome.code == 0
    assert any(line.startswith("old.json: what a release checks") for line in outcome.json["unjudged"])
    assert "warning: old.json: what a release checks when it loads a graph was not collected" in outcome.err
    assert cli("requirements", "--requirements", "all.json", "--tensorflow", "2.14", "-q").err == ""


def test_models_are_named_where_there_are_several(cli: Cli) -> None:
    for name in ("a.pb", "b.pb"):
        Path(name).write_bytes(graph_bytes(BAD_INPUTS))
    one, both = cli("requirements", "a.pb", *OLD).out, cli("requirements", "a.pb", "b.pb", *OLD).out
    assert "    Cast  cast\n" in one
    assert "    Cast  cast and 1 more node in a.pb, b.pb\n" in both


def test_versions_are_those_that_the_index_has(cli: Cli, graph: Path, index_file: Path) -> None:
    graph.write_bytes(
        graph_bytes(node("x", "Placeholder", attrs="dtype: type: DT_FLOAT") + "versions { min_consumer: 28 }")
    )
    outcome = cli("requirements", "graph.pb", "--index", index_file)
    assert outcome.code == 1
    assert "GraphDef min consumer version 28 above current version 27" in outcome.out
