from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from kernel_index import shipped
from opselect.build_lists.header.reader import read_header
from opselect.build_lists.header.writer import own_text, tool_text
from opselect.cli.main import run
from opselect.cli.shared.exit_codes import DONE, NO, UNUSABLE
from opselect.requirements.header_tool import ToolRelease

MODEL = "fixtures/models/tiny_mobilenet.pb"
FORMS = "fixtures/headers/forms"


def generate(out: Path, *arguments: str) -> int:
    return run(["generate", *arguments, "--tensorflow", "2.14", "--target", "header", "--out", str(out), "--quiet"])


def written(out: Path) -> str:
    return (out / "ops_to_register.h").read_text()


def graph(folder: Path, text: str) -> str:
    path = folder / "graph.pbtxt"
    path.write_text(text)
    return str(path)


FLOAT = 'attr { key: "T" value { type: DT_FLOAT } }'
X = 'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } } '


def test_the_header_has_the_kernels_of_the_manifest_and_says_who_asks(tmp_path: Path) -> None:
    assert generate(tmp_path, MODEL, "--target", "manifest", "--json") == DONE
    header = read_header(written(tmp_path))
    assert header.script == "opselect"
    kernels = json.loads((tmp_path / "manifest.json").read_text())["kernels"]
    assert header.classes is not None
    # Kernels of _Arg and _Retval are registered in any case.
    assert {kernel["kernel_class"] for kernel in kernels} - set(header.classes) == {"ArgOp", "RetvalOp"}
    assert header.has_op("Conv2D")
    assert '// for TensorFlow 2.14.1, profile android.\n// Models: "tiny_mobilenet.pb"\n' in written(tmp_path)


def test_what_nothing_registers_is_an_error_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = graph(tmp_path, X + 'node { name: "n" op: "Nope" input: "x" } ')
    for compat in ([], ["--compat", "2.14"]):
        out = tmp_path / "out"
        assert generate(out, model, *compat) == NO
        assert not out.exists()
        assert generate(out, model, *compat, "--allow-missing") == DONE
        assert "Nope" in capsys.readouterr().err
        assert ("Nope" in written(out)) == (not compat)
        assert not read_header(written(out)).has_op("Nope")
        (out / "ops_to_register.h").unlink()
        out.rmdir()


@pytest.mark.parametrize(
    "node",
    [
        f'node {{ name: "y" op: "Relu" input: "x" device: "/job:localhost" {FLOAT} }}',
        f'node {{ name: "y" op: "Relu" input: "x" device: "/device:GPU:0" {FLOAT} }}',
        'node { name: "y" op: "Relu" input: "x" }',
        'node { name: "y" op: "Relu" input: "x" attr { key: "T" value { type: DT_STRING } } }',
    ],
    ids=["no device type", "other device", "no type", "no kernel for the type"],
)
def test_what_the_tool_drops_is_an_error(node: str, tmp_path: Path) -> None:
    model = graph(tmp_path, X + node)
    assert generate(tmp_path / "out", model, "--compat", "2.14", "--profile", "desktop") == NO
    assert generate(tmp_path / "out", model, "--compat", "2.14", "--profile", "desktop", "--allow-missing") == DONE
    assert not read_header(written(tmp_path / "out")).has_op("Relu")


def test_a_device_without_a_type_loses_no_kernel_in_our_own_form(tmp_path: Path) -> None:
    model = graph(tmp_path, X + f'node {{ name: "y" op: "Relu" input: "x" device: "/job:localhost" {FLOAT} }}')
    assert generate(tmp_path, model) == DONE
    assert read_header(written(tmp_path)).has_op("Relu")


