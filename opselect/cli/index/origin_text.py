"""Where an index that was made of libraries has what from, in lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opselect.cli.shared.console import wrapped

if TYPE_CHECKING:
    from kernel_index.records import LibraryOrigin


def origin_lines(origin: LibraryOrigin | None) -> list[str]:
    """One heading and its sentences for each: what was read, what is borrowed, what is not known."""
    if origin is None:
        return []
    parts = (
        (f"read in {', '.join(origin.libraries)}", origin.read),
        (f"borrowed from TensorFlow {origin.base}", origin.borrowed),
        ("not known", origin.unknown),
    )
    lines = []
    for heading, sentences in parts:
        if sentences:
            lines += wrapped(f"{heading}:", 2).splitlines()
            lines += [line for sentence in sentences for line in wrapped(f"- {sentence}", 4).splitlines()]
    return lines
