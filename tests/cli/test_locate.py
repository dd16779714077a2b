from __future__ import annotations

from pathlib import Path

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
    assert "1 more (GPU) in no profile: only where GOOGLE_CUDA is defined" in outcome.out
    assert "matmul_op.cc:41" in outcome.out
    assert outcome.err == "MatMul: no build profile registers a kernel (the op is defined in ops.cc:7)\n"


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
