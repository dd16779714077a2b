"""What a shell is told while somebody types, and the scripts that ask for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_index import shipped
from opselect.cli.completion import values
from opselect.cli.completion.shells import SHELLS, script_of
from opselect.cli.main import cli as commands
from opselect.cli.main import complete
from tests.cli.conftest import Cli

ROOT = Path(__file__).resolve().parents[2]

NEWEST = shipped.minor_of(shipped.releases()[-1])


class Asked:
    """Asks as a script does: the words of a line, the last of which is being typed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words: str, shell: str = "bash") -> list[str]:
        self._monkeypatch.setenv("COMP_WORDS", "\n".join(("opselect", *words)))
        self._monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words)))
        assert complete(f"{shell}_complete") == 0
        printed = self._capsys.readouterr()
        assert printed.err == ""
        return printed.out.splitlines()

    def values(self, *words: str) -> list[str]:
        return [line.partition(",")[2] for line in self(*words) if line]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Asked:
    monkeypatch.chdir(tmp_path)
    return Asked(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("gen", ["generate"]),
        ("index ex", ["export"]),
        ("generate --tens", ["--tensorflow"]),
        ("generate --target exec", ["executorch", "executorch-ops-dict", "executorch-header"]),
        ("generate --target = onnx", ["onnxruntime"]),
        ("generate --mode t", ["trim"]),
        ("generate x --profile android-", ["android-slim", "android-full"]),
        ("locate --tensorflow 1.13", ["1.13"]),
        ("locate --tensorflow 1.13.", ["1.13.2"]),
        ("verify x --runtime litert-1.0", ["litert-1.0.1"]),
        ("explain ops103", ["OPS103"]),
        ("locate MatMul Cumsu", ["Cumsum"]),
        ("locate --tensorflow 1.13 BatchMatMu", ["BatchMatMul"]),
        ("index show 1.13 --op Cumsu", ["Cumsum"]),
        ("index show 1.13", ["1.13"]),
        ("transform a b --transforms fold_c", ["fold_constants"]),
        ("audit x --abi arm64-", ["arm64-v8a"]),
        ("check --ignore no-k", ["no-kernel"]),
        ("generate x --have re", ["re2"]),
        ("completion z", ["zsh"]),
        ("nonsense --x", []),
    ],
)
def test_words_that_fit(asked: Asked, line: str, some: list[str]) -> None:
    found = asked.values(*line.split())
    assert found == some


def test_words_after_a_blank(asked: Asked) -> None:
    assert asked.values("generate", "--tensorflow", "")[0] == NEWEST
    assert {"generate", "doctor", "completion"} <= set(asked.values(""))
    assert asked.values("transform", "a", "b", "--transforms", "'remove_device fold_con")[0].endswith("fold_constants")


def test_files_by_suffix_and_folders(asked: Asked) -> None:
    for name in ("a.pb", "a.tflite", "a.txt", ".hidden.pb", "b c.pb"):
        Path(name).touch()
    Path("sub").mkdir()
    Path("sub/inner.pb").touch()
    assert asked("generate", "") == ["path,a.pb", "path,a.tflite", "path,b c.pb", "path,sub/"]
    assert asked("generate", "sub/") == ["path,sub/inner.pb"]
    assert asked("generate", ".h") == ["path,.hidden.pb"]
    # Where nothing of the kind is there, any file will have to do.
    assert asked("generate", "a.tx") == ["file,a.tx"]
    assert asked("check", "--tree", "s") == ["dir,s"]
    assert asked("generate", "gone/") == []


def test_nodes_of_a_small_graph(asked: Asked) -> None:
    shutil.copy(ROOT / "fixtures/models/tiny_mobilenet.pb", "m.pb")
    found = asked.values("generate", "m.pb", "--outputs", "MobilenetV2/Pred")
    assert "MobilenetV2/Predictions" in " ".join(found)
    assert asked.values("generate", "m.pb", "--outputs", f"a,{found[0][:-1]}")[0] == f"a,{found[0]}"
    assert asked.values("generate", "gone.pb", "--outputs", "M") == []


def test_large_graph_is_not_read_while_somebody_types(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "fixtures/models/tiny_mobilenet.pb", "m.pb")
    monkeypatch.setattr(values, "_MAX_NODES_SIZE", Path("m.pb").stat().st_size - 1)
    assert asked.values("generate", "m.pb", "--outputs", "MobilenetV2/Pred") == []


def test_commands_are_as_they_were_after_a_line_was_completed(asked: Asked, cli: Cli) -> None:
    assert asked.values("locate", "--index", "x", "Mul", "--tensorflow", "1.13") == ["1.13"]
    assert "File 'absent' does not exist" in cli("locate", "Mul", "--index", "absent").err


def test_damaged_index_says_nothing(asked: Asked) -> None:
    Path("bad.opselidx").write_bytes(b"nonsense")
    assert asked("locate", "--index", "bad.opselidx", "Mul") == []


def test_zsh_and_fish_get_help_and_whole_words(asked: Asked) -> None:
    assert asked("gen", shell="zsh") == ["plain", "generate", "Write the build lists for models."]
    assert asked("generate", "--target=onn", shell="zsh")[:2] == ["plain", "--target=onnxruntime"]
    assert asked("gen", shell="fish") == ["plain,generate\tWrite the build lists for models."]
    assert asked("gen", shell="csh") == [""]


@pytest.mark.parametrize("shell", SHELLS)
def test_script_is_one_that_the_shell_reads(shell: str, cli: Cli) -> None:
    outcome = cli("completion", shell)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == script_of(shell, commands)
    assert f"_OPSELECT_COMPLETE={shell}_complete" in outcome.out
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell}")
    done = subprocess.run([program, "-n"], input=outcome.out, text=True, capture_output=True, check=True)
    assert done.stderr == ""


def test_unknown_shell_is_told_what_was_meant(cli: Cli) -> None:
    outcome = cli("completion", "fsh")
    assert outcome.code == 2
    assert "there is no 'fsh'; did you mean fish?" in outcome.err


def test_help_says_where_to_put_the_script(cli: Cli) -> None:
    text = cli("completion", "--help").out
    for place in ('eval "$(opselect completion bash)"', "~/.zshrc", "~/.config/fish/completions/opselect.fish"):
        assert place in text


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_with_the_script(tmp_path: Path) -> None:
    program = tmp_path / "opselect"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m opselect "$@"\n')
    program.chmod(0o755)
    lines = [
        f'PATH="{tmp_path}:$PATH"',
        'eval "$(opselect completion bash)"',
        "complete -p opselect",
        "COMP_WORDS=(opselect generate --target = onn) COMP_CWORD=4",
        "_opselect_completion opselect",
        'printf "<%s>\\n" "${COMPREPLY[@]}"',
    ]
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(lines)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "-F _opselect_completion opselect" in done.stdout
    assert done.stdout.splitlines()[-1] == "<onnxruntime>"
