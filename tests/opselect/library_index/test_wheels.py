from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from kernel_index.records import GraphVersions
from kernel_index.store import open_index
from opselect.library_index.wheels import Wheel, wheel_of
from opselect.usecases.ship_libraries import main

RUNTIME = Path(__file__).parents[3] / "fixtures" / "audit" / "libruntime.so"
HEADER = "tensorflow/include/tensorflow/core/public/version.h"
VERSIONS = "#define TF_GRAPH_DEF_VERSION_MIN_PRODUCER 0\n#define TF_GRAPH_DEF_VERSION 1994  // Updated\n"


def wheel(folder: Path, release: str, members: dict[str, str], name: str = "some.whl") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"tensorflow_cpu-{release}.dist-info/METADATA", f"Name: tensorflow_cpu\nVersion: {release}\n")
        for member, text in members.items():
            archive.writestr(member, text)
        archive.write(RUNTIME, "tensorflow/libruntime.so")
    return path


def test_a_wheel_says_its_release_and_its_graph_versions(tmp_path: Path) -> None:
    assert wheel_of(str(wheel(tmp_path, "2.14.9", {HEADER: VERSIONS}))) == Wheel("2.14.9", GraphVersions(1994, 0))
    assert wheel_of(str(wheel(tmp_path, "2.14.9", {HEADER: "x"}))) == Wheel("2.14.9", None)


def test_what_is_no_wheel_of_tensorflow_says_nothing(tmp_path: Path) -> None:
    assert wheel_of(str(wheel(tmp_path, "2.14.9", {}))) is None
    assert wheel_of(str(wheel(tmp_path, "2.14.9", {HEADER: VERSIONS}, "some.zip"))) is None
    assert wheel_of(str(tmp_path / "none.whl")) is None
    assert wheel_of(str(wheel(tmp_path, "2.14.9", {HEADER: VERSIONS + " " * (1 << 20)}))) is None
    (tmp_path / "bad.whl").write_bytes(b"PK\x03\x04")
    assert wheel_of(str(tmp_path / "bad.whl")) is None


def test_shipping_puts_an_index_in_the_place_of_other_patch_releases(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for old in ("2.14.1", "2.1.4"):
        (out / f"{old}.opselidx").touch()
    path = wheel(tmp_path, "2.14.9", {HEADER: VERSIONS})
    assert main(["--out", str(out), f"{path}=2.13"]) == 0
    release, *_, base = capsys.readouterr().out.split()
    assert (release, base) == ("2.14.9", "2.13.1")
    assert sorted(each.name for each in out.iterdir()) == ["2.1.4.opselidx", "2.14.9.opselidx"]
    index = open_index(out / "2.14.9.opselidx")
    assert index.graph_versions == GraphVersions(1994, 0)
    assert index.origin is not None
    assert (index.origin.libraries, index.origin.base) == (("libruntime.so",), "2.13.1")


def test_shipping_something_else_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), str(RUNTIME)]) == 2
    assert "is no wheel of TensorFlow" in capsys.readouterr().err
