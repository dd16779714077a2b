"""Pointers that the loader fills in: by opcodes and by chains."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.binaries.image import Image
from opselect.binaries.macho import read_macho
from tests.opselect.binaries.macho.building import Symbol, Thing, macho_file

HERE: Symbol = ("_here", 0x0F, 1, 0, 0x1008)
DATA = 0x2000
ARM64E, X86_64 = 2, 0x01000007


def uleb(value: int) -> bytes:
    found = b""
    while value >= 0x80:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def pointers(thing: Thing) -> dict[int, int | str]:
    """At each place, counted in words of the data, the address or the import that stands there."""
    image = read_macho("t", macho_file(thing))
    return {(place - DATA) // image.pointer_size: standing(image, place) for place in image.pointers.places.tolist()}


def standing(image: Image, place: int) -> int | str:
    return image.import_at(place) or image.pointer(place) or 0


WORDS = tuple(0x1000 + 8 * number for number in range(12))


@pytest.mark.parametrize(
    ("program", "places"),
    [
        (b"\x11\x21\x00\x53\x00", [0, 1, 2]),
        (b"\x21\x10\x51\x41\x51", [2, 4]),
        (b"\x21\x00\x60\x02\x30\x10\x51", [0, 1, 4]),
        (b"\x21\x00\x70\x10\x51", [0, 3]),
        (b"\x21\x08\x80\x03\x08", [1, 3, 5]),
        # The way back: 16 less, which is a number just below 2**64.
        (b"\x21\x20\x51\x30" + uleb(2**64 - 24) + b"\x51", [2, 4]),
        (b"", []),
    ],
)
def test_rebase_opcodes(program: bytes, places: list[int]) -> None:
    assert pointers(Thing(data=WORDS, rebase=program)) == {place: WORDS[place] for place in places}


def test_bind_opcodes() -> None:
    program = b"\x11\x40_far\x00\x51\x71\x00\x90\x40_other\x00\xa0\x08\x90\xb1\x60\x7c\x80\x08\xc0\x02\x08\x00"
    image = read_macho("t", macho_file(Thing(data=WORDS, bind=program)))
    found = {(place - DATA) // 8: image.import_at(place) for place in image.pointers.places.tolist()}
    assert found == {0: "far", 1: "other", 3: "other", 4: "other", 7: "other", 9: "other"}
    assert image.pointers.values.tolist() == [0, 0, 0, 0, 2**64 - 4, 2**64 - 4]


def test_lazy_bindings_go_on_behind_each_end() -> None:
    program = b"\x71\x00\x11\x40_far\x00\x90\x00\x00\x71\x10\x40_other\x00\x90\x00"
    rebased = b"\x21\x00\x51\x00"
    assert pointers(Thing(data=WORDS, rebase=rebased, lazy_bind=program)) == {0: "far", 2: "other"}


def test_a_name_that_the_file_defines_is_an_address() -> None:
    program = b"\x71\x00\x11\x40_here\x00\x60\x04\x90\x00"
    assert pointers(Thing(data=WORDS, symbols=(HERE,), bind=program)) == {0: 0x100C}


def test_a_weak_binding_leaves_what_stands_there() -> None:
    program = b"\x71\x00\x40_here\x00\x90\x71\x10\x90\x40_nowhere\x00\x90\x00"
    thing = Thing(data=WORDS, symbols=(HERE,), rebase=b"\x21\x00\x51", weak_bind=program)
    assert pointers(thing) == {0: WORDS[0], 2: 0x1008, 3: "nowhere"}


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        (b"\x21\x00\x60" + uleb(10**9), "outside the segments"),
        (b"\x21\x00\x80" + uleb(10**9) + b"\x00", "outside the segments"),
        (b"\x21\x00\x80" + uleb(2) + uleb(2**64 - 8), "outside the segments"),
        (b"\x21" + uleb(96) + b"\x51", "outside the segments"),
        (b"\x29\x00\x51", "segment 9, which there is not"),
        (b"\x51", "name no segment"),
        (b"\x21\x80", "cut or too long"),
        (b"\x21" + b"\x80" * 11, "cut or too long"),
        (b"\x90", "none of number 0x90"),
        (b"\x21\x00\x52\x21\x00\x54" * 300, "more pointers than the file has room for"),
    ],
)
def test_rebase_opcodes_that_no_loader_runs(program: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_macho("t", macho_file(Thing(data=WORDS, rebase=program)))


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        (b"\x71\x00\x40_a\x00\xc0" + uleb(10**9) + b"\x00", "outside the segments"),
        (b"\x71\x00\x90", "name no segment or no symbol"),
        (b"\x71\x00\x40_cut", "a name in them is cut"),
        (b"\xd0\x01", "threaded"),
    ],
)
def test_bind_opcodes_that_no_loader_runs(program: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_macho("t", macho_file(Thing(data=WORDS, bind=program)))


def chains(
    form: int,
    starts: Sequence[int],
    imports: Sequence[tuple[str, int]] = (),
    import_form: int = 1,
    most: int = 0,
    pages: int = 1,
) -> bytes:
    """Chained fixups whose second segment has chains at ``starts``, a page each, or as they are listed."""
    rows, names = b"", b"\0"
    for name, addend in imports:
        offset = len(names)
        names += name.encode() + b"\0"
        forms = {1: ("<I", offset << 9 | 1), 2: ("<Ii", offset << 9 | 1, addend), 3: ("<Qq", offset << 32 | 1, addend)}
        form_of, *numbers = forms[import_form]
        rows += struct.pack(str(form_of), *numbers)
    segment = struct.pack("<IHHQIH", 22 + 2 * len(starts), 0x1000, form, 0x1000, most, pages)
    segment += struct.pack(f"<{len(starts)}H", *starts)
    image = struct.pack("<3I", 2, 0, 12) + segment
    image += bytes(-len(image) % 4)
    at = 28
    head = struct.pack("<7I", 0, at, at + len(image), at + len(image) + len(rows), len(imports), import_form, 0)
    return head + image + rows + names


IMPORTS = (("_far", 0), ("_here", 0))


def test_chains_of_64_bit_pointers() -> None:
    def rebase(target: int, following: int) -> int:
        return target | following << 51

    def bind(number: int, addend: int, following: int) -> int:
        return 1 << 63 | following << 51 | addend << 24 | number

    data = (rebase(0x1004, 4), 0, bind(0, 0, 2), bind(1, 4, 0))
    assert pointers(Thing(data=data, symbols=(HERE,), chained=chains(2, [0], IMPORTS))) == {
        0: 0x1004,
        2: "far",
        3: 0x100C,
    }
    # Distances from the header, which is at 0x1000.
    data = (rebase(0x4, 4), 0, bind(0, 0, 2), bind(1, 4, 0))
    assert pointers(Thing(data=data, symbols=(HERE,), chained=chains(6, [0], IMPORTS))) == {
        0: 0x1004,
        2: "far",
        3: 0x100C,
    }


def test_marks_in_the_highest_bits_are_no_part_of_an_address_of_arm64() -> None:
    marked = (1 << 63) | 0x1008
    assert pointers(Thing(data=(marked,), rebase=b"\x21\x00\x51")) == {0: 0x1008}
    assert pointers(Thing(processor=X86_64, data=(marked,), rebase=b"\x21\x00\x51")) == {0: marked}
    chained = chains(2, [0])
    assert pointers(Thing(data=(0x80 << 36 | 0x1008,), chained=chained)) == {0: 0x1008}
    assert pointers(Thing(processor=X86_64, data=(0x80 << 36 | 0x1008,), chained=chained)) == {0: marked}


def test_chains_of_signed_pointers() -> None:
    def following(step: int) -> int:
        return step << 51

    data = (
        0x1004 | following(1),
        1 << 63 | 0x8 | following(1),
        1 << 62 | 0 | following(1),
        1 << 62 | 1 | (2**19 - 4) << 32 | following(1),
        3 << 62 | 1 | following(0),
    )
    found = {0: 0x1004, 1: 0x1008, 2: "far", 3: 0x1004, 4: 0x1008}
    thing = Thing(subtype=ARM64E, data=data, symbols=(HERE,), chained=chains(1, [0], IMPORTS))
    assert pointers(thing) == found
    data = (0x4 | following(1), *data[1:])
    for form in (9, 12):
        assert pointers(Thing(subtype=ARM64E, data=data, symbols=(HERE,), chained=chains(form, [0], IMPORTS))) == found


def test_chains_of_32_bit_pointers_several_a_page() -> None:
    def rebase(target: int, following: int) -> int:
        return target | following << 26

    data = (rebase(0x1004, 2), 7, rebase(0x3FFFFF0, 1), rebase(0x1008, 0), 9, 1 << 31 | 2 << 20 | 0)
    # Of a page with several chains the list has their places behind those of the pages; the last is marked.
    listed = [0x8001, 0, 0x8000 | 20]
    thing = Thing(processor=12, subtype=9, bits=32, data=data, chained=chains(3, listed, IMPORTS, most=0x100000))
    assert pointers(thing) == {0: 0x1004, 3: 0x1008, 5: "far"}


@pytest.mark.parametrize("form", [2, 3])
def test_symbols_with_addends(form: int) -> None:
    data = (1 << 63 | 0,)
    thing = Thing(data=data, symbols=(HERE,), chained=chains(6, [0], [("_here", -4)], import_form=form))
    assert pointers(thing) == {0: 0x1004}


@pytest.mark.parametrize(
    ("chained", "problem"),
    [
        (chains(99, [0]), "of form 99"),
        (chains(6, [0])[:20], "header is cut"),
        (chains(6, [0])[:60], "end before"),
        (chains(6, [0]).replace(b"\x02\0\0\0\0\0\0\0\x0c", b"\x07\0\0\0\0\0\0\0\x0c"), "list of their segments"),
        (chains(6, [0]).replace(b"\0\0\0\0\x0c\0\0\0", b"\0\0\0\0\xf0\xff\0\0"), "what they say of a segment is cut"),
        (chains(6, [0x1000 - 4]), "a chain leaves its page"),
        (chains(6, [0], [("_far", 0)], import_form=1)[:-8], "outside them|end before"),
        (chains(6, [0, 0, 0], pages=900), "list of their pages is cut"),
        (chains(3, [0x8005, 0]), "list of the chains of a page is cut"),
        (chains(3, [0x8000]), "list of the chains of a page is cut"),
    ],
)
def test_chains_that_no_loader_takes(chained: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_macho("t", macho_file(Thing(data=WORDS, chained=chained)))


def test_a_symbol_that_is_not_in_the_list_of_a_chain() -> None:
    with pytest.raises(InputError, match="a symbol that is not in their list"):
        read_macho("t", macho_file(Thing(data=(1 << 63 | 5,), chained=chains(6, [0], IMPORTS))))


EXPORTS = (
    b"\x00\x02_he\x00\x0f_other\x00\x19"  # the root: edges to bytes 15 and 25
    b"\x00\x02re\x00\x1drs\x00\x21"  # 15: goes on to bytes 29 and 33
    b"\x02\x00\x04\x00"  # 25: "_other" is 4 bytes behind the header
    b"\x02\x00\x08\x00"  # 29: "_here" is 8 bytes behind it
    b"\x03\x08\x01\x00\x00"  # 33: "_hers" is another library's
)


@pytest.mark.parametrize(
    ("name", "stands"),
    [("_here", 0x1008), ("_other", 0x1004), ("_he", "he"), ("_hers", "hers"), ("_heres", "heres"), ("_x", "x")],
)
def test_a_name_that_only_the_exports_have(name: str, stands: int | str) -> None:
    thing = Thing(data=(1 << 63,), chained=chains(6, [0], [(name, 0)]), exports=EXPORTS)
    assert pointers(thing) == {0: stands}


@pytest.mark.parametrize("exports", [b"\x00\x01_her", b"\x00\x01_here\x00\x80", b"\x80" * 12])
def test_exports_that_are_cut(exports: bytes) -> None:
    with pytest.raises(InputError, match="exports cannot be read"):
        read_macho("t", macho_file(Thing(data=(1 << 63,), chained=chains(6, [0], [("_here", 0)]), exports=exports)))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 11)), min_size=1, max_size=12))
def test_runs_of_opcodes_are_the_same_as_one_by_one(steps: list[tuple[int, int]]) -> None:
    """What is said as one run with distances is what is said place by place."""
    places, at = [], 0
    program = b"\x21\x00"
    for wide, distance in steps:
        if at + 1 > len(WORDS):
            break
        places.append(at)
        program += b"\x70" + uleb(distance * 8) if wide else b"\x51\x30" + uleb(distance * 8)
        at += 1 + distance
    assert pointers(Thing(data=WORDS, rebase=program)) == {place: WORDS[place] for place in places}
