"""docs/transforms.md says what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opselect.rewriting.absent import ABSENT
from opselect.rewriting.transforms import NAMES, find_transform

PAGE = (Path(__file__).parents[2] / "docs" / "transforms.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n### ")[1:]}


def test_every_transform_has_its_section() -> None:
    assert list(SECTIONS) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_section_names_every_argument_and_the_source(name: str) -> None:
    for argument in find_transform(name).arguments:
        assert f"`{argument.name}`" in SECTIONS[name]
    assert f"`opselect/rewriting/transforms/{name}.py`, after `" in SECTIONS[name]


def test_what_is_not_there_has_its_reason() -> None:
    table = PAGE.partition("## What is not there")[2].partition("## Where")[0]
    assert set(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)[2:])
    assert set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))) == ABSENT.keys()
