"""What every command has in common: exit codes, help, colours, pipes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest

import opselect
from kernel_index.records import ScanResult
from kernel_index.store import write_index
from opselect.cli.main import Settings, exit_code_of, run
from opselect.cli.main import cli as main_command
from tests.cli.conftest import Cli
from tests.opselect.onnx_models import MODELS, onnx_model
from tests.opselect.tflite_files import BUILTIN, Op, Subgraph, tflite_bytes

ROOT = Path(__file__).resolve().parents[2]
TRAINED = Path(__file__).parents[2] / "fixtures" / "freeze" / "models" / "train_resvar_cnn_preproc_midgraph_input"
SAVED_MODEL = Path(__file__).parents[2] / "fixtures" / "saved_models" / "sm2_multi_signatures"
MODEL = ROOT / "fixtures" / "models" / "tiny_mobilenet.pb"
FLEX_OPS = [
    ["AsString", "AsStringOp"],
    ["Erf", "UnaryOp<CPUDevice, functor::erf<float>>"],
    ["MatrixDeterminant", "(DeterminantOp<float>)"],
]
REGISTRATION = """
  r->AddBuiltin(BuiltinOperator_ADD, Register_ADD());
  r->AddBuiltin(BuiltinOperator_CONV_2D, Register_CONV_2D(), 1, 3);
  r->AddBuiltin(BuiltinOperator_DEQUANTIZE, Register_DEQUANTIZE(), 2);
  r->AddCustom("BlendEdges", Register_BLEND_EDGES(), 2);
"""


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group, groups included, with the words that call it."""
    found: list[tuple[tuple[str, ...], click.Command]] = [(path, group)]
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = (*path, name)
        found += commands(command, below) if isinstance(command, click.Group) else [(below, command)]
    return found


ALL = commands(main_command)


@pytest.mark.parametrize("path", [path for path, _ in ALL], ids=" ".join)
def test_every_help_has_examples_and_says_what_each_option_is(cli: Cli, path: tuple[str, ...]) -> None:
    outcome = cli(*path, "--help")
    assert outcome.code == 0
    assert "Examples:\n    opselect " in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 120
    command = dict(ALL)[path]
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []


def examples() -> list[str]:
    """Every command line that a help page shows."""
    lines = [line.strip() for _, command in ALL for line in (command.epilog or "").splitlines()]
    return sorted({line for line in lines if line.startswith("opselect ")})


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, small_tree: Path, scan: ScanResult) -> Path:
    """A folder with all that the examples of the help pages name."""
    root = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        # A model that releases of all examples take, without attrs that are younger than they.
        younger = (
            "remove_attribute(attribute_name=explicit_paddings) remove_attribute(attribute_name=exponential_avg_factor)"
        )
        assert _run("transform", MODEL, "mobilenet.pb", "--transforms", younger) == 0
        with zipfile.ZipFile("app.apk", "w") as archive:
            archive.write(MODEL, "assets/mobilenet.pb")
        shutil.copytree(SAVED_MODEL, "saved_model")
        shutil.copytree(TRAINED, ".", dirs_exist_ok=True)
        shutil.copytree(small_tree, "tensorflow")
        shutil.copytree(small_tree / "my_ops", "my_ops")
        build = Path("tensorflow/tensorflow/core/kernels/BUILD").read_text()
        edited = {"original": build, "written": hashlib.sha256(build.encode()).hexdigest()}
        Path("tensorflow/.opselect-undo.json").write_text(json.dumps({"tensorflow/core/kernels/BUILD": edited}))
        records = ROOT / "fixtures" / "build_records"
        Path("build").mkdir()
        shutil.copy(records / "compile_commands.json", "build")
        Path("tensorflow/.bazelrc").write_text((records / "phone.bazelrc").read_text())
        write_index(scan, Path("mine.opselidx"))
        for name in ("phone.json", "watch.json"):
            Path(name).write_text('{"ops": [{"op": "Relu", "attrs": {"T": "DT_FLOAT"}}]}')
        command = (
            "generate",
            MODEL,
            "--tensorflow",
            "2.14",
            *("--target", "header", "--target", "manifest"),
            "--out",
            ".",
        )
        assert _run(*command) == 0
        shutil.copy(ROOT / "fixtures" / "models" / "flex_ops.tflite", "flex.tflite")
        Path("micro_speech.tflite").write_bytes(tflite_bytes(Subgraph(operators=(Op(BUILTIN.CALL_ONCE),))))
        shutil.copy(ROOT / "fixtures" / "models" / "edited.tflite", "gelu.tflite")
        shutil.copy(ROOT / "fixtures" / "executorch" / "mobile.pte", "phone.pte")
        Path("squeezenet.onnx").write_bytes(onnx_model(MODELS["cnn"]).SerializeToString())
        shutil.copy(ROOT / "fixtures" / "onnx" / "phone.config", "required_operators.config")
        shutil.copy(ROOT / "fixtures" / "findings" / "relu.pbtxt", ".")
        for library in ("libruntime.so", "libwhole.so"):
            shutil.copy(ROOT / "fixtures" / "audit" / library, ".")
        Path("budget.yaml").write_text("total: 20 kB\nany_op: 1 kB\n")
        Path("flex_ops.json").write_text(json.dumps(FLEX_OPS))
        Path("registration.cc").write_text(REGISTRATION)
        for folder in ("models", "phone", "watch"):
            Path(folder).mkdir()
            shutil.copy("mobilenet.pb", folder)
            if folder != "models":
                Path(folder, "opselect.yaml").write_text("models: [mobilenet.pb]\ntensorflow: 2.14\ntargets: [list]\n")
    return root


