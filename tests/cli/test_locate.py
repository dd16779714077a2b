from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kernel_index.records import Condition, Location, ScanResult
from kernel_index.store import write_index
from tests.cli.conftest import Cli


def test_table_has_one_row_for_what_one_line_registers(cli: Cli, index_file: Path) -> None:
    outcome = cli("locate", "Mul", "--index", index_file)
    assert outcome.code == 0
    title, header, *rows = outcome.out.splitlines()
    assert title == "Mul (TensorFlow 1.13.9): 4 kernels in 1 file"
    assert header.split() == ["file:line", "device", "constraints", "profiles"]
    assert [row.split() for row in rows] == [
        ["tensorflow/core/kernels/cwise_op_mul.cc:20", "CPU", "T=float", "all"],
        ["tensorflow/core/kernels/cwise_op_mul.cc:20", "CPU", "T=half|int64", "android"],
        ["tensorflow/core/kernels/cwise_op_mul.cc:31", "CPU", "T=int32", "all"],
    ]


def test_json_rows_are_those_of_the_export(cli: Cli, index_file: Path) -> None:
    document = cli("locate", "Mul", "Relu", "--index", index_file, "--json").json
    assert list(document["ops"]) == ["Mul", "Relu"]
    assert document["ops"]["Relu"] == [
        {
            "op": "Relu",
            "device": "CPU",
            "label": "",
            "priority": 0,
            "constraints": {"T": ["DT_FLOAT"]},
            "host_memory_args": [],
            "kernel_class": "ReluOp<CPUDevice>",
            "file": "tensorflow/core/kernels/relu_op.cc",
            "line": 12,
            "profiles": ["android-slim", "android"],
            "system": False,
        }
    ]


def test_profile_keeps_what_it_registers(cli: Cli, index_file: Path) -> None:
    rows = cli("locate", "Mul", "--index", index_file, "--profile", "android-slim", "--json").json["ops"]["Mul"]
    assert [row["constraints"]["T"] for row in rows] == [["DT_FLOAT"], ["DT_INT32"]]


def test_kernels_behind_a_macro_are_named_and_are_no_answer(cli: Cli, index_file: Path) -> None:
    outcome = cli("locate", "MatMul", "--index", index_file)
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        "MatMul (TensorFlow 1.13.9): no kernel",
        "  1 more (GPU) in no profile: GOOGLE_CUDA would have to be defined",
        "    tensorflow/core/kernels/matmul_op.cc:40: #if GOOGLE_CUDA",
    ]
    assert outcome.err == "MatMul: no build profile registers a kernel (the op is defined in ops.cc:7)\n"


def test_hidden_kernels_stand_apart_in_json(cli: Cli, index_file: Path) -> None:
    document = cli("locate", "MatMul", "Mul", "--index", index_file, "--json").json
    assert list(document) == ["ops", "hidden", "not_known"]
    assert document["ops"]["MatMul"] == document["hidden"]["Mul"] == []
    (row,) = document["hidden"]["MatMul"]
    assert (row["device"], row["profiles"]) == ("GPU", [])
    assert row["condition"] == {
        "macro": "GOOGLE_CUDA",
        "defined": True,
        "text": "#if GOOGLE_CUDA",
        "file": "tensorflow/core/kernels/matmul_op.cc",
        "line": 40,
    }


def test_condition_of_what_only_the_desktop_has(cli: Cli, tmp_path: Path, scan: ScanResult) -> None:
    place = Location("tensorflow/core/kernels/mkl_op.cc", 3)
    condition = Condition("LEAN", False, "#ifndef LEAN", place)
    relu = next(r for r in scan.registrations if r.op == "Relu")
    rows = [
        replace(relu, op="Mkl", profiles=("android",), condition=replace(condition, location=Location("mkl.h", line)))
        for line in range(1, 6)
    ]
    write_index(replace(scan, registrations=(*rows, relu)), tmp_path / "mkl.opselidx")

    text = cli("locate", "Mkl", "--index", "mkl.opselidx").out
    assert text.splitlines()[-5:] == [
        "  5 of these (CPU) only in android: LEAN would have to be undefined",
        "    mkl.h:1: #ifndef LEAN",
        "    mkl.h:2: #ifndef LEAN",
        "    mkl.h:3: #ifndef LEAN",
        "    and 2 more places",
    ]
    document = cli("locate", "Mkl", "--index", "mkl.opselidx", "--json").json
    assert [row["condition"]["line"] for row in document["ops"]["Mkl"]] == [1, 2, 3, 4, 5]
    assert document["hidden"]["Mkl"] == []

    slim = cli("locate", "Mkl", "Relu", "--index", "mkl.opselidx", "--profile", "android-slim")
    assert slim.code == 1
    assert "5 more (CPU) only in android: LEAN would have to be undefined" in slim.out
    assert slim.err == "Mkl: no kernel in profile android-slim, but in android\n"
    document = cli("locate", "Mkl", "--index", "mkl.opselidx", "--profile", "android-slim", "--json").json
    assert document["ops"]["Mkl"] == []
    assert len(document["hidden"]["Mkl"]) == 5
    assert "only in" not in cli("locate", "Mkl", "--index", "mkl.opselidx", "--profile", "android").out


def test_unknown_op_gets_near_names(cli: Cli, index_file: Path) -> None:
    outcome = cli("locate", "matmull", "Mul", "--index", index_file)
    assert outcome.code == 1
    assert "matmull: TensorFlow 1.13.9 has no such op; did you mean MatMul?" in outcome.err
    assert "4 kernels" in outcome.out


def test_unknown_profile_lists_the_profiles(cli: Cli, index_file: Path) -> None:
    outcome = cli("locate", "Mul", "--index", index_file, "--profile", "android-slm")
    assert outcome.code == 2
    assert "did you mean android-slim" in outcome.err
    assert "The profiles are android-slim, android." in outcome.err


def test_a_row_of_a_header_names_the_source_file_to_compile(cli: Cli, scan: ScanResult, tmp_path: Path) -> None:
    kernels = tuple(
        replace(r, location=Location("tensorflow/core/kernels/mul.h", 3), unit=r.location.file) if r.op == "Mul" else r
        for r in scan.registrations
    )
    write_index(replace(scan, registrations=kernels), tmp_path / "header.opselidx")
    rows = cli("locate", "Mul", "Relu", "--index", "header.opselidx", "--json").json["ops"]
    assert {(row["file"], row["unit"]) for row in rows["Mul"]} == {
        ("tensorflow/core/kernels/mul.h", "tensorflow/core/kernels/cwise_op_mul.cc")
    }
    assert all("unit" not in row for row in rows["Relu"])


def test_what_an_index_of_libraries_does_not_tell_is_said(cli: Cli) -> None:
    outcome = cli("locate", "DecodeJxl", "--tensorflow", "2.21")
    assert outcome.code == 0
    assert "desktop, others not known" in outcome.out
    outcome = cli("locate", "DecodeJxl", "--tensorflow", "2.21", "--profile", "android")
    assert outcome.code == 1
    assert "DecodeJxl: whether profile android has a kernel is not known; desktop has one" in outcome.err
    document = cli("locate", "DecodeJxl", "Relu", "--tensorflow", "2.21", "--json", "-q").json
    assert list(document["not_known"]) == ["DecodeJxl"]
