from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index import shipped
from kernel_index.index import MemoryIndex
from kernel_index.records import ScanResult
from kernel_index.store import open_index, write_index
from opselect.cli.index.list import print_indexes
from opselect.cli.main import run
from tests.cli.conftest import Cli


def test_export_is_one_registration_a_line(cli: Cli, index_file: Path) -> None:
    outcome = cli("index", "export", index_file)
    assert outcome.code == 0
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert len(rows) == 14
    assert [row["op"] for row in rows] == sorted(row["op"] for row in rows)
    assert list(rows[0]) == [
        "op",
        "device",
        "label",
        "priority",
        "constraints",
        "host_memory_args",
        "kernel_class",
        "file",
        "line",
        "profiles",
        "system",
    ]
    assert {row["op"] for row in rows if row["system"]} == {
        "NoOp", "_Arg", "_HostRecv", "_HostSend", "_Recv", "_Retval", "_Send",
    }  # fmt: skip


def test_export_leaves_out_what_no_profile_has(cli: Cli, index_file: Path) -> None:
    ops = [json.loads(line)["op"] for line in cli("index", "export", index_file).out.splitlines()]
    assert "MatMul" not in ops


def test_export_of_a_profile(cli: Cli, index_file: Path) -> None:
    everything = cli("index", "export", index_file).out.splitlines()
    slim = cli("index", "export", index_file, "--profile", "android-slim").out.splitlines()
    assert slim == [line for line in everything if "android-slim" in json.loads(line)["profiles"]]
    assert len(slim) == 12


def test_export_needs_one_source(cli: Cli, index_file: Path, tmp_path: Path) -> None:
    both = cli("index", "export", index_file, "--tree", tmp_path)
    assert (both.code, both.out) == (2, "")
    assert "not both" in both.err
    neither = cli("index", "export")
    assert (neither.code, neither.out) == (2, "")
    assert "--tensorflow VERSION" in neither.err


def test_list_names_every_shipped_release(cli: Cli) -> None:
    listed = cli("index", "list", "--json").json["indexes"]
    assert tuple(row["tensorflow"] for row in listed) == shipped.releases()
    assert all(row["registrations"] > row["ops"] > 0 for row in listed)
    table = cli("index", "list").out.splitlines()
    assert [line.split()[0] for line in table] == ["TensorFlow", *shipped.releases()]


