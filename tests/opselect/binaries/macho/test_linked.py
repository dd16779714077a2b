"""Linked Mach-O files as images: what linkers wrote, and what corrupted files do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kernel_index.errors import InputError
from opselect.binaries.image import Image, Machine, SectionKind
from opselect.binaries.macho import read_macho
from opselect.binaries.macho.architectures import chosen_slice
from tests.opselect.binaries.macho.building import Thing, fat_file, macho_file

FILES = Path("fixtures/binaries/macho")
LINKED = [
    f"registers.{machine}{kind}"
    for machine in ("arm64", "x86_64")
    for kind in ("", ".stripped", ".dylib", ".stripped.dylib")
]


def image_of(name: str, abi: str | None = None) -> Image:
    return read_macho(name, np.fromfile(FILES / name, np.uint8), abi)


@pytest.mark.parametrize("name", LINKED)
def test_every_byte_is_in_one_section(name: str) -> None:
    image = image_of(name)
    found = sorted((section.offset, section.offset + section.size) for section in image.sections if section.size)
    assert found[0][0] == 0
    assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]
    assert found[-1][1] == len(image.content)


@pytest.mark.parametrize("name", LINKED)
def test_the_initialisers_are_functions_each_of_one_file(name: str) -> None:
    image = image_of(name)
    assert len(image.initialisers) == 3
    for address in image.initialisers:
        assert image.functions.starting(address) is not None
    if "stripped" not in name:
        names = [image.symbols.name(image.symbols.at(address)[0]) for address in image.initialisers]
        assert names == [f"_GLOBAL__sub_I_{source}.cc" for source in ("array_ops", "double_op", "where_op")]


@pytest.mark.parametrize("name", LINKED)
def test_a_vtable_and_a_name_of_a_device_are_found_by_their_pointers(name: str) -> None:
    image = image_of(name)
    texts = {image.text(value) for value in image.pointers.values[image.pointers.imports < 0].tolist()}
    assert {"CPU", "GPU"} <= texts
    into_code = [value for value in image.pointers.values.tolist() if image.functions.starting(value) is not None]
    assert len(into_code) >= 8


@pytest.mark.parametrize(
    "name", ["registers.arm64", "registers.x86_64", "registers.arm64.dylib", "registers.x86_64.dylib"]
)
def test_the_vtable_of_a_kernel_names_its_functions(name: str) -> None:
    image = image_of(name)
    names = [image.symbols.name(number) for number in range(len(image.symbols))]
    vtable = names.index("_ZTVN10tensorflow7WhereOpE")
    start, size = int(image.symbols.addresses[vtable]), int(image.symbols.sizes[vtable])
    entries = [image.pointer(place) for place in range(start + 16, start + size, 8)]
    methods = [[image.symbols.name(number) for number in image.symbols.at(entry or 0)] for entry in entries]
    assert methods[2] == ["_ZN10tensorflow7WhereOp7ComputeEPNS_15OpKernelContextE"]


@pytest.mark.parametrize("name", LINKED)
def test_imports_stand_in_slots_by_the_names_that_c_has_for_them(name: str) -> None:
    image = image_of(name)
    assert {"calloc", "free", "printf"} <= set(image.pointers.import_names)
    places = image.pointers.places[image.pointers.imports >= 0].tolist()
    assert {image.import_at(place) for place in places} == set(image.pointers.import_names)
    slots = {section.name for place in places if (section := image.section_at(place))}
    assert slots <= {"__DATA,__la_symbol_ptr", "__DATA_CONST,__got"}


def test_sizes_of_functions_end_where_the_next_begins() -> None:
    image = image_of("registers.arm64.dylib")
    names = [image.symbols.name(number) for number in range(len(image.symbols))]
    number = names.index("_ZN10tensorflow7WhereOp7ComputeEPNS_15OpKernelContextE")
    function = image.functions.starting(int(image.symbols.addresses[number]))
    assert function is not None
    start, end = int(image.functions.starts[function]), int(image.functions.ends[function])
    assert (start, end - start) == (int(image.symbols.addresses[number]), int(image.symbols.sizes[number]))
    # Load, add, store, return.
    assert end - start == 16


def test_the_kinds_of_sections() -> None:
    kinds = {section.name: section.kind for section in image_of("registers.arm64").sections}
    assert kinds["__TEXT,__text"] is kinds["__TEXT,__stubs"] is SectionKind.CODE
    assert kinds["__TEXT,__cstring"] is SectionKind.DATA
    assert kinds["__DATA,__bss"] is SectionKind.ZERO
    assert kinds["__LINKEDIT,symbol table"] is kinds["__LINKEDIT,names of symbols"] is SectionKind.SYMBOLS
    assert kinds["__LINKEDIT,rebase opcodes"] is SectionKind.OTHER


@pytest.mark.parametrize(
    ("abi", "machine"),
    [("arm64", Machine.AARCH64), ("arm64-v8a", Machine.AARCH64), ("x86_64", Machine.X86_64)],
)
def test_the_part_of_a_fat_file_that_is_asked_for(abi: str, machine: Machine) -> None:
    image = image_of("registers.fat", abi)
    thin = image_of(f"registers.{'arm64' if machine is Machine.AARCH64 else 'x86_64'}.stripped")
    assert image.machine is machine
    assert image.initialisers == thin.initialisers
    assert image.content.tobytes() == thin.content.tobytes()
    assert image.name == f"registers.fat({'arm64' if machine is Machine.AARCH64 else 'x86_64'})"


@pytest.mark.parametrize(
    ("abi", "problem"),
    [(None, "several processors: x86_64, arm64"), ("armv7", "no part for armv7; it has parts for x86_64, arm64")],
)
def test_a_fat_file_of_which_no_part_is_meant_says_what_there_is(abi: str | None, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        image_of("registers.fat", abi)


def test_a_file_for_another_processor_than_asked_for() -> None:
    with pytest.raises(InputError, match="is for arm64, and x86_64 is asked for"):
        image_of("registers.arm64", "x86_64")


def test_arm64e_and_arm64_in_one_file_are_told_apart() -> None:
    both = fat_file([(0x0100000C, 2, macho_file(Thing(subtype=2))), (0x0100000C, 0, macho_file(Thing()))])
    assert read_macho("both", both, "arm64").name == "both(arm64)"
    assert read_macho("both", both, "arm64e").name == "both(arm64e)"
    with pytest.raises(InputError, match="several processors: arm64e, arm64"):
        read_macho("both", both, "arm64-v8a")


def test_an_encrypted_program_is_refused() -> None:
    with pytest.raises(InputError, match="encrypted"):
        read_macho("app", macho_file(Thing(encrypted=True)))


def test_big_endian_files_have_sections_and_symbols() -> None:
    image = read_macho(
        "old", macho_file(Thing(processor=18, subtype=0, bits=32, order=">", symbols=(("_f", 0x24, 1, 0, 0x1000),)))
    )
    assert image.machine is Machine.OTHER
    assert image.big_endian
    # A symbol of a kind that stands for no place is left out.
    assert len(image.symbols) == 0
    image = read_macho(
        "old", macho_file(Thing(processor=18, subtype=0, bits=32, order=">", symbols=(("__f", 0x0F, 1, 0, 0x1004),)))
    )
    assert image.symbols.name(0) == "_f"
    assert image.symbols.addresses.tolist() == [0x1004]


def test_thumb_functions_of_32_bit_arm() -> None:
    symbols = (("_arm", 0x0F, 1, 0, 0x1000), ("_thumb", 0x0F, 1, 8, 0x1008))
    image = read_macho("t", macho_file(Thing(processor=12, subtype=9, bits=32, symbols=symbols)))
    assert image.machine is Machine.ARM
    assert image.thumb == {0x1008}
    assert image.functions.starts.tolist() == [0x1000, 0x1008]
    listed = macho_file(Thing(processor=12, subtype=9, bits=32, function_starts=b"\x04\x09\x00"))
    image = read_macho("t", listed)
    assert image.functions.starts.tolist() == [0x1004, 0x100C]
    assert image.thumb == {0x100C}


def test_the_list_of_functions_ends_at_a_zero() -> None:
    image = read_macho("t", macho_file(Thing(function_starts=b"\x04\x04\x00\x08")))
    assert image.functions.starts.tolist() == [0x1004, 0x1008]
    assert image.functions.ends.tolist() == [0x1008, 0x1020]


def test_notes_for_debuggers_give_source_files_and_sizes() -> None:
    symbols = (
        ("/home/builder/", 0x64, 0, 0, 0),
        ("core/relu_op.cc", 0x64, 1, 0, 0),
        ("relu_op.o", 0x66, 0, 1, 0),
        ("_relu", 0x24, 1, 0, 0x1000),
        ("", 0x24, 0, 0, 6),
        ("_table", 0x26, 1, 0, 0x1010),
        ("", 0x64, 1, 0, 0),
        ("_relu", 0x0E, 1, 0, 0x1000),
        ("_other", 0x0F, 1, 0, 0x1008),
        ("_table", 0x0E, 1, 0, 0x1010),
    )
    found = read_macho("t", macho_file(Thing(symbols=symbols))).symbols
    assert found.file_names == ("core/relu_op.cc",)
    assert [found.name(number) for number in range(3)] == ["relu", "other", "table"]
    assert found.files.tolist() == [0, -1, 0]
    assert found.sizes.tolist() == [6, 8, 16]
    assert found.local.tolist() == [True, False, True]


def test_another_entry_of_a_function_does_not_end_it() -> None:
    symbols = (("_f", 0x0F, 1, 0, 0x1000), ("_inside", 0x0F, 1, 0x200, 0x1004), ("_g", 0x0F, 1, 0, 0x1010))
    found = read_macho("t", macho_file(Thing(symbols=symbols))).symbols
    assert found.sizes.tolist() == [16, 12, 16]


def test_marks_of_assemblers_are_no_symbols() -> None:
    symbols = (("ltmp0", 0x0E, 1, 0, 0x1000), ("l_anonymous", 0x0E, 1, 0, 0x1004), ("_f", 0x0F, 1, 0, 0x1008))
    found = read_macho("t", macho_file(Thing(symbols=symbols))).symbols
    assert [found.name(number) for number in range(len(found))] == ["l_anonymous", "f"]


@pytest.mark.parametrize("name", ["registers.arm64", "registers.x86_64.dylib", "registers.fat"])
def test_cut_files_end_in_one_error_or_none(name: str) -> None:
    content = np.fromfile(FILES / name, np.uint8)
    for size in [*range(0, 2000, 37), *range(2000, len(content), 1999)]:
        with pytest.raises(InputError):
            read_macho("cut", content[:size], "arm64" if name.endswith("fat") else None)


@pytest.mark.parametrize(
    "name", ["registers.arm64", "registers.x86_64", "registers.arm64.dylib", "registers.x86_64.stripped.dylib"]
)
def test_changed_files_end_in_an_image_or_one_error(name: str) -> None:
    content = np.fromfile(FILES / name, np.uint8)
    random = np.random.default_rng(7)
    refused = 0
    for round_ in range(150):
        changed = content.copy()
        at = random.integers(0, 3000 if round_ % 2 else len(content), 1 + round_ % 5)
        changed[at] = random.choice(np.array([0, 1, 0x7F, 0x80, 0xFF], np.uint8), len(at))
        try:
            image = read_macho("changed", changed)
        except InputError:
            refused += 1
            continue
        assert len(image.functions) < len(content)
    assert 0 < refused < 150


def test_a_fat_file_without_parts() -> None:
    with pytest.raises(InputError, match="for none of them"):
        chosen_slice("empty", np.frombuffer(fat_file([]), np.uint8), None)
