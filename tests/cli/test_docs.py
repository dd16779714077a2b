"""The documentation shows what the commands really print."""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from xml.dom.minidom import parseString

import click
import pytest

from opselect.cli.main import cli as cli_group
from tests.cli.commands_page import PAGES, ROOT, copy_models, examples, shortened
from tests.cli.conftest import Cli
from tests.cli.recording import PICTURE, picture

EXAMPLES = [example for page in PAGES for example in examples(page.read_text())]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scratch folder to work in, with the models that the examples name."""
    copy_models(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("line", "shown"), EXAMPLES, ids=[line for line, _ in EXAMPLES])
def test_commands_print_what_the_page_shows(cli: Cli, line: str, shown: str) -> None:
    copy_models(Path(), line)
    outcome = cli(*shlex.split(line)[1:])
    assert shortened(outcome.out + outcome.err, shown) == shown


def test_a_shown_text_that_is_left_out_in_part_keeps_its_form() -> None:
    assert shortened("a\nb\nc\nd\n", "x\n…\ny\n") == "a\n…\nd\n"
    assert shortened("a\nb\nc\n", "x\n…\n") == "a\n…\n"
    assert shortened("a\nb\nc\n", "x\n") == "a\nb\nc\n"
    assert shortened("a\n", "x\n…\ny\n") == "a\n"


def commands_of(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command, groups themselves left out."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        words = (*before, name)
        yield from commands_of(command, words) if isinstance(command, click.Group) else [words]


def test_every_command_has_a_page_with_an_example() -> None:
    listed = (ROOT / "docs/commands/README.md").read_text()
    for words in commands_of(cli_group):
        page = ROOT / "docs" / "commands" / f"{words[0]}.md"
        assert f"({page.name})" in listed, words
        lines = [line for line, _ in examples(page.read_text())]
        assert any(line.startswith(f"opselect {' '.join(words)}") for line in lines), words


@pytest.mark.usefixtures("scratch")
def test_the_python_example_of_the_page_on_many_models() -> None:
    failed, run = doctest.testfile(str(ROOT / "docs" / "fleet.md"), module_relative=False)
    assert (failed, run > 4) == (0, True)


def test_pages_send_nobody_to_deep_modules() -> None:
    """What the facade has is imported from there."""
    lines = [
        line
        for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for line in re.findall(
            r"^(?:>>> )?(?:from|import) (?:opselect|kernel_index)\b.*", page.read_text(), re.MULTILINE
        )
    ]
    assert set(lines) <= {">>> import opselect", "import opselect", ">>> from opselect import open_checkpoint"}


def test_readme_command_for_the_bundled_model_works(cli: Cli) -> None:
    readme = (ROOT / "README.md").read_text()
    (line,) = re.findall(r"^python3 -m venv .* && \.venv/bin/(opselect .*)$", readme, re.MULTILINE)
    copy_models(Path())
    outcome = cli(*shlex.split(line)[1:])
    assert outcome.code == 0, outcome.err
    assert {path.name for path in Path("build_lists").iterdir()} >= {"kernels.BUILD", "manifest.yaml"}


def test_the_recording_shows_what_the_commands_print(cli: Cli) -> None:
    def printed(line: str) -> str:
        copy_models(Path(), line)
        outcome = cli(*shlex.split(line)[1:])
        return outcome.out + outcome.err

    text = picture(printed)
    assert text == PICTURE.read_text(encoding="utf-8")
    parseString(text)
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize(
    "page", sorted(path.relative_to(ROOT) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
    assert [target for target in targets if not ((ROOT / page).parent / target).exists()] == []
