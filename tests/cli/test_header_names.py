"""Names of nodes, models and ops with which something might go wrong: escaped in comments, refused in code alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from opselect.build_lists.header.reader import read_header
from opselect.cli.main import run
from opselect.cli.shared.exit_codes import DONE, NO, UNUSABLE

NAMES = {
    "quote": 'a"b',
    "backslash": "a\\",
    "newline": "a\nb",
    "trigraph": "a??=",
    "NUL": "a\0b",
    "other letters": "ö语",
    "other direction": "x\u202ey",
    "end of a comment": "*/ x /*",
}
ESCAPED = {
    "quote": r'"a\"b"',
    "backslash": r'"a\\"',
    "newline": r'"a\012b"',
    "trigraph": r'"a?\?="',
    "NUL": r'"a\000b"',
    "other letters": r'"\303\266\350\257\255"',
    "other direction": r'"x\342\200\256y"',
    "end of a comment": '"*/ x /*"',
}
FLOAT = 'attr { key: "T" value { type: DT_FLOAT } }'


def proto_text(name: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in name.encode())


def graph(path: Path, *relus: str, op: str = "Relu") -> str:
    text = 'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } } '
    for relu in relus:
        text += f'node {{ name: "{proto_text(relu)}" op: "{proto_text(op)}" input: "x" {FLOAT} }} '
    path.write_text(text)
    return str(path)


def generate(out: Path, *arguments: str) -> int:
    options = [
        "--tensorflow",
        "2.14",
        "--profile",
        "desktop",
        "--target",
        "header",
        "--target",
        "manifest",
        "--quiet",
        "--json",
    ]
    return run(["generate", *arguments, *options, "--out", str(out)])


def comments(out: Path) -> list[str]:
    """The comments of the header, after a check that nothing else of it can come of a name."""
    text = (out / "ops_to_register.h").read_text()
    assert text.isascii()
    read_header(text)
    return [line.partition("//")[2] for line in text.splitlines() if "//" in line]


@pytest.mark.parametrize("kind", NAMES)
def test_names_of_nodes(kind: str, tmp_path: Path) -> None:
    model = graph(tmp_path / "m.pbtxt", NAMES[kind])
    # A release may refuse to load such a node: that is said elsewhere.
    assert generate(tmp_path / "out", model, "--allow-missing") == DONE
    assert f" Relu: {ESCAPED[kind]}" in comments(tmp_path / "out")
    kernels = json.loads((tmp_path / "out/manifest.json").read_text())["kernels"]
    (relu,) = [kernel for kernel in kernels if kernel["kernel_class"] == "ReluOp<CPUDevice, float>"]
    assert relu["reasons"][0]["nodes"] == [NAMES[kind]]


@pytest.mark.parametrize("kind", [kind for kind in NAMES if kind not in ("NUL", "end of a comment")])
def test_names_of_models(kind: str, tmp_path: Path) -> None:
    name = f"{NAMES[kind]}.pbtxt"
    assert generate(tmp_path / "out", graph(tmp_path / name, "y")) == DONE
    assert f' Models: {ESCAPED[kind][:-1]}.pbtxt"' in comments(tmp_path / "out")
    assert generate(tmp_path / "out", str(tmp_path / name), "--compat", "2.14") == DONE
    assert len(comments(tmp_path / "out")) == 2


@pytest.mark.parametrize("kind", NAMES)
def test_names_of_ops_that_no_release_has(kind: str, tmp_path: Path) -> None:
    model = graph(tmp_path / "m.pbtxt", "y", op=NAMES[kind])
    assert generate(tmp_path / "out", model) == NO
    assert generate(tmp_path / "out", model, "--allow-missing") == DONE
    assert any(line.startswith(f" {ESCAPED[kind]}: ") for line in comments(tmp_path / "out"))
    (missing,) = json.loads((tmp_path / "out/manifest.json").read_text())["unresolved"]
    assert missing["op"] == NAMES[kind]


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("what", ["op", "class"])
def test_names_in_code_are_escaped_in_our_form_and_refused_where_they_cannot_stand(
    kind: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = [NAMES[kind], "NoOp"] if what == "op" else ["NoOp", NAMES[kind]]
    pairs = tmp_path / "ops.json"
    pairs.write_text(json.dumps([pair]))
    default = ("--default-ops", ":".join(pair), graph(tmp_path / "m.pbtxt", "y"))
    assert generate(tmp_path / "out", *default) == (UNUSABLE if kind == "NUL" else DONE)
    if kind == "NUL":
        assert "NUL" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()
    else:
        header = read_header((tmp_path / "out/ops_to_register.h").read_text())
        assert NAMES[kind] in ((header.ops if what == "op" else header.classes) or ())
    spoken = kind in ("other letters", "end of a comment")
    for arguments in (default, ("--ops-list", str(pairs))):
        out = tmp_path / "compat"
        code = generate(out, *arguments, "--compat", "2.14", "--allow-missing")
        assert code == (DONE if spoken else UNUSABLE)
        assert ("C++ reads something else" in capsys.readouterr().err) != spoken
        assert out.exists() == spoken
        shutil.rmtree(out, ignore_errors=True)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
def test_a_header_with_all_of_them_compiles(tmp_path: Path) -> None:
    model = graph(tmp_path / 'a"??=\\.pbtxt', *NAMES.values())
    code = [name for kind, name in NAMES.items() if kind != "NUL"]
    default = ",".join(f"{name}:{name}" for name in code)
    assert generate(tmp_path / "out", model, "--allow-missing", "--default-ops", default) == DONE
    (tmp_path / "main.cc").write_text(
        '#include "out/ops_to_register.h"\n'
        'static_assert(SHOULD_REGISTER_OP("a\\"b") && SHOULD_REGISTER_OP_KERNEL("a?\\?="), "");\n'
        'static_assert(SHOULD_REGISTER_OP("Relu") && !SHOULD_REGISTER_OP("a"), "");\n'
    )
    for standard in ("c++11", "c++17"):
        command = [
            "g++",
            "-fsyntax-only",
            f"-std={standard}",
            "-trigraphs",
            "-Wall",
            "-Werror",
            "-Wno-unused",
            "main.cc",
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
