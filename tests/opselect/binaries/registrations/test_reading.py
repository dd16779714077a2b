"""What small binaries of the fixtures register is what their program prints, on every processor, stripped or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kernel_index.records_json import allowed_json
from opselect.binaries.opening import open_images
from opselect.binaries.records import KnownFrom
from opselect.binaries.registrations.reading import read_registrations

FILES = Path(__file__).parents[4] / "fixtures" / "binaries" / "elf"
PRINTED = [json.loads(line) for line in (FILES / "printed.jsonl").read_text().splitlines()]
NAMES = sorted(path.name for path in FILES.iterdir() if path.suffix in {".so", ".o", ".a"})


@pytest.mark.parametrize("name", [name for name in NAMES if name != "powerpc64.so"])
def test_kernels_and_ops_are_those_that_the_program_prints(name: str) -> None:
    (binary,) = open_images(str(FILES / name))
    found = read_registrations(binary.image())
    kernels = [
        {
            "op": kernel.op,
            "device": kernel.device,
            "label": kernel.label,
            "priority": kernel.priority,
            "constraints": {each.attr: allowed_json(each.allowed) for each in kernel.constraints},
            "host_memory_args": list(kernel.host_memory_args),
            "kernel_class": kernel.kernel_class,
        }
        for kernel in found.kernels
    ]
    assert kernels == [kernel for kernel in PRINTED if kernel["op"] != "xxx"]
    assert [one.op for one in found.definitions] == (FILES / "printed_ops.txt").read_text().split()
    assert [(one.kernel_class, one.reason) for one in found.undecoded] == [("SmallOp<double>", "its op")]
    stripped = any(word in name for word in ("stripped", "packed", "long_calls"))
    assert {kernel.known_from for kernel in found.kernels} == {KnownFrom.CODE if stripped else KnownFrom.SYMBOLS}
    assert {kernel.file for kernel in found.kernels} == {"" if stripped else "small.cc"}


def test_code_of_other_processors_is_not_followed_and_that_is_said() -> None:
    (binary,) = open_images(str(FILES / "powerpc64.so"))
    found = read_registrations(binary.image())
    assert not found.kernels
    assert "big-endian" in found.not_followed
