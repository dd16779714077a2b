"""The page of a generated build: what is in it and why, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, Model
from tests.opselect.report.reading import data_of, rows_of, totals_of

ROOT = Path(__file__).resolve().parents[2]
MOBILENET = ROOT / "fixtures" / "models" / "tiny_mobilenet.pb"


def page_at(path: str = "page.html") -> dict[str, Any]:
    return data_of(Path(path).read_text(encoding="utf-8"))


def figures(page: dict[str, Any]) -> dict[str, Any]:
    return {each["label"]: each["value"] for each in page["figures"]}


def test_a_page_alone_is_written_with_the_size_of_what_it_is_about(cli: Cli) -> None:
    outcome = cli("generate", MOBILENET, "--tensorflow", "2.14", "--html", "page.html")
    lines = outcome.err.splitlines()
    assert lines[0] == "TensorFlow 2.14.1, profile android: 24 kernel files"
    assert lines[1].startswith("Expected size: ")
    assert lines[-1] == "wrote page.html"
    assert cli("generate", MOBILENET, "--tensorflow", "2.14", "--html", "page.html", "--quiet").err == ""


def test_the_page_has_files_and_kernels_as_the_manifest_has_them(cli: Cli) -> None:
    outcome = cli("generate", MOBILENET, "--tensorflow", "2.14", "--html", "page.html", "--json")
    assert outcome.code == 0, outcome.err
    assert "wrote page.html" in outcome.err
    manifest, page = outcome.json, page_at()
    assert (page["kind"], page["title"]) == ("generate", "tiny_mobilenet.pb")
    assert page["subtitle"] == f"TensorFlow {manifest['tensorflow']}, profile {manifest['profile']}"
    roles: dict[str, list[str]] = {}
    for file in manifest["files"]:
        roles.setdefault(file["path"], []).append(file["role"])
    assert {row["file"]: row["role"] for row in rows_of(page, "files")} == {
        path: ", ".join(its) for path, its in roles.items()
    }
    kernels = rows_of(page, "kernels")
    assert [(row["op"], row["file"]) for row in kernels] == [
        (kernel["op"], kernel.get("unit", kernel["file"])) for kernel in manifest["kernels"]
    ]
    found = figures(page)
    assert found["Kernels"] == len(manifest["kernels"])
    assert found["Source files"] == sum(its != ["header"] for its in roles.values())
    assert found["Missing"] == 0
    for kernel in kernels:
        assert "n" in dict(page["matrix"]["rows"])[kernel["op"]]


def test_each_file_says_why_it_is_there(cli: Cli) -> None:
    assert cli("generate", MOBILENET, "--tensorflow", "2.14", "--html", "page.html").code == 0
    page = page_at()
    rows = {row["file"]: row for row in rows_of(page, "files")}
    conv = rows["tensorflow/core/kernels/conv_ops_float.cc"]
    assert conv["why"].startswith("Conv2D (T=DT_FLOAT")
    assert conv["models"] == "tiny_mobilenet.pb"
    needs = {row["op"]: row for row in rows_of(page, "needs")}
    assert needs["Conv2D"]["nodes"]
    assert needs["Conv2D"]["models"] == "tiny_mobilenet.pb"
    (model,) = page["models"]
    assert (model["name"], model["nodes"]) == ("tiny_mobilenet.pb", 222)
    assert model["producer"].startswith("GraphDef producer ")


def test_the_expected_size_is_on_the_page_and_told_apart(cli: Cli) -> None:
    outcome = cli("generate", MOBILENET, "--tensorflow", "2.14", "--html", "page.html", "--json")
    estimate, page = outcome.json["estimate"], page_at()
    first = page["figures"][0]
    assert (first["label"], first["value"]) == ("Expected size", estimate["bytes"])
    assert f"between {estimate['low']:,} and {estimate['high']:,} in 90% of the cases" in first["note"]
    assert [tree["id"] for tree in page["trees"]] == ["file", "op"]
    for tree in page["trees"]:
        assert sum(tree["own"]) == estimate["bytes"]
    rows = {row["file"]: row["bytes"] for row in rows_of(page, "files")}
    assert {each["path"]: each["bytes"] for each in estimate["files"]} == {
        path: count for path, count in rows.items() if count is not None
    }
    known = {row["file"]: (row["low"], row["high"], row["basis"]) for row in rows_of(page, "files") if row["basis"]}
    assert known == {each["path"]: (each["low"], each["high"], each["basis"]) for each in estimate["files"]}
    by_op = totals_of(page["trees"][1])
    relu6 = next(each["bytes"] for each in estimate["files"] if each["path"].endswith("/softmax_op.cc"))
    assert by_op["ops", "Softmax"] == relu6


def test_lists_and_page_are_both_written(cli: Cli, model: Model, index_file: Path) -> None:
    outcome = cli("generate", model("Mul"), "--index", index_file, "--out", "lists", "--html", "page.html")
    assert outcome.code == 0, outcome.err
    assert Path("lists/manifest.yaml").exists()
    assert "Lists" not in figures(page_at())


def test_what_is_missing_is_on_a_page_and_nothing_else_is_written(cli: Cli, model: Model, index_file: Path) -> None:
    path = model("Mul", "Lonely")
    arguments = ("generate", path, "--index", index_file, "--out", "lists", "--html", "page.html")
    outcome = cli(*arguments)
    assert outcome.code == 1
    assert "Nothing was written but page.html. --allow-missing writes the lists without these." in outcome.err
    assert sorted(each.name for each in Path().iterdir()) == ["model.pbtxt", "page.html"]
    page = page_at()
    assert (figures(page)["Missing"], figures(page)["Lists"]) == (1, "not written")
    (line,) = [each for each in page["findings"] if each["severity"] == "missing"]
    manifest = json.loads(cli("generate", path, "--index", index_file, "--json").out)
    (unresolved,) = manifest["unresolved"]
    assert (line["code"], line["mend"]) == (unresolved["code"], unresolved["advice"])
    assert unresolved["reason"] in line["reason"]
    (row,) = rows_of(page, "missing")
    assert (row["op"], row["attrs"], row["nodes"], row["models"]) == ("Lonely", "T=DT_FLOAT", "n1", "model.pbtxt")
    assert "m" in dict(page["matrix"]["rows"])["Lonely"]
    assert cli(*arguments, "--allow-missing").code == 0
    assert "Lists" not in figures(page_at())


def test_a_page_in_the_folder_of_lists_that_are_not_written(cli: Cli, model: Model, index_file: Path) -> None:
    arguments = ("--index", index_file, "--out", "deep/lists", "--html", "deep/lists/page.html")
    assert cli("generate", model("Mul", "Lonely"), *arguments).code == 1
    assert [each.name for each in Path("deep/lists").iterdir()] == ["page.html"]
    assert cli("generate", model("Mul"), *arguments).code == 0
    assert Path("deep/lists/manifest.yaml").exists()


def test_no_list_is_written_where_the_page_cannot_be(cli: Cli, model: Model, index_file: Path) -> None:
    Path("folder").mkdir()
    for place in ("no/such/folder/page.html", "folder", "model.pbtxt/page.html"):
        outcome = cli("generate", model("Mul"), "--index", index_file, "--out", "lists", "--html", place)
        assert (outcome.code, Path("lists").exists()) == (2, False)
        assert f"{place}: cannot be written" in outcome.err


@pytest.mark.parametrize("target", ["bazel", "makefile", "cmake", "list", "header", "manifest"])
def test_the_page_is_written_with_every_target(cli: Cli, model: Model, index_file: Path, target: str) -> None:
    out = ("--out", "lists", "--html", "page.html")
    outcome = cli("generate", model("Mul"), "--index", index_file, "--target", target, *out)
    assert outcome.code == 0, outcome.err
    assert {row["op"] for row in rows_of(page_at(), "kernels")} >= {"Mul", "NoOp"}
    assert f"{'tensorflow/core/kernels'}/cwise_op_mul.cc" in {row["file"] for row in rows_of(page_at(), "files")}


def test_a_page_alone_needs_no_folder(cli: Cli, model: Model, index_file: Path) -> None:
    assert cli("generate", model("Mul"), "--index", index_file, "--html", "page.html").code == 0
    outcome = cli("generate", model("Mul"), "--index", index_file, "--html", "page.html", "--target", "bazel")
    assert outcome.code == 2
    assert "name a folder: --out DIR" in outcome.err


def test_several_models_and_one_that_cannot_be_read(cli: Cli, model: Model, index_file: Path) -> None:
    Path("broken.pb").write_bytes(b"\x08\x96\x01\xff\xff")
    paths = (model("Mul", name="a.pbtxt"), model("Relu", name="b.pbtxt"), "broken.pb")
    outcome = cli("generate", *paths, "--index", index_file, "--html", "page.html")
    assert outcome.code == 1
    page = page_at()
    assert figures(page)["Unread models"] == 1
    assert [each["name"] for each in page["models"]] == ["a.pbtxt", "b.pbtxt", "broken.pb"]
    assert [each["ops"] for each in page["models"]] == [2, 2, None]
    needs = {row["op"]: row["models"] for row in rows_of(page, "needs")}
    assert (needs["Mul"], needs["Relu"], needs["Placeholder"]) == ("a.pbtxt", "b.pbtxt", "a.pbtxt, b.pbtxt")


def test_kept_requirements_are_models_of_the_page(cli: Cli, model: Model, index_file: Path) -> None:
    kept = cli("requirements", model("Mul"), "--index", index_file, "--json").out
    Path("kept.json").write_text(kept)
    assert cli("generate", "--requirements", "kept.json", "--index", index_file, "--html", "page.html").code == 0
    (row,) = page_at()["models"]
    assert (row["name"], row["ops"], len(row["sha256"])) == ("kept.json", None, 64)
    assert "requirements" in row["note"]


def test_an_ops_list_alone_has_a_page(cli: Cli, index_file: Path) -> None:
    Path("ops.json").write_text(json.dumps([["Mul", "MulOp<CPUDevice>"]]))
    outcome = cli("generate", "--ops-list", "ops.json", "--index", index_file, "--html", "page.html")
    assert outcome.code == 0, outcome.err
    assert "Mul" in {row["op"] for row in rows_of(page_at(), "kernels")}
    assert page_at()["models"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--html", "-", "--json"), "--json and --html - both write to stdout"),
        (("--html", "model.pbtxt"), "would be written over"),
        (("--html", "lists/manifest.yaml", "--out", "lists"), "another output are the same file"),
        (("--html", "lists/../lists/kernels.BUILD", "--out", "./lists"), "another output are the same file"),
        (("--html", "no/such/folder/page.html"), "cannot be written"),
    ],
)
def test_where_no_page_can_be_written_to(
    cli: Cli, model: Model, index_file: Path, arguments: tuple[str, ...], said: str
) -> None:
    model("Mul")
    outcome = cli("generate", "model.pbtxt", "--index", index_file, *arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert [each.name for each in Path().iterdir()] == ["model.pbtxt"]


def test_hostile_names_of_nodes_are_text(cli: Cli, index_file: Path) -> None:
    name = "</script><script>alert(1)</script>"
    Path("m.pbtxt").write_text(
        'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }\n'
        f'node {{ name: "{name}" op: "Lonely" input: "x" attr {{ key: "T" value {{ type: DT_FLOAT }} }} }}\n'
    )
    assert cli("generate", "m.pbtxt", "--index", index_file, "--html", "page.html").code == 1
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert name in {row["nodes"] for row in rows_of(data_of(page), "needs")}


CONFIG = """
models: [model.pbtxt]
index: small.opselidx
targets:
  - {kind: list, out: one, profile: android, budgets: {kernels: 100}}
  - {kind: manifest, out: two, profile: android-slim}
