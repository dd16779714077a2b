"""Which release a library says it is: its function, in machine code."""

from __future__ import annotations

import numpy as np
import pytest

from opselect.binaries.image import (
    Functions,
    Image,
    Machine,
    Pointers,
    Region,
    Section,
    SectionKind,
    SymbolKind,
    Symbols,
)
from opselect.library_index.said_version import said_release

_CODE, _TEXT = 0x1000, 0x2000
_RETURNS_TEXT = bytes.fromhex("488d05f90f0000c3")
"""``lea rax, [rip + 0xff9]`` and ``ret``: the address of the text."""
_RETURNS_ARGUMENT = bytes.fromhex("4889f8c3")


def library(text: str, *, name: str = "TF_Version", code: bytes = _RETURNS_TEXT, section: str = ".rodata") -> Image:
    names = np.frombuffer(name.encode() + b"\0", np.uint8)
    content = text.encode() + b"\0"
    return Image(
        name="libtf.so",
        machine=Machine.X86_64,
        bits=64,
        big_endian=False,
        content=np.empty(0, np.uint8),
        sections=(
            Section(".text", SectionKind.CODE, 0, len(code), _CODE, len(code), loaded=True, writable=False),
            Section(
                section,
                SectionKind.DATA,
                64,
                len(content),
                _TEXT,
                len(content),
                loaded=True,
                writable=section == ".data",
            ),
        ),
        segments=(),
        regions=(
            Region(_CODE, np.frombuffer(code, np.uint8)),
            Region(_TEXT, np.frombuffer(content, np.uint8)),
        ),
        symbols=Symbols(
            np.array([_CODE], np.uint64),
            np.array([len(code)], np.uint64),
            np.array([SymbolKind.FUNCTION], np.uint8),
            np.array([False]),
            np.array([-1], np.int32),
            (),
            np.array([0], np.int64),
            names,
        ),
        functions=Functions(np.array([_CODE], np.uint64), np.array([_CODE + len(code)], np.uint64)),
        pointers=Pointers.none(),
        initialisers=(),
    )


@pytest.mark.parametrize("text", ["2.19.1", "1.4.0", "2.16.0-rc0"])
def test_a_library_says_its_release(text: str) -> None:
    assert said_release([library(text), library("", name="Other")]) == text
    assert said_release([library(text, name="_TF_Version"), library(text)]) == text


@pytest.mark.parametrize(
    "image",
    [
        library("2.19.1", name="TF_VersionString"),
        library("2.19.1", name="MyTF_Version"),
        library("2.19.1", code=_RETURNS_ARGUMENT),
        library("2.19.1", section=".data"),
        library("unknown"),
        library("2.19.1-dev20250101"),
        library("2.19"),
        library("../2.19.1"),
    ],
)
def test_what_is_not_certain_is_not_said(image: Image) -> None:
    assert said_release([image]) == ""


def test_libraries_that_say_different_things_say_nothing() -> None:
    assert said_release([library("2.19.1"), library("2.20.0")]) == ""
    assert said_release([]) == ""
