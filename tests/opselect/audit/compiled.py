"""Small programs, compiled for a test."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from opselect.binaries.elf.headers import read_headers
from opselect.binaries.elf.linked import linked_image
from opselect.binaries.image import Image


def image_of(path: Path) -> Image:
    """A binary as an image."""
    content = np.frombuffer(path.read_bytes(), np.uint8)
    return linked_image(read_headers(str(path), content), str(path))


def compiled(folder: Path, source: str, *flags: str, compiler: str = "g++", stripped: bool = False) -> Image:
    """The image of a program in C++; the test is skipped where the compiler is not installed."""
    if shutil.which(compiler) is None:
        pytest.skip(f"not installed: {compiler}")
    (folder / "program.cc").write_text(source)
    command = [compiler, "-O2", *flags, "-o", "program", "program.cc", *(["-s"] if stripped else [])]
    subprocess.run(command, cwd=folder, check=True)
    return image_of(folder / "program")
