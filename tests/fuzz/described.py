"""Changed descriptions of builds: headers, ops lists, manifests, path lists, registration files, configurations."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.fuzz.changes import changed_bytes, changed_text
from tests.fuzz.judge import Command

FIXTURES = Path(__file__).parents[2] / "fixtures"
FINDINGS = FIXTURES / "findings"
RELU, FLEX = FINDINGS / "relu.pbtxt", FIXTURES / "models" / "flex_ops.tflite"
_MANIFEST = {
    "tensorflow": "2.14.1",
    "profile": "android",
    "files": [{"path": f"tensorflow/core/kernels/{name}.cc", "role": "kernel"} for name in ("relu_op", "no_op")],
}
_CONFIG = """# a build
models: [relu.pbtxt, {path: '*.pbtxt', outputs: y}]
tensorflow: 2.14
profile: android-slim
budgets: {kernels: 9}
targets:
  - {kind: header, compat: 2.14, default_ops: 'NoOp:NoOp'}
  - {kind: manifest, format: json, out: build, allow_missing: true}
  - list
"""
_TOKENS: Mapping[str, tuple[str, ...]] = {
    "h": (
        *('"', "\\", "\n", ",", "(", ")", "{", "}", "||", "isequal(op, ", "strcmp(op, ", "#define ", "#endif", "//"),
        *("/*", "*/", "??/", "\\\n", "constexpr ", "Error reading graph!", "const char", "true", "false", ";"),
    ),
    "cc": ("AddBuiltin(", "AddCustom(", "::", ",", ")", "(", '"', "1", "99999999999999999999", "//", "/*", "\\", "\n"),
    "json": ("{", "}", "[", "]", ",", ":", '"', "null", "true", "-1", "1e999", "9" * 5_000, "[" * 2_000, '"files"'),
    "txt": ("\n", "#", "\\", "tensorflow/core/kernels/relu_op.cc", "../", "/", ".cc", "*", " ", "\r"),
    "yaml": (
        *("\n", "  ", "- ", ": ", "{", "}", "[", "]", "&a ", "*a", "<<: ", "!!python/object:os.system ", "|", ">", "'"),
        *('"', "#", "---\n", "%YAML 9\n", "targets:", "kind: ", "compat: ", "default_ops: ", "~", "1e999", "0x10"),
    ),
}


@cache
def _sound(kind: str) -> tuple[bytes, ...]:
    """Descriptions of each kind that can be read."""
    if kind == "h":
        places = [*(FIXTURES / "headers" / "forms").glob("*.h"), *FINDINGS.glob("*.h")]
        return tuple(path.read_bytes() for path in sorted(places))
    if kind == "json":
        return ((FINDINGS / "ops_list.json").read_bytes(), json.dumps(_MANIFEST).encode())
    if kind == "txt":
        return tuple(path.read_bytes() for path in sorted(FINDINGS.glob("without_*.txt")))
    return ((FINDINGS / "registration.cc").read_bytes() if kind == "cc" else _CONFIG.encode(),)


def described(choose: random.Random, folder: Path) -> Command:
    """A description of a build in which something is changed, and who reads it."""
    kind = choose.choice(("h", "h", "cc", "json", "txt", "yaml", "yaml"))
    data = choose.choice(_sound(kind))
    changed = changed_text(data, choose, _TOKENS[kind]) if choose.random() < 0.8 else changed_bytes(data, choose)
    name = "c/opselect.yaml" if kind == "yaml" else f"d.{kind}"
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(changed)
    terminal = choose.random() < 0.4
    if kind == "yaml":
        (folder / "c" / "relu.pbtxt").write_bytes(RELU.read_bytes())
        asked = ("generate", "--config") if choose.random() < 0.5 else ("merge", name)
        return Command((*asked, name), terminal=terminal, edits="c")
    if kind == "h" and choose.random() < 0.4:
        return Command(("header", "show", name, "--tensorflow", "2.14"), terminal=terminal)
    model = FLEX if kind == "cc" or choose.random() < 0.2 else RELU
    words = ("verify", str(model), "--against", name, "--tensorflow", choose.choice(("2.14", "1.13")))
    more = choose.choice(((), ("--json",), ("--summary",)))
    return Command((*words, *more), terminal=terminal, as_json="--json" in more)
