"""``opselect generate`` by opselect.yaml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opselect.models.formats import Model as FileModel
from opselect.models.formats import read_model
from opselect.usecases import generate_configured, load_model
from opselect.usecases.kernel_source import DEFAULT_PROFILE
from opselect.usecases.select_kernels import BuildAnswer, select_kernels
from tests.cli.conftest import Cli, Model

TARGETS = """targets:
  - bazel
  - makefile
  - {kind: manifest, format: json, profile: android-slim, out: slim}
"""


def written(index: Path, models: str, targets: str = TARGETS, name: str = "opselect.yaml") -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(f"models: {models}\nindex: {json.dumps(str(index))}\n{targets}")


def files(folder: str = ".") -> set[str]:
    return {str(path) for path in Path(folder).rglob("*") if path.is_file() and path.suffix not in (".pbtxt", ".yaml")}


def test_writes_all_targets_as_single_calls_do(cli: Cli, index_file: Path, model: Model) -> None:
    model("Mul", name="a.pbtxt"), model("Relu", name="b.pbtxt")
    written(index_file, "[a.pbtxt, b.pbtxt]")
    outcome = cli("generate")
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    assert files() == {"build_lists/kernels.BUILD", "build_lists/tf_op_files.txt", "slim/manifest.json"}
    assert outcome.err.count(" kernel files\n") == 2
    single = ("generate", "a.pbtxt", "b.pbtxt", "--index", index_file, "--out")
    assert cli(*single, "one", "--target", "bazel", "--target", "makefile").code == 0
    assert cli(*single, "one", "--target", "manifest", "--json", "--profile", "android-slim").code == 0
    for path in ("build_lists/kernels.BUILD", "build_lists/tf_op_files.txt", "slim/manifest.json"):
        assert Path(path).read_text() == Path("one", Path(path).name).read_text()
    again = cli("generate", "--config", "opselect.yaml")
    assert (again.code, again.err.count("(unchanged)")) == (0, 3)


def test_models_have_options_of_their_own(cli: Cli, index_file: Path, model: Model) -> None:
    model("Mul", "Lonely", name="a.pbtxt"), model("Relu", name="b.pbtxt")
    written(index_file, "['*.pbtxt', {path: a.pbtxt, outputs: n0}]", "targets: [manifest]\n")
    outcome = cli("generate", "--json", "--quiet")
    assert outcome.code == 0, outcome.err
    (build,) = outcome.json["builds"]
    models = {(r["op"], *r["models"]) for kernel in build["kernels"] for r in kernel["reasons"] if r["models"]}
    assert {("Mul", "a.pbtxt"), ("Relu", "b.pbtxt")} <= models
    assert outcome.json["files"] == [
        {"target": 0, "kind": "manifest", "path": "build_lists/manifest.yaml", "changed": True}
    ]
    assert (outcome.json["ok"], build["ok"], build["targets"], build["over_budget"]) == (True, True, [0], [])


def test_one_selection_for_targets_that_share_it_and_models_are_read_once(
    cli: Cli, index_file: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    model("Mul", name="a.pbtxt")
    written(index_file, "[a.pbtxt]", TARGETS + "  - {kind: list, inserted_ops: false}\n  - {kind: cmake, have: re2}\n")
    selections, reads = [], []

    def selecting(*arguments: Any, **options: Any) -> BuildAnswer:
        selections.append(arguments[2])
        return select_kernels(*arguments, **options)

    def loading(path: str, tags: frozenset[str] | None) -> FileModel:
        reads.append(path)
        return read_model(path, tags)

    monkeypatch.setattr(generate_configured, "select_kernels", selecting)
    monkeypatch.setattr(load_model, "read_model", loading)
    assert cli("generate").code == 0
    assert selections == ["android", "android-slim", "android", "android"]
    assert len(reads) == 1


def test_nothing_is_written_where_one_target_cannot_be(cli: Cli, index_file: Path, model: Model) -> None:
    model("Mul", name="a.pbtxt", dtype="DT_INT64")
    written(index_file, "[a.pbtxt]")
    outcome = cli("generate", "--json")
    assert outcome.code == 1
    assert files() == set()
    assert "Nothing was written: 1 target cannot have it all (targets[2])." in outcome.err
    assert [build["ok"] for build in outcome.json["builds"]] == [True, False]
    assert (outcome.json["ok"], outcome.json["files"]) == (False, [])
    written(index_file, "[a.pbtxt]", TARGETS.replace("out: slim", "out: slim, allow_missing: true"))
    allowed = cli("generate")
    assert (allowed.code, len(files())) == (0, 3), allowed.err
    assert "1 missing kernel left out" in allowed.err


def test_nothing_is_written_where_one_target_cannot_be_rendered(cli: Cli, index_file: Path, model: Model) -> None:
    model("Mul", name="a.pbtxt")
    Path("own").mkdir()
    Path("own/kernel_files.txt.j2").write_text("{{ nothing }}")
    written(index_file, "[a.pbtxt]", TARGETS + "  - {kind: list, template_dir: own}\n")
    outcome = cli("generate")
    assert outcome.code == 2
    assert "error: opselect.yaml:7: targets[3]: own/kernel_files.txt.j2:1: the template fails" in outcome.err
    assert files() == {"own/kernel_files.txt.j2"}


def test_a_budget_that_is_exceeded(cli: Cli, index_file: Path, model: Model) -> None:
    model("Mul", name="a.pbtxt")
    budgets = "budgets: {kernels: 2, ops: 99}\n"
    written(index_file, "[a.pbtxt]", budgets + "targets: [list, {kind: manifest, budgets: {kernels: 99, files: 0}}]\n")
    outcome = cli("generate", "--json")
    assert outcome.code == 1
    assert files() == set()
    rows = {(row["target"], row["budget"]): row for row in outcome.json["builds"][0]["over_budget"]}
    assert list(rows) == [(0, "kernels"), (1, "files")]
    row = rows[0, "kernels"]
    assert (row["number"] > 2, row["most"], row["code"], row["line"]) == (True, 2, "OPS601", 3)
    assert "opselect.yaml:3: OPS601 over-budget: budgets.kernels: the build of targets[0] has" in outcome.err
    assert "opselect.yaml:4: OPS601 over-budget: targets[1].budgets.files: the build of targets[1] has" in outcome.err
    assert "Nothing was written, for a budget is exceeded." in outcome.err
    exact = f"budgets: {{kernels: {row['number']}}}\n"
    written(index_file, "[a.pbtxt]", exact + "targets: [list]\n")
    assert cli("generate").code == 0


def test_ops_that_are_left_out_by_default_count_once(cli: Cli) -> None:
    nodes = []
    for rare in ("DT_HALF", "DT_BFLOAT16"):
        nodes.append(f'node {{ name: "x{rare}" op: "Placeholder" attr {{ key: "dtype" value {{ type: {rare} }} }} }}')
        attr = f'attr {{ key: "T" value {{ type: {rare} }} }}'
        nodes.append(f'node {{ name: "y{rare}" op: "Relu" input: "x{rare}" {attr} }}')
    Path("a.pbtxt").write_text("\n".join(nodes))
    Path("opselect.yaml").write_text(
        "models: [a.pbtxt]\ntensorflow: 2.14\nbudgets: {left_out_ops: 0}\ntargets: [list]\n"
    )
    (build,) = cli("generate", "--json", "--quiet").json["builds"]
    assert len(build["criteria"]) > 1
    (row,) = build["over_budget"]
    assert (row["budget"], row["number"]) == ("left_out_ops", len({each["op"] for each in build["criteria"]}))
    assert row["number"] < len(build["criteria"])


@pytest.mark.parametrize(
    ("models", "targets", "words"),
    [
        ("['*.nothing']", TARGETS, "opselect.yaml:1: models[0]: nothing matches *.nothing"),
        (
            "[a.pbtxt, {path: ./a.pbtxt, outputs: x}]",
            TARGETS,
            "models[1]: names ./a.pbtxt, as models[0] in line 1 does",
        ),
        ("['*.pbtxt', {path: 'a*', outputs: x}]", TARGETS, "models[1]: names a.pbtxt, as models[0] in line 1 does"),
        (
            "[a.pbtxt]",
            "profile: ios\n" + TARGETS,
            "opselect.yaml:3: profile: profile ios: there is no such build profile",
        ),
        (
            "[a.pbtxt]",
            "targets: [{kind: list, tensorflow: 9.1}]\n",
            "opselect.yaml:3: targets[0].tensorflow: there is no ",
        ),
        ("[a.pbtxt]", "targets: [{kind: list, tree: gone}]\n", "opselect.yaml:3: targets[0].tree: gone: "),
        ("[no.pbtxt]", TARGETS, "no.pbtxt: cannot be read"),
        ("[a.pbtxt]", "requirements: no.json\n" + TARGETS, "no.json: cannot be read"),
        ("[{path: a.pbtxt, outputs: nix}]", TARGETS, "nix"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(
    cli: Cli, index_file: Path, model: Model, models: str, targets: str, words: str
) -> None:
    model("Mul", name="a.pbtxt")
    written(index_file, models, targets)
    outcome = cli("generate")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"error: {words}" in outcome.err or words in outcome.err
    assert "Traceback" not in outcome.err
    assert files() == set()


def test_paths_are_relative_to_the_configuration(cli: Cli, index_file: Path, model: Model) -> None:
    model("Mul", name="a.pbtxt")
    written(index_file, "['../*.pbtxt']", name="phone/opselect.yaml")
    outcome = cli("generate", "--config", "phone/opselect.yaml")
    assert outcome.code == 0, outcome.err
    names = ("build_lists/kernels.BUILD", "build_lists/tf_op_files.txt", "slim/manifest.json")
    assert files() == {f"phone/{name}" for name in names}
    assert "phone/slim/manifest.json" in outcome.err


@pytest.mark.parametrize(
    "options",
    [("--profile", "ios"), ("--out", "x"), ("--target", "list"), ("--allow-missing",), ("-D", "X"), ("--outputs", "x")],
)
def test_options_that_the_configuration_has_keys_for_are_refused(
    cli: Cli, index_file: Path, model: Model, options: tuple[str, ...]
) -> None:
    model("Mul", name="a.pbtxt")
    written(index_file, "[a.pbtxt]")
    outcome = cli("generate", *options)
    assert outcome.code == 2
    assert f"what {options[0]} says stands in opselect.yaml" in outcome.err
    assert files() == set()


def test_models_on_the_command_line_and_no_configuration(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul", name="a.pbtxt")
    none = cli("generate")
    assert none.code == 2
    assert "there is no opselect.yaml here, which `opselect init` writes" in none.err
    written(index_file, "[no.pbtxt]")
    assert cli("generate", path, "--index", index_file, "--out", "x").code == 0
    both = cli("generate", path, "--config", "opselect.yaml")
    assert (both.code, "leave out --config" in both.err) == (2, True)
    assert cli("generate", "--jobs", "2", "--dask", "x").code == 2


def test_what_is_read_is_not_written_over(cli: Cli, index_file: Path, model: Model) -> None:
    path = model("Mul", name="a.pbtxt")
    Path("build_lists").mkdir()
    Path("build_lists/kernel_files.txt").symlink_to(path)
    before = path.read_text()
    written(index_file, "[a.pbtxt]", "targets: [list]\n")
    outcome = cli("generate")
    assert outcome.code == 2
    assert "targets[0]: build_lists/kernel_files.txt: would be written over, and is part of what is read" in outcome.err
    assert path.read_text() == before


def test_patterns(cli: Cli, index_file: Path, model: Model) -> None:
    for name in ("m/a.pbtxt", "m/deep/er/b.pbtxt", "m/.hidden.pbtxt", "m/[1].pbtxt", "m/1.pbtxt"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        model("Mul", name=name)
    expected = {
        "m/*.pbtxt": ["1.pbtxt", "[1].pbtxt", "a.pbtxt"],
        "m/**/*.pbtxt": ["1.pbtxt", "[1].pbtxt", "a.pbtxt", "b.pbtxt"],
        "m/[1].pbtxt": ["[1].pbtxt"],
        "m/.*.pbtxt": [".hidden.pbtxt"],
        "m/?.pbtxt": ["1.pbtxt", "a.pbtxt"],
    }
    for pattern, names in expected.items():
        written(index_file, json.dumps([pattern]), "targets: [manifest]\n")
        outcome = cli("generate", "--json", "--quiet")
        assert outcome.code == 0, outcome.err
        reasons = [r for kernel in outcome.json["builds"][0]["kernels"] for r in kernel["reasons"]]
        assert sorted({name for reason in reasons for name in reason["models"]}) == names


def test_the_default_profile_is_the_same_everywhere() -> None:
    from opselect.config_file.keys import SETTINGS
    from opselect.config_file.merging import _DEFAULTS

    assert next(key.default for key in SETTINGS if key.name == "profile") == f"`{DEFAULT_PROFILE}`"
    assert _DEFAULTS["profile"] == DEFAULT_PROFILE


HEADERS = """targets:
  - {kind: header, out: own}
  - {kind: header, compat: 2.14, out: tool}
  - {kind: header, compat: 2.14, default_ops: 'MyOp:MyClass', out: more}
