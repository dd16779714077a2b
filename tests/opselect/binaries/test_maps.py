from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.binaries.elf.headers import read_headers
from opselect.binaries.elf.linked import linked_image
from opselect.binaries.maps import Linker, LinkerMap, MapRows, read_map, why_other_binary

_GNU = """\
Archive member included to satisfy reference by file (symbol)

libk.a(relu.o)                main.o (make())

Discarded input sections

 .group         0x0000000000000000        0x8 libk.a(relu.o)
 .text._Z6unusedv
                0x0000000000000000       0x1d libk.a(relu.o)
 .data          0x0000000000000000        0x4 main.o

Memory Configuration

Name             Origin             Length             Attributes
*default*        0x0000000000000000 0xffffffffffffffff

Linker script and memory map

LOAD main.o
                [!provide]                        PROVIDE (__executable_start = SEGMENT_START ("text-segment", 0x0))

.text           0x0000000000001000       0x60
 *(.text.unlikely .text.*_unlikely .text.unlikely.*)
 .text          0x0000000000001000       0x10 main.o
                0x0000000000001000                main
 *fill*         0x0000000000001010        0x6
 .text._ZN4ReluIfE7ComputeEv
                0x0000000000001016       0x2a libk.a(relu.o)
                0x0000000000001016                Relu<float>::Compute()
                0x000000000000101a                Relu<float>::Other()

.data.rel.ro.local
                0x0000000000003000        0x8
 .data.rel.ro   0x0000000000003000        0x8 /a b/c.o

.debug_info     0x0000000000000000       0x20
 .debug_info    0x0000000000000000       0x20 main.o
OUTPUT(prog elf64-x86-64)
"""
_GOLD = """\
Archive member included because of file (symbol)

Discarded input sections

 .text._Z6foldedi
                0x0000000000000000        0xd b.o

Memory map

 ** file header
                0x0000000000000000       0x40

.text           0x0000000000001000       0x40
 .text          0x0000000000001000       0x10 main.o
                0x0000000000001000                main
 ** fill        0x0000000000001010        0x6
 .text._Z5hellov
                0x0000000000001016       0x2a libk.a(relu.o)
"""
_LLD = """\
             VMA              LMA     Size Align Out     In      Symbol
            1000             1000       40    16 .text
            1000             1000       10    16         main.o:(.text)
            1000             1000        0     1                 main
            1016             1016       2a     2         /tmp/x(y):z/libk.a(relu.o):(.text._ZN4ReluIfE7ComputeEv)
            1016             1016       2a     1                 Relu<float>::Compute()
            1040             1040        0     1         . = ALIGN ( 0x10 )
            1040             1040        0     1 _end = .
               0                0       20     1 .debug_info
               0                0       20     1         main.o:(.debug_info)
"""
_OLD_LLD = """\
Address          Size             Align Out     In      Symbol
0000000000001000 0000000000000040    16 .text
0000000000001000 0000000000000010    16         main.o:(.text)
0000000000001000 0000000000000000     0                 main
"""
_LD64 = """\
# Path: prog
# Arch: x86_64
# Object files:
[  0] linker synthesized
[  1] /a b/main.o
[  2] libk.a(relu.o)
# Sections:
# Address\tSize    \tSegment\tSection
0x100001000\t0x00000040\t__TEXT\t__text
0x100001040\t0x00000010\t__TEXT\t__cstring
# Symbols:
# Address\tSize    \tFile  Name
0x100001000\t0x00000010\t[  1] _main
0x100001016\t0x0000002A\t[  2] __ZN4ReluIfE7ComputeEv
0x100001040\t0x00000006\t[  2] literal string: hello

# Dead Stripped Symbols:
#        \tSize    \tFile  Name
<<dead>> \t0x0000000B\t[  2] _unused
"""
_LD64_WITHOUT_SIZES = """\
# Path: prog
# Object files:
[  0] linker synthesized
[  1] main.o
[  2] relu.o
# Sections:
# Address\tSize    \tSegment\tSection
0x1000\t0x00000040\t__TEXT\t__text
0x1040\t0x00000010\t__TEXT\t__const
# Symbols:
# Address\t    File  Name
0x1000\t[  1] _main
0x1010\t[  2] _helper
0x1044\t[  2] _table
# Dead Stripped Symbols:
# Address\t    File  Name
<<dead>>\t[  2] _unused
"""