def test_a_note_is_listed_and_shown(
    cli: Cli, scan: ScanResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noted = replace(scan, note="master just after the 1.13 branch")
    write_index(noted, tmp_path / "noted.opselidx")
    index = open_index(tmp_path / "noted.opselidx")
    print_indexes([MemoryIndex(scan), index], as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "TensorFlow  ops  registrations  note",
        "1.13.9      13   15",
        "1.13.9      13   15             master just after the 1.13 branch",
    ]
    print_indexes([MemoryIndex(scan), index], as_json=True)
    assert [row["note"] for row in json.loads(capsys.readouterr().out)["indexes"]] == ["", noted.note]
    shown = cli("index", "show", tmp_path / "noted.opselidx")
    assert shown.out.splitlines()[:2] == ["TensorFlow 1.13.9: 13 ops", f"  note: {noted.note}"]
    assert cli("index", "show", tmp_path / "noted.opselidx", "--json").json["note"] == noted.note


def test_without_a_note_none_is_listed_and_shown(
    cli: Cli, scan: ScanResult, index_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_indexes([MemoryIndex(scan)], as_json=False)
    assert capsys.readouterr().out.splitlines()[0] == "TensorFlow  ops  registrations"
    assert "note" not in cli("index", "show", index_file).out
    assert cli("index", "show", index_file, "--json").json["note"] == ""


def test_show_counts_kernels_of_each_profile(cli: Cli, index_file: Path) -> None:
    document = cli("index", "show", index_file, "--json").json
    assert document["tensorflow"] == "1.13.9"
    assert document["profiles"] == {
        "android-slim": {"registrations": 12, "files": 4},
        "android": {"registrations": 14, "files": 4},
    }
    assert document["groups"]["android_core_ops"] == 2
    assert document["diagnostics"] == [
        {"file": "tensorflow/core/kernels/odd.cc", "line": 3, "message": "a name that cannot be evaluated: kOdd"}
    ]
    text = cli("index", "show", index_file).out
    assert "odd.cc:3: a name that cannot be evaluated: kOdd" in text
    assert "tf_op_files.txt: 3 lines" in text


def test_show_op_is_a_table_of_types_and_profiles(cli: Cli, index_file: Path) -> None:
    assert cli("index", "show", index_file, "--op", "Mul").out.splitlines() == [
        "Mul (TensorFlow 1.13.9)",
        "  defined in ops.cc:7",
        "  input in0: T",
        "  input in1: T",
        "  output out: T",
        "  attr T: type = float",
        "  CPU",
        "    T      android-slim  android",
        "    float  1             1",
        "    int32  2             2",
        "    int64  ·             1",
        "    half   ·             1",
        "  1  tensorflow/core/kernels/cwise_op_mul.cc:20  MulOp<CPUDevice>",
        "  2  tensorflow/core/kernels/cwise_op_mul.cc:31  MulOp<CPUDevice>",
    ]


def test_show_op_says_what_hides_kernels(cli: Cli, index_file: Path) -> None:
    text = cli("index", "show", index_file, "--op", "MatMul").out
    assert "1 more (GPU) in no profile: GOOGLE_CUDA would have to be defined\n" in text
    assert "matmul_op.cc:40: #if GOOGLE_CUDA\n" in text
    assert "android-slim" not in text


def test_show_op_as_json(cli: Cli, index_file: Path) -> None:
    document = cli("index", "show", index_file, "--op", "Mul", "--json").json
    assert list(document) == ["op", "tensorflow", "definition", "registrations", "table", "hidden", "not_known"]
    assert document["definition"]["inputs"] == [{"name": "in0", "type": "T"}, {"name": "in1", "type": "T"}]
    rows = document["registrations"]
    assert len(rows) == 4
    assert [(row["device"], row["label"], row["attrs"]["T"]) for row in document["table"]] == [
        ("CPU", "", "DT_FLOAT"),
        ("CPU", "", "DT_INT32"),
        ("CPU", "", "DT_INT64"),
        ("CPU", "", "DT_HALF"),
    ]
    for line in document["table"]:
        for profile, positions in line["profiles"].items():
            expected = [
                n
                for n, r in enumerate(rows)
                if profile in r["profiles"] and line["attrs"]["T"] in r["constraints"]["T"]
            ]
            assert positions == expected
    (hidden,) = cli("index", "show", index_file, "--op", "MatMul", "--json").json["hidden"]
    assert hidden["condition"]["text"] == "#if GOOGLE_CUDA"


def test_show_unknown_op(cli: Cli, index_file: Path) -> None:
    outcome = cli("index", "show", index_file, "--op", "Mull")
    assert (outcome.code, outcome.out) == (1, "")
    assert "did you mean Mul?" in outcome.err


def test_missing_index_file(cli: Cli) -> None:
    outcome = cli("index", "show", "absent.opselidx")
    assert outcome.code == 2
    assert outcome.err.startswith("error: absent.opselidx")


def test_release_that_is_not_shipped(cli: Cli) -> None:
    outcome = cli("index", "show", "0.7")
    assert outcome.code == 2
    assert outcome.err.startswith("error: ")
    assert "There are 1.0 to 1.15, 2.0 to" in outcome.err


def test_scan_writes_an_index_that_other_commands_read(cli: Cli, small_tree: Path) -> None:
    outcome = cli("index", "scan", small_tree, "-o", "tree.opselidx", "--jobs", "1", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["tensorflow"] == "1.13.9"
    assert outcome.json["profiles"]["desktop"] == 3
    from_file = cli("index", "export", "tree.opselidx", "--profile", "desktop").out
    assert [json.loads(line)["file"] for line in from_file.splitlines()] == [
        "tensorflow/core/kernels/cumsum_op.cc",
        "tensorflow/core/kernels/mul_op.cc",
        "tensorflow/core/kernels/placeholder_op.cc",
    ]
    assert cli("index", "export", "--tree", small_tree, "--profile", "desktop").out == from_file


def test_an_index_goes_through_links_and_to_stdout(
    small_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("real").write_text("old")
    Path("link").symlink_to("real")
    assert run(["index", "scan", str(small_tree), "-o", "link", "-q"]) == 0
    assert Path("link").is_symlink()
    assert run(["index", "scan", str(small_tree), "-o", "-", "-q"]) == 0
    assert capfdbinary.readouterr().out == Path("real").read_bytes()
    assert not Path("-").exists()
    assert run(["index", "scan", str(small_tree), "-o", "-", "--json"]) == 2


def test_scan_with_root_and_macros(cli: Cli, small_tree: Path) -> None:
    more = ("--root", small_tree / "my_ops" / "kernels", "-D", "WITH_LONG")
    outcome = cli("index", "scan", small_tree, *more, "-o", "tree.opselidx", "--release", "9.9.9")
    assert outcome.code == 0, outcome.err
    assert outcome.out == ""
    assert outcome.err.startswith("TensorFlow 9.9.9: 5 registrations, 3 op definitions\n")
    rows = cli("locate", "Mul", "Fast", "--index", "tree.opselidx", "--profile", "desktop", "--json").json["ops"]
    assert [row["constraints"] for row in rows["Mul"]] == [{"T": ["DT_FLOAT"]}, {"T": ["DT_INT64"]}]
    assert [row["file"] for row in rows["Fast"]] == ["my_ops/kernels/fast_op.cc"]
    assert rows["Fast"][0]["profiles"][0].endswith("+-DWITH_LONG")


def test_scan_of_what_is_no_tensorflow(cli: Cli, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    outcome = cli("index", "scan", empty, "-o", "tree.opselidx")
    assert outcome.code == 2
    assert outcome.err.startswith("error: ")
    assert not Path("tree.opselidx").exists()
