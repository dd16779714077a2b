"""Run small programs through the preprocessor as a scan does: one source file, headers beside it, a sink."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kernel_index.preprocessor.calls import SinkCall
from kernel_index.preprocessor.cut import CutHeaders
from kernel_index.preprocessor.files import Files
from kernel_index.preprocessor.inclusion import Inclusions
from kernel_index.preprocessor.macros import Macro
from kernel_index.preprocessor.tokens import spell
from kernel_index.preprocessor.unit import Unit, UnitRun

SINK = "MARK"
"""The sink of these tests: ``MARK(0, text)`` asks for the expansion of a text."""


def run(
    folder: Path, source: str, headers: Mapping[str, str] | None = None, defines: Mapping[str, str] | None = None
) -> UnitRun:
    """Write the files into a folder and run the source file under some definitions."""
    for name, text in {**(headers or {}), "main.cc": source}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    files = Files(folder)
    main = files.get("main.cc")
    assert main is not None
    sinks = frozenset((SINK,))
    cut = CutHeaders(files, [main], sinks)
    unit = Unit(main, cut, Inclusions(cut), sinks)
    return unit.run({name: Macro(name, None, value) for name, value in (defines or {}).items()})


def marks(
    folder: Path, source: str, headers: Mapping[str, str] | None = None, defines: Mapping[str, str] | None = None
) -> list[str]:
    """The expansions of all marks, spelled as ``#`` would spell them."""
    return [marked(call) for call in run(folder, source, headers, defines).calls]


def marked(call: SinkCall) -> str:
    return spell(call.arguments[1])
