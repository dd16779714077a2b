"""docs/architecture.md shows what is there."""

from __future__ import annotations

import doctest
import shutil
from pathlib import Path

import pytest

from tests.architecture_picture import PICTURE, ROOT, layers, picture


def test_the_picture_is_that_of_the_declared_layers() -> None:
    floors = layers((ROOT / "pyproject.toml").read_text(), "opselect")
    assert floors[0] == ["__main__"]
    assert any({"lite", "onnxruntime"} <= set(floor) for floor in floors)
    assert picture(floors) == PICTURE.read_text(encoding="utf-8")


def test_a_package_without_a_contract_is_an_error() -> None:
    with pytest.raises(ValueError, match="no contract of layers for numpy"):
        layers("", "numpy")


def test_the_model_that_is_followed_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "fixtures" / "models", tmp_path / "fixtures" / "models")
    monkeypatch.chdir(tmp_path)
    failed, run = doctest.testfile(str(ROOT / "docs" / "architecture.md"), module_relative=False)
    assert (failed, run > 10) == (0, True)
