"""Outputs that would be written over what they are made of."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.models.formats import check_output

FILES = (
    "graph.pb", "other.pb",
    "ck/model.ckpt.index", "ck/model.ckpt.meta",
    "ck/model.ckpt.data-00000-of-00002", "ck/model.ckpt.data-00001-of-00002",
    "ck/checkpoint", "ck/other.ckpt.index", "ck/notes.txt",
    "v1/model.ckpt-00000-of-00001", "v1/model.ckpt-00000-of-00001.meta",
    "saved/saved_model.pb", "saved/variables/variables.index", "saved/assets/vocabulary", "saved/frozen.pb",
)  # fmt: skip


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name)
    for archive in ("a.zip", "a!b.zip"):
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("graph.pb", "graph")


def taken(*models: str) -> set[str]:
    """Which files must not be written over where these models are read."""
    return {name for name in (*FILES, "a.zip", "a!b.zip") if refused(name, models)}


def refused(output: str, models: tuple[str, ...]) -> bool:
    try:
        check_output(output, *models)
    except InputError as error:
        assert "is part of what is read" in str(error)  # noqa: PT017 - either is right
        return True
    return False


SAVED = {"saved/saved_model.pb", "saved/variables/variables.index", "saved/assets/vocabulary"}
PARTS = {name for name in FILES if name.startswith(("ck/model", "ck/check"))}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("", set()),
        ("graph.pb", {"graph.pb"}),
        ("./ck/../graph.pb", {"graph.pb"}),
        ("a.zip", {"a.zip"}),
        ("a.zip!graph.pb", {"a.zip"}),
        ("a!b.zip!graph.pb", {"a!b.zip"}),
        ("zip://graph.pb::a.zip", {"a.zip"}),
        ("memory://graph.pb", set()),
        ("nowhere.pb", set()),
        ("ck/model.ckpt", PARTS),
        ("ck/model.ckpt.meta", PARTS),
        ("ck/model.ckpt.data-00001-of-00002", PARTS),
        ("ck", {*PARTS, "ck/other.ckpt.index"}),
        ("v1/model.ckpt", {"v1/model.ckpt-00000-of-00001"}),
        ("saved", SAVED),
        ("saved/saved_model.pb", SAVED),
    ],
)
def test_files_of_a_model(model: str, expected: set[str]) -> None:
    assert taken(model) == expected
    assert taken("graph.pb", model) == {"graph.pb", *expected}


def test_urls_of_files(tmp_path: Path) -> None:
    assert taken(f"file://{tmp_path}/graph.pb") == {"graph.pb"}
    assert taken(f"zip://graph.pb::file://{tmp_path}/a.zip") == {"a.zip"}


def test_links_of_both_kinds_lead_to_the_same_file() -> None:
    Path("soft").symlink_to("graph.pb")
    os.link("graph.pb", "hard")
    for output in ("soft", "hard"):
        with pytest.raises(InputError, match=r"is part of what is read: graph\.pb"):
            check_output(output, "graph.pb")
        with pytest.raises(InputError, match="is part of what is read"):
            check_output("graph.pb", output)
    check_output("new.pb", "graph.pb")
    check_output("-", "graph.pb")
    check_output("/dev/null", "/dev/null")
