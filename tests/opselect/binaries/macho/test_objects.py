"""Mach-O objects and archives of them as images: as if they were linked whole."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from kernel_index.errors import InputError
from opselect.binaries.archives import read_archive
from opselect.binaries.image import Bytes, Image, Machine
from opselect.binaries.macho import read_macho
from opselect.binaries.opening import read_image
from tests.opselect.binaries.macho.building import fat_file, object_file
from tests.opselect.binaries.macho.references import references

FILES = Path("fixtures/binaries/macho")
MACHINES = ["arm64", "x86_64"]
X86_64, ARM64 = 0x01000007, 0x0100000C


def content_of(name: str) -> Bytes:
    return np.fromfile(FILES / name, np.uint8)


def image_of(name: str) -> Image:
    return read_image(name, content_of(name))


@pytest.mark.parametrize("machine", MACHINES)
def test_code_refers_to_what_it_does_when_it_is_linked(machine: str) -> None:
    archive, linked = references(image_of(f"registers.{machine}.a")), references(image_of(f"registers.{machine}.dylib"))
    assert set(archive) == {*linked, "main"}
    for name, words in linked.items():
        # A linker may make the address of a vtable in code where an object reads it from a slot.
        expected, found = ([w for w in each if not w.startswith("_ZTV")] for each in (words, archive[name]))
        assert found == expected, name
    assert archive["main"] == ["_ZN10tensorflow15PrintRegisteredEv"]


@pytest.mark.parametrize("machine", MACHINES)
def test_initialisers_and_source_files_of_an_archive(machine: str) -> None:
    image = image_of(f"registers.{machine}.a")
    names = [image.symbols.name(image.symbols.at(address)[0]) for address in image.initialisers]
    assert names == [f"_GLOBAL__sub_I_{source}.cc" for source in ("array_ops", "double_op", "where_op")]
    assert image.members == ("array_ops.o", "double_op.o", "main.o", "registry.o", "where_op.o")
    assert image.symbols.file_names == ("array_ops.cc", "double_op.cc", "main.o", "registry.o", "where_op.cc")
    by_name = {
        image.symbols.name(n): image.symbols.file_names[image.symbols.files[n]] for n in range(len(image.symbols))
    }
    assert by_name["_ZN10tensorflow7WhereOp7ComputeEPNS_15OpKernelContextE"] == "where_op.cc"
    assert by_name["_ZN10tensorflow15PrintRegisteredEv"] == "registry.o"
    assert set(image.stubs.values()) == {"calloc", "free", "printf", "putchar"}


@pytest.mark.parametrize("machine", MACHINES)
def test_every_byte_of_a_member_is_in_one_section_of_its(machine: str) -> None:
    content = content_of(f"registers.{machine}.a")
    image = image_of(f"registers.{machine}.a")
    for number, member in enumerate(read_archive("a", content).members):
        found = sorted((s.offset, s.offset + s.size) for s in image.sections if s.member == number and s.size)
        assert found[0][0] == member.offset
        assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]
        assert found[-1][1] == member.offset + member.size


@pytest.mark.parametrize("machine", MACHINES)
def test_a_vtable_of_an_archive(machine: str) -> None:
    image = image_of(f"registers.{machine}.a")
    by_name = {image.symbols.name(number): number for number in range(len(image.symbols))}
    vtable = by_name["_ZTVN10tensorflow7WhereOpE"]
    entry = image.pointer(int(image.symbols.addresses[vtable]) + 32)
    compute = by_name["_ZN10tensorflow7WhereOp7ComputeEPNS_15OpKernelContextE"]
    assert entry == int(image.symbols.addresses[compute])
    # The base class has a function there that is never called.
    base = by_name["_ZTVN10tensorflow8OpKernelE"]
    assert image.pointer(int(image.symbols.addresses[base]) + 32) == int(
        image.symbols.addresses[by_name["__cxa_pure_virtual"]]
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_one_object_alone_imports_the_rest(machine: str) -> None:
    content = content_of(f"registers.{machine}.a")
    member = read_archive("a", content).members[4]
    image = read_macho("build/where_op.o", content[member.offset : member.offset + member.size])
    assert image.members == ()
    assert image.symbols.file_names == ("where_op.cc",)
    assert "_ZN10tensorflow16KernelDefBuilder5BuildEv" in image.stubs.values()
    called = references(image)["_GLOBAL__sub_I_where_op.cc"]
    assert "_ZN10tensorflow16KernelDefBuilder5LabelEPKc" in called
    assert "first" in called
    # The base class's vtable has no place here, its functions are imports at places of the vtable.
    assert "_ZN10tensorflow8OpKernelD1Ev" not in image.pointers.import_names or image.import_at(0) is None


def test_an_archive_for_several_processors() -> None:
    fat = fat_file([(ARM64, 0, content_of("registers.arm64.a")), (X86_64, 3, content_of("registers.x86_64.a"))])
    image = read_image("libregisters.a", fat, "x86_64")
    assert image.machine is Machine.X86_64
    assert image.name == "libregisters.a(x86_64)"
    assert len(image.members) == 5


def relocation(
    place: int, number: int, kind: int, *, length: int = 3, relative: bool = False, named: bool = True
) -> bytes:
    return struct.pack("<II", place, number | relative << 24 | length << 25 | named << 27 | kind << 28)


def words_of(image: Image, section: str, form: str) -> tuple[int, ...]:
    (found,) = [each for each in image.sections if each.name == section]
    return struct.unpack(form, image.bytes_at(found.address, found.size))


def test_differences_and_what_is_added_of_arm64() -> None:
    # adrp x0, outside@GOTPAGE; ldr x0, [x0, …]; adrp x1, table@PAGE+8; add x1, x1, table@PAGEOFF+8; ldr q0, [x1, …]
    code = struct.pack("<5I", 0x90000000, 0xF9400000, 0x90000001, 0x91000021, 0x3DC00020)
    code_relocations = b"".join(
        [
            relocation(0, 0, 5, length=2, relative=True), relocation(4, 0, 6, length=2),
            relocation(8, 8, 10, length=2, named=False), relocation(8, 1, 3, length=2, relative=True),
            relocation(12, 8, 10, length=2, named=False), relocation(12, 1, 4, length=2),
            relocation(16, 8, 10, length=2, named=False), relocation(16, 1, 4, length=2),
        ]
    )  # fmt: skip
    data = struct.pack("<4q", 3, 5, 0, 0)
    data_relocations = b"".join(
        [relocation(0, 1, 1), relocation(0, 2, 0), relocation(8, 0, 0), relocation(16, 2, 0, named=False)]
    )
    symbols = (("_outside", 1, 0, 0, 0), ("_table", 0x0F, 2, 0, 40), ("_end", 0x0F, 2, 0, 64))
    image = read_macho("t.o", object_file(ARM64, code, data, symbols, code_relocations, data_relocations))
    table = int(image.symbols.addresses[0])
    slot = next(
        place for place in image.pointers.places.tolist() if image.import_at(place) == "outside" and place > table + 32
    )
    start = next(section.address for section in image.sections if section.name == "__TEXT,__text")
    first, second, third, fourth, fifth = words_of(image, "__TEXT,__text", "<5I")

    def page(word: int, at: int) -> int:
        distance = (word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3
        return (at & ~0xFFF) + ((distance << 43 & (1 << 64) - 1) >> 43) * 4096

    assert page(first, start) + (second >> 10 & 0xFFF) * 8 == slot
    assert page(third, start + 8) + (fourth >> 10 & 0xFFF) == table + 8
    assert page(third, start + 8) + (fifth >> 10 & 0xFFF) * 16 == (table + 8 & ~15)
    difference, _, moved, _ = words_of(image, "__DATA,__data", "<4q")
    assert difference == 3 + 24
    assert image.pointers.number(table) is None
    assert image.import_at(table + 8) == "outside"
    # A relocation that names a section: what stands in place is an address in the object.
    assert (
        moved == image.pointer(table + 16) == next(s.address for s in image.sections if s.name == "__DATA,__data") - 40
    )


def test_pointers_in_data_of_arm64() -> None:
    data = struct.pack("<4Q", 4, 1 << 63, 0, 0)
    symbols = (("_outside", 1, 0, 0, 0), ("_table", 0x0F, 2, 0, 40), ("_room", 1, 0, 0, 24))
    # What is subtracted at another place than the next pointer's is not subtracted from it.
    relocations = [relocation(0, 0, 0), relocation(8, 1, 0), relocation(24, 1, 1), relocation(16, 2, 0)]
    image = read_macho("t.o", object_file(ARM64, bytes(16), data, symbols, b"", b"".join(relocations)))
    table = int(image.symbols.addresses[0])
    assert image.import_at(table) == "outside"
    assert int(image.pointers.values[0]) == 4
    # C++ marks names of types in the highest bit.
    assert image.pointer(table + 8) == table
    # Room that the linker makes is behind everything that the file gives.
    room = image.pointer(table + 16)
    assert room is not None
    assert room > table + 32
    assert image.region_of(room) is None


def test_a_call_of_what_is_too_far_away_is_told() -> None:
    symbols = (("_far", 0x03, 0, 0, 1 << 30), ("_near", 0x0F, 1, 0, 8))
    code = struct.pack("<4I", 0x94000000, 0x94000000, 0xD65F03C0, 0)
    relocations = relocation(0, 0, 2, length=2, relative=True) + relocation(4, 1, 2, length=2, relative=True)
    image = read_macho("t.o", object_file(ARM64, code, bytes(8), symbols, relocations, b""))
    assert image.not_read == ("1 calls: what they call is too far away in so much code",)
    assert words_of(image, "__TEXT,__text", "<4I")[:2] == (0x94000000, 0x94000001)


@pytest.mark.parametrize(("kind", "behind"), [(1, 0), (6, 1), (7, 2), (8, 4)])
def test_instructions_of_x86_64_with_something_behind_the_address(kind: int, behind: int) -> None:
    code = b"\x90" * 4 + struct.pack("<i", -behind) + b"\x90" * 8
    symbols = (("_table", 0x0F, 2, 0, 40),)
    named = object_file(X86_64, code, bytes(32), symbols, relocation(4, 0, kind, length=2, relative=True), b"")
    image = read_macho("t.o", named)
    start = next(section.address for section in image.sections if section.name == "__TEXT,__text")
    distance = struct.unpack("<i", image.bytes_at(start + 4, 4))[0]
    assert start + 8 + behind + distance == int(image.symbols.addresses[0])
    # By the number of the section: the distance in the object, to its byte 44.
    code = b"\x90" * 4 + struct.pack("<i", 44 - 8 - behind) + b"\x90" * 8
    unnamed = relocation(4, 2, kind, length=2, relative=True, named=False)
    image = read_macho("t.o", object_file(X86_64, code, bytes(32), symbols, unnamed, b""))
    start = next(section.address for section in image.sections if section.name == "__TEXT,__text")
    distance = struct.unpack("<i", image.bytes_at(start + 4, 4))[0]
    assert start + 8 + behind + distance == int(image.symbols.addresses[0]) + 4


def test_a_strong_definition_is_taken_before_a_weak_one_and_room_of_the_linker() -> None:
    call = b"\x90" * 4 + bytes(4) + b"\x90" * 8
    near = relocation(4, 0, 2, length=2, relative=True)
    weak = object_file(X86_64, call, bytes(32), (("_f", 0x0F, 1, 0x80, 0),), near, b"")
    strong = object_file(X86_64, call, bytes(32), (("_f", 0x0F, 1, 0, 8), ("_room", 1, 0, 0, 24)), near, b"")
    image = read_image("two.a", archive_of({"weak.o": weak, "strong.o": strong}))
    (first, second) = (section.address for section in image.sections if section.name == "__TEXT,__text")
    for start in (first, second):
        distance = struct.unpack("<i", image.bytes_at(start + 4, 4))[0]
        assert start + 8 + distance == second + 8
    assert image.stubs == {}


def archive_of(members: dict[str, Bytes]) -> Bytes:
    content = b"!<arch>\n"
    for name, member in members.items():
        size = len(member) + len(member) % 2
        content += (
            f"{name + '/':<16}{0:<12}{0:<6}{0:<6}{644:<8}{size:<10}`\n".encode()
            + member.tobytes()
            + bytes(size - len(member))
        )
    return np.frombuffer(content, np.uint8)


def test_relocations_outside_their_section_or_of_symbols_that_are_not_there() -> None:
    for wrong in (relocation(12, 0, 0), relocation(0, 7, 0), relocation(0, 9, 0, named=False)):
        with pytest.raises(InputError, match="relocation outside its section"):
            read_macho("t.o", object_file(X86_64, bytes(16), bytes(8), (("_f", 0x0F, 1, 0, 0),), wrong, b""))


@pytest.mark.parametrize("machine", MACHINES)
def test_changed_archives_end_in_an_image_or_one_error(machine: str) -> None:
    content = content_of(f"registers.{machine}.a")
    random = np.random.default_rng(11)
    refused = 0
    for round_ in range(120):
        changed = content.copy()
        at = random.integers(0, len(content), 1 + round_ % 7)
        changed[at] = random.choice(np.array([0, 1, 0x7F, 0x80, 0xFF], np.uint8), len(at))
        try:
            read_image("changed.a", changed)
        except InputError:
            refused += 1
    assert 0 < refused < 120
