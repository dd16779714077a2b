"""Objects laid out as one image: what a linker would have made of them, read back with a disassembler."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import capstone
import pytest

from opselect.binaries.image import Image, Machine
from opselect.binaries.opening import open_images
from tests.opselect.binaries.ar_files import gnu_archive
from tests.opselect.binaries.elf_files import (
    AARCH64,
    ABSOLUTE,
    ARM,
    CODE,
    COMMON,
    CONSTANT,
    DATA,
    FILE,
    INIT_ARRAY,
    LOCAL,
    NOBITS,
    OBJECT,
    RISCV,
    WEAK,
    X86,
    X86_64,
    Relocation,
    Section,
    Symbol,
    elf_file,
)

_DISASSEMBLERS = {
    Machine.X86_64: (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
    Machine.X86: (capstone.CS_ARCH_X86, capstone.CS_MODE_32),
    Machine.AARCH64: (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
    Machine.ARM: (capstone.CS_ARCH_ARM, capstone.CS_MODE_ARM),
}


def image_of(content: bytes, folder: Path, name: str = "it.o") -> Image:
    path = folder / name
    path.write_bytes(content)
    (binary,) = open_images(str(path))
    return binary.image()


def archive_image(members: Mapping[str, bytes], folder: Path) -> Image:
    return image_of(gnu_archive(members), folder, "lib.a")


def address(image: Image, name: str) -> int:
    """The first address of a name."""
    return next(
        int(image.symbols.addresses[number])
        for number in range(len(image.symbols))
        if image.symbols.name(number) == name
    )


def stub(image: Image, name: str) -> int:
    return next(place for place, text in image.stubs.items() if text == name)


def instructions(image: Image, start: int, count: int, *, thumb: bool = False) -> list[str]:
    architecture, mode = _DISASSEMBLERS[image.machine]
    decoder = capstone.Cs(architecture, capstone.CS_MODE_THUMB if thumb else mode)
    found = decoder.disasm(image.bytes_at(start, 16 * count), start)
    return [f"{each.mnemonic} {each.op_str}".strip() for each, _ in zip(found, range(count), strict=False)]


def test_calls_across_members_and_of_imports(tmp_path: Path) -> None:
    """A call of a function in another member goes there; one of an import to an address that has its name."""
    caller = elf_file(
        [Section(".text", b"\x90\xe8\0\0\0\0\xe8\0\0\0\0\xc3", flags=CODE)],
        [Symbol("caller", ".text", size=12), Symbol("callee"), Symbol("puts")],
        [Relocation(".text", 2, 4, "callee", -4), Relocation(".text", 7, 2, "puts", -4)],
    )
    callee = elf_file([Section(".text", bytes(4), flags=CODE, alignment=16)], [Symbol("callee", ".text", size=4)])
    image = archive_image({"caller.o": caller, "callee.o": callee}, tmp_path)
    start = address(image, "caller")
    wanted = ["nop", f"call {address(image, 'callee'):#x}", f"call {stub(image, 'puts'):#x}", "ret"]
    assert instructions(image, start, 4) == wanted
    assert image.members == ("caller.o", "callee.o")
    assert image.section_at(address(image, "callee")) is not None
    assert image.section_at(stub(image, "puts")) is None
    assert list(image.functions.starts) == [start, address(image, "callee")]
    assert address(image, "callee") % 16 == 0


def test_the_strongest_definition_is_meant_and_duplicates_stay(tmp_path: Path) -> None:
    def member(value: int, binding: int) -> bytes:
        return elf_file(
            [Section(".data", bytes([value] * 4), flags=DATA), Section(".refs", bytes(8), flags=DATA, alignment=8)],
            [Symbol("it", ".data", size=4, type=OBJECT, binding=binding)],
            [Relocation(".refs", 0, 1, "it", 1)],
        )

    image = archive_image({"weak.o": member(1, WEAK), "strong.o": member(2, 1), "again.o": member(3, 1)}, tmp_path)
    strong = [int(place) for place in image.symbols.addresses][1]
    assert image.bytes_at(strong, 4) == b"\2\2\2\2"
    assert len(image.symbols) == 3
    assert image.strong is not None
    assert list(image.strong) == list(image.symbols.addresses[1:])
    assert [int(value) for value in image.pointers.values] == [strong + 1] * 3
    assert image.stubs == {}


def test_a_local_symbol_is_that_of_its_own_member(tmp_path: Path) -> None:
    def member(value: int) -> bytes:
        return elf_file(
            [Section(".data", bytes([value] * 4), flags=DATA), Section(".refs", bytes(8), flags=DATA, alignment=8)],
            [Symbol("it", ".data", size=4, type=OBJECT, binding=LOCAL)],
            [Relocation(".refs", 0, 1, "it")],
        )

    image = archive_image({"a.o": member(1), "b.o": member(2)}, tmp_path)
    assert [image.bytes_at(int(value), 4) for value in image.pointers.values] == [bytes([1] * 4), bytes([2] * 4)]


def test_common_symbols_get_room(tmp_path: Path) -> None:
    first = elf_file(
        [Section(".refs", bytes(8), flags=DATA, alignment=8)],
        [Symbol("shared", COMMON, value=8, size=100, type=OBJECT)],
        [Relocation(".refs", 0, 1, "shared")],
    )
    image = archive_image({"a.o": first, "b.o": first}, tmp_path)
    assert set(image.pointers.values) == {address(image, "shared")}
    assert all(place + 8 <= address(image, "shared") for place in image.pointers.places.tolist())


def test_initialisers_come_by_priority_and_lists_of_constructors_from_behind(tmp_path: Path) -> None:
    def member(*arrays: str) -> bytes:
        return elf_file(
            [Section(".text", bytes(64), flags=CODE), *(Section(each, bytes(16), INIT_ARRAY, DATA) for each in arrays)],
            [Symbol("begin", ".text", binding=LOCAL)],
            [Relocation(each, at, 1, ".text", 16 * number + at) for number, each in enumerate(arrays) for at in (0, 8)],
        )

    first = member(".init_array", ".init_array.00101")
    second = member(".ctors", ".ctors.65434")  # the same priority as 101
    image = archive_image({"a.o": first, "b.o": second}, tmp_path)
    a, b = (section.address for section in image.sections if section.name == ".text")
    wanted = [a + 16, a + 24, b + 24, b + 16, a, a + 8, b + 8, b]
    assert list(image.initialisers) == wanted


def test_symbols_belong_to_the_source_file_or_else_to_the_member(tmp_path: Path) -> None:
    sections = [Section(".text", bytes(16), flags=CODE)]
    one = elf_file(sections, [Symbol("one.cc", ABSOLUTE, type=FILE, binding=LOCAL), Symbol("f", ".text", size=8)])
    none = elf_file(sections, [Symbol("g", ".text", size=8)])
    joined = elf_file(
        sections,
        [
            Symbol("x.cc", ABSOLUTE, type=FILE, binding=LOCAL), Symbol("of_x", ".text", binding=LOCAL, size=4),
            Symbol("y.cc", ABSOLUTE, type=FILE, binding=LOCAL), Symbol("of_y", ".text", value=4, binding=LOCAL, size=4),
            Symbol("h", ".text", value=8, size=8),
        ],
    )  # fmt: skip
    image = archive_image({"one.o": one, "none.o": none, "joined.o": joined}, tmp_path)
    symbols = image.symbols
    files = {
        symbols.name(number): symbols.file_names[symbols.files[number]] if symbols.files[number] >= 0 else ""
        for number in range(len(symbols))
    }
    assert files == {"f": "one.cc", "g": "none.o", "of_x": "x.cc", "of_y": "y.cc", "h": ""}


def test_sections_stand_where_they_are_in_the_file(tmp_path: Path) -> None:
    first = elf_file([Section(".text", b"first...", flags=CODE), Section(".bss", type=NOBITS, flags=DATA, size=99)])
    second = elf_file([Section(".rodata", b"second", flags=CONSTANT), Section(".comment", b"third")])
    content = gnu_archive({"a.o": first, "b.o": second})
    image = image_of(content, tmp_path, "lib.a")
    named = {(section.name, section.member): section for section in image.sections}
    for key, text in {(".text", 0): b"first...", (".rodata", 1): b"second", (".comment", 1): b"third"}.items():
        section = named[key]
        assert content[section.offset : section.offset + section.size] == text
        assert image.bytes_at(section.address, section.size) == (text if section.loaded else b"")
    assert (named[".bss", 0].size, named[".bss", 0].memory_size) == (0, 99)
    assert sum(section.name == ".shstrtab" for section in image.sections) == 2
    assert [section.member for section in image.sections[-2:]] == [1, 1]


def test_a_slot_for_each_symbol_of_position_independent_code(tmp_path: Path) -> None:
    """mov foo@GOTPCREL(%rip), %rax reads the slot of foo, whose pointer is known; that of an import has its name."""
    load = b"\x48\x8b\x05\0\0\0\0"
    made = elf_file(
        [Section(".text", load * 3, flags=CODE), Section(".data", bytes(8), flags=DATA)],
        [Symbol("code", ".text", size=21), Symbol("mine", ".data", size=8, type=OBJECT), Symbol("theirs")],
        [
            Relocation(".text", 3, 9, "mine", -4),
            Relocation(".text", 10, 42, "theirs", -4),
            Relocation(".text", 17, 41, "mine", -4),
        ],
    )
    image = image_of(made, tmp_path)
    start = address(image, "code")
    places = [start + 7 * number + 7 + (image.integer(start + 7 * number + 3, 4) or 0) for number in range(3)]
    assert places[0] == places[2] != places[1]
    assert image.pointer(places[0]) == address(image, "mine")
    assert image.import_at(places[1]) == "theirs"
    assert len(image.pointers.places) == 2


def test_instructions_of_aarch64(tmp_path: Path) -> None:
    words = (0x94000000, 0x90000000, 0x91000000, 0x90000000, 0xF9400000, 0xB9400000, 0x34000000, 0x36000000, 0x10000000)
    code = b"".join(word.to_bytes(4, "little") for word in (*words, *words[3:5]))
    types = (283, 275, 277, 311, 312, 285, 280, 279, 274)
    made = elf_file(
        [Section(".text", code, flags=CODE, alignment=4), Section(".data", bytes(0x2340), flags=DATA, alignment=8)],
        [Symbol("code", ".text", size=44), Symbol("mine", ".data", value=0x2338, type=OBJECT), Symbol("theirs")],
        [
            *(
                Relocation(".text", 4 * number, kind, {283: "theirs", 280: "code", 279: "code"}.get(kind, "mine"))
                for number, kind in enumerate(types)
            ),
            Relocation(".text", 36, 311, "theirs"),
            Relocation(".text", 40, 312, "theirs"),
        ],
        machine=AARCH64,
    )
    image = image_of(made, tmp_path)
    mine, code_at = address(image, "mine"), address(image, "code")
    slot, other = image.pointers.places.tolist()
    assert (image.pointer(slot), image.import_at(other)) == (mine, "theirs")
    assert instructions(image, code_at, 11) == [
        f"bl #{stub(image, 'theirs'):#x}",
        f"adrp x0, #{mine & ~0xFFF:#x}",
        f"add x0, x0, #{mine & 0xFFF:#x}",
        f"adrp x0, #{slot & ~0xFFF:#x}",
        "ldr x0, [x0]",
        f"ldr w0, [x0, #{mine & 0xFFF:#x}]",
        f"cbz w0, #{code_at:#x}",
        f"tbz w0, #0, #{code_at:#x}",
        f"adr x0, #{mine:#x}",
        f"adrp x0, #{other & ~0xFFF:#x}",
        f"ldr x0, [x0, #{other - slot}]",
    ]


def test_calls_between_arm_and_thumb_code(tmp_path: Path) -> None:
    """BL becomes BLX where the other function is in the other code; addresses of Thumb functions have bit 0 set."""
    arm = (0xEBFFFFFE).to_bytes(4, "little") * 2
    thumb = bytes.fromhex("fff7feff") * 3  # bl .
    made = elf_file(
        [
            Section(".arm", arm, flags=CODE, alignment=4),
            Section(".thumb", b"\0\xbf" + thumb, flags=CODE, alignment=4),
            Section(".data", bytes(12), flags=DATA, alignment=4),
        ],
        [Symbol("in_arm", ".arm", size=8), Symbol("in_thumb", ".thumb", value=1, size=14), Symbol("theirs")],
        [
            Relocation(".arm", 0, 28, "in_thumb"),
            Relocation(".arm", 4, 28, "in_arm"),
            Relocation(".thumb", 2, 10, "in_arm"),
            Relocation(".thumb", 6, 10, "in_thumb"),
            Relocation(".thumb", 10, 10, "theirs"),
            Relocation(".data", 0, 2, "in_thumb"),
            Relocation(".data", 4, 38, "in_arm"),
            Relocation(".data", 8, 42, "in_thumb"),
        ],
        machine=ARM,
        bits=32,
        rela=False,
    )
    image = image_of(made, tmp_path)
    in_arm, in_thumb = address(image, "in_arm"), address(image, "in_thumb")
    assert image.thumb == {in_thumb}
    assert in_thumb % 4 == 0
    assert instructions(image, in_arm, 2) == [f"blx #{in_thumb:#x}", f"bl #{in_arm:#x}"]
    assert instructions(image, in_thumb, 4, thumb=True) == [
        "nop", f"blx #{in_arm:#x}", f"bl #{in_thumb:#x}", f"bl #{stub(image, 'theirs'):#x}",
    ]  # fmt: skip
    data = next(section.address for section in image.sections if section.name == ".data")
    assert [image.pointer(data), image.pointer(data + 4)] == [in_thumb | 1, in_arm]
    relative = image.integer(data + 8, 4) or 0
    assert (relative + data + 8) & 0x7FFFFFFF == in_thumb & 0x7FFFFFFF


def test_addresses_in_moves_of_arm(tmp_path: Path) -> None:
    """movw and movt together make an address, in Arm code as in Thumb code."""
    arm = b"".join(word.to_bytes(4, "little") for word in (0xE3000000, 0xE3400000))
    thumb = bytes.fromhex("40f20000c0f20000")
    made = elf_file(
        [
            Section(".arm", arm, flags=CODE, alignment=4),
            Section(".thumb", thumb, flags=CODE, alignment=4),
            Section(".data", bytes(0x1234), flags=DATA, alignment=4),
        ],
        [Symbol("mine", ".data", value=0x1230, type=OBJECT), Symbol("a", ".arm"), Symbol("t", ".thumb", value=1)],
        [
            Relocation(".arm", 0, 43, "mine"), Relocation(".arm", 4, 44, "mine"),
            Relocation(".thumb", 0, 47, "mine"), Relocation(".thumb", 4, 48, "mine"),
        ],
        machine=ARM, bits=32, rela=False,
    )  # fmt: skip
    image = image_of(made, tmp_path)
    mine = address(image, "mine")
    wanted = [f"movw r0, #{mine & 0xFFFF:#x}", f"movt r0, #{mine >> 16}"]
    assert instructions(image, address(image, "a"), 2) == wanted
    assert instructions(image, address(image, "t"), 2, thumb=True) == wanted


def test_the_table_of_slots_of_i386_and_arm(tmp_path: Path) -> None:
    """Code that finds the table of slots relative to itself reads the right slots from there."""
    x86 = elf_file(
        # add $_GLOBAL_OFFSET_TABLE_, %ebx; mov foo@GOT(%ebx), %eax; mov foo@GOT, %eax (without a base)
        [Section(".text", bytes.fromhex("81c3000000008b83000000008b0500000000"), flags=CODE)],
        [Symbol("code", ".text", size=18), Symbol("_GLOBAL_OFFSET_TABLE_"), Symbol("foo")],
        [
            Relocation(".text", 2, 10, "_GLOBAL_OFFSET_TABLE_", 2),
            Relocation(".text", 8, 43, "foo"),
            Relocation(".text", 14, 43, "foo"),
        ],
        machine=X86,
        bits=32,
    )
    image = image_of(x86, tmp_path)
    assert "_GLOBAL_OFFSET_TABLE_" not in image.stubs.values()
    code = address(image, "code")
    table = code + (image.integer(code + 2, 4) or 0)
    (slot,) = image.pointers.places.tolist()
    assert (table + (image.integer(code + 8, 4) or 0)) & 0xFFFFFFFF == slot
    assert image.integer(code + 14, 4) == slot
    assert image.import_at(slot) == "foo"
    arm = elf_file(
        [Section(".text", bytes(8), flags=CODE, alignment=4)],
        [Symbol("code", ".text", size=8), Symbol("foo")],
        [Relocation(".text", 0, 96, "foo"), Relocation(".text", 4, 96, "foo")],
        machine=ARM, bits=32, rela=False,
    )  # fmt: skip
    image = image_of(arm, tmp_path)
    code, (slot,) = address(image, "code"), image.pointers.places.tolist()
    assert [code + at + (image.integer(code + at, 4) or 0) for at in (0, 4)] == [slot, slot]


def test_functions_without_symbols_are_known_by_their_frames(tmp_path: Path) -> None:
    """As in objects that were stripped: the local functions have no symbols any more."""
    common = bytes.fromhex("14000000 00000000 01 7a5200 01 78 10 01 1b 0c0708 900100")
    common += bytes(-len(common) % 4)
    common = (len(common) - 4).to_bytes(4, "little") + common[4:]
    frames, relocations = common, []
    for start, size in ((0, 0x40), (0x40, 0x20)):
        at = len(frames)
        frames += (
            (20).to_bytes(4, "little")
            + (at + 4).to_bytes(4, "little")
            + bytes(4)
            + size.to_bytes(4, "little")
            + bytes(8)
        )
        relocations.append(Relocation(".eh_frame", at + 8, 2, ".text", start))
    made = elf_file(
        [
            Section(".text", bytes(0x60), flags=CODE, alignment=16),
            Section(".eh_frame", frames, flags=CONSTANT, alignment=8),
        ],
        [Symbol("kept", ".text", value=0x40, size=0x20)],
        relocations,
    )
    image = image_of(made, tmp_path)
    kept = address(image, "kept")
    assert list(image.functions.starts) == [kept - 0x40, kept]
    assert list(image.functions.ends) == [kept, kept + 0x20]


@pytest.mark.parametrize("rela", [True, False])
@pytest.mark.parametrize(
    ("machine", "absolute", "relative"),
    [
        (X86_64, {1: 8, 10: 4, 11: 4, 12: 2, 14: 1}, {2: 4, 4: 4, 13: 2, 15: 1, 24: 8}),
        (X86, {1: 4, 20: 2, 22: 1}, {2: 4, 4: 4, 21: 2, 23: 1}),
        (AARCH64, {257: 8, 258: 4, 259: 2}, {260: 8, 261: 4, 262: 2, 314: 4}),
        (ARM, {2: 4, 38: 4, 5: 2, 8: 1}, {3: 4}),
    ],
)
def test_addresses_in_data(
    machine: int, absolute: Mapping[int, int], relative: Mapping[int, int], rela: bool, tmp_path: Path
) -> None:
    """S + A and S + A - P in so many bytes, and in no more; the addend stands in the table or in place."""
    kinds = [*absolute.items(), *relative.items()]
    room = b"".join(
        b"\xee" * 8 if rela else (5).to_bytes(width, "little") + b"\xee" * (8 - width) for _, width in kinds
    )
    made = elf_file(
        [Section(".data", room, flags=DATA, alignment=8)],
        [Symbol("it", ".data", value=4, type=OBJECT)],
        [Relocation(".data", 8 * number, kind, "it", 5) for number, (kind, _) in enumerate(kinds)],
        machine=machine, bits=64 if machine in {X86_64, AARCH64} else 32, rela=rela,
    )  # fmt: skip
    image = image_of(made, tmp_path)
    it = address(image, "it")
    for number, (_, width) in enumerate(kinds):
        place = it - 4 + 8 * number
        wanted = it + 5 - (place if number >= len(absolute) else 0)
        assert image.integer(place, width) == wanted % (1 << 8 * width)
        assert image.bytes_at(place + width, 8 - width) == b"\xee" * (8 - width)


def test_objects_of_other_machines_have_symbols_and_no_pointers(tmp_path: Path) -> None:
    made = elf_file(
        [Section(".text", bytes(16), flags=CODE)],
        [Symbol("code", ".text", size=8), Symbol("foo")],
        [Relocation(".text", 0, 2, "foo")],
        machine=RISCV,
    )
    image = image_of(made, tmp_path)
    assert (image.machine, len(image.symbols), len(image.pointers.places)) == (Machine.OTHER, 1, 0)


def test_big_endian_objects(tmp_path: Path) -> None:
    made = elf_file(
        [Section(".data", bytes(4), flags=DATA), Section(".text", bytes(8), flags=CODE)],
        [Symbol("code", ".text", size=8)],
        [Relocation(".data", 0, 2, "code")],
        machine=ARM, bits=32, big_endian=True, rela=False,
    )  # fmt: skip
    image = image_of(made, tmp_path)
    assert [image.pointer(place) for place in image.pointers.places.tolist()] == [address(image, "code")]


def test_more_sections_than_two_bytes_can_number(tmp_path: Path) -> None:
    """Section 0xFFF1 is one like others where numbers stand in a table of their own, and no absolute value."""
    count = 0xFFF1
    sections = [Section(f".d{number}", b"x", flags=DATA) for number in range(count)]
    made = elf_file(sections, [Symbol("last", f".d{count - 1}", size=1, type=OBJECT)])
    image = image_of(made, tmp_path)
    assert image.symbols.name(0) == "last"
    assert image.section_at(address(image, "last")) == image.sections[count - 1]


def test_calls_that_reach_too_far_are_said(tmp_path: Path) -> None:
    """A linker would put code between; a call that wraps around would be one of something else."""
    caller = elf_file(
        [Section(".text", (0xEBFFFFFE).to_bytes(4, "little") * 2, flags=CODE, alignment=4)],
        [Symbol("caller", ".text", size=8), Symbol("far")],
        [Relocation(".text", 0, 28, "far"), Relocation(".text", 4, 28, "caller")],
        machine=ARM, bits=32, rela=False,
    )  # fmt: skip
    between = elf_file([Section(".text", bytes(33 << 20), flags=CODE)], machine=ARM, bits=32)
    far = elf_file([Section(".text", bytes(4), flags=CODE)], [Symbol("far", ".text", size=4)], machine=ARM, bits=32)
    image = archive_image({"caller.o": caller, "between.o": between, "far.o": far}, tmp_path)
    start = address(image, "caller")
    assert instructions(image, start, 2) == [f"bl #{start:#x}", f"bl #{start:#x}"]
    assert image.not_read == ("1 calls: they reach further than their instructions can, and are not followed",)
