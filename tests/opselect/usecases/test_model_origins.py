"""Where the models of a page come from."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest

from opselect.models.choice import Choice
from opselect.requirements.of_many_models import Failure
from opselect.usecases import model_origins as module
from opselect.usecases.model_origins import ModelOrigin, model_origins
from opselect.usecases.read_requirements import ModelSet

ROOT = Path(__file__).resolve().parents[3]
MOBILENET = ROOT / "fixtures" / "models" / "tiny_mobilenet.pb"
SAVED = ROOT / "fixtures" / "saved_models"


def only(path: Path | str, choice: Choice | None = None) -> ModelOrigin:
    (found,) = model_origins([ModelSet((str(path),), choice=choice or Choice())])
    return found


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_graph_says_what_wrote_it_and_which_file_it_is() -> None:
    found = only(MOBILENET)
    assert (found.name, found.format, found.producer, found.entries) == ("tiny_mobilenet.pb", "graphdef", 1575, ())
    assert (found.ops, found.nodes, found.sha256) == (13, 222, digest(MOBILENET))
    assert only(MOBILENET, Choice(outputs=("MobilenetV2/Predictions/Softmax",))).entries == (
        "MobilenetV2/Predictions/Softmax",
    )


def test_a_saved_model_has_its_signatures_and_the_hash_of_its_graph() -> None:
    folder = min(path.parent for path in SAVED.rglob("saved_model.pb"))
    found = only(folder)
    assert found.format == "saved_model"
    assert "serving_default" in found.entries
    assert found.sha256 == digest(folder / "saved_model.pb")
    assert found.tensorflow


def test_a_model_in_an_archive_has_the_hash_of_its_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "app.apk", "w") as archive:
        archive.write(MOBILENET, "assets/mobilenet.pb")
    found = only(tmp_path / "app.apk!assets/mobilenet.pb")
    assert (found.nodes, found.sha256) == (222, digest(MOBILENET))


def test_a_large_file_is_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_HASHED", 1000)
    assert only(MOBILENET).sha256 == ""


def test_models_that_are_not_looked_at_say_nothing_of_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LOOKED_AT", 1)
    for name in ("a.pb", "b.pb"):
        shutil.copy(MOBILENET, tmp_path / name)
    paths = (str(tmp_path / "a.pb"), str(tmp_path / "b.pb"), "https://me:secret@host/m.pb", str(tmp_path / "gone.pb"))
    first, second, url, gone = model_origins([ModelSet(paths)], [Failure("gone.pb", "there is none")])
    assert (first.nodes, second.nodes, url.nodes, gone.nodes) == (222, None, None, None)
    assert second.note == "not among the first 1, and not opened once more"
    assert "secret" not in url.name
    assert url.note == "behind a URL, and not fetched once more"
    assert gone.note == "could not be read: there is none"


def test_kept_requirements_are_behind_the_models(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("{}")
    found = model_origins([ModelSet((str(MOBILENET),), (str(kept),))])
    assert [each.name for each in found] == ["tiny_mobilenet.pb", "kept.json"]
    assert found[1].sha256 == digest(kept)