def _run(*arguments: str | Path) -> int:
    return run([str(argument) for argument in arguments])


@pytest.mark.parametrize("line", examples())
def test_examples_of_the_help_run(cli: Cli, line: str, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(prepared, ".", dirs_exist_ok=True)
    for name in ("crash.log", "build.log"):
        shutil.copy(ROOT / "fixtures" / "logs" / "tensorflow_1.13.1" / "BREAK_lstm_dynamic_rnn.txt", name)
    line, _, stdin = line.partition(" < ")
    with Path(stdin or os.devnull).open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        outcome = cli(*shlex.split(line)[1:])
    # The small tree has no kernel for most ops of the model: there the answer is "no", and it names one of them.
    asks_tree = "--tree tensorflow" in line or "--against tensorflow" in line
    no = "mobilenet.pb" in line and asks_tree and "diagnose" not in line
    assert outcome.code == int(no), outcome.err
    assert not no or "Conv2D" in outcome.out + outcome.err


def test_version(cli: Cli) -> None:
    assert cli("--version").out == f"opselect, version {opselect.__version__}\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["locate"], ["locate", "Mul"], ["index", "scan", "."]])
def test_bad_usage_is_2(cli: Cli, arguments: list[str]) -> None:
    outcome = cli(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Error: " in outcome.err


def _defect() -> int:
    raise LookupError("a list that should not be empty is")


def _interrupted() -> int:
    raise KeyboardInterrupt


def test_a_defect_is_3_and_asks_for_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(_defect, Settings()) == 3
    printed = capsys.readouterr().err
    assert "internal error: LookupError: a list that should not be empty is" in printed
    assert "report" in printed
    assert "Traceback" not in printed


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(_defect, Settings(debug=True)) == 3
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_interrupt_is_130_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(_interrupted, Settings()) == 130
    assert capsys.readouterr().err == ""


def test_debug_keeps_the_exit_code_of_an_unreadable_input(cli: Cli, index_file: Path) -> None:
    Path("bad.pb").write_bytes(b"")
    outcome = cli("--debug", "requirements", "bad.pb", "--index", index_file)
    assert outcome.code == 2
    assert "Traceback (most recent call last)" in outcome.err
    assert "error: bad.pb" in outcome.err


def test_reader_that_goes_away_is_no_noise(index_file: Path) -> None:
    command = [sys.executable, "-m", "opselect", "index", "export", str(index_file)]
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, cwd=ROOT)
    finally:
        os.close(write)
    assert done.stderr == b""
    assert done.returncode == 128 + signal.SIGPIPE


COLOUR = re.compile(rb"\x1b\[[0-9;]*\b[349]\d[0-9;]*m")


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_colours_on_a_terminal_unless_no_color(index_file: Path, no_color: str | None, coloured: bool) -> None:
    import pty

    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")} | {"TERM": "xterm"}
    if no_color is not None:
        environment["NO_COLOR"] = no_color
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "opselect", "locate", "Mul", "--index", str(index_file)]
    subprocess.run(command, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT, check=True)
    printed = os.read(ours, 65536)
    os.close(theirs)
    os.close(ours)
    assert b"int32" in printed
    assert bool(COLOUR.search(printed)) == coloured
