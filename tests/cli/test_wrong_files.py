"""What is said of files that a runtime's target does not read, though somebody may well pass them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.opselect.archive_files import zip_bytes
from tests.opselect.onnx_models import write_models

PYTORCH = "Export the model from PyTorch: torch.onnx.export writes .onnx, ExecuTorch writes .pte."
SAFETENSORS = b"\x02\0\0\0\0\0\0\0{}"
CONFIGURATION = b"ai.onnx;11;Add\n"
FILES = {
    "m.ort": b"\x20\0\0\0ORTM" + bytes(24),
    "m.pth": zip_bytes({"m/data.pkl": b"\x80\x02.", "m/version": b"3\n"}),
    "old.pt": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
    "m.safetensors": SAFETENSORS,
    "m.onnx.data": b"\x07" * 32,
    "config.onnx": CONFIGURATION,
    "m.json.zip": zip_bytes({"data.pkl": b"", "a/b/data.pkl": b""}),
    "m.pte": b"\x10\0\0\0ET12" + bytes(24),
    "pointer.onnx": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n",
    "ends.onnx": b"\x07" * 32,
}
SAID = [
    ("m.ort", "onnxruntime", "own format (.ort) Pass the .onnx model that it was converted from."),
    ("m.ort", "executorch", "own format (.ort) Pass the .onnx model that it was converted from."),
    ("m.pth", "onnxruntime", f"holds no .onnx model, it looks like a file of PyTorch {PYTORCH}"),
    ("m.pth", "executorch", f"holds no .pte program, it looks like a file of PyTorch {PYTORCH}"),
    ("m.json.zip", "onnxruntime", "holds no .onnx model Pass an .onnx model"),
    ("m.json.zip", "executorch", "holds no .pte program Pass a program"),
    ("old.pt", "onnxruntime", f"is no ONNX model, it looks like a file of PyTorch {PYTORCH}"),
    ("m.safetensors", "onnxruntime", "safetensors file It holds weights and no graph"),
    ("m.safetensors", "executorch", "safetensors file It holds weights and no graph"),
    ("m.onnx.data", "onnxruntime", "Pass the .onnx model: files with its weights are not read."),
    ("ends.onnx", "onnxruntime", "The file is damaged"),
    ("config.onnx", "onnxruntime", "a configuration of ONNX Runtime Give it a name that ends in .config or .txt"),
    ("config.onnx", "executorch", "a configuration of ONNX Runtime Give it a name that ends in .config or .txt"),
    ("m.pte", "onnxruntime", "it looks like an ExecuTorch program What a build of ExecuTorch needs of it"),
    ("pointer.onnx", "onnxruntime", "a Git LFS pointer The file itself is not here yet"),
    ("cnn.onnx", "executorch", "it looks like an ONNX model What a build of ONNX Runtime needs of it"),
    ("cnn.config", "onnxruntime", "is no configuration, it looks like an ONNX model What is called .config or .txt"),
    (".", "executorch", "is a folder Name the programs and lists in it"),
]


@pytest.mark.parametrize(("name", "target", "said"), SAID)
def test_a_file_of_another_kind_is_named_with_what_to_do(
    cli: Cli, tmp_path: Path, name: str, target: str, said: str
) -> None:
    write_models(tmp_path, "cnn")
    (tmp_path / "cnn.config").write_bytes((tmp_path / "cnn.onnx").read_bytes())
    if name in FILES:
        (tmp_path / name).write_bytes(FILES[name])
    outcome = cli(*shlex.split(f"generate {name} --target {target} --out out"))
    assert outcome.code == 2
    assert outcome.err.count("error: ") == 1
    assert said in " ".join(outcome.err.split())
    assert not (tmp_path / "out").exists()
