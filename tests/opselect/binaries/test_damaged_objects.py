"""Objects that are damaged, or that say what cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kernel_index.errors import InputError
from tests.opselect.binaries.elf_files import (
    ABSOLUTE,
    ARM,
    CODE,
    DATA,
    FILE,
    INIT_ARRAY,
    LOCAL,
    NOBITS,
    Relocation,
    Section,
    Symbol,
    elf_file,
)
from tests.opselect.binaries.test_objects import archive_image, image_of


@pytest.mark.parametrize(
    ("relocation", "place"),
    [(Relocation(".text", 14, 2, "f"), ".text"), (Relocation(".text", 1 << 40, 2, "f"), ".text")],
)
def test_relocations_outside_their_section(relocation: Relocation, place: str, tmp_path: Path) -> None:
    made = elf_file([Section(place, bytes(16), flags=CODE)], [Symbol("f", place)], [relocation])
    with pytest.raises(InputError, match=r"lib\.a\(bad\.o\): has a relocation outside its section"):
        archive_image({"bad.o": made}, tmp_path)


def test_relocations_of_symbols_that_are_not_there(tmp_path: Path) -> None:
    made = bytearray(
        elf_file([Section(".text", bytes(16), flags=CODE)], [Symbol("f")], [Relocation(".text", 0, 2, "f")])
    )
    row = (2).to_bytes(4, "little") + (1).to_bytes(4, "little")
    at = bytes(made).index(row)
    made[at + 4 : at + 8] = (7).to_bytes(4, "little")
    with pytest.raises(InputError, match="of a symbol that is not there"):
        image_of(bytes(made), tmp_path)


def test_a_first_section_that_is_none_by_rule(tmp_path: Path) -> None:
    """The first header stands for no section; one that says something else is held to what it says."""
    made = bytearray(elf_file([Section(".text", bytes(16), flags=CODE)]))
    table = int.from_bytes(made[40:48], "little")
    made[table + 4 : table + 16] = (1).to_bytes(4, "little") + (6).to_bytes(8, "little")
    made[table + 24 : table + 40] = (1 << 20).to_bytes(8, "little") + (8).to_bytes(8, "little")
    with pytest.raises(InputError, match="section 0 has 8 bytes at byte 1048576"):
        image_of(bytes(made), tmp_path)


def test_memory_that_no_processor_has(tmp_path: Path) -> None:
    made = elf_file([Section(".bss", type=NOBITS, flags=DATA, size=1 << 60)])
    with pytest.raises(InputError, match="more memory than its processor has"):
        image_of(made, tmp_path)
    made = elf_file(
        [Section(f".b{number}", type=NOBITS, flags=DATA, size=0xFFFFFFF0) for number in range(3)], machine=ARM, bits=32
    )
    with pytest.raises(InputError, match="more memory than its processor has"):
        image_of(made, tmp_path)


def test_sections_that_share_their_bytes(tmp_path: Path) -> None:
    """Many headers of one large section would need many times the file's memory."""
    made = bytearray(elf_file([Section(f".s{number}", bytes(1000), flags=DATA) for number in range(40)]))
    table = int.from_bytes(made[40:48], "little")
    for number in range(1, 41):
        made[table + 64 * number + 24 : table + 64 * number + 32] = (64).to_bytes(8, "little")
        made[table + 64 * number + 32 : table + 64 * number + 40] = (40000).to_bytes(8, "little")
    with pytest.raises(InputError, match="its sections overlap"):
        image_of(bytes(made), tmp_path)


def test_changed_objects_are_read_or_refused(tmp_path: Path) -> None:
    made = elf_file(
        [Section(".text", bytes(64), flags=CODE), Section(".init_array", bytes(8), INIT_ARRAY, DATA)],
        [Symbol("f", ".text", size=8), Symbol("a.cc", ABSOLUTE, type=FILE, binding=LOCAL), Symbol("g")],
        [Relocation(".init_array", 0, 1, ".text", 8), Relocation(".text", 1, 4, "g", -4)],
    )
    random = np.random.default_rng(7)
    refused = 0
    for _ in range(80):
        changed = np.frombuffer(made, np.uint8).copy()
        changed[random.integers(0, len(changed), 3)] = random.choice([0, 1, 127, 255], 3)
        try:
            image = image_of(changed.tobytes(), tmp_path)
            assert all(section.size <= len(made) for section in image.sections)
        except InputError:
            refused += 1
    assert 5 < refused < 75
