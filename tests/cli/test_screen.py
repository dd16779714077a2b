"""What reaches a screen, a pipe or a file, byte by byte: no name in a model, tree or command line acts there."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import yaml
from google.protobuf import text_format

from kernel_index.shown import visible
from opselect.cli.shared.console import print_table
from opselect.models.proto.schema import message_class
from tests.cli.conftest import Cli
from tests.opselect.graph_text import graph_bytes
from tests.started import heed_signals, plain_environment

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "fixtures" / "models" / "tiny_mobilenet.pb"

HOSTILE = (
    "\x1b[31m", "\x1b]0;TITLE\x07", "\x1b]52;c;UFdO\x1b\\", "\x08", "\x7f", "\x9b31m", "\x85", "\r", "\x1c", "\u202e",
    "\u2066", "\u200f", "\u061c", "\u2028", "\u2029",
)  # fmt: skip
NAME = "x".join(("n", *HOSTILE, "n"))

ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")
OURS = re.compile(r"\x1b\[(?:\d+(?:;\d+)*)?m|\x1b\[\?25[lh]|\x1b\[\d*[AK]|\r")
"""What rich draws with on a terminal: colours, the cursor, and the terminal's own ends of lines."""


def acting(data: bytes, *, terminal: bool) -> list[str]:
    """The characters of an output that act, but those of our own drawing."""
    text = data.decode("utf-8", "surrogateescape")
    return ACTS.findall(OURS.sub("", text) if terminal else text)


def on_a_terminal(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Exit code, and what the terminal gets."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "opselect", *arguments]
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"TERM": "xterm", "COLUMNS": "100", "PYTHONPATH": str(ROOT), **(env or {})}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, env=environment)
    os.close(theirs)
    printed = b""
    with contextlib.suppress(OSError):  # Linux says so when the last writer is gone
        while data := os.read(ours, 65536):
            printed += data
    os.close(ours)
    return process.wait(120), printed


ESCAPED = "".join(f"\\{byte:03o}" for byte in NAME.encode())
"""The name in the text form of protobuf."""

GRAPH = f"""
node {{ name: "x" op: "Placeholder" attr {{ key: "dtype" value {{ type: DT_FLOAT }} }} }}
node {{ name: "{ESCAPED}" op: "Op{ESCAPED}" input: "x" device: "/device:{ESCAPED}:0"
  attr {{ key: "{ESCAPED}" value {{ s: "{ESCAPED}" }} }} attr {{ key: "T" value {{ type: DT_FLOAT }} }} }}
node {{ name: "m{ESCAPED}" op: "Mul" input: "x" input: "x" attr {{ key: "T" value {{ type: DT_INT64 }} }} }}
node {{ name: "f{ESCAPED}" op: "F{ESCAPED}" input: "x" }}
library {{ function {{ signature {{ name: "F{ESCAPED}"
    input_arg {{ name: "a" type: DT_FLOAT }} output_arg {{ name: "b" type: DT_FLOAT }} }}
  node_def {{ name: "{ESCAPED}" op: "Inner{ESCAPED}" input: "a" }} ret {{ key: "b" value: "a" }} }} }}
"""

SAVED_MODEL = f"""
saved_model_schema_version: 1
meta_graphs {{ meta_info_def {{ tags: "{ESCAPED}" tags: "serve" }} graph_def {{ {GRAPH} }}
  signature_def {{ key: "{ESCAPED}" value {{ method_name: "{ESCAPED}"
    inputs {{ key: "{ESCAPED}" value {{ name: "{ESCAPED}:0" dtype: DT_FLOAT }} }}
    outputs {{ key: "o{ESCAPED}" value {{ name: "m{ESCAPED}:0" dtype: DT_FLOAT }} }} }} }} }}
meta_graphs {{ meta_info_def {{ tags: "train" }} graph_def {{ {GRAPH} }} }}
"""

