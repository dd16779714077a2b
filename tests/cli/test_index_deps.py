from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli

ROOT = Path(__file__).resolve().parents[2]
INDEX = ROOT / "fixtures" / "kernel_tree.opselidx"
KERNELS = "tensorflow/core/kernels/"
GATHER, HELPER, FILL = (f"{KERNELS}{name}.cc" for name in ("gather_op", "gather_helper", "fill_rows"))


def test_a_tree_shows_the_reason_of_each_edge(cli: Cli) -> None:
    outcome = cli("index", "deps", GATHER, HELPER, "--index", INDEX)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        GATHER,
        f"  {HELPER}: RowBytes, declared in {KERNELS}gather_op.h",
        f"    {FILL}: FillRows::operator(), declared in {KERNELS}fill_rows.h",
        HELPER,
        f"  {FILL}: FillRows::operator(), declared in {KERNELS}fill_rows.h (see above)",
    ]


def test_json_has_the_direct_needs_of_everything_asked_for_or_led_to(cli: Cli) -> None:
    assert cli("index", "deps", GATHER, "--index", INDEX, "--json").json == {
        FILL: {"needs": [], "headers": [f"{KERNELS}fill_rows.h"]},
        HELPER: {"needs": [FILL], "headers": [f"{KERNELS}fill_rows.h", f"{KERNELS}gather_op.h"]},
        GATHER: {"needs": [HELPER], "headers": [f"{KERNELS}gather_op.h"]},
    }


def test_files_come_from_stdin_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(f"{HELPER}\n\n {FILL} \n"))
    outcome = cli("index", "deps", "--stdin", "--index", INDEX, "--json")
    assert list(outcome.json) == [FILL, HELPER]


EXPLAINED = {
    FILL: [
        f"{HELPER}: RowBytes, declared in {KERNELS}gather_op.h",
        f"{FILL}: FillRows::operator(), declared in {KERNELS}fill_rows.h",
    ],
    f"{KERNELS}fill_rows.h": [
        f"{HELPER}: RowBytes, declared in {KERNELS}gather_op.h",
        f"{HELPER} includes {KERNELS}fill_rows.h",
    ],
    "tensorflow/core/framework/op_kernel.h": [f"{GATHER} includes tensorflow/core/framework/op_kernel.h"],
}


@pytest.mark.parametrize("wanted", EXPLAINED)
def test_explain_shows_the_way_to_a_file(cli: Cli, wanted: str) -> None:
    outcome = cli("index", "deps", GATHER, "--index", INDEX, "--explain", wanted)
    assert (outcome.code, outcome.out.splitlines()) == (0, EXPLAINED[wanted])


def test_explain_of_what_is_not_needed(cli: Cli) -> None:
    outcome = cli("index", "deps", FILL, "--index", INDEX, "--explain", GATHER)
    assert (outcome.code, outcome.out) == (1, f"{GATHER} is not needed by {FILL}\n")


def test_a_file_that_nobody_knows(cli: Cli) -> None:
    outcome = cli("index", "deps", f"{KERNELS}gathr_op.cc", GATHER, "x.cc", "--index", INDEX)
    assert (outcome.code, outcome.out) == (2, "")
    assert "is no source file that the index of TensorFlow 1.13.99 knows, and 1 more; did you mean" in outcome.err
    assert GATHER in outcome.err


def test_a_file_of_the_base_library_needs_nothing(cli: Cli) -> None:
    framework = "tensorflow/core/framework/tensor.cc"
    assert cli("index", "deps", framework, "--index", INDEX, "--json").json == {framework: {"needs": [], "headers": []}}


def test_without_files_it_says_how_to_name_them(cli: Cli) -> None:
    outcome = cli("index", "deps", "--index", INDEX)
    assert outcome.code == 2
    assert "--stdin" in outcome.err
