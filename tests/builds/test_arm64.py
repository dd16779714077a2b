"""The trimmed runtime cross-compiled for phones: it links, and is for the right machine."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from tests.builds.builders import Make, copy_tree, skip_without
from tests.builds.conftest import apply, note_sizes, take_stage

EM_AARCH64 = 183


def test_trimmed_runtime_links_for_arm64(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    builder = Make(copy_tree(tmp_path / "tree"), architecture="arm64-v8a")
    skip_without(builder.missing_tools())
    apply(builder, "tiny_mobilenet", "trim")
    stage = take_stage(builder, tmp_path / "trimmed")
    note_sizes(record_property, builder, trimmed=stage)
    magic, (machine,) = stage.program.read_bytes()[:4], struct.unpack_from("<H", stage.program.read_bytes(), 18)
    assert (magic, machine) == (b"\x7fELF", EM_AARCH64)
