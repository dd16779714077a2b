"""Without Bazel and make: the lists that opselect writes for other build systems, built by CMake."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.records import ScanResult
from opselect.cli.main import run
from tests.builds.builders import JOBS, checked, missing_commands, skip_without
from tests.builds.run_graph import MODELS, RUNTIME_TREE, as_rows, differences, registered, run_model

PROFILE = "android-slim"


def test_cmake_builds_what_the_model_needs(
    tmp_path: Path, scanned: ScanResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without(missing_commands("cmake", "make", "g++"))
    monkeypatch.setenv("OPSELECT_CACHE", str(tmp_path / "cache"))
    lists = tmp_path / "lists"
    source = ["--tree", str(RUNTIME_TREE), "--profile", PROFILE, "--quiet"]
    targets = ["--target", "cmake", "--target", "list", "--out", str(lists)]
    assert run(["generate", str(MODELS["running_total"]), *source, *targets]) == 0

    folders = [f"-DTENSORFLOW_ROOT={RUNTIME_TREE}", f"-DLISTS={lists}"]
    checked(["cmake", "-S", Path(__file__).parent / "cmake", "-B", tmp_path / "build", *folders], tmp_path)
    checked(["cmake", "--build", tmp_path / "build", "--parallel", JOBS], tmp_path)

    program = tmp_path / "build" / "run_graph"
    assert differences(run_model(program, "running_total"), "running_total") == []
    sources = (lists / "kernel_files.txt").read_text().splitlines()
    expected = [r for r in scanned.registrations if PROFILE in r.profiles and r.source in sources]
    assert registered(program) == as_rows(expected)
