"""Maps of lld for ELF: a table whose last three columns are indented one under the other.

An output section stands under ``Out``, an input section (``file:(section)``) under ``In``, a symbol under ``Symbol``.
"""

from __future__ import annotations

from collections.abc import Iterator

from opselect.binaries.maps.records import Line, MapBuilder


def read_lld(lines: Iterator[Line], builder: MapBuilder) -> None:
    """Reads a map of lld. Releases before 6 have one column of addresses, later ones two."""
    first = second = third = 0
    for at, line in lines:
        if not first:
            if line.rstrip().endswith(b"Symbol") and b" Align Out " in line:
                first, second, third = line.index(b"Out"), line.index(b"In "), line.index(b"Symbol")
            continue
        text = line[first:]
        if not text or text.startswith(b" " * (third - first)):
            continue  # a symbol
        numbers = line[:first].split()
        if len(numbers) < 3:
            continue
        try:
            address, size = int(numbers[0], 16), int(numbers[-2], 16)
        except ValueError:
            continue
        if text[:1] != b" ":
            if b" = " not in text:  # an assignment of the linker script
                builder.output(text, address, size)
            continue
        middle = text.rfind(b":(")
        if middle > 0 and text.endswith(b")") and size and builder.outputs:
            file = text[second - first : middle]
            builder.place(address, size, builder.file(file), at + first + middle + 2, len(text) - middle - 3)
