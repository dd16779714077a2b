from __future__ import annotations

import re
from pathlib import Path

import pytest

from kernel_index import shipped
from kernel_index.errors import OpselectError
from kernel_index.profiles import PROFILE_NAMES
from kernel_index.shipped.make import main, make
from kernel_index.store import open_index

RELEASES = shipped.releases()


def test_the_releases_in_the_order_of_their_numbers() -> None:
    minors = [f"1.{n}" for n in range(16)] + [f"2.{n}" for n in range(9)] + ["2.14"]
    assert [release.rpartition(".")[0] for release in RELEASES] == minors


def test_they_are_small() -> None:
    sizes = [shipped.find(release).stat().st_size for release in RELEASES]
    assert max(sizes) <= 150_000
    assert sum(sizes) <= 4_000_000


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_is_found_by_its_names(release: str) -> None:
    minor = release.rpartition(".")[0]
    found = {shipped.find(name) for name in (release, f"v{release}", minor, f"v{minor}")}
    (path,) = found
    assert path.name == release + shipped.SUFFIX


@pytest.mark.parametrize("release", ["1", "1.99", "1.13.99", "2.140", "nightly", "", "../x", "1.13.2.opselidx"])
def test_what_is_not_shipped_is_an_error_with_the_list(release: str) -> None:
    with pytest.raises(OpselectError) as caught:
        shipped.find(release)
    assert str(caught.value).startswith(f"there is no shipped index of TensorFlow {release}; there are: ")
    assert re.findall(r"\d+\.\d+\.\d+", str(caught.value).partition("there are: ")[2]) == list(RELEASES)
    assert "opselect index scan TREE" in str(caught.value)


@pytest.mark.parametrize("release", RELEASES)
def test_a_shipped_index_answers(release: str) -> None:
    index = open_index(shipped.find(release))
    assert (index.release, index.profiles) == (release, PROFILE_NAMES)
    kernels = index.registrations("Conv2D")
    assert {r.op for r in kernels} == {"Conv2D"}
    sources = {r.source for r in kernels if "desktop" in r.profiles}
    assert sources
    assert sources <= index.kernel_files("desktop")
    definition = index.op_definition("Conv2D")
    assert definition is not None
    assert [a.name for a in definition.inputs] == ["input", "filter"]
    assert f"{index.build_lists.prefix}_core_ops" in index.build_lists.groups


def test_making_an_index_again_gives_the_same_bytes(tmp_path: Path) -> None:
    fixtures = Path(__file__).parents[2] / "fixtures"
    line = make(fixtures / "kernel_tree", tmp_path)
    assert line.split()[0] == "1.13.99"
    assert (tmp_path / "1.13.99.opselidx").read_bytes() == (fixtures / "kernel_tree.opselidx").read_bytes()


def test_making_one_of_no_checkout_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "is no TensorFlow source tree" in capsys.readouterr().err
