"""Which part of a model counts: tags, signatures, inputs and outputs on the command line."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from tests.cli.conftest import Cli

SAVED_MODELS = Path(__file__).parents[2] / "fixtures" / "saved_models"
SIGNATURES = SAVED_MODELS / "sm2_multi_signatures"
TAGS = SAVED_MODELS / "sm2_v1style_multi_tags"


def ops(cli: Cli, *arguments: str | Path) -> set[str]:
    outcome = cli("requirements", *arguments, "--tensorflow", "2.14", "--json")
    assert outcome.code == 0, outcome.err
    return {row["op"] for row in outcome.json["ops"]}


def test_a_signature_counts_what_it_reaches_and_nothing_else(cli: Cli) -> None:
    found = ops(cli, SIGNATURES, "--tags", "serve", "--signature", "decode")
    assert {"DecodePng", "Reshape"} & found
    assert "MatMul" not in found


def test_all_signatures_are_the_union_and_the_default(cli: Cli) -> None:
    everything = ops(cli, SIGNATURES, "--all-signatures")
    assert everything == ops(cli, SIGNATURES)
    assert "MatMul" in everything
    several = ops(cli, SIGNATURES, "--signature", "decode,version", "--signature", "train")
    assert ops(cli, SIGNATURES, "--signature", "decode") < several < everything | {"NoOp"}


def test_a_signature_that_there_is_not_names_those_there_are(cli: Cli) -> None:
    outcome = cli("requirements", SIGNATURES, "--signature", "serving", "--tensorflow", "2.14")
    assert outcome.code == 2
    assert "has no signature 'serving'; did you mean serving_default" in outcome.err
    assert "decode, serving_default, train, version" in outcome.err


def test_tags_pick_the_meta_graph(cli: Cli) -> None:
    assert "GreaterEqual" in ops(cli, TAGS, "--tags", "train")
    assert "GreaterEqual" not in ops(cli, TAGS, "--tags", "int8,serve")
    assert ops(cli, TAGS) == ops(cli, TAGS, "--tags", "serve")


def test_tags_that_there_are_not_name_those_there_are(cli: Cli) -> None:
    outcome = cli("requirements", TAGS, "--tags", "gpu", "--tensorflow", "2.14")
    assert outcome.code == 2
    assert "has no MetaGraph tagged {gpu}" in outcome.err
    assert "{serve} and {train} and {int8, serve}" in outcome.err
    assert "did you mean" not in outcome.err


@pytest.mark.parametrize(
    ("tags", "meant"), [("srve", "{serve}"), ("sreve", "{serve}"), ("serve,int9", "{int8, serve}")]
)
def test_of_misspelt_tags_the_nearest_are_named(cli: Cli, tags: str, meant: str) -> None:
    outcome = cli("requirements", TAGS, "--tags", tags, "--tensorflow", "2.14")
    assert outcome.code == 2
    assert f"; did you mean {meant}?" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--signature", "train", "--all-signatures"),
        ("--signature", "train", "--outputs", "y"),
        ("--all-signatures", "--inputs", "x"),
    ],
)
def test_choices_that_exclude_each_other(cli: Cli, arguments: tuple[str, ...]) -> None:
    outcome = cli("requirements", SIGNATURES, *arguments, "--tensorflow", "2.14")
    assert outcome.code == 2
    assert "Usage:" in outcome.err


def test_a_graph_without_signatures_has_none_to_choose(cli: Cli) -> None:
    model = SAVED_MODELS.parent / "models" / "tiny_mobilenet.pb"
    outcome = cli("requirements", model, "--signature", "serving_default", "--tensorflow", "2.14")
    assert outcome.code == 2
    assert "--outputs" in outcome.err


def test_models_behind_urls(cli: Cli) -> None:
    files = fsspec.filesystem("memory")
    files.put(str(SIGNATURES), "/urls/model", recursive=True)
    try:
        assert ops(cli, "memory://urls/model") == ops(cli, SIGNATURES)
        assert ops(cli, "memory://urls/model/saved_model.pb") == ops(cli, SIGNATURES)
        outcome = cli("requirements", "memory://urls/nothing", "--tensorflow", "2.14")
        assert outcome.code == 2
        assert outcome.err.startswith("error: memory://urls/nothing: ")
    finally:
        files.rm("/urls", recursive=True)


def test_a_path_that_leads_nowhere(cli: Cli) -> None:
    outcome = cli("requirements", "nothing.pb", "--tensorflow", "2.14")
    assert outcome.code == 2
    assert outcome.err.startswith("error: nothing.pb: cannot be read: No such file or directory\n  Check the path.")


def test_a_link_to_itself(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "loop.pb").symlink_to("loop.pb")
    outcome = cli("requirements", "loop.pb", "--tensorflow", "2.14")
    assert outcome.code == 2
    assert outcome.err.startswith("error: loop.pb: cannot be read: ")
