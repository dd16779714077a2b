"""Symbols of stripped libraries: from the debug file beside them, by build-id, by the user, or from inside."""

from __future__ import annotations

import lzma
import zlib
from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.binaries.debug_files import debug_information, with_debug_symbols
from opselect.binaries.image import Image
from opselect.binaries.opening import open_images
from tests.opselect.binaries.elf_files import (
    AARCH64,
    ABSOLUTE,
    CODE,
    CONSTANT,
    DYNSYM,
    FILE,
    LOCAL,
    NOBITS,
    NOTE,
    STRTAB,
    Section,
    Symbol,
    elf_file,
)

_SYMBOLS = (
    Symbol("a.cc", ABSOLUTE, type=FILE, binding=LOCAL),
    Symbol("hidden", ".text", value=0x1000, size=16, binding=LOCAL),
    Symbol("shown", ".text", value=0x1010, size=16),
)


def note(build_id: bytes) -> Section:
    content = b"\4\0\0\0" + len(build_id).to_bytes(4, "little") + b"\3\0\0\0GNU\0" + build_id
    return Section(".note.gnu.build-id", content, NOTE, CONSTANT, address=0x800)


def text(code: bytes = bytes(32), kind: int = 1, address: int = 0x1000) -> Section:
    return Section(".text", code, kind, CODE, address=address, size=32)


def stripped(*more: Section, build_id: bytes = b"", address: int = 0x1000) -> bytes:
    return elf_file([text(address=address), *([note(build_id)] if build_id else []), *more])


def debug(build_id: bytes = b"", address: int = 0x1000, machine: int = 62) -> bytes:
    """As objcopy --only-keep-debug makes it: sections without bytes, and symbols."""
    sections = [text(b"", NOBITS, address), *([note(build_id)] if build_id else [])]
    return elf_file(sections, _SYMBOLS, machine=machine)


def link(name: str, content: bytes) -> Section:
    named = name.encode() + b"\0"
    return Section(".gnu_debuglink", named + bytes(-len(named) % 4) + zlib.crc32(content).to_bytes(4, "little"))


def image_of(content: bytes, folder: Path) -> Image:
    path = folder / "lib.so"
    path.write_bytes(content)
    return open_images(str(path))[0].image()


def names(image: Image) -> list[str]:
    return [image.symbols.name(number) for number in range(len(image.symbols))]


def test_the_file_that_the_library_names(tmp_path: Path) -> None:
    content = debug()
    image = image_of(stripped(link("lib.debug", content)), tmp_path)
    assert names(with_debug_symbols(image)) == []
    for place in (tmp_path / "lib.debug", tmp_path / ".debug" / "lib.debug"):
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
        found = with_debug_symbols(image)
        assert names(found) == ["hidden", "shown"]
        assert found.symbols.file_names == ("a.cc",)
        assert list(found.functions.starts) == [0x1000, 0x1010]
        assert image.strong is None
        assert found.strong is not None
        assert list(found.strong) == [0x1010]
        place.write_bytes(content + b"of another build")  # the checksum differs
        assert names(with_debug_symbols(image)) == []
        place.unlink()


def test_the_file_of_the_build_id(tmp_path: Path) -> None:
    image = image_of(stripped(build_id=b"\xab\xcd\xef"), tmp_path)
    place = tmp_path / "store" / ".build-id" / "ab" / "cdef.debug"
    place.parent.mkdir(parents=True)
    place.write_bytes(debug(b"\xab\xcd\xef"))
    assert names(with_debug_symbols(image)) == []
    assert names(with_debug_symbols(image, folders=[str(tmp_path / "store")])) == ["hidden", "shown"]
    place.write_bytes(debug(b"\xab\xcd\x00"))
    assert names(with_debug_symbols(image, folders=[str(tmp_path / "store")])) == []