@pytest.mark.parametrize("default_ops", ["", "all"])
def test_no_op_at_all_is_no_header(default_ops: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = graph(tmp_path, "versions { producer: 27 }")
    assert generate(tmp_path / "out", model, "--compat", "2.14", "--default-ops", default_ops) != DONE
    assert not (tmp_path / "out").exists()
    assert capsys.readouterr().err


def test_default_ops_as_they_are_given(tmp_path: Path) -> None:
    pairs = "NoOp:NoOp,Mul:BinaryOp<CPUDevice, functor::mul<float>>"
    for compat in ([], ["--compat", "2.14"]):
        assert generate(tmp_path, MODEL, "--default-ops", pairs, *compat) == DONE
        header = read_header(written(tmp_path))
        assert header.has_class("BinaryOp<CPUDevice, functor::mul<float>>")
        assert header.has_op("Mul")
        assert generate(tmp_path, MODEL, "--default-ops", "all", *compat) == DONE
        assert read_header(written(tmp_path)).ops is None


def test_the_oldest_tools_need_default_ops(tmp_path: Path) -> None:
    assert generate(tmp_path, MODEL, "--compat", "1.0", "--default-ops", "") == UNUSABLE
    assert generate(tmp_path, MODEL, "--compat", "1.1", "--default-ops", "") == DONE


def test_an_ops_list_in_the_words_of_the_tool(tmp_path: Path) -> None:
    ops = tmp_path / "ops.json"
    ops.write_text('[["Odd", null], ["Relu", null], ["Relu", "ReluOp<CPUDevice, float>"]]')
    arguments = ("--ops-list", str(ops), "--compat", "2.14", "--default-ops", "", "--profile", "desktop")
    assert generate(tmp_path / "out", *arguments) == NO
    assert generate(tmp_path / "out", *arguments, "--allow-missing") == DONE
    header = read_header(written(tmp_path / "out"))
    assert (header.ops, header.classes) == (("Odd", "Relu"), ("ReluOp<CPUDevice, float>",))
    assert generate(tmp_path / "out", "--ops-list", str(ops), "--compat", "2.2", "--allow-missing") == UNUSABLE


def test_ops_that_are_only_inserted_are_not_in_the_words_of_the_tool(tmp_path: Path) -> None:
    assert generate(tmp_path, MODEL) == DONE
    ours = read_header(written(tmp_path))
    assert generate(tmp_path, MODEL, "--compat", "2.14") == DONE
    theirs = read_header(written(tmp_path))
    assert theirs.ops is not None
    assert ours.ops is not None
    assert set(theirs.ops) < set(ours.ops)
    assert "_Retval" not in theirs.ops


def test_more_classes_than_compilers_compare_are_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[op, None] for op in (f"{number:03}" for number in range(451))]
    for name, expected in (("few", rows[1:]), ("many", rows)):
        ops = tmp_path / f"{name}.json"
        ops.write_text(json.dumps(expected))
        arguments = [
            "generate",
            "--ops-list",
            str(ops),
            "--tensorflow",
            "2.14",
            "--target",
            "header",
            "--compat",
            "2.14",
        ]
        assert run([*arguments, "--allow-missing", "--default-ops", "", "--out", str(tmp_path)]) == DONE
        assert ("-fconstexpr-depth" in capsys.readouterr().err) == (name == "many")


def test_the_options_of_a_header_need_it(tmp_path: Path) -> None:
    assert run(["generate", MODEL, "--tensorflow", "2.14", "--compat", "2.14", "--out", str(tmp_path)]) == UNUSABLE


def show(path: str, *arguments: str) -> int:
    return run(["header", "show", path, *arguments])


