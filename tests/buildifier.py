"""Buildifier, which npm installs beside the project: what it says of BUILD files."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

_INSTALLED = Path(__file__).parents[1] / "node_modules" / ".bin"
_BUILDIFIER = shutil.which("buildifier", path=os.pathsep.join([str(_INSTALLED), os.environ.get("PATH", "")]))

needs_buildifier = pytest.mark.skipif(
    _BUILDIFIER is None, reason="buildifier is not installed (npm install @bazel/buildifier)"
)
"""For tests that a run of pytest by itself, without test.sh, may have no buildifier for."""


def complaints(files: Iterable[Path], *flags: str) -> str:
    """What buildifier's formatter and its warnings find; empty where they find nothing."""
    command = [str(_BUILDIFIER), "--mode=check", "--lint=warn", *flags, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr + (f"exit code {done.returncode}" if done.returncode else "")