def test_a_library_that_names_itself(tmp_path: Path) -> None:
    image = image_of(stripped(link("lib.so", b"")), tmp_path)
    assert names(with_debug_symbols(image)) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "problem"),
    [
        (stripped(build_id=b"\1\2"), debug(b"\1\3"), "its build-id is 0103, and that of the library 0102"),
        (stripped(), debug(address=0x2000), "its sections stand at other addresses"),
        (stripped(), debug(machine=AARCH64), "it is for arm64-v8a, and the library for x86_64"),
        (elf_file([text()], section_headers=False), debug(), "neither build-ids nor sections say"),
        (stripped(), stripped(), "has no symbols"),
        (stripped(), b"text", "is no ELF file"),
    ],
)
def test_a_file_that_does_not_belong_to_the_library(ours: bytes, theirs: bytes, problem: str, tmp_path: Path) -> None:
    image = image_of(ours, tmp_path)
    path = tmp_path / "it.debug"
    path.write_bytes(theirs)
    with pytest.raises(InputError, match=problem) as error:
        with_debug_symbols(image, str(path))
    assert str(error.value).startswith(f"{path}: ")


def test_a_file_that_the_user_names(tmp_path: Path) -> None:
    """It counts also where the library has symbols of its own; build-ids decide where both have one."""
    path = tmp_path / "it.debug"
    for content, other in ((stripped(), debug()), (stripped(build_id=b"\1\2"), debug(b"\1\2"))):
        path.write_bytes(other)
        assert names(with_debug_symbols(image_of(content, tmp_path), str(path))) == ["hidden", "shown"]
    own = elf_file([text()], [Symbol("own", ".text", value=0x1000, size=32)])
    assert names(with_debug_symbols(image_of(own, tmp_path))) == ["own"]
    path.write_bytes(debug())
    assert names(with_debug_symbols(image_of(own, tmp_path), str(path))) == ["hidden", "shown"]


def test_where_the_debug_information_is(tmp_path: Path) -> None:
    """In the library, in the file that it names, or in the one that the user names, where that belongs to it."""
    info = Section(".debug_info", b"x")
    assert debug_information(image_of(stripped(), tmp_path)) is None
    own = debug_information(image_of(stripped(info), tmp_path))
    assert own is not None
    assert own.name == str(tmp_path / "lib.so")
    assert debug_information(image_of(stripped(Section(".zdebug_info", b"x")), tmp_path)) is not None
    content = elf_file([text(b"", NOBITS), info], _SYMBOLS)
    place = tmp_path / "lib.debug"
    place.write_bytes(content)
    image = image_of(stripped(link("lib.debug", content)), tmp_path)
    for named in (None, str(place)):
        found = debug_information(image, named)
        assert found is not None
        assert found.name == str(place)
    place.write_bytes(debug(address=0x2000))
    assert debug_information(image, str(place)) is None


def test_objects_have_no_debug_file(tmp_path: Path) -> None:
    image = image_of(elf_file([Section(".text", bytes(8), flags=CODE)]), tmp_path)
    assert with_debug_symbols(image) is image
    with pytest.raises(InputError, match="Only linked ELF files have one"):
        with_debug_symbols(image, str(tmp_path / "lib.so"))


def test_names_inside_the_library_stand_beside_those_that_the_loader_needs(tmp_path: Path) -> None:
    row = (
        (1).to_bytes(4, "little") + bytes((0x12, 0, 1, 0)) + (0x1010).to_bytes(8, "little") + (16).to_bytes(8, "little")
    )
    dynamic = [
        Section(".dynsym", bytes(24) + row, DYNSYM, CONSTANT, address=0x200, link=".dynstr", entry_size=24),
        Section(".dynstr", b"\0shown\0", STRTAB, CONSTANT, address=0x300),
    ]
    hidden = elf_file([text(b"", NOBITS)], [Symbol("hidden", ".text", value=0x1000, size=16, binding=LOCAL)])
    image = image_of(stripped(*dynamic, Section(".gnu_debugdata", lzma.compress(hidden))), tmp_path)
    assert names(image) == ["shown"]
    found = with_debug_symbols(image)
    assert names(found) == ["hidden", "shown"]
    assert list(found.functions.ends) == [0x1010, 0x1020]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"this is text and no xz file", "cannot be unpacked"),
        (lzma.compress(debug())[:-20], "is cut short"),
        (lzma.compress(b"no ELF file"), "is no ELF file"),
        (lzma.compress(bytes(5 << 20)), "is cut short, or unpacks to more than"),
    ],
)
def test_names_inside_the_library_that_are_damaged(
    content: bytes, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opselect.binaries.debug_files._MAX_SMALL", 4 << 20)
    image = image_of(stripped(Section(".gnu_debugdata", content)), tmp_path)
    with pytest.raises(InputError, match=rf"lib\.so\(\.gnu_debugdata\).*{problem}"):
        with_debug_symbols(image)