SOURCE = """
#include "tensorflow/core/framework/types.h"
#include "no/such/NAME.h"
#if NAME(1)
#endif
REGISTER_KERNEL_BUILDER(Name("OpNAME").Device(DEVICE_CPU).Label("NAME"), NAMEOp);
REGISTER_KERNEL_BUILDER(Name(UNKNOWN "NAME").Device(DEVICE_CPU), Odd);
REGISTER_OP("OpNAME").Input("NAME: float").Output("y: float").Attr("NAME: int = NAME");
"""


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory, small_tree: Path) -> Path:
    """A folder of inputs in which every name is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "graph.pb").write_bytes(graph_bytes(GRAPH))
    saved = folder / f"saved{NAME.replace('/', '')[:60]}"
    saved.mkdir()
    message = text_format.Merge(SAVED_MODEL, message_class("SavedModel")())
    (saved / "saved_model.pb").write_bytes(message.SerializeToString())
    with zipfile.ZipFile(folder / "app.zip", "w") as archive:
        archive.writestr(f"a/{NAME}.pb", (folder / "graph.pb").read_bytes())
        archive.writestr(f"a/b{NAME}.pb", (folder / "graph.pb").read_bytes())
        archive.writestr(f"{NAME}.txt", b"text")
    tree = shutil.copytree(small_tree, folder / "tree")
    kernels = tree / "tensorflow/core/kernels"
    (kernels / "odd\x1b[31m\u202e_op.cc").write_text(SOURCE.replace("NAME", NAME.replace("\r", "").replace("\x08", "")))
    (folder / "kept.json").write_text(json.dumps({"ops": [{"op": NAME, "nodes": [NAME], "models": [NAME]}]}))
    (folder / "bad.json").write_text(json.dumps({"ops": [{"op": NAME, "attrs": {NAME: NAME}}]}))
    (folder / "kernels.BUILD.j2").write_text("{{ nothing }}")
    (folder / f"{NAME[:40]}.pb").write_bytes(b"no model")
    return folder


SAVED = "SAVED"
COMMANDS = [
    ("inspect", "graph.pb"),
    ("inspect", "graph.pb", "--print-structure"),
    ("inspect", "graph.pb", "--format", "summarize_graph", "--print-structure"),
    ("inspect", "graph.pb", "--json"),
    ("inspect", SAVED),
    ("inspect", SAVED, "--tags", NAME),
    ("inspect", "app.zip"),
    ("inspect", "app.zip!" + NAME),
    ("inspect", f"{NAME[:40]}.pb"),
    ("inspect", NAME),
    ("inspect", "--" + NAME),
    (NAME,),
    ("explain", NAME),
    ("requirements", "graph.pb", "--tensorflow", "2.14"),
    ("requirements", "graph.pb", "--tensorflow", "2.14", "--json"),
    ("requirements", "graph.pb", SAVED, "nothing" + NAME, "--tensorflow", "2.14"),
    ("requirements", "app.zip", "--tensorflow", NAME),
    ("generate", "graph.pb", "--tensorflow", "2.14", "--out", "out"),
    ("generate", "graph.pb", "--tensorflow", "1.13", "--allow-missing", "--out", "out" + NAME),
    ("generate", "--requirements", "kept.json", "--tensorflow", "2.14", "--out", "out"),
    ("generate", "--requirements", "bad.json", "--tensorflow", "2.14", "--out", "out"),
    ("generate", MODEL.as_posix(), "--tensorflow", "2.14", "--template-dir", NAME, "--out", "out"),
    ("locate", "Co" + NAME, "Conv2D", "--tensorflow", "2.14"),
    ("freeze", SAVED, "-o", "frozen.pb", "--tags", f"{NAME},serve"),
    ("freeze", "graph.pb", "-o", "frozen.pb", "--outputs", NAME),
    ("transform", "graph.pb", "t.pb", "--transforms", f"rename_op(old_op_name={NAME})"),
    ("transform", "graph.pb", "t.pb", "--transforms", "strip_unused_nodes", "--outputs", NAME),
    ("transform", "graph.pb", "t.pb", "--transforms", "merge_duplicate_nodes"),
    ("prepare", "graph.pb", "-o", "p.pb", "--outputs", "m" + NAME),
    ("prepare", "graph.pb", "-o", "p.pb", "--tensorflow", "2.14", "--type", NAME),
    ("index", "scan", "tree", "--jobs", "1", "-o", "tree.opselidx", "--no-cache"),
    ("index", "show", "tree.opselidx"),
    ("index", "show", "tree.opselidx", "Op" + NAME),
    ("index", "export", "tree.opselidx"),
    ("index", "deps", "tree.opselidx", NAME),
    ("index", "diff", "2.14", "tree.opselidx"),
    ("index", "op-matrix", "tree.opselidx"),
    ("index", "show", f"{NAME[:40]}.pb"),
    ("check", "graph.pb", "--tree", "tree"),
    ("apply", "graph.pb", "--tree", "tree"),
]


def words(command: tuple[str, ...], folder: Path) -> list[str]:
    (saved,) = folder.glob("saved*")
    return [saved.name if word == SAVED else word for word in command]


@pytest.fixture
def folder(inputs: Path, tmp_path: Path, cli: Cli) -> Path:
    """The inputs, with an index of their tree, in the current folder."""
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    if not (inputs / "tree.opselidx").exists():
        cli("index", "scan", "tree", "--jobs", "1", "-o", inputs / "tree.opselidx", "--no-cache")
        shutil.copy(inputs / "tree.opselidx", tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: visible(" ".join(command))[:60])
def test_no_name_acts(cli: Cli, folder: Path, command: tuple[str, ...]) -> None:
    outcome = cli(*words(command, folder))
    assert outcome.code in (0, 1, 2), outcome.err
    assert ACTS.findall(outcome.out + outcome.err) == []
    assert outcome.out + outcome.err
    code, printed = on_a_terminal(*words(command, folder), cwd=folder)
    assert code == outcome.code, printed
    assert acting(printed, terminal=True) == []
    for file in folder.glob("out*/*"):
        assert ACTS.findall(file.read_text("utf-8")) == []


def test_an_error_says_the_whole_name(cli: Cli) -> None:
    assert visible(NAME) in cli("inspect", NAME).err
    assert visible(NAME) in cli("inspect", "a.pb", NAME).err


def test_generated_files_say_the_names_and_parse(cli: Cli, folder: Path) -> None:
    targets = ["--target", "bazel", "--target", "cmake", "--target", "manifest"]
    asked = ["generate", "graph.pb", "--tensorflow", "2.14", "--allow-missing", "--out", "out", *targets]
    assert cli(*asked).code == 0
    build = (folder / "out/kernels.BUILD").read_text("utf-8")
    ast.parse(build)
    assert visible(NAME) in build
    assert visible(NAME) in (folder / "out/tf_kernels.cmake").read_text("utf-8")
    assert cli(*asked, "--json").code == 0
    manifest = yaml.safe_load((folder / "out/manifest.yaml").read_text("utf-8"))
    in_json = json.loads((folder / "out/manifest.json").read_text("utf-8"))
    assert manifest["unresolved"] == in_json["unresolved"]
    assert "Op" + NAME in {row["op"] for row in manifest["unresolved"]}


def test_an_overlong_name_is_cut_and_widens_no_row(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "what"), [("n" * 65_000, "long"), ("m", "short")])
    header, long, short = capsys.readouterr().out.splitlines()
    assert len(long) < 400
    assert "65,000 characters" in long
    assert len(short) < 80
    assert header.split() == ["name", "what"]
    long_op = "O" * 65_000
    Path("graph.pb").write_bytes(graph_bytes(f'node {{ name: "x" op: "{long_op}" }}'))
    outcome = cli("generate", "graph.pb", "--tensorflow", "2.14", "--allow-missing", "--out", "out")
    assert max(map(len, (outcome.out + outcome.err).splitlines())) < 1_000
    assert max(map(len, Path("out/kernels.BUILD").read_text().splitlines())) < 1_000


def test_a_table_fits_the_terminal(folder: Path) -> None:
    (folder / "long.pb").write_bytes(graph_bytes(f'node {{ name: "x" op: "{"O" * 65_000}" }}'))
    _, printed = on_a_terminal("inspect", "long.pb", cwd=folder)
    tables, _, _ = OURS.sub("", printed.decode()).partition("Left out of mobile builds")
    table = [line for line in tables.splitlines() if "OOO" in line and ":" not in line]
    assert table
    assert max(map(len, table)) <= 100


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_escape_code_where_none_is_wanted(folder: Path, environment: dict[str, str]) -> None:
    _, printed = on_a_terminal("inspect", "graph.pb", cwd=folder, env=environment)
    assert not re.search(rb"\x1b\[[0-9;]*m", printed)
    _, printed = on_a_terminal("requirements", "graph.pb", "--tree", "tree", cwd=folder, env=environment)
    assert not re.search(rb"\x1b\[[0-9;]*m", printed)
    assert environment.get("TERM") != "dumb" or b"\x1b" not in printed


def test_what_is_printed_beside_a_progress_bar_does_not_act(tmp_path: Path) -> None:
    script = tmp_path / "bar.py"
    script.write_text(
        "from opselect.cli.shared.console import progress_bar, warn\n"
        "from opselect.cli.shared.screen import screens\n"
        f"name = {NAME!r}\n"
        "with screens(), progress_bar(name, quiet=False) as bar:\n"
        "    bar(1, 2)\n"
        "    warn(name)\n"
    )
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, script], stdout=theirs, stderr=theirs, env=environment, check=True)
    os.close(theirs)
    printed = b""
    # A terminal gives what was written in pieces, and an error at their end.
    with contextlib.suppress(OSError):
        while part := os.read(ours, 1 << 20):
            printed += part
    os.close(ours)
    assert acting(printed, terminal=True) == []
    assert b"warning: " in printed


def run_in_shell(line: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = line.replace("opselect", f"{sys.executable} -m opselect")
    return subprocess.run(["bash", "-c", words], capture_output=True, cwd=folder, env=environment, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("opselect inspect graph.pb >/dev/full", 2, b"error: standard output cannot be written: No space left"),
        ("opselect inspect graph.pb --json >/dev/full", 2, b"No space left"),
        ("opselect index export tree.opselidx >/dev/full", 2, b"No space left"),
        ("opselect freeze nothing -o x 2>/dev/full", 2, b""),
        ("opselect nonsense 2>/dev/full", 2, b""),
        ("opselect generate graph.pb --tensorflow 2.14 --out o 2>/dev/full", 2, b""),
        ("opselect inspect graph.pb >&-", 0, b""),
        ("opselect freeze nothing -o x >&- 2>&- <&-", 2, b""),
        ("opselect index export tree.opselidx 2>&1 | true; exit ${PIPESTATUS[0]}", 141, b""),
        ("LANG=C LC_ALL=C PYTHONUTF8=0 opselect inspect nix-ü-\u4e2d.pb", 2, b"nix-"),
        ("PYTHONIOENCODING=ascii:strict opselect inspect nix-ü-\u4e2d.pb", 2, b"nix-\\xfc-\\u4e2d.pb"),
        ("PYTHONIOENCODING=ascii:strict opselect inspect graph.pb", 0, b""),
    ],
)
def test_streams_that_are_closed_full_or_narrow(folder: Path, line: str, code: int, said: bytes) -> None:
    done = run_in_shell(line, folder)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"internal error" not in done.stderr


def test_a_patch_is_exact_save_on_a_terminal(folder: Path) -> None:
    build = folder / "tree/tensorflow/core/kernels/BUILD"
    build.write_text(
        build.read_text().replace('srcs = ["cumsum_op.cc"],', f'srcs = ["cumsum_op.cc"],  # {chr(27)}[31m \u202e')
    )
    asked = ("apply", MODEL.as_posix(), "--tree", "tree", "--allow-missing")
    done = run_in_shell(f"opselect {' '.join(asked)}", folder)
    _, printed = on_a_terminal(*asked, cwd=folder)
    assert acting(printed, terminal=True) == []
    assert "\x1b[31m \u202e".encode() in done.stdout


def test_no_secret_in_usage_errors_tracebacks_and_defects(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://me:SECRET@127.0.0.1:1/x.pb?sig=SECRET"
    for arguments in (
        ("--debug", "inspect", url),
        ("inspect", "a.pb", url),
        ("explain", url),
        ("locate", "Mul", "--tensorflow", url),
        ("prepare", "a.pb", "-o", "b.pb", "--type", url),
    ):
        outcome = cli(*arguments)
        assert outcome.code == 2
        assert "127.0.0.1" in outcome.err
        assert "SECRET" not in outcome.out + outcome.err

    def broken(_: object) -> None:
        raise LookupError(f"{url}: odd")

    monkeypatch.setattr("opselect.cli.main.cli.invoke", broken)
    for arguments in (("explain", "--list"), ("--debug", "explain", "--list")):
        outcome = cli(*arguments)
        assert outcome.code == 3
        assert "SECRET" not in outcome.err
        assert "?sig=***: odd" in outcome.err


def test_too_little_memory_for_what_is_done_with_an_input_is_no_defect(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("opselect.cli.main.cli.invoke", fail)
    outcome = cli("explain", "--list")
    assert outcome.code == 2
    assert outcome.err.startswith("error: there is not enough memory for this")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("failure", [MemoryError, RecursionError])
def test_too_little_memory_for_an_input_names_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("opselect.models.formats.models.message_of", fail)
    monkeypatch.setattr("opselect.requirements.as_json.parse_requirements", fail)
    for arguments in (
        ("inspect", "graph.pb"),
        ("generate", "--requirements", "kept.json", "--tensorflow", "2.14", "--out", "o"),
    ):
        outcome = cli(*arguments)
        assert outcome.code == 2
        assert outcome.err.startswith(f"error: {'graph.pb' if 'graph.pb' in arguments else 'kept.json'}: ")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        ("transform", "graph.pb", "t.pb", "--transforms", "strip_unused_nodes(shape=“1,2”)"),
        ("transform", "graph.pb", "t.pb", "--transforms", 'strip_unused_nodes(shape="“1,2”")', "--outputs", "x"),
        ("prepare", "graph.pb", "-o", "p.pb", "--shape", "“1,2”"),
    ],
)
def test_a_typographic_quote_is_called_what_it_is(cli: Cli, arguments: tuple[str, ...]) -> None:
    outcome = cli(*arguments)
    assert outcome.code == (0 if "nothing comes of it" in outcome.err else 2)
    assert '“ is not "' in outcome.err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)  # fmt: skip
def test_signals_end_the_command_and_its_processes(folder: Path, number: signal.Signals, code: int) -> None:
    kernels = folder / "tree/tensorflow/core/kernels"
    slow = "".join(f"#if A{i}\n#endif\nint a{i};\n" for i in range(20_000))
    for position in range(20):
        (kernels / f"slow{position}_op.cc").write_text(slow + 'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU"), A);')
    command = [
        sys.executable,
        "-m",
        "opselect",
        "index",
        "scan",
        "tree",
        "-o",
        "s.opselidx",
        "--jobs",
        "2",
        "--no-cache",
    ]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=plain_environment(PYTHONPATH=str(ROOT)),
        start_new_session=True,
        preexec_fn=heed_signals,  # noqa: PLW1509 (no threads here)
    ) as process:
        time.sleep(2)
        assert process.poll() is None
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (code, b"")
    assert list(folder.glob("*.opselidx*")) == [folder / "tree.opselidx"]
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_an_interrupt_while_modules_are_imported_is_130(tmp_path: Path) -> None:
    click = tmp_path / "click"
    click.mkdir()
    (click / "__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass\n")
    environment = plain_environment(PYTHONPATH=f"{tmp_path}:{ROOT}")
    command = [sys.executable, "-m", "opselect", "--help"]
    done = subprocess.run(
        command,
        capture_output=True,
        env=environment,
        cwd=tmp_path,
        timeout=30,
        check=False,
        preexec_fn=heed_signals,
    )
    assert (done.returncode, done.stderr) == (130, b"")


BREAKING = "a\\nerror: made up\\nwarning: made up"
"""A name that pretends to be lines of ours, in the text form of protobuf."""

BROKEN_GRAPH = """
node {{ name: "x" op: "Placeholder" attr {{ key: "dtype" value {{ type: DT_FLOAT }} }} }}
node {{ name: "{name}" op: "Op{name}" input: "x" }}
node {{ name: "v{name}" op: "VariableV2" attr {{ key: "dtype" value {{ type: DT_FLOAT }} }} }}
node {{ name: "m{name}" op: "Relu" input: "x" attr {{ key: "T" value {{ type: DT_FLOAT }} }}
  attr {{ key: "k{name}" value {{ b: true }} }} }}
