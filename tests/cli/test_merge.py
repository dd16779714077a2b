"""``opselect merge``: requirements, configurations, and nothing that was generated."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from opselect.config_file import read_config
from tests.cli.conftest import Cli, Model


def requirements(cli: Cli, index: Path, *models: Path) -> str:
    outcome = cli("requirements", *models, "--index", index, "--json")
    assert outcome.code == 0, outcome.err
    document = outcome.json
    return json.dumps({key: document[key] for key in ("ops", "runtime_ops", "releases", "loads") if key in document})


@pytest.mark.parametrize("seed", range(6))
def test_merged_requirements_are_those_of_all_models_read_at_once(
    cli: Cli, index_file: Path, model: Model, seed: int
) -> None:
    rng = random.Random(seed)
    models = [
        model(*rng.choices(("Mul", "Relu", "Lonely", "MatMul"), k=rng.randint(1, 8)), name=f"m{number}.pbtxt")
        for number in range(rng.randint(2, 25))
    ]
    cut = rng.randint(1, len(models) - 1)
    Path("a.json").write_text(requirements(cli, index_file, *models[:cut]))
    Path("b.json").write_text(requirements(cli, index_file, *models[cut:]))
    merged = cli("merge", "a.json", "b.json", "-o", "all.json")
    assert (merged.code, merged.out) == (0, ""), merged.err
    assert json.loads(Path("all.json").read_text()) == json.loads(requirements(cli, index_file, *models))
    assert cli("merge", "b.json", "a.json").out == Path("all.json").read_text()
    assert cli("merge", "all.json", "all.json").out == Path("all.json").read_text()


def config(name: str, text: str) -> str:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)
    return name


A = "models: [a.pb, {path: b.pb, tags: serve}]\ntensorflow: 2.14\ntargets: [bazel]\n"
B = """models: [../a/a.pb, c.pb]
tensorflow: 2.14
targets: [bazel, {kind: manifest, out: ../a/build_lists, profile: ios}]
"""


def test_merged_configurations_have_all_models_and_targets(cli: Cli) -> None:
    files = config("a/opselect.yaml", A), config("b/opselect.yaml", B)
    merged = cli("merge", *files, "-o", "opselect.yaml")
    assert (merged.code, merged.err) == (0, "opselect.yaml: configuration of 2 files\n")
    read = read_config("opselect.yaml")
    assert [(each.path, each.tags) for each in read.models] == [("a/a.pb", ()), ("a/b.pb", ("serve",)), ("b/c.pb", ())]
    assert [(each.kind, each.out, each.tensorflow, each.profile) for each in read.targets] == [
        ("bazel", "a/build_lists", "2.14", ""),
        ("bazel", "b/build_lists", "2.14", ""),
        ("manifest", "a/build_lists", "2.14", "ios"),
    ]
    text = Path("opselect.yaml").read_text()
    assert cli("merge", "opselect.yaml", "-o", "again.yaml").code == 0
    again = Path("again.yaml").read_text()
    assert again.splitlines()[2:] == text.splitlines()[3:]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (A, A.replace("2.14", "2.13"), "b.yaml:2: tensorflow: is another one than a.yaml:2: tensorflow"),
        (
            A + "profile: ios\n",
            A,
            "b.yaml:1: no profile is given, which means `android`, and that is another one than a.yaml:4",
        ),
        (A, A + "profile: ios\n", "b.yaml:4: profile: is another one than a.yaml:1"),
        (
            A,
            A.replace("a.pb", "{path: a.pb, outputs: x}"),
            "b.yaml:1: models[0]: names a.pb with other options than a.yaml:1",
        ),
        (
            A,
            A.replace("bazel", "{kind: bazel, profile: ios}"),
            "b.yaml:3: targets[0]: writes build_lists/kernels.BUILD with another profile than a.yaml:3: targets[0]",
        ),
        (A, A + "budgets: {kernels: 1}\n", "b.yaml:4: budgets: is another one than a.yaml:1"),
        (
            A,
            A.replace("bazel", "{kind: list, budgets: {ops: 9}}") + "budgets: {kernels: 1}\n",
            "b.yaml:4: budgets: is another one than a.yaml:1",
        ),
    ],
)
def test_contradictions_are_said_with_both_places(cli: Cli, one: str, other: str, expected: str) -> None:
    outcome = cli("merge", config("a.yaml", one), config("b.yaml", other), "-o", "c.yaml")
    assert outcome.code == 2
    assert expected in outcome.err
    assert not Path("c.yaml").exists()


def test_what_no_target_goes_by_is_no_contradiction(cli: Cli) -> None:
    own = "models: [x.pb]\ntargets: [{kind: list, tensorflow: 2.13, profile: ios}]\n"
    outcome = cli("merge", config("a.yaml", A + "profile: desktop\n"), config("b.yaml", own), "-o", "c.yaml")
    assert outcome.code == 0, outcome.err
    assert [(t.tensorflow, t.profile) for t in read_config("c.yaml").targets] == [("2.14", "desktop"), ("2.13", "ios")]


def test_generated_files_are_refused_with_what_to_do(cli: Cli, index_file: Path, model: Model) -> None:
    every = [word for kind in ("bazel", "makefile", "cmake", "list", "manifest") for word in ("--target", kind)]
    assert cli("generate", model("Mul"), "--index", index_file, *every, "--out", "x").code == 0
    assert (
        cli("generate", model("Mul"), "--index", index_file, "--target", "manifest", "--out", "x", "--json").code == 0
    )
    Path("x/ops_to_register.h").write_text("Using X backend.\n#ifndef OPS_TO_REGISTER\n#define OPS_TO_REGISTER\n")
    Path("x/empty.h").write_text("Error reading graph!\n1\n")
    files = sorted(Path("x").iterdir())
    assert len(files) == 8
    good = config("good.yaml", A)
    for path in files:
        outcome = cli("merge", good, path)
        assert (outcome.code, outcome.out) == (2, "")
        assert f"error: {path}: is a" in outcome.err
        assert "generated files are not merged\n  Merge what it was made of: requirements" in outcome.err


def test_other_files_and_both_kinds_in_one_call_are_refused(cli: Cli, index_file: Path, model: Model) -> None:
    Path("a.json").write_text(requirements(cli, index_file, model("Mul")))
    both = cli("merge", "a.json", config("a.yaml", A))
    assert (both.code, "a.yaml: holds a configuration, and a.json holds requirements" in both.err) == (2, True)
    for data in (b"\xff\x00", b"[1]", b"{}", b"", b'{"ops": 1}', b"x: 1"):
        Path("odd").write_bytes(data)
        assert cli("merge", "odd").code == 2
    assert cli("merge").code == 2
    over = cli("merge", "a.json", "-o", "a.json")
    assert (over.code, "would be written over" in over.err) == (2, True)


def test_a_name_is_still_the_same_after_merging(cli: Cli) -> None:
    name = "q\"u'o\\te\n\u202e\u00e9"
    config("a.yaml", f"models: [{json.dumps(name)}]\ntensorflow: 2.14\ntargets: [list]\n")
    assert cli("merge", "a.yaml", "-o", "b.yaml").code == 0
    assert "\u202e" not in Path("b.yaml").read_text()
    assert [each.path for each in read_config("b.yaml").models] == [name]


@pytest.mark.parametrize("setting", ["compat: 2.14", "default_ops: ''"])
def test_headers_of_one_file_that_differ_contradict_each_other(cli: Cli, setting: str) -> None:
    for name, more in (("a", ""), ("b", f", {setting}")):
        Path(f"{name}.yaml").write_text(
            f"models: [{name}.pb]\ntensorflow: 2.14\ntargets: [{{kind: header, out: h{more}}}]\n"
        )
    outcome = cli("merge", "a.yaml", "b.yaml")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"with another {setting.partition(':')[0]} than a.yaml:3: targets[0]" in outcome.err
    same = cli("merge", "b.yaml", "b.yaml")
    assert (same.code, setting.partition(":")[0] in same.out) == (0, True)