def test_show_says_what_a_build_has(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert generate(tmp_path, MODEL) == DONE
    path = str(tmp_path / "ops_to_register.h")
    assert show(path, "--tensorflow", "2.14", "--json") == DONE
    report = json.loads(capsys.readouterr().out)
    assert report["ok"]
    assert "2.14.1" in report["releases"]
    text = written(tmp_path).replace('isequal(op, "Conv2D")', 'isequal(op, "Conv2d")')
    Path(path).write_text("Using TensorFlow backend.\n" + text)
    assert show(path, "--tensorflow", "2.14", "--json") == NO
    report = json.loads(capsys.readouterr().out)
    assert report["foreign_lines"] == ["Using TensorFlow backend."]
    (row,) = [row for row in report["ops"] if not row["there"]]
    assert row["name"] == "Conv2d"
    assert "Conv2D" in row["near"]


def own_header(folder: Path, ops: list[str], classes: list[str]) -> str:
    path = folder / "ops_to_register.h"
    path.write_text(own_text(dict.fromkeys(ops, ""), dict.fromkeys(classes, ""), []))
    return str(path)


def judged(path: str, *arguments: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What show says of each class, by name, and of the whole."""
    code = show(path, *arguments, "--json")
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (code == DONE) == report["ok"]
    return report | {row["name"]: row for row in [*report["ops"], *report["classes"]]}


def test_show_names_the_releases_that_have_all(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert show(f"{FORMS}/1.12.3.h") == DONE
    assert "kernel classes: 6" in capsys.readouterr().out
    for kernel_class, having, lacking in (
        ("AssignUpdateVariableOp<CPUDevice, ::tensorflow::uint64, ADD>", "2.20.0", "2.14.1"),
        ("ReluOp<CPUDevice, float>", "2.14.1", ""),
    ):
        report = judged(own_header(tmp_path, ["AssignAddVariableOp", "Relu"], [kernel_class]), capsys=capsys)
        assert having in report["releases"]
        assert lacking not in report["releases"]


def test_show_tells_classes_of_another_release_from_misspelt_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new = "AssignUpdateVariableOp<CPUDevice, ::tensorflow::uint64, ADD>"
    later, misspelt = "ReluOp<CPUDevice, int32_t>", "RleuOp<CPUDevice, float>"
    gpu, hidden = "ReluOp<GPUDevice, float>", "ReluOp<CPUDevice, double>"
    path = own_header(tmp_path, ["AssignAddVariableOp", "Relu"], [new, later, misspelt, gpu, hidden, "Nothing alike"])
    report = judged(path, "--tensorflow", "2.14", capsys=capsys)
    there = {name for name in (new, later, misspelt, gpu, hidden) if report[name]["there"]}
    assert not there
    assert report[new]["releases"] == ["2.15.1", "2.16.1", "2.17.0", "2.18.1", "2.19.1", "2.20.0"]
    assert report[later]["releases"] == report[misspelt]["releases"] == []
    assert report[later]["near"][0] == "ReluOp<CPUDevice, ::tensorflow::int32>"
    assert report[misspelt]["near"][0] == "ReluOp<CPUDevice, float>"
    assert report["Nothing alike"]["near"] == []
    assert report["releases"] == []
    assert report["nearest"][0]["missing"] >= 3
    assert show(path, "--tensorflow", "2.14") == NO
    printed = {line.split("  ")[1]: line for line in capsys.readouterr().out.splitlines() if line.startswith("class")}
    assert printed[new].endswith("no: it is of TensorFlow 2.15.1 to 2.20.0")
    assert printed[hidden].endswith("no: other profiles of the release have it")
    assert printed["Nothing alike"].endswith("no, and of no release")
    assert judged(path, "--tensorflow", "2.14", "--profile", "desktop", capsys=capsys)[hidden]["there"]


def test_blanks_of_a_class_count_in_the_oldest_form_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    spelt = "ReluOp<CPUDevice,float>"
    assert judged(own_header(tmp_path, ["Relu"], [spelt]), "--tensorflow", "2.14", capsys=capsys)["ok"]
    path = tmp_path / "old.h"
    path.write_text(tool_text([("Relu", spelt)], ToolRelease.parse("1.0")))
    row = judged(str(path), "--tensorflow", "1.0", capsys=capsys)[spelt]
    assert (row["there"], row["near"][0]) == (False, "ReluOp<CPUDevice, float>")


def test_a_large_header_takes_no_time_to_speak_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ops = shipped.index_of("2.14.1").op_names()
    known = sorted({text for op in ops for text in shipped.index_of("2.14.1").kernel_classes(op)})
    classes = [*known, *(f"{text[:-1]}, int64_t>" for text in known if text.endswith(">"))][:10_000]
    path = own_header(tmp_path, list(ops), classes)
    before = time.process_time()
    assert show(path, "--tensorflow", "2.14", "--json") == NO
    rows = json.loads(capsys.readouterr().out)["classes"]
    assert 0 < sum(bool(row["near"]) for row in rows) <= 100 < sum(not row["there"] for row in rows)
    # It was minutes, for each name that no release has was held against all that the release has.
    assert time.process_time() - before < 10


def test_show_of_foreign_lines_around_a_header(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ops_to_register.h"
    path.write_text("Using TensorFlow backend.\n" + Path(f"{FORMS}/1.12.3.h").read_text())
    assert show(str(path)) == NO
    printed = capsys.readouterr()
    assert "'Using TensorFlow backend.'" in printed.err
    assert "kernel classes: 6" in printed.out
    # A name in it must not act on a terminal.
    path.write_text("\x1b]0;evil\x07 warning\n" + Path(f"{FORMS}/1.12.3.h").read_text())
    assert show(str(path)) == NO
    assert "\x1b" not in capsys.readouterr().err


def test_show_of_what_is_no_header(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ops_to_register.h"
    path.write_text("Error reading graph!\n1\n")
    for build in ((), ("--tensorflow", "2.14")):
        assert show(str(path), *build) == NO
        printed = capsys.readouterr()
        assert "in place of a header" in printed.err
        assert "all of it" not in printed.out
        report = judged(str(path), *build, capsys=capsys)
        assert (report["ops"], report["classes"], report["releases"]) == ([], [], [])
    path.write_text("node {}\n")
    assert show(str(path)) == UNUSABLE
    path.write_bytes("#ifndef OPS_TO_REGISTER\n".encode("utf-16"))
    assert show(str(path)) == UNUSABLE
    assert "UTF-16" in capsys.readouterr().err


def test_the_oldest_form_is_for_builds_that_want_no_constant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["generate", MODEL, "--target", "header", "--allow-missing", "--out", str(tmp_path)]
    for release, compat, compiles in (("1.0", "1.0", True), ("1.1", "1.0", False), ("1.1", "1.1", True)):
        assert run([*arguments, "--tensorflow", release, "--compat", compat]) == DONE
        assert ("does not compile" in capsys.readouterr().err) != compiles
        header = str(tmp_path / "ops_to_register.h")
        assert show(header, "--tensorflow", release) == (DONE if compiles else NO)
        assert ("does not compile" in capsys.readouterr().err) != compiles
    assert show(f"{FORMS}/1.0.1.all.h", "--tensorflow", "2.14") == DONE
