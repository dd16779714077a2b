"""Ops lists, headers and registrations for models with ops of the Flex delegate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opselect.build_lists.header.reader import read_header
from opselect.cli.shared.exit_codes import DONE, NO, UNUSABLE
from tests.cli.conftest import Cli
from tests.opselect.graph_text import node
from tests.opselect.tflite_files import BUILTIN, Op, Subgraph, flex, flex_options, tflite_bytes

ROOT = Path(__file__).parents[2]
FLEX = ROOT / "fixtures" / "models" / "flex_ops.tflite"
DESKTOP = ("--tensorflow", "2.14", "--profile", "desktop")
COMPAT = (*DESKTOP, "--target", "flex-ops", "--compat", "2.14", "--out", "out")
PAIRS = [
    ["AsString", "AsStringOp"],
    ["Erf", "UnaryOp<CPUDevice, functor::erf<float>>"],
    ["MatrixDeterminant", "(DeterminantOp<float>)"],
]


def erf(attrs: str = "T: type: DT_FLOAT") -> Op:
    return Op("FlexErf", options=flex(node("e", "Erf", attrs=attrs)))


@pytest.fixture
def calling(tmp_path: Path) -> Path:
    """A model with an op that calls a subgraph as a function."""
    operator = Op(
        "FlexPartitionedCall",
        options=flex(node("c", "PartitionedCall", attrs='f: func { name: "body" }; Tin: list { }; Tout: list { }')),
    )
    path = tmp_path / "calling.tflite"
    path.write_bytes(tflite_bytes(Subgraph(operators=(operator,)), Subgraph(name="body", operators=(erf(),))))
    return path


def pairs(out: str = "out") -> list[Any]:
    found: list[Any] = json.loads(Path(out, "flex_ops.json").read_text())
    return found


def test_the_list_of_the_tool_is_one_line_without_blanks(cli: Cli) -> None:
    assert cli("generate", FLEX, *COMPAT).code == DONE
    text = Path("out/flex_ops.json").read_text()
    assert text == json.dumps(PAIRS, separators=(",", ":")) + "\n"
    assert [path.name for path in Path("out").iterdir()] == ["flex_ops.json"]


def test_what_is_written_again_is_said_not_to_have_changed(cli: Cli) -> None:
    changed = [{"path": "out/flex_ops.json", "changed": True}]
    for expected in (changed, [{**changed[0], "changed": False}]):
        outcome = cli("generate", FLEX, *COMPAT, "--json")
        assert outcome.json["files"] == expected
        assert ("(unchanged)" in outcome.err) is (expected is not changed)


def test_bare_names_ask_for_no_release(cli: Cli) -> None:
    outcome = cli("generate", FLEX, FLEX, "--target", "flex-ops", "--no-kernels", "--out", "out")
    assert outcome.code == DONE
    assert Path("out/flex_ops.json").read_text() == '["AsString","Erf","MatrixDeterminant"]\n'


def test_a_model_without_such_ops_has_an_empty_list(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "plain.tflite").write_bytes(tflite_bytes(Subgraph(operators=(Op(BUILTIN.ADD),))))
    for kind in ([], ["--no-kernels"]):
        assert cli("generate", "plain.tflite", *COMPAT, *kind).code == DONE
        assert Path("out/flex_ops.json").read_text() == "[]\n"
    assert cli("generate", "plain.tflite", *DESKTOP, "--target", "flex-ops", "--out", "own").code == DONE
    assert Path("own/flex_ops.json").read_text() == "[]\n"


def test_ops_that_run_one_by_one_need_nothing_of_a_session(cli: Cli) -> None:
    assert cli("generate", FLEX, *DESKTOP, "--target", "flex-ops", "--target", "header", "--out", "out").code == DONE
    assert pairs() == PAIRS
    header = read_header(Path("out/ops_to_register.h").read_text())
    assert header.ops == tuple(op for op, _ in PAIRS)


def test_the_header_in_the_tools_words_has_no_default_ops(cli: Cli, calling: Path, tmp_path: Path) -> None:
    for model in (FLEX, calling):
        assert cli("generate", model, *COMPAT, "--target", "header", "--allow-missing").code == DONE
        header = read_header(Path("out/ops_to_register.h").read_text())
        assert header.ops == tuple(sorted({op for op, _ in pairs()}))
        assert header.classes == tuple(kernel_class for _, kernel_class in pairs())
    on_gpu = Op("FlexErf", options=flex(node("e", "Erf", attrs="T: type: DT_FLOAT", device="/device:GPU:0")))
    (tmp_path / "gpu.tflite").write_bytes(tflite_bytes(Subgraph(operators=(on_gpu,))))
    assert cli("generate", "gpu.tflite", *COMPAT, "--target", "header", "--allow-missing").code == DONE
    header = read_header(Path("out/ops_to_register.h").read_text())
    assert (header.ops, header.classes) == (("Erf",), (PAIRS[1][1],))
    assert cli("generate", FLEX, *COMPAT, "--target", "header", "--default-ops", "NoOp:NoOp").code == DONE
    assert read_header(Path("out/ops_to_register.h").read_text()).has_op("NoOp")


def test_functions_need_what_runs_them(cli: Cli, calling: Path) -> None:
    assert cli("generate", calling, *COMPAT).code == DONE
    assert pairs() == [["Erf", PAIRS[1][1]], ["PartitionedCall", "PartitionedCallOp"]]
    assert cli("generate", calling, *DESKTOP, "--target", "flex-ops", "--target", "header", "--out", "out").code == DONE
    own = pairs()
    assert ["TfLiteSubgraphExecute", "TfLiteSubgraphExecute"] in own
    # _Arg and _Retval are registered whatever a header says, and function_ops.cc does not compile where it has them.
    assert {op for op, _ in own} & {"_Arg", "_Retval"} == set()
    assert {"Const", "NoOp", "Erf", "PartitionedCall", "_Send"} <= {op for op, _ in own}
    header = read_header(Path("out/ops_to_register.h").read_text())
    assert all(header.has_op(op) and header.has_class(kernel_class) for op, kernel_class in own)


def test_functions_of_a_real_model_return_what_their_subgraphs_do(cli: Cli) -> None:
    model = ROOT / "fixtures/models/converted_dataset.tflite"
    assert cli("generate", model, *COMPAT).code == DONE
    listed = pairs()
    outcome = cli("generate", model, *DESKTOP, "--target", "flex-ops", "--out", "out")
    assert outcome.code == DONE, outcome.err
    assert all(pair in pairs() for pair in [*listed, ["TfLiteSubgraphExecute", "TfLiteSubgraphExecute"]])


def test_kept_requirements_say_what_runs_functions(cli: Cli, calling: Path) -> None:
    Path("kept.json").write_text(cli("requirements", calling, "--tensorflow", "2.14", "--json").out)
    assert cli("generate", "--requirements", "kept.json", *DESKTOP, "--target", "flex-ops", "--out", "out").code == DONE
    assert ["TfLiteSubgraphExecute", "TfLiteSubgraphExecute"] in pairs()
    refused = cli("generate", "--requirements", "kept.json", *COMPAT)
    assert refused.code == UNUSABLE
    assert "name a MODEL" in refused.err


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        (Op("FlexNope", options=flex(node("n", "Nope"))), "list_flex_ops ends with 'Op Nope not found'"),
        (erf("T: type: DT_STRING"), "list_flex_ops ends with 'Failed to find kernel class for op: Erf'"),
        (
            Op("FlexErf", options=flex(node("e", "Erf"))),
            "list_flex_ops ends with 'Failed to find kernel class for op: Erf'",
        ),
    ],
)
def test_where_the_tool_aborts_for_a_kernel_the_answer_is_no(
    cli: Cli, tmp_path: Path, operator: Op, words: str
) -> None:
    (tmp_path / "m.tflite").write_bytes(tflite_bytes(Subgraph(operators=(erf(), operator, operator))))
    outcome = cli("generate", "m.tflite", *COMPAT, "--json")
    assert outcome.code == NO
    assert words in " ".join(outcome.err.split())
    assert not Path("out").exists()
    (row,) = outcome.json["unresolved"]
    assert words in row["reason"]
    assert row["count"] == 2
    assert row["nodes"] == ["subgraph_0/operator_1", "subgraph_0/operator_2"]
    assert not outcome.json["ok"]
    assert outcome.json["files"] == []
    assert cli("generate", "m.tflite", *COMPAT, "--target", "manifest").code == NO
    assert not Path("out").exists()
    for more in ([], ["--target", "manifest"]):
        assert cli("generate", "m.tflite", *COMPAT, *more, "--allow-missing").code == DONE
        assert pairs() == [["Erf", PAIRS[1][1]]]


def test_options_that_the_tool_cannot_read_are_no_input(cli: Cli, tmp_path: Path) -> None:
    broken = Op("FlexErf", options=flex_options("Erf", b"\x0a\x7f"))
    (tmp_path / "m.tflite").write_bytes(tflite_bytes(Subgraph(operators=(broken,))))
    outcome = cli("generate", "m.tflite", *COMPAT)
    assert outcome.code == UNUSABLE
    assert "list_flex_ops ends with 'Failed to parse data into a valid NodeDef': subgraph 0: operator 0" in outcome.err
    assert cli("generate", "m.tflite", "--target", "flex-ops", "--no-kernels", "--out", "out").code == DONE


def test_no_verdict_of_a_release_is_passed_on_a_list(cli: Cli, tmp_path: Path) -> None:
    """The delegate refuses an attr that the release does not know; the tool lists the op."""
    (tmp_path / "m.tflite").write_bytes(tflite_bytes(Subgraph(operators=(erf("T: type: DT_FLOAT; odd: i: 1"),))))
    assert cli("generate", "m.tflite", *COMPAT).code == DONE
    assert pairs() == [["Erf", PAIRS[1][1]]]


def test_an_operator_without_options_is_passed_over_in_a_list_alone(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(tflite_bytes(Subgraph(operators=(Op("FlexCast"), erf()))))
    assert cli("generate", "m.tflite", *COMPAT).code == DONE
    assert pairs() == [["Erf", PAIRS[1][1]]]
    assert cli("generate", "m.tflite", *COMPAT, "--no-kernels").code == DONE
    assert pairs() == ["Cast", "Erf"]
    own = cli("generate", "m.tflite", *DESKTOP, "--target", "flex-ops", "--out", "own")
    assert own.code == UNUSABLE
    assert "operator 0 (FlexCast): it runs a TensorFlow op, but has no options that say which" in own.err


def test_several_targets_are_written_together_or_not_at_all(cli: Cli) -> None:
    both = ("--target", "registration", "--target", "manifest", "--target", "flex-ops")
    assert cli("generate", FLEX, *DESKTOP, *both, "--out", "out").code == DONE
    assert sorted(path.name for path in Path("out").iterdir()) == ["flex_ops.json", "manifest.yaml", "registration.cc"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--target", "registration", "--no-kernels"), "--no-kernels is about --target flex-ops"),
        (
            ("--target", "manifest", "--compat", "2.14"),
            "--compat is about --target header, flex-ops, registration, tflm-resolver or tflite-cmake",
        ),
        (("--target", "flex-ops", "--namespace", "a"), "--namespace is about --target registration"),
        (("--target", "registration", "--namespace", "a b"), "'a b' is no namespace of C++"),
        (("--target", "registration", "--compat", "2.2"), "The oldest that is known is that of 2.3"),
        (("--target", "flex-ops", "--compat", "2.3"), "The oldest that is known is that of 2.4"),
        (("--target", "registration", "--compat", "later"), "'later' is no TensorFlow version"),
        (("--target", "registration", "--html", "page.html"), "--html tells of kernels and files"),
        (("--target", "registration", "--compat", ""), "Invalid value for '--compat': it is empty"),
        (("--target", "flex-ops", "--compat", "2.14", "--ops-list", "none.json"), "--ops-list adds kernels"),
        (("--target", "registration", "--ops-list", "none.json"), "--ops-list adds kernels of TensorFlow"),
        (("--target", "registration", "--outputs", "x"), "has the operators of whole models"),
        (("--target", "tflm-resolver", "--signature", "x"), "has the operators of whole models"),
    ],
)
def test_options_that_make_no_sense(cli: Cli, arguments: tuple[str, ...], problem: str) -> None:
    outcome = cli("generate", FLEX, "--tensorflow", "2.14", *arguments, "--out", "out")
    assert outcome.code == UNUSABLE
    assert problem in outcome.err
    assert not Path("out").exists()


def test_an_ops_list_is_no_model_whose_operators_could_be_written(cli: Cli) -> None:
    Path("ops.json").write_text('[["Erf", null]]')
    beside = ("--target", "header", "--target", "registration", "--out", "out")
    outcome = cli("generate", "--ops-list", "ops.json", *DESKTOP, *beside)
    assert outcome.code == UNUSABLE
    assert "no model of TensorFlow Lite is named" in outcome.err
    assert not Path("out").exists()


def test_what_is_no_model_of_tensorflow_lite(cli: Cli) -> None:
    outcome = cli("generate", ROOT / "fixtures/models/tiny_mobilenet.pb", "--target", "registration", "--out", "out")
    assert outcome.code == UNUSABLE
    assert "is no TensorFlow Lite model" in outcome.err


def test_a_model_is_not_written_over(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "registration.cc").write_bytes(FLEX.read_bytes())
    outcome = cli("generate", "registration.cc", "--target", "registration", "--out", ".")
    assert outcome.code == UNUSABLE
    assert (tmp_path / "registration.cc").read_bytes() == FLEX.read_bytes()


CONFIG = """\
models: [m.tflite]
tensorflow: "2.14"
profile: desktop
out: out
targets:
  - kind: registration
    namespace: app
    compat: "2.14"
  - kind: flex-ops
    compat: "2.14"
  - kind: manifest
