"""``--max-download``: how much may be fetched of a model behind a URL."""

from __future__ import annotations

import os
from pathlib import Path

import fsspec
import pytest

from opselect.cli.main import run
from opselect.models.storage import MAX_DOWNLOAD_VARIABLE

GRAPH = Path(__file__).parents[2] / "fixtures" / "models" / "while_v1.pb"
URL = "memory://max_download/a.pb"


@pytest.fixture(autouse=True)
def _model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MAX_DOWNLOAD_VARIABLE, raising=False)
    fsspec.filesystem("memory").pipe({"/max_download/a.pb": GRAPH.read_bytes()})


@pytest.mark.parametrize(
    "command",
    [
        ["inspect"],
        ["requirements", "--tensorflow", "2.14"],
        ["freeze", "-o", "out.pb"],
        ["prepare", "-o", "out.pb"],
        ["transform", "out.pb", "--transforms", "remove_device"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_that_reads_a_model_keeps_to_it(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    name, *rest = command

    assert run([name, URL, *rest, "--max-download", "100"]) == 2

    assert "has more than 100 bytes" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert MAX_DOWNLOAD_VARIABLE not in os.environ


def test_more_may_be_allowed_than_the_environment_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MAX_DOWNLOAD_VARIABLE, "100")
    assert run(["inspect", URL, "--json", "--max-download", "1M"]) in (0, 1)
    assert run(["inspect", URL, "--json"]) == 2
    assert os.environ[MAX_DOWNLOAD_VARIABLE] == "100"


def test_what_is_no_size_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", URL, "--max-download", "much"]) == 2
    assert "'much' is no size such as 500M" in capsys.readouterr().err