"""

TELLING = (
    ("inspect", "m.pb", "--print-structure"),
    ("inspect", "m.pb", "--tensorflow", "2.14"),
    ("requirements", "m.pb", "--tensorflow", "2.14"),
    ("generate", "m.pb", "--tensorflow", "2.14", "--out", "out", "--allow-missing"),
    ("prepare", "m.pb", "-o", "o.pb"),
)


@pytest.mark.parametrize("line", TELLING, ids=" ".join)
def test_line_feeds_in_names_make_no_lines(cli: Cli, line: tuple[str, ...]) -> None:
    Path("m.pb").write_bytes(graph_bytes(BROKEN_GRAPH.format(name=BREAKING)))
    outcome = cli(*line)
    for text in (outcome.out, outcome.err):
        assert not [each for each in text.splitlines() if each.startswith(("error: made up", "warning: made up"))]


@pytest.mark.parametrize("line", TELLING, ids=" ".join)
def test_overlong_names_make_no_overlong_lines(cli: Cli, line: tuple[str, ...]) -> None:
    Path("m.pb").write_bytes(graph_bytes(BROKEN_GRAPH.format(name="x" * 65_000)))
    outcome = cli(*line)
    assert max(map(len, (outcome.out + outcome.err).splitlines())) < 11_000
