"""What an installation brings may be used by a program under Apache-2.0."""

from __future__ import annotations

import re

from tests.licences import COMPATIBLE, PAGE, Licensed, installed, page


def test_every_package_says_a_licence_that_goes_with_ours() -> None:
    packages = installed()
    assert {"numpy", "protobuf", "markupsafe"} <= {each.name for each in packages}
    assert [each for each in packages if not set(each.licences) <= set(COMPATIBLE)] == []


def test_the_page_has_every_package() -> None:
    rows = set(re.findall(r"^\| ([\w-]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) - {"package"}
    assert {each.name for each in installed()} <= rows


def test_a_row_names_licences_categories_and_who_brings_it() -> None:
    text = page([Licensed("a", ("MIT", "MPL-2.0"), ("b", "c")), Licensed("d", ("Mine",), ("opselect",))])
    assert "| a | MIT, MPL-2.0 | A, B | b, c |\n| d | Mine | ? | opselect |\n" in text
