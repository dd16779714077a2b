"""The lint of a checkout's lists on the command line, on the runtime that the tests build."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from opselect.build_lists.checking import KINDS
from opselect.models.formats import read_graph
from opselect.models.formats.graphdef_writer import write_graph
from tests.cli.conftest import Cli, Model

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "fixtures" / "models" / "tiny_mobilenet.pb"
K = "tensorflow/core/kernels"
LIST = "tensorflow/contrib/makefile/tf_op_files.txt"


@pytest.fixture(autouse=True)
def tree(tmp_path: Path) -> Path:
    """The runtime in the folder that the command line runs in."""
    return Path(shutil.copytree(ROOT / "fixtures" / "runtime_tree", tmp_path / "runtime"))


def test_findings_are_printed_as_linters_print_them(cli: Cli) -> None:
    outcome = cli("check", "--tree", "runtime")
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        (
            f"{LIST}:12: OPS406 unneeded: {K}/conv_ops_using_gemm.cc: registers no kernel in profile android, and "
            "nothing that is listed needs it"
        ),
        f"    remove it from {LIST}, unless the list is for builds of ios too",
        (
            f"{LIST}:32: OPS401 missing-file: {K}/reduction_ops_sum.c: does not exist; make compiles "
            f"{K}/reduction_ops_sum.cc instead"
        ),
        f"    write {K}/reduction_ops_sum.cc",
        f"{K}/BUILD:91: OPS402 drift: cwise_op_add_2.cc: the makefile does not build it",
        f"    add the line {K}/cwise_op_add_2.cc to {LIST}, or remove it from android_extended_ops_group1",
    ]
    assert outcome.err == (
        "3 findings: 1 drift, 1 missing-file, 1 unneeded; more about a code: opselect explain OPS406\n"
    )


def test_json_has_the_keys_that_scripts_rely_on(cli: Cli) -> None:
    outcome = cli("check", "--tree", "runtime", "--json", "--ignore", "unneeded", "--ignore", "missing-file", "-q")
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.json == {
        "findings": [
            {
                "kind": "drift",
                "list": "android_extended_ops_group1",
                "entry": "cwise_op_add_2.cc",
                "file": f"{K}/BUILD",
                "line": 91,
                "message": "the makefile does not build it",
                "mend": f"add the line {K}/cwise_op_add_2.cc to {LIST}, or remove it from android_extended_ops_group1",
                "code": "OPS402",
                "applicability": "likely",
                "mends": [
                    {
                        "kind": "list",
                        "text": f"add the line {K}/cwise_op_add_2.cc to {LIST}",
                        "applicability": "likely",
                        "list": LIST,
                        "file": LIST,
                        "add": [f"{K}/cwise_op_add_2.cc"],
                        "remove": [],
                    },
                    {
                        "kind": "list",
                        "text": "remove it from android_extended_ops_group1",
                        "applicability": "likely",
                        "list": "android_extended_ops_group1",
                        "file": f"{K}/BUILD",
                        "add": [],
                        "remove": ["cwise_op_add_2.cc"],
                    },
                ],
            }
        ]
    }


def test_everything_ignored_is_nothing_found(cli: Cli) -> None:
    ignored = [word for kind in KINDS for word in ("--ignore", kind)]
    outcome = cli("check", "--tree", "runtime", *ignored)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "no findings\n")
    assert cli("check", "--tree", "runtime", *ignored, "--json").json == {"findings": []}


def test_nothing_is_found_after_a_trim(cli: Cli) -> None:
    before = cli("check", MODEL, "--tree", "runtime", "-q")
    assert before.code == 1
    assert "unpicked: cwise_op_div.cc: no model picks a kernel of it" in before.out
    assert cli("apply", MODEL, "--tree", "runtime", "--write").code == 0
    after = cli("check", MODEL, "--tree", "runtime")
    assert (after.code, after.out, after.err) == (0, "", "no findings\n")
    assert cli("check", "--tree", "runtime", "-q").code == 0


def test_kernels_that_models_need_and_no_list_has(cli: Cli) -> None:
    model = ROOT / "fixtures" / "build_models" / "running_total.pb"
    outcome = cli("check", model, "--tree", "runtime", "--json", "--ignore", "unpicked")
    unlisted = [(f["list"], f["entry"]) for f in outcome.json["findings"] if f["kind"] == "unlisted-kernel"]
    assert unlisted == [(LIST, f"{K}/scan_ops.cc"), ("android_extended_ops_group1", f"{K}/scan_ops.cc")]
    assert cli("apply", model, "--tree", "runtime", "--mode", "extend", "--write").code == 0
    assert "unlisted-kernel" not in cli("check", model, "--tree", "runtime").out


def test_kernels_that_the_release_lacks_have_no_place(cli: Cli, model: Model) -> None:
    outcome = cli("check", model("Lonely"), "--tree", "runtime", "-q")
    assert outcome.code == 1
    assert outcome.out.splitlines()[-2].startswith("OPS101 no-kernel: Lonely: ")


def test_what_the_release_refuses_to_load_has_no_place(cli: Cli, tmp_path: Path) -> None:
    graph = read_graph(MODEL)
    first, *rest = graph.nodes
    odd = replace(first, attrs={**first.attrs, "of_tomorrow": True})
    path = tmp_path / "odd.pb"
    write_graph(replace(graph, nodes=(odd, *rest)), str(path))
    outcome = cli("check", path, "--tree", "runtime", "--json")
    assert outcome.code == 1
    (found,) = [f for f in outcome.json["findings"] if f["kind"] == "refused"]
    assert (found["entry"], found["file"], found["line"]) == (first.op, "", 0)
    assert "of_tomorrow" in found["message"]
    assert found["mend"]


def test_macros_count(cli: Cli) -> None:
    outcome = cli("check", "--tree", "runtime", "-D", "USE_GEMM_FOR_CONV", "--ignore", "missing-file")
    assert "conv_ops_using_gemm" not in outcome.out


def test_a_model_that_cannot_be_read(cli: Cli, tmp_path: Path) -> None:
    assert cli("check", tmp_path / "gone.pb", "--tree", "runtime").code == 2
    outcome = cli("check", tmp_path / "gone.pb", MODEL, "--tree", "runtime")
    assert outcome.code == 1
    assert "1 of 2 models could not be read" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--ignore", "unneded"), "did you mean unneeded?"),
        (("--profile", "androd"), "did you mean android"),
        (("--tags", "serve"), "name the MODEL that these options are about"),
        (("--no-inserted",), "name the MODEL that these options are about"),
        (("-D", "1x"), "is no macro name"),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], message: str, cli: Cli) -> None:
    outcome = cli("check", "--tree", "runtime", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


def test_a_folder_that_is_no_checkout(cli: Cli) -> None:
    Path("empty").mkdir()
    assert cli("check", "--tree", "empty").code == 2
    assert cli("check", "--tree", "gone").code == 2


def test_a_checkout_without_lists(cli: Cli, tree: Path) -> None:
    (tree / K / "BUILD").unlink()
    (tree / LIST).unlink()
    outcome = cli("check", "--tree", "runtime")
    assert outcome.code == 2
    assert "has no lists for mobile builds" in outcome.err
