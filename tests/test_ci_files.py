"""The hooks and the GitHub Action, which are files of the repository: what they start, on fixtures."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.started import plain_environment

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "fixtures"
RELU = str(FIXTURES / "findings" / "relu.pbtxt")
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
}
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())


def budget(folder: Path, most: str) -> str:
    """A file that allows the library of the fixtures so many bytes."""
    path = folder / f"budget-{most}.yaml"
    path.write_text(f"total: {most}\n")
    return str(path)


def hook(name: str, *arguments: str) -> int:
    """The exit code of a hook, given the user's arguments or else its own, and files."""
    words = [sys.executable, "-m", *shlex.split(HOOKS[name]["entry"]), *arguments]
    return subprocess.run(words, cwd=ROOT, capture_output=True, check=False, env=plain_environment()).returncode


def test_hooks_say_yes_and_no(tmp_path: Path) -> None:
    library = str(FIXTURES / "audit" / "libruntime.so")
    assert hook("opselect-check", "--tree", "fixtures/runtime_tree") == 1
    assert hook("opselect-verify", "--against", "2.14", RELU) == 0
    assert hook("opselect-verify", "--against", "2.14", str(tmp_path / "none.pb")) == 2
    assert hook("opselect-audit", "--budget", budget(tmp_path, "1MB"), library) == 0
    assert hook("opselect-audit", "--budget", budget(tmp_path, "1kB"), library) == 1


@pytest.mark.parametrize(
    ("name", "path", "wanted"),
    [
        ("opselect-check", "tensorflow/core/kernels/BUILD", True),
        ("opselect-check", "tensorflow/contrib/makefile/tf_op_files.txt", True),
        ("opselect-check", "README.md", False),
        ("opselect-verify", "models/a.tflite", True),
        ("opselect-verify", "models/saved_model.pb", False),
        ("opselect-audit", "lib/libruntime.so", True),
        ("opselect-audit", "lib/also", False),
    ],
)
def test_hooks_are_for_their_files(name: str, path: str, wanted: bool) -> None:
    found = re.search(HOOKS[name]["files"], path) is not None
    left_out = re.search(HOOKS[name].get("exclude", "^$"), path) is not None
    assert (found and not left_out) is wanted


def act(folder: Path, command: str) -> tuple[int, str, str, str]:
    """Exit code, log, summary and outputs of the Action's step that runs opselect, as a runner starts it."""
    programs = folder / "opselect" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "opselect").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m opselect "$@"\n')
    (programs / "opselect").chmod(0o755)
    environment = plain_environment(
        COMMAND=command,
        RUNNER_TEMP=str(folder),
        GITHUB_STEP_SUMMARY=str(folder / "summary"),
        GITHUB_OUTPUT=str(folder / "output"),
    )
    (step,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == "run"]
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(bash, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    summary = folder / "summary"
    return (
        done.returncode,
        done.stdout,
        summary.read_text() if summary.exists() else "",
        (folder / "output").read_text(),
    )


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("check --tree fixtures/runtime_tree", 1, "OPS402"),
        ("verify fixtures/findings/relu.pbtxt --against 2.14", 0, "ok: 1 model"),
        ("audit fixtures/audit/libruntime.so --budget 'small budget.yaml'", 1, "18,296"),
        ("check --tree fixtures/none", 2, "fixtures/none"),
    ],
)
def test_action_passes_on_what_opselect_says(tmp_path: Path, command: str, code: int, said: str) -> None:
    small = tmp_path / "small budget.yaml"
    small.write_text("total: 1kB\n")
    returned, log, summary, output = act(tmp_path, command.replace("small budget.yaml", str(small)))
    assert returned == code, log
    assert said in log
    assert said in summary
    assert output == f"exit-code={code}\n"
    assert ("::error" in log) is (code != 0)


def test_action_expands_nothing(tmp_path: Path) -> None:
    code, log, _, _ = act(
        tmp_path, f"explain '$(touch {tmp_path}/made)'; touch {tmp_path}/made `touch {tmp_path}/made`"
    )
    assert code == 2, log
    assert not (tmp_path / "made").exists()


def test_action_refuses_quotes_that_do_not_end(tmp_path: Path) -> None:
    code, log, _, output = act(tmp_path, "explain 'OPS103")
    assert (code, output) == (2, "exit-code=2\n")
    assert "quotes" in log


def test_action_puts_no_input_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
