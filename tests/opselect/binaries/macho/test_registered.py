"""What the Mach-O files of the fixtures register is what their program prints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opselect.binaries.opening import read_image
from opselect.binaries.records import KnownFrom
from opselect.binaries.registrations.reading import read_registrations

FILES = Path("fixtures/binaries/macho")
LINES = (FILES / "printed.txt").read_text().splitlines()
NAMES = [
    f"registers.{machine}{kind}"
    for machine in ("arm64", "x86_64")
    for kind in ("", ".stripped", ".dylib", ".stripped.dylib", ".a")
]


@pytest.mark.parametrize("name", NAMES)
def test_kernels_and_ops_are_those_that_the_program_prints(name: str) -> None:
    found = read_registrations(read_image(name, np.fromfile(FILES / name, np.uint8)))
    kernels = [
        " ".join(
            [
                f"kernel {kernel.kernel_class} op={kernel.op} device={kernel.device} label={kernel.label}",
                f"priority={kernel.priority}",
                *(f"{each.attr}={int(each.allowed[0])}" for each in kernel.constraints),
                *(f"host={arg}" for arg in kernel.host_memory_args),
            ]
        )
        for kernel in found.kernels
    ]
    ops = [" | ".join([f"op {op.op}", *op.inputs, *op.outputs, *op.attrs]) for op in found.definitions]
    assert kernels + ops == LINES
    assert found.undecoded == ()
    stripped = "stripped" in name
    assert {kernel.known_from for kernel in found.kernels} == {KnownFrom.CODE if stripped else KnownFrom.SYMBOLS}
    files = ["", "", ""] if stripped else ["double_op.cc", "double_op.cc", "where_op.cc"]
    assert [kernel.file for kernel in found.kernels] == files