"""


def test_a_configuration_has_all_its_builds_on_one_page(cli: Cli, model: Model, index_file: Path) -> None:
    model("Mul")
    Path("opselect.yaml").write_text(CONFIG.replace("small.opselidx", str(index_file)))
    outcome = cli("generate", "--html", "page.html", "--json")
    assert outcome.code == 0, outcome.err
    page = page_at()
    names = ["1.13.9 android", "1.13.9 android-slim"]
    found = figures(page)
    for name, build in zip(names, outcome.json["builds"], strict=True):
        assert found[f"Kernels ({name})"] == len(build["kernels"])
        rows = [row for row in rows_of(page, "kernels") if row["build"] == name]
        assert [row["op"] for row in rows] == [kernel["op"] for kernel in build["kernels"]]
    (row,) = page["budget"]
    assert (row["number"], row["most"], row["over"], row["unit"]) == (
        found["Kernels (1.13.9 android)"],
        100,
        False,
        "count",
    )


def test_a_configuration_that_exceeds_a_budget_writes_the_page_alone(cli: Cli, model: Model, index_file: Path) -> None:
    model("Mul")
    Path("opselect.yaml").write_text(CONFIG.replace("small.opselidx", str(index_file)).replace("100", "1"))
    outcome = cli("generate", "--html", "page.html")
    assert outcome.code == 1
    assert "Nothing was written but page.html, for a budget is exceeded." in outcome.err
    page = page_at()
    assert page["budget"][0]["over"]
    assert page["budget"][0]["reason"]
    (over,) = [each["reason"] for each in page["findings"] if each["code"] == "OPS601"]
    assert over == f"1.13.9 android: {page['budget'][0]['reason']}"  # the other build is within its own
    assert page["matrix"]["note"].endswith("Of all 2 builds together: what one of them lacks is missing here.")
    assert not Path("two").exists()


@pytest.mark.parametrize("place", ["opselect.yaml", "model.pbtxt", "two/manifest.yaml"])
def test_a_configuration_is_not_written_over(cli: Cli, model: Model, index_file: Path, place: str) -> None:
    model("Mul")
    text = CONFIG.replace("small.opselidx", str(index_file))
    Path("opselect.yaml").write_text(text)
    outcome = cli("generate", "--html", place)
    assert outcome.code == 2
    assert Path("opselect.yaml").read_text() == text
    assert not Path("two").exists()


def test_what_is_not_known_is_not_shown_as_missing(cli: Cli) -> None:
    new = ROOT / "fixtures" / "findings" / "new_kernel.pbtxt"
    outcome = cli("generate", new, "--tensorflow", "2.21", "--html", "page.html", "--json", "-q")
    assert outcome.code == 1
    assert (outcome.json["criteria"], [each["code"] for each in outcome.json["unresolved"]]) == ([], ["OPS127"])
    page = page_at()
    assert (figures(page)["Missing"], figures(page)["Not known"]) == (0, 1)
    assert {each["tone"] for each in page["figures"] if each["label"] in ("Missing", "Not known")} == {""}
    assert [each["severity"] for each in page["findings"] if each["code"] == "OPS127"] == ["unknown"]
    column = page["matrix"]["dtypes"].index("DT_UINT8")
    assert dict(page["matrix"]["rows"])["DecodeJxl"][column] == "?"
    assert not any("m" in letters for _, letters in page["matrix"]["rows"])
    assert "of the needed kernels" not in cli("generate", new, "--tensorflow", "2.21", "--out", "lists").err
