"""What generate, prepare and apply say about the size of a build before it is built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kernel_index.shipped.sizes import SizeTable, all_sizes
from opselect.cli.shared.console import byte_size
from opselect.usecases.estimate_size import estimate_files
from tests.cli.commands_page import copy_models
from tests.cli.conftest import Cli, Outcome

MOBILENET = "fixtures/models/tiny_mobilenet.pb"
GENERATE = ("generate", MOBILENET, "--tensorflow", "2.14", "--profile", "android-slim", "--out", "lists")
OWN = """
#include "tensorflow/core/framework/op.h"
REGISTER_OP("Softmax").Input("x: T").Output("y: T").Attr("T: {float, half}");
REGISTER_KERNEL_BUILDER(Name("Softmax").Device(DEVICE_CPU).TypeConstraint<float>("T"), MySoftmax);
"""


@pytest.fixture(autouse=True)
def models(tmp_path: Path) -> None:
    copy_models(tmp_path)


def line_of(outcome: Outcome) -> str:
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("Expected size")]
    return line


def said(document: dict[str, Any], without: str = "the base library") -> str:
    """What the text must say of an estimate."""
    low, high = byte_size(document["low"]), byte_size(document["high"])
    made = document["compiled_as"]
    return (
        f"Expected size: {byte_size(document['bytes'])} of object code ({low} to {high} in 9 of 10 cases; "
        f"{made['compiler']}, {made['architecture']}, -Os, {made['profile']}; before linking, without {without})"
    )


def test_generate_says_it_in_a_line_and_in_json(cli: Cli) -> None:
    outcome = cli(*GENERATE, "--target", "manifest", "--json")
    assert outcome.code == 0, outcome.err
    found = outcome.json["estimate"]
    assert line_of(outcome) == said(found)
    assert found["low"] < found["bytes"] < found["high"]
    assert found["confidence"] == 0.9
    assert found["compiled_as"]["flags"].startswith("-Os ")
    sources = {file["path"] for file in outcome.json["files"] if file["path"].endswith(".cc")}
    assert {file["path"] for file in found["files"]} == sources
    assert sum(file["bytes"] for file in found["files"]) == pytest.approx(found["bytes"], abs=1)
    assert found["unknown"] == []


def test_no_file_that_is_written_says_it(cli: Cli) -> None:
    assert cli(*GENERATE, "--target", "manifest", "--target", "list", "--json").code == 0
    written = {path.name: path.read_text() for path in Path("lists").iterdir()}
    assert not [name for name, text in written.items() if "estimate" in text or "xpected size" in text]
    assert "estimate" not in json.loads(written["manifest.json"])


def test_quiet_says_it_in_json_only(cli: Cli) -> None:
    outcome = cli(*GENERATE, "--target", "manifest", "--json", "--quiet")
    assert outcome.err == ""
    assert outcome.json["estimate"]["bytes"] > 0


def test_a_header_alone_is_about_what_it_keeps(cli: Cli) -> None:
    lists = cli(*GENERATE, "--target", "manifest", "--json").json["estimate"]
    both = cli(*GENERATE, "--target", "manifest", "--target", "header", "--json").json["estimate"]
    assert both["bytes"] < lists["bytes"]
    assert both["low"] < lists["low"]
    assert {file["path"] for file in both["files"]} == {file["path"] for file in lists["files"]}
    kept = {file["path"]: file["bytes"] for file in both["files"]}
    assert all(kept[file["path"]] <= file["bytes"] for file in lists["files"])
    alone = cli(*GENERATE, "--target", "header")
    assert alone.code == 0
    assert "Expected size of the kernel files: " in alone.err
    assert "Expected size: " in cli(*GENERATE, "--target", "header", "--target", "manifest").err


def test_extended_lists_are_larger_than_trimmed_ones(cli: Cli) -> None:
    trimmed = cli(*GENERATE, "--target", "manifest", "--json").json["estimate"]
    extended = cli(*GENERATE, "--target", "manifest", "--mode", "extend", "--json").json["estimate"]
    assert extended["bytes"] > 3 * trimmed["bytes"]


def test_kernels_of_ones_own_are_named_and_in_no_number(cli: Cli) -> None:
    Path("my_ops").mkdir()
    Path("my_ops/mine.cc").write_text(OWN)
    without = cli(*GENERATE, "--target", "manifest", "--json").json["estimate"]
    outcome = cli(*GENERATE, "--root", "my_ops", "--target", "manifest", "--json")
    found = outcome.json["estimate"]
    assert found["unknown"] == ["my_ops/mine.cc"]
    assert "my_ops/mine.cc" not in {file["path"] for file in found["files"]}
    assert found["bytes"] <= without["bytes"]
    assert "  in no number, for nothing is known of them: my_ops/mine.cc" in outcome.err.splitlines()


def test_a_release_without_tables_says_what_its_numbers_are_from(cli: Cli) -> None:
    outcome = cli("generate", MOBILENET, "--tensorflow", "2.5", "--target", "manifest", "--json")
    bases = {file["basis"] for file in outcome.json["estimate"]["files"]}
    assert "measured in another release" in bases
    assert "measured" not in bases


def test_a_configuration_says_it_for_each_build(cli: Cli) -> None:
    Path("opselect.yaml").write_text(
        f"models: [{MOBILENET}]\ntargets:\n"
        "  - {kind: manifest, tensorflow: '2.14', profile: android-slim, out: slim}\n"
        "  - {kind: manifest, tensorflow: '2.14', profile: desktop, out: desktop}\n"
    )
    outcome = cli("generate", "--json")
    assert outcome.code == 0, outcome.err
    slim, desktop = (build["estimate"] for build in outcome.json["builds"])
    assert (slim["compiled_as"]["profile"], desktop["compiled_as"]["profile"]) == ("android-slim", "desktop")
    assert slim["bytes"] < desktop["bytes"]
    lines = [line for line in outcome.err.splitlines() if line.startswith("Expected size")]
    assert sorted(lines) == sorted((said(slim), said(desktop)))


def test_prepare_says_it_before_and_after(cli: Cli) -> None:
    words = ("prepare", MOBILENET, "-o", "phone.pb", "--tensorflow", "2.14")
    outcome = cli(*words, "--json")
    before, after = outcome.json["estimate_before"], outcome.json["estimate"]
    assert after["bytes"] < before["bytes"]
    shown = cli(*words)
    assert line_of(shown) == said(after, "the base library and what the runtime may insert")
    (row,) = [line for line in shown.out.splitlines() if line.startswith("  code expected")]
    assert row.split()[2:] == [*byte_size(before["bytes"]).split(), *byte_size(after["bytes"]).split()]


def test_a_build_without_objects_to_go_by_says_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    libraries: tuple[SizeTable, ...] = tuple(table for table in all_sizes() if table.kind == "library")
    monkeypatch.setattr("opselect.estimates.estimating.all_sizes", lambda: libraries)
    monkeypatch.setattr("opselect.estimates.estimating.sizes_of", lambda _: ())
    outcome = cli(*GENERATE, "--target", "manifest", "--json")
    assert outcome.json["estimate"] is None
    assert "Expected size" not in outcome.err


def test_python_programs_ask_for_any_files() -> None:
    from kernel_index import shipped

    found = estimate_files(
        ["tensorflow/core/kernels/bias_op.cc", "tensorflow/core/kernels/bias_op.h"], shipped.index_of("2.14"), "android"
    )
    assert found is not None
    assert [each.file for each in found.files] == ["tensorflow/core/kernels/bias_op.cc"]
