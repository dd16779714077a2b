"""Symbols that a stripped Mach-O file does not have itself, from its debug file (.dSYM).

A debug file has the same UUID, the same addresses and a symbol table; of sections it has the headers. Source:
dsymutil(1), "Symbol files and debug files" of Apple's TN3178.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kernel_index.errors import InputError
from opselect.binaries.files import map_file
from opselect.binaries.image import Image, Machine, SymbolKind
from opselect.binaries.macho.architectures import chosen_slice, is_fat
from opselect.binaries.macho.functions import functions_of
from opselect.binaries.macho.headers import MachFile, read_headers
from opselect.binaries.macho.symbols import symbols_of, table_of, thumb_addresses

_INSIDE = "Contents/Resources/DWARF"


def with_dsym_symbols(image: Image, debug_file: str | None = None) -> Image:
    """The image of a linked Mach-O file with the symbols of its debug file.

    ``debug_file`` is one that the user names, a file or a folder .dSYM, and must belong to the image. Else one is
    looked for beside the file where that has no local function's name itself. Raises InputError for a file that is
    named and does not belong to the image.
    """
    file = read_headers(image.name, image.content)
    if debug_file is not None:
        other = _opened(debug_file, file.architecture)
        if file.is_object or not file.uuid or other.uuid != file.uuid:
            problem = f"is no debug file for {image.name}: its UUID is {other.uuid.hex()}, not {file.uuid.hex()}"
            raise InputError(debug_file, problem, "Pass the one of this build.")
        if not len(table_of(other)):
            raise InputError(debug_file, "has no symbols", "Pass the .dSYM that was made before the file was stripped.")
        return _joined(image, other)
    named = image.symbols.local & (image.symbols.kinds == SymbolKind.FUNCTION)
    if file.is_object or not file.uuid or named.any():
        return image
    for place in _places(image.name.removesuffix(f"({file.architecture})")):
        try:
            other = _opened(str(place), file.architecture)
        except InputError:
            continue
        if other.uuid == file.uuid and len(table_of(other)):
            return _joined(image, other)
    return image


def _places(name: str) -> Iterator[Path]:
    """Where Xcode leaves debug files: beside the file, and beside the framework or app that it is in."""
    path = Path(name)
    for each in (path, path.parent):
        yield each.with_name(each.name + ".dSYM") if each.name else each


def _opened(path: str, architecture: str) -> MachFile:
    place = Path(path)
    inside = place / _INSIDE
    if inside.is_dir():
        files = sorted(each for each in inside.iterdir() if each.is_file())
        if len(files) != 1:
            raise InputError(path, f"has {len(files)} debug files inside", "Pass the one that is meant.")
        place = files[0]
    name, content = str(place), map_file(str(place))
    if is_fat(content):
        name, content = chosen_slice(name, content, architecture)
    return read_headers(name, content)


def _joined(image: Image, other: MachFile) -> Image:
    table = table_of(other)
    symbols = symbols_of(other.sections, table, image.functions.starts)
    starts = symbols.addresses[symbols.kinds == SymbolKind.FUNCTION]
    # The linker's list knows all functions; a symbol that it does not list stands in the middle of one.
    listed = len(read_headers(image.name, image.content).table("function starts")) > 0
    functions = image.functions if listed else functions_of(other.sections, [image.functions.starts, starts])
    thumb = thumb_addresses(table) if image.machine is Machine.ARM else frozenset[int]()
    return replace(image, symbols=symbols, functions=functions, thumb=image.thumb | thumb)
