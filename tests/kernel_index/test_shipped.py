from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index import shipped
from kernel_index.errors import OpselectError
from kernel_index.index import counts_by_file
from kernel_index.profiles import PROFILE_NAMES
from kernel_index.records import GraphVersions
from kernel_index.shipped.make import main, make
from kernel_index.store import open_index

RELEASES = shipped.releases()


def test_the_releases_in_the_order_of_their_numbers() -> None:
    minors = [f"1.{n}" for n in range(16)] + [f"2.{n}" for n in range(22)]
    assert [release.rpartition(".")[0] for release in RELEASES] == minors


def test_indexes_of_other_sources_than_the_releases_say_so() -> None:
    rest = "other profiles, conditions, build lists, includes, dependencies borrowed from 2.20.0"
    notes = {release: note for release in RELEASES if (note := open_index(shipped.find(release)).note)}
    assert notes == {
        "2.17.0": "master of 2024-05-17, before the 2.17 branch",
        "2.18.1": f"desktop read in libtensorflow_cc.so.2 and 5 more; {rest}",
        "2.19.1": f"desktop read in libtensorflow_cc.so.2 and 5 more; {rest}",
        "2.20.0": "master just after the 2.20 branch",
        "2.21.0": f"desktop read in libtensorflow_cc.so.2 and 6 more; {rest}",
    }


@pytest.mark.parametrize("release", ["1.4", "2.14", "2.20"])
def test_kernels_are_counted_as_they_are_listed(release: str) -> None:
    index = open_index(shipped.find(release))
    registrations = list(index.all_registrations())
    for profile in index.profiles:
        files = sorted(index.kernel_files(profile))[::7]
        some = index.kernel_counts(profile, [*files, "no/such.cc"])
        counted = counts_by_file(registrations, profile)
        assert some == {path: counted[path] for path in files} == counts_by_file(registrations, profile, files)
        assert index.kernel_counts(profile) == counted


def test_indexes_of_libraries_say_what_is_from_where() -> None:
    origins = {release: origin for release in RELEASES if (origin := open_index(shipped.find(release)).origin)}
    assert {release: origin.base for release, origin in origins.items()} == dict.fromkeys(
        ("2.18.1", "2.19.1", "2.21.0"), "2.20.0"
    )
    for release, origin in origins.items():
        index = open_index(shipped.find(release))
        kernels = sum("desktop" in record.profiles for record in index.all_registrations())
        assert origin.profile == "desktop"
        assert origin.read[0].startswith(f"the {kernels:,} kernels of profile desktop: ")
        assert any(text.startswith("build lists, includes, dependencies of files") for text in origin.borrowed)
        assert origin.unknown


@pytest.mark.parametrize(("release", "version"), [("2.18", 1994), ("2.19", 2129), ("2.21", 2474)])
def test_their_graph_versions_are_those_of_the_wheel(release: str, version: int) -> None:
    assert open_index(shipped.find(release)).graph_versions == GraphVersions(version, 0)


def test_they_are_small() -> None:
    sizes = [shipped.find(release).stat().st_size for release in RELEASES]
    assert max(sizes) <= 160_000
    assert sum(sizes) <= 6_000_000


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_is_found_by_its_names(release: str) -> None:
    minor = release.rpartition(".")[0]
    found = {shipped.find(name) for name in (release, f"v{release}", minor, f"v{minor}")}
    (path,) = found
    assert path.name == release + shipped.SUFFIX


@pytest.mark.parametrize("release", ["1", "1.99", "1.13.99", "2.140", "nightly", "", "../x", "1.13.2.opselidx"])
def test_what_is_not_shipped_is_an_error_that_says_what_is(release: str) -> None:
    with pytest.raises(OpselectError) as caught:
        shipped.find(release)
    first, *advice = str(caught.value).splitlines()
    assert first.startswith(f"there is no shipped index of TensorFlow {release}")
    newest = RELEASES[-1].rpartition(".")[0]
    assert f"  There are 1.0 to 1.15, 2.0 to {newest}; opselect index list shows them." in advice
    assert "opselect index scan TREE" in advice[-1]


def test_of_a_release_that_is_not_shipped_the_nearest_is_named() -> None:
    with pytest.raises(OpselectError, match=r"of TensorFlow v2\.41; did you mean 2\.14\?\n"):
        shipped.find("v2.41")


@pytest.mark.parametrize("release", RELEASES)
def test_another_patch_release_is_an_error_that_names_the_shipped_one(release: str) -> None:
    minor = release.rpartition(".")[0]
    with pytest.raises(OpselectError) as caught:
        shipped.find(f"v{minor}.99")
    assert f"\n  The one of {minor} is {release}; patch releases differ in what they register.\n" in str(caught.value)


def test_no_index_is_offered_for_a_minor_release_without_one() -> None:
    with pytest.raises(OpselectError) as caught:
        shipped.find("1.99.1")
    assert "patch releases" not in str(caught.value)


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


def test_the_folder_is_made_before_anything_is_scanned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = Path(__file__).parents[2] / "fixtures" / "kernel_tree"
    assert main(["--out", str(tmp_path / "new" / "folder"), str(tree)]) == 0
    assert releases_of(tmp_path / "new" / "folder") == ["1.13.99"]
    (tmp_path / "file").touch()
    capsys.readouterr()
    assert main(["--out", str(tmp_path / "file"), str(tree)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_checkout_under_another_name_and_with_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("1.13.98", "1.13.100", "1.130.1", "1.12.3"):
        (tmp_path / f"{name}.opselidx").touch()
    tree = Path(__file__).parents[2] / "fixtures" / "kernel_tree"
    assert main(["--out", str(tmp_path), f"{tree}=1.13.7:just after = the branch: 1.13"]) == 0
    assert capsys.readouterr().out.split()[0] == "1.13.7"
    assert releases_of(tmp_path) == ["1.12.3", "1.13.7", "1.130.1"]
    index = open_index(tmp_path / "1.13.7.opselidx")
    assert (index.release, index.note) == ("1.13.7", "just after = the branch: 1.13")
    assert main(["--out", str(tmp_path), str(tree)]) == 0
    assert releases_of(tmp_path) == ["1.12.3", "1.13.99", "1.130.1"]
    assert open_index(tmp_path / "1.13.99.opselidx").note == ""


def releases_of(folder: Path) -> list[str]:
    """The releases of which a folder has an index."""
    return list(shipped.releases(folder))


def test_making_one_of_no_checkout_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "is no TensorFlow source tree" in capsys.readouterr().err