def _read(folder: Path, text: str) -> LinkerMap:
    path = folder / "x.map"
    path.write_text(text)
    return read_map(path)


def _rows(found: LinkerMap, rows: MapRows) -> list[tuple[int, int, str, str]]:
    return [
        (int(rows.addresses[n]), int(rows.sizes[n]), found.name(rows, n), found.names[rows.files[n]])
        for n in range(len(rows))
    ]


def test_a_map_of_gnu_ld(tmp_path: Path) -> None:
    found = _read(tmp_path, _GNU)
    assert found.linker is Linker.GNU
    assert [(o.name, o.address, o.size) for o in found.outputs] == [
        (".text", 0x1000, 0x60), (".data.rel.ro.local", 0x3000, 8), (".debug_info", 0, 0x20),
    ]  # fmt: skip
    assert _rows(found, found.rows) == [
        (0x1000, 0x10, ".text", "main.o"),
        (0x1016, 0x2A, ".text._ZN4ReluIfE7ComputeEv", "libk.a(relu.o)"),
        (0x3000, 8, ".data.rel.ro", "/a b/c.o"),
        (0, 0x20, ".debug_info", "main.o"),
    ]
    assert _rows(found, found.dropped) == [
        (0, 0x1D, ".text._Z6unusedv", "libk.a(relu.o)"),
        (0, 4, ".data", "main.o"),
    ]
    assert found.starts.tolist() == [0x1000, 0x1016, 0x3000]
    assert found.ends.tolist() == [0x1010, 0x1040, 0x3008]
    assert [found.names[n] for n in found.units] == ["main.o", "libk.a(relu.o)", "/a b/c.o"]


def test_a_map_of_gold(tmp_path: Path) -> None:
    found = _read(tmp_path, _GOLD)
    assert found.linker is Linker.GOLD
    assert _rows(found, found.rows) == [
        (0x1000, 0x10, ".text", "main.o"),
        (0x1016, 0x2A, ".text._Z5hellov", "libk.a(relu.o)"),
    ]
    assert _rows(found, found.dropped) == [(0, 0xD, ".text._Z6foldedi", "b.o")]


def test_a_map_of_lld(tmp_path: Path) -> None:
    found = _read(tmp_path, "ld.lld: warning: something\n" + _LLD)
    assert found.linker is Linker.LLD
    assert _rows(found, found.rows) == [
        (0x1000, 0x10, ".text", "main.o"),
        (0x1016, 0x2A, ".text._ZN4ReluIfE7ComputeEv", "/tmp/x(y):z/libk.a(relu.o)"),
        (0, 0x20, ".debug_info", "main.o"),
    ]
    assert [(o.name, o.size) for o in found.outputs] == [(".text", 0x40), (".debug_info", 0x20)]
    assert found.starts.tolist() == [0x1000, 0x1016]


def test_a_map_of_lld_before_6(tmp_path: Path) -> None:
    found = _read(tmp_path, _OLD_LLD)
    assert [(o.name, o.size) for o in found.outputs] == [(".text", 0x40)]
    assert _rows(found, found.rows) == [(0x1000, 0x10, ".text", "main.o")]


