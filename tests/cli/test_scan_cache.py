from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli

TREE = Path(__file__).resolve().parents[2] / "fixtures" / "kernel_tree"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache, not made yet."""
    folder = tmp_path / "cache of scans"
    monkeypatch.setenv("OPSELECT_CACHE", str(folder))
    return folder


def test_a_second_scan_writes_the_same_index(cli: Cli, cache: Path) -> None:
    first = cli("index", "scan", TREE, "-o", "one", "--json")
    assert len(list(cache.iterdir())) == 1
    second = cli("index", "scan", TREE, "-o", "two", "--json")
    assert (first.code, first.out) == (second.code, second.out)
    assert Path("one").read_bytes() == Path("two").read_bytes()


def test_a_checkout_that_was_scanned_once_is_known_to_other_commands(cli: Cli, cache: Path) -> None:
    first = cli("locate", "Mul", "--tree", TREE)
    assert len(list(cache.iterdir())) == 1
    assert cli("locate", "Mul", "--tree", TREE).out == first.out


def test_without_a_cache_nothing_is_kept(cli: Cli, cache: Path) -> None:
    assert cli("index", "scan", TREE, "-o", "one", "--no-cache").code == 0
    assert not cache.exists()


def test_a_cache_that_cannot_be_used_is_a_note(cli: Cli, cache: Path) -> None:
    cache.write_text("no folder")
    outcome = cli("index", "scan", TREE, "-o", "one")
    assert outcome.code == 0
    assert f"nothing is kept for the next scan: {cache}" in outcome.err
    assert "nothing is kept" not in cli("index", "scan", TREE, "-o", "one", "--no-cache").err
