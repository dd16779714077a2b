"""Archives of objects: GNU's, BSD's and thin ones, their names, and members that are no objects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.binaries.archives import read_archive
from opselect.binaries.image import Image
from opselect.binaries.opening import open_images
from tests.opselect.binaries.ar_files import bsd_archive, gnu_archive, thin_archive
from tests.opselect.binaries.elf_files import AARCH64, CODE, Section, Symbol, elf_file

_LONG = "a_name_that_is_longer_than_fifteen_characters.o"


def one(name: str, machine: int = 62) -> bytes:
    return elf_file([Section(".text", bytes(16), flags=CODE)], [Symbol(name, ".text", size=16)], machine=machine)


def names(image: Image) -> set[str]:
    return {image.symbols.name(number) for number in range(len(image.symbols))}


def read(path: Path) -> Image:
    (binary,) = open_images(str(path))
    return binary.image()


@pytest.mark.parametrize("write", [gnu_archive, bsd_archive])
def test_members_with_short_and_long_names(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "lib.a"
    path.write_bytes(write({"short.o": one("f"), _LONG: one("g") + b"x"}))
    image = read(path)
    assert image.members == ("short.o", _LONG)
    assert names(image) == {"f", "g"}
    assert len(image.content) == path.stat().st_size


def test_two_members_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "lib.a"
    path.write_bytes(gnu_archive([("a.o", one("f")), ("a.o", one("g"))]))
    assert (read(path).members, names(read(path))) == (("a.o", "a.o"), {"f", "g"})


def test_members_that_are_no_objects_are_named(tmp_path: Path) -> None:
    members = {
        "good.o": one("f"), "lto.o": b"BC\xc0\xde" + bytes(60), "notes.txt": b"only text\n",
        "arm.o": one("h", AARCH64), "done.so": elf_file([Section(".text", bytes(8), flags=CODE, address=0x1000)]),
    }  # fmt: skip
    path = tmp_path / "lib.a"
    path.write_bytes(gnu_archive(members))
    image = read(path)
    assert image.members == ("good.o",)
    assert sorted(image.not_read) == [
        "arm.o: it is for another processor than good.o",
        "done.so: it is linked already",
        "lto.o: it is LLVM bitcode",
        "notes.txt: it is a text file",
    ]


def test_an_archive_without_objects(tmp_path: Path) -> None:
    path = tmp_path / "lib.a"
    path.write_bytes(gnu_archive({"lto.o": b"BC\xc0\xde" + bytes(60)}))
    with pytest.raises(InputError, match=r"holds no object that can be read\n  lto\.o: it is LLVM bitcode"):
        read(path)
    path.write_bytes(b"!<arch>\n")
    with pytest.raises(InputError, match="holds no object that can be read"):
        read(path)


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lib.a"
    path.write_bytes(gnu_archive({"good.o": one("f"), "bad.o": one("g")[:100]}))
    with pytest.raises(InputError, match=r"lib\.a\(bad\.o\)"):
        read(path)


def test_thin_archives_are_read_from_the_files_beside_them(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f.o").write_bytes(one("f"))
    (tmp_path / "g.o").write_bytes(one("g"))
    path = tmp_path / "sub" / "lib.a"
    path.write_bytes(thin_archive({"f.o": 1, "../g.o": 1}))
    image = read(path)
    assert (image.members, names(image)) == (("f.o", "../g.o"), {"f", "g"})
    sizes = [path.stat().st_size, (tmp_path / "sub" / "f.o").stat().st_size, (tmp_path / "g.o").stat().st_size]
    assert len(image.content) == sum(sizes)
    (tmp_path / "g.o").unlink()
    with pytest.raises(InputError, match=r"lib\.a\(\.\./g\.o\): cannot be read: No such file"):
        read(path)


def test_a_thin_archive_with_a_name_of_fifteen_letters(tmp_path: Path) -> None:
    """GNU's ar leaves there what ended the name before the number of its place was written over it."""
    (tmp_path / "fifteen_letter.o").write_bytes(one("f"))
    path = tmp_path / "lib.a"
    written = thin_archive({"fifteen_letter.o": 1})
    path.write_bytes(written.replace(f"{'/0':<16}".encode(), f"{'/0':<15}/".encode()))
    assert path.read_bytes() != written
    assert names(read(path)) == {"f"}


