from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Model


def test_writes_every_list_the_release_has(cli: Cli, index_file: Path, model: Model) -> None:
    outcome = cli("generate", model("Mul", "Relu"), "--index", index_file, "--out", "lists")
    assert outcome.code == 0, outcome.err
    assert outcome.out == ""
    assert {path.name for path in Path("lists").iterdir()} == {"kernels.BUILD", "manifest.yaml", "tf_op_files.txt"}
    assert "relu_op.cc" in Path("lists/kernels.BUILD").read_text()
    assert "tensorflow/core/kernels/relu_op.cc\n" in Path("lists/tf_op_files.txt").read_text()
    assert f"{Path('lists/tf_op_files.txt')}" in outcome.err


def test_same_inputs_same_bytes(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul", "Relu")
    for out in ("one", "two"):
        assert cli("generate", path, "--index", index_file, "--out", out).code == 0
    for file in Path("one").iterdir():
        assert file.read_bytes() == (Path("two") / file.name).read_bytes()
    again = cli("generate", path, "--index", index_file, "--out", "one")
    assert again.err.count("(unchanged)") == 3


def test_target_chooses_what_is_written(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul")
    targets = ("--target", "makefile", "--target", "manifest")
    assert cli("generate", path, "--index", index_file, *targets, "--out", "lists").code == 0
    assert {path.name for path in Path("lists").iterdir()} == {"manifest.yaml", "tf_op_files.txt"}


@pytest.mark.parametrize(
    ("op", "dtype", "code", "words"),
    [
        ("Lonely", "DT_FLOAT", "OPS105", "scan a kernel of your own with --root DIR"),
        ("MatMul", "DT_FLOAT", "OPS106", "has kernels for it on GPU only"),
        ("Mul", "DT_INT64", "OPS103", "Or drop --copt=-D__ANDROID_TYPES_SLIM__ on the command line of bazel build"),
    ],
)
def test_unresolved_writes_nothing_and_says_what_to_do(
    cli: Cli, index_file: Path, model: Model, op: str, dtype: str, code: str, words: str
) -> None:
    path = model(op, dtype=dtype)
    command = ("generate", path, "--index", index_file, "--profile", "android-slim", "--out", "lists")
    outcome = cli(*command, "--quiet")
    assert outcome.code == 1
    assert outcome.out == ""
    assert not Path("lists").exists()
    headline, heading, *rest, hint, closing = outcome.err.splitlines()
    assert headline == "TensorFlow 1.13.9, profile android-slim: 1 of the needed kernels is missing"
    assert heading.startswith(f"  {code}  1 kernel: ")
    assert rest[0].split()[:3] == [op, f"T={dtype}", "n0"]
    assert words in " ".join(" ".join(rest).split())
    assert hint == f"More about a code: opselect explain {code}"
    assert "--allow-missing" in closing


def test_allow_missing_writes_the_rest_and_marks_it(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul", "Lonely")
    outcome = cli("generate", path, "--index", index_file, "--allow-missing", "--out", "lists")
    assert outcome.code == 0
    assert "1 of the needed kernels is missing" in outcome.err
    assert "1 missing kernel left out" in outcome.err
    assert "INCOMPLETE" in Path("lists/kernels.BUILD").read_text()
    assert "Lonely" in Path("lists/manifest.yaml").read_text()


def test_json_is_the_manifest_on_stdout(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul")
    outcome = cli("generate", path, "--index", index_file, "--target", "manifest", "--json")
    assert outcome.code == 0
    document = outcome.json
    assert list(document) == [
        *("tensorflow", "profile", "files", "kernels", "unresolved", "not_inserted", "criteria"),
        *("refused", "ignored", "unjudged", "estimate"),
    ]
    assert (document["tensorflow"], document["profile"], document["unresolved"]) == ("1.13.9", "android", [])
    roles = {file["path"]: file["role"] for file in document["files"]}
    assert roles["tensorflow/core/kernels/cwise_op_mul.cc"] == "kernel"
    (mul,) = [kernel for kernel in document["kernels"] if kernel["op"] == "Mul"]
    assert mul["constraints"] == {"T": ["DT_FLOAT"]}
    assert mul["reasons"][0]["nodes"] == ["n0"]
    assert mul["reasons"][0]["models"] == ["model.pbtxt"]


def test_json_of_something_unresolved(cli: Cli, index_file: Path, model: Model) -> None:
    outcome = cli("generate", model("Lonely"), "--index", index_file, "--json")
    assert outcome.code == 1
    (missing,) = outcome.json["unresolved"]
    assert {"advice", "attrs", "device", "models", "nodes", "op", "reason"} <= missing.keys()
    assert (missing["code"], missing["kind"], missing["applicability"]) == ("OPS105", "op-without-kernel", "guess")
    assert [mend["kind"] for mend in missing["mends"]] == ["model", "options"]
    assert (missing["op"], missing["attrs"], missing["nodes"]) == ("Lonely", {"T": "DT_FLOAT"}, ["n0"])


def test_json_with_a_folder_writes_a_json_manifest(cli: Cli, index_file: Path, model: Model) -> None:
    outcome = cli("generate", model("Mul"), "--index", index_file, "--json", "--target", "manifest", "--out", "lists")
    printed = outcome.json
    assert printed.pop("estimate")["bytes"] > 0
    assert printed == json.loads(Path("lists/manifest.json").read_text())


def test_outputs_and_inputs_limit_what_is_needed(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul", "Lonely")
    limited = cli("generate", path, "--index", index_file, "--outputs", "n0", "--inputs", "x", "--json")
    assert limited.code == 0
    assert {kernel["op"] for kernel in limited.json["kernels"]} >= {"Mul", "NoOp"}


def test_template_dir_overrides_a_template(cli: Cli, index_file: Path, model: Model, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "tf_op_files.txt.j2").write_text("{{ lines | length }} lines\n")
    command = ("generate", model("Mul"), "--index", index_file, "--out", "lists", "--target", "makefile")
    assert cli(*command, "--template-dir", own).code == 0
    assert Path("lists/tf_op_files.txt").read_text().endswith(" lines\n")


def test_mode_extend_keeps_what_upstream_has(cli: Cli, index_file: Path, model: Model) -> None:
    command = ("generate", model("Relu"), "--index", index_file, "--target", "makefile")
    assert cli(*command, "--out", "trimmed").code == 0
    assert cli(*command, "--mode", "extend", "--out", "extended").code == 0
    assert "cwise_op_mul.cc" not in Path("trimmed/tf_op_files.txt").read_text()
    assert "cwise_op_mul.cc" in Path("extended/tf_op_files.txt").read_text()


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ((), "--out DIR"),
        (("--json", "--target", "bazel"), "--out DIR"),
        (("--out", "lists", "-D", "FOO"), "--tree PATH"),
        (("--out", "lists", "--tensorflow", "1.13"), "name one TensorFlow"),
        (("--out", "lists", "--profile", "andriod"), "did you mean android?"),
        (("--out", "lists", "-D", "1x"), "'1x' is no macro name"),
        (("--out", "lists", "--outputs", "absent"), "absent"),
    ],
)
def test_bad_usage(cli: Cli, index_file: Path, model: Model, extra: tuple[str, ...], message: str) -> None:
    outcome = cli("generate", model("Mul"), "--index", index_file, *extra)
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert not Path("lists").exists()


@pytest.mark.parametrize("content", [b"", b"hello, this is no graph\n", b"\x0a\xff\xff\xff\x7f"])
def test_bad_models(cli: Cli, index_file: Path, content: bytes) -> None:
    Path("bad.pb").write_bytes(content)
    outcome = cli("generate", "bad.pb", "--index", index_file, "--out", "lists")
    assert outcome.code == 2
    assert outcome.err.startswith("error: bad.pb")
    assert not Path("lists").exists()


def test_tree_and_macros_decide_what_there_is(cli: Cli, small_tree: Path, model: Model) -> None:
    command = ("generate", model("Mul", dtype="DT_INT64"), "--tree", small_tree, "--profile", "android-full", "--json")
    without = cli(*command)
    assert without.code == 1
    (missing,) = without.json["unresolved"]
    assert "WITH_LONG" in missing["reason"] + missing["advice"]
    with_macro = cli(*command, "-D", "WITH_LONG")
    assert with_macro.code == 0, with_macro.err
    assert with_macro.json["profile"] == "android-full+-DWITH_LONG"


def test_index_and_tree_give_the_same_lists(cli: Cli, small_tree: Path, model: Model) -> None:
    assert cli("index", "scan", small_tree, "-o", "tree.opselidx").code == 0
    path = model("Mul")
    for source, out in ((("--tree", small_tree), "one"), (("--index", "tree.opselidx"), "two")):
        outcome = cli("generate", path, *source, "--out", out)
        assert outcome.code == 0, outcome.err
    files = sorted(path.name for path in Path("one").iterdir())
    assert files == ["kernels.BUILD", "manifest.yaml"]
    assert [(Path("one") / name).read_bytes() for name in files] == [(Path("two") / n).read_bytes() for n in files]
