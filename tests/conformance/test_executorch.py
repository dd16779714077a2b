"""ExecuTorch's own tools read what opselect writes, and write from it what they write from their own lists.

``OPSELECT_EXECUTORCH_PYTHON`` names an interpreter of Python that has the package ``executorch``, and
``OPSELECT_EXECUTORCH_PROGRAMS`` a folder with more ``.pte`` files than those of ``fixtures/executorch``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from opselect.cli.main import run
from opselect.executorch.kernel_keys import DTYPES

PYTHON = os.environ.get("OPSELECT_EXECUTORCH_PYTHON", "")
MORE = os.environ.get("OPSELECT_EXECUTORCH_PROGRAMS", "")
FIXTURES = Path(__file__).parents[2] / "fixtures" / "executorch"
MIXED = "mixed_cat.pte"
TARGETS = ("--target", "executorch", "--target", "executorch-ops-dict", "--target", "executorch-header")

pytestmark = pytest.mark.skipif(not PYTHON, reason="OPSELECT_EXECUTORCH_PYTHON names no Python with executorch")


def programs() -> list[Path]:
    folders = [FIXTURES, Path(MORE)] if MORE else [FIXTURES]
    return [path for folder in folders for path in sorted(folder.glob("*pte"))]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs, and in ``lists`` what opselect writes of each, and of all but one together."""
    folder = tmp_path_factory.mktemp("programs")
    for path in programs():
        shutil.copy(path, folder)
    names = sorted(path.name for path in folder.glob("*pte"))
    for name in names:
        out = folder / "lists" / name
        assert run(["generate", str(folder / name), *TARGETS, "--out", str(out), "--quiet"]) == 0
    plain = [str(folder / name) for name in names if name != MIXED]
    assert run(["generate", *plain, *TARGETS, "--out", str(folder / "lists" / "together"), "--quiet"]) == 0
    return folder


@pytest.fixture(scope="module")
def answers(written: Path) -> dict[str, Any]:
    program = Path(__file__).with_name("executorch_tools.py")
    # That a program needs keys that the tool forgets is another test.
    mixed = written / "lists" / MIXED
    mixed.rename(written / MIXED.replace(".", "_"))
    done = subprocess.run(
        [PYTHON, program, written, written / "lists"], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_tools_write_the_same_from_ours(written: Path, answers: dict[str, Any]) -> None:
    assert len(answers) == len(list((written / "lists").iterdir())) > 11
    for name, answer in answers.items():
        assert answer["of_ours"] == answer["of_theirs"], name


def test_our_header_is_theirs(written: Path, answers: dict[str, Any]) -> None:
    for name, answer in answers.items():
        assert (written / "lists" / name / "selected_op_variants.h").read_text() == answer["of_theirs"]["header"], name


def test_our_ops_dict_selects_the_same(answers: dict[str, Any]) -> None:
    for name, answer in answers.items():
        if name != "together":
            assert answer["of_our_dict"] == answer["of_theirs"], name


def test_the_dtypes_are_those_of_the_header_of_the_runtime() -> None:
    where = "import executorch; print(list(executorch.__path__)[0])"
    package = subprocess.run([PYTHON, "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    header = Path(package, "include/executorch/runtime/core/portable_type/scalar_type.h").read_text()
    macro = header[header.index("#define ET_FORALL_SCALAR_TYPES(_)") :].partition("\n\n")[0]
    assert tuple(re.findall(r",\s*\\?\s*(\w+)\)", macro)) == DTYPES
