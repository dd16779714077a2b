"""The verdict before shipping, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from opselect.verifying.named_files import ManifestFile, read_named_file
from tests.cli.conftest import Cli
from tests.opselect.tflite_files import BUILTIN, Code, Op, Subgraph, tflite_bytes

ROOT = Path(__file__).resolve().parents[2]
FINDINGS = ROOT / "fixtures" / "findings"
FLEX = ROOT / "fixtures" / "models" / "flex_ops.tflite"
RELU = FINDINGS / "relu.pbtxt"
KEYS = {
    *("code", "kind", "op", "attrs", "device", "nodes", "models", "count"),
    *("applicability", "reason", "mend"),
}


def generated(cli: Cli, *arguments: str | Path) -> None:
    outcome = cli("generate", *arguments, "--out", "build", "--quiet")
    assert outcome.code == 0, outcome.err


def codes(cli: Cli, *arguments: str | Path) -> list[tuple[str, str]]:
    """The code and op of each problem; exit code, JSON and summary agree."""
    outcome = cli("verify", *arguments, "--json", "--quiet")
    verdict = outcome.json
    assert verdict["ok"] == (not verdict["problems"] and not verdict["unread"])
    assert outcome.code == (0 if verdict["ok"] else 1)
    assert all(set(problem) == KEYS for problem in verdict["problems"])
    assert cli("verify", *arguments, "--summary", "-q").out.startswith("ok: " if verdict["ok"] else "fails: ")
    return [(problem["code"], problem["op"]) for problem in verdict["problems"]]


def test_everything_that_generate_writes_runs_its_model(cli: Cli) -> None:
    of = (RELU, "--tensorflow", "2.14")
    generated(cli, *of, "--target", "header", "--target", "manifest", "--target", "list")
    for name in ("ops_to_register.h", "manifest.yaml", "kernel_files.txt"):
        assert codes(cli, *of, "--against", f"build/{name}") == []
    assert codes(cli, *of) == []
    assert codes(cli, RELU, "--against", "build/manifest.yaml", "--against", "build/ops_to_register.h") == []


def test_each_form_of_a_manifest_names_the_same_files(cli: Cli) -> None:
    of = (RELU, "--tensorflow", "2.14", "--target", "manifest")
    generated(cli, *of)
    generated(cli, *of, "--json")
    Path("long.yaml").write_text(yaml.safe_dump(json.loads(Path("build/manifest.json").read_text())))
    forms = [read_named_file(name) for name in ("build/manifest.yaml", "build/manifest.json", "long.yaml")]
    assert forms[0] == forms[1] == forms[2]
    assert isinstance(forms[0], ManifestFile)
    assert any(file.endswith(".h") for file in forms[0].files)


def test_headers_of_a_manifest_that_are_no_paths_are_refused(cli: Cli) -> None:
    Path("manifest.yaml").write_text("tensorflow: 2.14.1\nprofile: android\nfiles: []\nheaders: [1]\n")
    outcome = cli("verify", RELU, "--against", "manifest.yaml")
    assert (outcome.code, "manifest.yaml: is no manifest: its `headers` are no list of paths" in outcome.err) == (
        2,
        True,
    )


def test_a_build_has_what_all_of_its_parts_have(cli: Cli) -> None:
    of = (RELU, "--tensorflow", "2.14")
    generated(cli, *of, "--target", "header", "--target", "list")
    both = ("--against", FINDINGS / "without_relu.txt", "--against", "build/ops_to_register.h")
    assert codes(cli, *of, *both) == [("OPS119", "Relu")]
    assert codes(cli, *of, *both[2:], "--against", FINDINGS / "without_class.h") == [("OPS122", "Relu")]
    assert cli("verify", *of, *both, "--json", "-q").json["against"] == f"{both[1]} + build/ops_to_register.h"


def test_json_says_what_fails_where(cli: Cli) -> None:
    outcome = cli("verify", RELU, "--tensorflow", "2.14", "--against", FINDINGS / "without_class.h", "--json", "-q")
    assert (outcome.code, outcome.err) == (1, "")
    verdict = outcome.json
    (problem,) = verdict.pop("problems")
    assert verdict == {
        "ok": False,
        "verdict": "fails",
        "against": str(FINDINGS / "without_class.h"),
        "tensorflow": "2.14.1",
        "profile": "android",
        "lists": [],
        "runtime": "",
        "ignored": [],
        "unjudged": [],
        "notes": [],
        "unread": [],
    }
    assert problem["mend"].startswith(
        "Write it again for all the models: opselect generate relu.pbtxt --tensorflow 2.14.1"
    )
    del problem["reason"], problem["mend"]
    assert problem == {
        "code": "OPS122",
        "kind": "class-not-in-header",
        "op": "Relu",
        "attrs": {"T": "DT_FLOAT"},
        "device": "",
        "nodes": ["y"],
        "models": ["relu.pbtxt"],
        "count": 1,
        "applicability": "likely",
    }


def test_all_nodes_of_the_only_model_that_fail_are_named(cli: Cli) -> None:
    text = RELU.read_text().splitlines()
    names = [f"y{number}" for number in range(9)]
    Path("nine.pbtxt").write_text("\n".join([text[0], *(text[1].replace('"y"', f'"{name}"') for name in names)]))
    for list_, release in (("without_relu", "2.14"), ("without_nn_ops", "1.13")):
        of = ("--tensorflow", release, "--against", FINDINGS / f"{list_}.txt", "--json", "-q")
        (problem,) = cli("verify", "nine.pbtxt", *of).json["problems"]
        assert (problem["nodes"], problem["count"]) == (names, 9)
        several = cli("verify", "nine.pbtxt", RELU, *of).json["problems"]
        assert [(len(each["nodes"]) <= 6, each["count"] >= 6) for each in several] == [(True, True)]
    later = (FINDINGS / "unknown_attr.pbtxt").read_text().splitlines()
    cast = next(line for line in later if '"Cast"' in line)
    Path("casts.pbtxt").write_text("\n".join([*later, *(cast.replace('"y"', f'"{name}"') for name in names)]))
    (problem,) = cli("verify", "casts.pbtxt", "--tensorflow", "1.4", "--json", "-q").json["problems"]
    assert (problem["nodes"], problem["count"]) == (sorted(["y", *names]), 10)


@pytest.mark.parametrize(
    ("model", "release", "expected"),
    [
        ("custom_op", "2.14", [("OPS101", "Frobnicate")]),
        ("later_op", "1.13", None),
        ("unknown_attr", "1.4", [("OPS301", "Cast")]),
        ("removed_op", "2.14", None),
        ("inputs", "2.14", None),
        ("versions", "2.14", [("OPS308", "")]),
        ("pinned", "2.14", None),
        ("int64", "2.14", []),
        ("cycle", "2.14", [("OPS309", "")]),
    ],
)
def test_the_default_lists_of_a_release(
    cli: Cli, model: str, release: str, expected: list[tuple[str, str]] | None
) -> None:
    found = codes(cli, FINDINGS / f"{model}.pbtxt", "--tensorflow", release, "--profile", "android-full")
    assert found if expected is None else found == expected


def test_upstream_leaves_kernels_and_definitions_out_of_its_lists(cli: Cli) -> None:
    text = RELU.read_text()
    Path("digamma.pbtxt").write_text(text.replace("Relu", "Digamma"))
    assert codes(cli, "digamma.pbtxt", "--tensorflow", "1.15", "--profile", "desktop") == []
    assert codes(cli, "digamma.pbtxt", "--tensorflow", "1.15") == [("OPS119", "Digamma")]
    shift = text.replace("Relu", "LeftShift").replace('input: "x"', 'input: "x" input: "x"')
    Path("shift.pbtxt").write_text(shift.replace("DT_FLOAT", "DT_INT32"))
    assert codes(cli, "shift.pbtxt", "--tensorflow", "1.15", "--build", "bazel") == []
    assert codes(cli, "shift.pbtxt", "--tensorflow", "1.15") == [("OPS120", "LeftShift")]
    out = cli("verify", "shift.pbtxt", "--tensorflow", "1.15").out.replace("\n      ", " ")
    assert "the makefile's list of TensorFlow 1.15.5: it does not have tensorflow/core/ops/bitwise_ops.cc" in out


def test_a_checkout_is_the_tensorflow_and_its_lists(cli: Cli, small_tree: Path) -> None:
    node = 'node {{ name: "{0}" op: "{1}" {2} attr {{ key: "{3}" value {{ type: DT_FLOAT }} }} }}'
    x = node.format("x", "Placeholder", "", "dtype")
    Path("m.pbtxt").write_text(x + node.format("y", "Cumsum", 'input: "x"', "T"))
    assert ("OPS119", "Cumsum") not in codes(cli, "m.pbtxt", "--against", small_tree)
    assert codes(cli, "m.pbtxt", "--against", small_tree) == codes(cli, "m.pbtxt", "--tree", small_tree)
    other = cli("verify", "m.pbtxt", "--against", small_tree, "--tree", ".")
    assert (other.code, "is another checkout than" in other.err) == (2, True)


def test_a_release_stands_for_its_default_lists(cli: Cli, small_tree: Path) -> None:
    for release in ("1.15", "v1.15.5"):
        outcome = cli("verify", RELU, "--against", release, "--json", "-q")
        assert (outcome.code, outcome.json["tensorflow"], outcome.json["against"]) == (0, "1.15.5", release)
    assert cli("verify", RELU, "--against", "1.15", "--tensorflow", "1.15.5").code == 0
    for arguments, said in {
        ("--against", "1.15", "--tensorflow", "2.14"): "1.15 is another TensorFlow",
        ("--against", "1.15.4"): "there is no shipped index of TensorFlow 1.15.4",
        ("--against", str(small_tree), "--tensorflow", "2.14"): "is no TensorFlow 2.14",
    }.items():
        outcome = cli("verify", RELU, *arguments)
        assert (outcome.code, said in outcome.err) == (2, True), outcome.err
    assert cli("verify", RELU, "--against", small_tree, "--tensorflow", "1.13", "--json").code == 1
    Path("1.15").write_text("tensorflow/core/kernels/relu_op.cc\n")
    outcome = cli("verify", RELU, "--against", "1.15", "--tensorflow", "2.14", "-q")
    assert "1.15: it does not have" in outcome.out


def test_operators_of_tensorflow_lite(cli: Cli) -> None:
    registered = ("--against", FINDINGS / "registration.cc")
    builtins = [("OPS125", "ADD"), ("OPS125", "CONV_2D"), ("OPS125", "BlendEdges")]
    flex = [("OPS126", op) for op in ("AsString", "Erf", "MatrixDeterminant")]
    assert codes(cli, FLEX, *registered) == [*builtins, *flex]
    assert codes(cli, FLEX, *registered, "--tensorflow", "2.14", "--profile", "desktop") == builtins
    generated(cli, FLEX, "--tensorflow", "2.14", "--target", "header", "--compat", "2.14", "--default-ops", "")
    # The Flex delegate needs no session: neither NoOp nor _Arg is in its header.
    assert codes(cli, FLEX, "--tensorflow", "2.14", "--against", "build/ops_to_register.h") == []
    outcome = cli("verify", RELU, *registered)
    assert (outcome.code, "is no TensorFlow Lite model" in outcome.err) == (2, True)


def test_a_model_that_a_registration_file_cannot_run_is_not_lost_beside_others(cli: Cli) -> None:
    builtins = ["CONV_2D", "DEQUANTIZE", "ADD"]
    calls = [f"AddBuiltin(BuiltinOperator_{name}, Register(), 1, 9);" for name in builtins]
    Path("all.cc").write_text("\n".join([*calls, 'AddCustom("BlendEdges", Register(), 1, 9);']))
    of = ("--against", "all.cc", "--tensorflow", "2.14", "--profile", "desktop")
    assert codes(cli, FLEX, *of) == []
    outcome = cli("verify", FLEX, RELU, *of, "--json")
    assert (outcome.code, outcome.json["ok"], outcome.json["unread"]) == (1, False, ["relu.pbtxt"])
    assert "is no TensorFlow Lite model" in outcome.err


def test_an_ops_list_is_the_header_that_is_made_of_it(cli: Cli) -> None:
    generated(cli, FLEX, "--tensorflow", "2.14", "--target", "manifest", "--json")
    kernels = json.loads(Path("build/manifest.json").read_text())["kernels"]
    pairs = [[each["op"], each["kernel_class"]] for each in kernels]
    Path("ops.json").write_text(json.dumps(pairs))
    assert codes(cli, FLEX, "--tensorflow", "2.14", "--against", "ops.json") == []
    Path("ops.json").write_text(json.dumps([pair for pair in pairs if pair[0] != "Erf"]))
    assert codes(cli, FLEX, "--tensorflow", "2.14", "--against", "ops.json") == [("OPS123", "Erf")]


def test_classes_of_another_release_are_named(cli: Cli) -> None:
    text = RELU.read_text().replace("Relu", "MatMul").replace('input: "x"', 'input: "x" input: "x"')
    Path("product.pbtxt").write_text(text)
    generated(cli, "product.pbtxt", "--tensorflow", "1.15", "--target", "header")
    outcome = cli("verify", "product.pbtxt", "--tensorflow", "2.14", "--against", "build/ops_to_register.h")
    assert "(its classes are spelled as in TensorFlow 1.0.1 to 2.4.4)" in outcome.out.replace("\n          ", " ")
    assert "; it has MatMulOp<CPUDevice, float, false >" in outcome.out
    (problem,) = cli(
        *("verify", "product.pbtxt", "--tensorflow", "2.14", "--against", "build/ops_to_register.h", "--json", "-q")
    ).json["problems"]
    assert problem["reason"].endswith("(its classes are spelled as in TensorFlow 1.0.1 to 2.4.4)")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a MODEL"),
        ((RELU,), "name one TensorFlow"),
        ((FLEX,), "name its release: --runtime 2.8, or --runtime litert-2.1"),
        ((RELU, "--tensorflow", "2.14", "--against", "nowhere"), "cannot be read"),
        ((RELU, "--tensorflow", "2.14", "--build", "makefile"), "has no lists for makefile"),
        ((RELU, "--tensorflow", "2.14", "--profile", "phone"), "there is no such build profile"),
        (("nowhere.pb", "--tensorflow", "2.14"), "nowhere.pb"),
    ],
)
def test_what_cannot_be_asked(cli: Cli, arguments: tuple[str | Path, ...], said: str) -> None:
    outcome = cli("verify", *arguments)
    assert (outcome.code, outcome.out, said in outcome.err) == (2, "", True), outcome.err


def test_requirements_that_were_kept(cli: Cli) -> None:
    Path("kept.json").write_text(cli("requirements", RELU, "--tensorflow", "2.14", "--json").out)
    of = ("--requirements", "kept.json", "--tensorflow", "2.14")
    assert codes(cli, *of) == []
    assert cli("verify", *of, "--summary").out.startswith("ok: kept requirements against TensorFlow 2.14.1")
    assert codes(cli, *of, "--against", FINDINGS / "without_class.h") == [("OPS122", "Relu")]


def test_one_of_several_models_that_cannot_be_read(cli: Cli) -> None:
    Path("broken.pb").write_bytes(b"\xff\xff")
    outcome = cli("verify", RELU, "broken.pb", "--tensorflow", "2.14", "--json")
    assert (outcome.code, outcome.json["ok"], outcome.json["unread"]) == (1, False, ["broken.pb"])
    assert "1 of 2 models could not be read" in outcome.err


def test_what_is_not_known_is_no_failure_and_no_yes(cli: Cli) -> None:
    new = (FINDINGS / "new_kernel.pbtxt", "--against", "2.21")
    outcome = cli("verify", *new)
    assert outcome.code == 1
    assert "Not known, neither yes nor no (TensorFlow 2.21.0, profile android)" in outcome.out
    assert "does not run" not in outcome.out
    assert outcome.out.splitlines()[-1].startswith("not known: 1 model against")
    document = cli("verify", *new, "--json", "-q").json
    assert (document["ok"], document["verdict"]) == (False, "not known")
    assert [each["code"] for each in document["problems"]] == ["OPS127"]
    assert cli("verify", *new, "--profile", "desktop", "--json", "-q").json["verdict"] == "ok"


EDITED = ROOT / "fixtures" / "models" / "edited.tflite"


def test_the_runtime_of_a_release_is_enough_to_judge_operators(cli: Cli) -> None:
    assert codes(cli, EDITED, "--runtime", "2.9") == []
    assert codes(cli, EDITED, "--runtime", "litert-2.2") == []
    assert codes(cli, EDITED, "--runtime", "2.4") == [("OPS130", "GELU")]
    outcome = cli("verify", EDITED, "--runtime", "v2.3.0", "--json")
    assert outcome.code == 1
    verdict = outcome.json
    assert (verdict["runtime"], verdict["tensorflow"], verdict["against"]) == ("2.3.0", "", "")
    assert [(each["op"], each["attrs"]) for each in verdict["problems"]] == [
        ("FULLY_CONNECTED", {"version": 9}),
        ("GELU", {"version": 2}),
    ]
    assert verdict["notes"][0].startswith("OPS132, edited.tflite: the model notes 2.3.0, and its operators need 2.9.0")
    assert cli("verify", EDITED, "--runtime", "2.9").out.endswith("ok: 1 model against TensorFlow Lite 2.9.3\n")


def test_ops_of_tensorflow_are_not_judged_by_the_runtime_alone(cli: Cli) -> None:
    outcome = cli("verify", FLEX, "--runtime", "2.14", "--json")
    assert [problem["code"] for problem in outcome.json["problems"]] == ["OPS131"]
    (sentence,) = outcome.json["unjudged"]
    assert sentence == (
        "flex_ops.tflite has ops that TensorFlow's kernels run, and --runtime 2.14 does not judge these: "
        "name the TensorFlow of the delegate, or what it is made of (--against)."
    )
    # With a TensorFlow they are.
    verdict = cli("verify", FLEX, "--runtime", "2.14", "--tensorflow", "2.14", "--json").json
    assert (verdict["runtime"], verdict["tensorflow"]) == ("2.14.1", "2.14.1")
    assert not any("--runtime" in each for each in verdict["unjudged"])
    assert codes(cli, FLEX, "--runtime", "2.14", "--against", "2.14") == [("OPS131", "BlendEdges")]


def test_a_registration_file_is_a_part_of_the_runtime(cli: Cli) -> None:
    Path("registration.cc").write_text(
        "AddBuiltin(BuiltinOperator_FULLY_CONNECTED, Register_FULLY_CONNECTED(), 1, 9);\n"
        "AddBuiltin(BuiltinOperator_GELU, Register_GELU(), 1, 1);\n"
    )
    file = ("--against", "registration.cc")
    assert codes(cli, EDITED, *file, "--runtime", "2.9") == [("OPS125", "GELU")]
    assert codes(cli, EDITED, *file, "--runtime", "2.3") == [
        ("OPS125", "GELU"),
        ("OPS130", "FULLY_CONNECTED"),
        ("OPS130", "GELU"),
    ]
    # What the program registers itself is not the runtime's to have.
    Path("custom.cc").write_text('AddCustom("BlendEdges", Register_BLEND_EDGES(), 1, 2);\n')
    found = codes(cli, FLEX, "--against", "custom.cc", "--runtime", "2.14")
    assert "BlendEdges" not in [op for _, op in found]
    assert cli("verify", EDITED, *file, "--runtime", "2.9").out.endswith(
        "fails: 1 model against TensorFlow Lite 2.9.3, registration.cc: 1 OPS125\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((EDITED, "--runtime", "2.22"), "no runtime 2.22 of TensorFlow Lite is known; nearest: 2.21.0"),
        ((EDITED, "--runtime", "litert-3.0"), "nearest: litert-2.3.0"),
        ((EDITED, "--runtime", "litert-2.8"), "nearest: litert-2.3.0, 2.8.4"),
        ((EDITED, "--runtime", "2.8.9"), "nearest: 2.8.4, 2.9.0"),
        ((EDITED, "--runtime", "nightly"), "write 2.8 for TensorFlow Lite 2.8, and litert-2.1 for LiteRT 2.1"),
        ((EDITED, "--runtime", "2.8\n\x1b[1mx"), "error: no runtime 2.8 \\x1b[1mx of TensorFlow Lite is known"),
        # A variable that is not set must not leave the question out.
        ((EDITED, "--runtime", "", "--against", "2.14"), "Invalid value for '--runtime': it is empty"),
        ((RELU, "--runtime", "2.8"), "is no TensorFlow Lite model, and --runtime 2.8 has only their ops"),
        ((EDITED, "--runtime", "2.8", "--against", str(FINDINGS / "without_op.h")), "name one TensorFlow"),
    ],
)
def test_what_no_runtime_can_be_asked(cli: Cli, arguments: tuple[str | Path, ...], said: str) -> None:
    outcome = cli("verify", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    # One error, and no list of models that could not be read.
    assert "error: " in outcome.err.lower()
    assert said in outcome.err


def test_kept_requirements_have_no_operators_of_tensorflow_lite(cli: Cli) -> None:
    Path("kept.json").write_text(cli("requirements", RELU, "--tensorflow", "2.14", "--json").out)
    outcome = cli("verify", "--requirements", "kept.json", "--tensorflow", "2.14", "--runtime", "2.14")
    assert outcome.code == 2
    assert "--runtime is for models: kept requirements" in outcome.err


def test_one_unreadable_model_of_several_leaves_the_others_judged(cli: Cli) -> None:
    Path("broken.tflite").write_bytes(b"\x10\0\0\0TFL3")
    outcome = cli("verify", EDITED, "broken.tflite", "--runtime", "2.4", "--json")
    assert outcome.json["unread"] == ["broken.tflite"]
    assert [problem["op"] for problem in outcome.json["problems"]] == ["GELU"]
    assert outcome.code != 0


def test_an_interpreter_looks_up_built_ins_that_nothing_uses(cli: Cli) -> None:
    unused = (
        Code(BUILTIN.GELU, version=2),
        Code(BUILTIN.ADD, version=4),
        Code(BUILTIN.CUSTOM, custom="Mine"),
        Code(BUILTIN.CUSTOM, custom="FlexErf"),
    )
    Path("m.tflite").write_bytes(tflite_bytes(Subgraph(operators=(Op(BUILTIN.ADD),)), codes=unused))
    assert codes(cli, "m.tflite", "--runtime", "2.9") == []
    outcome = cli("verify", "m.tflite", "--runtime", "2.8", "--json")
    assert outcome.code == 1
    (problem,) = outcome.json["problems"]
    assert (problem["code"], problem["op"], problem["nodes"], problem["count"]) == ("OPS130", "GELU", [], 0)
    assert problem["reason"].endswith(
        "nothing uses it, and an interpreter looks up all that stands in the table of operators"
    )
    assert problem["mend"].startswith("Take it out of the model's table of operators")
    # What is written of the used ones does not do for such a model, which is said, and the tool's text does.
    written = cli("generate", "m.tflite", "--target", "registration", "--out", "out", "--json")
    (warning,) = written.json["warnings"]
    assert warning.startswith("m.tflite has GELU in version 2, ADD in version 4 in its table of operators")
    file = ("--against", "out/registration.cc")
    assert codes(cli, "m.tflite", *file) == [("OPS125", "ADD"), ("OPS125", "GELU")]
    written = cli("generate", "m.tflite", "--target", "registration", "--out", "out", "--compat", "2.14", "--json")
    assert written.json["warnings"] == []
    assert codes(cli, "m.tflite", *file) == []


def test_an_operator_may_be_registered_in_any_of_several_files(cli: Cli) -> None:
    Path("m.tflite").write_bytes(tflite_bytes(Subgraph(operators=(Op(BUILTIN.ADD), Op(BUILTIN.MUL)))))
    Path("a.cc").write_text("AddBuiltin(BuiltinOperator_ADD, Register_ADD());")
    Path("b.cc").write_text("AddBuiltin(BuiltinOperator_ADD, Register_ADD(), 3);")
    (problem,) = cli("verify", "m.tflite", "--against", "a.cc", "--against", "b.cc", "--json").json["problems"]
    assert (problem["op"], problem["reason"]) == ("MUL", "a.cc and b.cc: the operator is not registered")
    Path("b.cc").write_text("AddBuiltin(BuiltinOperator_MUL, Register_MUL());")
    assert codes(cli, "m.tflite", "--against", "a.cc", "--against", "b.cc", "--runtime", "2.14") == []


def test_notes_on_operators_stay_where_kernels_are_judged_too(cli: Cli) -> None:
    alone = cli("verify", EDITED, "--runtime", "2.9", "--json").json["notes"]
    assert any("OPS132" in note for note in alone)
    assert cli("verify", EDITED, "--runtime", "2.9", "--tensorflow", "2.14", "--json").json["notes"] == alone
