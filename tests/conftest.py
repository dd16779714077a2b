"""What every test needs: a cache of scans of its own, no clock; and the sizes of the programs that tests have built."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

KEPT = Path(__file__).resolve().parents[1] / ".pytest_cache"
"""Where pytest keeps things from run to run."""

if sys.dont_write_bytecode:
    # Whoever asks for no compiled files means none among the sources. Without any, each of the many programs that tests
    # start would compile all of opselect.
    sys.pycache_prefix = str(KEPT / "compiled")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False

# A machine that is busy with other tests, or with measuring them, is no failure; benchmarks measure time.
settings.register_profile("opselect", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("opselect")

SIZES = "size of run_graph"
"""The property of a test that says how big the programs are that it has built."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder: Path = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("OPSELECT_CACHE", str(folder))


def pytest_collection_finish() -> None:
    # All tests are there to the end: the collector of garbage need not look through them again and again.
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # Here, and not beside these tests: where several processes run them, the one that reports reads no other conftest.
    passed = terminalreporter.getreports("passed")
    if lines := sorted(str(line) for report in passed for name, line in report.user_properties if name == SIZES):
        terminalreporter.section("run_graph as it was built, stripped")
        for line in lines:
            terminalreporter.write_line(line)
