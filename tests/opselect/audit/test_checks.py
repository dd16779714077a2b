"""What should not ship as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from opselect.audit.checks import checks_of, undefined
from opselect.binaries.image import Pointers
from opselect.binaries.opening import read_image
from opselect.binaries.packages import Packed
from opselect.binaries.records import Registrations
from tests.opselect.audit.elf_files import (
    AARCH64,
    ALLOC,
    ARM,
    EXECUTE,
    GNU_STACK,
    SYMTAB,
    X86_64,
    MadeSection,
    MadeSegment,
    elf,
    image,
)
from tests.opselect.audit.made_up import definition, kernel

TEXT = MadeSection(".text", flags=ALLOC | EXECUTE)


def codes(content: bytes, packed: Packed | None = None) -> list[str]:
    return [each.code for each in checks_of(image(content), packed)]


def test_nothing_is_wrong_with_a_stripped_library_for_large_pages() -> None:
    stack = MadeSegment(GNU_STACK, 6, 16)
    assert codes(elf((TEXT, MadeSection(".rodata", flags=ALLOC)), (MadeSegment(), stack))) == []


@pytest.mark.parametrize("machine", [AARCH64, X86_64])
def test_segments_aligned_for_small_pages(machine: int) -> None:
    small = elf((), (MadeSegment(), MadeSegment(alignment=4096)), machine=machine)
    (found,) = checks_of(image(small))
    assert found.code == "OPS518"
    assert found.reason == "libmade.so: its LOAD segments are aligned for 4,096 bytes, and pages of 16 KB want 16,384"


def test_libraries_for_32_bits_need_no_large_pages() -> None:
    assert codes(elf((), (MadeSegment(alignment=4096),), machine=ARM)) == []


@pytest.mark.parametrize(
    ("packed", "found"),
    [
        (Packed(16_384 * 3, 100, stored=True), []),
        (Packed(4096, 100, stored=True), ["OPS521"]),
        (Packed(4096, 100, stored=False), []),
    ],
)
def test_where_a_library_lies_in_its_package(packed: Packed, found: list[str]) -> None:
    assert codes(elf((TEXT,)), packed) == found


def test_symbols_and_sections_that_strip_takes() -> None:
    content = elf(
        (
            TEXT,
            MadeSection(".symtab", SYMTAB, size=48),
            MadeSection(".strtab", 3, size=20),
            MadeSection(".debug_info", size=500),
            MadeSection(".comment", size=40),
            MadeSection(".note.android.ident", 7, ALLOC),
        )
    )
    symbols, sections = checks_of(image(content))
    assert (symbols.code, symbols.reason) == ("OPS522", "libmade.so: 68 bytes of symbols that no loader reads")
    assert sections.reason == "libmade.so: 540 bytes of sections that need not ship: .debug_info, .comment"
    assert "llvm-strip --strip-unneeded libmade.so" in symbols.advice
    assert "llvm-strip --strip-unneeded --remove-section=.comment libmade.so" in sections.advice


def test_a_library_in_a_package_is_stripped_before_it_is_packed() -> None:
    packed = replace(image(elf((TEXT, MadeSection(".comment", size=40)))), name="app.apk(lib/x86_64/liba.so)")
    (found,) = checks_of(packed, Packed(16_384, 100, stored=True))
    assert found.advice.startswith("Strip it before it is packed: ")
    assert found.advice.removesuffix(".").endswith(" --remove-section=.comment liba.so")


def test_objects_are_no_libraries_that_ship() -> None:
    assert codes(elf((MadeSection(".symtab", SYMTAB, size=48), MadeSection(".comment")), (), kind=1)) == []


def test_an_executable_stack() -> None:
    assert codes(elf((TEXT,), (MadeSegment(), MadeSegment(GNU_STACK, 7, 16)))) == ["OPS525"]


def test_places_in_code_that_the_loader_writes() -> None:
    made = image(elf((TEXT, MadeSection(".data", flags=ALLOC | 1))))
    text, data = (next(each for each in made.sections if each.name == name) for name in (".text", ".data"))
    places = np.array([text.address, text.address + 8, data.address], np.uint64)
    written = replace(made, pointers=Pointers(places, places, np.full(3, -1, np.int32), ()))
    (found,) = checks_of(written)
    assert (found.code, " at 2 places of " in found.reason) == ("OPS524", True)


def test_kernels_of_ops_that_are_not_defined() -> None:
    kernels = (kernel("Relu"), kernel("Mul"))
    (found,) = undefined("libmade.so", Registrations(kernels, (definition("Relu"),), ()))
    assert (found.code, found.op) == ("OPS526", "Mul")
    assert undefined("libmade.so", Registrations(kernels, (definition("Relu"), definition("Mul")), ())) == ()


def test_where_no_definition_can_be_read_nothing_is_said_of_them() -> None:
    assert undefined("libmade.so", Registrations((kernel("Mul"),), (), ())) == ()


def test_the_rules_of_android_are_none_for_macos() -> None:
    name = "fixtures/binaries/macho/registers.x86_64"
    assert checks_of(read_image(name, np.fromfile(name, np.uint8))) == ()