"""


def test_headers_are_those_of_single_calls(cli: Cli, model: Model) -> None:
    model("Mul", name="a.pbtxt"), model("Relu", name="b.pbtxt")
    Path("opselect.yaml").write_text("models: [a.pbtxt, {path: b.pbtxt, outputs: n0}]\ntensorflow: 2.14\n" + HEADERS)
    outcome = cli("generate")
    assert outcome.code == 0, outcome.err
    assert "a header alone decides what is registered" in outcome.err
    single = ("generate", "a.pbtxt", "b.pbtxt", "--tensorflow", "2.14", "--target", "header", "--out", "one")
    for folder, options in {
        "own": (),
        "tool": ("--compat", "2.14"),
        "more": ("--compat", "2.14", "--default-ops", "MyOp:MyClass"),
    }.items():
        assert cli(*single, *options).code == 0
        assert Path(folder, "ops_to_register.h").read_text() == Path("one", "ops_to_register.h").read_text()


def test_lists_of_another_target_go_with_a_header(cli: Cli, model: Model) -> None:
    model("Mul", name="a.pbtxt")
    targets = "targets: [{kind: header, compat: 2.14}, bazel]\n"
    Path("opselect.yaml").write_text("models: [a.pbtxt]\ntensorflow: 2.14\n" + targets)
    outcome = cli("generate")
    assert outcome.code == 0, outcome.err
    assert "a header alone decides what is registered" not in outcome.err


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("compat: new", "opselect.yaml:3: targets[0].compat: 'new' is no TensorFlow version"),
        ("default_ops: NoOp", "opselect.yaml:3: targets[0].default_ops: --default-ops: 'NoOp' is no pair"),
    ],
)
def test_a_header_that_makes_no_sense_is_said_before_models_are_read(cli: Cli, setting: str, said: str) -> None:
    Path("opselect.yaml").write_text(f"models: [broken.pb]\ntensorflow: 2.14\ntargets: [{{kind: header, {setting}}}]\n")
    Path("broken.pb").write_text("no model")
    outcome = cli("generate")
    assert (outcome.code, said in outcome.err) == (2, True), outcome.err


def test_the_words_of_the_tool_need_the_models_themselves(cli: Cli, model: Model) -> None:
    model("Mul", name="a.pbtxt")
    Path("kept.json").write_text(cli("requirements", "a.pbtxt", "--tensorflow", "2.14", "--json").out)
    Path("opselect.yaml").write_text("requirements: kept.json\ntensorflow: 2.14\n" + HEADERS)
    outcome = cli("generate")
    assert outcome.code == 2
    assert "opselect.yaml:5: targets[1].compat: --compat needs the models themselves" in outcome.err
