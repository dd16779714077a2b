"""Checkpoints as we read them, beside what ``tf.train.load_checkpoint`` reads in them.

Run ``python -m tests.conformance.checkpoints ORACLE``. The folder has a ``MANIFEST.json`` whose cases name checkpoints
and what TensorFlow 2.14.1 makes of them: names, types, shapes, and the SHA-256 of each tensor's little-endian bytes.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from opselect.models.formats.checkpoint import Checkpoint, open_checkpoint
from opselect.models.formats.numpy_types import Array, numpy_type

TOOL = "tf.train.load_checkpoint"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, how many tensors were compared, and every difference."""

    case: str
    tensors: int
    differences: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'FAIL' if self.differences else 'pass'} {self.case}: {self.tensors} tensors"


def outcomes(oracle: Path) -> Iterator[Outcome]:
    """The cases of an oracle folder, compared one after the other."""
    for case in json.loads((oracle / "MANIFEST.json").read_text())["cases"]:
        if case["tool"] == TOOL:
            yield _compare(oracle, case)


def _compare(oracle: Path, case: Mapping[str, Any]) -> Outcome:
    paths = {Path(expected["path"]).suffix: oracle / expected["path"] for expected in case["expected"]}
    with gzip.open(paths[".gz"], "rt", encoding="utf-8") as file:
        expected: dict[str, dict[str, Any]] = json.load(file)
    checkpoint = open_checkpoint(oracle / case["args"][0])
    differences = [f"not listed: {name}" for name in sorted(expected.keys() - checkpoint.keys())]
    differences += [f"listed, but not by TensorFlow: {name}" for name in sorted(checkpoint.keys() - expected.keys())]
    arrays = _arrays(paths.get(".npz"))
    for name in sorted(expected.keys() & checkpoint.keys()):
        differences += _differences(checkpoint, name, expected[name], arrays)
    return Outcome(case["id"], len(expected), tuple(differences))


def _arrays(path: Path | None) -> Mapping[str, Array]:
    """The arrays that were kept of a case; numbers that NumPy has no type for as their raw bits."""
    if path is None:
        return {}
    with np.load(path) as kept:
        return dict(kept)


def _differences(
    checkpoint: Checkpoint, name: str, expected: Mapping[str, Any], arrays: Mapping[str, Array]
) -> Iterator[str]:
    """What is different of a tensor: type, shape, and every bit of the value."""
    variable = checkpoint.variables[name]
    if str(variable.data_type) != expected["dtype"]:
        yield f"{name}: type {variable.data_type}, not {expected['dtype']}"
    if list(variable.dims) != expected["shape"]:
        yield f"{name}: shape {list(variable.dims)}, not {expected['shape']}"
    if expected.get("unreadable"):
        return
    value = checkpoint[name]
    if value.shape != variable.dims:
        yield f"{name}: the array has the shape {list(value.shape)}"
    if not value.dtype == checkpoint.dtypes[name] == numpy_type(variable.data_type):
        yield f"{name}: the array has type {value.dtype}"
    if "strings_b64" in expected:
        if [base64.b64encode(string).decode() for string in value.ravel()] != expected["strings_b64"]:
            yield f"{name}: other strings"
        return
    data = value.tobytes()
    if hashlib.sha256(data).hexdigest() != expected["sha256_le_bytes"]:
        yield f"{name}: other bytes"
    array = arrays.get(expected.get("npz_key", ""))
    if array is not None and array.tobytes() != data:
        yield f"{name}: other bytes than the array that was kept"
    stored = checkpoint.stored(name)
    if stored is not None and stored.read() != data:
        yield f"{name}: other bytes where they are said to be stored"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("oracle", type=Path)
    results = list(outcomes(parser.parse_args().oracle))
    for outcome in results:
        print(outcome)
        for difference in outcome.differences:
            print(f"  {difference}")
    passed = sum(not outcome.differences for outcome in results)
    print(f"{passed} of {len(results)} checkpoints equal, {sum(outcome.tensors for outcome in results)} tensors")
    return 0 if results and passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
