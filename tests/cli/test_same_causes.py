"""Every command says the same cause of the same model, with the same code and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli

FINDINGS = Path(__file__).resolve().parents[2] / "fixtures" / "findings"


@pytest.mark.parametrize(
    ("model", "code", "mend"),
    [("custom_op.pbtxt", "OPS101", "--root DIR"), ("bfloat16.pbtxt", "OPS104", "convert the model")],
)
def test_missing_kernels(cli: Cli, model: str, code: str, mend: str) -> None:
    path = FINDINGS / model
    release = ("--tensorflow", "2.14")
    for arguments in (
        ("generate", path, *release, "--out", "lists"),
        ("verify", path, *release),
        ("inspect", path, *release),
        ("prepare", path, *release, "--outputs", "y", "-o", "phone.pb"),
    ):
        outcome = cli(*arguments)
        said = outcome.out + outcome.err
        assert code in said, arguments
        assert mend in " ".join(said.split()), arguments


def test_what_a_release_refuses(cli: Cli) -> None:
    path = FINDINGS / "removed_op.pbtxt"
    for arguments in (
        ("generate", path, "--out", "lists"),
        ("verify", path),
        ("inspect", path),
        ("requirements", path),
    ):
        outcome = cli(*arguments, "--tensorflow", "2.14")
        assert "OPS305" in outcome.out + outcome.err, arguments


def test_graph_that_makes_no_sense(cli: Cli) -> None:
    path = FINDINGS / "cycle.pbtxt"
    for arguments in (
        ("generate", path, "--tensorflow", "2.14", "--out", "lists"),
        ("freeze", path, "--outputs", "y", "-o", "frozen.pb"),
        ("prepare", path, "--outputs", "y", "-o", "phone.pb"),
    ):
        outcome = cli(*arguments)
        assert outcome.code == 2, arguments
        assert "opselect explain OPS309" in outcome.err, arguments
    assert "OPS309" in cli("verify", path, "--tensorflow", "2.14").out


def test_a_log_of_the_same_failure(cli: Cli) -> None:
    Path("log.txt").write_text(
        "Not found: Op type not registered 'Frobnicate' in binary running on localhost. Make sure the Op and Kernel "
        "are registered in the binary running in this process."
    )
    arguments = ("log.txt", "--model", FINDINGS / "custom_op.pbtxt", "--tensorflow", "2.14", "--json")
    (failure,) = cli("diagnose", *arguments).json["failures"]
    assert (failure["code"], failure["causes"][0]["applicability"]) == ("OPS101", "certain")
