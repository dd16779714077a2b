"""The documentation shows what the commands really print."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.commands_page import PAGES, ROOT, copy_models, examples, shortened
from tests.cli.conftest import Cli

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


def test_there_are_examples_of_every_command() -> None:
    shown = {" ".join(re.findall(r"^opselect ((?:(?:index|header) )?[\w-]+)", line)) for line, _ in EXAMPLES}
    assert shown == {
        "completion",
        "doctor",
        "generate",
        "audit",
        "check",
        "verify",
        "diagnose",
        "locate",
        "requirements",
        "inspect",
        "freeze",
        "transform",
        "index list",
        "index from-binary",
        "index show",
        "index diff",
        "index export",
        "index deps",
        "explain",
        "header show",
    }


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


def test_commands_of_the_readme_for_other_runtimes_work(cli: Cli) -> None:
    readme = (ROOT / "README.md").read_text()
    lines = re.findall(r"^opselect generate fixtures/(?:onnx|executorch)/.*$", readme, re.MULTILINE)
    copy_models(Path(), "fixtures/onnx")
    copy_models(Path(), "fixtures/executorch")
    for line in lines:
        assert cli(*shlex.split(line, comments=True)[1:]).code == 0, line
    assert len(lines) == 3


def test_commands_of_the_readme_for_tensorflow_lite_work(cli: Cli) -> None:
    readme = (ROOT / "README.md").read_text()
    lines = re.findall(r"^opselect .*\.tflite.*$", readme, re.MULTILINE)
    copy_models(Path(), "fixtures/models")
    for line in lines:
        assert cli(*shlex.split(line, comments=True)[1:]).code == 0, line
    assert len(lines) == 4
    assert {path.name for path in Path().glob("*/*.*")} == {
        "registration.cc",
        "selected_flex.bzl",
        "tflite.BUILD",
        "tflite_registration.cmake",
    }


@pytest.mark.parametrize(
    "page", sorted(path.relative_to(ROOT) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
    assert [target for target in targets if not ((ROOT / page).parent / target).exists()] == []
