"""The program ``run_graph`` of the fixture runtime, as built: what it computes, says and has registered."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel_index.records import KernelRegistration

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
RUNTIME_TREE = FIXTURES / "runtime_tree"
MODELS = {
    "tiny_mobilenet": FIXTURES / "models" / "tiny_mobilenet.pb",
    **{name: FIXTURES / "build_models" / f"{name}.pb" for name in ("running_total", "mobile_ops", "more_types")},
}
RECORDED: Mapping[str, Any] = json.loads((FIXTURES / "build_models" / "recorded.json").read_text())
TOLERANCE = 1e-5
"""How far an element may be from TensorFlow's, absolutely below 1, relatively above."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


def run_graph(program: Path, *arguments: str | Path) -> Outcome:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_model(program: Path, name: str) -> Outcome:
    """Runs a recorded model on what was fed when it was recorded."""
    arguments: list[str | Path] = [MODELS[name]]
    for feed, values in RECORDED[name]["feeds"].items():
        arguments += ["--input", f"{feed}={','.join(map(str, values))}"]
    for fetch in RECORDED[name]["outputs"]:
        arguments += ["--output", fetch]
    return run_graph(program, *arguments)


def differences(outcome: Outcome, name: str) -> list[str]:
    """Where the outputs of a run are not what TensorFlow computed; empty where all are."""
    if outcome.code != 0:
        return [outcome.err]
    lines = outcome.out.splitlines()
    found = []
    for (fetch, recorded), head, elements in zip(
        RECORDED[name]["outputs"].items(), lines[::2], lines[1::2], strict=True
    ):
        shape = "[" + ",".join(map(str, recorded["shape"])) + "]"
        dtype = recorded["dtype"].replace("float16", "half").replace("float32", "float").replace("float64", "double")
        if head != f"{fetch} DT_{dtype.upper()} {shape}":
            found.append(f"{head!r} is not {fetch} of {dtype}{shape}")
        elif not _close([float(e) for e in elements.split()], [float(e) for e in recorded["values"]]):
            found.append(f"{fetch}: {elements} is not {recorded['values']}")
    return found


def _close(values: Sequence[float], recorded: Sequence[float]) -> bool:
    return len(values) == len(recorded) and all(
        value == expected or abs(value - expected) <= TOLERANCE * max(1.0, abs(expected))
        for value, expected in zip(values, recorded, strict=True)
    )


Row = tuple[str, str, str, str, tuple[tuple[str, tuple[str, ...]], ...], str]
"""A kernel: op, device, label, priority, constraints as attr and sorted types, and its class as the compiler saw it."""


def registered(program: Path) -> list[Row]:
    """The kernels in a program, sorted."""
    rows = []
    for line in run_graph(program, "--kernels").out.splitlines():
        op, device, label, priority, constraints, kernel_class = line.split("\t")
        pairs = [text.partition("=") for text in constraints.split("; ") if text]
        allowed = tuple((attr, tuple(sorted(types.strip("[]").split(", ")))) for attr, _, types in sorted(pairs))
        rows.append((op, device, label, priority, allowed, kernel_class))
    return sorted(rows)


def as_rows(registrations: Iterable[KernelRegistration]) -> list[Row]:
    """Registrations of an index as rows, sorted."""
    return sorted(
        (
            r.op, r.device, r.label, str(r.priority),
            tuple(sorted((c.attr, tuple(sorted(map(str, c.allowed)))) for c in r.constraints)), r.kernel_class,
        )
        for r in registrations
    )  # fmt: skip
