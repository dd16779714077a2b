"""The command line of ``opselect transform``, and what it leaves behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from opselect.models.formats import read_graph
from opselect.rewriting.absent import ABSENT
from opselect.rewriting.transforms import NAMES
from tests.cli.conftest import Cli
from tests.conformance.transforms import DIFFERS, PASS, Case, judge, read_cases
from tests.opselect.graph_text import graph_bytes, node

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "fixtures" / "models"
RECORDED = read_cases(ROOT / "fixtures" / "transforms")
JPEG = MODELS / "jpeg_training.pb"
STRIP = 'strip_unused_nodes(type=float, shape="1,8,8,3")'


def nodes(path: str | Path) -> dict[str, str]:
    return {node.name: node.op for node in read_graph(path).nodes}


@pytest.mark.parametrize("case", RECORDED, ids=[case.name for case in RECORDED])
def test_graphs_are_those_that_the_graph_transform_tool_made(case: Case) -> None:
    verdict = judge(case)
    assert verdict.kind in (PASS, DIFFERS), str(verdict)


def test_flags_as_the_graph_transform_tool_takes_them(cli: Cli) -> None:
    outcome = cli(
        "transform", f"--in_graph={JPEG}", "--out_graph=out.pb", "--inputs=normalized", "--outputs=probabilities",
        f"--transforms=\n {STRIP}\n remove_nodes(op=Identity, op=CheckNumerics)\n", "--output_as_text=false",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert outcome.out == ""
    assert outcome.err == f"{JPEG}: 98 nodes, 11.1 kB\nout.pb: 9 nodes, 751 bytes\n"
    assert Path("out.pb").stat().st_size == 751
    left = nodes("out.pb")
    assert left["normalized"] == "Placeholder"
    assert not {"DecodeJpeg", "QueueEnqueueManyV2", "Identity"} & set(left.values())


def test_the_command_of_the_document_for_mobile_models(cli: Cli) -> None:
    """``--inputs`` of the document is the Mul that scales the pixels, as here."""
    outcome = cli(
        "transform",
        f"--in_graph={JPEG}",
        "--out_graph=optimized.pb",
        "--inputs=normalized",
        "--outputs=probabilities",
        '--transforms=\n strip_unused_nodes(type=float, shape="1,8,8,3")\n fold_constants(ignore_errors=true)\n'
        " fold_batch_norms\n fold_old_batch_norms",
    )
    assert outcome.code == 0, outcome.err
    assert nodes("optimized.pb")["normalized"] == "Placeholder"


def test_the_short_form_and_dashes(cli: Cli) -> None:
    arguments = ("--inputs", "normalized", "--outputs", "probabilities", "--transforms", STRIP)
    assert cli("transform", JPEG, "short.pb", *arguments).code == 0
    assert cli("transform", "--in-graph", JPEG, "--out-graph", "dashes.pb", *arguments).code == 0
    assert Path("short.pb").read_bytes() == Path("dashes.pb").read_bytes()


@pytest.mark.parametrize("flag", ["--output_as_text", "--output-as-text", "--output_as_text=true"])
def test_text_in_and_out(cli: Cli, flag: str) -> None:
    text = MODELS / "tiny_mobilenet.pbtxt"
    outcome = cli("transform", text, "out.pbtxt", "--transforms", "remove_device", flag, "-q")
    assert (outcome.code, outcome.err) == (0, "")
    assert Path("out.pbtxt").read_text().startswith('node {\n  name: "')
    assert nodes("out.pbtxt") == nodes(text)
    assert cli("transform", "out.pbtxt", "back.pb", "--transforms", "remove_device").code == 0
    assert cli("transform", MODELS / "tiny_mobilenet.pb", "same.pb", "--transforms", "remove_device").code == 0
    assert Path("back.pb").read_bytes() == Path("same.pb").read_bytes()


def test_a_graph_behind_a_url(cli: Cli) -> None:
    outcome = cli("transform", f"file://{JPEG}", "out.pb", "--transforms", "remove_device")
    assert outcome.code == 0, outcome.err
    assert nodes("out.pb") == nodes(JPEG)
    outcome = cli("transform", JPEG, "memory://out.pb", "--transforms", "remove_device")
    assert (outcome.code, outcome.err.splitlines()[0]) == (
        2,
        "error: memory://out.pb: graphs are written to files only",
    )


def test_homes(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    shutil.copy(JPEG, tmp_path / "home" / "in.pb")
    assert cli("transform", "--in_graph=~/in.pb", "--out_graph=~/out.pb", "--transforms=remove_device").code == 0
    assert (tmp_path / "home" / "out.pb").exists()
    outcome = cli("transform", "~nobody_of_that_name/in.pb", "out.pb", "--transforms=remove_device")
    assert (outcome.code, "~nobody_of_that_name/in.pb: cannot be read" in outcome.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--transforms=no_such",), "there is no transform 'no_such'"),
        (("--transforms=strip_unused_nodes(type float)",), "'=' is missing"),
        (("--transforms=strip_unused_nodes(type=float",), "the name of an argument is missing"),
        (("--transforms=strip_unused_nodes",), "strip_unused_nodes needs to know the outputs"),
        (("--transforms=remove_device", "--inputs=jpag"), "no node 'jpag' for the input; did you mean jpeg"),
        (("--transforms=quantize_nodes",), "opselect has no quantize_nodes: it changes what a model computes"),
        (("--transforms=remove_device(how=much)",), "remove_device has no argument 'how'"),
        (("--transforms=strip_unused_nodes(type=int32)", "--inputs=normalized", "--outputs=probabilities"),
         "node 'Conv2D': after strip_unused_nodes its input 'normalized' is DT_INT32"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_and_nothing_is_written(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    outcome = cli("transform", JPEG, "out.pb", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name one graph to read: IN or --in_graph"),
        ((JPEG,), "name one file to write: OUT or --out_graph"),
        ((JPEG, "out.pb", "--in_graph=other.pb"), "name one graph to read: IN or --in_graph"),
        ((JPEG, "out.pb"), "--transforms names no transform; --list shows those there are"),
        ((JPEG, "out.pb", "--transforms= "), "--transforms names no transform"),
        ((JPEG, "out.pb", "--transforms=remove_device", "--json"), "--json goes with --list"),
    ],
)
def test_usage(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    outcome = cli("transform", *arguments)
    assert outcome.code == 2
    assert message in outcome.err


def test_no_graph_is_half_written(cli: Cli) -> None:
    Path("out.pb").write_bytes(b"before")
    cut = Path("cut.pb")
    cut.write_bytes(JPEG.read_bytes()[:-100])
    assert cli("transform", cut, "out.pb", "--transforms=remove_device").code == 2
    assert cli("transform", JPEG, "no/such/folder/out.pb", "--transforms=remove_device").code == 2
    assert Path("out.pb").read_bytes() == b"before"


@pytest.mark.parametrize(
    ("script", "advice"),
    [
        ("fuse_resize_and_conv remove_device", "Take it out: the script runs without it."),
        ("quantize_nodes remove_device fuse_pad_and_conv", "Take them out: the script runs without them."),
        ("remove_ema rename_op", "Without it the other steps do not run either: argument 'old_op_name' is missing"),
        ("insert_logging", "No other step is left."),
    ],
)
def test_a_script_with_what_is_not_there_is_told_whether_it_runs_without(cli: Cli, script: str, advice: str) -> None:
    outcome = cli("transform", JPEG, "out.pb", "--transforms", script)
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1] == f"  {advice}"
    assert f"opselect has no {script.split(maxsplit=1)[0]}: " in outcome.err
    assert "There are" not in outcome.err
    assert not Path("out.pb").exists()


def test_what_the_user_should_know_goes_to_stderr(cli: Cli) -> None:
    text = "rename_op(ignore_errors=true)"
    outcome = cli("transform", JPEG, "out.pb", "--transforms", text)
    assert outcome.code == 0
    assert outcome.err.startswith("warning: rename_op failed and was left out: argument 'old_op_name' is missing\n")
    assert cli("transform", JPEG, "out.pb", "--transforms", text, "--quiet").err == ""


def test_the_list_has_every_transform_its_arguments_and_those_that_are_not_there(cli: Cli) -> None:
    outcome = cli("transform", "--list")
    assert outcome.code == 0
    words = outcome.out.split()
    assert set(NAMES) | ABSENT.keys() <= set(words)
    assert "minimum_size" in words
    document = cli("transform", "--list", "--json").json
    assert [each["name"] for each in document["transforms"]] == list(NAMES)
    assert [each["name"] for each in document["absent"]] == list(ABSENT)
    (strip,) = (each for each in document["transforms"] if each["name"] == "strip_unused_nodes")
    assert strip["arguments"][0]["name"] == "type"
    assert [each["name"] for each in strip["arguments"] if each["repeated"]] == [
        "name",
        "type_for_name",
        "shape_for_name",
    ]


def test_compat_is_the_original(cli: Cli) -> None:
    arguments = ("--inputs=normalized:0", "--outputs=probabilities", "--transforms=obfuscate_names")
    assert cli("transform", JPEG, "ours.pb", *arguments).code == 0
    assert cli("transform", JPEG, "theirs.pb", *arguments, "--compat", "gtt").code == 0
    assert "normalized" in nodes("ours.pb")
    assert "normalized" not in nodes("theirs.pb")


def twins(op: str) -> str:
    """Two nodes that are equal, and what takes both."""
    node = 'node {{ name: "{}" op: "{}" input: "x" input: "x" attr {{ key: "T" value {{ type: DT_FLOAT }} }} }}\n'
    x = 'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }\n'
    both = node.format("y", "Mul").replace('"x" input: "x"', '"a" input: "b"')
    return x + node.format("a", op) + node.format("b", op) + both


@pytest.mark.parametrize(
    ("source", "merged"), [((), True), (("--tensorflow", "1.14"), True), (("--tensorflow", "1.4"), False)]
)
def test_the_ops_are_those_of_the_tensorflow_that_is_named(cli: Cli, source: tuple[str, ...], merged: bool) -> None:
    Path("twins.pbtxt").write_text(twins("MulNoNan"))
    steps = ("--transforms=merge_duplicate_nodes", "--inputs=x", "--outputs=y")
    assert cli("transform", "twins.pbtxt", "out.pb", *steps, *source).code == 0
    assert sorted(nodes("out.pb")) == (["a", "x", "y"] if merged else ["a", "b", "x", "y"])


def test_a_folder_of_ones_own_defines_custom_ops(cli: Cli) -> None:
    Path("twins.pbtxt").write_text(twins("Blend"))
    Path("mine").mkdir()
    Path("mine/blend.cc").write_text(
        'REGISTER_OP("Blend").Input("a: T").Input("b: T").Output("c: T").Attr("T: type");\n'
    )
    steps = ("twins.pbtxt", "out.pb", "--transforms=merge_duplicate_nodes", "--inputs=x", "--outputs=y")
    assert cli("transform", *steps).code == 0
    assert "b" in nodes("out.pb")
    assert cli("transform", *steps, "--root", "mine").code == 0
    assert "b" not in nodes("out.pb")


def test_at_most_one_tensorflow_is_named(cli: Cli) -> None:
    steps = ("in.pb", "out.pb", "--transforms=remove_device", "--tensorflow", "1.4", "--index", __file__)
    outcome = cli("transform", *steps)
    assert outcome.code == 2
    assert "name one TensorFlow" in outcome.err


def test_a_graph_of_which_nothing_is_left_is_not_written(cli: Cli) -> None:
    text = node("x", "Placeholder", attrs="dtype: type: DT_BOOL") + node("a", "Assert", "x", attrs="T: list { }")
    Path("g.pb").write_bytes(graph_bytes(text))
    outcome = cli("transform", "g.pb", "o.pb", "--transforms", "remove_checks")
    assert outcome.code == 2
    assert "no node is left of the graph" in outcome.err
    assert not Path("o.pb").exists()
