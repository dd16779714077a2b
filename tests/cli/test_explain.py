"""Codes, their pages and the command that prints them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from opselect.criteria import CRITERIA
from opselect.findings import CATALOG
from opselect.findings.pages import page_folder
from tests.cli.commands_page import BLOCK, copy_models
from tests.cli.conftest import Cli
from tests.cli.findings_pages import pages, printed

SECTIONS = ["Cause", "Example", "Mend", "Source"]


def test_each_code_has_a_page_and_each_page_a_code() -> None:
    assert [page.stem for page in pages()] == list(CATALOG)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_has_all_parts_and_its_example_gives_what_it_shows(cli: Cli, page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.stem}: ")
    assert re.findall(r"^## (.*)", text, re.MULTILINE) == SECTIONS
    # A configuration names models of its own.
    copy_models(Path(), None if ".yaml" in text else text)

    def run(line: str) -> str:
        outcome = cli(*shlex.split(line)[1:])
        return outcome.out + outcome.err

    ((line, shown),) = BLOCK.findall(text)
    assert printed(line, run) == shown
    assert page.stem in shown


def test_kinds_of_a_family_differ_and_criteria_have_codes_of_theirs() -> None:
    kinds = [(code.family, code.kind) for code in CATALOG.values()]
    assert len(kinds) == len(set(kinds))
    assert {criterion.code for criterion in CRITERIA} == {code for code in CATALOG if code[3] == "2"}


def test_explain_prints_pages_whatever_the_capitals(cli: Cli) -> None:
    outcome = cli("explain", "ops103", "OPS401")
    both = [(page_folder() / f"{code}.md").read_text() for code in ("OPS103", "OPS401")]
    assert (outcome.code, outcome.out, outcome.err) == (0, "\n".join(both), "")


def test_explain_lists_all_codes(cli: Cli) -> None:
    header, *lines = cli("explain", "--list").out.splitlines()
    assert header.split() == ["code", "kind", "what", "it", "says"]
    assert [line.split()[:2] for line in lines] == [[code.code, code.kind] for code in CATALOG.values()]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("OPS13",), "there is no such code; did you mean"),
        (("nonsense",), "there is no such code"),
        ((), "name a CODE"),
        (("OPS101", "--list"), "name a CODE"),
        (("OPS101", "OPS999x"), "there is no such code"),
    ],
)
def test_a_wrong_code_is_bad_usage(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    outcome = cli("explain", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
