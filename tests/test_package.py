"""What pip installs: a wheel with all its data that works from any folder, and a command line that starts fast."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import kernel_index
import opselect
from kernel_index import shipped

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"google.protobuf", "jinja2", "numpy", "rich", "yaml"}


def unmeasured() -> dict[str, str]:
    """The environment without what says that a program is to be measured: that would import modules of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_is_of_this_version(wheel: Path) -> None:
    assert wheel.name == f"opselect-{opselect.__version__}-py3-none-any.whl"


def test_wheel_has_every_module_and_data_file(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = [
        path
        for package in (kernel_index, opselect)
        for path in Path(str(package.__file__)).parent.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    assert {path.relative_to(ROOT).as_posix() for path in tracked} <= names
    templates = [path for path in (ROOT / "templates").rglob("*") if path.is_file()]
    assert templates
    pages = [path.name for path in (ROOT / "docs" / "findings").glob("*.md")]
    assert {f"opselect/_findings/{name}" for name in pages} <= names
    assert {f"opselect/_templates/{path.relative_to(ROOT / 'templates').as_posix()}" for path in templates} <= names
    assert not [name for name in names if name.startswith(("tests", "fixtures", "benchmarks"))]


def test_wheel_works_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(installed)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    model = ROOT / "fixtures" / "models" / "tiny_mobilenet.pb"
    command = ["generate", str(model), "--tensorflow", "2.14", "--out", "lists"]
    done = subprocess.run(
        [sys.executable, "-m", "opselect", *command],
        cwd=elsewhere,
        env={**unmeasured(), "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in elsewhere.iterdir()] == ["lists"]
    assert "conv_ops.cc" in "".join(path.read_text() for path in (elsewhere / "lists").iterdir())


def test_little_is_imported_before_an_interrupt_is_heeded() -> None:
    script = "import sys, opselect.__main__; print(*sorted(sys.modules))"
    environment = {**unmeasured(), "PYTHONPATH": str(ROOT)}
    # Without "site", which imports what other packages of the environment ask for.
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert not {"click", "contextlib", "re", "typing"} & set(done.stdout.split())


def modules_after(*arguments: str) -> set[str]:
    """The modules that a command line has imported when it is done."""
    script = (
        "import json, sys\n"
        "from opselect.cli.main import run\n"
        f"code = run({list(arguments)!r})\n"
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=unmeasured())
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


def test_help_and_version_import_nothing_heavy() -> None:
    for arguments in (["--version"], ["--help"], ["generate", "--help"]):
        assert not modules_after(*arguments) & HEAVY


def test_looking_things_up_imports_neither_model_readers_nor_drawing() -> None:
    assert not modules_after("locate", "Mul", "--tensorflow", shipped.releases()[0]) & HEAVY


def test_looking_into_a_graph_imports_only_what_it_needs() -> None:
    assert not modules_after("inspect", str(ROOT / "fixtures" / "models" / "tiny_mobilenet.pb")) & HEAVY


def test_the_main_job_imports_only_what_it_needs(tmp_path: Path) -> None:
    model = str(ROOT / "fixtures" / "models" / "tiny_mobilenet.pb")
    modules = modules_after("generate", model, "--tensorflow", "2.14", "--out", str(tmp_path), "--quiet")
    assert not modules & {"numpy", "rich", "kernel_index.scan", "kernel_index.preprocessor"}
    assert not modules & {"concurrent.futures", "distributed", "multiprocessing"}
