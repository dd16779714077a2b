"""What reaches a screen, a pipe or a file, byte by byte: no name in a model, tree or command line acts there."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from google.protobuf import text_format

from kernel_index.shown import visible
from opselect.models.proto.schema import message_class
from tests.cli.conftest import Cli
from tests.opselect.graph_text import graph_bytes

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
