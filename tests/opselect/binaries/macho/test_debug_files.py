"""Debug files of Mach-O files (.dSYM)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.binaries.debug_files import with_debug_symbols
from opselect.binaries.files import map_file
from opselect.binaries.image import Image
from opselect.binaries.opening import read_image
from tests.opselect.binaries.macho.building import Thing, fat_file, macho_file

ARM64 = 0x0100000C
STRIPPED = Thing(uuid=bytes(range(16)), function_starts=b"\x04\x0c\x00")
SYMBOLS = (("__ZL1fv", 0x0E, 1, 0, 0x1004), ("_label", 0x0E, 1, 0, 0x1008), ("_g", 0x0F, 1, 0, 0x1010))
DEBUG = replace(STRIPPED, symbols=SYMBOLS, file_type=10, function_starts=b"")


def image_in(folder: Path, thing: Thing = STRIPPED, *, fat: bool = False) -> Image:
    path = folder / "libf.dylib"
    content = macho_file(thing)
    if fat:
        content = fat_file([(ARM64, 0, content)])
    path.write_bytes(content.tobytes())
    return read_image(str(path), map_file(str(path)))


def dsym_in(folder: Path, thing: Thing = DEBUG) -> Path:
    inside = folder / "libf.dylib.dSYM" / "Contents" / "Resources" / "DWARF"
    inside.mkdir(parents=True)
    (inside / "libf.dylib").write_bytes(macho_file(thing).tobytes())
    return folder / "libf.dylib.dSYM"


def names(image: Image) -> list[str]:
    return [image.symbols.name(number) for number in range(len(image.symbols))]


@pytest.mark.parametrize("fat", [False, True])
def test_a_debug_file_beside_a_stripped_file_gives_the_names(tmp_path: Path, fat: bool) -> None:
    dsym_in(tmp_path)
    image = with_debug_symbols(image_in(tmp_path, fat=fat))
    assert names(image) == ["_ZL1fv", "label", "g"]
    # The linker's list says which of them are functions.
    assert image.functions.starts.tolist() == [0x1004, 0x1010]


def test_a_debug_file_that_is_named(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    dsym = dsym_in(elsewhere)
    image = image_in(tmp_path)
    assert names(with_debug_symbols(image)) == []
    assert names(with_debug_symbols(image, str(dsym))) == ["_ZL1fv", "label", "g"]
    inside = dsym / "Contents" / "Resources" / "DWARF" / "libf.dylib"
    assert names(with_debug_symbols(image, str(inside))) == ["_ZL1fv", "label", "g"]


def test_a_debug_file_of_another_build(tmp_path: Path) -> None:
    dsym = dsym_in(tmp_path, replace(DEBUG, uuid=bytes(15) + b"\1"))
    image = image_in(tmp_path)
    assert names(with_debug_symbols(image)) == []
    with pytest.raises(InputError, match=r"no debug file for .*its UUID is 0+1, not 000102"):
        with_debug_symbols(image, str(dsym))


def test_a_debug_file_without_symbols(tmp_path: Path) -> None:
    dsym = dsym_in(tmp_path, replace(DEBUG, symbols=()))
    with pytest.raises(InputError, match="has no symbols"):
        with_debug_symbols(image_in(tmp_path), str(dsym))


def test_a_file_with_names_keeps_them(tmp_path: Path) -> None:
    dsym_in(tmp_path)
    own = replace(STRIPPED, symbols=(("_own", 0x0E, 1, 0, 0x1004),))
    assert names(with_debug_symbols(image_in(tmp_path, own))) == ["own"]


def test_the_sections_of_a_debug_file_have_the_bytes_that_it_has() -> None:
    image = read_image("d", macho_file(DEBUG))
    assert sum(section.size for section in image.sections) == len(image.content)
    assert image.regions == ()
