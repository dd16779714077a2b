"""Tables of sizes made from objects, lists of sizes and libraries."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kernel_index import shipped
from kernel_index.shipped.sizes import FileSize, read_sizes
from opselect.usecases.measure_objects import main, measured_object

ELF = Path(__file__).parents[3] / "fixtures" / "binaries" / "elf"
BIAS = "tensorflow/core/kernels/bias_op.cc"
MATH = "tensorflow/core/ops/math_ops.cc"
HOW = ("--release", "2.14", "--profile", "android", "--compiler", "cc 1", "--flags=-Os")


@pytest.fixture
def objects(tmp_path: Path) -> Path:
    folder = tmp_path / "objects"
    folder.mkdir()
    shutil.copy(ELF / "x86_64.o", folder / (BIAS.replace("/", "@") + ".o"))
    shutil.copy(ELF / "x86_64.o", folder / "tensorflow@core@kernels@of_nobody.cc.o")
    return folder


@pytest.fixture
def sizes(tmp_path: Path) -> Path:
    path = tmp_path / "sizes.json"
    path.write_text(json.dumps({"files": {MATH: [50_000, 600, 7], BIAS: [1, 1, 1]}}))
    return path


@pytest.mark.parametrize(
    ("name", "text_and_data", "kernels"),  # the first as `size` of the GNU binutils prints them, without empty sections
    [("x86_64.o", 3824 + 336, 1263), ("i386.o", 4516 + 168, 853)],
)
def test_an_object_has_the_bytes_that_size_counts(name: str, text_and_data: int, kernels: int) -> None:
    found = measured_object(ELF / name, shipped.index_of("2.14"))
    assert (found.bytes, found.kernel_bytes) == (text_and_data, kernels)
    assert set(found.classes) == {f"SmallOp<{each}>" for each in ("float", "int32", "bool", "string")}
    for each in found.classes.values():
        assert 0 < each.alone <= each.whole < found.bytes
    assert sum(each.alone for each in found.classes.values()) <= found.kernel_bytes + len(found.classes)


def test_a_table_of_objects_and_sizes_is_written(
    objects: Path, sizes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*HOW, "--out", str(tmp_path), str(sizes), str(objects)]) == 0
    (table,) = read_sizes(tmp_path / "2.14.1.sizes")
    assert (table.kind, table.release, table.profile) == ("objects", "2.14.1", "android")
    assert (table.compiler, table.architecture, table.flags) == ("cc 1", "x86-64", "-Os")
    assert set(table.files) == {BIAS, MATH}  # what the release has
    assert table.files[BIAS].bytes == 3824 + 336  # the last one counts
    assert (table.files[BIAS].registrations, table.files[BIAS].kernel_classes) == (6, 4)
    definitions = table.files[MATH].registrations
    assert table.files[MATH] == FileSize(50_600, definitions)
    assert definitions > 100
    assert capsys.readouterr().out.startswith("2.14.1 objects android: 2 files, ")


def test_a_table_takes_the_place_of_one_that_was_made_alike(sizes: Path, tmp_path: Path) -> None:
    path = tmp_path / "2.14.1.sizes"
    assert main([*HOW, "--out", str(tmp_path), str(sizes)]) == 0
    first = path.read_bytes()
    assert main([*HOW, "--architecture", "arm64", "--out", str(tmp_path), str(sizes)]) == 0
    assert [table.architecture for table in read_sizes(path)] == ["arm64", "x86-64"]
    sizes.write_text(json.dumps({"files": {MATH: [1, 0, 0]}}))
    assert main([*HOW, "--architecture", "arm64", "--out", str(tmp_path), str(sizes)]) == 0
    arm, intel = read_sizes(path)
    assert (len(arm.files), len(intel.files)) == (1, 2)
    path.unlink()
    sizes.write_text(json.dumps({"files": {MATH: [50_000, 600, 7], BIAS: [1, 1, 1]}}))
    assert main([*HOW, "--out", str(tmp_path), str(sizes)]) == 0
    assert path.read_bytes() == first


def test_a_library_has_the_bytes_of_its_files(tmp_path: Path) -> None:
    assert main([*HOW, "--out", str(tmp_path), str(ELF / "x86_64.so")]) == 0
    (table,) = read_sizes(tmp_path / "2.14.1.sizes")
    assert (table.kind, dict(table.files)) == ("library", {})  # its only file is of no release


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {"a.cc": [1, 2]}}', '{"files": {"a.cc": ["x", 1, 1]}}'])
def test_what_is_no_list_of_sizes_is_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "sizes.json"
    path.write_text(text)
    assert main([*HOW, "--out", str(tmp_path), str(path)]) == 2
    assert "sizes.json: is no document of sizes" in capsys.readouterr().err


def test_objects_and_libraries_do_not_mix(objects: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*HOW, "--out", str(tmp_path), str(objects), str(ELF / "x86_64.so")]) == 2
    assert "a table is of object files or of a library" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.sizes"))
