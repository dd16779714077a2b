"""The man pages: made of the commands as they are, and silent where troff reads them."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.cli.man_pages import FOLDER, man_pages

NAMES = sorted(path.name for path in FOLDER.glob("*"))


def test_pages_are_those_of_the_commands() -> None:
    made = man_pages()
    assert sorted(made) == NAMES, "run python -m tests.cli.man_pages"
    stale = [name for name in NAMES if (FOLDER / name).read_text(encoding="utf-8") != made[name]]
    assert stale == [], "run python -m tests.cli.man_pages"


def test_every_page_says_what_a_man_page_has_to() -> None:
    for name, text in man_pages().items():
        for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"):
            assert f"\n.SH {section}\n" in text, (name, section)
        assert text.isascii(), name


def test_pages_lead_to_each_other() -> None:
    pages = man_pages()
    for text in pages.values():
        related = text.partition(".SH SEE ALSO\n")[2].splitlines()
        assert related
        assert {line.split()[1].replace("\\-", "-") + ".1" for line in related} <= pages.keys()


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff")
def test_troff_has_no_complaint() -> None:
    paths = [str(FOLDER / name) for name in NAMES]
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", *paths], capture_output=True, check=True)
    assert done.stderr == b""
    shown = re.sub(".\b|\x1b\\[[0-9]*m", "", done.stdout.decode())
    assert "opselect generate [OPTIONS] [MODEL]" in shown
    assert "--compat" in shown
