from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.kernel_index.scan.trees import tree

TREE = Path(__file__).resolve().parents[2] / "fixtures" / "kernel_tree"


@pytest.fixture(autouse=True)
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


def test_an_uncut_scan_finds_the_same_and_keeps_nothing(cli: Cli, cache: Path) -> None:
    assert cli("index", "scan", TREE, "-o", "one", "--uncut").code == 0
    assert not cache.exists()
    assert cli("index", "scan", TREE, "-o", "two").code == 0
    assert Path("one").read_bytes() == Path("two").read_bytes()
    assert cli("index", "scan", "--base", "2.14", "--root", TREE, "-o", "one", "--uncut").code == 2


def test_a_scan_of_a_source_that_nests_too_deeply_names_the_place(cli: Cli, tmp_path: Path) -> None:
    deep = "F(" * 3000 + "1" + ")" * 3000
    source = f"#define F(x) x\nREGISTER_KERNEL_BUILDER({deep}, K);\n"
    outcome = cli("index", "scan", tree(tmp_path / "tree", source), "-o", "one")
    assert outcome.code == 2
    assert "unit.cc:2" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_cache_that_cannot_be_used_is_a_note(cli: Cli, cache: Path) -> None:
    cache.write_text("no folder")
    outcome = cli("index", "scan", TREE, "-o", "one")
    assert outcome.code == 0
    assert f"nothing is kept for the next scan: {cache}" in outcome.err
    assert "nothing is kept" not in cli("index", "scan", TREE, "-o", "one", "--no-cache").err
