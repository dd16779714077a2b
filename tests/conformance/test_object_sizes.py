"""Estimates hold on objects that were compiled: of builds that no table has, and of files that tables are without."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index import shipped
from kernel_index.shipped.sizes import all_sizes
from tests.conformance.object_sizes import Comparison, Sizes, main, read_sizes_of

FIXTURES = Path(__file__).parents[2] / "fixtures" / "object_sizes"
FAR_AWAY = FIXTURES / "1.15.5-android-slim.json"
MOBILENET = FIXTURES.parent / "models" / "tiny_mobilenet.pb"
SLIM = FIXTURES / "2.14.1-android-slim.json"
OTHER_BUILDS = sorted(set(FIXTURES.glob("*.json")) - {SLIM, FAR_AWAY})


def sizes_in(path: Path) -> Sizes:
    document = json.loads(path.read_text())
    return Sizes(read_sizes_of(path), shipped.index_of(document["release"].rpartition(".")[0]), document["profile"])


def share(found: list[Comparison]) -> float:
    return sum(each.holds for each in found) / len(found)


@pytest.mark.parametrize("path", OTHER_BUILDS, ids=lambda path: path.stem)
def test_sizes_of_builds_that_no_table_has_are_within_their_bands(path: Path) -> None:
    sizes = sizes_in(path)
    found = [sizes.compared([file], None) for file in sizes.measured]
    assert {each.basis for each in found} <= {"measured in another profile", "measured in another release", "measured"}
    assert share(found) >= 0.8
    assert sizes.compared(sorted(sizes.measured), None).holds


def test_sizes_of_a_release_far_from_all_that_was_compiled_are_within_their_bands() -> None:
    sizes = sizes_in(FAR_AWAY)
    others = tuple(table for table in all_sizes() if not table.release.startswith("1."))
    found = [sizes.compared([file], others) for file in sizes.measured]
    assert "measured" not in {each.basis for each in found}
    assert len(found) > 50
    assert share(found) >= 0.9
    assert sizes.compared(sorted(sizes.measured), others).holds


def test_what_was_measured_is_found_again() -> None:
    sizes = sizes_in(SLIM)
    found = [sizes.compared([file], None) for file in sizes.measured]
    assert {each.basis for each in found} == {"measured"}
    assert share(found) == 1


def test_files_that_were_never_compiled_are_within_their_bands_in_nine_of_ten_cases() -> None:
    sizes = sizes_in(SLIM)
    files, sums = [], []
    for some_files, some_sums in sizes.comparisons(2):
        files += some_files
        sums += some_sums
    assert "measured" not in {each.basis for each in files}
    assert share(files) >= 0.9
    assert share(sums) >= 0.85
    # A band that is as wide as one likes would hold, too.
    assert sorted(each.estimated.high / max(each.estimated.low, 1) for each in sums)[len(sums) // 2] < 5


def test_sums_of_files_that_no_table_knows_at_all_are_within_their_bands_and_not_all_on_one_side() -> None:
    """The sizes of kernels are skewed: the mean, which sums tend to, is far above the middle."""
    sizes = sizes_in(SLIM)
    nothing = tuple(replace(table, files={}) for table in all_sizes())
    drawing = random.Random(5)
    kernels = sorted(path for path in sizes.measured if "/kernels/" in path)
    sums = [sizes.compared(drawing.sample(kernels, 15), nothing) for _ in range(60)]
    assert {each.basis for each in sums} == {"from the number of kernels and ops"}
    assert share(sums) >= 0.9
    assert 0.2 < sum(each.measured > each.estimated.bytes for each in sums) / len(sums) < 0.8


def test_the_command_prints_how_often_the_bands_held(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SLIM), "--held-out", "4", "--model", str(MOBILENET)]) == 0
    printed = capsys.readouterr().out
    assert "files, from a desktop library: within the band " in printed
    assert "sums, 10 files: within the band " in printed
    assert f"{MOBILENET}: 4 of 39 files" in printed