def test_archives_inside_thin_ones(tmp_path: Path) -> None:
    """By the place of the member's header, as GNU's ar writes it, or whole, as it stands in the list of names."""
    inner = gnu_archive({"f.o": one("f"), "g.o": one("g")})
    (tmp_path / "inner.a").write_bytes(inner)
    path = tmp_path / "outer.a"
    path.write_bytes(thin_archive({"inner.a": 1}))
    assert (read(path).members, names(read(path))) == (("inner.a(f.o)", "inner.a(g.o)"), {"f", "g"})
    place = inner.index(b"g.o/")
    path.write_bytes(thin_archive({"inner.a": 1}, nested={"inner.a": place}))
    assert (read(path).members, names(read(path))) == (("inner.a(g.o)",), {"g"})
    path.write_bytes(thin_archive({"inner.a": 1}, nested={"inner.a": place + 1}))
    with pytest.raises(InputError, match="has no member at byte"):
        read(path)


def test_a_thin_archive_that_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "loop.a"
    (tmp_path / "f.o").write_bytes(one("f"))
    path.write_bytes(thin_archive({"f.o": 1, "loop.a": 1}))
    assert read(path).members == ("f.o",)
    for number in range(9):
        (tmp_path / f"{number}.a").write_bytes(thin_archive({f"{number + 1}.a": 1}))
    with pytest.raises(InputError, match="thin archives inside thin archives"):
        read(tmp_path / "0.a")


def test_a_thin_archive_of_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.o").mkdir()
    path = tmp_path / "lib.a"
    path.write_bytes(thin_archive({"folder.o": 1}))
    with pytest.raises(InputError, match=r"lib\.a\(folder\.o\): cannot be read: Is a directory"):
        read(path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda data: data[:-1], "the archive ends before them"),
        (lambda data: data + b"rest of a header", "is cut or damaged"),
        (lambda data: data.replace(b"/0  ", b"/999"), "is not in its table of names"),
        (lambda data: data.replace(b"/0  ", b"/x  "), "is not in its table of names"),
    ],
)
def test_damaged_archives(change, problem: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "lib.a"
    path.write_bytes(change(gnu_archive({_LONG: one("f")})))
    with pytest.raises(InputError, match=problem):
        read(path)


def test_changed_archives_are_read_or_refused() -> None:
    made = gnu_archive({"a.o": b"\x7fELF" + bytes(20), _LONG: bytes(10)}) + bsd_archive({"b.o": b"x"})[8:]
    random = np.random.default_rng(3)
    refused = 0
    for _ in range(2000):
        changed = np.frombuffer(made, np.uint8).copy()
        changed[random.integers(8, len(changed), 2)] = random.choice([0, 10, 32, 47, 48, 57, 255], 2)
        try:
            archive = read_archive("lib.a", changed)
            assert all(member.offset + member.size <= len(made) for member in archive.members)
        except InputError:
            refused += 1
    assert 100 < refused < 1900


_CONTENTS = st.binary(max_size=40)
_MEMBER_NAMES = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=40).filter(
    lambda name: "/" not in name and not name.startswith(("#1", "__.SYMDEF"))
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_MEMBER_NAMES, _CONTENTS), max_size=5), st.booleans())
def test_what_is_put_into_an_archive_comes_out(members: list[tuple[str, bytes]], bsd: bool) -> None:
    members = list(dict(members).items())
    content = np.frombuffer(bsd_archive(dict(members)) if bsd else gnu_archive(members), np.uint8)
    archive = read_archive("lib.a", content)
    found = [
        (member.name, archive.content[member.offset : member.offset + member.size].tobytes())
        for member in archive.members
    ]
    assert found == members