"""


def test_a_configuration_may_ask_for_all_of_it(cli: Cli) -> None:
    Path("m.tflite").write_bytes(FLEX.read_bytes())
    Path("opselect.yaml").write_text(CONFIG)
    outcome = cli("generate", "--json")
    assert outcome.code == DONE
    assert [row["path"] for row in outcome.json["files"]] == [
        "out/registration.cc",
        "out/flex_ops.json",
        "out/manifest.yaml",
    ]
    assert len(outcome.json["builds"]) == 1
    assert "namespace app {" in Path("out/registration.cc").read_text()
    assert pairs() == PAIRS


def test_a_configuration_of_models_alone_names_no_tensorflow(cli: Cli) -> None:
    Path("m.tflite").write_bytes(FLEX.read_bytes())
    text = "models: [m.tflite]\ntargets: [registration, {kind: flex-ops, no_kernels: true}]\n"
    Path("opselect.yaml").write_text(text)
    outcome = cli("generate")
    assert outcome.code == DONE
    assert "build_lists/registration.cc" in outcome.err
    assert pairs("build_lists") == ["AsString", "Erf", "MatrixDeterminant"]
    Path("opselect.yaml").write_text("models: [m.tflite]\ntargets: [registration, flex-ops]\n")
    refused = cli("generate")
    assert refused.code == UNUSABLE
    assert "targets[1]: names no TensorFlow" in refused.err


def test_a_configured_list_that_lacks_something_stops_everything(cli: Cli) -> None:
    nope = Op("FlexNope", options=flex(node("n", "Nope")))
    Path("m.tflite").write_bytes(tflite_bytes(Subgraph(operators=(nope,))))
    Path("opselect.yaml").write_text(CONFIG.replace("  - kind: manifest\n", ""))
    outcome = cli("generate", "--json")
    assert outcome.code == NO
    assert "Op Nope not found" in outcome.err
    assert not outcome.json["ok"]
    (row,) = outcome.json["of_models"]
    assert row["target"] == 1
    assert not Path("out").exists()
