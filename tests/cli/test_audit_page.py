"""The page of an audit: its figures are those of the JSON of the same call."""

from __future__ import annotations

import html
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from opselect.report.fitting import Limits
from tests.cli.conftest import Cli
from tests.opselect.report.reading import data_of, paths_of, rows_of, totals_of

ROOT = Path(__file__).resolve().parents[2]
AUDIT = ROOT / "fixtures" / "audit"
RUNTIME, WHOLE, WIDE = AUDIT / "libruntime.so", AUDIT / "libwhole.so", AUDIT / "libwide.so"
STRIPPED = ROOT / "fixtures" / "binaries" / "elf" / "arm64.stripped.so"
RELU, ABS = ROOT / "fixtures" / "findings" / "relu.pbtxt", ROOT / "fixtures" / "findings" / "int32.pbtxt"
OF = ("--tensorflow", "2.14")


def both(cli: Cli, *arguments: str | Path, code: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a call says as JSON and on its page."""
    outcome = cli("audit", *OF, *arguments, "--json", "--html", "page.html")
    assert outcome.code == code, outcome.err
    assert "wrote page.html" in outcome.err
    return outcome.json, data_of(Path("page.html").read_text(encoding="utf-8"))


def figures(page: dict[str, Any]) -> dict[str, Any]:
    return {each["label"]: each["value"] for each in page["figures"]}


@pytest.mark.parametrize(
    "files",
    [
        *((RUNTIME,), (RUNTIME, WHOLE), (AUDIT / "app.apk",)),
        *((ROOT / "fixtures" / "binaries" / name,) for name in ("elf/arm64.stripped.so", "elf/x86_64.thin.a")),
        *((ROOT / "fixtures" / "binaries" / "macho" / "registers.arm64.stripped.dylib",), (WIDE,)),
    ],
)
def test_the_page_has_the_figures_of_the_json(cli: Cli, files: tuple[Path, ...]) -> None:
    told, page = both(cli, *files)
    assert figures(page)["Total"] == told["size"]
    assert figures(page)["Own bytes of ops"] == sum(op["own_bytes"] for op in told["ops"])
    assert figures(page)["Kernels"] == told["registered"]["kernels"]
    ops = rows_of(page, "ops")
    assert [(op["op"], op["kernels"], op["own"], op["retained"]) for op in ops] == [
        (op["op"], op["kernels"], op["own_bytes"], op["retained_bytes"]) for op in told["ops"]
    ]
    assert {row["section"]: row["bytes"] for row in rows_of(page, "sections")} == told["sections"]
    checks = [each["code"] for each in page["findings"] if each["severity"] == "check"]
    assert checks == [each["code"] for each in told["checks"]]


@pytest.mark.parametrize("files", [(RUNTIME,), (RUNTIME, WHOLE), (WIDE,)])
def test_in_every_tree_all_bytes_together_are_the_files(cli: Cli, files: tuple[Path, ...]) -> None:
    told, page = both(cli, *files)
    assert [tree["id"] for tree in page["trees"]] == ["op", "file", "dtype", "section"]
    for tree in page["trees"]:
        assert sum(tree["own"]) == told["size"] == sum(path.stat().st_size for path in files)
        assert min(tree["own"]) >= 0
    op, _, dtype, section = page["trees"]
    totals = totals_of(op)
    for row in told["ops"]:
        assert totals.get(("ops", row["op"]), 0) == row["own_bytes"]
    assert {path[1]: own for path, own in paths_of(op).items() if path[0] == "of no op alone"} == {
        name: count for name, count in told["unattributed"].items() if count
    }
    assert {path[0]: total for path, total in totals_of(section).items() if len(path) == 1} == {
        name: count for name, count in told["sections"].items() if count
    }
    by_type = {row["dtype"]: row["own"] for row in rows_of(page, "dtypes")}
    typed = "kernels for a data type"
    named = {path[1]: total for path, total in totals_of(dtype).items() if path[:-1] == (typed,)}
    assert named == {name: count for name, count in by_type.items() if count}


def test_each_tree_has_the_kernels_of_the_json(cli: Cli) -> None:
    told, page = both(cli, STRIPPED)
    for tree in page["trees"]:
        assert tree["kernels"][0] == told["registered"]["kernels"]
    _, _, dtype, section = page["trees"]
    of_type = {row["dtype"]: row["kernels"] for row in rows_of(page, "dtypes")}
    first = dtype["names"].index("kernels for a data type")
    below = {dtype["names"][at]: dtype["kernels"][at] for at, over in enumerate(dtype["parents"]) if over == first}
    assert below == of_type
    assert dtype["kernels"][first] < sum(of_type.values())  # some are for several types
    assert set(section["kernels"][1:]) == {None}


def test_nodes_say_what_would_go_as_the_rows_do(cli: Cli) -> None:
    told, page = both(cli, RUNTIME, "--by", "kernel")
    rows = {row["name"]: row for row in told["rows"]}
    tree = page["trees"][0]
    relu = tree["names"].index("Relu")
    kernel = tree["names"].index("CPU ReluOp<CPUDevice, float>")
    assert tree["parents"][kernel] == relu
    assert tree["own"][kernel] == rows["Relu CPU ReluOp<CPUDevice, float>"]["own_bytes"]
    assert tree["retained"][kernel] == rows["Relu CPU ReluOp<CPUDevice, float>"]["retained_bytes"]
    assert tree["retained"][relu] == next(op["retained_bytes"] for op in told["ops"] if op["op"] == "Relu")
    assert tree["details"][kernel] == "DT_FLOAT"
    assert tree["details"][relu] == "tensorflow/core/kernels/relu_op.cc"


def test_models_tell_what_is_needed_what_would_go_and_the_edit(cli: Cli) -> None:
    told, page = both(cli, RUNTIME, "--model", RELU)
    models = told["models"]
    found = figures(page)
    assert (found["Needed"], found["Unused"], found["Missing"]) == (models["needed_bytes"], models["unused_bytes"], 0)
    going = page["would_go"]
    assert going["total"] == models["unused_bytes"]
    assert [(row["what"], row["bytes"], row["edit"]) for row in going["rows"]] == [
        (row["file"], row["retained_bytes"], row["mend"]["text"].removesuffix(".")) for row in models["unused"]
    ]
    assert going["rows"][0]["edit"].endswith("--out build_lists")  # as it is copied into a shell
    assert {row["op"]: row["models"] for row in rows_of(page, "ops")} == {
        row["op"]: ", ".join(row["needed_by"]) for row in told["ops"]
    }
    use = {row["op"]: row["use"] for row in rows_of(page, "ops")}
    assert (use["Relu"], use["Relu6"], use["NoOp"]) == ("needed", "unused", "needed")
    tree = page["trees"][0]
    assert tree["states"][tree["names"].index("Relu")] == "needed"
    assert tree["states"][tree["names"].index("Relu6")] == "unused"
    assert dict(page["matrix"]["rows"])["Relu"][page["matrix"]["dtypes"].index("DT_FLOAT")] == "n"
    assert dict(page["matrix"]["rows"])["Relu6"][page["matrix"]["dtypes"].index("DT_FLOAT")] == "u"


def test_what_is_missing_stands_in_matrix_and_findings(cli: Cli) -> None:
    told, page = both(cli, RUNTIME, "--model", RELU, "--model", ABS, code=1)
    missing = told["models"]["missing"]
    assert figures(page)["Missing"] == len(missing) > 0
    lines = [each for each in page["findings"] if each["severity"] == "missing"]
    assert [each["code"] for each in lines] == [each["code"] for each in missing]
    assert [each["mend"] for each in lines] == [each["mend"] for each in missing]
    assert [(row["op"], row["code"], row["mend"]) for row in rows_of(page, "missing")] == [
        (each["op"], each["code"], each["mend"]) for each in missing
    ]
    assert [row["models"] for row in rows_of(page, "missing")] == [", ".join(each["models"]) for each in missing]
    for each in missing:
        assert "m" in dict(page["matrix"]["rows"])[each["op"]]
    savings = [(row["model"], row["kernels"], row["bytes"]) for row in rows_of(page, "savings")]
    assert savings == [(row["model"], row["kernels"], row["saves_bytes"]) for row in told["models"]["dropping"]]


def test_models_say_where_they_come_from(cli: Cli) -> None:
    shutil.copy(RELU, "relu.pbtxt")
    _, page = both(cli, RUNTIME, "--model", "relu.pbtxt")
    (model,) = page["models"]
    assert (model["name"], model["ops"], model["nodes"], len(model["sha256"])) == ("relu.pbtxt", 2, 2, 64)


def test_a_model_that_cannot_be_read_is_on_the_page(cli: Cli) -> None:
    Path("broken.pb").write_bytes(b"\x08\x96\x01\xff\xff")
    _, page = both(cli, RUNTIME, "--model", RELU, "--model", "broken.pb", code=1)
    assert figures(page)["Unread models"] == 1
    assert any(each["severity"] == "unread" and "broken.pb" in each["reason"] for each in page["findings"])
    row = next(each for each in page["models"] if each["name"] == "broken.pb")
    assert (row["ops"], row["nodes"]) == (None, None)
    assert "could not be read" in row["note"]


def test_an_older_build_and_a_budget(cli: Cli) -> None:
    Path("budget.yaml").write_text("total: 10 kB\nany_op: 1 MB\nops: {Relu: 2 MB}\ngrowth: 1 MB\nany_op_growth: 1 MB\n")
    told, page = both(cli, RUNTIME, "--diff", WHOLE, "--budget", "budget.yaml", code=1)
    diff = told["diff"]
    assert (page["diff"]["old"], page["diff"]["growth"]) == (diff["old"]["file"], diff["growth_bytes"])
    assert [(row["name"], row["state"], row["own"], row["retained"]) for row in page["diff"]["rows"]] == [
        (row["op"], row["state"], row["own_bytes"], row["retained_bytes"]) for row in diff["ops"]
    ]
    for table, name, changes in (("changed-ops", "op", diff["ops"]), ("changed-files", "file", diff["files"])):
        assert [
            (row[name], row["state"], row["kernels"], row["own"], row["retained"]) for row in rows_of(page, table)
        ] == [
            (each[name], each["state"], each["kernels"], each["own_bytes"], each["retained_bytes"]) for each in changes
        ]
        (found,) = [each for each in page["tables"] if each["id"] == table]
        assert [column["label"] for column in found["columns"][2:]] == [
            *("Kernels, change", "Would go, change", "Own bytes, change")
        ]
    changed = rows_of(page, "changed-kernels")
    assert sum(row["state"] == "gone" for row in changed) == len(diff["kernels"]["gone"])
    assert [row["what"] for row in page["budget"]] == ["total", "ops.Relu", "any_op", "growth", "any_op_growth"]
    total, *others = page["budget"]
    over = told["over_budget"][0]
    assert (total["number"], total["most"], total["reason"], total["mend"]) == (
        over["number"], over["most"], over["reason"], over["mend"],
    )  # fmt: skip
    assert total["over"]
    assert not any(each["over"] for each in others)
    assert others[0]["number"] == next(op["retained_bytes"] for op in told["ops"] if op["op"] == "Relu")
    assert others[2]["number"] == diff["growth_bytes"]


def test_what_could_not_be_decoded_is_on_the_page(cli: Cli) -> None:
    told, page = both(cli, STRIPPED)
    count = told["registered"]["undecoded"]
    assert count > 0
    assert figures(page)["Not decoded"] == count == len(rows_of(page, "undecoded"))
    assert any(each["severity"] == "unknown" and "could not be decoded" in each["reason"] for each in page["findings"])


def test_what_the_call_warns_of_is_on_the_page(cli: Cli) -> None:
    Path("budget.yaml").write_text("ops: {Rleu: 1 MB}\n")
    training = ROOT / "fixtures" / "models" / "training.pb"
    outcome = cli("audit", WHOLE, *("--diff", STRIPPED), *("--budget", "budget.yaml"), *("--model", training),
        *("--model", RELU), *("--html", "page.html"))  # fmt: skip
    page = data_of(Path("page.html").read_text(encoding="utf-8"))
    reasons = [each["reason"] for each in page["findings"]]
    warnings = [line.removeprefix("warning: ") for line in outcome.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) >= 3
    assert len(set(warnings)) == len(warnings)
    for part in ("looks like a training graph", "did you mean Relu?", "the older build is for"):
        assert any(part in warning for warning in warnings)
        assert sum(part in reason for reason in reasons) == 1
    assert any(STRIPPED.name in reason and "what became of them is not known" in reason for reason in reasons)
    assert "as many" in page["subtitle"]


def test_the_page_on_stdout_is_all_that_is_there(cli: Cli) -> None:
    outcome = cli("audit", *OF, RUNTIME, "--html", "-")
    assert outcome.code == 0
    assert data_of(outcome.out)["title"] == "libruntime.so"
    assert outcome.out.startswith("<!doctype html>")
    assert outcome.out.rstrip().endswith("</html>")


def test_the_same_call_writes_the_same_page(cli: Cli) -> None:
    for name in ("one.html", "two.html"):
        assert cli("audit", *OF, RUNTIME, WHOLE, "--model", RELU, "--html", name, "--quiet").err == ""
    assert Path("one.html").read_bytes() == Path("two.html").read_bytes()


def test_rows_of_csv_and_page_are_both_written(cli: Cli) -> None:
    assert cli("audit", *OF, RUNTIME, "--csv", "rows.csv", "--html", "page.html").code == 0
    assert Path("rows.csv").exists()
    assert Path("page.html").exists()


def test_what_is_left_out_for_its_size_is_said(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opselect.report.page.LEVELS", (Limits(rows=5),))
    outcome = cli("audit", *OF, RUNTIME, "--html", "page.html")
    more = sum(table["more"] for table in data_of(Path("page.html").read_text(encoding="utf-8"))["tables"])
    assert more > 0
    assert f"{more} rows of tables left out of the page, for its size" in outcome.err
    assert "left out" not in cli("audit", *OF, RUNTIME, "--html", "page.html", "--quiet").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--html", "-", "--json"), "--json and --html - both write to stdout"),
        (("--html", "-", "--csv", "-"), "--csv - and --html - both write to stdout"),
        (("--html", "same", "--csv", "./same"), "another output are the same file"),
        (("--html", "lib.so"), "would be written over"),
        (("--html", "relu.pbtxt", "--model", "relu.pbtxt"), "would be written over"),
        (("--html", "budget.yaml", "--budget", "budget.yaml"), "would be written over"),
        (("--html", "page.html", "--registrations"), "answer nothing else"),
        (("--html", "no/such/folder/page.html"), "cannot be written"),
    ],
)
def test_where_no_page_can_be_written_to(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    shutil.copy(RUNTIME, "lib.so")
    shutil.copy(RELU, "relu.pbtxt")
    Path("budget.yaml").write_text("total: 1 MB\n")
    before = sorted(Path().iterdir())
    outcome = cli("audit", *OF, "lib.so", *arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert sorted(Path().iterdir()) == before
    assert Path("lib.so").read_bytes() == RUNTIME.read_bytes()


def test_without_section_headers_nothing_is_told_of_ops_but_no_byte_is_lost(cli: Cli) -> None:
    damaged = bytearray(RUNTIME.read_bytes())
    damaged[0x28:0x30] = bytes(8)  # where the section headers are
    damaged[0x3C:0x40] = bytes(4)  # how many there are
    Path("lib.so").write_bytes(damaged)
    told, page = both(cli, "lib.so")
    assert told["binaries"][0]["linked"] == "not told"
    assert {op["retained"] for op in rows_of(page, "ops")} == {None}
    assert [sum(tree["own"]) for tree in page["trees"]] == [len(damaged)] * 4
    assert any("what would go" in each["reason"].lower() for each in page["findings"])


def test_hostile_names_of_files_are_text(cli: Cli) -> None:
    name = "</script><img src=x onerror=alert(1)>\u202e.so"
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(RUNTIME, name)
    assert cli("audit", *OF, name, "--html", "page.html").code == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert data_of(page)["title"].endswith("onerror=alert(1)>\\u202e.so")


def test_the_page_is_one_file_that_asks_nothing_of_the_network(cli: Cli) -> None:
    assert cli("audit", *OF, RUNTIME, "--html", "page.html").code == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in html.unescape(page)
    assert not [link for link in ('src="http', "src='http", "@import", "url(http") if link in page]
    assert json.dumps(data_of(page))


def test_without_section_headers_nothing_is_said_to_go(cli: Cli) -> None:
    binary = bytearray(RUNTIME.read_bytes())
    binary[0x28:0x30], binary[0x3A:0x40] = bytes(8), bytes(6)  # where they are, how large, how many, the one of names
    Path("headless.so").write_bytes(binary)
    _, page = both(cli, "headless.so", "--model", RELU, "--model", shutil.copy(RELU, "other.pbtxt"))
    found = figures(page)
    assert (found["Unused"], found["Needed"]) == ("2 kernels", "5 kernels of 5 ops")
    assert page["would_go"]["total"] is None
    assert {row["bytes"] for row in page["would_go"]["rows"]} == {None}
    assert {row["retained"] for row in rows_of(page, "unused")} == {None}
    assert {row["bytes"] for row in rows_of(page, "savings")} == {None}
    assert {row["retained"] for row in rows_of(page, "ops")} == {None}
    assert set(page["trees"][0]["retained"]) == {None}


def test_a_limit_that_several_ops_exceed_is_one(cli: Cli) -> None:
    Path("budget.yaml").write_text("any_op: 1\n")
    told, page = both(cli, RUNTIME, "--budget", "budget.yaml", code=1)
    assert figures(page)["Budget"] == "1 limit exceeded"
    assert len(page["budget"]) == len(told["over_budget"]) > 1