def test_a_map_of_ld64(tmp_path: Path) -> None:
    found = _read(tmp_path, _LD64)
    assert found.linker is Linker.LD64
    assert [o.name for o in found.outputs] == ["__TEXT,__text", "__TEXT,__cstring"]
    assert _rows(found, found.rows) == [
        (0x100001000, 0x10, "_main", "/a b/main.o"),
        (0x100001016, 0x2A, "__ZN4ReluIfE7ComputeEv", "libk.a(relu.o)"),
        (0x100001040, 6, "literal string: hello", "libk.a(relu.o)"),
    ]
    assert found.rows.outputs.tolist() == [0, 0, 1]
    assert _rows(found, found.dropped) == [(0, 0xB, "_unused", "libk.a(relu.o)")]


def test_symbols_without_size_reach_to_the_next_or_the_end_of_the_section(tmp_path: Path) -> None:
    found = _read(tmp_path, _LD64_WITHOUT_SIZES)
    assert [row[:3] for row in _rows(found, found.rows)] == [
        (0x1000, 0x10, "_main"),
        (0x1010, 0x30, "_helper"),
        (0x1044, 0xC, "_table"),
    ]
    assert [row[2] for row in _rows(found, found.dropped)] == ["_unused"]


@pytest.mark.parametrize("text", ["", "hello\nworld\n", "\0\1\2", "# Path: x\n# Object files:\n", _GNU[:300]])
def test_what_is_no_map_or_a_cut_one_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"no linker map|places nothing"):
        _read(tmp_path, text)


def test_a_map_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_map(tmp_path / "missing.map")


@given(
    st.sampled_from([_GNU, _GOLD, _LLD, _OLD_LLD, _LD64, _LD64_WITHOUT_SIZES]),
    st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 8), st.text(alphabet="0xf[] \n\t:(.)#<a", max_size=6))),
)
def test_a_damaged_map_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str, edits: list[tuple[int, int, str]]
) -> None:
    for at, count, new in edits:
        text = text[:at] + new + text[at + count :]
    try:
        found = _read(tmp_path_factory.getbasetemp(), text)
    except InputError:
        return
    assert len(found.starts) == len(found.ends) == len(found.units)
    assert np.all(found.ends > found.starts)
    assert all(found.name(found.rows, n) for n in range(len(found.rows)))


_MAIN = "int helper(int); int main(int n, char**) { return helper(n); }\n"
_HELPER = "static int table[9] = {1}; int helper(int n) { return table[n]++; } int unused(int n) { return n * n; }\n"


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
@pytest.mark.parametrize("linker", ["bfd", "gold", "lld"])
def test_a_real_map_belongs_to_its_binary(tmp_path: Path, linker: str) -> None:
    if shutil.which(f"ld.{linker}") is None:
        pytest.skip(f"no ld.{linker}")
    (tmp_path / "main.cc").write_text(_MAIN)
    (tmp_path / "helper.cc").write_text(_HELPER)

    def run(*command: str) -> None:
        subprocess.run(command, cwd=tmp_path, check=True, timeout=60)

    run("g++", "-O1", "-ffunction-sections", "-c", "main.cc", "helper.cc")
    run("g++", f"-fuse-ld={linker}", "-Wl,--gc-sections,-Map=x.map", "-o", "prog", "main.o", "helper.o")
    found = read_map(tmp_path / "x.map")
    content = np.fromfile(tmp_path / "prog", np.uint8)
    image = linked_image(read_headers("prog", content), "prog")
    assert why_other_binary(found, image) is None
    placed = {(row[2], row[3]): row[:2] for row in _rows(found, found.rows)}
    symbol = next(n for n in range(len(image.symbols)) if image.symbols.name(n) == "_Z6helperi")
    assert placed[".text._Z6helperi", "helper.o"] == (
        int(image.symbols.addresses[symbol]), int(image.symbols.sizes[symbol]),
    )  # fmt: skip
    dropped = {row[2] for row in _rows(found, found.dropped)}
    # lld lists what it dropped only with --print-gc-sections.
    assert (".text._Z6unusedi" in dropped) == (linker != "lld")
    moved = tuple(replace(part, memory_size=part.memory_size + 1) for part in image.sections)
    why = why_other_binary(found, replace(image, sections=moved))
    assert why is not None
    assert "in the map, and" in why
